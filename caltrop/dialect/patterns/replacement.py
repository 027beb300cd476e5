"""What a match is replaced by: text with \\1 for a group."""

from __future__ import annotations

import re

import polars as pl
import regex as backtracking

from caltrop.dialect.patterns.pcre import Regex


def replace_all(regex: Regex, column: pl.Series, replacement: str) -> pl.Series:
    """Every match in a String column replaced; `replacement` refers to groups as \\1."""
    template = replacement_template(replacement)
    if regex.rust is not None:
        groups = len(regex.names)
        spelled = "".join(
            piece.replace("$", "$$") if isinstance(piece, str) else (f"${{{piece}}}" if piece <= groups else "")
            for piece in template
        )
        return column.str.replace_all(regex.rust, spelled)
    substitute = regex.python.sub
    return pl.Series(
        column.name,
        [None if text is None else substitute(lambda m: fill(template, m), text) for text in column.to_list()],
        dtype=pl.String,
    )


def replacement_template(text: str) -> list[str | int]:
    """Literal pieces and group numbers of a replacement: \\1 is a group, a doubled backslash one backslash."""
    pieces: list[str | int] = []
    for part in re.split(r"(\\\d|\\\\)", text):
        if re.fullmatch(r"\\\d", part):
            pieces.append(int(part[1:]))
        elif part == "\\\\":
            pieces.append("\\")
        elif part:
            pieces.append(part)
    return pieces


def fill(template: list[str | int], match: backtracking.Match[str]) -> str:
    """The replacement of one match; a group that does not exist or took no part is empty."""
    groups = match.re.groups
    return "".join(p if isinstance(p, str) else ((match.group(p) or "") if p <= groups else "") for p in template)
