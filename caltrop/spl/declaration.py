r"""The one declaration of a command, in `commands/`: how it is written, and all that is known of it.

    register("makemv", kind="streaming", closed=True, options={"delim": STR, "allowempty": BOOL}, words=Words.FIELDS,
             reads=named, gives=same)

`words` says what an argument becomes that is neither an option nor a clause nor a subsearch; `clauses` what stands
after a keyword. Commands whose arguments are no such list (eval, search, rex, …) have a reader of their own:

    @reader("where", kind="streaming", reads=named, gives=same)
    def where(args: Arguments) -> Iterator[Node]: ...

Splunk reads arguments generously, and so do we: options may stand anywhere, commas and white space both separate,
an option that the declaration does not know is kept (as text), and so is every word. `facts` says what the rest means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TypedDict, Unpack

from caltrop.spl.arguments import Arguments
from caltrop.spl.ast import Clause, Command, Node, NodeOption, Option
from caltrop.spl.facts import Advice, Combines, CommandKind, Gives, Reads, Sets, anything, sets_nothing, unknown
from caltrop.spl.kinds import INT, Kind


class Words(Enum):
    """What the plain arguments of a command are."""

    FIELDS = "fields"  # FieldName, or Alias for `a AS b`
    WORDS = "words"  # Word
    AGGREGATIONS = "aggregations"  # Aggregation, of the statistical functions
    TRENDS = "trends"  # Aggregation, of functions that are the command's own
    SEARCH = "search"  # one search expression
    SORT = "sort"  # SortKey


Reader = Callable[[Arguments], Iterator[Node]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """Everything about one command.

    How it is written: `number` names the option that a leading bare number stands for (head 5); `first` reads that many
    plain arguments as Word before `words` applies (lookup NAME field …); `brackets` says that the command's own grammar knows
    subsearches (in the others their results are written in as text before the arguments are read); `behind_where` are options that may stand in the
    search expression of a `where` clause; `closed` says that its page lists every option, so that any other is refused.

    What it does: `kind` (None: the engine leaves it out), `reads`, `sets` and `gives` (see `facts`), `keeps_only_named`: nothing
    of the rows before it is left but what it names, `combines`: how the rows of its subsearches come in, `filters`: each
    row passes as it is or not at all, by its own fields, `arranges`: each row stays, under other names, with fewer fields or in
    another order of them, whatever its values are, `groups`: its rows are the groups of its BY fields. `advice` is
    what a lint says to whoever uses it.
    """

    name: str = ""
    options: Mapping[str, Kind] = field(default_factory=dict)
    words: Words = Words.WORDS
    brackets: bool = False
    clauses: Mapping[str, Words] = field(default_factory=dict)
    number: str | None = None
    first: int = 0
    behind_where: frozenset[str] = frozenset()
    reader: Reader | None = None
    closed: bool = False
    kind: CommandKind | None = None
    reads: Reads = anything
    sets: Sets = sets_nothing
    gives: Gives = unknown
    keeps_only_named: Callable[[Command], bool] = lambda _: False
    combines: Combines | None = None
    filters: bool = False
    arranges: bool = False
    groups: bool = False
    advice: tuple[Advice, ...] = ()

    @property
    def reads_brackets(self) -> bool:
        """Whether a subsearch is part of the grammar: a search that is combined, a condition, an expression."""
        searches = Words.SEARCH in (self.words, *self.clauses.values())
        return self.brackets or searches or self.combines is not None

    def written(self, command: Command) -> Iterator[Option | NodeOption]:
        """The options of a command of the kind, those that stand behind a keyword (`by host limit=5`) among them."""
        for part in command.parts:
            if isinstance(part, Option | NodeOption):
                yield part
            elif isinstance(part, Clause) and self.clauses.get(part.keyword) is not Words.SEARCH:
                yield from (inner for inner in part.parts if isinstance(inner, Option | NodeOption))


declarations: dict[str, Declaration] = {}


def always(command: Command) -> bool:
    return True


class Facts(TypedDict, total=False):
    """The fields of `Declaration` as arguments."""

    options: Mapping[str, Kind]
    words: Words
    brackets: bool
    clauses: Mapping[str, Words]
    number: str
    first: int
    behind_where: frozenset[str]
    closed: bool
    kind: CommandKind
    reads: Reads
    sets: Sets
    gives: Gives
    keeps_only_named: Callable[[Command], bool]
    combines: Combines
    filters: bool
    arranges: bool
    groups: bool
    advice: tuple[Advice, ...]


def register(*names: str, reader: Reader | None = None, **facts: Unpack[Facts]) -> None:
    """Declare the commands of these names."""
    for name in names:
        if name in declarations:
            raise RuntimeError(f"command {name!r} is declared twice")
        declared = Declaration(name=name, reader=reader, **facts)
        if declared.number:
            declared = replace(declared, options={**declared.options, declared.number: INT})
        declarations[name] = declared


def reader(*names: str, **facts: Unpack[Facts]) -> Callable[[Reader], Reader]:
    """Declare commands whose arguments the decorated function reads."""

    def decorate(read: Reader) -> Reader:
        register(*names, reader=read, **facts)
        return read

    return decorate


GENERIC = Declaration(brackets=True)
