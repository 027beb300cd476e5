"""Patterns that a search writes: what is wrong with one is said where it stands."""

from __future__ import annotations

import re

from caltrop.dialect import patterns
from caltrop.dialect.patterns import Regex, RegexError
from caltrop.engine.errors import SearchError
from caltrop.spl.ast import Node

MAX_PATTERN = 32_768  # characters


def compile_pattern(text: str, *, node: Node | None = None) -> Regex:
    """Compile a PCRE pattern; SearchError says what is wrong with it."""
    if len(text) > MAX_PATTERN:
        raise SearchError(f"the regular expression is longer than {MAX_PATTERN} characters", node=node)
    try:
        return patterns.compile(text)
    except (RegexError, re.error, OverflowError) as error:
        raise SearchError(f"invalid regular expression {text!r}: {error}", node=node) from error
