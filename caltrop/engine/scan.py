"""From the leading `search` to its events: which indexes, segments and rows, before and after extraction.

Correct first: a row is dropped before extraction only when the search cannot match it whatever is extracted (its time,
its index, a term that its raw text lacks). Extraction of a whole segment is cached for each state of the knowledge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import polars as pl

from caltrop.dialect.words import fits
from caltrop.engine import budget, indexed, matching, narrowing, packed, presence, restriction, subsearches
from caltrop.engine.answers import LEAST, Answers
from caltrop.engine.asking import knowledge, tell
from caltrop.engine.context import Condition, Context, Extracted, Possible
from caltrop.engine.derived import DERIVED, READ, with_derived
from caltrop.engine.errors import SearchError
from caltrop.engine.narrowing import has_raw_needs, raw_needs
from caltrop.engine.needed import first_rows, keep, needed_fields
from caltrop.engine.packed import Packing
from caltrop.engine.previews import Previews
from caltrop.engine.table import Table, rowless, stacked
from caltrop.index import Segment
from caltrop.index.coding import chosen, plain
from caltrop.knowledge.asking import Kind, Met
from caltrop.spl.ast import (
    STORED,
    TIME_MODIFIERS,
    And,
    Command,
    Comparison,
    FieldName,
    MacroCall,
    Membership,
    Node,
    Not,
    Or,
    Word,
    is_time_modifier,
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Half-open range of `_time` in epoch seconds; None is no bound."""

    earliest: float | None
    latest: float | None


def scan_events(
    commands: Sequence[Command | MacroCall],
    ctx: Context,
    previews: Previews | None = None,
    packing: Packing | None = None,
) -> Table:
    """The events of the search that leads `commands`, newest first, with the fields that the rest needs; where there is a packing
    they go into that, as they are found, and none are given back."""
    first = commands[0]
    assert isinstance(first, Command)
    node = subsearches.resolve(search_expression(first), ctx)
    bounds = time_range(node, ctx)
    ctx.searched[ctx.depth] = bounds.earliest, bounds.latest
    wanted, most = needed_fields(commands[1:]), first_rows(commands[1:])
    if packing is None:
        return fetch(node, wanted, ctx, most, previews)
    for frame in _found(node, wanted, ctx, most, previews, sliced=True):
        packing.add(frame)
    return NOTHING


def search_expression(command: Command) -> Node:
    """What a `search` command filters by; everything when it says nothing."""
    return command.parts[0] if len(command.parts) == 1 else And(tuple(command.parts), span=command.span)


def fetch(
    node: Node,
    wanted: frozenset[str] | None,
    ctx: Context,
    most: int | None = None,
    previews: Previews | None = None,
) -> Table:
    """Events that match a resolved search expression in the job's time range (or the one that the expression names).

    They have the `wanted` fields (None: all). Where only the newest `most` are asked for, older ones may be left out. `previews`
    hears of what is read.
    """
    pieces = [Table(frame, events=True) for frame in _found(node, wanted, ctx, most, previews)]
    return stacked(pieces) if pieces else NOTHING


def _found(
    node: Node,
    wanted: frozenset[str] | None,
    ctx: Context,
    most: int | None = None,
    previews: Previews | None = None,
    *,
    sliced: bool = False,
) -> Iterator[pl.DataFrame]:
    """The same, piece by piece, as segments have them; `sliced`: in pieces that end before all of a segment is extracted."""
    bounds = time_range(node, ctx)
    indexes = indexes_for(node, ctx)
    node = restriction.with_filter(matching.with_times(node, ctx), ctx)
    possible, read = _possible(node, bounds), mentioned(node) | {"_time", "_raw"}
    if not read.isdisjoint(DERIVED):
        read |= READ
    ranged = in_range(bounds) if bounds != Bounds(None, None) else None
    narrows = ranged is not None or has_raw_needs(node)
    instance = ctx.instance
    wording = knowledge(ctx).wording
    stored = indexed.terms(node) | (indexed.terms(words) if (words := indexed.needs(node, wording)) else frozenset())
    unseen = DERIVED | frozenset(map(indexed.column, stored))
    last = _Last(most)
    segments = instance.store.segments(indexes, bounds.earliest, bounds.latest)
    if previews is not None:
        previews.reads(sum(segment.count for segment in segments))
    for segment in segments:
        budget.check()
        if not budget.reads_on() or last.leaves_out(segment.max_time):
            break
        ctx.events_scanned += segment.count
        here = indexed.of_segment(within(node, segment.index), segment, DERIVED)
        needed = indexed.unasked(here, segment, wording)
        asked = (here,) if needed is None else (here, indexed.of_segment(needed, segment, DERIVED))
        if previews is not None:
            previews.segment(segment.count)
        for window, newest in _windows(segment, most):
            if last.leaves_out(newest):
                break
            some, narrowed = (possible, narrows) if window is None else (possible & window, True)
            times = window if ranged is None else ranged if window is None else ranged & window
            beside = partial(indexed.with_stored, names=stored, segment=segment, possible=some) if stored else None
            matching_rows = partial(_matches, asked, some if narrowed else None, times, read, beside, ctx)
            if window is None and beside is None and read.isdisjoint(DERIVED):
                matching_rows = partial(_remembered, (asked, bounds), matching_rows)
            condition, part = None, None
            narrow: Possible = partial(_those, some)
            # What the index is asked for stands in rows that are all of the segment's, or all that are possible.
            if not stored:
                condition = Condition(read, matching_rows)
                narrow = partial(narrowing.possible, node, times)
                part = (
                    None if previews is None else partial(previews.part, matching=_of_part(matching_rows, wanted, ctx))
                )
            fields = None if wanted is None else wanted | read
            pieces = (
                instance.slices(segment, ctx, narrow, fields, condition, packed.SLICE)
                if sliced and condition is not None
                else (instance.extracted(segment, ctx, narrow, fields, condition, part),)
            )
            for extracted in pieces:
                tell(concerning(extracted, node, segment.index, some), ctx)
                if not presence.may_match(here, extracted, unseen):
                    continue
                frame = _rows(extracted.frame, matching_rows(extracted), wanted, ctx)
                if frame.height:
                    last.found(frame)
                    yield frame
                if previews is not None:
                    previews.found(frame)


def _those(possible: pl.Expr, events: pl.DataFrame, _: Answers | None) -> pl.DataFrame:
    return events.filter(possible)


def _remembered(
    what: tuple[tuple[Node, ...], Bounds], matching_rows: Callable[[Extracted], pl.Series], found: Extracted
) -> pl.Series:
    """The same for the same question, of few events: a saved search is run again when its filter macro was changed, which stands behind
    what it asks of the index. (Of many, `narrowing` remembers the terms.)"""
    if found.frame.height >= LEAST or not matching.plain(*what[0]):
        return matching_rows(found)
    rows = found.met_by.get(what)
    if rows is None:
        if len(found.met_by) >= _QUESTIONS:
            found.met_by.clear()
        rows = found.met_by[what] = matching_rows(found)
    return rows


def _matches(
    asked: Sequence[Node],
    possible: pl.Expr | None,
    within: pl.Expr | None,
    read: frozenset[str],
    beside: Callable[[pl.DataFrame], pl.DataFrame] | None,
    ctx: Context,
    found: Extracted,
) -> pl.Series:
    """The numbers of the rows that match: those that are `possible`, of all events of a segment those `within` the range. `beside`
    adds what is asked of the index."""
    looked_at, known = chosen(found.frame, [c for c in found.frame.columns if c in read]), presence.texts_of(found)
    derives = not read.isdisjoint(DERIVED)
    if found.answers is not None and beside is None and not derives and narrowing.remembers(asked, looked_at):
        return narrowing.remembered(looked_at, asked, within, known, found.answers)
    looked_at = narrowing.numbered(looked_at if beside is None else beside(looked_at))
    looked_at = looked_at if possible is None else looked_at.filter(possible)
    return narrowing.rows(with_derived(plain(looked_at), read, ctx) if derives else looked_at, asked, known)


def _of_part(
    matching_rows: Callable[[Extracted], pl.Series], wanted: frozenset[str] | None, ctx: Context
) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Those of some of a segment's events that match, with the wanted columns."""
    return lambda events: _rows(events, matching_rows(Extracted(events)), wanted, ctx)


class _Last:
    """Of the newest events that are asked for, the time of the last one, once there are so many."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._times: list[pl.Series] = []
        self._time: float | None = None

    def found(self, frame: pl.DataFrame) -> None:
        """These events are among the results."""
        if self._most is None:
            return
        self._times.append(frame.get_column("_time").head(self._most))
        if sum(map(len, self._times)) >= self._most:
            self._times = [pl.concat(self._times).sort(descending=True).head(self._most)]
            self._time = float(self._times[0][-1])

    def leaves_out(self, newest: float) -> bool:
        """Whether events that are no newer than that come behind all that are asked for: of one time, those found first do."""
        return self._time is not None and newest <= self._time


_QUESTIONS = 16  # that are remembered of a few events
_FIRST = 1_024  # events that are looked at first where a few of the newest are asked for


def _windows(segment: Segment, most: int | None) -> Iterator[tuple[pl.Expr | None, float]]:
    """The segment's events from the newest on, in growing parts where only some are asked for (None: all of them), with the time
    of the newest of each."""
    if most is None or segment.count <= max(_FIRST, 4 * most):
        yield None, segment.max_time
        return
    times = segment.coded.get_column("_time")
    time = pl.col("_time")
    upper, end = segment.max_time, max(_FIRST, 4 * most)
    while end < len(times):
        lower = float(times[end])
        if lower < upper:
            yield time.is_between(lower, upper, closed="right"), upper
            upper = lower
        end *= 4
    yield time <= upper, upper


# One for all searches: what follows makes the same of it every time (`settled.py`).
NOTHING = Table(rowless({"_time": pl.Float64(), "_raw": pl.String()}), events=True)


def _rows(frame: pl.DataFrame, rows: pl.Series, wanted: frozenset[str] | None, ctx: Context) -> pl.DataFrame:
    """These rows, with the wanted columns."""
    derived = wanted is not None and not wanted.isdisjoint(DERIVED)
    needed = wanted | READ if wanted is not None and derived else wanted
    frame = chosen(frame, keep(frame.columns, needed))
    frame = plain(frame if len(rows) == frame.height else frame[rows])
    if not derived:
        return frame
    frame = with_derived(frame, wanted, ctx)
    return frame.select(keep(frame.columns, wanted))


# --- time -------------------------------------------------------------------------------------------------------------


def _top(node: Node) -> tuple[Node, ...]:
    return node.items if isinstance(node, And) else (node,)


def time_range(node: Node, ctx: Context) -> Bounds:
    """The range to look in: time modifiers anywhere in the search replace the job's range.

    Modifiers at the top bound the scan; those inside OR or NOT are tested row by row (`matching.with_times`).
    """
    modifiers = [n for n in node.walk() if isinstance(n, Comparison) and is_time_modifier(n) and not _is_index_time(n)]
    if not modifiers:
        return Bounds(ctx.earliest, ctx.latest)
    earliest: float | None = None
    latest: float | None = None
    top = [item for item in _top(node) if isinstance(item, Comparison) and item in modifiers]
    formats = matching.timeformat(node)
    for item in top:
        low, high = matching.modifier_bounds(item, ctx, formats)
        earliest = low if low is not None else earliest
        latest = high if high is not None else latest
    if earliest is not None and latest is not None and earliest > latest:
        raise SearchError(
            "the search begins after it ends",
            node=node,
            says=f"Unable to parse the search: Invalid time bounds in search: start={int(earliest)} > "
            f"end={int(latest)}.",
        )
    if top and ctx.depth == 0:
        ctx.info("Your timerange was substituted based on your search string")
    if latest is None:  # the end is now, unless some branch asks for later
        ends = [matching.modifier_bounds(item, ctx, formats)[1] for item in modifiers]
        latest = max([ctx.now, *(end for end in ends if end is not None)])
    return Bounds(earliest, latest)


def _is_index_time(node: Node) -> bool:
    return isinstance(node, Comparison) and node.field.name.lower() in (
        "_index_earliest",
        "_index_latest",
        "timeformat",
    )


def in_range(bounds: Bounds) -> pl.Expr:
    condition = pl.lit(True)
    if bounds.earliest is not None:
        condition = condition & (pl.col("_time") >= bounds.earliest)
    if bounds.latest is not None:
        condition = condition & (pl.col("_time") < bounds.latest)
    return condition


# --- indexes ----------------------------------------------------------------------------------------------------------


def indexes_for(node: Node, ctx: Context) -> list[str]:
    """The indexes to look into, of those that the user may search: named ones, else the user's default ones."""
    services = ctx.instance.services
    known = services.searchable(ctx.instance.store.indexes(), ctx.user)
    return indexes_of(node, known if _index_values(node) else services.searched_by_default(known, ctx.user))


def indexes_of(node: Node, known: Sequence[str]) -> list[str]:
    """The indexes that the search may find events in: the ones it names, else all that are not internal."""
    internal = any(value.startswith("_") for value in _index_values(node))
    return [
        name
        for name in known
        if (internal or not name.startswith("_")) and may_match(node, {"index": name}) is not False
    ]


def _index_values(node: Node) -> list[str]:
    found: list[str] = []
    for item in node.walk():
        if isinstance(item, Comparison) and item.field.name == "index" and isinstance(item.value, Word):
            found.append(item.value.text)
        elif isinstance(item, Membership) and item.field.name == "index":
            found += [value.text for value in item.values if isinstance(value, Word)]
    return found


def concerning(extracted: Extracted, node: Node, index: str, possible: pl.Expr) -> Iterator[Met]:
    """The faults of knowledge that concern events which the search may match, as far as is known before extraction."""
    kinds: set[Kind] | None = None
    for met in extracted.met:
        if met.kinds is not None:
            if kinds is None:
                columns = [n for n in ("source", "sourcetype", "host") if n in extracted.frame.columns]
                rows = extracted.frame.filter(possible).select(columns).unique().to_dicts()
                kinds = {
                    (row.get("source") or "", row.get("sourcetype") or "", row.get("host") or "")
                    for row in rows
                    if may_match(node, {"index": index, **{k: v or "" for k, v in row.items()}}) is not False
                }
            if kinds.isdisjoint(met.kinds):
                continue
        yield met


def may_match(node: Node, known: Mapping[str, str]) -> bool | None:
    """Whether events with these fields match, knowing nothing else: None when it depends on the event."""
    if isinstance(node, And):
        parts = [may_match(item, known) for item in node.items]
        return False if False in parts else (True if all(p is True for p in parts) else None)
    if isinstance(node, Or):
        parts = [may_match(item, known) for item in node.items]
        return True if True in parts else (False if all(p is False for p in parts) else None)
    if isinstance(node, Not):
        inner = may_match(node.operand, known)
        return None if inner is None else not inner
    if (
        isinstance(node, Comparison)
        and node.field.name in known
        and node.op in ("=", "!=", STORED)
        and isinstance(node.value, Word)
    ):
        return _named(known[node.field.name], node.value.text) == (node.op != "!=")
    if isinstance(node, Membership) and node.field.name in known:
        return any(isinstance(value, Word) and _named(known[node.field.name], value.text) for value in node.values)
    return None


def within(node: Node, index: str) -> Node:
    """The expression for events of this index: what it asks of the index is decided (an empty And is true, an empty Or false)."""
    if isinstance(node, And | Or):
        return type(node)(tuple(within(item, index) for item in node.items), span=node.span)
    if isinstance(node, Not):
        return Not(within(node.operand, index), span=node.span)
    known = may_match(node, {"index": index})
    return node if known is None else And(()) if known else Or(())


def _named(value: str, pattern: str) -> bool:
    return fits(pattern.lower(), value.lower())


# --- rows -------------------------------------------------------------------------------------------------------------


def _possible(node: Node, bounds: Bounds) -> pl.Expr:
    """A filter on what is known before extraction that no matching row fails."""
    return in_range(bounds) & raw_needs(node)


def mentioned(node: Node) -> frozenset[str]:
    """Fields that a search expression reads."""
    names = {n.name for n in node.walk() if isinstance(n, FieldName)}
    return frozenset(names - TIME_MODIFIERS) | ({"_raw"} if has_raw_needs(node) else frozenset())
