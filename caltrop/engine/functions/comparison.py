"""Comparison and conditional functions (Search Reference: comparison and conditional functions)."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

import polars as pl

from caltrop.dialect.addresses import inside, ipv4
from caltrop.engine import matching, subsearches
from caltrop.engine.calls import Invocation
from caltrop.engine.expressions import choose, coalesce, compare, like, membership
from caltrop.engine.regexes import compile_pattern, found_in
from caltrop.engine.registry import function
from caltrop.engine.values import Value, by_row, constant
from caltrop.spl import SplError, parse_search

FAMILY = "comparison"


@function("case", least=2, most=None, family=FAMILY)
def case(call: Invocation) -> Value:
    """The value after the first true condition."""
    if len(call.args) % 2:
        raise call.error("takes pairs of a condition and a value: the number of arguments must be even")
    result = constant(None)
    for i in range(len(call.args) - 2, -1, -2):
        result = choose(call.condition(i), call.args[i + 1], result)
    return result


@function("validate", least=2, most=None, family=FAMILY)
def validate(call: Invocation) -> Value:
    """The value after the first condition that is not true; a missing condition counts as false."""
    if len(call.args) % 2:
        raise call.error("takes pairs of a condition and a value: the number of arguments must be even")
    result = constant(None)
    for i in range(len(call.args) - 2, -1, -2):
        result = choose(call.condition(i), result, call.args[i + 1])
    return result


@function("if", least=3, most=3, family=FAMILY)
def if_(call: Invocation) -> Value:
    return choose(call.condition(0), call.args[1], call.args[2])


@function("coalesce", least=1, most=None, family=FAMILY)
def coalesce_(call: Invocation) -> Value:
    return coalesce(call.args)


@function("nullif", least=2, most=2, family=FAMILY)
def nullif(call: Invocation) -> Value:
    return choose(compare("==", call.args[0], call.args[1]), constant(None), call.args[0])


@function("null", least=0, most=0, returns="null", family=FAMILY)
def null(call: Invocation) -> Value:
    return constant(None)


@function("true", least=0, most=0, returns="bool", family=FAMILY)
def true(call: Invocation) -> Value:
    return constant(True)


@function("false", least=0, most=0, returns="bool", family=FAMILY)
def false(call: Invocation) -> Value:
    return constant(False)


@function("in", least=2, most=None, returns="bool", family=FAMILY)
def in_(call: Invocation) -> Value:
    return membership(call.args[0], call.args[1:])


@function("like", least=2, most=2, returns="bool", family=FAMILY)
def like_(call: Invocation) -> Value:
    return like(call.args[0], call.args[1])


@function("match", least=2, most=2, returns="bool", family=FAMILY)
def match(call: Invocation) -> Value:
    """Whether the pattern is found in the text, or in any value of a multivalue."""
    text, pattern = call.args
    if pattern.constant:
        words = pattern.text().scalar()
        if words is None:
            return constant(None)
        regex = compile_pattern(words, node=call.node.args[1])
        subject = text if text.multivalue else text.text()
        return Value(found_in(regex, subject.column), constant=subject.constant, kind="bool")

    def row(values: list[str] | None, words: str | None) -> bool | None:
        if not values or words is None:
            return None
        return any(compile_pattern(words).bounded.search(value) is not None for value in values)

    return call.rows(
        pattern, "bool", pl.Boolean, row, text.lists(), pattern.text(), otherwise=lambda *_: False
    )  # no match, where there is no pattern


@lru_cache(maxsize=1024)
def network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None


@function("cidrmatch", least=2, most=2, returns="bool", family=FAMILY)
def cidrmatch(call: Invocation) -> Value:
    """Whether an address is inside a subnet; false for what is no address, true for a multivalue when any value is inside."""

    def row(block: str | None, addresses: list[str] | None) -> bool | None:
        if block is None or not addresses:
            return None
        net = network(block)
        return net is not None and any(_inside(address, net) for address in addresses)

    block, address = call.args[0].text(), call.args[1]
    if block.constant and not address.constant and not address.multivalue:
        net = network(block.scalar()) if block.scalar() is not None else None
        if isinstance(net, ipaddress.IPv4Network):
            return Value(_in_block(address.text().column, net), kind="bool")
    return by_row("bool", pl.Boolean, row, call.args[0].text(), call.args[1].lists())


def _in_block(text: pl.Series, net: ipaddress.IPv4Network) -> pl.Series:
    """Whether each is inside; null of null."""
    found = inside(ipv4(text.str.strip_chars()), net)
    others = text.filter(found.is_null()).drop_nulls().unique()
    if len(others):  # IPv6, networks, what is none
        found = found.zip_with(found.is_not_null(), text.is_in([other for other in others if _inside(other, net)]))
    return found


def _inside(address: str, net: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    try:
        if "/" in address:
            inner = ipaddress.ip_network(address, strict=False)
            return inner.version == net.version and inner.subnet_of(net)  # type: ignore[arg-type]
        return ipaddress.ip_address(address.strip()) in net
    except ValueError:
        return False


@function("searchmatch", least=1, most=1, returns="bool", family=FAMILY)
def searchmatch(call: Invocation) -> Value:
    """Whether the row matches a search expression."""
    try:
        node = parse_search(call.fixed(0) or "")
    except SplError as error:
        raise call.error(f"cannot be read: {error}", 0) from error
    resolved = matching.with_times(subsearches.resolve(node, call.ctx), call.ctx)
    frame = call.scope.frame
    condition = matching.predicate(resolved, frame).alias("match")
    column = (frame.select(condition) if frame.width else pl.select(condition)).to_series()
    return Value(column, constant=len(column) != frame.height, kind="bool")
