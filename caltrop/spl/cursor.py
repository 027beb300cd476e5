"""A reading position in SPL text, with the lexical rules that hold everywhere: white space, comments, quotes, macros.

Search expressions, eval expressions and command arguments have different words, so each grammar reads its own words
from the one cursor. Every step moves forward over the text with a compiled pattern: reading is linear in its length.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from caltrop.dialect.words import unescaped
from caltrop.spl.ast import MacroCall, Span, Subsearch
from caltrop.spl.errors import PARSER, SplError

# Brackets and parentheses may be nested this deep; every reader of the tree may recurse that deep safely.
MAX_DEPTH = 100

UNBALANCED = "Mismatched quotes and/or parenthesis."
_REST = re.compile(r'(?:"(?:[^"\\]|\\.)*+"|[^|\]])*', re.DOTALL)
_SPACE = re.compile(r"(?:\s|\\(?=\r?\n))*")  # a backslash that continues a line of a .conf file may still be there
_SOLID = frozenset(map(chr, range(33, 127))) - frozenset("`\\")  # starts neither white space nor a comment
_STRING = re.compile(r'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
ESCAPED_STRING = re.compile(r'\\"((?:[^"\\]|\\(?!"))*+)\\"', re.DOTALL)  # \"x\": escaped once too often
_FIELD = re.compile(r"'((?:[^'\\]|\\.)*+)'", re.DOTALL)
_MACRO = re.compile(r'`([^`"]*+(?:"(?:[^"\\]|\\.)*+"[^`"]*+)*+)`', re.DOTALL)
_PLAIN_MACRO = re.compile(r"`([^`]*+)`")


class Cursor:
    """`depth` is how many brackets are open; `links` counts operators in chains that only grow deeper (a-b-c…).

    Expressions hold subsearches and subsearches hold expressions: how a subsearch is read is handed in by the parser, so
    that every grammar can ask its cursor for one.
    """

    __slots__ = ("_subsearch", "depth", "links", "pos", "text")

    def __init__(self, text: str, subsearch: Callable[[Cursor], Subsearch] | None = None) -> None:
        self.text = text
        self._subsearch = subsearch
        self.pos = 0
        self.depth = 0
        self.links = 0

    # -- moving

    def skip(self) -> int:
        """Step over white space and ```comments```; returns the position."""
        text, pos = self.text, self.pos
        if text[pos : pos + 1] in _SOLID:
            return pos
        while True:
            pos = _SPACE.match(text, pos).end()  # type: ignore[union-attr]
            if not text.startswith("```", pos):
                break
            end = text.find("```", pos + 3)
            if end < 0:
                self.fail("unbalanced comment: no closing ```", pos, pos + 3)
            pos = end + 3
        self.pos = pos
        return pos

    def peek(self) -> str:
        """The next character after white space and comments, "" at the end."""
        pos = self.skip()
        return self.text[pos : pos + 1]

    def at_stage_end(self) -> bool:
        """Whether the command ends here: at a pipe, a closing bracket or the end of the text."""
        return self.peek() in ("", "|", "]")

    def accept(self, literal: str) -> bool:
        """Step over `literal` if it comes next (after white space)."""
        pos = self.skip()
        if self.text.startswith(literal, pos):
            self.pos = pos + len(literal)
            return True
        return False

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Match right here (no white space is skipped) and step over what matched."""
        found = pattern.match(self.text, self.pos)
        if found:
            self.pos = found.end()
        return found

    def looking_at(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Match after white space, without stepping over it."""
        return pattern.match(self.text, self.skip())

    def span(self, start: int) -> Span:
        return Span(start, self.pos)

    @contextmanager
    def nested(self, start: int, levels: int = 1) -> Iterator[None]:
        """One level of nesting (or several at once); too many are refused by name instead of by a crash."""
        self.depth += levels
        if self.depth > MAX_DEPTH:
            self.fail(f"nested too deeply: more than {MAX_DEPTH} levels", start, start + 1)
        yield
        self.depth -= levels

    # -- pieces that read the same everywhere

    def raw_string(self) -> str:
        """The inside of a "quoted string" as written; the cursor is on its opening quote."""
        found = self.match(_STRING)
        if not found:
            hint = 'a quote behind a backslash does not close: write \\\\" for a backslash at the end'
            escaped = self.text.find('\\"', self.pos) > 0
            raise self.unbalanced(
                'unbalanced quotes: no closing " for this one', self.pos, self.pos + 1, hint if escaped else None
            )
        return found[1]

    def string(self) -> str:
        return unescaped(self.raw_string())

    def single_quoted(self) -> str:
        """The inside of a 'quoted field name'; the cursor is on its opening quote."""
        found = self.match(_FIELD)
        if not found:
            raise self.unbalanced("unbalanced quotes: no closing ' for this one", self.pos, self.pos + 1)
        return found[1].replace("\\'", "'") if "\\'" in found[1] else found[1]

    def macro(self) -> MacroCall:
        """`name(args)`; the cursor is on the opening backtick. Arguments are kept as written, trimmed."""
        start = self.pos
        found = self.match(_MACRO) or self.match(_PLAIN_MACRO)
        if not found:
            raise self.unbalanced("unbalanced quotes: no closing ` for this macro", start, start + 1)
        name, args = split_macro(found[1])
        if not name and self.text.startswith("```", start):
            self.fail("unbalanced comment: no closing ```", start, start + 3)
        if not name:
            self.fail("a macro name was expected between the backticks", start, self.pos)
        return MacroCall(name=name, args=args, span=self.span(start))

    def subsearch(self) -> Subsearch:
        """[ pipeline ], with the cursor on the opening bracket."""
        if self._subsearch is None:
            self.fail("a subsearch cannot stand here", self.pos, self.pos + 1)
        return self._subsearch(self)

    def within(self, text: str) -> Cursor:
        """A cursor over a text of its own (an expression in a quoted string) that reads as this one does."""
        return Cursor(text, self._subsearch)

    def balanced(self) -> str:
        """From an opening parenthesis to its closing one, both included, as written; quoted strings are opaque."""
        start = self.pos
        depth = 0
        for found in _PARENS.finditer(self.text, start):
            token = found[0]
            if token == "(":
                depth += 1
            elif token == ")":
                depth -= 1
                if not depth:
                    self.pos = found.end()
                    return self.text[start : self.pos]
            elif token == '"':
                raise self.unbalanced('unbalanced quotes: no closing " for this one', found.start(), found.end())
        raise self.unbalanced("unbalanced parenthesis: no closing ) for this one", start, start + 1)

    # -- errors

    def error(
        self,
        message: str,
        start: int,
        end: int,
        hint: str | None = None,
        says: str | None = None,
        by: str | None = None,
    ) -> SplError:
        return SplError(message, source=self.text, span=Span(start, end), hint=hint, says=says, by=by)

    def fail(
        self,
        message: str,
        start: int | None = None,
        end: int | None = None,
        hint: str | None = None,
        says: str | None = None,
        by: str | None = None,
    ) -> NoReturn:
        begin = self.pos if start is None else start
        raise self.error(message, begin, begin if end is None else end, hint, says, by)

    def unbalanced(self, message: str, start: int, end: int, hint: str | None = None) -> SplError:
        """Quotes or parentheses without their partner: splunkd has one sentence for all."""
        return self.error(message, start, end, hint, UNBALANCED, PARSER)

    def expected(self, what: str, hint: str | None = None, says: str | None = None, by: str | None = None) -> NoReturn:
        """Refuse what comes next: it is named in the message."""
        found, end = self.describe_next()
        self.fail(f"{what} was expected, found {found}", self.pos, end, hint, says, by)

    def rest(self) -> str:
        """What is left of this command, as splunkd quotes it."""
        return _REST.match(self.text, self.skip())[0].rstrip()  # type: ignore[index]

    def describe_next(self) -> tuple[str, int]:
        char = self.peek()
        if not char:
            return "the end of the search", self.pos
        word = _SOMETHING.match(self.text, self.pos)
        end = word.end() if word else self.pos + 1
        return f"{self.text[self.pos : end]!r}", end


_PARENS = re.compile(r'"(?:[^"\\]|\\.)*+"|"|[()]', re.DOTALL)
_SOMETHING = re.compile(r"[\w.]{1,40}|==|!=|<=|>=|.", re.DOTALL)
_CALL = re.compile(r"\s*([^\s(]*)\s*(?:\((.*)\))?\s*", re.DOTALL)
_ARG = re.compile(r'((?:[^,"\\]|\\.|"(?:[^"\\]|\\.)*+")*+)(?:,|\Z)', re.DOTALL)


def split_macro(inside: str) -> tuple[str, tuple[str, ...]]:
    """What stands between backticks -> name and arguments as written. Commas inside double quotes do not separate."""
    found = _CALL.fullmatch(inside)
    if not found:
        return inside.strip(), ()
    if found[2] is None or not found[2].strip():
        return found[1], ()
    args, pos, inner = [], 0, found[2]
    while pos <= len(inner):
        piece = _ARG.match(inner, pos)
        if not piece:  # a stray quote: the rest is one argument
            args.append(inner[pos:].strip())
            break
        args.append(piece[1].strip())
        if not piece[0].endswith(",") or len(piece[1]) == len(piece[0]):
            break
        pos = piece.end()
    return found[1], tuple(args)
