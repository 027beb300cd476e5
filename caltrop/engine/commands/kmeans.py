"""kmeans (Search Reference, "kmeans")."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Sequence

import polars as pl

from caltrop.engine.aggregate.arguments import flag, gathered, names, number, text, whole
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.fieldnames import expand
from caltrop.engine.registry import command
from caltrop.engine.table import Table, numeric
from caltrop.knowledge.limits import KMEANS_CLUSTERS, KMEANS_RANGE
from caltrop.spl.ast import Command

Point = tuple[float, ...]
Distance = Callable[[Sequence[pl.Expr], Point], pl.Expr]
MAX_WORK = 200_000_000  # distances of one search, so that k and reps cannot hold it forever
OWNER = "\x00owner"


def _squared(axes: Sequence[pl.Expr], centre: Point) -> pl.Expr:
    return pl.sum_horizontal((x - y) * (x - y) for x, y in zip(axes, centre, strict=True))


def _cityblock(axes: Sequence[pl.Expr], centre: Point) -> pl.Expr:
    return pl.sum_horizontal((x - y).abs() for x, y in zip(axes, centre, strict=True))


def _cosine(axes: Sequence[pl.Expr], centre: Point) -> pl.Expr:
    size = pl.sum_horizontal(x * x for x in axes).sqrt() * math.sqrt(sum(y * y for y in centre))
    product = pl.sum_horizontal(x * y for x, y in zip(axes, centre, strict=True))
    return pl.when(size > 0).then(1 - product / size).otherwise(1.0)


_DISTANCES: dict[str, Distance] = {
    **dict.fromkeys(("sq", "l2sq", "sqeuclidean", "l2", "l2norm"), _squared),
    **dict.fromkeys(("l1", "l1norm", "cityblock", "cb"), _cityblock),
    **dict.fromkeys(("cos", "cosine"), _cosine),
}


def _length(k: re.Match[str]) -> int:
    """How many numbers of clusters are asked for."""
    return int(k[2]) - int(k[1]) + 1 if k[2] else 1


@command("kmeans", note="Starting points are drawn from a fixed seed, so that a search repeats itself.")
def kmeans(table: Table, cmd: Command, ctx: Context) -> Table:
    """Rows with all the numeric fields get the number of their cluster and its centre; clusters come one after the other.

    A range of k gives one row a k instead, with the distortion.
    """
    options = gathered(cmd)
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
    for number_of, limit in ((int(match[2] or match[1]), KMEANS_CLUSTERS), (_length(match), KMEANS_RANGE)):
        ctx.within(limit, number_of, f"kmeans: k={match[0]}", cmd)
    reps, rounds, tolerance = (
        whole(options, "reps", 10, minimum=1),
        whole(options, "maxiters", 10_000, minimum=1),
        number(options, "t", 0),
    )
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
    points = pl.DataFrame(list(columns.values())).filter(complete).cast(pl.Float64)
    if points.height * int(match[2] or match[1]) * reps > MAX_WORK:
        raise SearchError("kmeans: too many rows for this k and reps", node=cmd)
    if match[2]:
        sizes = range(int(match[1]), min(int(match[2]), points.height) + 1)
        found = [(k, _cluster(points, k, distance, reps, rounds, tolerance)[2]) for k in sizes]
        return Table(pl.DataFrame(found, schema={"k": pl.Int64, "distortion": pl.Float64}, orient="row"))
    if points.is_empty():
        return table.with_frame(frame)
    owners, centres, _ = _cluster(points, min(int(match[1]), points.height), distance, reps, rounds, tolerance)
    label = text(options, "cnumfield", "CLUSTERNUM")
    frame = frame.with_columns(pl.Series(label, [owner + 1 for owner in owners], dtype=pl.Int64))
    if flag(options, "showcentroid", True):
        frame = frame.with_columns(
            pl.Series(f"centroid_{name}", [centres[owner][i] for owner in owners], dtype=pl.Float64)
            for i, name in enumerate(columns)
        )
    return table.with_frame(frame.sort(label, maintain_order=True))


def _cluster(
    points: pl.DataFrame, k: int, distance: Distance, reps: int, rounds: int, tolerance: float
) -> tuple[list[int], list[Point], float]:
    """The best of `reps` runs of Lloyd's algorithm: owner of each point, centres (largest cluster first), distortion."""
    rng = random.Random(0)
    best: tuple[pl.Series, list[Point], float] | None = None
    work = 0
    for _ in range(reps):
        centres = _spread(points, k, distance, rng)
        for _ in range(rounds):
            owners = _owners(points, centres, distance)
            means = points.with_columns(owners).group_by(OWNER).mean()
            moved = dict(zip(means.get_column(OWNER).to_list(), means.drop(OWNER).rows(), strict=True))
            change = max(_between(centre, moved.get(i, centre), distance) for i, centre in enumerate(centres))
            centres = [moved.get(i, centre) for i, centre in enumerate(centres)]
            work += points.height * k
            if change <= tolerance or work > MAX_WORK:
                break
        distortion = float(_gaps(points.with_columns(owners), centres, distance).sum())
        if best is None or distortion < best[2]:
            best = owners, centres, distortion
    assert best is not None
    owners, centres, distortion = best
    sizes = dict(owners.value_counts().rows())
    order = sorted(range(k), key=lambda i: (-sizes.get(i, 0), centres[i]))
    rank = {old: new for new, old in enumerate(order)}
    return [rank[o] for o in owners.to_list()], [centres[i] for i in order], distortion


def _axes(points: pl.DataFrame) -> list[pl.Expr]:
    return [pl.col(name) for name in points.columns if name != OWNER]


def _owners(points: pl.DataFrame, centres: Sequence[Point], distance: Distance) -> pl.Series:
    """The number of the nearest centre of each point, the first of equally near ones."""
    far = [distance(_axes(points), centre).fill_nan(math.inf).alias(str(i)) for i, centre in enumerate(centres)]
    least = pl.min_horizontal(pl.all())
    first = pl.coalesce(pl.when(pl.col(str(i)) == least).then(i) for i in range(len(centres)))
    return points.select(far).select(first.cast(pl.Int64).alias(OWNER)).to_series()


def _gaps(points: pl.DataFrame, centres: Sequence[Point], distance: Distance) -> pl.Series:
    """The distance of each point to the nearest centre."""
    far = [distance(_axes(points), centre).fill_nan(math.inf) for centre in centres]
    return points.select(pl.min_horizontal(far).alias("gap")).to_series()


def _between(a: Point, b: Point, distance: Distance) -> float:
    return float(pl.select(distance([pl.lit(x) for x in a], b)).item())


def _spread(points: pl.DataFrame, k: int, distance: Distance, rng: random.Random) -> list[Point]:
    """Starting centres far from each other (k-means++)."""
    centres: list[Point] = [points.row(rng.randrange(points.height))]
    while len(centres) < k:
        reach = _gaps(points, centres, distance).cum_sum()
        total = float(reach[-1])
        drawn = (
            int(reach.search_sorted(rng.random() * total, side="right"))
            if 0 < total < math.inf
            else rng.randrange(points.height)
        )
        centres.append(points.row(min(drawn, points.height - 1)))
    return centres
