"""Events as senders post them to the HTTP Event Collector, in a request or in a file.

Follows the pages "Format events for HTTP Event Collector" and "Troubleshoot HTTP Event Collector" of Splunk's Getting Data
In: the keys of an event, their defaults, and the code, text and number of the event with which a request is refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import polars as pl

from caltrop.errors import CaltropError
from caltrop.index import frames
from caltrop.index.importers import jsontext

KEYS = frozenset({"time", "host", "source", "sourcetype", "index", "event", "fields"})


class HecError(CaltropError):
    """A request that the collector refuses, with its `status` of the protocol; `number` counts events from 0."""

    def __init__(self, status: int, text: str, number: int) -> None:
        super().__init__(text, code=str(status))
        self.status = status
        self.text = text
        self.number = number


@dataclass(frozen=True, slots=True)
class Event:
    """One posted event; what is null takes the token's default. `fields` values are text or lists of text."""

    raw: str
    time: float | None = None
    host: str | None = None
    source: str | None = None
    sourcetype: str | None = None
    index: str | None = None
    fields: Mapping[str, str | list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Defaults:
    """What an event has that does not say so itself."""

    host: str = "localhost"
    source: str = "http:caltrop"
    sourcetype: str = "httpevent"
    index: str = "main"


def is_event(value: object) -> bool:
    """Whether a JSON value has the shape of a posted event."""
    return isinstance(value, dict) and "event" in value and value.keys() <= KEYS and len(value) > 1


def decode(body: bytes) -> list[Event]:
    """The events of a request body: JSON objects one after another, or one array of them. Raises `HecError`."""
    found: list[Event] = []
    text = body.decode("utf-8", errors="replace")
    for value in jsontext.stacked(text):
        if value.error is not None:
            raise HecError(6, "Invalid data format", len(found))
        for item in value.decoded if isinstance(value.decoded, list) else [value.decoded]:
            found.append(event(item, len(found)))
    if not found:
        raise HecError(5, "No data", 0)
    return found


def event(value: Any, number: int = 0) -> Event:
    """One decoded object as an event; `number` is its place in the request, for errors."""
    if not isinstance(value, dict):
        raise HecError(6, "Invalid data format", number)
    if "event" not in value or value["event"] is None:
        raise HecError(12, "Event field is required", number)
    body = value["event"]
    if isinstance(body, str):
        if not body.strip():
            raise HecError(13, "Event field cannot be blank", number)
    else:
        body = msgspec.json.encode(body).decode()
    names = {}
    for key in ("host", "source", "sourcetype", "index"):
        name = value.get(key)
        if name is not None and not isinstance(name, str):
            raise HecError(6, "Invalid data format", number)
        names[key] = name or None
    return Event(body, _time(value.get("time"), number), **names, fields=_fields(value.get("fields"), number))


def _time(value: object, number: int) -> float | None:
    """Epoch seconds as a number or its text."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError
        time = float(value)
        if not math.isfinite(time):
            raise ValueError
    except (ValueError, OverflowError):
        raise HecError(6, "Invalid data format", number) from None
    return time


def _fields(value: object, number: int) -> dict[str, str | list[str]]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise HecError(15, "Error in handling indexed fields", number)
    result: dict[str, str | list[str]] = {}
    for name, item in value.items():
        if isinstance(item, list):
            texts = [_scalar(part, number) for part in item if part is not None]
            if texts:
                result[name] = texts
        elif item is not None:
            result[name] = _scalar(item, number)
    return result


def _scalar(value: object, number: int) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return msgspec.json.encode(value).decode()
    raise HecError(15, "Error in handling indexed fields", number)


def frame(events: Sequence[Event], defaults: Defaults, now: float) -> pl.DataFrame:
    """The events as a frame. An event without time was sent at `now`."""

    def column(name: str) -> pl.Series:
        default = getattr(defaults, name)
        return pl.Series([getattr(event, name) or default for event in events], dtype=pl.String)

    indexed: dict[str, list[str | list[str] | None]] = {}
    for row, event in enumerate(events):
        for name, value in event.fields.items():
            if name not in frames.SCHEMA:
                indexed.setdefault(name, [None] * len(events))[row] = value
    return frames.build(
        pl.Series([event.raw for event in events], dtype=pl.String),
        pl.Series([now if event.time is None else event.time for event in events], dtype=pl.Float64),
        host=column("host"),
        source=column("source"),
        sourcetype=column("sourcetype"),
        index=column("index"),
        indexed=[_series(name, values) for name, values in indexed.items()],
        now=now,
    )


def _series(name: str, values: list[str | list[str] | None]) -> pl.Series:
    if any(isinstance(value, list) for value in values):
        lists = [[value] if isinstance(value, str) else value for value in values]
        return pl.Series(name, lists, dtype=frames.MULTIVALUE)
    return pl.Series(name, values, dtype=pl.String)
