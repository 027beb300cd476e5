"""A search that hits, with one condition broken: the first finding names the broken one."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.engine.instance import Instance
from caltrop.explain import Explanation
from caltrop.explained import explained
from tests.examples import examples

from .conftest import NOW, PROCESSES

FIELDS = ("EventCode", "Name", "user", "dest", "parameters")


@dataclass(frozen=True)
class Broken:
    """A search with hits, the same with one condition broken, and that condition as it must be named."""

    right: str
    wrong: str
    named: str


def value_of(number: int, field: str) -> str:
    name, _, user, code = PROCESSES[number]
    return {
        "EventCode": str(code),
        "Name": name,
        "user": user,
        "dest": f"host{number % 3}",
        "parameters": f"x{number}",
    }[field]


def misspelt(text: str, place: int) -> str:
    """Another text, like it."""
    at = 1 + place % max(len(text) - 1, 1)
    return f"{text[:at]}qz{text[at:]}"


@st.composite
def broken(draw: st.DrawFn) -> Broken:
    number = draw(st.integers(0, len(PROCESSES) - 1))
    fields = draw(st.lists(st.sampled_from(FIELDS), min_size=1, max_size=4, unique=True))
    styles = draw(st.lists(st.sampled_from(("{}", '"{}"', "{}*", "*{}")), min_size=len(fields), max_size=len(fields)))
    terms = {field: style.format(value_of(number, field)) for field, style in zip(fields, styles, strict=True)}
    where = "index=win sourcetype=sysmon:xml"
    victim, place = draw(st.sampled_from(fields)), draw(st.integers(0, 30))
    right = " ".join(f"{field}={text}" for field, text in terms.items())
    kind = draw(st.sampled_from(("value", "field", "index", "sourcetype", "macro", "later", "where")))
    if kind == "index":
        return Broken(f"{where} {right}", f"{where.replace('win', 'wqin')} {right}", "index=wqin")
    if kind == "sourcetype":
        return Broken(f"{where} {right}", f"{where.replace('sysmon', 'sysqmon')} {right}", "sourcetype=sysqmon:xml")
    bare = value_of(number, victim)
    wrong_value = terms[victim].replace(bare, misspelt(bare, place))
    name = misspelt(victim, place)
    if kind == "where":
        rest = " ".join(f"{field}={text}" for field, text in terms.items() if field != victim)
        right, wrong = (f'{where} {rest} | where {victim}="{value}"' for value in (bare, misspelt(bare, place)))
        return Broken(right, wrong, f'`{victim} == "{misspelt(bare, place)}"`')
    changed = {
        "value": (victim, wrong_value),
        "macro": (victim, wrong_value),
        "later": (victim, wrong_value),
        "field": (name, terms[victim]),
    }[kind]
    parts = [f"{f}={t}" if f != victim else f"{changed[0]}={changed[1]}" for f, t in terms.items()]
    if kind == "macro":
        at = fields.index(victim)
        calls = [
            f'`is("{part.partition("=")[0]}", {part.partition("=")[2]})`' if i == at else part
            for i, part in enumerate(parts)
        ]
        return Broken(f"{where} {right}", f"{where} {' '.join(calls)}", changed[1].strip('"'))
    joint = " | search " if kind == "later" else " "
    named = name if kind == "field" else changed[1].strip('"')
    return Broken(f"{where} {right}", f"{where}{joint}{' '.join(parts)}", named)


def explain(instance: Instance, spl: str) -> Explanation:
    return explained(instance, instance.search(spl, now=NOW))


@given(case=broken())
@examples(150)
def test_the_first_finding_names_what_was_broken(instance: Instance, case: Broken) -> None:
    assert len(instance.search(case.right, now=NOW).table)
    found = explain(instance, case.wrong)
    assert found.emptied
    assert case.named in found.findings[0].text, found.findings[0].text


@given(case=broken(), offset=st.integers(200, 10_000))
@examples(30)
def test_a_range_without_the_events_is_named(instance: Instance, case: Broken, offset: int) -> None:
    result = instance.search(case.right, earliest=NOW + offset, latest=NOW + 2 * offset)
    assert explained(instance, result).findings[0].subject == "time"


@given(case=broken())
@examples(60)
def test_no_search_is_changed_and_no_explanation_fails(instance: Instance, case: Broken) -> None:
    """Every text is one line, and the stages add up."""
    found = explain(instance, case.wrong)
    assert all("\n" not in line for line in found.lines(None))
    assert [stage.before for stage in found.stages[1:]] == [stage.after for stage in found.stages[:-1]]
    assert not any("could not" in finding.text for finding in found.findings)


def test_what_is_misspelt_differs() -> None:
    assert misspelt("1", 0) == "1qz" and misspelt("reg.exe", 3) == "reg.qzexe"


pytestmark = pytest.mark.filterwarnings("error")
