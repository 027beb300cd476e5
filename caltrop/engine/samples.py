"""The first rows of a table, kept apart from it: the columns of the rest can go while the sample stays."""

from __future__ import annotations

import io
from dataclasses import dataclass

import polars as pl

from caltrop.engine.table import Table


@dataclass(frozen=True, slots=True)
class Sample:
    """`fields` of the whole table; `table` reads the rows that were kept."""

    fields: tuple[str, ...]
    events: bool
    packed: bytes

    @property
    def table(self) -> Table:
        return Table(pl.read_ipc(io.BytesIO(self.packed)), self.events)


def sampled(table: Table, rows: int) -> Sample:
    """At most so many rows from the top. They are written out: a slice, and strings even when they are copied, would hold on to
    the memory of all rows."""
    out = io.BytesIO()
    table.frame.head(rows).write_ipc(out)
    return Sample(tuple(table.fields), table.events, out.getvalue())
