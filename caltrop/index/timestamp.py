"""Times of events: from their text, by `TIME_FORMAT` or by recognising the common forms.

Follows the pages "How timestamp assignment works" and "Configure timestamp recognition" of Splunk's Getting Data In, and
"Date and time format variables". All work is done on whole columns: one pass finds the text of the time stamp, distinct
texts are then taken apart. What is not in the text comes from around it: no zone, the `TZ` setting or UTC; no year,
the latest year that does not lie in the future; no day, the day of `now`; no time stamp at all, the event before.
"""

from __future__ import annotations

import time
import zoneinfo
from datetime import UTC, datetime

import polars as pl

from caltrop.errors import CaltropError
from caltrop.index.props import Props, after

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# Minutes east of UTC. Names that several zones share mean what Splunk's default takes them for: the American one.
ZONES = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 60, "BST": 60, "CET": 60, "CEST": 120, "EET": 120, "EEST": 180,
    "MSK": 180, "IST": 330, "SGT": 480, "HKT": 480, "AWST": 480, "JST": 540, "KST": 540, "AEST": 600, "AEDT": 660,
    "NZST": 720, "NZDT": 780, "AST": -240, "ADT": -180, "EST": -300, "EDT": -240, "CST": -360, "CDT": -300,
    "MST": -420, "MDT": -360, "PST": -480, "PDT": -420, "AKST": -540, "AKDT": -480, "HST": -600,
}  # fmt: skip
# A pattern may not use one name twice: further places where a zone may stand.
_MORE_ZONES = ("z2", "z3")
GROUPS = ("Y", "m", "d", "b", "H", "M", "S", "f", "p", "z", "e", "j")

_MON = (
    r"(?P<b>(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))(?i:uary|ruary|ch|il|e|y|ust|tember|t|ober|ember)?\.?"
)
_DAY = r"(?P<d>[0-3]?\d)"
_ZONE = r"(?:\s?(?P<z>[+-]\d\d:?\d\d|(?:" + "|".join(ZONES) + r")\b)|(?P<z3>[+-]\d\d)\b)"
_CLOCK = r"(?P<H>[0-2]?\d):(?P<M>[0-5]\d)(?::(?P<S>[0-6]\d)(?:[.,:](?P<f>\d{1,9}))?)?(?:\s?(?P<p>[AaPp]\.?[Mm]\b\.?))?"
_TIME = _CLOCK + _ZONE + "?"
# Tried together: the leftmost match wins, and of those that begin at one place the first in this list.
FORMS = (
    rf"\b(?P<Y>\d{{4}})[-/.](?P<m>[01]?\d)[-/.]{_DAY}(?:[T _,;:-]{{1,3}}|\s-\s|[\s,]{{1,2}}time=\x22?){_TIME}",
    rf"\b(?P<Y>(?:19|20)\d\d)(?P<m>[01]\d)(?P<d>[0-3]\d)[T ]?(?P<H>[0-2]\d):?(?P<M>[0-5]\d):?(?P<S>[0-6]\d)(?:[.,](?P<f>\d{{1,9}}))?{_ZONE}?",
    rf"\b{_DAY}[-/ ]{_MON}[-/ ](?P<Y>\d{{4}}|\d\d)[T: ,]{{1,2}}{_TIME}",
    rf"\b{_MON}\s{{1,2}}{_DAY},?\s(?P<Y>\d{{4}}),?\s(?:(?:at|@)\s)?{_TIME}",
    rf"\b{_MON}\s{{1,2}}{_DAY},?\s{_CLOCK}(?:{_ZONE}?\s(?P<Y>(?:19|20)\d\d)\b)(?:\s(?P<z2>UTC|GMT)\b)?",
    rf"\b{_MON}\s{{1,2}}{_DAY},?\s{_TIME}",
    rf"\b{_DAY}\.(?P<m>[01]?\d)\.(?P<Y>\d{{4}})(?:,?\s){_TIME}",
    rf"\b(?P<m>[0-3]?\d)[-/]{_DAY}[-/](?P<Y>\d{{4}}|\d\d)(?:[T ,;:-]{{1,2}}|\s-\s){_TIME}",
    r"\baudit\((?P<e>\d{9,10}(?:\.\d{1,9})?)\b",
    r"^\W?(?P<e>1\d{9}(?:\.\d{1,9}|\d{3}|\d{6}|\d{9})?)\b",
    r"\b(?P<Y>(?:19|20)\d\d)[-/](?P<m>[01]\d)[-/](?P<d>[0-3]\d)\b",
    rf"\b{_DAY}[-/ ]{_MON}[-/ ](?P<Y>\d{{4}})\b",
    rf"\b{_MON}\s{{1,2}}{_DAY},?\s(?P<Y>\d{{4}})\b",
    r"\b(?P<m>[01]?\d)/(?P<d>[0-3]?\d)/(?P<Y>\d{4})\b",
)
# Weaker evidence, used where none of the forms above is found.
WEAK_FORMS = (
    r"(?:[\s#,\x22'=(\[|{:@])(?P<e>1\d{9}(?:\.\d{1,9}|\d{3}|\d{6}|\d{9})?)\b",
    r"^[\[\x22]?(?P<H>[0-2]?\d):(?P<M>[0-5]\d):(?P<S>[0-6]\d)(?:[.,](?P<f>\d{1,9}))?",
)


def _nameless(pattern: str) -> str:
    for name in (*GROUPS, *_MORE_ZONES):
        pattern = pattern.replace(f"(?P<{name}>", "(?:")
    return pattern


_ANY = "(" + "|".join(_nameless(form) for form in FORMS) + ")"
_ANY_WEAK = "(" + "|".join(_nameless(form) for form in WEAK_FORMS) + ")"


def contains_date(texts: pl.Series, props: Props) -> pl.Series:
    """Which lines hold a time stamp where the settings look for one: what `BREAK_ONLY_BEFORE_DATE` asks."""
    area = _area(texts, props)
    pattern = _format_pattern(props.time_format) if props.time_format else _ANY
    return area.str.contains(pattern).fill_null(False)


class TimeParser:
    """Gives every event a time. Keeps the last one, so that batches of a stream are to be given in order."""

    def __init__(self, props: Props, *, now: float | None = None, tz: str = "UTC") -> None:
        self.props = props
        self.now = time.time() if now is None else now
        self.zone = checked_zone(props.tz or tz)
        self._last: float | None = None

    def times(self, texts: pl.Series) -> pl.Series:
        """Float64 without nulls."""
        mode = self.props.datetime_config.upper()
        if mode in ("CURRENT", "NONE"):
            return pl.Series([self.now], dtype=pl.Float64).new_from_index(0, len(texts))
        return self.fill(self.parse(texts))

    def fill(self, times: pl.Series) -> pl.Series:
        """An event without time takes the time of the one before it, the first ones take `now`."""
        low = self.props.max_days_ago
        high = self.props.max_days_hence
        column: pl.Expr = pl.col("t")
        if low is not None:
            column = pl.when(column >= self.now - low * 86400).then(column)
        if high is not None:
            column = pl.when(column <= self.now + high * 86400).then(column)
        first = self.now if self._last is None else self._last
        filled = times.alias("t").to_frame().select(column.forward_fill().fill_null(first)).to_series()
        if len(filled):
            self._last = float(filled[-1])
        return filled

    def parse(self, texts: pl.Series) -> pl.Series:
        """Float64, null where no time stamp is found."""
        area = _area(texts, self.props)
        if self.props.time_format:
            pattern = _format_pattern(self.props.time_format)
            return self._distinct(area.str.extract(f"({_nameless(pattern)})", 1), (pattern,))
        found = self._distinct(area.str.extract(_ANY, 1), FORMS)
        if found.null_count():
            weak = pl.select(pl.when(found.is_null()).then(area)).to_series().str.extract(_ANY_WEAK, 1)
            if weak.null_count() < len(weak):
                found = pl.select(pl.coalesce(found, self._distinct(weak, WEAK_FORMS))).to_series()
        return found

    def _distinct(self, stamps: pl.Series, forms: tuple[str, ...]) -> pl.Series:
        """The times of the texts of time stamps, each distinct text taken apart once."""
        unique = stamps.drop_nulls().unique()
        if not len(unique):
            return pl.Series([None], dtype=pl.Float64).new_from_index(0, len(stamps))
        todo = unique.to_frame("stamp").with_columns(pl.lit(None, dtype=pl.Float64).alias("time"))
        for form in forms:
            rest = todo.filter(pl.col("time").is_null())
            if not rest.height:
                break
            stamp = rest.get_column("stamp")
            parsed = pl.DataFrame({"stamp": stamp, "new": self._take_apart(stamp, form)})
            todo = (
                todo.join(parsed, on="stamp", how="left")
                .with_columns(pl.coalesce("time", "new").alias("time"))
                .drop("new")
            )
        return stamps.to_frame("stamp").join(todo, on="stamp", how="left", maintain_order="left").get_column("time")

    def _take_apart(self, stamps: pl.Series, form: str) -> pl.Series:
        parts = stamps.str.extract_groups(f"^(?:{form})$").struct.unnest()
        missing = [
            pl.lit(None, dtype=pl.String).alias(name) for name in (*GROUPS, *_MORE_ZONES) if name not in parts.columns
        ]
        found = parts.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
        if not found.any():
            return pl.Series([None], dtype=pl.Float64).new_from_index(0, len(stamps))
        times = civil_to_epoch(parts.with_columns(missing), self.zone, self.now)
        return pl.select(pl.when(found).then(times)).to_series()


def civil_to_epoch(parts: pl.DataFrame, zone: str, now: float) -> pl.Series:
    """Epoch seconds of the columns of `GROUPS`, all text; null where they are no valid time.

    `Y` year, `m` `d` month and day, `b` name of the month, `j` day of the year, `H` `M` `S` `f` time of day with
    fraction, `p` AM or PM, `z` zone, `e` epoch in s, ms, us or ns. Of month and day, one above 12 is the day.
    """
    today = datetime.fromtimestamp(now, UTC)
    number = {name: pl.col(name).cast(pl.Int64, strict=False) for name in ("Y", "m", "d", "H", "M", "S", "j")}
    month_name = pl.col("b").str.slice(0, 3).str.to_lowercase()
    named = month_name.replace_strict(list(MONTHS), list(range(1, 13)), default=None, return_dtype=pl.Int64)
    swap = named.is_null() & (number["m"] > 12)
    dated = pl.any_horizontal(pl.col("m", "d", "b", "j", "Y").is_not_null())
    century = pl.when(number["Y"] < 70).then(2000).when(number["Y"] < 100).then(1900).otherwise(0)
    year = number["Y"] + century
    month = pl.when(swap).then(number["d"]).otherwise(pl.coalesce(named, number["m"]))
    day = pl.when(swap).then(number["m"]).otherwise(number["d"])
    half = pl.col("p").str.to_lowercase().str.slice(0, 1)
    hour = number["H"].fill_null(0)
    hour = pl.when(half == "p").then(hour % 12 + 12).when(half == "a").then(hour % 12).otherwise(hour)
    # An epoch's unit shows in its number of digits.
    digits = pl.col("e").str.extract(r"^(\d+)", 1).str.len_chars()
    scale = pl.when(digits >= 19).then(1e9).when(digits >= 16).then(1e6).when(digits >= 13).then(1e3).otherwise(1.0)
    epoch = pl.col("e").cast(pl.Float64, strict=False) / scale
    fields = parts.lazy().select(
        year.alias("Y"),
        pl.when(dated).then(pl.coalesce(month, 1)).otherwise(today.month).alias("m"),
        pl.when(dated).then(pl.coalesce(day, 1)).otherwise(today.day).alias("d"),
        number["j"],
        hour.alias("H"),
        number["M"].fill_null(0),
        number["S"].fill_null(0),
        pl.concat_str(pl.lit("0."), "f").cast(pl.Float64, strict=False).fill_null(0.0).alias("f"),
        _offset(pl.coalesce("z", *_MORE_ZONES)).alias("z"),
        epoch.alias("e"),
    )
    this_year = _naive(pl.col("Y").fill_null(today.year))
    last_year = _naive(pl.col("Y").fill_null(today.year - 1))
    future = pl.col("Y").is_null() & (this_year > now + 2 * 86400)
    naive = pl.when(future).then(last_year).otherwise(this_year)
    known = pl.when(pl.col("z").is_not_null()).then(pl.col("t") - pl.col("z")).otherwise(_from_zone(pl.col("t"), zone))
    # An epoch may have its fraction in a field of its own (%s.%3N).
    return fields.with_columns(naive.alias("t")).select(pl.coalesce("e", known) + pl.col("f")).collect().to_series()


def _naive(year: pl.Expr) -> pl.Expr:
    """Seconds of a civil time as if it were UTC (proleptic Gregorian calendar); null where there is no such day."""
    m, d = pl.col("m"), pl.col("d")
    leap = ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)
    length = pl.when(m == 2).then(28 + leap.cast(pl.Int64)).when(m.is_in([4, 6, 9, 11])).then(30).otherwise(31)
    valid = (
        m.is_between(1, 12) & (d >= 1) & (d <= length) & (pl.col("H") < 24) & (pl.col("M") < 60) & (pl.col("S") < 61)
    )
    # Days from civil: years begin in March, so that the leap day is the last one.
    y = pl.when(m <= 2).then(year - 1).otherwise(year)
    era = y // 400
    of_era = y - era * 400
    of_year = (153 * ((m + 9) % 12) + 2) // 5 + d - 1
    days = era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
    days = days + pl.coalesce(pl.col("j") - 1, 0)
    seconds = days * 86400 + pl.col("H") * 3600 + pl.col("M") * 60 + pl.col("S")
    return pl.when(valid).then(seconds).cast(pl.Float64)


def _offset(zone: pl.Expr) -> pl.Expr:
    sign = pl.when(zone.str.starts_with("-")).then(-1).otherwise(1)
    hours = zone.str.extract(r"^[+-](\d\d)", 1).cast(pl.Int64)
    minutes = zone.str.extract(r"\d\d:?(\d\d)$", 1).cast(pl.Int64).fill_null(0)
    names = {name: offset * 60 for name, offset in ZONES.items()}
    named = zone.str.to_uppercase().replace_strict(
        list(names), list(names.values()), default=None, return_dtype=pl.Int64
    )
    return pl.coalesce(sign * (hours * 3600 + minutes * 60), named)


def _from_zone(naive: pl.Expr, zone: str) -> pl.Expr:
    if zone == "UTC":
        return naive
    moment = (naive * 1000).cast(pl.Int64).cast(pl.Datetime("ms"))
    there = moment.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.epoch("ms")
    # A time that the clocks skip is read with the offset of the hour before.
    before = moment - pl.duration(hours=1)
    skipped = before.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.epoch("ms") + 3_600_000
    return pl.coalesce(there, skipped).cast(pl.Float64) / 1000


def checked_zone(name: str) -> str:
    """The name itself when it is a time zone of the IANA database."""
    if name.upper() in ("Z", "GMT", "UTC"):
        return "UTC"
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise CaltropError(f"TZ = {name}: no such time zone", hint="name it as in Europe/Berlin") from None
    return name


def _area(texts: pl.Series, props: Props) -> pl.Series:
    """Where the time stamp is looked for: behind `TIME_PREFIX`, as far as `MAX_TIMESTAMP_LOOKAHEAD`."""
    behind = after(texts, props.time_prefix) if props.time_prefix else texts
    return behind.str.head(props.lookahead)


_DIRECTIVES = {
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<Y>\d\d)",
    "m": r"(?P<m>[01]?\d)",
    "d": r"(?P<d>[ 0-3]?\d)",
    "e": r"\s?(?P<d>[0-3]?\d)",
    "b": _MON,
    "B": _MON,
    "h": _MON,
    "H": r"(?P<H>[0-2]?\d)",
    "k": r"\s?(?P<H>[0-2]?\d)",
    "I": r"(?P<H>[01]?\d)",
    "l": r"\s?(?P<H>[01]?\d)",
    "M": r"(?P<M>[0-5]?\d)",
    "S": r"(?P<S>[0-6]?\d)",
    "p": r"(?P<p>[AaPp]\.?[Mm]\.?)",
    "N": r"(?P<f>\d{1,9})",
    "Q": r"(?P<f>\d{1,9})",
    "q": r"(?P<f>\d{1,9})",
    "f": r"(?P<f>\d{1,9})",
    "z": r"(?P<z>[+-]\d\d:?\d\d|Z|UTC|GMT)",
    "Z": r"(?P<z>[+-]\d\d:?\d\d|[A-Za-z]{1,5})",
    "s": r"(?P<e>\d{9,10})",
    "j": r"(?P<j>\d{1,3})",
    "a": r"[A-Za-z]{2,9}",
    "A": r"[A-Za-z]{2,9}",
    "w": r"\d",
    "u": r"\d",
    "n": r"\s+",
    "t": r"\s+",
    "%": "%",
}
_COMPOSED = {"T": "%H:%M:%S", "R": "%H:%M", "F": "%Y-%m-%d", "D": "%m/%d/%y", "c": "%a %b %e %H:%M:%S %Y"}


def _format_pattern(text: str) -> str:
    """A `TIME_FORMAT` as a regular expression with the groups of `GROUPS`."""
    pattern: list[str] = []
    position = 0
    while position < len(text):
        character = text[position]
        position += 1
        if character.isspace():
            pattern.append(r"\s+")
            continue
        if character != "%":
            pattern.append(
                "\\" + character if not (character.isalnum() or character == "_") and character.isascii() else character
            )
            continue
        while position < len(text) and (text[position].isdigit() or text[position] in ":-_^E"):
            position += 1
        directive = text[position : position + 1]
        position += 1
        if directive in _COMPOSED:
            pattern.append(_format_pattern(_COMPOSED[directive]))
        elif directive in _DIRECTIVES:
            pattern.append(_DIRECTIVES[directive])
        else:
            raise CaltropError(f"TIME_FORMAT = {text}: %{directive} at {position - 1} is no date or time variable")
    return "".join(pattern)
