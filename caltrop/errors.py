"""The one error family: every failure a person can cause says where, what, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file. `line` and `column` count from 1; 0 means "the file as a whole"."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column or 1}"


class CaltropError(Exception):
    """An expected failure. The command line prints it without a traceback and exits 2 unless it says otherwise.

    `hint` is one sentence on what to do next; `code` is the stable name of a validation or lint rule.
    """

    exit_code = 2

    def __init__(
        self,
        message: str,
        *,
        location: Location | None = None,
        hint: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.location = location
        self.hint = hint
        self.code = code

    def __str__(self) -> str:
        where = f"{self.location}: " if self.location else ""
        return f"{where}{self.message}"


class FindingsError(CaltropError):
    """The work ran and found something wrong (a failed test, an invalid file): exit code 1."""

    exit_code = 1
