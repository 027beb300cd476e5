"""A short part of `make torture` and `make fuzz`, so that they work when they are needed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from caltrop.errors import CaltropError
from tools import fuzz, torture


@pytest.mark.slow
def test_some_rounds_of_kills(tmp_path: Path) -> None:
    report = torture.run(4, 3.0, 5, tmp_path, lambda text: None)
    assert report.good, (report.lost[:5], report.twice[:5])
    assert report.rounds == 4 and report.acknowledged > 20


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in fuzz.TARGETS if name != "evtx"])
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
