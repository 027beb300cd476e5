"""When rows happened: numbers, text, spans."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.hunt.rowtimes import row_times

NEW_YEAR = 1767225600.0  # 2026-01-01T00:00:00Z


@pytest.mark.parametrize(
    "text",
    ["1767225600", "1767225600.000", "2026-01-01T00:00:00", "2026-01-01 00:00:00", "01/01/2026 00:00:00", "2026-01-01T00:00:00Z",
     "2026-01-01T02:00:00+02:00", "2026-01-01T02:00:00.000+0200", " 2026-01-01T00:00:00 "],
)  # fmt: skip
def test_text_of_the_usual_formats(text: str) -> None:
    assert row_times(pl.DataFrame({"firstTime": [text]})).rows() == [(NEW_YEAR, NEW_YEAR)]


@pytest.mark.parametrize("text", ["", "unknown", "7", "99999999999999", "2026-13-01T00:00:00"])
def test_what_is_no_time_tells_none(text: str) -> None:
    assert row_times(pl.DataFrame({"firstTime": [text]})).rows() == [(None, None)]


def test_spans_and_rows_of_both_kinds() -> None:
    frame = pl.DataFrame({"_time": [NEW_YEAR, None], "lastTime": [None, "2026-01-01T00:00:05"], "user": ["a", "b"]})
    assert row_times(frame).rows() == [(NEW_YEAR, NEW_YEAR), (NEW_YEAR + 5, NEW_YEAR + 5)]


def test_no_column_of_time() -> None:
    assert row_times(pl.DataFrame({"user": ["a", "b"]})).rows() == [(None, None)] * 2


@given(st.lists(st.tuples(st.floats(1e8, 1e11), st.floats(1e8, 1e11)), min_size=1, max_size=20))
def test_first_is_never_after_last(times: list[tuple[float, float]]) -> None:
    frame = pl.DataFrame(times, schema={"firstTime": pl.Float64, "lastTime": pl.Float64}, orient="row")
    for given_, (first, last) in zip(times, row_times(frame).rows(), strict=True):
        assert (first, last) == (min(given_), max(given_))
