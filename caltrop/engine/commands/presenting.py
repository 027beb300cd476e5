"""Commands for the eye or for the machinery of a cluster, which leave results as they are or add a field or two: abstract,
highlight, iconify, localop, noop, outputtext, redistribute, reltime, require, rtorder, sendemail, setfields."""

from __future__ import annotations

import html
import zlib

import polars as pl

from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import Table, numeric, render
from caltrop.spl.ast import Command, Option, Word

UNITS = (("year", 365 * 86400), ("month", 30 * 86400), ("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


@command("localop", "redistribute", "rtorder", note="There is one process, and nothing to distribute.")
def on_one_machine(table: Table, cmd: Command, ctx: Context) -> Table:
    """Says where a cluster runs the rest; changes no result."""
    return table


@command("noop", note="Its options set log levels, which are not ours.")
def noop(table: Table, cmd: Command, ctx: Context) -> Table:
    """Changes no result."""
    return table


@command("highlight")
def highlight(table: Table, cmd: Command, ctx: Context) -> Table:
    """Terms for Splunk Web to highlight; changes no result."""
    if not cmd.parts:
        raise SearchError("'highlight' needs terms", node=cmd)
    return table


@command("iconify")
def iconify(table: Table, cmd: Command, ctx: Context) -> Table:
    """`_icon`: a number that is equal where the fields are."""
    names = [word.text for word in cmd.of(Word)]
    if not names:
        raise SearchError("'iconify' needs fields", node=cmd)
    columns = {n: render(table.frame.get_column(n)).to_list() if n in table else [None] * len(table) for n in names}
    icons = [zlib.crc32(repr([columns[n][i] for n in names]).encode()) for i in range(len(table))]
    return table.with_frame(table.frame.with_columns(pl.Series("_icon", icons, dtype=pl.Int64)))


@command("require")
def require(table: Table, cmd: Command, ctx: Context) -> Table:
    """Fails the search when there are no results so far."""
    if not len(table):
        raise SearchError("'require': the search gave no results", node=cmd)
    return table


@command("setfields")
def setfields(table: Table, cmd: Command, ctx: Context) -> Table:
    """Gives every result the same values: setfields a="x", b=5."""
    values = {option.name: str(option.value) for option in cmd.of(Option)}
    if not values:
        raise SearchError("'setfields' needs name=value", node=cmd)
    return table.with_frame(table.frame.with_columns(pl.lit(v, pl.String).alias(n) for n, v in values.items()))


@command("reltime")
def reltime(table: Table, cmd: Command, ctx: Context) -> Table:
    """How long before the search's now a time is, in words: `5 days ago`. Several time fields give `reltime_<field>`."""
    written = cmd.option("timefield")
    fields = [name.strip() for name in str(written or "_time").split(",") if name.strip()]
    prefix = cmd.option("prefix")
    frame = table.frame
    for name in (name for name in fields if name in table):
        if len(fields) == 1 and (prefix is None or written is None):
            target = "reltime"
        else:
            target = f"{'reltime_' if prefix is None else prefix}{name}"
        words = [None if t is None else relative(ctx.now - t) for t in numeric(frame.get_column(name)).to_list()]
        frame = frame.with_columns(pl.Series(target, words, dtype=pl.String))
    return table.with_frame(frame)


def relative(seconds: float) -> str:
    """A difference in seconds as one whole unit: `3 hours ago`, `in 1 minute`, `now`."""
    size = abs(seconds)
    for unit, length in UNITS:
        count = int(size // length)
        if count:
            words = f"{count} {unit}{'' if count == 1 else 's'}"
            return f"{words} ago" if seconds > 0 else f"in {words}"
    return "now"


@command("outputtext")
def outputtext(table: Table, cmd: Command, ctx: Context) -> Table:
    """`_xml`: the text of the event, escaped for XML unless usexml=f."""
    if "_raw" not in table:
        return table
    text = render(table.frame.get_column("_raw"))
    if cmd.option("usexml", True):
        text = text.map_elements(html.escape, return_dtype=pl.String)
    return table.with_frame(table.frame.with_columns(text.alias("_xml")), events=False)


@command("abstract", note="The first lines are shown; lines are not scored by the terms of the search.")
def abstract(table: Table, cmd: Command, ctx: Context) -> Table:
    """At most `maxlines` lines of each event; `...` marks that others were left out."""
    most = cmd.option("maxlines", 10)
    if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= 500:
        raise SearchError(f"'abstract' maxlines={most} is no whole number from 1 to 500", node=cmd)
    if "_raw" not in table:
        return table
    lines = pl.col("_raw").str.split("\n")
    short = pl.concat_str(lines.list.head(most).list.join("\n"), pl.lit("\n..."))
    return table.with_frame(
        table.frame.with_columns(pl.when(lines.list.len() > most).then(short).otherwise("_raw").alias("_raw"))
    )


@command("sendemail", note="No mail is sent; a message of the job says so.")
def sendemail(table: Table, cmd: Command, ctx: Context) -> Table:
    """Passes the results on."""
    ctx.warn(f"sendemail: no mail server is configured, nothing was sent to {cmd.option('to', 'anybody')}")
    return table
