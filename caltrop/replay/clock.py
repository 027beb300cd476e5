"""Relative times of a schedule's window, as far as the harness needs them to place shifted events inside it."""

from __future__ import annotations

import re

from caltrop.errors import CaltropError

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_RELATIVE = re.compile(r"(?:(?P<sign>[+-])(?P<count>\d*)(?P<unit>[smhdw]))?(?:@(?P<snap>[smhd]))?")


def resolve(modifier: str, now: float) -> float:
    """Epoch seconds of `now`, `-70m@m`, `-1d@d` and the like, in UTC. Other forms are refused by name."""
    text = modifier.strip()
    if text in ("now", "now()"):
        return now
    if text.isdigit():
        return float(text)
    match = _RELATIVE.fullmatch(text)
    if not text or not match:
        raise CaltropError(
            f"cannot place shifted events in a window that says {modifier!r}",
            hint="give the detection a window of [+-]<number><s|m|h|d|w>[@<s|m|h|d>], or test without --shift",
        )
    time = now
    if match["sign"]:
        offset = int(match["count"] or 1) * SECONDS[match["unit"]]
        time += offset if match["sign"] == "+" else -offset
    if match["snap"]:
        time -= time % SECONDS[match["snap"]]
    return time
