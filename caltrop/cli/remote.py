"""A search on a Splunk by URL, as a table of ours."""

from __future__ import annotations

from typing import Any

import polars as pl

from caltrop.engine.table import MULTIVALUE, Table
from caltrop.replay.remote import RemoteTarget


def search(target: RemoteTarget, spl: str, earliest: str | None, latest: str | None) -> Table:
    """Text that begins with no command is a `search`, as in the search bar. Raises TargetError for what the target refuses."""
    text = spl if spl.lstrip().startswith(("|", "search ")) else f"search {spl}"
    arguments = {"earliest_time": earliest, "latest_time": latest}
    rows = target.search(text, **{name: value for name, value in arguments.items() if value})
    return as_table(rows)


def as_table(rows: list[dict[str, Any]]) -> Table:
    """Rows of texts and lists of texts."""
    names = dict.fromkeys(name for row in rows for name in row)
    columns = []
    for name in names:
        values = [row.get(name) for row in rows]
        if any(isinstance(value, list) for value in values):
            listed = [None if v is None else [str(x) for x in (v if isinstance(v, list) else [v])] for v in values]
            columns.append(pl.Series(name, listed, MULTIVALUE))
        else:
            columns.append(pl.Series(name, [None if v is None else str(v) for v in values], pl.String))
    return Table(pl.DataFrame(columns), events="_raw" in names)
