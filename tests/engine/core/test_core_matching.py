"""Terms against raw text: where segments begin and end."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.engine import matching
from caltrop.engine.context import Context
from caltrop.engine.execute import Engine
from caltrop.engine.instance import Instance
from caltrop.engine.scan import _matching_rows, indexes_of
from caltrop.spl import parse_search
from tests.examples import examples

RAW = 'Jan 5 user=bob@example.com src=10.0.0.6 path=C:\\Temp\\a_b.exe msg="Login failed (code:17)" 50%'


@pytest.mark.parametrize(
    ("term", "found"),
    [
        ("bob", True),
        ("BOB", True),
        ("bo", False),
        ("example", True),
        ("bob@example.com", True),
        ('"ser=bob"', False),
        ('"user=bob"', True),
        ("login", True),
        ('"login failed"', True),
        ('"login code"', False),
        ("logi*", True),
        ("*ogin", True),
        ("*ogi*", True),
        ("l*n", True),
        ("user*failed", False),
        ('"user*failed"', True),
        ("TERM(10.0.0.6)", False),
        ("TERM(src=10.0.0.6)", True),
        ("TERM(src=10.0.*)", True),
        ("CASE(Login)", True),
        ("CASE(login)", False),
        ("a_b", True),
        ("temp", True),
        ('"C:\\\\Temp"', True),
        ("code", True),
        ("17", True),
        ("50%", True),
        ('"(code:17)"', True),
        ("10.0.0", True),
        ("0.0.6", True),
        ("bob OR nothing", True),
        ("bob nothing", False),
        ("NOT nothing", True),
        ("*", True),
    ],
)
def test_terms(term: str, found: bool) -> None:
    frame = pl.DataFrame({"_raw": [RAW, None]})
    result = frame.select(matching.predicate(parse_search(term), frame).alias("m").fill_null(False))
    column = result.to_series()
    assert column[0] is found


@pytest.mark.parametrize(
    ("search", "indexes"),
    [
        ("error", ["main", "web", "web2"]),
        ("index=web", ["web"]),
        ("index=WEB*", ["web", "web2"]),
        ("index=*", ["main", "web", "web2"]),
        ("index=_*", ["_audit"]),
        ("index=web OR index=main", ["main", "web"]),
        ("(index=web a=1) OR (index=main b=2)", ["main", "web"]),
        ("index IN (web, _audit)", ["_audit", "web"]),
        ("NOT index=web", ["main", "web2"]),
        ("index!=web", ["main", "web2"]),
        ("index=web index=main", []),
        ("index=web OR a=1", ["main", "web", "web2"]),
    ],
)
def test_which_indexes_are_read(search: str, indexes: list[str]) -> None:
    assert indexes_of(parse_search(search), ["_audit", "main", "web", "web2"]) == indexes


TERMS = st.sampled_from(["a=1", "b=*", "a!=2", "b IN (1, x)", "one", "TERM(x)", '"x y"', "a>1", "*"])
SEARCHES = st.recursive(
    TERMS,
    lambda inner: st.one_of(
        inner.map(lambda term: f"(NOT {term})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda terms: f"({' '.join(terms)})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda terms: f"({' OR '.join(terms)})"),
    ),
    max_leaves=6,
)
CONTEXT = Context(Instance(), Engine(), 0.0)
VALUES = st.none() | st.sampled_from(["1", "2", "x"])


@examples(100)
@given(
    SEARCHES,
    st.lists(st.tuples(st.none() | st.sampled_from(["", "one", "x y", "one x", "2 y"]), VALUES, VALUES), max_size=6),
)
def test_words_behind_fields_find_the_same_rows(
    search: str, events: list[tuple[str | None, str | None, str | None]]
) -> None:
    """Words are looked for in the rows that fields leave: those that the whole expression finds as one filter."""
    node = parse_search(search)
    frame = pl.DataFrame(events, {"_raw": pl.String, "a": pl.String, "b": pl.String}, orient="row")
    numbered = frame.with_row_index("n")
    expected = numbered.filter(matching.predicate(node, frame))["n"].to_list()
    found = _matching_rows(frame, (node,), None, frozenset({"_raw", "a", "b"}), matching.nothing_known, CONTEXT)
    assert found.to_list() == expected
