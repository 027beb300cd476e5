"""What a build puts in for `%name%`, and what is said of those that it knows nothing of."""

from __future__ import annotations

from pathlib import Path

import pytest

from caltrop.content import load
from tests.content.sample import Repository

WHERE = "detections/endpoint/some_process.yml"
DRILL = "drilldown_searches:\n- name: All\n  search: '{}'\n  earliest_offset: $info_min_time$\n  latest_offset: $info_max_time$\ntests:"


@pytest.mark.parametrize(
    "search",
    [
        "%orginal_detection_search% | search dest=x",  # misspelt
        "%search% | search dest=x",
        '| makeresults | eval q="%original_detection_serch%"',  # nearly the known one, in a string too
    ],
)
def test_a_placeholder_of_a_drilldown_that_is_none(repository: Repository, search: str) -> None:
    problems = load(repository(detection=[("tests:", DRILL.format(search))])).problems
    (found,) = [p for p in problems if p.code == "unknown-placeholder"]
    assert (found.file, found.severity) == (WHERE, "error")
    assert found.column == len("  search: '") + search.index("%") + 1
    assert "%original_detection_search%" in found.hint


@pytest.mark.parametrize(
    "search",
    [
        "%original_detection_search% | search dest=x",
        '| makeresults | where like(x, "%temp%")',
        "| makeresults | eval p=5%2",
    ],
)
def test_what_is_one_or_a_pattern_is_left_alone(repository: Repository, search: str) -> None:
    problems = load(repository(detection=[("tests:", DRILL.format(search))])).problems
    assert [p for p in problems if p.code == "unknown-placeholder"] == []


def test_a_placeholder_of_a_deployment_that_is_none(repository: Repository) -> None:
    folder: Path = repository()
    path = folder / "deployments/ttp.yml"
    email = "alert_action:\n  email:\n    subject: 'Hit of %nmae%'\n    to: soc@example.org\n    message: '%name%'\n"
    path.write_text(path.read_text().replace("alert_action:\n", email))
    (found,) = [p for p in load(folder).problems if p.code == "unknown-placeholder"]
    assert (found.file, found.severity, found.hint) == ("deployments/ttp.yml", "warning", "did you mean 'name'?")
    assert path.read_text().splitlines()[found.line - 1][found.column - 1 :].startswith("%nmae%")
