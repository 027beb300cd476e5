"""Claims about rows -> checks. Pure: rows in, `Check`s out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from caltrop.content.checks.risk import tokens
from caltrop.content.model import Detection, Expectation, ExpectedRisk, RowBounds
from caltrop.replay.target import Row
from caltrop.replay.verdict import Check

RISK_FIELDS = ("risk_object", "risk_object_type", "risk_score", "risk_message")  # what is read of a risk event
SHOWN = 5  # values named in a sentence


def hits(rows: Sequence[Row], expect: Expectation) -> list[Check]:
    """The number of rows, the values that must occur, and the rows that must be among them."""
    checks = [
        Check("hits", _within(len(rows), expect.hits), f"{_count(len(rows), 'hit')}, expected {_bounds(expect.hits)}")
    ]
    for field, wanted in expect.fields.items():
        found = {value for row in rows for value in values(row, field)}
        missing = [value for value in wanted if value not in found]
        seen = f"missing {_some(missing)}; found {_some(sorted(found))}" if missing else f"found {_some(wanted)}"
        checks.append(Check(f"field {field}", not missing, seen))
    for number, wanted_row in enumerate(expect.rows, 1):
        found_row = any(_covers(row, wanted_row) for row in rows)
        pairs = ", ".join(f"{k}={v!r}" for k, v in wanted_row.items())
        checks.append(Check(f"row {number}", found_row, f"{'a hit has' if found_row else 'no hit has'} {pairs}"))
    return checks


def entities(rows: Sequence[Row], detection: Detection) -> list[Check]:
    """Every risk object is a field with a value in every hit, every threat object in some hit."""
    checks = []
    for entity in detection.entities:
        having = sum(bool(values(row, entity.field)) for row in rows)
        enough = having > 0 if entity.threat else having == len(rows) > 0
        kind = "threat object" if entity.threat else "risk object"
        checks.append(Check(f"{kind} {entity.field}", enough, f"{having} of {_count(len(rows), 'hit')} have it"))
    return checks


def risk(events: Sequence[Row], rows: Sequence[Row], detection: Detection, expect: ExpectedRisk | None) -> list[Check]:
    """What the risk action wrote for these hits: objects, scores, and messages with every token resolved."""
    expect = expect or ExpectedRisk()
    checks = [
        Check("risk events", _within(len(events), expect.events or RowBounds()), _count(len(events), "risk event"))
    ]
    for entity in detection.risk_objects:
        own = [e for e in events if e.get("risk_object_type") == entity.type]
        wanted = {value for row in rows for value in values(row, entity.field)}
        missing = sorted(wanted - {value for e in own for value in values(e, "risk_object")})
        seen = f"no event for {_some(missing)}" if missing else f"{entity.type} {_some(sorted(wanted))}"
        checks.append(Check(f"risk object {entity.field}", bool(wanted) and not missing, seen))
        score = entity.score if expect.score is None else expect.score
        scores = sorted({str(e.get("risk_score")) for e in own if set(values(e, "risk_object")) & wanted})
        # Another entity of the same type may name the same value, with a score of its own.
        right = any(_same_number(s, score) for s in scores)
        checks.append(Check(f"risk score {entity.field}", right, f"{_some(scores)}, expected {score}"))
    messages = sorted({str(e.get("risk_message", "")) for e in events})
    if events:
        wrong = [m for m in messages if not m.strip() or any(token in m for token in _tokens(detection))]
        seen = f"unresolved: {wrong[0]!r}" if wrong else repr(messages[0])
        checks.append(Check("risk message", not wrong, seen))
    if expect.message:
        checks.append(Check("risk message text", expect.message in messages, f"{_some(messages)}"))
    if expect.objects:
        found = {value for e in events for value in values(e, "risk_object")}
        absent = sorted(set(expect.objects) - found)
        checks.append(
            Check("risk objects", not absent, f"missing {_some(absent)}" if absent else _some(expect.objects))
        )
    return checks


def _tokens(detection: Detection) -> list[str]:
    """What must not be left in a message: each token of its template as written, closed or not. Anything else that looks like
    a token is a value (scripts are full of them)."""
    found = []
    for template in (detection.message, *(e.message for e in detection.entities)):
        closed, unclosed = tokens(template)
        found += [f"${name}$" for name, _ in closed]
        found += [template[offset:].split()[0] for offset, _ in unclosed]
    return found


def notables(events: Sequence[Row], expect: RowBounds | None) -> list[Check]:
    bounds = expect or RowBounds()
    seen = f"{_count(len(events), 'notable')}, expected {_bounds(bounds)}"
    return [Check("notable", _within(len(events), bounds), seen)]


def values(row: Mapping[str, object], field: str) -> list[str]:
    """The values of a field in a row, without empty ones and without Splunk's literal null."""
    value = row.get(field)
    many = value if isinstance(value, list) else [value]
    return [str(v) for v in many if v not in (None, "", "null")]


def _covers(row: Row, wanted: Mapping[str, str]) -> bool:
    return all(value in values(row, field) for field, value in wanted.items())


def _within(count: int, bounds: RowBounds) -> bool:
    return (bounds.at_least is None or count >= bounds.at_least) and (bounds.at_most is None or count <= bounds.at_most)


def _bounds(bounds: RowBounds) -> str:
    low, high = bounds.at_least, bounds.at_most
    if low is not None and low == high:
        return f"exactly {low}"
    if high is None:
        return f"at least {low}" if low is not None else "any number"
    return f"at most {high}" if not low else f"{low} to {high}"


def _same_number(text: str, number: float) -> bool:
    try:
        return float(text) == float(number)
    except ValueError:
        return False


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _some(items: Iterable[str]) -> str:
    """At most a few values, each cut, for a sentence."""
    listed = list(items)
    shown = ", ".join(repr(v if len(v) <= 80 else v[:80] + "…") for v in listed[:SHOWN])
    if len(listed) > SHOWN:
        shown += f" and {len(listed) - SHOWN} more"
    return shown or "nothing"
