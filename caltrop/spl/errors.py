"""The error of everything that reads SPL: what was found, what was expected, and where."""

from __future__ import annotations

from caltrop.errors import CaltropError, Location
from caltrop.spl.ast import Span
from caltrop.spl.source import position


class SplError(CaltropError):
    """A search that cannot be read. `span` are offsets into `source`, the text that was being read."""

    def __init__(
        self, message: str, *, source: str, span: Span, hint: str | None = None, code: str | None = None
    ) -> None:
        where = position(source, span.start)
        super().__init__(message, location=Location("", where.line, where.column), hint=hint, code=code)
        self.source = source
        self.span = span
        self.line = where.line
        self.column = where.column

    def __str__(self) -> str:
        return f"{self.message} at {self.line}:{self.column}"

    def underlined(self) -> str:
        """The line of the error with a caret below the place."""
        return position(self.source, self.span.start).underlined(self.span.end - self.span.start)
