"""Comparisons that never mean what they look like."""

from __future__ import annotations

import re
from collections.abc import Iterator

from caltrop.analysis.mistake import Found, Severity, rule
from caltrop.analysis.reading import Reading, own
from caltrop.spl.ast import (
    And,
    Assignment,
    Binary,
    Call,
    Command,
    Comparison,
    Directive,
    FieldName,
    InList,
    Keyword,
    Literal,
    Node,
    Not,
    Or,
    Subsearch,
    Unary,
    Word,
)
from caltrop.spl.fieldsets import Fields


@rule(
    "wildcard",
    "error",
    "a wildcard in a comparison of an eval expression, where * stands for itself",
    example='index=main | where Image="*reg.exe"',
    instead='index=main | search Image="*reg.exe"',
)
def wildcard(reading: Reading) -> Iterator[Found]:
    for node in reading.nodes:
        if isinstance(node, Binary) and node.op in ("==", "!="):
            values: tuple[Node, ...] = (node.left, node.right)
        elif isinstance(node, InList):
            values = node.items
        else:
            continue
        for value in values:
            if isinstance(value, Literal) and isinstance(value.value, str) and _wild(value.value):
                like = value.value.replace("*", "%")
                yield Found(
                    value.span,
                    f'eval expressions have no wildcards: this compares with the text "{value.value}"',
                    f'use | search field="{value.value}", or like(field, "{like}")',
                )


def _wild(text: str) -> bool:
    """A star at an edge of a longer text. One alone may be meant: it is what some fields hold for "any"."""
    return bool(text.strip("*")) and (text[0] == "*" or text[-1] == "*") and not text.startswith("*.")


@rule(
    "several-values",
    "error",
    "= against several values, of which it compares with one",
    example='index=main | where user="a" OR "b"',
    instead='index=main | where user IN ("a", "b")',
)
def several_values(reading: Reading) -> Iterator[Found]:
    for node in reading.nodes:
        if isinstance(node, Binary) and node.op in ("AND", "OR", "XOR"):
            for side in (node.left, node.right):
                if isinstance(side, Literal) and not isinstance(side.value, bool):
                    yield Found(
                        side.span,
                        f"{reading.words(side.span)} is a value, and {node.op} joins conditions",
                        "repeat the field: a=1 OR a=2, or write a IN (1, 2)",
                    )
        elif isinstance(node, And) and _one_field(node):
            yield Found(
                node.span,
                "several values in parentheses must all be equal to the one field",
                "write field IN (a, b)",
            )
        elif isinstance(node, Comparison) and node.op == "=" and (listed := _listed(reading, node)):
            yield Found(node.value.span, *listed)
        elif isinstance(node, Or) and (keyword := _lone_value(node)) is not None:
            yield Found(
                keyword.span,
                f"{keyword.text!r} is searched for anywhere in the event, not compared with the field before OR",
                "repeat the field, or write field IN (a, b)",
                "warning",
            )


def _one_field(node: And) -> bool:
    """field=(a, b) or field=(a b): the one written field stands in every comparison."""
    if len(node.items) < 2 or not all(isinstance(item, Comparison) for item in node.items):
        return False
    items = [item for item in node.items if isinstance(item, Comparison)]
    first = items[0].field
    return (
        items[0].op == "=" and first.name.lower() not in ("tag", "eventtype") and all(i.field is first for i in items)
    )


_NUMBERS = re.compile(r"\d+(?:,\d+)+")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+")


def _listed(reading: Reading, node: Comparison) -> tuple[str, str, Severity] | None:
    """field=(a,b) without a blank, and field=1,2."""
    value = node.value
    if not isinstance(value, Word) or value.quoted or "," not in value.text:
        return None
    hint = "write field IN (a, b)"
    if reading.text[node.field.span.end : value.span.start].rstrip().endswith("("):
        return "one text with a comma in it is compared, not several values", hint, "error"
    if _NUMBERS.fullmatch(value.text) and not _THOUSANDS.fullmatch(value.text):
        return "one text with commas in it is compared, not several values", hint, "warning"
    return None


def _lone_value(node: Or) -> Keyword | None:
    """EventCode=4624 OR 4625: a bare number behind a comparison with a number."""
    for before, item in zip(node.items, node.items[1:], strict=False):
        numeric = isinstance(before, Comparison) and isinstance(before.value, Word) and before.value.text.isdigit()
        if numeric and isinstance(item, Keyword) and not item.quoted and item.text.isdigit():
            return item
    return None


@rule(
    "not-unequal",
    "error",
    "NOT x!=y, which is x=y and every event without x",
    example="index=main NOT status!=200",
    instead="index=main status=200",
)
def not_unequal(reading: Reading) -> Iterator[Found]:
    for node in reading.nodes:
        inner = node.operand if isinstance(node, Not | Unary) else None
        if isinstance(node, Unary) and node.op != "NOT":
            continue
        if isinstance(inner, Comparison | Binary) and inner.op == "!=":
            if isinstance(inner, Comparison) and not isinstance(inner.value, Word | Directive):
                continue
            yield Found(
                node.span,
                "NOT and != take each other back, and events without the field come along",
                "write field=value, or NOT field=value",
            )


# What people subtract: a warning about end-start would only be noise.
_QUANTITY = re.compile(
    r"time|start|end|first|last|min|max|tot|used?|free|count|sum|avg|size|byte|num|now|prev|before|after|begin|stop|old|new"
    r"|value|price|cost|age|epoch|dur|sent|rec|in$|out$|diff|delta|\d|^\w{1,3}$",
    re.IGNORECASE,
)
_HYPHENED = re.compile(r"[A-Za-z_]\w*(?:-[A-Za-z_]\w*)+")
_OF_TEXT = frozenset(
    {"lower", "upper", "len", "match", "replace", "like", "substr", "trim", "ltrim", "rtrim", "split", "urldecode",
     "isnull", "isnotnull", "mvcount", "mvindex", "mvjoin", "coalesce", "md5", "sha1", "sha256", "sha512", "cidrmatch",
     "mvdedup", "spath", "strptime", "ipmask"}
)  # fmt: skip


@rule(
    "subtraction",
    "error",
    "a field name with a hyphen that eval reads as a subtraction",
    example='index=proxy | where user-agent="curl"',
    instead="index=proxy | where 'user-agent'=\"curl\"",
)
def subtraction(reading: Reading) -> Iterator[Found]:
    """Certain where the whole is a field that the search names elsewhere, or that stands where a difference cannot."""
    if not any(isinstance(node, Binary) and node.op == "-" for node in reading.nodes):
        return
    named = _named(reading)
    for run in reading.runs:
        for stage in run.stages:
            if isinstance(stage.command, Command):
                for part in stage.command.parts:
                    yield from _subtractions(reading, part, stage.before, named)


def _subtractions(reading: Reading, part: Node, before: Fields, named: frozenset[str]) -> Iterator[Found]:
    texts = _texts(part)
    for chain in _chains(part):
        name = reading.words(chain.span).strip()
        if not _HYPHENED.fullmatch(name):
            continue
        halves = name.split("-")
        known = name in named or name in before.names or name in reading.known.searched()
        if not known and not before.open and all(before.has(half) for half in halves):
            continue
        says, hint = f"{name} is {' minus '.join(halves)} here", f"write '{name}', in single quotes, for the field"
        if known or id(chain) in texts:
            yield Found(chain.span, says, hint)
        elif not any(half in named or (len(halves) == 2 and _QUANTITY.search(half)) for half in halves):
            yield Found(chain.span, says, hint, "warning")


def _chains(node: Node, inside: bool = False) -> Iterator[Binary]:
    """The longest subtractions below a node."""
    minus = isinstance(node, Binary) and node.op == "-"
    if minus and not inside:
        assert isinstance(node, Binary)
        yield node
    for child in node.children():
        if not isinstance(child, Subsearch):
            yield from _chains(child, minus)


def _texts(node: Node) -> set[int]:
    """The nodes that stand where only a text makes sense: compared with one, or an argument of a function over text."""
    found: set[int] = set()
    for one in own(node):
        if isinstance(one, Binary) and one.op in ("==", "!=", "LIKE"):
            for side, other in ((one.left, one.right), (one.right, one.left)):
                if isinstance(other, Literal) and isinstance(other.value, str) and not _numeric(other.value):
                    found.add(id(side))
        elif isinstance(one, Call) and one.name in _OF_TEXT and one.args:
            found.update(id(arg) for arg in one.args[:1])
        elif isinstance(one, InList) and any(isinstance(i, Literal) and isinstance(i.value, str) for i in one.items):
            found.add(id(one.operand))
    return found


def _numeric(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _named(reading: Reading) -> frozenset[str]:
    """Fields that the search names outside of subtractions, the targets of eval among them."""
    found: set[str] = set()
    todo: list[Node] = [reading.pipeline]
    while todo:
        node = todo.pop()
        if isinstance(node, FieldName):
            found.add(node.name)
        elif isinstance(node, Assignment):
            found.add(node.target)
        if not (isinstance(node, Binary) and node.op == "-"):
            todo += node.children()
    return frozenset(found)
