"""Where a field that has no value comes from, or went."""

from __future__ import annotations

import re

from caltrop.explain.asked import Asked
from caltrop.explain.findings import Subject, counted
from caltrop.explain.near import nearest
from caltrop.explain.terms import cut
from caltrop.spl import unparse
from caltrop.spl.ast import Alias, Assignment, Clause, Command, FieldName, Word
from caltrop.spl.commands import declaration_of
from caltrop.spl.fieldsets import NONE, OPEN

_GROUP = re.compile(r"\(\?P?<(\w+)>")
SHOWN = 80


def whence(asked: Asked, stage: int, field: str) -> tuple[Subject, str] | None:
    """The last command before a stage that gives the field, or that took it away, and why it has no value; None: the data."""
    for number in range(stage - 1, 0, -1):
        command = asked.commands[number]
        if command.name == "lookup" and field in _outputs(command):
            return "lookup", _unmatched(asked, number, command)
        if command.name == "rex" and any(field in _GROUP.findall(word.text) for word in command.of(Word)):
            return "field", _not_extracted(asked, number, command)
        text = f"stage {number + 1} `{cut(unparse(command), SHOWN)}`"
        if any(part.target == field for part in command.of(Assignment)):
            return "field", f"{text} gives it no value"
        renamed = next((p.target.name for p in command.of(Alias) if p.source.name == field), None)
        if command.name == "rename" and renamed is not None:
            return "field", f"{text} renamed it to `{renamed}`"
        gives = declaration_of(command.name).gives
        if not gives(command, OPEN).has(field):
            kept = sorted(gives(command, OPEN).names)
            return "field", f"{text} does not keep it" + (f" (it keeps {', '.join(kept[:8])})" if kept else "")
        if gives(command, NONE).has(field) and not gives(command, NONE).open:
            return "field", f"{text} should give it, and gave it no value"
    return None


def assigned(asked: Asked, stage: int, field: str) -> str:
    """The `eval` before a stage that computed the field; empty where none did."""
    for number in range(stage - 1, 0, -1):
        for part in asked.commands[number].of(Assignment):
            if part.target == field:
                return f"stage {number + 1} `{cut(f'eval {unparse(part)}', SHOWN)}`"
    return ""


def _outputs(command: Command) -> set[str]:
    found: set[str] = set()
    for part in command.of(Clause):
        for item in part.parts:
            if isinstance(item, Alias):
                found.add(item.target.name)
            elif isinstance(item, FieldName):
                found.add(item.name)
    return found


def _inputs(command: Command) -> list[tuple[str, str]]:
    """(lookup field, event field)"""
    found = []
    for part in command.parts:
        if isinstance(part, FieldName):
            found.append((part.name, part.name))
        elif isinstance(part, Alias):
            found.append((part.source.name, part.target.name))
    return found


def _unmatched(asked: Asked, number: int, command: Command) -> str:
    """Which input values a lookup does not have, and its nearest keys."""
    name = command.of(Word)[0].text if command.of(Word) else "?"
    lead = f"stage {number + 1}: the lookup `{name}` matches none of these rows"
    table = (Command("inputlookup", (Word(name),)),)
    told = []
    for key, event in _inputs(command):
        mine = asked.evidence.values(asked.before(number), event)
        theirs = asked.evidence.values(table, key)
        if not mine:
            told.append(f"`{event}` has no value in them")
        elif not theirs:
            told.append(f"the table has no `{key}`" if asked.evidence.count(table) else "the table is empty")
        else:
            alike = nearest([value for value, _ in mine[:3]], theirs)
            keys = (
                f"nearest keys: {counted(alike)}" if alike else f"{len(theirs):,} keys, such as {counted(theirs[:2])}"
            )
            told.append(f"{event} is {counted(mine[:2])}, {keys}")
    return f"{lead}: {'; '.join(told)}"


def _not_extracted(asked: Asked, number: int, command: Command) -> str:
    name = str(command.option("field", "_raw"))
    values = asked.evidence.values(asked.before(number), name)
    there = f"{name} is {counted(values[:2])}" if values else f"`{name}` has no value"
    return f"stage {number + 1}: the pattern of `rex` matches none of these rows: {there}"
