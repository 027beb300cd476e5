"""A finding before it has a line number: the object's file, the path of the value, an offset into it, its length.

`severity` is given where this finding is more or less certain, or breaks more or less, than its rule says.
"""

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
    width: int = 1
    severity: str = ""


def of(
    item: Item,
    path: Path,
    code: str,
    message: str,
    hint: str = "",
    offset: int | None = None,
    *,
    width: int = 1,
    severity: str = "",
) -> Finding:
    return Finding(item.file, path, code, message, hint, offset, item.name, width, severity)
