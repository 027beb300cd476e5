"""What is written wrongly is refused whatever rows there are: a detection that finds nothing today still tells its mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from caltrop.conformance import build_instance
from caltrop.errors import CaltropError

WRONG = (
    "bin x minspan=zz", "bin _time minspan=zz", "bin _time span=abc", "timechart span=0 count", "timechart span=abc count",
    "timechart bins=x count", "timechart limit=x count by y", "timechart nosuch(x)", "sitimechart span=abc count",
    "stats sparkline(count,zz)", "makecontinuous span=abc x", "makecontinuous span=abc", "predict x algorithm=foo",
    "predict x future_timespan=abc", "kmeans k=abc x", "kmeans distype=abc x", "kmeans reps=abc x", "format maxresults=abc",
    "abstract maxterms=abc", "transaction maxevents=abc x", "map maxsearches=many search=\"x\"",
)  # fmt: skip
RIGHT = (
    "timechart span=1h count",
    "bin x minspan=5",
    "makecontinuous span=1 x",
    'format maxresults="2"',
    "kmeans k=2 x",
)


@pytest.mark.parametrize("found", [True, False], ids=["rows", "none"])
@pytest.mark.parametrize("command", WRONG)
def test_with_rows_and_without(tmp_path: Path, command: str, found: bool) -> None:
    instance = build_instance({"events": [{"x": n, "y": "a"} for n in range(5)]}, tmp_path)
    with pytest.raises(CaltropError):
        instance.search(f"search {'x=*' if found else 'nothing_like_it'} | {command}")


@pytest.mark.parametrize("command", RIGHT)
def test_what_is_right_runs_without_rows(tmp_path: Path, command: str) -> None:
    instance = build_instance({"events": [{"x": 1}]}, tmp_path)
    assert len(instance.search(f"search nothing_like_it | {command}").table) <= 1
