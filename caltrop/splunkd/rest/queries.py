"""Queries of the KV store: which documents match, their order, and which fields are shown.

Operators follow "KV Store endpoint descriptions" of the REST API reference: equality, `$gt`, `$gte`, `$lt`, `$lte`, `$ne`,
`$in`, `$regex`, `$and`, `$or`, `$not`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from caltrop.splunkd.wire.http import ApiError

Document = dict[str, Any]
MAX_DEPTH = 50
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "$gt": lambda a, b: a > b,
    "$gte": lambda a, b: a >= b,
    "$lt": lambda a, b: a < b,
    "$lte": lambda a, b: a <= b,
}


def parse_json(text: str | bytes, what: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ApiError(400, f"{what} is not valid JSON") from None


def matches(document: Document, query: Any, depth: int = 0) -> bool:
    """Whether a document satisfies a query object. 400 for a query that cannot be read."""
    if not isinstance(query, dict) or depth > MAX_DEPTH:
        raise ApiError(400, "A query is a JSON object")
    return all(_holds(document, name, wanted, depth) for name, wanted in query.items())


def _holds(document: Document, name: str, wanted: Any, depth: int) -> bool:
    if name in {"$and", "$or"}:
        if not isinstance(wanted, list) or not wanted:
            raise ApiError(400, f"{name} needs a list of queries")
        found = (matches(document, part, depth + 1) for part in wanted)
        return all(found) if name == "$and" else any(found)
    if name == "$not":
        return not matches(document, wanted, depth + 1)
    if name.startswith("$"):
        raise ApiError(400, f"Unsupported operator {name}")
    value = _lookup(document, name)
    if isinstance(wanted, dict) and any(key.startswith("$") for key in wanted):
        return all(_compare(value, operator, other, depth) for operator, other in wanted.items())
    return _equal(value, wanted)


def _lookup(document: Any, path: str) -> Any:
    """A field, by its name or through nested objects (`a.b`)."""
    if isinstance(document, dict) and path in document:
        return document[path]
    for part in path.split("."):
        if not isinstance(document, dict) or part not in document:
            return None
        document = document[part]
    return document


def _equal(value: Any, wanted: Any) -> bool:
    if isinstance(value, list) and not isinstance(wanted, list):
        return wanted in value
    return bool(value == wanted) and isinstance(value, bool) == isinstance(wanted, bool)


def _compare(value: Any, operator: str, other: Any, depth: int) -> bool:
    if operator == "$ne":
        return not _equal(value, other)
    if operator == "$in":
        if not isinstance(other, list):
            raise ApiError(400, "$in needs a list")
        return any(_equal(value, item) for item in other)
    if operator == "$not":
        return not _holds({"x": value}, "x", other, depth + 1)
    if operator == "$regex":
        try:  # Polars' regular expressions run in linear time, whatever the pattern
            return isinstance(value, str) and bool(pl.Series([value]).str.contains(str(other))[0])
        except pl.exceptions.PolarsError:
            raise ApiError(400, f"Invalid regular expression {other!r}") from None
    if operator not in _ORDER:
        raise ApiError(400, f"Unsupported operator {operator}")
    comparable = (_is_number(value) and _is_number(other)) or (isinstance(value, str) and isinstance(other, str))
    return comparable and _ORDER[operator](value, other)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def ordered(documents: Sequence[Document], sort: str) -> list[Document]:
    """`sort=a:-1,b` : by `b` ascending within `a` descending; missing values come first."""
    result = list(documents)
    for part in reversed([p.strip() for p in sort.split(",") if p.strip()]):
        name, _, direction = part.partition(":")
        if direction not in {"", "1", "-1"}:
            raise ApiError(400, f"Cannot read sort={sort!r}")
        result.sort(key=lambda d, n=name: _sort_key(_lookup(d, n)), reverse=direction == "-1")  # type: ignore[misc]
    return result


def _sort_key(value: Any) -> tuple[int, Any]:
    if value is None:
        return 0, 0
    if _is_number(value) or isinstance(value, bool):
        return 1, value
    return 2, value if isinstance(value, str) else json.dumps(value)


def told(given: Any) -> str:
    """`fields` or `sort` of a batch_find object as the argument of that name has it: a text, a list of texts or of
    `{"name": 1}`, or one such object."""
    if isinstance(given, list):
        return ",".join(filter(None, map(told, given)))
    if isinstance(given, dict):
        return ",".join(
            f"{name}:{value:d}" if isinstance(value, int) else f"{name}:{value}" for name, value in given.items()
        )
    return str(given or "")


def shown(document: Document, fields: str) -> Document:
    """`fields=a,b.c:1,_id:0`: the named fields and `_key`; with only `:0` all but those. `_id` speaks of `_key`, `b.c` of what
    lies in an object."""
    wanted: dict[str, bool] = {}
    for part in (p.strip() for p in fields.split(",") if p.strip()):
        name, _, flag = part.partition(":")
        wanted["_key" if name in {"_id", "_key"} else name] = flag != "0"
    if not wanted:
        return document
    chosen = {name for name, on in wanted.items() if on}
    if not chosen:
        return {k: v for k, v in document.items() if wanted.get(k, True)}
    with_key = wanted.get("_key", True)
    found = {k: v for k, v in document.items() if k in chosen - {"_key"} or (k == "_key" and with_key)}
    for path in chosen - document.keys():
        if "." in path and (value := _lookup(document, path)) is not None:
            *parents, last = path.split(".")
            inner = found
            for parent in parents:
                inner = inner.setdefault(parent, {})
            inner[last] = value
    return found


def typed(document: Mapping[str, Any], types: Mapping[str, str], *, enforced: bool) -> Document:
    """Values as the collection's `field.<name>` types say. One that cannot be is left out, or, where types are `enforced`
    (enforceTypes of collections.conf), refuses the document."""
    found: Document = {}
    for name, value in document.items():
        converted = _convert(value, types.get(name, ""))
        if converted is not _UNFIT:
            found[name] = converted
        elif enforced:
            raise ApiError(400, f"The field {name!r} is a {types[name]}, which {value!r} is not")
    return found


_UNFIT = object()  # a value that is not of its field's type


def _convert(value: Any, kind: str) -> Any:
    if kind == "number" and isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return _UNFIT
        return int(number) if number.is_integer() else number
    if kind == "number" and isinstance(value, bool | dict):
        return _UNFIT
    if kind == "bool" and isinstance(value, str):
        return value.lower() in {"true", "1"} if value.lower() in {"true", "false", "1", "0"} else _UNFIT
    if kind == "string" and _is_number(value):
        return str(value)
    return value
