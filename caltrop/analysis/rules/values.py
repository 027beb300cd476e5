"""Values of options that Splunk refuses before it runs, and commands that stand where they cannot."""

from __future__ import annotations

import re
from collections.abc import Iterator

from caltrop.analysis.mistake import Found, rule
from caltrop.analysis.reading import Reading
from caltrop.dialect.spans import parse_span
from caltrop.spl.ast import Alias, Command, FieldName, MacroCall, NodeOption, Word
from caltrop.spl.commands import declaration_of
from caltrop.spl.kinds import Kind, fits

_SPANS = {
    "timechart": ("span", "minspan"),
    "tstats": ("span",),
    "mstats": ("span",),
    "transaction": ("maxspan", "maxpause"),
    "streamstats": ("time_window",),
}
_LEFT_OPEN = re.compile(r"[`$<>*]")  # a macro, a token of a dashboard or of map, a template of foreach
_SED = re.compile(r"[sy](\W).*\1")  # a sed expression is one without mode=sed too
_GROUP = re.compile(r"\(\?P?[<'](?![=!])")


@rule(
    "wrong-value",
    "error",
    "an option with a value that it cannot have: a text where a number or true and false are asked for, no length of time",
    example="index=main | timechart span=hourly count",
    instead="index=main | timechart span=1h count",
)
def wrong_value(reading: Reading) -> Iterator[Found]:
    for command in reading.commands:
        declared = declaration_of(command.name)
        timed = _timed(command)
        for option in declared.written(command):
            if isinstance(option, NodeOption) or option.quoted or _LEFT_OPEN.search(text := str(option.value)):
                continue
            kind = declared.options.get(option.name)
            if kind is Kind.INT and not fits(option.value, kind):
                yield Found(option.span, f"{option.name}= needs a number, not {text!r}", "write a whole number")
            elif kind is Kind.BOOL and not fits(option.value, kind):
                yield Found(option.span, f"{option.name}= needs true or false, not {text!r}", "write true or false")
            elif option.name in timed and not _length(text):
                hint = "write a number and a unit, as in 30s, 5m, 1h, 1d, 1w, 1mon"
                yield Found(option.span, f"{option.name}={text} is no length of time", hint)


def _timed(command: Command) -> tuple[str, ...]:
    """The options of a command that hold lengths of time; of bin only where it is sure that time is meant."""
    if command.name in ("bin", "bucket", "discretize"):
        fields = [part for part in command.parts if isinstance(part, FieldName | Alias)]
        first = fields[0] if fields else None
        name = first.source.name if isinstance(first, Alias) else first.name if isinstance(first, FieldName) else ""
        return ("span", "minspan") if name == "_time" else ()
    return _SPANS.get(command.name, ())


def _length(text: str) -> bool:
    """A span, with a snap behind @ as weeks have it; `auto` leaves the choice, -1 (of transaction) is no limit."""
    if text.lower() == "auto" or text.startswith("-") or "log" in text:
        return True
    found = parse_span(text.partition("@")[0])
    return found is not None and found.count > 0


@rule(
    "not-first",
    "error",
    "a command that begins a search, behind a pipe",
    example="index=main | inputlookup users.csv",
    instead="index=main | append [| inputlookup users.csv]",
)
def not_first(reading: Reading) -> Iterator[Found]:
    for run in reading.runs:
        # What stands in front of it may be a macro that is nothing: then it is first.
        if not run.stages or any(isinstance(node, MacroCall) for node in run.stages[0].command.walk()):
            continue
        stages = list(run.stages)
        while stages[1:] and stages[0].command.name == "localop":  # says where the rest runs
            del stages[0]
        for stage in stages[1:]:
            command = stage.command
            if not isinstance(command, Command):
                continue
            declared = declaration_of(command.name)
            appends = any(option.name == "append" for option in declared.written(command))
            if declared.kind == "generating" and not appends:
                hint = f"put it into brackets: append [| {command.name} …]"
                yield Found(command.span, f"{command.name} must be the first command of a search", hint)


@rule(
    "no-group",
    "error",
    "a rex whose expression has no named group, so that it extracts nothing",
    example='index=main | rex field=uri "^/(\\w+)/"',
    instead='index=main | rex field=uri "^/(?<area>\\w+)/"',
)
def no_group(reading: Reading) -> Iterator[Found]:
    for command in reading.commands:
        if command.name != "rex" or command.option("mode") is not None:
            continue
        words = command.of(Word)
        if len(words) != 1 or _SED.match(words[0].text) or re.search(r"[`$]\w", words[0].text):
            continue
        if not _GROUP.search(words[0].text):
            yield Found(words[0].span, "this expression has no named group, and extracts nothing", "write (?<field>…)")
