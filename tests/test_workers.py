"""Parallel processes: all results come, and a task that kills its process is one result among the others."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

import pytest

from caltrop.workers import Died, ahead, run

pytestmark = pytest.mark.slow  # starts processes


def start() -> Callable[[int], int]:
    return square


def square(number: int) -> int:
    if number < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def broken() -> Callable[[int], int]:
    raise RuntimeError("cannot start")


def who() -> Callable[[int], tuple[int, bool]]:
    return lambda _: (os.getpid(), "colorsys" in sys.modules)


def threads() -> Callable[[int], int]:
    import polars

    return lambda _: polars.thread_pool_size()


@pytest.mark.parametrize("jobs", [1, 3])
def test_every_task_has_one_result(jobs: int) -> None:
    assert sorted(run(start, range(7), jobs)) == [(number, number * number) for number in range(7)]


def test_no_tasks_start_no_process() -> None:
    assert list(run(start, [], 2)) == []


def test_a_task_that_kills_its_process_is_told_and_the_rest_goes_on() -> None:
    found = dict(run(start, [1, -1, 2, 3], 1))
    assert found == {1: 1, -1: Died(-signal.SIGKILL), 2: 4, 3: 9}
    assert str(found[-1]) == "the process was ended by signal 9"


def test_a_process_that_cannot_start_ends_its_task_only(capfd: pytest.CaptureFixture[str]) -> None:
    assert dict(run(broken, [1, 2], 2)) == {1: Died(1), 2: Died(1)}
    assert "cannot start" in capfd.readouterr().err


def test_processes_that_were_begun_ahead_are_taken_and_the_others_end() -> None:
    with ahead("colorsys", 2) as idle:
        begun = [worker.process for worker in idle]
        found = dict(run(who, [1], 1, idle))
        assert found[1] in [(process.pid, True) for process in begun]
        assert [process.is_alive() for process in begun].count(True) == 1
    assert not any(process.is_alive() for process in begun)


@pytest.mark.parametrize(("jobs", "share"), [(1, 4), (2, 2), (3, 1), (9, 1)])
def test_the_processes_share_the_cores(jobs: int, share: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POLARS_MAX_THREADS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    assert dict(run(threads, [1], jobs)) == {1: share}


def test_who_says_how_many_threads_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLARS_MAX_THREADS", "3")
    assert dict(run(threads, [1], 2)) == {1: 3}


def test_processes_that_cannot_load_what_they_should_are_told(capfd: pytest.CaptureFixture[str]) -> None:
    with ahead("caltrop.no_such_module", 1) as idle:
        assert dict(run(start, [2], 1, idle)) == {2: Died(1)}
    assert "no_such_module" in capfd.readouterr().err
