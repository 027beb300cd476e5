"""Where searches are kept: SPL text, savedsearches.conf, detection YAML, JSON lines. Each is found with its place.

`Written.place` turns an offset into the search back into line and column of the file. JSON lines have no lines inside:
there the line is the object's and the column the offset into the search, counted from 1 (and its line is the search).
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from caltrop.analysis import Known, apps
from caltrop.content.scalars import offsets
from caltrop.dialect.conf import ConfError, Setting, scan
from caltrop.dialect.places import underlined
from caltrop.dialect.words import known_truth
from caltrop.errors import CaltropError, Location
from caltrop.shipped import shipped
from caltrop.spl.macros import Macro

_KEYS = ("search", "spl", "query")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Written:
    """One search and where it stands: `anchors` are (offset into text, line, column) of stretches of the file.

    `broken` says why a search could not even be read out of the file; `text` is empty then.
    """

    text: str
    file: str
    anchors: tuple[tuple[int, int, int], ...] = ((0, 1, 1),)
    broken: str | None = None
    lines: tuple[str, ...] = ()

    def excerpt(self, start: int, end: int) -> str:
        """The line of the file that a stretch of the search begins in, with carets below it."""
        place, last = self.place(start), self.place(max(start, end - 1))
        width = last.column - place.column + 1 if last.line == place.line else len(self.lines[place.line - 1])
        return underlined(self.lines[place.line - 1], place.column, width)

    def place(self, offset: int) -> Location:
        index = bisect_right(self.anchors, offset, key=lambda anchor: anchor[0]) - 1
        at, line, column = self.anchors[max(index, 0)]
        return Location(self.file, line, column + max(0, offset - at))


def searches(path: Path, *, jsonl: bool = False) -> Iterator[Written]:
    """All searches of a file; its kind is told by its name (.conf, .yml, .yaml, .jsonl, anything else is SPL)."""
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise CaltropError(f"cannot read {path}: {error.strerror}") from error
    file, lines = str(path), tuple(text.split("\n"))
    if jsonl or path.suffix in (".jsonl", ".ndjson"):
        yield from _json_lines(text, file)
    elif path.suffix == ".conf":
        yield from _conf(text, file, lines)
    elif path.suffix in (".yml", ".yaml"):
        yield from _yaml(text, file, lines)
    else:
        yield Written(text, file, _line_anchors(text), lines=lines)


def known_beside(path: Path) -> Known:
    """What the searches of a file stand among: the apps that ship with the toolkit, and the macros.conf beside a .conf file."""
    beside = path.with_name("macros.conf")
    return _known(beside if path.suffix == ".conf" and beside.is_file() else None)


@cache
def _known(macros: Path | None) -> Known:
    folders = apps.shipped_addons()
    found = conf_macros(macros) if macros else {}
    return Known(
        commands=apps.commands((*folders, shipped("app"))),
        models=lambda: apps.models(folders),
        macro=lambda name, arity: found.get((name, arity)),
        searched=lambda: apps.model_fields(folders),
    )


def conf_macros(path: Path) -> dict[tuple[str, int], Macro]:
    """The macros of a macros.conf by name and number of arguments."""
    stanzas: dict[str, dict[str, str]] = {}
    name = ""
    for part in scan(path.read_text(encoding="utf-8-sig", errors="replace"), str(path), []):
        if isinstance(part, Setting):
            stanzas.setdefault(name, {})[part.key] = str(part.value)
        else:
            name = part.name
    found = {}
    for name, settings in stanzas.items():
        args = tuple(arg.strip() for arg in settings.get("args", "").split(",") if arg.strip())
        if settings.get("definition", "").strip():
            bare = name.partition("(")[0]
            iseval = known_truth(settings.get("iseval", "")) is True
            found[bare, len(args)] = Macro(bare, args, settings["definition"], iseval)
    return found


def _line_anchors(text: str) -> tuple[tuple[int, int, int], ...]:
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    return tuple((start, line, 1) for line, start in enumerate(starts, 1))


def _json_lines(text: str, file: str) -> Iterator[Written]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        anchors = ((0, number, 1),)
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield Written("", file, anchors, f"not JSON: {error}")
            continue
        values = [record.get(key) for key in _KEYS] if isinstance(record, dict) else []
        found = next((value for value in values if isinstance(value, str)), None)
        if found is None:
            yield Written("", file, anchors, "an object with a 'search' was expected")
        else:
            yield Written(found, file, anchors, lines=(*[""] * (number - 1), found.replace("\n", " ")))


def _conf(text: str, file: str, lines: tuple[str, ...]) -> Iterator[Written]:
    """The `search` settings of savedsearches.conf, also those that a later one of the same stanza overrides."""
    try:
        settings = [part for part in scan(text, file, []) if isinstance(part, Setting)]
    except ConfError as error:
        place = error.location or Location(file)
        yield Written("", file, ((0, place.line, place.column),), error.message)
        return
    for setting in settings:
        if setting.key == "search" and setting.value:
            starts = (0, *(found.end() for found in re.finditer("\n", setting.value)))
            anchors = tuple((start, *setting.place(start)) for start in starts)
            yield Written(setting.value, file, anchors, lines=lines)


def _yaml(text: str, file: str, lines: tuple[str, ...]) -> Iterator[Written]:
    """The top-level `search` of each document."""
    try:
        documents = list(yaml.compose_all(text, Loader=_LOADER))
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        anchor = (0, mark.line + 1, mark.column + 1) if mark else (0, 1, 1)
        yield Written("", file, (anchor,), f"not YAML: {getattr(error, 'problem', error)}")
        return
    for document in documents:
        if not isinstance(document, yaml.MappingNode):
            continue
        node = next((value for key, value in document.value if getattr(key, "value", None) == "search"), None)
        if isinstance(node, yaml.ScalarNode) and node.value.strip():
            yield Written(node.value, file, _aligned(text, node), lines=lines)


def _aligned(text: str, node: yaml.ScalarNode) -> tuple[tuple[int, int, int], ...]:
    """Where each stretch of a YAML scalar stands in the file, whatever the style of quoting and folding."""
    lines = [0, *(found.end() for found in re.finditer("\n", text))]
    anchors: list[tuple[int, int, int]] = []
    expected = -1
    for offset, here in enumerate(offsets(text, node)):
        if here != expected:
            line = bisect_right(lines, here)
            anchors.append((offset, line, here - lines[line - 1] + 1))
        expected = here + 1
    return tuple(anchors)
