"""Raw events as splunkd sends them: with the columns that every event row carries beside those of the search (measured)."""

from __future__ import annotations

import polars as pl

from caltrop.engine.table import Table
from caltrop.splunkd.wire.results import page

_EVENT = ("_cd", "_raw", "_time")


def with_origin(table: Table, server: str, guid: str, offset: int = 0, count: int = 0) -> Table:
    """A page of the rows of a search over events, each with where it is kept (`_bkt`, `_si`), its number (`_serial`), its source
    type at index time, its lines and its server. Rows that are no longer whole events are handed back as they are. What is not on
    the page costs nothing."""
    whole, frame = table.frame, page(table, offset, count).frame
    if not all(name in whole.columns for name in _EVENT) or whole.schema["_cd"] != pl.String or not whole.height:
        return table.with_frame(frame)
    first = offset if offset >= 0 else max(whole.height + offset, 0)
    index = pl.col("index") if "index" in frame.columns else pl.lit("main")
    made = {
        "_bkt": pl.concat_str(index, pl.lit("~"), pl.col("_cd").str.split(":").list.first(), pl.lit(f"~{guid}")),
        "_serial": pl.int_range(first, first + pl.len()).cast(pl.String),
        "_si": pl.concat_list(pl.lit(server), index),
    }
    if "sourcetype" in frame.columns:
        made["_sourcetype"] = pl.col("sourcetype")
    if "index" in frame.columns:  # not narrowed to other fields
        made["linecount"] = (pl.col("_raw").str.count_matches("\n", literal=True) + 1).cast(pl.String)
        made["splunk_server"] = pl.lit(server)
    new = [expression.alias(name) for name, expression in made.items() if name not in frame.columns]
    return table.with_frame(frame.with_columns(new))
