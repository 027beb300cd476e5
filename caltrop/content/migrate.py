"""`caltrop migrate`: files in an older schema, rewritten in today's. Comments and the text of values stay.

What the move of ESCU itself did, where meaning had to be chosen:
* the first risk object becomes the finding's entity, the others intermediate findings with the same message;
* an Anomaly has intermediate findings only; a Hunting detection has no risk;
* a detection without risk objects gets a MANUAL_REVIEW note, with its message: its author has to name the entity;
* threat objects are sorted by field;
* one `date` stands for creation and modification, the folder is the category, tests are `unit` unless tested by hand.
Every file is read again in its new form and must mean the same, or it is left as it was.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from caltrop.content import detections, schema, supporting
from caltrop.content.blocks import Block, comments, cut, head, joined, rename, render
from caltrop.content.document import Document
from caltrop.content.edits import line_ends
from caltrop.content.files import yaml_files
from caltrop.content.kinds import KINDS
from caltrop.content.model import Detection, Lookup
from caltrop.content.spec import Obj
from caltrop.content.values import mapping, mappings, text
from caltrop.errors import CaltropError, Location

_ORDER = (
    "name", "id", "version", "creation_date", "modification_date", "author", "status", "type", "description",
    "data_source", "search", "how_to_implement", "known_false_positives", "references", "drilldown_searches", "finding",
    "intermediate_findings", "threat_objects", "enrichment", "analytic_story", "asset_type", "cve", "mitre_attack_id",
    "product", "category", "security_domain", "atomic_guid", "impact", "confidence", "risk_score",
    "required_fields", "kill_chain_phases", "nist", "cis20", "throttling", "custom_schedule", "enabled_by_default", "baselines",
    "manual_test", "tests",
)  # fmt: skip
_LAST = ("deprecation_info", "MANUAL_REVIEW")
_UNUSED = {
    "datamodel", "observable", "message", "tags", "rba", "date", "deployment", "context",
    "dataset", "group", "CVE", "automated_detection_testing", "risk_severity", "supported_tas",
}  # fmt: skip
_DEFAULTS: dict[str, Any] = {"data_source": [], "asset_type": "Endpoint"}  # required today, optional before
_TEST_LEGACY = ("file", "pass_condition", "earliest_time", "latest_time", "baselines")
_DATA_LEGACY = ("file_name", "update_timestamp")


class Migrated(NamedTuple):
    """`text` is the new file, or None when it was left as it was; `notes` says what was chosen, or why not.

    `absorbed` are files whose content is in the new one now.
    """

    file: str
    text: str | None
    notes: list[str]
    absorbed: tuple[str, ...] = ()


def migrate(root: Path) -> list[Migrated]:
    """Every file of the repository that is in an older schema. Nothing is written."""
    if not root.is_dir():
        raise CaltropError("no such folder", location=Location(str(root)), hint="give --content a content repository")
    out = []
    old_tests = _old_tests(root)
    for folder in ("detections", "baselines", "investigations", "stories", "data_sources", "macros", "lookups"):
        spec = KINDS[folder].spec
        for path in yaml_files(root / folder):
            file = path.relative_to(root).as_posix()
            body = path.read_bytes()
            document = Document.of(body, file)
            if document.problems:
                done: Migrated | None = Migrated(file, None, [f"left as it was: {document.problems[0].message}"])
            elif not isinstance(document.data, dict):
                continue
            elif folder == "detections":
                old = schema.detection_schema(document.data) != "flat" or "date" in document.data
                done = migrate_detection(document, old_tests.get(file, [])) if old else None
            elif folder == "lookups":
                done = _lookup(document) if "lookup_type" not in document.data else None
            else:
                done = _simple(document, spec) if "date" in document.data or "tags" in document.data else None
            if done is not None:
                out.append(done._replace(text=line_ends(done.text, body)) if done.text is not None else done)
    return out


def _old_tests(root: Path) -> dict[str, list[tuple[str, dict[str, Any]]]]:
    """Detection -> (file, test) of the 2021 schema's own test files."""
    out: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for path in yaml_files(root / "tests"):
        if path.name.endswith(".test.yml"):
            file = path.relative_to(root).as_posix()
            data = Document.of(path.read_bytes(), file).data
            for test in mappings(data, "tests") if isinstance(data, dict) else []:
                out.setdefault("detections/" + text(test, "file"), []).append((file, test))
    return out


def migrate_detection(document: Document, old_tests: list[tuple[str, dict[str, Any]]] | None = None) -> Migrated:
    """`old_tests` are tests from files of their own, which become part of the detection."""
    data = document.data
    old = detections.detection(data, document.file)
    notes: list[str] = []
    blocks, rest = _flattened(document)
    found = {block.key: block for block in blocks}
    found |= {b.key: b for b in _risk(old, found, notes)}
    if "category" not in found and old.category:
        found["category"] = Block("category", render("category", old.category))
    if "status" not in found:
        found["status"] = Block("status", render("status", old.status))
    if text(data, "type") not in schema.DETECTION_TYPES:
        found["type"] = Block("type", render("type", old.type))
    if old.schedule is not None and "custom_schedule" not in found:
        schedule = msgspec.structs.asdict(old.schedule)
        found["custom_schedule"] = Block("custom_schedule", render("custom_schedule", schedule))
    apart = old_tests or []
    if "tests" in found or apart:
        found["tests"] = _tests(data, old, found.get("tests"), [test for _, test in apart])
    if "data_sources" in found and "data_source" not in found:  # a spelling that some files have
        found["data_source"] = rename(found.pop("data_sources"), "data_source")
    for key, default in _DEFAULTS.items():
        if key not in found:
            found[key] = Block(key, render(key, default))
            notes.append(f"{key}: not in the file, now {default!r}")
    kept = [key for key in found if key not in _UNUSED]
    order = (
        [k for k in _ORDER if k in kept]
        + [k for k in kept if k not in _ORDER + _LAST]
        + [k for k in _LAST if k in kept]
    )
    lost = "".join(comments(found[key]) for key in found if key in _UNUSED)
    result = head(document) + joined(found[key] for key in order) + lost + rest
    done = _checked(document, old, result, notes)
    return done if done.text is None else done._replace(absorbed=tuple(dict.fromkeys(file for file, _ in apart)))


def _flattened(document: Document) -> tuple[list[Block], str]:
    """Blocks of the file, with those of `tags:` at the top level and dates in their new names."""
    blocks, rest = cut(document)
    out: list[Block] = []
    for block in blocks:
        if block.key == "tags" and isinstance(document.data["tags"], dict):
            inner, _ = cut(document, ("tags",))
            out += [b for b in inner if not any(b.key == other.key for other in out)]
        elif block.key == "date":
            out += [
                rename(block, "creation_date"),
                Block("modification_date", render("modification_date", text(document.data, "date"))),
            ]
        else:
            out.append(block)
    return out, rest


def _risk(item: Detection, found: dict[str, Block], notes: list[str]) -> list[Block]:
    if item.schema == "flat":
        return []
    out: list[Block] = []
    objects = list(item.risk_objects)
    if item.type == "Hunting":
        if objects:
            notes.append("Hunting: its risk objects are dropped, a hunt does not score risk")
        return []
    if not objects:
        reason = f"A {item.type} needs an entity, and this detection names none: add it, then remove this note."
        note = {"message": item.message} if item.message else {}
        out.append(Block("MANUAL_REVIEW", render("MANUAL_REVIEW", {**note, "manual_review_rationale": reason})))
        notes.append("MANUAL_REVIEW: no entity for the finding")
    elif item.type in ("TTP", "Correlation"):
        first = objects.pop(0)
        entity = {"field": first.field, "type": first.type, "score": first.score}
        out.append(Block("finding", render("finding", {"title": item.message, "entity": entity})))
        if objects:
            notes.append(f"the first risk object, {first.field!r}, became the finding's entity")
    if objects:
        entities = [{"field": e.field, "type": e.type, "score": e.score, "message": item.message} for e in objects]
        out.append(Block("intermediate_findings", render("intermediate_findings", {"entities": entities})))
    threats = sorted(item.threat_objects, key=lambda e: e.field)
    if threats:
        named = [{"field": e.field, "type": e.type} for e in threats]
        out.append(Block("threat_objects", render("threat_objects", named)))
    return out


def _tests(data: dict[str, Any], item: Detection, block: Block | None, apart: list[dict[str, Any]]) -> Block:
    """Tests with their type, without what nobody reads. Written anew only where something changes."""
    tests = mappings(data, "tests") + apart
    done = all("test_type" in t for t in tests)
    stale = any(k in t for t in tests for k in _TEST_LEGACY) or any(
        k in d for t in tests for d in mappings(t, "attack_data") for k in _DATA_LEGACY
    )
    if block and done and not stale and not apart:
        return block
    out = []
    for test in tests:
        new = {k: v for k, v in test.items() if k not in _TEST_LEGACY}
        if "attack_data" in new:
            new["attack_data"] = [
                {k: v for k, v in d.items() if k not in _DATA_LEGACY} for d in mappings(test, "attack_data")
            ]
        new.setdefault("test_type", "manual" if item.manual_test else "unit")
        out.append(new)
    return Block("tests", (comments(block) if block else "") + render("tests", out))


def _simple(document: Document, spec: Obj) -> Migrated:
    """Stories, baselines, investigations, data sources, macros: dates and tags move; a baseline's schedule too."""
    blocks, rest = _flattened(document)
    found = {b.key: b for b in blocks if b.key not in ("type", "deployment")}
    schedule = mapping(mapping(document.data, "deployment"), "scheduling")
    if schedule:
        found["custom_schedule"] = Block("custom_schedule", render("custom_schedule", schedule))
    kept = [key for key in found if key in spec.fields]
    order = [k for k in _ORDER if k in kept] + [k for k in kept if k not in _ORDER]
    lost = "".join(comments(block) for key, block in found.items() if key not in kept)
    result = head(document) + joined(found[key] for key in order) + lost + rest
    again = Document(result, document.file)
    if again.problems or not isinstance(again.data, dict):
        return Migrated(document.file, None, ["left as it was: the new form would not be YAML"])
    return Migrated(document.file, result, [])


def _lookup(document: Document) -> Migrated:
    """A lookup says its type; lists are lists, truth values are not in quotes, what follows from the name goes."""
    data = document.data
    old = supporting.lookup(data, document.file)
    blocks, rest = _flattened(document)
    found = {b.key: b for b in blocks}
    found["lookup_type"] = Block("lookup_type", render("lookup_type", old.kind))
    if old.match_type:
        kinds = [part.strip() for part in re.findall(r"[^,(]+\([^)]*\)|[^,]+", old.match_type)]
        found["match_type"] = Block("match_type", comments(found["match_type"]) + render("match_type", kinds))
    for key in ("case_sensitive_match", "default_match"):
        if str(data.get(key)).lower() in ("true", "false") and not isinstance(data[key], bool):
            found[key] = Block(key, comments(found[key]) + render(key, str(data[key]).lower() == "true"))
    if "fields_list" in found and old.kind == "kvstore":
        fields = [name.strip() for name in old.fields.split(",") if name.strip()]
        found["fields"] = Block("fields", comments(found.pop("fields_list")) + render("fields", fields))
    if old.collection == old.name:
        found.pop("collection", None)
    if old.filename in (f"{old.name}.csv", f"{old.name}.mlmodel"):
        found.pop("filename", None)
    notes = [f"{key}: not in the file, and nobody can know it" for key in ("id", "creation_date") if key not in found]
    result = head(document) + joined(found.values()) + rest
    new = supporting.lookup(Document(result, document.file).data, document.file)
    if _lookup_meaning(new) != _lookup_meaning(old):
        return Migrated(document.file, None, ["left as it was: it would mean something else"])
    return Migrated(document.file, result, notes)


def _lookup_meaning(item: Lookup) -> dict[str, Any]:
    spaced = {key: "".join(value.split()) for key, value in (("fields", item.fields), ("match_type", item.match_type))}
    return {**msgspec.structs.asdict(item), **spaced, "schema": ""}


def _checked(document: Document, old: Detection, result: str, notes: list[str]) -> Migrated:
    """The new text must read as the same detection."""
    again = Document(result, document.file)
    if again.problems or not isinstance(again.data, dict):
        return Migrated(document.file, None, ["left as it was: the new form would not be YAML"])
    new = detections.detection(again.data, document.file)
    before, after = _meaning(old), _meaning(new)
    tests = after["tests"][: len(before["tests"])]  # those of files of their own come after
    changed = sorted(k for k in before if before[k] != (tests if k == "tests" else after[k]) and not _filled(k, before))
    if changed:
        return Migrated(document.file, None, [f"left as it was: {', '.join(changed)} would change"])
    return Migrated(document.file, result, notes)


def _filled(key: str, before: dict[str, Any]) -> bool:
    """A field that had to be given a default."""
    return key in _DEFAULTS and not before[key]


def _meaning(item: Detection) -> dict[str, Any]:
    """What must survive; risk of a hunt, and the order of threat objects, need not."""
    out = msgspec.structs.asdict(item)
    for key in ("schema", "tests", "manual_test", "drilldown_searches"):
        out.pop(key)
    out["tests"] = [(t.name, [(d.data, d.source, d.sourcetype) for d in t.attack_data]) for t in item.tests]
    out["drilldown_searches"] = list(item.drilldown_searches)
    if item.type == "Hunting":
        out.update(entities=[], message="", risk_score=0)
    else:
        out["entities"] = sorted((e.field, e.type, e.score, e.threat) for e in item.entities)
        if not item.risk_objects:
            out.update(message="", risk_score=0)
    return out
