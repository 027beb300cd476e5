"""caltrop conformance at a shell: what is no case is an error, and so is a run of none."""

from __future__ import annotations

from pathlib import Path

import pytest

from caltrop.cli import main

CASE = "- id: one\n  search: '| makeresults | eval a=1 | table a'\n  expect: [{a: '1'}]\n"


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        (CASE, ["--case", "two"], "no case is called two"),
        ("name: x\n", [], "cases.yaml:1:1: this is no list of cases"),
        ("# nothing\n", [], "there is no case"),
        ("- id: [\n", [], "cannot read the cases"),
        ("- id: one\n", [], "cases.yaml:1:1: a case needs id, search"),
    ],
)
def test_what_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, words: list[str], said: str
) -> None:
    (tmp_path / "cases.yaml").write_text(text)
    assert main(["conformance", str(tmp_path), *words]) == 2
    assert said in capsys.readouterr().err


def test_cases_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cases.yaml").write_text(CASE + CASE.replace("one", "two").replace("'1'", "'2'"))
    assert main(["conformance", str(tmp_path), "--case", "one"]) == 0
    assert main(["conformance", str(tmp_path)]) == 1
    assert "1 passed, 1 failed" in capsys.readouterr().out
