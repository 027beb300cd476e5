"""The lint rules: functions over one pipeline, registered with their code (subsearches are pipelines of their own).

What each means and what to write instead: docs/lints.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from caltrop.dialect.words import fits
from caltrop.spl.ast import (
    STORED,
    And,
    Assignment,
    Binary,
    Call,
    Clause,
    Command,
    Comparison,
    FieldName,
    Keyword,
    Literal,
    MacroCall,
    Membership,
    Node,
    Or,
    Pipeline,
    Subsearch,
    Template,
    Word,
    is_time_modifier,
)
from caltrop.spl.commands import declaration_of
from caltrop.spl.declaration import Words, declarations

Finding = tuple[Node, str, str]  # where, message, hint
Check = Callable[[Pipeline], Iterator[Finding]]

LINTS: dict[str, Check] = {}


def rule(code: str) -> Callable[[Check], Check]:
    """Register a rule that looks at the pipeline alone."""

    def register(check: Check) -> Check:
        LINTS[code] = check
        return check

    return register


def _commands(pipeline: Pipeline) -> Iterator[Command]:
    yield from (command for command in pipeline.commands if isinstance(command, Command))


def _own(node: Node) -> Iterator[Node]:
    """A node and what is below it, subsearches left out: they are linted as pipelines of their own."""
    if isinstance(node, Subsearch):
        return
    yield node
    for child in node.children():
        yield from _own(child)


def _searched(pipeline: Pipeline) -> Iterator[Node]:
    """The nodes of every search expression over events: `search`, and `where` of tstats and its like."""
    for command in _commands(pipeline):
        declared = declaration_of(command.name)
        if declared.words is Words.SEARCH:
            yield from _own(command)
        for part in command.of(Clause):
            if declared.clauses.get(part.keyword) is Words.SEARCH:
                yield from _own(part)


@rule("leading-wildcard")
def leading_wildcard(pipeline: Pipeline) -> Iterator[Finding]:
    for node in _searched(pipeline):
        values: tuple[Node, ...] = ()
        if isinstance(node, Keyword):
            values = (node,)
        elif isinstance(node, Comparison):
            values = (node.value,)
        elif isinstance(node, Membership):
            values = node.values
        for value in values:
            if isinstance(value, Keyword | Word) and value.text.startswith("*") and value.text.strip("*"):
                yield (
                    value,
                    f"{value.text!r} starts with a wildcard, so the index cannot narrow the search",
                    "start with literal text, or add another term that is rare",
                )


@rule("index-wildcard")
def index_wildcard(pipeline: Pipeline) -> Iterator[Finding]:
    for node in _searched(pipeline):
        if isinstance(node, Comparison) and node.field.name.lower() == "index" and node.op in ("=", STORED):
            values: tuple[Node, ...] = (node.value,)
        elif isinstance(node, Membership) and node.field.name.lower() == "index":
            values = node.values
        else:
            continue
        if any(isinstance(value, Word) and value.text == "*" for value in values):
            yield node, "index=* reads every index", "name the indexes, or keep them in a macro"


@rule("missing-index")
def missing_index(pipeline: Pipeline) -> Iterator[Finding]:
    first = pipeline.commands[0]
    if not isinstance(first, Command) or first.name != "search":
        return
    nodes = list(first.walk())
    if any(isinstance(node, MacroCall | Subsearch | Template) for node in nodes):
        return
    fields = {node.field.name.lower() for node in nodes if isinstance(node, Comparison | Membership)}
    if not fields & {"index", "eventtype", "tag", "savedsearch", "savedsplunk"}:
        yield first, "no index is named, so the role's default indexes decide what is found", "add index=…"


def _advised(code: str) -> Check:
    """What the declarations of single commands say about their use, under that code."""

    def check(pipeline: Pipeline) -> Iterator[Finding]:
        for command in _commands(pipeline):
            for advice in declaration_of(command.name).advice:
                if advice.code == code and advice.when(command):
                    yield command, advice.message, advice.hint

    return check


for _code in sorted({advice.code for declared in declarations.values() for advice in declared.advice}):
    rule(_code)(_advised(_code))


@rule("late-search")
def late_search(pipeline: Pipeline) -> Iterator[Finding]:
    """A filter right behind an aggregation that only looks at its BY fields could stand before it."""
    commands = pipeline.commands
    for before, command in pairwise(commands):
        if not (isinstance(before, Command) and isinstance(command, Command)):
            continue
        grouping = declaration_of(before.name)
        if not grouping.groups or not declaration_of(command.name).filters:
            continue
        group = before.clause("by") or before.clause("groupby") or ()
        fields = {field.name for field in group if isinstance(field, FieldName)}
        used = {node.name for node in command.walk() if isinstance(node, FieldName)}
        odd = (Keyword, MacroCall, Subsearch, Template)
        if used and used <= fields and not any(isinstance(node, odd) for node in command.walk()):
            where = "into its where clause" if "where" in grouping.clauses else f"before {before.name}"
            yield command, f"this filters by fields that {before.name} groups by", f"move it {where}"


@rule("unused-field")
def unused_field(pipeline: Pipeline) -> Iterator[Finding]:
    """A field that eval computes and that a later command drops, with nothing in between that reads it."""
    for index, command in enumerate(pipeline.commands):
        if not isinstance(command, Command) or command.name != "eval":
            continue
        for position, assignment in enumerate(command.parts):
            if not isinstance(assignment, Assignment) or not re.fullmatch(r"\w+", assignment.target):
                continue
            name = assignment.target
            if name.startswith("_"):  # _time and its like are used without being named
                continue
            behind = Command(name=command.name, parts=command.parts[position + 1 :])
            if _reads(behind, name):
                continue
            if _dropped_unread(pipeline.commands[index + 1 :], name):
                yield assignment, f"{name!r} is computed and never used", "remove it"


def _dropped_unread(commands: tuple[Command | MacroCall, ...], name: str) -> bool:
    for command in commands:
        if not isinstance(command, Command) or _reads(command, name):
            return False
        if declaration_of(command.name).keeps_only_named(command):
            return True
    return False


def _reads(command: Command, name: str) -> bool:
    """Whether the command may use the field, by its name or by a pattern, or in a way that cannot be known."""
    if any(isinstance(node, Keyword) for node in command.walk()):  # a word that is searched for stands in any field
        return True
    read = declaration_of(command.name).reads(command)
    return read is None or any("`" in one or fits(one, name) for one in read)


def _is_true_everywhere(node: Node) -> bool:
    return isinstance(node, Keyword) and node.text == "*"


@rule("everything")
def everything(pipeline: Pipeline) -> Iterator[Finding]:
    """A base search of nothing but time modifiers, `*` and index=*: every event is read."""
    first = pipeline.commands[0]
    if not isinstance(first, Command) or first.name != "search" or len(pipeline.commands) < 2:
        return
    node = first.parts[0] if first.parts else None
    terms = node.items if isinstance(node, And | Or) else (node,) if node else ()
    if all(is_time_modifier(term) or _is_true_everywhere(term) for term in terms):
        yield first, "the search has no term at all and reads every event", "name an index, a sourcetype or a word"


_WHOLE = frozenset({"exact", "sigfig", "round"})  # what sees all digits of a product, or says how many it wants


@rule("digits")
def digits(pipeline: Pipeline) -> Iterator[Finding]:
    """Products that are assigned with fewer digits than their factors have together: 3*0.5 is 2."""
    for command in _commands(pipeline):
        for assignment in command.of(Assignment):
            for node in _outside(assignment.expression):
                if isinstance(node, Binary) and node.op == "*" and any(map(_is_decimal, (node.left, node.right))):
                    yield (
                        node,
                        "a product shows no more significant digits than its factor of fewest: 3*0.5 is 2",
                        "write exact(…) around it, or round(…, n)",
                    )


def _outside(node: Node) -> Iterator[Node]:
    """What leaves an expression with the digits it has there: not the arguments of exact() and its like, nor conditions."""
    if isinstance(node, Call) and node.name in _WHOLE:
        return
    if isinstance(node, Binary) and node.op not in "+-*/%.":
        return
    yield node
    if isinstance(node, Binary) and node.op != ".":
        return  # only the last step of a calculation is cut
    for child in node.children():
        yield from _outside(child)


def _is_decimal(node: Node) -> bool:
    return isinstance(node, Literal) and "." in node.text
