"""The vectorised aggregations equal the row-at-a-time ones on small random tables."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from caltrop.engine.table import Table
from tests.examples import examples

from . import rowwise
from .report_harness import cells, run_table, table_of

VALUES = st.sampled_from(["1", "2", "10", "-3.5", "007", "x", "Y", "", "1e3"])
NUMBERS = st.sampled_from(["1", "2", "10", "-3.5", "0.25"])
KEYS = st.sampled_from(["a", "b", "2", "10"])
FUNCTIONS = st.lists(st.sampled_from(sorted(rowwise.FUNCTIONS)), min_size=1, max_size=4, unique=True)
SMALL = examples(60)


@st.composite
def tables(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rows newest first; v is of numbers or mixed, single or multivalue, g and h are groups; cells may be missing."""
    value = draw(st.sampled_from([VALUES, NUMBERS]))
    lists = draw(st.booleans())
    cell = (
        st.one_of(st.none(), value, st.lists(value, min_size=2, max_size=3)) if lists else st.one_of(st.none(), value)
    )
    key = (
        st.one_of(st.none(), KEYS, st.lists(KEYS, min_size=2, max_size=2, unique=True))
        if lists
        else st.one_of(st.none(), KEYS)
    )
    count = draw(st.integers(0, 8))
    rows = []
    for i in range(count):
        row = {"_time": 1700000000.0 - i, "v": draw(cell), "g": draw(key), "h": draw(st.one_of(st.none(), KEYS))}
        rows.append({name: value for name, value in row.items() if value is not None})
    return rows


def table(rows: list[dict[str, Any]]) -> Table:
    """The rows as a table that has all four columns, also when no row has a cell in one."""
    made = table_of(rows)
    missing = [
        pl.Series(n, [None], dtype=pl.String).new_from_index(0, len(made))
        for n in ("_time", "v", "g", "h")
        if n not in made
    ]
    return Table(made.frame.with_columns(missing)) if rows else Table.empty(["_time", "v", "g", "h"])


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """Numbers rounded and compared as numbers, one-element lists as their element."""
    out = {}
    for name, value in row.items():
        if isinstance(value, list):
            value = value[0] if len(value) == 1 else value
        number = rowwise.number(str(value)) if not isinstance(value, list) else None
        # 1e-6: a running deviation may differ in its last digits from one computed at once.
        out[name] = round(number, 6) if number is not None and math.isfinite(number) else value
    return out


def check(spl: str, rows: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    got = [plain(row) for row in cells(run_table(spl, table(rows)))]
    assert got == [plain(row) for row in expected], spl


def written(functions: list[str]) -> str:
    return " ".join(["count", *(f"{name}(v)" for name in functions)])


@SMALL
@given(tables(), FUNCTIONS, st.sampled_from([[], ["g"], ["h"], ["g", "h"]]))
def test_stats(rows: list[dict[str, Any]], functions: list[str], by: list[str]) -> None:
    clause = f" by {' '.join(by)}" if by else ""
    check(f"stats {written(functions)}{clause}", rows, rowwise.stats(rows, functions, "v", by))


@SMALL
@given(tables(), FUNCTIONS, st.sampled_from([[], ["g"], ["g", "h"]]))
def test_summary_rows_give_the_same_stats(rows: list[dict[str, Any]], functions: list[str], by: list[str]) -> None:
    functions = [f for f in functions if f not in ("list", "first", "last")]  # these depend on the order of all rows
    clause = f" by {' '.join(by)}" if by else ""
    spl = f"sistats {written(functions)} by g h | stats {written(functions)}{clause}"
    singles = [row for row in rows if "g" in row and "h" in row and not isinstance(row["g"], list)]
    check(spl, singles, rowwise.stats(singles, functions, "v", by))


@SMALL
@given(tables(), FUNCTIONS, st.sampled_from([[], ["g"], ["g", "h"]]))
def test_eventstats(rows: list[dict[str, Any]], functions: list[str], by: list[str]) -> None:
    clause = f" by {' '.join(by)}" if by else ""
    check(f"eventstats {written(functions)}{clause}", rows, rowwise.eventstats(rows, functions, "v", by))


@SMALL
@given(tables(), FUNCTIONS, st.sampled_from([[], ["h"], ["g", "h"]]), st.integers(0, 3), st.booleans(), st.booleans())
def test_streamstats(
    rows: list[dict[str, Any]], functions: list[str], by: list[str], window: int, current: bool, shared: bool
) -> None:
    clause = f" by {' '.join(by)}" if by else ""
    spl = f"streamstats window={window} current={current} global={shared} {written(functions)}{clause}"
    expected = rowwise.streamstats(rows, functions, "v", by, window=window, current=current, shared=shared)
    check(spl, rows, expected)
