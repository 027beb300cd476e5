"""Frames of Windows events, as Splunk's inputs deliver them."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from caltrop.index import frames
from caltrop.index.importers import windows
from caltrop.index.importers.options import Context


def windows_frame(
    context: Context, events: list[windows.WindowsEvent], rendered: list[str] | None = None
) -> pl.DataFrame:
    """Windows events as Splunk's inputs deliver them; `rendered` is their XML where it is there already."""
    classic = context.options.windows == "classic"
    kind = "WinEventLog" if classic else "XmlWinEventLog"
    if classic:
        rendered = [windows.to_classic(event) for event in events]
    return context.frame(
        pl.Series("_raw", rendered or [windows.to_xml(event) for event in events], dtype=pl.String),
        pl.Series([event.time.timestamp() + float(f"0.{event.fraction}") for event in events], dtype=pl.Float64),
        kind,
        host=pl.Series([event.computer for event in events], dtype=pl.String),
        source=pl.Series([f"{kind}:{event.channel}" for event in events], dtype=pl.String),
    )


def as_classic(context: Context, batches: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Frames of XML events as frames of classic text; what is no event stays as it is."""
    for batch in batches:
        events = [windows.from_xml(raw) for raw in batch.get_column("_raw")]
        found = [event for event in events if event is not None]
        rest = batch.filter(pl.Series([event is None for event in events], dtype=pl.Boolean))
        parts = ([windows_frame(context, found)] if found else []) + ([rest] if rest.height else [])
        yield frames.concat(parts)
