"""How many significant digits a product shows (eval, outside exact()).

Nothing of this is in the manuals but the function that switches it off; practitioners report it with examples: 3*0.5 is 2,
2*0.90 is 1.8, 0.014*0.230 is 0.0032, 2.1*1024 is 2150, 2.1000*1024 is 2150.4, 1100*0.9 is 990, 3/2 is 1.5. So

* a factor that is written with a point counts as many digits as it is written with, leading zeros aside; a whole number
  and the result of any other calculation do not limit the product;
* the product has the digits of the factor that has fewest, but what is left of the point is never rounded;
* it is rounded where it leaves the expression (a field, a text), not between its steps and not in a comparison.

Sums, differences, quotients and remainders keep all their digits: nobody reports otherwise.
"""

from __future__ import annotations

import polars as pl

from caltrop.engine.table import render
from caltrop.engine.values import Value, calculate
from caltrop.spl.ast import Call, FieldName, Literal, Node, Unary

_DIGITS = r"^\s*[+-]?0*\.?0*([\d.]*)(?:[eE][+-]?\d+)?\s*$"
_MOST = 16  # a number of so many digits is the result of a calculation, not one that somebody wrote


def figures_of(node: Node, value: Value) -> Value | None:
    """The digits that a factor allows, row by row (null: any); None when it never limits."""
    if value.figures is not None:
        return value.figures
    if isinstance(node, Unary):
        return figures_of(node.operand, value)
    if isinstance(node, Literal):
        return _counted(Value(pl.Series([node.text]), constant=True)) if "." in node.text else None
    rounded = isinstance(node, Call) and node.name == "round"
    if not (rounded or isinstance(node, FieldName)) or value.multivalue or value.column.dtype.is_integer():
        return None
    if value.column.dtype.is_float() and bool((value.column == value.column.floor()).all()):
        return None
    return _counted(Value(render(value.column), constant=value.constant))


def fewest(left: Value | None, right: Value | None) -> Value | None:
    """The smaller of two limits, row by row."""
    if left is None or right is None:
        return right if left is None else left
    return calculate("number", lambda a, b: pl.min_horizontal(a, b), left, right)


def _counted(text: Value) -> Value:
    def count(x: pl.Expr) -> pl.Expr:
        digits = x.str.extract(_DIGITS, 1).str.replace(".", "", literal=True).str.len_chars().cast(pl.Int64)
        return pl.when(x.str.contains(".", literal=True) & (digits > 0) & (digits < _MOST)).then(digits)

    return calculate("number", count, text)
