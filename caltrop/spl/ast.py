"""The syntax tree of SPL: what every later step reads.

Nodes are immutable and hold only offsets (`span`) into the text that was parsed; `caltrop.spl.source` alone turns
offsets into lines and columns. Two nodes are equal when they mean the same: spans do not take part in comparison,
so "print and parse again gives the same tree" is a plain `==`.

There is one node for all commands: `Command(name, parts)`. `parts` keeps what was written, in order and typed
(options, clauses, aggregations, field names, expressions, subsearches), so one printer prints every command and a
command unknown to the parser is not a special case. The accessors at the bottom are what the engine uses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import TypeVar

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open range of character offsets into the parsed text."""

    start: int
    end: int


NOWHERE = Span(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    span: Span = field(default=NOWHERE, compare=False, repr=False)

    def children(self) -> Iterator[Node]:
        """Direct child nodes, in source order."""
        return iter(self._children())

    def _children(self) -> list[Node]:
        found: list[Node] = []
        kind = type(self)
        names = _FIELDS.get(kind)
        if names is None:  # of this class that may hold others
            names = _FIELDS[kind] = tuple(spec.name for spec in fields(kind) if spec.type not in _PLAIN)
        for name in names:
            value = getattr(self, name)
            if isinstance(value, Node):
                found.append(value)
            elif isinstance(value, tuple):
                found += [item for item in value if isinstance(item, Node)]
        return found

    def walk(self) -> Iterator[Node]:
        """This node and everything below it, parents first."""
        waiting: list[Node] = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += reversed(node._children())


_FIELDS: dict[type[Node], tuple[str, ...]] = {}
_PLAIN = frozenset({"Span", "str", "bool", "Scalar", "str | None", "tuple[str, ...]"})


# --- shared by every grammar ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FieldName(Node):
    """A field: `user`, `Processes.process_name`, "field with spaces", 'eval.quoted'. May hold * where a command allows it."""

    name: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Word(Node):
    """A bare or quoted word that is neither a field nor an option: a lookup name, a keyword of a command, a pattern."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class MacroCall(Node):
    """`name(args)` between backticks, kept where it stood when macros were not expanded before parsing."""

    name: str
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Raw(Node):
    """Arguments as written, which can be read only once something is put in: the results of the subsearches beside them
    (`sort [ … ]`, `head [ … ]`), or, alone, the fields of a foreach template with tokens of its own."""

    text: str


@dataclass(frozen=True, slots=True)
class Subsearch(Node):
    """[ pipeline ] in brackets."""

    pipeline: Pipeline


# --- eval expressions (eval, where, stats eval(...), fieldformat, foreach templates) -------------------------------


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A number (int or float), a string, true/false or null as written in an eval expression.

    `text` is a number as written ("1.00": sigfig counts its figures); it does not take part in comparison.
    """

    value: Scalar
    text: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """`op` is "-", "+" or "NOT"."""

    op: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """`op` is one of + - * / % . == != < <= > >= LIKE AND OR XOR ("=" is stored as "==")."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class InList(Node):
    """expr IN (a, b, …) in an eval expression; `NOT IN` is Unary("NOT", InList)."""

    operand: Node
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function call; `name` is lower-case."""

    name: str
    args: tuple[Node, ...] = ()


# Expressions are FieldName, Literal, Unary, Binary, InList, Call, MacroCall, Template.


@dataclass(frozen=True, slots=True)
class Template(Node):
    """<<FIELD>>, <<MATCHSTR>>, <<ITEM>>… inside foreach, or a $token$; `text` is the whole, delimiters included."""

    text: str


# --- search expressions (search, subsearch results, `where` of tstats, event types) ---------------------------------


@dataclass(frozen=True, slots=True)
class Keyword(Node):
    """A bare term or a quoted phrase matched against the raw text; * is a wildcard. `*` alone matches everything."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Directive(Node):
    """TERM(text) or CASE(text); `name` is upper-case."""

    name: str
    text: str


STORED = "::"  # the operator of name::value


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """field op value; `op` is = != < <= > >=, or :: for what was indexed under that name. Time modifiers (earliest=-1h) are comparisons too: see `is_time_modifier`.

    `value` is a Word (text with * wildcards), or Directive for f=TERM(x) / f=CASE(x), or Subsearch/MacroCall/Template.
    """

    field: FieldName
    op: str
    value: Node


@dataclass(frozen=True, slots=True)
class Membership(Node):
    """field IN (a, b, …) in a search expression."""

    field: FieldName
    values: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not(Node):
    operand: Node


@dataclass(frozen=True, slots=True)
class And(Node):
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or(Node):
    items: tuple[Node, ...]


# Search expressions are Keyword, Directive, Comparison, Membership, Not, And, Or, Subsearch, MacroCall, Template.

TIME_MODIFIERS = frozenset(
    {
        "earliest", "latest", "_index_earliest", "_index_latest", "starttime", "endtime", "starttimeu", "endtimeu",
        "startdaysago", "enddaysago", "starthoursago", "endhoursago", "startminutesago", "endminutesago",
        "startmonthsago", "endmonthsago", "daysago", "hoursago", "minutesago", "monthsago", "searchtimespandays",
        "searchtimespanhours", "searchtimespanminutes", "searchtimespanmonths", "timeformat",
    }
)  # fmt: skip


# latest<@d and earliest>=-24h mean what they mean with an equal sign; latest<5 is about a field of that name.
_BOUNDS = {"earliest": (">", ">="), "_index_earliest": (">", ">="), "latest": ("<", "<="), "_index_latest": ("<", "<=")}
_RELATIVE = re.compile(r"now(?:\(\))?$|[+-]\d*[a-z]|@[a-z]", re.IGNORECASE)


def is_time_modifier(node: Node) -> bool:
    if not isinstance(node, Comparison) or (name := node.field.name.lower()) not in TIME_MODIFIERS:
        return False
    relative = isinstance(node.value, Word) and _RELATIVE.match(node.value.text) is not None
    return node.op == "=" or (relative and node.op in _BOUNDS.get(name, ()))


# --- parts of commands ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Option(Node):
    """name=value. `name` is lower-case where the command declares it, else as written (param.x of sendalert);
    `value` is typed by the command's syntax (bool, int, float or str), text where it does not fit."""

    name: str
    value: Scalar
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class NodeOption(Node):
    """name=<something that is no scalar>: a Subsearch, a MacroCall, a search expression in parentheses, Call("eval", …).

    `name` is lower-case. `startswith=eval(x>1)` of transaction, `earliest=[search …]`, "head limit=`n`".
    """

    name: str
    value: Node


@dataclass(frozen=True, slots=True)
class Clause(Node):
    """A keyword and what follows it: BY a b, OVER x, AS y, OUTPUT f AS g, OUTPUTNEW …, WHERE <search expression>, …

    `keyword` is lower-case.
    """

    keyword: str
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Aggregation(Node):
    """A statistical function of stats, chart, tstats, …: count, dc(user) AS users, sum(eval(a*b)), sparkline(avg(x), 1h).

    `function` is lower-case, percentile rank included as written ("p95", "perc99.9", "exactperc50"). `argument` is
    None (count), a FieldName (may hold *), or an expression (from eval(...)); a sparkline's argument is an
    Aggregation, and `span` options of it are in `extra`. `alias` is the AS name, `text` the source as written,
    which is the column's name when there is no alias (`avg(size)`, `c(b)`).
    """

    function: str
    argument: Node | None
    alias: str | None
    text: str
    extra: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assignment(Node):
    """target = expression, of eval, fieldformat and the like. `target` may hold templates and braces."""

    target: str
    expression: Node


@dataclass(frozen=True, slots=True)
class Alias(Node):
    """source AS target (rename, lookup, fields of join, …)."""

    source: FieldName
    target: FieldName


@dataclass(frozen=True, slots=True)
class SortKey(Node):
    """One key of sort: `descending`, `kind` is None, "auto", "num", "str" or "ip"."""

    field: FieldName
    descending: bool = False
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class FieldFunction(Node):
    """function(field) AS alias of convert, and of other commands that name a function over fields."""

    function: str
    field: FieldName
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Command(Node):
    """One stage of a pipeline. `name` is lower-case."""

    name: str
    parts: tuple[Node, ...] = ()

    # -- accessors for whoever reads the tree

    def option(self, name: str, default: Scalar = None) -> Scalar:
        """Value of the last option of that (lower-case) name."""
        found = default
        for part in self.parts:
            if isinstance(part, Option) and part.name == name:
                found = part.value
        return found

    def clause(self, keyword: str) -> tuple[Node, ...] | None:
        """Parts of the first clause with that (lower-case) keyword, or None when it was not written."""
        for part in self.parts:
            if isinstance(part, Clause) and part.keyword == keyword:
                return part.parts
        return None

    def of(self, kind: type[N]) -> tuple[N, ...]:
        """The parts of one node class, in order: cmd.of(FieldName), cmd.of(Aggregation), …"""
        return tuple(part for part in self.parts if isinstance(part, kind))


N = TypeVar("N", bound=Node)


@dataclass(frozen=True, slots=True)
class Pipeline(Node):
    """Commands separated by pipes. A leading implicit `search` is an ordinary Command("search")."""

    commands: tuple[Command | MacroCall, ...]
