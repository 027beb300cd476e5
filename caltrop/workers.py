"""Work in parallel processes, each piece alone: what kills its process is that piece's result, and the others go on."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Generic, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")
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


def run(
    start: Callable[[], Callable[[Task], Result]], tasks: Iterable[Task], jobs: int
) -> Iterator[tuple[Task, Result | Died]]:
    """Results as they come, in no order. `start` runs once in each process and gives the function for its tasks.

    `start` and the tasks must pickle: processes are spawned, since threads of this one (Polars' among them) do not
    survive a fork.
    """
    waiting = iter(tasks)
    workers: list[_Worker[Task]] = []
    try:
        while True:
            while len(workers) < max(jobs, 1):
                task = next(waiting, None)
                if task is None:
                    break
                workers.append(_begin(start))
                _give(workers[-1], task)
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


def _begin(start: Callable[[], Callable[[Task], Result]]) -> _Worker[Task]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, start), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours)


def _give(worker: _Worker[Task], task: Task) -> None:
    worker.task = task
    try:
        worker.pipe.send(task)
    except ConnectionError:
        return  # it died while it waited: reading from it says so


def _end(worker: _Worker[Task]) -> None:
    worker.pipe.close()
    worker.process.join(GRACE_SECONDS)
    if worker.process.is_alive():
        worker.process.terminate()
        worker.process.join(GRACE_SECONDS)


def _serve(pipe: Connection, start: Callable[[], Callable[[Task], Result]]) -> None:
    """In the process: one task after the other until there is nobody to answer."""
    work = start()
    while True:
        try:
            task = pipe.recv()
        except EOFError:
            return
        pipe.send(work(task))
