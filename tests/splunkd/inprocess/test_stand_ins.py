"""Add-ons that are installed into a running server, and removed again: ours step aside, and come back."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.inprocess import Client
from tests.addons.vendors import KINDS, META, WINDOWS, write
from tests.splunkd.inprocess.conftest import search


@contextmanager
def started(folder: Path, addons: tuple[Path, ...] | None = None) -> Iterator[Daemon]:
    daemon = Daemon(folder, password="changed-me", addons=addons)
    try:
        yield daemon
    finally:
        daemon.stop()


def fill(daemon: Daemon) -> None:
    columns = {
        "_raw": [raw for _, _, raw in KINDS.values()],
        "source": [source for source, _, _ in KINDS.values()],
        "sourcetype": [sourcetype for _, sourcetype, _ in KINDS.values()],
        "host": list(KINDS),
    }
    frame = pl.DataFrame(columns).with_columns(_time=1.7e9, _indextime=1.7e9, index=pl.lit("main"))
    daemon.state.store.append(frame)


def models(daemon: Daemon) -> list[str]:
    return daemon.state.instance.knowledge("search", "admin").datamodels()


def pack(folder: Path) -> Path:
    package = folder.with_suffix(".spl")
    with tarfile.open(package, "w:gz") as archive:
        archive.add(folder, arcname=folder.name)
    return package


def fields(client: Client) -> dict[str, dict[str, Any]]:
    rows = search(client, "search index=main | fields * | fields - _bkt _cd _serial _si splunk_server")
    return {row["host"]: row for row in rows}


def test_over_rest_and_back(tmp_path: Path) -> None:
    with started(tmp_path / "data") as daemon:
        fill(daemon)
        admin = Client(daemon).login("admin", "changed-me")
        before = fields(admin)
        package = pack(write(WINDOWS, tmp_path / "Splunk_TA_windows"))
        assert admin.post("apps/local", name=str(package), filename=1).status == 201
        both = fields(admin)
        assert both["security"]["user"] == "vendor:ann" and "process_name" not in both["security"]
        del both["security"]
        assert both == {kind: row for kind, row in before.items() if kind != "security"}
        assert admin.delete("apps/local/Splunk_TA_windows").status == 200
        assert fields(admin) == before


def test_one_of_our_name_replaces_ours_until_it_is_removed(tmp_path: Path) -> None:
    files = META | {"default/data/models/Mine.json": '{"modelName": "Mine", "objects": []}'}
    package = pack(write(files, tmp_path / "Splunk_SA_CIM"))
    with started(tmp_path / "data") as daemon:
        admin = Client(daemon).login("admin", "changed-me")
        assert admin.delete("apps/local/Splunk_SA_CIM").status == 403  # built in
        assert (
            admin.post("apps/local", name=str(package), filename=1).status == 201
        )  # no update: ours is not in the way
        assert "Mine" in models(daemon) and "Endpoint" not in models(daemon)
    with started(tmp_path / "data") as daemon:
        assert "Mine" in models(daemon) and "Endpoint" not in models(daemon)  # a start overwrites nothing
        admin = Client(daemon).login("admin", "changed-me")
        assert admin.delete("apps/local/Splunk_SA_CIM").status == 200
        assert "Endpoint" in models(daemon) and "Mine" not in models(daemon)


def test_without_add_ons_those_of_an_earlier_start_do_not_count(tmp_path: Path) -> None:
    with started(tmp_path / "data") as daemon:
        assert "windows" in daemon.state.config.apps()
    with started(tmp_path / "data", ()) as daemon:
        assert "windows" not in daemon.state.config.apps() and "search" in daemon.state.config.apps()


def test_the_list_of_apps_says_what_stepped_aside_for_what(tmp_path: Path) -> None:
    with started(tmp_path / "data") as daemon:
        fill(daemon)
        admin = Client(daemon).login("admin", "changed-me")
        package = pack(write(WINDOWS, tmp_path / "Splunk_TA_windows"))
        assert admin.post("apps/local", name=str(package), filename=1).status == 201
        fields(admin)
        said = {e["name"]: e["content"] for e in admin.get("apps/local", count=0).entries}
        assert said["windows"]["caltrop_steps_aside_for"] == "Splunk_TA_windows (XmlWinEventLog)"
        assert said["linux"]["caltrop_steps_aside_for"] == ""
        assert "caltrop_stands_in" not in said["Splunk_TA_windows"]
