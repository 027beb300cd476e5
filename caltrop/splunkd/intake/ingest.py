"""Bytes and JSON from outside -> event frames in the store, following the index-time settings of the installed apps.

`raw` breaks bytes into events by props.conf (receivers, HEC raw, oneshot inputs); `Batch` collects events that already are
events (HEC event). Both raise `UnknownIndex` before anything is stored.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from caltrop.dialect.conf import Placed
from caltrop.index import Store, UnknownIndex, frames, transforms
from caltrop.index.ingesteval import Evaluate
from caltrop.index.linebreak import Breaker
from caltrop.index.props import Props
from caltrop.index.timestamp import TimeParser, contains_date
from caltrop.knowledge import props as knowledge_props
from caltrop.knowledge.configuration import Configuration

log = logging.getLogger(__name__)
DEFAULT_INDEX = "main"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where data comes from: the default fields of its events."""

    index: str = DEFAULT_INDEX
    host: str = "caltrop"
    source: str = ""
    sourcetype: str = ""

    def with_overrides(self, values: Mapping[str, str | None]) -> Origin:
        return replace(self, **{k: v for k, v in values.items() if v})


@dataclass(frozen=True, slots=True)
class Event:
    """One event as a sender gave it; `time` None means: look for it in the text, else now."""

    raw: str
    origin: Origin
    time: float | None = None
    fields: Mapping[str, str | list[str]] = field(default_factory=dict)


class Ingest:
    """Thread-safe."""

    def __init__(
        self, store: Store, config: Configuration, clock: Callable[[], float], evaluate: Evaluate | None = None
    ) -> None:
        self._store = store
        self._config = config
        self._clock = clock
        self._evaluate = evaluate
        self._lock = threading.Lock()
        self._props: tuple[int, knowledge_props.Props] | None = None

    def settings(self, origin: Origin) -> Props:
        """The index-time settings of data of this origin."""
        return Props.from_mapping(self._merged(origin.source, origin.sourcetype, origin.host))

    def _merged(self, source: str, sourcetype: str, host: str = "") -> dict[str, str]:
        with self._lock:
            generation = self._config.generation
            if self._props is None or self._props[0] != generation:
                self._props = (generation, knowledge_props.Props(self._config.stanzas("props")))
            merged = self._props[1].settings(source, sourcetype, host)
        return knowledge_props.index_time({key: Placed(s.value, s.place) for key, s in merged.items()})

    def _transform(self, name: str) -> dict[str, str] | None:
        stanza = self._config.stanza("transforms", name)
        return None if stanza is None else {k: Placed(s.value, s.place) for k, s in stanza.settings.items()}

    def store(self, frame: pl.DataFrame) -> None:
        """Apply SEDCMD and TRANSFORMS, and store. Events that a transform sends to an index that is not there are lost,
        as in Splunk without a last-chance index."""
        frame = transforms.apply(frame, self._merged, self._transform, log.warning, self._evaluate)
        for name in frame.get_column("index").unique():
            if name not in self._store:
                log.warning("transforms sent events to index %r, which does not exist", name)
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
        return stream.whole(data) if lone else stream.feed(data) + stream.close()

    def stream(self, origin: Origin, *, time: float | None = None) -> Stream:
        self.check_index(origin.index)
        return Stream(self.store, self.settings(origin), origin, self._clock(), time)

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
        self, store: Callable[[pl.DataFrame], None], props: Props, origin: Origin, now: float, time: float | None
    ) -> None:
        self._store = store
        self._props = props
        self._origin = origin
        self._now = now
        self._time = time
        self._breaker = Breaker(props)
        self._times = TimeParser(props, now=now)

    def feed(self, data: bytes) -> int:
        return self._put(self._breaker.feed(data))

    def close(self) -> int:
        return self._put(self._breaker.finish())

    def whole(self, data: bytes) -> int:
        events = self._breaker.feed(data) + self._breaker.finish()
        if len(events) > 1 and self._props.should_linemerge and not contains_date(_texts(events), self._props).any():
            events = [data.decode("utf-8", "backslashreplace").strip("\r\n")]
        return self._put(events)

    def _put(self, events: list[str]) -> int:
        events = [event for event in events if event.strip()]
        if not events:
            return 0
        raw = _texts(events)
        times = (
            self._times.times(raw) if self._time is None else pl.Series([self._time] * len(events), dtype=pl.Float64)
        )
        origin = self._origin
        self._store(
            frames.build(
                raw, times, host=origin.host, source=origin.source, sourcetype=origin.sourcetype, index=origin.index,
                now=self._now,
            )
        )  # fmt: skip
        return len(events)


def _texts(events: list[str]) -> pl.Series:
    return pl.Series(events, dtype=pl.String)
