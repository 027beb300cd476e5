"""cluster (Search Reference, "cluster"): events grouped by how alike their texts are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Sequence

import polars as pl

from caltrop.engine import budget
from caltrop.engine.aggregate.arguments import choice, flag, gathered, number, text
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import MULTIVALUE, Table, render
from caltrop.spl.ast import Command

MAX_COMPARISONS = 20_000_000
Features = tuple[Hashable, ...]


def _list_likeness(a: Features, b: Features) -> float:
    """Share of positions that hold the same term."""
    same = sum(x == y for x, y in zip(a, b, strict=False))
    return same / max(len(a), len(b), 1)


def _set_likeness(a: Features, b: Features) -> float:
    """Cosine of the two bags."""
    left, right = Counter(a), Counter(b)
    product = sum(n * right[x] for x, n in left.items())
    size = (sum(n * n for n in left.values()) * sum(n * n for n in right.values())) ** 0.5
    return product / size if size else 1.0


@command("cluster", note="The measure of likeness is our own; t keeps its meaning from 0 to 1.")
def cluster(table: Table, cmd: Command, ctx: Context) -> Table:
    """One row a cluster (its first event), or with labelonly=t every row with the number of its cluster."""
    cmd = gathered(cmd)
    threshold = number(cmd, "t", 0.8)
    if not 0 < threshold < 1:
        raise SearchError("cluster: t lies between 0 and 1", node=cmd)
    field = text(cmd, "field", "_raw")
    label, counter = text(cmd, "labelfield", "cluster_label"), text(cmd, "countfield", "cluster_count")
    column = (
        table.frame.get_column(field)
        if field in table
        else pl.Series(field, [None], dtype=pl.String).new_from_index(0, len(table))
    )
    texts = column.list.join(" ") if column.dtype == MULTIVALUE else render(column)
    known = texts.is_not_null()
    frame = table.frame.filter(known)
    labels = _labels(texts.filter(known).to_list(), *_measure(cmd), threshold, cmd)
    frame = frame.with_columns(pl.Series(label, labels, dtype=pl.Int64))
    if flag(cmd, "showcount", False):
        frame = frame.with_columns(pl.len().over(label).cast(pl.Int64).alias(counter))
    if not flag(cmd, "labelonly", False):
        frame = frame.unique(label, keep="first", maintain_order=True)
    return table.with_frame(frame)


def _measure(cmd: Command) -> tuple[Callable[[str], Features], Callable[[Features, Features], float]]:
    match = choice(cmd, "match", "termlist", "termlist", "termset", "ngramset")
    delimiters = text(cmd, "delims", "")
    splitter = re.compile(f"[{re.escape(delimiters)}]+" if delimiters else "[^0-9A-Za-z_]+")

    def terms(value: str) -> Features:
        return tuple(term for term in splitter.split(value) if term)

    if match == "termlist":
        return terms, _list_likeness
    if match == "termset":
        return terms, _set_likeness
    return lambda value: tuple(value[i : i + 3] for i in range(max(len(value) - 2, 1))), _set_likeness


def _labels(
    texts: Sequence[str],
    features: Callable[[str], Features],
    likeness: Callable[[Features, Features], float],
    threshold: float,
    cmd: Command,
) -> list[int]:
    """For each text the number (from 1) of the first cluster whose first text is like it."""
    leaders: list[Features] = []
    known: dict[str, int] = {}
    work = 0
    out = []
    for value in texts:
        if value not in known:
            budget.check()
            own = features(value)
            found = None
            for number_, leader in enumerate(leaders, 1):
                work += 1
                if likeness(leader, own) >= threshold:
                    found = number_
                    break
            if work > MAX_COMPARISONS:
                raise SearchError(
                    "cluster: too many different events", node=cmd, hint="Use a smaller t or fewer events."
                )
            if found is None:
                leaders.append(own)
                found = len(leaders)
            known[value] = found
        out.append(known[value])
    return out
