"""docs/spl.md names everything that is registered, and why what is missing is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from caltrop.engine import registry
from caltrop.spl import known_commands
from caltrop.support import markdown, usage


def test_the_page_is_generated_and_names_everything(root: Path) -> None:
    registry.load()
    written = (root / "docs" / "spl.md").read_text("utf-8")
    fresh = markdown(root)
    for name in [*registry.commands, *registry.functions, *known_commands()]:
        assert f"| `{name}` |" in fresh
        assert f"| `{name}` |" in written, "run python -m caltrop.support"


def test_uses_are_counted_once_a_case(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "- id: a\n  search: '| makeresults | eval a=len(b), c=len(d) | stats sum(a) | eval e=1'\n  expect: []\n"
    )
    counts = usage(tmp_path)
    assert counts["command"] == {"makeresults": 1, "eval": 1, "stats": 1}
    assert counts["function"] == {"len": 1}
    assert counts["aggregation"] == {"sum": 1}


@pytest.mark.parametrize(
    "heading", ["## Commands", "### Not supported", "## Eval functions", "## Statistical functions", "### Numbers"]
)
def test_sections(root: Path, heading: str) -> None:
    assert f"\n{heading}\n" in markdown(root)
