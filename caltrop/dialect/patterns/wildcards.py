"""Wildcards and SQL's LIKE as regular expressions."""

from __future__ import annotations

import re


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
