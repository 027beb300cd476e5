"""What the benchmarks of the loop and of growth stand on: a generated repository that is right, and an end in time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from benchmarks import growth, loop
from caltrop.content import load


def test_the_generated_repository_is_right_and_its_data_its_own(tmp_path: Path) -> None:
    files = loop.generate(tmp_path, 2)
    catalogue = load(tmp_path)
    assert not catalogue.errors
    assert [detection.file for detection in catalogue.detections] == files
    first, second = ({d.data for t in d.tests for d in (*t.attack_data, *t.benign)} for d in catalogue.detections)
    assert len(first) == 2 and first.isdisjoint(second)
    assert "harbor000.test" in (tmp_path / min(first)).read_text()


def test_what_a_process_took_is_measured_and_a_wrong_end_is_told() -> None:
    took = loop.timed(["python3", "-c", "sum(range(3_000_000))"])
    assert took.processor > 0 and took.wall > 0
    with pytest.raises(SystemExit, match="ended with 3"):
        loop.timed(["python3", "-c", "raise SystemExit(3)"])


def test_growth_ends_in_time() -> None:
    assert list(growth.in_time("abc", time.monotonic() + 60)) == ["a", "b", "c"]
    with pytest.raises(growth.OutOfTime):
        list(growth.in_time("abc", time.monotonic() - 1))


def test_growth_takes_no_more_memory_than_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = growth.Cell(10, 1_000, 0.1, 0.1, 0, 0, 0.1, 0.1, peak=1 << 30)
    monkeypatch.setattr(growth, "free", lambda: float(4 << 30))
    assert growth.fits([], 10**9) and growth.fits([cell], 3_000) and not growth.fits([cell], 5_000)
