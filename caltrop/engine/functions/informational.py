"""Informational functions: what a value is (Search Reference: informational functions)."""

from __future__ import annotations

import polars as pl

from caltrop.engine.calls import Invocation
from caltrop.engine.jsonvalues import parse_json
from caltrop.engine.registry import function
from caltrop.engine.values import Value, by_row, calculate, constant

FAMILY = "informational"


@function("isnull", least=1, most=1, returns="bool", family=FAMILY)
def isnull(call: Invocation) -> Value:
    return calculate("bool", lambda x: x.is_null(), call.args[0])


@function("isnotnull", least=1, most=1, returns="bool", family=FAMILY)
def isnotnull(call: Invocation) -> Value:
    return calculate("bool", lambda x: x.is_not_null(), call.args[0])


def _is_number(value: Value) -> Value:
    """A number by its static type, or a field's value that reads as one. A quoted literal is a string."""
    if value.kind in ("string", "bool", "null"):
        return constant(False)
    return calculate("bool", lambda x: x.is_not_null(), value.number())


@function("isnum", least=1, most=1, returns="bool", family=FAMILY)
def isnum(call: Invocation) -> Value:
    return _is_number(call.args[0])


@function("isint", least=1, most=1, returns="bool", family=FAMILY)
def isint(call: Invocation) -> Value:
    number = call.args[0].number()
    whole = calculate("bool", lambda x: (x == x.floor()).fill_null(False), number)
    return calculate("bool", lambda a, b: a & b, _is_number(call.args[0]), whole)


@function("isdouble", least=1, most=1, returns="bool", family=FAMILY)
def isdouble(call: Invocation) -> Value:
    """A number with a fraction."""
    number = call.args[0].number()
    fraction = calculate("bool", lambda x: (x != x.floor()).fill_null(False), number)
    return calculate("bool", lambda a, b: a & b, _is_number(call.args[0]), fraction)


@function("isstr", least=1, most=1, returns="bool", family=FAMILY)
def isstr(call: Invocation) -> Value:
    value = call.args[0]
    if value.column.dtype == pl.Boolean:
        return constant(False)
    return calculate("bool", lambda x, number: x.is_not_null() & ~number, value, _is_number(value))


@function("isbool", least=1, most=1, returns="bool", family=FAMILY)
def isbool(call: Invocation) -> Value:
    return constant(call.args[0].column.dtype == pl.Boolean)


@function("ismv", least=1, most=1, returns="bool", family=FAMILY)
def ismv(call: Invocation) -> Value:
    value = call.args[0]
    if not value.multivalue:
        return constant(False)
    return calculate("bool", lambda x: (x.list.len() > 1).fill_null(False), value)


def _json_kind(call: Invocation, kind: type) -> Value:
    def row(text: str | None) -> bool:
        parsed, valid = parse_json(text)
        return valid and isinstance(parsed, kind)

    return by_row("bool", pl.Boolean, row, call.args[0].text())


@function("isarray", least=1, most=1, returns="bool", family=FAMILY)
def isarray(call: Invocation) -> Value:
    """Whether the value is the text of a JSON array."""
    return _json_kind(call, list)


@function("isobject", least=1, most=1, returns="bool", family=FAMILY)
def isobject(call: Invocation) -> Value:
    """Whether the value is the text of a JSON object."""
    return _json_kind(call, dict)


@function("typeof", least=1, most=1, returns="string", family=FAMILY)
def typeof(call: Invocation) -> Value:
    """Number, String, Bool, Multivalue, Null for null() and Invalid for a missing field."""
    value = call.args[0]
    if value.kind == "null":
        return constant("Null")
    missing = pl.lit("Invalid")
    if value.column.dtype == pl.Boolean:
        return calculate("string", lambda x: pl.when(x.is_null()).then(missing).otherwise(pl.lit("Bool")), value)
    if value.multivalue:
        return calculate(
            "string",
            lambda x, n: pl.when(x.is_null()).then(missing)
            .when(x.list.len() > 1).then(pl.lit("Multivalue"))
            .when(n.is_not_null()).then(pl.lit("Number")).otherwise(pl.lit("String")),
            value, value.number(),
        )  # fmt: skip
    return calculate(
        "string",
        lambda x, n: pl.when(x.is_null()).then(missing).when(n).then(pl.lit("Number")).otherwise(pl.lit("String")),
        value, _is_number(value),
    )  # fmt: skip
