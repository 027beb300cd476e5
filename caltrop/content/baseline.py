"""Findings that are known: written to a file, and left out afterwards.

A finding is told by its object (or file), its rule and its message, and by how many such there are: not by its line, which moves
with every edit above it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from caltrop.content.problems import Problem
from caltrop.errors import CaltropError, Location

_VERSION = 1
_HINT = "write it again with --update-baseline"


def write(path: Path, problems: Iterable[Problem]) -> int:
    """Write the findings down, in a form that is read and compared well; how many there are."""
    counts = Counter(map(_key, problems))
    known = [
        {"object": name, "rule": code, "message": message, "count": count}
        for (name, code, message), count in sorted(counts.items())
    ]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        body = json.dumps({"version": _VERSION, "known": known}, indent=1, ensure_ascii=False)
        path.write_text(body + "\n", encoding="utf-8")
    except OSError as error:
        raise CaltropError(f"cannot write the baseline: {error.strerror}", location=Location(str(path))) from error
    return counts.total()


def unknown(path: Path, problems: Sequence[Problem]) -> list[Problem]:
    """The findings that the file does not hold. Raises `CaltropError` where it is no baseline."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["version"] != _VERSION:
            raise ValueError(f"version {data['version']}")
        left = Counter({(k["object"], k["rule"], k["message"]): int(k["count"]) for k in data["known"]})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CaltropError(f"not a baseline: {error}", location=Location(str(path)), hint=_HINT) from error
    out = []
    for problem in problems:
        key = _key(problem)
        if left[key] > 0:
            left[key] -= 1
        else:
            out.append(problem)
    return out


def _key(problem: Problem) -> tuple[str, str, str]:
    return problem.name or problem.file, problem.code, problem.message
