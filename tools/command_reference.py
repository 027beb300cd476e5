"""docs/commands.md: the help of every command, as `caltrop COMMAND --help` prints it. Printed to stdout; `make docs` writes it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from caltrop.cli import COMMANDS, cli

WIDTH = 110


def page() -> str:
    """The whole page."""
    lines = ["# Commands", "", "What `caltrop COMMAND --help` prints, written by `make docs`.", ""]
    lines += [f"* [`{name}`](#{name}): {about}" for name, about in COMMANDS.items()]
    context = click.Context(cli, info_name="caltrop")
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        for path, one in below(name, command):
            lines += ["", f"{'#' * (2 + path.count(' '))} {path}", "", "```text", *help_of(path, one), "```"]
    return "\n".join(lines) + "\n"


def below(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """A command and those in it."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from below(f"{path} {name}", inner)


def help_of(path: str, command: click.Command) -> list[str]:
    context = click.Context(
        command,
        info_name=f"caltrop {path}",
        max_content_width=WIDTH,
        terminal_width=WIDTH,
        help_option_names=["-h", "--help"],
    )
    return [line.rstrip() for line in command.get_help(context).splitlines()]


if __name__ == "__main__":
    sys.stdout.write(page())
