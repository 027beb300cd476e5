"""How a place in a text is shown to people."""

from __future__ import annotations


def underlined(line: str, column: int, width: int = 1, limit: int = 120) -> str:
    """The line with carets below `width` characters from `column` (from 1) on; a long line is cut around them."""
    start = max(0, column - 1 - limit // 2)
    shown = line[start : start + limit].replace("\t", " ").rstrip("\r")
    caret = column - 1 - start
    return f"{shown}\n{' ' * caret}{'^' * max(1, min(width, len(shown) - caret))}"
