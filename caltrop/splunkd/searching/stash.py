"""Events that searches write: the `key="value"` text of the stash source type, and which fields of a result go along.

Follows the pages "collect" and "Use summary indexing" of Splunk's documentation: bookkeeping fields are left out, the
default fields of the original event keep their values under `orig_` names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from caltrop.splunkd.intake.ingest import Event
from caltrop.splunkd.intake.origin import Origin
from caltrop.splunkd.wire.results import Row

SOURCETYPE = "stash"
ORIGINAL = ("host", "source", "sourcetype", "index", "sid", "rid")
# Fields that describe how the original event was stored; they say nothing about the result.
BOOKKEEPING = frozenset(
    {
        "date_hour", "date_mday", "date_minute", "date_month", "date_second", "date_wday", "date_year", "date_zone",
        "linecount", "punct", "splunk_server", "splunk_server_group", "timeendpos", "timestartpos", "tag", "eventtype",
        "search_name", "search_now", "info_min_time", "info_max_time", "info_search_time",
    }
)  # fmt: skip
_SAFE_NAME = re.compile(r"[\"=,\s]")
Value = str | list[str]


def result_fields(row: Row) -> dict[str, Value]:
    """The fields of a result row that a derived event keeps."""
    kept: dict[str, Value] = {}
    for name, value in row.items():
        if name in BOOKKEEPING or name.startswith(("tag::", "date_")):
            continue
        if name in ORIGINAL:
            kept[f"orig_{name}"] = value
        elif name == "_time":
            kept["orig_time"] = value
        elif not name.startswith("_") and not name.startswith("orig_"):
            kept[name] = value
        elif name.startswith("orig_"):
            kept.setdefault(name, value)
    return kept


def event(time: float, fields: Mapping[str, Value], origin: Origin, *, stamp: str | None = None) -> Event:
    """A stash event: time, then NAME="VALUE" for every value; a field of several values comes as often."""
    pairs = [
        f'{_SAFE_NAME.sub("_", name)}="{_quoted(value)}"'
        for name, held in fields.items()
        for value in ([held] if isinstance(held, str) else held)
    ]
    return Event(", ".join([stamp or f"{time:.3f}", *pairs]), origin, time, {})


def summary_stamp(time: float) -> str:
    try:
        return datetime.fromtimestamp(time, UTC).strftime("%m/%d/%Y %H:%M:%S +0000")
    except (OverflowError, ValueError, OSError):
        return f"{time:.3f}"


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
