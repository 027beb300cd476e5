"""Groups of commands that answer a wrong name with the nearest one, and a reader that has gone with silence."""

from __future__ import annotations

from typing import Any

import click

from caltrop.dialect.words import did_you_mean


class ReaderGone(Exception):
    """Whoever read our output has closed it: `caltrop search … | head` is no failure."""


class Group(click.Group):
    """A click group whose unknown commands get the nearest name."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if not name.startswith("-") and name not in self.list_commands(ctx):
            hint = did_you_mean(name, self.list_commands(ctx))
            raise click.UsageError(f"No such command {name!r}" + (f": {hint}" if hint else "."), ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # click would make exit code 1 of it
            raise ReaderGone from None
