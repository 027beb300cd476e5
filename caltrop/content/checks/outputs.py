"""Which fields a search can give out, read off its syntax tree and what its commands declare.

The answer is a set of names when the search closes it (stats, table, tstats, …), or "open" when any field of the data
may come through. Whatever is not known for sure leaves the set open: a check built on this never cries wolf.
"""

from __future__ import annotations

from collections.abc import Callable

from caltrop.content.model import MacroItem
from caltrop.spl import SplError, parse
from caltrop.spl.ast import Command, MacroCall, Pipeline, Subsearch, Word
from caltrop.spl.commands import declaration_of
from caltrop.spl.facts import has_macro
from caltrop.spl.fieldsets import NONE, OPEN, Fields

FindMacro = Callable[[str, int], MacroItem | None]
_MAX_DEPTH = 8


def output_fields(pipeline: Pipeline, find: FindMacro) -> Fields:
    """Fields of the result of a search; macros that are stages of their own are looked into."""
    return _pipeline(pipeline, find, NONE, 0)


def _pipeline(pipeline: Pipeline, find: FindMacro, start: Fields, depth: int) -> Fields:
    """Fields behind the commands; a pipeline that starts with nothing may start with the events of an index."""
    fields = start
    for number, stage in enumerate(pipeline.commands):
        searching = number == 0 and start == NONE and (isinstance(stage, MacroCall) or stage.name == "search")
        before = OPEN if searching else fields
        fields = (
            _macro(stage, find, before, depth) if isinstance(stage, MacroCall) else _command(stage, find, before, depth)
        )
    return fields


def _macro(call: MacroCall, find: FindMacro, fields: Fields, depth: int) -> Fields:
    macro = find(call.name, len(call.args))
    if macro is None or depth > _MAX_DEPTH:
        return OPEN
    text = macro.definition
    for name, value in zip(macro.arguments, call.args, strict=False):
        text = text.replace(f"${name}$", value.strip().strip('"'))
    if not text:
        return OPEN
    try:
        inner = parse(f"* | {text.lstrip().removeprefix('|')}")
    except SplError:
        return OPEN
    return _pipeline(Pipeline(commands=inner.commands[1:]), find, fields, depth + 1)


def _command(command: Command, find: FindMacro, fields: Fields, depth: int) -> Fields:
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
        inner = _pipeline(sub.pipeline, find, before if declared.combines == "through" else NONE, depth + 1)
        if inner.open:
            return OPEN
        out = out.adding(inner.names | inner.patterns)
    return out if command.of(Subsearch) else OPEN
