"""predict and x11 (Search Reference topics of those names): forecasts, and trends without their seasons.

The forecasts are Kalman filters: LL follows a level, LLT a level and its trend, LLP a level over a repeating season, LLP5 a trend over
one. The noise of level and trend is the one, of a small grid, under which the series is most likely.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import polars as pl

from caltrop.engine.aggregate.arguments import flag, gathered, text, whole
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import Table, concat, numeric
from caltrop.spl.ast import Alias, Command, FieldName, Option, Word

ALGORITHMS = ("LL", "LLT", "LLP", "LLP5")
_RATIOS = (0.001, 0.01, 0.1, 0.5, 1.0, 10.0)  # variance of the level's steps, relative to that of the noise
_TREND_RATIOS = (0.0, 0.001, 0.01, 0.1)


@dataclass(frozen=True, slots=True)
class Forecast:
    """One value ahead for each point, then for the future: mean and standard deviation."""

    means: list[float]
    deviations: list[float]


@command("predict", note="LLB and BiLL are left out; seasons are found by autocorrelation.")
def predict(table: Table, cmd: Command, ctx: Context) -> Table:
    """The series continued, with bounds of confidence."""
    series = [
        (p.source.name, p.target.name) if isinstance(p, Alias) else (p.name, f"prediction({p.name})")
        for p in cmd.parts
        if isinstance(p, Alias | FieldName)
    ]
    if not series:
        raise SearchError("predict needs a field", node=cmd)
    options = gathered(cmd)
    algorithm = text(options, "algorithm", "LLP5").upper()
    if algorithm not in ALGORITHMS:
        raise SearchError(
            f"predict algorithm={options.option('algorithm')} is not supported",
            node=cmd,
            hint=f"Use one of {', '.join(ALGORITHMS)}.",
        )
    future, holdback = whole(options, "future_timespan", 5), whole(options, "holdback", 0)
    period = whole(options, "period", 0)
    bounds = [*_bounds(cmd, "upper"), *_bounds(cmd, "lower")] or [("upper", 95, None), ("lower", 95, None)]
    if len(table) == 0:
        return table
    table = _extended(table, max(future - holdback, 0))
    known = len(table) - max(future - holdback, 0)
    frame = table.frame
    suppress = text(options, "suppress", "")
    for source, output in series:
        if source not in table:
            raise SearchError(f"predict: no field {source!r}", node=cmd)
        values = numeric(frame.get_column(source)).head(known).to_list()
        used = values[: len(values) - holdback] if holdback else values
        if sum(v is not None for v in used) < 2:
            raise SearchError(f"predict: {source!r} has too few numbers", node=cmd)
        ahead = len(table) - len(used)
        forecast = _forecast(used, ahead, algorithm, period)
        columns = [] if output == suppress else [_cells(output, forecast.means, options)]
        for side, percent, name in bounds:
            width = NormalDist().inv_cdf(0.5 + percent / 200)
            sign = 1 if side == "upper" else -1
            cells = [m + sign * width * d for m, d in zip(forecast.means, forecast.deviations, strict=True)]
            label = name or f"{side}{percent}({output})"
            if label != suppress:
                columns.append(_cells(label, cells, options))
        frame = frame.with_columns(columns)
    return table.with_frame(frame)


def _cells(name: str, values: Sequence[float], options: Command) -> pl.Series:
    column = pl.Series(name, [None if math.isnan(v) else v for v in values], dtype=pl.Float64)
    return column.clip(0.0) if flag(options, "nonnegative", False) else column


def _bounds(cmd: Command, side: str) -> list[tuple[str, int, str | None]]:
    """upper95=name: the side, the percentage, the name of the column."""
    found: list[tuple[str, int, str | None]] = []
    for part in cmd.of(Option):
        match = re.fullmatch(rf"{side}(\d{{1,2}})", part.name)
        if match and int(match[1]) > 0:
            found.append((side, int(match[1]), str(part.value)))
    return found


def _extended(table: Table, count: int) -> Table:
    """The rows, and `count` more that continue _time at its usual step."""
    if not count or "_time" not in table:
        return (
            concat([table, Table(pl.DataFrame({table.fields[0]: [None] * count}))]) if count and table.fields else table
        )
    time = numeric(table.frame.get_column("_time")).drop_nulls()
    step = time.diff().drop_nulls().median()
    if not isinstance(step, int | float) or len(time) == 0:
        return table
    last = float(time[-1])
    return concat([table, Table(pl.DataFrame({"_time": [last + step * (i + 1) for i in range(count)]}))])


def _forecast(values: Sequence[float | None], ahead: int, algorithm: str, period: int) -> Forecast:
    season: list[float] = []
    if algorithm in ("LLP", "LLP5"):
        period = period or _season_length(values)
        if period > 1 and len(values) >= 2 * period:
            season = _season(values, period)
    shift = [season[i % len(season)] if season else 0.0 for i in range(len(values) + ahead)]
    level = [None if v is None else v - s for v, s in zip(values, shift, strict=False)]
    trends = _TREND_RATIOS if algorithm in ("LLT", "LLP5") else (0.0,)
    best: Forecast | None = None
    likelihood = -math.inf
    for ratio in _RATIOS:
        for trend in trends:
            found, value = _filter(level, ahead, ratio, trend, with_trend=algorithm in ("LLT", "LLP5"))
            if best is None or value > likelihood:
                best, likelihood = found, value
    assert best is not None
    return Forecast([m + s for m, s in zip(best.means, shift, strict=True)], best.deviations)


def _filter(
    values: Sequence[float | None], ahead: int, ratio: float, trend: float, *, with_trend: bool
) -> tuple[Forecast, float]:
    """A Kalman filter of level and slope; returns the forecasts and the log likelihood. Noise has variance 1 until scaled."""
    first = next(v for v in values if v is not None)
    level, slope = first, 0.0
    p00, p01, p11 = 1e4, 0.0, 1e4 if with_trend else 0.0
    means, variances = [], []
    errors: list[tuple[float, float]] = []
    for value in [*values, *([None] * ahead)]:
        if with_trend:
            level += slope
            p00, p01, p11 = p00 + 2 * p01 + p11 + ratio, p01 + p11, p11 + trend
        else:
            p00 += ratio
        spread = p00 + 1.0
        means.append(level)
        variances.append(spread)
        if value is None:
            continue
        error = value - level
        errors.append((error, spread))
        gain, slope_gain = p00 / spread, p01 / spread
        level += gain * error
        slope += slope_gain * error
        p00, p01, p11 = p00 * (1 - gain), p01 * (1 - gain), p11 - slope_gain * p01
    settled = errors[2:] or errors  # the first errors say only how little was known
    scale = sum(e * e / s for e, s in settled) / len(settled)
    scale = max(scale, 1e-12)
    likelihood = -0.5 * sum(math.log(scale * s) + e * e / (scale * s) for e, s in settled)
    deviations = [math.sqrt(v * scale) if i > 1 else math.nan for i, v in enumerate(variances)]
    means[0] = math.nan  # nothing was known before the first value
    return Forecast(means, deviations), likelihood


def _season_length(values: Sequence[float | None]) -> int:
    """The lag at which the series is most like itself, 0 when none stands out."""
    mean = sum(v for v in values if v is not None) / max(sum(v is not None for v in values), 1)
    flat = [0.0 if v is None else v - mean for v in values]
    power = sum(v * v for v in flat)
    if power == 0:
        return 0
    lags = range(2, min(len(flat) // 2, 400) + 1)
    scores = {lag: sum(a * b for a, b in zip(flat, flat[lag:], strict=False)) / power for lag in lags}
    peaks = [
        lag
        for lag in lags
        if scores[lag] > 0.3 and scores[lag] >= scores.get(lag - 1, -1) and scores[lag] >= scores.get(lag + 1, -1)
    ]
    return max(peaks, key=lambda lag: scores[lag], default=0)


def _season(values: Sequence[float | None], period: int) -> list[float]:
    """The mean distance from the moving average at each point of the period, adding up to 0."""
    trend = _centred(values, period)
    parts: list[list[float]] = [[] for _ in range(period)]
    for i, (value, middle) in enumerate(zip(values, trend, strict=True)):
        if value is not None and middle is not None:
            parts[i % period].append(value - middle)
    means = [sum(p) / len(p) if p else 0.0 for p in parts]
    offset = sum(means) / period
    return [m - offset for m in means]


def _centred(values: Sequence[float | None], period: int) -> list[float | None]:
    """The centred moving average; of an even period the two outer points count half."""
    half = period // 2
    out: list[float | None] = [None] * len(values)
    for i in range(half, len(values) - half):
        window = values[i - half : i + half + 1]
        if any(v is None for v in window):
            continue
        known = [v for v in window if v is not None]
        out[i] = sum(known) / period if period % 2 else (sum(known) - (known[0] + known[-1]) / 2) / period
    return out


@command("x11", note="One pass of moving averages instead of Census X-11's iterations.")
def x11(table: Table, cmd: Command, ctx: Context) -> Table:
    """The field without its season: x11 [add|mult]period(field) AS name."""
    words = [p.text if isinstance(p, Word) else p.name for p in cmd.parts if isinstance(p, Word | FieldName)]
    match = re.fullmatch(
        r"(?:(add|mult)\s*(?:\(\s*\))?)?\s*(\d*)\s*\(\s*([^()]+?)\s*\)(?:\s+as\s+(.+))?", " ".join(words), re.IGNORECASE
    )
    if match is None:
        raise SearchError("x11 cannot be read", node=cmd, hint="Write as in x11 mult12(sales) AS trend.")
    field = match[3]
    period = int(match[2] or 10)
    if not 5 <= period <= 10_000:
        raise SearchError("x11 takes a period of at least 5", node=cmd)
    add = (match[1] or "mult").lower() == "add"
    values: Sequence[float | None] = (
        numeric(table.frame.get_column(field)).to_list() if field in table else [None] * len(table)
    )
    if not add:
        values = [math.log(v) if v is not None and v > 0 else None for v in values]
    season = _season(values, period)
    plain = [None if v is None else v - season[i % period] for i, v in enumerate(values)]
    if not add:
        plain = [None if v is None else math.exp(v) for v in plain]
    name = (match[4] or " ".join(words)).strip('"')
    return table.with_frame(table.frame.with_columns(pl.Series(name, plain, dtype=pl.Float64)))
