"""The nearest name to a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The most similar candidate, or None when none is similar."""
    found = get_close_matches(name[:100], list(candidates), n=1, cutoff=0.6)
    return found[0] if found else None
