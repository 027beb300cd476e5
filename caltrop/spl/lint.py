"""Lints: SPL that is legal, and slow or surprising. Each has a stable code with a heading in docs/lints.md.

Codes named in a comment of the search, ```caltrop: ignore CODE, CODE```, do not fire in it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from caltrop.spl.ast import Pipeline, Span, Subsearch
from caltrop.spl.lint_rules import LINTS


@dataclass(frozen=True, slots=True)
class Lint:
    """One finding; `span` is where, in the text that was parsed."""

    code: str
    message: str
    span: Span
    hint: str


_SILENCED = re.compile(r"```\s*caltrop:\s*ignore\s+([\w, -]+?)\s*```", re.IGNORECASE)


def silenced(source: str) -> frozenset[str]:
    """The codes that comments of a search turn off."""
    return frozenset(code for found in _SILENCED.finditer(source) for code in re.split(r"[,\s]+", found[1]) if code)


def lint(pipeline: Pipeline, source: str = "", *, ignore: Collection[str] = ()) -> list[Lint]:
    """Everything the rules find, in source order. `source` is the text that was parsed (for the comments in it)."""
    off = silenced(source) | frozenset(ignore)
    nested = (node.pipeline for node in pipeline.walk() if isinstance(node, Subsearch))
    found = [
        Lint(code, message, node.span, hint)
        for each in (pipeline, *nested)
        for code, check in LINTS.items()
        if code not in off
        for node, message, hint in check(each)
    ]
    return sorted(found, key=lambda one: (one.span.start, one.code))
