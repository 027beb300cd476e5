"""tags and typer: the labels that tags.conf and eventtypes.conf give (Search Reference: tags, typer)."""

from __future__ import annotations

import polars as pl

from caltrop.engine import asking
from caltrop.engine.aggregate.arguments import whole
from caltrop.engine.context import Context
from caltrop.engine.registry import command
from caltrop.engine.table import MULTIVALUE, Table, render, values_of
from caltrop.knowledge import labels
from caltrop.knowledge.limits import TYPER_LENGTH
from caltrop.spl.ast import Command, FieldName


@command("tags")
def tags(table: Table, cmd: Command, ctx: Context) -> Table:
    """Tags of field values: `tag::<field>` of each field and `tag` of all, or all of them in outputfield=.

    inclname and inclvalue write them as field::tag, value::tag and field::value::tag into the outputfield.
    """
    known = asking.knowledge(ctx).tags
    wanted = [f.name for f in cmd.of(FieldName)] or [name for name in table.fields if name in known]
    allowed = {t.strip() for t in str(cmd.option("allowed_tags", "")).split(",") if t.strip()}
    target = cmd.option("outputfield")
    name_too, value_too = bool(cmd.option("inclname", False)), bool(cmd.option("inclvalue", False))
    everything: list[list[str]] = [[] for _ in range(len(table))]
    columns: dict[str, list[list[str]]] = {}
    for field in (name for name in wanted if name in known and name in table):
        own: list[list[str]] = []
        for i, values in enumerate(values_of(table.frame.get_column(field)).to_list()):
            found: list[str] = []
            for value in values or ():
                for tag in known[field].get(value, ()):
                    if not allowed or tag in allowed:
                        found.append(tag)
                        parts = [field] * name_too + [value] * value_too + [tag]
                        everything[i].append("::".join(parts) if target is not None else tag)
            own.append(list(dict.fromkeys(found)))
        columns[f"tag::{field}"] = own
    united = [list(dict.fromkeys(found)) for found in everything]
    if target is not None:
        columns = {str(target): united}
    elif columns:
        columns["tag"] = united
    added = [pl.Series(name, [v or None for v in lists], dtype=MULTIVALUE) for name, lists in columns.items()]
    return table.with_frame(table.frame.with_columns(c for c in added if c.null_count() < len(c)))


@command("typer", note="eventtypes= is read and changes nothing.")
def typer(table: Table, cmd: Command, ctx: Context) -> Table:
    """`eventtype`: the event types that each event matches; of its text the first `maxlen` characters count."""
    knowledge = asking.knowledge(ctx)
    eventtypes = knowledge.eventtypes
    if not eventtypes or not len(table):
        return table
    frame = table.frame.with_columns(render(c) for c in table.frame.get_columns() if c.name != "_time")
    if "_raw" in frame.columns:
        longest = whole(cmd, "maxlen", ctx.limit(TYPER_LENGTH), minimum=1)
        frame = frame.with_columns(pl.col("_raw").str.head(longest))
    asked = asking.asker(ctx)
    masks = labels.eventtype_masks(frame, eventtypes, asked, knowledge.aside(frame))
    asking.tell(asked.met, ctx)
    column = labels.labels("eventtype", masks, frame.height)
    return table.with_frame(table.frame.with_columns(column) if column.null_count() < len(column) else table.frame)
