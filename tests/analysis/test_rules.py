"""What the analysis refuses, where it points, and that it refuses nothing that works: cases in wrong.yaml and right.yaml."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from caltrop.analysis import RULES, UNREADABLE, Known, Mistake, analyse, apps, vocabulary
from caltrop.spl import Macro
from tools.analysis_reference import rendered as page
from tools.vocabulary import rendered as functions

HERE = Path(__file__).parent
MACROS = {
    ("drop_dm_object_name", 1): Macro("drop_dm_object_name", ("o",), 'rename "$o$.*" as "*"'),
    ("sysmon", 0): Macro("sysmon", (), "index=sysmon sourcetype=xmlwineventlog"),
    ("by_host", 0): Macro("by_host", (), "stats count by host"),
    ("op", 0): Macro("op", (), "="),
    ("fn", 0): Macro("fn", (), "avg"),
    ("typo", 0): Macro("typo", (), "stats cuont by host"),
    ("is", 2): Macro("is", ("f", "v"), '$f$="$v$"'),
}


@cache
def known() -> Known:
    folders = apps.shipped_addons()
    return Known(
        commands=apps.commands(folders),
        models=lambda: apps.models(folders),
        macro=lambda name, arity: MACROS.get((name, arity)),
        searched=lambda: apps.model_fields(folders),
    )


def cases(name: str) -> list[Any]:
    found: list[Any] = yaml.safe_load((HERE / name).read_text(encoding="utf-8"))
    return found


def errors(search: str) -> list[Mistake]:
    return [one for one in analyse(search, known()).mistakes if one.severity == "error"]


@pytest.mark.parametrize("case", cases("wrong.yaml"), ids=lambda case: f"{case['code']}: {case['search'][:60]}")
def test_what_is_wrong_is_found_at_its_place(case: dict[str, str]) -> None:
    search = case["search"]
    severity = case.get("severity", "error")
    mistakes = analyse(search, known()).mistakes
    found = [one for one in mistakes if one.code == case["code"] and one.severity == severity]
    assert found, [f"{one.severity} {one.code}: {one.message}" for one in mistakes]
    starts = {search[one.span.start :][: len(case["at"])] for one in found}
    assert case["at"] in starts, starts
    assert all(one.message and one.hint for one in found if one.code != "spl-syntax")
    others = [one.code for one in mistakes if one.severity == "error" and one.code != case["code"]]
    assert others == []
    if "hint" in case:
        assert any(case["hint"] in one.hint for one in found), [one.hint for one in found]


@pytest.mark.parametrize("search", cases("right.yaml"), ids=lambda search: str(search)[:70])
def test_what_works_is_not_refused(search: str) -> None:
    assert [f"{one.code}: {one.message}" for one in errors(search)] == []


def test_there_are_many_cases_of_both_and_some_of_every_rule() -> None:
    counts = Counter(case["code"] for case in cases("wrong.yaml"))
    assert set(counts) == {*RULES, *UNREADABLE}
    assert min(counts.values()) >= 3, counts
    assert len(cases("wrong.yaml")) >= 150
    assert len({str(case) for case in cases("right.yaml")}) >= 150


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_the_example_of_a_rule_is_refused_and_what_to_write_instead_is_not(rule: Any) -> None:
    assert rule.code in [one.code for one in errors(rule.example)]
    assert errors(rule.instead) == []


def test_a_rule_is_turned_off_by_a_comment_and_by_an_option() -> None:
    search = "index=a | stat count"
    assert [one.code for one in errors(search)] == ["unknown-command"]
    assert errors(search + " ```caltrop: ignore unknown-command```") == []
    assert analyse(search, known(), ignore=["unknown-command"]).mistakes == ()


def test_what_a_macro_stands_for_is_judged_at_its_call() -> None:
    search = "index=a | `typo` | head 5"
    (found,) = errors(search)
    assert search[found.span.start : found.span.end] == "`typo`"
    assert found.message == "'cuont' is no statistical function (in what macro `typo` stands for)"


def test_places_behind_a_macro_are_those_of_the_text_as_it_was_written() -> None:
    search = "`sysmon` EventCode=1 | `by_host` | stats sum(bytes) by host"
    (found,) = errors(search)
    assert search[found.span.start : found.span.end] == "bytes"


def test_without_models_and_commands_nothing_is_judged_by_them() -> None:
    bare = Known()
    assert analyse("| tstats count from datamodel=No.Such by No.x", bare).mistakes == ()


def test_generated_files_are_current(root: Path) -> None:
    assert (root / "docs/analysis.md").read_text(encoding="utf-8") == page(), "make docs"
    assert (root / "caltrop/analysis/functions.json").read_text(encoding="utf-8") == functions(), "make docs"


@pytest.mark.parametrize(
    ("name", "there"), [("p95", True), ("perc99.9", True), ("p101", False), ("avg", True), ("agv", False)]
)
def test_statistical_functions(name: str, there: bool) -> None:
    assert vocabulary().aggregates(name) is there
