"""A glance at a JSON line: what most lines, which are events as they stand, are asked for, without decoding the rest of them.

The rest is checked and passed over, which is five times as fast.
"""

from __future__ import annotations

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


_SEEN = msgspec.defstruct(
    "Seen",
    [
        *((name, Any, msgspec.UNSET) for name in _TIMES),
        *((name, msgspec.Raw, msgspec.UNSET) for name in (*_KINDS, *_TELLS)),
    ],
    bases=(Glance,),
    rename={**_TIMES, **_KINDS, **_TELLS},
    gc=False,
)
_see = msgspec.json.Decoder(_SEEN).decode
_times, _kinds, _tells = (attrgetter(*names) for names in (_TIMES, _KINDS, _TELLS))
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

    def __call__(self, text: str) -> Glance | None:
        if self._pause:
            self._pause -= 1
            return None
        seen = glance(text)
        if seen is None:
            self._pause = _PAUSE
        return seen


def times(seen: Glance) -> tuple[Any, ...]:
    """The values of `TIME_KEYS`, `UNSET` where there is none."""
    found: tuple[Any, ...] = _times(seen)
    return found


def is_cloudtrail(seen: Glance) -> bool:
    """Whether all keys of `CLOUDTRAIL` are there."""
    return msgspec.UNSET not in _kinds(seen)
