"""`caltrop status`: what the schedule did, as the target's own log tells."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from caltrop.operate.runs import Runs, runs
from caltrop.replay.remote import RemoteTarget
from caltrop.splunkd.daemon import Daemon
from tests.patience import PATIENCE

from .conftest import APP, NOW, Run, serving


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """One of its own: what ran before would be told, too."""
    with serving(tmp_path) as made:
        yield made


def ran(daemon: Daemon, now: float) -> None:
    for job in daemon.searching.scheduler.run_due(now):
        assert job.done.wait(PATIENCE)


def rows(out: str) -> dict[str, dict[str, object]]:
    return {row["detection"]: row for row in map(json.loads, out.splitlines())}


def test_state_schedule_runs_and_hits(run: Run, daemon: Daemon) -> None:
    assert run("enable", "odd_login", "raw_early")[0] == 0
    assert run("schedule", "odd_login", "--cron", "* * * * *", "--latest", "now")[0] == 0
    ran(daemon, NOW + 60)
    code, out, err = run("status", "--latest", "+1d", "--format", "jsonl")
    told = rows(out)
    assert code == 0 and err == "2 of 4 enabled in watch on https://127.0.0.1:8089\n"
    login = told["Odd Login"]
    assert (login["state"], login["hits"], login["failed"], login["last run"]) == (
        "enabled",
        "4",
        "0",
        "2023-11-14T22:13:20+00:00",
    )
    assert [login[name] for name in ("type", "story", "technique", "schedule")] == [
        "TTP",
        ["Logins"],
        ["T1110"],
        "* * * * *",
    ]
    assert str(login["next run"]).startswith("2023-11-14T22:14")
    logout = told["Odd Logout"]
    assert (logout["state"], logout["hits"], logout["last run"], logout["next run"]) == ("disabled", "0", "", "")
    only = rows(run("status", "--story", "Raw", "--format", "jsonl")[1])
    assert set(only) == {"Raw - and Early", "Untunable"}


def test_failed_and_skipped_runs_are_counted_apart(run: Run, daemon: Daemon, target: RemoteTarget) -> None:
    assert run("enable", "odd_login")[0] == 0
    daemon.state.config.set("macros", "odd_login_filter", {"definition": "nosuch"}, app=APP)
    ran(daemon, NOW + 3600)
    daemon.state.logs.scheduler(
        f'app="{APP}", savedsearch_name="Watch - Odd Login - Rule", status=skipped, reason="busy"'
    )
    assert runs(target, APP, "-1d", "+1d") == {"Watch - Odd Login - Rule": Runs(hits=0, last=None, skipped=1, failed=1)}
    assert runs(target, "another", "-1d", "+1d") == {}


def test_without_runs_that_can_be_seen_it_says_so(run: Run, daemon: Daemon) -> None:
    assert "told of" not in run("status")[2], "nothing is enabled: nothing ran"
    assert run("enable", "odd_login")[0] == 0
    daemon.state.accounts.set_user("ann", password="secret", roles=["user"])
    code, out, err = run("status", user="ann")
    assert code == 0 and "Odd Login" in out and "none was due, or this user may not read it" in err


def test_a_range_that_is_none_is_told_before_anybody_is_asked(run: Run) -> None:
    for words in (["status"], ["tune", "odd_login", "--preview"]):
        code, out, err = run(*words, "--earliest", "blah")
        assert (code, out) == (2, "") and err.startswith("--earliest: not a time: 'blah'")
        code, out, err = run(*words, "--earliest", "-1h", "--latest", "-2h")
        assert (code, out) == (2, "") and "from -1h to -2h there is no time" in err


def test_wrong_names_have_a_nearest_one(run: Run) -> None:
    code, out, err = run("status", "odd_lgin")
    assert (code, out) == (2, "") and "did you mean 'odd_login'?" in err
