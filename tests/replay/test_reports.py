"""Reports say what happened, keep hostile log text harmless, and never call nothing a success."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from rich.console import Console

from caltrop.replay.console import explain, print_report
from caltrop.replay.html import cell, html
from caltrop.replay.junit import junit
from caltrop.replay.layer import NOT_PROVED, PARTLY, PROVED, layer
from caltrop.replay.places import placed
from caltrop.replay.verdict import AddOn, Benign, Check, DetectionResult, Report, TestResult

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


def test_what_passed_on_other_data_says_so_everywhere() -> None:
    result = report(test_result(stand_in=True, notes=["cannot download x"]))
    assert (result.detections[0].verdict, result.stand_ins, result.passed) == ("passed (stand-in)", 1, True)
    out = io.StringIO()
    print_report(result, Console(file=out, width=60))
    assert "passed (stand-in)" in out.getvalue()
    assert "1 passed (1 on stand-in data)" in out.getvalue()
    assert "passed (stand-in)" in html(result)
    found = ET.fromstring(junit(result)).find(".//testcase/properties/property[@name='verdict']")
    assert found is not None and found.get("value") == "passed (stand-in)"


def test_what_failed_on_other_data_has_failed() -> None:
    assert test_result(stand_in=True, checks=[FAILED]).verdict == "failed"


def test_rows_of_the_table_stay_on_one_line_where_there_is_no_terminal() -> None:
    result = report(test_result(name="a very long name of a test that would not fit into sixty columns"))
    out = io.StringIO()
    print_report(result, Console(file=out, width=60))
    (line,) = [line for line in out.getvalue().splitlines() if "sixty columns" in line]
    assert line.rstrip().endswith("passed")


def test_the_page_holds_the_search_and_benign_hits_with_their_rows() -> None:
    benign = Benign("quiet.log", 3, [{"user": HOSTILE}])
    page = html(report(test_result(search="index=x | stats <count>", benign=[benign], search_milliseconds=12.0)))
    assert "index=x | stats &lt;count&gt;" in page
    assert "first 1 of 3 hits on benign data <code>quiet.log</code>" in page
    assert "search 12 ms" in page
    assert "<script>" not in page


def test_a_failed_check_names_the_line_of_its_expectation(tmp_path: Path) -> None:
    file = tmp_path / "d.yml"
    file.write_text(
        "name: D\ntests:\n- name: one\n  benign:\n  - data: a\n  - data: b\n  expect:\n    hits: 1\n    fields:\n      user: ann\n"
        "    rows:\n    - a: b\n    - c: d\n    risk: {score: 7}\n"
    )
    names = ["hits", "field user", "row 2", "benign", "benign", "risk score dest", "tuned"]
    checks = [Check(name, False, "") for name in names]
    assert [check.line for check in placed(checks, file, 0)] == [8, 10, 13, 5, 6, 14, 0]
    assert [check.line for check in placed([Check("hits", True, "")], file, 0)] == [0]
    assert placed(checks, tmp_path / "gone.yml", 0) == checks


@pytest.mark.parametrize(("line", "place"), [(7, "detections/x.yml:7: "), (0, "detections/x.yml: ")])
def test_a_test_without_a_line_has_no_line_zero(line: int, place: str) -> None:
    result = DetectionResult(
        "X", "", "TTP", "detections/x.yml", [], [], 0, [TestResult("t", "detections/x.yml", line, error="no")]
    )
    out = io.StringIO()
    explain(result, Console(file=out, width=80))
    assert out.getvalue() == f"{place}X: no\n"
