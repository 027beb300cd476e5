"""A glance at a JSON line: what most lines, which are events as they stand, are asked for, without decoding the rest of them.

The rest is checked and passed over, which is five times as fast.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from caltrop.index.importers import jsontext

# Where JSON events of common products keep their time, most telling first.
TIME_KEYS = (
    "_time", "eventTime", "time", "timestamp", "@timestamp", "Timestamp", "CreationTime", "createdDateTime", "published",
    "event_time", "eventtime", "TimeGenerated", "TimeCreated", "EventTime", "UtcTime", "datetime", "date", "ts",
    "unixTime", "requestReceivedTimestamp", "start_time", "created_at", "recorded",
)  # fmt: skip
CLOUDTRAIL = ("eventVersion", "eventSource", "eventName", "awsRegion")
# Without any of these a value is no wrapper of others, no Windows event, and in no envelope.
_TELLING = (*jsontext.WRAPPERS, "EventID", "event_id", "winlog", "Event", "event", "_raw", "result")

_TIMES, _KINDS, _TELLS = (
    {f"{what}{n}": key for n, key in enumerate(keys)}
    for what, keys in (("time", TIME_KEYS), ("kind", CLOUDTRAIL), ("tell", _TELLING))
)


class Glance(msgspec.Struct):
    """What a line has of the keys above: `time0` and so on, unset where it has none."""


SEEN = msgspec.defstruct(
    "Seen",
    [
        *((name, Any, msgspec.UNSET) for name in _TIMES),
        *((name, msgspec.Raw, msgspec.UNSET) for name in (*_KINDS, *_TELLS)),
    ],
    bases=(Glance,),
    rename={**_TIMES, **_KINDS, **_TELLS},
    gc=False,
)
_DECODER = msgspec.json.Decoder(SEEN)
_see, _see_lines = _DECODER.decode, _DECODER.decode_lines
_kinds, _tells = (attrgetter(*names) for names in (_KINDS, _TELLS))
_EACH_TIME = [attrgetter(name) for name in _TIMES]
_NOTHING = (msgspec.UNSET,) * len(_TELLING)
_PAUSE = 100


def glance(text: str) -> Glance | None:
    """None where a line is no JSON object, or may be something else than an event as it stands."""
    try:
        seen = _see(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return seen if isinstance(seen, Glance) and _tells(seen) == _NOTHING else None


class Glances:
    """Glances at the lines of a file. After one that has to be decoded as a whole, those behind it are for a while not glanced at:
    the lines of a file are mostly of one kind."""

    def __init__(self) -> None:
        self._pause = 0

    def one(self, text: str) -> Glance | None:
        if self._pause:
            self._pause -= 1
            return None
        seen = glance(text)
        if seen is None:
            self._pause = _PAUSE
        return seen

    def many(self, lines: list[str], text: str) -> list[Glance] | None:
        """What `one` sees of each of the lines of a text; None where that of one of them would be none, or cannot be told from its
        neighbours'."""
        if not lines or glance(lines[0]) is None:
            return None
        if not jsontext.one_a_line(lines):
            return None
        try:
            seen: Sequence[Any] = _see_lines(text)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return None
        return list(seen) if len(seen) == len(lines) and all(map(_NOTHING.__eq__, map(_tells, seen))) else None


def are_cloudtrail(seen: Iterable[Glance]) -> list[bool]:
    """Whether all keys of `CLOUDTRAIL` are there, of each."""
    return [msgspec.UNSET not in kinds for kinds in map(_kinds, seen)]


def stamps(seen: Sequence[Glance], text: Callable[[Any], str | None]) -> list[str | None]:
    """The value of the first of `TIME_KEYS` that has one which is a text, or of which `text` makes one, of each."""
    found: list[str | None] = [None] * len(seen)
    left: Sequence[int] = range(len(seen))
    for get in _EACH_TIME:
        values = [get(seen[place]) for place in left]
        if values.count(msgspec.UNSET) == len(values):
            continue
        # The usual case, and what `text` leaves as it is.
        if len(values) == len(seen) and set(map(type, values)) == {str}:
            return values
        for place, value in zip(left, values, strict=True):
            found[place] = text(value)
        left = [place for place in left if found[place] is None]
        if not left:
            break
    return found
