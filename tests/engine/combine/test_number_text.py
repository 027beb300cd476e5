"""Numbers become text the same way whether one by one or as a column."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from caltrop.engine.table import number_text, render


@given(st.lists(st.none() | st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=20))
def test_a_column_of_numbers_is_rendered_like_each_number(values: list[float | None]) -> None:
    expected = [None if v is None else number_text(v) for v in values]
    assert render(pl.Series("x", values, dtype=pl.Float64)).to_list() == expected


@given(st.lists(st.decimals(-10_000, 10_000, places=3).map(float), min_size=1, max_size=20))
def test_usual_decimals_too(values: list[float]) -> None:
    assert render(pl.Series("x", values)).to_list() == [number_text(v) for v in values]
