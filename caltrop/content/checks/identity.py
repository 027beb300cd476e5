"""Names, ids, dates and file names: every object can be told from every other."""

from __future__ import annotations

import re
from collections.abc import Iterator

from caltrop.content.checks.finding import Finding, of
from caltrop.content.model import Catalogue, Detection, Item, snake

_KINDS = (
    "detections", "removed", "baselines", "investigations", "macros", "lookups", "stories", "data_sources",
    "deployments", "dashboards", "playbooks",
)  # fmt: skip
_CALLABLE = re.compile(r"[\w.:-]+")
# Kinds whose files have always been called after the object.
_NAMED_BY_FILE = ("detections", "baselines", "investigations", "stories", "macros", "lookups")
MAX_NAME = 150
MAX_SEARCH_NAME = 99  # characters Splunk takes for a saved search's name in Enterprise Security


def check(catalogue: Catalogue) -> Iterator[Finding]:
    ids: dict[str, Item] = {}
    for kind in _KINDS:
        names: dict[str, Item] = {}
        for item in getattr(catalogue, kind):
            yield from _unique(item, ids, names, kind)
            yield from _name(item, kind)
            if kind != "detections" and len(item.name) > MAX_NAME:
                what = f"the name of {len(item.name)} characters is too long for a file's"
                yield of(item, ("name",), "name-too-long", what, f"at most {MAX_NAME} are allowed")
            if kind in _NAMED_BY_FILE:
                yield from _file_name(item, kind)
            if item.creation_date and item.modification_date and item.modification_date < item.creation_date:
                message = f"modified on {item.modification_date}, before it was created on {item.creation_date}"
                yield of(item, ("modification_date",), "date-order", message, "correct one of the two dates")
    for detection in catalogue.detections:
        stanza = catalogue.config.rule_name(detection.name)
        if len(stanza) > MAX_SEARCH_NAME:
            message = f"the search name {stanza!r} has {len(stanza)} characters"
            yield of(detection, ("name",), "name-too-long", message, f"at most {MAX_SEARCH_NAME} are allowed")


def _unique(item: Item, ids: dict[str, Item], names: dict[str, Item], kind: str) -> Iterator[Finding]:
    if item.id:
        first = ids.setdefault(item.id.lower(), item)
        if first is not item:
            hint = "run `uuidgen` for a new id"
            yield of(item, ("id",), "duplicate-id", f"the id {item.id} is also that of {first.file}", hint)
    # Detections share a filter macro when their names differ in separators only.
    key = item.filter_macro if isinstance(item, Detection) else getattr(item, "stanza", item.name).lower()
    first = names.setdefault(key, item)
    if first is not item:
        message = f"{kind} has {item.name!r} already, in {first.file}"
        yield of(item, ("name",), "duplicate-name", message, "names are unique within a kind, in any case")


def _name(item: Item, kind: str) -> Iterator[Finding]:
    """Names become stanzas; those of macros, and of detections in their filter macros, are called between backticks."""
    if not item.name.isprintable() or "]" in item.name or item.name.endswith("\\"):
        hint = "no line breaks, control characters or ']', and no backslash at the end"
        yield of(item, ("name",), "bad-name", f"{item.name!r} cannot name a stanza of a .conf file", hint)
    elif kind == "macros" and not _CALLABLE.fullmatch(item.name):
        hint = "letters, digits, '_', '.', ':' and '-'"
        yield of(item, ("name",), "bad-name", f"a macro called {item.name!r} cannot be called", hint)
    elif isinstance(item, Detection) and not _CALLABLE.fullmatch(item.filter_macro):
        what = f"the name makes the filter macro {item.filter_macro!r}, which cannot be called"
        yield of(item, ("name",), "bad-name", what, "letters, digits, spaces, '_', '-', '.' and '/'")


def _file_name(item: Item, kind: str) -> Iterator[Finding]:
    stem = item.file.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    wanted = snake(item.name)
    exact = kind in ("macros", "lookups")
    if stem != wanted and not (exact and stem.lower() == item.name.lower()):
        hint = f"rename the file to {wanted}.yml"
        yield of(item, ("name",), "file-name", f"the file of {item.name!r} is called {stem}.yml", hint)
