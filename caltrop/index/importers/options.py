"""How a file is read, and what readers say about it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import polars as pl

from caltrop.errors import CaltropError, Location
from caltrop.index import frames
from caltrop.index.ingesteval import Evaluate
from caltrop.index.props import Props
from caltrop.index.timestamp import TimeParser, checked_zone

# props.conf settings of an event's source, source type and host.
PropsSource = Mapping[str, str] | Callable[[str, str, str], Mapping[str, str]]


class Naming(Protocol):
    """Source types by source and by rules over the first lines (implemented in `knowledge/naming.py`)."""

    def before(self, source: str, host: str, head: str) -> str | None:
        """What goes before anything that a reader recognises by itself."""
        ...

    def after(self, source: str, host: str, head: str) -> str | None:
        """What stands in where nothing was recognised."""
        ...


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that was not as it should be. The event it is about is kept all the same, as far as it can be read."""

    message: str
    location: Location

    def __str__(self) -> str:
        return f"{self.location}: {self.message}"


def log_problem(problem: Problem) -> None:
    logging.getLogger("caltrop.index").warning("%s", problem)


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """`host`, `source`, `sourcetype` and `index` override what the data says.

    `windows` renders Windows events as Splunk's XML or as its classic text. `transforms` finds the transforms.conf stanza
    of a name; without it no TRANSFORMS of the props apply. `evaluate` runs the expressions of INGEST_EVAL. `naming` gives files that come without a source type one. `tz` is the zone of times that name none.
    `now` (epoch seconds) pins the clock. Frames hold about `batch_rows` events or `batch_bytes` of text.
    `max_bytes` bounds what one archive member may unpack to, `max_ratio` how many times its own size an archive may.
    """

    host: str | None = None
    source: str | None = None
    sourcetype: str | None = None
    index: str | None = None
    format: str = "auto"
    windows: Literal["xml", "classic"] = "xml"
    props: PropsSource = field(default_factory=dict)
    transforms: Callable[[str], Mapping[str, str] | None] | None = None
    evaluate: Evaluate | None = None
    naming: Naming | None = None
    tz: str = "UTC"
    now: float | None = None
    batch_rows: int = 50_000
    batch_bytes: int = 8 << 20
    max_bytes: int = 4 << 30
    max_ratio: int = 500
    on_problem: Callable[[Problem], None] = log_problem

    def __post_init__(self) -> None:
        if self.windows not in ("xml", "classic"):
            raise CaltropError(f"windows={self.windows!r}", hint="xml or classic")
        checked_zone(self.tz)

    def settings(self, source: str, sourcetype: str, host: str) -> Mapping[str, str]:
        return self.props(source, sourcetype, host) if callable(self.props) else self.props


@dataclass(frozen=True, slots=True)
class Context:
    """One file on its way through a reader. `name` is what messages and `source` call it, `modified` epoch seconds."""

    name: str
    options: ImportOptions
    modified: float | None = None
    heard: set[tuple[str, int]] = field(default_factory=set)

    @property
    def now(self) -> float:
        return time.time() if self.options.now is None else self.options.now

    @property
    def reference(self) -> float:
        """The time of what has none: the file's, or the present."""
        return self.now if self.modified is None else self.modified

    def problem(self, message: str, line: int = 0) -> None:
        """Tell it, each thing once."""
        if (message, line) in self.heard:
            return
        self.heard.add((message, line))
        self.options.on_problem(Problem(message, Location(self.name, line)))

    def props(self, sourcetype: str, defaults: Mapping[str, str] | None = None) -> Props:
        """The settings of this file: what is configured, over what its format asks for."""
        given = self.options
        configured = given.settings(given.source or self.name, given.sourcetype or sourcetype, given.host or "")
        return Props.from_mapping({**(defaults or {}), **configured}, self.problem)

    def clock(self, props: Props) -> TimeParser:
        reference = self.now if props.datetime_config.upper() == "CURRENT" else self.reference
        return TimeParser(props, now=reference, tz=self.options.tz)

    def frame(
        self,
        raw: pl.Series,
        times: pl.Series,
        sourcetype: str | pl.Series,
        *,
        host: str | pl.Series = "localhost",
        source: str | pl.Series | None = None,
        index: str | pl.Series = "main",
        indexed: list[pl.Series] | None = None,
    ) -> pl.DataFrame:
        """An event frame; the options override what the reader found."""
        given = self.options
        return frames.build(
            raw,
            times,
            host=given.host or host,
            source=given.source or (self.name if source is None else source),
            sourcetype=given.sourcetype or sourcetype,
            index=given.index or index,
            indexed=indexed or (),
            now=self.now,
        )
