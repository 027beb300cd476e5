"""The search filter of the user's roles (srchFilter of authorize.conf): every way to events asks for it.

An event that does not match is not there, for whatever looks at events. What tells of events without looking at them counts the
matching ones instead (`tallies`), or is refused (`refuse`).
"""

from __future__ import annotations

from dataclasses import replace

from caltrop.engine import matching, subsearches
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.spl import SplError, parse_search
from caltrop.spl.ast import And, Command, Node


def of(ctx: Context) -> Node | None:
    """What each event has to match besides the search, macros expanded and subsearches run; None where there is nothing.

    Raises SearchError for a filter that cannot be read: then nothing may be seen.
    """
    text = ctx.instance.services.search_filter(ctx.user).strip()
    if not text or text == "*":
        return None
    system = replace(ctx, messages=[], searched={})  # what it says is no business of the search
    try:
        node = parse_search(ctx.engine.expand(text, system))
    except SplError as error:
        raise SearchError(f"the search filter of the role cannot be read: {error.message}") from error
    return matching.with_times(subsearches.resolve(node, system), system)


def with_filter(node: Node, ctx: Context) -> Node:
    """The resolved search expression, and the filter."""
    found = of(ctx)
    return node if found is None else And((node, found), span=node.span)


def refuse(command: Command, ctx: Context) -> None:
    """For commands that show what the index holds: 403 in words where a filter restricts the user. Raises SearchError."""
    if of(ctx) is not None:
        raise SearchError(
            f"'{command.name}' is not for roles with a search filter: it would show events that they may not see",
            node=command,
        )
