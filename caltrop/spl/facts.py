"""What is known of a command beside how it is written, and the words that declarations say it in.

* `reads` gives the names (and * patterns) of the fields that decide what the command does: which rows there are, and the
  values of the fields that it makes. None is any field. `_time` counts as read by all. Fields that a command only hands on
  or overwrites are not read.
* `sets` gives the names of those that every row has from the command alone, whatever the row had before: who reads them
  behind it does not read what events have of them.
* `gives` turns the fields that rows may have before the command into those that they may have behind it.

A command that declares neither reads anything and gives anything, which is always safe.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from caltrop.spl.ast import (
    Aggregation,
    Alias,
    Assignment,
    Call,
    Command,
    FieldName,
    MacroCall,
    Node,
    Option,
    Raw,
    SortKey,
    Subsearch,
    Template,
    Word,
)
from caltrop.spl.fieldsets import OPEN, Fields, closed

# How a command treats its input, in the words of the Search Reference:
# generating   starts a pipeline and reads no input
# streaming    each row on its own (distributable); keeps events
# centralized  streaming but order- or state-dependent (head, streamstats, …); keeps events
# transforming results are a table, no longer events
# dataset      needs the whole input, keeps the kind of its rows (sort, eventstats, …)
CommandKind = Literal["generating", "streaming", "centralized", "transforming", "dataset"]
Reads = Callable[[Command], frozenset[str] | None]
Sets = Callable[[Command], frozenset[str]]
Gives = Callable[[Command, Fields], Fields]

# How the rows of a command's subsearches come into its result:
# beside   with the rows before the command
# through  the subsearch runs over the rows before the command, and both are kept
Combines = Literal["beside", "through"]


@dataclass(frozen=True, slots=True)
class Advice:
    """A lint about the use of one command: `when` says which uses of it are meant."""

    code: str
    message: str
    hint: str
    when: Callable[[Command], bool] = lambda _: True


# The columns that sistats and its family left in a summary index: stats and its family read them unnamed.
SUMMARY = "psrsvd_*"

# Commands that do something besides giving rows: what they did is not to be done again to look at their rows.
DOES_MORE = frozenset(
    {"collect", "delete", "map", "mcollect", "meventcollect", "outputcsv", "outputlookup", "outputtext", "runshellscript",
     "script", "sendalert", "sendemail", "stash", "sumindex", "summaryindex", "tscollect"}
)  # fmt: skip

# --- what is read ------------------------------------------------------------------------------------------------------

_BRACES = re.compile(r"\{([^{}]+)\}")
_PARENTHESES = re.compile(r"\(([^()]*)\)")


def anything(command: Command) -> frozenset[str] | None:
    """Any field may be read."""
    return None


def nothing(command: Command) -> frozenset[str] | None:
    """No field is read: not by its words either."""
    return frozenset()


def addressed(command: Command) -> frozenset[str] | None:
    """Where events lie, and nothing of what they hold."""
    return frozenset({"index", "_cd"})


def named(command: Command) -> frozenset[str] | None:
    """What the command names: as a field, in an expression, as a word or an option's value. (Some of these are no
    fields; reading one more does no harm. A word with * in it is none: patterns of fields are `FieldName`s, this is
    a regular expression or a value to look for.)"""
    return _named_in(command)


def _named_in(root: Node) -> frozenset[str] | None:
    names: set[str] = set()
    for node in root.walk():
        if _reads_unnamed(node):
            return None
        if isinstance(node, FieldName):
            names.add(node.name)
        elif isinstance(node, SortKey):
            names.add(node.field.name)
        elif isinstance(node, Word):
            names.update(_one(node.text))
        elif isinstance(node, Assignment):
            names.update(_BRACES.findall(node.target))
        elif isinstance(node, Option) and isinstance(node.value, str):
            names.update(_one(node.value), *map(_one, _PARENTHESES.findall(node.value)))  # agg=max(bytes)
    return frozenset(names)


def _one(text: str) -> tuple[str, ...]:
    """The text, where it can be the name of a field."""
    return () if "*" in text else (text,)


def _reads_unnamed(node: Node) -> bool:
    """Whether fields are read that no node names: templates, searches in text, `stats avg` over all fields."""
    if isinstance(node, Call):
        return node.name in ("searchmatch", "lookup")
    if isinstance(node, Aggregation):
        return node.argument is None and node.function not in ("c", "count")
    return isinstance(node, Template | Subsearch | MacroCall | Raw)


def named_and(*more: str) -> Reads:
    """What the command names, and these."""

    def reads(command: Command) -> frozenset[str] | None:
        found = named(command)
        return None if found is None else found | frozenset(more)

    return reads


def assigned_from(command: Command) -> frozenset[str] | None:
    """What the assignments name, but for what one before them has set."""
    names: set[str] = set()
    known: set[str] = set()
    for part in command.parts:
        found = _named_in(part)
        if found is None:
            return None
        names |= found - known
        if isinstance(part, Assignment):
            known |= _set_by(part)
    return frozenset(names)


def fields_named(command: Command) -> frozenset[str] | None:
    """The fields that the command names; any where it names none."""
    found = named(command)
    return found if any(isinstance(part, FieldName | Alias) for part in command.parts) else None


# --- what is set -------------------------------------------------------------------------------------------------------


def sets_nothing(command: Command) -> frozenset[str]:
    """Every field may still be, in some row, what it was."""
    return frozenset()


def assigned(command: Command) -> frozenset[str]:
    """The targets of the assignments, each of which holds in every row."""
    return frozenset().union(*(_set_by(part) for part in command.of(Assignment)))


def _set_by(assignment: Assignment) -> frozenset[str]:
    """The field that it sets; none where the rows decide its name, or where it is one of the events' own (`_time`)."""
    open_ended = any(mark in assignment.target for mark in "{<$`*")
    return frozenset() if open_ended or assignment.target.startswith("_") else frozenset({assignment.target})


# --- what is given -----------------------------------------------------------------------------------------------------


def unknown(command: Command, fields: Fields) -> Fields:
    """Any field may come out."""
    return OPEN


def same(command: Command, fields: Fields) -> Fields:
    """No field comes or goes."""
    return fields


def adds(*names: str) -> Gives:
    """These come to be, whatever the arguments."""
    return lambda command, fields: fields.adding(names)


def option_or(name: str, default: str) -> Gives:
    """The field that an option names, or the one that the command makes without it."""
    return lambda command, fields: fields.adding([str(command.option(name) or default)])


def only(*names: str) -> Gives:
    """These, and nothing of what was there."""
    return lambda command, fields: closed(names)


def adds_named(command: Command, fields: Fields) -> Fields:
    """The fields that are named, under the names that AS gives them."""
    names = [part.name for part in command.of(FieldName)] + [part.target.name for part in command.of(Alias)]
    return OPEN if has_macro(command) else fields.adding(names)


def has_macro(command: Command) -> bool:
    """A macro or a subsearch among the arguments may stand for any."""
    return any(isinstance(part, MacroCall | Raw | Subsearch) for part in command.parts)
