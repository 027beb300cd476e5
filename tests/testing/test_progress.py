"""How far something is: on a terminal only."""

from __future__ import annotations

import re
import signal
import sys
import time

import pytest

from caltrop.cli import progress
from caltrop.cli.progress import bar, shown, waiting


@pytest.mark.parametrize("terminal", [True, False])
def test_items_pass_and_only_a_terminal_hears_of_it(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert list(shown("doing", iter("abc"), 3)) == ["a", "b", "c"]
    with bar("loading", None, unit="bytes") as progress:
        progress.total(10)
        progress.advance(4)
    said = capsys.readouterr()
    assert said.out == ""
    if not terminal:
        assert said.err == ""


@pytest.mark.parametrize(("terminal", "seconds"), [(True, 0.2), (True, 0.0), (False, 0.2)])
def test_what_takes_longer_is_told_on_a_terminal_and_wiped_away(
    terminal: bool, seconds: float, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    monkeypatch.setattr(
        progress, "PATIENCE", 0.05 if seconds else 60.0
    )  # what is quick is quick on a busy machine, too
    before = signal.getsignal(signal.SIGALRM)
    with waiting("reading"), waiting("a part of that"):
        time.sleep(seconds)
    said = capsys.readouterr()
    assert said.out == ""
    if terminal and seconds:
        assert re.search(r"reading … \d+ s", said.err) and "a part" not in said.err and said.err.endswith("\r\x1b[K")
    else:
        assert said.err == ""
    assert signal.getsignal(signal.SIGALRM) == before and signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_an_error_leaves_no_timer_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with pytest.raises(ValueError, match="broken"), waiting("reading"):
        raise ValueError("broken")
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
