"""Rows of data model datasets: what accelerated summaries hold, computed once a segment and shared by all searches.

A dataset's events are those that match its constraints, with its calculations done in order (Knowledge Manager Manual:
about data models). Segments never change, so their rows are kept for what they depend on; a new event only costs its own
segment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache

import polars as pl

from caltrop.dialect.datamodels import Calculation, DataModel, Dataset
from caltrop.engine import budget, matching, registry, restriction, subsearches
from caltrop.engine.asking import asker, fingerprint, knowledge, lookup_marks, tell
from caltrop.engine.context import Context, Extracted
from caltrop.engine.errors import SearchError
from caltrop.engine.scan import Bounds, concerning, indexes_for, mentioned
from caltrop.engine.table import Table, concat, newest_first, pick, render, rowless
from caltrop.errors import CaltropError
from caltrop.index import Segment
from caltrop.index.coding import plain, size
from caltrop.knowledge.asking import Asker, Fault
from caltrop.knowledge.dependencies import reads_lookups
from caltrop.knowledge.extraction import names_in_eval
from caltrop.spl import SplError, parse_eval, parse_search
from caltrop.spl.ast import Alias, Clause, Command, FieldName, Keyword, Node, Option, Word

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
    dataset: Dataset, bounds: Bounds, ctx: Context, may_match: Callable[[Extracted], bool] = anything
) -> pl.DataFrame:
    """The dataset's events in the time range, newest first, with bare field names and `DEFAULT_FIELDS`.

    Those of segments that `may_match` says no to may be left out.
    """
    node = constraint(dataset, ctx)
    if dataset.base_search:
        return _searched(dataset, node, bounds, ctx)
    store, state = ctx.instance.store, _state(dataset, ctx)
    pieces = []
    indexes = indexes_for(node, ctx)
    node = restriction.with_filter(node, ctx)
    for segment in store.segments(indexes, bounds.earliest, bounds.latest):
        budget.check()
        if not budget.reads_on():
            break
        ctx.events_scanned += segment.count
        found = segment_rows(dataset, segment, node, state, ctx)
        frame = found.frame
        if not frame.height or not may_match(found):
            continue
        if bounds.earliest is not None and segment.min_time < bounds.earliest:
            frame = frame.filter(pl.col("_time") >= bounds.earliest)
        if bounds.latest is not None and segment.max_time >= bounds.latest:
            frame = frame.filter(pl.col("_time") < bounds.latest)
        if frame.height:
            pieces.append(Table(frame))
    if not pieces:
        return rowless({"_time": pl.Float64(), **dict.fromkeys(dataset.fields, pl.String())})
    frame = concat(pieces).frame if len(pieces) > 1 else pieces[0].frame
    return newest_first(frame) if len(pieces) > 1 else frame


def _searched(dataset: Dataset, node: Node, bounds: Bounds, ctx: Context) -> pl.DataFrame:
    """Rows of a dataset whose root is a whole search; they are not kept, since nothing says when they change."""
    found = subsearches.nested(dataset.base_search, ctx, node, bounds.earliest, bounds.latest).frame
    asked = asker(ctx)
    frame = derived(dataset, found.filter(matching.predicate(node, found)), ctx, asked)
    tell(asked.met, ctx)
    return frame


def derived(dataset: Dataset, frame: pl.DataFrame, ctx: Context, asked: Asker) -> pl.DataFrame:
    """The dataset's calculations done, and its fields and `DEFAULT_FIELDS` kept. One that fails gives no field."""
    for calculation in dataset.calculations:
        try:
            frame = calculated(frame, calculation, ctx)
        except (SearchError, SplError) as error:
            what = f"data model field {calculation.outputs[0][1]}: {error.message}"
            asked.meet(Fault(dataset.place, what, frozenset(name for _, name in calculation.outputs)))
    return frame.select([n for n in dict.fromkeys([*DEFAULT_FIELDS, *dataset.fields]) if n in frame.columns])


def constraint(dataset: Dataset, ctx: Context) -> Node:
    """The dataset's constraints as one search expression, macros and subsearches resolved."""
    if not dataset.search:
        return Keyword("*")
    text = ctx.engine.expand(dataset.search, ctx) if "`" in dataset.search else dataset.search
    node = _constraint(text)
    return node if matching.plain(node) else matching.with_times(subsearches.resolve(node, ctx), ctx)


_constraint = lru_cache(maxsize=1024)(parse_search)


State = tuple[str, str, str]


def segment_rows(dataset: Dataset, segment: Segment, node: Node, state: State, ctx: Context) -> Extracted:
    key = (ROWS, segment.index, segment.id, dataset.mark, node, state)
    kept: Extracted | None = ctx.instance.kept.get(key)
    if kept is None:
        names = _reads(dataset, node)
        extracted = ctx.instance.extracted(segment, ctx, pl.lit(True), names)
        frame = plain(extracted.frame.select(name for name in extracted.frame.columns if name in names))
        asked = asker(ctx)
        rows = derived(dataset, frame.filter(matching.predicate(node, frame)), ctx, asked)
        met = concerning(extracted, node, segment.index, pl.lit(True))
        kept = replace(extracted, frame=rows, met=(*met, *asked.met))
        if extracted.lasting and not _moves(dataset, ctx):
            ctx.instance.kept.put(key, kept, size(rows), segment)
    tell(kept.met, ctx)
    return kept


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
