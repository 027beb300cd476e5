"""An immutable run of events, and the summary of it that answers questions without reading it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from caltrop.errors import CaltropError, Location
from caltrop.index import coding
from caltrop.index.durable import checksum
from caltrop.index.kept import Kept

FRAME = "events"  # as which frames are kept
KINDS = ("host", "source", "sourcetype")
# Counts and times of one value of host, source or sourcetype: totalCount, firstTime, lastTime, recentTime.
Tally = tuple[int, float, float, float]


@dataclass(frozen=True, slots=True)
class Summary:
    """What is known of a run of events: how many, which times (`_time`, epoch seconds), how many bytes of `_raw`,
    and for each kind of `KINDS` a tally of every value."""

    count: int
    min_time: float
    max_time: float
    raw_bytes: int
    tallies: dict[str, dict[str, Tally]]

    @staticmethod
    def of(frame: pl.DataFrame) -> Summary:
        """`frame` has at least one row."""
        times = frame.get_column("_time")
        tallies: dict[str, dict[str, Tally]] = {}
        for kind in KINDS:
            groups = frame.group_by(kind).agg(
                pl.len(),
                pl.col("_time").min().alias("first"),
                pl.col("_time").max().alias("last"),
                pl.col("_indextime").max(),
            )
            tallies[kind] = {
                value: (count, first, last, recent)
                for value, count, first, last, recent in groups.iter_rows()
                if value is not None
            }
        low, high = times.min(), times.max()
        assert isinstance(low, float) and isinstance(high, float)
        return Summary(frame.height, low, high, int(frame.get_column("_raw").str.len_bytes().sum()), tallies)

    def to_json(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "min_time": self.min_time,
            "max_time": self.max_time,
            "raw_bytes": self.raw_bytes,
            "tallies": self.tallies,
        }

    @staticmethod
    def from_json(value: dict[str, Any]) -> Summary:
        tallies = {
            kind: {name: (int(t[0]), float(t[1]), float(t[2]), float(t[3])) for name, t in values.items()}
            for kind, values in value["tallies"].items()
        }
        return Summary(
            int(value["count"]),
            float(value["min_time"]),
            float(value["max_time"]),
            int(value["raw_bytes"]),
            tallies,
        )


def merge_tallies(summaries: list[Summary], kind: str) -> dict[str, Tally]:
    """The tallies of several runs of events as one."""
    merged: dict[str, Tally] = {}
    for summary in summaries:
        for value, (count, first, last, recent) in summary.tallies[kind].items():
            known = merged.get(value)
            if known is not None:
                count, first, last, recent = (
                    known[0] + count,
                    min(known[1], first),
                    max(known[2], last),
                    max(known[3], recent),
                )
            merged[value] = (count, first, last, recent)
    return merged


@dataclass(eq=False)
class Segment:
    """Events sorted by `_time` descending. The content never changes while the `id` is the same.

    `frame` has the columns of `frames.SCHEMA`, the hidden `_cd` (the address of an event within its index: it is
    unique, stays when segments are merged, and is what `Store.delete` takes) and the indexed fields. Of a segment with a
    `path` it is read when asked for, with `checksum` (CRC-32 of the file) compared, and kept as long as there is room.
    """

    id: str
    index: str
    summary: Summary
    path: Path | None = None
    checksum: int | None = None
    kept: Kept = field(default_factory=Kept, repr=False)
    _frame: pl.DataFrame | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _texts: dict[str, bool] = field(default_factory=dict, repr=False)  # what it was asked for, and whether it has it

    def has_text(self, text: str) -> bool:
        """Whether the text stands in any event, in this case; looked for once."""
        if text not in self._texts:
            self._texts[text] = bool(self.coded.get_column("_raw").str.contains(text, literal=True).any())
        return self._texts[text]

    @property
    def frame(self) -> pl.DataFrame:
        return coding.plain(self.coded)

    @property
    def coded(self) -> pl.DataFrame:
        """`frame` as it is held: columns of repeated texts are coded."""
        if self._frame is not None:
            return self._frame
        with self._lock:
            known: pl.DataFrame | None = self.kept.get((FRAME, self.id))
            if known is None:
                known = coding.coded(self._read())
                self.kept.put((FRAME, self.id), known, coding.size(known), self)
            return known

    def hold(self) -> None:
        """The file will go, and a search may still have this segment without having read it."""
        self._frame = self.coded

    def _read(self) -> pl.DataFrame:
        assert self.path is not None
        try:
            if self.checksum is not None and checksum(self.path) != self.checksum:
                raise OSError("its checksum is not that of what was written")
            return pl.read_ipc(self.path)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise CaltropError(
                f"segment of index {self.index!r} cannot be read: {error}",
                location=Location(str(self.path)),
                hint="bring the file back from a backup, or move it away and start again to go on without its events",
            ) from error

    @property
    def count(self) -> int:
        return self.summary.count

    @property
    def min_time(self) -> float:
        return self.summary.min_time

    @property
    def max_time(self) -> float:
        return self.summary.max_time

    @property
    def size(self) -> int:
        """Bytes on disk; for events that are in memory only, bytes of `_raw`."""
        return self.path.stat().st_size if self.path is not None and self.path.exists() else self.summary.raw_bytes
