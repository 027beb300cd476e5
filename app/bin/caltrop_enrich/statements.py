"""Statements: those that a keyword begins, and all others, one after another."""

from __future__ import annotations

import re
from typing import Callable, Dict, List, Optional, Tuple

from .lexis import BETWEEN, DASHES, KEYWORD, NAMED, STOPS, TYPE, VARIABLE, WORD_PIECE, unescape, variable_name
from .pipelines import Pipelines
from .syntax import Assign, Block, ForEach, Function, Group, If, Jump, Loop, Node, Switch, Try, Variable

_LABEL = re.compile(r":\w+[ \t\r\n]*(?=for|while|do|switch)", re.IGNORECASE)
_PARALLEL = re.compile(r"-parallel\s+(?:-throttlelimit\s+\w+\s+)?", re.IGNORECASE)
_CLASS_NAME = re.compile(r"\w+[ \t]*(?::[^{\r\n]*)?")


class Statements(Pipelines):
    """Reads whole scripts."""

    def script(self) -> List[Node]:
        """All statements; stray closing brackets are passed over."""
        found: List[Node] = []
        while self.pos < self.stop:
            found += self._statements()
            self.pos += 1
            self._spend()
        if self.nodes < 0:
            self.error = self.error or "script has too many tokens"
        return found

    def _statements(self) -> List[Node]:
        """Statements up to the closing bracket, which is left for the caller, or any other closing bracket."""
        found: List[Node] = []
        while self.pos < self.stop:
            before = self.pos
            self._skip(BETWEEN)
            if self.pos > before + 1:
                self.nodes -= self.text.count(";", before, self.pos)
            char = self._char()
            if not char or char in ")}":
                break
            before = self.pos
            statement = self._statement()
            if statement is not None:
                found.append(statement)
            if self.pos == before:
                self.pos += 1
        return found

    def _statement(self) -> Optional[Node]:
        self._spend()
        start = self.pos
        found = KEYWORD.match(self.text, start, self.stop)
        if found:
            reader = _KEYWORDS.get(found.group(1).lower())
            if reader:
                self.pos = found.end()
                node = reader(self, start, found.group(1).lower())
                if node is not None or self.pos > found.end():
                    return node
                self.pos = start
        elif self._char() == ":" and self.text[start + 1 : start + 2].isalpha():  # a loop's label
            label = _LABEL.match(self.text, start)
            if label:
                self.pos = label.end()
                return self._statement()
        return self._pipeline()

    def _block_statements(self) -> List[Node]:
        """`{ … }` after a keyword; nothing where none stands."""
        self._lines()
        if self._char() != "{":
            return []
        if not self._enter():
            self.pos += 1
            return []
        self.pos += 1
        found = self._statements()
        self._close_block()
        self.depth -= 1
        return found

    def _condition(self) -> Optional[Node]:
        """`( … )` after a keyword."""
        self._lines()
        return self._group("(") if self._char() == "(" else None

    def _if(self, start: int, word: str) -> Optional[Node]:
        self._lines()
        if self._char() != "(":
            return None
        clauses: List[Tuple[Optional[Node], List[Node]]] = [(self._condition(), self._block_statements())]
        while True:
            before = self.pos
            self._lines()
            found = KEYWORD.match(self.text, self.pos, self.stop)
            following = found.group(1).lower() if found else ""
            if found and following in ("elseif", "else"):
                self.pos = found.end()
                if following == "elseif":
                    clauses.append((self._condition(), self._block_statements()))
                    continue
                self._lines()
                nested = KEYWORD.match(self.text, self.pos, self.stop)
                if nested and nested.group(1).lower() == "if":
                    self.pos = nested.end()
                    clauses.append((self._condition(), self._block_statements()))
                    continue
                clauses.append((None, self._block_statements()))
            else:
                self.pos = before
            return If(self.text, start, self.pos, clauses)

    def _foreach(self, start: int, word: str) -> Optional[Node]:
        self._lines()
        parallel = _PARALLEL.match(self.text, self.pos, self.stop)  # in a workflow
        self.pos = parallel.end() if parallel else self.pos
        if self._char() != "(":
            return None
        if not self._enter():
            return None
        self.pos += 1
        self._lines()
        name = VARIABLE.match(self.text, self.pos, self.stop)
        items: Optional[Node] = None
        if name:
            self.pos = name.end()
            self._lines()
            found = KEYWORD.match(self.text, self.pos, self.stop)
            if found and found.group(1).lower() == "in":
                self.pos = found.end()
                self._lines()
                items = self._pipeline()
        self._lines()
        self._closed(")")
        self.depth -= 1
        if not name or items is None:
            return Group(self.text, start, self.pos, "$(", self._block_statements())
        return ForEach(self.text, start, self.pos, variable_name(name.group())[1], items, self._block_statements())

    def _for(self, start: int, word: str) -> Optional[Node]:
        self._lines()
        if self._char() != "(" or not self._enter():
            return None
        self.pos += 1
        parts: List[Optional[Node]] = []
        for _ in range(3):
            self._lines()
            parts.append(None if self._char() in ";)" else self._statement())
            self._lines()
            if self._char() == ";":
                self.pos += 1
        self._lines()
        self._closed(")")
        self.depth -= 1
        return Loop(self.text, start, self.pos, parts[0], parts[1], parts[2], self._block_statements())

    def _while(self, start: int, word: str) -> Optional[Node]:
        self._lines()
        if self._char() != "(":
            return None
        condition = self._condition()
        body = self._block_statements()
        return Loop(self.text, start, self.pos, None, condition, None, body)

    def _do(self, start: int, word: str) -> Optional[Node]:
        self._lines()
        if self._char() != "{":
            return None
        body = self._block_statements()
        self._lines()
        found = KEYWORD.match(self.text, self.pos, self.stop)
        ending = found.group(1).lower() if found else ""
        if found and ending in ("while", "until"):
            self.pos = found.end()
            return Loop(self.text, start, self.pos, None, self._condition(), None, body, True, ending == "until")
        return Group(self.text, start, self.pos, "$(", body)

    def _switch(self, start: int, word: str) -> Optional[Node]:
        self._lines()
        while self._char() in DASHES:
            found = NAMED.match(self.text, self.pos, self.stop)
            if not found:
                return None
            self.pos = found.end()
            self._lines()
        if self._char() != "(":
            return None
        subject = self._condition()
        self._lines()
        clauses: List[Tuple[Optional[Node], List[Node]]] = []
        if self._char() == "{" and self._enter():
            self.pos += 1
            while self.pos < self.stop:
                self._skip(BETWEEN)
                if self._char() in ("}", ""):
                    break
                before = self.pos
                found = KEYWORD.match(self.text, self.pos, self.stop)
                if found and found.group(1).lower() == "default":
                    self.pos = found.end()
                    clauses.append((None, self._block_statements()))
                else:
                    case = self._argument()
                    if case is not None:
                        clauses.append((case, self._block_statements()))
                if self.pos == before:
                    self.pos += 1
            self._closed("}")
            self.depth -= 1
        return Switch(self.text, start, self.pos, subject, clauses) if subject is not None else None

    def _try(self, start: int, word: str) -> Optional[Node]:
        self._lines()
        if self._char() != "{":
            return None
        bodies = [(False, self._block_statements())]
        while True:
            before = self.pos
            self._lines()
            found = KEYWORD.match(self.text, self.pos, self.stop)
            ending = found.group(1).lower() if found else ""
            if not found or ending not in ("catch", "finally"):
                self.pos = before
                return Try(self.text, start, self.pos, bodies)
            self.pos = found.end()
            self._lines()
            while self._char() == "[":
                kind = TYPE.match(self.text, self.pos, self.stop)
                self.pos = kind.end() if kind else self.pos + 1
                self._lines()
                if self._char() == ",":
                    self.pos += 1
                    self._lines()
            bodies.append((ending == "catch", self._block_statements()))

    def _trap(self, start: int, word: str) -> Optional[Node]:
        self._lines()
        kind = TYPE.match(self.text, self.pos, self.stop)
        if kind:
            self.pos = kind.end()
            self._lines()
        if self._char() != "{":
            return None
        return Try(self.text, start, self.pos, [(True, self._block_statements())])

    def _function(self, start: int, word: str) -> Optional[Node]:
        self._space()
        name = WORD_PIECE.match(self.text, self.pos, self.stop)
        if not name:
            return None
        self.pos = name.end()
        self._leaf("name", name.start())
        self._lines()
        parameters = self._parameters() if self._char() == "(" else []
        self._lines()
        if self._char() != "{":
            return None
        block = self._block()
        if not isinstance(block, Block):
            return None
        block.parameters = block.parameters or parameters
        if word == "filter":
            block.statements = [Group(self.text, block.start, block.end, "process", block.statements)]
        own = unescape(name.group()).lower()
        return Function(self.text, start, self.pos, own.rsplit(":", 1)[-1], block)

    def _class(self, start: int, word: str) -> Optional[Node]:
        """The methods of a class are read as statements of its block."""
        self._space()
        name = _CLASS_NAME.match(self.text, self.pos, self.stop)
        if not name:
            return None
        self.pos = name.end()
        self._lines()
        if self._char() != "{":
            return None
        return Group(self.text, start, self.pos, "$(", self._block_statements())

    def _bare_block(self, start: int, word: str) -> Optional[Node]:
        """`begin { … }`, `process { … }`, `end { … }`, `parallel { … }`."""
        self._lines()
        if self._char() != "{":
            return None
        return Group(self.text, start, self.pos, word if word == "process" else "$(", self._block_statements())

    def _param(self, start: int, word: str) -> Optional[Node]:
        """A script's own `param( … )`: the defaults are what its variables are."""
        self._lines()
        if self._char() != "(":
            return None
        found: List[Node] = [
            Assign(item.text, item.start, item.end, Variable(item.text, item.start, item.end, "", item.name), "=", item.default)
            for item in self._parameters()
            if item.default is not None
        ]  # fmt: skip
        return Group(self.text, start, self.pos, "$(", found)

    def _jump(self, start: int, word: str) -> Optional[Node]:
        self._space()
        value: Optional[Node] = None
        char = self._char()
        if char and char not in STOPS:
            value = self._pipeline()
        return Jump(self.text, start, self.pos, word, value)


_Reader = Callable[["Statements", int, str], Optional[Node]]
_KEYWORDS: Dict[str, _Reader] = {
    "if": Statements._if,
    "foreach": Statements._foreach,
    "for": Statements._for,
    "while": Statements._while,
    "do": Statements._do,
    "switch": Statements._switch,
    "try": Statements._try,
    "trap": Statements._trap,
    "function": Statements._function,
    "filter": Statements._function,
    "workflow": Statements._function,
    "configuration": Statements._function,
    "class": Statements._class,
    "param": Statements._param,
    "return": Statements._jump,
    "throw": Statements._jump,
    "break": Statements._jump,
    "continue": Statements._jump,
    "exit": Statements._jump,
    **dict.fromkeys(("begin", "process", "end", "dynamicparam", "parallel", "sequence", "inlinescript", "else", "finally", "catch"), Statements._bare_block),
}  # fmt: skip
