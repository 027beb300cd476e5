"""Which fields a pipeline reads, so that a scan keeps no other."""

from __future__ import annotations

from collections.abc import Sequence

from caltrop.dialect.words import fits
from caltrop.index import Segment
from caltrop.spl.ast import Command, MacroCall, Option
from caltrop.spl.commands import declaration_of
from caltrop.spl.facts import SUMMARY

# Fields that no knowledge object can add or change (those of the scan are computed from them).
STORED = frozenset({"_time", "_raw", "index", "_indextime", "_cd", "linecount", "punct", "splunk_server"})


def needed_fields(commands: Sequence[Command | MacroCall]) -> frozenset[str] | None:
    """Names (and * patterns) of fields read after a scan, as the commands declare; None when the result may show any.

    What a command before the reader has set in every row is not read of the events.
    """
    names: set[str] = {"_time"}
    known: frozenset[str] = frozenset()
    for command in commands:
        if not isinstance(command, Command):
            return None
        declared = declaration_of(command.name)
        found = declared.reads(command)
        if found is None:
            return None
        names |= found - known
        known |= declared.sets(command)
        if declared.keeps_only_named(command):
            return frozenset(names)
    return None


DEFAULT_HEAD = 10


def first_rows(commands: Sequence[Command | MacroCall]) -> int | None:
    """How many of the first rows of a scan are asked for, by a `head` without a condition that comes next; None: any."""
    command = commands[0] if commands else None
    if (
        not isinstance(command, Command)
        or command.name != "head"
        or not all(isinstance(p, Option) for p in command.parts)
    ):
        return None
    count = command.option("limit", DEFAULT_HEAD)
    return count if isinstance(count, int) and not isinstance(count, bool) and count > 0 else None


def plain(wanted: frozenset[str] | None) -> frozenset[str] | None:
    """The wanted names where they are that and no more; None where they may mean any field."""
    return None if wanted is None or SUMMARY in wanted or any("*" in name for name in wanted) else wanted


def extractable(wanted: frozenset[str] | None, segment: Segment) -> set[str] | None:
    """The names to extract; None (all of them) where patterns can mean any field, or rows of a summary are among the events."""
    if wanted is None or any("*" in name for name in wanted - {SUMMARY}):
        return None
    if SUMMARY in wanted and segment.has_text("psrsvd_"):
        return None
    return set(wanted - {SUMMARY})


def keep(columns: Sequence[str], wanted: frozenset[str] | None) -> list[str]:
    """The columns to keep, in their order."""
    if wanted is None:
        return list(columns)
    patterns = [name for name in wanted if "*" in name]
    return [c for c in columns if c in wanted or any(fits(pattern, c) for pattern in patterns)]
