"""Cron and windows."""

from __future__ import annotations

import pytest

from caltrop.content import load
from caltrop.content.cron import longest_gap, parse, seconds_before_now
from tests.content.sample import Repository

HOUR, DAY = 3600, 86400


@pytest.mark.parametrize(
    ("cron", "gap"),
    [("* * * * *", 60), ("0 * * * *", HOUR), ("*/15 * * * *", 900), ("5,50 * * * *", 45 * 60), ("10 0 * * *", DAY),
     ("0 2 * * 0", 7 * DAY), ("0 2 * * sun", 7 * DAY), ("0 0 1 * *", 31 * DAY), ("0 9-17/4 * * 1-5", 64 * HOUR),
     ("0 0 1 * 1", 7 * DAY), ("0 0 29 2 *", 0)],
)  # fmt: skip
def test_longest_gap(cron: str, gap: int) -> None:
    assert longest_gap(cron) == gap


@pytest.mark.parametrize("cron", ["* * * *", "60 * * * *", "a * * * *", "*/0 * * * *", "5-1 * * * *", "0 0 0 * *"])
def test_what_is_no_cron(cron: str) -> None:
    with pytest.raises(ValueError):
        parse(cron)


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        ("-70m@m", 4200),
        ("-1d@d", DAY),
        ("now", 0),
        ("-h", HOUR),
        ("-24hours", DAY),
        ("0", 0),
        ("1700000000", None),
        ("rt", None),
    ],
)
def test_relative_times(time: str, seconds: int | None) -> None:
    assert seconds_before_now(time) == seconds


@pytest.mark.parametrize(
    ("code", "schedule"),
    [
        ("bad-cron", "cron_schedule: 61 * * * *\n  earliest_time: -70m@m\n  latest_time: now"),
        ("schedule-gap", "cron_schedule: 0 * * * *\n  earliest_time: -30m@m\n  latest_time: now"),
        ("", "cron_schedule: 0 * * * *\n  earliest_time: -60m@m\n  latest_time: now"),
        ("", "cron_schedule: 0 * * * *\n  earliest_time: 0\n  latest_time: now"),
    ],
)
def test_schedules_are_checked(repository: Repository, code: str, schedule: str) -> None:
    folder = repository(detection=[("tests:", f"custom_schedule:\n  {schedule}\ntests:")])
    assert [p.code for p in load(folder).problems] == ([code] if code else [])


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("test-data", [("    source: some\n", "")]),
        ("test-data", [("tests/data/some.log", "tests/data/none.log")]),
        ("test-data", [("tests/data/some.log", "../../etc/passwd")]),
        ("test-data", [("  attack_data:\n  - data: tests/data/some.log\n    source: some\n    sourcetype: thing\n", "")]),
        ("no-test", [("tests:\n- name: True Positive Test\n  test_type: unit\n  attack_data:\n  - data: tests/data/some.log\n    source: some\n    sourcetype: thing\n", "")]),
        ("fixed-index", [("`events`", "`events` index=main")]),
    ],
)  # fmt: skip
def test_tests_and_indexes_are_checked(repository: Repository, code: str, changes: list[tuple[str, str]]) -> None:
    assert [p.code for p in load(repository(detection=changes)).problems] == [code]
