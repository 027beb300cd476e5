"""Fields that no row can have any more: taken away, renamed, or not among what an aggregation gives."""

from __future__ import annotations

from collections.abc import Iterator

from caltrop.analysis.flow import Run, Stage
from caltrop.analysis.mistake import Found, Severity, rule
from caltrop.analysis.reading import Reading, own
from caltrop.dialect.words import did_you_mean
from caltrop.spl.ast import (
    Aggregation,
    And,
    Assignment,
    Binary,
    Call,
    Clause,
    Command,
    Comparison,
    FieldName,
    Node,
    Word,
)
from caltrop.spl.commands import declaration_of
from caltrop.spl.declaration import Words
from caltrop.spl.fieldsets import Fields

_GROUPING = ("by", "groupby", "over")
# Functions that have an answer for a field that is not there.
_FORGIVING = frozenset(
    {"coalesce", "isnull", "isnotnull", "isnum", "isstr", "isbool", "isint", "typeof", "case", "if", "nullif", "validate",
     "json_object", "mvappend", "searchmatch"}
)  # fmt: skip
# Commands that give nothing for a row that lacks one of the fields they name.
_NEEDING = frozenset({"dedup", "top", "rare", "sitop", "sirare"})
_WILD = "*<$`{"
_MADE = "made"


@rule(
    "absent-field",
    "error",
    "an aggregation of, or a grouping by, a field that no row has any more",
    example="index=main | stats count by user | stats sum(count) by host",
    instead="index=main | stats count by user, host | stats sum(count) by host",
)
def absent_field(reading: Reading) -> Iterator[Found]:
    for run in reading.runs:
        for number, stage in enumerate(run.stages):
            if not isinstance(stage.command, Command) or (stage.before.open and not stage.before.gone):
                continue
            made: set[str] = set()  # by assignments of the same eval, one after the other
            for node, name, what, severity in _needed(stage.command):
                if what == _MADE:
                    made.add(name)
                    continue
                if any(c in name for c in _WILD) or stage.before.has(name) or name in made:
                    continue
                yield Found(node.span, f"{what} {name!r}, which no row has here{_lost(reading, run, number, name)}",
                            _hint(stage.before, name), severity)  # fmt: skip


def _needed(command: Command) -> Iterator[tuple[Node, str, str, Severity]]:
    """The fields without which a command does nothing that anybody wants."""
    declared = declaration_of(command.name)
    if declared.kind == "generating":
        return
    aggregating = declared.words is Words.AGGREGATIONS
    if command.name == "timechart":
        yield command, "_time", "timechart needs", "error"
    for part in command.parts:
        if aggregating and isinstance(part, Aggregation):
            yield from _aggregated(part)
        elif isinstance(part, Clause) and (aggregating or command.name in _NEEDING) and part.keyword in _GROUPING:
            for node in part.parts:
                if isinstance(node, FieldName):
                    yield node, node.name, f"{command.name} by", "error"
        elif command.name in _NEEDING and isinstance(part, FieldName):
            yield part, part.name, f"{command.name} of", "error"
        elif command.name == "where" or (command.name == "eval" and isinstance(part, Assignment)):
            expression = part.expression if isinstance(part, Assignment) else part
            for field in _read(expression):
                yield field, field.name, f"{command.name} reads", "warning"
            if isinstance(part, Assignment):
                yield part, part.target, _MADE, "warning"
        elif command.name == "search":
            for one in part.items if isinstance(part, And) else (part,):
                if isinstance(one, Comparison) and isinstance(one.value, Word) and one.op != "!=":
                    yield one.field, one.field.name, "search compares", "warning"


def _aggregated(node: Aggregation) -> Iterator[tuple[Node, str, str, Severity]]:
    argument = node.argument
    if isinstance(argument, Aggregation):  # sparkline(avg(x))
        yield from _aggregated(argument)
    elif isinstance(argument, FieldName):
        yield argument, argument.name, f"{node.function} of", "error"
    elif argument is not None and node.function != "eval":
        fields = list(_read(argument))
        yield from ((field, field.name, f"{node.function} reads", "warning") for field in fields)


def _read(node: Node) -> Iterator[FieldName]:
    """The fields of an expression whose absence leaves it without a value; none where something in it expects that."""
    if any(isinstance(one, Call) and one.name in _FORGIVING for one in own(node)):
        return
    if any(isinstance(one, Binary) and one.op in ("OR", "XOR") for one in own(node)):
        return
    yield from (one for one in own(node) if isinstance(one, FieldName))


def _lost(reading: Reading, run: Run, number: int, name: str) -> str:
    """Which command took it away, where that is known."""
    for stage in reversed(run.stages[:number]):
        if isinstance(stage.command, Command) and stage.before.has(name) and not stage.after.has(name):
            return f": {_short(reading, stage)} {'takes it away' if stage.after.open else 'does not keep it'}"
    return ""


def _short(reading: Reading, stage: Stage) -> str:
    words = " ".join(reading.words(stage.command.span).split())
    return f"`{words}`" if len(words) <= 60 else f"`{words[:57]}…`"


def _hint(fields: Fields, name: str) -> str:
    names = sorted(fields.names)
    similar = did_you_mean(name, names)
    if similar:
        return similar
    return "there are " + ", ".join(names[:12]) if names and not fields.open else "keep the field until here"
