"""Columns of lists of texts."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import polars as pl

_FEW = 16  # rows, below which the plain way is as fast


def lists(name: str, rows: Sequence[Sequence[str | None] | None]) -> pl.Series:
    """A column (List(String)) of these values. Polars makes a column of each row first; through JSON it is fifteen times as fast."""
    if len(rows) < _FEW:
        return pl.Series(name, rows, dtype=pl.List(pl.String))
    text = msgspec.json.encode(rows).decode()
    return pl.Series([text]).str.json_decode(pl.List(pl.List(pl.String))).explode().alias(name)


def collected(owners: pl.Series, columns: Sequence[pl.Series], height: int) -> list[pl.Series]:
    """For each column of values one of lists, of so many rows: the values that a row owns, in their order; null where it owns none.
    `owners` are numbers of rows (UInt32)."""
    numbers = [str(number) for number in range(len(columns))]
    values = pl.DataFrame(
        [owners.alias("row"), *(column.alias(number) for number, column in zip(numbers, columns, strict=True))]
    )
    found = values.group_by("row", maintain_order=True).agg(numbers)
    every = pl.DataFrame([pl.int_range(height, dtype=pl.UInt32, eager=True).alias("row")])
    spread = every.join(found, on="row", how="left", maintain_order="left")
    return [spread.get_column(number).alias(column.name) for number, column in zip(numbers, columns, strict=True)]
