"""Failures of a running search. They name the node of the syntax tree that asked for the impossible."""

from __future__ import annotations

from caltrop.errors import CaltropError
from caltrop.spl.ast import NOWHERE, Command, Node, Span
from caltrop.spl.errors import PROCESSOR, QueryError


class SearchError(QueryError):
    """A search that parsed but cannot run. `span` is the place in the (expanded) search text, if known."""

    def __init__(
        self,
        message: str,
        *,
        node: Node | None = None,
        hint: str | None = None,
        code: str | None = None,
        says: str | None = None,
        by: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, code=code, says=says, by=by)
        self.span: Span = node.span if node is not None else NOWHERE

    def at(self, command: Command) -> SearchError:
        """The same error, of that command and placed at it unless it already has a command and a place."""
        self.inside(command.name)
        if self.span == NOWHERE:
            self.span = command.span
        return self


class Cancelled(CaltropError):
    """The job was cancelled from outside while it ran. No failure of a part of the search: nothing but its end catches it."""


class Finalized(Cancelled):
    """The job was told to give what it has come to."""


def option_error(
    message: str, *, node: Node, name: str, value: object, kind: str, hint: str | None = None
) -> SearchError:
    """An option whose value is not of its `kind`, as splunkd names kinds: boolean, non-negative integer, number, …"""
    written = ("true" if value else "false") if isinstance(value, bool) else value
    return SearchError(
        message,
        node=node,
        hint=hint,
        says=f"Invalid option value. Expecting a '{kind}' for option '{name}'. Instead got '{written}'.",
        by=PROCESSOR,
    )


def argument_error(message: str, *, node: Node, argument: str, hint: str | None = None) -> SearchError:
    """An argument that a command does not take."""
    return SearchError(message, node=node, hint=hint, says=f"The argument '{argument}' is invalid.")
