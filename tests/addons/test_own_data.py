"""Published detections on their own published data: those that fire, and why the others cannot here."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from caltrop.content import load
from caltrop.corpus.run import INDEXES, run, write_app
from caltrop.engine.instance import Instance
from caltrop.index.importers import ImportOptions
from caltrop.knowledge import layers

SILENT = {
    "Detect Certipy File Modifications": "this version of the data has none of the files that it looks for",
    "Log4Shell CVE-2021-44228 Exploitation": "reads the risk index; the data states no index",
    "PingID Mismatch Auth Source and Verification Response": "compares countries: needs a database of addresses",
    "Windows AD Cross Domain SID History Addition": "this version of the data has the same domain on both sides",
}
# Experimental detections state no data: what it is, is said here.
STATED = {"Detect IPv6 Network Infrastructure Threats": ("cisco:ios", "cisco:ios")}


@pytest.mark.shared
@pytest.mark.slow
def test_detections_fire_on_their_own_data(shared: Path, tmp_path: Path) -> None:
    catalogue = load(shared / "corpus" / "escu")
    detections = {detection.id: detection for detection in catalogue.detections}
    app = write_app(catalogue, tmp_path)
    folder = shared / "datasets" / "own"
    with (folder / "pairs.tsv").open(newline="") as file:
        pairs = list(csv.DictReader(file, delimiter="\t"))
    fires = {}
    for pair in pairs:
        detection = detections[pair["id"]]
        source, sourcetype = STATED.get(pair["name"]) or stated(detection.tests[0].attack_data[0])
        instance = Instance(None, [*layers(), app])
        for name in INDEXES:
            instance.store.create_index(name)
        rules = instance.knowledge(catalogue.config.id, "nobody")
        options = ImportOptions(
            source=source, sourcetype=sourcetype, props=rules.index_time_props, transforms=rules.index_time_transform
        )
        instance.add_file(str(folder / pair["data"]), options)
        fires[pair["name"]] = run(instance, detection, catalogue.config.id).hits > 0
    assert {name for name, fired in fires.items() if not fired} == set(SILENT)


def stated(data: object) -> tuple[str, str]:
    """Source and source type that a test states for its data."""
    return str(getattr(data, "source", "")), str(getattr(data, "sourcetype", ""))
