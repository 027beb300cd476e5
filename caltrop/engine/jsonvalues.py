"""JSON as eval functions see it: numbers keep the digits they were written with, keys their order.

Paths (Search Reference: JSON functions, spath): keys separated by periods, {n} an element of an array counted from 0,
{} every element.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from caltrop.engine.table import number_text

MAX_TEXT = 50_000_000  # characters
NOTHING = object()  # what a change gives that makes nothing where nothing was
Json = Any  # None, bool, Number, str, list, dict
Step = str | int | None  # a key, an index, every element


class Number(str):
    """A JSON number as written."""

    __slots__ = ()


_decoder = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=lambda name: _refuse(name))


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def parse_json(text: str | None) -> tuple[Json, bool]:
    """(value, valid). Text that nests too deeply is not valid."""
    if text is None or len(text) > MAX_TEXT:
        return None, False
    try:
        return _decoder.decode(text), True
    except (ValueError, RecursionError):
        return None, False


def dump(value: Json) -> str:
    """Compact JSON text."""
    if isinstance(value, Number):
        return str(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{','.join(map(dump, value))}]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}:{dump(v)}" for k, v in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def plain(value: Json) -> str | None:
    """A value as a field shows it: strings without quotes, null as a missing value."""
    if value is None:
        return None
    return str.__str__(value) if isinstance(value, str) else dump(value)


def number(value: float) -> Number:
    return Number(number_text(value))


_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")


def infer(text: str) -> Json:
    """What a text of unknown type is in JSON: a number, an object or array, else a string."""
    if _NUMBER.fullmatch(text):
        return Number(text)
    if text[:1] in ("{", "["):
        value, valid = parse_json(text)
        if valid:
            return value
    return text


@lru_cache(maxsize=4096)
def parse_path(path: str) -> tuple[Step, ...] | None:
    """Steps of a path; None when its braces do not fit."""
    steps: list[Step] = []
    for name in re.split(r"\.(?![^{]*\})", path):
        match = re.fullmatch(r"([^{}]*)((?:\{[^{}]*\})*)", name, re.DOTALL)
        if match is None:
            return None
        if match[1]:
            steps.append(match[1])
        for index in re.findall(r"\{([^{}]*)\}", match[2]):
            if index.strip() == "":
                steps.append(None)
            elif re.fullmatch(r"-?\d+", index.strip()):
                steps.append(int(index))
            else:
                return None
    return tuple(steps)


def select(value: Json, steps: tuple[Step, ...], *, objects_too: bool = False) -> list[Json]:
    """Everything that the path reaches, in order. `objects_too`: {} after an object is the object itself."""
    found = [value]
    for step in steps:
        reached: list[Json] = []
        for item in found:
            if isinstance(step, str):
                if isinstance(item, dict) and step in item:
                    reached.append(item[step])
            elif isinstance(item, list):
                if step is None:
                    reached += item
                elif -len(item) <= step < len(item):
                    reached.append(item[step])
            elif step is None and objects_too and isinstance(item, dict):
                reached.append(item)
        found = reached
    return found


def update(value: Json, steps: tuple[Step, ...], change: Any) -> Json:
    """A copy with `change(old, exists)` put at every place the path reaches; missing keys of objects are made."""
    if not steps:
        return change(value, True)
    step, rest = steps[0], steps[1:]
    if isinstance(step, str):
        if not isinstance(value, dict):
            return value
        copy = dict(value)
        if step in copy:
            copy[step] = update(copy[step], rest, change)
        elif not rest:
            if (made := change(None, False)) is not NOTHING:
                copy[step] = made
        elif isinstance(rest[0], str):
            copy[step] = update({}, rest, change)
        return copy
    if not isinstance(value, list):
        return value
    items = list(value)
    if step is None:
        return [update(item, rest, change) for item in items]
    if -len(items) <= step < len(items):
        items[step] = update(items[step], rest, change)
    elif step == len(items) and not rest and (made := change(None, False)) is not NOTHING:
        items.append(made)
    return items


def remove(value: Json, steps: tuple[Step, ...]) -> Json:
    """A copy without what the path reaches."""
    step, rest = steps[0], steps[1:]
    if isinstance(step, str):
        if not isinstance(value, dict) or step not in value:
            return value
        if not rest:
            return {k: v for k, v in value.items() if k != step}
        return {k: remove(v, rest) if k == step else v for k, v in value.items()}
    if not isinstance(value, list):
        return value
    if step is None:
        return [] if not rest else [remove(item, rest) for item in value]
    if not -len(value) <= step < len(value):
        return value
    at = step % len(value)
    if not rest:
        return value[:at] + value[at + 1 :]
    return [remove(item, rest) if i == at else item for i, item in enumerate(value)]
