"""Terms that are tested once for many search expressions: the same rows as testing each expression alone."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.engine import matching, presence
from caltrop.engine import terms as terms_module
from caltrop.engine.context import Extracted
from caltrop.engine.errors import SearchError
from caltrop.engine.terms import Terms, in_order
from caltrop.spl import parse_search
from caltrop.spl.ast import Node
from tests.examples import examples

VALUES = ["a", "b", "ab", "10", "9", None]
TERMS = [
    "few=a", "few!=a", "few=*", "few=a*", "few IN (a, 9)", "few>9", "many=b", "many!=x", "many IN (ab, 1*)", "many<10",
    "several=a", "several!=b", "number=10", "number>9", "missing=a", "missing!=a", "word", "a", '"two words"', "TERM(b)",
    "CASE(B)", "few=CASE(a)", "*",
]  # fmt: skip

expressions = st.recursive(
    st.sampled_from(TERMS),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map(lambda items: f"({' '.join(items)})"),
        st.lists(inner, min_size=1, max_size=4).map(lambda items: f"({' OR '.join(items)})"),
        inner.map(lambda item: f"NOT {item}"),
    ),
    max_leaves=12,
)
rows = st.lists(
    st.tuples(
        st.sampled_from(VALUES), st.sampled_from(VALUES), st.sampled_from([None, "a word", "two words b", "B a"])
    ),
    min_size=1,
    max_size=4,
)


def frame_of(cells: list[tuple[str | None, str | None, str | None]]) -> pl.DataFrame:
    """Few values where the same rows come again and again, many where each is its own."""
    repeated = cells * 16
    return pl.DataFrame(
        {
            "few": pl.Series([few for few, _, _ in repeated], dtype=pl.String),
            "many": pl.Series([many and many + str(i) * (i > 40) for i, (_, many, _) in enumerate(repeated)], dtype=pl.String),
            "several": pl.Series([[v for v in (few, many) if v] or None for few, many, _ in repeated], dtype=pl.List(pl.String)),
            "number": pl.Series([float(i % 12) for i in range(len(repeated))]),
            "_raw": pl.Series([raw for _, _, raw in repeated], dtype=pl.String),
        }
    )  # fmt: skip


def alone(node: Node, frame: pl.DataFrame) -> list[bool]:
    return frame.with_columns(matching.predicate(node, frame).alias("match"))["match"].to_list()


@examples(150)
@given(rows, st.lists(expressions, min_size=1, max_size=6))
def test_the_same_rows_as_alone(cells: list[tuple[str | None, str | None, str | None]], texts: list[str]) -> None:
    frame = frame_of(cells)
    terms = Terms(frame)
    for text in texts:
        node = parse_search(text)
        found = terms.matches(in_order(node))
        assert found.null_count() == 0
        assert found.to_list() == alone(node, frame), text


def test_what_decides_is_tested_first_and_each_term_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tested: list[Node] = []
    plain = matching.test

    def noted(node: Node, frame: pl.DataFrame) -> pl.Expr | bool:
        tested.append(node)
        return plain(node, frame)

    monkeypatch.setattr(matching, "test", noted)
    terms_module._remembered.cache_clear()
    frame = pl.DataFrame({"sourcetype": ["st"] * 20, "_raw": [f"word {i}" for i in range(20)]})
    terms = Terms(frame)
    for text in (
        '"word" sourcetype=other',
        "(word OR 1) sourcetype=other",
        "word sourcetype=st",
        "sourcetype=st NOT word",
    ):
        terms.matches(in_order(parse_search(text)))
    assert tested == [parse_search(text) for text in ("sourcetype=other", "sourcetype=st", "word")]


def test_what_a_term_makes_of_few_values_is_asked_once_for_all_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Node] = []
    plain = matching.test

    def noted(node: Node, frame: pl.DataFrame) -> pl.Expr | bool:
        asked.append(node)
        return plain(node, frame)

    monkeypatch.setattr(matching, "test", noted)
    terms_module._remembered.cache_clear()
    node = parse_search("user=ann*")
    for values in (["ann", "bob"], ["bob", "ann", "ann", None], ["annie"]):
        frame = pl.DataFrame({"user": values})
        assert Terms(frame).matches(node).to_list() == [value is not None and "ann" in value for value in values]
    assert asked == [node, node], "the second frame has the values of the first"
    long = pl.DataFrame({"user": ["ann" + "x" * terms_module.TEXT]})
    assert [Terms(long).matches(node).to_list() for _ in range(2)] == [[True], [True]]
    assert len(asked) == 4, "long texts are not kept"


def test_no_rows() -> None:
    terms = Terms(pl.DataFrame(schema={"few": pl.String, "_raw": pl.String}))
    assert [terms.matches(parse_search(text)).to_list() for text in ("few=a word", "NOT few=a", "few=a OR b")] == [
        [],
        [],
        [],
    ]


def test_what_cannot_stand_there_is_refused() -> None:
    with pytest.raises(SearchError, match="needs a value"):
        Terms(pl.DataFrame({"few": ["a"]})).matches(parse_search("few<CASE(a)"))


@examples(300)
@given(rows, expressions)
def test_what_cannot_match_matches_nothing(cells: list[tuple[str | None, str | None, str | None]], text: str) -> None:
    frame, node = frame_of(cells), parse_search(text)
    extracted = Extracted(frame)
    if not presence.may_match(node, extracted, frozenset()):
        assert not any(alone(node, frame)), text
    found = frame.select(matching.predicate(node, frame, presence.texts_of(extracted)).alias("match"))["match"]
    assert (found.to_list() if len(found) == frame.height else found.to_list() * frame.height) == alone(node, frame), (
        text
    )


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("few=A", True),
        ("few=c", False),
        ("few=b*", False),
        ("few=a* many=zz", False),
        ("few=c OR few=a", True),
        ("few IN (c, d)", False),
        ("missing=a", False),
        ("missing=a", True),  # where it is made behind extraction
        ("NOT few=c", True),
        ("several=a number=7", True),
        ("number=70", False),
        ("few=10.0.0.0/8", True),  # not decided by equal texts
        ("word", True),
    ],
)
def test_what_a_segment_holds_decides(text: str, may: bool) -> None:
    frame = frame_of([("a", "b", "a word")])
    computed = frozenset({"missing"} if text == "missing=a" and may else ())
    assert presence.may_match(parse_search(text), Extracted(frame), computed) is may


def test_the_values_of_many_events_are_counted_when_asked_for_again() -> None:
    many = Extracted(pl.DataFrame({"a": ["x"] * (presence.SAMPLE + 1)}))
    assert presence.values_of("a", many) is None
    found = presence.values_of("a", many)
    assert found is not None and found.folded == {"x"} and found.texts is not None and found.texts.to_list() == ["x"]
    distinct = Extracted(pl.DataFrame({"a": [str(i) for i in range(presence.MOST_VALUES + 1)]}))
    assert presence.values_of("a", distinct) is None
