"""arules, associate and cofilter (Search Reference topics of those names): which field values come together."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import combinations

import polars as pl

from caltrop.engine.aggregate.arguments import gathered, names, number, whole
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.fieldnames import expand
from caltrop.engine.registry import command
from caltrop.engine.table import Table, values_of
from caltrop.knowledge.limits import ASSOCIATE_FIELDS
from caltrop.spl.ast import Command

Item = tuple[str, str]
MAX_ITEMS = 4  # in a rule


def _baskets(table: Table, fields: Sequence[str]) -> list[frozenset[Item]]:
    """The (field, value) pairs of each row."""
    columns = [(name, values_of(table.frame.get_column(name)).to_list()) for name in fields]
    return [
        frozenset((name, value) for name, cells in columns for value in cells[row] or ()) for row in range(len(table))
    ]


@command("arules", note="Rules hold at most four values.")
def arules(table: Table, cmd: Command, ctx: Context) -> Table:
    """Rules "rows with these values also have that value", strongest first."""
    fields = expand(names(cmd.parts), table.fields)
    if len(names(cmd.parts)) < 2:
        raise SearchError("arules needs two fields or more", node=cmd)
    options = gathered(cmd)
    support, confidence = whole(options, "sup", 3, minimum=1), number(options, "conf", 0.5)
    counts = _frequent(_baskets(table, fields), support)
    rows = []
    for items, together in counts.items():
        for implied in sorted(items) if len(items) > 1 else ():
            given = items - {implied}
            strength = together / counts[given]
            if strength >= confidence:
                rows.append(
                    (_text(given), _text({implied}), strength, counts[given], counts[frozenset({implied})], together)
                )
    rows.sort(key=lambda row: (-row[2], -row[5], row[0], row[1]))
    schema = {
        "Given fields": pl.String, "Implied fields": pl.String, "Strength": pl.Float64, "Given fields support": pl.Int64,
        "Implied fields support": pl.Int64, "Entire rule support": pl.Int64,
    }  # fmt: skip
    return Table(pl.DataFrame(rows, schema=schema, orient="row"))


def _text(items: frozenset[Item] | set[Item]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(items))


def _frequent(baskets: Sequence[frozenset[Item]], support: int) -> dict[frozenset[Item], int]:
    """Sets of items that enough baskets hold, found level by level (Apriori)."""
    found: dict[frozenset[Item], int] = {}
    single = Counter(item for basket in baskets for item in basket)
    level = {frozenset({item}): n for item, n in single.items() if n >= support}
    size = 1
    while level:
        found |= level
        size += 1
        if size > MAX_ITEMS:
            break
        alive = {item for items in level for item in items}
        counts: Counter[frozenset[Item]] = Counter()
        for basket in baskets:
            for chosen in combinations(sorted(basket & alive), size):
                if all(frozenset(part) in level for part in combinations(chosen, size - 1)):
                    counts[frozenset(chosen)] += 1
        level = {items: n for items, n in counts.items() if n >= support}
    return found


@command("associate")
def associate(table: Table, cmd: Command, ctx: Context) -> Table:
    """Field values that make another field more predictable: how much each lowers its entropy."""
    options = gathered(cmd)
    least, share, improvement = (
        whole(options, "supcnt", 100),
        number(options, "supfreq", 0.1),
        number(options, "improv", 0.5),
    )
    fields = expand(names(cmd.parts) or ["*"], table.fields)[: ctx.limit(ASSOCIATE_FIELDS)]
    cells = {name: values_of(table.frame.get_column(name)).to_list() for name in fields}
    rows = []
    for reference in fields:
        for target in fields:
            if reference != target:
                rows += _improvements(reference, cells[reference], target, cells[target], least, share, improvement)
    schema = {
        "Reference_Key": pl.String, "Reference_Value": pl.String, "Target_Key": pl.String, "Unconditional_Entropy": pl.Float64,
        "Conditional_Entropy": pl.Float64, "Entropy_Improvement": pl.Float64, "Description": pl.String, "Support": pl.Float64,
    }  # fmt: skip
    rows.sort(key=lambda row: (-row[5], row[0], row[1], row[2]))
    return Table(pl.DataFrame(rows, schema=schema, orient="row"))


Improvement = tuple[str, str, str, float, float, float, str, float]


def _improvements(
    reference: str,
    given: list[list[str] | None],
    target: str,
    wanted: list[list[str] | None],
    least: int,
    share: float,
    improvement: float,
) -> list[Improvement]:
    total: Counter[str] = Counter()
    split: dict[str, Counter[str]] = {}
    for keys, values in zip(given, wanted, strict=True):
        for value in values or ():
            total[value] += 1
            for key in keys or ():
                split.setdefault(key, Counter())[value] += 1
    before = _entropy(total)
    out = []
    for key, counts in split.items():
        support = sum(counts.values())
        after = _entropy(counts)
        if support < least or support < share * total.total() or before - after < improvement:
            continue
        likely, often = min(counts.items(), key=lambda item: (-item[1], item[0]))
        description = (
            f"When '{reference}' has the value '{key}', the entropy of '{target}' falls from {before:.3f} to {after:.3f}; "
            f"its most likely value is '{likely}' ({often / support:.0%})."
        )
        out.append((reference, key, target, before, after, before - after, description, support / total.total()))
    return out


def _entropy(counts: Counter[str]) -> float:
    total = counts.total()
    return -sum(n / total * math.log2(n / total) for n in counts.values()) + 0.0


@command("cofilter")
def cofilter(table: Table, cmd: Command, ctx: Context) -> Table:
    """How many values of the first field two values of the second field have in common, most first."""
    fields = names(cmd.parts)
    if len(fields) != 2:
        raise SearchError("cofilter needs two fields", node=cmd)
    by, of = fields
    columns = {
        "Item 1": pl.String,
        f"Item 1 {by} count": pl.Int64,
        "Item 2": pl.String,
        f"Item 2 {by} count": pl.Int64,
        "Pair count": pl.Int64,
    }
    if by not in table or of not in table:
        return Table.empty(columns)
    owners: dict[str, set[str]] = {}
    for keys, items in zip(values_of(table.frame.get_column(by)), values_of(table.frame.get_column(of)), strict=True):
        for item in items if items is not None else ():
            owners.setdefault(item, set()).update(keys if keys is not None else ())
    rows = []
    for first, second in combinations(sorted(owners), 2):
        both = len(owners[first] & owners[second])
        if both:
            rows.append((first, len(owners[first]), second, len(owners[second]), both))
    rows.sort(key=lambda row: (-row[4], row[0], row[2]))
    return Table(pl.DataFrame(rows, schema=columns, orient="row"))
