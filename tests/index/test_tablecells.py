"""Rows of tables that Polars reads are those that Python's csv reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.index.importers import ImportOptions, Problem, read, sources, tablecells
from tests.examples import examples

PIECES = st.sampled_from([
    ",", ",", ",", "\n", "\n", "\r\n", '"', '"', '""', ' "', '" ', " ", "a", "b c", "é", "\r", "\t", ";", "|", "#", "'", "\ufeff", "\x85", "\x1c",
    "2024-03-01 10:00:00", '"x, y"', '"x\ny"', '"x\r\ny"', '"say ""no"""', ",,,,", "N/A", "\x00", "1" * 50,
])  # fmt: skip
TEXTS = st.lists(PIECES, max_size=30).map("".join)
REGULAR = st.lists(
    st.lists(st.sampled_from(["", "a", "b c", " d", '"q"', '"a, b"', '"a\nb"', '""', '"say ""no"""', '" s"']), min_size=1, max_size=5).map(",".join),
    max_size=12,
).map("\n".join)  # fmt: skip


def imported(
    text: str, chunk: int, form: str, props: dict[str, str], header: str
) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows without what they have nothing for, and what was told. The text comes in pieces of so many bytes."""
    told: list[Problem] = []
    options = ImportOptions(format=form, now=1.71e9, on_problem=told.append, sourcetype="st", props=props)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "CHUNK", chunk)
        frames = list(read((header + text).encode(), options, name="t.csv"))
    rows = [row for frame in frames for row in frame.to_dicts()]
    return [{key: value for key, value in row.items() if value is not None} for row in rows], sorted(map(str, told))


SETTINGS: list[tuple[str, dict[str, str], str]] = [
    ("csv", {}, "time,user,n\n"),
    ("csv", {}, "u,v,u\n"),
    ("csv", {"MISSING_VALUE_REGEX": "N/A|b.*"}, "a,b\n"),
    ("csv", {"FIELD_QUOTE": "'"}, "a,b\n"),
    ("tsv", {"FIELD_DELIMITER": ";"}, "a;b\n"),
    ("w3c", {}, "#Fields: date time c-ip\n"),
    ("csv", {"PREAMBLE_REGEX": "^#"}, "a,b\n"),
    ("csv", {}, ""),
]


@pytest.mark.parametrize(("form", "props", "header"), SETTINGS)
@examples(40)
@given(text=TEXTS | REGULAR, chunk=st.sampled_from([3, 20, 1 << 20]))
def test_regular_rows_are_those_of_csv(form: str, props: dict[str, str], header: str, text: str, chunk: int) -> None:
    found = imported(text, chunk, form, props, header)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tablecells.Reader, "_regular", lambda self, text, width, *, final: None)
        assert imported(text, chunk, form, props, header) == found


def grids(text: str, quote: str = '"', width: int = 2) -> Iterator[tablecells.Grid | tablecells.Row]:
    problems: list[str] = []
    return tablecells.Reader(iter([text]), ",", quote, lambda what, line: problems.append(what)).read(lambda: width)


@pytest.mark.parametrize(
    "text",
    ["a,b\nc,\n", 'a,"b\nc"\n\nd,"e ""f"""', "a\n,b,c,\n", "a, b\r\n c,d\r\n", '"a","b"\n"",""\n', "é,ü"],
)
def test_what_is_regular_is_read_at_once(text: str) -> None:
    found = list(grids(text))
    assert [type(rows) for rows in found] == [tablecells.Grid]


@pytest.mark.parametrize(
    "text", ['a,b"c\n', 'a, "b"\n', '"a"b,c\n', "a\rb,c\n", '"a,b\n', ',x\n," y"\n\n, z', "\ufeffa,b\n"]
)
def test_what_is_not_regular_is_read_row_by_row(text: str) -> None:
    assert all(isinstance(rows, tablecells.Row) for rows in grids(text))


def test_a_row_that_is_open_at_the_end_of_a_block_waits_for_the_next() -> None:
    blocks = ['a,"b\n', 'c",d\ne,f\n', 'g,"h']
    read_ = tablecells.Reader(iter(blocks), ",", '"', lambda what, line: None).read(lambda: 3)
    (grid, last) = list(read_)
    assert isinstance(grid, tablecells.Grid) and grid.raw.to_list() == ['a,"b\nc",d', "e,f"]
    assert pl.DataFrame(grid.cells).rows() == [("a", "b\nc", "d"), ("e", "f", None)]
    assert last == tablecells.Row(["g", "h"], 'g,"h')


def test_a_quote_that_never_ends_is_not_held_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tablecells, "_LONGEST_OPEN", 20)
    blocks = ['a,"b\n', "c,d\n" * 20, 'e",f\n', "g,h\n"]
    rows = list(tablecells.Reader(iter(blocks), ",", '"', lambda what, line: None).read(lambda: 2))
    assert [type(row).__name__ for row in rows] == ["Row", "Grid"]
