"""The lookup eval function: a table row as JSON (Search Reference: comparison and conditional functions, lookup)."""

from __future__ import annotations

from typing import Any

import polars as pl

from caltrop.dialect.words import did_you_mean
from caltrop.engine import asking
from caltrop.engine.calls import Invocation
from caltrop.engine.jsonvalues import Json, dump, parse_json, plain
from caltrop.engine.registry import function
from caltrop.engine.table import values_of
from caltrop.engine.values import Value, by_row
from caltrop.errors import CaltropError


@function("lookup", least=3, most=3, family="comparison")
def lookup(call: Invocation) -> Value:
    """lookup("table", json_object("field", value, …), json_array("output", …)): the outputs as a JSON object, or no value."""
    name = call.fixed(0)
    table = asking.lookup(str(name), call.ctx)
    if table is None:
        error = call.error(f"names no lookup table: '{name}'", 0)
        error.hint = did_you_mean(str(name), asking.knowledge(call.ctx).lookups())
        raise error

    def row(inputs: str | None, outputs: str | None) -> str | None:
        keys, valid = parse_json(inputs)
        names, listed = parse_json(outputs)
        if not valid or not listed or not isinstance(keys, dict) or not isinstance(names, list):
            return None
        cells = {key: plain(value) for key, value in keys.items()}
        if not cells or None in cells.values():
            return None
        try:
            found = table.match(pl.DataFrame(cells), {key: key for key in cells}, [str(n) for n in names])
        except CaltropError as error:
            raise call.error(f"fails: {error.message}") from error
        result = {column.name: _json(values_of(column)[0]) for column in found.get_columns()}
        return dump(result) if any(value is not None for value in result.values()) else None

    return by_row("any", pl.String, row, call.args[1].text(), call.args[2].text())


def _json(values: Any) -> Json:
    if values is None:
        return None
    texts = list(values)
    return texts[0] if len(texts) == 1 else texts
