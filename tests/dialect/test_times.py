"""Relative times, snapping, spans, strftime and strptime, in UTC and across a change of daylight saving time."""

from __future__ import annotations

from datetime import date

import pytest

from caltrop.dialect.moments import relative_time, time_bound
from caltrop.dialect.spans import Span, parse_span
from caltrop.dialect.strftime import strftime
from caltrop.dialect.strptime import strptime
from caltrop.dialect.zones import TimeError, zone

NOW = 1_700_000_000.0  # Tuesday 2023-11-14 22:13:20 UTC
BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ("now", "2023-11-14 22:13:20"),
        ("-1h", "2023-11-14 21:13:20"),
        ("-90s@m", "2023-11-14 22:11:00"),
        ("@d", "2023-11-14 00:00:00"),
        ("-1d@d+2h", "2023-11-13 02:00:00"),
        ("@w", "2023-11-12 00:00:00"),
        ("@w0", "2023-11-12 00:00:00"),
        ("@w2", "2023-11-14 00:00:00"),
        ("@w3", "2023-11-08 00:00:00"),
        ("@w7", "2023-11-12 00:00:00"),
        ("-1mon@mon", "2023-10-01 00:00:00"),
        ("-1M@month", "2023-10-01 00:00:00"),
        ("+1q@q", "2024-01-01 00:00:00"),
        ("-1y@y", "2022-01-01 00:00:00"),
        ("-2weeks", "2023-10-31 22:13:20"),
        ("-m", "2023-11-14 22:12:20"),
        ("-9mon@d", "2023-02-14 00:00:00"),
    ],
)
def test_relative_time(spec: str, text: str) -> None:
    moment = relative_time(NOW, spec)
    assert moment is not None
    assert strftime(moment, "%F %T") == text


@pytest.mark.parametrize("spec", ["", "yesterday", "-1x", "1", "@", "@w8", "-1d@", "d@d -1h x"])
def test_what_is_no_relative_time(spec: str) -> None:
    assert relative_time(NOW, spec) is None


def test_days_keep_the_wall_clock_over_daylight_saving() -> None:
    before = strptime("2024-03-30 12:00:00", "%F %T", BERLIN)
    assert before is not None
    moved = relative_time(before, "+1d", BERLIN)
    assert moved is not None
    assert moved - before == 23 * 3600
    assert strftime(moved, "%F %T %z", BERLIN) == "2024-03-31 12:00:00 +0200"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1699990000", 1699990000.0),
        ("1699990000.5", 1699990000.5),
        ("0", 0.0),
        ("-1h", NOW - 3600),
        ("11/14/2023:20:00:00", 1699992000.0),
        ("2023-11-14T20:00:00", 1699992000.0),
        ("2023-11-14T20:00:00.250+01:00", 1699988400.25),
        ("2023-11-14", 1699920000.0),
    ],
)
def test_time_bounds(text: str, moment: float) -> None:
    assert time_bound(text, NOW) == moment


@pytest.mark.parametrize(
    ("text", "message"), [("rt-5m", "real-time"), ("soon", "no time"), ("13/45/2023:00:00:00", "no time")]
)
def test_refused_time_bounds(text: str, message: str) -> None:
    with pytest.raises(TimeError, match=message):
        time_bound(text, NOW)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("5m", Span(5, "m")),
        ("1mon", Span(1, "mon")),
        ("d", Span(1, "d")),
        ("30", Span(30, "s")),
        ("100ms", Span(100, "ms")),
        ("2quarters", Span(2, "q")),
    ],
)
def test_spans(text: str, span: Span) -> None:
    assert parse_span(text) == span


@pytest.mark.parametrize("text", ["", "5x", "m5", "-5m", "1.5h"])
def test_what_is_no_span(text: str) -> None:
    assert parse_span(text) is None


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("%Y-%m-%dT%H:%M:%S.%3N%z", "2023-11-14T22:13:20.123+0000"),
        ("%6N %9N %Q %f", "123456 123456000 123 123456"),
        ("%e|%k|%l|%I %p", "14|22|10|10 PM"),
        ("%a %A %b %B %j %w %u %U %V", "Tue Tuesday Nov November 318 2 2 46 46"),
        ("%D %R %r %x %X", "11/14/23 22:13 10:13:20 PM 11/14/23 22:13:20"),
        ("%s %% %:z %Z", "1700000000 % +00:00 UTC"),
        ("%-d/%-m", "14/11"),
        ("100%", "100%"),
    ],
)
def test_strftime(form: str, text: str) -> None:
    assert strftime(NOW + 0.123456, form) == text


def test_strftime_outside_the_calendar_is_nothing() -> None:
    assert strftime(1e18, "%F") is None


@pytest.mark.parametrize(
    ("text", "form", "moment"),
    [
        ("2023-11-14 22:13:20", "%Y-%m-%d %H:%M:%S", NOW),
        ("14/Nov/2023:23:13:20 +0100", "%d/%b/%Y:%H:%M:%S %z", NOW),
        ("2023-11-14T22:13:20.5Z", "%Y-%m-%dT%H:%M:%S.%3N%z", NOW + 0.5),
        ("Tue Nov 14 22:13:20 2023", "%c", NOW),
        ("10:13:20 PM 11/14/23", "%r %D", NOW),
        ("1700000000", "%s", NOW),
        ("2023-11-14 17:13:20 EST", "%F %T %Z", NOW),
        ("318 2023", "%j %Y", 1699920000.0),
        ("22:13", "%H:%M", 1700000000.0 - 20),
        ("2023-11", "%Y-%m", None),
        ("2023-02-30", "%F", None),
        ("13:00 PM", "%I:%M %p", None),
        ("x", "%F", None),
        ("2023", "%!", None),
    ],
)
def test_strptime(text: str, form: str, moment: float | None) -> None:
    assert strptime(text, form, "UTC", date(2023, 11, 14)) == moment


def test_strptime_uses_the_time_zone() -> None:
    assert strptime("2023-11-14 23:13:20", "%F %T", BERLIN) == NOW


def test_unknown_time_zone() -> None:
    with pytest.raises(TimeError, match="time zone"):
        strftime(NOW, "%F", "Nowhere/Land") or zone("Nowhere/Land")
