"""Rows that go out as they were found are held packed: the same rows, columns and order as in one table."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caltrop.cli import results
from caltrop.conformance import NOW, event_frame
from caltrop.engine import packed
from caltrop.engine.budget import Limits
from caltrop.engine.errors import SearchError
from caltrop.engine.instance import Instance, SearchResult
from caltrop.engine.packed import Packed, Packing
from caltrop.engine.table import Table, concat, newest_first

SEARCHES = (
    "index=main",
    "index=main | table *",
    "index=main | table n nothing host",
    "index=main | fields - n",
    "index=main | rename n AS m, word AS n | fields m n",
    "index=main n>3",
    "index=main word=even | where n>2 | table _time n",
    "index=main | search late=* | rename late AS early",
    "index=main seven | regex n!=0",
)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "SLICE", 4)
    monkeypatch.setattr(packed, "_MOST", 5)


@pytest.fixture(scope="module")
def instance() -> Iterator[Instance]:
    """Three segments that overlap in time, with a field that only the last event has."""
    made = Instance(None, [], now=NOW)
    with made.store:
        made.store.create_index("main")
        for segment in range(3):
            events = [
                {"_raw": f"n={i} word={'even' if i % 2 == 0 else 'odd'}", "_time": NOW - 100 + 10 * i + segment}
                for i in range(9)
            ]
            if segment == 2:
                events.append({"_raw": "n=7 seven late=yes", "_time": NOW - 200})
            made.store.append(event_frame(events))
        yield made


def both(instance: Instance, search: str) -> tuple[SearchResult, Packed]:
    result = instance.search(search, packs=True)
    assert result.packed is not None
    return instance.search(search), result.packed


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("search", SEARCHES[:-1])
def test_packed_rows_are_those_of_the_table(instance: Instance, search: str) -> None:
    plain, rows = both(instance, search)
    assert rows.fields == plain.table.fields
    assert len(rows) == len(plain.table)
    assert rows.events == plain.table.events
    assert rows.whole().frame.equals(plain.table.frame)
    assert all(part.height <= 3 for part in rows.slices(3))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("form", ["csv", "jsonl", "raw", "vertical", "markdown", "table"])
def test_packed_rows_are_written_alike(instance: Instance, form: str) -> None:
    plain, rows = both(instance, "index=main")
    assert list(results.lines_of(rows, form)) == list(results.lines_of(plain.table, form))


@pytest.mark.usefixtures("small")
def test_packed_rows_make_the_same_parquet_file(instance: Instance, tmp_path: Path) -> None:
    plain, rows = both(instance, "index=main")
    results.write(rows, "parquet", tmp_path / "packed.parquet")
    results.write(plain.table, "parquet", tmp_path / "plain.parquet")
    assert pl.read_parquet(tmp_path / "packed.parquet").equals(pl.read_parquet(tmp_path / "plain.parquet"))


@pytest.mark.usefixtures("small")
def test_stages_are_told_as_ever(instance: Instance) -> None:
    search = "index=main | where n>2 | rename n AS m | where m!=4 | table m | fields m"
    told, plain = instance.search(search, packs=True), instance.search(search)
    assert told.packed is not None
    assert [(stage.text, stage.rows) for stage in told.stages] == [(stage.text, stage.rows) for stage in plain.stages]
    assert told.is_transforming == plain.is_transforming


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "search",
    [SEARCHES[-1], "index=main | where n>100", "index=main nothing", "index=main | table x", "index=main | head 9"],
)
def test_what_is_few_nothing_or_needs_all_rows_is_a_table(instance: Instance, search: str) -> None:
    result, plain = instance.search(search, packs=True), instance.search(search)
    assert result.packed is None
    assert result.table.frame.equals(plain.table.frame)
    assert result.messages == plain.messages
    assert [stage.rows for stage in result.stages] == [stage.rows for stage in plain.stages]
    if plain.emptied is not None:
        assert result.emptied is not None
        assert result.emptied[0] == plain.emptied[0]
        assert result.emptied[1].frame.equals(plain.emptied[1].frame)


@pytest.mark.usefixtures("small")
def test_more_rows_than_a_search_may_have_are_refused(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance, "limits", Limits(rows=20))
    with pytest.raises(SearchError, match="more than the 20"):
        instance.search("index=main", packs=True)


CELL = st.none() | st.text(max_size=3) | st.lists(st.text(max_size=2), min_size=1, max_size=2)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@pytest.mark.usefixtures("small")
@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 9), st.dictionaries(st.sampled_from("abc"), CELL)), min_size=1, max_size=9),
        min_size=2,
        max_size=4,
    )
)
def test_whatever_comes_is_united_as_tables_are(
    pieces: list[list[tuple[int, dict[str, str | list[str] | None]]]],
) -> None:
    frames = []
    for piece in pieces:
        ordered = sorted(piece, key=lambda row: -row[0])
        columns = [pl.Series("_time", [float(time) for time, _ in ordered])]
        for name in dict.fromkeys(name for _, row in ordered for name in row):
            values = [row.get(name) for _, row in ordered]
            if any(isinstance(value, list) for value in values):
                lists = [[value] if isinstance(value, str) else value for value in values]
                columns.append(pl.Series(name, lists, dtype=pl.List(pl.String)))
            else:
                columns.append(pl.Series(name, values, dtype=pl.String))
        frames.append(pl.DataFrame(columns))
    packing = Packing()
    for frame in frames:
        packing.add(frame)
    together = newest_first(concat([Table(frame, events=True) for frame in frames]).frame)
    empty = [c.name for c in together.get_columns() if c.null_count() == together.height]
    assert packing.events().whole().frame.equals(together.drop(empty))


def test_what_a_search_computed_goes_with_it(instance: Instance) -> None:
    """Values that refer to themselves would stay, with their columns, until garbage is collected."""
    search = 'index=main | eval a=n+1, b=upper(word).a, c=strftime(_time, "%F") | where a>2 AND len(b)>1 | stats sum(a) by b c'
    instance.search(search)
    gc.collect()
    gc.disable()
    try:
        gc.set_debug(gc.DEBUG_SAVEALL)
        instance.search(search)
        gc.collect()
        assert not [thing for thing in gc.garbage if isinstance(thing, pl.DataFrame | pl.Series)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
