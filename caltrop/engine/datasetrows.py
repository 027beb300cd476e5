"""Rows of data model datasets: what accelerated summaries hold, computed once a segment and shared by all searches.

A dataset's events are those that match its constraints, with its calculations done in order (Knowledge Manager Manual:
about data models). Segments never change, so their rows are kept for what they depend on; a new event only costs its own
segment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

import polars as pl

from caltrop.dialect.datamodels import Calculation, DataModel, Dataset
from caltrop.engine import budget, indexed, matching, registry, restriction, subsearches
from caltrop.engine.asking import asker, fingerprint, knowledge, lookup_marks, tell
from caltrop.engine.context import Context, Extracted, Watcher, all_of
from caltrop.engine.derived import DERIVED
from caltrop.engine.errors import SearchError
from caltrop.engine.scan import Bounds, concerning, indexes_for, mentioned
from caltrop.engine.table import Table, concat, newest_first, numeric, pick, render, rowless
from caltrop.errors import CaltropError
from caltrop.index import Segment
from caltrop.index.coding import plain, size
from caltrop.knowledge.asking import Asker, Fault
from caltrop.knowledge.dependencies import reads_lookups
from caltrop.knowledge.extraction import names_in_eval
from caltrop.spl import SplError, parse_eval, parse_search
from caltrop.spl.ast import Alias, And, Clause, Command, FieldName, Keyword, Node, Option, Word

ROWS = "rows of datasets"  # as which they are kept
DEFAULT_FIELDS = ("_time", "_raw", "_cd", "_indextime", "host", "source", "sourcetype", "index")


def open_model(name: str, ctx: Context, node: Node) -> DataModel:
    try:
        return knowledge(ctx).datamodel(name)
    except CaltropError as error:
        raise SearchError(error.message, node=node, hint=error.hint) from error


def open_datasets(model: DataModel, name: str, node: Node) -> list[Dataset]:
    """One dataset by name, or every root dataset of the model when there is no name."""
    names = [name] if name else [n for n in model.datasets if len(model.dataset(n).lineage) == 1]
    try:
        return [model.dataset(n) for n in names]
    except CaltropError as error:
        raise SearchError(error.message, node=node, hint=error.hint) from error


def anything(_: Extracted) -> bool:
    return True


def rows(
    dataset: Dataset,
    bounds: Bounds,
    ctx: Context,
    may_match: Callable[[Extracted], bool] = anything,
    watcher: Watcher | None = None,
) -> pl.DataFrame:
    """The dataset's events in the time range, newest first, with bare field names and `DEFAULT_FIELDS`.

    Those of segments that `may_match` says no to may be left out. `watcher` hears of them on the way.
    """
    asked = stages(dataset, ctx)
    if dataset.base_search:
        return _searched(dataset, asked, bounds, ctx)
    store, state = ctx.instance.store, _state(dataset, ctx)
    pieces = []
    indexes = indexes_for(And(tuple(stage.constraint for stage in asked)), ctx)
    first = replace(asked[0], constraint=restriction.with_filter(asked[0].constraint, ctx))
    asked = (first, *asked[1:])
    segments = store.segments(indexes, bounds.earliest, bounds.latest)
    if watcher is not None:
        watcher.reads(sum(segment.count for segment in segments))
    for segment in segments:
        budget.check()
        if not budget.reads_on():
            break
        ctx.events_scanned += segment.count
        if watcher is not None:
            watcher.segment(segment.count)
        found = segment_rows(dataset, segment, asked, state, ctx)
        frame = found.frame
        if not frame.height or not may_match(found):
            continue
        if bounds.earliest is not None and segment.min_time < bounds.earliest:
            frame = frame.filter(pl.col("_time") >= bounds.earliest)
        if bounds.latest is not None and segment.max_time >= bounds.latest:
            frame = frame.filter(pl.col("_time") < bounds.latest)
        if frame.height:
            pieces.append(Table(frame))
            if watcher is not None:
                watcher.found(frame)
    if not pieces:
        return rowless({"_time": pl.Float64(), **dict.fromkeys(dataset.fields, pl.String())})
    frame = concat(pieces).frame if len(pieces) > 1 else pieces[0].frame
    return newest_first(frame) if len(pieces) > 1 else frame


def _searched(dataset: Dataset, asked: Stages, bounds: Bounds, ctx: Context) -> pl.DataFrame:
    """Rows of a dataset whose root is a whole search; they are not kept, since nothing says when they change."""
    place = asked[0].constraint
    found = subsearches.nested(dataset.base_search, ctx, place, bounds.earliest, bounds.latest).frame
    # Results of a report have no time of their own, but rows of datasets have that column.
    time = numeric(found.get_column("_time")) if "_time" in found.columns else pl.lit(None, pl.Float64)
    found = found.with_columns(time.alias("_time"))
    meeting = asker(ctx)
    frame = _members(dataset, found, asked, ctx, meeting)
    tell(meeting.met, ctx)
    return frame


@dataclass(frozen=True, slots=True)
class Stage:
    """A condition on events, and the calculations that come before the next one is asked."""

    constraint: Node
    calculations: tuple[Calculation, ...]


Stages = tuple[Stage, ...]


def stages(dataset: Dataset, ctx: Context) -> Stages:
    """The dataset's constraints and calculations in the order in which they are asked and done, macros and subsearches resolved.

    A constraint that reads nothing that the datasets above calculate is asked before they do, which leaves the same rows.
    """
    found: list[Stage] = []
    made: set[str] = set()
    for step in dataset.steps:
        node = _resolved(step.constraint, ctx) if step.constraint else None
        if node is None and found:
            found[-1] = replace(found[-1], calculations=found[-1].calculations + step.calculations)
        elif node is None or not found or not made.isdisjoint(mentioned(node)):
            found.append(Stage(Keyword("*") if node is None else node, step.calculations))
        else:
            last = found[-1]
            found[-1] = Stage(And((last.constraint, node)), last.calculations + step.calculations)
        made.update(name for calculation in step.calculations for _, name in calculation.outputs)
    return tuple(found)


def _members(dataset: Dataset, frame: pl.DataFrame, asked: Stages, ctx: Context, meeting: Asker) -> pl.DataFrame:
    """The dataset's events with its fields and `DEFAULT_FIELDS`. A calculation that fails gives no field."""
    for stage in asked:
        frame = frame.filter(matching.predicate(stage.constraint, frame))
        for calculation in stage.calculations:
            try:
                frame = calculated(frame, calculation, ctx)
            except (SearchError, SplError) as error:
                what = f"data model field {calculation.outputs[0][1]}: {error.message}"
                meeting.meet(Fault(dataset.place, what, frozenset(name for _, name in calculation.outputs)))
    return frame.select([n for n in dict.fromkeys([*DEFAULT_FIELDS, *dataset.fields]) if n in frame.columns])


def _resolved(search: str, ctx: Context) -> Node:
    node = _constraint(ctx.engine.expand(search, ctx) if "`" in search else search)
    return node if matching.plain(node) else matching.with_times(subsearches.resolve(node, ctx), ctx)


_constraint = lru_cache(maxsize=1024)(parse_search)


State = tuple[str, str, str]


def segment_rows(dataset: Dataset, segment: Segment, asked: Stages, state: State, ctx: Context) -> Extracted:
    conditions = tuple(stage.constraint for stage in asked)
    key = (ROWS, segment.index, segment.id, dataset.mark, conditions, state)
    kept: Extracted | None = ctx.instance.kept.get(key)
    if kept is None:
        condition = And(conditions)
        names = _reads(dataset, condition)
        extracted = ctx.instance.extracted(segment, ctx, all_of, names)
        frame = plain(extracted.frame.select(name for name in extracted.frame.columns if name in names))
        meeting = asker(ctx)
        rows = _members(dataset, *_in_index(frame, asked, segment, ctx), ctx, meeting)
        met = concerning(extracted, asked[0].constraint, segment.index, pl.lit(True))
        kept = replace(extracted, frame=rows, met=(*met, *meeting.met), answers=None)
        if extracted.lasting and not _moves(dataset, ctx):
            ctx.instance.kept.put(key, kept, size(rows), segment)
    tell(kept.met, ctx)
    return kept


def _in_index(frame: pl.DataFrame, asked: Stages, segment: Segment, ctx: Context) -> tuple[pl.DataFrame, Stages]:
    """Events of a segment that have the words which a search looks for, and the stages as they are asked of its columns."""
    needed = indexed.unasked(asked[0].constraint, segment, knowledge(ctx).wording)
    nodes = [stage.constraint for stage in asked] + ([needed] if needed is not None else [])
    frame = indexed.with_stored(frame, indexed.terms(And(tuple(nodes))), segment, pl.lit(True))
    nodes = [indexed.of_segment(node, segment, DERIVED) for node in nodes]
    if needed is not None:
        frame = frame.filter(matching.predicate(nodes[0], frame))
        frame = frame.filter(matching.predicate(nodes[-1], frame))
    return frame, tuple(replace(stage, constraint=node) for stage, node in zip(asked, nodes, strict=False))


def _reads(dataset: Dataset, node: Node) -> frozenset[str]:
    """The fields that the rows are made of."""
    names = {*DEFAULT_FIELDS, *dataset.fields, *mentioned(node)}
    for calculation in dataset.calculations:
        names.update([calculation.input, *(event for _, event in calculation.inputs)])
        if calculation.kind == "Eval":
            names |= names_in_eval(calculation.expression)
    return frozenset(names - {""})


def _moves(dataset: Dataset, ctx: Context) -> bool:
    """Whether a calculation of the dataset has another result at another moment."""
    known = knowledge(ctx)
    return any(known.moves(c.expression) for c in dataset.calculations if c.kind == "Eval") or any(
        known.lookup_moves(c.lookup) for c in dataset.calculations if c.kind == "Lookup"
    )


def _state(dataset: Dataset, ctx: Context) -> State:
    """What the rows depend on besides the dataset: extraction, the lookups of its calculations, the time zone where it counts."""
    known = knowledge(ctx)
    tables = [c.lookup for c in dataset.calculations if c.kind == "Lookup"]
    expressions = [c.expression for c in dataset.calculations if c.kind == "Eval"]
    zoned = known.reads_zone or any(map(known.functions.read_zone, expressions))
    marks = lookup_marks(tables, ctx, everything=reads_lookups(expressions))
    return fingerprint(ctx), marks, ctx.timezone if zoned else ""


def members(datasets: Iterable[Dataset], frame: pl.DataFrame, bounds: Bounds, ctx: Context) -> pl.Series:
    """For each row of a dataset of the model the lineage names (`Root.Child`) of those it belongs to: `nodename`."""
    place = pl.concat_str("index", "_cd", separator=" ")
    here = frame.select(place.alias("place")).to_series()
    names: list[pl.Series] = []
    for number, dataset in enumerate(datasets):
        found = rows(dataset, bounds, ctx)
        places = (
            found.select(place.alias("place")).to_series() if "_cd" in found.columns else pl.Series([], dtype=pl.String)
        )
        lineage = pl.Series([".".join(dataset.lineage)]).new_from_index(0, frame.height)
        names.append(pick(here.is_in(places.implode()), lineage).alias(str(number)))
    return pl.DataFrame(names).select(pl.concat_list(pl.all()).list.drop_nulls().alias("nodename")).to_series()


# --- calculations -----------------------------------------------------------------------------------------------------


def calculated(frame: pl.DataFrame, calculation: Calculation, ctx: Context) -> pl.DataFrame:
    """Add the fields that one calculation gives; lookups and rex are done as the commands of that name do them."""
    if calculation.kind == "Eval":
        value = render(ctx.engine.evaluate(parse_eval(calculation.expression), frame, ctx))
        return frame.with_columns(value.alias(name) for _, name in calculation.outputs)
    if calculation.kind == "Lookup":
        pairs = [Alias(FieldName(name), FieldName(event)) for name, event in calculation.inputs]
        outputs = tuple(Alias(FieldName(name), FieldName(target)) for name, target in calculation.outputs)
        command = Command("lookup", (Word(calculation.lookup), *pairs, Clause("output", outputs)))
    elif calculation.kind == "Rex":
        command = Command("rex", (Option("field", calculation.input), Word(calculation.expression, quoted=True)))
    else:
        raise SearchError("GeoIP fields stay empty: no location database is configured")
    return registry.commands[command.name].run(Table(frame), command, ctx).frame
