"""Aggregation one row at a time, as plainly as it can be said: the yardstick of the vectorised engine.

Rows are dicts; a cell is text or a list of texts. Results are dicts with missing cells left out.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

Row = dict[str, Any]
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")


def listed(cell: Any) -> list[str]:
    if cell is None:
        return []
    return list(cell) if isinstance(cell, list) else [cell]


def number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def values_in(rows: Sequence[Row], field: str) -> list[str]:
    return [value for row in rows for value in listed(row.get(field))]


def numbers_in(rows: Sequence[Row], field: str) -> list[float]:
    return [n for value in values_in(rows, field) if (n := number(value)) is not None]


def _extreme(rows: Sequence[Row], field: str, pick: Callable[..., Any]) -> Any:
    """Of numbers, where there are any; else of texts."""
    values = values_in(rows, field)
    numbers = [v for v in values if number(v) is not None]
    if numbers:
        return pick(numbers, key=lambda v: number(v) or 0.0)
    return pick(values) if values else None


def _percentile(rows: Sequence[Row], field: str) -> float | None:
    numbers = sorted(numbers_in(rows, field))
    if not numbers:
        return None
    place = 0.9 * (len(numbers) - 1)
    low = math.floor(place)
    return numbers[low] + (numbers[min(low + 1, len(numbers) - 1)] - numbers[low]) * (place - low)


def _deviation(rows: Sequence[Row], field: str) -> float | None:
    numbers = numbers_in(rows, field)
    if not numbers:
        return None
    mean = sum(numbers) / len(numbers)
    return math.sqrt(sum((n - mean) ** 2 for n in numbers) / (len(numbers) - 1)) if len(numbers) > 1 else 0.0


def _median(rows: Sequence[Row], field: str) -> float | None:
    found = sorted(numbers_in(rows, field))
    if not found:
        return None
    middle = (found[(len(found) - 1) // 2] + found[len(found) // 2]) / 2
    return float(math.floor(middle + 0.5)) if all(number == math.floor(number) for number in found) else middle


def _mode(rows: Sequence[Row], field: str) -> str | None:
    counts = Counter(values_in(rows, field))
    return min(counts, key=lambda value: (-counts[value], value)) if counts else None


def _by_time(rows: Sequence[Row], field: str, pick: Callable[..., Any]) -> str | None:
    having = [row for row in rows if listed(row.get(field))]
    return listed(pick(having, key=lambda row: row["_time"])[field])[0] if having else None


def _total(rows: Sequence[Row], field: str) -> float | None:
    numbers = numbers_in(rows, field)
    return sum(numbers) if numbers else None


def _average(rows: Sequence[Row], field: str) -> float | None:
    numbers = numbers_in(rows, field)
    return sum(numbers) / len(numbers) if numbers else None


def _ends(rows: Sequence[Row], field: str, *, first: bool) -> str | None:
    values = values_in(rows, field)
    return (values[0] if first else values[-1]) if values else None


FUNCTIONS: dict[str, Callable[[Sequence[Row], str], Any]] = {
    "count": lambda rows, field: len(values_in(rows, field)),
    "dc": lambda rows, field: len(set(values_in(rows, field))),
    "sum": _total,
    "avg": _average,
    "min": lambda rows, field: _extreme(rows, field, min),
    "max": lambda rows, field: _extreme(rows, field, max),
    "values": lambda rows, field: sorted(set(values_in(rows, field))) or None,
    "list": lambda rows, field: values_in(rows, field)[:100] or None,
    "first": lambda rows, field: _ends(rows, field, first=True),
    "last": lambda rows, field: _ends(rows, field, first=False),
    "earliest": lambda rows, field: _by_time(rows, field, min),
    "latest": lambda rows, field: _by_time(rows, field, max),
    "median": _median,
    "perc90": _percentile,
    "mode": _mode,
    "stdev": _deviation,
}


def reduce(rows: Sequence[Row], functions: Sequence[str], field: str) -> Row:
    result: Row = {"count": len(rows)}
    for name in functions:
        result[f"{name}({field})"] = FUNCTIONS[name](rows, field)
    return {key: value for key, value in result.items() if value is not None}


def groups_of(rows: Sequence[Row], by: Sequence[str]) -> dict[tuple[str, ...], list[Row]]:
    """Rows a combination of BY values; a row is in a group for each combination of its values."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        for key in itertools.product(*(listed(row.get(name)) for name in by)):
            groups.setdefault(key, []).append(row)
    return groups


def natural(key: Sequence[str]) -> list[tuple[bool, float, str]]:
    return [(number(value) is None, number(value) or 0.0, value) for value in key]


def stats(rows: Sequence[Row], functions: Sequence[str], field: str, by: Sequence[str]) -> list[Row]:
    if not by:
        return [reduce(rows, functions, field)]
    groups = groups_of(rows, by)
    return [
        dict(zip(by, key, strict=True)) | reduce(groups[key], functions, field) for key in sorted(groups, key=natural)
    ]


def first_key(row: Row, by: Sequence[str]) -> tuple[str, ...] | None:
    """The group whose result a row gets: that of the first value of each BY field."""
    cells = [listed(row.get(name)) for name in by]
    return tuple(cell[0] for cell in cells) if all(cells) else None


def eventstats(rows: Sequence[Row], functions: Sequence[str], field: str, by: Sequence[str]) -> list[Row]:
    groups = groups_of(rows, by)
    out = []
    for row in rows:
        key = first_key(row, by)
        out.append(row | (reduce(groups[key], functions, field) if key is not None else {}))
    return out


def streamstats(
    rows: Sequence[Row],
    functions: Sequence[str],
    field: str,
    by: Sequence[str],
    *,
    window: int = 0,
    current: bool = True,
    shared: bool = True,
) -> list[Row]:
    out = []
    for at, row in enumerate(rows):
        key = first_key(row, by)
        if key is None:
            out.append(dict(row))
            continue
        end = at + 1 if current else at
        seen = list(rows[:end])
        if window and shared:
            seen = list(rows[max(0, end - window) : end])
        seen = [other for other in seen if first_key(other, by) == key]
        if window and not shared:
            seen = seen[-window:]
        out.append(row | reduce(seen, functions, field))
    return out
