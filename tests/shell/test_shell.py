"""The prompt: answers, completion, lines that belong together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from caltrop.cli import results
from caltrop.cli.loading import loaded
from caltrop.cli.shell import command
from caltrop.engine.instance import SearchResult
from caltrop.shell.complete import Names, complete, proposals
from caltrop.shell.session import Ended, Session

LOG = "2023-11-14 10:00:00 level=info user=ann\n2023-11-14 10:00:05 level=error user=bob\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_text(LOG)
    return path


@pytest.fixture
def session(log: Path) -> Iterator[Session]:
    def show(result: SearchResult, form: str) -> Iterator[str]:
        return results.lines_of(result.table, form)

    with loaded([str(log)], [], addons=False) as instance:
        yield Session(instance, show, ("table", "vertical"))


def test_a_search_is_answered_with_its_results(session: Session) -> None:
    lines = list(session.answer("* | stats count by level"))
    assert lines[:3] == ["level  count", "error      1", "info       1"]
    assert lines[3].startswith("(2 rows, ")


def test_a_fault_stands_under_its_place(session: Session) -> None:
    assert list(session.answer("* | evall x")) == [
        "* | evall x", "    ^", "unknown command 'evall'", "  hint: did you mean 'eval'?"
    ]  # fmt: skip
    assert list(session.answer("*\n| eval a=(1"))[1].strip() == "^"


def test_an_empty_result_is_explained(session: Session) -> None:
    assert "nearest: `error`" in "\n".join(session.answer("level=eror"))


def test_orders(session: Session) -> None:
    assert list(session.answer("\\stages")) == ["nothing was searched yet"]
    list(session.answer("level=error | stats count"))
    assert [line.split() for line in session.answer("\\stages")] == [
        ["1", "1", "search", "level=error"], ["2", "1", "stats", "count"]
    ]  # fmt: skip
    list(session.answer("*"))
    assert list(session.answer("\\fields lev*")) == ["level  100%  2 values: error (1), info (1)"]
    list(session.answer("\\format vertical"))
    assert next(session.answer("level=error")) == "-- 1 --"
    assert list(session.answer("\\format tabel")) == ["formats are table, vertical; did you mean 'table'?"]
    assert list(session.answer("\\explan")) == ["there is no \\explan: did you mean '\\\\explain'?"]
    assert {line.split()[0] for line in session.answer("\\help")} >= {"\\explain", "\\stages", "\\fields", "\\quit"}
    with pytest.raises(Ended):
        list(session.answer("\\quit"))


# --- completion --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "text", "kind"),
    [
        ("* | sta", "stats", "command"),
        ("* |  | sort", "sort", "command"),
        ("le", "level", "field"),
        ("level=e", "error", "value"),
        ('level="e', '"error"', "value"),
        ("user=bob level!=i", "info", "value"),
        ("* | stats count by le", "level", "field"),
        ("* | stats cou", "count", "function"),
        ("* | eval x=stri", "strip", "function"),
        ("* | eval x=strf", "strftime(", "function"),
        ("search [ * | wh", "where", "command"),
        ("\\ex", "\\explain", "order"),
    ],
)
def test_what_may_come_next(session: Session, before: str, text: str, kind: str) -> None:
    found = list(proposals(before, session.names))
    if text in ("sort", "strip"):  # is there already, or is none
        assert text not in [p.text for p in found]
        return
    (proposal,) = [p for p in found if p.text == text]
    assert proposal.kind == kind
    assert before.endswith(before[len(before) - proposal.replaces :])


def test_macros_and_awkward_values() -> None:
    names = Names(macros=["sysmon"], values={"path": ["C:\\Program Files"]})
    assert [p.text for p in proposals("`sys", names)] == ["sysmon"]
    assert [p.text for p in proposals("path=", names)] == ['"C:\\\\Program Files"']


@given(st.text(max_size=60))
def test_any_text_can_be_completed(text: str) -> None:
    names = Names(
        commands=["stats"], fields=["a"], values={"a": ["x y"]}, functions=["len"], macros=["m"], orders=["\\q"]
    )
    for proposal in proposals(text, names):
        assert 0 <= proposal.replaces <= len(text)


@pytest.mark.parametrize(
    ("text", "whole"),
    [("a", True), ("a |", False), ("a | \n", False), ('x="a', False), ('x="a\\"', False), ('x="a\\""', True), ("x=(a", False),
     ("[search a", False), ("`m", False), ("`m`", True), ("```c", False), ("a \\", False), ('x="(["', True)],
)  # fmt: skip
def test_what_belongs_together(text: str, whole: bool) -> None:
    assert complete(text) is whole


# --- as a command --------------------------------------------------------------------------------------------------------------


def test_lines_from_a_pipe_are_searches(log: Path) -> None:
    asked = "level=error\n| table user\nlevel=info |\ntable user\n\\quit\nnever\n"
    result = CliRunner().invoke(command, ["--data", str(log), "--no-addons"], input=asked, standalone_mode=False)
    assert result.exception is None
    assert "bob" in result.stdout
    assert "ann" in result.stdout
    assert "never" not in result.output
