"""Any log file to frames of events.

`read` finds out what a file is, unless it is told, and gives its events in batches of bounded size. What a reader cannot
make sense of is reported through `ImportOptions.on_problem` and kept as a raw event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO

import polars as pl

from caltrop.errors import CaltropError, Location
from caltrop.index import transforms
from caltrop.index.importers import detect, formats, sources
from caltrop.index.importers.detect import FORMATS
from caltrop.index.importers.options import Context, ImportOptions, Problem
from caltrop.index.linebreak import Decoder

__all__ = ["FORMATS", "ImportOptions", "Problem", "read"]


def read(
    what: str | Path | bytes | IO[bytes], options: ImportOptions | None = None, *, name: str = ""
) -> Iterator[pl.DataFrame]:
    """The events of a path (file, folder, archive, `archive!member`), of bytes or of a stream, batch by batch.

    `name` is what bytes or a stream are called. Raises `CaltropError` for an unknown `format`, and while it is read for
    what cannot be opened or is not to be trusted; within a folder such a file is a problem, and the others are read.
    """
    options = options or ImportOptions()
    if options.format not in FORMATS:
        raise CaltropError(f"unknown format {options.format!r}", hint=f"one of {', '.join(FORMATS)}")
    return _read(what, options, name)


def _read(what: str | Path | bytes | IO[bytes], options: ImportOptions, name: str) -> Iterator[pl.DataFrame]:
    if isinstance(what, str | Path) and Path(what).is_dir():
        for file in sources.files(Path(what)):
            try:
                yield from _read(file, options, "")
            except CaltropError as error:
                options.on_problem(Problem(error.message, error.location or Location(str(file))))
        return
    for source in sources.walk(what, options, name):
        context = Context(source.name, options, source.modified)
        for frame in _one(source, context):
            yield transforms.apply(frame, options.settings, options.transforms, context.problem, options.evaluate)


def _one(source: sources.Source, context: Context) -> Iterator[pl.DataFrame]:
    head, source = sources.peek(source, 1 << 16)
    naming = context.options.naming
    if naming is not None:
        context = _named(context, head, naming.before)
    kind = context.options.format
    if kind == "auto":
        kind = _configured(context) or detect.format_of(head, source.name)
        if kind == "raw":
            if naming is not None:
                context = _named(context, head, naming.after)
            props = context.props(sources.stem(source.name))
            if detect.is_binary(head) and not props.charset and not props.no_binary_check:
                context.problem(
                    "is binary and was left out; --read-as raw reads it all the same, as NO_BINARY_CHECK = true does"
                )
                return
    yield from formats.importer_of(kind).read(context, source, kind)


def _named(context: Context, head: bytes, rule: Callable[[str, str, str], str | None]) -> Context:
    """The context with the source type that source or rules give a file which comes without one. Rules ask of lines of text, and
    what is binary has none."""
    options = context.options
    if options.sourcetype is not None:
        return context
    text = "" if detect.is_binary(head) else Decoder().decode(head, final=True)
    found = rule(options.source or context.name, options.host or "", text)
    return context if found is None else replace(context, options=replace(options, sourcetype=found))


def _configured(context: Context) -> str | None:
    """The format that INDEXED_EXTRACTIONS of a given source type asks for."""
    if context.options.sourcetype is None:
        return None
    kind = context.props(context.options.sourcetype).indexed_extractions
    return kind if kind in formats.NAMES else None
