"""What is computed for whole columns is what the rule says of one row after the other."""

from __future__ import annotations

import ipaddress
import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.dialect.addresses import inside, ipv4
from caltrop.dialect.lists import collected
from caltrop.engine.aggregate import group, natural_order
from caltrop.engine.context import Context
from caltrop.engine.execute import Engine
from caltrop.engine.instance import Instance
from caltrop.engine.table import MULTIVALUE, Table, numeric
from caltrop.engine.values import to_number
from caltrop.index import coding
from tests.examples import examples

CONTEXT = Context(Instance(), Engine(), 0.0)
ADDRESSES = st.sampled_from(
    ["10.0.0.1", "10.0.0.255", "10.0.0.256", "010.0.0.1", "10.0.0", "10.0.0.1.2", " 10.0.0.1", "255.255.255.255", "0.0.0.0",
     "1.2.3.4\n", "::1", "10.0.0.0/30", "10.0.0.0/8", "x", "", "٣.1.1.1", "10.1.2.3", "fe80::1", "::ffff:10.0.0.1"]
)  # fmt: skip
BLOCKS = st.sampled_from(
    ["10.0.0.0/8", "10.0.0.0/30", "0.0.0.0/0", "10.0.0.1/32", "10.0.0.7/24", "::/0", "fe80::/10", "x"]
)
TEXT = st.sampled_from(["", "a", "B", "5", "05", "5.0", "-2.5", "10", "9", "1e2", "é", "inf", "a b", "x"])
CELL = st.none() | TEXT
LISTS = st.none() | st.lists(TEXT, min_size=1, max_size=3)


def evaluated(expression: str, columns: dict[str, pl.Series]) -> list[object]:
    table = Table(pl.DataFrame([column.alias(name) for name, column in columns.items()]))
    found = CONTEXT.engine.run_text(f"| eval result={expression}", CONTEXT, source=table).frame
    return found.get_column("result").to_list() if "result" in found.columns else [None] * len(table)


def plain(values: list[str]) -> object:
    return None if not values else values[0] if len(values) == 1 else values


def is_in(address: str, block: str) -> bool:
    try:
        net = ipaddress.ip_network(block, strict=False)
        if "/" in address:
            other = ipaddress.ip_network(address, strict=False)
            return other.version == net.version and other.subnet_of(net)  # type: ignore[arg-type]
        return ipaddress.ip_address(address.strip()) in net
    except ValueError:
        return False


@examples(100)
@given(st.lists(st.none() | ADDRESSES, min_size=1, max_size=6), BLOCKS)
def test_cidrmatch(addresses: list[str | None], block: str) -> None:
    found = evaluated(f'if(cidrmatch("{block}", ip), "in", "out")', {"ip": pl.Series(addresses, dtype=pl.String)})
    assert found == ["in" if address is not None and is_in(address, block) else "out" for address in addresses]


@examples(200)
@given(st.lists(st.ip_addresses(v=4).map(str) | ADDRESSES, max_size=4))
def test_addresses_are_those_of_python(texts: list[str]) -> None:
    def number(text: str) -> int | None:
        try:
            return int(ipaddress.IPv4Address(text))
        except ValueError:
            return None

    numbers = ipv4(pl.Series(texts, dtype=pl.String))
    assert numbers.to_list() == [number(text) for text in texts]
    block = ipaddress.IPv4Network("10.0.0.0/8")
    assert inside(numbers, block).to_list() == [None if n is None else n >> 24 == 10 for n in numbers]


@examples(150)
@given(
    st.lists(st.none() | st.text(alphabet="abé\U0001f600", max_size=6), min_size=1, max_size=4),
    st.integers(-8, 8) | st.sampled_from([0.5, -0.5, 1e300]),
    st.none() | st.integers(-8, 8) | st.just(1e300),
)
def test_substr(texts: list[str | None], start: float, length: float | None) -> None:
    def part(text: str) -> str:
        first = int(start) - 1 if start > 0 else len(text) + int(start) if start < 0 else -1
        last = len(text) if length is None else first + int(length)
        first, last = min(first, last), max(first, last)
        return text[max(0, first) : max(0, last)]

    columns = {"x": pl.Series(texts, dtype=pl.String), "s": pl.Series([float(start)] * len(texts))}
    given_length = "" if length is None else f", {length:.0f}"
    found = evaluated(f"substr(x, s{given_length})", columns)
    assert found == [None if text is None else part(text) for text in texts]


@examples(150)
@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=5), st.booleans())
def test_max_and_min_of_single_values(rows: list[tuple[str | None, str | None, str | None]], largest: bool) -> None:
    def extreme(texts: list[str]) -> str | None:
        ranked = [(1, 0.0, t, t) if (n := to_number(t)) is None else (0, n, "", t) for t in texts]
        return (max(ranked) if largest else min(ranked))[3] if ranked else None

    columns = {name: pl.Series([row[i] for row in rows], dtype=pl.String) for i, name in enumerate("abc")}
    found = evaluated(f"{'max' if largest else 'min'}(a, b, c)", columns)
    assert found == [extreme([text for text in row if text is not None]) for row in rows]


@examples(100)
@given(st.lists(st.tuples(LISTS, CELL), min_size=1, max_size=5))
def test_functions_of_several_values(rows: list[tuple[list[str] | None, str | None]]) -> None:
    columns = {
        "m": pl.Series([row[0] for row in rows], dtype=MULTIVALUE),
        "a": pl.Series([row[1] for row in rows], dtype=pl.String),
    }
    both = [[*(many or ()), *([one] if one is not None else [])] for many, one in rows]

    def same(found: list[object], expected: list[list[str]]) -> bool:
        return [cell if not isinstance(cell, list) else plain(cell) for cell in found] == list(map(plain, expected))

    assert same(evaluated("mvappend(m, a)", columns), both)
    assert same(evaluated('mvappend(a, "z", m)', columns), [
        [*([one] if one is not None else []), "z", *(many or ())] for many, one in rows
    ])  # fmt: skip
    assert same(evaluated("mvsort(m)", columns), [sorted(many or ()) for many, _ in rows])
    assert evaluated('if(match(m, "^[a5]"), "yes", "no")', columns) == [
        "yes" if any(re.match("[a5]", text) for text in many or ()) else "no" for many, _ in rows
    ]
    kept = CONTEXT.engine.run_text('| regex m!="^[a5]"', CONTEXT, source=Table(pl.DataFrame(columns))).frame
    assert len(kept) == sum(not any(re.match("[a5]", text) for text in many or ()) for many, _ in rows)
    for start in (-4, -2, -1, 0, 1, 3):
        for end in (-4, -1, 0, 2, 9):
            parts = []
            for many, _ in rows:
                items = many or []
                first, last = (i + len(items) if i < 0 else i for i in (start, end))
                parts.append(items[max(first, 0) : last + 1] if first < len(items) and last >= 0 else [])
            assert same(evaluated(f"mvindex(m, {start}, {end})", columns), parts)
    assert evaluated('mvfind(m, "^[a5]")', columns) == [
        next((float(i) for i, text in enumerate(many or ()) if re.match("[a5]", text)), None) for many, _ in rows
    ]


@examples(100)
@given(
    st.lists(st.none() | st.text(alphabet="ab,;", max_size=6), min_size=1, max_size=5),
    st.sampled_from(['delim=","', 'delim=";,"', 'tokenizer="([ab]+)"', 'tokenizer="(a)|b"']),
    st.booleans(),
)
def test_makemv(texts: list[str | None], how: str, empty: bool) -> None:
    def pieces(text: str) -> list[str]:
        option = how.partition("=")[2].strip('"')
        if how.startswith("delim"):
            return text.split(option)
        return [match[1] or "" for match in re.finditer(option, text)]

    table = Table(pl.DataFrame({"x": pl.Series(texts, dtype=pl.String)}))
    search = f"| makemv {how} allowempty={'t' if empty else 'f'} x"
    column = CONTEXT.engine.run_text(search, CONTEXT, source=table).frame.get_column("x")
    expected = [[] if text is None else [piece for piece in pieces(text) if piece or empty] for text in texts]
    assert [plain(cell) if isinstance(cell, list) else cell for cell in column.to_list()] == list(map(plain, expected))


@examples(100)
@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=12))
def test_keys_with_few_values_are_sorted_the_same_way(rows: list[tuple[str | None, str | None]]) -> None:
    frame = pl.DataFrame(
        {"a": [a for a, _ in rows] * 5, "b": [b for _, b in rows] * 5}, {"a": pl.String, "b": pl.String}
    )
    expected = natural_order(frame, ["a", "b"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(group, "_MANY", 0)
        assert natural_order(frame, ["a", "b"]).equals(expected)
    firsts = expected.get_column("a")
    known = numeric(firsts).drop_nulls().to_list()
    assert known == sorted(known) and firsts.null_count() == firsts.tail(firsts.null_count()).null_count()


@examples(50)
@given(st.lists(CELL, max_size=8))
def test_what_is_done_once_a_value_is_done_to_all_rows(texts: list[str | None]) -> None:
    column = pl.Series("x", texts * 6, dtype=pl.String)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coding, "LEAST", 0)
        found = coding.by_value(column, lambda values: [values.str.to_uppercase(), values.str.len_chars()])
    assert found[0].to_list() == column.str.to_uppercase().to_list()
    assert found[1].to_list() == column.str.len_chars().to_list()


def test_rows_without_values_have_none() -> None:
    (made,) = collected(pl.Series([1, 1, 3], dtype=pl.UInt32), [pl.Series("v", ["a", "b", "c"])], 5)
    assert made.to_list() == [None, ["a", "b"], None, ["c"], None]
