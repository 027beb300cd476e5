"""The general reader: the arguments of a command whose declaration is a list of options, clauses and plain words."""

from __future__ import annotations

from collections.abc import Iterator

from caltrop.spl.aggregations import read_aggregation
from caltrop.spl.arguments import Arguments
from caltrop.spl.ast import Alias, And, Clause, Comparison, FieldName, Node, NodeOption, Option, Span, Word
from caltrop.spl.declaration import Declaration, Words
from caltrop.spl.kinds import convert


def read_arguments(args: Arguments, declaration: Declaration) -> tuple[Node, ...]:
    """All arguments, as the declaration says."""
    if declaration.reader:
        return tuple(declaration.reader(args))
    cursor = args.cursor
    parts: list[Node] = []
    first = declaration.first
    if declaration.number and (number := args.leading_number(declaration.number)):
        parts.append(number)
    while not args.end():
        if cursor.peek() == "[":
            parts.append(cursor.subsearch())
        elif word := args.keyword(*declaration.clauses):
            parts.extend(_clause(args, declaration, word))
        elif option := args.option():
            parts.append(option)
        elif first and declaration.words is not Words.WORDS:
            first -= 1
            parts.append(args.word())
        elif not _late_alias(args, parts):
            parts.append(_plain(args, declaration.words))
    return tuple(parts)


def _late_alias(args: Arguments, parts: list[Node]) -> bool:
    """`bin _time span=1d AS day`: options may stand between a field and its AS."""
    cursor = args.cursor
    index = next((i for i in reversed(range(len(parts))) if not isinstance(parts[i], Option)), len(parts))
    before = parts[index] if index < len(parts) - 1 else None
    start = cursor.pos
    if not isinstance(before, FieldName) or not args.take("as") or cursor.at_stage_end():
        cursor.pos = start
        return False
    target = args.field("a field name after AS")
    parts[index] = Alias(source=before, target=target, span=Span(before.span.start, cursor.pos))
    return True


def _plain(args: Arguments, words: Words) -> Node:
    if words is Words.FIELDS:
        return args.field_or_alias()
    if words is Words.SORT:
        return args.sort_key()
    if words in (Words.AGGREGATIONS, Words.TRENDS):
        return read_aggregation(args)
    return args.word()


def _clause(args: Arguments, declaration: Declaration, keyword: str) -> Iterator[Node]:
    """The keyword is next; its parts run to the next clause keyword or the end.

    Options of the command that are written inside the clause (by host limit=5) follow it in the tree; only those
    that say something about a field or source of the clause stay in it (by _time span=1h, from datamodel=X).
    """
    cursor = args.cursor
    start = cursor.skip()
    cursor.pos += len(keyword)
    words = declaration.clauses[keyword]
    stops = tuple(declaration.clauses)
    parts: list[Node] = []
    if words is Words.SEARCH:
        node = args.search(*(stop for stop in stops if stop != keyword))
        if node is None:
            cursor.expected(f"a search expression after {keyword}")
        parts, options = _split_where(node, declaration)
    else:
        while not args.end() and not args.keyword(*stops):
            if words is Words.WORDS and cursor.peek() == "[":  # join … where L.a=R.a [subsearch]
                break
            parts.append(args.option() or _plain(args, words))
        if keyword in ("by", "groupby", "over") and not parts:
            cursor.expected(f"a field after {keyword}")
        options = [part for part in parts if _moves(part, declaration)]
        parts = [part for part in parts if not _moves(part, declaration)]
    yield Clause(keyword=keyword, parts=tuple(parts), span=cursor.span(start))
    yield from options


def _split_where(node: Node, declaration: Declaration) -> tuple[list[Node], list[Node]]:
    """Options written behind the condition (`where index=x span=1h` of mstats) are options, not comparisons."""
    items = node.items if isinstance(node, And) else (node,)
    options: list[Node] = []
    kept: list[Node] = []
    for item in items:
        name = item.field.name.lower() if isinstance(item, Comparison) else ""
        if isinstance(item, Comparison) and name in declaration.behind_where and isinstance(item.value, Word):
            kind = declaration.options.get(name)
            value = item.value.text if item.value.quoted else convert(item.value.text, kind)
            options.append(Option(name=name, value=value, quoted=item.value.quoted, span=item.span))
        else:
            kept.append(item)
    if len(kept) == len(items):
        return [node], []
    if len(kept) < 2:
        return kept, options
    return [And(items=tuple(kept), span=node.span)], options


# Options that stay in the clause they were written in.
_BELONGS = frozenset({"span", "bins", "minspan", "start", "end", "aligntime", "datamodel", "sid"})


def _moves(part: Node, declaration: Declaration) -> bool:
    return isinstance(part, Option | NodeOption) and part.name in declaration.options and part.name not in _BELONGS
