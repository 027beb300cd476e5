"""A mistake of a search, and the register of the rules that find them (docs/analysis.md is written from it)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from caltrop.analysis.reading import Reading
from caltrop.spl.ast import Span

Severity = Literal["error", "warning"]


class Found(NamedTuple):
    """What a rule yields: `span` is a place in the text that was parsed (`Reading.text`). `severity` is given where this
    one is less certain than its rule."""

    span: Span
    message: str
    hint: str
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Mistake:
    """One finding; `span` is a place in the text as it was written, whatever macros it went through."""

    code: str
    severity: Severity
    message: str
    hint: str
    span: Span


Check = Callable[[Reading], Iterator[Found]]


@dataclass(frozen=True, slots=True)
class Rule:
    """`example` is a search that the rule refuses, `instead` what to write."""

    code: str
    severity: Severity
    about: str
    example: str
    instead: str
    check: Check


RULES: dict[str, Rule] = {}

# Codes of what is found without a tree; they have no rule over one. What each is about:
UNREADABLE = {
    "spl-syntax": "the search does not parse",
    "typography": "a typographic quote or dash where SPL has an ASCII one",
}


def rule(code: str, severity: Severity, about: str, *, example: str, instead: str) -> Callable[[Check], Check]:
    """Register a rule; `severity` is that of what is certain."""

    def register(check: Check) -> Check:
        if code in RULES:
            raise RuntimeError(f"the rule {code!r} is registered twice")
        RULES[code] = Rule(code, severity, about, example, instead, check)
        return check

    return register
