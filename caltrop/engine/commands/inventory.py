"""What an instance holds: metadata, eventcount, dbinspect, typeahead, rest; and gentimes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from caltrop.dialect import strftime
from caltrop.dialect.moments import shift, time_bound
from caltrop.dialect.spans import parse_span
from caltrop.dialect.words import fits
from caltrop.engine import restriction, scan
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import Table
from caltrop.index.segment import Tally
from caltrop.knowledge.limits import METADATA_ROWS, TYPEAHEAD_ROWS
from caltrop.spl.ast import Command, FieldName, Membership, Option, Word

METADATA = {"hosts": "host", "sources": "source", "sourcetypes": "sourcetype"}
MAX_TIMES = 50_000


def indexes_named(cmd: Command, ctx: Context, default: str = "") -> list[str]:
    """Existing indexes that the index= options name (wildcards allowed); internal ones only by a name that starts so.

    Without index= those that a search looks into by default, or `default`.
    """
    patterns = [str(o.value).lower() for o in cmd.of(Option) if o.name == "index"] or ([default] if default else [])
    services = ctx.instance.services
    known = services.searchable(ctx.instance.store.indexes(), ctx.user)
    if not patterns:
        return services.searched_by_default([name for name in known if not name.startswith("_")], ctx.user)
    return [
        name
        for name in known
        if any(fits(p, name) and (p.startswith("_") or not name.startswith("_")) for p in patterns)
    ]


@command("metadata")
def metadata(table: Table, cmd: Command, ctx: Context) -> Table:
    """Hosts, sources or sourcetypes with firstTime, lastTime, recentTime and totalCount."""
    kind = str(cmd.option("type", "")).lower()
    if kind not in METADATA:
        raise SearchError(f"'metadata' has type=hosts, sources or sourcetypes, not {kind!r}", node=cmd)
    name = METADATA[kind]
    tallies = _tallies(name, indexes_named(cmd, ctx), ctx)
    most = ctx.limit(METADATA_ROWS)
    if len(tallies) > most:
        ctx.warn(f"metadata: the first {most:,} of {len(tallies):,} {kind} ([metadata] maxcount)")
    rows = [
        {
            "firstTime": str(int(first)),
            "lastTime": str(int(last)),
            "recentTime": str(int(recent)),
            name: value,
            "totalCount": count,
            "type": kind,
        }
        for value, (count, first, last, recent) in sorted(tallies.items())[:most]
    ]
    return Table(pl.DataFrame(rows)) if rows else Table.empty()


def _tallies(kind: str, indexes: Sequence[str], ctx: Context) -> dict[str, Tally]:
    """Counts and times of each value; of the matching events alone where a search filter restricts the user."""
    if restriction.of(ctx) is None:
        return ctx.instance.store.metadata(kind, indexes, ctx.earliest, ctx.latest)
    frame = _matching(indexes, frozenset({kind, "_time", "_indextime"}), ctx)
    if kind not in frame.columns:
        return {}
    rows = frame.drop_nulls(kind).group_by(kind, maintain_order=True).agg(
        pl.len(), pl.col("_time").min(), pl.col("_time").max().alias("last"), pl.col("_indextime").max()
    )  # fmt: skip
    return {value: (count, first, last, recent) for value, count, first, last, recent in rows.iter_rows()}


def _matching(indexes: Sequence[str], wanted: frozenset[str], ctx: Context) -> pl.DataFrame:
    """The events of these indexes that the user may see."""
    if not indexes:
        return pl.DataFrame()
    named = Membership(FieldName("index"), tuple(Word(name) for name in indexes))
    return scan.fetch(named, wanted, ctx).frame


@command("eventcount")
def eventcount(table: Table, cmd: Command, ctx: Context) -> Table:
    """Events in the indexes, in all or (summarize=false) for each; deleted ones are not counted. No time range applies."""
    infos = [ctx.instance.store.info(name) for name in indexes_named(cmd, ctx)]
    if restriction.of(ctx) is not None:
        names = [i.name for i in infos]
        seen = _matching(names, frozenset({"index", "_raw"}), replace(ctx, earliest=None, latest=None))
        counts, sizes = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
        if "index" in seen.columns:
            parts = seen.group_by("index").agg(pl.len(), pl.col("_raw").str.len_bytes().sum().alias("size"))
            for name, count, bytes_ in parts.iter_rows():
                counts[name], sizes[name] = count, bytes_
        infos = [replace(i, count=counts[i.name], raw_size=sizes[i.name]) for i in infos]
    size = bool(cmd.option("report_size", False))
    if cmd.option("summarize", True):
        row = {"count": sum(i.count for i in infos)}
        return Table(pl.DataFrame([row | ({"size_bytes": sum(i.raw_size for i in infos)} if size else {})]))
    rows = [
        {"count": i.count, "index": i.name, "server": ctx.instance.server_name}
        | ({"size_bytes": i.raw_size} if size else {})
        for i in infos
    ]
    return Table(pl.DataFrame(rows)) if rows else Table.empty()


@command("dbinspect", note="A bucket is one of our segments; span= is not supported.")
def dbinspect(table: Table, cmd: Command, ctx: Context) -> Table:
    """One row a segment of the indexes (default: main), newest first."""
    restriction.refuse(cmd, ctx)
    if cmd.option("span") is not None:
        raise SearchError("'dbinspect span=' is not supported", node=cmd)
    layout = str(cmd.option("timeformat", "%m/%d/%Y:%H:%M:%S"))
    rows: list[dict[str, object]] = []
    for segment in ctx.instance.store.segments(indexes_named(cmd, ctx, "main"), ctx.earliest, ctx.latest):
        summary = segment.summary
        rows.append(
            {
                "bucketId": segment.id,
                "endEpoch": str(int(segment.max_time)),
                "eventCount": segment.count,
                "hostCount": len(summary.tallies["host"]),
                "id": segment.id,
                "index": segment.index,
                "modTime": strftime.strftime(segment.max_time, layout, ctx.timezone) or "",
                "path": str(segment.path or ""),
                "rawSize": summary.raw_bytes,
                "sizeOnDiskMB": round(segment.size / 2**20, 6),
                "sourceCount": len(summary.tallies["source"]),
                "sourceTypeCount": len(summary.tallies["sourcetype"]),
                "splunk_server": ctx.instance.server_name,
                "startEpoch": str(int(segment.min_time)),
                "state": "warm" if segment.path else "hot",
            }
        )
    return Table(pl.DataFrame(rows)) if rows else Table.empty()


@command(
    "typeahead",
    note="Completes field=value of host, source, sourcetype and index, and their values.",
)
def typeahead(table: Table, cmd: Command, ctx: Context) -> Table:
    """Terms that start with prefix=, with how many events have them."""
    prefix, most = str(cmd.option("prefix", "")), cmd.option("count", 50)
    store, names = ctx.instance.store, indexes_named(cmd, ctx)
    free = restriction.of(ctx) is None
    found: list[tuple[str, int]] = [(f"index={name}", store.info(name).count if free else 0) for name in names]
    always = replace(ctx, earliest=None, latest=None)
    for kind in METADATA.values():
        found += [(f"{kind}={value}", tally[0]) for value, tally in _tallies(kind, names, always).items()]
    wanted = prefix.lower()
    hits = [(text, count) for text, count in sorted(found) if text.lower().startswith(wanted)]
    rows = [
        {"content": text, "count": count, "operator": False}
        for text, count in hits[: min(most if isinstance(most, int) else 50, ctx.limit(TYPEAHEAD_ROWS))]
    ]
    return Table(pl.DataFrame(rows)) if rows else Table.empty()


@command("rest")
def rest(table: Table, cmd: Command, ctx: Context) -> Table:
    """Entries of a GET on this server's REST API, a row each."""
    paths = [w.text for w in cmd.of(Word)]
    if not paths or not paths[0].startswith("/"):
        raise SearchError("'rest' needs an endpoint such as /services/server/info", node=cmd)
    skipped = {"splunk_server", "splunk_server_group", "timeout", "strict"}
    parameters = {o.name: str(o.value) for o in cmd.of(Option) if o.name not in skipped}
    return Table(ctx.instance.services.rest(paths[0], parameters, ctx.user))


@command("gentimes")
def gentimes(table: Table, cmd: Command, ctx: Context) -> Table:
    """Ranges of time from start to end (default: midnight), one row an increment; the end is left out."""
    start = _time(cmd.option("start"), cmd, ctx)
    if start is None:
        raise SearchError("'gentimes' needs start=", node=cmd)
    end = _time(cmd.option("end"), cmd, ctx)
    end = time_bound("@d", ctx.now, ctx.timezone) if end is None else end
    text = str(cmd.option("increment", "1d"))
    span = parse_span(text)
    if span is None or span.count < 1:
        raise SearchError(f"increment={text!r} is no span of time", node=cmd)
    starts: list[float] = []
    moment = start
    while moment < (end or 0):
        if len(starts) == MAX_TIMES:
            raise SearchError(f"'gentimes' would give more than {MAX_TIMES} rows", node=cmd)
        starts.append(moment)
        moment = shift(moment, span.count, span.unit, ctx.timezone)
    ends = [*starts[1:], *([moment] if starts else [])]
    layout = "%a %b %e %H:%M:%S %Y"  # single spaces, as the manual shows them
    return Table(
        pl.DataFrame(
            {
                "endhuman": _human([e - 1 for e in ends], layout, ctx),
                "endtime": [int(e) - 1 for e in ends],
                "starthuman": _human(starts, layout, ctx),
                "starttime": [int(s) for s in starts],
            }
        )
    )


def _human(moments: Sequence[float], layout: str, ctx: Context) -> list[str]:
    written = strftime.write(pl.Series(moments, dtype=pl.Float64), layout, ctx.timezone)
    return written.fill_null("").str.replace_all("  ", " ", literal=True).to_list()


def _time(value: object, cmd: Command, ctx: Context) -> float | None:
    """MM/DD/YYYY[:HH:MM:SS], or a number of days before today."""
    if value is None:
        return None
    text = str(value)
    if text.lstrip("-").isdigit():
        return time_bound(f"{int(text):+d}d@d", ctx.now, ctx.timezone)
    return time_bound(text if text.count(":") else f"{text}:00:00:00", ctx.now, ctx.timezone)
