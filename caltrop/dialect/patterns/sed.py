"""Sed scripts, of `SEDCMD` in props.conf and of `rex mode=sed`: `s/pattern/replacement/flags` and `y/abc/xyz/`.

Flags are `g` (all matches), a number (that match only), both (from that match on) and `i` (ignore case).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from caltrop.dialect.patterns.limits import RegexError
from caltrop.dialect.patterns.pattern import Regex, compile
from caltrop.dialect.patterns.replacement import Template, sed_template


@dataclass(frozen=True, slots=True)
class _Substitute:
    """`limit` matches are replaced (0: all), from the `first`."""

    regex: Regex
    template: Template
    first: int
    limit: int

    def __call__(self, texts: pl.Series) -> pl.Series:
        return self.regex.replace(texts, self.template, first=self.first, limit=self.limit)


@dataclass(frozen=True, slots=True)
class _Transliterate:
    table: Mapping[int, int]

    def __call__(self, texts: pl.Series) -> pl.Series:
        return pl.Series(texts.name, [None if t is None else t.translate(self.table) for t in texts], pl.String)


@dataclass(frozen=True, slots=True)
class SedScript:
    """The commands of a script, one after the other."""

    commands: tuple[_Substitute | _Transliterate, ...]

    def __call__(self, texts: pl.Series) -> pl.Series:
        """The texts (String, nulls stay) after every command."""
        for command in self.commands:
            texts = command(texts)
        return texts


@lru_cache(maxsize=256)
def sed_script(text: str) -> SedScript:
    """Read a script; commands are separated by white space or `;`. Raises `RegexError`."""
    commands: list[_Substitute | _Transliterate] = []
    position = 0
    while position < len(text):
        if text[position].isspace() or (commands and text[position] == ";"):
            position += 1
            continue
        kind, mark = text[position], text[position + 1 : position + 2]
        if kind not in "sy" or not mark or mark.isalnum() or mark.isspace():
            raise RegexError(
                f"{text[position:]!r} is no sed command", hint="write s/pattern/replacement/g or y/abc/xyz/"
            )
        parts, position = _parts(text, position + 2, mark)
        flags = re.compile(r"[^\s;]*").match(text, position)
        assert flags is not None
        position = flags.end()
        commands.append(_command(kind, parts[0], parts[1], flags[0]))
    if not commands:
        raise RegexError("the sed script is empty", hint="write s/pattern/replacement/g or y/abc/xyz/")
    return SedScript(tuple(commands))


def _parts(text: str, position: int, mark: str) -> tuple[list[str], int]:
    """The two texts between three marks, where an escaped mark is itself, and the position behind them."""
    parts = [""]
    start = position
    while position < len(text):
        c = text[position]
        if c == "\\" and position + 1 < len(text):
            following = text[position + 1]
            parts[-1] += following if following == mark else c + following
            position += 2
            continue
        position += 1
        if c != mark:
            parts[-1] += c
        elif len(parts) == 2:
            return parts, position
        else:
            parts.append("")
    raise RegexError(f"{text[start - 2 :]!r} does not end with {mark}")


def _command(kind: str, old: str, new: str, flags: str) -> _Substitute | _Transliterate:
    if kind == "y":
        if len(old) != len(new) or flags:
            raise RegexError(f"y/{old}/{new}/{flags}: both sides need the same length, and there are no flags")
        return _Transliterate(str.maketrans(old, new))
    valid = re.fullmatch(r"(?:(g)|(\d{1,6})(g)?)?(i)?", flags.replace("I", "i"))
    if valid is None or valid[2] == "0":
        raise RegexError(f"s/{old}/{new}/{flags}: flags are g, a number, i")
    regex = compile(f"(?i){old}" if valid[4] else old)
    return _Substitute(regex, tuple(sed_template(new)), int(valid[2] or 1), 0 if valid[1] or valid[3] else 1)
