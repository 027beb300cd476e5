"""strptime: texts read in a time format, for eval, lookups, TIME_FORMAT and the bounds of searches.

Follows "Date and time format variables" of the Search Reference. Leading zeros and blanks are not needed, names are the
English ones in any case, `%I` without `%p` is in the morning, `%p` does nothing beside `%H`, `%y` turns at 69 (measured:
68 is 2068). The fraction of a second may be missing, together with the point or comma before it. `%Z` reads an
abbreviation, an offset or a name of the tz database; a word that names no zone leaves the time in the reader's own.

Here is what a format means and how one text is read; `timecolumns` reads whole columns, to the same times. A text is taken
apart piece by piece, so that no format makes the reading of a text backtrack without end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache

from caltrop.dialect.timeformat import Variable, parts
from caltrop.dialect.zones import TimeError, offset, zone

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH = (
    r"(?P<b>(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))(?i:uary|ruary|ch|il|ember|e|y|ust|tember|t|ober)?\.?"
)
# Y year, m d month and day, b name of the month, j day of the year, H I hour of 24 or 12, M S minute and second, f digits
# of the fraction, p AM or PM, z zone, n minutes east of UTC, e epoch seconds.
GROUPS = ("Y", "m", "d", "b", "j", "H", "I", "M", "S", "f", "p", "z", "n", "e")
PIVOT = 69  # years of two digits before it are of this century
_SPACE = r"\s+"
_DAY_NAME = r"[A-Za-z]{2,9}\.?"
_HALF = r"(?P<p>[AaPp]\.?[Mm]\.?)"
_ZONE_NAME = r"[A-Za-z]{1,32}(?:/[A-Za-z0-9_+-]{1,32}){1,3}|[A-Za-z]{3}\d[A-Za-z]{3}|[A-Za-z]{1,32}"
# Numbers: their group and what they may be; a last one takes any two digits, so that 45 is no day 4.
_NUMBERS = {"m": ("m", "[01]?"), "d": ("d", "[0-3]?"), "e": ("d", "[0-3]?"), "H": ("H", "[0-2]?"), "k": ("H", "[0-2]?"),
            "I": ("I", "[01]?"), "l": ("I", "[01]?"), "M": ("M", "[0-5]?"), "S": ("S", "[0-6]?"), "y": ("Y", r"\d?")}  # fmt: skip
_OTHERS = {
    "Y": r"(?P<Y>\d{4})", "j": r"(?P<j>\d{1,3})", "b": MONTH, "B": MONTH, "h": MONTH, "a": _DAY_NAME, "A": _DAY_NAME,
    "p": _HALF, "P": _HALF, "w": r"\d", "u": r"\d", "U": r"\d{1,2}", "W": r"\d{1,2}", "V": r"\d{1,2}",
    "z": r"(?P<z>Z|UTC|GMT|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)", "Ez": r"(?P<n>[+-]?\d{1,4})",
    "Z": rf"(?P<z>[+-]\d\d:?\d\d|{_ZONE_NAME})", "n": _SPACE, "t": _SPACE,
}  # fmt: skip
_FRACTIONS = {"N": 9, "Q": 3, "q": 3, "f": 6}
_DIGITS = frozenset((*_NUMBERS, *_FRACTIONS, "Y", "j", "s", "w", "u", "U", "W", "V"))
_GROUP = re.compile(r"\(\?P<(\w)>")


@lru_cache(maxsize=1024)
def pattern(form: str, epoch: str = "") -> str:
    """A time format as a regular expression (for Polars and for Python) with groups of `GROUPS`.

    `epoch` is what `%s` reads, where not every number can be meant: in a text that is searched for a time. Raises
    TimeError for a variable that does not exist.
    """
    return "".join(_pieces(form, epoch))


@lru_cache(maxsize=1024)
def _pieces(form: str, epoch: str = "") -> tuple[str, ...]:
    """The expression in pieces, one for each variable and text; of equal white space variables one is enough."""
    found = parts(form)
    out: list[str] = []
    for place, part in enumerate(found):
        if isinstance(part, str):
            out += _literal(part)
            continue
        rest = found[place + 1 :]
        piece = _piece(part, form, epoch, last=not rest, glued=bool(rest) and _is_number(rest[0]))
        if part.letter in _FRACTIONS and out and out[-1].endswith((r"\.", ",")):
            mark = "," if out[-1].endswith(",") else r"\."
            out[-1] = out[-1].removesuffix(mark)
            piece = f"(?:{mark}{piece})?"
        out.append(piece)
    seen: set[str] = set()
    return tuple(
        _GROUP.sub(lambda group: _once(group, seen), piece)
        for place, piece in enumerate(out)
        if piece and not (piece == _SPACE and place and out[place - 1] == _SPACE)
    )


def _once(group: re.Match[str], seen: set[str]) -> str:
    """The first of several equal variables counts."""
    if group[1] in seen:
        return "(?:"
    seen.add(group[1])
    return group[0]


def _is_number(part: str | Variable) -> bool:
    return part[:1].isdigit() if isinstance(part, str) else part.letter in _DIGITS


def _piece(variable: Variable, form: str, epoch: str, *, last: bool, glued: bool) -> str:
    letter = variable.letter
    if letter in _NUMBERS:
        name, first = _NUMBERS[letter]
        return rf" ?(?P<{name}>\d{{1,2}})" if last else rf" ?(?P<{name}>{first}\d)"
    if letter in _FRACTIONS:
        return rf"(?P<f>\d{{{variable.width or _FRACTIONS[letter]}}})" if glued else r"(?P<f>\d{1,9})"
    if letter == "s":
        seconds = epoch or (r"-?\d{1,10}" if glued else r"-?\d{1,20}")
        return f"(?P<e>{seconds})"
    if letter in _OTHERS:
        return _OTHERS[letter]
    raise TimeError(f"{variable.text} at {variable.at + 1} of {form!r} is no date or time variable")


def _literal(text: str) -> list[str]:
    """White space stands for any white space."""
    return [_SPACE if piece.isspace() else _escaped(piece) for piece in re.split(r"(\s+)", text) if piece]


def _escaped(text: str) -> str:
    """Only what is special is escaped: the two pattern languages differ in what else may be."""
    return re.sub(r"[\\.+*?()|\[\]{}^$#&~-]", r"\\\g<0>", text)


# --- one text ---------------------------------------------------------------------------------------------------------

_EPOCH = datetime(1970, 1, 1)
_FIRST, _LAST = (int((end - _EPOCH).total_seconds()) for end in (datetime.min, datetime(2099, 12, 31)))


@lru_cache(maxsize=8192)
def strptime(text: str, form: str, tz: str = "UTC", today: date | None = None, *, whole: bool = False) -> float | None:
    """Epoch seconds of a text that begins with a time; None where it does not fit, and for a format with a variable that
    does not exist.

    Text after the time is ignored, unless `whole` asks for nothing but the time. What the format leaves out comes from
    `today` as long as it is larger than what it has: a time of day is today's, a day and month this year's. A month
    without a day is no time, and without `today` neither is what has no year. Raises TimeError for an unknown zone.
    """
    here = zone(tz).key
    try:
        pieces = _readers(form, whole)
    except TimeError:
        return None
    return of_groups(_taken_apart(pieces, text) or {}, here, today)


def of_groups(found: Mapping[str, str], here: str, today: date | None, latest: float | None = None) -> float | None:
    """Epoch seconds of a time that was taken apart: texts by the names of `GROUPS`; None where there is no such time.

    `here` is the key of the reader's own zone. With `latest` (epoch seconds) a year that is left out is the last one that
    puts the time before it.
    """
    if not found:
        return None
    epoch = _float(found.get("e"))
    if epoch is None:
        local = _local(found, today)
        if local is not None and latest is not None and today is not None and "Y" not in found and local > latest:
            local = _local(found, today, today.year - 1)
        if local is None:
            return None
        epoch = _in_zone(local, found, here)
    return epoch + float(f"0.{found['f']}") if _int(found.get("f")) is not None else epoch


@lru_cache(maxsize=512)
def _readers(form: str, whole: bool) -> tuple[re.Pattern[str], ...]:
    pieces = _pieces(form)
    before = () if pieces and pieces[0] == _SPACE else (r"\s*",)
    after = (r"\s*\Z",) if whole else ()
    return tuple(re.compile(_python(piece)) for piece in (*before, *pieces, *after))


def _python(piece: str) -> str:
    """The piece in Python's words: it counts four control characters as white space."""
    return re.sub(r"\\(.)", lambda pair: r"[^\S\x1c-\x1f]" if pair[1] == "s" else pair[0], piece)


def _taken_apart(pieces: Sequence[re.Pattern[str]], text: str) -> dict[str, str] | None:
    """The groups of the pieces that follow one another from the text's beginning; longer matches of a piece come first.

    No piece is tried twice from one place, which keeps the number of steps below pieces times characters.
    """
    starts, tried = [0], set()
    options = [_matches(pieces[0], text, 0)]
    while len(starts) <= len(pieces):
        match = next(options[-1], None)
        if match is None:
            options.pop()
            starts.pop()
            if not options:
                return None
            continue
        reached = len(options), match.end()
        if reached in tried:
            continue
        tried.add(reached)
        starts.append(match.end())
        if len(options) < len(pieces):
            options.append(_matches(pieces[len(options)], text, match.end()))
    found: dict[str, str] = {}
    for piece, start, end in zip(pieces, starts, starts[1:], strict=False):
        if piece.groups and (match := piece.fullmatch(text, start, end)):
            found |= {name: value for name, value in match.groupdict().items() if value is not None}
    return found


def _matches(piece: re.Pattern[str], text: str, start: int) -> Iterator[re.Match[str]]:
    """The matches from one place, longest first. White space is always taken whole: nothing after it begins with any."""
    match = piece.match(text, start)
    if match is None:
        return
    yield match
    if not text[start : match.end()].isspace():
        for end in range(match.end() - 1, start - 1, -1):
            if shorter := piece.fullmatch(text, start, end):
                yield shorter


def _int(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() else None


def _float(text: str | None) -> float | None:
    return float(text) if text is not None and text.isascii() else None


def _local(found: Mapping[str, str], today: date | None, otherwise: int | None = None) -> int | None:
    """The local time in seconds as if it were UTC; None where there is no such time. A year that is left out is `otherwise`, or
    today's."""
    base = today or date(1970, 1, 1)
    year, of_year, day = _int(found.get("Y")), _int(found.get("j")), _int(found.get("d"))
    if year is not None and len(found["Y"]) <= 2:
        year += 2000 if year < PIVOT else 1900
    named = found.get("b", "")[:3].lower()
    month = MONTHS.index(named) + 1 if named in MONTHS else _int(found.get("m"))
    # A larger part that was written keeps a smaller one that was not from being today's.
    larger = year is not None or of_year is not None
    if day is None and month is None and not larger:
        day = base.day
    if month is None:
        month = 1 if larger else base.month
    if of_year is not None:
        month = day = 1
    if year is None:
        year = (base.year if otherwise is None else otherwise) if today else None
    hour, minute, second = _hour(found), _int(found.get("M")) or 0, _int(found.get("S")) or 0
    if year is None or day is None or hour is None or hour > 23 or minute > 59 or second > 60:
        return None
    try:
        days = (date(year, month, day) - _EPOCH.date()).days
        if of_year is not None:
            if not 1 <= of_year <= (date(year, 12, 31) - date(year, 1, 1)).days + 1:
                return None
            days += of_year - 1
    except ValueError:
        return None
    return days * 86400 + hour * 3600 + minute * 60 + second


def _hour(found: Mapping[str, str]) -> int | None:
    """%I without %p is in the morning; %p does nothing beside %H."""
    twelve = _int(found.get("I"))
    if twelve is None:
        return _int(found.get("H")) or 0
    if not 1 <= twelve <= 12:
        return None
    return twelve % 12 + (12 if found.get("p", "").startswith(("p", "P")) else 0)


def _in_zone(local: int, found: Mapping[str, str], name: str) -> float:
    """The local time in the zone that is written beside it, or else in this one."""
    written = found.get("z")
    east = None if written is None else offset(written)
    if east is not None:
        return float(local - east)
    if written is not None:
        try:
            return _epoch(local, zone(written).key)
        except TimeError:  # a word that names none changes nothing
            pass
    minutes = _int(found.get("n"))
    return _epoch(local, name) if minutes is None else float(local - minutes * 60)


def _epoch(local: int, name: str) -> float:
    """A time that comes twice is the first one; one that the clocks skip is read with the offset before the change.

    After 2099 a zone keeps the offset that it has at the end of that year, as in Polars' tables, by which columns are read and
    times are written.
    """
    if name == "UTC":
        return float(local)
    moment = _EPOCH + timedelta(seconds=max(_FIRST, min(local, _LAST)))
    return local - (zone(name).utcoffset(moment) or timedelta()).total_seconds()
