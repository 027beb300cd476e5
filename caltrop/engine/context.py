"""What a command may know about the search it runs in: the job's facts, and what it may ask of its surroundings.

The bottom of the room: the two protocols here are what stands above it, an instance (`instance.py`) and an evaluator
(`execute.py`), as the commands in between see them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import polars as pl

from caltrop.engine.answers import Answers
from caltrop.engine.errors import SearchError
from caltrop.engine.namespaces import Namespaces
from caltrop.engine.services import Services
from caltrop.engine.table import Table
from caltrop.index import Segment, Store
from caltrop.index.kept import Kept
from caltrop.knowledge import Configuration, Knowledge, Lookup
from caltrop.knowledge.asking import Met
from caltrop.knowledge.limits import Limit
from caltrop.knowledge.lookups import Mark
from caltrop.spl.ast import Assignment, Node, Pipeline

Severity = Literal["DEBUG", "INFO", "WARN", "ERROR", "FATAL"]


@dataclass(frozen=True, slots=True)
class Message:
    """A line in the job's message list, as the REST API shows it."""

    severity: Severity
    text: str


@dataclass(frozen=True, slots=True)
class Distinct:
    """The values of a field of a segment: as they are (`texts`, of a column of single texts only), and folded."""

    folded: frozenset[str]
    texts: pl.Series | None


@dataclass(frozen=True, slots=True)
class Extracted:
    """Events of a segment with their search-time fields, and the faults of knowledge that withhold some.

    Columns of `frame` may be coded (`index/coding.py`). `lasting`: another search gets the same, whenever it runs.
    """

    frame: pl.DataFrame
    met: tuple[Met, ...] = ()
    lasting: bool = True
    # Where these are all events of a segment, and what searches read of them is always the same.
    answers: Answers | None = field(default=None, compare=False, repr=False)
    # What searches asked of its fields so far (`presence.py`).
    values: dict[str, Distinct | None] = field(init=False, default_factory=dict, compare=False, repr=False)
    asked: set[str] = field(init=False, default_factory=set, compare=False, repr=False)
    # The numbers of its rows that met what a search asked, where there are few rows (`scan.py`).
    met_by: dict[Hashable, pl.Series] = field(init=False, default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Condition:
    """What a search asks of events before the rest of their fields is extracted: the fields that it reads for that, and the numbers
    of the rows that match, of events that have these."""

    reads: frozenset[str]
    rows: Callable[[Extracted], pl.Series]


Part = Callable[[pl.DataFrame], None]
# Of all events of a segment those that can match, whatever is extracted; with what is known of them.
Possible = Callable[[pl.DataFrame, Answers | None], pl.DataFrame]


def all_of(events: pl.DataFrame, _: Answers | None) -> pl.DataFrame:
    """Every event is possible."""
    return events


Finish = Callable[[pl.DataFrame], Table]


class Watcher(Protocol):
    """Who shows what the first command of a search has come to while it still reads (`previews.py`)."""

    def begins(self, finish: Finish) -> None:
        """`finish` makes of the rows that were found so far what the command will make of all."""
        ...

    def reads(self, total: int) -> None:
        """So many events will be read."""
        ...

    def segment(self, size: int) -> None:
        """The next segment begins, of so many events."""
        ...

    def found(self, rows: pl.DataFrame) -> None:
        """Some rows more."""
        ...


class Surroundings(Protocol):
    """Where a search runs: events, configuration and knowledge, the server around them if there is one."""

    @property
    def store(self) -> Store: ...
    @property
    def config(self) -> Configuration: ...
    @property
    def services(self) -> Services: ...
    @property
    def server_name(self) -> str: ...
    @property
    def data_dir(self) -> Path | None:
        """Where files are kept; None: everything is in memory."""
        ...

    @property
    def now(self) -> float | None:
        """The moment that the clock is pinned to."""
        ...

    @property
    def namespaces(self) -> Namespaces:
        """What `tscollect` wrote."""
        ...

    @property
    def kept(self) -> Kept:
        """What was dear to compute, for the searches that follow (`extractions.py`, `datasetrows.py`)."""
        ...

    def knowledge(self, app: str, user: str) -> Knowledge: ...

    def extracted(
        self,
        segment: Segment,
        ctx: Context,
        possible: Possible,
        wanted: frozenset[str] | None,
        condition: Condition | None = None,
        part: Part | None = None,
    ) -> Extracted:
        """The segment's events with their search-time fields; `part` hears of some of them on the way (`extractions.py`)."""
        ...

    def slices(
        self,
        segment: Segment,
        ctx: Context,
        possible: Possible,
        wanted: frozenset[str] | None,
        condition: Condition,
        most: int,
    ) -> Iterable[Extracted]:
        """The same, some after the other."""
        ...


class Evaluator(Protocol):
    """The ways back into the engine: expressions, searches inside the search."""

    def evaluate(self, expression: Node, frame: pl.DataFrame, ctx: Context) -> pl.Series:
        """An eval expression over every row: a Series of frame.height values, Boolean for conditions."""
        ...

    def matches(self, expression: Node, frame: pl.DataFrame, ctx: Context) -> pl.Series:
        """A search expression over every row: a Boolean Series without nulls."""
        ...

    def run(self, pipeline: Pipeline, ctx: Context, *, source: Table | None = None) -> Table:
        """A whole pipeline: a subsearch (source None: starts with a generating command or search), or commands over `source`."""
        ...

    def run_text(self, text: str, ctx: Context, *, source: Table | None = None) -> Table:
        """Like `run`, of text: its macros are expanded as the search of `ctx` sees them."""
        ...

    def expand(self, text: str, ctx: Context) -> str:
        """Search text with its macros expanded, as the search of `ctx` sees them."""
        ...


@dataclass(slots=True)
class Context:
    """One running search. Commands read it, add messages, and call back into the engine through `engine`."""

    instance: Surroundings
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
    # Lookups whose rows depend on the moment, read once a search: name -> (what they depend on besides, the table).
    lookups: dict[str, tuple[Mark, Lookup]] = field(default_factory=dict)
    # What files on disk are asked for once a search, however many segments and data sets it reads (`asking.fingerprint`).
    marks: dict[Hashable, str] = field(default_factory=dict)
    watcher: Watcher | None = None  # while the first command of the main search runs
    formats: list[Assignment] = field(default_factory=list)  # of fieldformat: applied to the finished main search

    @property
    def watching(self) -> Watcher | None:
        """Who is told of rows on the way: nobody of those of a search within the search."""
        return self.watcher if self.depth == 0 else None

    @property
    def time_range(self) -> tuple[float | None, float | None]:
        """Earliest and latest of the running (sub)search, as its own text or the job says."""
        return self.searched.get(self.depth, (self.earliest, self.latest))

    def limit(self, limit: Limit) -> int:
        """A number of limits.conf. One that is set so that it cannot be meant is a warning, and its default holds."""
        number, unusable = self.instance.knowledge(self.app, self.user).limits.of(limit)
        if unusable is not None:
            self.warn(str(unusable))
        return number

    def within(self, limit: Limit, number: int, what: str, node: Node) -> int:
        """The number, which a search asks for. Raises SearchError where limits.conf does not allow it."""
        if number > (most := self.limit(limit)):
            raise SearchError(
                f"{what} is more than {most} {limit.unit}",
                node=node,
                hint=f"limits.conf [{limit.stanza}] {limit.name} bounds it.",
            )
        return number

    def warn(self, text: str) -> None:
        self._say("WARN", text)

    def info(self, text: str) -> None:
        self._say("INFO", text)

    def _say(self, severity: Severity, text: str) -> None:
        message = Message(severity, text)
        if message not in self.messages:
            self.messages.append(message)
