"""Who and what the rows of a detection are about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import polars as pl

from caltrop.content import Detection
from caltrop.engine.table import values_of
from caltrop.hunt.model import Entity

# Where a detection names no entity of a kind, the fields that hold one by the names of the Common Information Model and of logs.
USUAL = {
    "system": ("dest", "dvc", "Computer", "ComputerName", "host", "src"),
    "user": ("user", "User", "src_user", "Account_Name", "SubjectUserName", "userName", "user_name"),
}
_NOBODY = frozenset({"", "-", "unknown", "null", "N/A"})


def seen(detection: Detection, rows: pl.DataFrame, events: pl.DataFrame) -> dict[Entity, int]:
    """Each entity with the number of rows that name it: the detection's own risk objects, then hosts and users by the usual
    fields of its rows, else of its events."""
    found: Counter[Entity] = Counter()
    for item in detection.risk_objects:
        found.update(_in(rows, item.field, item.type))
    for kind, names in USUAL.items():
        for frame in (rows, events):
            if not any(entity.kind == kind for entity in found):
                column = next((n for n in names if n in frame.columns and _in(frame, n, kind)), None)
                found.update(_in(frame, column, kind) if column else {})
    return dict(found)


def scores(detection: Detection, rows: pl.DataFrame) -> dict[Entity, int]:
    """The risk that these rows add to each entity: as the risk action does it, one score for each row and value."""
    found: Counter[Entity] = Counter()
    for item in detection.risk_objects:
        score = item.score or detection.risk_score
        for entity, count in _in(rows, item.field, item.type).items():
            found[entity] += score * count
    return dict(found)


def _in(frame: pl.DataFrame, name: str, kind: str) -> Mapping[Entity, int]:
    """The values of a field, each with the number of rows that have it."""
    if name not in frame.columns or not frame.height:
        return {}
    values = values_of(frame.get_column(name)).alias("value")
    counted = values.list.unique().explode().drop_nulls().value_counts().rows()
    return {Entity(kind, value): count for value, count in sorted(counted) if value not in _NOBODY}
