"""One Splunk, as far as searching goes: its events, its configuration, and `search`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import polars as pl

from caltrop.dialect import patterns
from caltrop.dialect.moments import time_bound
from caltrop.dialect.zones import TimeError
from caltrop.engine import budget, reading, registry
from caltrop.engine.budget import Limits, Stop
from caltrop.engine.context import Condition, Context, Extracted, Message, Part, Possible
from caltrop.engine.errors import SearchError
from caltrop.engine.execute import Engine, Stage
from caltrop.engine.extractions import Extractions
from caltrop.engine.namespaces import Namespaces
from caltrop.engine.packed import Packed
from caltrop.engine.previews import Previews
from caltrop.engine.reading import Reading
from caltrop.engine.services import Services
from caltrop.engine.table import Table, render
from caltrop.index import Segment, Store, importers
from caltrop.index.importers import ImportOptions
from caltrop.index.kept import MOST, Kept
from caltrop.knowledge import Configuration, Knowledge, KVStore
from caltrop.knowledge.dependencies import Functions
from caltrop.knowledge.view import CONFS
from caltrop.spl import parse_eval

Time = float | str | None


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a finished search gives. `events` is the table before the first transforming command (all of it, for a search without);
    `stages` are its commands, each with the rows that it gave; `emptied` is the last of them that left none of some rows, by its
    number from 0, with these rows. Where the results are `packed`, `table` and `events` have none of them."""

    table: Table
    events: Table
    messages: list[Message]
    earliest: float | None
    latest: float | None
    events_scanned: int
    is_transforming: bool
    duration: float  # seconds
    stages: tuple[Stage, ...]
    reading: Reading
    moment: float  # what it took for now
    timezone: str
    emptied: tuple[int, Table] | None = None
    packed: Packed | None = None

    @property
    def rows(self) -> Table | Packed:
        """The results, packed or not."""
        return self.table if self.packed is None else self.packed


@dataclass
class Instance:
    """Ties a store and a configuration together. `data_dir` None keeps everything in memory; `now` pins the clock.

    Safe to search from several threads.
    """

    data_dir: Path | None = None
    apps: Sequence[Path] | Path = ()
    now: float | None = None
    server_name: str = "caltrop"
    services: Services = field(default_factory=Services)
    stand_ins: bool = True  # apps that stand in for others count
    keep: int = MOST  # bytes of what is kept for the next search
    limits: Limits = field(default_factory=Limits)  # of one search
    kept: Kept = field(init=False)
    store: Store = field(init=False)
    config: Configuration = field(init=False)
    kvstore: KVStore = field(init=False)
    namespaces: Namespaces = field(init=False)
    _knowledge: dict[tuple[str, str], tuple[tuple[int, ...], Knowledge]] = field(init=False, default_factory=dict)
    _extractions: Extractions = field(init=False)
    _functions: Functions = field(init=False)
    _lock: threading.RLock = field(init=False, default_factory=threading.RLock)

    def __post_init__(self) -> None:
        registry.load()
        self.kept = Kept(self.keep)
        self._functions = registry.dependent_functions()
        self._extractions = Extractions(self._fingerprints, self.kept)
        self.store = Store(self.data_dir / "indexes" if self.data_dir else None, self.kept)
        self.config = Configuration(self.apps, stand_ins=self.stand_ins)
        self.kvstore = KVStore(self.data_dir / "kvstore" if self.data_dir else None)
        self.namespaces = Namespaces(self.data_dir)

    def clock(self) -> float:
        return time.time() if self.now is None else self.now

    def add_file(self, what: Path | str | IO[bytes], options: ImportOptions, *, name: str = "") -> int:
        """Index a file (folder, archive, archive!member), or a stream that is called so, of any known format; the number of
        events. Indexes are made as needed."""
        count = 0
        for frame in importers.read(what, options, name=name):
            for index in frame.get_column("index").unique().to_list():
                if index not in self.store:
                    self.store.create_index(index)
            self.store.append(frame)
            count += frame.height
        return count

    def import_options(self, **given: Any) -> ImportOptions:
        """How files are indexed here: with the index-time settings of the installed apps. `given` are further ImportOptions."""
        knowledge = self.knowledge("search", "nobody")
        return ImportOptions(
            props=knowledge.index_time_props,
            transforms=knowledge.index_time_transform,
            evaluate=self.evaluate,
            naming=knowledge.source_types,
            now=self.now,
            **given,
        )

    def evaluate(self, expression: str, events: pl.DataFrame) -> pl.Series:
        """An eval expression over events that are about to be indexed (INGEST_EVAL): text, or List(String)."""
        ctx = Context(self, Engine(), self.clock(), user="nobody")
        try:
            return render(ctx.engine.evaluate(parse_eval(expression), events, ctx))
        except pl.exceptions.PolarsError as error:
            raise SearchError(str(error).partition("\n")[0]) from error

    # -- searching

    def search(
        self,
        search: str | Reading,
        *,
        earliest: Time = None,
        latest: Time = None,
        now: float | None = None,
        app: str = "search",
        user: str = "admin",
        timezone: str = "UTC",
        sid: str = "",
        saved_search: str = "",
        on_progress: Callable[[int, int, int], None] | None = None,
        stop: Stop | None = None,
        messages: list[Message] | None = None,
        stages: list[Stage] | None = None,
        sample: int = 0,
        previews: Previews | None = None,
        packs: bool = False,
    ) -> SearchResult:
        """Run a search to its end: SPL, or what was read of it before (`reading.read`) at the same moment. `stages` holds those
        that have ended, while it runs too, and after an error; `sample` rows of each are kept. `previews` tells what there is while it
        runs. `packs`: results that go out as they were found are packed where they are many.

        Raises `SplError` for a search that cannot be read, `SearchError` for one that cannot run or needs more than `limits`;
        `messages` then holds what was said until there. `Cancelled` when `stop` ended it.
        """
        began = time.monotonic()
        moment = self.clock() if now is None else now
        engine = Engine(on_progress, [] if stages is None else stages, sample=sample, previews=previews, packs=packs)
        ctx = Context(
            self, engine, moment, app=app, user=user, timezone=timezone, sid=sid,
            saved_search=saved_search, started=moment,
            earliest=_bound(earliest, moment, timezone), latest=_bound(latest, moment, timezone),
            messages=[] if messages is None else messages,
        )  # fmt: skip
        with (
            patterns.budget(longest=self.limits.value, most=self.limits.memory),
            budget.running(stop or Stop(), self.limits),
        ):
            read = search if isinstance(search, Reading) else reading.read(search, ctx)
            table = engine.run_reading(read, ctx)
        return SearchResult(
            table=table,
            events=engine.events if engine.events is not None else Table.empty(),
            messages=ctx.messages,
            earliest=ctx.earliest,
            latest=ctx.latest,
            events_scanned=ctx.events_scanned,
            is_transforming=engine.transforming,
            duration=time.monotonic() - began,
            stages=tuple(engine.stages),
            reading=read,
            moment=moment,
            timezone=timezone,
            emptied=engine.emptied,
            packed=engine.packed,
        )

    # -- knowledge and extraction

    def knowledge(self, app: str, user: str) -> Knowledge:
        """What a search in that app by that user sees; one object as long as what it keeps does not change."""
        with self._lock:
            revision = self.config.revision(CONFS)
            held = self._knowledge.get((app, user))
            if held is None or held[0] != revision:
                made = Knowledge(self.config, app, user, functions=self._functions, kvstore=self.kvstore)
                self._knowledge = {key: kept for key, kept in self._knowledge.items() if kept[0] == revision}
                held = self._knowledge[app, user] = revision, made
            return held[1]

    def extracted(
        self,
        segment: Segment,
        ctx: Context,
        possible: Possible,
        wanted: frozenset[str] | None,
        condition: Condition | None = None,
        part: Part | None = None,
    ) -> Extracted:
        """The segment's events with their search-time fields; rows that `possible` or the condition rules out may be left out. `part`
        hears of those that are extracted while others are not yet, newest first."""
        return self._extractions.of(segment, self.knowledge(ctx.app, ctx.user), ctx, possible, wanted, condition, part)

    def slices(
        self,
        segment: Segment,
        ctx: Context,
        possible: Possible,
        wanted: frozenset[str] | None,
        condition: Condition,
        most: int,
    ) -> Iterator[Extracted]:
        """The same, newest first, no more than `most` events at a time, of which nothing is kept."""
        return self._extractions.slices(
            segment, self.knowledge(ctx.app, ctx.user), ctx, possible, wanted, condition, most
        )

    def whole(self, segment: Segment, ctx: Context) -> pl.DataFrame | None:
        """The segment's events with every search-time field, where earlier searches had that extracted."""
        return self._extractions.whole(segment, self.knowledge(ctx.app, ctx.user), ctx)

    def asides(self) -> set[tuple[str, str, str]]:
        """(stand-in, the app that it stepped aside for, source type) of the events that searches and receivers met since the
        configuration changed."""
        with self._lock:
            held = list(self._knowledge.values())
        return {aside for _, knowledge in held for aside in knowledge.asides()}

    def _fingerprints(self) -> set[str]:
        """The states of the knowledge that searches see now."""
        with self._lock:
            held = list(self._knowledge.values())
        return {knowledge.fingerprint for _, knowledge in held}


def _bound(value: Time, now: float, timezone: str) -> float | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            return time_bound(value, now, timezone)
        except TimeError as error:
            raise SearchError(error.message, hint=error.hint) from error
    return float(value)
