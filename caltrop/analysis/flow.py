"""Which fields rows may have from stage to stage, read off the syntax tree and what commands declare.

The answer is a set of names where a command closes it (stats, table, tstats, …), or "open" where any field of the data
may come through. Whatever is not known for sure leaves the set open: a check built on this never cries wolf.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from caltrop.spl.ast import (
    And,
    Binary,
    Clause,
    Command,
    MacroCall,
    Node,
    Not,
    Or,
    Pipeline,
    Raw,
    Subsearch,
    Unary,
    Word,
)
from caltrop.spl.commands import declaration_of
from caltrop.spl.facts import has_macro
from caltrop.spl.fieldsets import NONE, OPEN, Fields

# What stands where a pipeline does:
# search     the search itself
# condition  a subsearch whose rows become a condition (`search [ … ]`, `where [ … ]`)
# value      one whose text becomes an operand or an argument of an expression
# beside     its rows come beside those before the command (append, join)
# through    it runs over the rows before the command (appendpipe)
# text       its text is written in before the command reads its arguments, or nothing is known of its place
Place = Literal["search", "condition", "value", "beside", "through", "text"]
_SEARCHES = ("search", "tstats", "mstats", "inputlookup", "inputcsv", "metasearch", "mcatalog")


@dataclass(frozen=True, slots=True)
class Stage:
    """One command or macro that could not be replaced, with the fields that rows may have before and behind it."""

    command: Command | MacroCall
    before: Fields
    after: Fields


@dataclass(frozen=True, slots=True)
class Run:
    """One pipeline; `outer` is the stage that a subsearch stands in, `node` the subsearch."""

    stages: tuple[Stage, ...]
    place: Place
    outer: Stage | None = None
    node: Subsearch | None = None

    @property
    def output(self) -> Fields:
        return self.stages[-1].after if self.stages else OPEN


def runs(pipeline: Pipeline) -> list[Run]:
    """The pipeline, then its subsearches, outermost first."""
    found: list[Run] = []
    todo: list[tuple[Pipeline, Place, Stage | None, Subsearch | None]] = [(pipeline, "search", None, None)]
    while todo:
        inner, place, outer, node = todo.pop(0)
        start = OPEN if place == "text" else outer.before if outer is not None and place == "through" else NONE
        run = Run(tuple(_stages(inner, start)), place, outer, node)
        found.append(run)
        for stage in run.stages:
            if isinstance(stage.command, Command):
                todo += [(sub.pipeline, where, stage, sub) for sub, where in _subsearches(stage.command)]
    return found


def output_fields(pipeline: Pipeline) -> Fields:
    """Fields of the result of a search."""
    return _output(pipeline, NONE)


def _output(pipeline: Pipeline, start: Fields) -> Fields:
    after = start
    for stage in _stages(pipeline, start):
        after = stage.after
    return after


def _stages(pipeline: Pipeline, start: Fields) -> Iterator[Stage]:
    """A pipeline that starts with nothing may start with the events of an index."""
    fields = start
    for number, command in enumerate(pipeline.commands):
        searching = number == 0 and start == NONE and (isinstance(command, MacroCall) or command.name == "search")
        before = OPEN if searching else fields
        fields = OPEN if isinstance(command, MacroCall) else _after(command, before)
        yield Stage(command, before, fields)


def _after(command: Command, fields: Fields) -> Fields:
    declared = declaration_of(command.name)
    if declared.combines is None:
        if has_macro(command) and not declared.reads_brackets:  # any field may come out of what is put in
            return OPEN
        return declared.gives(command, fields)
    before = NONE if declared.kind == "generating" else fields
    out = before
    if any(isinstance(part, Word | MacroCall) for part in command.parts):  # data sets named in union
        return OPEN
    for sub in command.of(Subsearch):
        inner = _output(sub.pipeline, before if declared.combines == "through" else NONE)
        if inner.open:
            return OPEN
        out = out.adding(inner.names | inner.patterns)
    return out if command.of(Subsearch) else OPEN


# --- where subsearches stand -----------------------------------------------------------------------------------------------


def _subsearches(command: Command) -> Iterator[tuple[Subsearch, Place]]:
    """The subsearches of a command, those inside subsearches left out, each with its place."""
    combines = declaration_of(command.name).combines
    for part in command.parts:
        if isinstance(part, Subsearch) and combines:
            yield part, combines
        elif command.name in ("foreach", "map", "set") or any(isinstance(p, Raw) for p in command.parts):
            yield from ((sub, "text") for sub in _below(part))
        elif command.name in _SEARCHES:
            yield from _of_search(part)
        elif command.name == "where":
            yield from _of_condition(part)
        else:
            yield from ((sub, "value" if command.name == "eval" else "text") for sub in _below(part))


def _below(node: Node) -> Iterator[Subsearch]:
    if isinstance(node, Subsearch):
        yield node
        return
    for child in node.children():
        yield from _below(child)


def _of_search(node: Node) -> Iterator[tuple[Subsearch, Place]]:
    if isinstance(node, Subsearch):
        yield node, "condition"
    elif isinstance(node, And | Or | Not | Clause):
        for child in node.children():
            yield from _of_search(child)
    else:
        yield from ((sub, "text") for sub in _below(node))


def _of_condition(node: Node) -> Iterator[tuple[Subsearch, Place]]:
    """A subsearch that stands for a whole condition of `where` may give comparisons; any other has to give a value."""
    if isinstance(node, Subsearch):
        yield node, "condition"
    elif (isinstance(node, Binary) and node.op in ("AND", "OR", "XOR")) or (
        isinstance(node, Unary) and node.op == "NOT"
    ):
        for child in node.children():
            yield from _of_condition(child)
    else:
        yield from ((sub, "value") for sub in _below(node))
