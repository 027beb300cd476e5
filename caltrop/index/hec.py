"""Events as senders post them to the HTTP Event Collector, in a request or in a file: one decoder for both.

Follows the pages "Format events for HTTP Event Collector" and "Troubleshoot HTTP Event Collector" of Splunk's Getting Data
In, and what a running Splunk 10.4.2 answers: events are judged in the order in which they stand, the first bad one decides;
its number counts from 0, except that code 7 counts from 1; a `time` that is no number is code 15.

Where both are silent: `time` may be text of a number; senders that count in milliseconds, microseconds or nanoseconds are
recognised by the size of the number, as practitioners report it of Splunk. A field under `fields` that would overwrite what
the event itself says (`host`, `_raw`, ...) is refused with code 15 rather than lost.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from caltrop.errors import CaltropError
from caltrop.index import frames

KEYS = frozenset({"time", "host", "source", "sourcetype", "index", "event", "fields"})
MAX_FIELDS = 1000  # indexed fields of one event
SECONDS_END = 1e11  # the year 5138: a larger number counts a smaller unit
TIME_END = 1e20  # nanoseconds until that year

# code -> (HTTP status, text)
CODES: dict[int, tuple[int, str]] = {
    0: (200, "Success"),
    1: (403, "Token disabled"),
    2: (401, "Token is required"),
    3: (401, "Invalid authorization"),
    4: (403, "Invalid token"),
    5: (400, "No data"),
    6: (400, "Invalid data format"),
    7: (400, "Incorrect index"),
    8: (500, "Internal server error"),
    9: (503, "Server is busy"),
    10: (400, "Data channel is missing"),
    11: (400, "Invalid data channel"),
    12: (400, "Event field is required"),
    13: (400, "Event field cannot be blank"),
    14: (400, "ACK is disabled"),
    15: (400, "Error in handling indexed fields"),
    16: (400, "Query string authorization is not enabled"),
    17: (200, "HEC is healthy"),
    18: (503, "HEC is unhealthy, queues are full"),
}


class HecError(CaltropError):
    """A refusal. `status` is the code of the protocol; `number` the one that the answer gives the bad event, if any."""

    def __init__(self, status: int, number: int | None = None) -> None:
        super().__init__(CODES[status][1], code=str(status))
        self.status = status
        self.number = number


def incorrect_index(number: int) -> HecError:
    """The refusal of the index of the event at `number` (from 0); Splunk counts these from 1."""
    return HecError(7, number + 1)


@dataclass(frozen=True, slots=True)
class Event:
    """One posted event. What is null takes the default of whoever received it; `time` is in epoch seconds; the values of
    `fields` are text or lists of two and more texts."""

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


def decode(body: bytes) -> Iterator[Event]:
    """The events of a request body: JSON objects one after another, arrays of them, or both.

    Raises `HecError` at the first bad event, after the good ones before it were given: keep none of them until the end.
    """
    number = 0
    for value in _values(body):
        if value is _BROKEN:
            raise HecError(6, number)
        for item in value if isinstance(value, list) else (value,):
            yield event(item, number)
            number += 1
    if not number:
        raise HecError(5)


_BROKEN = object()


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_SCAN = json.JSONDecoder(parse_constant=_no_constant).raw_decode


def _values(body: bytes) -> Iterator[Any]:
    """Stacked JSON values, with or without white space and commas between them; `_BROKEN` where one is none."""
    try:
        text, broken = body.decode("utf-8-sig"), False
    except UnicodeDecodeError as error:
        text, broken = body[: error.start].decode("utf-8-sig"), True
    at, end = 0, len(text)
    while True:
        while at < end and text[at] in " \t\r\n,":
            at += 1
        if at >= end:
            break
        try:
            value, at = _SCAN(text, at)
        except (ValueError, RecursionError):
            broken = True
            break
        yield value
    if broken:
        yield _BROKEN


def event(value: Any, number: int = 0) -> Event:
    """One decoded JSON value as an event; `number` is its place in the request, from 0, for errors (`HecError`)."""
    if not isinstance(value, dict):
        raise HecError(6, number)
    if "event" not in value:
        raise HecError(12, number)
    body = value["event"]
    if body is None or (isinstance(body, str) and not body.strip()):
        raise HecError(13, number)
    given = value.get("time")
    return Event(
        _text(body, number),
        None if given is None else time(given, number),
        _name(value, "host", number),
        _name(value, "source", number),
        _name(value, "sourcetype", number),
        _name(value, "index", number),
        _fields(value.get("fields"), number),
    )


def _name(value: dict[str, Any], key: str, number: int) -> str | None:
    """A default field that the event gives itself; empty text is as good as none."""
    name = value.get(key)
    if name is None:
        return None
    if not isinstance(name, str):
        raise incorrect_index(number) if key == "index" else HecError(6, number)
    return _utf8(name) or None


def time(value: Any, number: int = 0) -> float:
    """Epoch seconds of a `time`, a number or its text. Raises `HecError`."""
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError
        seconds = float(value)
        if not 0 <= seconds < TIME_END:
            raise ValueError
    except (ValueError, OverflowError):
        raise HecError(15, number) from None
    while seconds > SECONDS_END:
        seconds /= 1000.0
    return seconds


def _fields(given: Any, number: int) -> dict[str, str | list[str]]:
    """Indexed fields: flat; a value is text, number, boolean, or a list of those."""
    if given is None:
        return {}
    if not isinstance(given, dict) or len(given) > MAX_FIELDS:
        raise HecError(15, number)
    found: dict[str, str | list[str]] = {}
    for name, value in given.items():
        values = value if isinstance(value, list) else [value]
        if any(isinstance(v, dict | list) for v in values) or not name or name[0] == "_" or name in frames.SCHEMA:
            raise HecError(15, number)
        texts = [_text(v, number) for v in values if v is not None]
        if texts:
            found[_utf8(name)] = texts if len(texts) > 1 else texts[0]
    return found


_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def _text(value: Any, number: int) -> str:
    """A value as it is kept: text as it is, anything else as compact JSON."""
    if isinstance(value, str):
        return _utf8(value)
    try:
        return _utf8(_ENCODE(value))
    except (ValueError, RecursionError):  # a number beyond a double's range cannot be kept
        raise HecError(6, number) from None


def _utf8(text: str) -> str:
    """Text without halves of surrogate pairs, which JSON can escape and no UTF-8 can hold."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def frame(events: Sequence[Event], defaults: Defaults, now: float) -> pl.DataFrame:
    """The events as a frame. An event without time was sent at `now`."""

    def column(name: str) -> pl.Series:
        default = getattr(defaults, name)
        return pl.Series([getattr(event, name) or default for event in events], dtype=pl.String)

    return frames.build(
        pl.Series([event.raw for event in events], dtype=pl.String),
        pl.Series([now if event.time is None else event.time for event in events], dtype=pl.Float64),
        host=column("host"),
        source=column("source"),
        sourcetype=column("sourcetype"),
        index=column("index"),
        indexed=frames.indexed([event.fields for event in events]),
        now=now,
    )
