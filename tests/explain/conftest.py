"""A small instance: processes of three hosts and some logins, with a lookup, macros and a data model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from caltrop.engine import registry
from caltrop.engine.instance import Instance
from caltrop.explain import Explanation
from caltrop.explained import explained

NOW = 1_700_000_000.0
registry.load()

PROCESSES = [
    ("reg.exe", "C:\\Windows\\System32\\reg.exe", "ann", 1),
    ("reg.exe", "C:\\Windows\\System32\\reg.exe", "bob", 1),
    ("cmd.exe", "C:\\Windows\\System32\\cmd.exe", "ann", 1),
    ("powershell.exe", "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe", "ann", 1),
    ("svchost.exe", "C:\\Windows\\System32\\svchost.exe", "SYSTEM", 1),
    ("svchost.exe", "C:\\Windows\\System32\\svchost.exe", "SYSTEM", 5),
]
LOGINS = [("ann", "ok", 3), ("bob", "failed", 7), ("cid", "failed", 2)]


def events() -> pl.DataFrame:
    raws, times, indexes, sourcetypes = [], [], [], []
    for number, (name, image, user, code) in enumerate(PROCESSES):
        text = f'EventCode={code} Name="{name}" Image="{image}" user="{user}" dest="host{number % 3}" parameters="x{number}"'
        raws.append(text)
        indexes.append("win")
        sourcetypes.append("sysmon:xml")
        times.append(NOW - 100 - number)
    for number, (user, status, tries) in enumerate(LOGINS):
        raws.append(f"login user={user} status={status} tries={tries}")
        indexes.append("main")
        sourcetypes.append("login")
        times.append(NOW - 50 - number)
    return pl.DataFrame(
        {
            "_time": times, "_raw": raws, "index": indexes, "sourcetype": sourcetypes,
            "source": [f"{name}.log" for name in indexes], "host": ["h"] * len(raws),
        }
    )  # fmt: skip


MODEL = {
    "modelName": "Changes",
    "displayName": "Changes",
    "objects": [
        {
            "objectName": "Runs", "displayName": "Runs", "parentName": "BaseEvent",
            "constraints": [{"search": "(`win_indexes`) tag=process"}],
            "fields": [{"fieldName": name, "displayName": name, "type": "string"} for name in ("Name", "user", "dest")],
            "calculations": [],
        },
        {
            "objectName": "Odd", "displayName": "Odd", "parentName": "BaseEvent",
            "constraints": [{"search": "tag=odd"}],
            "fields": [{"fieldName": "user", "displayName": "user", "type": "string"}], "calculations": [],
        },
    ],
}  # fmt: skip


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("apps") / "demo"
    for sub in ("default/data/models", "lookups", "metadata"):
        (folder / sub).mkdir(parents=True)
    (folder / "default" / "macros.conf").write_text(
        "[win]\ndefinition = index=win sourcetype=sysmon:xml\n\n[reg]\ndefinition = Name=regg.exe\n\n"
        "[win_indexes]\ndefinition = index=win\n\n[is(2)]\nargs = field, value\ndefinition = $field$=$value$\n\n[some_filter]\ndefinition = search NOT user=*\n"
    )
    (folder / "default" / "eventtypes.conf").write_text("[runs]\nsearch = sourcetype=sysmon:xml EventCode=1\n")
    (folder / "default" / "tags.conf").write_text("[eventtype=runs]\nprocess = enabled\n")
    (folder / "default" / "transforms.conf").write_text("[hosts]\nfilename = hosts.csv\n")
    (folder / "lookups" / "hosts.csv").write_text("name,owner\nhost1.example,ann\nhost2.example,bob\n")
    (folder / "default" / "data" / "models" / "Changes.json").write_text(json.dumps(MODEL))
    (folder / "metadata" / "default.meta").write_text("[]\nexport = system\n")
    return folder


@pytest.fixture(scope="module")
def instance(app: Path) -> Iterator[Instance]:
    built = Instance(apps=[app], now=NOW)
    for name in ("main", "win"):
        built.store.create_index(name)
    built.store.append(events())
    yield built
    built.store.close()


class Explain:
    """`why("search …")` is its explanation."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance

    def __call__(self, spl: str, **times: float) -> Explanation:
        result = self.instance.search(spl, earliest=times.get("earliest"), latest=times.get("latest"))
        return explained(self.instance, result, addons=("TA_demo",) if "addon" in times else ())


@pytest.fixture
def why(instance: Instance) -> Explain:
    return Explain(instance)
