"""Filtering, field and row commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace as with_

from caltrop.dialect.words import fits
from caltrop.spl.arguments import Arguments
from caltrop.spl.ast import Alias, Clause, Command, FieldName, Node, Option, SortKey, Span, Word
from caltrop.spl.declaration import Words, always, reader, register
from caltrop.spl.facts import (
    Advice,
    addressed,
    adds,
    adds_named,
    fields_named,
    has_macro,
    named,
    named_and,
    nothing,
    only,
    same,
)
from caltrop.spl.fieldsets import NONE, OPEN, Fields, closed
from caltrop.spl.kinds import BOOL, FLOAT, INT, LIST, STR

# --- which fields there are ---------------------------------------------------------------------------------------------


def tabled(command: Command, fields: Fields) -> Fields:
    """Of the fields before, those that are listed."""
    names = {n.name for n in command.of(FieldName)}
    if has_macro(command) or any(not isinstance(part, FieldName | Word) for part in command.parts):
        return OPEN
    wild = {n for n in names if "*" in n}
    kept = {n for n in names - wild if fields.has(n)}
    if fields.open:
        return closed(kept | wild)
    return closed(
        kept | {n for n in fields.names if any(fits(w, n) for w in wild)} | (wild if fields.patterns else set())
    )


def _keeps(command: Command) -> bool:
    return bool(command.parts) and not any(word.text == "-" for word in command.of(Word))


def _kept(command: Command) -> frozenset[str] | None:
    """What fields keeps, internal fields unasked; what it removes it does not read. Without _raw, a word that is
    searched for later may stand in any field."""
    found = named(command)
    if found is None or not _keeps(command):
        return None if found is None or any(fits(name, "_raw") for name in found) else frozenset()
    return found | {"_raw", "_indextime", "_cd"}


def _fields(command: Command, fields: Fields) -> Fields:
    if has_macro(command):
        return OPEN
    if not _keeps(command):
        for node in command.of(FieldName):
            fields = fields.without(node.name)
        return fields
    return tabled(command, fields).adding(["_*"])


def _rename(command: Command, fields: Fields) -> Fields:
    out = fields
    if has_macro(command):
        return OPEN
    for alias in command.of(Alias):
        out = _renamed(out, alias.source.name, alias.target.name)
    return out


def _renamed(fields: Fields, old: str, new: str) -> Fields:
    if "*" not in old:
        return fields if old == new else fields.without(old).adding([new])
    pattern = re.compile("(.*)".join(re.escape(part) for part in old.split("*")) + r"\Z", re.S)
    out = with_(fields, gone=frozenset()) if fields.open else fields
    for name in fields.names:
        match = pattern.match(name)
        if match:
            parts = iter(match.groups())
            target = re.sub(r"\*", lambda _, parts=parts: next(parts, ""), new)  # type: ignore[misc]
            out = out.without(name).adding([target])
    return out.adding([new]) if fields.patterns else out


def _replaced(command: Command) -> frozenset[str] | None:
    """The fields behind IN; without them any."""
    listed = [part for part in command.of(Clause) if part.keyword == "in"]
    return named(command) if listed else None


_GROUP = re.compile(r"\(\?P?<([A-Za-z_]\w*)>")


def _rex(command: Command, fields: Fields) -> Fields:
    if command.option("mode") == "sed":
        return fields
    if has_macro(command):
        return OPEN
    offset = command.option("offset_field")
    names = [group for word in command.of(Word) for group in _GROUP.findall(word.text)]
    return fields.adding(names + ([str(offset)] if offset else []))


def _tags(command: Command, fields: Fields) -> Fields:
    return fields.adding(["tag", "tag::*", str(command.option("outputfield") or "tag")])


def _reltime_reads(command: Command) -> frozenset[str] | None:
    return frozenset(name.strip() for name in str(command.option("timefield") or "_time").split(","))


def _reltime_gives(command: Command, fields: Fields) -> Fields:
    prefix = command.option("prefix")
    return fields.adding(["reltime", f"{'reltime_' if prefix is None else prefix}*"])


def _returned(command: Command) -> frozenset[str] | None:
    """`$field` gives the bare value of a field."""
    found = named(command)
    return None if found is None else frozenset(name.removeprefix("$") for name in found)


def _last_word(command: Command, fields: Fields) -> Fields:
    nodes = [node for node in command.parts if isinstance(node, Word | FieldName)]
    if not nodes or has_macro(command):
        return OPEN
    last = nodes[-1]
    return fields.adding([last.name if isinstance(last, FieldName) else last.text])


def _makeresults(command: Command, fields: Fields) -> Fields:
    return OPEN if command.parts else NONE.adding(["_time"])


# --- how they are written -----------------------------------------------------------------------------------------------

_UNBOUNDED = Advice(
    "unbounded-sort",
    "sort without a count keeps 10,000 rows and drops the rest",
    "write sort 0 … for all, or a count",
    when=lambda command: command.option("limit") is None and bool(command.of(SortKey)),
)


@reader("search", kind="streaming", words=Words.SEARCH, reads=named_and("_raw"), gives=same, filters=True)
@reader("metasearch", kind="generating", words=Words.SEARCH)
def search(args: Arguments) -> Iterator[Node]:
    """At most one search expression."""
    node = args.search()
    if node is not None:
        yield node


@reader("where", brackets=True, kind="streaming", reads=named, gives=same, filters=True)
def where(args: Arguments) -> Iterator[Node]:
    """One eval expression, or none (every row passes then); macros behind it (comments as a rule) are kept."""
    if not args.cursor.at_stage_end():
        yield args.expression()
    while args.cursor.peek() == "`":
        yield args.cursor.macro()


@reader(
    "fields", kind="streaming", words=Words.FIELDS, reads=_kept, gives=_fields, keeps_only_named=_keeps, arranges=True
)
@reader("field")
@reader(
    "table", kind="transforming", words=Words.FIELDS, reads=named, gives=tabled, keeps_only_named=always, arranges=True
)
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


_BEFORE_ARROW = re.compile(r"([^\s,|\"'\[\]`=()]+?)\s*->\s*")


@reader("rename", kind="streaming", words=Words.FIELDS, reads=named, gives=_rename, arranges=True)
def rename(args: Arguments) -> Iterator[Node]:
    """Alias each, of `a AS b`, `a TO b` or `a -> b`; a macro may stand for one."""
    cursor = args.cursor
    while not args.end():
        start = cursor.skip()
        arrow = cursor.match(_BEFORE_ARROW)
        if arrow:
            source = FieldName(name=arrow[1], span=Span(start, start + len(arrow[1])))
            yield Alias(source=source, target=args.field("a field name after ->"), span=cursor.span(start))
            continue
        node = args.field_or_alias("to")
        if isinstance(node, FieldName) and cursor.accept("->"):
            yield Alias(source=node, target=args.field("a field name after ->"), span=cursor.span(start))
            continue
        if isinstance(node, FieldName) and "`" not in node.name and "$" not in node.name:
            args.cursor.expected(f"AS and a new name for {node.name!r}")
        yield node


@reader("replace", kind="streaming", reads=_replaced, gives=same)
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


@reader(
    "head",
    kind="centralized",
    closed=True,
    options={"limit": INT, "null": BOOL, "keeplast": BOOL},
    reads=named,
    gives=same,
)
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


register("tail", kind="centralized", closed=True, options={"limit": INT}, number="limit", reads=nothing, gives=same)
register("reverse", kind="dataset", reads=nothing, gives=same)
register("uniq", kind="centralized", gives=same)
register("localop", "rtorder", kind="streaming", reads=nothing, gives=same)
register(
    "dedup",
    kind="dataset",
    closed=True,
    options={"keepevents": BOOL, "keepempty": BOOL, "consecutive": BOOL},
    words=Words.FIELDS,
    clauses={"sortby": Words.SORT},
    number="limit",
    reads=named,
    gives=same,
)


@reader("sort", kind="dataset", options={"limit": INT}, words=Words.SORT, reads=named, gives=same, advice=(_UNBOUNDED,))
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
            if args.end():
                yield Word(text=word, span=cursor.span(start))
                return
            cursor.pos = start
        yield args.sort_key()
        key_end = cursor.pos


@reader("regex", kind="streaming", reads=named_and("_raw"), gives=same, filters=True)
def regex(args: Arguments) -> Iterator[Node]:
    """Comparison(field, = or !=, Word), or Word alone for the raw text; more than one is for the engine to refuse."""
    while not args.end():
        yield from args.field_pattern()


@reader(
    "rex",
    kind="streaming",
    closed=True,
    options={"field": STR, "mode": STR, "max_match": INT, "offset_field": STR},
    reads=named_and("_raw"),
    gives=_rex,
)
def rex(args: Arguments) -> Iterator[Node]:
    """Options and one Word: the regular expression, or the sed expression."""
    while not args.end():
        name = args.keyword_before_equals()
        option = args.option() if name in args.options else None
        yield option or args.pattern()


register("fillnull", kind="streaming", options={"value": STR}, words=Words.FIELDS, reads=fields_named, gives=adds_named)
register("filldown", kind="centralized", words=Words.FIELDS, reads=fields_named, gives=same)
register(
    "bin",
    "bucket",
    "discretize",
    kind="streaming",
    closed=True,
    options={"bins": INT, "span": STR, "minspan": STR, "start": FLOAT, "end": FLOAT, "aligntime": STR},
    words=Words.FIELDS,
    reads=named,
    gives=adds_named,
)
register(
    "makemv",
    kind="streaming",
    closed=True,
    options={"delim": STR, "tokenizer": STR, "allowempty": BOOL, "setsv": BOOL},
    words=Words.FIELDS,
    reads=named,
    gives=same,
)
register("mvexpand", kind="streaming", closed=True, options={"limit": INT}, words=Words.FIELDS, reads=named, gives=same)
register("mvcombine", kind="dataset", closed=True, options={"delim": STR}, words=Words.FIELDS, gives=same)
register("nomv", kind="streaming", words=Words.FIELDS, reads=named, gives=same)
register(
    "tags",
    kind="streaming",
    options={"outputfield": STR, "inclname": BOOL, "inclvalue": BOOL, "allowed_tags": LIST},
    words=Words.FIELDS,
    reads=fields_named,
    gives=_tags,
)
register(
    "addinfo",
    kind="streaming",
    reads=nothing,
    gives=adds("info_min_time", "info_max_time", "info_sid", "info_search_time"),
)
register("typer", kind="streaming", gives=adds("eventtype"))
register("relevancy", "scrub")
register("iconify", kind="streaming", reads=named, gives=adds("_icon"))
register("reltime", kind="streaming", reads=_reltime_reads, gives=_reltime_gives)
register("highlight", kind="streaming", words=Words.FIELDS, reads=nothing, gives=same)


@reader("return", kind="transforming", reads=_returned, gives=only("search"), keeps_only_named=always)
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


register(
    "format", kind="transforming", options={"mvsep": STR, "maxresults": INT, "emptystr": STR}, gives=only("search")
)
register("strcat", kind="streaming", options={"allrequired": BOOL}, reads=named, gives=_last_word)
register(
    "makeresults",
    kind="generating",
    closed=True,
    options={
        "count": INT,
        "annotate": BOOL,
        "splunk_server": STR,
        "splunk_server_group": STR,
        "format": STR,
        "data": STR,
    },
    reads=nothing,
    gives=_makeresults,
)
register("delete", kind="transforming", reads=addressed, keeps_only_named=always)
register("history", "audit")
