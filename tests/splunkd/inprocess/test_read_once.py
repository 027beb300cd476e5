"""Jobs without a server: a search is read once, what was read runs, and what it meets on the way is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from caltrop.engine import reading
from caltrop.engine.instance import Instance
from caltrop.spl import parse
from caltrop.spl.ast import Pipeline
from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.inprocess import Client
from caltrop.splunkd.searching.jobs import Job, Jobs, SearchSpec
from caltrop.splunkd.wire.http import ApiError
from tests.patience import PATIENCE

NOW = 1_700_000_000.0


class MovedClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW
        self.flushed = 0  # how often waiting log lines were asked for

    def __call__(self) -> float:
        return self.now

    def flush(self) -> None:
        self.flushed += 1


@pytest.fixture
def moved() -> MovedClock:
    return MovedClock()


@pytest.fixture
def jobs(tmp_path: Path, moved: MovedClock) -> Iterator[Jobs]:
    files = {
        "props.conf": "[st]\nEVAL-broken = 1 +\nEVAL-at = now()\nREPORT-x = gone\n",
        "macros.conf": "[m]\ndefinition = n=1\n[at]\niseval = 1\ndefinition = now() . \"\"\n",
    }  # fmt: skip
    for name, text in files.items():
        path = tmp_path / "search" / "default" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    instance = Instance(apps=[tmp_path / "search"])
    for index in ("main", "_internal"):
        instance.store.create_index(index)
    rows = {"_time": [NOW - 60, NOW + 60], "_raw": ["n=1", "n=2"], "index": "main", "sourcetype": "st"}
    instance.store.append(pl.DataFrame(rows))
    made = Jobs(instance, moved, moved.flush)
    yield made
    made.close()


def run(jobs: Jobs, search: str, *, now: float | None = None) -> Job:
    job = jobs.start(SearchSpec(search, "admin", now=now))
    assert job.done.wait(PATIENCE)
    return job


def said(job: Job) -> list[tuple[str, str]]:
    return [(message.severity, message.text) for message in job.messages]


def test_a_search_is_read_once(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []

    def counted(text: str) -> Pipeline:
        parsed.append(text)
        return parse(text)

    monkeypatch.setattr(reading, "parsed", counted)
    job = run(jobs, "search index=main `m` | table n")
    assert job.table.frame["n"].to_list() == ["1"]
    assert parsed == ["search index=main n=1 | table n"]


def test_what_was_checked_runs_whatever_changes_meanwhile(jobs: Jobs) -> None:
    read = jobs.check("search index=main `m` | table n", "search", "admin")
    jobs._instance.config.set("macros", "m", {"definition": "n=2"}, app="search")
    assert jobs._instance.search(read, now=NOW).table.frame["n"].to_list() == ["1"]
    assert run(jobs, "search index=main `m` | table n").table.frame["n"].to_list() == ["2"]


def test_all_of_a_job_happens_at_one_moment(jobs: Jobs, moved: MovedClock) -> None:
    """Macros, now() and the end of the time range are those of when it was asked for, or of what it says."""
    search = "search index=main earliest=-1h | eval now=now(), macro=`at` | table n now macro at"
    assert run(jobs, search).table.frame.rows() == [("1", NOW, NOW, str(int(NOW)))]
    moved.now += 3600
    rows = run(jobs, search).table.frame.rows()
    assert rows == [("2", moved.now, moved.now, str(int(moved.now)))]
    assert run(jobs, search, now=NOW).table.frame.rows() == [("1", NOW, NOW, str(int(NOW)))]


@pytest.mark.parametrize(
    ("search", "flushed"),
    [
        ("search index=_internal", 1),
        ("search index=main [search index=_internal | return 1 index]", 1),
        ('search index=main "index=_internal"', 0),
        ("search index=main", 0),
    ],
)
def test_waiting_log_lines_are_stored_before_a_search_of_them(
    jobs: Jobs, moved: MovedClock, search: str, flushed: int
) -> None:
    run(jobs, search)
    assert moved.flushed == flushed


def test_faults_of_knowledge_are_messages_of_the_job(jobs: Jobs) -> None:
    job = run(jobs, "search index=main | table broken n")
    assert job.state == "DONE"
    assert [(severity, text.partition(": ")[0]) for severity, text in said(job)] == [
        ("WARN", "search/default/props.conf:4"),
        ("WARN", "search/default/props.conf:2"),
    ]
    assert said(run(jobs, "search index=main | stats count")) == []


def test_rest_shows_them(daemon: Daemon, admin: Client) -> None:
    admin.post("/servicesNS/nobody/search/configs/conf-props", {"name": "faulty", "EVAL-broken": "1 +"})
    assert admin.send("receivers/simple", b"n=1\n", sourcetype="faulty", index="main").status == 200
    answer = admin.post(
        "search/jobs", search="search index=main sourcetype=faulty | table broken n", exec_mode="blocking"
    )
    place = "search/local/props.conf:2: EVAL-broken: "
    shown = admin.get(f"search/jobs/{answer.json()['sid']}").content["messages"]
    assert [text.startswith(place) for text in shown["warn"]] == [True]
    results = admin.get(f"search/jobs/{answer.json()['sid']}/results").messages
    assert len([text for text in results if text.startswith(place)]) == 1


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ("", "Empty search."),
        ("search index=main | nosuch", "Unknown search command 'nosuch'."),
        ("search (a", "unbalanced parentheses"),
        ("search `nosuch`", "nosuch"),
    ],
)
def test_a_search_that_cannot_run_is_no_job(jobs: Jobs, search: str, message: str) -> None:
    with pytest.raises(ApiError, match=message) as caught:
        jobs.start(SearchSpec(search, "admin"))
    assert caught.value.status == 400 and jobs.all() == []


def test_a_search_that_fails_says_why(jobs: Jobs) -> None:
    job = run(jobs, "search index=main `m` | eval x=nosuch(n)")
    assert job.state == "FAILED"
    words, ours, *rest = said(job)
    assert words == ("FATAL", "Error in 'EvalCommand': The 'nosuch' function is unsupported or undefined.")
    assert ours == ("INFO", "at 1:32: unknown eval function 'nosuch' (did you mean 'cosh'?)")
    places = {text.partition(": ")[0] for _, text in rest}  # what it had met until there
    assert places == {"search/default/props.conf:2", "search/default/props.conf:4"}
