"""Reports say what happened, keep hostile log text harmless, and never call nothing a success."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET

import pytest
from rich.console import Console

from caltrop.replay.console import print_report
from caltrop.replay.html import cell, html
from caltrop.replay.junit import junit
from caltrop.replay.layer import NOT_PROVED, PARTLY, PROVED, layer
from caltrop.replay.verdict import AddOn, Check, DetectionResult, Report, TestResult

HOSTILE = "<script>alert(1)</script> [bold]x[/bold] \x00\x1b[31m"


def test_result(**changes: object) -> TestResult:
    values: dict[str, object] = {"name": "T", "file": "d.yml", "line": 7, "checks": [Check("hits", True, "1 hit")]}
    return TestResult(**(values | changes))  # type: ignore[arg-type]


test_result.__test__ = False  # type: ignore[attr-defined]


def report(*tests: TestResult, checks: list[Check] | None = None) -> Report:
    detection = DetectionResult("D & co", "id", "TTP", "d.yml", ["T1047"], [], 63, list(tests))
    return Report("https://h", "9", "p.tar.gz", "app", "2026-01-01T00:00:00+00:00", 1.5, [detection], checks or [])


FAILED = Check("hits", False, f"0 hits {HOSTILE}")
CASES = {
    "passed": (test_result(), True),
    "failed": (test_result(checks=[Check("hits", True, "1 hit"), FAILED]), False),
    "error": (test_result(error="no data", checks=[]), False),
    "skipped": (test_result(skipped="experimental", checks=[]), False),
}


@pytest.mark.parametrize("status", CASES)
def test_status_and_verdict(status: str) -> None:
    test, passed = CASES[status]
    assert test.status == status
    assert report(test).passed is passed


def test_a_test_without_checks_proves_nothing() -> None:
    assert test_result(checks=[]).status == "error"
    assert not report().passed
    assert not Report("u", "9", "p", "a", "now").passed


def test_a_failed_check_of_the_package_fails_the_run() -> None:
    assert not report(test_result(), checks=[FAILED]).passed


@pytest.mark.parametrize("status", CASES)
def test_junit_counts_each_outcome(status: str) -> None:
    root = ET.fromstring(junit(report(CASES[status][0])))
    (suite,) = root
    expected = {"failures": "failed", "errors": "error", "skipped": "skipped"}
    for attribute, name in expected.items():
        assert suite.get(attribute) == str(int(name == status))
    case = suite.find("testcase")
    assert case is not None and case.get("file") == "d.yml" and case.get("line") == "7"


def test_html_escapes_log_text() -> None:
    test = test_result(rows=[{"user": HOSTILE, "many": ["a", "b"]}], hits=1, checks=[FAILED])
    page = html(report(test))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "D &amp; co" in page


def test_html_says_when_nothing_was_tested() -> None:
    assert "nothing is proved" in html(Report("u", "9", "p", "a", "now"))


def test_long_values_are_cut_with_their_length() -> None:
    assert cell("x" * 1000).endswith("… (1,000 characters)")
    assert cell(["a", "b"]) == "a\nb"


def test_the_terminal_names_file_and_line_and_reads_no_markup() -> None:
    out = io.StringIO()
    print_report(report(CASES["failed"][0]), Console(file=out, width=60))
    text = out.getvalue()
    assert "d.yml:7: D & co: hits: 0 hits <script>alert(1)</script> [bold]x[/bold]" in text
    assert "NOT proved" in text


def test_the_layer_colours_techniques_by_verdict() -> None:
    good, bad = report(test_result()), report(CASES["failed"][0])
    assert layer(good)["techniques"][0] | {"comment": ""} == {
        "techniqueID": "T1047", "score": 1, "color": PROVED, "comment": "", "enabled": True,
    }  # fmt: skip
    assert layer(bad)["techniques"][0]["color"] == NOT_PROVED
    good.detections += bad.detections
    assert layer(good)["techniques"][0]["color"] == PARTLY
    assert layer(report(CASES["skipped"][0]))["techniques"] == []


ADDONS = [
    AddOn("TA_acme", "1.2.0"),
    AddOn("linux", "1.0.0", ours=True),
    AddOn("windows", "1.0.0", ours=True, aside="TA_acme (acme:gate)"),
]


def test_reports_name_the_add_ons_and_what_stepped_aside() -> None:
    ran = report(test_result())
    ran.addons = ADDONS
    console = Console(file=io.StringIO(), width=200)
    print_report(ran, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    aside = "windows 1.0.0 (Caltrop's, stepped aside for TA_acme (acme:gate))"
    assert f"add-ons: TA_acme 1.2.0, {aside}, 2 of Caltrop's own" in text
    properties = ET.fromstring(junit(ran)).findall("testsuite/properties/property")
    assert [p.get("value") for p in properties] == ["TA_acme 1.2.0", "linux 1.0.0 (Caltrop's)", aside]
    assert "TA_acme 1.2.0, linux 1.0.0 (Caltrop" in html(ran)


def test_reports_say_when_there_are_none() -> None:
    console = Console(file=io.StringIO(), width=200)
    print_report(report(test_result()), console)
    assert "add-ons: none" in console.file.getvalue()  # type: ignore[attr-defined]
    assert "add-ons: none" in html(report(test_result()))
