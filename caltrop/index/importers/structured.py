"""Data of a source type with INDEXED_EXTRACTIONS, as a receiver takes it: not looked at for what else it may be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import polars as pl

from caltrop.index.importers import formats, jsonlines, sources
from caltrop.index.importers.options import Context, ImportOptions


def read(stream: IO[bytes], options: ImportOptions, form: str) -> Iterator[pl.DataFrame]:
    """Events with their indexed fields, before transforms. `form` is what INDEXED_EXTRACTIONS says; `options` have the host,
    source, source type and index of all events."""
    source = sources.Source(options.source or "stream", stream)
    context = Context(source.name, options)
    if form == "json":
        yield from jsonlines.Reader(context).plain(sources.chunks(stream))
    else:
        yield from formats.importer_of(form).read(context, source, form)
