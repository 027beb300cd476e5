"""Subsearches that cannot give what their place needs."""

from __future__ import annotations

from collections.abc import Iterator

from caltrop.analysis.flow import Run
from caltrop.analysis.mistake import Found, rule
from caltrop.analysis.reading import Reading
from caltrop.spl.ast import (
    Aggregation,
    Alias,
    Assignment,
    Command,
    FieldName,
    MacroCall,
    Option,
)
from caltrop.spl.commands import declaration_of
from caltrop.spl.fieldsets import OPEN

# What a subsearch hands in as it is, without `field=`.
_BARE = ("search", "query")


@rule(
    "subsearch-output",
    "error",
    "a subsearch that cannot give what its place needs",
    example="index=main | where src=[search index=dns | head 1 | fields src]",
    instead="index=main | where src=[search index=dns | head 1 | return $src]",
)
def subsearch_output(reading: Reading) -> Iterator[Found]:
    for run in reading.runs:
        if run.node is None or run.outer is None or not run.stages:
            continue
        last = run.stages[-1].command
        if isinstance(last, MacroCall):
            continue
        if run.place == "value":
            yield from _value(run, last)
        elif run.place == "condition":
            yield from _condition(run, last)
        elif run.outer.command.name == "join":
            yield from _join(run)
        elif run.outer.command.name == "multisearch":
            yield from _streams(run)


def _value(run: Run, last: Command) -> Iterator[Found]:
    """An operand or an argument: the text of the subsearch has to be one value."""
    assert run.node is not None
    if last.name == "return":
        if any(isinstance(part, FieldName | Alias) for part in last.parts):
            yield Found(
                last.span,
                "this gives field=value, and the expression around it needs a value",
                "write return $field: the dollar sign gives the bare value",
            )
    elif last.name != "format" and not any(_names(stage.command, _BARE) for stage in run.stages):
        yield Found(
            run.node.span,
            "the rows of this subsearch become ( field=value … ), and the expression around it needs a value",
            "end the subsearch with return $field",
        )


def _names(command: Command | MacroCall, wanted: tuple[str, ...]) -> bool:
    """Whether a field of one of these names may come to be here."""
    if isinstance(command, MacroCall):
        return True
    for node in command.walk():
        if isinstance(node, Assignment):
            name = node.target
        elif isinstance(node, FieldName):
            name = node.name
        else:
            name = (node.alias or "") if isinstance(node, Aggregation) else ""
        if name in wanted or "*" in name:
            return True
    return False


def _condition(run: Run, last: Command) -> Iterator[Found]:
    """Rows become comparisons of their fields with those of the rows around."""
    assert run.node is not None and run.outer is not None
    if last.name in ("return", "format"):
        return
    generating = declaration_of(run.outer.command.name).kind == "generating"  # it compares with what it reads itself
    given, around = run.output, OPEN if generating else run.outer.before
    if given.open or not given.names or given.patterns - {"_*"}:
        return
    if set(_BARE) & given.names:
        return
    calculated = sorted(name for name in given.names if "(" in name) or _counted(run)
    if around.open and calculated:
        yield Found(
            run.node.span,
            f"the subsearch gives {calculated[0]!r}, so that an event has to have a field of that name and value",
            "keep only fields that events have: | fields …",
        )
    elif not around.open and not any(around.has(name) for name in given.names):
        yield Found(
            run.node.span,
            "no row has any of the fields that the subsearch gives: " + ", ".join(sorted(given.names)[:6]),
            "rename them to fields of the rows: there are " + ", ".join(sorted(around.names)[:12]),
        )


def _counted(run: Run) -> list[str]:
    """`count` and `percent` under the names that commands gave them, unless a later command takes them away."""
    for stage in reversed(run.stages):
        command = stage.command
        if isinstance(command, MacroCall) or command.name in ("rename", "eval"):
            return []
        if not stage.after.open and "count" not in stage.after.names:
            return []
        if command.name in ("stats", "tstats", "eventstats", "streamstats", "chart"):
            return [a.text for a in command.of(Aggregation) if a.alias is None and a.text in ("count", "c")]
        if command.name in ("top", "rare"):
            shown = [
                o.name for o in command.of(Option) if o.name in ("showcount", "countfield", "showperc", "percentfield")
            ]
            return [] if shown else ["count"]
    return []


def _join(run: Run) -> Iterator[Found]:
    """The fields to join by have to be on both sides."""
    assert run.outer is not None and isinstance(run.outer.command, Command)
    command = run.outer.command
    if command.clause("where") or any(o.name in ("left", "right") for o in command.of(Option)):
        return
    first = run.stages[0].command
    if isinstance(first, Command) and first.name == "makeresults":  # a row to try things with
        return
    for field in command.of(FieldName):
        if "*" in field.name or "`" in field.name or "$" in field.name:
            continue
        if not run.output.has(field.name):
            hint = "it gives " + ", ".join(sorted(run.output.names)[:12])
            yield Found(field.span, f"join by {field.name!r}, which the subsearch does not give", hint)
        elif not run.outer.before.has(field.name):
            hint = "there are " + ", ".join(sorted(run.outer.before.names)[:12])
            yield Found(field.span, f"join by {field.name!r}, which no row before the join has", hint)


def _streams(run: Run) -> Iterator[Found]:
    for stage in run.stages:
        command = stage.command
        if isinstance(command, Command) and declaration_of(command.name).kind == "transforming":
            if command.name in ("table",):
                continue
            yield Found(
                command.span,
                f"multisearch takes streaming commands only, and {command.name} is none",
                "use append or union, or aggregate behind multisearch",
            )
