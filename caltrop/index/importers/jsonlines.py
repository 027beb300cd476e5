"""JSON events: Windows events are rebuilt, HEC events and events that Splunk exported unpacked, the rest is kept as it is.

A batch may mix all of them. Source types by content, where none is given: AWS CloudTrail's record is `aws:cloudtrail`,
other JSON `_json`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Literal

import msgspec
import polars as pl

from caltrop.dialect.lists import lists
from caltrop.index import frames, hec
from caltrop.index.importers import glances, jsontext, nxlog, winjson
from caltrop.index.importers.glances import CLOUDTRAIL, TIME_KEYS, Glance
from caltrop.index.importers.options import Context
from caltrop.index.importers.rendered import windows_frame
from caltrop.index.timestamp import TimeParser


def kind_of(value: Any) -> Literal["nxlog", "windows", "hec", "export", "plain"]:
    """What a JSON value is: a collector's Windows event (flat or nested), an event in HEC's envelope or in that of
    Splunk's export, or an event as it stands."""
    if isinstance(value, Glance):
        return "plain"
    if nxlog.is_record(value):
        return "nxlog"
    if winjson.is_event(value):
        return "windows"
    if hec.is_event(value):
        return "hec"
    if isinstance(value, dict) and isinstance(_result(value).get("_raw"), str):
        return "export"
    return "plain"


def _result(value: dict[str, Any]) -> dict[str, Any]:
    """The row of an exported result, which some forms wrap."""
    inner = value.get("result")
    return inner if isinstance(inner, dict) else value


class Reader:
    """Sorts the values of one file into kinds and makes frames of them, in order within each kind."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._clocks: dict[str, TimeParser] = {}
        self._windows = nxlog.Rebuilder(context.options.tz, context.reference)

    def read(self, chunks: Iterator[bytes]) -> Iterator[pl.DataFrame]:
        """The events of a stream of JSON, batch by batch."""
        options = self.context.options
        batch: list[jsontext.Value | jsontext.Lines] = []
        rows = size = 0
        look = None if options.format == "hec" else glances.Glances()
        for outer in jsontext.pieces(self.context.name, chunks, look=look):
            if isinstance(outer, jsontext.Lines):
                start = 0
                for end, length in enumerate(map(len, outer.texts), 1):
                    size += length
                    if rows + end - start >= options.batch_rows or size >= options.batch_bytes:
                        batch.append(outer.part(start, end))
                        yield self._frame(batch)
                        batch, rows, size, start = [], 0, 0, end
                if start < len(outer.texts):
                    batch.append(outer.part(start, len(outer.texts)))
                    rows += len(outer.texts) - start
                continue
            for value in (outer,) if isinstance(outer.decoded, Glance) else jsontext.unwrap(outer):
                batch.append(value)
                rows += 1
                size += len(value.text)
                if rows >= options.batch_rows or size >= options.batch_bytes:
                    yield self._frame(batch)
                    batch, rows, size = [], 0, 0
        if batch:
            yield self._frame(batch)

    def plain(self, chunks: Iterator[bytes]) -> Iterator[pl.DataFrame]:
        """As `read`, of data whose source type is known: each value is an event as it stands."""
        batch: list[jsontext.Value] = []
        for value in jsontext.values(self.context.name, chunks):
            if value.error is not None:
                self.context.problem(f"not JSON: {value.error}", value.line)
            batch.append(value)
            if len(batch) >= self.context.options.batch_rows:
                yield self._plain_frame(batch)
                batch = []
        if batch:
            yield self._plain_frame(batch)

    def _frame(self, batch: list[jsontext.Value | jsontext.Lines]) -> pl.DataFrame:
        lines = [piece for piece in batch if isinstance(piece, jsontext.Lines)]
        if len(lines) == len(batch):  # most files: nothing but events as they stand
            seen = list(chain.from_iterable(piece.seen for piece in lines))
            return self._plain(list(chain.from_iterable(piece.texts for piece in lines)), seen)
        return self._sorted(
            [value for piece in batch for value in (piece.values() if isinstance(piece, jsontext.Lines) else [piece])]
        )

    def _sorted(self, batch: list[jsontext.Value]) -> pl.DataFrame:
        make = {
            "nxlog": self._nxlog_frame,
            "windows": self._windows_frame,
            "hec": self._hec_frame,
            "export": self._export_frame,
            "plain": self._plain_frame,
        }
        kinds: dict[str, list[jsontext.Value]] = {}
        for value in batch:
            if value.error is not None:
                self.context.problem(f"not JSON: {value.error}", value.line)
            forced = self.context.options.format == "hec" and value.error is None
            kinds.setdefault("hec" if forced else kind_of(value.decoded), []).append(value)
        return frames.concat([make[kind](values) for kind, values in kinds.items()])

    def _nxlog_frame(self, batch: list[jsontext.Value]) -> pl.DataFrame:
        return windows_frame(self.context, self._windows.batch([value.decoded for value in batch]))

    def _windows_frame(self, batch: list[jsontext.Value]) -> pl.DataFrame:
        return windows_frame(self.context, winjson.batch([value.decoded for value in batch]))

    def _export_frame(self, batch: list[jsontext.Value]) -> pl.DataFrame:
        rows = [_result(value.decoded) for value in batch]

        def column(name: str, default: str | None = None) -> pl.Series:
            return pl.Series(name, [nxlog.text_of(row.get(name)) or default for row in rows], dtype=pl.String)

        raw = column("_raw", "")
        clock = self._clock("_json")
        stamps = column("_time")
        times = pl.select(pl.coalesce(stamps.cast(pl.Float64, strict=False), clock.parse(stamps), clock.parse(raw)))
        return self.context.frame(
            raw,
            clock.fill(clock.plausible(times.to_series())),
            column("sourcetype", "_json"),
            host=column("host", "localhost"),
            source=column("source", self.context.name),
            index=column("index", "main"),
        )

    def _hec_frame(self, batch: list[jsontext.Value]) -> pl.DataFrame:
        events: list[hec.Event] = []
        refused: list[jsontext.Value] = []
        for value in batch:
            try:
                events.append(hec.event(value.decoded, len(events)))
            except hec.HecError as error:
                self.context.problem(f"no valid HEC event: {error.message}", value.line)
                refused.append(value)
        options = self.context.options
        defaults = hec.Defaults(source=options.source or self.context.name, index=options.index or "main")
        frame = hec.frame(events, defaults, now=self.context.now)
        frame = override(self.context, frame)
        return frames.concat([frame, self._plain_frame(refused)]) if refused else frame

    def _plain_frame(self, batch: list[jsontext.Value]) -> pl.DataFrame:
        return self._plain([value.text for value in batch], [value.decoded for value in batch])

    def _plain(self, texts: list[str], seen: list[Any]) -> pl.DataFrame:
        """Events as they stand, and of each what it decodes to, or a glance at it."""
        glanced = all(value.__class__ is glances.SEEN for value in seen)
        cloudtrail = glances.are_cloudtrail(seen) if glanced else map(_is_cloudtrail, seen)
        kinds = ["aws:cloudtrail" if known else "_json" for known in cloudtrail]
        raw = pl.Series("_raw", texts, dtype=pl.String)
        # One clock for the file: events without time follow the event before, of whatever type.
        clock = self._clock(kinds[0])
        keys = clock.props.timestamp_fields or TIME_KEYS
        told = (
            glances.stamps(seen, _text)
            if glanced and keys is TIME_KEYS
            else [_stamp(text, value, keys) for text, value in zip(texts, seen, strict=True)]
        )
        times = clock.parse(pl.Series(told, dtype=pl.String))
        missing = times.is_null()
        if missing.any():
            times = pl.select(
                pl.coalesce(times, clock.parse(pl.select(pl.when(missing).then(raw)).to_series()))
            ).to_series()
        props = clock.props
        asked = props.indexed_extractions == "json"
        wholes = [_whole(text, value) for text, value in zip(texts, seen, strict=True)] if asked else []
        indexed = _indexed(wholes, "" if props.trim_braces else "{}") if asked else []
        return self.context.frame(
            raw, clock.fill(clock.plausible(times)), pl.Series(kinds, dtype=pl.String), indexed=indexed
        )

    def _clock(self, sourcetype: str) -> TimeParser:
        if sourcetype not in self._clocks:
            self._clocks[sourcetype] = self.context.clock(self.context.props(sourcetype))
        return self._clocks[sourcetype]


def override(context: Context, frame: pl.DataFrame) -> pl.DataFrame:
    """Put the options' host, source, sourcetype and index over what events say themselves."""
    given = {name: getattr(context.options, name) for name in ("host", "source", "sourcetype", "index")}
    return frame.with_columns(pl.lit(value).alias(name) for name, value in given.items() if value)


def _whole(text: str, seen: Any) -> Any:
    """All that it says."""
    return jsontext.decoded(text) if isinstance(seen, Glance) else seen


def _is_cloudtrail(seen: Any) -> bool:
    if isinstance(seen, Glance):
        return glances.are_cloudtrail((seen,))[0]
    return isinstance(seen, dict) and seen.keys() >= set(CLOUDTRAIL)


def _stamp(text: str, seen: Any, keys: Sequence[str]) -> str | None:
    """The first of the keys that has a text or a number."""
    if keys is TIME_KEYS and isinstance(seen, Glance):
        return glances.stamps((seen,), _text)[0]
    decoded = _whole(text, seen)
    if not isinstance(decoded, dict):
        return None
    for key in keys:
        found: Any = decoded.get(key)
        if found is None and "." in key:
            found = decoded
            for part in key.split("."):
                found = found.get(part) if isinstance(found, dict) else None
        if (written := _text(found)) is not None:
            return written
    return None


def _text(found: Any) -> str | None:
    if isinstance(found, str):
        return found
    return str(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


def _indexed(rows: list[Any], of_list: str) -> list[pl.Series]:
    """The columns of INDEXED_EXTRACTIONS = json: a field for each leaf, named as search-time extraction names it (`of_list`
    stands behind the name of a list)."""
    columns: dict[str, list[list[str] | None]] = {}
    for place, row in enumerate(rows):
        leaves: dict[str, list[str]] = {}
        _leaves("", row, leaves, of_list, depth=0)
        for name, values in leaves.items():
            if name not in frames.SCHEMA:
                columns.setdefault(name, [None] * len(rows))[place] = values
    return [_narrow(lists(name, values)) for name, values in columns.items()]


def _leaves(name: str, value: Any, found: dict[str, list[str]], of_list: str, depth: int) -> None:
    if depth > 64:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            _leaves(f"{name}.{key}" if name else key, inner, found, of_list, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _leaves(f"{name}{of_list}", inner, found, of_list, depth + 1)
    elif name:
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        if text:
            found.setdefault(name, []).append(text)


def _narrow(column: pl.Series) -> pl.Series:
    """A list column in which every list holds one value, as text."""
    return column.list.first() if column.list.len().max() == 1 else column
