"""Values inside an eval expression: a column (or one constant) and what is known about its type before looking.

Expressions are evaluated a node at a time over whole columns. A constant is a column of one value that stretches to any
length, so that literals cost nothing. `kind` is the *static* type, which the type checks of eval read ("x"+1 is
refused, a+1 is not); fields are "any", because their type is decided row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from itertools import repeat
from typing import Any, Literal

import polars as pl

from caltrop.dialect.lists import lists
from caltrop.engine import budget
from caltrop.engine.table import MULTIVALUE, numeric, pick, render, values_of

# The type of a value that is known before any row is looked at ("any": depends on the row).
Returns = Literal["number", "string", "bool", "null", "any"]


class Value:
    """One evaluated (sub)expression: `column` holds one row when `constant`, else a row for each row of the input.

    `figures` are the significant digits that a product shows when it leaves the expression (null: all of them); what goes on
    inside the expression is calculated with the whole number.
    """

    __slots__ = ("_finite", "_number", "_text", "column", "constant", "figures", "kind")

    def __init__(
        self, column: pl.Series, *, constant: bool = False, kind: Returns = "any", figures: Value | None = None
    ) -> None:
        self.column = column
        self.constant = constant
        self.kind = kind
        self.figures = figures
        # Never the value itself: one that refers to itself holds its column until garbage is collected.
        self._number: Value | None = None
        self._text: Value | None = None
        self._finite = False  # it is its own number

    @property
    def multivalue(self) -> bool:
        return self.column.dtype == MULTIVALUE

    @property
    def numbers(self) -> bool:
        """Every row is a number or null by the column's type."""
        return self.column.dtype.is_numeric()

    def scalar(self) -> Any:
        """The one value of a constant (None when missing)."""
        return self.column[0]

    def shown(self) -> Value:
        """As it leaves the expression: rounded to its significant digits, though never left of the point."""
        if self.figures is None:
            return self
        return calculate(self.kind, _to_figures, self.number(), self.figures)

    def number(self) -> Value:
        """Float64; null where a row is not a number."""
        if self._finite:
            return self
        if self._number is None:
            if self.column.dtype == pl.Float64 and self.column.is_finite().all():
                self._finite = True
                return self
            self._number = Value(numeric(self.column), constant=self.constant, kind="number")
        return self._number

    def text(self) -> Value:
        """String; null where a row is missing or holds several values."""
        if self.column.dtype == pl.String:
            return self
        if self._text is None:
            column = single(self.column) if self.multivalue else render(self.shown().column)
            self._text = Value(column, constant=self.constant, kind="string")
        return self._text

    def lists(self) -> Value:
        """List(String); a single value is a list of one."""
        return self if self.multivalue else Value(values_of(self.column), constant=self.constant)

    def stretch(self, height: int) -> pl.Series:
        """The column at full length."""
        if not self.constant:
            return self.column
        return self.column.new_from_index(0, height)


def _to_figures(number: pl.Expr, figures: pl.Expr) -> pl.Expr:
    size = number.abs()
    decimals = (figures - size.log10().floor() - 1).clip(0, None)
    power = pl.lit(10.0).pow(decimals)
    scaled = size * power
    noise = (scaled * 1e-14).clip(None, 1e-3)
    units = (scaled + 0.5 + noise).floor()  # halves away from zero, whatever binary makes of 1.65
    rounds = figures.is_not_null() & (size != size.floor()) & (decimals < 16)  # nothing left of the point is rounded
    return pl.when(rounds).then(number.sign() * units / power).otherwise(number)


def single(column: pl.Series) -> pl.Series:
    """The only value of each list, null where there are more."""
    return pick(column.list.len() == 1, column.list.first())


def constant(value: str | float | bool | list[str] | None) -> Value:
    """A literal. Numbers are Float64, so that no product overflows."""
    if value is None:
        return Value(pl.Series([None], dtype=pl.String), constant=True, kind="null")
    if isinstance(value, bool):
        return Value(pl.Series([value]), constant=True, kind="bool")
    if isinstance(value, int | float):
        return Value(pl.Series([float(value)], dtype=pl.Float64), constant=True, kind="number")
    if isinstance(value, list):
        return Value(pl.Series([value], dtype=MULTIVALUE), constant=True)
    return Value(pl.Series([value], dtype=pl.String), constant=True, kind="string")


def to_number(text: str) -> float | None:
    """The number a text is, by the rule of `table.numeric`."""
    try:
        value = float(text)
    except ValueError:
        return None
    if "_" in text or value != value or value in (float("inf"), float("-inf")):
        return None
    return value


def calculate(kind: Returns, build: Callable[..., pl.Expr], *values: Value) -> Value:
    """A vectorised step: `build` gets one expression a value and returns the result's expression."""
    frame = pl.DataFrame([v.column.alias(str(i)) for i, v in enumerate(values) if not v.constant])
    result = build(*(pl.lit(v.column).first() if v.constant else pl.col(str(i)) for i, v in enumerate(values)))
    fixed = all(v.constant for v in values)
    column = (pl.select(result) if fixed else frame.select(result)).to_series()
    if not fixed and len(column) != frame.height:  # no column took part
        column = column.new_from_index(0, frame.height)
    return Value(column, constant=fixed, kind=kind)


def by_row(kind: Returns, dtype: pl.DataType | type[pl.DataType], compute: Callable[..., Any], *values: Value) -> Value:
    """The slow path: Python for each row, computed once for equal arguments. None is null."""
    fixed = all(v.constant for v in values)
    varying = [v for v in values if not v.constant]
    rows: Any
    positions: pl.Series | None = None
    if fixed:
        rows = [tuple(_python(v.scalar()) for v in values)]
    elif len(varying) == 1 and len(varying[0].column) > _MANY and not varying[0].multivalue:
        distinct, positions = _distinct(varying[0].column)
        rows = zip(*(repeat(_python(v.scalar())) if v.constant else distinct for v in values), strict=False)
    else:
        rows = zip(*(repeat(_python(v.scalar())) if v.constant else v.column.to_list() for v in values), strict=False)
    known: dict[Hashable, Any] = {}
    out = []
    size = 0
    for row in budget.steps(rows):
        key = tuple(tuple(item) if isinstance(item, list) else item for item in row)
        if key not in known:
            made = known[key] = compute(*row)
            size += _length(made)
            if size > _MUCH:
                budget.size(size)
        out.append(known[key])
    column = lists("", out) if dtype == MULTIVALUE else pl.Series(out, dtype=dtype, strict=False)
    return Value(column if positions is None else column.gather(positions), constant=fixed, kind=kind)


_MUCH = 1 << 20  # bytes from which it is looked at whether the search may have them


def _length(made: Any) -> int:
    """Bytes of a text or of a list of them, about."""
    if isinstance(made, str):
        return len(made)
    return 16 * len(made) + sum(map(len, made)) if isinstance(made, list) else 0


_MANY = 1_000  # rows from which looking for equal ones pays


def _distinct(column: pl.Series) -> tuple[list[Any], pl.Series]:
    """The distinct values, and for each row which one it has."""
    frame = column.to_frame("x")
    distinct = frame.unique(maintain_order=True).with_row_index("i")
    joined = frame.join(distinct, on="x", how="left", maintain_order="left", nulls_equal=True)
    return distinct.get_column("x").to_list(), joined.get_column("i")


def _python(item: Any) -> Any:
    return item.to_list() if isinstance(item, pl.Series) else item


def lists_or_text(value: Value) -> Value:
    """A multivalue of at most one value a row becomes a plain column; empty lists become null."""
    column = value.column
    if column.dtype != MULTIVALUE:
        return value
    length = column.list.len()
    if (length > 1).any():
        if (length == 0).any():
            column = pick(length > 0, column)
        return Value(column, constant=value.constant, kind=value.kind)
    return Value(column.list.first(), constant=value.constant, kind=value.kind)


def unify(values: Sequence[Value]) -> tuple[list[Value], Returns]:
    """Bring the branches of if, case, coalesce, … to one column type; returns their common static kind too."""
    kinds = {v.kind for v in values if v.kind != "null"}
    kind: Returns = next(iter(kinds)) if len(kinds) == 1 else ("null" if not kinds else "any")
    typed = [v for v in values if v.kind != "null"]
    if all(v.column.dtype == pl.Boolean for v in typed) and typed:
        return [
            Value(v.column.cast(pl.Boolean), constant=v.constant, kind=v.kind) if v.kind == "null" else v
            for v in values
        ], kind
    if any(v.multivalue for v in typed):
        return [v.lists() for v in values], kind
    if typed and all(v.numbers for v in typed):
        return [v.shown().number() for v in values], kind
    return [v.text() for v in values], kind
