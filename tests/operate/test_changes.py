"""`caltrop enable`, `disable`, `schedule`: who is meant, what is written, and what is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from caltrop.operate.installed import chosen, detections
from caltrop.replay.remote import RemoteTarget
from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.inprocess import Client

from .conftest import APP, FILES, SAVED, Run, stanza, write

LOGIN = "Watch - Odd Login - Rule"


def saved(admin: Client, name: str = LOGIN) -> dict[str, Any]:
    return admin.get(f"/servicesNS/nobody/{APP}/saved/searches/{quote(name)}").content


def local(daemon: Daemon) -> str:
    path = daemon.state.etc / "apps" / APP / "local" / "savedsearches.conf"
    return path.read_text() if path.exists() else ""


def test_what_the_app_has_is_read_off_the_target(target: RemoteTarget) -> None:
    login, logout, raw, untunable = detections(target, None)
    assert (login.name, login.search, login.id, login.app) == ("Odd Login", LOGIN, "id-of-odd_login", APP)
    assert (login.type, login.stories, login.techniques) == ("TTP", ("Logins",), ("T1110",))
    assert (login.enabled, login.scheduled, login.cron, login.next_run) == (False, True, "0 * * * *", "")
    assert (login.filter_macro, logout.filter_macro, untunable.filter_macro) == (
        "odd_login_filter",
        "odd_logout_filter",
        "",
    )
    assert raw.name == "Raw - and Early"
    assert [dict(one) for one in login.risk] == [
        {"risk_object_field": "user", "risk_object_type": "user", "risk_score": 30}
    ]


@pytest.mark.parametrize(
    ("names", "stories", "found"),
    [
        (["Odd Login"], [], ["Odd Login"]),
        ([LOGIN], [], ["Odd Login"]),
        (["id-of-odd_login"], [], ["Odd Login"]),
        (["odd_login"], [], ["Odd Login"]),
        (["detections/web/odd_login.yml"], [], ["Odd Login"]),
        (["ODD LOGIN", "odd_login"], [], ["Odd Login"]),
        ([], ["logins"], ["Odd Login", "Odd Logout"]),
        (["odd_login"], ["Raw"], ["Odd Login", "Raw - and Early", "Untunable"]),
    ],
)
def test_who_is_meant(target: RemoteTarget, names: list[str], stories: list[str], found: list[str]) -> None:
    assert [one.name for one in chosen(detections(target, APP), names, stories)] == found


def test_what_an_app_schedules_beside_its_detections(
    run: Run, daemon: Daemon, target: RemoteTarget, tmp_path: Path
) -> None:
    """Baselines and the risk threshold are the app's; what a site made in the app is not."""
    more = (
        "[Watch - Usual Hosts]\nsearch = index=main\ncron_schedule = 0 1 * * *\nenableSched = 1\ndisabled = 1\naction.escu.search_type = support\n\n"
        "[Watch - Risk Threshold]\nsearch = index=risk | `watch_risk_threshold_filter`\ncron_schedule = 20 * * * *\nenableSched = 1\ndisabled = 1\n"
    )
    daemon.state.install(
        write(tmp_path / "more" / APP, FILES | {"default/savedsearches.conf": SAVED + more}), update=True
    )
    mine = {
        "search": "index=main | `odd_login_filter`",
        "cron_schedule": "0 1 * * *",
        "enableSched": "1",
        "disabled": "1",
    }
    daemon.state.config.set("savedsearches", "Our Own", mine, app=APP)
    found = {one.name: one.type for one in detections(target, APP)}
    assert found["Usual Hosts"] == "Baseline" and found["Risk Threshold"] == ""
    assert set(found) == {"Odd Login", "Odd Logout", "Raw - and Early", "Untunable", "Usual Hosts", "Risk Threshold"}
    assert run("enable", "watch_risk_threshold")[1] == "Risk Threshold: disabled 1 -> 0\n"
    assert run("disable", "--all")[1].count("disabled 0 -> 1") == 1


def test_enabling_is_written_once_and_seen(run: Run, admin: Client, daemon: Daemon) -> None:
    code, out, err = run("enable", "odd_login", "--dry-run")
    assert (code, out, err) == (0, "Odd Login: disabled 1 -> 0\n", "would change 1 of 1\n")
    assert saved(admin)["disabled"] is True and local(daemon) == ""
    assert run("enable", "odd_login") == (0, "Odd Login: disabled 1 -> 0\n", "changed 1 of 1\n")
    content = saved(admin)
    assert content["disabled"] is False and content["next_scheduled_time"]
    before = local(daemon)
    assert run("enable", "odd_login") == (0, "Odd Login: unchanged\n", "changed 0 of 1\n")
    assert local(daemon) == before
    assert run("disable", "--all")[1].count("disabled 0 -> 1") == 1
    assert saved(admin)["disabled"] is True


def test_all_of_a_story(run: Run, admin: Client) -> None:
    code, out, err = run("enable", "--story", "Logins")
    assert (code, err) == (0, "changed 2 of 2\n") and out.startswith("Odd Login: disabled 1 -> 0\nOdd Logout:")
    assert not saved(admin, "Watch - Odd Logout - Rule")["disabled"]
    assert saved(admin, "Watch - Raw - and Early - Rule")["disabled"]


def test_a_schedule_and_its_window(run: Run, admin: Client) -> None:
    words = ["schedule", "odd_login", "--cron", "*/15 * * * *", "--earliest", "-20m@m", "--latest", "-5m@m"]
    code, out, err = run(*words)
    assert code == 0 and "cron_schedule 0 * * * * -> */15 * * * *" in out and "not enabled" in err
    content = saved(admin)
    assert (content["cron_schedule"], content["dispatch.earliest_time"], content["disabled"]) == (
        "*/15 * * * *",
        "-20m@m",
        True,
    )
    assert run(*words, "--enable")[1] == "Odd Login: disabled 1 -> 0\n"
    assert run(*words, "--enable")[1] == "Odd Login: unchanged\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["enable", "odd_logn"], "has no detection 'odd_logn'\n  hint: did you mean 'odd_login'?"),
        (["enable", "zzz"], "has no detection 'zzz'\n  hint: caltrop status"),
        (["enable", "odd_login", "--story", "Login"], "tells the story 'Login'\n  hint: did you mean 'Logins'?"),
        (["enable"], "name a detection, or say --story"),
        (["enable", "--all"], "Untunable has no schedule to run by: nothing was changed"),
        (["schedule", "odd_login"], "say what changes"),
        (["schedule", "odd_login", "--cron", "61 * * * *"], "--cron: not a schedule: '61 * * * *': '61' in the minute"),
        (["schedule", "odd_login", "--cron", "hourly"], "1 fields instead of 5"),
        (["schedule", "odd_login", "--earliest", "yesterdayish"], "--earliest: not a time"),
        (["schedule", "odd_login", "--earliest", "now", "--latest", "-1h"], "from now to -1h there is no time"),
        (["enable", "odd_login", "--app-id", "wach"], "has no app 'wach'"),
        (["enable", "odd_login", "--app-id", "search"], "the app 'search' on https://127.0.0.1:8089 has no detections"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_before_anything_is_changed(
    run: Run, daemon: Daemon, words: list[str], said: str
) -> None:
    code, out, err = run(*words)
    assert (code, out) == (2, "") and said in err, err
    assert local(daemon) == ""


def test_a_user_who_may_not_is_refused_before_anything_is_changed(run: Run, daemon: Daemon) -> None:
    daemon.state.accounts.set_user("ann", password="secret", roles=["user"])
    code, out, err = run("enable", "--story", "Logins", user="ann")
    assert (code, out) == (2, "") and "ann lacks the capability schedule_search: nothing was changed" in err
    assert "write access to the app" in err and "roles: user" in err
    daemon.state.config.set(
        "authorize", "role_planner", {"importRoles": "user", "schedule_search": "enabled"}, app="search"
    )
    daemon.state.accounts.set_user("bob", password="secret", roles=["planner"])
    code, out, err = run("enable", "odd_login", user="bob")
    assert (code, out) == (2, "") and "refuses to change 'Watch - Odd Login - Rule'" in err and "roles: planner" in err
    assert local(daemon) == ""
    daemon.state.accounts.set_user("cyd", password="secret", roles=["power"])
    assert run("enable", "odd_login", user="cyd")[0] == 0


def test_which_app_is_meant(run: Run, daemon: Daemon, tmp_path: Path) -> None:
    other = FILES | {
        "default/savedsearches.conf": stanza("Odd Login", "odd_login", "Logins", "index=main | `odd_login_filter`")
    }
    daemon.state.install(write(tmp_path / "more" / "other", other), update=True)
    code, _, err = run("enable", "odd_login")
    assert (
        code == 2
        and "several apps on https://127.0.0.1:8089 have detections: other, watch\n  hint: name one with --app-id"
        in err
    )
    assert run("enable", "odd_login", "--app-id", "other")[0] == 0
    (tmp_path / "app.yml").write_text("id: watch\nlabel: Watch\nprefix: Watch\nversion: '1.0.0'\n")
    assert run("disable", "--all")[1].startswith("Odd Login: unchanged\nOdd Logout: unchanged\n"), (
        "that of the app.yml here"
    )


def test_names_that_two_detections_have(run: Run, daemon: Daemon, tmp_path: Path) -> None:
    twice = FILES | {
        "default/savedsearches.conf": stanza("Same", "one", "S", "index=main | `one_filter`")
        + stanza("Same", "two", "S", "index=main | `two_filter`").replace("[Watch", "[Guard")
    }
    daemon.state.install(write(tmp_path / "more" / APP, twice), update=True)
    code, _, err = run("enable", "same")
    assert code == 2 and "is the name of several detections: 'Guard - Same - Rule', 'Watch - Same - Rule'" in err
    assert run("enable", "Watch - Same - Rule")[1] == "Same: disabled 1 -> 0\n"
