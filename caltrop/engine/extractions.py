"""Search-time fields of segments, kept: hundreds of searches over the same data share one extraction.

Segments never change, so what is extracted of one is kept for the state of the knowledge that it depends on.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from caltrop.dialect import patterns
from caltrop.engine.context import Context
from caltrop.engine.needed import STORED, extractable
from caltrop.index import Segment
from caltrop.knowledge import Knowledge
from caltrop.knowledge.columns import stack

CACHE_BYTES = 2 << 30  # what the extracted fields of all segments may take
CACHE_ENTRIES = 4096
SLICE = 16_384  # events extracted at once: what that takes on the way is several times the fields that it gives


@dataclass(slots=True)
class _Extraction:
    """The state of one segment's search-time extraction: rows extracted piecemeal so far, then the whole."""

    rows: int = 0
    size: int = 0  # bytes of the frame
    frame: pl.DataFrame | None = None


class Extractions:
    """What one instance keeps. Safe to use from several threads."""

    def __init__(self, current: Callable[[], set[str]]) -> None:
        """`current` tells the states of the knowledge (fingerprints) that may still be asked for."""
        self._current = current
        self._states: OrderedDict[tuple[str, str], _Extraction] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._states)

    def of(
        self,
        segment: Segment,
        knowledge: Knowledge,
        ctx: Context,
        possible: pl.Expr,
        wanted: frozenset[str] | None,
    ) -> pl.DataFrame:
        """The segment's events with their search-time fields; rows that `possible` rules out may be left out.

        The whole segment is extracted and kept once that costs no more than what searches have extracted of it so far.
        """
        key = (f"{segment.index}/{segment.id}", knowledge.fingerprint)
        with self._lock:
            state = self._states.setdefault(key, _Extraction())
            self._states.move_to_end(key)
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
        current = self._current()
        with self._lock:
            state.frame, state.size = whole, int(whole.estimated_size())
            for stale in [key for key in self._states if key[1] not in current]:
                del self._states[stale]
            while len(self._states) > 1 and self._too_much():
                self._states.popitem(last=False)
        return whole

    def _too_much(self) -> bool:
        states = self._states.values()
        return len(states) > CACHE_ENTRIES or sum(state.size for state in states) > CACHE_BYTES


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
