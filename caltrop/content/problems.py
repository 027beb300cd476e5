"""A problem of a content file: where, what, which rule, what to do next."""

from __future__ import annotations

import msgspec


class Problem(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """`line` and `column` count from 1; 0 stands for the file as a whole. `code` names the rule (docs/content.md).

    `severity` is "" until it is settled (`severity.py`), unless whoever found it knows better than the rule. `width` is how many
    characters the place covers.
    """

    file: str
    line: int = 0
    column: int = 0
    code: str
    message: str
    hint: str = ""
    severity: str = ""
    name: str = ""
    width: int = 1

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}:{self.column or 1}" if self.line else self.file

    def __str__(self) -> str:
        return f"{self.place}: {self.message} [{self.code}]"
