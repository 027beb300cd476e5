"""sigfig: how many figures of a calculation are significant (Search Reference: mathematical functions, sigfig).

Products and quotients keep the fewest significant figures of their operands, sums and differences the fewest decimals.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

import polars as pl

from caltrop.engine.calls import Scope
from caltrop.engine.values import Value, by_row, to_number
from caltrop.spl.ast import Binary, FieldName, Literal, Node, Unary


@dataclass(frozen=True, slots=True)
class Precision:
    """`figures` significant digits, of which `decimals` stand after the point; None is unlimited."""

    figures: int | None = None
    decimals: int | None = None


def precision_of(text: str) -> Precision:
    """The precision that a number was written with; whole numbers of trailing zeros are taken as written."""
    digits = text.strip().lstrip("+-").lower().partition("e")[0]
    whole, _, fraction = digits.partition(".")
    return Precision(len((whole + fraction).lstrip("0")) or 1, len(fraction))


def significant_figures(node: Node, value: Value, scope: Scope) -> Value:
    """`value` (what `node` evaluates to) rounded to its significant figures, row by row."""
    fields = sorted({n.name for n in node.walk() if isinstance(n, FieldName)})

    def row(number: float | None, *texts: str | None) -> float | None:
        if number is None:
            return None
        return rounded(number, _precision(node, dict(zip(fields, texts, strict=True))))

    return by_row("number", pl.Float64, row, value, *(scope.field(name).text() for name in fields))


def _precision(node: Node, fields: dict[str, str | None]) -> Precision:
    if isinstance(node, Literal) and isinstance(node.value, int | float):
        return precision_of(node.text or repr(node.value))
    if isinstance(node, FieldName):
        text = fields[node.name]
        return precision_of(text) if text is not None and to_number(text) is not None else Precision()
    if isinstance(node, Unary):
        return _precision(node.operand, fields)
    if isinstance(node, Binary):
        left, right = _precision(node.left, fields), _precision(node.right, fields)
        if node.op in "*/%":
            return Precision(figures=_least(left.figures, right.figures))
        return Precision(decimals=_least(left.decimals, right.decimals))
    return Precision()


def _least(a: int | None, b: int | None) -> int | None:
    known = [x for x in (a, b) if x is not None]
    return min(known) if known else None


def rounded(value: float, precision: Precision) -> float:
    exact = Decimal(repr(value))
    if value == 0 or not exact.is_finite():
        return value
    if precision.figures is not None:
        exponent = exact.adjusted() - precision.figures + 1
    elif precision.decimals is not None:
        exponent = -precision.decimals
    else:
        return value
    try:
        return float(exact.quantize(Decimal(1).scaleb(exponent), rounding=ROUND_HALF_UP))
    except InvalidOperation:  # more digits than are counted with: nothing to cut
        return value
