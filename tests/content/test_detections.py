"""Four schemas, one model."""

from __future__ import annotations

import pytest

from caltrop.content import load
from caltrop.content.detections import detection, read_test
from caltrop.content.model import RowBounds
from caltrop.content.schema import DETECTION, PUBLISHED
from caltrop.content.spec import json_schema
from caltrop.content.spltext import count_arguments, macro_calls
from tests.content.sample import Repository

COMMON = {"name": "X Y", "id": "i", "version": 3, "author": "A", "type": "TTP", "search": " s "}
TAGS = {
    "analytic_story": ["S"], "impact": 90, "confidence": 70, "message": "m $a$", "mitre_attack_id": ["T1"],
    "observable": [
        {"name": "u", "type": "User", "role": ["Victim"]},
        {"name": "h", "type": "Hostname", "role": ["Victim"]},
        {"name": "p", "type": "Process Name", "role": ["Attacker"]},
        {"name": "f", "type": "File Hash", "role": ["Attacker"]},
        {"name": "w", "type": "Registry Key", "role": ["Attacker"]},
        {"name": "o", "type": "Registry Key", "role": ["Victim"]},
        {"name": "q", "type": "User", "role": ["Target"]},
    ],
    "security_domain": "endpoint", "asset_type": "Endpoint", "product": ["P"], "risk_score": 1,
}  # fmt: skip
OBSERVED = [
    ("u", "user", 63, False), ("h", "system", 63, False), ("p", "process", 0, True), ("f", "file_name", 0, True),
    ("w", "registry key", 0, True), ("o", "other", 63, False), ("q", "other", 63, False),
]  # fmt: skip


def entities(found: object) -> list[tuple[str, str, int, bool]]:
    return [(e.field, e.type, e.score, e.threat) for e in found.entities]  # type: ignore[attr-defined]


def test_tags_schema() -> None:
    found = detection({**COMMON, "status": "production", "date": "2024-01-02", "tags": TAGS}, "detections/web/x_y.yml")
    assert (found.schema, found.search, found.category, found.risk_score) == ("tags", "s", "web", 63)
    assert (found.creation_date, found.modification_date) == ("2024-01-02", "2024-01-02")
    assert entities(found) == OBSERVED
    assert found.message == "m $a$"


def test_2021_schema_takes_its_status_from_the_folder() -> None:
    data = {
        **COMMON,
        "type": "ttp",
        "date": "2021-01-02",
        "datamodel": [],
        "tags": {**TAGS, "kill_chain_phases": ["E"]},
    }
    found = detection(data, "detections/experimental/endpoint/x_y.yml")
    assert (found.schema, found.status, found.type, found.kill_chain_phases) == ("old", "experimental", "TTP", ("E",))
    assert entities(found) == OBSERVED


def test_rba_schema() -> None:
    rba = {
        "message": "m",
        "risk_objects": [{"field": "d", "type": "system", "score": 7}, {"field": "u", "type": "user", "score": 9}],
        "threat_objects": [{"field": "p", "type": "process_name"}],
    }
    tags = {"analytic_story": ["S"], "security_domain": "endpoint", "product": ["P"]}
    found = detection({**COMMON, "status": "production", "date": "2025-01-02", "rba": rba, "tags": tags}, "f")
    assert found.schema == "rba"
    assert entities(found) == [("d", "system", 7, False), ("u", "user", 9, False), ("p", "process_name", 0, True)]
    assert (found.risk_score, found.impact) == (9, None)


def test_our_additions() -> None:
    data = {**COMMON, "creation_date": "2026-01-01", "enrichment": {"field": "Message"}, "nist": [], "impact": 90}
    found = detection({**data, "confidence": 70}, "f")
    assert found.schema == "flat"
    assert found.enrichment is not None and found.enrichment.field == "Message"
    assert (found.nist, found.cis20, found.risk_score) == ((), None, 63)
    assert detection({**data, "enrichment": False}, "f").enrichment is None


def test_expectations() -> None:
    test = read_test(
        {
            "name": "t",
            "attack_data": [{"data": "d.zip", "member": "a.json", "size": 5, "sha256": "AB", "rendering": "xml"}],
            "benign": [{"data": "b.log"}],
            "expect": {
                "hits": {"at_least": 2},
                "fields": {"user": ["a", "b"], "n": 3},
                "rows": [{"user": "a", "count": 2}],
                "risk": {"events": 2, "message": "m", "score": 63, "objects": ["h"]},
                "notables": 1,
            },
        }
    )
    assert (test.attack_data[0].member, test.attack_data[0].sha256, test.attack_data[0].rendering) == (
        "a.json",
        "ab",
        "xml",
    )
    assert test.expect.hits == RowBounds(at_least=2, at_most=None)
    assert test.expect.fields == {"user": ("a", "b"), "n": ("3",)}
    assert test.expect.rows == ({"user": "a", "count": "2"},)
    assert test.expect.risk is not None and test.expect.risk.events == RowBounds(at_least=2, at_most=2)
    assert test.expect.notables == RowBounds(at_least=1, at_most=1)
    assert read_test({"name": "t"}).expect.hits == RowBounds(at_least=1, at_most=None)


@pytest.mark.parametrize("broken", [{}, {"name": 3, "search": [], "tags": {}}, {"finding": [], "tests": {"a": 1}}])
def test_values_of_the_wrong_type_do_not_hurt(broken: dict[str, object]) -> None:
    assert detection(broken, "f").search == ""


def test_lookups_in_both_forms(repository: Repository) -> None:
    folder = repository(
        {
            "lookups/old.yml": "name: old\ndescription: d\ncollection: c\nfields_list: _key, a\nmatch_type: WILDCARD(a)\n"
            "default_match: 'false'\n",
            "lookups/kvstore/new.yml": "name: new\ndescription: d\nlookup_type: kvstore\nfields: [_key, b]\n"
            "match_type: [WILDCARD(a), CIDR(b)]\ncase_sensitive_match: false\nmin_matches: 1\n",
            "lookups/csv/n.yml": "name: n\ndescription: d\nlookup_type: csv\n",
            "lookups/csv/n.csv": "a\n1\n",
            "lookups/m.yml": "name: __mlspl_m\ndescription: d\nfilename: __mlspl_m.mlmodel\n",
        }
    )
    found = {item.name: item for item in load(folder, checks=False).lookups}
    old, new, csv, model = found["old"], found["new"], found["n"], found["__mlspl_m"]
    assert (old.kind, old.collection, old.fields, old.default_match) == ("kvstore", "c", "_key, a", "false")
    assert (new.kind, new.collection, new.fields) == ("kvstore", "new", "_key, b")
    assert (new.match_type, new.case_sensitive_match, new.min_matches) == ("WILDCARD(a), CIDR(b)", "false", 1)
    assert (csv.kind, csv.data_file) == ("csv", "lookups/csv/n.csv")
    assert (model.kind, model.data_file) == ("mlmodel", "lookups/__mlspl_m.mlmodel")


def test_macro_calls_are_read_off_the_text() -> None:
    text = '`a` ```not `this` one``` | `b(1, "x,y")` | `c()` | x="`d`" | rex "`(?<e>[^`]+)`" | `f`'
    assert [(c.name, c.arity) for c in macro_calls(text)] == [("a", 0), ("b", 2), ("c", 0), ("f", 0)]
    assert text[macro_calls(text)[1].start :].startswith("`b(")


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("a", 1), ("a,b", 2), ('"a,b"', 1), ("f(a,b),c", 2), (r'"a\",b"', 1)]
)
def test_arguments_are_counted(text: str, count: int) -> None:
    assert count_arguments(text) == count


def test_every_object_has_a_json_schema() -> None:
    for spec in PUBLISHED.values():
        schema = json_schema(spec)
        assert schema["type"] == "object" and schema["properties"]["name"]
    assert set(json_schema(DETECTION)["required"]) <= set(json_schema(DETECTION)["properties"])
