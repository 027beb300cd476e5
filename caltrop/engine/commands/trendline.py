"""trendline (Search Reference, "trendline"): moving averages over the results in their order."""

from __future__ import annotations

import re

import polars as pl

from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import Table, numeric
from caltrop.spl.ast import Aggregation, Command, FieldName

_TREND = re.compile(r"(sma|ema|wma)(\d{1,5})")


@command("trendline", note="Results without a number are stepped over.")
def trendline(table: Table, cmd: Command, ctx: Context) -> Table:
    """A column a trend; the first period-1 results have none."""
    trends = cmd.of(Aggregation)
    if not trends:
        raise SearchError("trendline needs a trend such as sma5(field)", node=cmd)
    frame = table.frame
    for trend in trends:
        match = _TREND.fullmatch(trend.function)
        if match is None or not 2 <= int(match[2]) <= 10_000:
            raise SearchError(
                f"unknown trend {trend.function!r}",
                node=trend,
                hint="Write sma, ema or wma and a period from 2 to 10000.",
            )
        if not isinstance(trend.argument, FieldName):
            raise SearchError(f"{trend.function} needs a field", node=trend)
        name = trend.argument.name
        if name in frame.columns:
            result = _trend(numeric(frame.get_column(name)), match[1], int(match[2]))
        else:
            result = pl.Series([None], dtype=pl.Float64).new_from_index(0, frame.height)
        frame = frame.with_columns(result.alias(trend.alias or trend.text))
    return table.with_frame(frame)


def _trend(column: pl.Series, kind: str, period: int) -> pl.Series:
    known = column.drop_nulls()
    if kind == "sma":
        values = known.rolling_mean(period)
    elif kind == "wma":
        weights = [float(w) for w in range(1, period + 1)]
        values = known.rolling_sum(period, weights=weights) / sum(weights)
    else:
        # The topic weighs the past with 2/(period+1) and the current value with the rest.
        smooth = known.ewm_mean(alpha=1 - 2 / (period + 1), adjust=False)
        values = pl.select(pl.when(pl.int_range(len(known)) >= period - 1).then(pl.lit(smooth))).to_series()
    at = pl.DataFrame({"row": column.is_not_null().arg_true(), "value": values})
    rows = pl.DataFrame({"row": pl.int_range(len(column), dtype=pl.UInt32, eager=True)})
    return rows.join(at, on="row", how="left", maintain_order="left").get_column("value")
