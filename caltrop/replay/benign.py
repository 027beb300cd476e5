"""What to tune where benign data hits: the fields whose values tell benign rows from malicious ones. Pure: rows in, words out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from caltrop.dialect.words import quoted
from caltrop.replay.expect import values
from caltrop.replay.target import Row

PLAIN = re.compile(r"[A-Za-z_][\w.]*")  # a field that needs no quoting
# Differ in every run, or between any two rows: nobody tunes on them.
_FLEETING = re.compile(
    r"(?i).*(time|guid|(?<![a-z])p?p?id|count|hash|serial|date|offset)$|count\(|(?:first|last)time|_time"
)
SHOWN = 3  # fields, and values of each
LISTED = 5  # values of a candidate


@dataclass(frozen=True, slots=True)
class Telling:
    """A field with its values in benign rows and in malicious ones, none of them in both; `fields` are several where it takes them."""

    fields: tuple[str, ...]
    benign: tuple[tuple[str, ...], ...]
    malicious: tuple[tuple[str, ...], ...]

    @property
    def macro(self) -> str:
        """A definition of the filter macro that excludes the benign values."""
        if len(self.fields) == 1:
            listed = [quoted(value) for (value,) in self.benign]
            return f"search NOT {self.fields[0]} IN ({', '.join(listed)})"
        each = [
            "(" + " ".join(f"{f}={quoted(v)}" for f, v in zip(self.fields, row, strict=True)) + ")"
            for row in self.benign
        ]
        return f"search NOT ({' OR '.join(each)})"


def telling(benign: Sequence[Row], malicious: Sequence[Row]) -> list[Telling]:
    """The fields to tune on, those first that have fewest benign values; pairs of fields where no field tells alone.

    A field is in every benign row, with one value there; values hold no wildcard. Without malicious rows any such field tells.
    """
    names = [name for name in dict.fromkeys(name for row in benign for name in row) if _usable(name, benign)]
    for size in (1, 2):
        found = []
        for fields in combinations(names, size):
            mine = _seen(benign, fields)
            theirs = _seen(malicious, fields)
            if len(mine) <= LISTED and not mine & theirs:
                found.append(Telling(fields, tuple(sorted(mine)), tuple(sorted(theirs))))
        if found:
            return sorted(found, key=lambda one: (len(one.benign), bool(_FLEETING.match(one.fields[0]))))
    return []


def _usable(name: str, rows: Sequence[Row]) -> bool:
    if name.startswith("_") or not PLAIN.fullmatch(name) or _FLEETING.fullmatch(name):
        return False
    found = [values(row, name) for row in rows]
    return all(len(one) == 1 and "*" not in one[0] and len(one[0]) < 400 for one in found)


def _seen(rows: Sequence[Row], fields: Sequence[str]) -> set[tuple[str, ...]]:
    """The values that rows have together; a row that lacks one of the fields is told by none."""
    found: set[tuple[str, ...]] = set()
    for row in rows:
        each = [values(row, name) for name in fields]
        if all(each):
            found.add(tuple(" ".join(one).lower() for one in each))
    return found


def told(row: Row, limit: int = 160) -> str:
    """A row for a sentence."""
    text = " ".join(f"{name}={' '.join(values(row, name))}" for name in row if not name.startswith("_"))
    return text if len(text) <= limit else text[: limit - 1] + "…"


def sentence(one: Telling) -> str:
    """`user`: benign svc, malicious ann, bob"""

    def some(found: Sequence[tuple[str, ...]]) -> str:
        shown = ", ".join("/".join(value)[:60] for value in found[:SHOWN])
        return shown + (f" and {len(found) - SHOWN} more" if len(found) > SHOWN else "")

    malicious = f", malicious {some(one.malicious)}" if one.malicious else ""
    return f"`{'/'.join(one.fields)}`: benign {some(one.benign)}{malicious}"
