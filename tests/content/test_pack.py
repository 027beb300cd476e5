"""The detections of this repository: their authored data, a company that does nothing wrong, and real captures."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from caltrop.content import load
from caltrop.content.model import Catalogue
from caltrop.corpus import run as corpus
from caltrop.engine.instance import Instance
from caltrop.knowledge import layers
from tools import company, pack_data
from tools.windows_events import Log

STORY = "Active Directory Lateral Movement"


@pytest.fixture(scope="module")
def catalogue(root: Path) -> Catalogue:
    return load(root)


def written(log: Log, folder: Path) -> list[str]:
    """The log's channels as files."""
    paths = []
    for channel in log.channels():
        path = folder / f"{channel}.log"
        path.write_text("\n".join(log.lines(channel)) + "\n")
        paths.append(str(path))
    return paths


@contextmanager
def over(catalogue: Catalogue, log: Log, folder: Path) -> Iterator[Instance]:
    with corpus.instance_of(catalogue, written(log, folder), layers()) as (instance, events):
        assert events == len(log.events)
        yield instance


def hits(catalogue: Catalogue, instance: Instance) -> dict[str, list[dict[str, Any]]]:
    """Rows of every detection that has any; one that cannot run fails the test."""
    runs = [
        corpus.run(instance, one, catalogue.config.id, rows=True)
        for one in catalogue.detections
        if one.type != "Correlation"
    ]
    assert [run.error for run in runs if run.error] == []
    return {run.name: run.rows for run in runs if run.rows}


def fill(instance: Instance, app: str) -> None:
    """What the site writes into the lookups."""
    for lookup, column, rows in (
        ("caltrop_assets", "host", company.ASSETS),
        ("caltrop_identities", "account", company.IDENTITIES),
    ):
        values = ",".join(f'"{one}"' for one, _, _ in rows)
        instance.search(
            f'| makeresults | eval {column}=split(replace("{";".join(one for one, _, _ in rows)}", "\\s", ""), ";"), role="management", owner="it" '
            f"| mvexpand {column} | table {column} role owner | outputlookup {lookup}",
            app=app,
        )
        left = instance.search(f"| inputlookup {lookup}", app=app).table
        assert len(left) == len(rows), values


def test_committed_data_is_what_the_module_writes(root: Path) -> None:
    folder = root / "tests" / "data" / "pack"
    wanted = pack_data.files()
    assert sorted(path.name for path in folder.iterdir()) == sorted(wanted)
    for name, text in wanted.items():
        data = (folder / name).read_bytes()
        assert (gzip.decompress(data) if name.endswith(".gz") else data).decode() == text, name


def test_every_scene_is_a_detection(catalogue: Catalogue) -> None:
    files = {Path(one.file).stem for one in catalogue.detections}
    assert set(pack_data.SCENES) <= files


@pytest.mark.slow
def test_a_company_at_work_gives_no_hit(catalogue: Catalogue, tmp_path: Path) -> None:
    log = company.day()
    company.near_misses(log)
    assert len(log.events) > 5000
    with over(catalogue, log, tmp_path) as instance:
        assert hits(catalogue, instance) == {}


def test_administration_is_silent_once_the_lookups_name_it(catalogue: Catalogue, tmp_path: Path) -> None:
    """Those who may do what intruders do are found, and left out by host and account together."""
    log = Log()
    company.administration(log)
    with over(catalogue, log, tmp_path) as instance:
        assert set(hits(catalogue, instance)) == company.ANSWERED
        fill(instance, catalogue.config.id)
        assert set(hits(catalogue, instance)) == company.TUNED_ONLY


def test_lookups_do_not_hide_intruders(catalogue: Catalogue, tmp_path: Path) -> None:
    """A management account on a host that is none, and the other way round, still count."""
    log = Log()
    log.logon("SRV-APP02", 1, "adm-okafor", 3, "10.20.4.17", "0x9101", port=50112)
    log.task(4698, "SRV-APP02", 2, "adm-okafor", "\\Odd", "cmd.exe /c odd", logon="0x9101", local=False)
    log.logon("SRV-APP02", 3, "svc-helios", 3, company.ADMIN[1], "0x9102", port=50113)
    log.task(4698, "SRV-APP02", 4, "svc-helios", "\\Odder", "cmd.exe /c odder", logon="0x9102", local=False)
    with over(catalogue, log, tmp_path) as instance:
        fill(instance, catalogue.config.id)
        rows = hits(catalogue, instance)["Scheduled Task Registered From a Network Logon"]
    assert sorted(row["task_name"][0] for row in rows) == ["\\Odd", "\\Odder"]
