"""Plain values of a detection file -> `Detection`, whichever of the four schemas it is written in."""

from __future__ import annotations

from typing import Any

from caltrop.content import schema
from caltrop.content.model import (
    AttackData,
    Detection,
    Drilldown,
    Enrichment,
    EnrichmentLookup,
    Entity,
    Expectation,
    ExpectedRisk,
    RowBounds,
    Test,
    Throttling,
)
from caltrop.content.values import Data, integer, item_fields, mapping, mappings, optional, own_schedule, text, texts

# Observables of the tags schemas: type names (lower case) that are risk objects of a user or a system …
_USER_TYPES = frozenset({"user", "username", "email address"})
_SYSTEM_TYPES = frozenset({"device", "endpoint", "hostname", "ip address"})
# … and what an attacker's observable is called as a threat object; other names are kept, in lower case.
_THREAT_NAMES = {
    "process name": "process", "process": "process", "file name": "file_name", "file": "file_name",
    "file hash": "file_name", "url string": "url", "url": "url", "ip address": "ip_address",
}  # fmt: skip


def detection(data: Data, file: str) -> Detection:
    """`file` is relative to the repository. Works on any mapping that has a `search`."""
    name = schema.detection_schema(data)
    tags = mapping(data, "tags")
    side = {**data, **tags} if tags else data  # where tags stood, they win: the top level had no such keys then
    impact, confidence = optional(side, "impact"), optional(side, "confidence")
    if impact is not None and confidence is not None:
        score = round(impact * confidence / 100)
    else:
        score = integer(side, "risk_score")
    message, entities = _risk(data, name, score)
    if not score:
        score = max((e.score for e in entities), default=0)
    return Detection(
        **item_fields(data, file, name),
        status=text(data, "status") or _status_of_folder(file),
        type=_type(text(data, "type", "TTP")),
        search=text(data, "search").strip(),
        data_source=texts(data, "data_source"),
        how_to_implement=text(data, "how_to_implement").strip(),
        known_false_positives=text(data, "known_false_positives").strip(),
        references=texts(data, "references"),
        drilldown_searches=tuple(_drilldown(d) for d in mappings(data, "drilldown_searches")),
        message=message.strip(),
        entities=entities,
        analytic_story=texts(side, "analytic_story"),
        asset_type=text(side, "asset_type"),
        mitre_attack_id=texts(side, "mitre_attack_id"),
        product=texts(side, "product"),
        category=text(data, "category") or _folder(file),
        security_domain=text(side, "security_domain"),
        cve=texts(side, "cve"),
        cis20=texts(data, "cis20") if "cis20" in data else None,
        nist=texts(data, "nist") if "nist" in data else None,
        kill_chain_phases=texts(side, "kill_chain_phases") if "kill_chain_phases" in side else None,
        atomic_guid=texts(side, "atomic_guid"),
        required_fields=texts(side, "required_fields"),
        impact=impact,
        confidence=confidence,
        risk_score=score,
        tests=tuple(read_test(t) for t in mappings(data, "tests")),
        manual_test=text(side, "manual_test"),
        enrichment=_enrichment(data),
        enabled_by_default=data.get("enabled_by_default") is True,
        schedule=own_schedule(data),
        throttling=_throttling(mapping(side, "throttling")),
        baselines=texts(data, "baselines"),
        replaced_by=texts(mapping(data, "deprecation_info"), "replacement_content"),
        deprecation_reason=text(mapping(data, "deprecation_info"), "reason"),
    )


def _risk(data: Data, name: str, score: int) -> tuple[str, tuple[Entity, ...]]:
    if name == "flat":
        return _flat_risk(data)
    if name == "rba":
        rba = mapping(data, "rba")
        risky = tuple(_entity(o) for o in mappings(rba, "risk_objects"))
        return text(rba, "message"), risky + tuple(_threat(o) for o in mappings(rba, "threat_objects"))
    tags = mapping(data, "tags")
    return text(tags, "message"), tuple(_observable(o, score) for o in mappings(tags, "observable"))


def _flat_risk(data: Data) -> tuple[str, tuple[Entity, ...]]:
    finding = mapping(data, "finding")
    entities: list[Entity] = []
    message = text(finding, "title").strip()
    if finding:
        entities.append(_entity(mapping(finding, "entity"), finding=True))
    for other in mappings(mapping(data, "intermediate_findings"), "entities"):
        own = text(other, "message").strip()
        message = message or own
        entities.append(_entity(other, message="" if own == message else own))
    entities.extend(_threat(o) for o in mappings(data, "threat_objects"))
    return message, tuple(entities)


def _entity(data: Data, *, message: str = "", finding: bool = False) -> Entity:
    return Entity(
        field=text(data, "field"),
        type=text(data, "type", "other"),
        score=integer(data, "score"),
        message=message,
        finding=finding,
    )


def _threat(data: Data) -> Entity:
    return Entity(field=text(data, "field"), type=text(data, "type"), threat=True)


def _observable(data: Data, score: int) -> Entity:
    """Roles decide: a victim is a risk object, an attacker a threat object, anything else a risk object of type other."""
    name, kind, roles = text(data, "name"), text(data, "type").lower(), texts(data, "role")
    if "Victim" in roles and kind in _USER_TYPES:
        return Entity(field=name, type="user", score=score)
    if "Victim" in roles and kind in _SYSTEM_TYPES:
        return Entity(field=name, type="system", score=score)
    if "Attacker" in roles:
        return Entity(field=name, type=_THREAT_NAMES.get(kind, kind), threat=True)
    return Entity(field=name, type="other", score=score)


def _drilldown(data: Data) -> Drilldown:
    return Drilldown(
        name=text(data, "name"),
        search=text(data, "search"),
        earliest_offset=text(data, "earliest_offset"),
        latest_offset=text(data, "latest_offset"),
    )


def _enrichment(data: Data) -> Enrichment | None:
    value = data.get("enrichment")
    if isinstance(value, dict):
        return Enrichment(
            field=text(value, "field"),
            join=value.get("join") is True,
            lookups=tuple(
                EnrichmentLookup(name=text(one, "name"), match=texts(one, "match"), output=texts(one, "output"))
                for one in mappings(value, "lookups")
            ),
        )
    return Enrichment() if value is True else None


def _throttling(data: Data) -> Throttling | None:
    return Throttling(period=text(data, "period"), fields=texts(data, "fields")) if data else None


def read_test(data: Data) -> Test:
    """One entry of `tests:`; what is expected defaults to "at least one row"."""
    return Test(
        name=text(data, "name"),
        test_type=text(data, "test_type", "unit"),
        description=text(data, "description"),
        attack_data=tuple(_attack_data(d) for d in mappings(data, "attack_data")),
        benign=tuple(_attack_data(d) for d in mappings(data, "benign")),
        fallback=tuple(_attack_data(d) for d in mappings(data, "fallback")),
        expect=_expectation(mapping(data, "expect")),
    )


def _attack_data(data: Data) -> AttackData:
    return AttackData(
        data=text(data, "data").strip(),
        source=text(data, "source"),
        sourcetype=text(data, "sourcetype"),
        host=text(data, "host"),
        custom_index=text(data, "custom_index"),
        size=integer(data, "size"),
        sha256=text(data, "sha256").lower(),
        member=text(data, "member"),
        rendering=text(data, "rendering"),
    )


def _expectation(data: Data) -> Expectation:
    risk = mapping(data, "risk")
    values = mapping(data, "fields")
    rows = mappings(data, "rows")
    return Expectation(
        hits=_bounds(data.get("hits")) or RowBounds(),
        fields={str(key): texts(values, key) for key in values},
        rows=tuple({str(key): text(row, key) for key in row} for row in rows),
        risk=ExpectedRisk(
            events=_bounds(risk.get("events")),
            message=text(risk, "message"),
            score=optional(risk, "score"),
            objects=texts(risk, "objects"),
        )
        if risk
        else None,
        notables=_bounds(data.get("notables")),
    )


def _bounds(value: Any) -> RowBounds | None:
    if isinstance(value, dict):
        return RowBounds(at_least=optional(value, "at_least"), at_most=optional(value, "at_most"))
    if isinstance(value, int) and not isinstance(value, bool):
        return RowBounds(at_least=value, at_most=value)
    return None


def _type(value: str) -> str:
    """Types are written in any case in older files; the oldest say how a search runs instead, which is a TTP's way."""
    if value in ("batch", "streaming"):
        return "TTP"
    known = {t.lower(): t for t in schema.DETECTION_TYPES}
    return known.get(value.lower(), value)


def _folder(file: str) -> str:
    parts = file.split("/")
    return parts[-2] if len(parts) > 1 else ""


def _status_of_folder(file: str) -> str:
    """The 2021 schema had no status: the folder said it."""
    parts = file.split("/")
    return next((p for p in parts if p in ("experimental", "deprecated")), "production")
