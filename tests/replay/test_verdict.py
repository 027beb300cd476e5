"""From checks to a verdict: each rule has a case that it alone decides."""

from __future__ import annotations

import pytest

from caltrop.replay.verdict import Check, DetectionResult, Report, Status, TestResult

GOOD, BAD = Check("hits", True, "1 hit"), Check("hits", False, "0 hits")


def of(status: Status) -> TestResult:
    result = TestResult("T", "d.yml", 7)
    if status == "error":
        result.error = "no data"
    elif status == "skipped":
        result.skipped = "by hand"
    else:
        result.checks = [GOOD if status == "passed" else BAD]
    return result


def detection(*tests: TestResult) -> DetectionResult:
    return DetectionResult("D", "id", "TTP", "d.yml", [], [], 0, list(tests))


def report(*statuses: Status, checks: tuple[Check, ...] = ()) -> Report:
    return Report("u", "9", "p", "a", "now", 0.0, [detection(of(status)) for status in statuses], list(checks))


@pytest.mark.parametrize(
    ("test", "status", "why"),
    [
        (TestResult("T", "f", 1, checks=[GOOD]), "passed", ""),
        (TestResult("T", "f", 1, checks=[GOOD, BAD]), "failed", "hits: 0 hits"),
        (TestResult("T", "f", 1, checks=[BAD, BAD]), "failed", "hits: 0 hits; hits: 0 hits"),
        (TestResult("T", "f", 1), "error", "nothing was asserted"),
        (TestResult("T", "f", 1, error="no data", checks=[GOOD]), "error", "no data"),
        (TestResult("T", "f", 1, error="no data", checks=[BAD]), "error", "no data"),
        (TestResult("T", "f", 1, skipped="by hand"), "skipped", "by hand"),
        (TestResult("T", "f", 1, skipped="by hand", error="no data"), "error", "no data"),
    ],
)
def test_a_test_has_a_status_and_a_reason(test: TestResult, status: Status, why: str) -> None:
    assert (test.status, test.reason) == (status, why)


@pytest.mark.parametrize(
    ("tests", "status"),
    [
        ((), "skipped"),
        (("skipped",), "skipped"),
        (("skipped", "passed"), "passed"),
        (("passed", "passed"), "passed"),
        (("passed", "failed"), "failed"),
        (("failed", "error"), "error"),
        (("skipped", "error"), "error"),
        (("skipped", "failed"), "failed"),
    ],
)
def test_a_detection_is_as_good_as_its_worst_test(tests: tuple[Status, ...], status: Status) -> None:
    assert detection(*map(of, tests)).status == status


@pytest.mark.parametrize(
    ("statuses", "checks", "passed"),
    [
        (("passed",), (), True),
        (("passed", "skipped"), (), True),
        (("passed",), (GOOD,), True),
        ((), (), False),
        ((), (GOOD,), False),
        (("skipped",), (), False),
        (("passed", "failed"), (), False),
        (("passed", "error"), (), False),
        (("passed", "failed", "error"), (), False),
        (("passed",), (GOOD, BAD), False),
    ],
)
def test_a_run_passes_when_something_was_proved_and_nothing_failed(
    statuses: tuple[Status, ...], checks: tuple[Check, ...], passed: bool
) -> None:
    assert report(*statuses, checks=checks).passed is passed


def test_detections_are_counted_by_status() -> None:
    counted = report("passed", "passed", "failed", "skipped")
    assert [counted.count(s) for s in ("passed", "failed", "error", "skipped")] == [2, 1, 0, 1]


def test_a_check_reads_as_a_line() -> None:
    assert (str(GOOD), str(BAD)) == ("ok hits: 1 hit", "FAILED hits: 0 hits")
