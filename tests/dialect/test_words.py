"""Words: truth in settings, arguments and options; quoting; wildcards in names; the nearest name."""

from __future__ import annotations

import fnmatch
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.dialect.words import (
    did_you_mean,
    escaped,
    fits,
    known_truth,
    nearest,
    option_truth,
    quoted,
    starred,
    truth,
    unescaped,
)
from caltrop.index.props import Props
from caltrop.spl import parse_eval
from caltrop.spl.ast import Literal
from caltrop.spl.kinds import BOOL, convert
from caltrop.splunkd.wire.http import ApiError, flag

TRUE = ["1", "true", "t", "yes", "y", "on", "enabled", "enable"]
FALSE = ["0", "false", "f", "no", "n", "off", "disabled", "disable"]
WORDS = st.sampled_from([*TRUE, *FALSE, "maybe", "2", "truely", "-1", "none"])
CASED = WORDS.flatmap(lambda word: st.sampled_from([word, word.upper(), word.title(), f" {word}\t"]))


@pytest.mark.parametrize(("words", "meaning"), [(TRUE, True), (FALSE, False)])
def test_the_words_of_settings(words: list[str], meaning: bool) -> None:
    assert {known_truth(word) for word in words} == {meaning}
    assert {truth(word, not meaning) for word in words} == {meaning}


@pytest.mark.parametrize("text", [None, "", "  ", "maybe", "2"])
@pytest.mark.parametrize("default", [True, False])
def test_anything_else_is_the_default(text: str | None, default: bool) -> None:
    assert truth(text, default) is default


@given(CASED)
def test_index_time_settings_and_arguments_agree(word: str) -> None:
    """What one reader of settings takes for true or false, all take for it; what one refuses, all refuse."""
    meaning = known_truth(word)
    if meaning is None:
        told: list[str] = []
        assert Props.from_mapping({"SHOULD_LINEMERGE": word}, told.append) == Props()
        assert bool(told) is bool(word.strip())
        with pytest.raises(ApiError):
            flag(word)
    else:
        assert Props.from_mapping({"SHOULD_LINEMERGE": word}).should_linemerge is meaning
        assert flag(word) is meaning


@given(CASED)
def test_options_take_fewer_words_and_never_another_meaning(word: str) -> None:
    meaning = option_truth(word)
    assert meaning in (None, known_truth(word))
    assert convert(word, BOOL) == (word if meaning is None else meaning)


def test_the_words_of_options() -> None:
    assert [option_truth(w) for w in ("t", "TRUE", "1", "f", "False", "0")] == [True] * 3 + [False] * 3
    assert [option_truth(w) for w in ("on", "enabled", "", " t")] == [None] * 4


# --- quoting

TEXT = st.text(st.sampled_from("ab\\\"'|$`* \n"), max_size=12)


@given(TEXT)
def test_what_is_quoted_reads_back(text: str) -> None:
    assert unescaped(escaped(text)) == text
    assert quoted(text) == f'"{escaped(text)}"'
    node = parse_eval(quoted(text))
    assert isinstance(node, Literal) and node.value == text


def test_a_backslash_before_anything_else_stands_for_itself() -> None:
    assert unescaped(r"C:\dir\"x\" \\ \d+") == 'C:\\dir"x" \\ \\d+'


# --- names

PATTERN = st.text(st.sampled_from("ab*[?]."), max_size=8)
NAME = st.text(st.sampled_from("ab*[?].\n"), max_size=12)


@given(PATTERN, NAME)
def test_an_asterisk_is_the_one_wildcard_of_names(pattern: str, name: str) -> None:
    expected = fnmatch.fnmatchcase(name, re.sub(r"([\[?])", r"[\1]", pattern))
    assert fits(pattern, name) is expected


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("a?", "ab", False),
        ("[ab]", "a", False),
        ("[ab]", "[ab]", True),
        ("*", "", True),
        ("a*a", "a", False),
        ("a**b", "ab", True),
        ("A*", "ab", False),
    ],
)
def test_patterns_of_names(pattern: str, name: str, expected: bool) -> None:
    assert fits(pattern, name) is expected


def test_a_pattern_cannot_take_long() -> None:
    assert not fits("a*" * 2_000 + "b", "a" * 100_000)


def test_the_nearest_name() -> None:
    assert nearest("stast", ["stats", "sort"]) == "stats"
    assert nearest("PRODUCTION", ["experimental", "production", "productions"]) == "production"
    assert nearest("zzz", ["stats"]) is None
    assert nearest("", []) is None
    assert nearest("x" * 1_000_000, ["y" * 50]) is None
    assert did_you_mean("stast", ["stats"]) == "did you mean 'stats'?"
    assert did_you_mean("zzz", ["stats"]) is None


@given(st.text("ab*", max_size=8), st.text("ab", max_size=12))
def test_the_first_asterisks_stand_for_most(pattern: str, name: str) -> None:
    found = re.fullmatch("(.*)".join(map(re.escape, pattern.split("*"))), name)
    assert starred(pattern, name) == (None if found is None else found.groups())
