"""What may come next at the prompt: commands, fields, values, functions, macros."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

COMMAND, FIELD, VALUE, FUNCTION, MACRO, ORDER = "command", "field", "value", "function", "macro", "order"
_WORD = re.compile(r"[\w.@:{}*-]*\Z")
_VALUE = re.compile(r'([\w.{}]+)\s*(?:=|!=)\s*("?)([^"\s|)]*)\Z')
_FIRST = re.compile(r"(?:^|\||\[)\s*(\w*)\Z")
_COMMAND = re.compile(r"(?:^|[|\[])\s*(\w+)")
# Commands whose arguments are functions, beside fields.
_EVALUATING = frozenset({"eval", "where", "fieldformat"})
_COUNTING = frozenset({"stats", "eventstats", "streamstats", "chart", "timechart", "sistats", "tstats"})


@dataclass(frozen=True, slots=True)
class Names:
    """What there is: `values` are those of a field that are most frequent, `aggregations` statistical functions."""

    commands: Sequence[str] = ()
    fields: Sequence[str] = ()
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    functions: Sequence[str] = ()
    aggregations: Sequence[str] = ()
    macros: Sequence[str] = ()
    orders: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """`text` takes the place of the last `replaces` characters before the cursor."""

    text: str
    replaces: int
    kind: str


def proposals(before: str, names: Names) -> Iterator[Proposal]:
    """For the text before the cursor, the likeliest first."""
    if before.startswith("\\"):
        yield from _starting(before, names.orders, ORDER)
        return
    if before.count("`") % 2:
        yield from _starting(before.rpartition("`")[2], names.macros, MACRO)
        return
    value = _VALUE.search(before)
    if value and value[1] in names.values:
        quote, typed = value[2], value[3]
        for text in names.values[value[1]]:
            if text.lower().startswith(typed.lower()):
                yield Proposal(_quoted(text, quote), len(typed) + len(quote), VALUE)
        return
    first = _FIRST.search(before)
    if first and "|" in before[: first.start() + 1]:
        yield from _starting(first[1], names.commands, COMMAND)
        return
    typed = _WORD.search(before)
    word = typed[0] if typed else ""
    command = (_COMMAND.findall(before) or [""])[-1].lower()
    if command in _EVALUATING:
        yield from _starting(word, [f"{name}(" for name in names.functions], FUNCTION)
    if command in _COUNTING and not re.search(r"\bby\b[^|]*\Z", before, re.IGNORECASE):
        yield from _starting(word, names.aggregations, FUNCTION)
    yield from _starting(word, names.fields, FIELD)
    if first:  # the very beginning may be a command as well as a word to search for
        yield from _starting(first[1], names.commands, COMMAND)


def _starting(typed: str, names: Sequence[str], kind: str) -> Iterator[Proposal]:
    for name in names:
        if name.lower().startswith(typed.lower()) and name != typed:
            yield Proposal(name, len(typed), kind)


def _quoted(text: str, quote: str) -> str:
    """A value as the search takes it."""
    if not quote and re.fullmatch(r"[\w.:/@-]+", text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def complete(text: str) -> bool:
    """Whether Enter ends the search: not behind a pipe, inside quotes, or with a bracket open."""
    bare = re.sub(r'"[^"]*"', "", re.sub(r"\\.", "", text, flags=re.DOTALL))
    if bare.count('"') % 2 or bare.count("```") % 2 or bare.replace("```", "").count("`") % 2:
        return False
    if any(bare.count(a) > bare.count(b) for a, b in ("()", "[]")):
        return False
    return not text.rstrip().endswith(("|", "\\"))
