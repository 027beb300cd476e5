"""Reports as JSON, and shards made one report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from caltrop.errors import CaltropError
from caltrop.replay.stored import NAME, merged, read, to_json
from caltrop.replay.verdict import AddOn, Check, DetectionResult, Report, TestResult


def detection(name: str, *checks: bool, error: str | None = None) -> DetectionResult:
    test = TestResult("t", f"{name}.yml", 3, checks=[Check("hits", held, "seen") for held in checks], error=error)
    test.rows = [{"a": ["1", "2"], "b": "x"}]
    return DetectionResult(name, f"id-{name}", "TTP", f"{name}.yml", ["T1078"], ["Story"], 40, [test])


def report(*detections: DetectionResult, target: str = "https://one") -> Report:
    reinstall = Check("tuning survives reinstall", True, "it is")
    return Report(target, "10", "a-1.tar.gz", "a", "2026-01-02", 2.5, list(detections), [reinstall], [AddOn("x", "1")])


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    first = report(detection("one", True, False), detection("two", error="no data"))
    (tmp_path / NAME).write_bytes(to_json(first))
    assert read(tmp_path) == first and read(tmp_path / NAME) == first


def test_shards_become_one_report() -> None:
    one = report(detection("b", True))
    two = replace(report(detection("a", True), target="https://two"), started="2026-01-01", seconds=9.0, not_run=2)
    whole = merged([one, two])
    assert [d.name for d in whole.detections] == ["a", "b"]
    assert whole.target == "https://one, https://two" and whole.started == "2026-01-01" and whole.seconds == 9.0
    assert len(whole.checks) == 1 and len(whole.addons) == 1 and whole.not_run == 2
    assert whole.passed


def test_the_worse_of_two_results_counts() -> None:
    whole = merged([report(detection("a", False)), report(detection("a", True))])
    assert [d.status for d in whole.detections] == ["failed"] and not whole.passed


def test_what_is_no_report_or_not_of_one_run(tmp_path: Path) -> None:
    with pytest.raises(CaltropError, match="no report"):
        read(tmp_path)
    (tmp_path / NAME).write_text("{}")
    with pytest.raises(CaltropError, match="is not a report"):
        read(tmp_path)
    with pytest.raises(CaltropError, match="no report to merge"):
        merged([])
    with pytest.raises(CaltropError, match="are no one report"):
        merged([report(), replace(report(), package="b-1.tar.gz")])
