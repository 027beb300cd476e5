"""What the engine can do, registered where it is defined; the support table in docs/spl.md is computed from here.

A command is a function `(table, command, context) -> table`, declared in `caltrop/spl/commands` (how it is written, its
kind, what it reads and gives); an aggregation and an eval function likewise have one
decorated definition. Modules in `engine/commands` and `engine/functions` are all imported by `load()`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from caltrop.engine.calls import Invocation
from caltrop.engine.context import Context
from caltrop.engine.table import Table
from caltrop.engine.values import Returns, Value
from caltrop.knowledge.dependencies import Functions
from caltrop.spl.ast import Command
from caltrop.spl.commands import declaration_of
from caltrop.spl.facts import CommandKind

Run = Callable[[Table, Command, Context], Table]
R = TypeVar("R", bound=Run)


@dataclass(frozen=True, slots=True)
class CommandEntry:
    name: str
    kind: CommandKind
    run: Run
    note: str = ""  # deviation from Splunk's documentation, one sentence, shown in docs/spl.md
    settled: bool = False  # of no rows it makes none, in columns that depend on theirs and on nothing else


commands: dict[str, CommandEntry] = {}


def command(*names: str, note: str = "", settled: bool = False) -> Callable[[R], R]:
    """Register `run(table, cmd, ctx) -> table` for the command of that name (further names are aliases)."""

    def register(run: R) -> R:
        for name in names:
            if name in commands:
                raise RuntimeError(f"command {name!r} is registered twice")
            kind = declaration_of(name).kind
            if kind is None:
                raise RuntimeError(f"command {name!r} has no kind: declare it in caltrop/spl/commands")
            commands[name] = CommandEntry(name, kind, run, note, settled)
        return run

    return register


RunFunction = Callable[[Invocation], Value]
F = TypeVar("F", bound=RunFunction)


@dataclass(frozen=True, slots=True)
class FunctionEntry:
    """An eval function. `most` is None when it takes any number of arguments."""

    name: str
    run: RunFunction
    least: int
    most: int | None
    returns: Returns
    family: str
    note: str = ""
    clock: bool = False  # another value at another moment, or by chance
    today: bool = False  # reads the date where its format leaves it out
    zone: bool = False  # reads the time zone of the search


functions: dict[str, FunctionEntry] = {}


def function(
    *names: str,
    least: int,
    most: int | None,
    returns: Returns = "any",
    family: str,
    note: str = "",
    clock: bool = False,
    today: bool = False,
    zone: bool = False,
) -> Callable[[F], F]:
    """Register an eval function that takes `least` to `most` arguments (further names are aliases)."""

    def register(run: F) -> F:
        for name in names:
            if name in functions:
                raise RuntimeError(f"eval function {name!r} is registered twice")
            functions[name] = FunctionEntry(name, run, least, most, returns, family, note, clock, today, zone)
        return run

    return register


def dependent_functions() -> Functions:
    """The eval functions whose value depends on more than their arguments."""
    entries = functions.values()
    return Functions(
        frozenset(e.name for e in entries if e.clock),
        frozenset(e.name for e in entries if e.today),
        frozenset(e.name for e in entries if e.zone),
    )


def load() -> None:
    """Import every command and function module, so that the registries are full. Idempotent."""
    for package in ("caltrop.engine.commands", "caltrop.engine.functions"):
        for info in pkgutil.iter_modules(importlib.import_module(package).__path__):
            importlib.import_module(f"{package}.{info.name}")
