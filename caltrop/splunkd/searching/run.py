"""A saved search that has triggered, as the alert actions see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from caltrop.engine.table import Table
from caltrop.splunkd.searching.savedsearches import SavedSearch
from caltrop.splunkd.wire.results import Row


@dataclass(frozen=True, slots=True)
class Run:
    """One triggered saved search: the rows that the actions see, numbered as in the job's results."""

    saved: SavedSearch
    sid: str
    now: float
    table: Table
    rows: list[tuple[int, Row]]
    info: dict[str, str]  # info_min_time, info_max_time, info_search_time


Action = Callable[[Run], None]  # raises CaltropError where it fails
