"""Nothing a person can send crashes the reader or takes it more than a moment."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.spl import SplError, expand, lint, parse, parse_eval, parse_search, unparse
from caltrop.spl.ast import Node
from tests.examples import examples

SIZE = 5_000


@pytest.mark.parametrize(
    "spl",
    [
        "(" * SIZE,
        "| eval a=" + "(" * SIZE,
        "| eval a=" + "-" * SIZE + "1",
        "| where " + "NOT " * SIZE + "x",
        "NOT " * SIZE + "x",
        "search [" * SIZE,
        "| eval a=" + "if(b," * SIZE,
        "| eval a=" + "1+" * SIZE + "1",
        "| stats " + "sum(eval(" * SIZE,
        "| eval a=" + "9" * SIZE,
        "| eval a=" + "(" * 90 + "1" + ("-1" * 90 + ")") * 90,
    ],
)
def test_deep_or_long_is_refused_by_name(spl: str) -> None:
    with pytest.raises(SplError, match=r"nested too deeply|operators in a row|too large"):
        parse(spl)


@pytest.mark.parametrize(
    "spl",
    [
        "| where " + "a=1 OR " * SIZE + "b=2",
        "| eval a=" + "a." * SIZE + "a",
        "search " + "a=1 OR " * SIZE + "b=2",
        "| table " + "a," * SIZE,
        "| foo a" + "(" * SIZE,
        "a" * SIZE,
        "| stats count" + " " * SIZE + "by x",
    ],
)
def test_long_is_read_and_printed(spl: str) -> None:
    tree = parse(spl)
    assert parse(unparse(tree)) == tree
    lint(tree, spl)
    assert sum(1 for _ in tree.walk()) > 1


ALPHABET = st.sampled_from(
    [
        *"ab1 |()[]\"'`=<>!,.*\\$\n-+:{}%",
        "```",
        "eval ",
        "stats ",
        "by ",
        "NOT ",
        "OR ",
        "| ",
        "IN (",
        "<<F>>",
        "sort ",
        "rex ",
    ]
)


def read_or_none(read: Callable[[str], Node], text: str) -> Node | None:
    try:
        return read(text)
    except SplError:
        return None


@examples(120)
@given(st.lists(ALPHABET, max_size=40).map("".join))
def test_any_text_is_read_or_refused_and_prints_back(spl: str) -> None:
    for read in (parse, parse_search, parse_eval):
        tree = read_or_none(read, spl)
        if tree is not None:
            printed = unparse(tree)
            assert read_or_none(read, printed) == tree, printed


@examples(100)
@given(st.lists(ALPHABET, max_size=40).map("".join))
def test_text_without_macros_expands_to_itself(spl: str) -> None:
    with contextlib.suppress(SplError):
        assert expand(spl, lambda name, arity: None).text == spl
