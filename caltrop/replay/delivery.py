"""Datasets on their way into a target.

A plain log file goes as it is (HEC raw): the target breaks it into events and finds their times by its own rules for
the sourcetype, which are part of what is proved. What no Splunk could read as it is (EVTX, collectors' JSON, archives),
and whatever has to move in time, is read by the importers of `caltrop.index` and goes event by event (HEC event).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import polars as pl

from caltrop.index import importers
from caltrop.index.frames import SCHEMA
from caltrop.index.importers import ImportOptions, detect, jsonlines, jsontext
from caltrop.replay.datasets import Dataset
from caltrop.replay.downloads import DatasetError
from caltrop.replay.target import Receiver, Source

HEAD_BYTES = 1 << 16
ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b")


def deliver(target: Receiver, dataset: Dataset, source: Source, end: float | None = None) -> int | None:
    """Send a dataset; `end` (epoch seconds) is where its last event is moved to, None leaves times as they are.

    Returns how many events were sent, or None when the target does the line breaking. Raises DatasetError when the
    file holds no event.
    """
    if end is None and source.sourcetype and _is_plain(dataset):
        target.send_raw(source, dataset.path.read_bytes())
        return None
    frames = list(read(dataset, source))
    count = sum(frame.height for frame in frames)
    if not count:
        raise DatasetError(f"{dataset.label} holds no event")
    shift = 0.0 if end is None else end - max(float(frame["_time"].max()) for frame in frames)  # type: ignore[arg-type]
    target.send(source, (event for frame in frames for event in hec_events(frame, source, shift)))
    return count


def read(dataset: Dataset, source: Source) -> Iterator[pl.DataFrame]:
    """Frames of events; what the test says about source and sourcetype wins over what the data says."""
    windows: Literal["xml", "classic"] = "classic" if dataset.data.rendering == "classic" else "xml"
    options = ImportOptions(
        host=source.host,
        source=source.source or None,
        sourcetype=source.sourcetype or None,
        index=source.index,
        windows=windows,
    )
    return (frame for frame in importers.read(dataset.location, options) if frame.height)


def hec_events(frame: pl.DataFrame, source: Source, shift: float) -> Iterator[dict[str, Any]]:
    """HEC objects of a frame; indexed fields go along as `fields`."""
    for row in frame.iter_rows(named=True):
        event: dict[str, Any] = {
            "time": round(row["_time"] + shift, 6),
            "event": row["_raw"],
            "host": row["host"],
            "source": row["source"],
            "sourcetype": row["sourcetype"],
            "index": source.index,
        }
        fields = {name: value for name, value in row.items() if name not in SCHEMA and value is not None}
        if fields:
            event["fields"] = fields
        yield event


def _is_plain(dataset: Dataset) -> bool:
    return not (dataset.data.rendering or dataset.data.member) and reads_as_it_is(dataset.path)


def reads_as_it_is(path: Path) -> bool:
    """Whether a Splunk reads the file as it is: no EVTX, no archive, no events in a collector's envelope."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(ARCHIVES):
        return False
    kind = detect.format_of(head, path.name)
    return detect.reads_as_it_is(kind) and not (kind == "json" and _is_envelope(head))


def _is_envelope(head: bytes) -> bool:
    """The first JSON value is an event in an envelope: a HEC object, an exported result, a Windows event as collectors write it."""
    first = next(jsontext.values("head", iter([head])), None)
    return first is not None and jsonlines.kind_of(first.decoded) != "plain"
