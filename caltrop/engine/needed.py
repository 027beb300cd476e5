"""Which fields a pipeline reads, so that a scan keeps no other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import polars as pl

from caltrop.spl.ast import (
    Aggregation,
    Assignment,
    Call,
    Command,
    FieldName,
    MacroCall,
    Node,
    Option,
    SortKey,
    Subsearch,
    Template,
    Word,
)

# Commands whose result holds only what they name.
CLOSING = frozenset({"stats", "sistats", "table", "chart", "timechart", "top", "rare"})
# Fields that no knowledge object can add or change (those of the scan are computed from them).
STORED = frozenset({"_time", "_raw", "index", "_indextime", "_cd", "linecount", "punct", "splunk_server"})
SUMMARY = "psrsvd_*"  # what sistats and its family left in a summary index: stats reads it unnamed
# Commands that add or filter, and read only what they name (as field names or templates).
NAMING = frozenset({"search", "where", "eval", "head", "sort", "dedup", "bin", "bucket", "rename", "convert", "eventstats",
                    "regex", "rex", "fillnull", "makemv", "mvexpand", "nomv", "strcat", "lookup", "iplocation", "tail", "reverse"})  # fmt: skip


def needed_fields(commands: Sequence[Command | MacroCall]) -> frozenset[str] | None:
    """Names (and * patterns) of fields read after a scan; None when the result may show any field."""
    names: set[str] = {"_time", SUMMARY}
    for command in commands:
        if not isinstance(command, Command):
            return None
        if command.name == "fields" and _keeps(command):
            names |= _named(command)
            return frozenset(names | {"_raw"})
        if command.name not in NAMING and command.name not in CLOSING:
            return None
        if any(_reads_unnamed(node) for node in command.walk()):
            return None
        found = _named(command)
        if command.name in CLOSING:
            return frozenset(names | found)
        if command.name in ("fillnull", "lookup", "convert", "iplocation") and not found:
            return None
        if command.name in ("search", "rex", "regex") and "_raw" not in found:
            found.add("_raw")
        names |= found
    return None


def _reads_unnamed(node: Node) -> bool:
    """Whether fields are read that no node names: templates, searches in text, `stats avg` over all fields."""
    if isinstance(node, Call):
        return node.name in ("searchmatch", "lookup")
    if isinstance(node, Aggregation):
        return node.argument is None and node.function not in ("c", "count")
    return isinstance(node, Template | Subsearch | MacroCall)


def _keeps(command: Command) -> bool:
    return not any(isinstance(part, Word) and part.text == "-" for part in command.parts)


def _named(command: Command) -> set[str]:
    names: set[str] = set()
    for node in command.walk():
        if isinstance(node, FieldName):
            names.add(node.name)
        elif isinstance(node, SortKey):
            names.add(node.field.name)
        elif isinstance(node, Word):
            names.add(node.text)
        elif isinstance(node, Assignment):
            names.update(re.findall(r"\{([^{}]+)\}", node.target))
        elif isinstance(node, Option) and isinstance(node.value, str):
            # Words and options may name a field (rex field=, lookup keys); reading one more does no harm.
            names.add(node.value)
            names.update(re.findall(r"\(([^()]*)\)", node.value))  # agg=max(bytes)
    return names


def extractable(wanted: frozenset[str] | None, events: pl.DataFrame) -> set[str] | None:
    """The names to extract; None (all of them) where patterns can mean any field."""
    if wanted is None or any("*" in name for name in wanted - {SUMMARY}):
        return None
    if SUMMARY in wanted and events.get_column("_raw").str.contains("psrsvd_", literal=True).any():
        return None
    return set(wanted - {SUMMARY})


def keep(columns: Sequence[str], wanted: frozenset[str] | None) -> list[str]:
    """The columns to keep, in their order."""
    if wanted is None:
        return list(columns)
    patterns = _patterns(wanted)
    return [c for c in columns if c in wanted or (patterns is not None and patterns.fullmatch(c))]


@lru_cache(maxsize=256)
def _patterns(wanted: frozenset[str]) -> re.Pattern[str] | None:
    stars = sorted(name for name in wanted if "*" in name)
    if not stars:
        return None
    return re.compile("|".join(".*".join(map(re.escape, name.split("*"))) for name in stars), re.DOTALL)
