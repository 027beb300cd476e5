"""Risk messages, risk and threat objects, scores."""

from __future__ import annotations

import re
from collections.abc import Iterator

from caltrop.content.checks.finding import Finding, of
from caltrop.content.model import Catalogue, Detection
from caltrop.content.schema import THREAT_TYPES
from caltrop.content.source import Path

_NAME = re.compile(r"[^\s$]+")  # a token is a field name: no white space


def check(catalogue: Catalogue) -> Iterator[Finding]:
    for item in catalogue.detections:
        yield from _messages(item)
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


def tokens(message: str) -> tuple[list[tuple[str, int]], list[tuple[int, str]]]:
    """`$field$` tokens with offsets, and what is wrong: (offset, message). A lone `$` before a digit is money."""
    good: list[tuple[str, int]] = []
    bad: list[tuple[int, str]] = []
    at = message.find("$")
    while at >= 0:
        end = message.find("$", at + 1)
        name = message[at + 1 : end] if end > 0 else ""
        if end > 0 and _NAME.fullmatch(name):
            good.append((name, at))
            at = message.find("$", end + 1)
            continue
        word = re.match(r"[\w.{}@-]*", message[at + 1 :])
        word_text = word.group() if word else ""
        if end == at + 1:
            bad.append((at, "'$$' is an empty token"))
            at = message.find("$", end + 1)
            continue
        if word_text and not word_text[0].isdigit():
            bad.append((at, f"the token '${word_text}' is not closed"))
        at = end
    return good, bad


def _messages(item: Detection) -> Iterator[Finding]:
    seen: set[str] = set()
    for path, message in messages(item):
        if message in seen:
            continue
        seen.add(message)
        for offset, what in tokens(message)[1]:
            name = what.split("'")[1]
            yield of(item, path, "bad-token", what, f"write '{name}$'" if "not closed" in what else "", offset)


def _objects(catalogue: Catalogue, item: Detection) -> Iterator[Finding]:
    deployment = catalogue.deployment(item.type)
    if deployment is not None and deployment.risk and not item.risk_objects and item.status == "production":
        hint = "add a finding (TTP) or intermediate_findings (Anomaly)"
        yield of(item, ("type",), "no-risk", f"a {item.type} detection scores risk, but names no risk object", hint)
    if item.type == "Hunting" and item.risk_objects and item.schema == "flat":
        path = ("finding",) if any(e.finding for e in item.entities) else ("intermediate_findings",)
        yield of(item, path, "unwanted-risk", "a Hunting detection does not score risk", "remove it")
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
