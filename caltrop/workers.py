"""Work in parallel processes, each piece alone: what kills its process is that piece's result, and the others go on."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")
Ahead = list["_Worker[Any]"]  # processes that wait for how to begin
GRACE_SECONDS = 5.0  # for a process to end once it has been asked to


@dataclass(frozen=True, slots=True)
class Died:
    """The process that had the task ended without an answer; `exitcode` is negative for a signal."""

    exitcode: int | None

    def __str__(self) -> str:
        code = self.exitcode
        return (
            f"the process was ended by signal {-code}"
            if code is not None and code < 0
            else f"the process ended ({code})"
        )


@dataclass(slots=True)
class _Worker(Generic[Task]):
    process: BaseProcess
    pipe: Connection
    task: Task | None = None


@contextmanager
def ahead(module: str, jobs: int) -> Iterator[Ahead]:
    """So many processes, which load a module while this one finds out what there is to do; those that nobody `run`s are ended."""
    idle = [_begin(jobs, module) for _ in range(jobs)]
    try:
        yield idle
    finally:
        for worker in idle:
            worker.pipe.close()
            worker.process.terminate()
            worker.process.join(GRACE_SECONDS)


def run(
    start: Callable[[], Callable[[Task], Result]], tasks: Iterable[Task], jobs: int, idle: Ahead | None = None
) -> Iterator[tuple[Task, Result | Died]]:
    """Results as they come, in no order. `start` runs once in each process and gives the function for its tasks.

    `start` and the tasks must pickle: processes are spawned, since threads of this one (Polars' among them) do not
    survive a fork. Those of `idle` (`ahead`) are taken from there first.
    """
    waiting = iter(tasks)
    workers: list[_Worker[Task]] = []
    try:
        while True:
            while len(workers) < max(jobs, 1):
                task = next(waiting, None)
                if task is None:
                    break
                worker: _Worker[Task] = idle.pop() if idle else _begin(jobs)
                workers.append(worker)
                _send(worker, start)
                _give(worker, task)
            if not workers:
                return
            for pipe in wait([worker.pipe for worker in workers]):
                worker = next(w for w in workers if w.pipe is pipe)
                assert worker.task is not None
                done = worker.task
                try:
                    result: Result | Died = worker.pipe.recv()
                except (EOFError, ConnectionError):
                    worker.process.join(GRACE_SECONDS)
                    result = Died(worker.process.exitcode)
                following = None if isinstance(result, Died) else next(waiting, None)
                if following is None:
                    workers.remove(worker)
                    _end(worker)
                else:
                    _give(worker, following)
                yield done, result
    finally:
        for worker in workers:
            _end(worker)


def _begin(jobs: int, module: str = "") -> _Worker[Any]:
    """One of so many processes. They share the machine: more threads of Polars in each than it has cores for cost a tenth in switching."""
    threads = max((os.cpu_count() or 1) // max(jobs, 1), 1)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, module, threads), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours)


def _give(worker: _Worker[Task], task: Task) -> None:
    worker.task = task
    _send(worker, task)


def _send(worker: _Worker[Task], what: object) -> None:
    try:
        worker.pipe.send(what)
    except ConnectionError:
        return  # it died while it waited: reading from it says so


def _end(worker: _Worker[Task]) -> None:
    worker.pipe.close()
    worker.process.join(GRACE_SECONDS)
    if worker.process.is_alive():
        worker.process.terminate()
        worker.process.join(GRACE_SECONDS)


def _serve(pipe: Connection, module: str, threads: int) -> None:
    """In the process: how to begin, then one task after the other until there is nobody to answer."""
    os.environ.setdefault("POLARS_MAX_THREADS", str(threads))  # read once, when Polars is loaded
    if module:
        import_module(module)
    try:
        work = pipe.recv()()
    except EOFError:
        return
    while True:
        try:
            task = pipe.recv()
        except EOFError:
            return
        pipe.send(work(task))
