"""Frames of Windows events, as Splunk's inputs deliver them."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from caltrop.index import frames
from caltrop.index.importers import windows
from caltrop.index.importers.options import Context
from caltrop.index.importers.windowscolumns import WindowsEvents, to_xml


def windows_frame(context: Context, events: WindowsEvents, rendered: list[str] | None = None) -> pl.DataFrame:
    """Windows events as Splunk's inputs deliver them; `rendered` is their XML where it is there already."""
    classic = context.options.windows == "classic"
    kind = "WinEventLog" if classic else "XmlWinEventLog"
    if classic:
        rendered = [windows.to_classic(event) for event in events.rows()]
    return context.frame(
        pl.Series("_raw", to_xml(events) if rendered is None else rendered, dtype=pl.String),
        events.times,
        kind,
        host=pl.Series(events.computer, dtype=pl.String),
        source=f"{kind}:" + pl.Series(events.channel, dtype=pl.String),
    )


def as_classic(context: Context, batches: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Frames of XML events as frames of classic text; what is no event stays as it is."""
    for batch in batches:
        events = [windows.from_xml(raw) for raw in batch.get_column("_raw")]
        found = [event for event in events if event is not None]
        rest = batch.filter(pl.Series([event is None for event in events], dtype=pl.Boolean))
        parts = ([windows_frame(context, WindowsEvents.of(found))] if found else []) + ([rest] if rest.height else [])
        yield frames.concat(parts)
