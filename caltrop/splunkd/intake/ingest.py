"""Bytes and JSON from outside -> event frames in the store, following the index-time settings of the installed apps.

`raw` breaks bytes into events by props.conf (receivers, HEC raw, oneshot inputs); `Batch` collects events that already are
events (HEC event). Both raise `UnknownIndex` before anything is stored.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import IO

import polars as pl

from caltrop.engine.instance import Instance
from caltrop.index import UnknownIndex, frames, transforms
from caltrop.index.importers import sources, structured
from caltrop.index.linebreak import Breaker, Decoder
from caltrop.index.props import Props
from caltrop.index.timestamp import TimeParser, contains_date, unfound
from caltrop.knowledge import Knowledge
from caltrop.splunkd.intake.headed import Headed
from caltrop.splunkd.intake.origin import Origin

MOST_HEARD = 10_000
IN_MEMORY = 16 << 20  # bytes of a structured stream; more of it waits on disk


@dataclass(frozen=True, slots=True)
class Event:
    """One event as a sender gave it; `time` None means: look for it in the text, else now."""

    raw: str
    origin: Origin
    time: float | None = None
    fields: Mapping[str, str | list[str]] = field(default_factory=dict)


class Ingest:
    """Thread-safe. `tell` hears each thing that is wrong with a setting or with data, once."""

    def __init__(self, instance: Instance, clock: Callable[[], float], tell: Callable[[str], None]) -> None:
        self._instance = instance
        self._store = instance.store
        self._clock = clock
        self._tell = tell
        self._heard: dict[str, None] = {}

    def problem(self, what: str) -> None:
        """Tell it, unless it was told before (of very many things the oldest are forgotten)."""
        if what in self._heard:
            return
        self._heard[what] = None
        if len(self._heard) > MOST_HEARD:
            self._heard.pop(next(iter(self._heard)), None)
        self._tell(what)

    @property
    def _rules(self) -> Knowledge:
        """What the installed apps say of index time."""
        return self._instance.knowledge("search", "nobody")

    def settings(self, origin: Origin) -> Props:
        """The index-time settings of data of this origin."""
        settings = self._rules.index_time_props(origin.source, origin.sourcetype, origin.host)
        return Props.from_mapping(settings, self.problem)

    def store(self, frame: pl.DataFrame) -> None:
        """Apply SEDCMD and TRANSFORMS, and store. Events that a transform sends to an index that is not there are lost,
        as in Splunk without a last-chance index."""
        rules = self._rules
        frame = transforms.apply(
            frame, rules.index_time_props, rules.index_time_transform, self.problem, self._instance.evaluate
        )
        for name in frame.get_column("index").unique():
            if name not in self._store:
                self.problem(f"transforms sent events to index {name!r}, which does not exist")
                frame = frame.filter(pl.col("index") != name)
        self._store.append(frame)

    def check_index(self, name: str) -> None:
        if name not in self._store:
            raise UnknownIndex(name)

    def raw(self, data: bytes, origin: Origin, *, time: float | None = None, lone: bool = False) -> int:
        """Break bytes into events and store them; the number stored.

        `time` overrides time stamps. `lone`: text without any time stamp is one event, as line merging makes it, where a
        file without time stamps would be one event a line.
        """
        stream = self.stream(origin, time=time)
        if lone and isinstance(stream, Stream):
            return stream.whole(data)
        return stream.at_once(data) if isinstance(stream, Stream) else stream.feed(data) + stream.close()

    def stream(self, origin: Origin, *, time: float | None = None) -> Stream | StructuredStream | Headed:
        self.check_index(origin.index)
        mode = self.settings(origin).header_mode
        if mode in ("always", "firstline"):
            known = self._store.__contains__
            return Headed(lambda found: self._stream(found, time), origin, known, self.problem, always=mode == "always")
        return self._stream(origin, time)

    def _stream(self, origin: Origin, time: float | None) -> Stream | StructuredStream:
        props = self.settings(origin)
        if props.indexed_extractions:
            return StructuredStream(self._structured(origin, props.indexed_extractions, time))
        return Stream(self.store, props, origin, self._clock(), time, self.problem)

    def file(self, name: str, head: bytes, origin: Origin) -> Origin:
        """The origin of a file that says no source type: the one that its source, a rule or a delayed rule gives it."""
        naming, text = self._rules.source_types, Decoder().decode(head, final=True)
        found = naming.before(origin.source, origin.host, text) or naming.after(origin.source, origin.host, text)
        return replace(origin, sourcetype=found or sources.stem(name))

    def _structured(self, origin: Origin, form: str, time: float | None) -> Callable[[IO[bytes]], int]:
        """What stores a whole stream of this form; `time` overrides time stamps."""
        options = self._instance.import_options(
            host=origin.host,
            source=origin.source,
            sourcetype=origin.sourcetype,
            index=origin.index,
            on_problem=lambda problem: self.problem(str(problem)),
        )

        def keep(stream: IO[bytes]) -> int:
            count = 0
            for frame in structured.read(stream, replace(options, now=self._clock()), form):
                self.store(frame if time is None else frame.with_columns(pl.lit(time).alias("_time")))
                count += frame.height
            return count

        return keep

    def events(self, events: list[Event]) -> int:
        """Store whole events; those without a time get it from their text, else now."""
        if not events:
            return 0
        for index in {event.origin.index for event in events}:
            self.check_index(index)
        now = self._clock()
        times = [event.time for event in events]
        missing: dict[Origin, list[int]] = {}
        for number, event in enumerate(events):
            if event.time is None:
                missing.setdefault(event.origin, []).append(number)
        for origin, numbers in missing.items():
            # Each event by itself: one without a time stamp is from now, whatever its neighbour's time.
            parser = TimeParser(self.settings(origin), now=now)
            texts = pl.Series([events[n].raw for n in numbers], dtype=pl.String)
            for number, found in zip(numbers, parser.parse(texts).fill_null(now), strict=True):
                times[number] = found

        def texts_of(get: Callable[[Event], str]) -> pl.Series:
            return pl.Series([get(event) for event in events], dtype=pl.String)

        frame = frames.build(
            texts_of(lambda e: e.raw),
            pl.Series(times, dtype=pl.Float64),
            host=texts_of(lambda e: e.origin.host),
            source=texts_of(lambda e: e.origin.source),
            sourcetype=texts_of(lambda e: e.origin.sourcetype),
            index=texts_of(lambda e: e.origin.index),
            indexed=frames.indexed([event.fields for event in events]),
            now=now,
        )
        self.store(frame)
        return len(events)


class Stream:
    """Data of one origin that arrives in pieces; a `Sink` of the stream receiver."""

    def __init__(
        self,
        store: Callable[[pl.DataFrame], None],
        props: Props,
        origin: Origin,
        now: float,
        time: float | None,
        problem: Callable[[str], None],
    ) -> None:
        self._store = store
        self._props = props
        self._origin = origin
        self._now = now
        self._time = time
        self._breaker = Breaker(props, problem)
        self._times = TimeParser(props, now=now)

    def feed(self, data: bytes) -> int:
        return self._put(self._breaker.feed(data))

    def close(self) -> int:
        return self._put(self._breaker.finish())

    def at_once(self, data: bytes) -> int:
        """All there is: what is stored together is one segment, which searches read as one."""
        return self._put(self._breaker.feed(data) + self._breaker.finish())

    def whole(self, data: bytes) -> int:
        """The same, where text without any time stamp is one event."""
        events = self._breaker.feed(data) + self._breaker.finish()
        if len(events) > 1 and self._props.should_linemerge and not contains_date(_texts(events), self._props).any():
            events = [data.decode("utf-8", "backslashreplace").strip("\r\n")]
        return self._put(events)

    def _put(self, events: list[str]) -> int:
        events = [event for event in events if event.strip()]
        if not events:
            return 0
        raw = _texts(events)
        found = (
            self._times.found(raw) if self._time is None else pl.Series([self._time] * len(events), dtype=pl.Float64)
        )
        origin = self._origin
        frame = frames.build(
            raw,
            self._times.fill(found) if self._time is None else found,
            host=origin.host,
            source=origin.source,
            sourcetype=origin.sourcetype,
            index=origin.index,
            indexed=unfound(found),
            now=self._now,
        )
        if self._props.oldest is not None:
            frame = frame.filter(pl.col("_time") >= self._now - self._props.oldest)
        self._store(frame)
        return len(events)


class StructuredStream:
    """Data of one origin whose fields are extracted at index time: a table needs its header, so it is read at its end."""

    def __init__(self, keep: Callable[[IO[bytes]], int]) -> None:
        self._keep = keep
        self._data = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  open until the stream ends

    def feed(self, data: bytes) -> int:
        self._data.write(data)
        return 0

    def close(self) -> int:
        with self._data as data:
            data.seek(0)
            return self._keep(data)


def _texts(events: list[str]) -> pl.Series:
    return pl.Series(events, dtype=pl.String)
