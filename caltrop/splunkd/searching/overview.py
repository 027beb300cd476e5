"""What a job's events hold: the field summary and the time line of `search/jobs/<sid>/summary` and `timeline`, as XML and JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

import polars as pl

from caltrop.dialect.strftime import strftime
from caltrop.engine.table import Table, numeric, render, values_of
from caltrop.splunkd.wire.atom import escape
from caltrop.splunkd.wire.results import time_text

# Milliseconds of a bucket; the first that gives no more buckets than a job was asked to keep is used.
DAY = 86_400_000
SPANS = (
    1, 10, 100, 1000, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000, 10_800_000, 21_600_000, 43_200_000, DAY,
)  # fmt: skip
HEAD = "<?xml version='1.0' encoding='UTF-8'?>\n"


def field_summary(events: Table, top: int, *, least: float = 0.0, only: Sequence[str] = ()) -> dict[str, Any]:
    """Per field: count, distinct count, the `top` commonest values, and numeric facts where values are numbers.

    Fields of fewer than `least` of the events (0 to 1) are left out, and all but `only` where that names some.
    """
    fields: dict[str, dict[str, Any]] = {}
    for name in only or events.fields:
        if name not in events.fields or len(events) - events.frame.get_column(name).null_count() < least * len(events):
            continue
        column = values_of(events.frame.get_column(name)).drop_nulls().explode()
        if not len(column):
            continue
        numbers = numeric(column).drop_nulls()
        counts = column.alias("v").value_counts(sort=True).sort(["count", "v"], descending=[True, False])
        told: dict[str, Any] = {
            "count": len(column), "numeric_count": len(numbers), "distinct_count": column.n_unique(), "is_exact": True,
        }  # fmt: skip
        if len(numbers):
            facts = {"min": numbers.min(), "max": numbers.max(), "mean": numbers.mean(), "stdev": numbers.std()}
            told |= {k: v for k, v in facts.items() if isinstance(v, (int, float)) and not math.isnan(v)}
        shown = counts.head(top)
        values = zip(render(shown["v"]), shown["count"], strict=True)
        told["modes"] = [{"value": v, "count": n, "is_exact": True} for v, n in values]
        fields[name] = told
    return {"event_count": len(events), "fields": fields}


def summary_xml(summary: Mapping[str, Any]) -> str:
    parts = [f"{HEAD}<results preview='0'><summary c='{summary['event_count']}'>"]
    for name, told in summary["fields"].items():
        parts.append(
            f"<field k='{escape(name)}' c='{told['count']}' nc='{told['numeric_count']}' dc='{told['distinct_count']}' exact='1'>"
        )
        parts += [f"<{key}>{told[key]:g}</{key}>" for key in ("min", "max", "mean", "stdev") if key in told]
        modes = (f"<value c='{m['count']}' exact='1'><text>{escape(m['value'])}</text></value>" for m in told["modes"])
        parts.append(f"<modes>{''.join(modes)}</modes></field>")
    parts.append("</summary></results>")
    return "".join(parts)


def timeline(events: Table, most: int, form: str = "") -> dict[str, Any]:
    """Event counts over time in at most `most` buckets from the first event to the last; none where `most` is 0.

    `form` is a strftime format for the buckets' times.
    """
    if most <= 0 or "_time" not in events.fields or not len(events):
        return {"event_count": 0, "cursor_time": 0.0, "buckets": []}
    times = (numeric(events.frame.get_column("_time")).drop_nulls() * 1000).round().cast(pl.Int64)
    low, high = times.min(), times.max()
    assert isinstance(low, int) and isinstance(high, int)
    length = len_of_bucket(low, high, most)
    span, begin = length / 1000, low // length
    counts = dict((times // length - begin).alias("n").value_counts().iter_rows())
    buckets = []
    for n in range(max(counts) + 1):
        t = (begin + n) * length / 1000
        buckets.append({
            "total_count": counts.get(n, 0), "available_count": counts.get(n, 0), "earliest_time": t, "duration": span,
            "is_finalized": True, "earliest_time_offset": 0, "latest_time_offset": 0,
            "earliest_strftime": (strftime(t, form) or "") if form else time_text(t),
        })  # fmt: skip
    return {"event_count": len(times), "cursor_time": high / 1000, "buckets": buckets}


def len_of_bucket(low: int, high: int, most: int) -> int:
    """Milliseconds of a bucket, so that no more than `most` reach from `low` to `high` (milliseconds)."""

    def needed(span: int) -> int:
        return high // span - low // span + 1

    too_short = list(takewhile(lambda span: needed(span) > most, SPANS))
    if len(too_short) < len(SPANS):
        return SPANS[len(too_short)]
    days = max(math.ceil((high - low) / DAY / most), 1)
    while needed(days * DAY) > most:
        days += 1
    return days * DAY


def timeline_xml(line: Mapping[str, Any]) -> str:
    buckets = [
        f"<bucket c='{b['total_count']}' a='{b['available_count']}' t='{b['earliest_time']:.6f}' d='{b['duration']:.15g}' f='1' "
        f"etz='0' ltz='0'>{b['earliest_strftime']}</bucket>"
        for b in line["buckets"]
    ]
    head = f"{HEAD}<timeline c='{line['event_count']}' cursor='{line['cursor_time']:.6f}'"
    return f"{head}>{''.join(buckets)}</timeline>" if buckets else f"{head}/>"
