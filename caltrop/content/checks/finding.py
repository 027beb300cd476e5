"""A finding before it has a line number: the object's file, the path of the value, an offset into it."""

from __future__ import annotations

from typing import NamedTuple

from caltrop.content.document import Path
from caltrop.content.model import Item


class Finding(NamedTuple):
    file: str
    path: Path
    code: str
    message: str
    hint: str = ""
    offset: int | None = None
    name: str = ""


def of(item: Item, path: Path, code: str, message: str, hint: str = "", offset: int | None = None) -> Finding:
    return Finding(item.file, path, code, message, hint, offset, item.name)
