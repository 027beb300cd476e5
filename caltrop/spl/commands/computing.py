"""Commands that compute fields."""

from __future__ import annotations

import re
from collections.abc import Iterator

from caltrop.spl.arguments import Arguments
from caltrop.spl.ast import Alias, Assignment, Command, FieldFunction, FieldName, Node, Option, Raw, Word
from caltrop.spl.declaration import Words, reader, register
from caltrop.spl.facts import (
    adds,
    adds_named,
    assigned,
    assigned_from,
    fields_named,
    has_macro,
    named,
    named_and,
    nothing,
    option_or,
    same,
)
from caltrop.spl.fieldsets import OPEN, Fields
from caltrop.spl.kinds import BOOL, FLOAT, INT, STR


def _eval(command: Command, fields: Fields) -> Fields:
    targets = [a.target for a in command.of(Assignment)]
    if any(c in target for target in targets for c in "{<$`") or any(
        not isinstance(part, Assignment) for part in command.parts
    ):
        return OPEN
    return fields.adding(targets)


def _convert(command: Command, fields: Fields) -> Fields:
    return OPEN if has_macro(command) else fields.adding([f.alias for f in command.of(FieldFunction) if f.alias])


def _source_and_target(command: Command) -> tuple[str, str | None]:
    for part in command.parts:
        if isinstance(part, Alias):
            return part.source.name, part.target.name
        if isinstance(part, FieldName):
            return part.name, None
    return "*", None


def _delta(command: Command, fields: Fields) -> Fields:
    source, target = _source_and_target(command)
    return fields.adding([target or f"delta({source})"])


def _autoregress(command: Command, fields: Fields) -> Fields:
    source, target = _source_and_target(command)
    return fields.adding([target or f"{source}_p*"])


def _labelled(command: Command, fields: Fields) -> Fields:
    label = command.option("labelfield")
    return fields.adding([str(label)] if label else [])


def _addtotals(command: Command, fields: Fields) -> Fields:
    return _labelled(command, fields).adding([str(command.option("fieldname") or "Total")])


def _spath(command: Command, fields: Fields) -> Fields:
    output, path = command.option("output"), command.option("path")
    words = [n.text for n in command.of(Word)]
    name = output or path or (words[0] if words else None)
    return fields.adding([str(name)]) if name else OPEN


def _extracted(command: Command) -> frozenset[str] | None:
    """The raw text; a transform may start from any field."""
    return None if command.of(Word) else frozenset({"_raw"})


def _iplocation(command: Command, fields: Fields) -> Fields:
    if command.option("prefix"):
        return OPEN
    return fields.adding(["Continent", "MetroCode", "Timezone", "City", "Country", "Region", "lat", "lon"])


def _setfields(command: Command, fields: Fields) -> Fields:
    return fields.adding([option.name for option in command.of(Option)])


_TARGET = re.compile(r"(?:<<\w+>>|\$[\w.:]+\$|[^\s=,|\"'()\[\]`<>!]|`[^`]*`)+")


@reader("eval", brackets=True, kind="streaming", reads=assigned_from, sets=assigned, gives=_eval)
@reader("fieldformat", brackets=True, kind="streaming", reads=named, gives=same)
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
            cursor.expected(
                'an operator, "," or the end of the expression',
                says=f"The expression is malformed. An unexpected character is reached at '{cursor.rest()}'.",
            )
    if not some:
        cursor.expected("field=expression")


# Everything before the equal sign: size (MB)=…, complete(%)=…, A!B=…, dimensions."x y"=…
_LONG_TARGET = re.compile(r'[^\s=,|"\'()\[\]`<>](?:[^=,|"\[\]`\n]|\."[^"\n]*")*?(?<![<>!\s])(?=\s*=(?!=))')


def _target(args: Arguments) -> str:
    """The name of a new field; one with blanks or punctuation in it needs no quotes."""
    cursor = args.cursor
    char = cursor.peek()
    if char == '"':
        return cursor.string()
    if char == "'":
        return cursor.single_quoted()
    start = cursor.pos
    found = cursor.match(_TARGET)
    if not found:
        cursor.expected("a field name before the equal sign")
    longer = None if cursor.peek() in "=" else _LONG_TARGET.match(cursor.text, start)
    if not longer:
        return found[0]
    cursor.pos = longer.end()
    return longer[0].replace('"', "")


@reader("convert", kind="streaming", closed=True, options={"timeformat": STR}, reads=named, gives=_convert)
def convert(args: Arguments) -> Iterator[Node]:
    """Option(timeformat), FieldFunction each."""
    cursor = args.cursor
    while not args.end():
        start = cursor.skip()
        if cursor.text.startswith("`", start) and not _WORD.match(cursor.text, start):
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


_WORD = re.compile(r"\w+|`[^`]*`(?=\()")

register("rangemap", kind="streaming", options={"field": STR, "default": STR}, reads=named, gives=adds("range"))
register("accum", kind="centralized", words=Words.FIELDS, reads=named, gives=adds_named)
register("delta", kind="centralized", options={"p": INT}, words=Words.FIELDS, reads=named, gives=_delta)
register("autoregress", kind="centralized", options={"p": STR}, words=Words.FIELDS, reads=named, gives=_autoregress)
register(
    "addtotals",
    kind="streaming",
    options={"row": BOOL, "col": BOOL, "labelfield": STR, "label": STR, "fieldname": STR},
    words=Words.FIELDS,
    reads=fields_named,
    gives=_addtotals,
)
register(
    "addcoltotals",
    kind="dataset",
    options={"labelfield": STR, "label": STR},
    words=Words.FIELDS,
    reads=fields_named,
    gives=_labelled,
)
register(
    "spath",
    kind="streaming",
    closed=True,
    options={"input": STR, "output": STR, "path": STR},
    words=Words.WORDS,
    reads=named_and("_raw"),
    gives=_spath,
)
register(
    "xmlkv", kind="streaming", closed=True, options={"maxinputs": INT}, words=Words.FIELDS, reads=named_and("_raw")
)
register("xmlunescape", kind="streaming", options={"maxinputs": INT}, words=Words.FIELDS, gives=same)
register(
    "xpath",
    kind="streaming",
    closed=True,
    options={"field": STR, "outfield": STR, "default": STR},
    reads=named_and("_raw"),
    gives=option_or("outfield", "xpath"),
)
register(
    "extract",
    "kv",
    kind="streaming",
    closed=True,
    options={
        "segment": BOOL,
        "auto": BOOL,
        "reload": BOOL,
        "limit": INT,
        "maxchars": INT,
        "mv_add": BOOL,
        "clean_keys": BOOL,
        "kvdelim": STR,
        "pairdelim": STR,
    },
    reads=_extracted,
)
register("kvform", options={"form": STR, "field": STR})
register(
    "multikv",
    kind="streaming",
    closed=True,
    options={
        "conf": STR,
        "copyattrs": BOOL,
        "forceheader": INT,
        "multitable": BOOL,
        "noheader": BOOL,
        "rmorig": BOOL,
    },
    clauses={"fields": Words.FIELDS, "filter": Words.WORDS},
)
register(
    "tojson",
    kind="streaming",
    options={"auto": STR, "default_type": STR, "fill_null": BOOL, "include_internal": BOOL, "output_field": STR},
    gives=option_or("output_field", "_raw"),
)
register("fromjson", kind="streaming", options={"prefix": STR}, words=Words.FIELDS, reads=named)
register(
    "iplocation",
    kind="streaming",
    options={"prefix": STR, "allfields": BOOL, "lang": STR},
    words=Words.FIELDS,
    reads=fields_named,
    gives=_iplocation,
)
register(
    "erex",
    kind="dataset",
    options={"fromfield": STR, "examples": STR, "counterexamples": STR, "maxtrainers": INT},
    words=Words.FIELDS,
    reads=named_and("_raw"),
    gives=adds_named,
)
register("setfields", kind="streaming", reads=nothing, gives=_setfields)
register(
    "concurrency",
    kind="dataset",
    closed=True,
    options={"duration": STR, "start": STR, "output": STR},
    reads=named,
    gives=option_or("output", "concurrency"),
)
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
register("gauge", kind="transforming")
register(
    "makecontinuous",
    kind="transforming",
    closed=True,
    options={"span": STR, "bins": INT, "start": FLOAT, "end": FLOAT, "aligntime": STR},
    words=Words.FIELDS,
    reads=named,
    gives=same,
)
register("timewrap", kind="transforming", options={"align": STR, "series": STR, "time_format": STR})


@reader(
    "foreach",
    kind="streaming",
    brackets=True,
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
    """Options, field patterns (FieldName), one Subsearch: the template; Raw where tokens of its own are replaced in its text."""
    own = False
    while not args.end():
        if args.cursor.peek() == "[":
            yield _template(args, own=own)
        else:
            option = args.option()
            own = own or (isinstance(option, Option) and option.name != "mode")
            yield option or args.field_or_alias()


_TEMPLATE_TEXT = re.compile(r'\[((?:"(?:[^"\\]|\\.)*+"|[^"\[\]]|\[(?:"(?:[^"\\]|\\.)*+"|[^"\[\]])*+\])*+)\]')


def _template(args: Arguments, *, own: bool) -> Node:
    cursor = args.cursor
    start = cursor.pos
    if own and (found := cursor.match(_TEMPLATE_TEXT)):
        return Raw(text=found[1].strip(), span=cursor.span(start))
    return args.subsearch()
