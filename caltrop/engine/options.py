"""Options that a command does not know, or whose value is of the wrong kind, are refused by name, before anything runs.

Unknown options only of commands whose page lists every option (Search Reference); their declarations are
`closed`. The others take what they are given, as Splunk does. A whole number is asked for of every command: whether one is
written may not depend on whether there are rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from caltrop.dialect.words import did_you_mean
from caltrop.engine.errors import argument_error, option_error
from caltrop.spl import unparse
from caltrop.spl.ast import Clause, Command, NodeOption, Option
from caltrop.spl.commands import declaration_of
from caltrop.spl.declaration import Declaration, Words
from caltrop.spl.kinds import Kind


def check(command: Command) -> None:
    """SearchError for the first option that the command's declaration does not allow."""
    declaration = declaration_of(command.name)
    known = declaration.options
    for option in _written(command, declaration):
        kind = known.get(option.name)
        if kind is Kind.INT and isinstance(option, Option) and not _numeric(option.value):
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
        if kind is Kind.BOOL and not isinstance(option.value, bool):
            raise option_error(
                f"{command.name}: {option.name}= needs true or false, not '{option.value}'",
                node=option,
                name=option.name,
                value=option.value,
                kind="boolean",
            )


def _written(command: Command, declaration: Declaration) -> Iterator[Option | NodeOption]:
    """The options of a command, those that stand behind a keyword (`by host limit=5`) among them."""
    for part in command.parts:
        if isinstance(part, Option | NodeOption):
            yield part
        elif isinstance(part, Clause) and declaration.clauses.get(part.keyword) is not Words.SEARCH:
            yield from (inner for inner in part.parts if isinstance(inner, Option | NodeOption))


def _numeric(value: object) -> bool:
    try:
        return math.isfinite(float(str(value)))
    except ValueError:
        return False
