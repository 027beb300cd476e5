r"""Search expressions: search, subsearch results, `where` of tstats and inputlookup, event types, constraints.

Rules (Search Reference, "search"; Search Manual, "Boolean expressions", "Quotes and escaping characters"):

* tightest first: parentheses; NOT; OR; AND, which is implied between terms side by side. Operators are upper-case.
* In words and quoted strings \", \\ and \| are escapes. In a keyword every escaped punctuation mark but the asterisk is that
  mark (add-on test suites look for whole events so); in a value only a pair of escaped brackets is (\[x\]). Any other
  backslash stands for itself, since values are often paths (*\cmd.exe) and lists of them (IN (C:\a\, C:\b\)).
* Single quotes mean nothing: 'user name'=ann looks for the words `'user` and a field `name'`. Double quotes around a field
  with blanks do.
* field=(a OR b) compares the field with each value in the parentheses.
"""

from __future__ import annotations

import re
from typing import NoReturn

from caltrop.dialect.words import unescaped
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
    Template,
    Word,
)
from caltrop.spl.cursor import ESCAPED_STRING, Cursor

_TOKEN = r"<<\w+>>|\$(?:[\w.:@-]+(?:\|\w+)?)?\$"
_CHAR = r'[^\s"()\[\]|=<>,`\\!]'
_COMMA = r',+(?=[^\s,"()\[\]|=<>`])'  # inside a word, not at its end
_PAIR = r'\\\[[^\s"|\[\]]*?\\\]|\\\([^\s"|()]*?\\\)'  # escaped brackets around something
_MARK = r"\\[-\\\"\[\]()`|,~!@#$%^&=+{};:'<>?/]"
# Left of an operator, or a keyword. A comma inside a word belongs to it, one at its end separates.
_WORD = re.compile(rf"(?:{_TOKEN}|{_CHAR}|{_MARK}|\\|!(?!=)|{_COMMA})+")
# Right of an operator a word may hold = and ! as well (query strings, base64); `::` needs no care.
_VALUE = re.compile(rf'(?:{_TOKEN}|[^\s"()\[\]|,`\\]|{_PAIR}|\\["\\|]|\\|{_COMMA})+')
_ITEM = re.compile(rf'(?:{_TOKEN}|[^\s"()\[\]|,`\\]|{_PAIR}|\\["\\|]|\\)+')
_OPERATOR = re.compile(r"==|!=|<=|>=|<>|=|<(?!<\w+>>)|>")
_SPELLINGS = {"==": "=", "<>": "!="}
_IN = re.compile(r"\s+(?:NOT\s+)?IN\s*(?=[(\[])|\s+in\s*(?=\()")
_TEMPLATE_ONLY = re.compile(_TOKEN)
DIRECTIVES = frozenset({"TERM", "CASE", "PREFIX"})


def read_search(cursor: Cursor, stop: frozenset[str] = frozenset()) -> Node | None:
    """Read a whole expression; None when there is none. `stop` are lower-case words that end it (`by` of tstats)."""
    return _conjunction(cursor, stop)


UNREADABLE = "Unable to parse the search:"


def _no_term(cursor: Cursor, what: str, operator: str) -> NoReturn:
    says = f"{UNREADABLE} '{operator}' operator is missing a clause on the left hand side."
    cursor.expected(what, says=says)


def _conjunction(cursor: Cursor, stop: frozenset[str]) -> Node | None:
    start = cursor.skip()
    items: list[Node] = []
    while True:
        while cursor.accept(","):
            pass
        if _at_end(cursor, stop):
            break
        if _operator(cursor, "AND"):
            if not items or _at_end(cursor, stop):
                _no_term(cursor, "a search term on both sides of AND", "AND")
            continue
        items.append(_disjunction(cursor, stop))
    if not items:
        return None
    return items[0] if len(items) == 1 else And(items=tuple(items), span=cursor.span(start))


def _disjunction(cursor: Cursor, stop: frozenset[str]) -> Node:
    start = cursor.skip()
    if _operator(cursor, "OR"):
        cursor.pos = start
        _no_term(cursor, "a search term before OR", "OR")
    items = [_term(cursor, stop)]
    while _operator(cursor, "OR"):
        items.append(_term(cursor, stop))
    return items[0] if len(items) == 1 else Or(items=tuple(items), span=cursor.span(start))


def _term(cursor: Cursor, stop: frozenset[str]) -> Node:
    start = cursor.skip()
    if _operator(cursor, "NOT"):
        with cursor.nested(start):
            operand = _term(cursor, stop)
        return Not(operand=operand, span=cursor.span(start))
    if _at_end(cursor, stop) or _operator(cursor, "AND") or _operator(cursor, "OR"):
        cursor.pos = start
        cursor.expected("a search term")
    char = cursor.text[start]
    if char == "(":
        cursor.pos += 1
        with cursor.nested(start):
            inside = _conjunction(cursor, frozenset())
        if not cursor.accept(")"):
            cursor.expected('")" to close the parenthesis', says=f"{UNREADABLE} unbalanced parentheses.")
        return inside or And(items=(), span=cursor.span(start))
    if char == "[":
        return cursor.subsearch()
    if char == "`":
        macro = cursor.macro()
        if _at_operator(cursor):
            name = cursor.text[macro.span.start : macro.span.end]
            return _comparison(cursor, FieldName(name=name, span=macro.span), start)
        return macro
    return _word_term(cursor, start)


def _word_term(cursor: Cursor, start: int) -> Node:
    """A keyword, a phrase, a directive, or a comparison: whatever starts with a word."""
    text, quoted = _glued(cursor, _WORD)
    if not quoted and text in DIRECTIVES and cursor.text.startswith("(", cursor.pos):
        return _directive(cursor, text, start)
    if not text and not quoted:
        cursor.expected("a search term")
    end = cursor.pos
    name = FieldName(name=text, quoted=quoted, span=cursor.span(start))
    membership = cursor.match(_IN)
    if membership:
        values = _values(cursor, name)
        inside = Membership(field=name, values=values, span=cursor.span(start))
        return Not(operand=inside, span=inside.span) if "NOT" in membership[0] else inside
    if _at_operator(cursor):
        return _comparison(cursor, name, start)
    cursor.pos = end
    if not quoted:
        field, indexed, value = text.partition(STORED)
        if indexed and field and value:
            right = Word(text=value, span=cursor.span(start + len(field) + 2))
            left = FieldName(name=field, span=cursor.span(start))
            return Comparison(field=left, op=STORED, value=right, span=cursor.span(start))
        if _TEMPLATE_ONLY.fullmatch(text):
            return Template(text=text, span=cursor.span(start))
        if len(text) > 2 and text.endswith(STORED) and cursor.text.startswith('"', end):
            left = FieldName(name=text[:-2], span=cursor.span(start))
            right = Word(text=cursor.string(), quoted=True)
            return Comparison(field=left, op=STORED, value=right, span=cursor.span(start))
    return Keyword(text=text, quoted=quoted, span=cursor.span(start))


def _comparison(cursor: Cursor, name: FieldName, start: int) -> Node:
    cursor.skip()
    operator = cursor.match(_OPERATOR)
    if not operator:
        cursor.expected("a comparison operator")
    op = _SPELLINGS.get(operator[0], operator[0])
    if cursor.peek() == "(":
        begin = cursor.pos
        cursor.pos += 1
        with cursor.nested(begin):
            group = _conjunction(cursor, frozenset())
        if group is None:
            cursor.expected(
                f"a value for {name.name!r}",
                says=f"{UNREADABLE} Comparator '{op}' is missing a term on the right hand side.",
            )
        if not cursor.accept(")"):
            cursor.expected('")" to close the parenthesis', says=f"{UNREADABLE} unbalanced parentheses.")
        return _distribute(group, name, op)
    return Comparison(field=name, op=op, value=_value(cursor, name, _VALUE, op), span=cursor.span(start))


def _distribute(node: Node, name: FieldName, op: str) -> Node:
    """field=(a OR b) -> field=a OR field=b."""
    if isinstance(node, Keyword):
        value = Word(text=node.text, quoted=node.quoted, span=node.span)
        return Comparison(field=name, op=op, value=value, span=node.span)
    if isinstance(node, And | Or):
        return type(node)(items=tuple(_distribute(item, name, op) for item in node.items), span=node.span)
    if isinstance(node, Not):
        return Not(operand=_distribute(node.operand, name, op), span=node.span)
    if isinstance(node, Comparison | Membership):
        return node
    return Comparison(field=name, op=op, value=node, span=node.span)


def _value(cursor: Cursor, name: FieldName, pattern: re.Pattern[str], op: str = "=") -> Node:
    """The right side of a comparison or one item of IN."""
    start = cursor.skip()
    char = cursor.text[start : start + 1]
    if char == "[":
        return cursor.subsearch()
    if char == "`":
        macro = cursor.macro()
        if not cursor.match(pattern):
            return macro
        return Word(text=cursor.text[start : cursor.pos], span=cursor.span(start))
    text, quoted = _glued(cursor, pattern)
    if not quoted:
        if text in DIRECTIVES and cursor.text.startswith("(", cursor.pos):
            return _directive(cursor, text, start)
        if _TEMPLATE_ONLY.fullmatch(text):
            return Template(text=text, span=cursor.span(start))
        if not text:
            cursor.expected(
                f"a value for {name.name!r}",
                says=f"{UNREADABLE} Comparator '{op}' is missing a term on the right hand side.",
            )
    return Word(text=text, quoted=quoted, span=cursor.span(start))


def _glued(cursor: Cursor, pattern: re.Pattern[str]) -> tuple[str, bool]:
    """A word, a quoted string, or both side by side (*"x y"*). True when any of it was quoted, or what would end it escaped."""
    if cursor.text.startswith('"', cursor.pos):
        text = _unescape(cursor.raw_string())
        if cursor.text.startswith("*", cursor.pos) and (more := cursor.match(pattern)):
            text += _unescape(more[0])
        return text, True
    if escaped := cursor.match(ESCAPED_STRING):
        return escaped[1], True
    found = cursor.match(pattern)
    text, marked = _unescape_word(found[0], pattern) if found else ("", False)
    if text and not text.endswith("::") and cursor.text.startswith('"', cursor.pos):
        rest, _ = _glued(cursor, pattern)
        return text + rest, True
    return text, marked


_ESCAPE = re.compile(r'\\(["\\|])')
_ESCAPED_PAIR = re.compile(rf'\\["\\|]|{_PAIR}')
_ESCAPED_MARK = re.compile(_MARK)


def _unescape(text: str) -> str:
    return _ESCAPE.sub(r"\1", text) if "\\" in text else text


def _unescape_word(text: str, pattern: re.Pattern[str]) -> tuple[str, bool]:
    """A bare word without its escapes, and whether it is to be printed in quotes to be the same again."""
    if "\\" not in text:
        return text, False
    if pattern is _WORD:
        plain = _ESCAPED_MARK.sub(lambda found: found[0][1:], text)
    else:
        plain = _ESCAPED_PAIR.sub(lambda found: re.sub(r"\\(.)", r"\1", found[0]), text)
    return plain, bool(_NEEDS_QUOTES.search(plain)) and "$" not in plain and "<<" not in plain


_NEEDS_QUOTES = re.compile(r"[\[\]()|,`=<>!]")


def _values(cursor: Cursor, name: FieldName) -> tuple[Node, ...]:
    start = cursor.skip()
    if cursor.peek() == "[":
        return (_value(cursor, name, _ITEM),)
    cursor.accept("(")
    values: list[Node] = []
    while not cursor.accept(")"):
        if cursor.accept(","):
            continue
        if not cursor.peek():
            cursor.fail(
                "unbalanced parenthesis: no closing ) for this one",
                start,
                start + 1,
                says=f"{UNREADABLE} unbalanced parentheses.",
            )
        if cursor.peek() in ("|", "]", "("):
            cursor.expected('a value or ")"')
        _operator(cursor, "OR")
        values.append(_value(cursor, name, _ITEM))
    if not values:
        cursor.fail(f"IN needs at least one value for {name.name!r}", start, cursor.pos)
    return tuple(values)


def _directive(cursor: Cursor, name: str, start: int) -> Directive:
    text = cursor.balanced()[1:-1].strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = unescaped(text[1:-1])
    return Directive(name=name, text=text, span=cursor.span(start))


def _operator(cursor: Cursor, name: str) -> bool:
    """Step over an upper-case Boolean operator; a longer word or a field of that name is none."""
    pos = cursor.skip()
    if not cursor.text.startswith(name, pos):
        return False
    end = pos + len(name)
    after = cursor.text[end : end + 1]
    if after and not after.isspace() and after not in '"()[]`|':
        return False
    cursor.pos = end
    return True


def _at_operator(cursor: Cursor) -> bool:
    return cursor.looking_at(_OPERATOR) is not None


def _at_end(cursor: Cursor, stop: frozenset[str]) -> bool:
    char = cursor.peek()
    if char in ("", "|", "]", ")"):
        return True
    return bool(stop) and (word := cursor.looking_at(_STOP_WORD)) is not None and word[0].lower() in stop


_STOP_WORD = re.compile(r"[A-Za-z]+(?=[\s`\"'(\[|\]]|$)(?!\s*(?:=|!=|<|>))")
