"""Where searches are kept: SPL text, savedsearches.conf, detection YAML, JSON lines. Each is found with its place.

`Written.place` turns an offset into the search back into line and column of the file. JSON lines have no lines inside:
there the line is the object's and the column the offset into the search, counted from 1.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from caltrop.dialect.conf import ConfError, Setting, scan
from caltrop.errors import CaltropError, Location

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
    file = str(path)
    if jsonl or path.suffix in (".jsonl", ".ndjson"):
        yield from _json_lines(text, file)
    elif path.suffix == ".conf":
        yield from _conf(text, file)
    elif path.suffix in (".yml", ".yaml"):
        yield from _yaml(text, file)
    else:
        yield Written(text, file, _line_anchors(text))


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
            yield Written(found, file, anchors)


def _conf(text: str, file: str) -> Iterator[Written]:
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
            yield Written(setting.value, file, tuple((start, *setting.place(start)) for start in starts))


def _yaml(text: str, file: str) -> Iterator[Written]:
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
            yield Written(node.value, file, _aligned(node.value, text, node.start_mark.index))


def _aligned(value: str, text: str, start: int) -> tuple[tuple[int, int, int], ...]:
    """Where each word of a YAML scalar stands in the file, whatever the style of quoting and folding."""
    lines = [0, *(found.end() for found in re.finditer("\n", text))]
    anchors, at = [], start
    for word in re.finditer(r"[^\s\"'\\]+", value):
        here = text.find(word[0], at)
        if here < 0:  # written with an escape inside a double-quoted scalar
            continue
        line = bisect_right(lines, here)
        anchors.append((word.start(), line, here - lines[line - 1] + 1))
        at = here + len(word[0])
    return tuple(anchors) or ((0, bisect_right(lines, start), 1),)
