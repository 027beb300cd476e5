"""Printing a tree and reading it again gives the same tree: for generated trees and for every search that is at hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from caltrop.spl import Macro, expand, parse, parse_eval, parse_search, unparse
from caltrop.spl.ast import (
    Aggregation,
    Alias,
    And,
    Assignment,
    Binary,
    Call,
    Clause,
    Command,
    Comparison,
    Directive,
    FieldFunction,
    FieldName,
    InList,
    Keyword,
    Literal,
    MacroCall,
    Membership,
    Node,
    Not,
    Option,
    Or,
    Pipeline,
    SortKey,
    Subsearch,
    Template,
    Unary,
    Word,
)
from caltrop.spl.expressions import PRECEDENCE
from tests.examples import examples

TEXT = st.text(st.sampled_from("abXY01 \"'\\|[](){}`=<>!,.*%$-_:/\n"), max_size=8)
IDENTIFIER = st.sampled_from(["a", "b1", "_time", "Field", "src_ip", "x"])
DOTTED = st.sampled_from(["a", "Processes.user", "a{}.b", "eai:acl.app", "x-y", "foo*", "*"])
FIELD = (
    st.builds(FieldName, IDENTIFIER)
    | st.builds(FieldName, DOTTED)
    | st.builds(FieldName, TEXT.filter(bool), st.just(True))
)
MACRO = st.builds(MacroCall, IDENTIFIER, st.lists(st.sampled_from(["1", "a b", '"c, d"']), max_size=2).map(tuple))

# --- eval expressions

EVAL_FIELD = st.builds(FieldName, IDENTIFIER) | st.builds(
    FieldName, TEXT.filter(lambda text: "\\" not in text and text != ""), st.just(True)
)
NUMBER = st.integers(0, 10**20) | st.floats(0, 1e300, allow_nan=False, allow_infinity=False)
LEAF = (
    EVAL_FIELD
    | st.builds(Literal, NUMBER)
    | st.builds(Literal, TEXT)
    | MACRO
    | st.sampled_from([Template("<<FIELD>>"), Template("$t$")])
)
BINARY = sorted(PRECEDENCE.keys() - {"IN"})


def operators(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return (
        st.builds(Binary, st.sampled_from(BINARY), inner, inner)
        | st.builds(Unary, st.sampled_from(["-", "+", "NOT"]), inner)
        | st.builds(InList, inner, st.lists(inner, max_size=3).map(tuple))
        | st.builds(Call, st.sampled_from(["if", "len", "coalesce"]), st.lists(inner, max_size=3).map(tuple))
    )


EXPRESSION = st.recursive(LEAF, operators, max_leaves=12)


@examples(120)
@given(EXPRESSION)
def test_eval_expressions(tree: Node) -> None:
    assert parse_eval(unparse(tree)) == tree, unparse(tree)


# --- search expressions

BARE = st.sampled_from(["x", "web*", "10.0.0.1", "a-b", "C:\\Windows\\*", "or", "a@b.c", "*", "1"])
VALUE = (
    st.builds(Word, BARE) | st.builds(Word, TEXT, st.just(True)) | st.builds(Directive, st.just("TERM"), st.just("a.b"))
)
TERM = (
    st.builds(Keyword, BARE)
    | st.builds(Keyword, TEXT, st.just(True))
    | st.builds(Comparison, FIELD, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), VALUE)
    | st.builds(Membership, FIELD, st.lists(VALUE, min_size=1, max_size=3).map(tuple))
    | st.builds(Directive, st.sampled_from(["TERM", "CASE"]), st.sampled_from(["a", "a b", "1.2"]))
    | MACRO
    | st.just(Template("$t$"))
)


def boolean(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.builds(Not, inner) | st.builds(And, several) | st.builds(Or, several)


SEARCH = st.recursive(TERM, boolean, max_leaves=10)


@examples(120)
@given(SEARCH)
def test_search_expressions(tree: Node) -> None:
    assert parse_search(unparse(tree)) == tree, unparse(tree)


# --- commands

AGGREGATION = st.sampled_from(
    [
        Aggregation("count", None, None, "count"),
        Aggregation("dc", FieldName("a"), None, "dc(a)"),
        Aggregation("sum", FieldName("a b", True), "s", "sum(a b)"),
        Aggregation("sum", FieldName("a b", True), None, "sum(eval('a b'))"),
        Aggregation("p95", FieldName("x*"), "a b", "p95(x*)"),
        Aggregation("max", Binary("*", FieldName("a"), Literal(2)), None, "max(eval(a * 2))"),
        Aggregation(
            "sparkline", Aggregation("avg", FieldName("a"), None, "avg(a)"), None, "sparkline(avg(a), 1h)", ("1h",)
        ),
    ]
)
FIELDS = st.lists(FIELD, min_size=1, max_size=3).map(tuple)
ALIAS = st.builds(Alias, FIELD, FIELD)
BY = FIELDS.map(lambda fields: (Clause("by", fields),)) | st.just(())
PARTS = {
    "search": SEARCH.map(lambda node: (node,)),
    "where": EXPRESSION.map(lambda node: (node,)),
    "eval": st.lists(st.builds(Assignment, st.sampled_from(["a", "a b", "{x}_y", "<<FIELD>>", "a.b"]), EXPRESSION), min_size=1, max_size=3).map(tuple),
    "table": FIELDS,
    "fields": FIELDS.map(lambda fields: (Word("-"), *fields)),
    "rename": st.lists(ALIAS, min_size=1, max_size=3).map(tuple),
    "stats": st.tuples(st.lists(AGGREGATION, min_size=1, max_size=3), BY).map(lambda p: (*p[0], *p[1])),
    "timechart": st.tuples(AGGREGATION, BY).map(lambda p: (Option("span", "1h"), Option("limit", 5), p[0], *p[1])),
    "sort": st.lists(st.builds(SortKey, FIELD, st.booleans(), st.sampled_from([None, "num", "ip"])), min_size=1, max_size=2).map(lambda keys: (Option("limit", 0), *keys)),
    "rex": TEXT.map(lambda text: (Option("field", "a"), Word(text.replace("\\", "/"), True))),
    "regex": st.builds(Comparison, FIELD, st.sampled_from(["=", "!="]), st.just(Word("^a\\d", True))).map(lambda node: (node,)),
    "convert": st.lists(st.builds(FieldFunction, st.just("ctime"), FIELD, st.sampled_from([None, "t", "a b"])), min_size=1, max_size=2).map(tuple),
    "lookup": st.tuples(ALIAS, ALIAS).map(lambda p: (Word("users"), p[0], Clause("output", (p[1],)))),
    "dedup": FIELDS.map(lambda fields: (Option("limit", 2), *fields, Option("keepevents", True))),
    "mycommand": st.builds(Option, st.sampled_from(["a", "b.c"]), TEXT, st.just(True)).map(lambda option: (Word("x"), option)),
}  # fmt: skip
COMMAND = st.sampled_from(sorted(PARTS)).flatmap(lambda name: st.builds(Command, st.just(name), PARTS[name]))
INNER = st.lists(COMMAND, min_size=1, max_size=2).map(lambda commands: Pipeline((Command("makeresults"), *commands)))
APPEND = INNER.map(lambda pipeline: Command("append", (Subsearch(pipeline),)))
PIPELINE = st.lists(COMMAND | APPEND | MACRO, max_size=4).map(
    lambda commands: Pipeline((Command("makeresults"), *commands))
)


@examples(80)
@given(PIPELINE)
def test_pipelines(tree: Pipeline) -> None:
    assert parse(unparse(tree)) == tree, unparse(tree)


# --- everything at hand


def written(shared: Path) -> Iterator[tuple[str, str]]:
    for folder in ("detections", "baselines", "investigations"):
        for file in sorted((shared / "corpus" / "escu" / folder).rglob("*.yml")):
            search = load(file).get("search")
            if search:
                yield file.name, search
    for file in sorted((shared / "conformance").glob("*.yaml")):
        for case in load(file):
            if "expect_error" not in case:
                yield case["id"], case["search"]


def load(file: Path) -> Any:
    return yaml.load(file.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@pytest.mark.shared
@pytest.mark.parametrize("text", ["| w d,=t", "| w =t", "| w a,= =b"])
def test_a_sign_of_its_own_stays_one(text: str) -> None:
    assert parse(unparse(parse(text))) == parse(text)


@pytest.mark.shared
def test_searches_of_the_corpus_and_the_cases(shared: Path) -> None:
    count = 0
    for name, spl in written(shared):
        tree = parse(spl)
        assert parse(unparse(tree)) == tree, name
        count += 1
    assert count > 1400


@pytest.mark.shared
def test_corpus_with_macros_expanded(shared: Path) -> None:
    corpus = shared / "corpus" / "escu"
    macros = [load(file) for file in (corpus / "macros").glob("*.yml")]
    known = {(m["name"], len(m.get("arguments") or [])): m for m in macros}
    # What contentctl adds, and what the Common Information Model add-on brings.
    known[("drop_dm_object_name", 1)] = {"arguments": ["object"], "definition": 'rename "$object$.*" as "*"'}

    def find(name: str, arity: int) -> Macro | None:
        if name.endswith("_filter"):
            return Macro(name, (), "search *")
        found = known.get((name, arity))
        return found and Macro(name, tuple(found.get("arguments") or ()), found["definition"])

    count = 0
    for file in sorted((corpus / "detections").rglob("*.yml")):
        spl = load(file).get("search")
        unknown = (
            []
            if not spl
            else [c for c in parse(spl).walk() if isinstance(c, MacroCall) and not find(c.name, len(c.args))]
        )
        if spl and not unknown:
            tree = parse(expand(spl, find).text)
            assert parse(unparse(tree)) == tree, file.name
            assert not any(isinstance(node, MacroCall) for node in tree.walk()), file.name
            count += 1
    assert count > 1000
