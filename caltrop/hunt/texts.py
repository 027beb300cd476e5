"""Small texts that the screen, the files and the page share. What comes from logs can steer neither a terminal nor a page."""

from __future__ import annotations

from collections.abc import Sequence

from caltrop.dialect.strftime import strftime
from caltrop.hunt.model import Outcome


def moment(epoch: float | None) -> str:
    """UTC to the second; a dash where there is none."""
    return (strftime(epoch, "%Y-%m-%d %H:%M:%S") if epoch is not None else None) or "-"


def iso(epoch: float | None) -> str:
    """ISO 8601 with microseconds and offset; empty where there is none."""
    return (strftime(epoch, "%Y-%m-%dT%H:%M:%S.%6N+00:00") if epoch is not None else None) or ""


def printable(text: str) -> str:
    """One line, control characters shown as escapes: a log line must not move the cursor of who reads it."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def some(values: Sequence[str], most: int = 5) -> str:
    """The first few, and how many more."""
    shown = ", ".join(printable(v) for v in values[:most])
    return shown + (f" and {len(values) - most:,} more" if len(values) > most else "")


def counted(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def attack(outcome: Outcome) -> str:
    """`T1047 Windows Management Instrumentation, …`; empty without a technique."""
    return ", ".join(f"{t.id} {t.name}".strip() for t in outcome.techniques)
