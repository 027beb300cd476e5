"""The slow, obvious evaluator: search, eval, dedup and sort on one row (a dict) at a time, straight from the rules.

A cell is absent, a text, or a list of texts. It shares nothing with the engine but the syntax tree.
"""

from __future__ import annotations

import fnmatch
import functools
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

from caltrop.spl import ast

Cell = str | list[str] | None
Row = Mapping[str, Cell]
Value = None | bool | float | str | list[str]

BREAKERS = set("[]<>(){}|!;,'\"*\n\r\t &?+/:=@.-$#%\\_")


def number(value: Value) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, list):
        return number(value[0]) if len(value) == 1 else None
    if isinstance(value, float):
        return value
    return float(value) if re.fullmatch(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", value) else None


COMPARISONS: Mapping[str, Callable[[str, str], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class Product(float):
    """A product and the significant digits that it shows when it leaves its expression."""

    figures: int

    @classmethod
    def of(cls, value: float, figures: int) -> Product:
        made = cls(value)
        made.figures = figures
        return made

    def rounded(self) -> float:
        exact = Decimal(repr(float(self)))
        if not exact:
            return 0.0
        decimals = max(self.figures - exact.adjusted() - 1, 0)
        return float(exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP))


def figures(node: ast.Node, value: Value) -> int | None:
    """The digits that a factor allows: as many as it is written with, when it has a point."""
    if isinstance(value, Product):
        return value.figures
    written = {ast.Literal: str(value), ast.FieldName: text(value) or ""}.get(type(node), "")
    if isinstance(value, float) and value == int(value):
        return None
    digits = re.sub(r"[^0-9.]", "", written).replace(".", "").lstrip("0")
    return len(digits) or None if "." in written else None


def text(value: Value) -> str | None:
    if value is None:
        return None
    if isinstance(value, Product):
        return text(value.rounded())
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, list):
        return value[0] if len(value) == 1 else None
    if isinstance(value, float):
        if value == int(value) and abs(value) < 2**63:
            return str(int(value))
        decimal = f"{value:.15g}"  # unless it has more than twelve digits, what follows is noise
        return decimal if float(f"{value:.12g}") == float(decimal) else repr(value)
    return value


def values(value: Value) -> list[str]:
    if isinstance(value, list):
        return value
    single = text(value)
    return [] if single is None else [single]


# --- search ---------------------------------------------------------------------------------------------------------


def matches(node: ast.Node, row: Row) -> bool:
    match node:
        case ast.And(items=items):
            return all(matches(item, row) for item in items)
        case ast.Or(items=items):
            return any(matches(item, row) for item in items)
        case ast.Not(operand=operand):
            return not matches(operand, row)
        case ast.Comparison(field=field, op="=", value=ast.Word(text="*")):
            return row.get(field.name) is not None
        case ast.Comparison(field=field, op=op, value=ast.Word(text=wanted)):
            return any(_compares(cell, op, wanted) for cell in values(row.get(field.name)))
        case ast.Membership(field=field, values=members):
            wanted_texts = [word.text for word in members if isinstance(word, ast.Word)]
            assert len(wanted_texts) == len(members), "a search inside a membership is no matter of one row"
            return any(_compares(cell, "=", wanted) for cell in values(row.get(field.name)) for wanted in wanted_texts)
        case ast.Keyword(text=wanted):
            return _has_term(text(row.get("_raw")) or "", wanted)
    raise AssertionError(node)


def _compares(cell: str, op: str, wanted: str) -> bool:
    if op in ("=", "!="):
        equal = fnmatch.fnmatchcase(cell.lower(), re.sub(r"([\[?])", r"[\1]", wanted.lower()))
        return equal == (op == "=")
    left, right = number(cell), number(wanted)
    a, b = (left, right) if left is not None and right is not None else (cell.lower(), wanted.lower())
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[op]  # type: ignore[operator]


def _has_term(raw: str, term: str) -> bool:
    raw, term = raw.lower(), term.lower()
    for start in range(len(raw) - len(term) + 1):
        if raw.startswith(term, start):
            end = start + len(term)
            if (start == 0 or raw[start - 1] in BREAKERS) and (end == len(raw) or raw[end] in BREAKERS):
                return True
    return False


# --- eval -----------------------------------------------------------------------------------------------------------


def evaluate(node: ast.Node, row: Row) -> Value:
    match node:
        case ast.Literal(value=value):
            return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        case ast.FieldName(name=name):
            return row.get(name)
        case ast.Unary(op="NOT", operand=operand):
            inner = evaluate(operand, row)
            return None if inner is None else not inner
        case ast.Binary(op=op, left=left, right=right):
            a, b = evaluate(left, row), evaluate(right, row)
            quoted = isinstance(left, ast.Literal) and isinstance(right, ast.Literal)
            if quoted and op in COMPARISONS and isinstance(a, str) and isinstance(b, str):
                return COMPARISONS[op](a, b)
            result = _binary(op, a, b)
            limits = [n for n in (figures(left, a), figures(right, b)) if n is not None]
            return Product.of(result, min(limits)) if op == "*" and limits and isinstance(result, float) else result
        case ast.InList(operand=operand, items=items):
            return functools.reduce(
                lambda a, b: _logic("OR", a, b),
                (_compare("==", evaluate(operand, row), evaluate(i, row)) for i in items),
            )
        case ast.Call(name=name, args=args):
            return _call(name, [evaluate(arg, row) for arg in args])
    raise AssertionError(node)


def _binary(op: str, left: Value, right: Value) -> Value:
    if op in ("AND", "OR", "XOR"):
        return _logic(op, left, right)
    if op in ("==", "!=", "<", "<=", ">", ">="):
        return _compare(op, left, right)
    if op == ".":
        a, b = text(left), text(right)
        return None if a is None or b is None else a + b
    x, y = number(left), number(right)
    if x is None or y is None:
        return None
    if op in ("/", "%") and y == 0:
        return None
    return {"+": x + y, "-": x - y, "*": x * y, "/": x / y if y else 0.0, "%": x - y * int(x / y) if y else 0.0}[op]


def _logic(op: str, a: Value, b: Value) -> bool | None:
    assert a is None or isinstance(a, bool)
    assert b is None or isinstance(b, bool)
    if op == "XOR":
        return None if a is None or b is None else a != b
    decides = op == "OR"
    if a is decides or b is decides:
        return decides
    return None if a is None or b is None else not decides


def _compare(op: str, left: Value, right: Value) -> bool | None:
    lefts, rights = values(left), values(right)
    if not lefts or not rights:
        return None
    return any(_one(op, a, b) for a in lefts for b in rights)


def _one(op: str, a: str, b: str) -> bool:
    x, y = number(a), number(b)
    p, q = (x, y) if x is not None and y is not None else (a, b)
    return {"==": p == q, "!=": p != q, "<": p < q, "<=": p <= q, ">": p > q, ">=": p >= q}[op]  # type: ignore[operator]


def _call(name: str, args: Sequence[Value]) -> Value:
    if name == "if":
        return args[1] if args[0] is True else args[2]
    if name == "case":
        return next((value for cond, value in zip(args[::2], args[1::2], strict=True) if cond is True), None)
    if name == "coalesce":
        return next((value for value in args if value is not None), None)
    if name == "isnull":
        return args[0] is None
    if name == "len":
        single = text(args[0])
        return None if single is None else float(len(single))
    if name == "upper":
        return (
            [v.upper() for v in args[0]]
            if isinstance(args[0], list)
            else None
            if (s := text(args[0])) is None
            else s.upper()
        )
    if name == "mvcount":
        return float(len(values(args[0]))) or None
    if name == "mvappend":
        joined = [v for arg in args for v in values(arg)]
        return joined or None
    if name == "mvindex":
        items, at = values(args[0]), number(args[1])
        if at is None or not -len(items) <= int(at) < len(items):
            return None
        return items[int(at)]
    if name == "mvjoin":
        return None if not values(args[0]) else str(args[1]).join(values(args[0]))
    raise AssertionError(name)


def shown(value: Value) -> Cell:
    """A result cell: one-element lists are plain values."""
    if isinstance(value, list):
        return (value[0] if len(value) == 1 else value) if value else None
    return text(value)


# --- dedup and sort -------------------------------------------------------------------------------------------------


def dedup(rows: Sequence[Row], names: Sequence[str], keep: int, *, consecutive: bool, keepempty: bool) -> list[Row]:
    seen: dict[tuple[str, ...], int] = {}
    before: tuple[str, ...] | None = None
    out = []
    for row in rows:
        cells = [row.get(name) for name in names]
        key = tuple("\n".join(values(cell)) for cell in cells)
        if any(cell is None for cell in cells):
            if keepempty:
                out.append(row)
            before = None
            continue
        if consecutive and key != before:
            seen.clear()
        before = key
        seen[key] = seen.get(key, 0) + 1
        if seen[key] <= keep:
            out.append(row)
    return out


def sort(rows: Sequence[Row], keys: Sequence[tuple[str, bool]]) -> list[Row]:
    def compare(a: Row, b: Row) -> int:
        for name, descending in keys:
            x, y = values(a.get(name))[:1], values(b.get(name))[:1]
            if not x or not y:
                if bool(x) != bool(y):
                    return 1 if not x else -1
                continue
            order = _order(x[0], y[0])
            if order:
                return -order if descending else order
        return 0

    return sorted(rows, key=functools.cmp_to_key(compare))


def _order(a: str, b: str) -> int:
    x, y = number(a), number(b)
    left = (0, x, "") if x is not None else (1, 0.0, a)
    right = (0, y, "") if y is not None else (1, 0.0, b)
    return (left > right) - (left < right)
