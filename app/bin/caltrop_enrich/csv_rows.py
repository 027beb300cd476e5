"""The protocol's CSV in, the same rows with the enrichment's columns out.

Cells that the command does not touch are copied, not decoded: splunklib's own records decode and encode every cell of
every event in Python, which costs more than the enrichment. A multivalue field is two columns, `f` with a line a value
and `__mv_f` with `$value$;$value$`, `$` doubled inside a value.
"""

from __future__ import annotations

import csv
import io
import re
from typing import Dict, List, Optional

from .enrich import FIELDS, Enricher, Fields
from .values import FieldValue

_MV = "__mv_"
_MV_ITEM = re.compile(r"\$((?:\$\$|[^$])*)\$(?:;|$)")
_OWN = frozenset(FIELDS) | {_MV + name for name in FIELDS}
_OWN_HEADER = [column for name in FIELDS for column in (name, _MV + name)]
_CELL = {name: 2 * index for index, name in enumerate(FIELDS)}

# Characters that Python's CSV reader refuses, bare or (before 3.11) at all, and noncharacters to carry them past it.
_AWAY = {"\0": "\ufdd0", "\r": "\ufdd1"}
_BACK = str.maketrans({stand_in: char for char, stand_in in _AWAY.items()})


class Row:
    """One hit, as `Enricher` reads it."""

    __slots__ = ("cells", "columns", "restore")

    def __init__(self, columns: Dict[str, int]) -> None:
        self.columns = columns
        self.cells: List[str] = []
        self.restore = False

    def get(self, name: str) -> Optional[FieldValue]:
        """A field's value: a list where it has several, None where there is none."""
        column = self.columns.get(name)
        value = None if column is None else self.cells[column]
        if not value:
            return None
        many = self.columns.get(_MV + name)
        if many is not None and self.cells[many]:
            items = [item.replace("$$", "$") for item in _MV_ITEM.findall(self.cells[many])]
            return [item.translate(_BACK) for item in items] if self.restore else items
        return value.translate(_BACK) if self.restore else value


def enrich_body(body: str, enricher: Enricher) -> str:
    """Enrich a chunk's body: same rows, same order, columns of FIELDS last (and taken from the input where it had any)."""
    try:
        return _enrich(body, enricher, False)
    except csv.Error:
        for char, stand_in in _AWAY.items():
            body = body.replace(char, stand_in)
        return _enrich(body, enricher, True).translate(_BACK)


def _enrich(body: str, enricher: Enricher, restore: bool) -> str:
    if body and not body.endswith("\n"):
        body += "\n"
    lines = body.split("\n")
    reader = csv.reader(io.StringIO(body, newline="\n"))  # rows end at \n alone
    header = next(reader, None)
    if header is None:
        return ""
    kept = [index for index, name in enumerate(header) if name not in _OWN]
    row = Row({name: index for index, name in enumerate(header)})
    row.restore = restore
    read, width = enricher.read, len(header)
    # A row is copied as it stands, but where cells have to go, come or (the reader refused them bare) be quoted.
    as_it_stands = len(kept) == width and not restore
    quote = _quoted_always if restore else _quoted
    fixed = [""] * len(_OWN_HEADER)
    _fill(fixed, enricher.fixed)
    out = [",".join([quote(header[index]) for index in kept] + _OWN_HEADER)]
    place, last = reader.line_num, len(lines) - 1
    for cells in reader:
        start, place = place, reader.line_num
        row.cells = (
            cells if len(cells) == width else (cells + [""] * width)[:width]
        )  # no row is dropped for being ragged
        own = fixed[:]
        _fill(own, read(row))
        if as_it_stands and row.cells is cells and place < last:  # the last row may have a quote that never ends
            text = lines[start] if place == start + 1 else "\n".join(lines[start:place])
            text = text[:-1] if text.endswith("\r") else text
        else:
            text = ",".join([quote(row.cells[index]) for index in kept])
        out.append(text + "," + ",".join(own) if kept else ",".join(own))
    out.append("")
    return "\r\n".join(out)


def _quoted(cell: str) -> str:
    """A cell as CSV."""
    if '"' in cell:
        return '"' + cell.replace('"', '""') + '"'
    return '"' + cell + '"' if "," in cell or "\n" in cell or "\r" in cell else cell


def _quoted_always(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def _fill(own: List[str], fields: Fields) -> None:
    """Write fields into the cells of FIELDS, as CSV."""
    for name, value in fields.items():
        place = _CELL[name]
        if isinstance(value, list):
            own[place] = _quoted("\n".join(value))
            own[place + 1] = _quoted(";".join(["$" + item.replace("$", "$$") + "$" for item in value]))
        elif '"' in value or "," in value or "\n" in value or "\r" in value:
            own[place] = _quoted(value)
        else:
            own[place] = value
