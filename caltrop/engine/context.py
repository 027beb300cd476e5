"""What a command may know about the search it runs in: the job's facts, and the ways back into the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

import polars as pl

from caltrop.spl.ast import Assignment, Node, Pipeline

if TYPE_CHECKING:
    from caltrop.engine.instance import Instance
    from caltrop.engine.table import Table

Severity = Literal["DEBUG", "INFO", "WARN", "ERROR"]


@dataclass(frozen=True, slots=True)
class Message:
    """A line in the job's message list, as the REST API shows it."""

    severity: Severity
    text: str


class Evaluator(Protocol):
    """The engine as its commands see it (implemented in `engine/execute.py`)."""

    def evaluate(self, expression: Node, frame: pl.DataFrame, ctx: Context) -> pl.Series:
        """An eval expression over every row: a Series of frame.height values, Boolean for conditions."""
        ...

    def matches(self, expression: Node, frame: pl.DataFrame, ctx: Context) -> pl.Series:
        """A search expression over every row: a Boolean Series without nulls."""
        ...

    def run(self, pipeline: Pipeline, ctx: Context, *, source: Table | None = None) -> Table:
        """A whole pipeline: a subsearch (source None: starts with a generating command or search), or commands over `source`."""
        ...


@dataclass(slots=True)
class Context:
    """One running search. Commands read it, add messages, and call back into the engine through `engine`."""

    instance: Instance
    engine: Evaluator
    now: float  # epoch seconds, pinned for the whole search
    earliest: float | None = None  # epoch seconds; None: all time
    latest: float | None = None
    app: str = "search"
    user: str = "admin"
    timezone: str = "UTC"
    sid: str = ""
    saved_search: str = ""  # its name, when the job runs one
    started: float = 0.0
    parameters: Mapping[str, str] = field(default_factory=dict)  # $name$ of savedsearch, map
    messages: list[Message] = field(default_factory=list)
    depth: int = 0  # nesting of subsearches, bounded by the engine
    events_scanned: int = 0
    delimiters: dict[str, str] = field(default_factory=dict)  # of mvcombine, for the nomv that follows
    # By depth: the time range (earliest, latest) that the search there looked in, time modifiers of its text included.
    searched: dict[int, tuple[float | None, float | None]] = field(default_factory=dict)
    formats: list[Assignment] = field(default_factory=list)  # of fieldformat: applied to the finished main search

    @property
    def time_range(self) -> tuple[float | None, float | None]:
        """Earliest and latest of the running (sub)search, as its own text or the job says."""
        return self.searched.get(self.depth, (self.earliest, self.latest))

    def warn(self, text: str) -> None:
        self._say("WARN", text)

    def info(self, text: str) -> None:
        self._say("INFO", text)

    def _say(self, severity: Severity, text: str) -> None:
        message = Message(severity, text)
        if message not in self.messages:
            self.messages.append(message)
