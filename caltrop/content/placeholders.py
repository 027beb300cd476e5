"""`%name%` in content: what a build puts in for it, and those that nothing is put in for.

A drilldown's search may hold `%original_detection_search%`; texts of a deployment's actions may hold the words of `TEXTS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from caltrop.content.model import Detection
from caltrop.dialect.words import SIMILAR, likeness

ORIGINAL_SEARCH = "original_detection_search"
TEXTS: Mapping[str, Callable[[Detection], str]] = {
    "name": lambda item: item.name,
    "description": lambda item: item.description,
    "title": lambda item: item.message or item.name,
    "type": lambda item: item.type,
}
_PLACEHOLDER = re.compile(r"%(\w+)%")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def filled_search(search: str, item: Detection) -> str:
    return search.replace(f"%{ORIGINAL_SEARCH}%", item.search)


def filled_text(template: str, item: Detection) -> str:
    return _PLACEHOLDER.sub(lambda m: TEXTS[m[1]](item) if m[1] in TEXTS else m[0], template)


def unknown_in_search(search: str) -> Iterator[re.Match[str]]:
    """Placeholders of a search that are none: inside strings `%x%` is a pattern of `like`, unless it is nearly the known one."""
    strings = [m.span() for m in _STRING.finditer(search)]
    for found in _PLACEHOLDER.finditer(search):
        name = found[1]
        quoted = any(start < found.start() < end for start, end in strings)
        if name != ORIGINAL_SEARCH and (not quoted or likeness(name, ORIGINAL_SEARCH) >= SIMILAR):
            yield found


def unknown_in_text(template: str) -> Iterator[re.Match[str]]:
    return (found for found in _PLACEHOLDER.finditer(template) if found[1] not in TEXTS)
