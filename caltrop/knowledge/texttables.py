"""Text tables in events, such as `ps` and `netstat` print them: a row for every line below a header line."""

from __future__ import annotations

import re
from collections.abc import Callable

import polars as pl

from caltrop.knowledge.automatic import Triples

WIDEST = 1_000  # columns that are told apart, so that no line takes forever
_HEADING = re.compile(r"\s*[^\sa-z0-9]\S*(?:\s+[^\sa-z0-9]\S*)*\s*")  # every word starts in upper case


def tables(raw: str) -> list[str]:
    """The tables of one event: a heading behind an empty line begins another."""
    parts: list[str] = []
    for block in re.split(r"\n\s*\n", raw):
        heading = block.strip("\n").partition("\n")[0]
        if parts and not (_HEADING.fullmatch(heading) and not re.search(r"\d", heading)):
            parts[-1] += f"\n{block}"
        else:
            parts.append(block)
    return parts


def _header_line(lines: list[str]) -> int:
    """The first line, unless it has digits and a heading comes later."""
    if lines and re.search(r"\d", lines[0]):
        found = (i for i, line in enumerate(lines) if _HEADING.fullmatch(line) and not re.search(r"\d", line))
        return next(found, 0)
    return 0


def table_rows(raw: str, header: int | None, noheader: bool, most: int) -> list[tuple[str, list[tuple[str, str]]]]:
    """(line, cells) of each line below the header. `header` is the number of the header line, from 1; `most`
    bounds the columns."""
    lines = [line for line in raw.splitlines() if line.strip() and not re.fullmatch(r"[\s\-=+|]+", line)]
    if noheader:
        width = len(lines[0].split()) if lines else 0
        names = [f"Column_{i}" for i in range(1, min(width, most) + 1)]
        return [(line, list(zip(names, line.split(None, max(width - 1, 0)), strict=False))) for line in lines]
    start = _header_line(lines) if header is None else header - 1
    if not 0 <= start < len(lines) - 1:
        return []
    tokens = list(re.finditer(r"\S+", lines[start]))[: max(most, WIDEST)]
    names = [re.sub(r"[^\w%/.-]", "_", token[0]) for token in tokens[:most]]
    starts = [token.start() for token in tokens]
    ends = [token.end() for token in tokens]
    return [(line, list(zip(names, _cells(line, starts, ends), strict=False))) for line in lines[start + 1 :]]


def _cells(line: str, starts: list[int], ends: list[int]) -> list[str]:
    """One cell a column: by position in the line when it has one, words in order when their number fits."""
    words = line.split()
    if len(words) == len(starts):
        return words
    groups = list(re.finditer(r"\S+(?: \S+)*", line))
    if len(groups) < len(starts) < len(words):  # no columns to see: the last one takes the rest
        return line.split(None, len(starts) - 1)
    cells = [""] * len(starts)
    for word in groups:
        # A word belongs to the column that it overlaps, else to the nearest one.
        overlap = [min(word.end(), e) - max(word.start(), s) for s, e in zip(starts, ends, strict=True)]
        best = max(range(len(starts)), key=overlap.__getitem__)
        cells[best] = f"{cells[best]} {word[0]}".strip()
    return cells


Rows = list[tuple[str, list[tuple[str, str]]]]  # the line, its (name, cell) pairs


def recognised(raw: str, most: int) -> Rows:
    """The rows of all tables of an event, by their header lines."""
    return [row for part in tables(raw) for row in table_rows(part, None, False, most)]


def fields(text: pl.Series, rows_of: Callable[[str], Rows]) -> Triples:
    """KV_MODE = multi: the columns of an event's tables, each with a value for every row that has one."""
    rows: list[int] = []
    keys: list[str] = []
    values: list[str] = []
    for number, raw in enumerate(text):
        for _, cells in rows_of(raw or ""):
            for name, cell in cells:
                if name and cell:
                    rows.append(number)
                    keys.append(name)
                    values.append(cell)
    return pl.Series(rows, dtype=pl.UInt32), pl.Series(keys, dtype=pl.String), pl.Series(values, dtype=pl.String)
