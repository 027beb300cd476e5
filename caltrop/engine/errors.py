"""Failures of a running search. They name the node of the syntax tree that asked for the impossible."""

from __future__ import annotations

from caltrop.errors import CaltropError
from caltrop.spl.ast import NOWHERE, Node, Span


class SearchError(CaltropError):
    """A search that parsed but cannot run. `span` is the place in the (expanded) search text, if known."""

    def __init__(
        self, message: str, *, node: Node | None = None, hint: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.span: Span = node.span if node is not None else NOWHERE

    def __str__(self) -> str:
        if self.location is None:
            return self.message
        return f"{self.message} at {self.location.line}:{self.location.column}"

    def at(self, node: Node) -> SearchError:
        """The same error, placed at `node` unless it already has a place."""
        if self.span == NOWHERE:
            self.span = node.span
        return self


class Cancelled(SearchError):
    """The job was cancelled from outside while it ran."""
