"""savedsearch, loadjob, map, collect, mcollect, sendalert: searches and results that are kept, and actions on results."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import polars as pl

from caltrop.engine import times
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.subsearches import MAX_DEPTH
from caltrop.engine.table import Table, concat, numeric, render
from caltrop.index.frames import SCHEMA
from caltrop.knowledge.conffile import truth
from caltrop.spl import unparse
from caltrop.spl.ast import Command, FieldName, Option, Subsearch, Word

_TOKEN = re.compile(r"\$([^$\s]{1,256})\$")
MAX_SEARCHES = 10
HIDDEN = ("_raw", "_time", "_cd", "_indextime")


def substituted(text: str, values: Mapping[str, str]) -> str:
    """$name$ replaced by its value; quotes in a value are escaped, so that it stays inside its string."""

    def value(match: re.Match[str]) -> str:
        found = values.get(match[1])
        return match[0] if found is None else found.replace("\\", "\\\\").replace('"', '\\"')

    return _TOKEN.sub(value, text)


@command("savedsearch", kind="generating")
def savedsearch(table: Table, cmd: Command, ctx: Context) -> Table:
    """Run a saved search over its own time range where the job has none; $name$ takes the value of name=value."""
    words = cmd.of(Word)
    if not words:
        raise SearchError("'savedsearch' needs a name", node=cmd)
    name = words[0].text
    stanza = ctx.instance.knowledge(ctx.app, ctx.user).saved_search(name)
    if stanza is None:
        raise SearchError(f"there is no saved search named '{name}'", node=cmd)
    if truth(stanza.get("disabled")) and not stanza.get("search"):
        raise SearchError(f"the saved search '{name}' is disabled", node=cmd)
    text = stanza.get("search")
    if not cmd.option("nosubstitution", False):
        text = substituted(text, {o.name: str(o.value) for o in cmd.of(Option)})
    earliest, latest = ctx.earliest, ctx.latest
    if earliest is None and latest is None:
        earliest = _bound(stanza.get("dispatch.earliest_time"), ctx)
        latest = _bound(stanza.get("dispatch.latest_time"), ctx)
    return _nested(text, ctx, cmd, earliest, latest)


def _bound(text: str, ctx: Context) -> float | None:
    return times.time_bound(text, ctx.now, ctx.timezone) if text else None


def _nested(text: str, ctx: Context, cmd: Command, earliest: float | None, latest: float | None) -> Table:
    """Run search text inside this search; calls that never end are cut."""
    if ctx.depth >= MAX_DEPTH:
        raise SearchError(f"searches call each other deeper than {MAX_DEPTH}", node=cmd)
    before = ctx.earliest, ctx.latest, ctx.depth
    ctx.earliest, ctx.latest, ctx.depth = earliest, latest, ctx.depth + 1
    try:
        return ctx.instance.run_text(text, ctx)
    finally:
        ctx.earliest, ctx.latest, ctx.depth = before


@command("map", kind="dataset", note="Multivalue fields are put in as their values joined by spaces.")
def map_(table: Table, cmd: Command, ctx: Context) -> Table:
    """Run a search for each result, $field$ replaced by the result's values."""
    text = _mapped_search(cmd, ctx)
    limit = cmd.option("maxsearches", MAX_SEARCHES)
    limit = limit if isinstance(limit, int) and limit > 0 else MAX_SEARCHES
    if len(table) > limit:
        ctx.warn(f"map ran for the first {limit} of {len(table)} results (maxsearches={limit})")
    columns = {name: render(table.frame.get_column(name)).to_list() for name in table.fields}
    results = []
    for i in range(min(len(table), limit)):
        values = {n: v if isinstance(v, str) else " ".join(v) for n, c in columns.items() if (v := c[i]) is not None}
        results.append(_nested(substituted(text, values | {"_serial_id_": str(i)}), ctx, cmd, ctx.earliest, ctx.latest))
    return concat(results) if results else Table.empty()


def _mapped_search(cmd: Command, ctx: Context) -> str:
    given = cmd.option("search")
    if given is not None:
        return str(given)
    subsearches = cmd.of(Subsearch)
    if subsearches:
        return unparse(subsearches[0].pipeline)
    words = cmd.of(Word)
    stanza = ctx.instance.knowledge(ctx.app, ctx.user).saved_search(words[0].text) if words else None
    if stanza is None:
        raise SearchError("'map' needs search=\"…\", a search in brackets, or the name of a saved search", node=cmd)
    return stanza.get("search")


@command("loadjob", kind="generating")
def loadjob(table: Table, cmd: Command, ctx: Context) -> Table:
    """The results (events=t: the events) of a finished job, by sid or as the last run of savedsearch=owner:app:name."""
    services = ctx.instance.services
    saved = cmd.option("savedsearch")
    if saved is not None:
        owner, _, rest = str(saved).partition(":")
        app, _, name = rest.partition(":")
        sid = services.latest_job(name, owner, app)
    else:
        words = cmd.of(Word)
        if not words:
            raise SearchError("'loadjob' needs a sid, or savedsearch=owner:app:name", node=cmd)
        sid = words[0].text
    return services.job(sid, events=bool(cmd.option("events", False)))


@command("sendalert", kind="dataset")
def sendalert(table: Table, cmd: Command, ctx: Context) -> Table:
    """Run an alert action over the results; they go on unchanged."""
    words = cmd.of(Word)
    if not words:
        raise SearchError("'sendalert' needs the name of an alert action", node=cmd)
    parameters = {o.name: str(o.value) for o in cmd.of(Option)}
    ctx.instance.services.send_alert(words[0].text, parameters, table, ctx.user, ctx.app)
    return table


# --- summary indexing ---------------------------------------------------------------------------------------------------


@command(
    "collect",
    "stash",
    "sumindex",
    "summaryindex",
    kind="dataset",
    note="Events are written to the index at once, not by way of a spool file.",
)
def collect(table: Table, cmd: Command, ctx: Context) -> Table:
    """Write the results to an index, one event a result, and pass them on (Search Reference: collect)."""
    index = cmd.option("index")
    if not index:
        raise SearchError("'collect' needs index=", node=cmd)
    if str(index) not in ctx.instance.store:
        raise SearchError(f"there is no index named '{index}'", node=cmd, hint="create it first")
    if cmd.option("testmode", False):
        return table
    as_hec = str(cmd.option("output_format", "raw")).lower() == "hec"
    sourcetype = str(cmd.option("sourcetype", "stash_hec" if as_hec else "stash"))
    frame = table.frame
    if not frame.height:
        return table
    now = ctx.now
    time = numeric(frame.get_column("_time")) if "_time" in frame.columns else pl.Series([None], dtype=pl.Float64)
    time = time if len(time) == frame.height else time.new_from_index(0, frame.height)
    fallback = ctx.earliest if ctx.earliest is not None else now
    time = time.fill_null(fallback)
    raw = pl.Series("_raw", [_summary_text(row, t, ctx, cmd) for row, t in zip(_rows(table), time, strict=True)])
    host = str(cmd.option("host", ctx.instance.server_name))
    source = str(cmd.option("source", ctx.sid or "collect"))
    events = pl.DataFrame([time.alias("_time"), raw]).with_columns(
        pl.lit(host).alias("host"), pl.lit(source).alias("source"), pl.lit(sourcetype).alias("sourcetype"),
        pl.lit(str(index)).alias("index"), pl.lit(now).alias("_indextime"),
    )  # fmt: skip
    ctx.instance.store.append(events.select(list(SCHEMA)))
    return table


def _rows(table: Table) -> list[dict[str, str | list[str]]]:
    columns = {name: render(table.frame.get_column(name)).to_list() for name in table.fields}
    return [{n: c[i] for n, c in columns.items() if c[i] is not None} for i in range(len(table))]


def _summary_text(row: dict[str, str | list[str]], time: float, ctx: Context, cmd: Command) -> str:
    """`_raw` as it is where there is one, else time, info_… and every field as key="value"."""
    marker = str(cmd.option("marker", ""))
    if "_raw" in row:
        text = row["_raw"] if isinstance(row["_raw"], str) else "\n".join(row["_raw"])
        return f"{text}, {marker}" if marker else text
    stamp = times.strftime(time, "%m/%d/%Y %H:%M:%S %z", ctx.timezone) or ""
    parts = [f"{stamp}, search_name={_quoted(ctx.saved_search)}" if ctx.saved_search else stamp]
    if cmd.option("addinfo", True):
        parts += [f"search_now={ctx.now:.3f}", f"info_min_time={ctx.earliest or 0:.3f}"]
        parts.append(f"info_max_time={'+Infinity' if ctx.latest is None else f'{ctx.latest:.3f}'}")
        parts.append(f"info_search_time={ctx.started:.3f}")
    for name, value in row.items():
        if name in HIDDEN or name.startswith("_"):
            continue
        for one in value if isinstance(value, list) else [value]:
            parts.append(f"{name}={_quoted(one)}")
    if marker:
        parts.append(marker)
    return ", ".join(parts)


def _quoted(text: str) -> str:
    return text if re.fullmatch(r"[\w.:/+-]+", text) else json.dumps(text, ensure_ascii=False)


@command("mcollect", "meventcollect", kind="dataset", note="Each numeric field of a result becomes one metric event.")
def mcollect(table: Table, cmd: Command, ctx: Context) -> Table:
    """Write results as metric events: metric_name and _value, or one event a numeric field with split=t."""
    index = cmd.option("index")
    if not index or str(index) not in ctx.instance.store:
        raise SearchError(f"'{cmd.name}' needs index= of an index that exists", node=cmd)
    dimensions = [f.name for f in cmd.of(FieldName)]
    prefix = str(cmd.option("prefix_field", ""))
    events = []
    for row in _rows(table):
        events += _metrics(row, dimensions, prefix, ctx)
    if events:
        frame = pl.DataFrame(events).with_columns(
            pl.lit(str(index)).alias("index"), pl.lit(ctx.now).alias("_indextime"),
            pl.lit(str(cmd.option("host", ctx.instance.server_name))).alias("host"),
            pl.lit(str(cmd.option("source", "mcollect"))).alias("source"),
            pl.lit(str(cmd.option("sourcetype", "mcollect_stash"))).alias("sourcetype"),
        )  # fmt: skip
        ctx.instance.store.append(frame)
    return table


def _metrics(
    row: dict[str, str | list[str]], dimensions: list[str], prefix: str, ctx: Context
) -> list[dict[str, object]]:
    texts = {n: v for n, v in row.items() if isinstance(v, str)}
    time = float(texts.get("_time", ctx.now))
    if "metric_name" in texts and "_value" in texts:
        values = {texts["metric_name"]: texts["_value"]}
        tags = {n: v for n, v in texts.items() if not n.startswith("_") and n != "metric_name"}
    else:
        values = {n: v for n, v in texts.items() if not n.startswith("_") and n not in dimensions and _is_number(v)}
        tags = {n: v for n, v in texts.items() if not n.startswith("_") and n not in values}
    start = f"{texts[prefix]}." if prefix in texts else ""
    return [
        {"_time": time, "_raw": "", "metric_name": start + name, "_value": value, **tags}
        for name, value in values.items()
    ]


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text) is not None
