"""What a match is replaced by: literal pieces and numbers of groups."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import regex as backtracking

Template = Sequence[str | int]
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def replacement_template(text: str) -> list[str | int]:
    """As eval's `replace` takes it: \\1 is a group, a doubled backslash one backslash, any other backslash itself."""
    pieces: list[str | int] = []
    for part in re.split(r"(\\\d|\\\\)", text):
        if re.fullmatch(r"\\\d", part):
            pieces.append(int(part[1:]))
        elif part:
            pieces.append("\\" if part == "\\\\" else part)
    return pieces


def sed_template(text: str) -> list[str | int]:
    """As a sed script takes it: \\1 is a group, \\n and \\t are white space, any other escaped character is itself; & is itself."""
    pieces: list[str | int] = []
    for part in re.split(r"(\\.)", text, flags=re.DOTALL):
        if len(part) == 2 and part[0] == "\\":
            pieces.append(int(part[1]) if part[1].isdecimal() else _ESCAPES.get(part[1], part[1]))
        elif part:
            pieces.append(part)
    return pieces


def fill(template: Template, match: backtracking.Match[str]) -> str:
    """The replacement of one match; a group that does not exist or took no part is empty."""
    groups = match.re.groups
    return "".join(p if isinstance(p, str) else ((match.group(p) or "") if p <= groups else "") for p in template)
