"""The statistical functions of stats, chart, timechart, eventstats, streamstats and tstats, one definition each.

Follows "Statistical and charting functions" of Splunk's Search Reference. A function is a Polars expression over the
columns of one group, so that a million rows are one native group_by. What streamstats has a closed form for is in
`running`.

Percentiles interpolate between the two nearest values, as the worked examples of the "perc" function do; the median of an
even number of values is the mean of the middle two, rounded up where all values are whole (measured).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import polars as pl

from caltrop.engine.aggregate.inputs import Input

Build = Callable[[Input], pl.Expr]


@dataclass(frozen=True, slots=True)
class Function:
    """`build` reduces one group. `empty` is the result over no rows at all. `parts` names what prestats must keep."""

    name: str
    build: Build
    doc: str
    aliases: tuple[str, ...] = ()
    empty: int | None = None
    parts: tuple[str, ...] = ()
    rank: Fraction | None = None  # of percentiles
    scale: int | None = None  # per_*: seconds of the unit; timechart multiplies
    decimals: int | None = None  # as many are always written
    note: str = ""


registry: dict[str, Function] = {}


def aggregation(
    name: str,
    *aliases: str,
    parts: tuple[str, ...],
    empty: int | None = None,
    decimals: int | None = None,
    note: str = "",
) -> Callable[[Build], Build]:
    """Register the reducer of the function of that name; its docstring is its line in the documentation."""

    def register(build: Build) -> Build:
        function = Function(
            name, build, (build.__doc__ or "").strip(), aliases, empty, parts, decimals=decimals, note=note
        )
        for key in (name, *aliases):
            if key in registry:
                raise RuntimeError(f"aggregation {key!r} is registered twice")
            registry[key] = function
        return build

    return register


_PERCENTILE = re.compile(r"(perc|p|exactperc|upperperc)(\d{1,3}(?:\.\d{1,10})?)")
_PER_UNIT = {"per_second": 1, "per_minute": 60, "per_hour": 3600, "per_day": 86400}


def find(name: str) -> Function | None:
    """The function of a lower-case name as written, percentile rank included ("p95"); None when there is none."""
    known = registry.get(name)
    if known is not None:
        return known
    match = _PERCENTILE.fullmatch(name)
    if match and Fraction(match[2]) <= 100:
        rank = Fraction(match[2]) / 100
        return Function(
            name, lambda x: _percentile(x, rank), f"Percentile {match[2]}, interpolated.", parts=("vm",), rank=rank
        )
    if name in _PER_UNIT:
        return replace(registry["sum"], name=name, scale=_PER_UNIT[name], decimals=6)
    return None


# What stands for another function or an expression: sparkline(avg(x)), eval(avg(x)/2).
_AROUND = frozenset({"sparkline", "eval"})


def names() -> frozenset[str]:
    """Every name and alias; a percentile stands for all."""
    return frozenset({*registry, *_PER_UNIT, "sparkline", "perc95"})


def is_known(name: str) -> bool:
    """Whether a lower-case name may stand where a statistical function does."""
    return name in _AROUND or find(name) is not None


def documented() -> list[Function]:
    """Every function once, families under the name that stands for them, in order of their names."""
    families = [
        replace(_family("perc50"), name="perc<N>", aliases=("p<N>", "exactperc<N>", "upperperc<N>"), doc="Percentile N, interpolated between the two nearest values."),
        *(replace(_family(name), doc=f"Sum of a bucket of timechart {name.replace('_', ' ')}.", note="timechart only.") for name in _PER_UNIT),
        Function("sparkline", _family("count").build, "A small time line of a function: sparkline(count), sparkline(avg(x), 1h)."),
    ]  # fmt: skip
    return sorted({id(f): f for f in (*registry.values(), *families)}.values(), key=lambda function: function.name)


def _family(name: str) -> Function:
    function = find(name)
    assert function is not None
    return function


def with_decimals(column: pl.Series, decimals: int) -> pl.Series:
    """The numbers as text with that many decimals."""
    return pl.Series(
        column.name, [None if v is None else f"{v:.{decimals}f}" for v in column.to_list()], dtype=pl.String
    )


# --- counting -------------------------------------------------------------------------------------------------------


@aggregation("count", "c", parts=("ct",), empty=0)
def count(x: Input) -> pl.Expr:
    """Rows; with a field, its values; with eval(condition), the rows where it holds."""
    return x.values.len().cast(pl.Int64) if x.present else pl.len().cast(pl.Int64)


@aggregation("dc", "distinct_count", parts=("vm",), empty=0)
def dc(x: Input) -> pl.Expr:
    """Number of distinct values."""
    return x.values.n_unique().cast(pl.Int64)


aggregation("estdc", parts=("vm",), empty=0, note="Counts exactly; Splunk estimates large sets.")(dc)


@aggregation("estdc_error", parts=("vm",), empty=0, note="Always 0: estdc is exact.")
def estdc_error(x: Input) -> pl.Expr:
    """Theoretical error of estdc."""
    return pl.lit(0.0)


# --- arithmetic -----------------------------------------------------------------------------------------------------


def _where_any(x: Input, result: pl.Expr) -> pl.Expr:
    return pl.when(x.numbers.len() > 0).then(result)


@aggregation("sum", parts=("sm", "nc"))
def total(x: Input) -> pl.Expr:
    """Sum of the numeric values; missing when there are none."""
    return _where_any(x, x.total)


@aggregation("sumsq", parts=("ss", "nc"))
def sumsq(x: Input) -> pl.Expr:
    """Sum of the squares of the numeric values."""
    return _where_any(x, (x.numbers * x.numbers).sum())


@aggregation("avg", "mean", parts=("sm", "nc"))
def average(x: Input) -> pl.Expr:
    """Arithmetic mean of the numeric values."""
    return _where_any(x, x.total / x.numbers.len())


def _extreme(x: Input, *, largest: bool) -> pl.Expr:
    def of(column: pl.Expr) -> pl.Expr:
        return column.max() if largest else column.min()

    if x.is_number:
        return of(x.values)
    raw, number = x.aligned
    # The text of the largest number, so that "1.50" stays as it was written.
    position = number.arg_max() if largest else number.arg_min()
    numeric = raw.get(position, null_on_oob=True)
    if x.content == "number":
        return numeric
    if x.content == "text":
        return of(x.values)
    text = of(raw.filter(number.is_null() & raw.is_not_null()))
    return pl.coalesce(numeric, text)


@aggregation("max", parts=("nx", "sx"))
def largest(x: Input) -> pl.Expr:
    """Largest number; only where there is none, the last text in lexicographic order (a number wins over text: measured)."""
    return _extreme(x, largest=True)


@aggregation("min", parts=("nn", "sn"))
def smallest(x: Input) -> pl.Expr:
    """Smallest value; numbers compare by value and come before texts, which compare lexicographically."""
    return _extreme(x, largest=False)


@aggregation("range", parts=("nn", "nx"))
def spread(x: Input) -> pl.Expr:
    """Largest minus smallest numeric value."""
    return x.numbers.max() - x.numbers.min()


def _deviation(x: Input, *, sample: bool, root: bool) -> pl.Expr:
    degrees = 1 if sample else 0
    result = x.numbers.std(ddof=degrees) if root else x.numbers.var(ddof=degrees)
    return pl.when(x.numbers.len() == 1).then(0.0).otherwise(result)


_SQUARES = ("nc", "sm", "ss")


@aggregation("stdev", parts=_SQUARES)
def stdev(x: Input) -> pl.Expr:
    """Sample standard deviation; 0 for a single value."""
    return _deviation(x, sample=True, root=True)


@aggregation("stdevp", parts=_SQUARES)
def stdevp(x: Input) -> pl.Expr:
    """Population standard deviation."""
    return _deviation(x, sample=False, root=True)


@aggregation("var", parts=_SQUARES)
def var(x: Input) -> pl.Expr:
    """Sample variance; 0 for a single value."""
    return _deviation(x, sample=True, root=False)


@aggregation("varp", parts=_SQUARES)
def varp(x: Input) -> pl.Expr:
    """Population variance."""
    return _deviation(x, sample=False, root=False)


def _percentile(x: Input, rank: Fraction) -> pl.Expr:
    return x.numbers.quantile(float(rank), "linear")


@aggregation("median", parts=("vm",))
def median(x: Input) -> pl.Expr:
    """Middle value; of an even number of values the mean of the middle two, which whole numbers round up (measured)."""
    middle = x.numbers.median()
    whole = (x.numbers == x.numbers.floor()).all()
    return pl.when(whole).then((middle + 0.5).floor()).otherwise(middle)


@aggregation("mode", parts=("vm",))
def mode(x: Input) -> pl.Expr:
    """Most frequent value; of equally frequent ones the first in lexicographic order."""
    return x.values.mode().sort().first()


# --- multivalue results ---------------------------------------------------------------------------------------------


@aggregation("values", parts=("vm",))
def values(x: Input) -> pl.Expr:
    """Distinct values in lexicographic order."""
    return x.texts.unique().sort()


@aggregation("list", parts=("ls",))
def every(x: Input) -> pl.Expr:
    """The first 100 values (`[stats] list_maxsize`) in the order of the rows."""
    return x.texts.head(x.most_listed)


# --- order and time -------------------------------------------------------------------------------------------------


@aggregation("first", parts=("fi",))
def first(x: Input) -> pl.Expr:
    """Value of the first row that has the field, in the order of the rows."""
    return x.one(first=True).drop_nulls().first()


@aggregation("last", parts=("la",))
def last(x: Input) -> pl.Expr:
    """Value of the last row that has the field, in the order of the rows."""
    return x.one(first=False).drop_nulls().last()


@aggregation("earliest", parts=("ev", "et"))
def earliest(x: Input) -> pl.Expr:
    """Value of the row with the smallest _time that has the field."""
    return x.by_time(x.one(first=True), latest=False)


@aggregation("latest", parts=("lv", "lt"))
def latest(x: Input) -> pl.Expr:
    """Value of the row with the largest _time that has the field."""
    return x.by_time(x.one(first=True), latest=True)


@aggregation("earliest_time", parts=("ev", "et"), decimals=6)
def earliest_time(x: Input) -> pl.Expr:
    """Epoch time of the row that `earliest` takes its value from."""
    return x.times.min()


@aggregation("latest_time", parts=("lv", "lt"), decimals=6)
def latest_time(x: Input) -> pl.Expr:
    """Epoch time of the row that `latest` takes its value from."""
    return x.times.max()


@aggregation("rate", parts=("ev", "et", "lv", "lt"))
def rate(x: Input) -> pl.Expr:
    """(latest - earliest) / (latest_time - earliest_time); missing when the times are equal or a value is no number."""
    seconds = x.times.max() - x.times.min()
    return pl.when(seconds > 0).then(
        (x.by_time(x.one_number, latest=True) - x.by_time(x.one_number, latest=False)) / seconds
    )


_ONE_SERIES = "Rows are one time series; only mstats knows several."
aggregation("rate_avg", parts=("ev", "et", "lv", "lt"), note=_ONE_SERIES)(rate)
aggregation("rate_sum", parts=("ev", "et", "lv", "lt"), note=_ONE_SERIES)(rate)
