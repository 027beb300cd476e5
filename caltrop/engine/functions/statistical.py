"""Statistical eval functions: over the arguments of one row (Search Reference: statistical eval functions)."""

from __future__ import annotations

import random as randomness
from itertools import chain

import polars as pl

from caltrop.engine.calls import Invocation
from caltrop.engine.registry import function
from caltrop.engine.table import render
from caltrop.engine.values import Value, by_row, calculate, to_number

FAMILY = "statistical"


def _values(row: tuple[list[str] | None, ...]) -> list[str]:
    return list(chain.from_iterable(values for values in row if values))


@function("max", least=1, most=None, family=FAMILY)
def max_(call: Invocation) -> Value:
    """The largest argument, multivalues spread out; any string is greater than any number."""
    return _extreme(call, largest=True)


@function("min", least=1, most=None, family=FAMILY)
def min_(call: Invocation) -> Value:
    return _extreme(call, largest=False)


def _extreme(call: Invocation, *, largest: bool) -> Value:
    if all(value.numbers for value in call.args):
        pick = pl.max_horizontal if largest else pl.min_horizontal
        return calculate("any", lambda *xs: pick(*xs), *(value.number() for value in call.args))

    if not any(value.multivalue for value in call.args) and not all(value.constant for value in call.args):
        return _extreme_text(call, largest=largest)
    literal = all(value.kind == "string" for value in call.args)  # strings by their type are compared as such

    def row(*lists: list[str] | None) -> str | None:
        ranked = [
            (1, 0.0, text, text) if literal or (number := to_number(text)) is None else (0, number, "", text)
            for text in _values(lists)
        ]
        if not ranked:
            return None
        return (max(ranked) if largest else min(ranked))[3]

    return by_row("any", pl.String, row, *(value.lists() for value in call.args))


def _extreme_text(call: Invocation, *, largest: bool) -> Value:
    """The same of single values, in columns. Of equal numbers the text decides."""
    literal = all(value.kind == "string" for value in call.args)
    pick = pl.max_horizontal if largest else pl.min_horizontal
    shown = [Value(render(value.column), constant=value.constant) for value in call.args]
    count = len(shown)

    def build(*both: pl.Expr) -> pl.Expr:
        texts, numbers = both[:count], both[count:]
        if literal:
            return pick(*texts)
        best = pick(*numbers)
        number = pick(*(pl.when(n == best).then(t) for t, n in zip(texts, numbers, strict=True)))
        text = pick(*(pl.when(n.is_null()).then(t) for t, n in zip(texts, numbers, strict=True)))
        return pl.coalesce(text, number) if largest else pl.coalesce(number, text)

    return calculate("any", build, *shown, *(value.number() for value in shown))


def _numbers(lists: tuple[list[str] | None, ...]) -> list[float]:
    return [number for text in _values(lists) if (number := to_number(text)) is not None]


def _addends(call: Invocation) -> list[Value]:
    """The arguments; a text literal is refused, a field that holds text is stepped over."""
    for i, value in enumerate(call.args):
        if value.kind in ("string", "bool") and value.constant:
            raise call.error(f"must be a number or a field, not a {value.kind}", i)
    return call.args


@function("sum", least=1, most=None, returns="number", family=FAMILY)
def sum_(call: Invocation) -> Value:
    """The sum of the arguments that are numbers."""
    args = _addends(call)
    if all(not value.multivalue for value in args):
        numbers = [value.number() for value in args]
        return calculate(
            "number",
            lambda *xs: pl.when(pl.any_horizontal(*(x.is_not_null() for x in xs))).then(pl.sum_horizontal(*xs)),
            *numbers,
        )
    return by_row(
        "number", pl.Float64, lambda *lists: sum(found) if (found := _numbers(lists)) else None,
        *(value.lists() for value in args),
    )  # fmt: skip


@function("avg", least=1, most=None, returns="number", family=FAMILY)
def avg(call: Invocation) -> Value:
    """The mean of the arguments that are numbers."""
    return by_row(
        "number", pl.Float64, lambda *lists: sum(found) / len(found) if (found := _numbers(lists)) else None,
        *(value.lists() for value in _addends(call)),
    )  # fmt: skip


@function("random", least=0, most=0, returns="number", family=FAMILY, clock=True)
def random(call: Invocation) -> Value:
    """A whole number from 0 to 2^31 - 1, another one for each row."""
    numbers = [float(randomness.getrandbits(31)) for _ in range(call.scope.height)]
    return Value(pl.Series(numbers, dtype=pl.Float64), kind="number")
