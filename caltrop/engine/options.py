"""Options that a command does not know, or whose value is of the wrong kind, are refused by name.

Only for commands whose page lists every option (Search Reference); their declarations are
`closed`. The others take what they are given, as Splunk does.
"""

from __future__ import annotations

from caltrop.dialect.words import did_you_mean
from caltrop.engine.errors import argument_error, option_error
from caltrop.spl.ast import Command, Option
from caltrop.spl.commands import declaration_of
from caltrop.spl.kinds import Kind


def check(command: Command) -> None:
    """SearchError for the first option that the command's declaration does not allow."""
    declaration = declaration_of(command.name)
    if not declaration.closed:
        return
    known = declaration.options
    for option in command.of(Option):
        kind = known.get(option.name)
        if kind is None:
            raise argument_error(
                f"{command.name}: invalid argument '{option.name}={option.value}'",
                node=option,
                argument=f"{option.name}={option.value}",
                hint=did_you_mean(option.name, known),
            )
        if kind is Kind.BOOL and not isinstance(option.value, bool):
            raise option_error(
                f"{command.name}: {option.name}= needs true or false, not '{option.value}'",
                node=option,
                name=option.name,
                value=option.value,
                kind="boolean",
            )
