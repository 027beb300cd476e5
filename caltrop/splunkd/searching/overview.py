"""What a job's events hold: the field summary and the time line, as XML of `search/jobs/<sid>/summary` and `timeline`."""

from __future__ import annotations

import math

import polars as pl

from caltrop.engine.table import Table, numeric, render, values_of
from caltrop.splunkd.wire.atom import escape
from caltrop.splunkd.wire.results import time_text

SPANS = (1, 60, 3600, 86400)  # seconds; the first that gives at most MAX_BUCKETS buckets is used
MAX_BUCKETS = 300


def field_summary(events: Table, top: int) -> str:
    """Per field: count, distinct count, the commonest values, and numeric facts where values are numbers."""
    parts = [f"<?xml version='1.0' encoding='UTF-8'?>\n<results preview='0'><summary c='{len(events)}'>"]
    for name in events.fields:
        column = values_of(events.frame.get_column(name)).drop_nulls().explode()
        if not len(column):
            continue
        numbers = numeric(column).drop_nulls()
        counts = column.alias("v").value_counts(sort=True).sort(["count", "v"], descending=[True, False])
        parts.append(
            f"<field k='{escape(name)}' c='{len(column)}' nc='{len(numbers)}' dc='{column.n_unique()}' exact='1'>"
        )
        if len(numbers):
            facts = {"min": numbers.min(), "max": numbers.max(), "mean": numbers.mean(), "stdev": numbers.std()}
            for key, value in facts.items():
                if isinstance(value, (int, float)) and not math.isnan(value):
                    parts.append(f"<{key}>{value:g}</{key}>")
        shown = counts.head(top)
        values = zip(render(shown["v"]), shown["count"], strict=True)
        parts.append(
            "<modes>" + "".join(f"<value c='{n}' exact='1'><text>{escape(v)}</text></value>" for v, n in values)
        )
        parts.append("</modes></field>")
    parts.append("</summary></results>")
    return "".join(parts)


def timeline(events: Table) -> str:
    """Event counts over time."""
    head = "<?xml version='1.0' encoding='UTF-8'?>\n"
    if "_time" not in events.fields or not len(events):
        return f"{head}<timeline c='0' cursor='0.000000'/>"
    times = numeric(events.frame.get_column("_time")).drop_nulls()
    low, high = times.min(), times.max()
    assert isinstance(low, float) and isinstance(high, float)
    span = next((s for s in SPANS if (high - low) / s < MAX_BUCKETS), max(86400, int((high - low) // MAX_BUCKETS) + 1))
    start = (times / span).floor() * span
    counts = dict(start.alias("t").value_counts().select(pl.col("t").cast(pl.Int64), "count").iter_rows())
    buckets = [
        f"<bucket c='{n}' a='{n}' t='{t}.000000' d='{span}' f='1' etz='0' ltz='0'>{time_text(t)}</bucket>"
        for t, n in sorted(counts.items())
    ]
    return f"{head}<timeline c='{len(times)}' cursor='{high:.6f}'>{''.join(buckets)}</timeline>"
