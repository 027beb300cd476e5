"""Searches that nobody wants any more, or that take too long, end: the job, its work and its scripts, long before they would by themselves."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from caltrop import children
from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.inprocess import Client
from caltrop.splunkd.searching.jobs import Job
from caltrop.splunkd.searching.pool import Pool
from caltrop.splunkd.state import leftovers
from caltrop.splunkd.wire.http import Request
from tests.patience import PATIENCE, ends, runs, until

from .conftest import Clock

BUSY = '| makeresults count=9000 | streamstats count as i | map maxsearches=9999 search="| makeresults count=9 | eval a=$i$"'
HANGS = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(sys.argv[0] + ".pid", "w").write(str(child.pid))
time.sleep(600)
"""


def started(daemon: Daemon, client: Client, search: str = BUSY, **arguments: str | int) -> Job:
    """A job that runs."""
    answer = client.post("search/jobs", {"search": search, **arguments})
    assert answer.status == 201, answer.text
    job = daemon.searching.jobs.get(answer.json()["sid"])
    assert job is not None
    until(lambda: job.state != "QUEUED", "its turn")
    return job


def test_a_cancelled_search_ends(daemon: Daemon, admin: Client) -> None:
    job = started(daemon, admin)
    assert admin.post(f"search/jobs/{job.sid}/control", action="cancel").status == 200
    assert job.done.wait(PATIENCE) and job.failed and job.shelf is None
    assert admin.get(f"search/jobs/{job.sid}").status == 404
    assert daemon.searching.jobs.freed() and not daemon.searching.jobs.freed()


def test_a_search_is_finalized_at_its_time(daemon: Daemon, admin: Client, clock: Clock) -> None:
    job = started(daemon, admin, max_time=5)
    clock.now += 4
    daemon.searching.jobs.reap()
    assert not job.finalized
    clock.now += 2
    daemon.searching.jobs.reap()
    assert job.done.wait(PATIENCE)
    content = admin.get(f"search/jobs/{job.sid}").content
    assert (content["dispatchState"], content["isFinalized"]) == ("DONE", True)
    assert "auto-finalized after time limit (5 seconds)" in content["messages"]["info"][0]


def test_a_search_that_nobody_asks_for_is_cancelled(daemon: Daemon, admin: Client, clock: Clock) -> None:
    job = started(daemon, admin, auto_cancel=10)
    for _ in range(3):
        clock.now += 8
        assert admin.get(f"search/jobs/{job.sid}").content["runtime"]["auto_cancel"] == "10"
        daemon.searching.jobs.reap()
    clock.now += 11
    daemon.searching.jobs.reap()
    assert job.done.wait(PATIENCE) and daemon.searching.jobs.get(job.sid) is None


@pytest.mark.parametrize("path", ["search/jobs", "search/jobs/export"])
def test_a_search_whose_client_has_gone_is_cancelled(daemon: Daemon, admin: Client, path: str) -> None:
    before = {job.sid for job in daemon.searching.jobs.all()}
    gone = threading.Event()
    body = f"search={BUSY}&exec_mode=blocking&output_mode=json".replace("+", "%2B").encode()
    request = Request("POST", f"/services/{path}", headers=dict(admin.headers), body=body, gone=gone.is_set)
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(daemon.management.handle(request).status))
    thread.start()
    (job,) = until(lambda: [job for job in daemon.searching.jobs.all() if job.sid not in before], "the job")
    assert not job.done.is_set()
    gone.set()
    thread.join(PATIENCE)
    assert answers == [400] and job.done.wait(PATIENCE)


def test_the_script_of_a_cancelled_search_ends_with_all_it_started(
    daemon: Daemon, admin: Client, package: Callable[[str, dict[str, str]], Path]
) -> None:
    daemon.state.install(
        package(
            "hangs", {"bin/hangs.py": HANGS, "default/commands.conf": "[hangs]\nchunked = true\nfilename = hangs.py\n"}
        ),
        update=True,
    )
    job = started(daemon, admin, "| makeresults | hangs", namespace="hangs")
    note = daemon.state.config.app_path("hangs") / "bin" / "hangs.py.pid"
    pid = int(until(lambda: note.exists() and note.read_text(), "the script"))
    assert runs(pid) and list(leftovers.notes(daemon.state.data_dir).iterdir())
    admin.delete(f"search/jobs/{job.sid}")
    assert job.done.wait(PATIENCE)
    ends(pid)
    until(lambda: not list(leftovers.notes(daemon.state.data_dir).iterdir()), "that it is forgotten")


def test_the_largest_search_ends_where_memory_does(daemon: Daemon, admin: Client) -> None:
    few, many = started(daemon, admin), started(daemon, admin, f"{BUSY} | eval b=1")
    few.stop.size, many.stop.size = 10, 20
    many.stop.pause()
    few.stop.pause()
    daemon.searching.jobs.end_largest(1 << 20)
    assert many.done.wait(PATIENCE) and not few.done.is_set()
    assert "no more than 1 MB" in str(admin.get(f"search/jobs/{many.sid}").content["messages"])
    daemon.searching.jobs.remove(few)


def test_results_that_are_large_lie_in_a_file(daemon: Daemon, admin: Client) -> None:
    search = '| makeresults count=3000 | streamstats count as n | eval text="some text ".n, many=split("a,b", ",") | table n text many'
    answer = admin.post("search/jobs", search=search, exec_mode="blocking")
    sid = answer.json()["sid"]
    (folder,) = (daemon.state.data_dir / "var" / "run" / "dispatch").glob(f"{sid}*")
    assert (folder / "results.arrow").exists()
    content = admin.get(f"search/jobs/{sid}").content
    assert (content["resultCount"], content["eventCount"]) == (3000, 0) and content["diskUsage"] > 64 << 10
    daemon.state.instance.kept.clear()
    row = admin.get(f"search/jobs/{sid}/results", offset=2999).json()["results"][0]
    assert row == {"n": "3000", "text": "some text 3000", "many": ["a", "b"]}
    (folder / "results.arrow").write_bytes(b"rubbish")
    daemon.state.instance.kept.clear()
    assert "gone" in admin.get(f"search/jobs/{sid}/results").text
    admin.delete(f"search/jobs/{sid}")
    assert not folder.exists()


def test_a_pool_takes_its_tasks_in_order_and_waits_for_nobody() -> None:
    pool, seen, hold = Pool(2, "test"), list[int](), threading.Event()
    for number in range(5):
        pool.submit(lambda number=number: seen.append(number))  # type: ignore[misc]
    pool.submit(lambda: [][1])
    until(lambda: len(seen) == 5, "what they do")
    assert sorted(seen) == [0, 1, 2, 3, 4]
    begun = threading.Event()

    def wait() -> None:
        begun.set()
        hold.wait(PATIENCE)

    pool.submit(wait)
    assert begun.wait(PATIENCE) and not pool.close(0.1)
    hold.set()


# --- what is left behind ------------------------------------------------------------------------------------------------


def test_children_of_a_server_that_was_killed_end_when_the_next_one_starts(tmp_path: Path) -> None:
    noted, other = tmp_path / "children", subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    code = (
        "import sys, os; from pathlib import Path; from caltrop import children; children.note(Path(sys.argv[1]));"
        "child = children.start([sys.executable, '-c', 'import time; time.sleep(600)'], cwd=Path('/'));"
        "print(child.pid, flush=True); os._exit(1)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(noted)], capture_output=True, text=True, check=False)
    pid = int(done.stdout)
    (noted / str(other.pid)).write_text("another birth")  # a number that was given again
    try:
        assert runs(pid)
        assert children.end_left(noted) == [pid]
        ends(pid)
        assert other.poll() is None and not list(noted.iterdir())
    finally:
        other.kill()
        other.wait()


def test_temporary_directories_of_killed_servers_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers.tempfile, "gettempdir", lambda: str(tmp_path))  # type: ignore[attr-defined]
    for name in ("old", "young", "used"):
        lock = tmp_path / f"{leftovers.PREFIX}{name}" / "var" / "indexes" / "lock"
        lock.parent.mkdir(parents=True)
        lock.touch()
        if name != "young":
            os.utime(lock, (1, 1))
    used = subprocess.Popen(
        [sys.executable, "-c", "import fcntl, sys; f = open(sys.argv[1], 'ab'); fcntl.flock(f, 2); print(1, flush=True); input()",
         str(tmp_path / f"{leftovers.PREFIX}used" / "var" / "indexes" / "lock")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert used.stdout is not None
    used.stdout.readline()
    os.utime(tmp_path / f"{leftovers.PREFIX}used" / "var" / "indexes" / "lock", (1, 1))
    assert leftovers.sweep() == [tmp_path / f"{leftovers.PREFIX}old"]
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"{leftovers.PREFIX}used", f"{leftovers.PREFIX}young"]
    used.communicate(b"\n")
