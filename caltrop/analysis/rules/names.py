"""Names of commands, functions and options, and how many arguments functions take."""

from __future__ import annotations

import re
from collections.abc import Iterator

from caltrop.analysis.known import vocabulary
from caltrop.analysis.mistake import Found, rule
from caltrop.analysis.reading import Reading
from caltrop.dialect.words import did_you_mean, nearest
from caltrop.spl.ast import (
    Aggregation,
    Call,
    Clause,
    Command,
    FieldFunction,
    MacroCall,
    Node,
    NodeOption,
    Option,
    Span,
    Subsearch,
    Template,
    Word,
)
from caltrop.spl.commands import declaration_of
from caltrop.spl.declaration import Words

_COMMAND = re.compile(r"[a-z_][\w-]*")
_COMPARED = re.compile(r"\s*(?:!?=|<|>|::|\bIN\s*\()", re.IGNORECASE)


@rule(
    "unknown-command",
    "error",
    "a command that neither Splunk nor a known app has (a warning where no name is near: it may be an app's)",
    example="index=main | stat count",
    instead="index=main | stats count",
)
def unknown_command(reading: Reading) -> Iterator[Found]:
    known = reading.known.all_commands
    for command in reading.commands:
        name = command.name
        if name in known or not _COMMAND.fullmatch(name):
            continue
        span = Span(command.span.start, command.span.start + len(name))
        if _COMPARED.match(reading.text, span.end):
            after = reading.text[span.start : command.span.end].split("|")[0].strip()
            yield Found(
                span,
                f"{after.split()[0]} is a condition, and a command was expected behind the pipe",
                f"write | search {after}" if command.span.start > 2 else f"leave the pipe out: {after}",
            )
            continue
        hint = did_you_mean(name, known)
        if hint:
            yield Found(span, f"{name!r} is no command", hint)
        else:
            hint = "app.yml lists commands of apps that are not here under validation.external.commands"
            yield Found(span, f"{name!r} is no command of Splunk's, nor of an app that is known here", hint, "warning")


def _written(reading: Reading, node: Node, name: str) -> Span:
    """The place of a name at the start of a node."""
    return Span(node.span.start, node.span.start + len(name))


@rule(
    "unknown-function",
    "error",
    "an eval function or a statistical function that does not exist",
    example="index=main | stats cuont by host",
    instead="index=main | stats count by host",
)
def unknown_function(reading: Reading) -> Iterator[Found]:
    known = vocabulary()
    for command, nodes in reading.parts:
        aggregating = declaration_of(command.name).words is Words.AGGREGATIONS
        for node in nodes:
            # eval(…) marks the expression of an option, and a template may stand for any name.
            name = node.name if isinstance(node, Call) else node.function if isinstance(node, Aggregation) else ""
            if not name.isidentifier() or name == "eval" or (aggregating and known.aggregates(name)):
                continue
            span = _written(reading, node, name)
            if isinstance(node, Aggregation) and aggregating:
                yield Found(span, f"{name!r} is no statistical function", _call_hint(name, known.aggregations))
            elif isinstance(node, Call) and name not in known.functions:
                hint = _call_hint(name, known.functions)
                if known.aggregates(name) and not hint.startswith("did"):
                    hint = "it is a statistical function: stats, eventstats and streamstats have it"
                yield Found(span, f"{name!r} is no eval function", hint)


def _call_hint(name: str, names: object) -> str:
    similar = nearest(name, names)  # type: ignore[arg-type]
    return f"did you mean {similar}()?" if similar else "see the Search Reference for the functions there are"


_CONVERSIONS = frozenset(
    {"auto", "ctime", "dur2sec", "memk", "mktime", "mstime", "none", "num", "rmcomma", "rmunit"}
)  # fmt: skip


@rule(
    "unknown-conversion",
    "error",
    "a function of convert that does not exist",
    example="index=main | convert citme(_time)",
    instead="index=main | convert ctime(_time)",
)
def unknown_conversion(reading: Reading) -> Iterator[Found]:
    for command in reading.commands:
        if command.name != "convert":
            continue
        for part in command.of(FieldFunction):
            if part.function.isidentifier() and part.function not in _CONVERSIONS:
                hint = _call_hint(part.function, sorted(_CONVERSIONS))
                yield Found(
                    _written(reading, part, part.function), f"{part.function!r} is no function of convert", hint
                )


_PAIRS = frozenset({"case", "validate"})


@rule(
    "wrong-arguments",
    "error",
    "an eval function with too few or too many arguments",
    example='index=main | eval x=if(status=200, "ok")',
    instead='index=main | eval x=if(status=200, "ok", "failed")',
)
def wrong_arguments(reading: Reading) -> Iterator[Found]:
    functions = vocabulary().functions
    for command, nodes in reading.parts:
        aggregating = declaration_of(command.name).words is Words.AGGREGATIONS
        for node in nodes:
            if not isinstance(node, Call) or node.name not in functions:
                continue
            if aggregating and vocabulary().aggregates(node.name):  # stats eval(avg(x)/2)
                continue
            if any(isinstance(arg, MacroCall | Template | Subsearch) for arg in node.args):
                continue
            least, most = functions[node.name]
            count = len(node.args)
            if node.name in _PAIRS and count % 2:
                what = f"{node.name}() takes pairs of a condition and a value, found {count} arguments"
                yield Found(node.span, what, "write true() as the last condition for a default value")
                continue
            if count < least or (most is not None and count > most):
                takes = f"at least {least}" if most is None else f"{least}" if least == most else f"{least} to {most}"
                yield Found(
                    node.span,
                    f"{node.name}() takes {takes} argument{'' if takes == '1' else 's'}, found {count}",
                    "see the Search Reference for its arguments",
                )


@rule(
    "unknown-option",
    "error",
    "an option that the command does not have",
    example="index=main | dedup host keepempt=true",
    instead="index=main | dedup host keepempty=true",
)
def unknown_option(reading: Reading) -> Iterator[Found]:
    """Only of commands whose page lists every option, and only where Splunk refuses them."""
    for command in reading.commands:
        declared = declaration_of(command.name)
        if not declared.closed:
            continue
        for option in _options(command):
            if option.name not in declared.options:
                span = _written(reading, option, option.name)
                hint = did_you_mean(option.name, declared.options) or "it takes " + ", ".join(sorted(declared.options))
                yield Found(span, f"{command.name} has no option {option.name!r}", hint)
        if command.name == "rex" and len(words := command.of(Word)) > 1:
            for word in words:
                name, equals, _ = word.text.partition("=")
                if equals and name.isidentifier() and not word.quoted:
                    hint = did_you_mean(name, declared.options) or "it takes " + ", ".join(sorted(declared.options))
                    yield Found(_written(reading, word, name), f"rex has no option {name!r}", hint)


def _options(command: Command) -> Iterator[Option | NodeOption]:
    yield from command.of(Option)
    for clause in command.of(Clause):
        if declaration_of(command.name).clauses.get(clause.keyword) is not Words.SEARCH:
            yield from (part for part in clause.parts if isinstance(part, Option))
