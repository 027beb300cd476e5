"""Expressions: operators by precedence, casts, members and indexes, script blocks, hashtables."""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import Callable, List, Optional, Tuple

from .lexis import (
    ALIAS,
    ATTRIBUTE,
    BETWEEN,
    BINDING,
    DASHES,
    DIGITS,
    FED,
    HERE,
    KEYWORD,
    LEVEL,
    MEMBER,
    NAME,
    NUMBER,
    OPERATOR,
    POSITION,
    QUOTES,
    SPACE,
    SPACED_METHOD,
    STARTS,
    TYPE,
    UNARY,
    VARIABLE,
    number,
    unescape,
    variable_name,
)
from .quoting import Quoting
from .syntax import (
    Access,
    Array,
    Binary,
    Block,
    Group,
    Node,
    Number,
    Parameter,
    Postfix,
    Prefix,
    Step,
    Table,
    Text,
    TypeName,
    Variable,
)


class Expressions(Quoting):
    """Reads values and the operators between them."""

    @abstractmethod
    def _statement(self) -> Optional[Node]:
        """One statement; None where none stands."""

    def _expression(self) -> Optional[Node]:
        return self._binary(0, True)

    def _binary(self, level: int, commas: bool) -> Optional[Node]:
        """Operators of `level` and tighter; those of one precedence in one node, so that a long sum is no deep tree."""
        start = self.pos
        value = self._comma_list() if commas else self._unary()
        if value is None:
            return None
        before = self.pos
        operator = self._operator()
        while operator and LEVEL[operator] >= level:
            own = LEVEL[operator]
            rest: List[Tuple[str, Node]] = []
            while operator and LEVEL[operator] == own:
                self._lines()
                self._spend()
                operand = self._binary(own + 1, commas)
                if operand is None:
                    break
                rest.append((operator, operand))
                before = self.pos
                operator = self._operator()
            if not rest:
                break
            value = Binary(self.text, start, before, value, rest)
            if operator and LEVEL[operator] == own:
                break
        self.pos = before
        return value

    def _operator(self) -> str:
        """The binary operator that comes next, passed over; "" (and the position is anywhere) if none does."""
        self._space()
        char = self._char()
        if not char or char in ")};|,\r\n]":
            return ""
        if char in DASHES:
            found = OPERATOR.match(self.text, self.pos, self.stop)
            if found:
                name = found.group(1).lower()
                if name in LEVEL:
                    self.pos = found.end()
                    return name
                return ""
            if self._char(1) == "=" or (self._char(1) in DASHES and self._char(1)):
                return ""
            self.pos += 1
            return "-"
        if char in "+*/%":
            if self._char(1) == "=" or (char == "+" and self._char(1) == "+"):
                return ""
            self.pos += 1
            return char
        if char == "." and self._char(1) == ".":
            self.pos += 2
            return ".."
        return ""

    def _comma_list(self) -> Optional[Node]:
        start = self.pos
        if self._char() == ",":  # an array of one
            self.pos += 1
            self._lines()
            item = self._unary()
            return None if item is None else Array(self.text, start, self.pos, [item])
        first = self._unary()
        if first is None:
            return None
        return self._listed(start, first, self._unary)

    def _listed(self, start: int, first: Node, read: Callable[[], Optional[Node]]) -> Node:
        """An array of `first` and of what `read` finds behind each comma; `first` itself where no comma follows."""
        items = [first]
        while True:
            before = self.pos
            self._space()
            if self._char() != ",":
                self.pos = before
                break
            self.pos += 1
            self._lines()
            following = read()
            if following is None:
                break
            items.append(following)
        return first if len(items) == 1 else Array(self.text, start, self.pos, items)

    def _unary(self) -> Optional[Node]:
        """Prefix operators and casts, then a value."""
        start = self.pos
        operators: List[str] = []
        while True:
            self._spend()
            char = self._char()
            if char == "!":
                self.pos += 1
                operators.append("not")
            elif char == "+" and self._char(1) == "+":
                return self._step_before(start, 1)
            elif char in DASHES and char:
                if self._char(1) in DASHES and self._char(1):
                    return self._step_before(start, -1)
                found = OPERATOR.match(self.text, self.pos, self.stop)
                if found:
                    if found.group(1).lower() not in UNARY:
                        return None
                    self.pos = found.end()
                    operators.append(found.group(1).lower())
                else:
                    self.pos += 1
                    operators.append("-")
            elif char == "+":
                self.pos += 1
                operators.append("+")
            elif char == "[" and self._cast_here():
                found = TYPE.match(self.text, self.pos, self.stop)
                if not found:
                    break
                self.pos = found.end()
                operators.append("[" + found.group(1))
            else:
                break
            self._lines()
        value = self._postfix()
        if value is None:
            return None
        return value if not operators else Prefix(self.text, start, self.pos, operators, value)

    def _step_before(self, start: int, by: int) -> Optional[Node]:
        self.pos += 2
        self._space()
        target = self._postfix()
        return None if target is None else Step(self.text, start, self.pos, target, by, True)

    def _cast_here(self) -> bool:
        """Whether a type stands here with a value after it."""
        found = TYPE.match(self.text, self.pos, self.stop)
        if not found:
            return False
        space = SPACE.match(self.text, found.end())
        at = space.end() if space else found.end()
        if at >= self.stop:
            return False
        char = self.text[at]
        if char in STARTS:
            return True
        following = self.text[at + 1 : at + 2]
        if char in DASHES:
            operator = OPERATOR.match(self.text, at, self.stop)
            if operator:
                return operator.group(1).lower() in UNARY
            return bool(following) and (following in DIGITS or following in "$(")
        return char == "+" and bool(following) and (following in DIGITS or following == "$")

    def _postfix(self, spaced: bool = True) -> Optional[Node]:
        start = self.pos
        value = self._primary()
        if value is None:
            return None
        value = self._accesses(value)
        if spaced and isinstance(value, (Variable, Postfix)):
            two = self.text[self.pos : min(self.pos + 2, self.stop)]
            if two in ("++", "--"):
                self.pos += 2
                return Step(self.text, start, self.pos, value, 1 if two == "++" else -1, False)
        return value

    def _accesses(self, value: Node) -> Node:
        """`.name`, `::name`, `[ … ]` and `( … )` that touch a value."""
        accesses: List[Access] = []
        text = self.text
        while self.pos < self.stop:
            char = text[self.pos]
            before = self.pos
            if char == "[":
                if not self._enter():
                    break
                self.pos += 1
                self._lines()
                index = self._expression()
                self._lines()
                if self._char() != "]" and index is None:
                    self.pos = before
                    self.depth -= 1
                    break
                self._closed("]")
                self.depth -= 1
                accesses.append(Access(None, [index] if index is not None else [], end=self.pos))
            elif char == "." or (char == ":" and text.startswith("::", self.pos)):
                self.pos += 1 if char == "." else 2
                if char == ":" or SPACED_METHOD.match(text, self.pos, self.stop):
                    self._space()
                name = self._member_name()
                if name is None:
                    self.pos = before
                    break
                accesses.append(Access(name, self._method_arguments(), char == ":", self.pos))
            else:
                break
            self._spend()
        return value if not accesses else Postfix(text, value.start, self.pos, value, accesses)

    def _member_name(self) -> Optional[Node]:
        char = self._char()
        start = self.pos
        if char in QUOTES and char:
            return self._string()
        if char == "$":
            found = VARIABLE.match(self.text, self.pos, self.stop)
            if not found:
                return None
            return self._primary()
        if char == "(":
            return self._group("(")
        word = MEMBER.match(self.text, self.pos, self.stop)
        if not word:
            return None
        self.pos = word.end()
        return Text(self.text, start, self.pos, unescape(word.group()), True)

    def _method_arguments(self) -> Optional[List[Node]]:
        if self._char() != "(" or not self._enter():
            return None
        self.pos += 1
        found: List[Node] = []
        while self.pos < self.stop:
            self._lines()
            char = self._char()
            if char in (")", "}", ""):
                break
            before = self.pos
            if char == ",":
                self.pos += 1
                continue
            argument = self._binary(0, False)
            if argument is not None:
                found.append(argument)
            self._lines()
            if self.pos == before:
                self.pos += 1
        self._closed(")")
        self.depth -= 1
        return found

    def _primary(self) -> Optional[Node]:
        self._spend()
        char = self._char()
        start = self.pos
        if not char:
            return None
        if char in QUOTES:
            return self._string()
        if char == "$":
            return self._dollar()
        if char == "(":
            return self._group("(")
        if char == "@":
            if self._char(1) == "(":
                return self._group("@(")
            if self._char(1) == "{":
                return self._table()
            if HERE.match(self.text, self.pos):
                return self._string()
            return None
        if char == "{":
            return self._block()
        if char == "[":
            found = TYPE.match(self.text, self.pos, self.stop)
            if not found:
                return None
            self.pos = found.end()
            return TypeName(self.text, start, self.pos, found.group(1).replace("`", ""))
        digits = NUMBER.match(self.text, self.pos, self.stop)
        if digits:
            self.pos = digits.end()
            return Number(self.text, start, self.pos, number(digits))
        return None

    def _block(self) -> Node:
        """`{ … }` as a value."""
        start = self.pos
        self.pos += 1
        if not self._enter():
            return Group(self.text, start, self.pos, "$(", [])
        inside = self.pos
        self._skip(BETWEEN)
        parameters: List[Parameter] = []
        while self._char() == "[":
            attribute = BINDING.match(self.text, self.pos, self.stop)
            if not attribute:
                break
            self.pos = attribute.end()
            self._skip(BETWEEN)
        found = KEYWORD.match(self.text, self.pos, self.stop)
        if found and found.group(1).lower() == "param":
            self.pos = found.end()
            self._lines()
            if self._char() == "(":
                parameters = self._parameters()
        statements = self._statements()
        self._close_block()
        self.depth -= 1
        closed = self.pos > inside and self.text[self.pos - 1 : self.pos] == "}"
        return Block(self.text, inside, self.pos - 1 if closed else self.pos, parameters, statements)

    def _close_block(self) -> None:
        while self._char() == ")":  # one too many
            self.pos += 1
            self._statements()
        if self._char() == "}":
            self.pos += 1

    def _parameters(self) -> List[Parameter]:
        """`( [type]$name = default, … )`."""
        found: List[Parameter] = []
        if not self._enter():
            self.pos += 1
            return found
        self.pos += 1
        said = ""  # types and attributes before the name
        while self.pos < self.stop:
            self._lines()
            char = self._char()
            before = self.pos
            if char in (")", "}", ""):
                break
            if char == "[":
                mark = TYPE.match(self.text, self.pos, self.stop) or ATTRIBUTE.match(self.text, self.pos, self.stop)
                if mark:
                    said += mark.group()
                    self.pos = mark.end()
            elif char == "$":
                name = VARIABLE.match(self.text, self.pos, self.stop)
                if name:
                    found.append(self._parameter(name, said.lower()))
                    said = ""
            if self.pos == before:
                self.pos += 1
        self._closed(")")
        self.depth -= 1
        return found

    def _parameter(self, name: "re.Match[str]", said: str) -> Parameter:
        self.pos = name.end()
        self._lines()
        default: Optional[Node] = None
        if self._char() == "=":
            self.pos += 1
            self._lines()
            default = self._binary(0, False)
        own = variable_name(name.group())[1]
        if not said:
            return Parameter(self.text, name.start(), self.pos, own, default)
        aliases = tuple(one for found in ALIAS.findall(said) for one in NAME.findall(found))
        fed = "item" if FED.search(said) else "property" if "valuefrompipelinebypropertyname" in said else ""
        place = POSITION.search(said)
        position = int(place.group(1)) if place else -1
        return Parameter(self.text, name.start(), self.pos, own, default, aliases, "[switch]" in said, fed, position)

    def _table(self) -> Node:
        start = self.pos
        self.pos += 2
        if not self._enter():
            return Group(self.text, start, self.pos, "$(", [])
        entries: List[Tuple[Node, Node]] = []
        while self.pos < self.stop:
            self._skip(BETWEEN)
            char = self._char()
            if char in ("}", ")", ""):
                break
            before = self.pos
            key: Optional[Node]
            word = MEMBER.match(self.text, self.pos, self.stop) if char not in QUOTES and char != "$" else None
            if word:
                self.pos = word.end()
                key = Text(self.text, before, self.pos, unescape(word.group()), True)
                self._leaf("name", before)
            else:
                key = self._postfix()
            self._space()
            if key is not None and self._char() == "=":
                self.pos += 1
                self._lines()
                value = self._statement()
                if value is not None:
                    entries.append((key, value))
            if self.pos == before:
                self.pos += 1
        self._closed("}")
        self.depth -= 1
        return Table(self.text, start, self.pos, entries)
