"""caltrop btool: stanzas by what they match."""

from __future__ import annotations

import pytest

from caltrop.cli import main


def test_a_source_type_is_shown_with_the_patterns_that_match_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["btool", "props", "XmlWinEventLog", "--debug"]) == 0
    lines = capsys.readouterr().out.splitlines()
    stanzas = [line.split("  ")[-1].strip() for line in lines if line.strip().startswith("[")]
    assert stanzas[:2] == ["[XmlWinEventLog]", "[(?::){0}(?i)xmlwineventlog...]"]
    assert any("props.conf:" in line and "KV_MODE = none" in line for line in lines)


def test_a_source_is_shown_with_the_patterns_that_match_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["btool", "props", "source::XmlWinEventLog:Security"]) == 0
    assert "[source::(?i)(Xml)?WinEventLog:Security]" in capsys.readouterr().out.splitlines()


def test_a_stanza_that_there_is_not_gets_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["btool", "macros", "cim_Endpoint_index"]) == 2
    assert "did you mean 'cim_Endpoint_indexes'?" in capsys.readouterr().err
