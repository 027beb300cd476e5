"""What a job's events hold: the field summary and the time line of `search/jobs/<sid>/summary` and `timeline`, as XML and JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from caltrop.engine.table import Table, numeric, render, values_of
from caltrop.splunkd.wire.atom import escape
from caltrop.splunkd.wire.results import time_text

SPANS = (
    0.001,
    0.01,
    0.1,
    1.0,
    60.0,
    3600.0,
    86400.0,
)  # seconds; the first that gives at most MAX_BUCKETS buckets is used
MAX_BUCKETS = 300
HEAD = "<?xml version='1.0' encoding='UTF-8'?>\n"


def field_summary(events: Table, top: int) -> dict[str, Any]:
    """Per field: count, distinct count, the commonest values, and numeric facts where values are numbers."""
    fields: dict[str, dict[str, Any]] = {}
    for name in events.fields:
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


def timeline(events: Table) -> dict[str, Any]:
    """Event counts over time, a bucket each."""
    if "_time" not in events.fields or not len(events):
        return {"event_count": 0, "cursor_time": 0.0, "buckets": []}
    times = numeric(events.frame.get_column("_time")).drop_nulls()
    low, high = times.min(), times.max()
    assert isinstance(low, float) and isinstance(high, float)
    span = next((s for s in SPANS if (high - low) / s < MAX_BUCKETS), float((high - low) // MAX_BUCKETS + 1))
    counts = dict((times / span).floor().alias("t").value_counts().iter_rows())
    buckets = [
        {
            "total_count": n, "available_count": n, "earliest_time": round(t * span, 3), "duration": span, "is_finalized": True,
            "earliest_time_offset": 0, "latest_time_offset": 0, "earliest_strftime": time_text(round(t * span, 3)),
        }
        for t, n in sorted(counts.items())
    ]  # fmt: skip
    return {"event_count": len(times), "cursor_time": high, "buckets": buckets}


def timeline_xml(line: Mapping[str, Any]) -> str:
    buckets = [
        f"<bucket c='{b['total_count']}' a='{b['available_count']}' t='{b['earliest_time']:.6f}' d='{b['duration']:.15g}' f='1' "
        f"etz='0' ltz='0'>{b['earliest_strftime']}</bucket>"
        for b in line["buckets"]
    ]
    head = f"{HEAD}<timeline c='{line['event_count']}' cursor='{line['cursor_time']:.6f}'"
    return f"{head}>{''.join(buckets)}</timeline>" if buckets else f"{head}/>"
