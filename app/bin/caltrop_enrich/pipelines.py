"""Pipelines: which of commands and expressions stands where, a command's words and arguments, redirections, assignments."""

from __future__ import annotations

from typing import Callable, List, Optional

from .expressions import Expressions
from .lexis import (
    ASSIGN,
    DASHES,
    DIGITS,
    HERE,
    NAMED,
    NUMBER,
    OPERATOR,
    QUOTES,
    REDIRECT,
    SPLAT,
    STARTS,
    STOPS,
    UNARY,
    VARIABLE,
    WORD_PIECE,
    unescape,
)
from .syntax import (
    Array,
    Assign,
    Command,
    Expand,
    Group,
    Named,
    Node,
    Pipeline,
    Postfix,
    Prefix,
    Splat,
    Text,
    TypeName,
    Variable,
)


class Pipelines(Expressions):
    """Reads commands, their arguments, and pipelines of them."""

    def _pipeline(self) -> Optional[Node]:
        start = self.pos
        first = self._element()
        if first is None:
            return None
        self._space()
        if isinstance(first, (Variable, Postfix, Prefix, Array, TypeName)):
            assign = ASSIGN.match(self.text, self.pos, self.stop)
            if assign:
                self.pos = assign.end()
                self._lines()
                if not self._enter():
                    return first
                value = self._statement()
                self.depth -= 1
                if value is None:
                    value = Group(self.text, self.pos, self.pos, "$(", [])
                return Assign(self.text, start, self.pos, first, assign.group(), value)
        elements = [first]
        while True:
            self._space()
            char = self._char()
            if char == "|":
                if self._char(1) == "|":
                    self.pos += 2
                    break
                self.pos += 1
                self._lines()
                if self._char() in ("", ")", "}", ";"):
                    break
                before = self.pos
                following = self._element()
                if following is None:
                    self.pos = max(self.pos, before)
                    break
                elements.append(following)
                continue
            if char == "&":
                self.pos += 1
                if self._char() == "&":
                    self.pos += 1
                else:
                    self.pos -= 1
                break
            redirect = REDIRECT.match(self.text, self.pos, self.stop) if char and char in ">123456*" else None
            if redirect and ">" in redirect.group():
                self.pos = redirect.end()
                if "&" not in redirect.group():
                    self._space()
                    self._one_argument()
                continue
            break
        if len(elements) == 1:
            return first
        return Pipeline(self.text, start, self.pos, elements)

    def _element(self) -> Optional[Node]:
        """A command or an expression, by its first character."""
        char = self._char()
        if not char or char in ")}|;":
            return None
        if char == "&" or (char == "." and (self._char(1) in " \t\r\n`$({" or self._char(1) in QUOTES)):
            if char == "&" and self._char(1) == "&":
                return None
            self.pos += 1
            self._lines()
            return self._command(char)
        if char in STARTS or char in "!+,":
            if char in DIGITS and not self._number_here():
                return self._command("")
            if char == "@" and not (self._char(1) in "({" or HERE.match(self.text, self.pos)):
                return self._command("")
            return self._expression()
        if char == "." and self._char(1) in DIGITS and self._number_here():
            return self._expression()
        if char in DASHES:
            following = self._char(1)
            if following and (following in "$('\"[" or following in DIGITS or following in DASHES):
                return self._expression()
            found = OPERATOR.match(self.text, self.pos, self.stop)
            if found and found.group(1).lower() in UNARY:
                return self._expression()
        return self._command("")

    def _number_here(self) -> bool:
        """Whether a number stands here, and not a name that begins with a digit."""
        found = NUMBER.match(self.text, self.pos, self.stop)
        if not found:
            return False
        following = self.text[found.end() : min(found.end() + 2, self.stop)]
        return not following or following[0] in " \t\r\n;|)}],+*/%-\0" or following == ".." or following[0] in "`&"

    def _command(self, operator: str) -> Optional[Node]:
        start = self.pos
        self._spend(2)
        if operator:
            name = self._invoked_name()
        else:
            name = self._word()
            if name is not None:
                self._leaf("name", start)
        if name is None:
            return None
        arguments: List[Node] = []
        while self.pos < self.stop:
            self._space()
            char = self._char()
            if not char or char in STOPS:
                break
            if char == "&":
                break
            before = self.pos
            self._spend()
            if char in DASHES:
                if self._char(1) in DASHES and self._char(2) in ("", " ", "\t"):
                    self.pos += 2
                    continue
                found = NAMED.match(self.text, self.pos, self.stop)
                if found:
                    self.pos = found.end()
                    value: Optional[Node] = None
                    if found.group(1):
                        self._space()
                        if self._char() and self._char() not in STOPS and not NAMED.match(self.text, self.pos):
                            value = self._argument()
                    typed = unescape(found.group()[1:].rstrip(":"))
                    arguments.append(Named(self.text, before, self.pos, typed, value))
                    continue
            elif char == "@":
                splat = SPLAT.match(self.text, self.pos, self.stop)
                if splat:
                    self.pos = splat.end()
                    arguments.append(Splat(self.text, before, self.pos, "", splat.group(1).lower()))
                    continue
            elif char in "<>" or (char in "123456*" and self._char(1) == ">"):
                redirect = REDIRECT.match(self.text, self.pos, self.stop)
                if redirect:
                    self.pos = redirect.end()
                    if "&" not in redirect.group():
                        self._space()
                        self._one_argument()
                    continue
            argument = self._argument()
            if argument is not None:
                arguments.append(argument)
            if self.pos == before:
                self.pos += 1
        return Command(self.text, start, self.pos, name, operator, arguments)

    def _invoked_name(self) -> Optional[Node]:
        """What follows `&` or `.`: a word, a string, or a value that says the name."""
        char = self._char()
        if char == "$":
            return self._valued_word(self._postfix, "")
        if char in QUOTES or (char and char in "({["):
            return self._postfix()
        return self._word()

    def _valued_word(self, read: Callable[[], Optional[Node]], ends: str) -> Optional[Node]:
        """A value that begins with a dollar, and the word that it begins where one touches it: `$home\\a.exe`."""
        start = self.pos
        value = read()
        following = self._char()
        if value is None or not following or following in STOPS or following in " \t\0&<>(" or following in ends:
            return value
        return self._word([value], start)

    def _argument(self) -> Optional[Node]:
        """One argument, arrays included."""
        start = self.pos
        first = self._one_argument()
        if first is None:
            if self._char() == ",":
                self.pos += 1
            return None
        return self._listed(start, first, self._one_argument)

    def _one_argument(self) -> Optional[Node]:
        self._spend()
        char = self._char()
        if not char or char in STOPS or char == ",":
            return None
        if char in QUOTES:
            return self._accesses(self._string())
        if char == "(" or (char == "@" and (self._char(1) in "({" or HERE.match(self.text, self.pos))):
            return self._postfix()
        if char == "{":
            return self._block()
        if char == "$" and (self._char(1) == "(" or VARIABLE.match(self.text, self.pos, self.stop)):
            return self._valued_word(lambda: self._postfix(False), ",{@")
        return self._word()

    def _word(self, parts: Optional[List[Node]] = None, start: int = -1) -> Optional[Node]:
        """A word and what touches it: quotes inside it vanish, variables and $( ) are filled in."""
        if start < 0:
            start = self.pos
        found: List["str | Node"] = list(parts or ())
        text = self.text
        while self.pos < self.stop:
            char = text[self.pos]
            before = self.pos
            if char == "$":
                value = self._dollar()
                found.append(value if value is not None else "$")
            elif char in QUOTES and before > start:
                string = self._string()
                found += (
                    string.parts if isinstance(string, Expand) else [string.value] if isinstance(string, Text) else []
                )
            else:
                piece = WORD_PIECE.match(text, self.pos, self.stop)
                if not piece:
                    break
                self.pos = piece.end()
                found.append(unescape(piece.group()))
            if self.pos == before:
                break
        if not found:
            return None
        if all(isinstance(part, str) for part in found):
            self._leaf("word", start)
            return Text(text, start, self.pos, "".join(part for part in found if isinstance(part, str)), True)
        return Expand(text, start, self.pos, found)
