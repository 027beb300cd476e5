"""Windows events in their classic rendering: a time, then name=value lines and the message."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from caltrop.index.importers import sources, text
from caltrop.index.importers.options import Context
from caltrop.index.importers.registry import importer

_START = re.compile(r"\s*\d{1,2}/\d{1,2}/\d{2,4} \d{1,2}:\d{2}:\d{2}(?:\.\d+)? [AaPp][Mm]\s+LogName=")
KIND = text.Kind(
    "WinEventLog",
    {
        "SHOULD_LINEMERGE": "false",
        "LINE_BREAKER": r"([\r\n]+)(?=\d{1,2}/\d{1,2}/\d{2,4} \d{1,2}:\d{2}:\d{2}(?:\.\d+)? [AaPp][Mm]\s)",
        "MAX_TIMESTAMP_LOOKAHEAD": "30",
        "TRUNCATE": "0",
    },
    host=pl.col("_raw").str.extract(r"(?m)^ComputerName=([^\r\n]+)", 1),
    source="WinEventLog:" + pl.col("_raw").str.extract(r"(?m)^LogName=([^\r\n]+)", 1),
)


@importer("classic", order=40, sniff=lambda head: "classic" if _START.match(head.text) else None)
def read(context: Context, source: sources.Source, form: str) -> Iterator[pl.DataFrame]:
    yield from text.read(context, sources.chunks(source.stream), KIND)
