"""Commands that compute fields."""

from __future__ import annotations

import re
from collections.abc import Iterator

from caltrop.spl.arguments import Arguments
from caltrop.spl.ast import Assignment, FieldFunction, Node
from caltrop.spl.kinds import BOOL, FLOAT, INT, STR
from caltrop.spl.syntax import Words, reader, register

_TARGET = re.compile(r"(?:<<\w+>>|\$[\w.:]+\$|[^\s=,|\"'()\[\]`<>!]|`[^`]*`)+")


@reader("eval", "fieldformat")
def eval_(args: Arguments) -> Iterator[Node]:
    """Assignment each; a macro or a subsearch may stand for one, a macro (a comment as a rule) behind one too."""
    cursor = args.cursor
    some = False
    while not args.end():
        some = True
        start = cursor.skip()
        if cursor.text.startswith("[", start):
            yield args.subsearch()
            continue
        if cursor.text.startswith("`", start):
            macro = cursor.macro()
            if cursor.peek() not in "=<$" or not cursor.peek():
                yield macro
                continue
            cursor.pos = start
        target = _target(args)
        if not cursor.accept("="):
            cursor.expected(f'"=" and an expression for {target!r} (eval needs field=expression)')
        expression = args.expression()
        yield Assignment(target=target, expression=expression, span=cursor.span(start))
        if cursor.peek() not in ("", "|", "]", ",", "`"):
            cursor.expected('an operator, "," or the end of the expression')
    if not some:
        cursor.expected("field=expression")


def _target(args: Arguments) -> str:
    cursor = args.cursor
    char = cursor.peek()
    if char == '"':
        return cursor.string()
    if char == "'":
        return cursor.single_quoted()
    found = cursor.match(_TARGET)
    if not found:
        cursor.expected("a field name before the equal sign")
    return found[0]


@reader("convert", options={"timeformat": STR})
def convert(args: Arguments) -> Iterator[Node]:
    """Option(timeformat), FieldFunction each."""
    cursor = args.cursor
    while not args.end():
        start = cursor.skip()
        if cursor.text.startswith("`", start):
            yield cursor.macro()
        elif option := args.option():
            yield option
        else:
            found = cursor.match(_WORD)
            if not found:
                cursor.expected("a conversion such as ctime(field)")
            if not cursor.accept("("):
                cursor.expected('"(" and a field name')
            field = args.field("a field name or pattern")
            if not cursor.accept(")"):
                cursor.expected('")" to close the parenthesis')
            alias = args.field("a field name after AS").name if args.take("as") else None
            yield FieldFunction(function=found[0].lower(), field=field, alias=alias, span=cursor.span(start))


_WORD = re.compile(r"\w+")

register("rangemap", options={"field": STR, "default": STR})
register("accum", words=Words.FIELDS)
register("delta", options={"p": INT}, words=Words.FIELDS)
register("autoregress", options={"p": STR}, words=Words.FIELDS)
register(
    "addtotals",
    options={"row": BOOL, "col": BOOL, "labelfield": STR, "label": STR, "fieldname": STR},
    words=Words.FIELDS,
)
register("addcoltotals", options={"labelfield": STR, "label": STR}, words=Words.FIELDS)
register("spath", options={"input": STR, "output": STR, "path": STR}, words=Words.WORDS)
register("xmlkv", options={"maxinputs": INT}, words=Words.FIELDS)
register("xmlunescape", options={"maxinputs": INT}, words=Words.FIELDS)
register("xpath", options={"field": STR, "outfield": STR, "default": STR})
register(
    "extract", "kv",
    options={
        "segment": BOOL, "auto": BOOL, "reload": BOOL, "limit": INT, "maxchars": INT, "mv_add": BOOL,
        "clean_keys": BOOL, "kvdelim": STR, "pairdelim": STR,
    },
)  # fmt: skip
register("kvform", options={"form": STR, "field": STR})
register(
    "multikv",
    options={
        "conf": STR, "copyattrs": BOOL, "forceheader": INT, "multitable": BOOL, "noheader": BOOL, "rmorig": BOOL,
    },
    clauses={"fields": Words.FIELDS, "filter": Words.WORDS},
)  # fmt: skip
register(
    "tojson",
    options={"auto": STR, "default_type": STR, "fill_null": BOOL, "include_internal": BOOL, "output_field": STR},
)
register("fromjson", options={"prefix": STR}, words=Words.FIELDS)
register("iplocation", options={"prefix": STR, "allfields": BOOL, "lang": STR}, words=Words.FIELDS)
register(
    "erex", options={"fromfield": STR, "examples": STR, "counterexamples": STR, "maxtrainers": INT}, words=Words.FIELDS
)
register("setfields")
register("concurrency", options={"duration": STR, "start": STR, "output": STR})
register(
    "geom",
    options={
        "allfeatures": BOOL,
        "featureidfield": STR,
        "gen": FLOAT,
        "min_x": FLOAT,
        "min_y": FLOAT,
        "max_x": FLOAT,
        "max_y": FLOAT,
    },
)
register("geomfilter", options={"min_x": FLOAT, "min_y": FLOAT, "max_x": FLOAT, "max_y": FLOAT})
register("gauge")
register(
    "makecontinuous",
    options={"span": STR, "bins": INT, "start": FLOAT, "end": FLOAT, "aligntime": STR},
    words=Words.FIELDS,
)
register("timewrap", options={"align": STR, "series": STR, "time_format": STR})


@reader(
    "foreach",
    options={
        "mode": STR,
        "fieldstr": STR,
        "matchstr": STR,
        "matchseg1": STR,
        "matchseg2": STR,
        "matchseg3": STR,
        "itemstr": STR,
        "iterstr": STR,
    },
)
def foreach(args: Arguments) -> Iterator[Node]:
    """Options, field patterns (FieldName), one Subsearch: the template."""
    while not args.end():
        if args.cursor.peek() == "[":
            yield args.subsearch()
        else:
            yield args.option() or args.field_or_alias()
