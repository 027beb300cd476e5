"""`caltrop tune`: what a candidate would leave, what is refused, what is saved."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from caltrop.operate.installed import Installed, detections
from caltrop.operate.tuning import Place, by_field, high, macros, place, preview, score
from caltrop.replay.remote import RemoteTarget
from caltrop.replay.target import Row, TargetError
from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.inprocess import Client

from .conftest import APP, Run


def named(target: RemoteTarget, name: str) -> Installed:
    return next(one for one in detections(target, APP) if one.name == name)


def macro(admin: Client, name: str) -> str:
    return str(admin.get(f"/servicesNS/nobody/{APP}/admin/macros/{name}").content["definition"])


def users(rows: tuple[Row, ...]) -> list[str]:
    return [str(row["user"]) for row in rows]


@pytest.mark.parametrize(
    ("candidate", "stay", "gone"),
    [
        ("search *", 4, []),
        ("search NOT user=ann", 2, ["ann", "ann"]),
        ("where tonumber(risk_score) < 60", 2, ["bob", "ann"]),
        ("search user=nobody", 0, ["ann", "bob", "cyd", "ann"]),
        ("search NOT `quiet_users`", 3, ["bob"]),
        ('`quiet("cyd")`', 3, ["cyd"]),
        ("search NOT user=ann | search NOT user=bob", 1, ["ann", "bob", "ann"]),
    ],
)
def test_which_hits_stay_and_which_go_newest_first(
    target: RemoteTarget, daemon: Daemon, candidate: str, stay: int, gone: list[str]
) -> None:
    daemon.state.config.set("macros", "quiet_users", {"definition": "user=bob"}, app=APP)
    found = preview(target, named(target, "Odd Login"), "search *", candidate, "-1h", "now")
    assert (len(found.hits), len(found.today), len(found.candidate)) == (4, 4, stay)
    assert users(found.gone) == gone and found.back == ()
    assert found.removes_everything == (stay == 0)
    assert not any(name.startswith("caltrop") for row in found.hits for name in row)


def test_hits_that_come_back(target: RemoteTarget) -> None:
    found = preview(target, named(target, "Odd Logout"), 'where src!="10.0.0.9"', "search NOT user=bob", "-1h", "now")
    assert (len(found.today), users(found.gone), users(found.back)) == (3, ["bob"], ["cyd"])


def test_a_filter_in_the_first_stage_is_compared(target: RemoteTarget) -> None:
    one = named(target, "Raw - and Early")
    assert not place(one).alone
    found = preview(target, one, "*", "NOT user=ann", "-1h", "now")
    assert (len(found.hits), users(found.gone)) == (4, ["ann", "ann"])


def test_hits_of_another_time_are_not_there(target: RemoteTarget) -> None:
    found = preview(target, named(target, "Odd Login"), "search *", "search user=x", "-2d", "-1d")
    assert found.hits == () and not found.removes_everything


@pytest.mark.parametrize("candidate", ["stats count", "stats count BY user", "table user"])
def test_what_makes_other_rows_of_hits_is_no_filter(target: RemoteTarget, candidate: str) -> None:
    with pytest.raises(TargetError, match="cannot be told from one another"):
        preview(target, named(target, "Odd Login"), "search *", candidate, "-1h", "now")


@pytest.mark.parametrize(
    ("before", "after", "alone"),
    [
        ("index=x | ", "", True),
        ("index=x |", " | eval a=1", True),
        ("index=x | stats count BY [ | inputlookup y | ", "]", False),
        ("index=x ", " | stats count", False),
        ("index=x | search ", "", False),
        ("index=x | ", " user=a", False),
        ("", "", False),
    ],
)
def test_whether_a_filter_is_a_stage_of_its_own(before: str, after: str, alone: bool) -> None:
    assert Place(before, "`f`", after).alone == alone


def a_detection(risk: str = "[]", spl: str = "") -> Installed:
    return Installed("a", "s", "n", "i", {"action.risk.param._risk": risk, "search": spl})


@pytest.mark.parametrize(
    ("row", "risk", "expected"),
    [
        ({"risk_score": "61"}, "[]", 61.0),
        ({"risk_score": ["10", "70"]}, "[]", 70.0),
        ({"risk_score": "much"}, '[{"risk_object_field": "u", "risk_score": 40}]', 40.0),
        ({}, '[{"risk_object_field": "u", "risk_score": 40}, {"threat_object_field": "t"}]', 40.0),
        ({}, "[]", 0.0),
        ({}, "broken", 0.0),
    ],
)
def test_what_a_hit_scores(row: Row, risk: str, expected: float) -> None:
    assert score(row, a_detection(risk)) == expected
    assert bool(high([row], a_detection(risk))) == (expected >= 61)


def test_fields_that_tell_come_first() -> None:
    hits: list[Row] = [
        {"same": "x", "user": "ann", "host": f"h{n}", "kind": "ab"[n % 2], "_time": str(n), "count": "1"}
        for n in range(4)
    ]
    one = a_detection('[{"risk_object_field": "host", "risk_score": 1}]')
    assert [name for name, _ in by_field(hits[:2], hits, one)] == ["host", "kind", "same", "user"]
    assert dict(by_field(hits[:3], hits, one))["kind"] == [("a", 2), ("b", 1)]


def test_the_command_shows_everything_and_saves_nothing(run: Run, admin: Client) -> None:
    code, out, err = run(
        "tune", "odd_login", "--filter", "search NOT user IN (ann, bob, cyd)", "--preview", "--earliest", "-1h"
    )
    assert code == 0 and "  today:     search *\n  candidate: search NOT user IN (ann, bob, cyd)\n" in out
    assert "4 hits between -1h and now: today 4 stay, with the candidate 0; 4 go, 0 come back" in out
    assert "  user: ann (2), bob (1), cyd (1)" in out and out.endswith("nothing was saved\n")
    assert re.search(r"newest first:\n\s+lastTime\s+user\s+src", out)
    assert "removes every hit" in err and "2 of the hits that go score high: 90 at most" in err
    assert macro(admin, "odd_login_filter") == "search *"


def test_what_the_macro_holds_and_leaves(run: Run) -> None:
    code, out, _ = run("tune", "odd_logout")
    assert (code, out) == (0, 'Odd Logout: `odd_logout_filter` in watch\n  today:     where src!="10.0.0.9"\n')
    code, out, _ = run("tune", "odd_logout", "--preview", "--earliest", "-1h")
    assert code == 0 and "4 hits between -1h and now: 3 stay\nwhat stays, by field:\n  user: ann (2), bob (1)" in out
    assert (
        "no hits between -3d and -2d"
        in run("tune", "odd_logout", "--preview", "--earliest", "-3d", "--latest", "-2d")[1]
    )


def test_saving_once(run: Run, admin: Client) -> None:
    words = ["tune", "odd_login", "--filter", 'search NOT user="bob"']
    assert run(*words, "--dry-run")[1].endswith("would be saved: nothing was changed\n")
    assert macro(admin, "odd_login_filter") == "search *"
    assert run(*words)[1].endswith("saved\n")
    assert macro(admin, "odd_login_filter") == 'search NOT user="bob"'
    assert run(*words)[1].endswith("unchanged: the macro holds that already\n")


@pytest.mark.parametrize(
    ("candidate", "said"),
    [
        ("search NOT (user=a", '--filter:1:19: ")" to close the parenthesis was expected'),
        ("search user=a\n| where x=", "--filter:2:11: an expression"),
        ("NOT user=a", "hint: a filter begins with a command: search NOT user=a"),
        ("user=a", "hint: a filter begins with a command: search user=a"),
        ("serach user=a", "--filter:1:1: 'serach' is no command\n  hint: did you mean 'search'?"),
        ("where nosuch(user)", "--filter:1:7: "),
        ("search NOT `nope`", "--filter:1:12: there is no macro `nope` of 0 arguments"),
        ("search user=a ]", "--filter:1:15: "),
        ('search user="a', "--filter:1:13: "),
        (
            "  ",
            "--filter:1:1: an empty filter breaks the search\n  hint: a filter that lets everything through is 'search *'",
        ),
        ("| search user=a", "--filter:1:1: "),
    ],
)
def test_wrong_spl_is_refused_at_its_place_before_anything_is_saved(
    run: Run, admin: Client, candidate: str, said: str
) -> None:
    for more in ([], ["--preview"], ["--dry-run"]):
        code, out, err = run("tune", "odd_login", "--filter", candidate, *more)
        assert (code, out) == (2, "") and said in err, err
    assert macro(admin, "odd_login_filter") == "search *"


def test_a_field_that_no_hit_has_is_doubted(run: Run) -> None:
    code, out, err = run("tune", "odd_login", "--filter", 'where usr="a"', "--preview", "--earliest", "-1h")
    assert code == 0 and out.endswith("nothing was saved\n")
    assert "--filter:1:7: warning: where reads 'usr', which no row has here" in err and "'user'" in err


def test_who_may_not_is_refused(run: Run, admin: Client, daemon: Daemon) -> None:
    daemon.state.accounts.set_user("ann", password="secret", roles=["user"])
    code, _, err = run("tune", "odd_login", "--filter", "search user=a", user="ann")
    assert code == 2 and "nothing was changed" in err and "write access to the app" in err
    assert macro(admin, "odd_login_filter") == "search *"


def test_what_has_no_filter_macro_cannot_be_tuned(run: Run) -> None:
    code, out, err = run("tune", "untunable")
    assert (code, out) == (2, "") and "Untunable calls no filter macro" in err


def test_macros_are_known_by_name_and_arguments(target: RemoteTarget) -> None:
    known: dict[Any, Any] = macros(target, APP)
    assert known["quiet", 1].args == ("who",) and known["odd_login_filter", 0].definition == "search *"


def test_a_broken_filter_of_today_is_told_apart(run: Run, daemon: Daemon, tmp_path: Path) -> None:
    daemon.state.config.set("macros", "odd_login_filter", {"definition": "nosuch x"}, app=APP)
    code, out, err = run("tune", "odd_login", "--filter", "search user=ann", "--preview", "--earliest", "-1h")
    assert code == 2 and "today:     nosuch x" in out and "nosuch" in err
    assert run("tune", "odd_login", "--filter", "search user=ann")[1].endswith("saved\n"), "and can be mended"
