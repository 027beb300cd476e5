"""Conformance cases: events, a search, and what it must return (the format is described beside the cases).

Each case runs on an instance of its own, in memory, with the clock pinned.
"""

from __future__ import annotations

import csv
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from caltrop.engine.instance import Instance
from caltrop.engine.table import MULTIVALUE, Table, number_text, render, reversed_rows
from caltrop.errors import CaltropError, Location
from caltrop.knowledge import layers

NOW = 1_700_000_000.0
_META = ("_time", "_raw", "host", "source", "sourcetype", "index")


@dataclass(frozen=True, slots=True)
class Case:
    location: Location
    data: Mapping[str, Any]

    @property
    def id(self) -> str:
        return str(self.data.get("id", "?"))


@dataclass(frozen=True, slots=True)
class Outcome:
    """`difference` is empty for a case that passed."""

    case: Case
    difference: str = ""


def read_cases(path: Path) -> list[Case]:
    """All cases of a file, or of the *.yaml files of a folder."""
    cases: list[Case] = []
    for file in sorted(path.glob("*.yaml")) if path.is_dir() else [path]:
        try:
            loader = yaml.CSafeLoader(file.read_text("utf-8"))
            node = loader.get_single_node()
            if node is not None and not isinstance(node, yaml.SequenceNode):
                what = "this is no list of cases"
                raise CaltropError(what, location=Location(str(file), 1), hint="write '- id: …', one item a case")
            items = node.value if node is not None else []
            found = [(item.start_mark.line + 1, loader.construct_document(item)) for item in items]
        except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
            raise CaltropError(f"cannot read the cases: {error}", location=Location(str(file))) from error
        for line, data in found:
            if (
                not isinstance(data, dict)
                or not {"id", "search"} <= data.keys()
                or len({"expect", "expect_error"} & data.keys()) != 1
            ):
                raise CaltropError(
                    "a case needs id, search, and one of expect and expect_error", location=Location(str(file), line)
                )
            cases.append(Case(Location(str(file), line), data))
    return cases


def run_case(case: Case) -> Outcome:
    """Run one case on a fresh instance."""
    with tempfile.TemporaryDirectory(prefix="caltrop-case-") as folder:
        try:
            instance = build_instance(case.data, Path(folder))
        except CaltropError as error:
            return Outcome(case, f"the case cannot be set up: {error}")
        return Outcome(case, _difference(case.data, instance))


def _difference(data: Mapping[str, Any], instance: Instance) -> str:
    """Empty when the search does what the case expects."""
    wanted_error = data.get("expect_error")
    try:
        for before in data.get("before", ()):
            instance.search(before)
        table = instance.search(data["search"], earliest=data.get("earliest"), latest=data.get("latest")).table
    except CaltropError as error:
        text = f"{error} {error.hint or ''}"
        if wanted_error is None:
            return f"failed: {text}"
        return "" if re.search(wanted_error, text, re.IGNORECASE) else f"error {text!r} does not match {wanted_error!r}"
    except Exception as error:  # a crash is a failure of the case, not of the run
        return f"crashed: {type(error).__name__}: {error}"
    if wanted_error is not None:
        return f"no error, expected one that matches {wanted_error!r}"
    return compare(table, data)


# --- setting up -------------------------------------------------------------------------------------------------------


def build_instance(data: Mapping[str, Any], folder: Path) -> Instance:
    """An instance that holds the events, lookups and macros of a case; `folder` is for its app."""
    app = folder / "apps" / "search"
    write_app(app, data.get("lookups", {}), data.get("macros", {}))
    instance = Instance(None, [*layers(addons=False), app], now=NOW)
    for name in ("main", "summary"):  # an instance has both from the start
        instance.store.create_index(name)
    events = data.get("events", ())
    for name in sorted({str(event.get("index", "main")) for event in events}):
        instance.store.create_index(name)
    if events:
        instance.store.append(event_frame(events))
    return instance


def event_frame(events: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Events as the index takes them: given fields are indexed fields."""
    names = dict.fromkeys(name for event in events for name in event if name not in _META)
    columns = [
        pl.Series(
            "_time", [float(event.get("_time", NOW - 1 - i)) for i, event in enumerate(events)], dtype=pl.Float64
        ),
        pl.Series(
            "_raw", [_text(event.get("_raw", f"evt-{i:04d}")) for i, event in enumerate(events)], dtype=pl.String
        ),
        *(
            pl.Series(name, [_text(event.get(name, default)) for event in events], dtype=pl.String)
            for name, default in (("host", "h"), ("source", "s"), ("sourcetype", "st"), ("index", "main"))
        ),
    ]
    for name in names:
        cells = [event.get(name) for event in events]
        if any(isinstance(cell, list) for cell in cells):
            lists = [None if c is None else [_text(v) for v in c] if isinstance(c, list) else [_text(c)] for c in cells]
            columns.append(pl.Series(name, lists, dtype=MULTIVALUE))
        else:
            columns.append(pl.Series(name, [None if c is None else _text(c) for c in cells], dtype=pl.String))
    # Of equal times the event that arrived last would come first.
    return reversed_rows(pl.DataFrame(columns))


def _text(value: Any) -> str:
    return number_text(value) if isinstance(value, float) else str(value)


def write_app(app: Path, lookups: Mapping[str, Any], macros: Mapping[str, Any]) -> None:
    """An app with these lookup tables, lookup definitions and macros."""
    (app / "default").mkdir(parents=True)
    (app / "metadata").mkdir()
    (app / "metadata" / "default.meta").write_text("[]\naccess = read : [ * ], write : [ * ]\nexport = system\n")
    (app / "lookups").mkdir()
    transforms: list[str] = []
    for name, lookup in lookups.items():
        file = name if name.endswith(".csv") else f"{name}.csv"
        with (app / "lookups" / file).open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(lookup["fields"])
            writer.writerows([_text(cell) for cell in row] for row in lookup["rows"])
        if not name.endswith(".csv"):
            transforms += [f"[{name}]", f"filename = {file}"]
            transforms += [f"{k} = {_setting(v)}" for k, v in lookup.get("options", {}).items()]
    (app / "default" / "transforms.conf").write_text("\n".join(transforms) + "\n", "utf-8")
    stanzas: list[str] = []
    for name, macro in macros.items():
        stanzas += [f"[{name}]", f"definition = {_setting(macro['definition'])}"]
        if "args" in macro:
            stanzas.append(f"args = {', '.join(map(str, macro['args']))}")
        stanzas += [f"{key} = {_setting(macro[key])}" for key in ("iseval", "validation", "errormsg") if key in macro]
    (app / "default" / "macros.conf").write_text("\n".join(stanzas) + "\n", "utf-8")


def _setting(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).replace("\n", "\\\n")


# --- comparing --------------------------------------------------------------------------------------------------------

Row = dict[str, str | list[str] | None]


def rows_of(table: Table) -> list[Row]:
    """Rows as the results endpoint renders them; one-element lists are plain values."""
    columns = {name: render(table.frame.get_column(name)).to_list() for name in table.fields}
    return [{name: _cell(column[i]) for name, column in columns.items()} for i in range(len(table))]


def _cell(value: Any) -> str | list[str] | None:
    if isinstance(value, list):
        return None if not value else str(value[0]) if len(value) == 1 else [str(v) for v in value]
    return None if value is None else str(value)


def compare(table: Table, data: Mapping[str, Any]) -> str:
    """What differs between a result and the case's expectation."""
    expected: list[Mapping[str, Any]] = data["expect"]
    names = data.get("expect_fields")
    problems: list[str] = []
    if names is not None:
        visible = [name for name in table.fields if not name.startswith("_") or name in names]
        if visible != [str(name) for name in names]:
            problems.append(f"columns {visible}, expected {names}")
    compared = (
        [str(n) for n in names] if names is not None else list(dict.fromkeys(str(k) for row in expected for k in row))
    )
    wanted = [{name: _expected_cell(row.get(name)) for name in compared} for row in expected]
    actual = [{name: row.get(name) for name in compared} for row in rows_of(table)]
    if data.get("unordered"):
        wanted, actual = sorted(wanted, key=repr), sorted(actual, key=repr)
    if wanted != actual:
        problems += _row_problems(wanted, actual)
    return "\n".join(problems)


def _expected_cell(value: Any) -> str | list[str] | None:
    return _cell([_text(v) for v in value]) if isinstance(value, list) else None if value is None else _text(value)


def _row_problems(wanted: Sequence[Mapping[str, Any]], actual: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if len(wanted) != len(actual):
        yield f"{len(actual)} rows, expected {len(wanted)}"
    for i in range(min(max(len(wanted), len(actual)), 20)):
        left = wanted[i] if i < len(wanted) else None
        right = actual[i] if i < len(actual) else None
        if left != right:
            yield f"row {i + 1}: expected {dict(left) if left is not None else 'none'}"
            yield f"       actual   {dict(right) if right is not None else 'none'}"
