"""collect, mcollect, tscollect: results written to an index as events or as metrics, or to a namespace for tstats (Search Reference)."""

from __future__ import annotations

import json
import re

import polars as pl

from caltrop.dialect import strftime
from caltrop.dialect.words import option_truth, truth
from caltrop.engine import namespaces
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import Table, numeric, render
from caltrop.index.frames import SCHEMA
from caltrop.spl.ast import Command, FieldName

Row = dict[str, str | list[str]]
ORIGIN = ("host", "source", "sourcetype")  # what a written event has of its own
TIME_FORMAT = "%m/%d/%Y %H:%M:%S %z"


@command(
    "collect",
    "stash",
    "sumindex",
    "summaryindex",
    note="Events are written to the index at once, not by way of a spool file.",
)
def collect(table: Table, cmd: Command, ctx: Context) -> Table:
    """Write the results to an index, one event a result, and pass them on; testmode=t passes on what would be written."""
    index = _index(cmd, ctx)
    as_hec = str(cmd.option("output_format", "raw")).lower() == "hec"
    frame = table.frame
    if not frame.height:
        return table
    time = _times(table, ctx)
    if as_hec:
        written = _hec_texts(table)
    else:
        stamps = strftime.write(time, str(cmd.option("timeformat", TIME_FORMAT)), ctx.timezone).fill_null("")
        written = [_summary_text(row, stamp, ctx, cmd) for row, stamp in zip(_rows(table), stamps, strict=True)]
    raw = pl.Series("_raw", written, dtype=pl.String)
    if cmd.option("testmode", False):
        return table.with_frame(frame.with_columns(raw))
    if not cmd.option("spool", True):
        ctx.info("collect: spool=f leaves the results in a file on a Splunk; nothing was written")
        return table
    given = {
        "host": cmd.option("host", ctx.instance.server_name),
        "source": cmd.option("source", ctx.sid or "collect"),
        "sourcetype": cmd.option("sourcetype", "stash_hec" if as_hec else "stash"),
    }
    origin = {n: pl.lit(str(value)).alias(n) for n, value in given.items()}
    if as_hec:
        origin |= {n: pl.lit(render(frame.get_column(n))).fill_null(e) for n, e in origin.items() if n in frame.columns}
    events = pl.DataFrame([time, raw]).with_columns(
        *origin.values(), pl.lit(index).alias("index"), pl.lit(ctx.now).alias("_indextime")
    )
    fields = _fields(frame) if as_hec else []
    ctx.instance.store.append(events.select(list(SCHEMA)).with_columns(fields))
    return table


def _index(cmd: Command, ctx: Context) -> str:
    index = cmd.option("index")
    if not index:
        raise SearchError(f"'{cmd.name}' needs index=", node=cmd)
    if not ctx.instance.services.may_write(ctx.user, str(index)):
        raise SearchError(f"user '{ctx.user}' may not write into the index '{index}'", node=cmd)
    if str(index) not in ctx.instance.store:
        raise SearchError(f"there is no index named '{index}'", node=cmd, hint="create it first")
    return str(index)


@command(
    "tscollect",
    note="Parts are whole rows, so that a phrase finds nothing in them.",
)
def tscollect(table: Table, cmd: Command, ctx: Context) -> Table:
    """Write the rows where `tstats … FROM` reads them: to `namespace=`, or beside the job for as long as it lives.

    Gives the number of rows; keepresults=t the rows. Without `_time` a row counts at the start of the time range, or now (ours).
    """
    if not ctx.instance.services.may(ctx.user, "indexes_edit"):
        raise SearchError(
            f"user {ctx.user!r} may not run tscollect", node=cmd, hint="it takes the capability indexes_edit"
        )
    name = cmd.option("namespace")
    if name is None and not ctx.sid:
        raise SearchError(
            "'tscollect' without namespace= writes beside its job, and there is no job here",
            node=cmd,
            hint="tscollect namespace=NAME; jobs live in a server: `caltrop serve`",
        )
    home = namespaces.job(ctx.sid) if name is None else namespaces.namespace(str(name))
    columns = [render(table.frame.get_column(n)) for n in table.frame.columns if not n.startswith("_")]
    rows = pl.DataFrame([_times(table, ctx), *columns])
    if _said(cmd, "squashcase", ctx):
        rows = _folded(rows)
    ctx.instance.namespaces.add(home, rows)
    return table if _said(cmd, "keepresults", ctx) else Table(pl.DataFrame({"count": [str(len(table))]}))


def _said(cmd: Command, option: str, ctx: Context) -> bool:
    """What the command says, else [tscollect] of limits.conf."""
    stanza = ctx.instance.config.stanza("limits", "tscollect", ctx.app, ctx.user)
    return bool(cmd.option(option, truth(stanza.get(option) if stanza is not None else "")))


def _folded(rows: pl.DataFrame) -> pl.DataFrame:
    """Names and values in lower case; of fields that then have one name the first value that a row has."""
    folded: dict[str, pl.Expr] = {}
    for name, kind in rows.schema.items():
        value = pl.col(name)
        if kind == pl.String:
            value = value.str.to_lowercase()
        elif kind == pl.List(pl.String):
            value = value.list.eval(pl.element().str.to_lowercase())
        lower = name.lower()
        folded[lower] = pl.coalesce(folded[lower], value) if lower in folded else value
    return rows.select(expression.alias(name) for name, expression in folded.items())


def _times(table: Table, ctx: Context) -> pl.Series:
    """`_time` of each result; where it is missing the start of the time range, or now."""
    fallback = ctx.earliest if ctx.earliest is not None else ctx.now
    if "_time" not in table:
        return pl.Series("_time", [fallback], dtype=pl.Float64).new_from_index(0, len(table))
    return numeric(table.frame.get_column("_time")).fill_null(fallback).alias("_time")


def _fields(frame: pl.DataFrame) -> list[pl.Series]:
    """Visible fields to index with the events, but for those that every event has of its own."""
    own = ("index", "splunk_server", "linecount", *ORIGIN)
    return [render(frame.get_column(n)) for n in frame.columns if not n.startswith("_") and n not in own]


def _rows(table: Table) -> list[Row]:
    columns = {name: render(table.frame.get_column(name)).to_list() for name in table.fields}
    return [{n: c[i] for n, c in columns.items() if c[i] is not None} for i in range(len(table))]


def _hec_texts(table: Table) -> list[str]:
    """`_raw`, or the visible fields as a JSON object."""
    return [
        _raw_of(row) or json.dumps({n: v for n, v in row.items() if not n.startswith("_")}, ensure_ascii=False)
        for row in _rows(table)
    ]


def _raw_of(row: Row) -> str:
    raw = row.get("_raw", "")
    return raw if isinstance(raw, str) else "\n".join(raw)


def _summary_text(row: Row, stamp: str, ctx: Context, cmd: Command) -> str:
    """`_raw` as it is where there is one, else time, info_… and every value of every visible field as key="value"."""
    marker = str(cmd.option("marker", ""))
    raw = _raw_of(row)
    if raw:
        return f"{raw}, {marker}" if marker else raw
    parts = []
    if cmd.option("addtime", True):
        parts.append(stamp)
    if ctx.saved_search:
        parts += [f"search_name={_quoted(ctx.saved_search)}", f"search_now={ctx.now:.3f}"]
    if cmd.option("addinfo", True):
        if ctx.earliest is not None:
            parts.append(f"info_min_time={ctx.earliest:.3f}")
        if ctx.latest is not None:
            parts.append(f"info_max_time={ctx.latest:.3f}")
        parts.append(f"info_search_time={ctx.started:.3f}")
    for name, value in row.items():
        if not name.startswith("_"):
            name = f"orig_{name}" if name in ORIGIN else name  # the event has a host, source and sourcetype of its own
            parts += [f"{name}={_quoted(one)}" for one in ([value] if isinstance(value, str) else value)]
    return ", ".join([*parts, *([marker] if marker else [])])


def _quoted(text: str) -> str:
    """A value with breakers in it stands in quotes."""
    return text if re.fullmatch(r"\w+", text) else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


# --- metrics ----------------------------------------------------------------------------------------------------------


@command("mcollect", note="The index need not be a metrics index.")
def mcollect(table: Table, cmd: Command, ctx: Context) -> Table:
    """Write results as metric data points: metric_name and _value, or one a numeric field with split=t or allnums."""
    return _metric_events(table, cmd, ctx)


@command("meventcollect", note="The index need not be a metrics index.")
def meventcollect(table: Table, cmd: Command, ctx: Context) -> Table:
    """As mcollect, on events while they stream."""
    return _metric_events(table, cmd, ctx)


def _metric_events(table: Table, cmd: Command, ctx: Context) -> Table:
    index = _index(cmd, ctx)
    dimensions = [f.name for f in cmd.of(FieldName)]
    given = str(cmd.option("split", ""))
    split = option_truth(given) or given.lower() == "allnums"
    prefix = str(cmd.option("prefix_field", ""))
    events = []
    for row in _rows(table):
        events += _metrics(row, dimensions, prefix, split, ctx)
    if not events:
        return table
    names = dict.fromkeys(name for event in events for name in event)
    columns = [pl.Series(n, [event.get(n) for event in events], dtype=_type(n)) for n in names]
    defaults = {"host": ctx.instance.server_name, "source": "mcollect", "sourcetype": "mcollect_stash"}
    frame = pl.DataFrame(columns).with_columns(
        *(pl.lit(str(cmd.option(name, default))).alias(name) for name, default in defaults.items()),
        pl.lit(index).alias("index"), pl.lit(ctx.now).alias("_indextime"),
    )  # fmt: skip
    ctx.instance.store.append(frame)
    return table


def _type(name: str) -> pl.DataType:
    return pl.Float64() if name == "_time" else pl.String()


def _metrics(row: Row, dimensions: list[str], prefix: str, split: bool, ctx: Context) -> list[dict[str, object]]:
    """The data points of one result. `dimensions` are the fields that split=t keeps as such although they are numbers."""
    texts = {n: v for n, v in row.items() if isinstance(v, str)}
    time = float(texts.get("_time", ctx.now))
    if "metric_name" in texts and "_value" in texts and not split:
        values = {texts["metric_name"]: texts["_value"]}
        tags = {n: v for n, v in texts.items() if not n.startswith("_") and n != "metric_name"}
    else:
        numbers = {n: v for n, v in texts.items() if not n.startswith("_") and n not in dimensions and _is_number(v)}
        values = {n.removeprefix("metric_name:"): v for n, v in numbers.items()}
        tags = {n: v for n, v in texts.items() if not n.startswith("_") and n not in numbers}
    start = f"{texts[prefix]}." if prefix in texts else ""
    tags = {n: v for n, v in tags.items() if n not in (*ORIGIN, "index")}
    return [
        {"_time": time, "_raw": "", "metric_name": start + name, "_value": value, **tags}
        for name, value in values.items()
    ]


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text) is not None
