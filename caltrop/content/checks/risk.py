"""Risk messages, risk and threat objects, scores."""

from __future__ import annotations

import re
from collections.abc import Iterator

from caltrop.content.checks.finding import Finding, of
from caltrop.content.document import Path
from caltrop.content.model import Catalogue, Detection
from caltrop.content.schema import THREAT_TYPES

_NAME = re.compile(r"[^\s$]+")  # a token is a field name, seldom with white space
_WORD = re.compile(r"[\w.{}@-]+")


def check(catalogue: Catalogue) -> Iterator[Finding]:
    for item in catalogue.detections:
        yield from _objects(catalogue, item)
        yield from _scores(item)


def messages(item: Detection) -> Iterator[tuple[Path, str]]:
    """Every risk message of a detection, with its path in the file."""
    if item.schema == "rba":
        yield ("rba", "message"), item.message
    elif item.schema != "flat":
        yield ("tags", "message"), item.message
    else:
        if any(e.finding for e in item.entities):
            yield ("finding", "title"), item.message
        others = [e for e in item.risk_objects if not e.finding]
        for index, entity in enumerate(others):
            yield ("intermediate_findings", "entities", index, "message"), entity.message or item.message


def entity_fields(item: Detection) -> Iterator[tuple[Path, str]]:
    """Fields that risk and threat objects name, with their paths in the file."""
    if item.schema not in ("flat", "rba"):
        for index, entity in enumerate(item.entities):
            yield ("tags", "observable", index, "name"), entity.field
        return
    counts = {"risk": 0, "threat": 0}
    for entity in item.entities:
        kind = "threat" if entity.threat else "risk"
        index = counts[kind]
        if entity.finding:
            yield ("finding", "entity", "field"), entity.field
            continue
        counts[kind] += 1
        if item.schema == "rba":
            yield ("rba", f"{kind}_objects", index, "field"), entity.field
        elif entity.threat:
            yield ("threat_objects", index, "field"), entity.field
        else:
            yield ("intermediate_findings", "entities", index, "field"), entity.field


def tokens(message: str, names: frozenset[str] = frozenset()) -> tuple[list[tuple[str, int]], list[tuple[int, str]]]:
    """`$field$` tokens with offsets, and what is wrong: (offset, message). A lone `$` before a digit is money.

    A name with white space in it is a token only when it is among `names`, the fields of the result: otherwise two
    tokens that were not closed would look like one.
    """
    good: list[tuple[str, int]] = []
    bad: list[tuple[int, str]] = []
    at = message.find("$")
    while at >= 0:
        end = message.find("$", at + 1)
        name = message[at + 1 : end] if end > 0 else ""
        if name and (name in names or _NAME.fullmatch(name)):
            good.append((name, at))
            end = message.find("$", end + 1)
        elif end == at + 1:
            bad.append((at, "'$$' is an empty token"))
            end = message.find("$", end + 1)
        else:
            word = _WORD.match(message, at + 1)
            if word and not word.group()[0].isdigit():
                bad.append((at, f"the token '${word.group()}' is not closed"))
        at = end
    return good, bad


def _objects(catalogue: Catalogue, item: Detection) -> Iterator[Finding]:
    deployment = catalogue.deployment(item.type)
    if deployment is not None and deployment.risk and not item.risk_objects and item.status == "production":
        hint = "add a finding (TTP) or intermediate_findings (Anomaly)"
        yield of(item, ("type",), "no-risk", f"a {item.type} detection scores risk, but names no risk object", hint)
    if item.type == "Hunting" and item.risk_objects and item.schema == "flat":
        where: Path = ("finding",) if any(e.finding for e in item.entities) else ("intermediate_findings",)
        yield of(item, where, "unwanted-risk", "a Hunting detection does not score risk", "remove it")
    finding = any(e.finding for e in item.entities)
    if item.schema == "flat" and item.risk_objects and finding == (item.type == "Anomaly") and item.type != "Hunting":
        what = "an Anomaly has intermediate findings only" if finding else f"a {item.type} has a finding with an entity"
        path: Path = ("finding",) if finding else ("intermediate_findings",)
        yield of(item, path, "finding-type", what, "move the entity, or change the type")
    for index, threat in enumerate(item.threat_objects):
        if item.schema in ("flat", "rba") and threat.type not in THREAT_TYPES:
            base = ("threat_objects", index, "type")
            place: Path = base if item.schema == "flat" else ("rba", *base)
            hint = "known: " + ", ".join(THREAT_TYPES)
            yield of(item, place, "threat-type", f"unknown threat object type {threat.type!r}", hint)


def _scores(item: Detection) -> Iterator[Finding]:
    if item.impact is None or item.confidence is None or item.schema != "flat":
        return
    wanted = round(item.impact * item.confidence / 100)
    for path, entity in _scored(item):
        if entity != wanted:
            message = f"the score is {entity}, but impact {item.impact} times confidence {item.confidence} is {wanted}"
            yield of(item, path, "score-mismatch", message, "change one of the three")


def _scored(item: Detection) -> Iterator[tuple[Path, int]]:
    others = 0
    for entity in item.risk_objects:
        if entity.finding:
            yield ("finding", "entity", "score"), entity.score
        else:
            yield ("intermediate_findings", "entities", others, "score"), entity.score
            others += 1
