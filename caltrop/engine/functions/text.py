"""Text functions (Search Reference: text functions). Over a multivalue they work on each value."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

import polars as pl

from caltrop.dialect.patterns import replacement_template
from caltrop.engine.calls import Invocation
from caltrop.engine.regexes import compile_pattern
from caltrop.engine.registry import function
from caltrop.engine.structured import spath_values
from caltrop.engine.values import Value, by_row, calculate, constant, lists_or_text
from caltrop.index.coding import by_value

FAMILY = "text"


def each(value: Value, build: Callable[[pl.Expr], pl.Expr]) -> Value:
    """A text step on every value, whether there is one or several."""
    if value.multivalue:
        return calculate("any", lambda x: x.list.eval(build(pl.element())), value)
    return calculate("string", build, value.text())


@function("len", "length", least=1, most=1, returns="number", family=FAMILY)
def len_(call: Invocation) -> Value:
    """The number of characters."""
    call.refuse("number", "bool", "null")
    return calculate("number", lambda x: x.str.len_chars().cast(pl.Float64), call.args[0].text())


@function("lower", least=1, most=1, returns="string", family=FAMILY)
def lower(call: Invocation) -> Value:
    call.refuse("number", "bool", "null")
    return each(call.args[0], lambda x: x.str.to_lowercase())


@function("upper", least=1, most=1, returns="string", family=FAMILY)
def upper(call: Invocation) -> Value:
    call.refuse("number", "bool", "null")
    return each(call.args[0], lambda x: x.str.to_uppercase())


def _trim(name: str, build: Callable[[pl.Expr, str], pl.Expr]) -> None:
    @function(name, least=1, most=2, returns="string", family=FAMILY)
    def run(call: Invocation) -> Value:
        if len(call.args) == 1 or call.args[1].constant:
            characters = call.fixed(1, " \t")
            return constant(None) if characters is None else each(call.args[0], lambda x: build(x, characters))
        strip = {"trim": str.strip, "ltrim": str.lstrip, "rtrim": str.rstrip}[name]
        return by_row(
            "string", pl.String, lambda s, c: None if s is None or c is None else strip(s, c),
            call.args[0].text(), call.args[1].text(),
        )  # fmt: skip


_trim("trim", lambda x, c: x.str.strip_chars(c) if c else x)
_trim("ltrim", lambda x, c: x.str.strip_chars_start(c) if c else x)
_trim("rtrim", lambda x, c: x.str.strip_chars_end(c) if c else x)


@function("substr", least=2, most=3, returns="string", family=FAMILY)
def substr(call: Invocation) -> Value:
    """SQLite's rules: positions count from 1, a negative start from the end, a negative length before the start."""
    text, start = call.args[0].text(), call.args[1].number()
    if len(call.args) == 2:
        return calculate("string", _substr, text, start)
    return calculate("string", _substr, text, start, call.args[2].number())


_FAR = 1e15  # characters


def _substr(text: pl.Expr, start: pl.Expr, length: pl.Expr | None = None) -> pl.Expr:
    size, at = text.str.len_chars().cast(pl.Int64), start.clip(-_FAR, _FAR).cast(pl.Int64)
    first = pl.when(start > 0).then(at - 1).when(start < 0).then(size + at).when(start == 0).then(-1)
    last = size if length is None else first + length.clip(-_FAR, _FAR).cast(pl.Int64)
    begin, end = (pick(first, last).clip(0, None) for pick in (pl.min_horizontal, pl.max_horizontal))
    missing = first.is_null() | last.is_null()
    return pl.when(~missing).then(text.str.slice(begin, end - begin))


@function("replace", least=3, most=3, returns="string", family=FAMILY)
def replace(call: Invocation) -> Value:
    """Every match of a regular expression replaced; \\1 is a group."""
    text, pattern, replacement = call.args
    if pattern.constant and replacement.constant:
        words, new = pattern.text().scalar(), replacement.text().scalar()
        if words is None or new is None:
            return constant(None)
        regex = compile_pattern(words, node=call.node.args[1])
        if not text.multivalue:
            subject = text.text()
            (made,) = by_value(subject.column, lambda column: [regex.replace(column, replacement_template(new))])
            return Value(made, constant=subject.constant, kind="string")

    def one(value: str, words: str, new: str) -> str:
        return compile_pattern(words).bounded.replace(value, replacement_template(new))

    def row(values: list[str] | None, words: str | None, new: str | None) -> list[str] | None:
        return None if values is None or words is None or new is None else [one(v, words, new) for v in values]

    result = call.rows(
        pattern, "any", pl.List(pl.String), row, text.lists(), pattern.text(), replacement.text(),
        otherwise=lambda values, *_: values,
    )  # fmt: skip
    return lists_or_text(result)


@function("urldecode", least=1, most=1, returns="string", family=FAMILY)
def urldecode(call: Invocation) -> Value:
    """Percent escapes decoded; + stays."""
    call.refuse("number", "bool", "null")
    return by_row("string", pl.String, lambda s: None if s is None else unquote(s), call.args[0].text())


@function("spath", least=2, most=2, family=FAMILY)
def spath(call: Invocation) -> Value:
    """The values at a path of a JSON or XML text."""
    result = by_row(
        "any", pl.List(pl.String),
        lambda text, path: None if text is None or path is None else spath_values(text, path) or None,
        call.args[0].text(), call.args[1].text(),
    )  # fmt: skip
    return lists_or_text(result)
