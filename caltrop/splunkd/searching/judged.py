"""What can be said of a search before it runs: whether it can, what is wrong or surprising in it and where, what its macros stand
for. For editors (`caltrop/analysis`); Splunk has no such thing in its REST API.

Places are offsets into the text as it was written, in characters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from caltrop.analysis.analyse import analyse
from caltrop.analysis.known import Known
from caltrop.dialect.datamodels import DataModel
from caltrop.engine import custom, reading, registry
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.reading import Reading
from caltrop.errors import CaltropError
from caltrop.knowledge import Knowledge
from caltrop.spl import SplError, lint
from caltrop.spl.ast import NOWHERE, Command, Span
from caltrop.spl.macros import Macro


@dataclass(frozen=True, slots=True)
class Remark:
    """`severity` is error (it does not run, or certainly not as meant), warning, or info (a lint)."""

    severity: str
    code: str
    message: str
    hint: str
    span: Span


def judged(text: str, ctx: Context, knowledge: Knowledge) -> dict[str, Any]:
    """`remarks` in the order of the text; `expanded`, `stages` and `macros` where it can be read (else null and empty)."""
    read, refusal = _read(text, ctx)
    analysis = analyse(text, _known(knowledge, ctx))
    remarks = [Remark(m.severity, m.code, m.message, m.hint, m.span) for m in analysis.mistakes]
    if refusal is not None and not any(one.severity == "error" for one in remarks):
        remarks.append(refusal)
    if refusal is None:
        remarks = [one for one in remarks if one.code != "spl-syntax"]  # what runs here is read as it stands
    if read is not None:
        remarks += [
            Remark("info", found.code, found.message, found.hint, read.expansion.original(found.span))
            for found in lint(read.pipeline, read.expansion.text)
        ]
    remarks.sort(key=lambda one: (one.span.start, one.code))
    return {
        "remarks": [
            {
                "severity": r.severity, "code": r.code, "message": r.message, "hint": r.hint,
                "start": r.span.start, "end": max(r.span.end, r.span.start),
            }
            for r in remarks
        ],
        "expanded": read.expansion.text if read is not None else None,
        "stages": [] if read is None else list(stages_of(read)),
        "macros": [] if read is None else [{"call": call, "text": found} for call, found in read.expansion.calls],
    }  # fmt: skip


def stages_of(read: Reading) -> Iterator[dict[str, Any]]:
    """The commands of a search: `name`, `command` as it was written with macros expanded, its place in the text as written."""
    for command in read.pipeline.commands:
        span = read.expansion.original(command.span)
        yield {
            "name": command.name,
            "command": read.expansion.text[command.span.start : command.span.end].strip().lstrip("|").strip(),
            "start": span.start,
            "end": span.end,
        }


def _read(text: str, ctx: Context) -> tuple[Reading | None, Remark | None]:
    """The search as it would run, and why it would not."""
    try:
        read = reading.read(text, ctx)
    except SplError as error:
        return None, Remark("error", error.code or "spl-syntax", error.message, error.hint or "", error.span)
    except CaltropError as error:
        return None, Remark("error", error.code or "search", error.message, error.hint or "", Span(0, len(text)))
    try:
        for command in read.pipeline.commands:
            if not (isinstance(command, Command) and custom.find(command.name, ctx)):
                reading.entry(command, ctx)
    except SearchError as error:
        span = Span(0, len(text)) if error.span == NOWHERE else read.expansion.original(error.span)
        return read, Remark("error", error.code or "command", error.message, error.hint or "", span)
    return read, None


def _known(knowledge: Knowledge, ctx: Context) -> Known:
    def macro(name: str, arity: int) -> Macro | None:
        found = knowledge.macro(name, arity)
        return None if found is None else Macro(found.name, found.args, found.definition, found.is_eval)

    def models() -> Mapping[str, DataModel]:
        return {name: knowledge.datamodel(name) for name in knowledge.datamodels()}

    return Known(commands=custom_commands(ctx), models=models, macro=macro)


def custom_commands(ctx: Context) -> frozenset[str]:
    """The commands that installed apps bring, as the search's namespace sees them."""
    stanzas = ctx.instance.config.stanzas("commands", ctx.app, ctx.user)
    return frozenset(name for name in stanzas if name != "default" and name not in registry.commands)
