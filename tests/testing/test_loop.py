"""The loop of `caltrop test` on a small repository: parts, side by side, stopping, staying, watching."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

import pytest

from caltrop.cli import main
from tests.patience import PATIENCE
from tests.testing.test_edited import ODD, sample_repository

pytestmark = pytest.mark.slow
BROKEN = "detections/endpoint/broken_login.yml"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The sample, and a second detection that is proved with it."""
    sample_repository(tmp_path)
    second = (tmp_path / ODD).read_text().replace("Odd Login", "Second Login").replace("odd_login", "second_login")
    (tmp_path / "detections/endpoint/second_login.yml").write_text(second.replace("3f0c1d1e", "3f0c1d1f"))
    return tmp_path


def break_first(repository: Path) -> None:
    """A detection that comes before the others, and finds nothing."""
    text = (repository / ODD).read_text()
    text = (
        text.replace("Odd Login", "Broken Login").replace("odd_login", "broken_login").replace("3f0c1d1e", "3f0c1d20")
    )
    (repository / BROKEN).write_text(text.replace("action=odd", "akshun=odd"))


def run(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str]:
    code = main(["test", *map(str, words)])
    said = capsys.readouterr()
    return code, said.out + said.err


def test_one_of_two_says_what_it_left_out(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "detections" / "endpoint" / "second_login.yml").write_text("name: Second Login\nnot: valid\n")
    code, said = run(capsys, "--content", repository, ODD)
    assert code == 0, said
    assert "1 of 2 detections, with what they use, were checked, built and installed" in said
    assert not (repository / "dist").exists(), "a part is never left where the package is"


def test_shards_side_by_side_and_merged(repository: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, said = run(capsys, "--content", repository, "--jobs", "2", "--report", tmp_path / "both")
    assert code == 0 and "2 passed" in said and "on 2 embedded servers" in said, said
    assert "ok tuning survives reinstall" in said
    for part in ("1/2", "2/2"):
        code, said = run(capsys, "--content", repository, "--shard", part, "--report", tmp_path / part[0])
        assert code == 0 and "1 passed" in said, said
    code, said = run(capsys, "--merge", tmp_path / "1", "--merge", tmp_path / "2", "--report", tmp_path / "all")
    assert code == 0 and "2 passed" in said and "merged from 2 reports" in said
    assert {path.name for path in (tmp_path / "all").iterdir()} == {
        "report.html",
        "report.json",
        "junit.xml",
        "navigator.json",
    }
    code, said = run(capsys, "--content", repository, "--shard", "3/3")
    assert code == 0 and "there is nothing to prove" in said


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_fail_fast_stops(repository: Path, capsys: pytest.CaptureFixture[str], jobs: str) -> None:
    break_first(repository)
    if jobs == "2":  # which of two is done first, nobody knows: all of them find nothing
        for path in (repository / "detections" / "endpoint").iterdir():
            path.write_text(path.read_text().replace("action=odd", "akshun=odd"))
    code, said = run(capsys, "--content", repository, "--fail-fast", "--jobs", jobs)
    assert code == 1, said
    assert re.search(r"stopped at a failure: \d detections were not run", said)
    assert re.search("failed: (Broken|Odd|Second) Login" if jobs == "2" else "failed: Broken Login", said)


def test_contradictions_are_told(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--watch", "--shard", "1/2"], ["--keep", "--jobs", "2"], ["--target", "https://h", "--watch"]):
        assert main(["test", "--content", str(repository), *words]) == 2
    assert "hint:" in capsys.readouterr().err


# -- what stays


@contextmanager
def running(*words: str) -> Iterator[tuple[subprocess.Popen[str], Queue[str]]]:
    """The command in a process of its own, with the lines that it says."""
    process = subprocess.Popen(
        [sys.executable, "-m", "caltrop", "test", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    lines: Queue[str] = Queue()
    assert process.stdout is not None
    stream = process.stdout

    def read() -> None:
        for line in stream:
            lines.put(line)

    threading.Thread(target=read, daemon=True).start()
    try:
        yield process, lines
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def until(lines: Queue[str], text: str, seconds: float = 120) -> list[str]:
    """The lines up to one with the text."""
    said: list[str] = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            said.append(lines.get(timeout=max(deadline - time.monotonic(), 0.01)))
        except Exception:
            break
        if text in said[-1]:
            return said
    raise AssertionError(f"no {text!r} in {said}")


def test_a_saved_file_is_proved_again_on_the_same_server(repository: Path) -> None:
    with running("--content", str(repository), ODD, "--watch") as (process, lines):
        assert any("passed: Odd Login" in line for line in until(lines, "watching"))
        macro = repository / "macros" / "logins.yml"
        good = macro.read_text()
        macro.write_text(good.replace("sourcetype=", "sourcetype=not_"))
        assert any("failed: Odd Login: 0 hits" in line for line in until(lines, "hits: 0 hits, expected exactly 2"))
        macro.write_text("name: logins\ndefinition: [\n")
        until(lines, "hint: fix them")
        macro.write_text(good)
        until(lines, "passed: Odd Login: 2 hits")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0


def test_keep_leaves_the_server_up_and_says_where(repository: Path) -> None:
    break_first(repository)
    with running("--content", str(repository), "Broken Login", "--keep") as (process, lines):
        said = "".join(until(lines, "Ctrl-C ends it"))
        found = re.search(r"kept: (https://\S+) \(HEC \S+\), user admin, password (\S+)", said)
        assert found and "search: 'Proof - Broken Login - Rule' in app 'proof_app'" in said
        mark = re.search(r'data: index=\* host="(caltrop-\w+)"', said)
        assert mark
        from caltrop.replay.remote import Credentials, RemoteTarget

        target = RemoteTarget.connect(found[1], Credentials("admin", found[2]))
        rows = target.search(f'search index=* host="{mark[1]}" | stats count', earliest_time="0")
        assert int(rows[0]["count"]) > 0, "its data is still there"
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 1
