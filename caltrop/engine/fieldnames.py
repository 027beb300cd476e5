"""Field names with * wildcards: which columns a pattern means, and what its asterisks stood for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from caltrop.dialect.words import fits, starred


def matching(pattern: str, columns: Sequence[str]) -> list[str]:
    """Columns that a name or pattern means, in column order. * does not reach internal fields (_time, _raw, …)."""
    if "*" not in pattern:
        return [pattern] if pattern in columns else []
    internal = pattern.startswith("_")
    return [c for c in columns if fits(pattern, c) and (internal or not c.startswith("_"))]


def expand(patterns: Iterable[str], columns: Sequence[str]) -> list[str]:
    """Columns that any of the patterns means: in the order of the patterns, each once."""
    return list(dict.fromkeys(name for pattern in patterns for name in matching(pattern, columns)))


def carried(pattern: str, name: str, target: str) -> str | None:
    """`target` with its asterisks filled with what those of `pattern` stood for in `name`; None when it does not match."""
    found = starred(pattern, name)
    if found is None:
        return None
    pieces = target.split("*")
    if len(pieces) == 1:
        return target
    return "".join(piece + group for piece, group in zip(pieces, (*found, ""), strict=False))
