"""One index: a log for what just arrived, segments for the rest, and a manifest that says which files count.

On disk an index is a directory with `manifest.json`, `<n>.arrow` segments and one `<n>.log`. The manifest is replaced
atomically and is the point where a change takes effect: a file that it does not name is left over from a crash and is
removed when the index is opened. Readers take the current `State`, which is immutable, and need no lock.
"""

from __future__ import annotations

import io
import json
import threading
import time
import zlib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl

from caltrop.errors import CaltropError, Location
from caltrop.index import coding, frames
from caltrop.index.durable import Log, checksum, read_log, replace_file, sync_directory
from caltrop.index.kept import Kept
from caltrop.index.segment import Segment, Summary

# Events wait in the log until there are this many rows or bytes of them; then they become a segment.
SEAL_ROWS = 50_000
SEAL_BYTES = 64 << 20
# Segments of one order of magnitude are merged when there are this many. What is this large already is left alone: few
# enough files, and merging would hold everything in memory twice.
FAN_IN = 8
MERGE_ROWS = 262_144
MERGE_BYTES = 128 << 20


@dataclass(frozen=True)
class Batch:
    """Rows of the log, in order of arrival, and the same as a segment: one object as long as the batch lasts, so that what
    searches keep of it (`engine/extractions.py`) serves the next one, whatever arrived in between."""

    name: str
    index: str
    frame: pl.DataFrame

    @cached_property
    def size(self) -> int:
        return int(self.frame.estimated_size())

    @cached_property
    def segment(self) -> Segment:
        frame = frames.newest_first(self.frame)
        return Segment(self.name, self.index, Summary.of(frame), _frame=frame)


@dataclass(frozen=True)
class State:
    """What an index holds at one moment. `hot` are the batches of the log, in order of arrival, larger ones first."""

    index: str
    guid: str
    sequence: int
    serial: int
    segments: tuple[Segment, ...] = ()
    hot: tuple[Batch, ...] = ()

    @property
    def all(self) -> tuple[Segment, ...]:
        """Those that arrived last first: of events with one time the one that arrived last comes first."""
        return (*(batch.segment for batch in reversed(self.hot)), *reversed(self.segments))

    @property
    def hot_rows(self) -> int:
        return sum(batch.frame.height for batch in self.hot)

    def batch(self, frame: pl.DataFrame) -> Batch:
        """Rows that were numbered already, the last of them with the number before `serial`."""
        return Batch(f"{self.index}~{self.sequence}.{self.serial}.{frame.height}~{self.guid}", self.index, frame)

    def added(self, frame: pl.DataFrame) -> State:
        """With these rows, the newest ones, in the log; batches of similar size are merged, so that n rows sent one by one stay
        about log2(n) batches."""
        hot = self.hot
        while hot and hot[-1].frame.height <= 2 * frame.height:
            frame = frames.concat([hot[-1].frame, frame]).rechunk()
            hot = hot[:-1]
        return replace(self, hot=(*hot, self.batch(frame)))


class Bucket:
    """The events of one index, in a directory or, without one, in memory."""

    def __init__(self, name: str, path: Path | None, settings: dict[str, Any], kept: Kept) -> None:
        self.name = name
        self._kept = kept
        self.problems: list[str] = []  # what was missing or damaged when the index was opened
        self.path = path
        self.settings = settings
        self._write_lock = threading.Lock()
        self._log: Log | None = None
        # An index that is removed and made again is another one: its segments must not be taken for the old ones.
        self._state = State(name, str(uuid4()).upper(), sequence=0, serial=0)
        if path is not None:
            self._open(path)

    @property
    def state(self) -> State:
        return self._state

    # Opening

    def _open(self, path: Path) -> None:
        manifest = path / "manifest.json"
        if manifest.exists():
            try:
                known = json.loads(manifest.read_bytes())
                if "check" in known and known.pop("check") != _check(known):
                    raise ValueError("its checksum is not that of what was written")
                self.settings = known["settings"]
                self._state = State(
                    self.name,
                    known["guid"],
                    sequence=known["sequence"],
                    serial=known["serial"],
                    segments=tuple(
                        Segment(
                            s["id"],
                            self.name,
                            Summary.from_json(s["summary"]),
                            path / s["file"],
                            s.get("crc"),
                            self._kept,
                        )
                        for s in known["segments"]
                    ),
                )
            except (ValueError, KeyError, TypeError) as error:
                raise CaltropError(
                    f"the manifest of index {self.name!r} is damaged: {error!r}",
                    location=Location(str(manifest)),
                    hint="restore the file from a backup; the segments beside it are intact",
                ) from error
            self._without_lost(path)
            self._sweep(path)
        else:
            path.mkdir(parents=True, exist_ok=True)
            sync_directory(path.parent)
            self._commit(self._state)
        log = self._log_path(path, self._state.sequence)
        if log.exists():
            found = read_log(log)
            if found.damaged:
                self.problems.append(
                    f"index {self.name}: {log} was damaged: {found.damaged:,} bytes of it are no events any more; it is kept "
                    f"as {log.with_suffix('.log.damaged').name}"
                )
            if found.payloads:
                frame = frames.concat([pl.read_ipc_stream(io.BytesIO(payload)) for payload in found.payloads])
                # After the last number that was given: rows came since the manifest was written, and events may be lost in between.
                last = frame.get_column("_cd").str.strip_prefix("0:").cast(pl.Int64).max()
                self._state = replace(self._state, serial=max(self._state.serial, int(str(last)) + 1)).added(frame)
        self._log = Log(log)
        sync_directory(path)

    def _without_lost(self, path: Path) -> None:
        """Go on without segments whose file somebody moved away, and say so."""
        lost = [s for s in self._state.segments if s.path is None or not s.path.exists()]
        for segment in lost:
            self.problems.append(
                f"index {self.name}: {segment.path} is missing, {segment.count:,} events with it; going on without them"
            )
        if lost:
            left = tuple(s for s in self._state.segments if s not in lost)
            self._state = replace(self._state, segments=left)
            self._commit(self._state)

    def _sweep(self, path: Path) -> None:
        wanted = {segment.path for segment in self._state.segments}
        wanted |= {path / "manifest.json", self._log_path(path, self._state.sequence)}
        for file in path.iterdir():
            if file not in wanted and file.suffix in (".arrow", ".log", ".tmp"):
                file.unlink()

    @staticmethod
    def _log_path(path: Path, sequence: int) -> Path:
        return path / f"{sequence:08d}.log"

    # Writing

    def append(self, frame: pl.DataFrame) -> None:
        """Add normalised rows. On return they are on disk and every later reader sees them."""
        ticket = 0
        with self._write_lock:
            state = self._state
            numbered = frame.with_columns(
                pl.format("0:{}", pl.int_range(state.serial, state.serial + frame.height)).alias("_cd")
            )
            state = replace(state, serial=state.serial + frame.height)
            if frame.height >= SEAL_ROWS or frame.estimated_size() >= SEAL_BYTES:
                self._add_segment(state, numbered)
                return
            log = self._log
            if log is not None:
                ticket = log.write(_record(numbered))
            self._state = state = state.added(numbered)
            if state.hot_rows >= SEAL_ROWS or sum(batch.size for batch in state.hot) >= SEAL_BYTES:
                self._seal()
                return
        if log is not None:
            log.sync(ticket)

    def flush(self) -> None:
        """Turn what is in the log into a segment."""
        with self._write_lock:
            if self._state.hot:
                self._seal()

    def _seal(self) -> None:
        state = self._state
        self._add_segment(replace(state, hot=()), frames.concat([batch.frame for batch in state.hot]))

    def _add_segment(self, state: State, frame: pl.DataFrame) -> None:
        """Make a segment of `frame`, which is in order of arrival, and publish `state` with it, small ones merged."""
        state = self._with_segment(state, frame)
        while group := _mergeable(state.segments):
            merged = frames.descending(frames.concat([segment.frame for segment in reversed(group)]))
            rest = tuple(segment for segment in state.segments if segment not in group)
            state = self._with_segment(replace(state, segments=rest), merged, ordered=True)
        self._publish(state)

    def _with_segment(self, state: State, frame: pl.DataFrame, *, ordered: bool = False) -> State:
        frame = frame if ordered else frames.newest_first(frame)
        number = state.sequence + 1
        held = coding.coded(frame) if self.path is None else frame
        segment = Segment(f"{self.name}~{number}~{state.guid}", self.name, Summary.of(frame), _frame=held)
        if self.path is not None:
            segment = write_segment(segment, self.path / f"{number:08d}.arrow", self._kept)
        return replace(state, sequence=number, segments=(*state.segments, segment))

    def _publish(self, state: State) -> None:
        """Make a state with other segments the current one: manifest first, then forget files it does not name.

        Rows that are still hot move to the log of the new sequence number before the manifest names it.
        """
        old = self._state
        if self.path is not None:
            log_path = self._log_path(self.path, state.sequence)
            log = self._log
            if state.sequence != old.sequence:
                log = Log(log_path, fresh=True)
                for batch in state.hot:
                    log.sync(log.write(_record(batch.frame)))
                sync_directory(self.path)
            self._commit(state)
            if log is not self._log and self._log is not None:
                self._log.close()
                self._log.path.unlink(missing_ok=True)
            self._log = log
        self._state = state
        for segment in old.segments:
            if segment not in state.segments and segment.path is not None:
                segment.hold()
                segment.path.unlink(missing_ok=True)

    def _commit(self, state: State) -> None:
        assert self.path is not None
        manifest = {
            "settings": self.settings,
            "guid": state.guid,
            "sequence": state.sequence,
            "serial": state.serial,
            "segments": [
                {"id": s.id, "file": s.path.name, "crc": s.checksum, "summary": s.summary.to_json()}
                for s in state.segments
                if s.path is not None
            ],
        }
        text = json.dumps({**manifest, "check": _check(manifest)}, separators=(",", ":")).encode()
        replace_file(self.path / "manifest.json", lambda file: file.write(text))

    # Changing

    def set(self, settings: dict[str, Any]) -> None:
        with self._write_lock:
            self.settings = {**self.settings, **settings}
            if self.path is not None:
                self._commit(self._state)

    def delete(self, addresses: pl.Series) -> int:
        """Remove the rows with these `_cd`; the number removed. Rows of the log go from there, into a new log without them."""
        with self._write_lock:
            state = self._state
            left = [batch.frame.filter(~pl.col("_cd").is_in(addresses.implode())) for batch in state.hot]
            removed = state.hot_rows - sum(frame.height for frame in left)
            if removed:
                state = replace(state, sequence=state.sequence + 1, hot=())
                if left := [frame for frame in left if frame.height]:
                    state = replace(state, hot=(state.batch(frames.concat(left)),))
            for segment in state.segments:
                keep = segment.frame.filter(~pl.col("_cd").is_in(addresses.implode()))
                if keep.height == segment.count:
                    continue
                removed += segment.count - keep.height
                state = replace(state, segments=tuple(s for s in state.segments if s is not segment))
                if keep.height:
                    state = self._with_segment(state, keep, ordered=True)
            if removed:
                self._publish(state)
        return removed

    def clean(self, now: float | None = None) -> int:
        """Drop what retention no longer covers, whole segments at a time, as Splunk freezes buckets; events dropped.

        A segment goes when its newest event is older than `frozenTimePeriodInSecs`, and oldest first while the index
        is larger than `maxTotalDataSizeMB`.
        """
        moment = time.time() if now is None else now
        self.flush()
        with self._write_lock:
            state = self._state
            oldest = moment - float(self.settings.get("frozenTimePeriodInSecs", 188_697_600))
            keep = sorted((s for s in state.segments if s.max_time >= oldest), key=lambda s: s.max_time)
            limit = float(self.settings.get("maxTotalDataSizeMB", 500_000)) * (1 << 20)
            total = sum(s.size for s in keep) if limit else 0
            while keep and total > limit:
                total -= keep.pop(0).size
            kept = tuple(s for s in state.segments if s in keep)
            dropped = sum(s.count for s in state.segments) - sum(s.count for s in kept)
            if dropped:
                self._publish(replace(state, segments=kept))
            return dropped

    def close(self) -> None:
        with self._write_lock:
            if self._log is not None:
                self._log.close()


def _check(manifest: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(manifest, separators=(",", ":"), sort_keys=True).encode())


def _record(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_ipc_stream(buffer)
    return buffer.getvalue()


def write_segment(segment: Segment, path: Path, kept: Kept) -> Segment:
    """The segment, written to `path`. Its frame is dropped from memory and comes back from the file."""
    replace_file(path, lambda file: segment.frame.write_ipc(file))
    return Segment(segment.id, segment.index, segment.summary, path, checksum(path), kept)


def _mergeable(segments: tuple[Segment, ...]) -> list[Segment]:
    """The first group of `FAN_IN` segments of one order of magnitude that may become one; empty when there is none."""
    tiers: dict[int, list[Segment]] = {}
    for segment in segments:
        tier = tiers.setdefault((segment.count.bit_length() - 1) // 3, [])
        tier.append(segment)
        if len(tier) == FAN_IN:
            if sum(s.count for s in tier) <= MERGE_ROWS and sum(s.summary.raw_bytes for s in tier) <= MERGE_BYTES:
                return tier
            tier.clear()
    return []
