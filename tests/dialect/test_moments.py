"""Relative times, snapping, bounds, spans and zones; and that search, schedule check and harness mean the same moment."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caltrop.content.checks import schedule
from caltrop.dialect import cron, zones
from caltrop.dialect.moments import is_real_time, local, relative_time, shift, snap, time_bound
from caltrop.dialect.spans import Span, parse_span, seconds_of
from caltrop.dialect.timecolumns import to_epoch
from caltrop.dialect.zones import TimeError
from caltrop.engine.instance import Instance
from caltrop.errors import CaltropError
from caltrop.replay import prove
from tests.examples import examples

NOW = 1_700_000_000.0  # Tuesday 2023-11-14 22:13:20 UTC
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo")
UNITS = (
    "s",
    "sec",
    "m",
    "min",
    "minutes",
    "h",
    "hrs",
    "d",
    "days",
    "w",
    "week",
    "mon",
    "M",
    "months",
    "q",
    "qtr",
    "y",
    "years",
)
SNAPS = ("s", "m", "h", "d", "w", "w0", "w1", "w6", "w7", "mon", "month", "q", "y", "year")

moments = st.integers(86_400 * 800, 4_000_000_000)
offsets = st.builds(
    lambda sign, count, unit: f"{sign}{count or ''}{unit}",
    st.sampled_from("+-"),
    st.integers(0, 40),
    st.sampled_from(UNITS),
)
snaps = st.sampled_from(SNAPS).map(lambda unit: f"@{unit}")
relatives = st.lists(st.one_of(offsets, snaps), min_size=1, max_size=4).map("".join)


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Instance:
    return Instance(None, [tmp_path_factory.mktemp("apps")], now=NOW)


@given(relatives)
@examples(40)
def test_searches_schedules_and_the_harness_mean_the_same_moment(instance: Instance, text: str) -> None:
    moment = relative_time(NOW, text)
    assert moment is not None
    found = instance.search(
        f'| makeresults | eval v=relative_time({NOW:.0f},"{text}") | addinfo', earliest=text if moment < NOW else None
    )
    frame = found.table.frame
    assert float(frame.get_column("v")[0]) == moment
    if moment < NOW:
        assert float(frame.get_column("info_min_time")[0]) == moment
    assert prove._moment(text, NOW) == time_bound(text, NOW) == moment


@given(st.integers(1, 5), st.sampled_from(("m", "min", "h")), st.sampled_from(("", "@h", "@m", "@d")), st.sampled_from(("now", "@h", "-5m", "-1h@h")),
       st.sampled_from(("0 * * * *", "*/20 * * * *", "5 */3 * * *", "10 9-17 * * *", "0 6 * * 1-5")))  # fmt: skip
@examples(60)
def test_a_schedule_leaves_a_gap_where_its_windows_do(count: int, unit: str, to: str, latest: str, text: str) -> None:
    earliest, runs = f"-{count * 20}{unit}{to}" if unit != "h" else f"-{count}h{to}", cron.parse(text)
    walked = list(runs.between(schedule._START, schedule._START + 14 * 86400))
    gaps = [(time_bound(earliest, after) - time_bound(latest, before)) for before, after in pairwise(walked)]
    assert (schedule._gap(runs, earliest, latest) is not None) == (max(gaps) > 0)


@given(moments, st.sampled_from(SNAPS), st.sampled_from(ZONES))
@settings(deadline=None)
def test_snapping_goes_back_to_a_start_and_stays(moment: int, unit: str, tz: str) -> None:
    start = snap(moment, unit, tz)
    assert start is not None and start <= moment
    again = snap(start, unit, tz)
    assert again == start
    here = local(start, tz)
    assert here.second == 0 or unit == "s"
    if unit[0] in "dwqy" or unit.startswith("mon"):
        assert (here.hour, here.minute) == (0, 0) or here.utcoffset() != local(
            start - 3600, tz
        ).utcoffset()  # midnight, where there is one


def test_a_midnight_that_comes_twice_is_the_first_one() -> None:
    assert snap(1699203600, "d", "America/Havana") == 1699156800  # noon of the day whose first hour is repeated


@given(moments, st.integers(-50, 50), st.sampled_from(("s", "m", "h", "d", "w")))
@settings(deadline=None)
def test_moving_there_and_back(moment: int, count: int, unit: str) -> None:
    assert shift(shift(moment, count, unit), -count, unit) == moment


@given(st.datetimes(datetime(1971, 1, 1), datetime(2037, 1, 1)), st.sampled_from(ZONES))
@settings(deadline=None)
def test_local_times_are_those_of_the_tz_database(moment: datetime, tz: str) -> None:
    moment = moment.replace(microsecond=0, fold=0)  # hypothesis draws both; a wall time that comes twice is its first
    naive = pl.DataFrame({"t": [moment.replace(tzinfo=UTC).timestamp()]})
    found = naive.select(to_epoch(pl.col("t"), tz)).item()
    assert found == moment.replace(tzinfo=ZoneInfo(tz)).timestamp()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("Z", 0), ("PDT", -25200), ("pdt", -25200), ("AST", -14400), ("IST", 19800), ("+0100", 3600), ("-05:30", -19800), ("+02", 7200), ("+01:00:30", 3630),
     ("", None), ("Europe/Berlin", None), ("0100", None), ("+1", None), ("XYZ", None)],
)  # fmt: skip
def test_offsets(text: str, seconds: int | None) -> None:
    assert zones.offset(text) == seconds


def test_names_of_zones() -> None:
    assert zones.checked("gmt") == zones.checked("Z") == "UTC"
    assert zones.checked("Europe/Berlin") == "Europe/Berlin"
    for wrong in ("Mars/Olympus", "../etc/passwd", "", "/abs"):
        with pytest.raises(TimeError, match="no such time zone"):
            zones.checked(wrong)


@pytest.mark.parametrize(
    ("text", "moment"),
    [("now", NOW), ("now()", NOW), (" -1h ", NOW - 3600), ("1699990000.5", 1699990000.5), ("-1M", NOW - 31 * 86400), ("-1mon@mon+3d", 1696377600),
     ("-7d@w1", 1699228800), ("2023-11-14 20:00:00", 1699992000), ("2023-11-14T20:00:00Z", 1699992000), ("11/14/2023", 1699920000)],
)  # fmt: skip
def test_bounds(text: str, moment: float) -> None:
    assert time_bound(text, NOW) == moment


@pytest.mark.parametrize(
    "text", ["soon", "", "-30x", "11/14/2023:25:00:00", "2023-11-14Tnoon", "2023-11-14 20:00:00 x", "@w8", "1h5"]
)
def test_what_is_no_bound(text: str) -> None:
    with pytest.raises(TimeError, match="is no time"):
        time_bound(text, NOW)


def test_a_bound_in_a_format_of_its_own() -> None:
    assert time_bound("14.11.2023", NOW, form="%d.%m.%Y") == 1699920000
    assert time_bound("-1h", NOW, form="%d.%m.%Y") == NOW - 3600
    assert time_bound("20231114", NOW, form="%Y%m%d") == 1699920000  # the format comes before epoch seconds


def test_real_time_is_refused_by_name() -> None:
    assert is_real_time("rt") and is_real_time(" RT-5m") and not is_real_time("-5m")
    with pytest.raises(TimeError, match="real-time"):
        time_bound("rt-5m", NOW)


def test_the_harness_says_what_it_cannot_place() -> None:
    with pytest.raises(
        CaltropError, match="cannot place shifted events in the detection's window: 'yesterday' is no time"
    ):
        prove._moment("yesterday", NOW)


@given(st.integers(1, 100), st.sampled_from(UNITS), st.booleans())
def test_spans_are_what_their_unit_moves_by(count: int, unit: str, blank: bool) -> None:
    span = parse_span(f"{count}{' ' if blank else ''}{unit}")
    assert span is not None and span.count == count
    moved = relative_time(NOW, f"+{count}{unit}")
    assert moved == shift(NOW, span.count, span.unit)
    if span.seconds is not None:
        assert moved == NOW + span.seconds == NOW + span.approximate


@pytest.mark.parametrize(
    ("text", "seconds"), [("86400s", 86400), ("1d", 86400), ("90", 90), ("2 weeks", 1209600), ("2mon", 5184000), ("30min", 1800), ("1y", 31104000), ("x", -1), ("-1", -1)]
)  # fmt: skip
def test_settings_that_are_spans(text: str, seconds: float) -> None:
    assert seconds_of(text, -1) == seconds


def test_months_and_years_have_no_fixed_length() -> None:
    assert Span(2, "mon").seconds is None and Span(2, "mon").approximate == 60 * 86400
