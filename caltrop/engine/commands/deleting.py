"""delete: makes the events of a search disappear from their indexes."""

from __future__ import annotations

import polars as pl

from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import Table
from caltrop.spl.ast import Command


@command("delete")
def delete(table: Table, cmd: Command, ctx: Context) -> Table:
    """One row an index, with how many events were deleted (Search Reference: delete)."""
    if not ctx.instance.services.may(ctx.user, "delete_by_keyword"):
        raise SearchError(f"user {ctx.user!r} may not delete events", node=cmd, hint="the role can_delete may")
    frame = table.frame
    if len(table) and (not table.events or not {"_cd", "index"} <= set(frame.columns)):
        raise SearchError("'delete' works on events of an index only", node=cmd, hint="pipe a plain search into it")
    rows: list[dict[str, str]] = []
    groups = frame.group_by("index", maintain_order=True) if len(table) else ()
    for (index,), events in groups:
        deleted = ctx.instance.store.delete(str(index), events.get_column("_cd"))
        rows.append(
            {"splunk_server": ctx.instance.server_name, "index": str(index), "deleted": str(deleted), "errors": "0"}
        )
    total = sum(int(row["deleted"]) for row in rows)
    rows.append({"splunk_server": ctx.instance.server_name, "index": "__ALL__", "deleted": str(total), "errors": "0"})
    return Table(pl.DataFrame(rows))
