"""Offsets into a text -> line, column and the line itself. The only place that counts lines."""

from __future__ import annotations

from dataclasses import dataclass

from caltrop.dialect.places import underlined


@dataclass(frozen=True, slots=True)
class Position:
    """Line and column count from 1; `text` is the line they are on, without its end."""

    line: int
    column: int
    text: str

    def underlined(self, width: int = 1, limit: int = 120) -> str:
        """The line with a caret below the column; a long line is cut around it."""
        return underlined(self.text, self.column, width, limit)


def position(text: str, offset: int) -> Position:
    offset = max(0, min(offset, len(text)))
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    return Position(text.count("\n", 0, offset) + 1, offset - start + 1, text[start : len(text) if end < 0 else end])
