"""Texts that hold data -> what a script computes with: objects are dicts, their keys in lower case."""

from __future__ import annotations

import csv
import json
import math
from typing import List

from .limits import MAX_ITEMS
from .values import Strings, Value

_LONGEST = 64 * 1024  # characters of a text that is taken apart
_DIGITS = 18


def of_json(text: str) -> Value:
    """ConvertFrom-Json; NotImplemented for what is none, or too long or too deep."""
    if len(text) > _LONGEST:
        return NotImplemented
    try:
        return json.loads(
            text,
            object_pairs_hook=lambda pairs: {key.lower(): value for key, value in pairs},
            parse_int=lambda digits: int(digits) if len(digits) <= _DIGITS else digits,
            parse_float=_float,
            parse_constant=str,
        )
    except (ValueError, RecursionError):
        return NotImplemented


def _float(digits: str) -> Value:
    value = float(digits)
    return value if math.isfinite(value) else digits


def of_csv(text: str, delimiter: str, header: Strings) -> Value:
    """ConvertFrom-Csv: a row an object, its columns by `header` or by the first line."""
    lines = [line for line in text[:_LONGEST].splitlines() if line.strip() and not line.startswith("#TYPE")]
    try:
        rows = list(csv.reader(lines, delimiter=delimiter))
    except (csv.Error, TypeError, ValueError):
        return NotImplemented
    names = [name.strip().lower() for name in header or (rows[0] if rows else [])]
    found: List[Value] = [dict(zip(names, row)) for row in (rows if header else rows[1:])[:MAX_ITEMS]]
    return found


def of_lines(text: str) -> Value:
    """ConvertFrom-StringData: `name = value` lines."""
    pairs = (line.partition("=") for line in text[:_LONGEST].splitlines() if "=" in line and line.lstrip()[:1] != "#")
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
