"""Eval expressions over whole columns (Search Reference: eval command usage, evaluation functions).

Null semantics: arithmetic, concatenation and comparison with a missing value give a missing value; a condition that is
missing is not true. Types are checked as Splunk does before any row is looked at, on what the text alone says: string
literals and string functions are strings, fields may be anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import polars as pl

from caltrop.dialect.patterns import like_pattern
from caltrop.dialect.words import did_you_mean
from caltrop.engine import budget
from caltrop.engine.calls import Invocation, Scope, as_condition, invalid_arguments
from caltrop.engine.errors import SearchError
from caltrop.engine.figures import fewest, figures_of
from caltrop.engine.registry import FunctionEntry, functions
from caltrop.engine.subsearches import as_expression
from caltrop.engine.values import Value, by_row, calculate, constant, to_number, unify
from caltrop.spl.ast import Binary, Call, FieldName, InList, Literal, Node, Subsearch, Template, Unary

_DOLLARS = re.compile(r"\$([^$|]+)\$")


def evaluate(node: Node, scope: Scope) -> Value:
    """The value of an expression for every row of the scope."""
    if isinstance(node, Literal):
        return constant(node.value)
    if isinstance(node, FieldName):
        return scope.field(node.name)
    if isinstance(node, Call):
        return _call(node, scope)
    if isinstance(node, Binary):
        return _binary(node, scope)
    if isinstance(node, Unary):
        return _unary(node, scope)
    if isinstance(node, InList):
        if not node.items:
            raise SearchError("IN needs at least one value", node=node)
        return membership(evaluate(node.operand, scope), [evaluate(item, scope) for item in node.items])
    if isinstance(node, Subsearch):
        return evaluate(as_expression(node, scope.ctx), scope)
    if isinstance(node, Template):
        if name := _DOLLARS.fullmatch(node.text):  # the older way to quote a field name
            return scope.field(name[1])
        raise SearchError(f"{node.text} has no value here", node=node)
    raise SearchError(f"{type(node).__name__} is no eval expression", node=node)


def condition(node: Node, scope: Scope, where: str) -> pl.Series:
    """A condition for every row: a Boolean Series without nulls."""
    value = as_condition(evaluate(node, scope), node, where, f"{TYPES} The expression must give a boolean.")
    return value.stretch(scope.height).fill_null(False)


def _call(node: Call, scope: Scope) -> Value:
    entry = functions.get(node.name)
    if entry is None:
        raise SearchError(
            f"unknown eval function '{node.name}'",
            node=node,
            hint=did_you_mean(node.name, functions),
            says=f"The '{node.name}' function is unsupported or undefined.",
        )
    count = len(node.args)
    if count < entry.least or (entry.most is not None and count > entry.most):
        raise SearchError(
            f"the {node.name} function takes {_arity(entry)}, not {count}",
            node=node,
            says=invalid_arguments(node.name),
        )
    budget.check()
    value = entry.run(Invocation(node, scope, evaluate))
    budget.column(value.column)
    return value


def _arity(entry: FunctionEntry) -> str:
    if entry.most is None:
        return f"at least {entry.least} arguments"
    if entry.least == entry.most:
        return "no arguments" if entry.least == 0 else f"{entry.least} argument{'s' if entry.least > 1 else ''}"
    return f"{entry.least} to {entry.most} arguments"


def _unary(node: Unary, scope: Scope) -> Value:
    value = evaluate(node.operand, scope)
    if node.op == "NOT":
        return calculate("bool", lambda x: ~x, as_condition(value, node.operand, "NOT", _only_booleans("NOT")))
    _refuse(value, node, node.op, "string", "bool")
    return calculate("number", (lambda x: -x) if node.op == "-" else (lambda x: x), value.number())


def _binary(node: Binary, scope: Scope) -> Value:
    left = evaluate(node.left, scope)
    right = evaluate(node.right, scope)
    op = node.op
    if op in ("AND", "OR", "XOR"):
        says = _only_booleans(op)
        return _logic(op, as_condition(left, node.left, op, says), as_condition(right, node.right, op, says))
    if op == "LIKE":
        return like(left, right)
    if op in ("==", "!=", "<", "<=", ">", ">="):
        _comparable(node, left, right)
        if _quoted(node.left) and _quoted(node.right):
            return calculate("bool", _COMPARE[op], left, right)
        return compare(op, left, right)
    if op == ".":
        for value in (left, right):
            _refuse(value, node, op, "bool", "null")
        return _joined(left, right, scope)
    if op == "+":
        return _plus(node, left, right, scope)
    for value in (left, right):
        _refuse(value, node, op, "string", "bool")
    result = arithmetic(op, left, right)
    if op == "*":
        result.figures = fewest(figures_of(node.left, left), figures_of(node.right, right))
    return result


TYPES = "Type checking failed."


def _only_booleans(op: str) -> str:
    return f"{TYPES} '{op}' only takes boolean arguments."


def _comparable(node: Binary, left: Value, right: Value) -> None:
    """Two sides whose types are known and differ are refused; a field may be anything."""
    kinds = {left.kind, right.kind}
    if len(kinds) > 1 and "any" not in kinds:
        raise SearchError(
            f"type error: operator '{node.op}' compares a {left.kind} with a {right.kind}",
            node=node,
            says=f"{TYPES} The '{node.op}' operator received different types.",
        )


def _quoted(node: Node) -> bool:
    """Two quoted literals are compared as text, even where both read as numbers: measured on min("10", "9"), which is 10."""
    return isinstance(node, Literal) and isinstance(node.value, str)


def _refuse(value: Value, node: Node, op: str, *kinds: str) -> None:
    if value.kind in kinds:
        words = "The '.' operator only takes strings and numbers." if op == "." else f"'{op}' only takes numbers."
        what = "strings and numbers" if op == "." else "numbers"
        raise SearchError(
            f"type error: operator '{op}' needs {what}, not a {value.kind}", node=node, says=f"{TYPES} {words}"
        )


def arithmetic(op: str, left: Value, right: Value) -> Value:
    builders: dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": lambda a, b: pl.when(b != 0).then(a / b),
        # The remainder has the sign of the dividend, as in C.
        "%": lambda a, b: pl.when(b != 0).then(a - b * (a / b).cast(pl.Int64, strict=False).cast(pl.Float64)),
        "+": lambda a, b: a + b,
    }
    return calculate("number", builders[op], left.number(), right.number())


def _joined(left: Value, right: Value, scope: Scope) -> Value:
    """One text after the other."""
    budget.check()
    texts = left.text(), right.text()
    bytes_ = (int(text.column.estimated_size()) * (scope.height if text.constant else 1) for text in texts)
    budget.size(sum(bytes_))
    value = calculate("string", lambda a, b: a + b, *texts)
    budget.column(value.column)
    return value


def _plus(node: Binary, left: Value, right: Value, scope: Scope) -> Value:
    """Adds two numbers, concatenates two strings; a number and a string together have no value."""
    kinds = {left.kind, right.kind}
    if kinds == {"string", "number"} or "bool" in kinds:
        raise SearchError(
            "type error: operator '+' takes two numbers or two strings",
            node=node,
            says=f"{TYPES} '+' only takes two strings or two numbers.",
        )
    if "string" in kinds:
        return _joined(left, right, scope)
    if "number" in kinds or (left.numbers and right.numbers):
        return arithmetic("+", left, right)
    number = arithmetic("+", left, right)
    words = calculate(
        "string",
        lambda a, b, x, y: pl.when(x.is_null() & y.is_null()).then(a + b),
        left.text(), right.text(), left.number(), right.number(),
    )  # fmt: skip
    if words.column.null_count() == len(words.column):
        return Value(number.column, constant=number.constant)
    return coalesce([Value(number.column, constant=number.constant), words])


def _logic(op: str, left: Value, right: Value) -> Value:
    if op == "AND":
        return calculate("bool", lambda a, b: a & b, left, right)
    if op == "OR":
        return calculate("bool", lambda a, b: a | b, left, right)
    return calculate("bool", lambda a, b: a ^ b, left, right)


_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def compare(op: str, left: Value, right: Value) -> Value:
    """Numeric where both sides are numbers, else by text; a multivalue compares true when any of its values does."""
    test = _COMPARE[op]
    if left.multivalue or right.multivalue:
        return _compare_any(op, left, right)
    if left.column.dtype == pl.Boolean and right.column.dtype == pl.Boolean:
        return calculate("bool", test, left, right)
    if left.numbers and right.numbers:
        return calculate("bool", test, left.number(), right.number())
    a, b = left.number(), right.number()
    if a.column.null_count() == left.column.null_count() and b.column.null_count() == right.column.null_count():
        return calculate("bool", test, a, b)  # every value that is there is a number: no text is needed
    if a.column.null_count() == len(a.column) or b.column.null_count() == len(b.column):
        return calculate("bool", test, left.text(), right.text())
    return calculate(
        "bool",
        lambda x, y, s, t: pl.coalesce(test(x, y), test(s, t)),
        a, b, left.text(), right.text(),
    )  # fmt: skip


def _compare_any(op: str, left: Value, right: Value) -> Value:
    test = _COMPARE[op]

    def one(a: str, b: str) -> bool:
        x, y = to_number(a), to_number(b)
        return bool(test(x, y) if x is not None and y is not None else test(a, b))

    def row(left_values: list[str] | None, right_values: list[str] | None) -> bool | None:
        if not left_values or not right_values:
            return None
        return any(one(a, b) for a in left_values for b in right_values)

    return by_row("bool", pl.Boolean, row, left.lists(), right.lists())


def membership(operand: Value, items: list[Value]) -> Value:
    """True when the operand equals one of the items."""
    result = compare("==", operand, items[0])
    for item in items[1:]:
        result = _logic("OR", result, compare("==", operand, item))
    return result


def like(text: Value, pattern: Value) -> Value:
    """SQL LIKE, anchored and case-sensitive; true for a multivalue when any value matches."""
    if pattern.constant and not text.multivalue:
        words = pattern.text().scalar()
        if words is None:
            return constant(None)
        return calculate("bool", lambda s: s.str.contains(like_pattern(words)), text.text())

    def row(values: list[str] | None, words: str | None) -> bool | None:
        if not values or words is None:
            return None
        return any(re.fullmatch(like_pattern(words), v) is not None for v in values)

    return by_row("bool", pl.Boolean, row, text.lists(), pattern.text())


def choose(cond: Value, yes: Value, no: Value) -> Value:
    """`yes` where the condition is true, `no` where it is false or missing."""
    (a, b), kind = unify([yes, no])
    return calculate(kind, lambda c, x, y: pl.when(c).then(x).otherwise(y), cond, a, b)


def coalesce(values: list[Value]) -> Value:
    """The first value that is not missing."""
    typed, kind = unify(values)
    return calculate(kind, lambda *xs: pl.coalesce(*xs), *typed)
