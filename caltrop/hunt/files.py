"""A hunt as a file for another tool: which kind, its name says."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from caltrop.errors import CaltropError
from caltrop.hunt.model import Hunt, Outcome
from caltrop.hunt.page import page
from caltrop.hunt.texts import attack, iso

_COLUMNS = (
    "risk", "type", "detection", "techniques", "tactics", "hits", "first", "last", "hosts", "users", "stories", "id", "file"
)  # fmt: skip
_TIMELINE = (
    "message", "datetime", "timestamp", "timestamp_desc", "detection", "risk", "type", "techniques", "tactics", "host",
    "user", "tag", "fields",
)  # fmt: skip


def write(hunt: Hunt, path: Path) -> list[str]:
    """Write the file and give what is to be said of it. Raises `CaltropError` for a name that says no kind."""
    writer = _writer(path)
    said: list[str] = []
    path.write_text(writer(hunt, said), encoding="utf-8", newline="")
    return said


def check(path: Path) -> None:
    """Raises `CaltropError` where `write` would for the name, or where there is no such folder."""
    _writer(path)
    if not path.absolute().parent.is_dir():
        raise CaltropError(f"there is no folder {str(path.parent)!r}", hint="make it first")


def _writer(path: Path) -> Callable[[Hunt, list[str]], str]:
    for ending, writer in _WRITERS.items():
        if path.name.lower().endswith(ending):
            return writer
    raise CaltropError(
        f"{path.name!r} does not say what to write",
        hint="end it in .csv, .jsonl, .html, .timesketch.csv or .layer.json",
    )


def _csv(hunt: Hunt, said: list[str]) -> str:
    """One line a detection with hits, worst first."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    for one in hunt.hits:
        assert one.found is not None
        writer.writerow(
            _inert(value)
            for value in (
                one.risk, one.detection.type, one.name, attack(one), ", ".join(one.tactics), one.hits, iso(one.found.first),
                iso(one.found.last), "; ".join(one.found.hosts), "; ".join(one.found.users),
                "; ".join(one.detection.analytic_story), one.detection.id, one.detection.file,
            )
        )  # fmt: skip
    return out.getvalue()


def _inert(value: object) -> object:
    """A text that a spreadsheet would take for a formula, marked as text: log lines may be written to be one."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _jsonl(hunt: Hunt, said: list[str]) -> str:
    """One object a detection with hits, with ATT&CK, risk and all rows."""
    return "".join(json.dumps(as_object(one), ensure_ascii=False) + "\n" for one in hunt.hits)


def as_object(outcome: Outcome) -> dict[str, Any]:
    found = outcome.found
    assert found is not None
    detection = outcome.detection
    return {
        "id": detection.id,
        "name": detection.name,
        "file": detection.file,
        "type": detection.type,
        "status": detection.status,
        "stories": list(detection.analytic_story),
        "techniques": [{"id": t.id, "name": t.name, "tactics": list(t.tactics)} for t in outcome.techniques],
        "tactics": outcome.tactics,
        "risk": {
            "score": outcome.risk,
            "message": detection.message,
            "added": [
                {"entity": e.value, "type": e.kind, "risk": score} for e, score in sorted(outcome.scores.items())
            ],
        },
        "first": iso(found.first) or None,
        "last": iso(found.last) or None,
        "hosts": found.hosts,
        "users": found.users,
        "hits": outcome.hits,
        "rows": rows_of(outcome),
    }


def rows_of(outcome: Outcome) -> list[dict[str, str | list[str]]]:
    """Visible fields of every row; missing ones are left out."""
    assert outcome.found is not None
    return [{k: v for k, v in row.items() if v is not None} for row in outcome.found.rows.iter_rows(named=True)]


def _timesketch(hunt: Hunt, said: list[str]) -> str:
    """A super-timeline: one line a row, as Timesketch's CSV importer takes it (`message`, `datetime`, `timestamp_desc`)."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_TIMELINE)
    timed = []
    without = 0
    for one in hunt.hits:
        for epoch, desc, row in _moments(one):
            if epoch is None:
                without += 1
            else:
                timed.append((epoch, desc, one, row))
    for epoch, desc, one, row in sorted(timed, key=lambda item: (item[0], item[2].severity, item[1])):
        hosts, users = _named(one, row, hosts=True), _named(one, row, hosts=False)
        writer.writerow(
            _inert(value)
            for value in (
                f"{one.name}: {_told(row)}", iso(epoch), round(epoch * 1e6), desc, one.name, one.risk, one.detection.type,
                attack(one), ", ".join(one.tactics), ", ".join(hosts), ", ".join(users),
                json.dumps([t.id for t in one.techniques]), json.dumps(row, ensure_ascii=False),
            )
        )  # fmt: skip
    if without:
        said.append(f"{without:,} rows tell no time: they are not on the timeline")
    return out.getvalue()


def _moments(outcome: Outcome) -> Iterator[tuple[float | None, str, dict[str, str | list[str]]]]:
    """Each row at its time, one of a span at its begin and its end; a row without a time at that of the events behind all."""
    found = outcome.found
    assert found is not None
    for row, (first, last) in zip(rows_of(outcome), found.times.iter_rows(), strict=True):
        if first is None:
            yield found.first, "First event", row
        elif last == first:
            yield first, "Event time", row
        else:
            yield first, "First seen", row
            yield last, "Last seen", row


def _named(outcome: Outcome, row: dict[str, str | list[str]], *, hosts: bool) -> list[str]:
    """The detection's hosts (or users) that this row holds a value of."""
    assert outcome.found is not None
    held = {v for value in row.values() for v in ([value] if isinstance(value, str) else value)}
    return [name for name in (outcome.found.hosts if hosts else outcome.found.users) if name in held]


def _told(row: dict[str, str | list[str]]) -> str:
    return ", ".join(
        f"{name}={value if isinstance(value, str) else '|'.join(value)}"
        for name, value in row.items()
        if name != "_time"
    )


def _layer(hunt: Hunt, said: list[str]) -> str:
    """An ATT&CK Navigator layer (format 4.5): a technique's score is the number of hits."""
    hits: dict[str, int] = {}
    names: dict[str, list[str]] = {}
    for one in hunt.hits:
        for technique in one.techniques:
            hits[technique.id] = hits.get(technique.id, 0) + one.hits
            names.setdefault(technique.id, []).append(f"{one.name}: {one.hits:,}")
    layer = {
        "name": f"{hunt.label}: hits",
        "versions": {"layer": "4.5", "navigator": "5.1.0"},
        "domain": "enterprise-attack",
        "description": f"{len(hunt.hits)} detections with hits over {hunt.events:,} events",
        "sorting": 3,
        "techniques": [
            {
                "techniqueID": technique,
                "score": hits[technique],
                "comment": "\n".join(names[technique]),
                "enabled": True,
                "showSubtechniques": "." in technique or any(t.startswith(f"{technique}.") for t in hits),
            }
            for technique in sorted(hits)
        ],
        "gradient": {"colors": ["#fff3cd", "#f0be3c", "#b3541e"], "minValue": 0, "maxValue": max(hits.values(), default=1)},
    }  # fmt: skip
    return json.dumps(layer, indent=2, ensure_ascii=False) + "\n"


_WRITERS: dict[str, Callable[[Hunt, list[str]], str]] = {
    ".timesketch.csv": _timesketch,
    ".csv": _csv,
    ".jsonl": _jsonl,
    ".html": lambda hunt, said: page(hunt),
    ".layer.json": _layer,
}
