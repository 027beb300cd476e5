"""kmeans (Search Reference, "kmeans")."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Sequence

import polars as pl

from caltrop.engine.aggregate.arguments import checked, flag, names, number, text, whole
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.fieldnames import expand
from caltrop.engine.registry import command
from caltrop.engine.table import Table, numeric
from caltrop.spl.ast import Command

Point = tuple[float, ...]
Distance = Callable[[Point, Point], float]
MAX_WORK = 50_000_000  # distances of one search, so that k and reps cannot hold it forever


def _squared(a: Point, b: Point) -> float:
    return sum((x - y) * (x - y) for x, y in zip(a, b, strict=True))  # inf where ** would overflow


def _cityblock(a: Point, b: Point) -> float:
    return sum(abs(x - y) for x, y in zip(a, b, strict=True))


def _cosine(a: Point, b: Point) -> float:
    size = math.sqrt(sum(x * x for x in a)) * math.sqrt(sum(y * y for y in b))
    return 1 - sum(x * y for x, y in zip(a, b, strict=True)) / size if size else 1.0


_DISTANCES: dict[str, Distance] = {
    **dict.fromkeys(("sq", "l2sq", "sqeuclidean", "l2", "l2norm"), _squared),
    **dict.fromkeys(("l1", "l1norm", "cityblock", "cb"), _cityblock),
    **dict.fromkeys(("cos", "cosine"), _cosine),
}


@command("kmeans", kind="dataset", note="Starting points are drawn from a fixed seed, so that a search repeats itself.")
def kmeans(table: Table, cmd: Command, ctx: Context) -> Table:
    """Rows with all the numeric fields get the number of their cluster and its centre; clusters come one after the other.

    A range of k gives one row a k instead, with the distortion.
    """
    options = checked(cmd)
    if len(table) == 0:
        return table
    fields = expand(names(cmd.parts) or ["*"], table.fields)
    columns = {name: numeric(table.frame.get_column(name)) for name in fields}
    columns = {name: column for name, column in columns.items() if column.null_count() < len(column)}
    if not columns:
        raise SearchError("kmeans needs a numeric field", node=cmd)
    complete = (
        pl.DataFrame(list(columns.values())).select(pl.all_horizontal(pl.all().is_not_null()).alias("ok")).to_series()
    )
    frame = table.frame.filter(complete)
    points = [tuple(row) for row in pl.DataFrame(list(columns.values())).filter(complete).rows()]
    distance = _DISTANCES.get(text(options, "distype", "sq").lower())
    if distance is None:
        raise SearchError(
            f"kmeans distype={options.option('distype')} is unknown",
            node=cmd,
            hint=f"Use one of {', '.join(_DISTANCES)}.",
        )
    match = re.fullmatch(r"(\d+)(?:-(\d+))?", text(options, "k", "2"))
    if match is None or int(match[1]) < 1:
        raise SearchError(
            f"k={options.option('k')} is no number of clusters",
            node=cmd,
            hint="Write a number, or a range such as 2-5.",
        )
    reps, rounds, tolerance = (
        whole(options, "reps", 10, minimum=1),
        whole(options, "maxiters", 10_000, minimum=1),
        number(options, "t", 0),
    )
    if len(points) * int(match[2] or match[1]) * reps > MAX_WORK:
        raise SearchError("kmeans: too many rows for this k and reps", node=cmd)
    if match[2]:
        sizes = range(int(match[1]), min(int(match[2]), len(points)) + 1)
        found = [(k, _cluster(points, k, distance, reps, rounds, tolerance)[2]) for k in sizes]
        return Table(pl.DataFrame(found, schema={"k": pl.Int64, "distortion": pl.Float64}, orient="row"))
    if not points:
        return table.with_frame(frame)
    owners, centres, _ = _cluster(points, min(int(match[1]), len(points)), distance, reps, rounds, tolerance)
    label = text(options, "cnumfield", "CLUSTERNUM")
    frame = frame.with_columns(pl.Series(label, [owner + 1 for owner in owners], dtype=pl.Int64))
    if flag(options, "showcentroid", True):
        frame = frame.with_columns(
            pl.Series(f"centroid_{name}", [centres[owner][i] for owner in owners], dtype=pl.Float64)
            for i, name in enumerate(columns)
        )
    return table.with_frame(frame.sort(label, maintain_order=True))


def _cluster(
    points: Sequence[Point], k: int, distance: Distance, reps: int, rounds: int, tolerance: float
) -> tuple[list[int], list[Point], float]:
    """The best of `reps` runs of Lloyd's algorithm: owner of each point, centres (largest cluster first), distortion."""
    rng = random.Random(0)
    best: tuple[list[int], list[Point], float] | None = None
    work = 0
    for _ in range(reps):
        centres = _spread(points, k, distance, rng)
        owners = [0] * len(points)
        for _ in range(rounds):
            owners = [min(range(k), key=lambda i, p=point: distance(p, centres[i])) for point in points]  # type: ignore[misc]
            moved = [_mean([p for p, o in zip(points, owners, strict=True) if o == i]) or centres[i] for i in range(k)]
            change = max(distance(a, b) for a, b in zip(centres, moved, strict=True))
            centres = moved
            work += len(points) * k
            if change <= tolerance or work > MAX_WORK:
                break
        distortion = sum(distance(p, centres[o]) for p, o in zip(points, owners, strict=True))
        if best is None or distortion < best[2]:
            best = owners, centres, distortion
    assert best is not None
    owners, centres, distortion = best
    order = sorted(range(k), key=lambda i: (-owners.count(i), centres[i]))
    rank = {old: new for new, old in enumerate(order)}
    return [rank[o] for o in owners], [centres[i] for i in order], distortion


def _spread(points: Sequence[Point], k: int, distance: Distance, rng: random.Random) -> list[Point]:
    """Starting centres far from each other (k-means++)."""
    centres = [rng.choice(points)]
    while len(centres) < k:
        gaps = [min(distance(p, c) for c in centres) for p in points]
        centres.append(rng.choices(points, gaps)[0] if 0 < sum(gaps) < math.inf else rng.choice(points))
    return centres


def _mean(points: Sequence[Point]) -> Point | None:
    return tuple(sum(axis) / len(points) for axis in zip(*points, strict=True)) if points else None
