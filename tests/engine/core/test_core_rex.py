"""rex over whole columns gives what the pattern finds in one text after the other."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.engine import budget
from caltrop.engine.commands import extracting
from caltrop.engine.regexes import REX, compile_pattern
from caltrop.spl.ast import Word
from tests.examples import examples

PATTERNS = [
    r"(?<k>\w+)=(?<v>\w*)",
    r"(?<a>a)|(?<b>b)",
    r"(?<a>x*)",
    r"(?<=a)(?<b>b)",
    r"(?<a>\w)(?<a2>\d)?",
    r"(?<w>\w+)$",
    r"(?m)^(?<w>\w)",
    r"(\w)(?<second>\w)",
    r"(?<a>(?:a|ab)+?)(?<rest>b|$)",
    r"(?<a>(?:(?<b>a)|b)c?)",
]
TEXT = st.text(alphabet="aabx=1c \n", max_size=12)
CELL = st.none() | TEXT


def one_by_one(pattern: str, rows: list[list[str]], limit: int) -> dict[str, list[list[str] | None]]:
    """Each name's values, row by row: of so many matches, with nothing where a group took no part in one."""
    regex = compile_pattern(pattern, node=Word(pattern), wording=REX)
    found: dict[str, list[list[str] | None]] = {name: [] for name in regex.names if name}
    for values in rows:
        matches = [match for value in values for match in regex.bounded.finditer(value)][: limit or None]
        for name, out in found.items():
            texts = [match.group(regex.names.index(name) + 1) for match in matches]
            out.append([text or "" for text in texts] if any(text is not None for text in texts) else None)
    return found


def columns(pattern: str, column: pl.Series, limit: int) -> dict[str, list[list[str] | None]]:
    regex = compile_pattern(pattern, node=Word(pattern), wording=REX)
    return {
        made.name: [[cell] if isinstance(cell, str) else cell for cell in made.to_list()]
        for made in extracting._several(regex, column, limit)
    }


@examples(200)
@given(st.sampled_from(PATTERNS), st.lists(CELL, max_size=6), st.sampled_from([0, 2, 3]))
def test_matches_of_texts(pattern: str, texts: list[str | None], limit: int) -> None:
    column = pl.Series("x", texts, dtype=pl.String)
    expected = one_by_one(pattern, [[] if text is None else [text] for text in texts], limit)
    assert columns(pattern, column, limit) == expected


@examples(100)
@given(
    st.sampled_from(PATTERNS),
    st.lists(st.none() | st.lists(TEXT, min_size=1, max_size=3), max_size=5),
    st.sampled_from([0, 1, 3]),
)
def test_matches_of_several_values(pattern: str, rows: list[list[str] | None], limit: int) -> None:
    column = pl.Series("x", rows, dtype=pl.List(pl.String))
    assert columns(pattern, column, limit) == one_by_one(pattern, [row or [] for row in rows], limit)


def test_a_long_column_is_matched_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "PART", 2)
    texts = ["a=1 b=2", None, "", "c=3", "d=4 e=5 f=6"]
    rows = [[] if text is None else [text] for text in texts]
    assert columns(PATTERNS[0], pl.Series("x", texts), 2) == one_by_one(PATTERNS[0], rows, 2)
