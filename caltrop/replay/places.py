"""The line of a detection's file that a check of a test comes from: its expectation, where one is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from caltrop.content.document import Document
from caltrop.errors import CaltropError
from caltrop.replay.verdict import Check

Step = str | int
_RISK = {"risk events": "events", "risk message text": "message", "risk objects": "objects"}


def placed(checks: Sequence[Check], file: Path, test: int) -> list[Check]:
    """The checks of test number `test` (from 0), those that failed with the line to open; as they are where the file says none."""
    try:
        document = Document.of(file.read_bytes(), str(file))
    except (OSError, CaltropError):
        return list(checks)
    benign = 0
    found = []
    for check in checks:
        path = _path(check.name, benign)
        benign += check.name == "benign"
        line = 0 if check.passed or not path else document.place(("tests", test, *path))[0]
        found.append(replace(check, line=line) if line else check)
    return found


def _path(name: str, benign: int) -> tuple[Step, ...]:
    """Where in a test what a check of this name wants is written."""
    kind, _, rest = name.partition(" ")
    if kind == "hits":
        return "expect", "hits"
    if kind == "field" and rest:
        return "expect", "fields", rest
    if kind == "row" and rest.isdecimal():
        return "expect", "rows", int(rest) - 1
    if kind == "benign":
        return "benign", benign
    if kind == "notable":
        return "expect", "notables"
    if name in _RISK:
        return "expect", "risk", _RISK[name]
    return ("expect", "risk", "score") if name.startswith("risk score") else ()
