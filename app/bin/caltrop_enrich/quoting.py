"""Strings and what stands in them: quotes of both kinds, here-strings, variables, `$( … )`."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import List, Optional

from .lexis import (
    DOUBLED,
    DQ,
    ESCAPE,
    HERE,
    HERE_END,
    PLAIN,
    PLAIN_HERE,
    SINGLE,
    SQ,
    VARIABLE,
    unescape_one,
    variable_name,
)
from .scanner import Scanner
from .syntax import Expand, Group, Node, Text, Variable


class Quoting(Scanner, ABC):
    """Reads strings, variables and brackets with statements in them."""

    @abstractmethod
    def _statements(self) -> List[Node]:
        """Statements up to a closing bracket, which is left for the caller."""

    def _dollar(self) -> Optional[Node]:
        """`$name`, `${name}` or `$( … )`; None, and a dollar passed over, where it is none."""
        start = self.pos
        if self._char(1) == "(":
            return self._group("$(")
        found = VARIABLE.match(self.text, start, self.stop)
        if not found:
            self.pos += 1
            return None
        self.pos = found.end()
        scope, name = variable_name(found.group())
        return Variable(self.text, start, self.pos, scope, name)

    def _group(self, opener: str) -> Node:
        """`( … )` and its kin, from the opener on."""
        start = self.pos
        self.pos += len(opener)
        if not self._enter():
            return Group(self.text, start, self.pos, opener, [])
        found = self._statements()
        self._closed(")")
        self.depth -= 1
        return Group(self.text, start, self.pos, opener, found)

    def _string(self) -> Node:
        """Any quoted string, from its quote on."""
        start, text = self.pos, self.text
        here = HERE.match(text, start, self.stop)
        if here:
            single = here.group(1) in SQ
            closing = HERE_END["'" if single else '"'].search(text, here.end() - 1, self.stop)
            last = closing.start() if closing else self.stop
            after = closing.end() if closing else self.stop
            if last < here.end():
                last = here.end()
            if single:
                self.pos = after
                self._leaf("here", start)
                return Text(text, start, after, text[here.end() : last])
            self.pos = here.end()
            parts = self._parts(last, PLAIN_HERE)
            self.pos = max(after, self.pos)
            self._leaf("here", start)
            return self._expanded(start, parts)
        if text[start] in SQ:
            found = SINGLE.match(text, start, self.stop)
            self.pos = found.end() if found else self.stop
            value = text[start + 1 : self.pos]
            if value[-1:] in SQ and value:
                value = value[:-1]
            if "'" in value or not value.isascii():
                value = DOUBLED.sub(lambda pair: pair.group()[0], value)
            self._leaf("single", start)
            return Text(text, start, self.pos, value)
        self.pos += 1
        parts = self._parts(self.stop, PLAIN)
        if self._char() in DQ and self._char():
            self.pos += 1
        self._leaf("double", start)
        return self._expanded(start, parts)

    def _expanded(self, start: int, parts: List["str | Node"]) -> Node:
        if all(isinstance(part, str) for part in parts):
            return Text(self.text, start, self.pos, "".join(part for part in parts if isinstance(part, str)))
        return Expand(self.text, start, self.pos, parts)

    def _parts(self, last: int, plain: "re.Pattern[str]") -> List["str | Node"]:
        """The parts of an expandable string from here to its closing quote, or to `last`."""
        text, parts = self.text, []  # type: str, List[str | Node]
        here = plain is PLAIN_HERE
        while self.pos < min(last, self.stop):
            found = plain.match(text, self.pos, last)
            if found and found.end() > self.pos:
                parts.append(found.group())
                self.pos = found.end()
                continue
            char = text[self.pos]
            if char == "`":
                escaped = ESCAPE.match(text, self.pos, last)
                self.pos = escaped.end() if escaped else self.pos + 1
                parts.append(unescape_one(escaped) if escaped else "")
            elif char == "$":
                self._spend()
                value = self._dollar()
                parts.append("$" if value is None else value)
            elif not here and text[self.pos + 1 : self.pos + 2] in DQ and self.pos + 1 < last:
                parts.append(char)
                self.pos += 2
            else:
                break
        return parts
