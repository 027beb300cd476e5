"""The argument syntax of every command, by family; a command is declared in one place here."""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache

from caltrop.spl.names import nearest
from caltrop.spl.syntax import GENERIC, Syntax, syntaxes

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")


def syntax_of(name: str) -> Syntax:
    """The declaration of a command; unknown ones read options, words and subsearches."""
    return syntaxes.get(name, GENERIC)


def known_commands() -> tuple[str, ...]:
    """Names of all declared commands, sorted."""
    return tuple(sorted(syntaxes))


@lru_cache(maxsize=1024)
def suggest_command(name: str) -> str | None:
    """'stat' -> 'stats'; for the hint of "unknown command"."""
    return nearest(name.lower(), known_commands())
