"""Apps: made, installed, enabled and disabled, packed, removed; lookup files; collections of documents."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from caltrop.engine import preloaded
from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.inprocess import Client

from .conftest import search

Package = Callable[[str, dict[str, str]], Path]


def test_an_app_is_installed_with_its_indexes_and_updated(admin: Client, package: Package) -> None:
    files = {
        "default/indexes.conf": "[its_own]\n", "default/macros.conf": "[m]\ndefinition = one\n",
        "metadata/default.meta": "[]\nexport = system\n",
    }  # fmt: skip
    made = admin.post("apps/local", name=str(package("brought", files)), filename=1)
    assert (made.status, made.content["version"], made.content["disabled"]) == (201, "1.0.0", False)
    assert "its_own" in admin.get("data/indexes", count=0).names
    assert admin.get("admin/macros/m").content["definition"] == "one"
    second = package("brought", files | {"default/macros.conf": "[m]\ndefinition = two\n"})
    assert admin.post("apps/local", name=str(second), filename=1).status == 409
    assert admin.post("/servicesNS/nobody/brought/admin/macros/m", definition="tuned").status == 200
    assert admin.post("apps/local", name=str(second), filename=1, update=1).status == 201
    assert admin.get("admin/macros/m").content["definition"] == "tuned", "what was tuned survives"
    assert admin.post("apps/appinstall", name=str(second), update=1).status == 200


def test_a_disabled_app_says_nothing(admin: Client, package: Package) -> None:
    files = {"default/macros.conf": "[switched]\ndefinition = x\n", "metadata/default.meta": "[]\nexport = system\n"}
    admin.post("apps/local", name=str(package("switch", files)), filename=1)
    assert admin.get("admin/macros/switched").status == 200
    assert admin.post("apps/local/switch/disable").content["disabled"] is True
    assert admin.get("admin/macros/switched").status == 404
    assert admin.post("apps/local/switch/enable").content["disabled"] is False
    assert admin.get("admin/macros/switched").status == 200
    assert admin.post("apps/local/search/disable").status == 403, "the server needs what is built in"
    assert admin.delete("apps/local/search").status == 403
    assert admin.delete("apps/local/switch").status == 200
    assert admin.get("apps/local/switch").status == 404 and admin.get("admin/macros/switched").status == 404
    assert "restart_required" in admin.get("messages").names


def test_an_app_made_here(admin: Client, daemon: Daemon) -> None:
    made = admin.post("apps/local", name="made_here", label="Made Here", visible=0, author="us")
    assert (made.content["label"], made.content["visible"], made.content["author"]) == ("Made Here", False, "us")
    assert made.content["version"] == "1.0.0"
    assert admin.post("apps/local/made_here", version="2.0").content["version"] == "2.0"
    packed = Path(admin.post("apps/local/made_here/package").content["path"])
    with tarfile.open(packed) as archive:
        assert "made_here/default/app.conf" in archive.getnames()
    assert admin.get("apps/local/made_here/setup").status == admin.get("apps/local/made_here/update").status == 200
    for arguments, status in [
        ({"name": "made_here"}, 409), ({"name": "../x"}, 400), ({"name": "y", "colour": "red"}, 400), ({"name": "y", "visible": "perhaps"}, 400),
        ({"name": "relative/path", "filename": "1"}, 400), ({"name": str(daemon.state.data_dir / "none.tgz"), "filename": "1"}, 400),
        ({"name": str(daemon.state.data_dir / "auth" / "accounts.json"), "filename": "1"}, 400),
    ]:  # fmt: skip
        assert admin.post("apps/local", arguments).status == status, arguments


def test_apps_go_while_others_are_listed(admin: Client, daemon: Daemon) -> None:
    names = [f"going_{number}" for number in range(8)]
    for name in names:
        assert admin.post("apps/local", name=name).status == 201
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda name: admin.delete(f"apps/local/{name}").status, names * 2))
    assert statuses.count(200) >= len(names) and set(statuses) <= {200, 404}
    assert not {*names} & {*admin.get("apps/local", count=0).names}
    assert not list((daemon.state.data_dir / "var" / "run").glob("removed-*"))


def test_lookup_files(admin: Client, daemon: Daemon, someone: Callable[[str], Client]) -> None:
    staging = daemon.state.data_dir / "var" / "run" / "splunk" / "lookup_tmp"
    staging.mkdir(parents=True, exist_ok=True)

    def staged(text: str) -> str:
        (staging / "up.csv").write_text(text)
        return str(staging / "up.csv")

    path = "/servicesNS/nobody/search/data/lookup-table-files"
    assert admin.post(path, {"name": "hosts.csv", "eai:data": staged("host,owner\na,b\n")}).status == 201
    assert search(admin, "| inputlookup hosts.csv") == [{"host": "a", "owner": "b"}]
    assert admin.post(f"{path}/hosts.csv", {"eai:data": staged("host,owner\nc,d\n")}).status == 200
    assert search(admin, "| inputlookup hosts.csv") == [{"host": "c", "owner": "d"}]
    assert "hosts.csv" in admin.get("data/lookup-table-files").names
    for arguments, status in [
        ({"name": "hosts.csv", "eai:data": staged("x\n")}, 409), ({"name": "../x.csv", "eai:data": staged("x\n")}, 400),
        ({"name": "new.csv", "eai:data": "/etc/passwd"}, 400), ({"name": "new.csv"}, 400),
    ]:  # fmt: skip
        assert admin.post(path, arguments).status == status, arguments
    own = someone("user")
    assert own.post("data/lookup-table-files", {"name": "own.csv", "eai:data": staged("x\n1\n")}).status == 201
    assert own.get("data/lookup-table-files/own.csv").entries[0]["acl"]["sharing"] == "user"
    assert own.delete(f"{path}/hosts.csv").status == 403
    assert admin.delete(f"{path}/hosts.csv").status == 200


# --- documents ----------------------------------------------------------------------------------------------------------

DATA = "/servicesNS/nobody/search/storage/collections/data/people"


@pytest.fixture(scope="module")
def people(admin: Client) -> None:
    config = "/servicesNS/nobody/search/storage/collections/config"
    assert admin.post(config, {"name": "people", "field.age": "number", "field.ok": "bool"}).status == 201
    given = [{"_key": k, "name": n, "age": a} for k, n, a in [("a", "Ann", 30), ("b", "Bob", 40), ("c", "Cyd", 25)]]
    assert admin.send(f"{DATA}/batch_save", given).json() == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("asked", "keys"),
    [
        ({}, "abc"), ({"sort": "age"}, "cab"), ({"sort": "age:-1"}, "bac"), ({"limit": 1, "skip": 1}, "b"), ({"query": '{"age": {"$gt": 28}}'}, "ab"),
        ({"query": '{"name": "Cyd"}', "fields": "_key"}, "c"), ({"fields": "name:0"}, "abc"),
    ],
)  # fmt: skip
def test_documents_are_found(admin: Client, people: None, asked: dict[str, Any], keys: str) -> None:
    found = admin.get(DATA, asked).json()
    assert "".join(document["_key"] for document in found) == keys
    assert ("name" in found[0]) == ("fields" not in asked)


def test_documents_come_and_go(admin: Client, people: None) -> None:
    key = admin.send(DATA, {"name": "Dot", "age": "50"}).json()["_key"]
    assert admin.get(f"{DATA}/{key}").json()["age"] == 50, "typed as the collection says"
    assert admin.send(f"{DATA}/{key}", {"name": "Dora"}).json() == {"_key": key}
    assert admin.get(f"{DATA}/{key}").json()["name"] == "Dora"
    found = admin.send(f"{DATA}/batch_find", [{"query": {"name": "Dora"}}, {"limit": 1}]).json()
    assert [len(part) for part in found] == [1, 1]
    assert admin.delete(f"{DATA}/{key}").status == 200
    assert admin.get(f"{DATA}/{key}").status == 404
    admin.send(DATA, {"_key": "z", "age": 99})
    assert admin.delete(DATA, query='{"age": 99}').status == 200
    assert [d["_key"] for d in admin.get(DATA).json()] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", DATA, "[]", 400), ("POST", DATA, "{", 400), ("POST", DATA, '{"_key": ""}', 400), ("POST", f"{DATA}/batch_save", "{}", 400),
        ("POST", f"{DATA}/batch_save", "[1]", 400), ("GET", f"{DATA}/batch_save", "", 405), ("GET", f"{DATA}?query=%7B", "", 400),
        ("GET", f"{DATA}?limit=x", "", 400), ("GET", f"{DATA}?skip=-1", "", 400), ("GET", f"{DATA}?sort=a:2", "", 400), ("GET", f"{DATA}x", "", 404),
        ("GET", DATA.replace("nobody", "admin"), "", 400), ("GET", f"{DATA}/none", "", 404),
    ],
)  # fmt: skip
def test_documents_that_cannot_be(admin: Client, people: None, method: str, path: str, body: str, status: int) -> None:
    target, _, query = path.partition("?")
    arguments = dict(part.split("=") for part in query.split("&") if part)
    arguments = {key: "{" if value == "%7B" else value for key, value in arguments.items()}
    answer = admin.request(method, target, arguments, body.encode(), "application/json")
    assert answer.status == status


def test_collections(admin: Client) -> None:
    config = "/servicesNS/nobody/search/storage/collections/config"
    assert admin.post(config, {"name": "a b"}).status == 400
    assert admin.post(config, {"name": "fast", "accelerated_fields.x": "no"}).status == 400
    assert admin.post(config, {"name": "fast", "accelerated_fields.x": '{"a": 1}'}).status == 201
    assert admin.delete(f"{config}/fast").status == 200


def test_scripts_of_an_app_are_loaded_ahead(admin: Client, package: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "default/commands.conf": "[mine]\nfilename = mine.py\nchunked = true\n[off]\nfilename = mine.py\nchunked = true\ndisabled = 1\n"
        "[outside]\nfilename = ../x.py\nchunked = true\n[gone]\nfilename = gone.py\nchunked = true\n",
        "bin/mine.py": "print()\n",
    }  # fmt: skip
    assert admin.post("apps/local", name=str(package("commanding", files)), filename=1).status == 201
    loaded: list[str] = []
    monkeypatch.setattr(preloaded, "begin", lambda script: loaded.append(script.name))
    admin.daemon.searching.jobs.expect("commanding")
    assert loaded == ["mine.py"]
