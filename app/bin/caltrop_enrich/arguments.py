"""A command line's arguments, as the C runtime takes them apart."""

from __future__ import annotations

import re
from typing import List

from .values import Strings

DASHES = "-/\u2013\u2014\u2015"
ARGUMENT = re.compile(r'[ \t\r\n]*((?:"(?:[^"\\]|\\.|"")*(?:"|\Z)|\\.|[^\s"\\]|\\)+)', re.DOTALL)


def split(line: str) -> Strings:
    """A line's arguments, by the C runtime's rules: quotes join, a backslash before a quote makes it one."""
    found: Strings = []
    for match in ARGUMENT.finditer(line):
        found.append(unquoted(match.group(1)))
        if len(found) >= 4096:
            break
    return found


def unquoted(argument: str) -> str:
    if '"' not in argument:
        return argument
    out: List[str] = []
    pos = 0
    while pos < len(argument):
        stop = argument.find('"', pos)
        if stop < 0:
            out.append(argument[pos:])
            break
        piece = argument[pos:stop]
        slashes = len(piece) - len(piece.rstrip("\\"))
        if slashes % 2:
            out.append(piece[: len(piece) - slashes] + "\\" * (slashes // 2) + '"')
        else:
            out.append(piece[: len(piece) - slashes] + "\\" * (slashes // 2))
            if argument[stop + 1 : stop + 2] == '"' and out and "".join(out[:1]):
                out.append('"')
                stop += 1
        pos = stop + 1
    return "".join(out)


def requoted(word: str) -> str:
    return f'"{word}"' if " " in word and '"' not in word else word
