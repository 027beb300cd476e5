"""Terms against raw text: where segments begin and end."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.engine import extractions, matching, narrowing
from caltrop.engine.answers import Answers
from caltrop.engine.instance import Instance
from caltrop.engine.scan import indexes_of
from caltrop.index import frames
from caltrop.spl import parse_search
from caltrop.spl.ast import Keyword
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
    found = narrowing.rows(frame, (node,), matching.nothing_known)
    assert found.to_list() == expected


@examples(150)
@given(
    st.lists(SEARCHES, min_size=1, max_size=3),
    st.lists(
        st.tuples(st.integers(0, 9), st.none() | st.sampled_from(["", "one", "x y", "one x", "2 y"]), VALUES, VALUES),
        max_size=8,
    ),
    st.none() | st.integers(0, 9),
)
def test_what_is_remembered_of_terms_finds_the_same_rows(
    searches: list[str], events: list[tuple[int, str | None, str | None, str | None]], earliest: int | None
) -> None:
    """Asked once, twice and thrice, in any order and with any range of time: what a filter over all events finds."""
    schema = {"_time": pl.Int64, "_raw": pl.String, "a": pl.String, "b": pl.String}
    frame = pl.DataFrame(events, schema, orient="row")
    coded = frame.with_columns(pl.col("a").cast(pl.Enum(["1", "2", "x"])))
    within = None if earliest is None else pl.col("_time") >= earliest
    answers = Answers()
    for search in searches * 3:
        node = parse_search(search)
        selected = frame.with_row_index("n")
        selected = selected.filter(matching.predicate(node, frame))
        expected = (selected if within is None else selected.filter(within))["n"].to_list()
        found = narrowing.remembered(coded, (node,), within, matching.nothing_known, answers)
        assert found.to_list() == expected


def test_what_was_not_asked_for_longest_is_forgotten() -> None:
    answers = Answers()
    rows = pl.Series([True, False])
    words = [Keyword(f"w{i}") for i in range(200)]
    for word in words:
        answers.put(word, rows)
        answers.get(words[0])
    assert answers.get(words[0]) is rows and answers.get(words[-1]) is rows
    assert answers.get(words[1]) is None
    assert sum(answers.get(word) is not None for word in words) < 100


def test_a_segment_answers_the_same_search_the_same_way_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (narrowing, extractions):
        monkeypatch.setattr(module, "LEAST", 1)
    instance = Instance()
    instance.store.create_index("main")
    texts = [f"id={i} user=u{i % 3} said {'hello world' if i % 4 else 'nothing'}" for i in range(40)]
    times = pl.Series("_time", [float(i) for i in range(40)])
    instance.store.append(
        frames.build(pl.Series("_raw", texts), times, host="h", source="s", sourcetype="t", index="main")
    )
    whole = pl.Series(texts)
    for search, pattern in (
        ("hello", "hello"),
        ("absent", "absent"),
        ("NOT absent", "."),
        ('"hello wor*"', "hello"),
        ("nothing user=u1", "user=u1 said nothing"),
        ("user=U1 OR nothing", "user=u1|nothing"),
        ("user IN (u0, u2) hello", "user=u[02] said hello"),
    ):
        expected = [float(i) for i in whole.str.contains(pattern).arg_true().to_list()]
        for _ in range(4):
            found = instance.search(f"search index=main {search} | table _time _raw").table.frame
            assert sorted(found["_time"].to_list()) == expected, search
        before = instance.search(f"search index=main {search} latest=20 | stats count").table.frame
        assert before["count"].to_list() == [sum(time < 20 for time in expected)], search
