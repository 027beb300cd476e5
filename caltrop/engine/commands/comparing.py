"""diff and localize: two results line by line; the stretches of time that results fall into."""

from __future__ import annotations

import difflib

import polars as pl

from caltrop.dialect.spans import parse_span
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import Table, numeric, render
from caltrop.spl.ast import Command


@command("diff")
def diff(table: Table, cmd: Command, ctx: Context) -> Table:
    """The difference of two results' `attribute` (default `_raw`) in the unified format, or with context=t the context format."""
    attribute = str(cmd.option("attribute", "_raw"))
    most = cmd.option("maxlen", 100_000)
    limit = most if isinstance(most, int) and most > 0 else None
    first, second = (_lines(table, cmd, f"position{n}", n, attribute, limit) for n in (1, 2))
    make = difflib.context_diff if cmd.option("context", False) else difflib.unified_diff
    lines = list(make(first, second, "result 1", "result 2", lineterm=""))
    if not cmd.option("diffheader", False):
        lines = lines[2:]
    return Table(pl.DataFrame({"_raw": ["\n".join(lines) if lines else "Results are the same"]}))


def _lines(table: Table, cmd: Command, option: str, default: int, attribute: str, limit: int | None) -> list[str]:
    position = cmd.option(option, default)
    if isinstance(position, bool) or not isinstance(position, int) or not 1 <= position <= len(table):
        raise SearchError(f"'diff' {option}={position}: there are {len(table)} results", node=cmd)
    if attribute not in table:
        raise SearchError(f"'diff': the results have no field {attribute!r}", node=cmd)
    value = render(table.frame.get_column(attribute)).to_list()[position - 1]
    text = "\n".join(value) if isinstance(value, list) else (value or "")
    return text[:limit].split("\n")


@command("localize")
def localize(table: Table, cmd: Command, ctx: Context) -> Table:
    """Regions of time whose events are at most `maxpause` apart, latest first, widened by timebefore and timeafter."""
    pause, after, before = (
        _seconds(cmd, name, default)
        for name, default in (("maxpause", "1m"), ("timeafter", "30s"), ("timebefore", "30s"))
    )
    if "_time" not in table:
        raise SearchError("'localize' needs results with _time", node=cmd)
    moments = sorted(numeric(table.frame.get_column("_time")).drop_nulls().to_list(), reverse=True)
    regions: list[list[float]] = []
    for moment in moments:
        if regions and regions[-1][-1] - moment <= pause:
            regions[-1].append(moment)
        else:
            regions.append([moment])
    rows = []
    for region in regions:
        start, end = region[-1], region[0]
        length = end + after - (start - before)
        rows.append(
            {
                "_time": start,
                "starttime": start - before,
                "endtime": end + after,
                "count": len(region),
                "duration": length,
                "density": len(region) / length if length else float(len(region)),
            }
        )
    return Table(pl.DataFrame(rows)) if rows else Table.empty()


def _seconds(cmd: Command, name: str, default: str) -> float:
    text = str(cmd.option(name, default))
    span = parse_span(text)
    if span is None or span.seconds is None:
        raise SearchError(f"'localize' {name}={text!r} is no number of seconds, minutes, hours or days", node=cmd)
    return float(span.seconds)
