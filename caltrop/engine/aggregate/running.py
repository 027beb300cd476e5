"""Running values of statistical functions in closed form: one expression for `.over(group)`, the current row included.

None means that there is no closed form for such a column; streamstats then reduces one window a row.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from caltrop.engine.aggregate.inputs import TIME, Input

Running = Callable[[Input], "pl.Expr | None"]


def running(name: str, x: Input) -> pl.Expr | None:
    """The cumulative form of the function of that (registered) name over `x`."""
    build = _FORMS.get(name)
    return build(x) if build else None


def windowed(name: str, x: Input, size: int) -> pl.Expr | None:
    """The same over the last `size` rows of the group, for what Polars has a rolling kernel."""
    if not x.present:
        return pl.min_horizontal(pl.int_range(1, pl.len() + 1, dtype=pl.Int64), size) if name == "count" else None
    if x.multivalue or name not in ("count", "sum", "avg", "min", "max"):
        return None
    if name == "count":
        return x.value.is_not_null().cast(pl.Int64).rolling_sum(size, min_samples=1)
    if name in ("min", "max"):
        if x.content != "number":
            return None
        return x.number.rolling_max(size, min_samples=1) if name == "max" else x.number.rolling_min(size, min_samples=1)
    if name == "sum":
        return x.number.rolling_sum(size, min_samples=1)
    return x.number.rolling_mean(size, min_samples=1)


def _counted(x: Input) -> pl.Expr:
    if x.multivalue:
        return x.value.list.len().fill_null(0).cast(pl.Int64).cum_sum()
    return x.value.is_not_null().cast(pl.Int64).cum_sum()


def _numbers(x: Input) -> pl.Expr:
    known = x.number.list.drop_nulls().list.len().fill_null(0) if x.multivalue else x.number.is_not_null()
    return known.cast(pl.Int64).cum_sum()


def _sum(x: Input, power: int = 1, shift: pl.Expr | None = None) -> pl.Expr:
    def term(value: pl.Expr) -> pl.Expr:
        return (value if shift is None else value - shift) ** power

    row = x.number.list.eval(term(pl.element())).list.sum() if x.multivalue else term(x.number)
    return row.fill_null(0.0).cum_sum()


def _where_any(x: Input, result: pl.Expr) -> pl.Expr:
    return pl.when(_numbers(x) > 0).then(result)


def _count(x: Input) -> pl.Expr:
    return _counted(x) if x.present else pl.int_range(1, pl.len() + 1, dtype=pl.Int64)


def _dc(x: Input) -> pl.Expr | None:
    if x.multivalue:
        return None
    return (x.value.is_first_distinct() & x.value.is_not_null()).cast(pl.Int64).cum_sum()


def _cumulative(x: Input, *, largest: bool) -> pl.Expr:
    """The largest or smallest number so far."""
    if x.multivalue:
        row = x.number.list.max() if largest else x.number.list.min()
    else:
        row = x.number
    return (row.cum_max() if largest else row.cum_min()).forward_fill()


def _extreme(x: Input, *, largest: bool) -> pl.Expr | None:
    return _cumulative(x, largest=largest) if x.content == "number" else None


def _range(x: Input) -> pl.Expr:
    return _cumulative(x, largest=True) - _cumulative(x, largest=False)


def _deviation(x: Input, *, sample: bool, root: bool) -> pl.Expr:
    n = _numbers(x)
    # Keeps the two sums small, so that their difference keeps its digits.
    shift = None if x.multivalue else x.number.mean()
    total = _sum(x, 1, shift)
    squares = (_sum(x, 2, shift) - total * total / n).clip(0.0)
    variance = pl.when(n > 1).then(squares / (n - 1 if sample else n)).otherwise(0.0)
    return _where_any(x, variance.sqrt() if root else variance)


def _first(x: Input) -> pl.Expr:
    return pl.when(_counted(x) > 0).then(x.one(first=True).drop_nulls().first())


def _by_time(x: Input, *, latest: bool, value: bool) -> pl.Expr:
    known = x.value.is_not_null() & pl.col(TIME).is_not_null()
    time = pl.when(known).then(pl.col(TIME))
    best = (time.cum_max() if latest else time.cum_min()).forward_fill()
    if not value:
        return best
    before = best.shift(1)
    better = time > before if latest else time < before
    return pl.when(known & (before.is_null() | better)).then(x.one(first=True)).forward_fill()


_FORMS: dict[str, Running] = {
    "count": _count,
    "dc": _dc,
    "estdc": _dc,
    "sum": lambda x: _where_any(x, _sum(x)),
    "sumsq": lambda x: _where_any(x, _sum(x, 2)),
    "avg": lambda x: _where_any(x, _sum(x) / _numbers(x)),
    "max": lambda x: _extreme(x, largest=True),
    "min": lambda x: _extreme(x, largest=False),
    "range": _range,
    "stdev": lambda x: _deviation(x, sample=True, root=True),
    "stdevp": lambda x: _deviation(x, sample=False, root=True),
    "var": lambda x: _deviation(x, sample=True, root=False),
    "varp": lambda x: _deviation(x, sample=False, root=False),
    "first": _first,
    "last": lambda x: x.one(first=False).forward_fill(),
    "earliest": lambda x: _by_time(x, latest=False, value=True),
    "latest": lambda x: _by_time(x, latest=True, value=True),
    "earliest_time": lambda x: _by_time(x, latest=False, value=False),
    "latest_time": lambda x: _by_time(x, latest=True, value=False),
}
