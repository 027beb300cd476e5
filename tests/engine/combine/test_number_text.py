"""Numbers become text the same way whether one by one or as a column."""

from __future__ import annotations

import math

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from caltrop.engine.table import FEW, number_text, numeric, render


@given(st.lists(st.none() | st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=20))
def test_a_column_of_numbers_is_rendered_like_each_number(values: list[float | None]) -> None:
    expected = [None if v is None else number_text(v) for v in values]
    assert render(pl.Series("x", values, dtype=pl.Float64)).to_list() == expected
    assert render(pl.Series("x", values * (FEW + 1), dtype=pl.Float64)).to_list() == expected * (FEW + 1)


@given(st.lists(st.decimals(-10_000, 10_000, places=3).map(float), min_size=1, max_size=20))
def test_usual_decimals_too(values: list[float]) -> None:
    expected = [number_text(v) for v in values]
    assert render(pl.Series("x", values)).to_list() == expected
    assert render(pl.Series("x", values * (FEW + 1))).to_list() == expected * (FEW + 1)


@given(st.lists(st.none() | st.floats(allow_nan=True, allow_infinity=True), max_size=5))
def test_what_cannot_be_calculated_with_is_no_number(values: list[float | None]) -> None:
    expected = [v if v is not None and math.isfinite(v) else None for v in values]
    assert numeric(pl.Series("x", values, dtype=pl.Float64)).to_list() == expected
