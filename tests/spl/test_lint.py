"""Every lint fires where it should, stays silent where it should, and has its heading in docs/lints.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from caltrop.spl import LINTS, lint, parse

CASES = [
    ("leading-wildcard", "index=a *timeout", "index=a time*out"),
    ("leading-wildcard", '| tstats count where index=a process="*\\\\cmd.exe"', "index=a process=*"),
    ("leading-wildcard", "index=a f IN (x, *y)", "index=a | where like(f, 1)"),
    ("index-wildcard", "index=* error", "index=a* error"),
    ("index-wildcard", "index IN (*, b)", "index IN (a, b)"),
    ("missing-index", "error | stats count", "index=a error | stats count"),
    ("missing-index", "sourcetype=a", "`m` sourcetype=a"),
    ("everything", "* earliest=-1d | stats count", "index=a | stats count"),
    (
        "digits",
        "index=a | eval x=y*0.5",
        "index=a | eval x=exact(y*0.5), z=round(y*0.5, 2), w=y*2, v=if(y*0.5>1, 1, 0)",
    ),
    ("digits", "index=a | eval x=if(y>1, 3*0.5, 0)", "index=a | where y*0.5>1"),
    ("join", "index=a | join x [search index=b]", "index=a | append [search index=b]"),
    ("join", "index=a | append [search index=a | join x [search index=c]]", "index=a join"),
    ("transaction", "index=a | transaction id", "index=a | stats count by id"),
    ("unbounded-sort", "index=a | sort -x", "index=a | sort 0 -x"),
    ("late-search", "index=a | stats count by x | search x=1", "index=a | stats count by x | search count>1"),
    ("late-search", "index=a | stats count by x | where x=1", "index=a | stats count as x by y | where x=1"),
    ("unused-field", "index=a | eval x=1 | table y", "index=a | eval x=1 | table x"),
    ("unused-field", "index=a | eval x=1, z=2 | stats count by z", "index=a | eval x=1 | stats sum(x)"),
    ("unused-field", "index=a | eval x=1 | fields y", "index=a | eval x=1 | fields - y"),
    ("unused-field", "index=a | eval x=1 | table y", "index=a | eval x=1 | `m` | table y"),
    ("unused-field", "index=a | eval x=1 | table y", "index=a | eval x=1 | foreach * [eval s=s+<<FIELD>>] | table s"),
    ("unused-field", "index=a | eval x=1 | table y", "index=a | eval x=1 | custom | table y"),
    ("unused-field", "index=a | eval x=1 | table y", "index=a | eval x=1 | eval {x}=2 | table y"),
]


@pytest.mark.parametrize(("code", "bad", "good"), CASES)
def test_fires_and_stays_silent(code: str, bad: str, good: str) -> None:
    assert code in [found.code for found in lint(parse(bad), bad)]
    assert code not in [found.code for found in lint(parse(good), good)]


def test_every_code_has_a_case_and_a_heading(root: Path) -> None:
    page = (root / "docs/lints.md").read_text()
    assert set(LINTS) == {code for code, _, _ in CASES}
    for code in LINTS:
        assert f"\n## {code}\n" in page


def test_silenced_by_option_and_by_comment() -> None:
    spl = "index=* *x ```caltrop: ignore index-wildcard, leading-wildcard```"
    assert lint(parse(spl), spl) == []
    assert lint(parse("index=* x"), ignore=["index-wildcard"]) == []


def test_points_at_the_place() -> None:
    spl = "index=a *timeout"
    (found,) = lint(parse(spl), spl)
    assert spl[found.span.start : found.span.end] == "*timeout"
