"""Patterns that a search writes: what is wrong with one is said where it stands."""

from __future__ import annotations

from caltrop.dialect import patterns
from caltrop.dialect.patterns import Regex, RegexError
from caltrop.engine.errors import SearchError
from caltrop.spl.ast import Node


def compile_pattern(text: str, *, node: Node | None = None) -> Regex:
    """Compile a PCRE pattern; SearchError says what is wrong with it."""
    try:
        return patterns.compile(text)
    except RegexError as error:
        raise SearchError(f"invalid regular expression {text!r}: {error.message}", node=node) from error
