"""Windows event log files, rendered as Splunk's own input renders them.

The parser gives indented XML with double quotes and bare GUIDs; Windows, and so Splunk, gives one line with single quotes
and braces. A record that cannot be read is reported and skipped; so is what a cut or damaged file lacks.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import polars as pl
from evtx import PyEvtxParser

from caltrop.errors import CaltropError, Location
from caltrop.index.importers import windows
from caltrop.index.importers.evtxchunks import CHUNK_BYTES, HEADER_BYTES, Survey, survey
from caltrop.index.importers.options import Context
from caltrop.index.importers.registry import importer
from caltrop.index.importers.rendered import as_classic, xml_frame
from caltrop.index.importers.sources import Source

# A file that is nothing but errors ends here.
MOST_ERRORS = 10_000
_ATTRIBUTES = r'((?:\s+[\w:.-]+="[^"]*")*)\s*'
_EMPTY = re.compile(rf"<([\w:.-]+){_ATTRIBUTES}>\n\s*</\1>")
_INDENT = re.compile(r">\n\s*<")
_TAG = re.compile(r'<([\w:.-]+)((?:\s+[\w:.-]+="[^"]*")+)\s*(/?)>')
_ATTRIBUTE = re.compile(r'\s+([\w:.-]+)="([^"]*)"')
_GUID = r"[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}"
# GUIDs of type GUID come in capitals; those that a provider wrote as text keep the provider's case, and have no braces.
_GUID_VALUE = re.compile(rf">({_GUID})<")
_GUID_ATTRIBUTES = frozenset({"Guid", "ActivityID", "RelatedActivityID"})
_SYSTEM_TIME = re.compile(r"SystemTime='([^'.]*)(?:\.(\d+))?Z?'")
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)\.(\d+)")


@importer("evtx", order=10, sniff=lambda head: "evtx" if head.data.startswith(b"ElfFile\x00") else None, as_it_is=False)
def read(context: Context, source: Source, form: str) -> Iterator[pl.DataFrame]:
    """The events of a file. Raises `CaltropError` for one that is no event log at all."""
    where, found = _opened(source)
    seen: set[int] = set()
    frames = (xml_frame(context, pl.Series(batch, dtype=pl.String)) for batch in _batches(context, where, seen))
    yield from as_classic(context, frames) if context.options.windows == "classic" else frames
    for fault in found.faults(seen):
        context.problem(fault)


def _batches(context: Context, where: str | io.BytesIO, seen: set[int]) -> Iterator[list[str]]:
    """The XML of the records; their numbers are added to `seen`."""
    options = context.options
    batch: list[str] = []
    size = 0
    for number, xml in _records(context, where):
        if "<System>" not in xml:
            context.problem(f"a record without System part was skipped: {xml[:120]}")
            continue
        seen.add(number)
        batch.append(xml)
        size += len(xml)
        if len(batch) >= options.batch_rows or size >= options.batch_bytes:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _opened(source: Source) -> tuple[str | io.BytesIO, Survey]:
    """What the parser reads, and what the file says that it holds. The rest of a chunk that is cut is filled with zeros,
    since the parser reads whole chunks only: the records before the cut are kept."""
    if source.path:
        size = source.path.stat().st_size
        with source.path.open("rb") as file:
            found = survey(file, size)
        if not found.cut:
            return str(source.path), found
        data = source.path.read_bytes()
    else:
        data = source.stream.read()
        found = survey(io.BytesIO(data), len(data))
    padding = -(len(data) - HEADER_BYTES) % CHUNK_BYTES if found.cut else 0
    return io.BytesIO(data + bytes(padding)), found


def _records(context: Context, where: str | io.BytesIO) -> Iterator[tuple[int, str]]:
    """Number and XML of all records that can be read, in the order of the file."""
    with _failures() as caught:
        records = iter(PyEvtxParser(where, 1).records())
    if caught:
        raise CaltropError(f"no readable event log: {caught[0]}", location=Location(context.name))
    errors = 0
    while errors < MOST_ERRORS:
        record: dict[str, Any] | None = None
        with _failures() as caught:
            record = next(records, None)
        if caught:
            errors += 1
            context.problem(f"a record that cannot be read was skipped: {caught[0]}")
        elif record is None:
            return
        else:
            yield int(record["event_record_id"]), rendering(record["data"], record["timestamp"])
    context.problem("reading stopped: too many records that cannot be read")


class _failures:
    """Collects what the parser raises. Its panics are no `Exception`s."""

    def __enter__(self) -> list[BaseException]:
        self._caught: list[BaseException] = []
        return self._caught

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if error is None or isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit | MemoryError):
            return False
        self._caught.append(error)
        return True


def rendering(xml: str, stamp: str = "") -> str:
    """The parser's XML as Windows renders it. `stamp`, the record's own time, adds the digits that the XML lacks."""
    xml = xml[max(0, xml.find("<Event")) :].rstrip()
    xml = _EMPTY.sub(r"<\1\2/>", xml)
    xml = _INDENT.sub("><", xml)
    xml = _TAG.sub(_tag, xml)
    xml = _GUID_VALUE.sub(r">{\1}<", xml)
    return _SYSTEM_TIME.sub(lambda match: _system_time(match, stamp), xml, count=1)


def _tag(match: re.Match[str]) -> str:
    return f"<{match[1]}{_ATTRIBUTE.sub(_attribute, match[2])}{match[3]}>"


def _attribute(match: re.Match[str]) -> str:
    name, value = match[1], match[2].replace("&quot;", '"').replace("'", "&apos;")
    if name in _GUID_ATTRIBUTES and value:
        value = windows.guid(value)
    return f" {name}='{value}'"


def _system_time(match: re.Match[str], stamp: str) -> str:
    moment, fraction = match[1].replace(" ", "T"), match[2] or ""
    more = _STAMP.match(stamp)
    if more and f"{more[1]}T{more[2]}" == moment and more[3].startswith(fraction):
        fraction = more[3]
    return f"SystemTime='{moment}.{fraction[:9].ljust(9, '0')}Z'"
