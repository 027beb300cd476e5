"""Small things that scripts take from `splunk.util`."""

from __future__ import annotations

import calendar
import csv
import datetime
import io
import os
import uuid as _uuid
from collections import OrderedDict as OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

_TRUE = frozenset({"1", "t", "true", "y", "yes", "on", "enabled"})
_FALSE = frozenset({"0", "f", "false", "n", "no", "off", "disabled"})

utc = datetime.UTC
localTZ = datetime.datetime.now().astimezone().tzinfo


def normalizeBoolean(value: Any, enableStrictMode: bool = False, includeIntegers: bool = True) -> Any:
    """True or False for the words that mean it; anything else as it is, or, where `enableStrictMode`, a ValueError."""
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower() if isinstance(value, str | int) else ""
    if text in _TRUE and (includeIntegers or text != "1"):
        return True
    if text in _FALSE and (includeIntegers or text != "0"):
        return False
    if enableStrictMode:
        raise ValueError(f"Unable to cast value to boolean: {value}")
    return value


def toUTF8(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


toUnicode = toUTF8
unicode = str


def safeURLQuote(string: Any, safe: str = "/", encoding: str = "utf-8") -> str:
    return quote(toUTF8(string), safe=safe, encoding=encoding)


def safeURLQuotePlus(string: Any, safe: str = "", encoding: str = "utf-8") -> str:
    return quote_plus(toUTF8(string), safe=safe, encoding=encoding)


def urlencodeDict(query: Mapping[str, Any]) -> str:
    """A query string; None is left out, lists are several arguments."""
    return urlencode({name: value for name, value in query.items() if value is not None}, doseq=True)


def parseISO(timestamp: str, strict: bool = False) -> datetime.datetime:
    """A time in ISO 8601; without `strict`, what is none is the beginning of the epoch."""
    try:
        found = datetime.datetime.fromisoformat(timestamp.strip().replace("Z", "+00:00"))
    except ValueError:
        if strict:
            raise
        return datetime.datetime(1970, 1, 1, tzinfo=utc)
    return found if found.tzinfo else found.astimezone()


def getISOTime(ts: Any = None) -> str:
    moment = datetime.datetime.now().astimezone() if ts is None else ts
    return str(moment.isoformat())


def dt2epoch(moment: datetime.datetime) -> float:
    return moment.timestamp()


def mktimegm(parts: tuple[int, ...]) -> int:
    return calendar.timegm(parts)


def uuid4() -> str:
    return str(_uuid.uuid4())


def stringToFieldList(string: str | None) -> list[str]:
    """Names between commas and blanks, quoted where they hold either."""
    row: list[str] = next(
        csv.reader(io.StringIO((string or "").replace(",", " ")), delimiter=" ", skipinitialspace=True), []
    )
    return [name for name in row if name]


def fieldListToString(fieldList: Iterable[str]) -> str:
    names = [str(name).strip() for name in fieldList]
    return ",".join(f'"{name}"' if any(mark in name for mark in ' ,"') else name for name in names if name)


def smartTrim(string: str, maxLength: int = 50, placeholder: str = "...") -> str:
    """A text with its middle left out where it is longer."""
    if len(string) <= maxLength:
        return string
    kept = max(maxLength - len(placeholder), 0)
    return string[: kept - kept // 2] + placeholder + (string[-(kept // 2) :] if kept // 2 else "")


def isWindows() -> bool:
    return os.name == "nt"
