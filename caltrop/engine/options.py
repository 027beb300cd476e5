"""Options that a command does not know, or whose value is of the wrong kind, are refused by name, before anything runs.

Unknown options only of commands whose page lists every option (Search Reference); their declarations are
`closed`. The others take what they are given, as Splunk does. A whole number is asked for of every command: whether one is
written may not depend on whether there are rows.
"""

from __future__ import annotations

from caltrop.dialect.words import did_you_mean
from caltrop.engine.errors import argument_error, option_error
from caltrop.spl import unparse
from caltrop.spl.ast import Command, NodeOption, Option
from caltrop.spl.commands import declaration_of
from caltrop.spl.kinds import Kind, fits


def check(command: Command) -> None:
    """SearchError for the first option that the command's declaration does not allow."""
    declaration = declaration_of(command.name)
    known = declaration.options
    for option in declaration.written(command):
        kind = known.get(option.name)
        if kind is Kind.INT and isinstance(option, Option) and not fits(option.value, kind):
            raise option_error(
                f"{command.name}: {option.name}= needs a number, not '{option.value}'",
                node=option,
                name=option.name,
                value=option.value,
                kind="non-negative integer",  # as measured of makeresults count=
            )
        if not declaration.closed:
            continue
        if kind is None:
            value = option.value if isinstance(option, Option) else unparse(option.value)
            raise argument_error(
                f"{command.name} has no option {option.name!r}",
                node=option,
                argument=f"{option.name}={value}",
                hint=did_you_mean(option.name, known),
            )
        if isinstance(option, NodeOption):
            continue
        if kind is Kind.BOOL and not fits(option.value, kind):
            raise option_error(
                f"{command.name}: {option.name}= needs true or false, not '{option.value}'",
                node=option,
                name=option.name,
                value=option.value,
                kind="boolean",
            )
