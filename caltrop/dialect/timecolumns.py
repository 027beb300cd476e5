"""Times of whole columns: texts read in a time format (`parse`), and local times turned into epoch seconds.

What is read passes through a table of texts with the columns of `strptime.GROUPS`, which `epoch` turns into times; what
recognises times without a format fills the same table. A few texts are read one by one, as `strptime.strptime` does, which
is far cheaper than to set up a query.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import polars as pl

from caltrop.dialect.strptime import GROUPS, MONTHS, PIVOT, of_groups, pattern, strptime
from caltrop.dialect.zones import TimeError, offset, zone

_DAY = 86_400_000
_FEW = 16  # texts that are read faster one by one
_FEW_APART = 200  # the same of texts that are taken apart already


def parse(
    texts: pl.Series,
    form: str,
    tz: str = "UTC",
    today: date | None = None,
    *,
    whole: bool = False,
) -> pl.Series:
    """Epoch seconds (Float64) of texts that begin with a time; null where the text does not fit.

    Text after the time is ignored, unless `whole` asks for nothing but the time. What the format leaves out comes from
    `today` as long as it is larger than what it has: a time of day is today's, a day and month this year's. A month
    without a day is no time, and without `today` neither is what has no year. Raises TimeError for an unknown variable or
    zone.
    """
    reading = rf"^\s*(?:{pattern(form)})" + (r"\s*$" if whole else "")
    unique = texts.alias("text").drop_nulls().unique()
    if len(unique) <= _FEW:
        pattern(form), zone(tz)  # unknown ones are errors, whatever the texts
        times = {text: strptime(text, form, tz, today, whole=whole) for text in unique}
        return pl.Series(texts.name, [times.get(text) for text in texts], dtype=pl.Float64)
    known = pl.DataFrame({"text": unique, "time": take_apart(unique, reading, tz, today)})
    return texts.to_frame("text").join(known, on="text", how="left", maintain_order="left").get_column("time")


def parse_leniently(texts: pl.Series, form: str, tz: str = "UTC", today: date | None = None) -> pl.Series:
    """`parse` as searches do it: a format with a variable that does not exist fits no text."""
    try:
        pattern(form)
    except TimeError:
        return _nothing(len(texts))
    return parse(texts, form, tz, today)


def _nothing(height: int) -> pl.Series:
    return pl.Series([None], dtype=pl.Float64).new_from_index(0, height)


def take_apart(texts: pl.Series, reading: str, tz: str, today: date | None) -> pl.Series:
    """Times of texts by a regular expression with groups of `GROUPS`; null where it finds nothing."""
    if not len(texts) or "(?P<" not in reading:
        return _nothing(len(texts))
    return epoch(texts.str.extract_groups(reading).struct.unnest(), tz, today)


def epoch(found: pl.DataFrame, tz: str, today: date | None = None, *, latest: float | None = None) -> pl.Series:
    """Epoch seconds of texts in columns of `GROUPS` (others are ignored, missing ones are null); null for no valid time.

    A year of two digits is between 1969 and 2068. `today` is as in `parse`; with `latest` (epoch seconds) a year that
    is left out is the last one that puts the time before it.
    """
    name = zone(tz).key
    groups = frozenset(GROUPS).intersection(found.columns)
    if found.height <= _FEW_APART:
        rows = found.select(sorted(groups)).iter_rows(named=True) if groups else ({} for _ in range(found.height))
        parts = ({group: str(text) for group, text in row.items() if text is not None} for row in rows)
        return pl.Series("time", [of_groups(part, name, today, latest) for part in parts], dtype=pl.Float64)
    fields, local = _civil_time(groups, today, latest)
    times = found.lazy().select(fields).with_columns(local.alias("local"))
    known = to_epoch(pl.col("local"), name)
    if "n" in groups:
        known = pl.coalesce(pl.col("local") - pl.col("n") * 60, known)
    if "z" in groups:
        known = _in_their_zones(known, found.get_column("z"))
    if "e" in groups:
        known = pl.coalesce("e", known)
    if "f" in groups:  # an epoch may have its fraction in a field of its own (%s.%3N)
        known = known + pl.concat_str(pl.lit("0."), "f").cast(pl.Float64, strict=False).fill_null(0.0)
    return times.select(pl.when("read").then(known).alias("time")).collect().to_series()


@lru_cache(maxsize=256)
def _civil_time(
    groups: frozenset[str], today: date | None, latest: float | None
) -> tuple[tuple[pl.Expr, ...], pl.Expr]:
    """What is read of columns of these groups, and from that the local time in seconds as if it were UTC."""

    def number(group: str) -> pl.Expr:
        return pl.col(group).cast(pl.Int64, strict=False)

    fields = [pl.any_horizontal([pl.col(group).is_not_null() for group in sorted(groups)]).alias("read")]
    for group in sorted({"f", "z"} & groups):
        fields.append(pl.col(group))
    if "e" in groups:
        fields.append(pl.col("e").cast(pl.Float64, strict=False))
    if "n" in groups:
        fields.append(number("n"))

    base = today or date(1970, 1, 1)
    year: pl.Expr | None = None
    if "Y" in groups:
        century = pl.when(number("Y") < PIVOT).then(2000).otherwise(1900)
        year = number("Y") + pl.when(pl.col("Y").str.len_chars() <= 2).then(century).otherwise(0)
        fields.append(year.alias("Y"))
    months = [_month_of(pl.col("b"))] if "b" in groups else []
    months += [number("m")] if "m" in groups else []
    of_year = number("j") if "j" in groups else None
    day = number("d") if "d" in groups else pl.lit(None, dtype=pl.Int64)
    # A larger part that was written keeps a smaller one that was not from being today's.
    larger = [part.is_not_null() for part in (year, of_year) if part is not None]
    missing_month = pl.when(pl.any_horizontal(larger)).then(1).otherwise(base.month) if larger else pl.lit(base.month)
    month = pl.coalesce([*months, missing_month])
    undated = (
        ~pl.any_horizontal([*larger, *(part.is_not_null() for part in months)]) if larger or months else pl.lit(True)
    )
    day = day.fill_null(pl.when(undated).then(base.day))
    if of_year is not None:
        month, day = (pl.when(of_year.is_not_null()).then(1).otherwise(part) for part in (month, day))
        fields.append(of_year.alias("j"))
    hour = number("H").fill_null(0) if "H" in groups else pl.lit(0, dtype=pl.Int64)
    if "I" in groups:
        twelve = number("I")
        half: pl.Expr = pl.when(twelve.is_between(1, 12)).then(twelve % 12)  # in the morning, unless %p says otherwise
        if "p" in groups:
            half = half + pl.when(pl.col("p").str.starts_with("p") | pl.col("p").str.starts_with("P")).then(
                12
            ).otherwise(0)
        hour = pl.when(twelve.is_not_null()).then(half).otherwise(hour)
    minute, second = (
        number(group).fill_null(0) if group in groups else pl.lit(0, dtype=pl.Int64) for group in ("M", "S")
    )
    fields += [month.cast(pl.Int64).alias("m"), day.cast(pl.Int64).alias("d"), hour.alias("H"), minute.alias("M"), second.alias("S")]  # fmt: skip

    with_day = of_year is not None
    if year is None:
        local = _civil(pl.lit(base.year, dtype=pl.Int64), with_day) if today else pl.lit(None, dtype=pl.Float64)
    elif today is None:
        local = _civil(pl.col("Y"), with_day)
    else:
        local = _civil(pl.col("Y").fill_null(base.year), with_day)
    if latest is not None and today is not None:
        guessed = local > latest if year is None else pl.col("Y").is_null() & (local > latest)
        local = pl.when(guessed).then(_civil(pl.lit(base.year - 1, dtype=pl.Int64), with_day)).otherwise(local)
    return tuple(fields), local


def _month_of(name: pl.Expr) -> pl.Expr:
    short = name.str.slice(0, 3).str.to_lowercase()
    return short.replace_strict(list(MONTHS), list(range(1, 13)), default=None, return_dtype=pl.Int64)


def _in_their_zones(known: pl.Expr, zones: pl.Series) -> pl.Expr:
    """The times, those beside a zone read in that zone; a word that names none changes nothing."""
    offsets: dict[str, int] = {}
    for written in zones.drop_nulls().unique().to_list():
        seconds = offset(written)
        if seconds is not None:
            offsets[written] = seconds
            continue
        try:
            there = to_epoch(pl.col("local"), zone(written).key)
        except TimeError:
            continue
        known = pl.when(pl.col("z") == written).then(there).otherwise(known)
    east = pl.col("z").replace_strict(list(offsets), list(offsets.values()), default=None, return_dtype=pl.Int64)
    return pl.coalesce(pl.col("local") - east, known) if offsets else known


def _civil(year: pl.Expr, by_day_of_year: bool) -> pl.Expr:
    """Seconds of a civil time as if it were UTC (proleptic Gregorian calendar); null where there is no such time."""
    m, d = pl.col("m"), pl.col("d")
    leap = ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)
    length = pl.when(m == 2).then(28 + leap.cast(pl.Int64)).when(m.is_in([4, 6, 9, 11])).then(30).otherwise(31)
    valid = (
        m.is_between(1, 12) & (d >= 1) & (d <= length) & (pl.col("H") < 24) & (pl.col("M") < 60) & (pl.col("S") < 61)
        & (year >= 1)
    )  # fmt: skip
    # Days from civil: years begin in March, so that the leap day is the last one.
    y = pl.when(m <= 2).then(year - 1).otherwise(year)
    era = y // 400
    of_era = y - era * 400
    of_year = (153 * ((m + 9) % 12) + 2) // 5 + d - 1
    days = era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
    if by_day_of_year:
        j = pl.col("j")
        valid = valid & (j.is_null() | j.is_between(1, 365 + leap.cast(pl.Int64)))
        days = days + (j - 1).fill_null(0)
    seconds = days * 86400 + pl.col("H") * 3600 + pl.col("M") * 60 + pl.col("S")
    return pl.when(valid).then(seconds).cast(pl.Float64)


def to_epoch(local: pl.Expr, name: str) -> pl.Expr:
    """Epoch seconds (Float64) of local times, given as the seconds (Float64) that they would be in UTC.

    A time that comes twice is the first one; one that the clocks skip is read with the offset before the change.
    """
    if name == "UTC":
        return local
    moment = (local * 1000).cast(pl.Int64).cast(pl.Datetime("ms"))
    there = _epoch(moment, name)
    before = _epoch(moment - pl.duration(milliseconds=_DAY), name) + _DAY
    return pl.coalesce(there, before).cast(pl.Float64) / 1000


def _epoch(moment: pl.Expr, name: str) -> pl.Expr:
    return moment.dt.replace_time_zone(name, ambiguous="earliest", non_existent="null").dt.epoch("ms")
