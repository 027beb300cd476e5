"""A pivot as clients describe it (`pivot_json`) -> the searches that answer it.

The JSON names `dataModel`, `baseClass` (the dataset), and lists `cells`, `rows`, `columns` and `filters`, each with `fieldName`
and its own words; see "datamodel/pivot" of the REST API reference and the pivot command's topic.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from caltrop.dialect.datamodels import Dataset
from caltrop.dialect.words import quoted

FUNCTIONS = {"average": "avg", "duration": "range"}
RANGES = {"start": "start", "end": "end", "size": "size", "maxNumberOf": "max"}
EMPTY = "In handler 'datamodelpivot': Error in 'PivotReport': Must have non-empty cells or non-empty rows."


class PivotError(Exception):
    """A description that is no pivot; the text says why."""


@dataclass(frozen=True, slots=True)
class Part:
    """One cell, split or filter: the field, and the other words of it."""

    field: str
    words: Mapping[str, Any]

    def text(self, key: str) -> str:
        value = self.words.get(key)
        return "" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Pivot:
    """What is asked for; raises `PivotError` from `read` where neither cells nor rows are."""

    dataset: str
    cells: tuple[Part, ...]
    rows: tuple[Part, ...]
    columns: tuple[Part, ...]
    filters: tuple[Part, ...]


def read(text: str) -> Pivot:
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PivotError(f"pivot_json is not JSON: {error}") from None
    if not isinstance(given, dict) or not given.get("baseClass"):
        raise PivotError('pivot_json is a JSON object with a dataset as its "baseClass".')

    def parts(key: str) -> tuple[Part, ...]:
        listed = given.get(key) or []
        if not isinstance(listed, list) or not all(isinstance(one, dict) and one.get("fieldName") for one in listed):
            raise PivotError(f'"{key}" of pivot_json is a list of objects, each with a "fieldName".')
        return tuple(Part(str(one["fieldName"]), one) for one in listed)

    pivot = Pivot(str(given["baseClass"]), parts("cells"), parts("rows"), parts("columns"), parts("filters"))
    if not pivot.cells and not pivot.rows:
        raise PivotError(EMPTY)
    return pivot


def command(model: str, pivot: Pivot) -> str:
    """The pivot command that answers it."""
    cells = [f"{_function(c)}({_name(c.field)}) AS {quoted(c.text('label') or c.field)}" for c in pivot.cells]
    cells = cells or [f"count({_name(pivot.dataset)}) AS {quoted('Count of ' + pivot.dataset)}"]
    words = ["| pivot", quoted(model), quoted(pivot.dataset), *cells]
    words += [_split("SPLITROW", part) for part in pivot.rows]
    words += [_split("SPLITCOL", part) for part in pivot.columns]
    words += [_limit(part) if "limitAmount" in part.words else _filter(part) for part in pivot.filters]
    return " ".join(words)


def tstats(dataset: Dataset, pivot: Pivot, namespace: str) -> str:
    """The same as a tstats search over the accelerated model or, of the namespace `sid=…`, over what that job collected; empty
    where it is more than counting by plain fields."""
    grouped = any(part.words.keys() & {"ranges", "period"} for part in pivot.rows)
    if pivot.columns or pivot.filters or grouped:
        return ""

    def cell(part: Part) -> str:
        function = _function(part)
        argument = "" if part.field in dataset.lineage else f"({quoted(dataset.qualified(part.field))})"
        return f"{function}{argument} AS {quoted(part.text('label') or part.field)}"

    names = {dataset.qualified(part.field): part.text("label") or part.field for part in pivot.rows}
    cells = ", ".join(map(cell, pivot.cells)) or "count"
    node = ".".join(dataset.lineage)
    source = f"datamodel={quoted(dataset.model)} WHERE (nodename = {node})"
    sid = namespace.removeprefix("sid=")
    stages = [f"| tstats {cells} FROM {source if sid == namespace else f'sid={quoted(sid)}'}"]
    if names:
        stages[0] += f" BY {' '.join(map(quoted, names))}"
        for part in pivot.rows:
            if part.text("trueLabel") or part.text("falseLabel"):
                name = dataset.qualified(part.field)
                yes, no = quoted(part.text("trueLabel")), quoted(part.text("falseLabel"))
                stages.append(f"| eval '{name}'=case('{name}' IN (\"true\", \"1\"), {yes}, true(), {no})")
        stages.append("| rename " + ", ".join(f"{quoted(a)} AS {quoted(b)}" for a, b in names.items()))
    return " ".join(stages)


def _name(text: str) -> str:
    """A field within a function of pivot, which reads a plain word there."""
    return text if re.fullmatch(r"[\w.]+", text) else quoted(text)


def _function(part: Part) -> str:
    word = part.text("value") or "count"
    return FUNCTIONS.get(word, word)


def _split(keyword: str, part: Part) -> str:
    words = [keyword, quoted(part.field)]
    if part.text("label"):
        words += ["AS", quoted(part.text("label"))]
    ranges = part.words.get("ranges")
    if isinstance(ranges, Mapping):
        words += ["RANGE", *(f"{RANGES[key]}={value}" for key, value in ranges.items() if key in RANGES)]
    if part.text("period"):
        words += ["PERIOD", part.text("period")]
    for key in ("trueLabel", "falseLabel"):
        if part.text(key):
            words += [key.upper(), quoted(part.text(key))]
    return " ".join(words)


def _filter(part: Part) -> str:
    rule = part.words.get("rule")
    rule = rule if isinstance(rule, Mapping) else {}
    value = rule.get("compareTo")
    told = "" if value is None else " " + quoted(str(value).lower() if isinstance(value, bool) else str(value))
    return f"FILTER {quoted(part.field)} {rule.get('comparator', 'isNotNull')}{told}"


def _limit(part: Part) -> str:
    way = "BOTTOM" if part.text("limitType") == "lowest" else "TOP"
    function = FUNCTIONS.get(part.text("statsFn"), part.text("statsFn") or "count")
    by = f"{function}({_name(part.text('attributeName') or part.field)})"
    return f"LIMIT {quoted(part.field)} BY {way} {part.text('limitAmount')} {by}"
