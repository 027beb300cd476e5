"""Rows to JSON and back: tojson, fromjson (Search Reference pages of those names)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import polars as pl

from caltrop.engine import fieldnames
from caltrop.engine.commands.filtering import flag
from caltrop.engine.commands.markup import from_lists, with_fields
from caltrop.engine.commands.multivalues import only_field
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.jsonvalues import Json, Number, dump, infer, number, parse_json, plain
from caltrop.engine.registry import command
from caltrop.engine.table import Table, render, values_of
from caltrop.engine.values import to_number
from caltrop.spl.ast import Command, Word


def _as_number(text: str) -> Json:
    value = to_number(text)
    return None if value is None else number(value)


def _as_bool(text: str) -> Json:
    value = to_number(text)
    if value is not None:
        return value != 0
    word = text.strip().lower()
    return True if word in ("true", "t", "yes") else False if word in ("false", "f", "no") else None


def _as_json(text: str) -> Json:
    value, valid = parse_json(text)
    return value if valid else None


def _auto(text: str) -> Json:
    if text in ("true", "false"):
        return text == "true"
    return Number(text) if text == "null" else infer(text)


def _as_it_is(text: str) -> Json:
    """A number where the text is purely one, else the text."""
    value = _as_number(text)
    return text if value is None else value


TYPES: dict[str, Callable[[str], Json]] = {
    "auto": _auto,
    "bool": _as_bool,
    "json": _as_json,
    "num": _as_number,
    "str": lambda text: text,
    "none": _as_it_is,
}


@command("tojson")
def tojson(table: Table, cmd: Command, ctx: Context) -> Table:
    """Each row as a JSON object in `output_field`; types are chosen field by field: num(x), str(y), auto(*), …"""
    default = str(cmd.option("default_type", "none"))
    if default not in TYPES:
        raise SearchError(f"tojson: unknown type '{default}'", node=cmd, hint=f"one of {', '.join(TYPES)}")
    chosen = _types(table, cmd, default)
    if not flag(cmd, "include_internal"):
        chosen = {name: kind for name, kind in chosen.items() if not name.startswith("_")}
    fill = flag(cmd, "fill_null")
    columns: dict[str, list[Any]] = {name: render(table.frame.get_column(name)).to_list() for name in chosen}

    def row(i: int) -> str:
        cells = {name: _json_of(columns[name][i], TYPES[kind]) for name, kind in chosen.items()}
        return dump({name: cell for name, cell in cells.items() if fill or cell is not None})

    texts = pl.Series(str(cmd.option("output_field", "_raw")), [row(i) for i in range(len(table))], dtype=pl.String)
    return table.with_frame(table.frame.with_columns(texts))


def _types(table: Table, cmd: Command, default: str) -> dict[str, str]:
    words = [word.text for word in cmd.of(Word)]
    if not words:
        return dict.fromkeys(table.fields, default)
    chosen: dict[str, str] = {}
    for word in words:
        match = re.fullmatch(r"(\w+)\((.*)\)", word)
        kind, pattern = (match[1].lower(), match[2].strip()) if match else (default, word)
        if kind not in TYPES:
            raise SearchError(f"tojson: unknown type '{kind}'", node=cmd, hint=f"one of {', '.join(TYPES)}")
        for name in fieldnames.matching(pattern, table.fields):
            chosen.setdefault(name, kind)
    return chosen


def _json_of(cell: str | list[str] | None, convert: Callable[[str], Json]) -> Json:
    if cell is None:
        return None
    return [convert(v) for v in cell] if isinstance(cell, list) else convert(cell)


@command("fromjson")
def fromjson(table: Table, cmd: Command, ctx: Context) -> Table:
    """The keys of a JSON object as fields, with `prefix`; nested objects stay JSON text, arrays become multivalues."""
    name = only_field(cmd)
    prefix = str(cmd.option("prefix", ""))
    if name not in table:
        return table
    texts = values_of(table.frame.get_column(name)).list.first().to_list()
    objects = [value if valid and isinstance(value, dict) else {} for value, valid in map(parse_json, texts)]
    keys = list(dict.fromkeys(key for value in objects for key in value))
    fields = [from_lists(prefix + key, [_cells(value.get(key)) for value in objects]) for key in keys]
    return with_fields(table, fields)


def _cells(value: Json) -> list[str] | None:
    if isinstance(value, list):
        return [text for item in value if (text := plain(item)) is not None] or None
    text = plain(value)
    return None if text is None else [text]
