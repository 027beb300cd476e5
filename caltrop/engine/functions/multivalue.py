"""Multivalue functions (Search Reference: multivalue eval functions)."""

from __future__ import annotations

import re

import polars as pl

from caltrop.dialect.lists import collected
from caltrop.dialect.moments import shift
from caltrop.dialect.patterns import Regex
from caltrop.dialect.spans import parse_span
from caltrop.engine import budget
from caltrop.engine.calls import Invocation, Scope, as_condition, invalid_arguments
from caltrop.engine.expressions import evaluate
from caltrop.engine.regexes import compile_pattern
from caltrop.engine.registry import function
from caltrop.engine.table import MULTIVALUE, number_text, pick, render
from caltrop.engine.values import Value, by_row, calculate, constant, lists_or_text
from caltrop.index.coding import by_value
from caltrop.spl import SplError, parse
from caltrop.spl.ast import Command, FieldName

FAMILY = "multivalue"
MAX_RANGE = 1_000_000  # values one mvrange may make


def _list(value: Value) -> Value:
    """A computed multivalue in its tidy form."""
    return lists_or_text(Value(value.column, constant=value.constant))


@function("split", least=2, most=2, family=FAMILY)
def split(call: Invocation) -> Value:
    """The pieces between delimiters; an empty delimiter gives the characters."""

    def row(text: str | None, delimiter: str | None) -> list[str] | None:
        if text is None or delimiter is None:
            return None
        return (text.split(delimiter) if delimiter else list(text)) or None

    text, delimiter = call.args
    if delimiter.constant and delimiter.text().scalar() and not text.multivalue:
        if 16 * int(text.column.estimated_size()) > budget.allowed().memory:
            pieces = text.text().column.str.count_matches(delimiter.text().scalar(), literal=True)
            budget.size(16 * int(pieces.sum()))
        return _list(calculate("any", lambda x: x.str.split(delimiter.text().scalar()), text.text()))
    return _list(by_row("any", MULTIVALUE, row, text.text(), delimiter.text()))


@function("mvcount", least=1, most=1, returns="number", family=FAMILY)
def mvcount(call: Invocation) -> Value:
    call.refuse("null")
    return calculate("number", lambda x: x.list.len().cast(pl.Float64), call.args[0].lists())


@function("mvindex", least=2, most=3, family=FAMILY)
def mvindex(call: Invocation) -> Value:
    """One value, or an inclusive range; negative positions count from the end, out of range there is none."""
    values = call.args[0].lists()
    if len(call.args) == 2:
        return calculate(
            "any",
            lambda x, i: x.list.get(i.cast(pl.Int64, strict=False), null_on_oob=True),
            values,
            call.args[1].number(),
        )

    return _list(calculate("any", _range, values, call.args[1].number(), call.args[2].number()))


def _range(values: pl.Expr, start: pl.Expr, end: pl.Expr) -> pl.Expr:
    length = values.list.len().cast(pl.Int64)
    first, last = (_place(position, length) for position in (start, end))
    begin = first.clip(0, None)
    return pl.when(first.is_not_null() & last.is_not_null()).then(
        values.list.slice(begin, (last + 1 - begin).clip(0, None))
    )


_FAR = 1e15  # values


def _place(position: pl.Expr, length: pl.Expr) -> pl.Expr:
    """A position from the start, also where it is counted from the end."""
    whole = position.clip(-_FAR, _FAR).cast(pl.Int64)
    return pl.when(position < 0).then(whole + length).otherwise(whole)


@function("mvappend", least=1, most=None, family=FAMILY)
def mvappend(call: Invocation) -> Value:
    def row(*lists: list[str] | None) -> list[str] | None:
        return [item for items in lists if items for item in items] or None

    args = [value.lists() for value in call.args]
    if all(value.constant for value in args):
        return _list(by_row("any", MULTIVALUE, row, *args))
    columns = [value.stretch(call.scope.height).fill_null([]).alias(str(i)) for i, value in enumerate(args)]
    budget.size(sum(int(column.estimated_size()) for column in columns))
    joined = pl.DataFrame(columns).select(pl.concat_list(pl.all()).alias("joined")).to_series()
    return _list(Value(pick(joined.list.len() > 0, joined)))


@function("mvdedup", least=1, most=1, family=FAMILY)
def mvdedup(call: Invocation) -> Value:
    return _list(calculate("any", lambda x: x.list.unique(maintain_order=True), call.args[0].lists()))


@function("mvsort", least=1, most=1, family=FAMILY)
def mvsort(call: Invocation) -> Value:
    """Sorted by code points."""
    values = call.args[0].lists()
    if values.constant:
        return _list(calculate("any", lambda x: x.list.sort(), values))
    flat = (
        values.column.alias("value").to_frame().with_row_index("row").drop_nulls().explode("value").sort("row", "value")
    )
    (made,) = collected(flat.get_column("row"), [flat.get_column("value")], len(values.column))
    return _list(Value(made))


@function("mvreverse", least=1, most=1, family=FAMILY)
def mvreverse(call: Invocation) -> Value:
    return _list(calculate("any", lambda x: x.list.reverse(), call.args[0].lists()))


@function("mvjoin", least=2, most=2, returns="string", family=FAMILY)
def mvjoin(call: Invocation) -> Value:
    lists, delimiter = call.args[0].lists(), call.args[1].text()
    between = max((len(d) for d in delimiter.column.drop_nulls().unique()), default=0)
    counts = lists.column.list.len()
    budget.value(between * int(str(counts.max() or 0)))
    budget.size(between * int(counts.sum()) + int(lists.column.estimated_size()))
    return calculate("string", lambda x, d: x.list.join(d), lists, delimiter)


@function("mvzip", least=2, most=3, family=FAMILY)
def mvzip(call: Invocation) -> Value:
    """Pairs of values, as far as the shorter one goes."""
    delimiter = call.args[2].text() if len(call.args) > 2 else constant(",")
    first, second = call.args[0], call.args[1]
    if not (first.multivalue or second.multivalue):
        one, other = (Value(render(v.column), constant=v.constant) for v in (first, second))
        return calculate("any", lambda a, b, between: pl.concat_str(a, between, b), one, other, delimiter)
    if not (first.constant or second.constant):
        return _zipped(first.lists().column, second.lists().column, delimiter)

    def row(left: list[str] | None, right: list[str] | None, between: str | None) -> list[str] | None:
        if left is None or right is None or between is None:
            return None
        return [f"{a}{between}{b}" for a, b in zip(left, right, strict=False)] or None

    return _list(by_row("any", MULTIVALUE, row, call.args[0].lists(), call.args[1].lists(), delimiter))


def _zipped(left: pl.Series, right: pl.Series, delimiter: Value) -> Value:
    """Pairs of whole columns: all values below one another, and back into a list a row."""
    frame = pl.DataFrame([left.alias("a"), right.alias("b"), delimiter.stretch(len(left)).alias("between")])
    length = pl.min_horizontal(pl.col("a").list.len(), pl.col("b").list.len())
    flat = (
        frame.with_row_index("row")
        .drop_nulls(["a", "b", "between"])
        .filter(length > 0)
        .with_columns(pl.col("a").list.head(length), pl.col("b").list.head(length))
        .explode("a", "b")
    )
    pairs = flat.select("row", pl.concat_str("a", "between", "b").alias("pair"))
    (made,) = collected(pairs.get_column("row"), [pairs.get_column("pair")], len(left))
    return _list(Value(made))


@function("mvfind", least=2, most=2, returns="number", family=FAMILY)
def mvfind(call: Invocation) -> Value:
    """Position of the first value in which the regular expression is found."""
    values = call.args[0].lists()
    if call.args[1].constant and (words := call.fixed(1)) is not None:
        regex = compile_pattern(words, node=call.node.args[1])
        if not values.constant:
            return Value(_found(values.column, regex), kind="number")

    def row(items: list[str] | None, words: str | None) -> float | None:
        if items is None or words is None:
            return None
        search = compile_pattern(words).bounded.search
        return next((float(i) for i, item in enumerate(items) if search(item)), None)

    return call.rows(call.args[1], "number", pl.Float64, row, call.args[0].lists(), call.args[1].text())


def _found(values: pl.Series, regex: Regex) -> pl.Series:
    flat = values.alias("value").to_frame().with_row_index("row").explode("value")
    (found,) = by_value(flat.get_column("value"), lambda column: [regex.matches(column)])
    place = pl.int_range(pl.len()).over("row").cast(pl.Float64)
    places = flat.select("row", place.alias("place")).filter(found.fill_null(False))
    firsts = places.group_by("row").agg(pl.col("place").min())
    rows = pl.DataFrame([pl.int_range(len(values), dtype=pl.UInt32, eager=True).alias("row")])
    return rows.join(firsts, on="row", how="left", maintain_order="left").get_column("place")


@function("mvrange", least=2, most=3, family=FAMILY, zone=True)
def mvrange(call: Invocation) -> Value:
    """Numbers from start up to, not including, end; a step may be a span of time such as 7d."""
    step = call.args[2] if len(call.args) > 2 else constant(1)
    tz = call.ctx.timezone

    def row(start: float | None, end: float | None, text: str | None) -> list[str] | None:
        if start is None or end is None or text is None:
            return None
        try:
            length = float(text)
        except ValueError:
            return _time_range(start, end, text, tz, call)
        if length == 0:
            return None
        count = int(-((start - end) // length)) if (end - start) / length > 0 else 0
        if count > MAX_RANGE:
            raise call.error(f"would make more than {MAX_RANGE} values")
        return [number_text(start + i * length) for i in range(count)] or None

    ends = (call.args[0].number(), call.args[1].number())
    given = next((value for value in (*ends, step) if not value.constant), step)
    return _list(call.rows(given, "any", MULTIVALUE, row, *ends, step.text()))


def _time_range(start: float, end: float, text: str, tz: str, call: Invocation) -> list[str] | None:
    span = parse_span(text)
    if span is None or span.count < 1:
        raise call.error(f"is neither a number nor a span of time: '{text}'", 2)
    out: list[str] = []
    moment = start
    while moment < end:
        out.append(number_text(moment))
        if len(out) > MAX_RANGE:
            raise call.error(f"would make more than {MAX_RANGE} values")
        moment = shift(start, span.count * len(out), span.unit, tz)
    return out or None


@function("mvfilter", least=1, most=1, family=FAMILY)
def mvfilter(call: Invocation) -> Value:
    """The values for which the condition holds; the condition may name one field only."""
    node = call.node.args[0]
    names = {n.name for n in node.walk() if isinstance(n, FieldName)}
    if len(names) != 1:
        raise call.error("takes a condition on exactly one field", 0)
    name = names.pop()
    exploded = _explode(call.scope.field(name), call.scope)
    inner = call.scope.over(exploded.frame, {**_spread(call.scope, exploded), name: Value(exploded.values)})
    keep = (
        as_condition(evaluate(node, inner), node, "mvfilter", invalid_arguments("mvfilter"))
        .stretch(len(exploded.values))
        .fill_null(False)
    )
    return exploded.collect(Value(pick(keep, exploded.values)))


@function("mvmap", least=2, most=2, family=FAMILY)
def mvmap(call: Invocation) -> Value:
    """The expression for each value of the field, with the field's name standing for the value."""
    field = next((n for n in call.node.args[0].walk() if isinstance(n, FieldName)), None)
    if field is None:
        raise call.error("must name a field", 0)
    exploded = _explode(call.args[0], call.scope)
    inner = call.scope.over(exploded.frame, {**_spread(call.scope, exploded), field.name: Value(exploded.values)})
    result = evaluate(call.node.args[1], inner)
    if result.column.dtype == pl.Boolean:
        raise call.error("cannot give Booleans", 1)
    return exploded.collect(Value(result.stretch(len(exploded.values))))


class _Exploded:
    """Values below one another: `rows` says which row each came from, `frame` is that row's other fields."""

    def __init__(self, values: pl.Series, rows: pl.Series, frame: pl.DataFrame, height: int, constant: bool) -> None:
        self.values = values
        self.rows = rows
        self.frame = frame
        self.height = height
        self.constant = constant

    def collect(self, result: Value) -> Value:
        """Results back into a list for each row they came from."""
        items = pl.DataFrame({"row": self.rows, "item": result.lists().column}).drop_nulls("item").explode("item")
        grouped = items.group_by("row", maintain_order=True).agg(pl.col("item"))
        every = pl.DataFrame({"row": pl.int_range(self.height, dtype=pl.UInt32, eager=True)})
        column = every.join(grouped, on="row", how="left", maintain_order="left").get_column("item")
        return _list(Value(column.cast(MULTIVALUE)))


def _explode(value: Value, scope: Scope) -> _Exploded:
    column = value.lists().stretch(scope.height)
    budget.rows(int(column.list.len().sum()), scope.frame.width + len(scope.bound))
    table = pl.DataFrame(
        {"row": pl.int_range(len(column), dtype=pl.UInt32, eager=True), "value": column.cast(MULTIVALUE)}
    )
    table = table.drop_nulls("value").explode("value")
    rows = table.get_column("row")
    return _Exploded(table.get_column("value"), rows, scope.frame[rows], scope.height, value.constant)


def _spread(scope: Scope, exploded: _Exploded) -> dict[str, Value]:
    """Names bound outside, repeated for the exploded rows."""
    return {
        name: value if value.constant else Value(value.column.gather(exploded.rows))
        for name, value in scope.bound.items()
    }


@function("commands", least=1, most=1, family=FAMILY)
def commands(call: Invocation) -> Value:
    """The names of the commands in a search text."""

    def row(text: str | None) -> list[str] | None:
        if text is None:
            return None
        try:
            return [c.name for c in parse(text).commands if isinstance(c, Command)] or None
        except SplError:
            return [m[1] for m in re.finditer(r"(?:^|\|)\s*(\w+)", text)] or None

    return _list(by_row("any", MULTIVALUE, row, call.args[0].text()))
