"""What a statistical function sees of its argument: expressions over the columns of one group.

An argument is a field or a calculated column. Its numbers, texts and times are separate columns of a working frame, made
only when a function asks. Multivalue arguments are flattened: each value counts.
"""

from __future__ import annotations

from functools import cached_property
from typing import Literal

import polars as pl

from caltrop.engine.table import MULTIVALUE, numeric, render

Content = Literal["number", "text", "mixed"]
TIME = "\x00time"


class Columns:
    """The working frame under construction: named columns of equal height."""

    def __init__(self, time: pl.Series, most_listed: int) -> None:
        self.most_listed = most_listed  # values of list()
        self.made: dict[str, pl.Series] = {TIME: numeric(time).alias(TIME)}

    def add(self, name: str, column: pl.Series) -> str:
        if name not in self.made:
            self.made[name] = column.alias(name)
        return name

    def frame(self) -> pl.DataFrame:
        return pl.DataFrame(list(self.made.values()))


def numbers_of(column: pl.Series) -> pl.Series:
    """Float64 of each value, null where it is no number; List(Float64) for a multivalue column."""
    if column.dtype != MULTIVALUE:
        return numeric(column)
    rows = pl.DataFrame({"row": pl.int_range(len(column), eager=True), "value": column}).explode("value")
    rows = rows.with_columns(numeric(rows.get_column("value")).alias("value"))
    return rows.group_by("row", maintain_order=True).agg("value").get_column("value")


class Input:
    """One argument. `present` is false for the bare `count`."""

    def __init__(self, name: str, column: pl.Series | None, columns: Columns, *, allnum: bool = False) -> None:
        self._name = name
        self._columns = columns
        self._allnum = allnum
        self.present = column is not None
        if column is None:
            column = columns.made[TIME]
        if column.dtype == pl.Boolean:  # a condition: true counts, false is no value
            column = pl.select(pl.when(pl.lit(column)).then(1)).to_series().cast(pl.Int64)
        elif column.dtype == pl.Null:
            column = column.cast(pl.String)
        self.column = column
        self.multivalue = column.dtype == MULTIVALUE
        self.is_number = column.dtype.is_numeric()

    @property
    def most_listed(self) -> int:
        return self._columns.most_listed

    # -- columns, made on demand

    @property
    def value(self) -> pl.Expr:
        """The column itself, a row each (lists are not flattened)."""
        return pl.col(self._columns.add(f"{self._name}.v", self.column))

    @property
    def number(self) -> pl.Expr:
        return pl.col(self._columns.add(f"{self._name}.n", self._numbers))

    @cached_property
    def _numbers(self) -> pl.Series:
        made = self._columns.made.get(f"{self._name}.n")
        if made is not None:
            return made
        column = numbers_of(self.column)
        if self._allnum and self._content_of(column) != "number":
            return pl.select(pl.when(pl.lit(False)).then(column)).to_series()
        return column

    @property
    def content(self) -> Content:
        """Whether the whole column holds numbers, texts, or both."""
        return self._content_of(self._numbers)

    def _content_of(self, numbers: pl.Series) -> Content:
        flat, texts = (numbers.explode(), self.column.explode()) if self.multivalue else (numbers, self.column)
        found = len(flat) - flat.null_count()
        if found == len(texts) - texts.null_count():
            return "number"
        return "mixed" if found else "text"

    # -- flattened values of a group, nulls left out

    def _flat(self, column: pl.Expr) -> pl.Expr:
        return column.explode() if self.multivalue else column

    @property
    def values(self) -> pl.Expr:
        return self._flat(self.value).drop_nulls()

    @property
    def texts(self) -> pl.Expr:
        if not self.is_number:
            return self.values
        return pl.col(self._columns.add(f"{self._name}.t", render(self.column))).drop_nulls()

    @property
    def numbers(self) -> pl.Expr:
        return self._flat(self.number).drop_nulls()

    @property
    def total(self) -> pl.Expr:
        """The sum of the numbers, added one after the other where that shows: fractions, in the last digits (avg of 10,000 times
        3.99 is 3.990000000000215 on Splunk). Sums of whole numbers are the same in any order. Null for no numbers."""
        flat = self._numbers.explode() if self.multivalue else self._numbers
        whole = bool((flat == flat.floor()).all())
        return self.numbers.sum() if whole else self.numbers.cum_sum().last()

    @property
    def aligned(self) -> tuple[pl.Expr, pl.Expr]:
        """Values and their numbers, position by position, nulls kept."""
        return self._flat(self.value), self._flat(self.number)

    # -- a value each row

    def one(self, *, first: bool) -> pl.Expr:
        """The first (or last) value of each row."""
        if not self.multivalue:
            return self.value
        return self.value.list.first() if first else self.value.list.last()

    @property
    def one_number(self) -> pl.Expr:
        return self.number.list.first() if self.multivalue else self.number

    @property
    def times(self) -> pl.Expr:
        """Times of the rows that have a value."""
        return pl.col(TIME).filter(self.value.is_not_null())

    def by_time(self, column: pl.Expr, *, latest: bool) -> pl.Expr:
        """The value of `column` in the earliest or latest row that has the field; of equal times the first row."""
        known = self.value.is_not_null() & pl.col(TIME).is_not_null()
        time = pl.col(TIME).filter(known)
        return column.filter(known).get(time.arg_max() if latest else time.arg_min(), null_on_oob=True)
