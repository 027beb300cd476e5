"""Saved searches and their schedules, as the scheduler reads them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from caltrop.dialect.spans import seconds_of
from caltrop.splunkd.access.accounts import SYSTEM_USER
from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.inprocess import Client
from caltrop.splunkd.searching import findings
from caltrop.splunkd.searching.savedsearches import SavedSearch, expand_arguments
from tests.patience import PATIENCE

from .conftest import Clock, search

NEW_YEAR = 1704067200.0  # 2024-01-01T00:00:00Z


@pytest.fixture
def pinned(tmp_path: Path) -> Iterator[tuple[Daemon, Clock]]:
    clock = Clock(NEW_YEAR + 30)
    daemon = Daemon(tmp_path, password="x", addons=(), clock=clock)
    yield daemon, clock
    daemon.stop()


def test_the_schedule_runs_what_is_due(pinned: tuple[Daemon, Clock]) -> None:
    daemon, clock = pinned
    settings = {
        "search": "| makeresults | addinfo", "enableSched": "1", "cron_schedule": "*/10 * * * *", "action.notable": "1",
        "dispatch.earliest_time": "-20m@m", "dispatch.latest_time": "-10m@m",
    }  # fmt: skip
    daemon.state.config.set("savedsearches", "due", settings, app="search")
    daemon.state.config.set("savedsearches", "off", settings | {"disabled": "1"}, app="search")
    daemon.state.config.set("savedsearches", "unscheduled", settings | {"enableSched": "0"}, app="search")
    assert daemon.searching.scheduler.run_due(clock.now) == []
    clock.now = NEW_YEAR + 599
    assert daemon.searching.scheduler.run_due(clock.now) == []
    clock.now = NEW_YEAR + 603
    (job,) = daemon.searching.scheduler.run_due(clock.now)
    job.done.wait(PATIENCE)
    assert (job.spec.label, job.spec.now, job.spec.scheduled) == ("due", NEW_YEAR + 600, True)
    assert job.spec.owner == SYSTEM_USER, "a search of an app is nobody's own"
    assert job.result is not None
    assert (job.result.earliest, job.result.latest) == (NEW_YEAR - 600, NEW_YEAR)
    assert daemon.state.store.info("notable").count == 1
    assert daemon.searching.scheduler.run_due(clock.now) == []
    clock.now = NEW_YEAR + 86400  # a day asleep: one run, not 143
    assert [j.spec.now for j in daemon.searching.scheduler.run_due(clock.now)] == [NEW_YEAR + 86400]
    daemon.state.logs.flush()
    assert daemon.state.store.info("_internal").count > 0


def test_each_run_leaves_a_line_with_the_fields_of_the_scheduler_log(pinned: tuple[Daemon, Clock]) -> None:
    daemon, clock = pinned
    settings = {"enableSched": "1", "cron_schedule": "*/10 * * * *", "action.notable": "1"}
    for name, spl in {
        "two of them": "| makeresults count=2", "none": "| makeresults | where 1=2", "breaks": "| makeresults | map search=\"| nosuch\"",
        "no search": "| nosuch",
    }.items():  # fmt: skip
        daemon.state.config.set("savedsearches", name, settings | {"search": spl}, app="search")
    clock.now = NEW_YEAR + 603
    for job in daemon.searching.scheduler.run_due(clock.now):
        assert job.done.wait(PATIENCE)
    told = search(
        Client(daemon).basic("admin", "x"),
        "search index=_internal sourcetype=scheduler | sort savedsearch_name | fields savedsearch_name app user status "
        "scheduled_time result_count alert_actions reason sid",
    )
    rows = {row["savedsearch_name"]: row for row in told}
    assert set(rows) == {"two of them", "none", "breaks", "no search"}
    two, none = rows["two of them"], rows["none"]
    assert (two["result_count"], two["status"], two["alert_actions"]) == ("2", "success", "notable")
    assert (two["app"], two["user"], two["scheduled_time"]) == ("search", "nobody", str(int(NEW_YEAR + 600)))
    assert two["sid"].startswith("scheduler__") and none["result_count"] == "0"
    assert rows["breaks"]["status"] == rows["no search"]["status"] == "failed"
    assert "nosuch" in rows["breaks"]["reason"] and "nosuch" in rows["no search"]["reason"]


@pytest.mark.parametrize(
    ("cron", "runs"), [("0 * * * *", True), ("nonsense", False), ("0 0 30 2 *", False), ("", False)]
)
def test_a_schedule_that_cannot_be_read_never_runs(cron: str, runs: bool) -> None:
    settings = {"enableSched": "1", "cron_schedule": cron}
    assert (SavedSearch("n", "a", "o", settings).schedule is not None) == runs


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$a$ and $b$", "1 and x, y"),
        ("$result.a$", "1"),
        ("$missing$ costs $5", "$missing$ costs $5"),
        ("no tokens", "no tokens"),
        ("$a b$", "spaced"),
        ("$$a$", "$1"),
        ("$a", "$a"),
    ],
)
def test_tokens(text: str, expected: str) -> None:
    assert findings.substitute(text, {"a": "1", "b": ["x", "y"], "a b": "spaced"}) == expected


@pytest.mark.parametrize(
    ("search", "expected"),
    [("index=x", "search index=x"), ("search index=x", "search index=x"), ("| tstats count", "| tstats count"), ("`m` a", "search `m` a"),
     ("searches", "search searches")],
)  # fmt: skip
def test_search_is_implied_in_a_saved_search(search: str, expected: str) -> None:
    assert SavedSearch("n", "search", "nobody", {"search": search}).search == expected


def test_enabled_actions() -> None:
    settings = {"action.risk": "1", "action.notable": "0", "action.risk.param.x": "1", "actions": "email, notable"}
    assert SavedSearch("n", "a", "o", settings).actions == ["email", "risk"]


@pytest.mark.parametrize(
    ("text", "seconds"), [("86400s", 86400), ("1d", 86400), ("90", 90), ("2h", 7200), ("2 weeks", 1209600), ("x", -1)]
)
def test_spans(text: str, seconds: float) -> None:
    assert seconds_of(text, -1) == seconds


@pytest.mark.parametrize(
    ("settings", "seconds"),
    [
        ({}, 600),  # no schedule, no period
        ({"dispatch.ttl": "2p", "cron_schedule": "*/5 * * * *"}, 600),  # a schedule that is switched off
        ({"enableSched": "1", "cron_schedule": "*/5 * * * *"}, 600),
        ({"enableSched": "1", "cron_schedule": "0 */6 * * *"}, 43200),
        ({"enableSched": "1", "cron_schedule": "0 * * * *", "dispatch.ttl": "3p"}, 10800),
        ({"dispatch.ttl": "90"}, 90),
        ({"dispatch.ttl": "1h"}, 3600),
        ({"dispatch.ttl": "soon"}, 600),
    ],
)
def test_how_long_jobs_are_kept(settings: dict[str, str], seconds: int) -> None:
    assert SavedSearch("s", "search", "admin", settings).ttl == seconds


def test_arguments_of_a_dispatch() -> None:
    assert expand_arguments("head $args.n$ | $n$ | $m$", {"n": "3"}) == "head 3 | 3 | $m$"
