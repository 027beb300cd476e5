"""Columns of lists of texts are what Polars makes of the same rows."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.dialect.lists import lists
from tests.examples import examples

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)


@examples(100)
@given(rows=st.lists(st.none() | st.lists(st.none() | TEXTS, max_size=3), max_size=5), times=st.sampled_from([1, 20]))
def test_rows_through_json(rows: list[list[str | None] | None], times: int) -> None:
    expected = pl.Series("^x$", rows * times, dtype=pl.List(pl.String))
    found = lists("^x$", rows * times)
    assert (found.name, found.dtype) == ("^x$", expected.dtype)
    assert found.to_list() == expected.to_list()


def test_no_text_of_unicode_is_refused_in_either_way() -> None:
    for times in (1, 100):
        with pytest.raises(UnicodeEncodeError):
            lists("x", [["\ud800"]] * times)
