"""Validations of macros, evaluated by the engine: a Boolean one must be true, of others null passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from caltrop.conformance import build_instance
from caltrop.errors import CaltropError


@pytest.mark.parametrize(
    ("validation", "passes"),
    [
        ("n<5", True),
        ("n>5", False),
        ("tonumber(absent)<5", False),  # null, and Boolean all the same
        ('match(absent, "x")', False),
        ("if(n>5, true(), null())", False),
        ("null()", True),
        ('if(n>5, "too many", null())', True),
        ('if(n<5, "too few", null())', False),
    ],
)
def test_null_passes_unless_the_expression_is_boolean(tmp_path: Path, validation: str, passes: bool) -> None:
    macro = {"definition": "makeresults count=$n$", "args": ["n"], "validation": validation, "errormsg": "refused"}
    instance = build_instance({"macros": {"rows(1)": macro}}, tmp_path)
    if passes:
        assert len(instance.search("| `rows(2)`").table) == 2
    else:
        with pytest.raises(CaltropError, match=r"refused|too few"):
            instance.search("| `rows(2)`")
