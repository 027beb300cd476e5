"""anomalies, anomalousvalue and anomalydetection (Search Reference topics of those names): events unlike the others."""

from __future__ import annotations

import math
import re
import zlib
from collections import deque
from collections.abc import Sequence

import polars as pl

from caltrop.engine.aggregate.arguments import by_fields, choice, flag, gathered, names, number, text, whole
from caltrop.engine.commands.outlier import cut
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.fieldnames import expand
from caltrop.engine.registry import command
from caltrop.engine.table import MULTIVALUE, Table, numeric, render
from caltrop.spl.ast import Command

_ACTIONS = ("annotate", "filter", "summary")

# --- anomalies --------------------------------------------------------------------------------------------------------


@command("anomalies", note="Uniformity is measured by compression; scores differ from Splunk's.")
def anomalies(table: Table, cmd: Command, ctx: Context) -> Table:
    """`unexpectedness` of each event given those before it; without labelonly only events above the threshold.

    The score is (s(P and X) - s(P)) / (s(P) + s(X)), s being the compressed size of the last maxvalues events P and of
    the event X.
    """
    for option in ("denylist", "blacklist", "denylistthreshold", "blacklistthreshold"):
        if cmd.option(option) is not None:
            raise SearchError(f"anomalies {option}= is not supported", node=cmd)
    by = by_fields(cmd)
    cmd = gathered(cmd)
    if len(table) == 0:
        return table
    field = text(cmd, "field", "_raw")
    most = whole(cmd, "maxvalues", 100, minimum=1)
    column = render(table.frame.get_column(field)) if field in table else None
    if column is None or column.dtype == MULTIVALUE:
        raise SearchError(f"anomalies needs the text field {field!r}", node=cmd)
    keys = table.frame.select(by).rows() if by and all(name in table for name in by) else [()] * len(table)
    past: dict[tuple[object, ...], deque[str]] = {}
    scores: list[float | None] = []
    for key, value in zip(keys, column.to_list(), strict=True):
        if value is None:
            scores.append(None)
            continue
        shown = re.sub(r"\d+", "#", value) if flag(cmd, "normalize", True) else value
        before = past.setdefault(key, deque(maxlen=most))
        scores.append(_unexpectedness(before, shown))
        before.append(shown)
    frame = table.frame.with_columns(pl.Series("unexpectedness", scores, dtype=pl.Float64))
    if not flag(cmd, "labelonly", False):
        frame = frame.filter(pl.col("unexpectedness") >= number(cmd, "threshold", 0.01))
    return table.with_frame(frame)


def _unexpectedness(past: Sequence[str], value: str) -> float:
    if not past:
        return 0.0
    before = "\n".join(past)

    def size(content: str) -> int:
        return len(zlib.compress(content.encode(), 6))

    return max(size(f"{before}\n{value}") - size(before), 0) / (size(before) + size(value))


# --- anomalousvalue ---------------------------------------------------------------------------------------------------


@command("anomalousvalue")
def anomalousvalue(table: Table, cmd: Command, ctx: Context) -> Table:
    """Values that are rare (texts) or far from the mean (numbers) in their field."""
    fields = names(cmd.parts)
    cmd = gathered(cmd)
    return _by_value(
        table, cmd, fields, action=choice(cmd, "action", "filter", *_ACTIONS), threshold=number(cmd, "pthresh", 0.01)
    )


def _by_value(table: Table, cmd: Command, fields: Sequence[str], *, action: str, threshold: float) -> Table:
    least_count, least_share = number(cmd, "minsupcount", 100), number(cmd, "minsupfreq", 0.05)
    rare, normal = number(cmd, "maxanofreq", 0.05), number(cmd, "minnormfreq", 0.01)
    frame = table.frame
    marks: list[pl.Series] = []
    rows = []
    for name in expand(fields or ["*"], table.fields):
        column = frame.get_column(name)
        if column.dtype == MULTIVALUE or column.null_count() == len(column):
            continue
        supported = column.count() >= min(least_count, len(column)) and column.count() >= least_share * len(column)
        numbers = numeric(column)
        by_number = numbers.count() == column.count() and numbers.drop_nulls().n_unique() > 1
        score = _number_score(numbers) if by_number else _category_score(render(column))
        odd = ((score < threshold) if by_number else (score <= min(rare, threshold))).fill_null(False)
        useful = supported and float(odd.sum()) / len(column) <= rare and 1 - float(odd.sum()) / len(column) >= normal
        kind = "Num" if by_number else "Cat"
        if useful:
            marks.append(pl.select(pl.when(odd).then(score)).to_series().alias(f"Anomaly_Score_{kind}({name})"))
        rows.append(
            {
                "fieldname": name, "count": column.count(), "distinct_count": column.drop_nulls().n_unique(),
                "mean": numbers.mean(), "stdev": numbers.std(), "supp%": 100 * column.count() / len(column),
                "catAnoFreq%": None if by_number else 100 * float(odd.sum()) / len(column),
                "numAnoFreq%": 100 * float(odd.sum()) / len(column) if by_number else None,
                "useCat": "yes" if useful and not by_number else "no", "useNum": "yes" if useful and by_number else "no",
                "isNum": "YES" if by_number else "NO",
            }
        )  # fmt: skip
    if action == "summary":
        return Table(pl.DataFrame(rows)) if rows else Table.empty(["fieldname"])
    odd_row = (
        pl.DataFrame(marks).select(pl.any_horizontal(pl.all().is_not_null()).alias("odd")).to_series()
        if marks
        else None
    )
    frame = frame.with_columns(marks)
    if action == "filter":
        frame = frame.filter(odd_row) if odd_row is not None else frame.clear()
    return table.with_frame(frame)


def _category_score(column: pl.Series) -> pl.Series:
    """Share of the rows that hold the same text."""
    frame = pl.DataFrame({"v": column})
    return frame.select(pl.when(pl.col("v").is_not_null()).then(pl.len().over("v") / len(column))).to_series()


def _number_score(numbers: pl.Series) -> pl.Series:
    """Probability of a value at least as far from the mean under a normal distribution."""
    mean, deviation = float(str(numbers.mean())), float(str(numbers.std()))
    scores = [None if v is None else math.erfc(abs(v - mean) / deviation / math.sqrt(2)) for v in numbers.to_list()]
    return pl.Series(numbers.name, scores, dtype=pl.Float64)


# --- anomalydetection -------------------------------------------------------------------------------------------------

_BINS = 30


@command("anomalydetection", note="With cutoff=t the bound lies twice as far out as with cutoff=f.")
def anomalydetection(table: Table, cmd: Command, ctx: Context) -> Table:
    """method=histogram: events whose combination of values is improbable; zscore: anomalousvalue; iqr: outlier."""
    fields = names(cmd.parts)
    cmd = gathered(cmd)
    method = choice(cmd, "method", "histogram", "histogram", "zscore", "iqr")
    if method == "iqr":
        action = choice(cmd, "action", "transform", "transform", "tf", "remove", "rm")
        return cut(
            table, expand(fields or ["*"], table.fields), remove=action in ("remove", "rm"), factor=number(cmd, "param", 2.5),
            lower=flag(cmd, "uselower", False), mark=flag(cmd, "mark", False),
        )  # fmt: skip
    if method == "zscore":
        return _by_value(
            table,
            cmd,
            fields,
            action=choice(cmd, "action", "filter", *_ACTIONS),
            threshold=number(cmd, "pthresh", 0.01),
        )
    return _by_histogram(table, cmd, expand(fields or ["*"], table.fields))


def _by_histogram(table: Table, cmd: Command, fields: Sequence[str]) -> Table:
    action = choice(cmd, "action", "filter", *_ACTIONS)
    frame = table.frame
    shares = {}
    for name in fields:
        column = frame.get_column(name)
        if column.dtype != MULTIVALUE and column.null_count() < len(column):
            shares[name] = _share(column)
    if not shares:
        return table.with_frame(frame if action == "annotate" else frame.clear())
    logs = pl.DataFrame([share.log().alias(name) for name, share in shares.items()])
    total = logs.select(pl.sum_horizontal(pl.all())).to_series().alias("log_event_prob")
    threshold = cmd.option("pthresh")
    if threshold is not None:
        bound = math.log(max(number(cmd, "pthresh", 0.01), 1e-300))
    else:
        first, third = float(str(total.quantile(0.25, "linear"))), float(str(total.quantile(0.75, "linear")))
        bound = first - (3.0 if flag(cmd, "cutoff", True) else 1.5) * (third - first)
    odd = total < bound
    if action == "summary":
        facts = {"thresh": [bound], "num_anomalies": [int(odd.sum())], "supported_fields": [",".join(shares)]}
        return Table(pl.DataFrame(facts))

    def cause(row: int) -> str:
        known = {name: share[row] for name, share in shares.items()}
        return min(known, key=lambda name: (known[name], name))

    causes = [cause(row) for row in range(len(table))]
    lowest = [shares[cause][i] for i, cause in enumerate(causes)]
    highest = pl.DataFrame(list(shares.values())).select(pl.max_horizontal(pl.all())).to_series().alias("max_freq")
    facts_ = [
        total,
        pl.Series("probable_cause", causes),
        pl.Series("probable_cause_freq", lowest, dtype=pl.Float64),
        highest,
    ]
    if action == "annotate":
        frame = frame.with_columns(pl.select(pl.when(odd).then(fact)).to_series().alias(fact.name) for fact in facts_)
    else:
        frame = frame.with_columns(facts_).filter(odd)
    return table.with_frame(frame)


def _share(column: pl.Series) -> pl.Series:
    """Share of the rows in the same bar: a text's own bar, or one of equal ranges of numbers; missing values are a bar."""
    numbers = numeric(column)
    if numbers.count() == column.count() and column.drop_nulls().n_unique() > _BINS:
        low, high = float(str(numbers.min())), float(str(numbers.max()))
        bars = ((numbers - low) / (high - low) * _BINS).floor().clip(0, _BINS - 1)
    else:
        bars = render(column)
    return pl.DataFrame({"v": bars}).select(pl.len().over("v") / len(column)).to_series().alias(column.name)
