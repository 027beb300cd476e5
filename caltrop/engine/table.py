"""The value that flows between commands.

Every visible or hidden field is a column of `frame`, in Splunk's result order, and has one of four types:

* `pl.String`        values of events, text;
* `pl.Float64`       numbers that a command or eval computed (`_time` too: epoch seconds);
* `pl.Int64`         the same, whole (counts); both are numbers, nobody else tells them apart;
* `pl.List(String)`  a field that is multivalue in at least one row; a one-element list is a plain value.

Null is "no such field in this row". An empty list never occurs: it is written as null. A String whose text is a number is a
number wherever a number is wanted (`numeric`). Rendering to the text a person sees is `render` and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import polars as pl

from caltrop.dialect.columns import take_names_literally
from caltrop.engine import budget

MULTIVALUE = pl.List(pl.String)
# Values, below which a column is done sooner one by one: an operation of Polars takes as long as sixty of them.
FEW = 128

take_names_literally()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows on their way through a pipeline.

    `events` is true while rows are still events of an index (before a transforming command), newest first as a rule.
    """

    frame: pl.DataFrame
    events: bool = False

    @property
    def fields(self) -> list[str]:
        return self.frame.columns

    def __len__(self) -> int:
        return self.frame.height

    def __contains__(self, name: str) -> bool:
        return name in self.frame.columns

    def slices(self, most: int) -> Iterator[pl.DataFrame]:
        """The rows in order, no more than `most` at a time."""
        return self.frame.iter_slices(most)

    def whole(self) -> Table:
        """All rows at once."""
        return self

    def with_frame(self, frame: pl.DataFrame, *, events: bool | None = None) -> Table:
        return replace(self, frame=frame, events=self.events if events is None else events)

    @staticmethod
    def empty(fields: Iterable[str] = ()) -> Table:
        return Table(pl.DataFrame(schema=dict.fromkeys(fields, pl.String)))


@lru_cache(maxsize=64)
def _no_values(dtype: pl.DataType) -> pl.Series:
    return pl.Series([], dtype=dtype)


def rowless(schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """A frame of these columns without rows: one and the same for equal schemas, which nobody changes."""
    return _rowless(tuple(schema.items()))


@lru_cache(maxsize=1024)
def _rowless(columns: tuple[tuple[str, pl.DataType], ...]) -> pl.DataFrame:
    return pl.DataFrame([_no_values(dtype).alias(name) for name, dtype in columns])


def is_multivalue(dtype: pl.DataType) -> bool:
    return dtype == MULTIVALUE


def is_number(dtype: pl.DataType) -> bool:
    return dtype.is_numeric()


def pick(mask: pl.Series, yes: pl.Series, no: pl.Series | None = None) -> pl.Series:
    """`yes` where the mask is true, else `no` (null when it is not given). All have one length and type."""
    other = pl.Series(yes.name, [None], dtype=yes.dtype).new_from_index(0, len(yes)) if no is None else no
    return yes.zip_with(mask.fill_null(False) if mask.null_count() else mask, other).alias(yes.name)


def chosen(frame: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    """These columns, by name: a field may be called `*`, which `select` reads as all."""
    return pl.DataFrame([frame.get_column(name) for name in names])


def reversed_rows(frame: pl.DataFrame) -> pl.DataFrame:
    """Last row first. (DataFrame.reverse loses the type of lists that are null in every row.)"""
    return frame[pl.int_range(frame.height - 1, -1, -1, eager=True)]


def newest_first(frame: pl.DataFrame) -> pl.DataFrame:
    """By `_time`, newest first, else as it is: pieces that follow one another in time are in order as they stand."""
    if frame.get_column("_time").is_sorted(descending=True):
        return frame
    return frame.sort("_time", descending=True, maintain_order=True)


def numeric(column: pl.Series) -> pl.Series:
    """Float64, null where a value is not a number. A multivalue is a number only where it holds exactly one."""
    if column.dtype.is_integer():
        return column.cast(pl.Float64)
    if column.dtype.is_float():
        return _finite(column.cast(pl.Float64))
    if column.dtype == pl.Boolean or column.dtype == pl.Null:
        return pl.Series(column.name, [None] * len(column), dtype=pl.Float64)
    if column.dtype == MULTIVALUE:
        column = pick(column.list.len() == 1, column.list.first())
    number = column.cast(pl.Float64, strict=False)
    if number.null_count() > column.null_count():
        number = column.str.strip_chars().cast(pl.Float64, strict=False)
    return _finite(number)


def _finite(number: pl.Series) -> pl.Series:
    """Without nan and the infinities: a result may be one and shows it, but nothing can be calculated with it."""
    if math.isfinite(number.sum() or 0.0):  # what one of them is, the sum is
        return number
    finite = number.is_finite()
    return number if finite.all() else pick(finite, number)


def values_of(column: pl.Series) -> pl.Series:
    """Every cell as a list of strings (null stays null), whatever the type: what multivalue functions work on."""
    if column.dtype == MULTIVALUE:
        return column
    text = render(column)
    return (
        text.to_frame("x")
        .select(pl.when(pl.col("x").is_not_null()).then(pl.concat_list("x")))
        .to_series()
        .alias(text.name)
    )


def render(column: pl.Series) -> pl.Series:
    """The text of each value; multivalues stay lists. Numbers as Splunk writes them (`number_text`)."""
    if column.dtype == MULTIVALUE or column.dtype == pl.String:
        return column
    if column.dtype.is_integer():
        return column.cast(pl.String)
    if column.dtype == pl.Boolean:
        return pl.Series(column.name, [None if v is None else ("True" if v else "False") for v in column], pl.String)
    if column.dtype == pl.Null:
        return column.cast(pl.String)
    if len(column) <= FEW:
        return pl.Series(column.name, [None if v is None else number_text(v) for v in column.to_list()], pl.String)
    whole = column.round(0) == column
    if (whole & (column.abs() < 1e15)).all():  # nulls do not count
        return column.cast(pl.Int64).cast(pl.String)
    # The shortest text that reads back is what `number_text` gives where it has at most 15 digits and no exponent.
    short = column.cast(pl.String).str.strip_suffix(".0").str.replace("^-0$", "0")
    size = column.abs()
    usual = (size >= 1e-4) & (size < 1e15) & (short.str.len_bytes() <= 16) | (size == 0)
    rest = column.filter(~usual.fill_null(True)).unique()
    if not len(rest):
        return short
    texts = {value: number_text(value) for value in rest.to_list()}
    slow = column.replace_strict(list(texts), list(texts.values()), default=None, return_dtype=pl.String)
    return short.zip_with(usual.fill_null(True), slow).alias(column.name)


_CLEAN = 12  # significant digits up to which what follows the fifteenth is rounding noise


def number_text(value: float) -> str:
    """How a number looks when it leaves eval: whole numbers without a point, else the shortest text that reads back.

    A number that differs from a short decimal by the noise of binary arithmetic alone (0.1+0.2) is that decimal.
    """
    if value != value:
        return "nan"
    if value in (float("inf"), float("-inf")):
        return "inf" if value > 0 else "-inf"
    if abs(value) < 2**63 and value == int(value):
        return str(int(value))
    rounded = f"{value:.15g}"
    digits = rounded.partition("e")[0].replace(".", "").replace("-", "").strip("0")
    if len(digits) > _CLEAN:
        return repr(value)
    whole = int(float(rounded))
    return str(whole) if whole == float(rounded) and abs(whole) < 2**63 else rounded


def concat(tables: Sequence[Table]) -> Table:
    """Rows below one another; columns are united in order of first appearance and types widened to fit."""
    frames = [t.frame for t in tables if t.frame.width]
    if not frames:
        return tables[0] if tables else Table.empty()
    kinds: dict[str, set[pl.DataType]] = {}
    for frame in frames:
        for name, dtype in frame.schema.items():
            kinds.setdefault(name, set()).add(dtype)
    target = {name: common(types) for name, types in kinds.items()}
    budget.rows(sum(frame.height for frame in frames), len(target))
    return Table(pl.concat([conform(f, target) for f in frames]), events=all(t.events for t in tables))


def stacked(pieces: Sequence[Table]) -> Table:
    """Events found piece by piece, newest first; without the columns that no event has."""
    frame = pieces[0].frame if len(pieces) == 1 else newest_first(concat(pieces).frame)
    empty = [c.name for c in frame.get_columns() if c.null_count() == frame.height and c.name not in ("_time", "_raw")]
    return Table(frame.drop(empty) if empty else frame, events=True)


def coalesced(strong: pl.Series, weak: pl.Series) -> pl.Series:
    """The first of two columns that has a value, row by row, under the name of the first; types are united as `concat` does."""
    dtype = common({strong.dtype, weak.dtype})
    first, second = (conform(column.alias("x").to_frame(), {"x": dtype}).get_column("x") for column in (strong, weak))
    return pick(first.is_not_null(), first, second).alias(strong.name)


def common(types: set[pl.DataType]) -> pl.DataType:
    """The type that holds values of all of these."""
    types = {t for t in types if t != pl.Null} or {pl.String()}
    if len(types) == 1:
        return next(iter(types))
    if MULTIVALUE in types:
        return MULTIVALUE
    if all(t.is_numeric() for t in types):
        return pl.Float64()
    return pl.String()


def conform(frame: pl.DataFrame, target: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """The frame with these columns of these types; no other."""
    columns = []
    for name, dtype in target.items():
        if name not in frame.columns:
            columns.append(pl.Series(name, [None], dtype=dtype).new_from_index(0, frame.height))
            continue
        column = frame.get_column(name)
        if column.dtype == dtype:
            columns.append(column)
        elif dtype == MULTIVALUE:
            columns.append(values_of(column))
        elif dtype == pl.String:
            columns.append(render(column))
        else:
            columns.append(column.cast(dtype))
    return pl.DataFrame(columns)
