"""Named indexes and everything a search or an administrator asks of them.

Index names and settings follow the pages "indexes.conf" and "Create custom indexes" of Splunk's documentation.
"""

from __future__ import annotations

import fcntl
import re
import shutil
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import polars as pl

from caltrop.errors import CaltropError, Location
from caltrop.index import frames
from caltrop.index.bucket import Bucket
from caltrop.index.kept import Kept
from caltrop.index.segment import KINDS, Segment, Tally, merge_tallies

NAME = re.compile(r"_?[a-z0-9][a-z0-9_-]{0,79}")


class UnknownIndex(CaltropError):
    """An index that does not exist was named."""

    def __init__(self, name: str) -> None:
        super().__init__(f"index {name!r} does not exist", hint="create the index first")
        self.name = name


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """`size` is bytes on disk, `raw_size` bytes of `_raw`; the times are null while the index is empty."""

    name: str
    count: int
    size: int
    raw_size: int
    segments: int
    min_time: float | None
    max_time: float | None
    settings: Mapping[str, Any]


class Store:
    """Indexes in a directory, or in memory when `path` is None.

    All methods may be called from any thread. A store holds its directory: a second process that opens it is refused.
    """

    def __init__(self, path: Path | None = None, kept: Kept | None = None) -> None:
        """`kept` is where events read from the disk are kept for the next search."""
        self.path = path
        self._kept = Kept() if kept is None else kept
        self._lock = threading.Lock()
        self._buckets: dict[str, Bucket] = {}
        self._held: IO[bytes] | None = None
        if path is not None:
            path.mkdir(parents=True, exist_ok=True)
            self._held = _hold(path)
            for folder in sorted(path.iterdir()):
                if (folder / "manifest.json").exists() and NAME.fullmatch(folder.name):
                    self._buckets[folder.name] = Bucket(folder.name, folder, {}, self._kept)

    # Indexes

    def create_index(self, name: str, **settings: Any) -> bool:
        """Create an index, or change the settings of one that exists; true when it is new."""
        if not NAME.fullmatch(name) or name == "kvstore":
            raise CaltropError(
                f"{name!r} cannot be the name of an index",
                hint="use lower-case letters, digits, '-' and '_'; begin with a letter or digit",
            )
        with self._lock:
            known = self._buckets.get(name)
            if known is None:
                folder = None if self.path is None else self.path / name
                self._buckets[name] = Bucket(name, folder, settings, self._kept)
                return True
        if settings:
            known.set(settings)
        return False

    def delete_index(self, name: str) -> None:
        with self._lock:
            bucket = self._buckets.pop(name, None)
        if bucket is None:
            raise UnknownIndex(name)
        for segment in bucket.state.segments:
            segment.hold()
        bucket.close()
        if bucket.path is not None:
            # Without its manifest the folder is no index, should the removal be interrupted.
            (bucket.path / "manifest.json").unlink()
            shutil.rmtree(bucket.path)

    @property
    def problems(self) -> list[str]:
        """What was missing or damaged when the indexes were opened."""
        return [problem for bucket in self._buckets.values() for problem in bucket.problems]

    def indexes(self) -> list[str]:
        return sorted(self._buckets)

    def __contains__(self, name: str) -> bool:
        return name in self._buckets

    def _bucket(self, name: str) -> Bucket:
        try:
            return self._buckets[name]
        except KeyError:
            raise UnknownIndex(name) from None

    # Events

    def append(self, frame: pl.DataFrame) -> None:
        """Add events to the indexes that their `index` names. On return they are on disk and searchable.

        Raises `UnknownIndex`, with nothing added, when one of them does not exist, and `CaltropError` when the disk
        refuses; events of other indexes in the frame may have been added by then.
        """
        if not frame.height:
            return
        frame = frames.normalise(frame, time.time())
        names = frame.get_column("index").unique().to_list()
        buckets = {name: self._bucket(name) for name in names}
        for name, bucket in buckets.items():
            try:
                bucket.append(frame if len(names) == 1 else frame.filter(pl.col("index") == name))
            except OSError as error:
                raise CaltropError(
                    f"events of index {name!r} could not be written: {error.strerror or error}",
                    location=Location(str(bucket.path)),
                    hint="make room on the disk, then send the events again",
                ) from error

    def segments(
        self, indexes: Iterable[str] | None = None, earliest: float | None = None, latest: float | None = None
    ) -> list[Segment]:
        """The segments with events in [earliest, latest), newest first: a snapshot, unmoved by later writes.

        A segment also holds events outside the range when it straddles a border. Names that do not exist are ignored,
        as searches do; None means all indexes.
        """
        names = self.indexes() if indexes is None else indexes
        found = [
            segment
            for name in dict.fromkeys(names)
            if name in self._buckets
            for segment in self._buckets[name].state.all
            if (latest is None or segment.min_time < latest) and (earliest is None or segment.max_time >= earliest)
        ]
        return sorted(found, key=lambda segment: segment.max_time, reverse=True)

    def delete(self, index: str, addresses: Iterable[str] | pl.Series) -> int:
        """Remove the events of `index` whose `_cd` is among `addresses`; the number removed."""
        wanted = addresses if isinstance(addresses, pl.Series) else pl.Series(list(addresses), dtype=pl.String)
        return self._bucket(index).delete(wanted)

    # Upkeep

    def flush(self) -> None:
        """Write what recently arrived as segments. Never needed for durability; makes small files fewer."""
        for bucket in list(self._buckets.values()):
            bucket.flush()

    def clean(self, now: float | None = None) -> dict[str, int]:
        """Apply retention; events dropped an index."""
        return {name: bucket.clean(now) for name, bucket in list(self._buckets.items())}

    def close(self) -> None:
        with self._lock:
            for bucket in self._buckets.values():
                bucket.close()
            if self._held is not None:
                self._held.close()
                self._held = None

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Questions answered without reading events

    def info(self, index: str) -> IndexInfo:
        bucket = self._bucket(index)
        segments = bucket.state.all
        return IndexInfo(
            name=index,
            count=sum(s.count for s in segments),
            size=sum(s.size for s in segments),
            raw_size=sum(s.summary.raw_bytes for s in segments),
            segments=len(segments),
            min_time=min((s.min_time for s in segments), default=None),
            max_time=max((s.max_time for s in segments), default=None),
            settings=dict(bucket.settings),
        )

    def metadata(
        self,
        kind: str,
        indexes: Iterable[str] | None = None,
        earliest: float | None = None,
        latest: float | None = None,
    ) -> dict[str, Tally]:
        """Every value of `kind` (host, source or sourcetype) with (totalCount, firstTime, lastTime, recentTime).

        As with the `metadata` command, the time range chooses segments, not events.
        """
        if kind not in KINDS:
            raise CaltropError(f"no metadata of {kind!r}: it is kept of {', '.join(KINDS)}")
        return merge_tallies([s.summary for s in self.segments(indexes, earliest, latest)], kind)


def _hold(path: Path) -> IO[bytes]:
    file = (path / "lock").open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise CaltropError(
            "another process uses this data directory",
            location=Location(str(path)),
            hint="stop the other server or name another directory",
        ) from None
    return file
