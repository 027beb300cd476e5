"""Patterns that may backtrack, within limits: what limits.conf calls match_limit, counted in seconds of processor time.

One match may take `MATCH_SECONDS`, all those of a search together `SEARCH_SECONDS`. The `regex` module is used because it can stop
in the middle of a match, which `re` cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import thread_time
from typing import TypeVar

import regex

from caltrop.errors import CaltropError

MATCH_SECONDS = 0.5
SEARCH_SECONDS = 10.0
NEGLIGIBLE = 0.001  # matches faster than this are not counted: plain work over many events is no backtracking
T = TypeVar("T")


class RegexError(CaltropError):
    """A pattern that is wrong, or that neither engine can express."""


class MatchLimit(RegexError):
    """A match that takes too long."""


@dataclass(slots=True)
class Budget:
    """Seconds that are left. `lenient`: a match that exceeds them counts as none, and its pattern is noted."""

    seconds: float
    lenient: bool = False
    exceeded: dict[str, None] = field(default_factory=dict)


_budget: ContextVar[Budget | None] = ContextVar("match budget", default=None)


@contextmanager
def budget(seconds: float = SEARCH_SECONDS, *, lenient: bool = False) -> Iterator[Budget]:
    """What the matches inside may take together. Without one, each match has its own limit only."""
    opened = Budget(seconds, lenient)
    token = _budget.set(opened)
    try:
        yield opened
    finally:
        _budget.reset(token)


class Bounded:
    """A compiled pattern whose every match ends in bounded time, with `MatchLimit` or (lenient) as no match."""

    def __init__(self, text: str, pattern: str) -> None:
        self._compiled = regex.compile(text, regex.ASCII)
        self._pattern = pattern
        self.groups = self._compiled.groups

    def search(self, text: str) -> regex.Match[str] | None:
        return self._run(lambda left: self._compiled.search(text, timeout=left), None)

    def finditer(self, text: str, limit: int = 0) -> list[regex.Match[str]]:
        """The matches of a text, or the first `limit` of them."""

        def found(left: float) -> list[regex.Match[str]]:
            matches = self._compiled.finditer(text, timeout=left)
            return [m for _, m in zip(range(limit), matches, strict=False)] if limit else list(matches)

        return self._run(found, [])

    def sub(self, replacement: Callable[[regex.Match[str]], str], text: str) -> str:
        return self._run(lambda left: self._compiled.sub(replacement, text, timeout=left), text)

    def _run(self, match: Callable[[float], T], without: T) -> T:
        current = _budget.get()
        left = MATCH_SECONDS if current is None else min(MATCH_SECONDS, current.seconds)
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
