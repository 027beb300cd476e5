"""Filtering, field and row commands."""

from __future__ import annotations

from collections.abc import Iterator

from caltrop.spl.arguments import Arguments
from caltrop.spl.ast import Alias, Clause, FieldName, Node, Option, Word
from caltrop.spl.kinds import BOOL, FLOAT, INT, LIST, STR
from caltrop.spl.syntax import Words, reader, register


@reader("search", "metasearch")
def search(args: Arguments) -> Iterator[Node]:
    """At most one search expression."""
    node = args.search()
    if node is not None:
        yield node


@reader("where")
def where(args: Arguments) -> Iterator[Node]:
    """One eval expression; macros behind it (comments as a rule) are kept."""
    yield args.expression()
    while args.cursor.peek() == "`":
        yield args.cursor.macro()


@reader("fields", "field", "table")
def fields(args: Arguments) -> Iterator[Node]:
    """Word("-") or Word("+") when written, then FieldName each."""
    cursor = args.cursor
    start = cursor.skip()
    for sign in "+-":
        if args.name != "table" and cursor.accept(sign):
            yield Word(text=sign, span=cursor.span(start))
            break
    while not args.end():
        yield args.subsearch() if cursor.peek() == "[" else args.field_or_alias()


@reader("rename")
def rename(args: Arguments) -> Iterator[Node]:
    """Alias each; a macro may stand for one."""
    while not args.end():
        node = args.field_or_alias()
        if isinstance(node, FieldName) and "`" not in node.name and "$" not in node.name:
            args.cursor.expected(f"AS and a new name for {node.name!r}")
        yield node


@reader("replace")
def replace(args: Arguments) -> Iterator[Node]:
    """Word, Clause(with, Word) each; Clause(in, FieldName…) last."""
    cursor = args.cursor
    while not args.end():
        start = cursor.skip()
        if args.take("in"):
            listed = []
            while not args.end():
                listed.append(args.field_or_alias())
            yield Clause(keyword="in", parts=tuple(listed), span=cursor.span(start))
            return
        if args.take("with"):
            yield Clause(keyword="with", parts=(args.word(),), span=cursor.span(start))
        else:
            yield args.word()


@reader("head", options={"limit": INT, "null": BOOL, "keeplast": BOOL})
def head(args: Arguments) -> Iterator[Node]:
    """Option("limit") for a bare number too; an expression (in parentheses or not) otherwise."""
    number = args.leading_number("limit")
    if number:
        yield number
    while not args.end():
        name = args.keyword_before_equals()
        option = args.option() if name in args.options else None
        if isinstance(option, Option) and option.name == "limit" and number:
            args.cursor.fail("head takes a number or limit=, not both", option.span.start, option.span.end)
        yield option or args.expression()


register("tail", options={"limit": INT}, number="limit")
register("reverse", "uniq", "localop", "rtorder")
register(
    "dedup",
    options={"keepevents": BOOL, "keepempty": BOOL, "consecutive": BOOL},
    words=Words.FIELDS,
    clauses={"sortby": Words.SORT},
    number="limit",
)


@reader("sort", options={"limit": INT})
def sort(args: Arguments) -> Iterator[Node]:
    """Option("limit") for a leading number too, SortKey each, Word("d") or Word("desc") where it ends so."""
    cursor = args.cursor
    number = args.leading_number("limit")
    if number:
        yield number
    args.take("by")  # people write it, and Splunk lets them
    key_end = None
    while not args.end():
        start = cursor.skip()
        if args.keyword_before_equals() == "limit" and (option := args.option()):
            yield option
            continue
        if key_end is not None and "," not in cursor.text[key_end:start] and (word := args.keyword("d", "desc")):
            args.take(word)
            if cursor.at_stage_end():
                yield Word(text=word, span=cursor.span(start))
                return
            cursor.pos = start
        yield args.sort_key()
        key_end = cursor.pos


@reader("regex")
def regex(args: Arguments) -> Iterator[Node]:
    """Comparison(field, = or !=, Word), or Word alone for the raw text; more than one is for the engine to refuse."""
    while not args.end():
        yield from args.field_pattern()


@reader("rex", options={"field": STR, "mode": STR, "max_match": INT, "offset_field": STR})
def rex(args: Arguments) -> Iterator[Node]:
    """Options and one Word: the regular expression, or the sed expression."""
    while not args.end():
        name = args.keyword_before_equals()
        option = args.option() if name in args.options else None
        yield option or args.pattern()


register("fillnull", options={"value": STR}, words=Words.FIELDS)
register("filldown", words=Words.FIELDS)
register(
    "bin", "bucket", "discretize",
    options={"bins": INT, "span": STR, "minspan": STR, "start": FLOAT, "end": FLOAT, "aligntime": STR},
    words=Words.FIELDS,
)  # fmt: skip
register("makemv", options={"delim": STR, "tokenizer": STR, "allowempty": BOOL, "setsv": BOOL}, words=Words.FIELDS)
register("mvexpand", options={"limit": INT}, words=Words.FIELDS)
register("mvcombine", options={"delim": STR}, words=Words.FIELDS)
register("nomv", words=Words.FIELDS)
register(
    "tags", options={"outputfield": STR, "inclname": BOOL, "inclvalue": BOOL, "allowed_tags": LIST}, words=Words.FIELDS
)
register("addinfo", "typer", "relevancy", "iconify", "scrub")
register("reltime")
register("highlight", words=Words.FIELDS)


@reader("return")
def return_(args: Arguments) -> Iterator[Node]:
    """Option("count") for a leading number, then FieldName, Alias (name=field) or Word("$field") each."""
    number = args.leading_number("count")
    if number:
        yield number
    cursor = args.cursor
    while not args.end():
        start = cursor.skip()
        if cursor.peek() == "`":
            yield cursor.macro()
            continue
        if cursor.text.startswith("$", start):
            yield args.word()
            continue
        field = args.field()
        if cursor.accept("="):
            yield Alias(source=args.field(), target=field, span=cursor.span(start))
        else:
            yield field


register("format", options={"mvsep": STR, "maxresults": INT, "emptystr": STR})
register("strcat", options={"allrequired": BOOL})
register(
    "makeresults",
    options={
        "count": INT,
        "annotate": BOOL,
        "splunk_server": STR,
        "splunk_server_group": STR,
        "format": STR,
        "data": STR,
    },
)
register("delete", "history", "audit")
