"""Every command, by family: how its arguments are written and what is known of it, declared in one place."""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache

from caltrop.dialect.words import nearest
from caltrop.spl.declaration import GENERIC, Declaration, declarations

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")


def declaration_of(name: str) -> Declaration:
    """The declaration of a command; unknown ones read options, words and subsearches, any field, and give any."""
    return declarations.get(name, GENERIC)


def known_commands() -> tuple[str, ...]:
    """Names of all declared commands, sorted."""
    return tuple(sorted(declarations))


@lru_cache(maxsize=1024)
def suggest_command(name: str) -> str | None:
    """'stat' -> 'stats'; for the hint of "unknown command"."""
    return nearest(name.lower(), known_commands())
