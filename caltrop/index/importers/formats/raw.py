"""Any other text: broken and timed as props.conf says, or as Splunk does without settings."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from caltrop.index.importers import sources, text
from caltrop.index.importers.options import Context
from caltrop.index.importers.registry import importer


@importer("raw", order=100, sniff=lambda head: "raw")
def read(context: Context, source: sources.Source, form: str) -> Iterator[pl.DataFrame]:
    yield from text.read(context, sources.chunks(source.stream), text.Kind(sources.stem(source.name), {}))
