"""Search-time fields of segments, kept: hundreds of searches over the same data share one extraction.

Segments never change, so what is extracted of one is kept for the state of the knowledge that it depends on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace

import polars as pl

from caltrop.dialect import patterns
from caltrop.engine import budget
from caltrop.engine.answers import LEAST, Answers
from caltrop.engine.asking import asker, fingerprint
from caltrop.engine.context import Condition, Context, Extracted, Part, Possible
from caltrop.engine.needed import STORED, extractable, plain
from caltrop.index import Segment, coding
from caltrop.index.kept import Kept
from caltrop.knowledge import Knowledge, labels
from caltrop.knowledge.asking import Asker, Fault, Met
from caltrop.knowledge.columns import moved

AT_ONCE = 2_000  # events of a segment that is extracted at once where more than a few of them may match
FEW = 0.1  # of its events
SIFTED = 4_096  # events, below which what a condition reads is not extracted apart
SLICE = 16_384  # events extracted at once: what that takes on the way is several times the fields that it gives


@dataclass(frozen=True, slots=True)
class _Held:
    """What was extracted of a whole segment: these fields (None: all of them), with or without event types and tags."""

    found: Extracted
    names: frozenset[str] | None
    labelled: bool

    def has(self, names: Collection[str] | None) -> bool:
        """Whether these fields (None: all) are among them."""
        if labels.asked(names) and not self.labelled:
            return False
        return self.names is None or (names is not None and self.names.issuperset(names))


@dataclass(slots=True)
class _Extraction:
    """The state of one segment's search-time extraction: rows extracted piecemeal so far, then all of them.

    Of the whole segment the first search has what it reads extracted, the second one every field; event types and tags are
    added for the first that asks for them.
    """

    moving: frozenset[str] | None  # fields that depend on the moment, which are not kept; None: any may
    answers: Answers = field(default_factory=Answers)
    rows: int = 0
    sifted: bool = False  # a search looked at what it reads of all events, and at the rest of those that matched
    held: _Held | None = None
    stored: dict[frozenset[str], bool] = field(
        default_factory=dict
    )  # whether the events have these fields without extraction

    def has(self, names: frozenset[str], frame: pl.DataFrame, knowledge: Knowledge) -> bool:
        """Whether the segment's events have these fields as they are."""
        known = self.stored.get(names)
        if known is None:
            known = self.stored[names] = knowledge.has(frame, names)
        return known


Key = tuple[str, str, str, str]  # what is kept, segment, state of the knowledge, time zone where that counts
FIELDS = "search-time fields"


class Extractions:
    """What one instance keeps. Safe to use from several threads."""

    def __init__(self, current: Callable[[], set[str]], kept: Kept) -> None:
        """`current` tells the states of the knowledge (fingerprints) that may still be asked for."""
        self._current = current
        self._kept = kept
        self._states: frozenset[str] = frozenset()  # of the knowledge, that something is kept for
        self._lock = threading.Lock()

    def of(
        self,
        segment: Segment,
        knowledge: Knowledge,
        ctx: Context,
        possible: Possible,
        wanted: frozenset[str] | None,
        condition: Condition | None = None,
        part: Part | None = None,
    ) -> Extracted:
        """The segment's events with their search-time fields; rows that `possible` or the condition rules out may be left out. `part`
        hears of those that are extracted while others are not yet, in their order.

        The whole segment is extracted and kept once that costs no more than what searches have extracted of it so far: a small
        one at once, since what an extraction costs is the same for one event and for hundreds; of a large one the first search
        has those fields of all events extracted that its condition reads, and the others of events that meet it. Fields
        that depend on the moment are never kept: a search that reads one has its events extracted for itself.
        """
        key = _key(segment, knowledge, ctx)
        state: _Extraction | None = self._kept.get(key)
        held = state.held if state is not None and not state.moving else None
        if held is not None and not held.found.met and held.has(plain(wanted)):
            return held.found  # what hundreds of searches find: nothing to decide
        names = extractable(wanted, segment)
        if held is not None and not held.found.met and held.has(names):
            return held.found
        stored = segment.coded
        as_stored, large = names is not None and names <= STORED, stored.height >= LEAST
        if as_stored and not large:
            return Extracted(coding.plain(possible(stored, None)))
        if state is None:
            state = self._begun(key, _Extraction(knowledge.moving(stored)), segment)
        if as_stored or (names is not None and state.has(frozenset(names), stored, knowledge)):
            return Extracted(stored, answers=state.answers)
        chosen = coding.plain(possible(stored, state.answers))
        if state.moving is None or (state.moving and (names is None or not state.moving.isdisjoint(names))):
            return _seen(_extract(knowledge, chosen, names, ctx, lasting=False, part=part), knowledge, names, stored)
        held = state.held
        if held is None or not held.has(names):
            first = extractable(condition.reads, segment) if condition is not None else None
            begins = held is None and not state.rows
            if condition is not None and first is not None and begins and _sifts(first, names, chosen.height):
                state.rows, state.sifted = chosen.height, chosen.height > stored.height // 2
                met: tuple[Met, ...] = ()
                looked_at = Extracted(chosen)
                if not (first <= STORED or state.has(frozenset(first), stored, knowledge)):
                    looked_at = _extract(knowledge, chosen, first, ctx, lasting=True)
                    met = looked_at.met
                rows = _with_each_kind(condition.rows(looked_at), chosen)
                del looked_at
                found = _extract(knowledge, chosen[rows], names, ctx, lasting=True, part=part)
                found = replace(found, met=tuple(dict.fromkeys((*met, *found.met))))
                return _seen(found, knowledge, names, stored)
            small = stored.height <= AT_ONCE and chosen.height > stored.height * FEW
            if not small and state.rows + chosen.height <= stored.height // 2:
                state.rows += chosen.height
                return _seen(_extract(knowledge, chosen, names, ctx, lasting=True, part=part), knowledge, names, stored)
            asked = None if state.sifted else names
            held = _extended(held, segment.frame, asked, state.moving, knowledge, ctx, part)
            held = state.held = replace(held, found=replace(held.found, answers=state.answers))
            self._keep(key, state, held, segment)
        return _seen(held.found, knowledge, names, stored)

    def slices(
        self,
        segment: Segment,
        knowledge: Knowledge,
        ctx: Context,
        possible: Possible,
        wanted: frozenset[str] | None,
        condition: Condition,
        most: int,
    ) -> Iterator[Extracted]:
        """As `of`, newest first, no more than `most` events extracted at a time, for a search that keeps none of them in columns:
        nothing is kept for another one either. What an earlier one had extracted comes as it is."""
        stored = segment.coded
        state: _Extraction | None = self._kept.get(_key(segment, knowledge, ctx))
        held = state.held if state is not None else None
        names = extractable(wanted, segment)
        moving = knowledge.moving(stored) if held is None or state is None else state.moving
        if held is not None and not moving and moving is not None and held.has(names):
            yield _seen(held.found, knowledge, names, stored)
            return
        chosen = coding.plain(possible(stored, None))
        if names is not None and (names <= STORED or knowledge.has(stored, names)):
            yield Extracted(chosen)
            return
        first = extractable(condition.reads, segment)
        sifts = first is not None and _sifts(first, names, chosen.height)
        as_they_are = first is not None and (first <= STORED or knowledge.has(stored, first))
        for some in chosen.iter_slices(most):
            rows, met = some, tuple[Met, ...]()
            if sifts:
                looked_at = Extracted(some) if as_they_are else _extract(knowledge, some, first, ctx, lasting=False)
                rows, met = some[_with_each_kind(condition.rows(looked_at), some)], looked_at.met
            found = _extract(knowledge, rows, names, ctx, lasting=False)
            yield _seen(replace(found, met=tuple(dict.fromkeys((*met, *found.met)))), knowledge, names, stored)

    def whole(self, segment: Segment, knowledge: Knowledge, ctx: Context) -> pl.DataFrame | None:
        """The segment's events with every field, where that has been extracted already."""
        key = _key(segment, knowledge, ctx)
        state: _Extraction | None = self._kept.get(key)
        held = state.held if state is not None and not state.moving else None
        return coding.plain(held.found.frame) if held is not None and held.names is None else None

    def _begun(self, key: Key, made: _Extraction, segment: Segment) -> _Extraction:
        """The state of a segment that nobody asked of before; of two searches that do at once, the one that came first made it."""
        with self._lock:
            known: _Extraction | None = self._kept.get(key)
            if known is None:
                self._kept.put(key, made, Answers.size(segment.count), segment)
            return known or made

    def _keep(self, key: Key, state: _Extraction, held: _Held, segment: Segment) -> None:
        if key[2] not in self._states:
            if self._states:  # the knowledge changed, or is another one
                current = self._current()
                self._kept.drop(lambda known: known[0] == FIELDS and known[2] not in current)
                self._states &= current
            self._states |= {key[2]}
        # Columns that it shares with the segment count too: it holds them where the segment itself is no longer kept.
        self._kept.put(key, state, coding.size(held.found.frame) + Answers.size(segment.count), segment)


def _key(segment: Segment, knowledge: Knowledge, ctx: Context) -> Key:
    return FIELDS, f"{segment.index}/{segment.id}", fingerprint(ctx), ctx.timezone if knowledge.reads_zone else ""


def _sifts(first: set[str], names: set[str] | None, events: int) -> bool:
    """Whether it pays to extract first what the condition reads."""
    return events >= SIFTED and (names is None or not names <= first | STORED)


def _with_each_kind(rows: pl.Series, events: pl.DataFrame) -> pl.Series:
    """The rows, and the first event of each kind: what is wrong with the settings of a kind is told whether its events match or not."""
    kinds = [name for name in ("source", "sourcetype", "host") if name in events.columns]
    numbered = coding.chosen(events, kinds).with_row_index("row") if kinds else None
    if numbered is None:
        return rows
    each = numbered.unique(kinds, keep="first").get_column("row")
    return pl.concat([rows.cast(pl.UInt32), each]).unique().sort()


def _seen(found: Extracted, knowledge: Knowledge, names: set[str] | None, events: pl.DataFrame) -> Extracted:
    """With those faults only that withhold a field which the search reads."""
    if not found.met:
        return found
    needed, stored = knowledge.needed(names), {*events.columns, *STORED}
    return replace(found, met=tuple(met for met in found.met if met.withholds(needed, stored)))


def _extended(
    held: _Held | None,
    frame: pl.DataFrame,
    names: set[str] | None,
    moving: frozenset[str],
    knowledge: Knowledge,
    ctx: Context,
    part: Part | None,
) -> _Held:
    """These fields (None: all) of a whole segment, beside those that it has; without the moving ones."""
    labelled = labels.asked(names)
    if held is not None and held.names is None:
        found, kept = _label(knowledge, held.found, ctx), None
    elif held is None and names is not None:
        found, kept = _extract(knowledge, frame, names, ctx, lasting=True, part=part), frozenset(names)
    else:
        labelled = labelled or (held is not None and held.labelled)
        found, kept = _extract(knowledge, frame, None, ctx, lasting=True, labelled=labelled, part=part), None
    if moving:
        found = replace(found, frame=found.frame.drop(moving, strict=False))
    return _Held(replace(found, frame=coding.coded(found.frame)), kept, labelled)


def _extract(
    knowledge: Knowledge,
    events: pl.DataFrame,
    names: set[str] | None,
    ctx: Context,
    *,
    lasting: bool,
    labelled: bool = True,
    part: Part | None = None,
) -> Extracted:
    """Search-time fields; `labelled` False leaves out event types and tags."""
    add = knowledge.extract if labelled else knowledge.fields
    return _in_slices(events, lambda some, asked: add(some, names, asked), ctx, lasting, part)


def _label(knowledge: Knowledge, fields: Extracted, ctx: Context) -> Extracted:
    """Every field, and now event types and tags."""
    found = _in_slices(
        coding.plain(fields.frame), lambda some, asked: knowledge.labelled(some, None, asked), ctx, fields.lasting
    )
    return replace(found, met=(*fields.met, *found.met))


def _in_slices(
    events: pl.DataFrame,
    add: Callable[[pl.DataFrame, Asker], pl.DataFrame],
    ctx: Context,
    lasting: bool,
    part: Part | None = None,
) -> Extracted:
    """An event whose text makes a pattern backtrack too much lacks its fields, and no other event does."""
    asked = asker(ctx)
    with patterns.budget(lenient=True) as matching:
        parts = []
        for some in events.iter_slices(SLICE):
            budget.check()
            parts.append(add(some, asked))
            if part is not None and events.height > SLICE:
                part(parts[-1])
    for pattern in matching.exceeded:
        asked.meet(Fault("", f"field extraction {pattern!r} exceeds the match limit: some events lack its fields"))
    return Extracted(_stacked(events, parts), tuple(asked.met), lasting)


def _stacked(events: pl.DataFrame, parts: list[pl.DataFrame]) -> pl.DataFrame:
    """The parts below one another; where there are several, with repeated texts coded. One column after the other, so that no more
    than one is there twice."""
    if len(parts) < 2:
        return parts[0] if parts else events
    names = dict.fromkeys(name for part in parts for name in part.columns)
    stored = {name for name in events.columns if name in STORED}  # shared with the segment, not copied
    left = [(part.height, part.drop(stored)) for part in parts]
    parts.clear()
    return pl.DataFrame(
        [events.get_column(name) if name in stored else coding.coded_column(moved(name, left)) for name in names]
    )
