"""Search expressions as filters over columns (Search Reference: search; Search Manual: search syntax, event segmentation).

A keyword is found in `_raw` between breakers; a field's values are compared as text without regard to case, `*` being any
text; order comparisons are numeric where both sides are numbers. Rows without `_raw` (after a transforming command) match
a keyword when any of their values does.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from functools import reduce
from operator import and_, or_

import polars as pl

from caltrop.dialect import addresses
from caltrop.dialect.moments import shift, time_bound
from caltrop.dialect.patterns import wildcard_pattern
from caltrop.dialect.zones import TimeError
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.table import MULTIVALUE, numeric, render
from caltrop.engine.values import to_number
from caltrop.index.coding import is_coded
from caltrop.spl.ast import (
    STORED,
    And,
    Comparison,
    Directive,
    FieldName,
    Keyword,
    Membership,
    Node,
    Not,
    Or,
    Word,
    is_time_modifier,
)
from caltrop.spl.errors import NOBODY

# segmenters.conf: what ends a segment. %xx escapes in the list are left to their literal spelling.
MAJOR = "[]<>(){}|!;,'\"*\n\r\t &?+"
MINOR = "/:=@.-$#%\\_"
_BREAKERS = "".join(re.escape(c) for c in MAJOR + MINOR)
_MAJOR_CLASS = "".join(re.escape(c) for c in MAJOR)
BOUNDARY = f"[{_BREAKERS}]"
MAJOR_BOUNDARY = f"[{_MAJOR_CLASS}]"

_CIDR = re.compile(r"^[0-9A-Fa-f.:]+/\d{1,3}$")


# The distinct values of a column of texts, where they are known and few; None for others.
Known = Callable[[str], pl.Series | None]


def nothing_known(_: str) -> pl.Series | None:
    return None


def predicate(node: Node, frame: pl.DataFrame, known: Known = nothing_known) -> pl.Expr:
    """The expression as a Boolean filter over the frame's columns, without nulls.

    A term on a column whose values are `known` is tested on these, and rows are compared with those that pass: several times as
    fast as a pattern, since case and wildcards are looked at once a value.
    """
    found = test(node, frame, known)
    return pl.lit(found) if isinstance(found, bool) else found


def plain(*nodes: Node) -> bool:
    """Whether the expressions have nothing that has to be run or that may be refused: over no rows they match none, and that is all."""
    for node in nodes:
        if isinstance(node, And | Or):
            fine = plain(*node.items)
        elif isinstance(node, Not):
            fine = plain(node.operand)
        elif isinstance(node, Comparison):
            directive = isinstance(node.value, Directive) and node.op in ("=", "!=")
            fine = (isinstance(node.value, Word) or directive) and not is_time_modifier(node)
        elif isinstance(node, Membership):
            fine = all(isinstance(value, Word | Directive) for value in node.values)
        else:
            fine = isinstance(node, Keyword | Directive)
        if not fine:
            return False
    return True


def test(node: Node, frame: pl.DataFrame, known: Known = nothing_known) -> pl.Expr | bool:
    """Like `predicate`; a bool where the columns that the frame has, and lacks, decide it for all rows."""
    if isinstance(node, And | Or):
        return _junction(node.items, frame, known, decides=isinstance(node, Or))
    if isinstance(node, Not):
        found = test(node.operand, frame, known)
        return not found if isinstance(found, bool) else ~found
    if isinstance(node, Keyword):
        return _keyword(node, frame)
    if isinstance(node, Directive):
        return _raw_search(frame, directive_pattern(node), node.text)
    if isinstance(node, Comparison):
        return _comparison(node, frame, known)
    if isinstance(node, Membership):
        return _member(node, frame, known)
    raise SearchError(f"{type(node).__name__} cannot stand in a search expression here", node=node)


def _junction(items: Sequence[Node], frame: pl.DataFrame, known: Known, *, decides: bool) -> pl.Expr | bool:
    """Any of the items, or (`decides` False) all of them: one that has that value settles it."""
    parts: list[pl.Expr] = []
    for item in items:
        found = test(item, frame, known)
        if found is decides:
            return decides
        if not isinstance(found, bool):
            parts.append(found)
    return reduce(or_ if decides else and_, parts) if parts else not decides


# --- terms ----------------------------------------------------------------------------------------------------------


def keyword_pattern(text: str, *, quoted: bool = False, ignore_case: bool = True) -> str:
    """A term as a regular expression: bounded by breakers where it does not begin or end with one, * within segments."""
    any_text = ".*?" if quoted else f"[^{_MAJOR_CLASS}]*"
    body = any_text.join(re.escape(part) for part in text.split("*"))
    start = "" if not text or text[0] in MAJOR + MINOR or text[0] == "*" else f"(?:^|{BOUNDARY})"
    end = "" if not text or text[-1] in MAJOR + MINOR or text[-1] == "*" else f"(?:$|{BOUNDARY})"
    return f"{'(?si)' if ignore_case else '(?s)'}{start}{body.removeprefix(any_text).removesuffix(any_text)}{end}"


def directive_pattern(node: Directive) -> str:
    if node.name == "CASE":
        return keyword_pattern(node.text, ignore_case=False)
    # TERM: the whole between major breakers.
    body = f"[^{_MAJOR_CLASS}]*".join(re.escape(part) for part in node.text.split("*"))
    return f"(?si)(?:^|{MAJOR_BOUNDARY}){body}(?:$|{MAJOR_BOUNDARY})"


def _keyword(node: Keyword, frame: pl.DataFrame) -> pl.Expr | bool:
    text = node.text
    if not text.strip("*"):
        return True
    return _raw_search(frame, keyword_pattern(text, quoted=node.quoted), text)


def _raw_search(frame: pl.DataFrame, pattern: str, text: str) -> pl.Expr | bool:
    if "_raw" in frame.columns:
        return pl.col("_raw").str.contains(pattern).fill_null(False)
    tests = [_any_value(frame, name, lambda e: e.str.contains(pattern)) for name in frame.columns if name != "_time"]
    columns = [test for test in tests if not isinstance(test, bool)]
    return reduce(or_, columns) if columns else False


def literals(text: str) -> list[str]:
    """Patterns that must be found in the raw text for a term to match: what a scan looks for first."""
    return [f"(?i){re.escape(part)}" for part in text.split("*") if part]


# --- comparisons ----------------------------------------------------------------------------------------------------


def _comparison(node: Comparison, frame: pl.DataFrame, known: Known) -> pl.Expr | bool:
    name = node.field.name
    if name not in frame.columns:
        return False
    if node.op in ("=", STORED):
        return _equal(name, node.value, frame, known)
    if node.op == "!=":
        return _any_value(frame, name, lambda e: ~_equal_text(e, node.value), known)
    return _ordered(node, frame, known)


def _member(node: Membership, frame: pl.DataFrame, known: Known) -> pl.Expr | bool:
    """One of several values: those that are plain text or have wildcards are looked for in one pass."""
    name = node.field.name
    if name not in frame.columns:
        return False
    texts = [v.text for v in node.values if isinstance(v, Word) and v.text.strip("*") and not is_network(v.text)]
    others = [v for v in node.values if not (isinstance(v, Word) and v.text in texts)]
    tests = [_equal(name, value, frame, known) for value in others]
    if texts:
        pattern = "|".join(f"(?:{wildcard_pattern(text)})" for text in dict.fromkeys(texts))
        tests.append(_any_value(frame, name, lambda e: e.str.contains(pattern), known))
    if any(found is True for found in tests):
        return True
    columns = [test for test in tests if not isinstance(test, bool)]
    return reduce(or_, columns) if columns else False


def _equal(name: str, value: Node, frame: pl.DataFrame, known: Known) -> pl.Expr | bool:
    if name not in frame.columns:
        return False
    if isinstance(value, Word) and value.text and not value.text.strip("*"):
        return pl.col(name).is_not_null()
    return _any_value(frame, name, lambda e: _equal_text(e, value), known)


def is_network(text: str) -> bool:
    """Whether a value is compared as a CIDR block too."""
    return _CIDR.match(text) is not None


def _equal_text(text: pl.Expr, value: Node) -> pl.Expr:
    if isinstance(value, Directive):
        words = value.text
        if value.name == "CASE":
            return text.str.contains(wildcard_pattern(words, ignore_case=False)) if "*" in words else text == words
    elif isinstance(value, Word):
        words = value.text
    else:
        raise SearchError(f"{type(value).__name__} cannot stand for a value here", node=value)
    if "*" in words:
        return text.str.contains(wildcard_pattern(words))
    # An anchored pattern is several times as fast as folding the case of a column.
    equal = text == words if words.lower() == words.upper() else text.str.contains(wildcard_pattern(words))
    if is_network(words):
        return equal | in_network(text, words)
    return equal


def in_network(text: pl.Expr, network: str) -> pl.Expr:
    """Whether the text is an address inside the CIDR block."""
    try:
        block = ipaddress.ip_network(network, strict=False)
    except ValueError:
        return pl.lit(False)

    def inside(value: str) -> bool:
        try:
            return ipaddress.ip_address(value) in block
        except ValueError:
            return False

    def test(column: pl.Series) -> pl.Series:
        if not isinstance(block, ipaddress.IPv4Network):
            return column.is_in([value for value in column.unique().drop_nulls().to_list() if inside(value)])
        return addresses.inside(addresses.ipv4(column), block).fill_null(False)

    return text.map_batches(test, return_dtype=pl.Boolean)


def _ordered(node: Comparison, frame: pl.DataFrame, known: Known) -> pl.Expr | bool:
    name = node.field.name
    if not isinstance(node.value, Word):
        raise SearchError(f"'{node.op}' needs a value on its right", node=node.value)
    words = node.value.text
    wanted = to_number(words)
    test = {"<": pl.Expr.lt, "<=": pl.Expr.le, ">": pl.Expr.gt, ">=": pl.Expr.ge}[node.op]
    column = frame.get_column(name)
    if wanted is not None and column.dtype != MULTIVALUE and not is_coded(column.dtype):
        number = numeric(column)
        if number.null_count() == column.null_count():
            return test(pl.lit(number), wanted).fill_null(False)

    def text_test(text: pl.Expr) -> pl.Expr:
        words_test = test(text.str.to_lowercase(), words.lower())
        if wanted is None:
            return words_test
        number = text.str.strip_chars().cast(pl.Float64, strict=False)
        return pl.when(number.is_finite()).then(test(number, wanted)).otherwise(words_test)

    return _any_value(frame, name, text_test, known)


def _any_value(
    frame: pl.DataFrame, name: str, test: Callable[[pl.Expr], pl.Expr], known: Known = nothing_known
) -> pl.Expr | bool:
    """The text test over a column of any type; for a multivalue it is enough that one value passes."""
    dtype = frame.schema[name]
    if isinstance(dtype, pl.Enum):
        return _any_code(name, dtype.categories, test)
    if dtype == MULTIVALUE:
        result: pl.Expr = pl.col(name).list.eval(test(pl.element())).list.any()
    elif dtype == pl.String:
        values = known(name)
        if values is not None:
            passing = values.filter(values.to_frame("value").select(test(pl.col("value"))).to_series())
            if len(passing) == 0:
                return False
            if len(passing) == 1:
                return pl.col(name).eq(passing[0]).fill_null(False)
            return pl.col(name).is_in(passing.implode()).fill_null(False)
        result = test(pl.col(name))
    elif dtype == pl.Null:
        return False
    else:
        result = test(pl.lit(render(frame.get_column(name))))
    return result.fill_null(False)


def _any_code(name: str, values: pl.Series, test: Callable[[pl.Expr], pl.Expr]) -> pl.Expr | bool:
    """The text test over a coded column: each value is tested once, and rows are compared by their numbers."""
    value = pl.col("value")  # never null, which makes a column of a test that is the same for all
    passing = (
        values.to_frame("value").select((test(value).fill_null(False) & value.is_not_null()).arg_true()).to_series()
    )
    if len(passing) == 0:
        return False
    if len(passing) == len(values):
        return pl.col(name).is_not_null()
    codes = pl.col(name).to_physical()
    if len(passing) == 1:
        return codes.eq(passing[0]).fill_null(False)
    return codes.is_in(passing.implode()).fill_null(False)


# --- time modifiers ---------------------------------------------------------------------------------------------------

_STARTS = frozenset(("earliest", "starttime", "_index_earliest", "starttimeu"))
_ENDS = frozenset(("latest", "endtime", "_index_latest", "endtimeu"))
_AGO = {"seconds": "s", "minutes": "m", "hours": "h", "days": "d", "months": "mon"}


def timeformat(node: Node) -> str | None:
    """The timeformat= of a search, which the absolute times beside it are written in."""
    for item in node.walk():
        if isinstance(item, Comparison) and item.field.name.lower() == "timeformat" and isinstance(item.value, Word):
            return item.value.text
    return None


def modifier_bounds(node: Comparison, ctx: Context, form: str | None = None) -> tuple[float | None, float | None]:
    """(earliest, latest) that one time modifier sets, in epoch seconds; latest is exclusive."""
    name = node.field.name.lower()
    if not isinstance(node.value, Word):
        raise SearchError(f"{name} needs a time", node=node)
    text = node.value.text
    if name == "timeformat":
        return None, None
    if name in _STARTS or name in _ENDS:
        try:
            moment = time_bound(text, ctx.now, ctx.timezone, None if name.endswith("u") else form)
        except TimeError as error:
            raise _bad_term(error.message, node, hint=error.hint) from error
        return (moment, None) if name in _STARTS else (None, moment)
    match = re.fullmatch(
        r"(start|end|)(seconds|minutes|hours|days|months)ago|searchtimespan(minutes|hours|days|months)", name
    )
    if match is None or not re.fullmatch(r"\d+(\.\d+)?", text):
        raise _bad_term(f"{name} needs a number", node)
    unit = _AGO[match[2] or match[3]]
    moment = shift(ctx.now, -int(float(text)), unit, ctx.timezone)
    return (None, moment) if match[1] == "end" else (moment, None)


def _bad_term(message: str, node: Comparison, hint: str | None = None) -> SearchError:
    value = node.value.text if isinstance(node.value, Word) else ""
    says = f"Invalid value \"{value}\" for time term '{node.field.name}'"
    return SearchError(message, node=node, hint=hint, says=says, by=NOBODY)


def with_times(node: Node, ctx: Context) -> Node:
    """Time modifiers written as comparisons of _time (or _indextime), so that they also work inside OR and NOT."""
    if not any(isinstance(item, Comparison) and is_time_modifier(item) for item in node.walk()):
        return node
    return _with_times(node, ctx, timeformat(node))


def _with_times(node: Node, ctx: Context, form: str | None) -> Node:
    if isinstance(node, And | Or):
        return type(node)(tuple(_with_times(item, ctx, form) for item in node.items), span=node.span)
    if isinstance(node, Not):
        return Not(_with_times(node.operand, ctx, form), span=node.span)
    if isinstance(node, Comparison) and is_time_modifier(node):
        low, high = modifier_bounds(node, ctx, form)
        field = FieldName("_indextime" if node.field.name.lower().startswith("_index") else "_time")
        bounds = [
            Comparison(field, op, Word(repr(bound))) for op, bound in ((">=", low), ("<", high)) if bound is not None
        ]
        return And(tuple(bounds), span=node.span)
    return node
