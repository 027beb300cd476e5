"""How a command's arguments are written: one declaration a command, in `commands/`.

    register("makemv", options={"delim": STR, "allowempty": BOOL}, words=Words.FIELDS)

`words` says what an argument becomes that is neither an option nor a clause nor a subsearch; `clauses` what stands
after a keyword. Commands whose arguments are no such list (eval, search, rex, …) have a reader of their own:

    @reader("where")
    def where(args: Arguments) -> Iterator[Node]: ...

Splunk reads arguments generously, and so do we: options may stand anywhere, commas and white space both separate,
an option that the declaration does not know is kept (as text), and so is every word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from caltrop.spl.arguments import Arguments
from caltrop.spl.ast import Node
from caltrop.spl.kinds import INT, Kind


class Words(Enum):
    """What the plain arguments of a command are."""

    FIELDS = "fields"  # FieldName, or Alias for `a AS b`
    WORDS = "words"  # Word
    AGGREGATIONS = "aggregations"  # Aggregation
    SEARCH = "search"  # one search expression (clauses only)
    SORT = "sort"  # SortKey


Reader = Callable[[Arguments], Iterator[Node]]


@dataclass(frozen=True, slots=True)
class Syntax:
    """`number` names the option that a leading bare number stands for (head 5); `first` reads that many plain
    arguments as Word before `words` applies (lookup NAME field …); `behind_where` are options that may stand in the
    search expression of a `where` clause."""

    name: str
    options: Mapping[str, Kind] = field(default_factory=dict)
    words: Words = Words.WORDS
    clauses: Mapping[str, Words] = field(default_factory=dict)
    number: str | None = None
    first: int = 0
    behind_where: frozenset[str] = frozenset()
    reader: Reader | None = None


syntaxes: dict[str, Syntax] = {}


def register(
    *names: str,
    options: Mapping[str, Kind] | None = None,
    words: Words = Words.WORDS,
    clauses: Mapping[str, Words] | None = None,
    number: str | None = None,
    first: int = 0,
    behind_where: frozenset[str] = frozenset(),
    reader: Reader | None = None,
) -> None:
    """Declare the commands of these names."""
    for name in names:
        if name in syntaxes:
            raise RuntimeError(f"command {name!r} is declared twice")
        typed = {**(options or {}), **({number: INT} if number else {})}
        syntaxes[name] = Syntax(name, typed, words, clauses or {}, number, first, behind_where, reader)


def reader(*names: str, options: Mapping[str, Kind] | None = None) -> Callable[[Reader], Reader]:
    """Declare commands whose arguments the decorated function reads."""

    def decorate(read: Reader) -> Reader:
        register(*names, options=options, reader=read)
        return read

    return decorate


GENERIC = Syntax("")
