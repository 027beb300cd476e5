"""Windows events in their XML rendering, one behind the other or in <Events>."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from caltrop.index.importers import sources, text
from caltrop.index.importers.options import Context
from caltrop.index.importers.registry import importer
from caltrop.index.importers.rendered import as_classic

_START = re.compile(r"(?:\s|<\?xml[^>]*>|<Events>)*<Event[\s>]")
KIND = text.Kind(
    "XmlWinEventLog",
    {
        "SHOULD_LINEMERGE": "false",
        # A pattern that begins with plain text is found many times faster than one that begins with white space.
        "LINE_BREAKER": r"()<Event[\s>]",
        "TIME_PREFIX": r"SystemTime=['\x22]",
        "MAX_TIMESTAMP_LOOKAHEAD": "40",
        "TRUNCATE": "0",
    },
    host=pl.col("_raw").str.extract(r"<Computer>([^<]+)</Computer>", 1),
    source="XmlWinEventLog:" + pl.col("_raw").str.extract(r"<Channel>([^<]+)</Channel>", 1),
    clean=pl.col("_raw")
    .str.replace(r"^(?:\s|<\?xml[^>]*>|</?Events>)+", "")
    .str.strip_chars_end()
    .str.strip_suffix("</Events>")
    .str.strip_chars_end(),
)


@importer("xml", order=30, sniff=lambda head: "xml" if _START.match(head.text) else None)
def read(context: Context, source: sources.Source, form: str) -> Iterator[pl.DataFrame]:
    events = text.read(context, sources.chunks(source.stream), KIND)
    yield from as_classic(context, events) if context.options.windows == "classic" else events
