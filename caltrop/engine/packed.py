"""Rows of a search that go out as they were found, held packed and unpacked a slice at a time.

Every field of every event takes many times what the events themselves take, and whoever writes them down needs a few thousand
rows at once. What the segment holds anyway (text, time, …) is shared with it; the fields extracted from it, which repeat it and
one another, are compressed.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass

import polars as pl

from caltrop.engine import budget
from caltrop.engine.needed import STORED
from caltrop.engine.table import Table, chosen, common, conform, newest_first

SLICE = 4_096  # rows that are unpacked at once; fewer are not packed
_MOST = 4 * SLICE  # rows that are packed at once, where so many come

Step = Callable[[Table], Table]


@dataclass(frozen=True, slots=True)
class _Part:
    """A slice: the columns that it shares, the others as an Arrow file."""

    names: list[str]
    shared: pl.DataFrame
    rest: bytes

    @staticmethod
    def of(frame: pl.DataFrame) -> _Part:
        shared = [name for name in frame.columns if name in STORED]
        rest = [name for name in frame.columns if name not in STORED]
        file = io.BytesIO()
        if rest:
            chosen(frame, rest).write_ipc(file, compression="zstd")
        return _Part(frame.columns, chosen(frame, shared), file.getvalue())

    def frame(self) -> pl.DataFrame:
        if not self.rest:
            return self.shared
        rest = pl.read_ipc(io.BytesIO(self.rest))
        shared = set(self.shared.columns)
        return pl.DataFrame([(self.shared if name in shared else rest).get_column(name) for name in self.names])


class Packing:
    """Rows that come slice by slice, being packed."""

    def __init__(self) -> None:
        self._parts: list[_Part] = []
        self._few: list[pl.DataFrame] = []
        self._heights: list[int] = []
        self._types: dict[str, set[pl.DataType]] = {}
        self._valued: set[str] = {"_time", "_raw"}  # columns in which some row has a value
        self._size = self._rows = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Rows behind those before. Raises SearchError where they are too many."""
        self._rows += frame.height
        budget.rows(self._rows)
        if self._rows <= SLICE:
            self._few.append(frame)
            return
        for waiting in (*self._few, *frame.iter_slices(_MOST)):
            self._pack(waiting)
        self._few = []
        budget.size(self._size)

    def _pack(self, frame: pl.DataFrame) -> None:
        for column in frame.get_columns():
            self._types.setdefault(column.name, set()).add(column.dtype)
            if column.name not in self._valued and column.null_count() < frame.height:
                self._valued.add(column.name)
        self._parts.append(_Part.of(frame))
        self._heights.append(frame.height)
        self._size += len(self._parts[-1].rest)

    def few(self) -> list[pl.DataFrame] | None:
        """The rows as they came, where they are too few to be packed."""
        return self._few if self._rows <= SLICE else None

    def events(self) -> Packed:
        """All of them, as events of an index: newest first, each with every field that some have."""
        types = {name: common(found) for name, found in self._united().items() if name in self._valued}
        return Packed(self._parts, self._heights, types, _newest_first(self._parts), events=True)

    def rows(self, *, events: bool) -> Packed:
        """All of them, in their order, with the columns that they came with."""
        types = {name: common(found) for name, found in self._united().items()}
        return Packed(self._parts, self._heights, types, None, events=events)

    def _united(self) -> dict[str, set[pl.DataType]]:
        for waiting in self._few:
            self._pack(waiting)
        self._few = []
        return self._types


class Packed:
    """Rows as a table has them: columns united over all of them, in the order of their first appearance."""

    def __init__(
        self,
        parts: list[_Part],
        heights: list[int],
        types: dict[str, pl.DataType],
        order: pl.Series | None,
        *,
        events: bool,
    ) -> None:
        """`order` has the numbers of the rows, if that is another one than the parts have them in."""
        self._parts, self._heights, self._types, self._order = parts, heights, types, order
        self._steps: tuple[Step, ...] = ()
        self._events = self.events = events
        self.fields = list(types)

    def __len__(self) -> int:
        return sum(self._heights)

    def slices(self, most: int = SLICE) -> Iterator[pl.DataFrame]:
        """The rows in order, no more than `most` at a time."""
        for frame in self._frames() if self._order is None else self._merged(self._order):
            made = Table(frame, self._events)
            for step in self._steps:
                made = step(made)
            yield from made.frame.iter_slices(most)

    def through(self, step: Step) -> Packed | None:
        """The rows as a step makes them that gives one for each, of its values alone and always of the same columns; it is run
        again for each slice that is asked for. None where it does not give one for each."""
        first = next(self.slices())
        made = step(Table(first, self.events))
        if len(made) != first.height:
            return None
        given = copy(self)
        given._steps, given.fields, given.events = (*self._steps, step), made.fields, made.events
        return given

    def filtered(self, step: Step) -> Packed | None:
        """The rows that a step leaves, as it makes them: each by itself, and always of the same columns. None where it leaves none."""
        packing, events = Packing(), self.events
        for frame in self.slices():
            made = step(Table(frame, self.events))
            events = made.events
            if len(made):
                packing.add(made.frame)
        left = packing.rows(events=events)
        return left if len(left) else None

    def whole(self) -> Table:
        """All rows at once."""
        frames = list(self.slices())
        return Table(pl.concat(frames) if frames else pl.DataFrame(schema=self._types), self.events)

    def _frames(self) -> Iterator[pl.DataFrame]:
        for part in self._parts:
            yield conform(part.frame(), self._types)

    def _merged(self, order: pl.Series) -> Iterator[pl.DataFrame]:
        """The rows by these numbers. Events of one segment are in order as they stand, so that no more slices are unpacked at a time
        than there are segments at one time."""
        starts = pl.Series([0, *self._heights[:-1]], dtype=order.dtype).cum_sum()
        unpacked: dict[int, pl.DataFrame] = {}
        for at in range(0, len(order), SLICE):
            rows = order.slice(at, SLICE)
            of = (starts.search_sorted(rows, side="right") - 1).alias("part")
            here = pl.DataFrame([of, rows.alias("row")]).with_row_index("place")
            frames, places, used = [], [], {}
            for (number,), wanted in here.group_by("part", maintain_order=True):
                part = int(str(number))
                frame = unpacked.get(part)
                frame = conform(self._parts[part].frame(), self._types) if frame is None else frame
                used[part] = frame
                frames.append(frame[wanted.get_column("row") - int(starts[part])])
                places.append(wanted.get_column("place"))
            unpacked = used
            yield pl.concat(frames)[pl.concat(places).arg_sort()]


def _newest_first(parts: Sequence[_Part]) -> pl.Series | None:
    """The numbers of the rows by their time, newest first; None where they are in that order."""
    times = pl.concat([part.shared.get_column("_time") for part in parts]).to_frame()
    ordered = newest_first(times.with_row_index(_ROW))
    return None if ordered.get_column(_ROW).is_sorted() else ordered.get_column(_ROW)


_ROW = "row number"
