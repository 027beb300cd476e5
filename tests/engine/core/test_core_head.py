"""A head right behind the search: only the newest events are read, and they are the ones that a head over all of them gives."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caltrop.engine import scan
from caltrop.engine.instance import Instance
from caltrop.index import frames
from tests.examples import examples

TIMES = st.lists(st.integers(0, 6), min_size=1, max_size=14)


def holding(segments: list[list[int]]) -> Instance:
    """An instance with a segment for each list of times."""
    instance = Instance(None)
    instance.store.create_index("main")
    number = 0
    for times in segments:
        raw = pl.Series([f"n={number + i} odd={(number + i) % 2} k{number + i}=x" for i in range(len(times))])
        number += len(times)
        dated = pl.Series([1.7e9 + t for t in times], dtype=pl.Float64)
        instance.store.append(frames.build(raw, dated, host="h", source="s", sourcetype="st", index="main"))
        instance.store.flush()
    return instance


@settings(examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    segments=st.lists(TIMES, min_size=1, max_size=4),
    most=st.integers(1, 9),
    condition=st.sampled_from(["", "odd=1", "odd=1 earliest=1700000001", "n>3"]),
)
def test_the_newest_are_those_of_all(
    segments: list[list[int]], most: int, condition: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(scan, "_FIRST", 2)
        instance = holding(segments)
        for _ in range(2):
            few = instance.search(f"index=main {condition} | head {most} | table _time n", latest=1.8e9).table.frame
            every = instance.search(
                f"index=main {condition} | where true() | head {most} | table _time n", latest=1.8e9
            )
            assert few.to_dicts() == every.table.frame.to_dicts()


def test_fields_are_those_of_the_events_that_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "_FIRST", 4)
    instance = holding([list(range(40))])
    frame = instance.search("index=main | head 2").table.frame
    assert {"k39", "k38"} <= set(frame.columns) and "k1" not in frame.columns
    assert instance.search("index=main | head 2").events_scanned == 40


def test_segments_of_older_events_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = holding([[1, 2, 3], [11, 12, 13], [21, 22, 23]])
    asked: list[str] = []
    extracted = instance._extractions.of

    def noted(segment, *args):  # type: ignore[no-untyped-def]
        asked.append(segment.id)
        return extracted(segment, *args)

    monkeypatch.setattr(instance._extractions, "of", noted)
    assert [row["n"] for row in instance.search("index=main | head 3 | table n").table.frame.to_dicts()] == [
        "8",
        "7",
        "6",
    ]
    assert len(asked) == 1
    assert len(instance.search("index=main | head 4").table) == 4
    assert len(asked) == 3


@pytest.mark.parametrize("head", ["head 0", "head (n<3)", "head limit=2", "head"])
def test_other_heads_are_what_they_were(head: str) -> None:
    instance = holding([[1, 2, 3], [11, 12, 13]])
    kept = {"head 0": 0, "head (n<3)": 0, "head limit=2": 2, "head": 6}
    assert len(instance.search(f"index=main | {head}").table) == kept[head]
