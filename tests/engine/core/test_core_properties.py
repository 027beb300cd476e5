"""The engine equals the row-at-a-time evaluator, and how events lie in segments never matters."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from caltrop.conformance import rows_of
from caltrop.engine.instance import Instance
from caltrop.engine.table import MULTIVALUE
from caltrop.spl import ast, unparse
from tests.examples import examples

from .rowwise_core import Cell, dedup, evaluate, matches, shown, sort

BOUNDED = examples(60)
NOW = 1_700_000_000.0

WORDS = ["", "a", "B", "ab", "x y", "5", "05", "5.0", "-2.5", "10", "9", "1e2", "é", "a.b", "10.1.2.3"]
single = st.sampled_from(WORDS)
cell = st.one_of(st.none(), single)
rows = st.lists(
    st.fixed_dictionaries(
        {"a": cell, "b": cell, "c": cell, "m": st.one_of(st.none(), single, st.lists(single, min_size=2, max_size=3)),
         "_raw": st.lists(st.sampled_from(["alpha", "Beta", "al", "x=1", "beta_gamma", "a.b"]), min_size=1, max_size=4).map(" ".join)}
    ),
    max_size=8,
)  # fmt: skip

# --- expressions of known type, so that the type check of eval has nothing to refuse

fields = st.sampled_from(["a", "b", "c", "nothere"]).map(ast.FieldName)
any_field = st.sampled_from(["a", "b", "c", "m", "nothere"]).map(ast.FieldName)
numbers = st.sampled_from([0, 1, 2, 2.5, 10]).map(ast.Literal)
texts = st.sampled_from(["", "a", "B", "5", "x y"]).map(ast.Literal)


def call(name: str, *args: st.SearchStrategy[ast.Node]) -> st.SearchStrategy[ast.Node]:
    return st.tuples(*args).map(lambda found: ast.Call(name, found))


def binary(
    op: str, left: st.SearchStrategy[ast.Node], right: st.SearchStrategy[ast.Node]
) -> st.SearchStrategy[ast.Node]:
    return st.builds(lambda a, b: ast.Binary(op, a, b), left, right)


number_exprs = st.recursive(
    numbers | fields,
    lambda inner: st.one_of(
        *(binary(op, inner, inner) for op in ("-", "*", "/", "%")), call("len", any_field), call("mvcount", any_field)
    ),
    max_leaves=4,
)
text_exprs = st.recursive(
    texts | any_field,
    lambda inner: st.one_of(
        binary(".", inner, inner), call("upper", inner), call("coalesce", inner, inner),
        call("mvindex", any_field, st.sampled_from([0, 1]).map(ast.Literal)), call("mvjoin", any_field, st.just(ast.Literal("-"))),
        call("mvappend", inner, inner),
    ),
    max_leaves=4,
)  # fmt: skip
comparisons = st.sampled_from(["==", "!=", "<", "<=", ">", ">="]).flatmap(
    lambda op: st.one_of(
        binary(op, number_exprs, number_exprs), binary(op, text_exprs, text_exprs), binary(op, any_field, numbers)
    )
)
conditions = st.recursive(
    comparisons
    | call("isnull", any_field)
    | st.builds(lambda f, xs: ast.InList(f, tuple(xs)), any_field, st.lists(texts | numbers, min_size=1, max_size=3)),
    lambda inner: st.one_of(
        *(binary(op, inner, inner) for op in ("AND", "OR", "XOR")), inner.map(lambda n: ast.Unary("NOT", n))
    ),
    max_leaves=4,
)
value_exprs = st.one_of(
    number_exprs,
    text_exprs,
    call("if", conditions, text_exprs, number_exprs),
    call("case", conditions, number_exprs, conditions, number_exprs),
)


def is_comparable(node: ast.Comparison) -> bool:
    """A wildcard is only equal or not."""
    return node.op in ("=", "!=") or not (isinstance(node.value, ast.Word) and "*" in node.value.text)


search_values = st.sampled_from(["a", "*", "A*", "*b", "5", "5.0", "*.*", "x y", "1", "10"])
search_terms = st.one_of(
    st.builds(
        lambda f, op, v: ast.Comparison(ast.FieldName(f), op, ast.Word(v, quoted=True)),
        st.sampled_from(["a", "b", "m", "nothere"]), st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), search_values,
    ).filter(is_comparable),
    st.builds(lambda f, vs: ast.Membership(ast.FieldName(f), tuple(ast.Word(v, quoted=True) for v in vs)), st.sampled_from(["a", "m"]), st.lists(search_values, min_size=1, max_size=3)),
    st.sampled_from(["alpha", "beta", "al", "x", "1", "gamma", "a.b", "x=1"]).map(ast.Keyword),
)  # fmt: skip
searches = st.recursive(
    search_terms,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda xs: ast.And(tuple(xs))),
        st.lists(inner, min_size=2, max_size=3).map(lambda xs: ast.Or(tuple(xs))),
        inner.map(ast.Not),
    ),
    max_leaves=5,
)


def instance_of(events: list[dict[str, Cell]], pieces: int = 1) -> Instance:
    """Events in listing order when read newest first, spread over that many segments."""
    instance = Instance(now=NOW)
    instance.store.create_index("main")
    columns = {
        "id": [str(i) for i in range(len(events))],
        "_time": [NOW - 1 - i for i in range(len(events))],
        "_raw": [event["_raw"] for event in events],
        "index": ["main"] * len(events),
        **{name: [event[name] for event in events] for name in ("a", "b", "c")},
        "m": [[v] if isinstance(v := event["m"], str) else v for event in events],
    }
    frame = pl.DataFrame(
        columns,
        schema_overrides={
            **dict.fromkeys("abc", pl.String),
            "m": MULTIVALUE,
            "_time": pl.Float64,
            "_raw": pl.String,
            "id": pl.String,
            "index": pl.String,
        },
    )
    for piece in range(pieces):
        instance.store.append(frame.gather_every(pieces, piece))
        instance.store.flush()
    return instance


def results(instance: Instance, spl: str) -> list[dict[str, Cell]]:
    return rows_of(instance.search(spl).table)


@BOUNDED
@given(rows, searches)
def test_search(events: list[dict[str, Cell]], node: ast.Node) -> None:
    found = results(instance_of(events), f"search id=* {unparse(ast.And((node,)))} | table id")
    assert [row["id"] for row in found] == [str(i) for i, event in enumerate(events) if matches(node, event)]


@BOUNDED
@given(rows, searches)
def test_search_after_a_command(events: list[dict[str, Cell]], node: ast.Node) -> None:
    found = results(instance_of(events), f"search id=* | eval z=1 | search {unparse(ast.And((node,)))} | table id")
    assert [row["id"] for row in found] == [str(i) for i, event in enumerate(events) if matches(node, event)]


@BOUNDED
@given(rows, conditions)
def test_where(events: list[dict[str, Cell]], node: ast.Node) -> None:
    spl = unparse(ast.Pipeline((ast.Command("where", (node,)),)))
    found = results(instance_of(events), f"search id=* {spl} | table id")
    assert [row["id"] for row in found] == [str(i) for i, event in enumerate(events) if evaluate(node, event) is True]


@BOUNDED
@given(rows, value_exprs)
def test_eval(events: list[dict[str, Cell]], node: ast.Node) -> None:
    spl = unparse(ast.Pipeline((ast.Command("eval", (ast.Assignment("z", node),)),)))
    found = results(instance_of(events), f"search id=* {spl} | table id z")
    assert [row["z"] for row in found] == [shown(evaluate(node, event)) for event in events]


@BOUNDED
@given(
    rows,
    st.lists(st.sampled_from("abm"), min_size=1, max_size=2, unique=True),
    st.integers(1, 2),
    st.booleans(),
    st.booleans(),
)
def test_dedup(events: list[dict[str, Cell]], names: list[str], keep: int, consecutive: bool, keepempty: bool) -> None:
    spl = f"search id=* | dedup {keep} {' '.join(names)} consecutive={consecutive} keepempty={keepempty} | table id"
    rows = [{**event, "id": str(i)} for i, event in enumerate(events)]
    wanted = dedup(rows, names, keep, consecutive=consecutive, keepempty=keepempty)
    assert [row["id"] for row in results(instance_of(events), spl)] == [row["id"] for row in wanted]


@BOUNDED
@given(
    rows,
    st.lists(st.tuples(st.sampled_from("abcm"), st.booleans()), min_size=1, max_size=3, unique_by=lambda key: key[0]),
)
def test_sort(events: list[dict[str, Cell]], keys: list[tuple[str, bool]]) -> None:
    spl = f"search id=* | sort 0 {' '.join(('-' if down else '+') + name for name, down in keys)} | table id"
    rows = [{**event, "id": str(i)} for i, event in enumerate(events)]
    assert [row["id"] for row in results(instance_of(events), spl)] == [row["id"] for row in sort(rows, keys)]


PIPELINES = [
    "search a=* | table id a",
    "alpha OR beta | eval n=len(a) | sort 0 n id | table id n",
    "search id=* | dedup a | table id",
    "search id=* | stats count values(b) AS b by a | sort 0 a",
    "search id=* | head 3 | table id",
    'search id=* | rex field=_raw "(?<w>\\w+)" | stats count by w',
    "search id=* | mvexpand m | streamstats count AS n | table id m n",
]


@examples(25)
@given(rows, st.integers(2, 4), st.sampled_from(PIPELINES))
def test_segments_do_not_matter(events: list[dict[str, Cell]], pieces: int, spl: str) -> None:
    assert results(instance_of(events, pieces), spl) == results(instance_of(events), spl)
