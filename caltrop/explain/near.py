"""The values and names that are most like one that was not found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from caltrop.dialect.words import SIMILAR

LOOKED_AT = 300  # values, the most frequent ones: likeness takes time
LONGEST = 240  # characters of a value
SHORTEST = 3  # shorter texts are like too many
INSIDE = 0.85  # likeness from which a stretch of a longer value counts
_PARTS = re.compile(r"[\\/]+")

Counted = tuple[str, int]


def nearest(wanted: Iterable[str], values: Sequence[Counted], most: int = 3) -> list[Counted]:
    """Of values with their rows those that are like one of the wanted (* stands for any text), likest first."""
    return [(value, rows) for _, value, rows in _scored(wanted, values)[:most]]


def likeness(wanted: Iterable[str], values: Sequence[Counted]) -> float:
    """0 to 1: how like the likest value is; 0 where none is like."""
    return max((score for score, _, _ in _scored(wanted, values)), default=0.0)


def _scored(wanted: Iterable[str], values: Sequence[Counted]) -> list[tuple[float, str, int]]:
    texts = [core for text in wanted if len(core := text.replace("*", " ").strip().lower()) >= SHORTEST]
    scored = []
    for value, rows in values[:LOOKED_AT]:
        score = max((_likeness(text, value[:LONGEST].lower()) for text in texts), default=0.0)
        if score >= SIMILAR:
            scored.append((score, value, rows))
    return sorted(scored, key=lambda one: (-one[0], -one[2], one[1]))


def _likeness(wanted: str, value: str) -> float:
    """0 to 1: of the whole, of the last part of a path, of as many last parts of a path, or of the stretch of a longer value that has most of it."""
    if wanted.isdigit():  # any number is like any other
        return 0.9 if value.isdigit() and _one_off(wanted, value) else 0.0
    from difflib import SequenceMatcher  # takes long to import, and is wanted only when something is wrong

    parts = len(_PARTS.split(wanted.strip("\\/ ")))
    tail = "\\".join(_PARTS.split(value)[-parts:])
    best = 0.0
    for one, other in ((wanted, value), (wanted.strip("\\/ ").replace("/", "\\"), tail)):
        matcher = SequenceMatcher(None, one, other, autojunk=False)
        if one and matcher.real_quick_ratio() >= max(SIMILAR, best) and matcher.quick_ratio() >= SIMILAR:
            best = max(best, matcher.ratio())
    if best < INSIDE and len(value) > len(wanted) > SHORTEST:
        matcher = SequenceMatcher(None, wanted, value, autojunk=False)
        match = matcher.find_longest_match()
        start = max(0, match.b - match.a)
        matcher.set_seq2(value[start : start + len(wanted)])
        inside = matcher.ratio()
        best = max(best, 0.95 * inside) if inside >= INSIDE else best
    return best


def _one_off(one: str, other: str) -> bool:
    """Whether a character was left out, put in or exchanged."""
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    rest, behind = one[start:], other[start:]
    return rest[1:] == behind[1:] or rest[1:] == behind or rest == behind[1:]
