"""Sed scripts, of `SEDCMD` in props.conf and of `rex mode=sed`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from caltrop.dialect.patterns import pcre
from caltrop.errors import CaltropError


@dataclass(frozen=True, slots=True)
class SedCommand:
    """`s/pattern/replacement/flags`: `limit` matches are replaced (0: all), from the `first`; or `y/…/…/` as `table`."""

    pattern: str = ""
    replacement: str = ""
    first: int = 1
    limit: int = 1
    table: Mapping[int, int] | None = None


@lru_cache(maxsize=256)
def sed_commands(text: str) -> tuple[SedCommand, ...]:
    """The commands of a sed script, which are separated by white space. Raises `CaltropError`."""
    commands: list[SedCommand] = []
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        kind, mark = text[position], text[position + 1 : position + 2]
        if kind not in "sy" or not mark or mark.isalnum() or mark.isspace():
            raise CaltropError(
                f"{text[position:]!r} is no sed command", hint="write s/pattern/replacement/g or y/abc/xyz/"
            )
        body = re.escape(mark)
        found = re.compile(rf"((?:[^{body}\\]|\\.)*){body}((?:[^{body}\\]|\\.)*){body}(\S*)", re.DOTALL).match(
            text, position + 2
        )
        if found is None:
            raise CaltropError(f"{text[position:]!r} does not end with {mark}")
        old, new, flags = found[1].replace("\\" + mark, mark), found[2].replace("\\" + mark, mark), found[3]
        commands.append(_sed_command(kind, old, new, flags))
        position = found.end()
    return tuple(commands)


def _sed_command(kind: str, old: str, new: str, flags: str) -> SedCommand:
    if kind == "y":
        if len(old) != len(new) or flags:
            raise CaltropError(f"y/{old}/{new}/{flags}: both sides need the same length")
        return SedCommand(table=str.maketrans(old, new))
    valid = re.fullmatch(r"(?:(g)|(\d+)(g)?)?(i)?", flags.replace("I", "i"))
    if valid is None:
        raise CaltropError(f"s/{old}/{new}/{flags}: flags are g, a number, i")
    pcre.compile(pattern := f"(?i){old}" if valid[4] else old)
    every = bool(valid[1] or valid[3])
    return SedCommand(pattern, new, int(valid[2] or 1), 0 if every else 1)
