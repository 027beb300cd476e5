"""Patterns of the search language as regular expressions: PCRE (by `knowledge.pcre`), LIKE, wildcards, replacements."""

from __future__ import annotations

import re

import polars as pl
import regex as backtracking

from caltrop.engine.errors import SearchError
from caltrop.knowledge import pcre
from caltrop.knowledge.pcre import Regex
from caltrop.spl.ast import Node

MAX_PATTERN = 32_768  # characters


def compile_pattern(text: str, *, node: Node | None = None) -> Regex:
    """Compile a PCRE pattern; SearchError says what is wrong with it."""
    if len(text) > MAX_PATTERN:
        raise SearchError(f"the regular expression is longer than {MAX_PATTERN} characters", node=node)
    try:
        return pcre.compile(text)
    except (pcre.RegexError, re.error, OverflowError) as error:
        raise SearchError(f"invalid regular expression {text!r}: {error}", node=node) from error


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


def like_pattern(text: str) -> str:
    """SQL LIKE as a regular expression that both engines read: % any text, _ one character, anchored."""
    out = []
    i = 0
    while i < len(text):
        c = text[i]
        if c == "\\" and text[i + 1 : i + 2] in ("%", "_", "\\"):
            out.append(re.escape(text[i + 1]))
            i += 2
            continue
        out.append(".*" if c == "%" else "." if c == "_" else re.escape(c))
        i += 1
    return f"(?s)^{''.join(out)}$"


def wildcard_pattern(text: str, *, ignore_case: bool = True) -> str:
    """A value with * wildcards as an expression to look for (Rust's dialect): anchored where no asterisk stands."""
    head = "" if text.startswith("*") else "^"
    tail = "" if text.endswith("*") else "$"
    return f"{'(?si)' if ignore_case else '(?s)'}{head}{'.*'.join(re.escape(part) for part in text.strip('*').split('*'))}{tail}"
