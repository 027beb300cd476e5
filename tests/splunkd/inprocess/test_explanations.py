"""A job that ends without a row says why; what a client compares word for word stays as splunkd has it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.inprocess import Client

from .test_jobs import made


@pytest.fixture(scope="module", autouse=True)
def events(admin: Client) -> None:
    answer = admin.send("receivers/simple", "user=ann action=login", index="main", sourcetype="demo")
    assert answer.status == 200, answer.text


def said(client: Client, sid: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = client.get(f"search/jobs/{sid}").content["messages"]
    return found


def test_a_job_without_rows_says_why(admin: Client) -> None:
    sid = made(admin, "search index=main action=logn")
    lines = said(admin, sid)["info"]
    assert lines[0].startswith("0 rows: stage 1 of 1 left none of 1 event")
    assert "nearest: `login` (1)" in lines[1]
    assert len(lines) <= 7
    assert lines[1] in admin.get(f"search/jobs/{sid}/search.log").text


def test_results_of_nothing_are_as_on_splunkd(admin: Client) -> None:
    sid = made(admin, "search index=main action=logn")
    assert admin.get(f"search/jobs/{sid}/results").json()["messages"] == []


@pytest.mark.parametrize("text", ["search index=main action=login", "| makeresults count=0", "| makeresults"])
def test_others_say_nothing(admin: Client, text: str) -> None:
    assert said(admin, made(admin, text)) == {}


def test_the_setting_turns_it_off(daemon: Daemon, admin: Client) -> None:
    daemon.state.config.set("limits", "caltrop", {"explain": "false"}, app="search")
    try:
        assert said(admin, made(admin, "search index=main action=logn")) == {}
    finally:
        daemon.state.config.remove("limits", "caltrop", app="search")
    assert "info" in said(admin, made(admin, "search index=main action=logn"))


def test_what_a_user_may_not_search_is_not_told(admin: Client, someone: Callable[[str], Client]) -> None:
    assert admin.post("data/indexes", name="hidden").status == 201
    assert admin.send("receivers/simple", "action=secret", index="hidden", sourcetype="demo").status == 200
    narrow = {"name": "narrow", "capabilities": "search", "srchIndexesAllowed": "main", "srchIndexesDefault": "main"}
    assert admin.post("authorization/roles", narrow).status == 201
    assert "`hidden` (1)" in said(admin, made(admin, "search index=nowhere"))["info"][1]
    assert "hidden" not in str(said(someone("narrow"), made(someone("narrow"), "search index=nowhere")))
