"""JSON: events of any kind, one a line, stacked or in a list (see `jsonlines`), and HEC's envelope."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from caltrop.index.importers import jsonlines, sources
from caltrop.index.importers.options import Context
from caltrop.index.importers.registry import Head, importer


def _sniff(head: Head) -> str | None:
    return "json" if head.start[:1] == "{" or re.match(r"\[\s*[{\]]", head.start) else None


@importer("json", "hec", order=20, sniff=_sniff)
def read(context: Context, source: sources.Source, form: str) -> Iterator[pl.DataFrame]:
    yield from jsonlines.Reader(context).read(sources.chunks(source.stream))
