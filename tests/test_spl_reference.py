"""docs/spl.md is what the registrations and the conformance cases say."""

from __future__ import annotations

from pathlib import Path

import pytest

from caltrop.conformance import Case
from caltrop.engine import registry
from caltrop.engine.unsupported import FUNCTIONS, REASONS
from caltrop.errors import Location
from caltrop.spl import known_commands
from caltrop.spl.commands import declaration_of
from tools.spl_reference import page, uses


def test_the_page_is_fresh(root: Path) -> None:
    assert (root / "docs" / "spl.md").read_text("utf-8") == page(root), "docs/spl.md is stale: run `make docs`"


def test_every_known_command_either_runs_or_has_a_reason() -> None:
    registry.load()
    assert set(known_commands()) == set(registry.commands) | set(REASONS)
    assert not set(registry.commands) & set(REASONS)


def test_names_that_are_no_functions_are_none() -> None:
    registry.load()
    assert not set(registry.functions) & set(FUNCTIONS)


def test_a_command_without_a_kind_is_one_that_is_left_out() -> None:
    assert {name for name in known_commands() if declaration_of(name).kind is None} == set(REASONS)


def test_every_command_says_what_it_does() -> None:
    registry.load()
    assert not [entry.name for entry in registry.commands.values() if not (entry.run.__doc__ or "").strip()]


@pytest.mark.parametrize(
    ("data", "commands", "functions", "aggregations"),
    [
        (
            {"search": "search a=1 | eval x=upper(b) | stats p95(x) by b"},
            {"search", "eval", "stats"},
            {"upper"},
            {"perc<N>"},
        ),
        ({"search": "| append [| makeresults | eval a=now()]"}, {"append", "makeresults", "eval"}, {"now"}, set()),
        ({"search": "search a=1 | `m(x)`", "macros": {"m(1)": {"definition": "top $f$", "args": ["f"]}}}, {"search", "top"}, set(), set()),
        ({"search": "| eval ((", "before": ["| makeresults"]}, {"makeresults"}, set(), set()),
    ],
)  # fmt: skip
def test_uses(data: dict[str, object], commands: set[str], functions: set[str], aggregations: set[str]) -> None:
    found = uses([Case(Location("x.yaml", 1), {"id": "one", **data})])
    assert (set(found.commands), set(found.functions), set(found.aggregations)) == (commands, functions, aggregations)
