"""Cron schedules: their fields minute by minute, what is no schedule, and runs that follow each other."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.dialect import cron
from caltrop.dialect.zones import TimeError
from tests.examples import examples

START = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
DAY = 86400
RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))


@st.composite
def fields(draw: st.DrawFn, low: int, high: int) -> str:
    first = draw(st.integers(low, high))
    last = draw(st.integers(first, high))
    step = draw(st.integers(1, high))
    return draw(
        st.sampled_from(
            ["*", "*", str(first), f"{first}-{last}", f"*/{step}", f"{first}-{last}/{step}", f"{first},{last}"]
        )
    )


crons = st.tuples(*(fields(low, high) for low, high in RANGES)).map(" ".join)


def numbers(text: str, low: int, high: int) -> set[int]:
    """A field read for itself: what the schedule is compared with."""
    found: set[int] = set()
    for item in text.split(","):
        span, _, step = item.partition("/")
        first, _, last = span.partition("-")
        start, end = (low, high) if span == "*" else (int(first), int(last or first))
        found.update(range(start, end + 1, int(step or 1)))
    return found


def due(text: str, moment: float) -> bool:
    at = datetime.fromtimestamp(moment, UTC)
    minute, hour, day, month, weekday = (
        numbers(part, *bounds) for part, bounds in zip(text.split(), RANGES, strict=True)
    )
    either = len(day) < 31 and len(weekday) < 7
    on_day, on_weekday = at.day in day, at.isoweekday() % 7 in weekday
    return (
        at.minute in minute and at.hour in hour and at.month in month
        and (on_day or on_weekday if either else on_day and on_weekday)
    )  # fmt: skip


def usable(text: str) -> cron.Cron | None:
    try:
        return cron.parse(text)
    except TimeError as error:
        assert "never runs" in str(error), text
        return None


@pytest.mark.parametrize(
    ("moment", "run"),
    [
        (datetime(2026, 1, 1), datetime(2024, 2, 29, 10, 30)),
        (datetime(2024, 2, 29, 10, 29), datetime(2020, 2, 29, 10, 30)),
        (datetime(2024, 2, 29, 10, 30), datetime(2024, 2, 29, 10, 30)),
        (datetime(2103, 6, 1), datetime(2096, 2, 29, 10, 30)),  # 2100 has none
    ],
)
def test_the_run_before_is_found_years_back(moment: datetime, run: datetime) -> None:
    found = cron.parse("30 10 29 2 *").at_or_before(moment.replace(tzinfo=UTC).timestamp())
    assert datetime.fromtimestamp(found, UTC) == run.replace(tzinfo=UTC)


@given(crons, st.integers(0, 700 * DAY))
@examples(60)
def test_runs_are_the_minutes_of_its_fields(text: str, offset: int) -> None:
    schedule, begin = usable(text), START + offset
    if schedule is None:
        return
    first = begin - begin % 60
    expected = [m for m in (first + 60 * n for n in range(DAY // 60)) if begin <= m and due(text, m)]
    found = list(schedule.between(begin, first + DAY - 1))
    assert found == expected
    following = schedule.after(begin)
    assert following > begin and due(text, following)
    assert following == next((m for m in expected if m > begin), following)
    before = schedule.at_or_before(begin)
    assert before <= begin and due(text, before)
    assert (
        schedule.after(before) > begin
        or schedule.after(before) == before + 60 == begin
        or schedule.at_or_before(schedule.after(before)) > before
    )


@pytest.mark.parametrize("days", ["*/10 * 1,6", "1,31 * 6", "1,30 * wed"])
def test_what_february_has_not_hides_no_run_in_march(days: str) -> None:
    found = cron.parse(f"0 6 {days}").after(datetime(2026, 2, 28, 12, tzinfo=UTC).timestamp())
    assert datetime.fromtimestamp(found, UTC) == datetime(2026, 3, 1, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "same"),
    [("0 0 * * fri-sun", "0 0 * * 0,5,6"), ("0 0 * JAN-mar Mon", "0 0 * 1-3 1"), ("5/20 * * * *", "5,25,45 * * * *"), ("0 0 * * 0-7", "0 0 * * *"),
     ("0 0 * * 5-7", "0 0 * * 0,5,6"), ("1-3,2-4/2,*/30 * * * *", "0,1,2,3,4,30 * * * *")],
)  # fmt: skip
def test_ways_to_write_the_same(text: str, same: str) -> None:
    one, other = cron.parse(text), cron.parse(same)
    assert (one.times, one.days, one.months, one.weekdays) == (other.times, other.days, other.months, other.weekdays)


def test_leap_days_are_found_across_a_century_without_one() -> None:
    every = cron.parse("0 0 29 2 *")
    moment, runs = datetime(2090, 1, 1, tzinfo=UTC).timestamp(), []
    for _ in range(3):
        moment = every.after(moment)
        runs.append(datetime.fromtimestamp(moment, UTC).year)
    assert runs == [2092, 2096, 2104]


@given(crons)
@examples(40)
def test_neighbours_hold_every_distance_between_runs(text: str) -> None:
    schedule = usable(text)
    if schedule is None:
        return
    distances = {after - before for before, after in schedule.neighbours(START)}
    walked = {after - before for before, after in pairwise(islice(schedule.between(START, START + 366 * DAY), 3000))}
    assert walked <= distances
    assert all(
        due(text, before) and schedule.after(before) == after
        for before, after in islice(schedule.neighbours(START), 100)
    )


@given(crons)
@examples(40)
def test_where_days_are_alike_one_pair_of_each_distance_is_left(text: str) -> None:
    schedule = usable(text)
    if schedule is None:
        return
    some, every = (list(schedule.neighbours(START, alike=alike)) for alike in (True, False))
    assert {after - before for before, after in some} == {after - before for before, after in every}
    assert set(some) <= set(every)


def test_a_daily_schedule_has_one_pair_across_days() -> None:
    assert len(list(cron.parse("0 2 * * *").neighbours(START, alike=True))) == 1
    assert len(list(cron.parse("0 2 * * 0").neighbours(START, alike=True))) > 50


@pytest.mark.parametrize(
    ("text", "gap"),
    [("* * * * *", 60), ("*/15 * * * *", 900), ("5,50 * * * *", 2700), ("10 0 * * *", DAY), ("0 2 * * 0", 7 * DAY), ("0 2 * * 7", 7 * DAY),
     ("0 2 * * sun", 7 * DAY), ("0 0 1 * *", 31 * DAY), ("0 9-17/4 * * 1-5", 64 * 3600), ("0 0 1 * 1", 7 * DAY), ("* 9-17 * * 1-5", 63 * 3600 + 60),
     ("0 0 29 2 *", 1461 * DAY), ("0 0 * jan-mar *", 276 * DAY)],
)  # fmt: skip
def test_longest_wait(text: str, gap: int) -> None:
    assert max(after - before for before, after in cron.parse(text).neighbours(START)) == gap


@pytest.mark.parametrize(
    ("text", "message"),
    [("* * * *", "4 fields instead of 5"), ("", "0 fields"), ("* * * * * *", "6 fields"), ("@daily", "1 fields"), ("60 * * * *", "'60' in the minute"),
     ("a * * * *", "'a' in the minute"), ("*/0 * * * *", "in the minute"), ("5-1 * * * *", "'5-1' in the minute"), ("0 24 * * *", "in the hour"),
     ("0 0 0 * *", "in the day of month"), ("0 0 L * *", "in the day of month"), ("0 0 * 13 *", "in the month"), ("0 0 * * 8", "in the day of week"),
     ("0 0 * * 1#2", "in the day of week"), ("H * * * *", "in the minute"), ("0 0 ? * *", "in the day of month"), ("0 0 30 2 *", "never runs"),
     ("1,,2 * * * *", "in the minute"), ("0 0 * * fri-mon", "in the day of week"), ("0 0 * feb-foo *", "in the month"), ("0 0 31 4,6 *", "never runs"),
     ("٣ * * * *", "in the minute")],
)  # fmt: skip
def test_what_is_no_schedule(text: str, message: str) -> None:
    with pytest.raises(TimeError, match=message.replace("*", r"\*")):
        cron.parse(text)


def test_the_run_at_a_moment_is_due_then() -> None:
    hourly = cron.parse("0  * * * *")
    assert [hourly.at_or_before(START + n) for n in (1, 0, -1)] == [START, START, START - 3600]
    assert hourly.after(START) == START + 3600
    assert list(cron.parse("*/30 * * * *").between(START, START + 3600)) == [START, START + 1800, START + 3600]
