"""How far something is: on a terminal only."""

from __future__ import annotations

import sys

import pytest

from caltrop.cli.progress import bar, shown


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
