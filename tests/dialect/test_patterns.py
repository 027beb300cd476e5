"""Patterns mean what PCRE2 means, on the fast way and on the bounded one; PCRE2 itself is asked."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pcre2
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pcre2 import _cy

from caltrop.dialect import patterns
from caltrop.dialect.patterns import Regex, RegexError
from caltrop.dialect.patterns import pattern as module
from tests.examples import examples

# The binding asks for Unicode classes and for JavaScript's escapes: both are switched off.
_OFF = _cy.CompileOption.UCP | 0x00000002


def reference(pattern: str) -> Any:
    """The pattern on PCRE2, as Splunk compiles it: UTF, without UCP."""
    return pcre2.Pattern(_cy.compile(pattern, 0, _OFF), pattern, 0, False, None)


def both(pattern: str) -> list[Regex]:
    """The pattern as it runs, and on the bounded engine alone."""
    regex = patterns.compile(pattern)
    return [regex, Regex(pattern, None, regex.names, False, False, False)]


def agree(pattern: str, texts: list[str]) -> None:
    """Whether, what first, what all and where: as PCRE2 says."""
    judge = reference(pattern)
    expected = [judge.search(text) for text in texts]
    every = [list(judge.finditer(text)) for text in texts]
    column = pl.Series([*texts, None], dtype=pl.String)
    for regex in both(pattern):
        assert regex.matches(column).to_list() == [*(m is not None for m in expected), None]
        none = (None,) * judge.groups
        wanted = [m.groups() if m else none for m in expected]
        first = [group.to_list()[:-1] for group in regex.first(column)]
        assert [tuple(group[row] for group in first) for row in range(len(texts))] == wanted
        if any(m.start() == m.end() for found in every for m in found) and pattern not in DIALECT:
            continue  # how a search goes on behind an empty match is the caller's business in PCRE2
        flat = [m.groups() for found in every for m in found]
        for few in (16, -1):  # texts that are read one by one
            with patch.object(module, "_TEXTS", few):
                rows, groups = regex.every(column)
            assert rows.to_list() == [row for row, found in enumerate(every) for _ in found]
            assert [tuple(group[i] for group in groups) for i in range(len(rows))] == flat
        replaced = ["".join(_replaced(text, found)) for text, found in zip(texts, every, strict=True)]
        assert regex.replace(column, ["<", 1, ">"]).to_list() == [*replaced, None]
        once = ["".join(_replaced(text, found[:1])) for text, found in zip(texts, every, strict=True)]
        assert regex.replace(column, ["<", 1, ">"], limit=1).to_list() == [*once, None]
        assert [m.span() for text in texts for m in regex.bounded.finditer(text)] == [
            m.span() for found in every for m in found
        ]


def _replaced(text: str, found: list[Any]) -> list[str]:
    out, end = [], 0
    for match in found:
        out += [text[end : match.start()], "<", (match[1] or "") if match.re.groups else "", ">"]
        end = match.end()
    return [*out, text[end:]]


# A pattern of Splunk's dialect, and texts that tell it from its neighbours.
DIALECT = {
    r"(?<a>\w+)=(?<b>[^,]+)": ["x=1,y=2", "é=1"],
    r"(?i)FOO(\d)": ["foo7", "FoO8fOO9"],
    r"a(?=b)(.)": ["ab", "ac"],
    r"(?<!x)(y)": ["xy zy"],
    r"(?<=a|bc)(d)": ["bcd", "ad", "cd"],
    r"(\w)\1": ["abccd"],
    r"(?<q>['\"])(x)\k<q>": ["'x'", "'x\""],
    r"(?'q'['\"])x\k'q'\k{q}\g{q}(?P=q)": ["'x''''"],
    r"(a++)(b)": ["aab"],
    r"(?>a+)(b)": ["aab"],
    r"(?>a+)ab": ["aab"],
    r"([^\S\n]+)x": ["a \tx"],
    r"\<Data (\S)": ["<Data x"],
    r"(\d{2})(?:\.|$)": ["a12", "12\n", "12.3"],
    r"{(.*)}": ["{a}"],
    r"\Qa.b\E+(.)": ["a.bbc", "axbc"],
    r"(a$)": ["a\n", "a", "a\n\n", "a\nb"],
    r"a$|b": ["a\nb", "ba\n"],
    r"a\Z": ["a\n", "a"],
    r"a\z": ["a\n", "a"],
    r"\Aa": ["aa", "ba"],
    r"(?m)^(b)$": ["a\nb\nc", "a\nb\n"],
    r"(?m)^": ["a\nb\n", "", "\n"],
    r"(?m)$": ["a\nb\n"],
    r"[[:digit:]]([[:alpha:]]+)[[:^space:]]": ["1ab2"],
    r"(?x) a  (b) [ ] # comment": ["ab ", "ab"],
    r"x(?i)(A)|(b)": ["xa", "B", "Xa"],
    r"(a(?i)b|c)d": ["aBd", "Cd", "CD", "abD"],
    r"(?i:a)b(?-i)c": ["AbC", "Abc"],
    r"(?^i)A": ["a"],
    r"\x41(\x{42})\103\o{104}": ["ABCD"],
    r"^(\w+)$": ["é", "e"],
    r"\W\d\s": ["é1 ", "a1 "],
    r"\bfoo\b": ["foo", "éfoo", "foo_"],
    r"(?i)\bk\b(?=.)": ["\u212a.", "k.", "aK."],
    r"(?i)[a-z]+": ["\u212a\u017fÄ", "aZ"],
    r"(?i)[^k\d]": ["\u212a", "K", "1", "x"],
    r"(?i)\w[\W]": ["\u212a\u212a", "k\u212a"],
    r"(?i)é(?!x)": ["É", "éx"],
    r"\h+\H\v\V": [" \xa0a\x85b", "\u2003x\u2028y"],
    r"[\h,]+": ["a \xa0,b"],
    r"a\Rb": ["a\r\nb", "a\nb", "a\x85b"],
    r"\R\n": ["\r\n", "\r\n\n"],
    r"\N+": ["ab\nc"],
    r"a\Kb": ["ab xab", "b"],
    r"(a)\K(b)": ["abab"],
    r"(?|(a)|(b))(c)": ["bc", "ac"],
    r"(?|(?<n>a)|(?<n>b))(c)": ["bc", "ac"],
    r"\((?:[^()]|(?R))*\)": ["x(a(b)c)"],
    r"(a(?1)?b)": ["aabb", "aab"],
    r"(?<y>\d{4})-(?&y)-(?P>y)": ["2020-2021-2022"],
    r"(?(DEFINE)(?<d>\d+))(?&d)x": ["12x"],
    r"(?:a(*FAIL)|b)": ["ab"],
    r"((*FAIL))": ["", "a"],
    r"a(*SKIP)b|.": ["aab"],
    r"(a)?(?(1)b|c)": ["ab", "c", "ac"],
    r"(?<n>a)?(?(<n>)b|c)": ["ab", "c"],
    r"(?(?=a)ab|cd)": ["ab", "cd"],
    r"(?J)(?<n>a)|(?<n>b)": ["a", "b"],
    r"(?U)a+": ["aaa"],
    r"(?U)a+?": ["aaa"],
    r"(?n)(a)(?<b>b)": ["ab"],
    r"a{,2}b": ["aaab", "b"],
    r"(?:(a)|b)*": ["ab", "ba"],
    r"(a*)*": ["aab", ""],
    r"(a|ab)(c|bcd)(d*)": ["abcd"],
    r"x*": ["axb", ""],
    r"(?#comment)(a)": ["a"],
    r"[]a]+": ["]a"],
    r"[^]a]+": ["]ab"],
    r"[\]\-a-c\x2e]+": ["]-b."],
    r"[\Qa-z]\E.]+": ["a-z].m"],
    r"\p{Lu}\p{^L}\PL": ["É1-"],
    r"(?=.)\p{L}+": ["aé1"],
    r"\X": ["e\u0301x"],
    r"\G\d": ["12a3"],
    r"\cA\e": ["\x01\x1b"],
    r"(*UTF)(*LIMIT_MATCH=9)a": ["a"],
    r"(*pla:a)\w": ["ba"],
    r".\n?": ["a\r\n\u2028"],
    "": ["a", ""],
    "|a": ["ba"],
}


@pytest.mark.parametrize("pattern", DIALECT)
def test_the_dialect(pattern: str) -> None:
    agree(pattern, DIALECT[pattern])


@pytest.mark.parametrize(
    ("pattern", "text", "groups"),
    [
        (r"([\w-.]+)@", "a-b.c@d", ("a-b.c",)),
        (r"([\d-:\s]+)", "x10:20-30", ("10:20-30",)),  # PCRE2 refuses this range, older add-ons have it
        (r"\C(a)", "éa", ("a",)),  # events are characters here
        (r"(?<=a*)(b)", "ab", ("b",)),
    ],
)
def test_beyond_pcre2(pattern: str, text: str, groups: tuple[str, ...]) -> None:
    for regex in both(pattern):
        assert tuple(group[0] for group in regex.first(pl.Series([text]))) == groups


@pytest.mark.parametrize(
    "pattern",
    [
        "(a", "a)", "[a", "[", "*a", "a**", "a{2}{3}", "(?<1a>x)", "(?<a>x)(?<a>y)", "(?P<bad>", "[z-a]", r"a\\"[:2],
        r"\i", r"\1", r"(?<n>a)\k<m>", "(?Z)", "[[:nope:]]", r"\x{110000}", "(?(1)a)", "(?(?=a)b|c|d)(e)", "a{3,2}", r"[\R]",
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_the_words_of_pcre2(pattern: str) -> None:
    with pytest.raises(pcre2.PatternError) as wanted:
        reference(pattern)
    with pytest.raises(RegexError) as found:
        patterns.compile(pattern)
    words = str(wanted.value).partition("; ")[2].split()
    assert len([word for word in words if word in found.value.message]) > len(words) / 2


@pytest.mark.parametrize(
    "pattern",
    [
        "(" * 300 + ")" * 300,
        "a" * 40_000,
        r"((?:\w{1000}){1000}){1000}",
        "(?:a{65535}){65535}",
        "(*COMMIT)a",
        "(*UCP)a",
    ],
)
def test_what_is_too_much(pattern: str) -> None:
    with pytest.raises(RegexError):
        patterns.compile(pattern)


ATOM = st.sampled_from(
    ["a", "b", ".", r"\d", r"\w", "[ab]", "[^a]", r"\.", " ", r"\s", r"\S", r"\b", "^", "$", r"\n", "é", "[a-é]", r"[^\w]", r"\h", "(?i)A"]
)  # fmt: skip
HARD = st.sampled_from(
    [r"\1", r"(?=a)", r"(?<!b)", r"(?<=\n)", r"\K", r"(?1)", r"\R", "(?>a+)", r"\Z", "(?(1)a|b)", r"\B"]
)
AMOUNT = st.sampled_from(["", "", "", "*", "+", "?", "{1,2}", "*?", "+?", "{,2}"])


def patterns_of(atoms: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def wider(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        joined = st.lists(inner, min_size=1, max_size=3).map("".join)
        group = st.tuples(
            st.sampled_from(["(", "(?:", "(?i:", "(?m:", "(?s:"]), st.lists(joined, min_size=1, max_size=2)
        )
        return st.tuples(group.map(lambda g: g[0] + "|".join(g[1]) + ")"), AMOUNT).map("".join)

    piece = st.tuples(atoms, AMOUNT).map("".join)
    items = st.recursive(piece, wider, max_leaves=5)
    start = st.sampled_from(["", "", "(?m)", "(?i)", "(?ms)"])
    return st.tuples(start, st.lists(items, min_size=1, max_size=4).map("".join)).map("".join)


TEXTS = st.lists(st.text(st.sampled_from("abAB.1 \n\ré_"), max_size=8), min_size=1, max_size=5)


def compare(pattern: str, texts: list[str]) -> None:
    try:
        judge = reference(pattern)
        for text in texts:
            list(judge.finditer(text))
    except pcre2.LibraryError:  # no pattern, or one that calls itself without end
        return
    try:
        patterns.compile(pattern)
    except RegexError as error:
        assert "open group" in error.message  # a reference to the group that it stands in: refused, not misread
        return
    agree(pattern, texts)


@examples(150)
@given(patterns_of(ATOM), TEXTS)
def test_plain_patterns_mean_the_same_everywhere(pattern: str, texts: list[str]) -> None:
    compare(pattern, texts)


ENDS = st.text(st.sampled_from("ab<>é \n"), min_size=1, max_size=3)


@examples(150)
@given(ENDS, ENDS, TEXTS | st.lists(st.text(st.sampled_from("ab<>é \n"), max_size=12), min_size=1, max_size=5))
def test_what_lies_between_two_texts(before: str, behind: str, texts: list[str]) -> None:
    pattern = f"(?s){before}(?<x>.*?){behind}"
    assert patterns.compile(pattern).between == (before, behind)
    compare(pattern, texts)


@examples(60)
@given(st.lists(st.text(st.sampled_from("ab=1 ,"), max_size=12), min_size=1, max_size=5))
def test_matches_without_a_text_are_left_out_and_no_others(texts: list[str]) -> None:
    regex, text = patterns.compile("([ab]+)=([1a]*)"), pl.Series(texts)
    rows, groups = regex.every(text)
    kept = [n for n, match in enumerate(zip(*groups, strict=True)) if "b" in "=".join(match)]
    with patch.object(module, "_TEXTS", -1):  # none is read one by one
        some, others = regex.every(text, "b")
    assert some.to_list() == rows.gather(kept).to_list()
    assert [g.to_list() for g in others] == [g.gather(kept).to_list() for g in groups]


def test_texts_that_take_long_one_by_one_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    regex, text = patterns.compile("(a+)+=(b)"), pl.Series(["a" * 28 + "c=b", "aa=b"])
    monkeypatch.setattr(module, "_MOMENT", 1e-6)
    rows, groups = regex.every(text)
    assert (rows.to_list(), [group.to_list() for group in groups]) == ([1], [["aa"], ["b"]])


@pytest.mark.parametrize("pattern", [r"\B", r"a\B", r"\Ba", r"(?=\B)x?"])
def test_no_border_means_the_same_in_an_empty_text(pattern: str) -> None:
    compare(pattern, ["", "a", "aa", " "])


@examples(100)
@given(patterns_of(ATOM | HARD), TEXTS)
def test_hard_patterns_mean_the_same_everywhere(pattern: str, texts: list[str]) -> None:
    compare(pattern, texts)


@pytest.mark.parametrize("pattern", ["a=", "^", "(?=b)", "(x)?=", "é$"])
@pytest.mark.parametrize("most", [0, 1, 128, 256, 257, 400])
def test_what_follows_is_cut_where_it_is_asked_to_be(pattern: str, most: int) -> None:
    texts = pl.Series(["a=bé\n" + "é" * 300, "no", "", "x=\n", None, "é\n", "b" * 300])
    compiled = patterns.compile(pattern)
    assert compiled.after(texts, most).to_list() == compiled.after(texts).str.head(most).to_list()
