"""Frames of Windows events, as Splunk's inputs deliver them."""

from __future__ import annotations

import html
from collections.abc import Iterator

import polars as pl

from caltrop.index import frames
from caltrop.index.importers import windows
from caltrop.index.importers.collectortimes import moments, nine_digits
from caltrop.index.importers.options import Context
from caltrop.index.importers.windowscolumns import WindowsEvents, to_xml


def windows_frame(context: Context, events: WindowsEvents) -> pl.DataFrame:
    """Windows events as Splunk's inputs deliver them."""
    classic = context.options.windows == "classic"
    raw = [windows.to_classic(event) for event in events.rows()] if classic else to_xml(events)
    return _frame(
        context,
        "WinEventLog" if classic else "XmlWinEventLog",
        pl.Series("_raw", raw, dtype=pl.String),
        events.times,
        pl.Series(events.computer, dtype=pl.String),
        pl.Series(events.channel, dtype=pl.String),
    )


def xml_frame(context: Context, raw: pl.Series) -> pl.DataFrame:
    """Windows events whose XML is there already, as Windows renders it."""
    system = raw.str.extract(r"(?s)<System>(.*?)</System>", 1)

    def content(element: str) -> pl.Series:
        found = system.str.extract(f"<{element}>([^<]*)</{element}>", 1).fill_null("")
        escaped = found.unique().to_list()
        return found.replace_strict(escaped, [html.unescape(text) for text in escaped], return_dtype=pl.String)

    said = moments(system.str.extract("SystemTime='([^']*)'", 1).to_list())
    times = said.select(pl.col("seconds").fill_null(0) + ("0." + nine_digits(pl.col("fraction"))).cast(pl.Float64))
    return _frame(context, "XmlWinEventLog", raw, times.to_series(), content("Computer"), content("Channel"))


def _frame(
    context: Context, kind: str, raw: pl.Series, times: pl.Series, computers: pl.Series, channels: pl.Series
) -> pl.DataFrame:
    return context.frame(raw, times, kind, host=computers, source=f"{kind}:" + channels)


def as_classic(context: Context, batches: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Frames of XML events as frames of classic text; what is no event stays as it is."""
    for batch in batches:
        events = [windows.from_xml(raw) for raw in batch.get_column("_raw")]
        found = [event for event in events if event is not None]
        rest = batch.filter(pl.Series([event is None for event in events], dtype=pl.Boolean))
        parts = ([windows_frame(context, WindowsEvents.of(found))] if found else []) + ([rest] if rest.height else [])
        yield frames.concat(parts)
