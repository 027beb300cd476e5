"""JSON events to columns: KV_MODE=json, and what `extract` of JSON text gives.

Where fields are named that are wanted, only those parts of an event are decoded that can hold them: the rest is checked and
passed over, which is ten times as fast.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from operator import attrgetter
from typing import Any

import msgspec
import polars as pl

from caltrop.knowledge.columns import scatter

MAX_DEPTH = 100  # of objects and arrays in one another: what is deeper is left out
_TAKEN = {name: f"extracted_{name}" for name in ("host", "source", "sourcetype")}
_GIVEN = {taken: name for name, taken in _TAKEN.items()}
_JSON_START = r'^\s*(?:\{\s*["}]|\[\s*[\[{"\]])'  # a `[` may also open a time stamp, a `{` any text
_ESCAPED = re.compile(r'[\\"\x00-\x1f]')  # what is not written in a key as it stands
_AT_ONCE = 1_000  # events that are decoded together: their text is there once more
_WHOLE = msgspec.json.Decoder(float_hook=str)


def looks_json(text: pl.Series) -> pl.Series:
    return text.str.contains(_JSON_START).fill_null(False)


def may_be_json(text: pl.Series) -> pl.Series:
    """What spath reads as JSON, an array of plain values too; `fields` gives nothing of what turns out to be none."""
    closed = text.str.contains(r"^\s*\[(?s:.*)\]\s*$").fill_null(False)
    return looks_json(text) | closed


def fields(text: pl.Series, wanted: Collection[str] | None = None) -> list[pl.Series]:
    """The fields of JSON objects and arrays, in order of first appearance, named as `spath` names them: `a.b`, `list{}`,
    `list{}.c`. Several values of one row are a list. `wanted`: no others.

    Keys that every event has already (host, source, sourcetype) are called `extracted_<key>`.
    Of text that breaks off or stops being JSON (truncated events), what comes before that point is extracted; other text
    gives nothing.
    """
    found = _Columns(wanted)
    decode: Callable[[str], object] = _WHOLE.decode
    if wanted is not None and not any(map(_ESCAPED.search, wanted)):
        parts = _Parts(wanted)
        if (columns := parts.columns(text)) is not None:
            return columns
        decode = parts.decode
    for number, raw in enumerate(text):
        if raw is None:
            continue
        try:
            value = decode(raw)
        except (msgspec.DecodeError, RecursionError):
            if re.match(_JSON_START, raw):
                for key, leaf in partial(raw):
                    found.put(key, number, leaf)
        else:
            found.add(value, number)
    return found.series(len(text))


class _Parts:
    """Decodes of objects only the members that can hold a wanted field; anything else whole."""

    def __init__(self, wanted: Collection[str]) -> None:
        self._holders = [{*_holders(name), *(_holders(_GIVEN[name]) if name in _GIVEN else ())} for name in wanted]
        self._wanted = wanted
        self._keys = sorted(set[str]().union({""}, *self._holders))
        names = [f"f{place}" for place in range(len(self._keys))]
        made = msgspec.defstruct(
            "Parts",
            [(name, Any, msgspec.UNSET) for name in names],
            rename=dict(zip(names, self._keys, strict=True)),
            gc=False,
        )
        decoder = msgspec.json.Decoder(made, float_hook=str)
        self._decode, self._decode_lines = decoder.decode, decoder.decode_lines
        self._each = list(map(attrgetter, names))
        self._get = attrgetter("__class__", *names)  # always a tuple
        self._mixed: dict[tuple[str, ...], bool] = {}

    def decode(self, raw: str) -> object:
        """The value, or an object with these members of it. Raises what msgspec raises for text that is no JSON."""
        try:
            found = self._decode(raw)
        except msgspec.ValidationError:  # an array, or a value by itself
            return _WHOLE.decode(raw)
        _, *values = self._get(found)
        parts = {key: value for key, value in zip(self._keys, values, strict=True) if value is not msgspec.UNSET}
        # Where two members may hold one field, the order of its values is the event's.
        return _WHOLE.decode(raw) if len(parts) > 1 and self._mixes(tuple(parts)) else parts

    def columns(self, text: pl.Series) -> list[pl.Series] | None:
        """What `fields` gives of objects, one a line, whose members asked for are texts. None for any other events."""
        texts = text.drop_nulls()
        # Each lies within its line where all begin and end so: a value that went on behind a brace that closes would do so with a
        # comma, or with another such brace.
        if not len(texts) or texts.str.contains("\n", literal=True).any():
            return None
        if not (texts.str.starts_with("{") & texts.str.ends_with("}")).all():
            return None
        columns: list[list[Any]] = [[] for _ in self._keys]
        for start in range(0, len(texts), _AT_ONCE):
            part = texts.slice(start, _AT_ONCE)
            try:
                seen = self._decode_lines(part.str.join("\n").item())
            except (msgspec.DecodeError, RecursionError):
                return None
            if len(seen) != len(part):
                return None
            for values, get in zip(columns, self._each, strict=True):
                values += map(get, seen)
        found: dict[str, list[Any]] = {}
        for key, values in zip(self._keys, columns, strict=True):
            kinds = set(map(type, values))
            if kinds == {msgspec.UnsetType}:
                continue
            if not kinds <= {str, msgspec.UnsetType}:
                return None
            found[key] = [None if value is msgspec.UNSET else value for value in values] if len(kinds) > 1 else values
        if len(found) > 1 and self._mixes(tuple(found)):
            return None
        first = {
            key: next(row for row, value in enumerate(values) if value is not None) for key, values in found.items()
        }
        rows = text.is_not_null().arg_true() if len(texts) < len(text) else None
        made = []
        for key in sorted(found, key=first.__getitem__):  # stable: those of one row stay in their order
            name = _TAKEN.get(key, key)
            if name in self._wanted and name:
                column = pl.Series(name, found[key], dtype=pl.String)
                made.append(column if rows is None else scatter(name, len(text), rows, column))
        return made

    def _mixes(self, keys: tuple[str, ...]) -> bool:
        known = self._mixed.get(keys)
        if known is None:
            known = self._mixed[keys] = any(sum(key in holders for key in keys) > 1 for holders in self._holders)
        return known


def _holders(name: str) -> list[str]:
    """The keys of an event's object that a field of this name can come from: its beginnings before a point or braces. A member
    without a name adds nothing to the names in it."""
    ends = [found.start() for found in re.finditer(r"\.|\{\}", name)]
    return list(dict.fromkeys([name, *(name[:end] for end in ends), ""]))


class _Path:
    """Where values of one path go, and the paths that go on from it."""

    __slots__ = ("elements", "members", "name", "rows", "values")

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: list[int] | None = None
        self.values: list[str] = []
        self.members: dict[str, _Path] = {}
        self.elements: _Path | None = None


class _Columns:
    """The rows and values of fields, as they are found."""

    def __init__(self, wanted: Collection[str] | None) -> None:
        self._wanted = wanted
        self._root = _Path("")
        self._found: dict[str, tuple[list[int], list[str]]] = {}

    def add(self, value: object, row: int) -> None:
        """The leaves of a decoded value."""
        if isinstance(value, dict | list):
            self._spread(self._root, value, row, 1)
        else:
            self._leaf(self._root, value, row)

    def put(self, name: str, row: int, value: str) -> None:
        """One value of a field."""
        rows, values = self._found.setdefault(_TAKEN.get(name, name), ([], []))
        rows.append(row)
        values.append(value)

    def _spread(self, path: _Path, value: dict[str, Any] | list[Any], row: int, depth: int) -> None:
        if type(value) is dict:
            members = path.members
            for key, inner in value.items():
                at = members.get(key)
                if at is None:
                    at = members[key] = _Path(f"{path.name}.{key}" if path.name else key)
                kind = type(inner)
                if kind is str and at.rows is not None:  # most leaves
                    at.rows.append(row)
                    at.values.append(inner)
                elif kind is dict or kind is list:
                    if depth < MAX_DEPTH:
                        self._spread(at, inner, row, depth + 1)
                else:
                    self._leaf(at, inner, row)
            return
        at = path.elements
        if at is None:
            at = path.elements = _Path(path.name + "{}")
        for inner in value:
            if isinstance(inner, dict | list):
                if depth < MAX_DEPTH:
                    self._spread(at, inner, row, depth + 1)
            else:
                self._leaf(at, inner, row)

    def _leaf(self, path: _Path, value: object, row: int) -> None:
        if path.rows is None:
            path.rows, path.values = self._found.setdefault(_TAKEN.get(path.name, path.name), ([], []))
        path.rows.append(row)
        if isinstance(value, str):
            path.values.append(value)
        elif value is None:
            path.values.append("null")
        elif isinstance(value, bool):
            path.values.append("true" if value else "false")
        else:
            path.values.append(str(value))

    def series(self, height: int) -> list[pl.Series]:
        """One column of that height a field."""
        return [
            _column(name, height, rows, values)
            for name, (rows, values) in self._found.items()
            if name and (self._wanted is None or name in self._wanted)
        ]


def _column(name: str, height: int, rows: list[int], values: list[str]) -> pl.Series:
    places, texts = pl.Series("row", rows, dtype=pl.UInt32), pl.Series("value", values, dtype=pl.String)
    if len(rows) > 1 and (places.diff(null_behavior="drop") == 0).any():
        grouped = pl.DataFrame([places, texts]).group_by("row", maintain_order=True).agg("value")
        places, texts = grouped.get_columns()
    return texts.alias(name) if len(places) == height else scatter(name, height, places, texts)


_TOKEN = re.compile(r'\s*(?:([{}\[\],:])|("(?:[^"\\]|\\.)*")|([^\s{}\[\],:"]+))', re.DOTALL)


def partial(raw: str) -> Iterator[tuple[str, str]]:
    """The leaves of damaged JSON, with their names, up to the first token that cannot be one."""
    path: list[str] = []  # what to append for each open container: "{}" for an array, "" for an object
    names: list[str] = []  # the current name in each open object
    pending: str | None = None  # a string that may be a name
    for found in _TOKEN.finditer(raw):
        mark, quoted, bare = found.groups()
        if mark in ("{", "["):
            if len(path) >= MAX_DEPTH:
                return
            path.append("{}" if mark == "[" else "")
            names.append("")
        elif mark == ":":
            if pending is None or not path or path[-1]:
                return
            names[-1] = pending
            pending = None
        elif mark in ("}", "]", ","):
            if pending is not None:
                yield _joined(path, names), pending
                pending = None
            if mark != ",":
                if not path or (path[-1] == "{}") != (mark == "]"):
                    return
                path.pop()
                names.pop()
        elif quoted is not None:
            try:
                pending = msgspec.json.decode(quoted, type=str)
            except msgspec.DecodeError:
                pending = quoted[1:-1]
        elif bare in ("true", "false", "null") or re.fullmatch(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", bare):
            yield _joined(path, names), bare
        else:
            return


def _joined(path: list[str], names: list[str]) -> str:
    text = ""
    for suffix, name in zip(path, names, strict=True):
        text += suffix if suffix else (f".{name}" if text else name)
    return text
