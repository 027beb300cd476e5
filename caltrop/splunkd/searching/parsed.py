"""What a search is made of, as `search/parser` tells it: where it splits, what kind each command is, and its arguments.

Kinds are those of "Command types" in the Search Reference, under the names that splunkd gives them: where a command runs
(`pipeline`: streaming, events, report) and how rows pass through it (`streamType`).
"""

from __future__ import annotations

from typing import Any

from caltrop.engine import registry
from caltrop.engine.reading import Reading
from caltrop.spl.ast import Aggregation, Command, FieldName, Node, Option, SortKey

# Reporting commands that begin their work where the events are.
PARTIAL = frozenset(
    {"chart", "rare", "sichart", "sirare", "sistats", "sitimechart", "sitop", "stats", "timechart", "top"}
)
# Of a kind that differs from what the declaration of the command says of its rows.
PLACES = {"table": ("streaming", "SP_STREAM"), "tail": ("events", "SP_EVENTS")}
KINDS = {
    "streaming": ("streaming", "SP_STREAM"),
    "centralized": ("streaming", "SP_STATEFUL"),
    "dataset": ("events", "SP_EVENTS"),
    "generating": ("report", "SP_REPORT"),
}
SORT_LIMIT = 10_000


def described(read: Reading) -> dict[str, Any]:
    """The answer of the parser; the texts of commands are as they were written, macros expanded."""
    commands = [command for command in read.pipeline.commands if isinstance(command, Command)]
    texts = [read.expansion.text[c.span.start : c.span.end].strip() for c in commands]
    places = [_place(command) for command in commands]
    # What needs all events in one place, `head` among it, begins the reports.
    split = next((n for n, (_, stream) in enumerate(places) if stream != "SP_STREAM"), len(commands))
    events = bool(split)
    return {
        "remoteSearch": " | ".join(texts[:split]),
        "remoteTimeOrdered": events,
        "eventsSearch": " | ".join(texts[:split]),
        "eventsTimeOrdered": events,
        "eventsStreaming": events,
        "reportsSearch": " | ".join(texts[split:]),
        "isStreamingSearch": all(pipeline == "streaming" for pipeline, _ in places),
        "normalizedSearch": " | ".join(texts),
        "canSummarize": any(pipeline == "report" for pipeline, _ in places),
        "commands": [_described(c, text, place) for c, text, place in zip(commands, texts, places, strict=True)],
    }


def _kind(command: Command) -> str:
    entry = registry.commands.get(command.name)
    return entry.kind if entry else "streaming"  # what an app's own command gives is known when it runs


def _place(command: Command) -> tuple[str, str]:
    if command.name in PLACES:
        return PLACES[command.name]
    kind = _kind(command)
    if kind == "transforming":
        return "report", "SP_STREAMREPORT" if command.name in PARTIAL else "SP_REPORT"
    return KINDS[kind]


def _described(command: Command, text: str, place: tuple[str, str]) -> dict[str, Any]:
    rawargs = text[len(command.name) :].strip() if text.lower().startswith(command.name) else text
    found: dict[str, Any] = {
        "command": command.name,
        "rawargs": rawargs,
        "pipeline": place[0],
        "args": _arguments(command, rawargs),
        "isGenerating": _kind(command) == "generating" or command.name == "search",
        "streamType": place[1],
    }
    if command.name == "stats":
        found |= {"isStreamingOpRequired": False, "preStreamingOp": f"pre{text}"}
    elif command.name == "sort":
        keys = " ".join(
            f"{'-' if k.descending else '+'}{k.kind or 'auto'}({k.field.name})" for k in command.of(SortKey)
        )
        limit = command.option("limit", SORT_LIMIT)
        found |= {"isStreamingOpRequired": True, "preStreamingOp": f"presort {limit} {keys}"}
    return found


def _arguments(command: Command, rawargs: str) -> Any:
    """The arguments by name, for the commands whose arguments splunkd takes apart; else their text."""
    by = _names(command.clause("by") or ())
    if command.name == "stats":
        return {"stat-specifiers": _specifiers(command)} | ({"groupby-fields": by} if by else {})
    if command.name in {"top", "rare"}:
        found: dict[str, Any] = {
            "limit": command.option("limit", 10),
            "showperc": command.option("showperc", True),
            "showcount": command.option("showcount", True),
            "percentfield": command.option("percentfield", "percent"),
            "countfield": command.option("countfield", "count"),
            "fields": _names(command.parts),
        }
        return found | ({"groupby-fields": by} if by else {})
    if command.name in {"chart", "timechart"}:
        over = ["_time"] if command.name == "timechart" else _names(command.clause("over") or ())
        axes = [*over, *by]
        found = {"stat-specifiers": _specifiers(command)}
        options = [f"{o.name}={o.value}" for o in command.of(Option) if o.name in {"span", "bins"}]
        for key, value in (("xfield", axes[:1]), ("seriesfield", axes[1:2])):
            if value:
                found[key] = value[0]
        return found | ({"xfieldopts": options} if options else {})
    return rawargs


def _names(nodes: tuple[Node, ...]) -> list[str]:
    return [node.name for node in nodes if isinstance(node, FieldName)]


def _specifiers(command: Command) -> list[dict[str, str]]:
    found = []
    for node in command.of(Aggregation):
        told = {"function": node.function}
        if node.argument is not None:
            told["field"] = node.argument.name if isinstance(node.argument, FieldName) else node.text
        found.append(told | {"rename": node.alias or node.text})
    return found
