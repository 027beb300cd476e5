"""One Splunk, as far as searching goes: its events, its configuration, and `search`."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import polars as pl

from caltrop.dialect import patterns
from caltrop.engine import custom, registry, times
from caltrop.engine.context import Context, Message
from caltrop.engine.errors import SearchError
from caltrop.engine.execute import Engine
from caltrop.engine.models import Summaries
from caltrop.engine.needed import STORED, extractable
from caltrop.engine.services import Services
from caltrop.engine.table import Table, render
from caltrop.errors import Location
from caltrop.index import Segment, Store, importers
from caltrop.index.importers import ImportOptions
from caltrop.knowledge import Configuration, Knowledge, KVStore
from caltrop.knowledge.columns import stack
from caltrop.knowledge.view import CONFS
from caltrop.spl import SplError, expand, known_commands, parse, parse_eval, parse_search
from caltrop.spl.ast import NOWHERE, Pipeline
from caltrop.spl.macros import Macro
from caltrop.spl.source import position

CACHE_BYTES = 2 << 30  # what the extracted fields of all segments may take
CACHE_ENTRIES = 4096
SLICE = 16_384  # events extracted at once: what that takes on the way is several times the fields that it gives
Time = float | str | None


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a finished search gives. `events` is the table before the first transforming command (all of it, for a search without)."""

    table: Table
    events: Table
    messages: list[Message]
    earliest: float | None
    latest: float | None
    events_scanned: int
    is_transforming: bool
    duration: float  # seconds


@dataclass(slots=True)
class _Extraction:
    """The state of one segment's search-time extraction: rows extracted piecemeal so far, then the whole."""

    rows: int = 0
    size: int = 0  # bytes of the frame
    frame: pl.DataFrame | None = None


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
    summaries: Summaries = field(init=False, default_factory=Summaries)
    store: Store = field(init=False)
    config: Configuration = field(init=False)
    kvstore: KVStore = field(init=False)
    _knowledge: dict[tuple[str, str], tuple[tuple[int, ...], Knowledge]] = field(init=False, default_factory=dict)
    _extractions: OrderedDict[tuple[str, str], _Extraction] = field(init=False, default_factory=OrderedDict)
    _lock: threading.RLock = field(init=False, default_factory=threading.RLock)

    def __post_init__(self) -> None:
        registry.load()
        self.store = Store(self.data_dir / "indexes" if self.data_dir else None)
        self.config = Configuration(self.apps)
        self.kvstore = KVStore(self.data_dir / "kvstore" if self.data_dir else None)

    def clock(self) -> float:
        return time.time() if self.now is None else self.now

    def add_file(self, path: Path | str, options: ImportOptions) -> int:
        """Index a file (folder, archive, archive!member) of any known format; the number of events. Indexes are made as needed."""
        count = 0
        for frame in importers.read(path, options):
            for name in frame.get_column("index").unique().to_list():
                if name not in self.store:
                    self.store.create_index(name)
            self.store.append(frame)
            count += frame.height
        return count

    # -- searching

    def search(
        self,
        spl: str,
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
        cancelled: Callable[[], bool] | None = None,
    ) -> SearchResult:
        """Run SPL to its end. Raises `SplError` for a search that cannot be read, `SearchError` for one that cannot run."""
        began = time.monotonic()
        moment = self.clock() if now is None else now
        engine = Engine(cancelled, on_progress)
        ctx = Context(
            self, engine, moment, app=app, user=user, timezone=timezone, sid=sid,
            saved_search=saved_search, started=moment,
            earliest=_bound(earliest, moment, timezone), latest=_bound(latest, moment, timezone),
        )  # fmt: skip
        with patterns.budget():
            table = self.run_text(spl, ctx)
        return SearchResult(
            table=table,
            events=engine.events if engine.events is not None else Table.empty(),
            messages=ctx.messages,
            earliest=ctx.earliest,
            latest=ctx.latest,
            events_scanned=ctx.events_scanned,
            is_transforming=engine.transforming,
            duration=time.monotonic() - began,
        )

    def run_text(self, spl: str, ctx: Context, source: Table | None = None) -> Table:
        """Expand macros, parse and run; errors get the place in the text as written."""
        expansion = expand(spl, self._macro(ctx), lambda text: self._macro_value(text, ctx))
        try:
            return ctx.engine.run(parse(expansion.text), ctx, source=source)
        except SplError as error:
            raise expansion.rebase(error) from error
        except SearchError as error:
            if error.span != NOWHERE and error.location is None:
                place = position(spl, expansion.original(error.span).start)
                error.location = Location("", place.line, place.column)
            raise

    def parsed(self, spl: str, ctx: Context) -> Pipeline:
        """Expand macros and parse, without running: what a server checks before it accepts a job."""
        expansion = expand(spl, self._macro(ctx), lambda text: self._macro_value(text, ctx))
        try:
            return parse(expansion.text)
        except SplError as error:
            raise expansion.rebase(error) from error

    def expand(self, text: str, ctx: Context) -> str:
        """Search text with its macros expanded, as the search of `ctx` sees them."""
        return expand(text, self._macro(ctx), lambda inner: self._macro_value(inner, ctx)).text

    def _macro(self, ctx: Context) -> Callable[[str, int], Macro | None]:
        """The macros that a search sees, in the parser's terms."""
        knowledge = self.knowledge(ctx.app, ctx.user)

        def find(name: str, arity: int) -> Macro | None:
            found = knowledge.macro(name, arity)
            if found is None:
                return None
            return Macro(
                found.name,
                found.args,
                found.definition,
                found.is_eval,
                found.validation or None,
                found.errormsg or None,
            )

        return find

    def _macro_value(self, text: str, ctx: Context) -> str | bool | float | None:
        """An eval-based definition or a validation: one expression over no event."""
        result = ctx.engine.evaluate(parse_eval(text), pl.DataFrame({"_time": [ctx.now]}), ctx)[0]
        return " ".join(result) if isinstance(result, pl.Series) else result

    # -- knowledge and extraction

    def knowledge(self, app: str, user: str) -> Knowledge:
        """What a search in that app by that user sees; one object as long as what it keeps does not change."""
        with self._lock:
            revision = self.config.revision(CONFS)
            held = self._knowledge.get((app, user))
            if held is None or held[0] != revision:
                ctx = Context(self, Engine(), self.clock(), app=app, user=user)
                made = Knowledge(
                    self.config,
                    app,
                    user,
                    evaluate=lambda text, frame: render(ctx.engine.evaluate(parse_eval(text), frame, ctx)),
                    matches=lambda text, frame: self._matches(text, frame, ctx),
                    kvstore=self.kvstore,
                )
                self._knowledge = {key: kept for key, kept in self._knowledge.items() if kept[0] == revision}
                held = self._knowledge[app, user] = revision, made
            return held[1]

    def _matches(self, text: str, frame: pl.DataFrame, ctx: Context) -> pl.Series:
        """Event types: a search expression that may hold macros."""
        return ctx.engine.matches(_parsed(self.expand(text, ctx) if "`" in text else text), frame, ctx)

    def extracted(
        self, segment: Segment, ctx: Context, possible: pl.Expr, wanted: frozenset[str] | None
    ) -> pl.DataFrame:
        """The segment's events with their search-time fields; rows that `possible` rules out may be left out.

        The whole segment is extracted and kept once that costs no more than what searches have extracted of it so far.
        """
        knowledge = self.knowledge(ctx.app, ctx.user)
        key = (f"{segment.index}/{segment.id}", knowledge.fingerprint)
        with self._lock:
            state = self._extractions.setdefault(key, _Extraction())
            self._extractions.move_to_end(key)
        if state.frame is not None:
            return state.frame
        frame = segment.frame
        chosen = frame.filter(possible)
        names = extractable(wanted, chosen)
        if names is not None and names <= STORED:
            return chosen
        if state.rows + chosen.height <= frame.height // 2:
            state.rows += chosen.height
            return _extract(knowledge, chosen, names, ctx)
        whole = _extract(knowledge, frame, None, ctx)
        with self._lock:
            state.frame, state.size = whole, int(whole.estimated_size())
            current = {kept.fingerprint for _, kept in self._knowledge.values()}
            for stale in [k for k in self._extractions if k[1] not in current]:
                del self._extractions[stale]
            while len(self._extractions) > 1 and self._too_much():
                self._extractions.popitem(last=False)
        return whole

    def _too_much(self) -> bool:
        states = self._extractions.values()
        return len(states) > CACHE_ENTRIES or sum(state.size for state in states) > CACHE_BYTES

    # -- commands of others

    def custom_command(self, name: str, ctx: Context) -> registry.CommandEntry | None:
        """A command that an installed app provides."""
        return custom.find(name, ctx)

    def is_documented_command(self, name: str) -> bool:
        return name in known_commands()


def _extract(knowledge: Knowledge, frame: pl.DataFrame, names: set[str] | None, ctx: Context) -> pl.DataFrame:
    """Search-time fields. An event whose text makes a pattern backtrack too much lacks its fields, and no other event does."""
    with patterns.budget(lenient=True) as budget:
        parts = [knowledge.extract(part, names) for part in frame.iter_slices(SLICE)]
    for pattern in budget.exceeded:
        ctx.warn(f"field extraction {pattern!r} exceeds the match limit: some events lack its fields")
    if len(parts) < 2:
        return parts[0] if parts else frame
    stored = [name for name in frame.columns if name in STORED]  # shared with the segment, not copied
    added = stack([part.drop(stored) for part in parts]).rechunk()
    return (
        frame.select(stored).hstack(added).select(list(dict.fromkeys(name for part in parts for name in part.columns)))
    )


_parsed = lru_cache(maxsize=4096)(parse_search)


def _bound(value: Time, now: float, timezone: str) -> float | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return times.time_bound(value, now, timezone)
    return float(value)
