"""Time zones: their names, offsets and abbreviations.

Follows "Specify time zones for timestamps" of Getting Data In: names are those of the tz database; an abbreviation that
several zones share means the American one, as it does where no TZ_ALIAS says otherwise.
"""

from __future__ import annotations

import re
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from caltrop.errors import CaltropError

# Minutes east of UTC.
ABBREVIATIONS = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 60, "BST": 60, "CET": 60, "CEST": 120, "EET": 120, "EEST": 180,
    "MSK": 180, "IST": 330, "SGT": 480, "HKT": 480, "AWST": 480, "JST": 540, "KST": 540, "AEST": 600, "AEDT": 660,
    "NZST": 720, "NZDT": 780, "AST": -240, "ADT": -180, "EST": -300, "EDT": -240, "CST": -360, "CDT": -300,
    "MST": -420, "MDT": -360, "PST": -480, "PDT": -420, "AKST": -540, "AKDT": -480, "HST": -600,
}  # fmt: skip
_OFFSET = re.compile(r"([+-])(\d\d)(?::?(\d\d))?(?::?(\d\d))?")


class TimeError(CaltropError):
    """A text that is no time, span, zone, format or schedule; callers say where it stands."""


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The zone of the tz database; raises TimeError for a name that it does not hold."""
    try:
        return ZoneInfo(canonical(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise TimeError(f"no such time zone: {name!r}", hint="name it as in Europe/Berlin") from None


def canonical(name: str) -> str:
    """UTC for its other names, any other name as it is."""
    return "UTC" if name.upper() in ("Z", "GMT", "UTC") else name


def checked(name: str) -> str:
    """The name of a zone that exists; raises TimeError."""
    return zone(name).key


def setting(text: str) -> str:
    """The zone that a TZ setting names: by its name, or by an abbreviation or offset of whole hours (PDT, +0200), which is
    that offset all year; raises TimeError."""
    seconds = offset(text)
    if seconds is None or canonical(text) == "UTC":
        return checked(text)
    hours, rest = divmod(-seconds, 3600)  # names of fixed zones count westwards
    if rest:
        raise TimeError(f"no time zone has the offset {text!r} all year", hint="name it as in Asia/Kolkata")
    return checked(f"Etc/GMT{hours:+d}" if hours else "UTC")


def offset(text: str) -> int | None:
    """Seconds east of UTC of `+0100`, `-05:00`, `+02`, `Z`, `PDT`; None for anything else."""
    found = _OFFSET.fullmatch(text)
    if found is None:
        minutes = ABBREVIATIONS.get(text.upper())
        return None if minutes is None else minutes * 60
    hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    return (-1 if found[1] == "-" else 1) * (hours * 3600 + minutes * 60 + seconds)
