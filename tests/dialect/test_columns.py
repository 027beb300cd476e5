"""A field may be called like a pattern over names, and stays itself."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.dialect import columns
from caltrop.dialect.columns import take_names_literally

ODD = st.text(st.sampled_from("ab.*^$[(|\\"), max_size=6).map("^{}$".format)


@given(ODD)
def test_a_name_that_reads_like_a_pattern_is_a_name(name: str) -> None:
    take_names_literally()
    frame = pl.DataFrame({"a": [1, 2], name: [3, 4], "ab": [5, 6]})
    assert frame.get_column(name).abs().to_list() == [3, 4]
    assert frame.select(pl.col(name) + pl.col("a")).to_series().to_list() == [4, 6]
    assert frame.drop(name).columns == ["a", "ab"]
    assert frame.group_by(name, maintain_order=True).agg(pl.len()).columns == [name, "len"]
    lists = frame.with_columns(pl.concat_list(name, "a").alias(name))
    assert lists.explode(name).get_column(name).to_list() == [3, 1, 4, 2]


def test_a_name_that_is_not_there_is_missed() -> None:
    take_names_literally()
    with pytest.raises(pl.exceptions.ColumnNotFoundError):
        pl.DataFrame({"a": [1]}).select("^a$")


def test_all_columns_stay_all_columns() -> None:
    take_names_literally()
    assert pl.DataFrame({"a": [1], "^a$": [2]}).select(pl.all()).columns == ["a", "^a$"]


def test_a_polars_with_other_parts_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(columns._COLUMN, "_create_col")
    monkeypatch.setattr(columns, "_SELECTOR", None)
    take_names_literally()
    assert not hasattr(columns._COLUMN, "_create_col")
