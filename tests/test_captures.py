"""The detections of this repository on real captures: docs/pack.md says what answers to which, and this is where it is held to it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from caltrop.content import load
from caltrop.corpus import run as corpus
from caltrop.knowledge import layers
from caltrop.render.summary_risk import risk_rows
from tools import capture_matrix

pytestmark = [pytest.mark.shared, pytest.mark.slow]
PAGE = Path(__file__).resolve().parent.parent / "docs" / "pack.md"


def told(page: str) -> dict[str, dict[str, int]]:
    """{capture: {detection: hits}} as the page's tables have it, hits above zero only."""
    text = page.split(capture_matrix.BEGIN)[1].split(capture_matrix.END)[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    names = {cells[0]: cells[1] for cells in rows if len(cells) == 3 and cells[0].isdigit()}
    out: dict[str, dict[str, int]] = {name: {} for name in names.values()}
    for cells in rows:
        for number, cell in enumerate(cells[1:], 1):
            if len(cells) > 3 and re.fullmatch(r"[1-9]\d*", cell) and cells[0] != "detection":
                out[names[str(number)]][cells[0]] = int(cell)
    return out


TOLD = told(PAGE.read_text())


@pytest.mark.parametrize("capture", [name for name in TOLD if name != capture_matrix.COMPANY])
def test_what_answers_to_a_capture(root: Path, shared: Path, capture: str) -> None:
    (path,) = (one for one in capture_matrix.captures(shared / "datasets") if capture_matrix.label(one) == capture)
    hits = capture_matrix.found(load(root), [path])
    assert {name: len(rows) for name, rows in hits.items() if rows} == TOLD[capture]


def test_every_capture_is_on_the_page(shared: Path) -> None:
    assert {capture_matrix.label(path) for path in capture_matrix.captures(shared / "datasets")} == set(TOLD) - {
        capture_matrix.COMPANY
    }


def test_the_enriching_detection_names_the_other_host(root: Path, shared: Path) -> None:
    """The seed's companion on module logging sees the call, and the computer that it was aimed at."""
    hits = capture_matrix.found(
        load(root), [shared / "datasets" / "otrf" / "lateral_movement_host_empire_msbuild_dcerpc_wmi_smb.zip"]
    )
    (row,) = hits["Remote Process Instantiation via WMI and PowerShell Module Logging"]
    assert "WORKSTATION6.theshire.local" in row["Payload"]


STEPS = "lateral_movement_host_empire_msbuild_dcerpc_wmi_smb.zip"  # a file on a share, WMI, a build tool that runs PowerShell


def test_the_incident_rule_opens_on_a_capture_of_several_steps(root: Path, shared: Path) -> None:
    """Every detection's hits become risk events, as they do without Enterprise Security, and the rule reads those."""
    catalogue = load(root)
    (rule,) = (one for one in catalogue.detections if one.type == "Correlation")
    with corpus.instance_of(catalogue, [str(shared / "datasets" / "otrf" / STEPS)], layers()) as (instance, _):
        for one in catalogue.detections:
            if one.risk_objects and one is not rule:
                facts = (
                    f'search_name="{one.name}", annotations="{one.analytic_story[0]} {" ".join(one.mitre_attack_id)}"'
                )
                text = f"{corpus.as_command(one.search)}\n{risk_rows(one)}\n| eval {facts}\n| collect index=risk"
                instance.search(text, app=catalogue.config.id)
        run = corpus.run(instance, rule, catalogue.config.id, rows=True)
    assert run.error is None
    told = {row["risk_object"]: row for row in run.rows}
    assert {"workstation6", "pgustavo"} <= set(told)
    assert int(told["workstation6"]["detections"]) >= 4
    assert "Command on One Host Followed by Its Deed on Another" in told["pgustavo"]["search_name"]
