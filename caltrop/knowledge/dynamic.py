"""Events in which a wanted name does not stand have no field of that name by the data's own naming (`$1::$2`, key=value).

What takes names from the text is most of the work of extraction, and few events have the few names that a search reads. The rows
that are left out here are those that lack all of them: a certain no, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

import polars as pl

from caltrop.knowledge import automatic
from caltrop.knowledge.asking import Fault
from caltrop.knowledge.props import Extract, Plan
from caltrop.knowledge.transforms import MOST, Transform

LEAST = 256  # rows, below which to ask costs more than to extract
_PLAIN = re.compile(r"\$\d+")
KEY_VALUE = frozenset({"auto", "auto_escaped"})  # of KV_MODE: every name stands in the event


def naming(
    frame: pl.DataFrame, plan: Plan, transforms: Collection[Transform | Fault], wanted: Collection[str]
) -> pl.Series | None:
    """Boolean: the rows that may get one of the wanted fields under a name of their own. None where that cannot be told, where
    nothing takes names from the text, and where there are too few rows to ask. `transforms` are those of the plan's reports."""
    found = [item for item in transforms if isinstance(item, Transform)]
    dynamic = [item for item in found if item.dynamic]
    if frame.height < LEAST or "_raw" not in frame.columns or not (dynamic or plan.kv_mode in KEY_VALUE):
        return None
    if not all(item.names_as_written for item in dynamic):
        return None
    composed = _composed(plan.extracts, found, frozenset(frame.columns) - {"_raw"})
    if any(len(item.sources) > 1 or composed is None or not composed.isdisjoint(item.sources) for item in dynamic):
        return None
    cleaned = all(item.clean_keys for item in dynamic)
    multivalue = any(item.multivalue for item in dynamic)
    names = [name for name in wanted if multivalue or not _full(frame, name)]
    if len(names) > MOST:
        return None
    raw = frame.get_column("_raw")
    pattern = automatic.named(names, cleaned=cleaned)
    if pattern is None:
        return raw.is_null() & False
    return raw.str.contains(pattern).fill_null(False)


def _composed(
    extracts: Iterable[Extract], transforms: Iterable[Transform], others: frozenset[str]
) -> frozenset[str] | None:
    """The fields whose text may stand nowhere in the event, `others` (of the event, and not of its text) among them; None where
    any field may be one."""
    composed = set(others)
    for extract in extracts:
        if extract.field in composed:
            composed.update(extract.outputs)
    for item in transforms:
        if item.delims or not composed.isdisjoint(item.sources) or len(item.sources) > 1:
            if item.dynamic:
                return None
            composed |= item.outputs
        for name, value in item.format:
            if not _PLAIN.fullmatch(value):
                if "$" in name:
                    return None
                composed.add(name)
    return frozenset(composed)


def _full(frame: pl.DataFrame, name: str) -> bool:
    """Whether every event has the field already, which nothing but MV_ADD adds to."""
    return name in frame.columns and not frame.get_column(name).null_count()
