"""What a search asks of the index before it looks at fields: `name::value`, and the words that fields.conf speaks of.

`name::value` finds what was indexed with an event under that name, whatever search time makes of the field, and nothing that
only search time gives (Search Manual: use the TERM() directive and indexed fields). Behind the first command, and in event types,
where there are fields and no index, it is a comparison like any other.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

import polars as pl

from caltrop.engine.matching import BOUNDARY
from caltrop.index import Segment
from caltrop.knowledge.wording import Substitution, Wording
from caltrop.spl.ast import STORED, And, Comparison, Directive, FieldName, Keyword, Membership, Node, Not, Or, Word


def column(name: str) -> str:
    """The column that holds what the index has under a name."""
    return f"{name}{STORED}"


def terms(node: Node) -> frozenset[str]:
    """The fields that the expression asks the index for."""
    return frozenset(n.field.name for n in node.walk() if isinstance(n, Comparison) and n.op == STORED)


def of_segment(node: Node, segment: Segment, computed: Collection[str]) -> Node:
    """The expression for a segment's events, its `::` comparing the columns of `with_stored`. `computed` fields, which every event
    has in the index, are compared as they are."""
    if isinstance(node, And | Or):
        return type(node)(tuple(of_segment(item, segment, computed) for item in node.items), span=node.span)
    if isinstance(node, Not):
        return Not(of_segment(node.operand, segment, computed), span=node.span)
    if isinstance(node, Comparison) and node.op == STORED:
        name = node.field.name
        if name in computed:
            return Comparison(node.field, "=", node.value, span=node.span)
        if name not in segment.coded.columns:
            return Or(())
        return Comparison(FieldName(column(name)), "=", node.value, span=node.span)
    return node


def with_stored(frame: pl.DataFrame, names: Collection[str], segment: Segment, possible: pl.Expr) -> pl.DataFrame:
    """Events of the segment (all, or those that are `possible`), with what the index has of these fields."""
    stored = segment.coded
    names = [name for name in sorted(names) if name in stored.columns]
    if not names:
        return frame
    if frame.height != stored.height:
        stored = stored.filter(possible)
    return frame.with_columns(stored.get_column(name).alias(column(name)) for name in names)


# --- the words of values ------------------------------------------------------------------------------------------------


def needs(node: Node, wording: Wording) -> Node | None:
    """What the index must hold of an event that the expression may find, beyond what it says itself; None: nothing.

    What stands behind NOT is no matter of words, since an index that lacks a word cannot tell that the field has the value.
    """
    if isinstance(node, And):
        found = [need for item in node.items if (need := needs(item, wording)) is not None]
        return And(tuple(found)) if found else None
    if isinstance(node, Or):
        return _either([(item, needs(item, wording)) for item in node.items], wording)
    if isinstance(node, Comparison) and node.op == "=":
        return _of_value(node.field, node.value, wording)
    if isinstance(node, Membership):
        values = [Comparison(node.field, "=", value) for value in node.values]
        return _either([(item, needs(item, wording)) for item in values], wording)
    return None


def _either(items: list[tuple[Node, Node | None]], wording: Wording) -> Node | None:
    """What one of these needs, where all need something: a term whose words are those of the event stands for itself."""
    found = [need or item for item, need in items if need is not None or _is_word(item, wording)]
    return Or(tuple(found)) if len(found) == len(items) and any(need is not None for _, need in items) else None


def _is_word(node: Node, wording: Wording) -> bool:
    if isinstance(node, And):
        return any(_is_word(item, wording) for item in node.items)
    if isinstance(node, Comparison) and isinstance(node.value, Word):
        plain = node.op == "=" and not wording.is_computed(node.field.name) and wording.told.get(node.field.name, True)
        return node.op == STORED or bool(plain and node.value.text.strip("*"))
    return isinstance(node, Keyword | Directive)


def _of_value(field: FieldName, value: Node, wording: Wording) -> Node | None:
    if not isinstance(value, Word) or not value.text.strip("*"):
        return None
    if field.name in wording.stored:
        return Comparison(field, STORED, value)
    told = wording.told.get(field.name)  # what is told counts
    if told is None:
        told = wording.is_loose(field.name)
    if isinstance(told, Substitution):
        text = told.of(value.text)
        if text is None:
            return None
        name, stored, rest = text.partition(STORED)
        return Comparison(FieldName(name), STORED, Word(rest)) if stored and name.isidentifier() else _words(text)
    return _words(value.text) if told else None


_RUNS = re.compile(f"(?:\\*|(?!{BOUNDARY}).)+", re.DOTALL)


def _words(text: str) -> Node | None:
    """Each word of a value is one of the event's; a word behind an asterisk may be any part of one."""
    words = [Keyword(run, quoted=True) for run in _RUNS.findall(text) if run.strip("*") and "*" not in run.rstrip("*")]
    return And(tuple(words)) if words else None


def unasked(node: Node, segment: Segment, wording: Wording) -> Node | None:
    """`needs` for one segment: what was indexed with its events is found whatever their text."""
    return needs(node, replace(wording, held=frozenset(segment.coded.columns)))
