"""Search text to what runs: macros expanded, parsed, every command known. A search is read once, whoever asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from caltrop.dialect.words import did_you_mean
from caltrop.engine import asking, custom, registry
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.unsupported import REASONS
from caltrop.errors import Location
from caltrop.spl import Answer, SplError, expand, known_commands, parse, parse_eval
from caltrop.spl.ast import NOWHERE, Command, MacroCall, Pipeline
from caltrop.spl.errors import NOBODY
from caltrop.spl.macros import Expansion, Macro
from caltrop.spl.source import position


@dataclass(frozen=True, slots=True)
class Reading:
    """A search as it was written, and what it means."""

    text: str
    expansion: Expansion
    pipeline: Pipeline

    @contextmanager
    def placing(self) -> Iterator[None]:
        """Errors that happen inside get their place in the text as it was written."""
        try:
            yield
        except SearchError as error:
            if error.span != NOWHERE and error.location is None:
                place = position(self.text, self.expansion.original(error.span).start)
                error.location = Location("", place.line, place.column)
            raise


def read(text: str, ctx: Context) -> Reading:
    """Expand macros as the search of `ctx` sees them, and parse; raises `SplError` with the place in `text`."""
    expansion = _expansion(text, ctx)
    try:
        return Reading(text, expansion, parsed(expansion.text))
    except SplError as error:
        raise expansion.rebase(error) from error


# By content: a tree never changes, and the same text is the same search whoever asks.
parsed = lru_cache(maxsize=2048)(parse)


def expanded(text: str, ctx: Context) -> str:
    """Search text with its macros expanded, as the search of `ctx` sees them."""
    return _expansion(text, ctx).text


def entry(command: Command | MacroCall, ctx: Context) -> tuple[registry.CommandEntry, Command]:
    """The command with what runs it: the engine's own, or an installed app's."""
    if isinstance(command, MacroCall):
        raise SearchError(f"macro `{command.name}` was not expanded", node=command)
    found = registry.commands.get(command.name) or custom.find(command.name, ctx)
    if found is not None:
        return found, command
    if command.name in known_commands():
        reason = REASONS.get(command.name, "it is not implemented")
        raise SearchError(f"unsupported command '{command.name}': {reason}", node=command)
    raise SearchError(
        f"unknown command '{command.name}'",
        node=command,
        hint=did_you_mean(command.name, registry.commands),
        # splunkd ends the name of a command that it does not know at the first underscore.
        says=f"Unknown search command '{command.name.partition('_')[0] or command.name}'.",
        by=NOBODY,
    )


def _expansion(text: str, ctx: Context) -> Expansion:
    known = asking.knowledge(ctx)

    def names() -> Iterator[str]:
        return (stanza.partition("(")[0] for stanza in known.macros())

    def unseen(name: str, arity: int) -> str | None:
        apps = known.apps_with("macros", f"{name}({arity})" if arity else name)
        return f"{apps[0]} keeps it to itself: export = system in its metadata/default.meta shares it" if apps else None

    return expand(text, _macros(ctx), lambda inner: _macro_value(inner, ctx), names=names, unseen=unseen)


def _macros(ctx: Context) -> Callable[[str, int], Macro | None]:
    """The macros that a search sees, in the parser's terms."""

    known = asking.knowledge(ctx)

    def find(name: str, arity: int) -> Macro | None:
        found = known.macro(name, arity)
        if found is None:
            return None
        return Macro(
            found.name,
            found.args,
            found.definition,
            found.is_eval,
            found.validation or None,
            found.errormsg or None,
        )

    return find


def _macro_value(text: str, ctx: Context) -> Answer:
    """An eval-based definition or a validation: one expression over no event."""
    column = ctx.engine.evaluate(parse_eval(text), pl.DataFrame({"_time": [ctx.now]}), ctx)
    value = column[0]
    return Answer(" ".join(value) if isinstance(value, pl.Series) else value, boolean=column.dtype == pl.Boolean)
