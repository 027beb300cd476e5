"""Cron and windows."""

from __future__ import annotations

import pytest

from caltrop.content import load
from tests.content.sample import Repository


@pytest.mark.parametrize(
    ("code", "schedule"),
    [
        ("bad-cron", "cron_schedule: 61 * * * *\n  earliest_time: -70m@m\n  latest_time: now"),
        ("schedule-gap", "cron_schedule: 0 * * * *\n  earliest_time: -30m@m\n  latest_time: now"),
        ("", "cron_schedule: 0 * * * *\n  earliest_time: -60m@m\n  latest_time: now"),
        ("", "cron_schedule: 0 * * * *\n  earliest_time: 0\n  latest_time: now"),
        ("", "cron_schedule: 0 * * * *\n  earliest_time: rt-5m\n  latest_time: rt"),
        ("", 'cron_schedule: 0 * * * *\n  earliest_time: "10/19/2026:00:00:00"\n  latest_time: now'),
        ("bad-time", "cron_schedule: 0 * * * *\n  earliest_time: -70x\n  latest_time: now"),
        ("bad-time", "cron_schedule: 0 * * * *\n  earliest_time: -70m\n  latest_time: soon"),
        # A month is a month, also as M: it covers every day and the months between two runs.
        ("", "cron_schedule: 10 0 * * *\n  earliest_time: -1M\n  latest_time: now"),
        ("", 'cron_schedule: 0 0 1 * *\n  earliest_time: -1mon@mon\n  latest_time: "@mon"'),
        ("schedule-gap", "cron_schedule: 0 0 1 * *\n  earliest_time: -30d@d\n  latest_time: now"),
        # Snaps count: yesterday, each day, leaves nothing; the last whole hour, every two hours, does.
        ("", 'cron_schedule: 5 0 * * *\n  earliest_time: -1d@d\n  latest_time: "@d"'),
        ("schedule-gap", 'cron_schedule: 5 */2 * * *\n  earliest_time: -1h@h\n  latest_time: "@h"'),
        # Gaps across nights and weekends are found, whatever runs lie between.
        ("schedule-gap", 'cron_schedule: "* 9-17 * * 1-5"\n  earliest_time: -1d\n  latest_time: now'),
        ("", 'cron_schedule: "* 9-17 * * 1-5"\n  earliest_time: -3d\n  latest_time: now'),
        ("schedule-gap", "cron_schedule: 0 0 29 2 *\n  earliest_time: -1y\n  latest_time: now"),
        ("bad-cron", "cron_schedule: 0 0 30 2 *\n  earliest_time: -1y\n  latest_time: now"),
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
        ("test-data", [("tests/data/some.log", "tests/data")]),
        ("test-data", [("  attack_data:\n  - data: tests/data/some.log\n    source: some\n    sourcetype: thing\n", "")]),
        ("no-test", [("tests:\n- name: True Positive Test\n  test_type: unit\n  attack_data:\n  - data: tests/data/some.log\n    source: some\n    sourcetype: thing\n", "")]),
        ("fixed-index", [("`events`", "`events` index=main")]),
    ],
)  # fmt: skip
def test_tests_and_indexes_are_checked(repository: Repository, code: str, changes: list[tuple[str, str]]) -> None:
    assert [p.code for p in load(repository(detection=changes)).problems] == [code]
