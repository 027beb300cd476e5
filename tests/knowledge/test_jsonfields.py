"""Fields of JSON events: against a plain walk over decoded values, whole and in part."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.knowledge import jsonfields
from caltrop.knowledge.columns import moved, stack
from tests.examples import examples

KEYS = st.sampled_from(["a", "b", "", "a.b", "a{}", "{}", "b.", ".", "host", "extracted_host", "é", 'q"', "\\"])
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4)
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


class Float(float):
    """A number as it was written."""

    def __new__(cls, text: str) -> Float:
        made = super().__new__(cls, text)
        made.text = text
        return made

    text: str


def leaves(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(f"{name}.{key}" if name else key, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(name + "{}", inner)
    else:
        shown = value.text if isinstance(value, Float) else value
        yield name, shown if isinstance(shown, str) else json.dumps(value)


def expected(texts: list[str]) -> dict[str, list[list[str] | None]]:
    """The values of each field, a list a row, fields in order of first appearance."""
    found: dict[str, list[list[str] | None]] = {}
    for row, text in enumerate(texts):
        for name, value in leaves("", json.loads(text, parse_float=Float)):
            name = {"host": "extracted_host"}.get(name, name)
            if name:
                cells = found.setdefault(name, [None] * len(texts))
                cells[row] = [*(cells[row] or []), value]
    return found


def cells(column: pl.Series) -> list[list[str] | None]:
    return [v if v is None or isinstance(v, list) else [v] for v in column.to_list()]


def read(texts: list[str], wanted: set[str] | None = None) -> dict[str, list[list[str] | None]]:
    return {column.name: cells(column) for column in jsonfields.fields(pl.Series(texts, dtype=pl.String), wanted)}


@examples(200)
@given(st.lists(VALUES, min_size=1, max_size=4))
def test_fields_are_the_leaves_of_what_was_written(values: list[Any]) -> None:
    texts = [json.dumps(value, ensure_ascii=False) for value in values]
    found = read(texts)
    assert found == expected(texts)
    assert list(found) == list(expected(texts))


@examples(300)
@given(st.lists(VALUES, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_wanted_fields_are_those_of_all_fields(values: list[Any], rng: Any) -> None:
    texts = [json.dumps(value) for value in values]
    everything = read(texts)
    names = sorted({*everything, "a", "a.b", "b{}", "extracted_host", "host"})
    wanted = set(rng.sample(names, rng.randint(1, len(names))))
    assert read(texts, wanted) == {name: found for name, found in everything.items() if name in wanted}


FLAT = st.dictionaries(KEYS, st.sampled_from(["x", "", "é", "}"]) | st.just("y"), max_size=4).map(json.dumps)
ODD = st.none() | st.sampled_from([
    '{"a": "1"} {"a": "2"}', '{"a": {}', '{"a": "}', '{"}', '{"a": 1}', '{"a": "x",\n"b": "y"}', " {}", '{"a": null}', '{"a": {"b": "x"}}',
    '{"a": "1", "a": "2"}', '{"host": "h", "extracted_host": "e"}', '{"a": "\\u0041"}', "", "x", "[1]", '{"a": "x"}\n',
])  # fmt: skip


@examples(300)
@given(
    texts=st.lists(FLAT | FLAT | FLAT | ODD, min_size=1, max_size=5),
    wanted=st.sets(KEYS | st.sampled_from(["a.b", "extracted_host"])),
)
def test_texts_of_many_objects_are_those_of_each(texts: list[str | None], wanted: set[str]) -> None:
    column = pl.Series(texts, dtype=pl.String)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jsonfields, "_AT_ONCE", 2)
        found = [(c.name, c.dtype, c.to_list()) for c in jsonfields.fields(column, wanted)]
        patch.setattr(jsonfields._Parts, "columns", lambda self, text: None)
        assert [(c.name, c.dtype, c.to_list()) for c in jsonfields.fields(column, wanted)] == found


@examples(200)
@given(VALUES, st.randoms(use_true_random=False))
def test_wanted_fields_of_damaged_events_are_those_of_all_fields(value: Any, rng: Any) -> None:
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5)
    at = rng.randrange(len(text) + 1)
    damaged = rng.choice([text[:at], text[:at] + "\\q" + text[at:], text[:at] + "\x01" + text[at:], text + "}"])
    everything = read([damaged])
    for name in [*everything, "a"]:
        assert read([damaged], {name}) == ({name: everything[name]} if name in everything else {})


@examples(60)
@given(st.lists(VALUES, max_size=3) | st.dictionaries(KEYS.filter(bool), VALUES, max_size=3))
def test_the_tolerant_reader_agrees_on_whole_json(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False)
    named = [(name, shown) for name, shown in leaves("", json.loads(text, parse_float=Float)) if name]
    if "" not in _keys(value):  # it takes a member without a name for one with
        assert [pair for pair in jsonfields.partial(text) if pair[0]] == named


def _keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {*value, *(key for inner in value.values() for key in _keys(inner))}
    return {key for inner in value for key in _keys(inner)} if isinstance(value, list) else set()


@pytest.mark.parametrize("text", ["", "x", "[12:01] a", "{a=1}", "nul", '{"a', "[", '"'])
def test_text_that_is_no_json_gives_nothing(text: str) -> None:
    assert read([text]) == read([text], {"a"}) == {}


def test_numbers_are_as_they_were_written() -> None:
    text = '{"a": 1.50, "b": 1e400, "c": -0, "d": 123456789012345678901234567890, "e": 1E5}'
    shown = {"a": "1.50", "b": "1e400", "c": "0", "d": "123456789012345678901234567890", "e": "1E5"}
    assert read([text]) == {name: [[value]] for name, value in shown.items()}
    assert all(read([text], {name}) == {name: [[value]]} for name, value in shown.items())


def test_nesting_is_bounded() -> None:
    inside, outside = jsonfields.MAX_DEPTH, jsonfields.MAX_DEPTH + 1
    deep = {depth: '{"a":' * depth + "1" + "}" * depth for depth in (inside, outside)}
    name = ".".join("a" * inside)
    for wanted in (None, {name}):
        assert list(read([deep[inside]], wanted)) == [name]
        assert read([deep[outside]], wanted) == {}
    assert read(["[" * 100_000]) == read(["[" * 100_000], {"a"}) == {}


def test_a_row_without_text_has_no_fields() -> None:
    assert read([None, '{"a": 1}'], {"a"}) == {"a": [None, ["1"]]}  # type: ignore[list-item]


def test_frames_are_taken_apart_column_by_column() -> None:
    frames = [
        pl.DataFrame({"a": ["1", None], "b": [["x", "y"], None]}),
        pl.DataFrame({"b": ["z"]}),
        pl.DataFrame({"c": pl.Series([None], dtype=pl.String)}),
    ]
    whole = stack(frames)
    parts = [(frame.height, frame.clone()) for frame in frames]
    assert pl.DataFrame([moved(name, parts) for name in ("a", "b", "c")]).equals(whole)
    assert [frame.width for _, frame in parts] == [0, 0, 0] and whole.height == 4
