"""Spans of time as settings give them."""

from __future__ import annotations

import re

SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SPAN = re.compile(r"(\d+)\s*(?:([smhdw])[a-z]*)?")


def seconds_of(text: str, default: float) -> float:
    """A span like `86400s`, `24h`, `1d`."""
    match = _SPAN.fullmatch(text.strip().lower())
    return int(match[1]) * SECONDS[match[2] or ""] if match else default
