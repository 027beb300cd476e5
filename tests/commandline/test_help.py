"""Every command's help shows how it is used, with options that there are."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import click
import pytest

from caltrop.cli import COMMANDS, cli


def commands(group: click.Group, name: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for each in group.list_commands(context):
        command = group.get_command(context, each)
        assert command is not None
        path = f"{name} {each}".strip()
        yield path, command
        if isinstance(command, click.Group):
            yield from commands(command, path)


ALL = dict(commands(cli))


def examples(command: click.Command) -> list[str]:
    return [line.strip() for line in (command.help or "").splitlines() if line.strip().startswith("caltrop ")]


@pytest.mark.parametrize("name", list(COMMANDS))
def test_help_has_two_or_three_examples(name: str) -> None:
    lines = [line for line in (ALL[name].help or "").splitlines() if "caltrop " in line]
    assert len(lines) >= 2, name


@pytest.mark.parametrize("name", ALL)
def test_examples_name_commands_and_options_that_there_are(name: str) -> None:
    for line in examples(ALL[name]):
        words = shlex.split(line.partition("#")[0].partition("&&")[0])[1:]
        path = next(p for n in (2, 1) if (p := " ".join(words[:n])) in ALL)
        command = ALL[path]
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        given = [
            word.partition("=")[0] for word in words[len(path.split()) :] if word.startswith("-") and len(word) > 1
        ]
        assert set(given) <= known, line
