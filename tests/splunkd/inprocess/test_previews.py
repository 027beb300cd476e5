"""A job that runs shows what it has: to who asks, and to who waits for news."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from caltrop.engine import extractions, previews
from caltrop.engine.previews import Preview
from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.endpoints import jobs as endpoint
from caltrop.splunkd.inprocess import Client
from caltrop.splunkd.searching.jobs import Job
from tests.patience import PATIENCE

from .conftest import START

EVENTS = 60


@pytest.fixture(scope="module", autouse=True)
def shop(daemon: Daemon, admin: Client) -> None:
    assert admin.post("data/indexes", name="shop").status == 201
    lines = [f"{START - 600 + n:.0f} user=u{n % 3} size={n}" for n in range(EVENTS)]
    given = {"index": "shop", "sourcetype": "sales", "source": "s", "host": "h"}
    assert admin.request("POST", "receivers/simple", given, "\n".join(lines).encode()).status == 200
    daemon.state.store.flush()


Held = Callable[..., Job]


@pytest.fixture
def held(daemon: Daemon, admin: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    """Starts searches that are looked at a few events at a time, and wait at the look that has found twenty of them."""
    monkeypatch.setattr(previews, "QUIET", 0.0)
    monkeypatch.setattr(previews, "INTERVAL", 0.0)
    monkeypatch.setattr(previews, "SHARE", 1e9)
    monkeypatch.setattr(extractions, "SLICE", 10)
    daemon.state.instance.kept.clear()  # nothing is extracted yet
    gate, there = threading.Event(), threading.Event()
    show = Job.show

    def stand(job: Job, seen: Preview) -> None:
        show(job, seen)
        if seen.scanned >= 20:
            there.set()
            assert gate.wait(PATIENCE)

    monkeypatch.setattr(Job, "show", stand)
    started: list[Job] = []

    def start(text: str, **arguments: str | int) -> Job:
        answer = admin.post("search/jobs", {"search": text, **arguments})
        assert answer.status == 201, answer.text
        job = daemon.searching.jobs.get(answer.json()["sid"])
        assert job is not None and there.wait(PATIENCE)
        started.append(job)
        return job

    def release() -> None:
        gate.set()

    start.release = release  # type: ignore[attr-defined]
    yield start
    gate.set()
    assert all(job.done.wait(PATIENCE) for job in started)


def ended(held: Held, job: Job) -> None:
    held.release()  # type: ignore[attr-defined]
    assert job.done.wait(PATIENCE) and job.state == "DONE"


def test_events_are_there_before_the_search_has_ended(held: Held, admin: Client) -> None:
    job = held("search index=shop size>5", status_buckets=300)
    path = f"search/jobs/{job.sid}"
    content = admin.get(path).content
    assert not content["isDone"] and content["isPreviewEnabled"] and content["numPreviews"] > 0
    assert content["dispatchState"] == "RUNNING" and 0 < content["doneProgress"] < 1
    counts = [content[f"{name}Count"] for name in ("scan", "event", "eventAvailable", "resultPreview", "result")]
    assert counts == [20, 20, 20, 20, 0]
    assert admin.get(f"{path}/results").status == 204
    preview = admin.get(f"{path}/results_preview", count=0).json()
    assert preview["preview"] is True
    sizes = [row["size"] for row in preview["results"]]
    assert sizes == [str(n) for n in range(EVENTS - 1, EVENTS - 21, -1)]
    assert [row["size"] for row in admin.get(f"{path}/events", count=0).json()["results"]] == sizes
    paged = admin.get(f"{path}/events", offset=5, count=2).json()["results"]
    assert [(row["size"], row["_serial"]) for row in paged] == [(sizes[5], "5"), (sizes[6], "6")]
    assert sum(b["total_count"] for b in admin.get(f"{path}/timeline").json()["buckets"]) == 20
    summary = admin.get(f"{path}/summary").json()
    assert (summary["event_count"], summary["fields"]["user"]["distinct_count"]) == (20, 3)
    ended(held, job)
    assert admin.get(path).content["eventCount"] == EVENTS - 6
    whole = admin.get(f"{path}/results", count=0).json()
    assert (whole["preview"], [row["size"] for row in whole["results"]][:20]) == (False, sizes)
    again = admin.get(f"{path}/results_preview", count=0).json()
    assert (again["preview"], len(again["results"])) == (False, EVENTS - 6)


def test_results_are_those_of_the_events_so_far(held: Held, admin: Client) -> None:
    job = held("search index=shop | stats count by user | sort user", status_buckets=300)
    path = f"search/jobs/{job.sid}"
    rows = admin.get(f"{path}/results_preview").json()["results"]
    assert [row["user"] for row in rows] == ["u0", "u1", "u2"] and sum(int(row["count"]) for row in rows) == 20
    content = admin.get(path).content
    assert (content["eventCount"], content["resultPreviewCount"], content["resultCount"]) == (20, 3, 0)
    post = admin.get(f"{path}/results_preview", search="stats sum(count) as n").json()["results"]
    assert post == [{"n": "20"}]
    ended(held, job)
    assert sum(int(row["count"]) for row in admin.get(f"{path}/results").json()["results"]) == EVENTS


def test_events_of_a_report_are_kept_only_where_they_are_asked_for(held: Held, admin: Client) -> None:
    job = held("search index=shop | stats count by user", preview=1)
    path = f"search/jobs/{job.sid}"
    assert len(admin.get(f"{path}/results_preview").json()["results"]) == 3
    assert admin.get(f"{path}/events").json()["results"] == []
    assert admin.get(path).content["eventAvailableCount"] == 0


@contextmanager
def looks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Preview]]:
    seen: list[Preview] = []
    monkeypatch.setattr(previews, "QUIET", 0.0)
    monkeypatch.setattr(extractions, "SLICE", 10)
    monkeypatch.setattr(Job, "show", lambda job, preview: seen.append(preview))
    yield seen


@pytest.mark.parametrize(
    "arguments",
    [{}, {"preview": 0, "status_buckets": 300}, {"exec_mode": "oneshot", "preview": 1, "status_buckets": 9}],
)
def test_nothing_is_done_for_previews_that_nobody_wants(
    admin: Client, daemon: Daemon, monkeypatch: pytest.MonkeyPatch, arguments: dict[str, str | int]
) -> None:
    with looks(monkeypatch) as seen:
        asked = {"search": "search index=shop | stats count by user", "exec_mode": "blocking", **arguments}
        answer = admin.post("search/jobs", asked)
        assert answer.status in {200, 201} and not seen
    if "sid" in answer.json():
        content = admin.get(f"search/jobs/{answer.json()['sid']}").content
        assert (content["isPreviewEnabled"], content["numPreviews"]) == (False, 0)


def test_who_stops_a_search_keeps_what_there_was(held: Held, admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("caltrop.engine.budget.GRACE", 0.0)
    job = held("search index=shop size>5", status_buckets=300)
    assert admin.post(f"search/jobs/{job.sid}/control", action="finalize").status == 200
    ended(held, job)
    content = admin.get(f"search/jobs/{job.sid}").content
    assert (content["isFinalized"], content["eventCount"], content["resultCount"]) == (True, 20, 20)
    rows = admin.get(f"search/jobs/{job.sid}/results", count=1).json()["results"]
    assert [row["size"] for row in rows] == [str(EVENTS - 1)]


def test_news_are_waited_for(held: Held, admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    job = held("search index=shop | stats count by user", status_buckets=300)
    path = f"search/jobs/{job.sid}/progress"
    told = admin.get(path).json()
    assert told["content"]["sid"] == job.sid and told["changes"] == job.changes and not told["isDone"]
    assert [stage["name"] for stage in told["stages"]] == ["search", "stats"]
    monkeypatch.setattr(endpoint, "LONGEST_WAIT", 0.0)
    assert admin.get(path, changes=told["changes"]).json()["changes"] == told["changes"], "no news in that time"
    monkeypatch.setattr(endpoint, "LONGEST_WAIT", 60.0)
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(admin.get(path, changes=told["changes"]).json()))
    waiting.start()
    ended(held, job)
    waiting.join(20)
    (answer,) = answers
    assert answer["changes"] > told["changes"]
    last = admin.get(path).json()
    assert last["isDone"] and last["content"]["resultCount"] == 3 and last["stages"][1]["rows"] == 3
    assert admin.get(path, changes=last["changes"]).json() == last, "a job that has ended is not waited for"


def test_progress_is_the_owners(admin: Client, someone: Callable[[str], Client]) -> None:
    sid = admin.post("search/jobs", search="| makeresults", exec_mode="blocking").json()["sid"]
    assert admin.get(f"search/jobs/{sid}/progress").status == 200
    assert someone("user").get(f"search/jobs/{sid}/progress").status == 404
    assert admin.get(f"search/jobs/{sid}/progress", changes="many").status == 400
