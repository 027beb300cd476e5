"""Wildcards and SQL's LIKE as expressions in Rust's dialect, for columns."""

from __future__ import annotations

from caltrop.dialect.patterns.classes import escaped


def like_pattern(text: str) -> str:
    r"""SQL LIKE: % any text, _ one character, anchored.

    A backslash before % or _ is read both ways: the sign itself, or a backslash and the wildcard. The documentation names no
    escape, published content writes `"%\\Scripts\\%"` for a folder and means the separator, and people escape `50\%`: a pattern
    that takes either loses no hit of the one or the other.
    """
    out = []
    i = 0
    while i < len(text):
        c = text[i]
        after = text[i + 1 : i + 2]
        if c == "\\" and after in ("%", "_", "\\"):
            wild = {"%": ".*", "_": "."}.get(after)
            out.append(escaped(after) if wild is None else f"(?:{escaped(after)}|{escaped(c)}{wild})")
            i += 2
            continue
        out.append(".*" if c == "%" else "." if c == "_" else escaped(c))
        i += 1
    return f"(?s)^{''.join(out)}$"


def wildcard_pattern(text: str, *, ignore_case: bool = True) -> str:
    """A value with * wildcards as an expression to look for: anchored where no asterisk stands."""
    head = "" if text.startswith("*") else "^"
    tail = "" if text.endswith("*") else "$"
    body = ".*".join("".join(map(escaped, part)) for part in text.strip("*").split("*"))
    return f"{'(?si)' if ignore_case else '(?s)'}{head}{body}{tail}"
