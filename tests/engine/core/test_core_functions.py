"""Every eval function takes whatever rows hold: it gives a value or a placed error, never a crash."""

from __future__ import annotations

from itertools import product
from typing import Any, cast

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.dialect.moments import relative_time
from caltrop.engine import registry
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.execute import Engine
from caltrop.engine.functions.mathematical import rounded_text
from caltrop.engine.instance import Instance
from caltrop.engine.table import MULTIVALUE
from caltrop.spl import ast, parse_eval
from tests.examples import examples

registry.load()
FRAME = pl.DataFrame(
    {
        "_time": [1_700_000_000.25, 0.0, 1e18],
        "t": ["abc", "12.5", None],
        "j": ['{"a":[1,{"b":2}]}', "[1,2", "[]"],
        "n": [1.5, -3.0, None],
        "i": [2**62, 0, -1],
        "m": [["a", "1"], None, ["x", "y", "z"]],
        "e": ["", "\\", "((("],
    },
    schema_overrides={"m": MULTIVALUE},
)
ARGUMENTS = [
    "t",
    "j",
    "n",
    "i",
    "m",
    "e",
    "nothere",
    '"abc"',
    '""',
    "5",
    "-1",
    "2.5",
    "null()",
    '"a{}.b"',
    '"%Y-%m-%d"',
    "(t==n)",
    '"("',
    '"-1d@d"',
    "1e308",
]
arguments = st.sampled_from(ARGUMENTS).map(parse_eval)


@pytest.fixture(scope="module")
def ctx() -> Context:
    return Context(Instance(now=1_700_000_000.0), Engine(), 1_700_000_000.0)


def columns(ctx: Context, node: ast.Node, none: bool = True) -> pl.Series | None:
    """The value on all rows (and on none); None when it is refused."""
    try:
        full = ctx.engine.evaluate(node, FRAME, ctx)
    except SearchError as error:
        assert error.message
        return None
    assert len(full) == FRAME.height
    assert full.dtype in (pl.String, pl.Float64, pl.Int64, pl.Boolean, MULTIVALUE)
    assert not none or len(ctx.engine.evaluate(node, FRAME.clear(), ctx)) == 0
    return full


@pytest.mark.parametrize("name", sorted(registry.functions))
def test_one_argument_of_each_kind(name: str, ctx: Context) -> None:
    entry = registry.functions[name]
    count = max(entry.least, 1)
    for filler, argument in product(("m", "5") if count > 1 else ("m",), ARGUMENTS):
        if entry.most == 0:
            columns(ctx, ast.Call(name))
            return
        nodes = [parse_eval(argument), *[parse_eval(filler)] * (count - 1)]
        columns(ctx, ast.Call(name, tuple(nodes)), filler == "m")
        if count > 1:
            columns(ctx, ast.Call(name, tuple(reversed(nodes))), False)


@examples(150)
@given(st.sampled_from(sorted(registry.functions)), st.lists(arguments, max_size=5))
def test_any_arguments(name: str, args: list[ast.Node]) -> None:
    columns(Context(Instance(), Engine(), 1_700_000_000.0), ast.Call(name, tuple(args)))


@pytest.mark.parametrize(
    ("spl", "message"),
    [
        ('if(1==1,"x")', "if function takes 3 arguments"),
        ("pi(1)", "no arguments"),
        ("len()", "1 argument"),
        ('case(1==1,"x",2==2)', "case.*even"),
        ("lenn(t)", "unknown eval function 'lenn'"),
        ('tonumber("x")', "tonumber.*not a number"),
        ('tonumber("x",99)', "2 to 36"),
        ('match(t,"(")', "invalid regular expression"),
        ('tostring(5,"roman")', "hex"),
        ('relative_time(1,"yesterday")', "no relative time"),
        ('"x"*2', r"'\*'"),
        ('"x"+1', r"'\+'"),
        ("(1==1)+1", r"'\+' only takes two strings or two numbers"),
        ("1 AND 2", "AND needs a Boolean"),
        ("mvfilter(t==n)", "exactly one field"),
        ("mvmap(5,1)", "must name a field"),
        ("mvrange(0,1e9)", "more than"),
    ],
)
def test_refusals_say_why(spl: str, message: str, ctx: Context) -> None:
    node = parse_eval(spl)
    with pytest.raises(SearchError, match=message) as caught:
        ctx.engine.evaluate(node, FRAME, ctx)
    assert caught.value.span.end > 0


def test_unknown_function_suggests_a_name(ctx: Context) -> None:
    with pytest.raises(SearchError) as caught:
        ctx.engine.evaluate(parse_eval("lenn(t)"), FRAME, ctx)
    assert caught.value.hint == "did you mean 'len'?"


@examples(100)
@given(
    st.lists(
        st.one_of(st.floats(-1e18, 1e18), st.integers(-(10**7), 10**7).map(lambda n: n / 1000)), min_size=1, max_size=20
    ),
    st.integers(1, 9),
)
def test_rounding_a_column_equals_rounding_each(numbers: list[float], digits: int) -> None:
    ctx = Context(cast(Any, None), Engine(), 0.0)
    frame = pl.DataFrame({"x": numbers}, schema={"x": pl.Float64})
    column = ctx.engine.evaluate(parse_eval(f"round(x,{digits})"), frame, ctx)
    assert column.to_list() == [rounded_text(n, digits) for n in numbers]


TEXT_LISTS = st.one_of(
    st.none(), st.sampled_from(["a", "b c", ""]), st.lists(st.sampled_from(["a", "b", "1"]), min_size=1, max_size=3)
)


@given(st.lists(st.tuples(TEXT_LISTS, TEXT_LISTS, st.sampled_from([",", "", None])), min_size=1, max_size=6))
def test_mvzip_of_whole_columns_is_that_of_each_row(
    rows: list[tuple[str | list[str] | None, str | list[str] | None, str | None]],
) -> None:
    def listed(cell: str | list[str] | None) -> list[str] | None:
        return [cell] if isinstance(cell, str) else cell

    def column(number: int) -> pl.Series:
        cells = [row[number] for row in rows]
        if any(isinstance(cell, list) for cell in cells):
            return pl.Series([listed(cell) for cell in cells], dtype=pl.List(pl.String))
        return pl.Series(cells, dtype=pl.String)

    frame = pl.DataFrame([column(0).alias("l"), column(1).alias("r"), column(2).alias("d")])
    expected: list[list[str] | None] = []
    for left, right, between in rows:
        if left is None or right is None or between is None:
            expected.append(None)
            continue
        pairs = [f"{a}{between}{b}" for a, b in zip(listed(left) or [], listed(right) or [], strict=False)]
        expected.append(pairs)
    context = Context(Instance(None), Engine(), 0.0)
    found = context.engine.evaluate(parse_eval("mvzip(l, r, d)"), frame, context)
    assert [listed(cell.to_list() if isinstance(cell, pl.Series) else cell) for cell in found] == expected


@given(
    st.lists(st.one_of(st.none(), st.floats(2e8, 2e9)), min_size=3, max_size=5),
    st.sampled_from(["-1d@d", "@h", "-5m@h+1s", "-1d", "@s"]),
)
def test_relative_times_of_many_are_those_of_each(times: list[float | None], spec: str) -> None:
    frame = pl.DataFrame({"t": pl.Series(times * 400, dtype=pl.Float64)})
    context = Context(Instance(None), Engine(), 0.0, timezone="Europe/Berlin")
    found = context.engine.evaluate(parse_eval(f'relative_time(t, "{spec}")'), frame, context).to_list()
    assert found[: len(times)] == [None if t is None else relative_time(t, spec, "Europe/Berlin") for t in times]
