"""Statistical functions: count, dc(x) AS y, sum(eval(a*b)), sparkline(avg(x), 1h), perc95(x).

The name of the result (`text`) is the source without needless white space and quotes, which is what Splunk calls the
column: `sum( "a b" )` is sum(a b). An eval argument is kept as written.
"""

from __future__ import annotations

import re
from dataclasses import replace

from caltrop.spl.arguments import Arguments
from caltrop.spl.ast import Aggregation, FieldName, Node, Span
from caltrop.spl.cursor import Cursor
from caltrop.spl.expressions import read_eval_call, read_expression

_FUNCTION = re.compile(r"[A-Za-z_][\w.]*|`[^`]*`(?=\()|\$[\w.:]+\$|<<\w+>>")
_SPAN = re.compile(r"[^\s,()]+")
_FIELD = re.compile(r'[^\s,|"()\[\]`]+')
_SPACED = re.compile(r"[A-Za-z_][\w.]*(?: +(?!(?:AND|OR|XOR|NOT|LIKE)\b)[A-Za-z_][\w.]*)+(?=\s*[,)])", re.IGNORECASE)
_RESULT = re.compile(r"\w+\([\w.{}:*-]+\)(?=\s*[,)])")


def read_aggregation(args: Arguments) -> Node:
    """One aggregation, or the macro that stands for one."""
    cursor = args.cursor
    start = cursor.skip()
    if cursor.text.startswith("`", start) and not _FUNCTION.match(cursor.text, start):
        macro = cursor.macro()
        if not args.keyword("as"):
            return macro
        written = cursor.text[start : macro.span.end]
        node = Aggregation(function=written, argument=macro, alias=None, text=written, span=macro.span)
    else:
        node = _function(args)
    if not args.take_behind("as"):
        return node
    return replace(node, alias=args.field("a field name after AS").name, span=cursor.span(start))


def _function(args: Arguments) -> Aggregation:
    cursor = args.cursor
    start = cursor.skip()
    found = cursor.match(_FUNCTION)
    if not found:
        cursor.expected("a statistical function such as count or avg(field)")
    name = found[0]
    end = cursor.pos
    if not cursor.accept("("):
        cursor.pos = end
        return Aggregation(function=name.lower(), argument=None, alias=None, text=name, span=cursor.span(start))
    with cursor.nested(start):
        if name.lower() == "eval":  # timechart eval(avg(x)/2) AS y BY z
            node: Node | None = read_expression(cursor)
            text = None
        elif name.lower() == "sparkline":
            return _sparkline(args, start)
        else:
            node, text = _argument(args)
    extra = _further(cursor)
    written = cursor.text[start : cursor.pos] if text is None else f"{name}({', '.join([text, *extra])})"
    return Aggregation(
        function=name.lower(), argument=node, alias=None, text=written, extra=extra, span=cursor.span(start)
    )


def _further(cursor: Cursor) -> tuple[str, ...]:
    """What follows the first argument (the span of a sparkline), as written, and the closing parenthesis."""
    extra: list[str] = []
    while cursor.accept(","):
        cursor.skip()
        more = cursor.match(_SPAN)
        if not more:
            cursor.expected("an argument")
        extra.append(more[0])
    if not cursor.accept(")"):
        cursor.expected('")" to close the parenthesis')
    return tuple(extra)


def _argument(args: Arguments) -> tuple[Node | None, str | None]:
    """The argument and its text, None when the text is kept as written."""
    cursor = args.cursor
    start = cursor.skip()
    if cursor.text.startswith(")", start):
        return None, ""
    if expression := read_eval_call(cursor):
        return expression, None
    if cursor.text.startswith("`", start):
        macro = cursor.macro()
        if not cursor.match(_FIELD):
            return macro, None
        name = cursor.text[start : cursor.pos]  # a part of a name: sum(`prefix`_bytes)
        return FieldName(name=name, span=cursor.span(start)), name
    if cursor.text.startswith("[", start):
        return args.subsearch(), None
    if cursor.text.startswith('"', start):
        name = cursor.string()
        return FieldName(name=name, quoted=True, span=cursor.span(start)), name
    if cursor.text.startswith("'", start):
        name = cursor.single_quoted()
        return FieldName(name=name, quoted=True, span=cursor.span(start)), name
    if prefix := _PREFIX.match(cursor.text, start):
        cursor.pos = prefix.end()
        return FieldName(name=prefix[0], span=cursor.span(start)), prefix[0]
    column = _RESULT.match(cursor.text, start)  # that of an earlier command: max(sum(bytes)); calculations need eval(…)
    if column:
        cursor.pos = column.end()
        return FieldName(name=column[0], span=cursor.span(start)), column[0]
    found = cursor.match(_FIELD)
    if not found:
        cursor.expected("a field name")
    end = cursor.pos
    if found[0].endswith(".") and cursor.text.startswith('"', end):  # dimensions."x y"
        name = found[0] + cursor.string()
        return FieldName(name=name, quoted=True, span=cursor.span(start)), name
    if cursor.peek() not in (")", ","):  # an expression without eval(), or a name with blanks: read generously
        cursor.pos = start
        if spaced := cursor.match(_SPACED):
            return FieldName(name=spaced[0], quoted=True, span=cursor.span(start)), spaced[0]
        return read_expression(cursor), None
    return FieldName(name=found[0], span=Span(start, end)), found[0]


def _sparkline(args: Arguments, start: int) -> Aggregation:
    cursor = args.cursor
    inner: Node | None = None
    if cursor.peek() != ")":
        inner = _function(args)
    extra = _further(cursor)
    inside = ", ".join([*([inner.text] if isinstance(inner, Aggregation) else []), *extra])
    return Aggregation(
        function="sparkline",
        argument=inner,
        alias=None,
        text=f"sparkline({inside})",
        extra=extra,
        span=cursor.span(start),
    )


_PREFIX = re.compile(r"PREFIX\([^)\s]*\)")
