"""Match limits: text that makes a pattern backtrack ends in an error or without fields, never in a search that hangs."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.dialect import patterns
from caltrop.dialect.patterns import MatchLimit, budget, limits
from caltrop.dialect.patterns.limits import MATCH_SECONDS
from tests.examples import examples

EVIL = r"^(?<x>(?:a|a)*)c(?!b)"
TEXT = "a" * 60 + "!c"


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fifth of the time that one match may take: that it ends is the same."""
    monkeypatch.setattr(limits, "MATCH_SECONDS", MATCH_SECONDS / 5)


def test_one_match_is_bounded() -> None:
    with pytest.raises(MatchLimit, match="match limit"):  # its end would come in no lifetime
        patterns.compile(EVIL).first(pl.Series([TEXT]))


def test_a_search_has_a_budget() -> None:
    with budget(0.05) as spent:
        with pytest.raises(MatchLimit):
            patterns.compile(EVIL).matches(pl.Series([TEXT]))
        assert spent.seconds <= 0
        with pytest.raises(MatchLimit):  # nothing is left
            patterns.compile(r"(?=a)a").matches(pl.Series(["a"]))


def test_lenient_leaves_other_rows_alone() -> None:
    with budget(5, lenient=True) as spent:
        found = patterns.compile(EVIL).first(pl.Series(["aac", TEXT, "ac"]))
    assert found[0].to_list() == ["aa", None, "a"]
    assert list(spent.exceeded) == [EVIL]


@examples(15)
@given(
    st.sampled_from([r"(?=a)(a+)+$", r"^((a|a)*)*$(?!b)", r"^(?:a|aa)+$(?!b)", r"(a*)*\1c", EVIL]),
    st.integers(20, 60),
)
def test_evil_patterns_end(pattern: str, length: int) -> None:
    with budget(0.1, lenient=True) as spent:
        found = patterns.compile(pattern).matches(pl.Series(["a" * length + "!c"] * 20))
    assert len(found) == 20
    assert spent.seconds > 0 or spent.exceeded == {pattern: None}, "what took all there was is told"


@pytest.mark.parametrize("limit", [0, 1, 2])
def test_matches_up_to_a_limit(limit: int) -> None:
    found = patterns.compile(r"(?=\d)(\d)").bounded.finditer("1 2 3", limit)
    assert [m.group(1) for m in found] == ["1", "2", "3"][: limit or 3]


@pytest.mark.parametrize(
    "pattern",
    [
        "a?" * 40 + "a" * 40 + "(?!a)",
        "(?:a|a)" * 40 + "[b-c]",
        "(?:(?:a|a){20}){20}[b-c]",
        "(a{1,20}){1,20}[b-c]",
        "(?:a?){60}b(?!c)",
    ],
)
def test_repetition_with_an_end_is_bounded_too(pattern: str) -> None:
    text = "a" * 60 + "b" + "c" * 3 + "a" * 40
    with budget(1, lenient=True) as spent:  # most of them would not end in a lifetime
        found = patterns.compile(pattern).bounded.finditer(text)
    assert spent.exceeded or all(match.group() in text for match in found)
