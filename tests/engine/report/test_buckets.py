"""Buckets of time and ranges of numbers."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.engine.aggregate import buckets, ranges
from caltrop.engine.errors import SearchError
from caltrop.spl.ast import Word
from tests.examples import examples

NODE = Word("span")


def epoch(text: str, tz: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(tz)).timestamp()


@pytest.mark.parametrize(
    ("span", "tz", "time", "start"),
    [
        ("10s", "UTC", "2023-11-14T22:13:25", "2023-11-14T22:13:20"),
        ("5m", "UTC", "2023-11-14T22:13:25", "2023-11-14T22:10:00"),
        ("1h", "UTC", "2023-11-14T22:13:25", "2023-11-14T22:00:00"),
        ("1d", "UTC", "2023-11-14T22:13:25", "2023-11-14T00:00:00"),
        ("1d", "America/New_York", "2023-11-05T23:30:00", "2023-11-05T00:00:00"),
        ("1w", "UTC", "2023-11-14T22:13:25", "2023-11-12T00:00:00"),
        ("1w", "UTC", "2023-11-12T00:00:00", "2023-11-12T00:00:00"),
        ("1w@w1", "UTC", "2023-11-12T23:59:59", "2023-11-06T00:00:00"),
        ("1mon", "America/New_York", "2023-11-30T23:59:59", "2023-11-01T00:00:00"),
        ("1q", "UTC", "2023-12-01T00:00:00", "2023-10-01T00:00:00"),
        ("1y", "UTC", "2023-12-01T00:00:00", "2023-01-01T00:00:00"),
    ],
)
def test_floor(span: str, tz: str, time: str, start: str) -> None:
    found = buckets.parse(span, tz, NODE).floor(pl.Series([epoch(time, tz)]))
    assert found.to_list() == [epoch(start, tz)]


@examples(60)
@given(
    st.floats(0, 4e9),
    st.sampled_from(["100ms", "1s", "7m", "1h", "5h", "1d", "3d", "1w", "1mon", "5mon", "1q", "1y"]),
    st.sampled_from(["UTC", "America/New_York", "Asia/Kolkata"]),
)
def test_a_time_lies_in_its_bucket(time: float, span: str, tz: str) -> None:
    bucketing = buckets.parse(span, tz, NODE)
    start = bucketing.floor(pl.Series([time]))[0]
    assert start <= time + 1e-5
    assert time < bucketing.next(start) + 1e-5
    assert bucketing.floor(pl.Series([start + 1e-6]))[0] == pytest.approx(start, abs=1e-5)


def test_starts_cross_a_change_of_the_clock() -> None:
    tz = "America/New_York"
    found = list(
        buckets.parse("1d", tz, NODE).starts(epoch("2023-11-04T12:00:00", tz), epoch("2023-11-06T12:00:00", tz))
    )
    assert found == [epoch(f"2023-11-0{day}T00:00:00", tz) for day in (4, 5, 6)]


def test_too_many_buckets_are_refused() -> None:
    with pytest.raises(SearchError, match="more than"):
        list(buckets.parse("1s", "UTC", NODE).starts(0, 1e9))


@pytest.mark.parametrize(
    ("seconds", "bins", "minimum", "span"),
    [
        (900, 100, 0, "10s"), (3600, 100, 0, "1m"), (4 * 3600, 100, 0, "5m"), (86400, 100, 0, "30m"), (7 * 86400, 100, 0, "1d"),
        (30 * 86400, 100, 0, "1d"), (365 * 86400, 100, 0, "1mon"), (86400, 100, 2700, "1h"), (0, 100, 0, "1s"), (1e10, 100, 0, "1mon"),
    ],
)  # fmt: skip
def test_automatic_span(seconds: float, bins: int, minimum: float, span: str) -> None:
    found = buckets.automatic(0, seconds, bins, minimum)
    assert f"{found.count}{found.unit}" == span


@pytest.mark.parametrize("span", ["", "soon", "0s", "-1h", "1x"])
def test_no_span(span: str) -> None:
    with pytest.raises(SearchError, match="time span"):
        buckets.parse(span, "UTC", NODE)


@pytest.mark.parametrize(
    ("span", "value", "text"),
    [
        ("10", 25, "20-30"), ("10", 20, "20-30"), ("10", -5, "-10-0"), ("0.1", 0.3, "0.3-0.4"), ("0.1", 0.7, "0.7-0.8"), ("2.5", 6, "5-7.5"),
        ("log10", 5, "1-10"), ("log10", 1000, "1000-10000"), ("log2", 5, "4-8"), ("2log10", 30, "20-200"), ("log10", 0.5, "0.1-1"), ("log2", 0, "0"),
    ],
)  # fmt: skip
def test_range_of_a_number(span: str, value: float, text: str) -> None:
    found = ranges.parse(span, NODE)
    assert found.text(found.low(value)) == text


@pytest.mark.parametrize("span", ["0", "-1", "wide", "log1", "20log10", "nan", "inf"])
def test_no_range(span: str) -> None:
    with pytest.raises(SearchError, match="span="):
        ranges.parse(span, NODE)


@examples(60)
@given(st.floats(-1e6, 1e6), st.one_of(st.just(0.0), st.floats(1e-3, 1e6)), st.integers(1, 300))
def test_automatic_ranges_are_few_enough(low: float, extent: float, bins: int) -> None:
    found = ranges.automatic(low, low + extent, bins)
    first, last = found.low(low), found.low(low + extent)
    assert round((last - first) / found.width) + 1 <= max(bins, 2)
