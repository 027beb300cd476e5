"""What is there in one release of Splunk and not in another, for a server that claims an older one than its answers are from.

Only what the REST API reference and its release notes say of a path or verb; everything else is answered as measured on 10.4.2.
"""

from __future__ import annotations

from collections.abc import Mapping

Release = tuple[int, ...]

# The beginning of a path -> the first release that has it ("Semantic API versioning", and the names that went with "master", "slave").
SINCE: Mapping[str, Release] = {
    "cluster/manager": (9, 0),
    "licenser/localpeer": (9, 0),
    "licenser/peers": (9, 0),
    "search/v2": (9, 0, 1),
}
EXPORT_BY_GET_UNTIL: Release = (10,)  # deprecated with search/v2, and 405 as measured

SEVERAL_TIMES_SINCE: Release = (10, 6)  # of search/timeparser: 400 as measured on 10.4.2, answered as measured on 10.6


def release(version: str) -> Release:
    """`9.4.1` as numbers. Raises ValueError for any other text."""
    return tuple(int(part) for part in version.split("."))


def has(version: str, path: str) -> bool:
    """Whether the release has the path."""
    claimed = release(version)
    return all(claimed >= since for start, since in SINCE.items() if f"{path}/".startswith(f"{start}/"))


def exports_by_get(version: str) -> bool:
    """Whether `GET search/jobs/export` runs a search."""
    return release(version) < EXPORT_BY_GET_UNTIL


def parses_several_times(version: str) -> bool:
    """Whether `search/timeparser` takes `time` more than once."""
    return release(version) >= SEVERAL_TIMES_SINCE
