"""metasearch and walklex: what an index knows without search-time knowledge."""

from __future__ import annotations

import polars as pl

from caltrop.dialect.words import fits
from caltrop.engine import matching, restriction, scan, subsearches
from caltrop.engine.commands.inventory import indexes_named
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import Table, values_of
from caltrop.index import Segment
from caltrop.spl.ast import Command

METADATA = ("_time", "host", "index", "source", "sourcetype", "splunk_server")
KINDS = ("all", "field", "fieldvalue", "term")
HIDDEN = frozenset({"_time", "_raw", "_cd", "_indextime", "index"})


@command("metasearch", note="Any field may be searched, not only indexed ones.")
def metasearch(table: Table, cmd: Command, ctx: Context) -> Table:
    """Time, host, source, sourcetype and index of the events that match, without their text."""
    node = subsearches.resolve(scan.search_expression(cmd), ctx)
    found = scan.fetch(node, frozenset(METADATA), ctx)
    return found.with_frame(found.frame.select(name for name in METADATA if name in found.fields))


@command("walklex", note="A bucket is one of our segments, and terms are read from the raw text.")
def walklex(table: Table, cmd: Command, ctx: Context) -> Table:
    """Terms of each segment with the number of events they are in: raw terms, indexed fields, and field::value."""
    restriction.refuse(cmd, ctx)
    kind = str(cmd.option("type", "all")).lower().strip()
    if kind not in KINDS:
        raise SearchError(f"'walklex' has type={', '.join(KINDS)}, not {kind!r}", node=cmd)
    if cmd.option("index") is None:
        raise SearchError("'walklex' needs index=", node=cmd)
    pattern = cmd.option("pattern")
    wanted = str(pattern) if pattern is not None else f"{cmd.option('prefix', '')}*"
    wanted = wanted.lower()
    rows: list[dict[str, object]] = []
    for segment in ctx.instance.store.segments(indexes_named(cmd, ctx), ctx.earliest, ctx.latest):
        for term, count in sorted(_terms(segment, kind).items()):
            if fits(wanted, term.lower()):
                place = {"bucket": segment.id, "index": segment.index}
                rows.append({**place, "splunk_server": ctx.instance.server_name, "term": term, "count": count})
    return Table(pl.DataFrame(rows)) if rows else Table.empty()


def _terms(segment: Segment, kind: str) -> dict[str, int]:
    frame = segment.frame
    counts: dict[str, int] = {}
    fields = [name for name in frame.columns if name not in HIDDEN]
    for name in fields:
        values = values_of(frame.get_column(name)).drop_nulls()
        if kind == "field" and len(values):
            counts[name] = len(values)
        if kind in ("all", "fieldvalue"):
            for value, count in values.list.unique().explode().value_counts().iter_rows():
                counts[f"{name.lower()}::{str(value).lower()}"] = count
    if kind in ("all", "term"):
        major = f"[^{matching.MAJOR_BOUNDARY[1:-1]}]+"
        minor = f"[^{matching.BOUNDARY[1:-1]}]+"
        text = frame.get_column("_raw").str.to_lowercase()
        both = pl.DataFrame([text]).select(
            pl.concat_list(pl.col("_raw").str.extract_all(major), pl.col("_raw").str.extract_all(minor)).list.unique()
        )
        for value, count in both.to_series().drop_nulls().explode().drop_nulls().value_counts().iter_rows():
            counts[str(value)] = count
    return counts
