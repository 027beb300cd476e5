"""Any log file to frames of events.

`read` finds out what a file is, unless it is told, and gives its events in batches of bounded size. What a reader cannot
make sense of is reported through `ImportOptions.on_problem` and kept as a raw event.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO

import polars as pl

from caltrop.index.importers import delimited, detect, evtx, sources, text
from caltrop.index.importers.jsonlines import Reader
from caltrop.index.importers.options import FORMATS, Context, ImportOptions, Problem

__all__ = ["FORMATS", "ImportOptions", "Problem", "read"]


def read(
    what: str | Path | bytes | IO[bytes], options: ImportOptions | None = None, *, name: str = ""
) -> Iterator[pl.DataFrame]:
    """The events of a path (file, folder, archive, `archive!member`), of bytes or of a stream, batch by batch.

    `name` is what bytes or a stream are called. Raises `CaltropError` for what cannot be opened or is not to be trusted.
    """
    options = options or ImportOptions()
    for source in sources.walk(what, options, name):
        yield from _one(source, options)


def _one(source: sources.Source, options: ImportOptions) -> Iterator[pl.DataFrame]:
    context = Context(source.name, options, source.modified)
    head, source = sources.peek(source, 1 << 16)
    kind = options.format
    if kind == "auto":
        kind = _configured(context) or detect.format_of(head, source.name)
    chunks = sources.chunks(source.stream)
    match kind:
        case "json" | "hec":
            yield from Reader(context).read(chunks)
        case "evtx":
            yield from evtx.read(context, source)
        case "csv" | "tsv" | "psv" | "w3c":
            yield from delimited.read(context, chunks, kind)
        case "xml":
            yield from text.read(context, chunks, text.XML)
        case "classic":
            yield from text.read(context, chunks, text.CLASSIC)
        case "audit":
            yield from text.read(context, chunks, text.AUDIT)
        case _:
            yield from text.read(context, chunks, text.Kind(_stem(source.name), {}))


def _configured(context: Context) -> str | None:
    """The format that INDEXED_EXTRACTIONS of a given source type asks for."""
    if context.options.sourcetype is None:
        return None
    kind = context.props(context.options.sourcetype).indexed_extractions
    return kind if kind in FORMATS else None


def _stem(name: str) -> str:
    """The source type of an unknown text: the name of its file, as Splunk does."""
    return Path(name.rsplit("!", 1)[-1]).stem or "text"
