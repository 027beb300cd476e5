"""Small commands: those that only matter to the user interface or to a cluster, require, setfields, reltime, tags."""

from __future__ import annotations

import polars as pl

from caltrop.engine.commands.filtering import flag
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import MULTIVALUE, Table, numeric, values_of
from caltrop.engine.values import Value, lists_or_text
from caltrop.spl.ast import Command, FieldName, Option, Word


@command(
    "highlight", "iconify", "localop", "noop", "redistribute",
    kind="streaming", note="Results pass unchanged: it concerns the user interface or a cluster.",
)  # fmt: skip
def unchanged(table: Table, cmd: Command, ctx: Context) -> Table:
    return table


@command("require", kind="dataset")
def require(table: Table, cmd: Command, ctx: Context) -> Table:
    """The search fails when there are no results."""
    if not len(table):
        raise SearchError("require: the search gives no results", node=cmd)
    return table


@command("setfields", kind="streaming")
def setfields(table: Table, cmd: Command, ctx: Context) -> Table:
    """Fields set to fixed texts in every row."""
    options = cmd.of(Option)
    if not options:
        raise SearchError("setfields needs field=value", node=cmd)
    columns = [pl.Series(o.name, [str(o.value)]).new_from_index(0, len(table)) for o in options]
    return table.with_frame(table.frame.with_columns(columns))


_UNITS = (("year", 31_536_000), ("month", 2_592_000), ("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def ago(seconds: float) -> str:
    """How long ago in words, in the largest unit that fits: `5 minutes ago`."""
    if seconds < 0:
        return "in the future"
    for name, length in _UNITS:
        count = int(seconds // length)
        if count:
            return f"{count} {name}{'s' if count != 1 else ''} ago"
    return "now"


@command("reltime", kind="streaming")
def reltime(table: Table, cmd: Command, ctx: Context) -> Table:
    """How long before now a time lies, in words: `reltime` of `_time`, or `<prefix><timefield>` of another field."""
    name = str(cmd.option("timefield", "_time"))
    target = "reltime" if name == "_time" else f"{cmd.option('prefix', 'reltime_')}{name}"
    if name not in table:
        return table
    times = numeric(table.frame.get_column(name)).to_list()
    words = pl.Series(target, [None if t is None else ago(ctx.now - t) for t in times], dtype=pl.String)
    return table.with_frame(table.frame.with_columns(words))


@command("tags", kind="streaming")
def tags(table: Table, cmd: Command, ctx: Context) -> Table:
    """Tags of the values of the listed fields (all fields that have tags): in `tag` and `tag::<field>`, or in outputfield."""
    known = ctx.instance.knowledge(ctx.app, ctx.user).tags
    listed = [node.name for node in cmd.of(FieldName)] + [word.text for word in cmd.of(Word)]
    allowed = {tag for tag in str(cmd.option("allowed_tags", "")).split(",") if tag}
    output = cmd.option("outputfield")
    with_name, with_value = flag(cmd, "inclname"), flag(cmd, "inclvalue")
    total: list[list[str]] = [[] for _ in range(len(table))]
    frame = table.frame
    for name in [n for n in (listed or known) if n in known and n in table]:
        own: list[list[str]] = []
        for row, values in enumerate(values_of(frame.get_column(name)).to_list()):
            found = []
            for value in values or ():
                for tag in known[name].get(value, ()):
                    if not allowed or tag in allowed:
                        label = "::".join([*([name] if with_name else ()), *([value] if with_value else ()), tag])
                        found.append(label if output else tag)
            own.append(found)
            total[row] += found
        if not output:
            frame = frame.with_columns(_column(f"tag::{name}", own))
    return table.with_frame(frame.with_columns(_column(str(output or "tag"), total)))


def _column(name: str, rows: list[list[str]]) -> pl.Series:
    lists = [list(dict.fromkeys(row)) or None for row in rows]
    return lists_or_text(Value(pl.Series(lists, dtype=MULTIVALUE))).column.alias(name)
