"""The records of Linux's audit daemon."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from caltrop.index.importers import sources, text
from caltrop.index.importers.options import Context
from caltrop.index.importers.registry import importer

_START = re.compile(r"\s*(?:node=\S+ )?type=[A-Z_0-9]+ msg=audit\(\d")
KIND = text.Kind(
    "linux:audit", {"SHOULD_LINEMERGE": "false", "TIME_PREFIX": r"msg=audit\(", "MAX_TIMESTAMP_LOOKAHEAD": "24"}
)


@importer("audit", order=50, sniff=lambda head: "audit" if _START.match(head.text) else None)
def read(context: Context, source: sources.Source, form: str) -> Iterator[pl.DataFrame]:
    yield from text.read(context, sources.chunks(source.stream), KIND)
