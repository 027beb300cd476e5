"""A detection as small as one may be, for repositories of a test."""

from __future__ import annotations

_DETECTION = """\
name: {name}
id: 00000000-0000-4000-8000-{number:012d}
version: 1
creation_date: '2026-01-01'
modification_date: '2026-01-01'
author: Somebody
status: {status}
type: {kind}
description: Something to find.
data_source: []
search: |-
  {search}
how_to_implement: Look.
known_false_positives: {known}
references: []
"""


def detection(
    name: str, number: int, search: str, *, status: str = "production", kind: str = "Hunting", known: str = "None."
) -> str:
    """Its YAML; whoever wants more adds keys at the end."""
    return _DETECTION.format(name=name, number=number, search=search, status=status, kind=kind, known=known)
