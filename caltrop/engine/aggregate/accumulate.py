"""Running values without a closed form: a small state for each group that takes one row after the other.

streamstats over all earlier rows uses these where `running` has nothing; reducing a growing window a row would be quadratic.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable
from functools import partial
from math import floor
from typing import Any

import polars as pl

from caltrop.dialect.lists import lists
from caltrop.engine import budget
from caltrop.engine.aggregate.functions import Function
from caltrop.engine.aggregate.inputs import Input, numbers_of
from caltrop.engine.table import MULTIVALUE, numeric, values_of

# Takes the texts of a row, their numbers (None where one is not) and its time; returns the value so far.
Step = Callable[[list[str], list[float | None], float | None], Any]


def accumulate(function: Function, x: Input, time: pl.Series, group: list[int], *, allnum: bool) -> pl.Series | None:
    """The value after each row of its group; None when the function has no such form."""
    column = x.column
    make = partial(_list, x.most_listed) if function.name == "list" else _STEPS.get(function.name)
    if make is None and function.rank is None:
        return None
    texts = [v or [] for v in values_of(column).to_list()]
    numbers = numbers_of(column)
    if allnum and (numbers.explode() if column.dtype == MULTIVALUE else numbers).null_count() > column.null_count():
        numbers = pl.Series([None], dtype=numbers.dtype).new_from_index(0, len(numbers))
    parsed = [n if isinstance(n, list) else [n] for n in numbers.to_list()]
    states: dict[int, Step] = {}
    out = []
    values = 0
    for key, row, known, at in budget.steps(zip(group, texts, parsed, numeric(time).to_list(), strict=True)):
        if key not in states:
            states[key] = make() if make is not None else _percentile(float(function.rank or 0))
        value = states[key](row, known, at)
        if isinstance(value, list):
            values += len(value)
            budget.size(16 * values)
        out.append(value)
    dtype = _TYPES.get(function.name, pl.Float64())
    return lists("", out) if dtype == MULTIVALUE else pl.Series(out, dtype=dtype)


def _values() -> Step:
    seen: list[str] = []

    def step(texts: list[str], numbers: list[float | None], at: float | None) -> list[str]:
        for text in texts:
            place = bisect_left(seen, text)
            if place == len(seen) or seen[place] != text:
                seen.insert(place, text)
        return seen.copy()

    return step


def _list(most: int) -> Step:
    seen: list[str] = []

    def step(texts: list[str], numbers: list[float | None], at: float | None) -> list[str]:
        seen.extend(texts[: most - len(seen)])
        return seen.copy()

    return step


def _dc() -> Step:
    seen: set[str] = set()

    def step(texts: list[str], numbers: list[float | None], at: float | None) -> int:
        seen.update(texts)
        return len(seen)

    return step


def _mode() -> Step:
    counts: Counter[str] = Counter()
    best = ""

    def step(texts: list[str], numbers: list[float | None], at: float | None) -> str | None:
        nonlocal best
        for text in texts:
            counts[text] += 1
            if counts[text] > counts[best] or (counts[text] == counts[best] and text < best):
                best = text
        return best if counts else None

    return step


def _extreme(*, largest: bool) -> Callable[[], Step]:
    def better(new: Any, old: Any) -> bool:
        return old is None or (new > old if largest else new < old)

    def make() -> Step:
        number: tuple[float, str] | None = None
        text: str | None = None

        def step(texts: list[str], numbers: list[float | None], at: float | None) -> str | None:
            nonlocal number, text
            for value, parsed in zip(texts, numbers, strict=False):
                if parsed is None:
                    text = value if better(value, text) else text
                elif number is None or better(parsed, number[0]):
                    number = parsed, value
            return number[1] if number is not None else text

        return step

    return make


def _percentile(rank: float) -> Step:
    """Interpolated over the sorted numbers so far."""
    seen: list[float] = []

    def step(texts: list[str], numbers: list[float | None], at: float | None) -> float | None:
        for number in numbers:
            if number is not None:
                insort(seen, number)
        if not seen:
            return None
        place = rank * (len(seen) - 1)
        low = int(place)
        high = min(low + 1, len(seen) - 1)
        return seen[low] + (seen[high] - seen[low]) * (place - low)

    return step


def _median() -> Step:
    seen: list[float] = []

    def step(texts: list[str], numbers: list[float | None], at: float | None) -> float | None:
        for number in numbers:
            if number is not None:
                insort(seen, number)
        if not seen:
            return None
        middle = (seen[(len(seen) - 1) // 2] + seen[len(seen) // 2]) / 2
        return float(floor(middle + 0.5)) if all(number == floor(number) for number in seen) else middle

    return step


def _rate() -> Step:
    first: tuple[float, float | None] | None = None
    last: tuple[float, float | None] | None = None

    def step(texts: list[str], numbers: list[float | None], at: float | None) -> float | None:
        nonlocal first, last
        if texts and at is not None:
            if first is None or at < first[0]:
                first = at, numbers[0]
            if last is None or at > last[0]:
                last = at, numbers[0]
        if first is None or last is None or first[1] is None or last[1] is None or last[0] <= first[0]:
            return None
        return (last[1] - first[1]) / (last[0] - first[0])

    return step


_STEPS: dict[str, Callable[[], Step]] = {
    "values": _values,
    "dc": _dc,
    "estdc": _dc,
    "median": _median,
    "mode": _mode,
    "max": _extreme(largest=True),
    "min": _extreme(largest=False),
    **dict.fromkeys(("rate", "rate_avg", "rate_sum"), _rate),
}
_TYPES: dict[str, pl.DataType] = {
    **dict.fromkeys(("values", "list"), MULTIVALUE),
    **dict.fromkeys(("dc", "estdc"), pl.Int64()),
    **dict.fromkeys(("mode", "max", "min"), pl.String()),
}
