"""A walk over a script's text: where it stands, what it may spend, and what lies between tokens."""

from __future__ import annotations

import re
from typing import List, NamedTuple, Optional

from .lexis import COMMENTS, SPACE, SPACE_AND_LINES
from .limits import MAX_DEPTH


class Leaf(NamedTuple):
    """A string, a bare word among arguments, a name, or a comment, as it stands in the text. See `shapes`."""

    kind: str
    start: int
    end: int


class Scanner:
    """The place in a text, and what may still be spent on it."""

    def __init__(self, text: str, nodes: int, leaves: Optional[List[Leaf]]) -> None:
        self.text = text
        self.stop = len(text)
        self.pos = 0
        self.nodes = nodes
        self.depth = 0
        self.error = ""
        self.leaves = leaves

    def _spend(self, nodes: int = 1) -> None:
        self.nodes -= nodes
        if self.nodes < 0:
            self.error = self.error or "script has too many tokens"
            self.stop = self.pos

    def _enter(self) -> bool:
        """Whether there is room for one more nesting, to be followed by `depth -= 1`; if not, the script ends here."""
        if self.depth >= MAX_DEPTH:
            self.error = self.error or "script nests too deeply"
            self.stop = self.pos
            return False
        self.depth += 1
        return True

    def _leaf(self, kind: str, start: int) -> None:
        if self.leaves is not None:
            self.leaves.append(Leaf(kind, start, self.pos))

    def _skip(self, pattern: "re.Pattern[str]") -> None:
        found = pattern.match(self.text, self.pos)
        if found and found.end() > self.pos:
            if self.leaves is not None and "#" in found.group():
                self.leaves += [
                    Leaf("comment", at.start(), at.end()) for at in COMMENTS.finditer(self.text, self.pos, found.end())
                ]
            self.pos = min(found.end(), self.stop)

    def _space(self) -> None:
        char = self._char()
        if char and (char in " \t`#<\0" or char.isspace()):
            self._skip(SPACE)

    def _lines(self) -> None:
        self._skip(SPACE_AND_LINES)

    def _char(self, ahead: int = 0) -> str:
        at = self.pos + ahead
        return self.text[at] if at < self.stop else ""

    def _closed(self, closer: str) -> None:
        """Pass the closing bracket, if it is there; at the end of a block a round one, too, which is one too many."""
        char = self._char()
        if char == closer or (closer == "}" and char == ")"):
            self.pos += 1
