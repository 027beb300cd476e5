"""What became of the scheduled runs of an app's detections, as the target's scheduler.log tells (`index=_internal`)."""

from __future__ import annotations

from dataclasses import dataclass

from caltrop.dialect.words import quoted
from caltrop.replay.remote import RemoteTarget


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of one saved search in a range: hits over those that ended well, when the last one began (epoch seconds), how many
    were skipped and how many failed."""

    hits: int = 0
    last: float | None = None
    skipped: int = 0
    failed: int = 0


def runs(target: RemoteTarget, app: str, earliest: str, latest: str) -> dict[str, Runs]:
    """By the saved search's name. Empty where nothing ran, or this user may not read `_internal`."""
    rows = target.search(
        f"search index=_internal sourcetype=scheduler app={quoted(app)} savedsearch_name=* status=*"
        ' | eval began=coalesce(dispatch_time, scheduled_time), went=case(status=="success", "well", status=="skipped", "skipped",'
        ' match(status, "fail|error"), "failed")'
        ' | stats sum(eval(if(went=="well", result_count, 0))) AS hits max(eval(if(went=="well", began, null()))) AS last'
        ' count(eval(went=="skipped")) AS skipped count(eval(went=="failed")) AS failed BY savedsearch_name',
        earliest_time=earliest,
        latest_time=latest,
    )
    return {
        str(row["savedsearch_name"]): Runs(
            hits=_number(row.get("hits")),
            last=float(row["last"]) if row.get("last") else None,
            skipped=_number(row.get("skipped")),
            failed=_number(row.get("failed")),
        )
        for row in rows
    }


def _number(value: object) -> int:
    return int(float(str(value))) if value not in (None, "") else 0
