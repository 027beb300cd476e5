"""A small language for "what a YAML file may hold", checked against values and printed as JSON Schema.

A spec is one of: a scalar kind (`TEXT`, `INT`, …), `Texts`/`ListOf` for lists, `Obj` for mappings. Checking gives every
fault at once, as (path, code, message, hint); it never changes values.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from caltrop.content.document import Path
from caltrop.dialect.words import did_you_mean

Fault = tuple[Path, str, str, str]

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_NAMES = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "a mapping",
}


class Scalar(msgspec.Struct, frozen=True):
    """A single value. `kind` is text, int, number, bool, date, uuid, scalar (anything printable) or any."""

    kind: str
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    pattern: str = ""
    hint: str = ""
    doc: str = ""


class ListOf(msgspec.Struct, frozen=True):
    item: Spec
    least: int = 0
    doc: str = ""


class Either(msgspec.Struct, frozen=True):
    """The first alternative whose container type fits the value is the one that is checked."""

    options: tuple[Spec, ...]
    doc: str = ""


class MapOf(msgspec.Struct, frozen=True):
    """A mapping with free keys."""

    value: Spec
    doc: str = ""


class Obj(msgspec.Struct, frozen=True):
    """A mapping with known keys. `legacy` keys are read or ignored without complaint about their value."""

    fields: dict[str, Spec]
    required: tuple[str, ...] = ()
    legacy: dict[str, str] = {}
    doc: str = ""


Spec = Scalar | ListOf | Either | MapOf | Obj

TEXT = Scalar("text")
INT = Scalar("int")
BOOL = Scalar("bool")
DATE = Scalar("date")
UUID = Scalar("uuid")
SCALAR = Scalar("scalar")
ANY = Scalar("any")
TEXTS = ListOf(Scalar("scalar"))


def check(value: Any, spec: Spec, path: Path = ()) -> Iterator[Fault]:
    """Everything about `value` that `spec` does not allow."""
    if not _fits(value, spec):
        yield from _faults(value, spec, path)


def _fits(value: Any, spec: Spec) -> bool:
    """Whether there is nothing to say: most files are right, and for those no paths need to be made."""
    kind = type(spec)
    if spec is TEXT:
        return type(value) is str and bool(value.strip())
    if kind is Scalar:
        return _scalar(value, spec) is None  # type: ignore[arg-type]
    if spec is TEXTS:
        return type(value) is list and not any(v is None or type(v) is list or type(v) is dict for v in value)
    if kind is ListOf:
        item = spec.item  # type: ignore[union-attr]
        return isinstance(value, list) and len(value) >= spec.least and all(_fits(v, item) for v in value)  # type: ignore[union-attr]
    if kind is Either:
        return _fits(value, _choose(value, spec))  # type: ignore[arg-type]
    if not isinstance(value, dict):
        return False
    if kind is MapOf:
        return all(_fits(v, spec.value) for v in value.values())  # type: ignore[union-attr]
    fields, required = spec.fields, spec.required  # type: ignore[union-attr]
    for key in required:
        if key not in value:
            return False
    for key, item in value.items():
        known = fields.get(key)
        if known is None or not ((item is None and key not in required) or _fits(item, known)):
            return False
    return True


def _faults(value: Any, spec: Spec, path: Path) -> Iterator[Fault]:
    if isinstance(spec, Scalar):
        fault = _scalar(value, spec)
        if fault:
            code, message, hint = fault
            yield path, code, f"{_label(path)} {message}", hint or spec.hint
    elif isinstance(spec, Either):
        yield from check(value, _choose(value, spec), path)
    elif isinstance(spec, ListOf):
        if not isinstance(value, list):
            yield path, "wrong-type", f"{_label(path)} must be a list, not {_kind(value)}", "write one '- item' a line"
            return
        if len(value) < spec.least:
            yield path, "wrong-value", f"{_label(path)} needs at least {spec.least} item(s)", ""
        for index, item in enumerate(value):
            yield from check(item, spec.item, (*path, index))
    elif isinstance(spec, MapOf):
        if not isinstance(value, dict):
            yield path, "wrong-type", f"{_label(path)} must be a mapping, not {_kind(value)}", ""
            return
        for key, item in value.items():
            yield from check(item, spec.value, (*path, key))
    else:
        yield from _object(value, spec, path)


def _object(value: Any, spec: Obj, path: Path) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield path, "wrong-type", f"{_label(path)} must be a mapping, not {_kind(value)}", "write 'key: value' lines"
        return
    for key, item in value.items():
        known = spec.fields.get(key)
        if known is not None:
            if item is None and key not in spec.required:
                continue  # an empty optional field says nothing
            yield from check(item, known, (*path, key))
        elif key in spec.legacy:
            yield (*path, key), "legacy-field", f"{key!r} is not used any more", spec.legacy[key]
        else:
            hint = did_you_mean(str(key), (*spec.fields, *spec.legacy))
            hint = hint or "remove it, or see docs/content.md for the known fields"
            yield (*path, key), "unknown-field", f"unknown field {key!r}", hint
    for key in spec.required:
        if key not in value:
            yield path, "missing-field", f"{_label(path)} has no {key!r}", f"add '{key}:'"


def _scalar(value: Any, spec: Scalar) -> tuple[str, str, str] | None:
    kind = spec.kind
    if kind == "any":
        return None
    if value is None:
        return "wrong-type", "is empty", "give it a value or remove the key"
    if kind == "int" and (isinstance(value, bool) or not isinstance(value, int)):
        return "wrong-type", f"must be a whole number, not {_kind(value)}", ""
    if kind == "number" and (isinstance(value, bool) or not isinstance(value, int | float)):
        return "wrong-type", f"must be a number, not {_kind(value)}", ""
    if kind == "bool" and not isinstance(value, bool):
        return "wrong-type", f"must be true or false, not {_kind(value)}", ""
    if kind == "scalar":
        if isinstance(value, list | dict):
            return "wrong-type", f"must be a single value, not {_kind(value)}", ""
    elif kind in ("text", "date", "uuid") and not isinstance(value, str):
        return "wrong-type", f"must be text, not {_kind(value)}", "put quotes around it"
    if kind == "text" and not value.strip():
        return "wrong-value", "is empty", "give it a value or remove the key"
    if kind == "date" and not _is_date(value):
        return "bad-date", f"is not a date: {value!r}", "write it as 'YYYY-MM-DD'"
    if kind == "uuid" and not _UUID.match(value):
        return "bad-id", f"is not a UUID: {value!r}", "`caltrop validate --fix` does not invent ids; run `uuidgen`"
    if spec.choices and str(value) not in spec.choices:
        hint = did_you_mean(str(value).strip(), spec.choices) or f"use one of: {', '.join(spec.choices)}"
        return "wrong-value", f"is {value!r}", hint
    if (spec.low is not None and value < spec.low) or (spec.high is not None and value > spec.high):
        return "out-of-range", f"is {value}", f"it must be between {spec.low:g} and {spec.high:g}"
    if spec.pattern and not re.fullmatch(spec.pattern, str(value)):
        return "wrong-value", f"is {value!r}", spec.hint
    return None


def _is_date(value: str) -> bool:
    try:
        return len(value) == 10 and bool(datetime.date.fromisoformat(value))
    except ValueError:
        return False


def _choose(value: Any, spec: Either) -> Spec:
    for option in spec.options:
        if isinstance(value, dict) and isinstance(option, Obj | MapOf):
            return option
        if isinstance(value, list) and isinstance(option, ListOf):
            return option
        if isinstance(option, Scalar) and _scalar(value, option) is None:
            return option
    return spec.options[0]


def _label(path: Path) -> str:
    if not path:
        return "the file"
    out = ""
    for step in path:
        out += f"[{step}]" if isinstance(step, int) else (f".{step}" if out else str(step))
    return f"'{out}'"


def _kind(value: Any) -> str:
    return "empty" if value is None else _NAMES.get(type(value), type(value).__name__)


_JSON_KINDS: dict[str, dict[str, Any]] = {
    "text": {"type": "string", "minLength": 1},
    "int": {"type": "integer"},
    "number": {"type": "number"},
    "bool": {"type": "boolean"},
    "date": {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
    "uuid": {"type": "string", "format": "uuid", "pattern": "^" + _UUID.pattern.replace("\\Z", "$")},
    "scalar": {"type": ["string", "number", "boolean"]},
    "any": {},
}


def json_schema(spec: Spec) -> dict[str, Any]:
    """The spec as JSON Schema (2020-12), for editors."""
    out: dict[str, Any]
    if isinstance(spec, Scalar):
        out = dict(_JSON_KINDS[spec.kind])
        if spec.choices:
            out["enum"] = list(spec.choices)
        if spec.low is not None:
            out["minimum"] = spec.low
        if spec.high is not None:
            out["maximum"] = spec.high
        if spec.pattern:
            out["pattern"] = f"^(?:{spec.pattern})$"
    elif isinstance(spec, ListOf):
        out = {"type": "array", "items": json_schema(spec.item)}
        if spec.least:
            out["minItems"] = spec.least
    elif isinstance(spec, Either):
        out = {"anyOf": [json_schema(option) for option in spec.options]}
    elif isinstance(spec, MapOf):
        out = {"type": "object", "additionalProperties": json_schema(spec.value)}
    else:
        out = {
            "type": "object",
            "properties": {
                **{key: json_schema(value) for key, value in spec.fields.items()},
                **{key: {"deprecated": True, "description": why} for key, why in spec.legacy.items()},
            },
            "required": list(spec.required),
            "additionalProperties": False,
        }
    if spec.doc:
        out["description"] = spec.doc
    return out
