"""Conditions of `search` and `where` in one form: which field is tested, how, against what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal as Choice

from caltrop.spl import SplError, parse_search, unparse
from caltrop.spl.ast import (
    STORED,
    And,
    Binary,
    Call,
    Comparison,
    Directive,
    FieldName,
    InList,
    Keyword,
    Literal,
    Membership,
    Node,
    Not,
    Or,
    Subsearch,
    Unary,
    Word,
    is_time_modifier,
)

# equal    one of `wanted`, * standing for any text where the condition says so
# unequal  another value than `wanted`
# order    less or greater than `wanted[0]`; `op` says which
# pattern  the regular expression `wanted[0]`
# present  any value;  absent  none
# text     `wanted[0]` in the raw text
# not      what `inner` is not;  any  one of `inner`
# subsearch, time, other: what their names say
Shape = Choice[
    "equal", "unequal", "order", "pattern", "present", "absent", "text", "not", "any", "subsearch", "time", "other"
]

SHOWN = 100  # characters of a condition
_ORDER = ("<", "<=", ">", ">=")
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True, slots=True)
class Term:
    """One condition. `search`: of a search expression, where case does not count and * is a wildcard, else of eval."""

    node: Node
    search: bool
    shape: Shape
    field: str = ""
    wanted: tuple[str, ...] = ()
    op: str = "="
    inner: tuple[Term, ...] = ()

    @property
    def text(self) -> str:
        return cut(unparse(self.node), SHOWN)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that it reads, in order."""
        names = [node.name for node in self.node.walk() if isinstance(node, FieldName)]
        return tuple(dict.fromkeys(names or ([self.field] if self.field else [])))


def cut(text: str, length: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 1] + "…"


def conjuncts(node: Node) -> Iterator[Node]:
    """The conditions that have to hold together."""
    return _joined(node, And, "AND")


def _alternatives(node: Node) -> Iterator[Node]:
    return _joined(node, Or, "OR")


def _joined(node: Node, kind: type[And | Or], op: str) -> Iterator[Node]:
    """What a search or an eval expression joins by one operator, however nested."""
    if isinstance(node, kind):
        for item in node.items:
            yield from _joined(item, kind, op)
    elif isinstance(node, Binary) and node.op == op:
        yield from _joined(node.left, kind, op)
        yield from _joined(node.right, kind, op)
    else:
        yield node


def read(node: Node, *, search: bool) -> Term:
    """One condition of a search expression (`search`) or of an eval expression."""
    if isinstance(node, Or) or (isinstance(node, Binary) and node.op == "OR"):
        return Term(node, search, "any", inner=tuple(read(item, search=search) for item in _alternatives(node)))
    if isinstance(node, Not):
        return Term(node, search, "not", inner=(read(node.operand, search=search),))
    if isinstance(node, Unary) and node.op == "NOT":
        return Term(node, search, "not", inner=(read(node.operand, search=search),))
    return _searched(node) if search else _evaluated(node)


def _searched(node: Node) -> Term:
    if isinstance(node, Subsearch) or any(isinstance(part, Subsearch) for part in node.walk()):
        return Term(node, True, "subsearch")
    if is_time_modifier(node):
        return Term(node, True, "time")
    if isinstance(node, Keyword):
        return Term(node, True, "text", wanted=(node.text,))
    if isinstance(node, Directive):
        return Term(node, True, "text", wanted=(node.text,), op=node.name)
    if isinstance(node, Membership):
        texts = tuple(v.text for v in node.values if isinstance(v, Word | Directive))
        return Term(node, True, "equal", node.field.name, texts)
    if isinstance(node, Comparison) and isinstance(node.value, Word | Directive):
        text = node.value.text
        if node.op in ("=", STORED):
            everything = isinstance(node.value, Word) and text != "" and not text.strip("*")
            return Term(node, True, "present" if everything else "equal", node.field.name, (text,))
        shape: Shape = "unequal" if node.op == "!=" else "order"
        return Term(node, True, shape, node.field.name, (text,), node.op)
    return Term(node, True, "other")


def _evaluated(node: Node) -> Term:
    if isinstance(node, Binary):
        return _compared(node)
    if isinstance(node, InList) and isinstance(node.operand, FieldName):
        return _listed(node, node.operand, node.items)
    if isinstance(node, Call) and node.args:
        return _called(node)
    names = [item.name for item in node.walk() if isinstance(item, FieldName)]
    return Term(node, False, "other", names[0] if len(set(names)) == 1 else "")


def _compared(node: Binary) -> Term:
    left, right, op = node.left, node.right, node.op
    if isinstance(left, Literal) and isinstance(right, FieldName):
        left, right, op = right, left, _TURNED.get(op, op)
    if isinstance(left, FieldName) and isinstance(right, Literal):
        text = right.text or str(right.value)
        if op == "==":
            return Term(node, False, "equal", left.name, (text,))
        if op == "!=":
            return Term(node, False, "unequal", left.name, (text,), op)
        if op == "LIKE":
            return Term(node, False, "equal", left.name, (starred(text),), "LIKE")
        if op in _ORDER:
            return Term(node, False, "order", left.name, (text,), op)
    names = {item.name for item in node.walk() if isinstance(item, FieldName)}
    return Term(node, False, "other", names.pop() if len(names) == 1 else "")


def _listed(node: Node, field: FieldName, items: tuple[Node, ...]) -> Term:
    return Term(node, False, "equal", field.name, tuple(str(i.value) for i in items if isinstance(i, Literal)))


def _called(node: Call) -> Term:
    first, *rest = node.args
    texts = [arg.value for arg in rest if isinstance(arg, Literal) and isinstance(arg.value, str)]
    if node.name == "searchmatch" and isinstance(first, Literal):
        try:
            return replace(read(parse_search(str(first.value)), search=True), node=node)
        except SplError:
            return Term(node, False, "other")
    if isinstance(first, FieldName):
        if node.name == "isnotnull":
            return Term(node, False, "present", first.name)
        if node.name == "isnull":
            return Term(node, False, "absent", first.name)
        if node.name == "in":
            return _listed(node, first, tuple(rest))
        if node.name == "like" and texts:
            return Term(node, False, "equal", first.name, (starred(texts[0]),), "LIKE")
        if node.name == "match" and texts:
            return Term(node, False, "pattern", first.name, (texts[0],))
    names = {item.name for item in node.walk() if isinstance(item, FieldName)}
    return Term(node, False, "other", names.pop() if len(names) == 1 else "")


def starred(like: str) -> str:
    """The pattern of like() with * for %: near enough to look for similar values."""
    return like.replace("%", "*").replace("\\\\", "\\")
