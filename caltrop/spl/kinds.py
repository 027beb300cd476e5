"""The types of options' values, and a value's text as a value of its type."""

from __future__ import annotations

import math
import re
from enum import Enum

from caltrop.dialect.words import option_truth
from caltrop.spl.ast import Scalar


class Kind(Enum):
    """The type of an option's value."""

    BOOL = "bool"
    INT = "int"
    FLOAT = "float"  # a number; whole ones become int
    STR = "str"
    LIST = "list"  # text that may hold commas: a,b,c
    EXPR = "expr"  # text, or eval(…), or a search expression in parentheses (startswith of transaction)
    EVAL = "eval"  # an eval expression, in parentheses and quotes as it pleases (reset_after of streamstats)


BOOL, INT, FLOAT, STR, LIST, EXPR, EVAL = Kind


def fits(value: object, kind: Kind | None) -> bool:
    """Whether an option of the type may have the value: true or false where these are asked for, a number for a whole number (of which
    the fraction is for its command to judge). Any other type takes anything."""
    if kind is Kind.BOOL:
        return isinstance(value, bool)
    try:
        return kind is not Kind.INT or math.isfinite(float(str(value)))
    except ValueError:
        return False


def convert(text: str, kind: Kind | None) -> Scalar:
    """The value of an option's text; text that does not fit its type stays text, for the engine to refuse by name."""
    if kind is Kind.BOOL:
        known = option_truth(text)
        return text if known is None else known
    if kind in (Kind.INT, Kind.FLOAT):
        try:
            return int(text)
        except ValueError:
            pass
        if kind is Kind.FLOAT and re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
            return float(text)
    return text
