"""Times of events: from their text, by `TIME_FORMAT` or by recognising the common forms.

Follows the pages "How timestamp assignment works" and "Configure timestamp recognition" of Splunk's Getting Data In, and
"Date and time format variables". All work is done on whole columns: one pass finds the text of the time stamp, distinct
texts are then taken apart. What is not in the text comes from around it: no zone, the `TZ` setting or UTC; no year,
the latest year that does not lie in the future; no day, the day of `now`; no time stamp at all, the event before.
"""

from __future__ import annotations

import time

import polars as pl

from caltrop.dialect import patterns
from caltrop.dialect.moments import local
from caltrop.dialect.strptime import GROUPS, MONTH, pattern
from caltrop.dialect.timecolumns import epoch, to_epoch
from caltrop.dialect.zones import ABBREVIATIONS, TimeError, checked
from caltrop.errors import CaltropError
from caltrop.index.props import Props, log_once

# A pattern may not use one name twice: further places where a zone may stand.
_MORE_ZONES = ("z2", "z3")
UNFOUND = "timestamp"
_SAMPLE = 1_000  # stamps that tell whether most are distinct
_AHEAD = 2 * 86400  # a time without a year may lie this far ahead

_DAY = r"(?P<d>[0-3]?\d)"
_ZONE = r"(?:\s?(?P<z>[+-]\d\d:?\d\d|(?:" + "|".join(ABBREVIATIONS) + r")\b)|(?P<z3>[+-]\d\d)\b)"
_CLOCK = r"(?P<H>[0-2]?\d):(?P<M>[0-5]\d)(?::(?P<S>[0-6]\d)(?:[.,:](?P<f>\d{1,9}))?)?(?:\s?(?P<p>[AaPp]\.?[Mm]\b\.?))?"
_TIME = _CLOCK + _ZONE + "?"
# Tried together: the leftmost match wins, and of those that begin at one place the first in this list.
FORMS = (
    rf"\b(?P<Y>\d{{4}})[-/.](?P<m>[01]?\d)[-/.]{_DAY}(?:[T _,;:-]{{1,3}}|\s-\s|[\s,]{{1,2}}time=\x22?){_TIME}",
    rf"\b(?P<Y>(?:19|20)\d\d)(?P<m>[01]\d)(?P<d>[0-3]\d)[T ]?(?P<H>[0-2]\d):?(?P<M>[0-5]\d):?(?P<S>[0-6]\d)(?:[.,](?P<f>\d{{1,9}}))?{_ZONE}?",
    rf"\b{_DAY}[-/ ]{MONTH}[-/ ](?P<Y>\d{{4}}|\d\d)[T: ,]{{1,2}}{_TIME}",
    rf"\b{MONTH}\s{{1,2}}{_DAY},?\s(?P<Y>\d{{4}}),?\s(?:(?:at|@)\s)?{_TIME}",
    rf"\b{MONTH}\s{{1,2}}{_DAY},?\s{_CLOCK}(?:{_ZONE}?\s(?P<Y>(?:19|20)\d\d)\b)(?:\s(?P<z2>UTC|GMT)\b)?",
    rf"\b{MONTH}\s{{1,2}}{_DAY},?\s{_TIME}",
    rf"\b{_DAY}\.(?P<m>[01]?\d)\.(?P<Y>\d{{4}})(?:,?\s){_TIME}",
    rf"\b(?P<m>[0-3]?\d)[-/]{_DAY}[-/](?P<Y>\d{{4}}|\d\d)(?:[T ,;:-]{{1,2}}|\s-\s){_TIME}",
    r"\baudit\((?P<e>\d{9,10}(?:\.\d{1,9})?)\b",
    r"^\W?(?P<e>1\d{9}(?:\.\d{1,9}|\d{3}|\d{6}|\d{9})?)\b",
    r"\b(?P<Y>(?:19|20)\d\d)[-/](?P<m>[01]\d)[-/](?P<d>[0-3]\d)\b",
    rf"\b{_DAY}[-/ ]{MONTH}[-/ ](?P<Y>\d{{4}})\b",
    rf"\b{MONTH}\s{{1,2}}{_DAY},?\s(?P<Y>\d{{4}})\b",
    r"\b(?P<m>[01]?\d)/(?P<d>[0-3]?\d)/(?P<Y>\d{4})\b",
)
# Weaker evidence, used where none of the forms above is found.
WEAK_FORMS = (
    r"(?:[\s#,\x22'=(\[|{:@])(?P<e>1\d{9}(?:\.\d{1,9}|\d{3}|\d{6}|\d{9})?)\b",
    r"^[\[\x22]?(?P<H>[0-2]?\d):(?P<M>[0-5]\d):(?P<S>[0-6]\d)(?:[.,](?P<f>\d{1,9}))?",
)
# The first of the forms as most logs write it, where nothing behind it could belong to it: it is read by its places.
_ISO = (
    r"^[12][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"(?:\.[0-9]{1,9})?Z?(?:$|['\x22<)\]}|])"
)
_ISO_UTC = r"^.{19}(?:\.[0-9]+)?Z"
# The sixth of the forms as syslog writes it, and what behind it could belong to it, or to the one before.
_SYSLOG = r"^(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (?: [1-9]|[0-2][0-9]|3[01]) [0-2][0-9]:[0-5][0-9]:[0-6][0-9](?:$| )"
_SYSLOG_MORE = rf"^.{{15}} (?:[AaPp]\.?[Mm]\b|[+-][0-9]|(?:{'|'.join(ABBREVIATIONS)})\b|(?:19|20)\d\d\b)"
_SYSLOG_PARTS = {"b": (0, 3), "d": (4, 2), "H": (7, 2), "M": (10, 2), "S": (13, 2)}


def _nameless(form: str) -> str:
    for name in (*GROUPS, *_MORE_ZONES):
        form = form.replace(f"(?P<{name}>", "(?:")
    return form


_ANY = "(" + "|".join(_nameless(form) for form in FORMS) + ")"
_ANY_WEAK = "(" + "|".join(_nameless(form) for form in WEAK_FORMS) + ")"


def contains_date(texts: pl.Series, props: Props) -> pl.Series:
    """Which lines hold a time stamp where the settings look for one: what `BREAK_ONLY_BEFORE_DATE` asks."""
    area = _area(texts, props)
    if props.recogniser is not None and not props.time_format:
        return props.recogniser.found(area)
    wanted = _format_pattern(props.time_format) if props.time_format else _ANY
    return area.str.contains(wanted).fill_null(False)


class TimeParser:
    """Gives every event a time. Keeps the last one, so that batches of a stream are to be given in order."""

    def __init__(self, props: Props, *, now: float | None = None, tz: str = "UTC", as_written: bool = False) -> None:
        """`as_written` leaves every zone aside, that of the settings and that of the text: the clock that was read off, as if in UTC."""
        self.props = props
        self.now = time.time() if now is None else now
        self.as_written = as_written
        self.zone = "UTC" if as_written else checked_zone(props.tz or tz)
        self._last: float | None = None

    def times(self, texts: pl.Series) -> pl.Series:
        """Float64 without nulls."""
        return self.fill(self.found(texts))

    def found(self, texts: pl.Series) -> pl.Series:
        """Float64, null where a text has no time that may be its own."""
        if self.untimed:
            return pl.Series([None], dtype=pl.Float64).new_from_index(0, len(texts))
        return self.plausible(self.parse(texts))

    def plausible(self, times: pl.Series) -> pl.Series:
        """The times, null where `MAX_DAYS_AGO` or `MAX_DAYS_HENCE` rules one out."""
        low = self.props.max_days_ago
        high = self.props.max_days_hence
        column: pl.Expr = pl.col("t")
        if low is not None:
            column = pl.when(column >= self.now - low * 86400).then(column)
        if high is not None:
            column = pl.when(column <= self.now + high * 86400).then(column)
        return times if low is None and high is None else times.alias("t").to_frame().select(column).to_series()

    @property
    def untimed(self) -> bool:
        """Whether the settings say that no text has a time."""
        return self.props.datetime_config.upper() in ("CURRENT", "NONE")

    def fill(self, times: pl.Series) -> pl.Series:
        """An event without time takes the time of the one before it, the first ones take `now`."""
        if self.untimed:
            return pl.Series([self.now], dtype=pl.Float64).new_from_index(0, len(times))
        first = self.now if self._last is None else self._last
        filled = times.forward_fill().fill_null(first)
        if len(filled):
            self._last = float(filled[-1])
        return filled

    def parse(self, texts: pl.Series) -> pl.Series:
        """Float64, null where no time stamp is found."""
        area = _area(texts, self.props)
        if self.props.time_format:
            form = _format_pattern(self.props.time_format)
            return self._distinct(area.str.extract(f"({_nameless(form)})", 1), (form,))
        if self.props.recogniser is not None:
            with patterns.budget(lenient=True) as budget:
                parts = self.props.recogniser.parts(area)
            for pattern_ in budget.exceeded:
                log_once(
                    f"DATETIME_CONFIG: {pattern_!r} exceeds the match limit: some events have no time of their own"
                )
            return self._epoch(_understood(parts))
        found = _iso(area, self.zone)
        if found.null_count() == area.null_count():
            return found
        rest = _where(found.is_null(), area) if found.null_count() < len(found) else area
        plain = rest.str.contains(_SYSLOG) & ~rest.str.contains(_SYSLOG_MORE)
        if plain.any():
            stamp = _where(plain, rest)
            taken = stamp.to_frame("stamp").select(
                pl.col("stamp").str.slice(*place).str.strip_chars_start(" ").alias(name)
                for name, place in _SYSLOG_PARTS.items()
            )
            found = pl.select(pl.coalesce(found, self._epoch(taken))).to_series()
            if found.null_count() == area.null_count():
                return found
            rest = _where(found.is_null(), area)
        found = pl.select(pl.coalesce(found, self._distinct(rest.str.extract(_ANY, 1), FORMS))).to_series()
        if found.null_count():
            weak = _where(found.is_null(), area).str.extract(_ANY_WEAK, 1)
            if weak.null_count() < len(weak):
                found = pl.select(pl.coalesce(found, self._distinct(weak, WEAK_FORMS))).to_series()
        return found

    def places(self, texts: pl.Series) -> tuple[pl.Series, pl.Series]:
        """Where the time stamp of each text begins and ends, in bytes (Int64); null where none is found."""
        area = _area(texts, self.props)
        behind = _behind(texts, self.props)
        before = texts.str.len_bytes().cast(pl.Int64) - behind.str.len_bytes().cast(pl.Int64)
        if self.untimed:
            before = before.set(pl.Series([True]).new_from_index(0, len(texts)), None)
        if self.props.time_format:
            wanted = [f"({_nameless(_format_pattern(self.props.time_format))})"]
        else:
            wanted = [_ANY, _ANY_WEAK]
        start = end = pl.Series([None], dtype=pl.Int64).new_from_index(0, len(texts))
        for form in wanted:
            stamp = area.str.extract(form, 1)
            at = before + area.str.find(form).cast(pl.Int64)
            end = pl.select(pl.coalesce(end, at + stamp.str.len_bytes().cast(pl.Int64))).to_series()
            # Some forms look at the mark in front of a number, too.
            mark = stamp.str.extract(r"^(\W*)", 1).str.len_bytes().cast(pl.Int64)
            start = pl.select(pl.coalesce(start, at + mark)).to_series()
        return start, end

    def _distinct(self, stamps: pl.Series, forms: tuple[str, ...]) -> pl.Series:
        """The times of the texts of time stamps, each distinct text taken apart once, where they are not mostly distinct anyway."""
        if stamps.head(_SAMPLE).n_unique() > _SAMPLE // 2:
            return self._by_forms(stamps, forms)
        unique = stamps.drop_nulls().unique()
        known = pl.DataFrame({"stamp": unique, "time": self._by_forms(unique, forms)})
        return stamps.to_frame("stamp").join(known, on="stamp", how="left", maintain_order="left").get_column("time")

    def _by_forms(self, stamps: pl.Series, forms: tuple[str, ...]) -> pl.Series:
        """The time of each text by the first form that has one for it."""
        times = pl.Series("time", [None], dtype=pl.Float64).new_from_index(0, len(stamps))
        for form in forms:
            rows = (times.is_null() & stamps.is_not_null()).arg_true()
            if not len(rows):
                break
            if len(rows) == len(stamps):
                times = self._take_apart(stamps, form)
            else:
                times = times.scatter(rows, self._take_apart(stamps.gather(rows), form))
        return times

    def _take_apart(self, stamps: pl.Series, form: str) -> pl.Series:
        parts = stamps.str.extract_groups(f"^(?:{form})$").struct.unnest()
        if not parts.select(pl.any_horizontal(pl.all().is_not_null())).to_series().any():
            return pl.Series([None], dtype=pl.Float64).new_from_index(0, len(stamps))
        if not self.props.time_format:
            parts = _understood(parts)
        return self._epoch(parts)

    def _epoch(self, parts: pl.DataFrame) -> pl.Series:
        if self.as_written:
            parts = parts.drop("z", "n", strict=False)
        elif self.props.tz_alias and "z" in parts.columns:
            written, meant = map(list, zip(*self.props.tz_alias, strict=True))
            zone = pl.col("z").str.to_uppercase().replace_strict(written, meant, default=pl.col("z"))
            parts = parts.with_columns(zone.alias("z"))
        today = local(self.now, self.zone).date()
        return epoch(parts, self.zone, today, latest=self.now + _AHEAD)


def _where(wanted: pl.Series, texts: pl.Series) -> pl.Series:
    """Null where they are not wanted."""
    return pl.select(pl.when(wanted).then(texts)).to_series()


def _iso(area: pl.Series, zone: str) -> pl.Series:
    """Epoch seconds of texts that begin with a time as `_ISO` has it, null for others."""
    texts = area.to_frame("text").lazy().select(pl.when(pl.col("text").str.contains(_ISO)).then("text").alias("text"))
    found = texts.collect().get_column("text")
    if found.null_count() == len(found):
        return pl.Series([None], dtype=pl.Float64).new_from_index(0, len(found))
    moment = pl.col("text").str.head(19).str.replace("T", " ", literal=True)
    seconds = moment.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="ms", strict=False).dt.epoch("s").cast(pl.Float64)
    if zone != "UTC":
        utc = pl.col("text").str.contains(_ISO_UTC)
        seconds = pl.when(utc).then(seconds).otherwise(to_epoch(seconds, zone))
    behind = pl.col("text").str.slice(19, 10).str.extract(r"^(\.[0-9]+)", 1)
    fraction = ("0" + behind).cast(pl.Float64, strict=False).fill_null(0.0)
    dotted = found.str.slice(19, 1).eq(".").any()
    return found.to_frame("text").select(seconds + fraction if dotted else seconds).to_series()


def unfound(found: pl.Series) -> list[pl.Series]:
    """The field `timestamp`, which is indexed as `none` with an event that no time was found for; no column where there is none."""
    if not found.null_count():
        return []
    return [pl.select(pl.when(found.is_null()).then(pl.lit("none"))).to_series().alias(UNFOUND)]


def _understood(parts: pl.DataFrame) -> pl.DataFrame:
    """What a form alone leaves open: which of month and day is which, of what unit an epoch is, how hours count."""
    present = set(parts.columns)
    changes: list[pl.Expr] = []
    if zones := [name for name in ("z", *_MORE_ZONES) if name in present]:
        changes.append(pl.coalesce(zones).alias("z"))
    if "m" in present:  # one above 12 is the day
        swapped = pl.col("m").cast(pl.Int64, strict=False) > 12
        changes.append(pl.when(swapped).then("d").otherwise("m").alias("m"))
        changes.append(pl.when(swapped).then("m").otherwise("d").alias("d"))
    if "p" in present:
        twelve = pl.col("p").is_not_null() & pl.col("H").cast(pl.Int64, strict=False).is_between(1, 12)
        changes.append(pl.when(twelve).then("H").alias("I"))
    if "e" in present:  # s, ms, us or ns: the unit shows in the number of digits
        digits = pl.col("e").str.extract(r"^(\d+)", 1).str.len_chars()
        scale = pl.when(digits >= 19).then(1e9).when(digits >= 16).then(1e6).when(digits >= 13).then(1e3).otherwise(1.0)
        changes.append((pl.col("e").cast(pl.Float64, strict=False) / scale).alias("e"))
    return parts.with_columns(changes)


def checked_zone(name: str) -> str:
    """The name itself when it is a time zone; raises CaltropError that names the setting."""
    try:
        return checked(name)
    except TimeError as error:
        raise CaltropError(f"TZ = {name}: no such time zone", hint=error.hint) from None


def _area(texts: pl.Series, props: Props) -> pl.Series:
    """Where the time stamp is looked for: behind `TIME_PREFIX`, as far as `MAX_TIMESTAMP_LOOKAHEAD`."""
    return _behind(texts, props, props.lookahead)


def _behind(texts: pl.Series, props: Props, most: int | None = None) -> pl.Series:
    """What stands behind `TIME_PREFIX`, at most so many characters of it; null where it is not found."""
    behind = texts if most is None or props.time_prefix else texts.str.head(most)
    if props.time_prefix:
        with patterns.budget(lenient=True) as budget:
            behind = patterns.compile(props.time_prefix).after(texts, most)
        for prefix in budget.exceeded:
            log_once(f"TIME_PREFIX = {prefix} exceeds the match limit: some events have no time of their own")
    return behind


def _format_pattern(time_format: str) -> str:
    """Any number can be `%s` where it is looked for in a text: only as many digits as times of today have are one."""
    try:
        return pattern(time_format, epoch=r"\d{9,10}")
    except TimeError as error:
        raise CaltropError(f"TIME_FORMAT = {time_format}: {error.message}", hint=error.hint) from error
