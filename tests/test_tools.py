"""A short part of `make torture` and `make fuzz`, so that they work when they are needed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from caltrop.errors import CaltropError
from caltrop.index import importers
from caltrop.index.importers import ImportOptions, Problem
from tools import capture_matrix, evtx_file, fuzz, torture


@pytest.mark.slow
def test_some_rounds_of_kills(tmp_path: Path) -> None:
    report = torture.run(4, 3.0, 5, tmp_path, lambda text: None)
    assert report.good, (report.lost[:5], report.twice[:5])
    assert report.rounds == 4 and report.acknowledged > 20


@pytest.mark.slow
@pytest.mark.parametrize("name", list(fuzz.TARGETS))
def test_some_seconds_of_fuzzing(name: str) -> None:
    for target in fuzz.TARGETS[name]():
        outcome = fuzz.fuzz(target, 3.0, random.Random(7))
        assert outcome.runs > 5 and not outcome.finds


def test_a_find_is_cut_down_to_what_shows_it() -> None:
    def run(data: bytes) -> None:
        if b"!" in data:
            raise CaltropError("refused")
        if b"ab" in data:
            raise ValueError("a fault")

    target = fuzz.Target([b"some text", b"ab"], [b"ab"], run)
    outcome = fuzz.fuzz(target, 0.3, random.Random(1))
    ((what, data),) = outcome.finds
    assert what.startswith("ValueError") and data == b"ab"
    assert fuzz.fault(run, b"!") == "" and fuzz.fault(run, b"x") is None


def test_a_written_event_log_is_read() -> None:
    problems: list[Problem] = []
    events = [fuzz.EVENT, fuzz.EVENT.replace("one", "zw\u00f6lf \U0001f600")]
    options = ImportOptions(format="evtx", on_problem=problems.append)
    (frame,) = importers.read(evtx_file.write(events), options)
    assert not problems
    assert frame["_time"].to_list() == [1_700_000_000.0] * 2
    assert "<Data Name='a'>zw\u00f6lf \U0001f600</Data>" in frame["_raw"][1]


def test_a_chunk_holds_so_many_events() -> None:
    with pytest.raises(ValueError, match="more than a chunk holds"):
        evtx_file.write([fuzz.EVENT] * 200)


def test_the_matrix_goes_between_its_markers_and_nowhere_else() -> None:
    hits: dict[str, capture_matrix.Hits] = {"wmi": {"A": [{"dest": "x"}], "B": []}, "work": {"A": [], "B": [{}, {}]}}
    page = f"before\n{capture_matrix.BEGIN}\nold\n{capture_matrix.END}\nafter\n"
    new = capture_matrix.placed(page, capture_matrix.page(hits))
    assert new.startswith("before\n") and new.endswith("\nafter\n") and "old" not in new
    assert "| A | 1 |  |" in new and "| B |  | 2 |" in new and "| 2 | work | 1 |" in new
    assert capture_matrix.placed("no markers", "table") == "no markers"
    assert capture_matrix.short(hits, {"wmi"}).splitlines()[2:] == ["| wmi | A |"]
