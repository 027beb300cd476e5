"""From how many rows meet which conditions to the smallest sets of conditions that are to blame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SETS = 3  # that are told


@dataclass(frozen=True, slots=True)
class Blame:
    """Without `conditions` (their numbers), `rows` would be left."""

    conditions: tuple[int, ...]
    rows: int


def smallest(patterns: Mapping[str, int]) -> list[Blame]:
    """The smallest sets without which rows would be left, those first that leave few: there the other conditions are choosy,
    and meant. Empty where nothing meets any, or where rows meet all."""
    if not patterns:
        return []
    least = min(pattern.count("0") for pattern in patterns)
    if not least:
        return []
    found = [
        Blame(tuple(i for i, held in enumerate(pattern) if held == "0"), rows)
        for pattern, rows in patterns.items()
        if pattern.count("0") == least
    ]
    return sorted(found, key=lambda one: (one.rows, one.conditions))[:SETS]


def passing(patterns: Mapping[str, int]) -> int:
    """The rows that meet all."""
    return sum(rows for pattern, rows in patterns.items() if "0" not in pattern)


def alone(patterns: Mapping[str, int], condition: int) -> int:
    """The rows that meet this condition, whatever the others."""
    return sum(rows for pattern, rows in patterns.items() if pattern[condition] == "1")


def without(patterns: Mapping[str, int], conditions: Sequence[int]) -> int:
    """The rows that meet all but these."""
    return sum(
        rows
        for pattern, rows in patterns.items()
        if all(held == "1" or i in conditions for i, held in enumerate(pattern))
    )
