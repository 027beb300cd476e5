"""The variables of time formats, taken apart (Search Reference: "Date and time format variables")."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_VARIABLE = re.compile(r"%([-_0^#]?)([0-9]*)(:{0,3})(E?)([A-Za-z%+])")
_COMPOSED = {
    "T": "%H:%M:%S", "X": "%H:%M:%S", "R": "%H:%M", "D": "%m/%d/%y", "x": "%m/%d/%y", "F": "%Y-%m-%d",
    "r": "%I:%M:%S %p", "c": "%a %b %e %H:%M:%S %Y", "v": "%e-%b-%Y", "+": "%a %b %e %H:%M:%S %Z %Y",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Variable:
    """One `%` variable. `letter` is preceded by E in `%Ez`; `text` is the variable as written, `at` where it stands."""

    letter: str
    text: str
    at: int
    flag: str = ""
    width: int | None = None
    colons: int = 0


@lru_cache(maxsize=512)
def parts(form: str) -> tuple[str | Variable, ...]:
    """The format as literal texts and variables, in order; what stands for several variables is written out."""
    found: list[str | Variable] = []
    end = 0
    for match in _VARIABLE.finditer(form):
        if match.start() > end:
            found.append(form[end : match.start()])
        end = match.end()
        flag, width, colons, extended, letter = match.groups()
        if letter in _COMPOSED:
            found += parts(_COMPOSED[letter])
        elif letter == "%":
            found.append("%")
        else:
            found.append(
                Variable(extended + letter, match[0], match.start(), flag, int(width) if width else None, len(colons))
            )
    if end < len(form):
        found.append(form[end:])
    return _joined(found)


def _joined(found: list[str | Variable]) -> tuple[str | Variable, ...]:
    """Literal texts that follow each other are one."""
    out: list[str | Variable] = []
    for part in found:
        if isinstance(part, str) and out and isinstance(out[-1], str):
            out[-1] += part
        else:
            out.append(part)
    return tuple(out)
