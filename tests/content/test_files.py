"""Files that are read by two processes, or were read before, are what they are when one process reads them."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from caltrop.content import files, halves, load
from caltrop.content.cache import Bundle
from caltrop.content.checks import search
from caltrop.content.files import read_all
from tests.content.sample import DETECTION, Repository

FILES = 200  # enough for two processes


@pytest.fixture
def macros(tmp_path: Path) -> Path:
    folder = tmp_path / "macros"
    folder.mkdir()
    for number in range(FILES):
        broken = "" if number % 7 else "\nversoin: 3"  # faults come back, too
        (folder / f"m{number:03}.yml").write_text(
            f"name: m{number:03}\ndescription: Number {number}.\ndefinition: index=i{number}{broken}\n"
        )
    (folder / "no_mapping.yml").write_text("- just a list\n")
    return tmp_path


def everything(root: Path, bundle: Bundle | None) -> list[tuple[str, Any, list[Any]]]:
    return list(read_all(root, bundle))


@pytest.fixture
def alone(macros: Path) -> list[tuple[str, Any, list[Any]]]:
    found = everything(macros, None)
    assert len(found) == FILES + 1 and sum(bool(problems) for _, _, problems in found) == 30
    return found


@pytest.fixture
def forks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that were started, on a machine with two cores."""
    started: list[int] = []
    own = os.fork

    def fork() -> int:
        pid = own()
        if pid:
            started.append(pid)
        return pid

    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(os, "fork", fork)
    monkeypatch.setattr(halves, "may_fork", lambda: True)
    return started


def test_two_processes_read_what_one_does(macros: Path, alone: list[Any], forks: list[int]) -> None:
    assert everything(macros, Bundle(macros / "cache")) == alone
    assert len(forks) == 1


def test_what_was_read_before_is_not_read_again(macros: Path, alone: list[Any], forks: list[int]) -> None:
    bundle = Bundle(macros / "cache")
    everything(macros, bundle)
    bundle.save()
    assert everything(macros, Bundle(macros / "cache")) == alone
    (macros / "macros" / "m001.yml").write_text("name: m001\ndescription: Other.\ndefinition: index=other\n")
    changed = everything(macros, Bundle(macros / "cache"))
    assert [new[1].definition for new, old in zip(changed, alone, strict=True) if new != old] == ["index=other"]
    assert len(forks) == 1


def test_few_files_need_one_process(macros: Path, forks: list[int]) -> None:
    for path in sorted((macros / "macros").glob("m*.yml"))[100:]:
        path.unlink()
    everything(macros, Bundle(macros / "cache"))
    assert forks == []


def test_a_process_with_threads_does_not_fork(
    macros: Path, alone: list[Any], forks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    ended = threading.Event()
    thread = threading.Thread(target=ended.wait)
    thread.start()
    try:
        assert not halves.may_fork()
    finally:
        ended.set()
        thread.join()
    assert everything(macros, Bundle(macros / "cache")) == alone


def test_one_core_reads_alone(
    macros: Path, alone: list[Any], forks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert everything(macros, Bundle(macros / "cache")) == alone
    assert forks == []


def test_a_process_that_dies_costs_time_and_no_file(
    macros: Path, alone: list[Any], forks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(out: int, into: int, work: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(halves, "_child", dies)
    assert everything(macros, Bundle(macros / "cache")) == alone
    assert len(forks) == 1


def test_a_process_that_fails_half_way_costs_no_file(
    macros: Path, alone: list[Any], forks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    own, parent = files._packed, os.getpid()

    def packed(jobs: Sequence[Any]) -> list[bytes]:
        if os.getpid() != parent:
            raise MemoryError
        return own(jobs)

    monkeypatch.setattr(files, "_packed", packed)
    assert everything(macros, Bundle(macros / "cache")) == alone
    assert len(forks) == 1


def test_searches_are_checked_by_two_processes_as_by_one(
    repository: Repository, forks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = repository()
    for number in range(4):
        wrong = DETECTION.replace("Some Process", f"Process {number}").replace("| stats", "| stat")
        (folder / f"detections/endpoint/process_{number}.yml").write_text(wrong)
    alone = [str(problem) for problem in load(folder).problems]
    assert sum("'stat' is no command" in problem for problem in alone) == 4
    monkeypatch.setattr(search, "_ALONE", 1)
    assert [str(problem) for problem in load(folder).problems] == alone
    assert len(forks) == 1
