"""Text -> tree: pipelines, commands and subsearches.

Where a search starts (Search Reference, "search"): text without a leading pipe is a search expression unless it starts
with the word `search`; after a pipe, and inside brackets, a command name comes first. Brackets whose first word is
compared with something ([index=x …]) hold a search expression too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from caltrop.spl.arguments import Arguments
from caltrop.spl.ast import Command, MacroCall, Node, Pipeline, Raw, Subsearch
from caltrop.spl.commands import declaration_of
from caltrop.spl.cursor import MAX_DEPTH, Cursor
from caltrop.spl.declaration import Words, declarations
from caltrop.spl.declared import read_arguments
from caltrop.spl.errors import PARSER, SplError
from caltrop.spl.expressions import read_expression
from caltrop.spl.searching import read_search

T = TypeVar("T")
_NAME = re.compile(r"[A-Za-z_][\w-]*|\$[\w.:]+\$|<<\w+>>")
# What cannot start with a command name: a comparison, field::value, f IN (…), a wildcard, a group, a phrase, NOT, TERM.
_COMPARED = re.compile(
    r"(?:[\w.{}:*@-]|\\.)+\s*(?:!?=|<(?!<)|>)|(?:\w|\.)+::|\S+\s+IN\s*\(|[\w.-]*[*?]|[(\"]|NOT\b|(?:TERM|CASE)\("
)


def parse(text: str, *, implicit_search: bool = True) -> Pipeline:
    """Read a whole search. With `implicit_search=False` the text starts with a command name (the REST API's form)."""
    cursor = Cursor(text, read_subsearch)
    try:
        if implicit_search and cursor.peek() not in ("|", ""):
            pipeline = _pipeline(cursor, bare=True)
        else:
            pipeline = _pipeline(cursor, bare=False)
        if cursor.peek() == "]":
            cursor.fail(
                "unbalanced bracket: no [ opens this one",
                cursor.pos,
                cursor.pos + 1,
                says="Mismatched ']'.",
                by=PARSER,
            )
    except RecursionError:
        cursor.fail("nested too deeply")
    _check_height(cursor, pipeline)
    return pipeline


def parse_search(text: str) -> Node:
    """Read a search expression alone: an event type, a constraint, a filter."""
    cursor = Cursor(text, read_subsearch)
    node = _whole(cursor, read_search)
    if node is None:
        cursor.expected("a search expression")
    return node


def parse_eval(text: str) -> Node:
    """Read an eval expression alone: a calculated field, a macro's validation."""
    return _whole(Cursor(text, read_subsearch), read_expression)


def _whole(cursor: Cursor, read: Callable[[Cursor], T]) -> T:
    try:
        node = read(cursor)
    except RecursionError:
        cursor.fail("nested too deeply")
    if cursor.peek():
        cursor.expected("the end of the expression", _closing_hint(cursor))
    if isinstance(node, Node):
        _check_height(cursor, node)
    return node


MAX_HEIGHT = 200  # of a tree: who reads it recurses so deep


def _check_height(cursor: Cursor, tree: Node) -> None:
    """Parentheses and chains of operators are bounded each where they are read; together they may still be too much."""
    if cursor.links < MAX_DEPTH:
        return
    level: list[Node] = [tree]
    for _ in range(MAX_HEIGHT):
        level = [child for node in level for child in node.children()]
        if not level:
            return
    cursor.fail(f"nested too deeply: a tree of more than {MAX_HEIGHT} levels", level[0].span.start, level[0].span.end)


def read_subsearch(cursor: Cursor) -> Subsearch:
    """[ pipeline ], with the cursor on the opening bracket."""
    start = cursor.skip()
    cursor.pos += 1
    with cursor.nested(start, levels=5):  # reading and running a subsearch takes more stack than a parenthesis
        bare = cursor.peek() != "|" and cursor.looking_at(_COMPARED) is not None
        if cursor.peek() == "]":
            cursor.fail("a search was expected between the brackets", start, cursor.pos + 1)
        pipeline = _pipeline(cursor, bare=bare)
    if not cursor.accept("]"):
        cursor.fail(
            "unbalanced bracket: no closing ] for this subsearch",
            start,
            start + 1,
            says="Missing closing ']'.",
            by=PARSER,
        )
    return Subsearch(pipeline=pipeline, span=cursor.span(start))


def _pipeline(cursor: Cursor, *, bare: bool) -> Pipeline:
    start = cursor.skip()
    commands: list[Command | MacroCall] = []
    if bare:
        commands.append(_bare_search(cursor))
    elif cursor.accept("|") or cursor.peek():
        commands.append(_command(cursor))
    else:
        cursor.fail("the search is empty")
    while cursor.accept("|"):
        if cursor.peek() in ("", "]"):  # a pipe at the very end is harmless, as in Splunk
            break
        commands.append(_command(cursor))
    return Pipeline(commands=tuple(commands), span=cursor.span(start))


def _bare_search(cursor: Cursor) -> Command:
    """A search without a command name; the word `search` itself may still be there."""
    start = cursor.skip()
    cursor.match(_SEARCH_WORD)
    return _arguments(cursor, "search", start)


_SEARCH_WORD = re.compile(r"search(?=[\s(\[\"`|]|$)(?!\s*(?:=|!=))", re.IGNORECASE)


def _command(cursor: Cursor) -> Command | MacroCall:
    start = cursor.skip()
    if cursor.text.startswith("`", start):
        macro = cursor.macro()
        if cursor.at_stage_end():
            return macro
        return _arguments(cursor, cursor.text[start : macro.span.end], start)
    found = cursor.match(_NAME)
    if not found:
        cursor.expected(
            "a command",
            "a stage is empty: take one pipe away" if cursor.peek() == "|" else None,
            says=f"Missing a search command before '{cursor.peek()}'. Error at position '{cursor.pos}' of search query "
            f"'{cursor.text}'.",
            by=PARSER,
        )
    name = found[0].lower() if not found[0].startswith(("$", "<")) else found[0]
    if name.endswith("-") and name[:-1] in declarations:  # fields- x
        cursor.pos -= 1
        name = name[:-1]
    return _arguments(cursor, name, start)


def _arguments(cursor: Cursor, name: str, start: int) -> Command:
    declaration = declaration_of(name)
    if not declaration.reads_brackets and (parts := _raw(cursor)):
        return Command(name=name, parts=parts, span=cursor.span(start))
    args = Arguments(cursor, name, declaration.options, grouped=declaration.words in _GROUPED)
    try:
        parts = read_arguments(args, declaration)
        if not args.end():
            cursor.expected(
                f'another argument of {name}, "|" or the end of the search',
                _closing_hint(cursor),
                says=_left_over(name, cursor),
            )
    except SplError as error:
        error.inside(name)
        raise
    return Command(name=name, parts=parts, span=cursor.span(start))


# Parentheses around their arguments mean nothing: mvexpand(x), stats(count), sort(-x).
_GROUPED = (Words.FIELDS, Words.AGGREGATIONS, Words.SORT)
_TO_BRACKET = re.compile(r'(?:"(?:[^"\\]|\\.)*+"|\\.|```.*?```|`[^`]*+`|[^"\\|\[\]`])*+', re.DOTALL)
_STARTS_SEARCH = re.compile(r"\[\s*(?:\||([A-Za-z]\w*)(?=[\s`]))")


def _raw(cursor: Cursor) -> tuple[Node, ...]:
    """Arguments with subsearches among them, each piece of text between them as written; empty where there is none.

    A bracket that starts no search is left to the command: [a-z] of a pattern without quotes.
    """
    start = cursor.pos
    parts: list[Node] = []
    piece = start
    while found := _TO_BRACKET.match(cursor.text, cursor.pos):
        cursor.pos = found.end()
        search = _STARTS_SEARCH.match(cursor.text, cursor.pos)
        if not search or (search[1] and search[1].lower() not in declarations):
            break
        if text := cursor.text[piece : cursor.pos].strip():
            parts.append(Raw(text=text, span=cursor.span(piece)))
        parts.append(cursor.subsearch())
        piece = cursor.pos
    if not parts:
        cursor.pos = start
        return ()
    if not cursor.at_stage_end():
        cursor.expected('"|" or the end of the search')
    if text := cursor.text[piece : cursor.pos].strip():
        parts.append(Raw(text=text, span=cursor.span(piece)))
    return tuple(parts)


def _left_over(name: str, cursor: Cursor) -> str:
    """What splunkd says of words that do not fit: of an expression it names the operator that it took them for."""
    if name == "where":
        return f"The operator at '{cursor.rest()}' is invalid."
    if name == "search":
        return "Unable to parse the search: unbalanced parentheses."
    return f"Invalid argument: '{cursor.rest()}'"


def _closing_hint(cursor: Cursor) -> str | None:
    return _HINTS.get(cursor.peek())


_HINTS = {
    ")": "this parenthesis closes nothing: the parentheses do not balance",
    "&": "the operator is written AND",
    "]": "this bracket closes nothing: the brackets do not balance",
}
