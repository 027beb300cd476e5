"""A search as it is explained: its commands with their rows, and whom to ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce

from caltrop.explain.evidence import Evidence, Prefix
from caltrop.spl.ast import And, Binary, Command, Node, Span


def nowhere(span: Span) -> str:
    """The origin of what no macro wrote."""
    return ""


@dataclass(frozen=True, slots=True)
class Asked:
    """`rows`: what each command gave (None: not counted). `origin` tells the macro call that a stretch of the expanded text came
    from, or nothing. `earliest` and `latest`: the time range beside the search, epoch seconds; `addons`: apps that it needs."""

    commands: Prefix
    rows: Sequence[int | None]
    evidence: Evidence
    now: float
    earliest: float | None = None
    latest: float | None = None
    timezone: str = "UTC"
    origin: Callable[[Span], str] = nowhere
    macros: tuple[tuple[str, str], ...] = ()
    addons: tuple[str, ...] = field(default=())

    def macro(self, node: Node) -> str:
        return self.origin(node.span)

    def before(self, number: int) -> Prefix:
        """The commands before the stage of that number (from 0)."""
        return self.commands[:number]


def narrowed(prefix: Prefix, conditions: Iterable[Node], *, search: bool) -> Prefix:
    """The rows that meet the conditions besides."""
    nodes = tuple(conditions)
    if not nodes:
        return prefix
    if search:
        return (*prefix, Command("search", (nodes[0] if len(nodes) == 1 else And(nodes),)))
    return (*prefix, Command("where", (reduce(lambda a, b: Binary("AND", a, b), nodes),)))
