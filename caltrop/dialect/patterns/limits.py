"""Patterns that may backtrack, within limits: what limits.conf calls match_limit, counted in seconds of processor time.

One match may take `MATCH_SECONDS`, all those of a search together `SEARCH_SECONDS`. The `regex` module is used because it can stop
in the middle of a match, which `re` and PCRE2 cannot: PCRE2 counts steps, from each place of a text anew, and a step may be long.
It is loaded with the first pattern that needs it: to load it takes as long as many a search.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import thread_time
from typing import TYPE_CHECKING, Any, TypeVar

from caltrop.dialect.patterns.replacement import Template, fill
from caltrop.errors import CaltropError

if TYPE_CHECKING:
    import regex

MATCH_SECONDS = 0.5
SEARCH_SECONDS = 10.0
LONGEST = 16 << 20
MOST = 1 << 30
NEGLIGIBLE = 0.001  # matches faster than this are not counted: plain work over many events is no backtracking
T = TypeVar("T")


class RegexError(CaltropError):
    """A pattern that is wrong, in PCRE2's words, or that neither engine can express.

    `reason` is the message without the place, `at` the offset into the pattern where that is known.
    """

    def __init__(
        self, message: str, *, hint: str | None = None, reason: str | None = None, at: int | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.reason = reason or message
        self.at = at


class TooLong(RegexError):
    """A replacement that makes a text longer than it may be."""


class MatchLimit(RegexError):
    """A match that takes too long."""


@dataclass(slots=True)
class Budget:
    """Seconds that are left, and bytes of the longest text, and of all texts, that a replacement may make. `lenient`: a match that exceeds them counts as none, and its pattern is noted."""

    seconds: float
    lenient: bool = False
    longest: int = LONGEST
    most: int = MOST
    exceeded: dict[str, None] = field(default_factory=dict)


_budget: ContextVar[Budget | None] = ContextVar("match budget", default=None)


@contextmanager
def budget(
    seconds: float = SEARCH_SECONDS, *, lenient: bool = False, longest: int = LONGEST, most: int = MOST
) -> Iterator[Budget]:
    """What the matches inside may take together. Without one, each match has its own limit only."""
    opened = Budget(seconds, lenient, longest, most)
    token = _budget.set(opened)
    try:
        yield opened
    finally:
        _budget.reset(token)


class _Steady:
    """A pattern of `re` as one of `regex`."""

    def __init__(self, compiled: re.Pattern[str]) -> None:
        self._compiled = compiled

    def search(self, text: str, timeout: float) -> Any:
        return self._compiled.search(text)

    def finditer(self, text: str, start: int, timeout: float) -> Any:
        return self._compiled.finditer(text, start)


def _watched(text: str, ascii: bool) -> Any:
    """A pattern of `regex`. Raises ValueError for one that it does not take."""
    import regex

    try:
        return regex.compile(text, regex.VERSION0 | (regex.ASCII if ascii else regex.UNICODE))
    except regex.error as error:
        raise ValueError(str(error)) from error


class Bounded:
    """A compiled pattern whose every match ends in bounded time, with `MatchLimit` or (lenient) as no match."""

    def __init__(self, text: str, pattern: str, *, ascii: bool, steady: bool) -> None:
        """`steady`: there is nothing in it to backtrack into, so that `re`, which is faster, needs no watching. Raises RegexError."""
        self._pattern = pattern
        try:
            self._compiled: Any = _Steady(re.compile(text, re.ASCII)) if steady and ascii else _watched(text, ascii)
        except (OverflowError, ValueError, RecursionError) as error:
            raise RegexError(f"{error} in {pattern!r}", reason=str(error)) from error

    def search(self, text: str) -> regex.Match[str] | None:
        """The first match."""
        search: Callable[[float], regex.Match[str] | None] = lambda left: self._compiled.search(text, timeout=left)  # noqa: E731
        return self._run(search, MATCH_SECONDS, None)

    def finditer(self, text: str, limit: int = 0, start: int = 0) -> list[regex.Match[str]]:
        """The matches of a text from a position on, or the first `limit` of them."""

        def found(left: float) -> list[regex.Match[str]]:
            matches = self._compiled.finditer(text, start, timeout=left)
            return [m for _, m in zip(range(limit), matches, strict=False)] if limit else list(matches)

        return self._run(found, _allowance(text), [])

    def replace(self, text: str, template: Template, first: int = 1, limit: int = 0) -> str:
        """`limit` matches (0: all) from the `first` on replaced."""
        out: list[str] = []
        end = size = 0
        for match in self.finditer(text, first + limit - 1 if limit else 0)[first - 1 :]:
            new = fill(template, match)
            size += match.start() - end + len(new)
            check_length(size)
            out += (text[end : match.start()], new)
            end = match.end()
        return "".join((*out, text[end:]))

    def _run(self, match: Callable[[float], T], seconds: float, without: T) -> T:
        current = _budget.get()
        left = seconds if current is None else min(seconds, current.seconds)
        began, spent = thread_time(), left
        try:
            if left <= 0:
                raise TimeoutError
            result = match(left)
            spent = thread_time() - began
            return result
        except TimeoutError:
            if current is not None and current.lenient:
                current.exceeded[self._pattern] = None
                return without
            raise MatchLimit(
                f"regular expression {self._pattern!r} exceeds the match limit: it backtracks too much on this text",
                hint="avoid a repetition inside a repetition, such as (a+)+",
            ) from None
        finally:
            if current is not None and spent > NEGLIGIBLE:
                current.seconds -= spent


def check_length(length: int, whole: int = 0) -> None:
    """Before a text of that many bytes, or a column of `whole`, is made by a replacement. Raises TooLong."""
    current = _budget.get() or Budget(0)
    if length > current.longest:
        raise TooLong(
            f"the replacement makes a text of {length:,} bytes, more than the {current.longest:,} that it may have",
            hint="shorten it with substr()",
        )
    if whole > current.most:
        raise TooLong(
            f"the replacement makes texts of {whole:,} bytes, more than the {current.most:,} that they may have",
            hint="keep fewer rows, or shorten the field with substr()",
        )


def _allowance(text: str) -> float:
    """Seconds for all matches of a text: a long one has many."""
    return MATCH_SECONDS * (1 + len(text) / 100_000)
