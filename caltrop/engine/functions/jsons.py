"""JSON functions (Search Reference: JSON functions). JSON is text between functions; invalid JSON gives no value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from caltrop.dialect.words import option_truth
from caltrop.engine import jsonvalues
from caltrop.engine.calls import Invocation
from caltrop.engine.jsonvalues import Json, Step, dump, infer, parse_json, parse_path, plain
from caltrop.engine.registry import function
from caltrop.engine.values import Value, by_row, lists_or_text

FAMILY = "JSON"


def _encoder(value: Value) -> Callable[[Any], Json]:
    """How the rows of a value become JSON: by static type where it is known, else by looking."""
    if value.multivalue:
        return lambda row: None if row is None else list(row)
    if value.column.dtype == pl.Boolean:
        return lambda row: row
    if value.numbers:
        return lambda row: None if row is None else jsonvalues.number(row)
    if value.kind == "string":
        return lambda row: row
    return lambda row: None if row is None else infer(row)


def _rows(call: Invocation, compute: Callable[..., str | None], *, first_text: bool, kind: Any = "any") -> Value:
    """Row by row over JSON values of the arguments; with `first_text` the first one stays text."""
    values = [value.text() if i == 0 and first_text else value for i, value in enumerate(call.args)]
    encoders = [_encoder(value) for value in values]

    def row(*cells: Any) -> str | None:
        start = 1 if first_text else 0
        encoded = [encode(cell) for encode, cell in zip(encoders[start:], cells[start:], strict=True)]
        return compute(*cells[:start], encoded)

    return by_row(kind, pl.String, row, *values)


@function("json", least=1, most=1, family=FAMILY)
def json(call: Invocation) -> Value:
    """The text itself when it is valid JSON."""
    return by_row("any", pl.String, lambda text: text if parse_json(text)[1] else None, call.args[0].text())


@function("json_valid", least=1, most=1, returns="bool", family=FAMILY)
def json_valid(call: Invocation) -> Value:
    return by_row("bool", pl.Boolean, lambda text: None if text is None else parse_json(text)[1], call.args[0].text())


@function("json_object", least=0, most=None, family=FAMILY)
def json_object(call: Invocation) -> Value:
    if len(call.args) % 2:
        raise call.error("takes pairs of a key and a value: the number of arguments must be even")
    if not call.args:
        return Value(pl.Series(["{}"]), constant=True)

    def compute(items: Sequence[Json]) -> str | None:
        return dump({plain(k) or "": v for k, v in zip(items[::2], items[1::2], strict=True)})

    return _rows(call, compute, first_text=False)


@function("json_array", least=0, most=None, family=FAMILY)
def json_array(call: Invocation) -> Value:
    if not call.args:
        return Value(pl.Series(["[]"]), constant=True)
    return _rows(call, lambda items: dump(list(items)), first_text=False)


@function("json_extract", least=1, most=None, family=FAMILY)
def json_extract(call: Invocation) -> Value:
    """One path gives its value, several an array of their values, none the whole."""
    return _extract(call, parse_path)


@function("json_extract_exact", least=1, most=None, family=FAMILY)
def json_extract_exact(call: Invocation) -> Value:
    """Like json_extract, with keys taken literally."""
    return _extract(call, lambda key: (key,))


def _extract(call: Invocation, steps_of: Callable[[str], tuple[Step, ...] | None]) -> Value:
    def row(text: str | None, *paths: str | None) -> str | None:
        value, valid = parse_json(text)
        if not valid:
            return None
        if not paths:
            return plain(value)
        found = [_at(value, steps_of(path)) if path is not None else None for path in paths]
        if len(paths) == 1:
            return plain(found[0])
        return dump(found)

    return by_row("any", pl.String, row, *(value.text() for value in call.args))


def _at(value: Json, steps: tuple[Step, ...] | None) -> Json:
    """The value at a path: an array of all of them where the path says {}."""
    if steps is None:
        return None
    if steps == (None,) and isinstance(value, dict):  # {} is the whole document
        return value
    found = jsonvalues.select(value, steps)
    if None in steps:
        return found or None
    return found[0] if found else None


def _edit(call: Invocation, steps_of: Callable[[str], tuple[Step, ...] | None], change: Callable[[Json], Any]) -> Value:
    """json_set and its family: pairs of a path and a value applied from left to right."""
    if len(call.args) % 2 == 0:
        raise call.error("takes a JSON value and pairs of a path and a value")

    def compute(text: str | None, pairs: Sequence[Json]) -> str | None:
        value, valid = parse_json(text)
        if not valid:
            return None
        for path, new in zip(pairs[::2], pairs[1::2], strict=True):
            steps = steps_of(plain(path) or "")
            if steps is not None:
                value = jsonvalues.update(value, steps, change(new))
        return dump(value)

    return _rows(call, compute, first_text=True)


@function("json_set", least=3, most=None, family=FAMILY)
def json_set(call: Invocation) -> Value:
    return _edit(call, parse_path, lambda new: lambda old, exists: new)


@function("json_set_exact", least=3, most=None, family=FAMILY)
def json_set_exact(call: Invocation) -> Value:
    return _edit(call, lambda key: (key,), lambda new: lambda old, exists: new)


def _longer(items: list[Json]) -> Callable[[Json, bool], Json]:
    """What is at the path with items added; anything but an array becomes one first, a path to nothing is left out."""
    return lambda old, exists: [*(old if isinstance(old, list) else [old]), *items] if exists else jsonvalues.NOTHING


@function("json_append", least=3, most=None, family=FAMILY)
def json_append(call: Invocation) -> Value:
    """Add the value as one element of the array at the path (the empty path is the document)."""
    return _edit(call, parse_path, lambda new: _longer([new]))


@function("json_extend", least=3, most=None, family=FAMILY)
def json_extend(call: Invocation) -> Value:
    """Add the elements of an array (or the value) to the array at the path."""
    return _edit(call, parse_path, lambda new: _longer(new if isinstance(new, list) else [new]))


@function("json_delete", least=2, most=None, family=FAMILY)
def json_delete(call: Invocation) -> Value:
    def row(text: str | None, *paths: str | None) -> str | None:
        value, valid = parse_json(text)
        if not valid:
            return None
        for path in paths:
            steps = parse_path(path) if path is not None else None
            value = jsonvalues.remove(value, steps) if steps else value
        return dump(value)

    return by_row("any", pl.String, row, *(value.text() for value in call.args))


def _object_rows(call: Invocation, compute: Callable[[dict[str, Json]], Json]) -> Value:
    def row(text: str | None) -> str | None:
        value, valid = parse_json(text)
        return dump(compute(value)) if valid and isinstance(value, dict) else None

    return by_row("any", pl.String, row, call.args[0].text())


@function("json_keys", least=1, most=1, family=FAMILY)
def json_keys(call: Invocation) -> Value:
    return _object_rows(call, list)


@function("json_entries", least=1, most=1, family=FAMILY)
def json_entries(call: Invocation) -> Value:
    """An array of {"key": …, "value": …} objects."""
    return _object_rows(call, lambda value: [{"key": k, "value": v} for k, v in value.items()])


@function("json_has_key_exact", least=2, most=2, returns="bool", family=FAMILY)
def json_has_key_exact(call: Invocation) -> Value:
    def row(text: str | None, key: str | None) -> bool | None:
        if text is None or key is None:
            return None
        value, valid = parse_json(text)
        return valid and isinstance(value, dict) and key in value

    return by_row("bool", pl.Boolean, row, call.args[0].text(), call.args[1].text())


def _flag(call: Invocation, index: int) -> bool:
    if index >= len(call.args):
        return False
    value = call.args[index]
    if value.column.dtype == pl.Boolean and value.constant:
        return bool(value.scalar())
    return option_truth(str(call.fixed(index, ""))) or False


@function("json_array_to_mv", least=1, most=2, family=FAMILY)
def json_array_to_mv(call: Invocation) -> Value:
    """The elements as values; strings without their quotes unless the second argument is true."""
    quoted = _flag(call, 1)

    def row(text: str | None) -> list[str] | None:
        value, valid = parse_json(text)
        if not valid or not isinstance(value, list):
            return None
        return [dump(v) if quoted or v is None else str(plain(v)) for v in value] or None

    return lists_or_text(by_row("any", pl.List(pl.String), row, call.args[0].text()))


@function("mv_to_json_array", least=1, most=2, family=FAMILY)
def mv_to_json_array(call: Invocation) -> Value:
    """Values as JSON strings; with the second argument true, those that are JSON themselves as what they are."""
    typed = _flag(call, 1)

    def element(text: str) -> Json:
        value, valid = parse_json(text) if typed else (None, False)
        return value if valid else text

    def row(values: list[str] | None) -> str | None:
        return None if values is None else dump([element(v) for v in values])

    return by_row("any", pl.String, row, call.args[0].lists())


@function("toarray", least=1, most=1, family="conversion")
def toarray(call: Invocation) -> Value:
    """A JSON array stays, a multivalue becomes one; no other value is one."""

    def row(values: list[str] | None) -> str | None:
        if values is None:
            return None
        items = [infer(v.strip()) for v in values]
        if len(items) > 1:
            return dump(items)
        return dump(items[0]) if isinstance(items[0], list) else None

    return by_row("any", pl.String, row, call.args[0].lists())


@function("tomv", least=1, most=1, family="conversion")
def tomv(call: Invocation) -> Value:
    """A multivalue stays, a JSON array becomes one, its strings in quotes; no other value is one."""

    def row(values: list[str] | None) -> list[str] | None:
        if values is None or len(values) > 1:
            return values
        parsed = infer(values[0])
        return ([dump(v) for v in parsed] or None) if isinstance(parsed, list) else None

    return lists_or_text(by_row("any", pl.List(pl.String), row, call.args[0].lists()))


@function("toobject", least=1, most=1, family="conversion")
def toobject(call: Invocation) -> Value:
    """The text when it is a JSON object."""

    def row(text: str | None) -> str | None:
        value, valid = parse_json(text)
        return dump(value) if valid and isinstance(value, dict) else None

    return by_row("any", pl.String, row, call.args[0].text())
