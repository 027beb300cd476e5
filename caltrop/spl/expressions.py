r"""Eval expressions: eval, where, stats eval(…), head (…), calculated fields, macro validation.

Rules (Search Reference, "eval", "Evaluation functions", "Predicate expressions"):

* tightest first: parentheses; sign; * / %; + - .; comparisons (= == != < <= > >= LIKE IN); NOT; AND; OR; XOR.
  Operators of one level group to the left. Operator words are read in any case.
* "…" is a string: \" and \\ are escapes, every other backslash stands for itself ("\d+", "C:\Windows").
* '…' is a field name; a bare word is a field name too (true and null are no literals; true() and null() are calls).
* A dot between operands concatenates, so a field name with a dot needs single quotes.
"""

from __future__ import annotations

import re
from math import isinf
from typing import NoReturn

from caltrop.spl.ast import Binary, Call, FieldName, InList, Literal, Node, Span, Template, Unary
from caltrop.spl.cursor import ESCAPED_STRING, MAX_DEPTH, Cursor

_NUMBER = re.compile(r"(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w{])")
_TEMPLATE = r"<<\w+>>|\$(?:[\w.:@-]+(?:\|\w+)?)?\$"
# A bare field name; Splunk wants quotes around anything but letters, digits and _, but is read generously where
# no operator can be meant: braces of JSON arrays, colons and @ inside the word.
_WORD = re.compile(rf"(?:\w|{_TEMPLATE}|\{{\w*\}}(?:\.[A-Za-z_]\w*(?:\{{\}})?)*|[:@#](?=\w))+")
_TEMPLATE_IN = re.compile(_TEMPLATE)
_NEGATED = re.compile(r"\s+(IN|LIKE)\b", re.IGNORECASE)
_EVAL = re.compile(r"eval\s*\(", re.IGNORECASE)
_OPERATOR = re.compile(r"==|!=|<=|>=|<>|[-+*/%.=<>]|\b(?:LIKE|IN|NOT|AND|OR|XOR)\b", re.IGNORECASE)

# How tightly an operator binds; a chain of one level groups to the left.
PRECEDENCE = {
    "XOR": 1, "OR": 2, "AND": 3, "==": 5, "!=": 5, "<": 5, "<=": 5, ">": 5, ">=": 5, "LIKE": 5, "IN": 5,
    "+": 6, "-": 6, ".": 6, "*": 7, "/": 7, "%": 7,
}  # fmt: skip
NOT_LEVEL = 4
SIGN_LEVEL = 8
_SPELLINGS = {"=": "==", "<>": "!="}
_ASSOCIATIVE = frozenset({"AND", "OR", "XOR", "."})
_RESERVED = frozenset({"AND", "OR", "XOR", "NOT", "LIKE", "IN"})


def read_expression(cursor: Cursor, level: int = 1) -> Node:
    """Read one expression of operators that bind at least as tightly as `level`."""
    start = cursor.skip()
    left = _operand(cursor)
    chain = 0
    while True:
        found = _next_operator(cursor)
        if not found:
            return left
        op, negated, end = found
        if PRECEDENCE[op] < level:
            return left
        if op in _ASSOCIATIVE:
            left = _associative(cursor, left, op, start)
            continue
        chain += 1
        if chain > MAX_DEPTH:
            cursor.fail(f"an expression of more than {MAX_DEPTH} operators in a row", cursor.pos, cursor.pos + 1)
        cursor.links += 1
        cursor.pos = end
        if op == "IN":
            left = InList(operand=left, items=_arguments(cursor), span=cursor.span(start))
        else:
            right = read_expression(cursor, PRECEDENCE[op] + 1)
            left = Binary(op=op, left=left, right=right, span=cursor.span(start))
        if negated:
            left = Unary(op="NOT", operand=left, span=cursor.span(start))


def read_eval_call(cursor: Cursor) -> Node | None:
    """The expression in eval(…), if that comes next (no white space is skipped)."""
    if not cursor.match(_EVAL):
        return None
    node = read_expression(cursor)
    if not cursor.accept(")"):
        cursor.expected('")" to close eval(', says=MISSING_PARENTHESIS)
    return node


def _next_operator(cursor: Cursor) -> tuple[str, bool, int] | None:
    """(operator, negated, where it ends) after white space; nothing is stepped over."""
    found = cursor.looking_at(_OPERATOR)
    if not found:
        return None
    op = found[0].upper()
    if op != "NOT":
        return _SPELLINGS.get(op, op), False, found.end()
    # x NOT IN (…), x NOT LIKE "…"
    after = _NEGATED.match(cursor.text, found.end())
    return (after[1].upper(), True, after.end()) if after else None


def _associative(cursor: Cursor, first: Node, op: str, start: int) -> Node:
    """A chain `a OR b OR c …`: grouped to the left, but as a balanced tree where it is long, so that depth stays small."""
    items = [first]
    while True:
        found = _next_operator(cursor)
        if not found or found[0] != op:
            break
        cursor.pos = found[2]
        items.append(read_expression(cursor, PRECEDENCE[op] + 1))
    return _join(op, items, start)


# A longer chain becomes a balanced tree. Its left spine is shorter than this up to 2**24 operands, so what is printed
# of it reads back as the same tree.
_SHORT_CHAIN = 24


def _join(op: str, items: list[Node], start: int) -> Node:
    if len(items) > _SHORT_CHAIN:
        return _balanced(op, items)
    left = items[0]
    for right in items[1:]:
        left = Binary(op=op, left=left, right=right, span=Span(start, right.span.end))
    return left


def _balanced(op: str, items: list[Node]) -> Node:
    if len(items) == 1:
        return items[0]
    half = (len(items) + 1) // 2
    left, right = _balanced(op, items[:half]), _balanced(op, items[half:])
    return Binary(op=op, left=left, right=right, span=Span(left.span.start, right.span.end))


MISSING_PARENTHESIS = "The expression is malformed. Expected )."


def _no_operand(cursor: Cursor) -> NoReturn:
    rest = cursor.rest()
    says = f"An unexpected character is reached at '{rest}'." if rest else "The expression is missing a term."
    cursor.expected("an expression (a field, a value or a function)", says=f"The expression is malformed. {says}")


def _operand(cursor: Cursor) -> Node:
    start = cursor.skip()
    char = cursor.text[start : start + 1]
    if char == '"':
        return Literal(value=cursor.string(), span=cursor.span(start))
    if char == "\\" and (escaped := cursor.match(ESCAPED_STRING)):
        return Literal(value=escaped[1], span=cursor.span(start))
    if char == "'":
        return FieldName(name=cursor.single_quoted(), quoted=True, span=cursor.span(start))
    if char == "(":
        cursor.pos += 1
        with cursor.nested(start):
            inside = read_expression(cursor)
        if not cursor.accept(")"):
            cursor.expected('")" to close the parenthesis', says=MISSING_PARENTHESIS)
        return inside
    if char == "`":
        macro = cursor.macro()
        if not cursor.text.startswith("(", cursor.pos):
            return macro
        name = cursor.text[macro.span.start : macro.span.end]  # it stands for the name of the function
        return Call(name=name, args=_arguments(cursor), span=cursor.span(start))
    if char == "[":
        return cursor.subsearch()
    if char == "-" or char == "+":
        cursor.pos += 1
        with cursor.nested(start):
            operand = read_expression(cursor, SIGN_LEVEL)
        return Unary(op=char, operand=operand, span=cursor.span(start))
    if char == "!" and not cursor.text.startswith("!=", start):
        cursor.pos += 1
        return _negation(cursor, start)
    number = cursor.match(_NUMBER)
    if number:
        return Literal(value=_number(cursor, number[0], start), text=number[0], span=cursor.span(start))
    word = cursor.match(_WORD)
    if not word:
        _no_operand(cursor)
    return _named(cursor, word[0], start)


def _number(cursor: Cursor, text: str, start: int) -> int | float:
    if text.isdigit() and len(text) < 300:
        return int(text)
    value = float(text)
    if isinf(value):
        cursor.fail("this number is too large", start, cursor.pos)
    return value


def _named(cursor: Cursor, name: str, start: int) -> Node:
    """What starts with a word: a call, a template, a field or NOT."""
    if name.upper() == "NOT":
        return _negation(cursor, start)
    if cursor.peek() == "(":
        args = _arguments(cursor)
        return Call(name=name.lower(), args=args, span=cursor.span(start))
    cursor.pos = start + len(name)
    if _TEMPLATE_IN.search(name):
        return Template(text=name, span=cursor.span(start))
    if name.upper() in _RESERVED:
        cursor.pos = start
        _no_operand(cursor)
    return FieldName(name=name, span=cursor.span(start))


def _negation(cursor: Cursor, start: int) -> Node:
    with cursor.nested(start):
        operand = read_expression(cursor, NOT_LEVEL)
    return Unary(op="NOT", operand=operand, span=cursor.span(start))


def _arguments(cursor: Cursor) -> tuple[Node, ...]:
    """( a, b, … ) with the cursor before the parenthesis."""
    start = cursor.skip()
    if not cursor.accept("("):
        cursor.expected('"(" and a list of values')
    items: list[Node] = []
    with cursor.nested(start):
        while not cursor.accept(")"):
            if items and not cursor.accept(","):
                cursor.expected('"," or ")" (a parenthesis is not closed)', says=MISSING_PARENTHESIS)
            while cursor.accept(","):  # a comma too many separates nothing
                pass
            if items and cursor.peek() == ")":
                continue
            items.append(read_expression(cursor))
    return tuple(items)
