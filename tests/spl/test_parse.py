"""The grammar, rule by rule."""

from __future__ import annotations

import pytest

from caltrop.spl import SplError, parse, parse_search, unparse
from caltrop.spl.ast import Command, Comparison, FieldName, Keyword, Membership, Node, Word


@pytest.mark.parametrize(
    ("spl", "names"),
    [
        ("error host=a", ["search"]),
        ("search error | stats count", ["search", "stats"]),
        ("| makeresults | eval a=1", ["makeresults", "eval"]),
        ("`m` | table a", ["search", "table"]),
        ("| makeresults ```| head 1``` | stats count", ["makeresults", "stats"]),
    ],
)
def test_stages(spl: str, names: list[str]) -> None:
    assert [command.name for command in parse(spl).commands] == names


@pytest.mark.parametrize(
    ("spl", "message"),
    [
        ('| makeresults | eval a="no end', "unbalanced quotes"),
        ("| makeresults | eval a=(1+2", "parenthesis"),
        ("search (a=1 OR b=2", "parenthesis"),
        ("| makeresults | append [| makeresults", "bracket"),
        ("| makeresults | eval a=1+", "expression"),
        ("| makeresults | | table a", "a command was expected"),
        ("| makeresults | eval a", '"="'),
        ("", "empty"),
        ("search a=1)", "parenthes"),
        ("search a=1 ]", "bracket"),
    ],
)
def test_refused(spl: str, message: str) -> None:
    with pytest.raises(SplError) as caught:
        parse(spl)
    assert message in f"{caught.value} {caught.value.hint}"


def test_options_are_typed() -> None:
    command = parse("| makeresults count=3 annotate=t").commands[0]
    assert isinstance(command, Command)
    assert command.option("count") == 3
    assert command.option("annotate") is True


@pytest.mark.parametrize(
    ("text", "term"),
    [
        (r"gate\[78\]\:", Keyword("gate[78]:", quoted=True)),
        (r"10\:00\:01.750\+0000", Keyword("10:00:01.750+0000")),
        (r"user\=bob", Keyword("user=bob", quoted=True)),
        (r"foo\*bar", Keyword(r"foo\*bar")),
        (r"C:\Users\ann", Keyword(r"C:\Users\ann")),
        (r"a=*\[x\]*", Comparison(FieldName("a"), "=", Word("*[x]*", quoted=True))),
        (r"path=*\(x86\)\foo", Comparison(FieldName("path"), "=", Word(r"*(x86)\foo", quoted=True))),
        (r"Image=*\cmd.exe", Comparison(FieldName("Image"), "=", Word(r"*\cmd.exe"))),
        (r"x IN (C:\a\, C:\b\)", Membership(FieldName("x"), (Word("C:\\a\\"), Word("C:\\b\\")))),
    ],
)
def test_escapes_in_bare_words(text: str, term: Node) -> None:
    read = parse_search(text)
    assert read == term
    assert parse_search(unparse(read)) == read
