"""pcre: both engines agree, and what only one can do goes there."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caltrop.dialect.patterns import RegexError, pcre

# pattern, text, groups of the first match (None: no match), whether Rust runs it
CASES = [
    (r"(?<a>\w+)=(?<b>[^,]+)", "x=1,y", ("x", "1"), True),
    (r"(?i)FOO(\d)", "foo7", ("7",), True),
    (r"a(?=b)(.)", "ab", ("b",), False),
    (r"(?<!x)(y)", "xy zy", ("y",), False),
    (r"(?<=a|bc)(d)", "bcd", ("d",), False),
    (r"(\w)\1", "abccd", ("c",), False),
    (r"(?<q>['\"])(x)\k<q>", "'x'", ("'", "x"), False),
    (r"(a++)(b)", "aab", ("aa", "b"), False),
    (r"(?>a+)(b)", "aab", ("b",), False),
    (r"([\w-.]+)@", "a-b.c@d", ("a-b.c",), True),
    (r"([^\S\n]+)x", "a \tx", (" \t",), True),
    (r"\<Data (\S)", "<Data x", ("x",), True),
    (r"(\d{2})(?:\.|$)", "a12", ("12",), True),
    (r"x{2}{(y)", "xx{y", ("y",), True),
    (r"{(.*)}", "{a}", ("a",), True),
    (r"\Qa.b\E(.)", "a.bc", ("c",), True),
    (r"(a$)", "a\n", ("a\n",), True),
    (r"(?m)^(b)$", "a\nb\nc", ("b",), True),
    (r"[[:digit:]]([[:alpha:]]+)", "1ab2", ("ab",), True),
    (r"(?x) a  (b) # comment", "ab", ("b",), True),
    (r"x(?i)(A)|(b)", "xa", ("a", None), True),
    (r"\x41(\x{42})", "AB", ("B",), True),
    (r"(é+)", "caféé", ("éé",), True),
    (r"^(\w+)$", "é", None, True),  # classes are ASCII
    (r"(?'n'a)", "a", ("a",), True),
    (r"([\]a]+)", "]a", ("]a",), True),
    (r"([]a]+)", "]a", ("]a",), True),
    (r"a|(b)", "a", (None,), True),
    (r"(?#comment)(a)", "a", ("a",), True),
]


@pytest.mark.parametrize(("pattern", "text", "groups", "rust"), CASES)
def test_first(pattern: str, text: str, groups: tuple[str | None, ...] | None, rust: bool) -> None:
    regex = pcre.compile(pattern)
    assert (regex.rust is not None) is rust
    column = pl.Series([text, None])
    found = tuple(c[0] for c in regex.first(column))
    assert regex.matches(column).to_list() == [groups is not None, None]
    assert found == (groups if groups is not None else (None,) * len(regex.names))


def test_group_names() -> None:
    assert pcre.compile(r"(?<a>x)(y)(?P<b>z)").names == ("a", None, "b")


@pytest.mark.parametrize("pattern", [r"(\w)=(\d)", r"(?<=^|,)(\w)=(\d)"])
def test_every(pattern: str) -> None:
    rows, groups = pcre.compile(pattern).every(pl.Series(["a=1,b=2", None, "none", "c=3"]))
    assert rows.to_list() == [0, 0, 3]
    assert [g.to_list() for g in groups] == [["a", "b", "c"], ["1", "2", "3"]]


@pytest.mark.parametrize(
    "pattern",
    ["(a", "a)", "[a", "*a", r"a\K", "(?R)", "(*FAIL)", "(?<a>x)(?<a>y)", "(" * 300 + ")" * 300, r"(?=a)\p{L}"],
)
def test_errors(pattern: str) -> None:
    with pytest.raises(RegexError):
        pcre.compile(pattern)


ATOM = st.sampled_from(["a", "b", ".", r"\d", r"\w", "[ab]", "[^a]", r"\.", " ", r"\s", "(a|b)", "(?:ab)"])
PIECE = st.tuples(ATOM, st.sampled_from(["", "*", "+", "?", "{1,2}", "*?"])).map("".join)
PATTERN = st.lists(PIECE, min_size=1, max_size=5).map("".join)


@settings(max_examples=80, deadline=None)
@given(PATTERN, st.lists(st.text(st.sampled_from("ab.1 \n"), max_size=8), min_size=1, max_size=5))
def test_rust_and_python_agree(pattern: str, texts: list[str]) -> None:
    regex = pcre.compile(pattern)
    assert regex.rust is not None
    slow = pcre.Regex(pattern, None, regex.python_text, regex.names)
    column = pl.Series(texts)
    assert regex.matches(column).to_list() == slow.matches(column).to_list()
    assert [c.to_list() for c in regex.first(column)] == [c.to_list() for c in slow.first(column)]
