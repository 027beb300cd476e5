"""The prompt and the pager on a real terminal: what a person types, and what stands on the screen."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyte
import pytest

pytestmark = pytest.mark.slow

LOG = "2023-11-14 10:00:00 level=info user=ann\n2023-11-14 10:00:05 level=error user=bob\n"
SECONDS = 60.0  # for one thing to appear; a start under load takes many
COLUMNS, LINES = 80, 40


class Screen(pyte.Screen):
    """Answers where the cursor is."""

    def __init__(self, answers: int) -> None:
        super().__init__(COLUMNS, LINES)
        self.answers = answers

    def write_process_input(self, data: str) -> None:
        os.write(self.answers, data.encode())


class Terminal:
    """A program that believes to have a person before it, and the screen that the person sees."""

    def __init__(self, words: list[str], folder: Path, environment: Mapping[str, str]) -> None:
        self.master, slave = pty.openpty()
        self.screen = Screen(self.master)
        self.stream = pyte.ByteStream(self.screen)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        env = {**os.environ, "TERM": "linux", "XDG_STATE_HOME": str(folder / "state"), **environment}
        for name in ("COLUMNS", "LINES"):
            env.pop(name, None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "caltrop", *words],
            cwd=folder,
            env=env,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def types(self, text: str) -> None:
        os.write(self.master, text.encode())

    def shows(self, wanted: str, *, last: bool = False) -> None:
        """Waits until it stands on the screen, lines one below the other; `last`: with nothing below it."""
        end = time.monotonic() + SECONDS
        while not (self.seen().rstrip().endswith(wanted) if last else wanted in self.seen()):
            ready, _, _ = select.select([self.master], [], [], max(0.0, end - time.monotonic()))
            try:
                data = os.read(self.master, 65536) if ready else b""
            except OSError:  # the program has ended
                data = b""
            if not data:
                raise AssertionError(f"{wanted!r} did not appear on:\n{self.seen()}")
            self.stream.feed(data)

    def seen(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display)

    def ends(self) -> int:
        return self.process.wait(SECONDS)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(SECONDS)
        os.close(self.master)


@pytest.fixture
def prompt(tmp_path: Path) -> Iterator[Terminal]:
    (tmp_path / "app.log").write_text(LOG)
    terminal = Terminal(["shell", "--no-addons", "--data", "app.log"], tmp_path, {"PAGER": "head -3"})
    terminal.shows("spl>")
    yield terminal
    terminal.close()


def test_a_person_asks_errs_completes_and_leaves(prompt: Terminal, tmp_path: Path) -> None:
    prompt.types("* | stats count by level\r")
    prompt.shows("level  count\nerror      1\ninfo       1\n(2 rows")
    prompt.shows("spl>", last=True)
    prompt.types("* | evl x=1\r")
    prompt.shows("    ^\nunknown command 'evl'\n  hint: did you mean 'eval'?")
    prompt.shows("spl>", last=True)
    prompt.types("level=er\t")
    prompt.shows("error  value")
    prompt.types("\t")
    prompt.shows("spl> level=error")
    prompt.types(" | table user\r")
    prompt.shows("user\nbob\n(1 row")
    prompt.shows("spl>", last=True)
    prompt.types("* | stats count(\r")  # open: the line goes on
    prompt.types("user)\r")
    prompt.shows("count(user)\n          2\n(1 row")
    prompt.shows("spl>", last=True)
    prompt.types("\x04")
    assert prompt.ends() == 0
    assert "+* | stats count by level" in (tmp_path / "state" / "caltrop" / "history").read_text()


def test_a_long_answer_goes_to_the_pager(prompt: Terminal) -> None:
    prompt.types("| makeresults count=100 | streamstats count as n | table n\r")
    prompt.shows("| table n\n  n\n  1\n  2\nspl>")  # the pager of this test shows three lines


@pytest.mark.parametrize(("rows", "paged"), [(10, False), (100, True)])
def test_results_of_one_search(tmp_path: Path, rows: int, paged: bool) -> None:
    search = f"| makeresults count={rows} | streamstats count as n | table n"
    terminal = Terminal(["search", "--no-addons", search], tmp_path, {"PAGER": "sed s/^/paged:/"})
    terminal.shows(f"{rows}")
    assert ("paged:" in terminal.seen()) is paged
    terminal.close()
