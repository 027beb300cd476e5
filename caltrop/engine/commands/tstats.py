"""tstats: statistics over indexed fields, over the rows of a data model dataset, or over what tscollect wrote (Search Reference: tstats)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import polars as pl

from caltrop.dialect.datamodels import DataModel, Dataset
from caltrop.dialect.words import fits
from caltrop.engine import datasetrows, matching, namespaces, presence, restriction, scan, settled, subsearches
from caltrop.engine.aggregate import aggregate, buckets, to_prestats
from caltrop.engine.aggregate.arguments import aggregations, flag, gathered, names, text
from caltrop.engine.context import Context, Extracted, Finish, Watcher
from caltrop.engine.errors import SearchError
from caltrop.engine.namespaces import Home
from caltrop.engine.needed import keep
from caltrop.engine.registry import command
from caltrop.engine.scan import Bounds
from caltrop.engine.table import Table, concat, newest_first, rowless
from caltrop.spl import unparse
from caltrop.spl.ast import (
    Aggregation,
    And,
    Clause,
    Command,
    Comparison,
    Directive,
    FieldName,
    Keyword,
    Membership,
    Node,
    Option,
    Word,
)

TIME = "_time"
NODENAME = "nodename"
_PREFIX = re.compile(r"PREFIX\(([^)\s]*)\)", re.IGNORECASE)


@command(
    "tstats",
    note="Data models count as fully summarised, so summariesonly changes nothing.",
)
def tstats(table: Table, cmd: Command, ctx: Context) -> Table:
    """Grouped statistics of events that match `where`; rows that lack a BY field are left out unless fillnull_value is set."""
    where = cmd.clause("where")
    # One expression stays as it is: time modifiers bound the scan only at the top.
    asked: Node = (where[0] if len(where) == 1 else And(tuple(where))) if where else Keyword("*")
    condition: Node = subsearches.resolve(asked, ctx)
    bounds = scan.time_range(condition, ctx)
    ctx.searched[ctx.depth] = bounds.earliest, bounds.latest
    condition = matching.with_times(condition, ctx)
    plain, prefixes = _without_prefixes(cmd)
    by = list(dict.fromkeys(names(plain.clause("by") or plain.clause("groupby"))))

    def finish(found: pl.DataFrame) -> Table:
        aside = replace(ctx, messages=[], searched=dict(ctx.searched), watcher=None)  # what a look says is not said
        return _reported(found, gathered(plain), by, prefixes, bounds, aside)

    frame = _source(plain, condition, by, prefixes, bounds, ctx, finish)

    def reported() -> Table:
        return _reported(frame, gathered(plain), by, prefixes, bounds, ctx)

    result = reported() if frame.height else settled.of_nothing(Table(frame), cmd, ctx, reported)
    return concat([table, result]) if flag(plain, "append", False) else result


def _reported(
    frame: pl.DataFrame, cmd: Command, by: list[str], prefixes: list[str], bounds: Bounds, ctx: Context
) -> Table:
    """The statistics of these rows."""
    frame = frame.with_columns(_prefixed(prefix).alias(prefix) for prefix in prefixes)
    if TIME in by:
        frame = _bucketed(frame, cmd, bounds, ctx)
    fill = cmd.option("fillnull_value")
    if fill is not None:
        frame = _filled(frame, by, str(fill))
    written = aggregations(cmd)
    for one in written:
        if one.argument is not None and not isinstance(one.argument, FieldName):
            raise SearchError(
                f"tstats reads indexed fields only, it cannot calculate {one.text}",
                node=one,
                hint="Calculate in a stats behind tstats.",
            )
    if flag(cmd, "prestats", False):
        return Table(to_prestats(frame, written, by, ctx))
    return Table(aggregate(frame, written, by, ctx))


# --- where the rows come from -----------------------------------------------------------------------------------------


def _source(
    cmd: Command, condition: Node, by: list[str], prefixes: list[str], bounds: Bounds, ctx: Context, finish: Finish
) -> pl.DataFrame:
    """The rows that the command makes its result of; what `finish` makes of those found so far is shown on the way."""
    watcher = ctx.watching
    source = cmd.clause("from")
    if not source:
        if watcher is not None:
            watcher.begins(finish)
        return _indexed(condition, _read(cmd, condition, by, prefixes), bounds, ctx, watcher)
    collected = _collected_in(source, ctx, cmd)
    if collected is not None:
        return _collected(collected, condition, bounds, ctx)
    model_name, dataset_name = _model_and_dataset(source, cmd)
    model = datasetrows.open_model(model_name, ctx, cmd)
    frames = []
    datasets = datasetrows.open_datasets(model, dataset_name, cmd)
    # Which datasets a row belongs to is not told before all rows of these are there.
    watcher = watcher if len(datasets) == 1 and NODENAME not in _field_names(condition) | _field_names(cmd) else None
    if watcher is not None:
        watcher.begins(lambda rows: finish(_matching(model, datasets[0], rows, cmd, condition, bounds, ctx)))
    for dataset in datasets:
        rows = datasetrows.rows(dataset, bounds, ctx, _asked(model, dataset, condition), watcher)
        if not rows.height and (empty := _rowless(model, rows, cmd, condition)) is not None:
            frames.append(Table(empty))
            continue
        frames.append(Table(_matching(model, dataset, rows, cmd, condition, bounds, ctx)))
    return concat(frames).frame if len(frames) > 1 else frames[0].frame


def _matching(
    model: DataModel, dataset: Dataset, rows: pl.DataFrame, cmd: Command, condition: Node, bounds: Bounds, ctx: Context
) -> pl.DataFrame:
    """Those of the dataset's rows that meet the condition, as the search names their fields."""
    frame = _named_as_written(model, dataset, rows, cmd, condition, bounds, ctx)
    return frame.filter(matching.predicate(condition, frame))


def _asked(model: DataModel, dataset: Dataset, condition: Node) -> Callable[[Extracted], bool]:
    """Whether rows of the dataset may match, told by the values that they have."""
    if not matching.plain(condition):
        return datasetrows.anything
    below = {name for name in _field_names(condition) if _below(model, dataset, name)}
    computed = frozenset({NODENAME, "splunk_server", *below})
    return lambda found: presence.may_match(condition, found, computed, lambda name: bare_name(model, name))


def _rowless(model: DataModel, rows: pl.DataFrame, cmd: Command, condition: Node) -> pl.DataFrame | None:
    """The columns that the search would have of a dataset without rows; None where they have to be worked out."""
    names = {*_field_names(cmd), *_field_names(condition), TIME}
    if NODENAME in names or any("*" in name for name in names) or not matching.plain(condition):
        return None
    schema = rows.schema
    return rowless({name: schema.get(bare_name(model, name), pl.String()) for name in sorted(names)})


def _model_and_dataset(source: tuple[Node, ...], cmd: Command) -> tuple[str, str]:
    """`datamodel=Model.Dataset`, with the dataset optional."""
    for part in source:
        if isinstance(part, Option) and part.name == "datamodel":
            model, _, dataset = str(part.value).partition(".")
            return model, dataset.rpartition(".")[2]
    told = ", ".join(unparse(part) for part in source)
    raise SearchError(
        f"'tstats' cannot read from {told}",
        node=cmd,
        hint="FROM datamodel=Model.Dataset, FROM a namespace of tscollect, or FROM sid=…, a job that ran tscollect",
    )


def _collected_in(source: tuple[Node, ...], ctx: Context, cmd: Command) -> Home | None:
    """The namespace or job that is named; None for anything else. Raises SearchError where there is none of that name."""
    match source:
        case (Option(name="sid", value=sid),):
            return namespaces.job(str(sid))
        case (Word(text=name),):
            return namespaces.namespace(name)
        case _:
            return None


def _collected(home: Home, condition: Node, bounds: Bounds, ctx: Context) -> pl.DataFrame:
    """Rows that tscollect wrote. What of indexes a user may not see is not seen here either, as far as the rows tell."""
    kind, name = home
    services = ctx.instance.services
    runs = kind == "sid" and services.job_runs(name, ctx.user)
    parts = ctx.instance.namespaces.parts(home)
    if parts is None and not runs:
        what = f"the job {name!r} has run no tscollect" if kind == "sid" else f"there is no namespace {name!r}"
        raise SearchError(
            what, hint=f"… | tscollect{'' if kind == 'sid' else f' namespace={name}'} writes what tstats reads"
        )
    if runs:
        ctx.warn(f"the job {name} still runs: tstats reads what it has collected so far")
    condition = restriction.with_filter(condition, ctx)
    pieces = []
    for part in parts or ():
        ctx.events_scanned += part.height
        frame = part.with_columns(pl.lit(ctx.instance.server_name).alias("splunk_server"))
        if "index" in frame.columns:
            held = [str(one) for one in frame.get_column("index").explode().unique().drop_nulls()]
            hidden = set(held) - set(services.searchable(held, ctx.user))
            # A row of several indexes is seen by whoever may search them all.
            index = pl.col("index") if frame.schema["index"] == pl.List(pl.String) else pl.concat_list("index")
            frame = frame.filter(~index.list.eval(pl.element().is_in(list(hidden))).list.any().fill_null(value=False))
        pieces.append(Table(frame.filter(matching.predicate(condition, frame) & scan.in_range(bounds))))
    if not pieces:
        return pl.DataFrame(schema={TIME: pl.Float64})
    return newest_first(concat(pieces).frame)


def _read(cmd: Command, condition: Node, by: list[str], prefixes: list[str]) -> frozenset[str]:
    """Fields (and * patterns) that the command reads; PREFIX() reads the raw text."""
    return scan.mentioned(condition) | _field_names(cmd) | {*by, TIME, "_indextime", *(["_raw"] if prefixes else [])}


def _indexed(
    condition: Node, read: frozenset[str], bounds: Bounds, ctx: Context, watcher: Watcher | None
) -> pl.DataFrame:
    """Events with those of the read fields that were indexed with them; nothing is extracted."""
    store = ctx.instance.store
    pieces = []
    indexes = scan.indexes_for(condition, ctx)
    condition = restriction.with_filter(condition, ctx)
    read |= scan.mentioned(condition)
    segments = store.segments(indexes, bounds.earliest, bounds.latest)
    if watcher is not None:
        watcher.reads(sum(segment.count for segment in segments))
    for segment in segments:
        ctx.events_scanned += segment.count
        if watcher is not None:
            watcher.segment(segment.count)
        frame = segment.frame.with_columns(pl.lit(ctx.instance.server_name).alias("splunk_server"))
        frame = frame.select(keep(frame.columns, read))
        here = scan.within(condition, segment.index)
        frame = frame.filter(matching.predicate(here, frame) & scan.in_range(bounds))
        pieces.append(Table(frame))
        if watcher is not None:
            watcher.found(frame)
    if not pieces:
        return pl.DataFrame(schema={TIME: pl.Float64, "_raw": pl.String})
    return newest_first(concat(pieces).frame)


def _named_as_written(
    model: DataModel,
    dataset: Dataset,
    frame: pl.DataFrame,
    cmd: Command,
    condition: Node,
    bounds: Bounds,
    ctx: Context,
) -> pl.DataFrame:
    """Columns under the names that the search uses: `Processes.dest` for `dest` of any dataset of the model."""
    if NODENAME in _field_names(condition) | _field_names(cmd):
        frame = frame.with_columns(_nodename(model, dataset, frame, bounds, ctx))
    columns: dict[str, pl.Expr] = {}
    named = [*dict.fromkeys([*sorted(_field_names(cmd)), *sorted(_field_names(condition))]), TIME]
    for owner in sorted({below for name in named if (below := _below(model, dataset, name))}):
        wanted = {name: bare_name(model, name) for name in named if _below(model, dataset, name) == owner}
        frame, found = _of_child(frame, model.dataset(owner), wanted, bounds, ctx)
        columns |= {name: pl.col(held) for name, held in found.items()}
    for name in named:
        if name in columns:
            continue
        if "*" in name:
            for bare in dataset.fields:
                if bare in frame.columns and fits(name, dataset.qualified(bare)):
                    columns[dataset.qualified(bare)] = pl.col(bare)
            continue
        bare = bare_name(model, name)
        columns[name] = pl.col(bare) if bare in frame.columns else pl.lit(None, pl.String)
    if any(isinstance(n, Keyword) for n in condition.walk()) and "_raw" in frame.columns:
        columns["_raw"] = pl.col("_raw")
    return frame.select(expression.alias(name) for name, expression in columns.items())


def _below(model: DataModel, dataset: Dataset, name: str) -> str:
    """The dataset below this one that the field is written behind: `Account_Management` of All_Changes, for
    `All_Changes.Account_Management.src_user`; empty for any other field."""
    owner = name.removesuffix(f".{bare_name(model, name)}").rpartition(".")[2]
    return owner if owner != dataset.name and owner in model.objects and dataset.name in model.lineage(owner) else ""


def _of_child(
    frame: pl.DataFrame, child: Dataset, wanted: dict[str, str], bounds: Bounds, ctx: Context
) -> tuple[pl.DataFrame, dict[str, str]]:
    """The rows with the fields that they have as rows of a dataset below, and which column holds which field."""
    found = datasetrows.rows(child, bounds, ctx)
    place = ["index", "_cd"]
    held = {name: f"{child.name}\x00{bare}" for name, bare in wanted.items() if bare in found.columns}
    if not held or not {*place} <= {*found.columns} & {*frame.columns}:  # rows of a search have no place
        return frame, {}
    columns = {held[name]: pl.col(wanted[name]) for name in held}
    return frame.join(found.select(*place, **columns), on=place, how="left", maintain_order="left"), held


def bare_name(model: DataModel, name: str) -> str:
    """The field without the datasets in front of it: `All_Changes.Account_Management.user` -> `user`."""
    known = set(model.datasets)
    head, dot, rest = name.partition(".")
    while dot and head in known:
        name = rest
        head, dot, rest = name.partition(".")
    return name


def _nodename(model: DataModel, dataset: Dataset, frame: pl.DataFrame, bounds: Bounds, ctx: Context) -> pl.Series:
    """Which datasets of the model each row belongs to, as lineages."""
    below = [d for name in model.datasets if dataset.name in (d := model.dataset(name)).lineage]
    if "_cd" not in frame.columns:  # no event, or rows of a search
        return pl.Series(NODENAME, [".".join(dataset.lineage)]).new_from_index(0, frame.height)
    return datasetrows.members(below, frame, bounds, ctx)


def _field_names(node: Node) -> set[str]:
    """Field names anywhere below a node."""
    found: set[str] = set()
    for inner in node.walk():
        if isinstance(inner, FieldName):
            found.add(inner.name)
        elif isinstance(inner, Comparison | Membership):
            found.add(inner.field.name)
    return found


# --- PREFIX(text): what follows a text within the segments of _raw ------------------------------------------------------


def _without_prefixes(cmd: Command) -> tuple[Command, list[str]]:
    """The command with PREFIX(text) read as the field `text`, and those texts; none for data models, which keep no raw."""
    prefixes: list[str] = []

    def field(name: str) -> FieldName:
        if cmd.clause("from"):
            raise SearchError("'tstats' has PREFIX() over indexes only, not behind FROM", node=cmd)
        prefixes.append(name)
        return FieldName(name)

    def read(part: Node) -> Node:
        if isinstance(part, Directive) and part.name == "PREFIX":
            return field(part.text)
        if isinstance(part, Clause) and part.keyword in ("by", "groupby"):
            return replace(part, parts=tuple(map(read, part.parts)))
        if isinstance(part, Aggregation) and isinstance(part.argument, FieldName):
            found = _PREFIX.fullmatch(part.argument.name)
            if found:
                return replace(part, argument=field(found[1]), alias=part.alias or f"{part.function}({found[1]})")
        return part

    return replace(cmd, parts=tuple(map(read, cmd.parts))), list(dict.fromkeys(prefixes))


def _prefixed(prefix: str) -> pl.Expr:
    """The rest of each segment of `_raw` that begins with the text, in any case; several are several values."""
    pattern = f"(?i)(?:^|{matching.MAJOR_BOUNDARY}){re.escape(prefix)}"
    rest = f"[^{matching.MAJOR_BOUNDARY[1:-1]}]*"
    segments = pl.col("_raw").str.extract_all(pattern + rest)
    values = segments.list.eval(pl.element().str.replace(pattern, ""))
    return pl.when(values.list.len() > 0).then(values)


# --- grouping ---------------------------------------------------------------------------------------------------------


def _bucketed(frame: pl.DataFrame, cmd: Command, bounds: Bounds, ctx: Context) -> pl.DataFrame:
    """`_time` rounded down to the span; without one, to a span that divides the range into at most 300 parts."""
    if TIME not in frame.columns or not frame.height:
        return frame
    time = frame.get_column(TIME)
    span = text(cmd, "span", "")
    if span and span != "auto":
        found = buckets.parse(span, ctx.timezone, cmd)
    else:
        low = bounds.earliest if bounds.earliest is not None else float(str(time.min()))
        high = bounds.latest if bounds.latest is not None else float(str(time.max()))
        found = buckets.Buckets(buckets.automatic(low, high, 300), ctx.timezone)
    return frame.with_columns(found.floor(time).alias(TIME))


def _filled(frame: pl.DataFrame, by: list[str], value: str) -> pl.DataFrame:
    if not frame.height:
        return rowless(
            frame.schema | {n: pl.String() for n in by if n != TIME and frame.schema.get(n) != pl.List(pl.String)}
        )
    filled = []
    for name in by:
        if name == TIME:
            continue
        if name not in frame.columns:
            filled.append(pl.lit(value).alias(name))
        elif frame.schema[name] == pl.List(pl.String):
            filled.append(pl.col(name).fill_null(pl.lit([value])))
        else:
            filled.append(pl.col(name).fill_null(value))
    return frame.with_columns(filled)
