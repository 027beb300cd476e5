"""Older schemas become today's; comments stay, meaning stays, choices are said."""

from __future__ import annotations

from pathlib import Path

import pytest

from caltrop.content import load
from caltrop.content.document import Document
from caltrop.content.migrate import migrate, migrate_detection
from caltrop.errors import CaltropError
from tests.content.sample import Repository

HEAD = """\
# what this file is about
name: Some Process
id: 22222222-2222-4222-8222-222222222222
version: 2
date: '2024-09-30'  # when it was looked at
author: Somebody
status: production
type: {type}
description: Finds
  a process.
data_source:
- A Source
search: '`events` process=x.exe | stats count by dest user process | `some_process_filter`'
how_to_implement: Collect it.
known_false_positives: None known.
references: []
"""
TAGS = """\
tags:
  # stories
  analytic_story:
  - A Story   # the only one
  asset_type: Endpoint
  confidence: 70
  impact: 90
  message: 'Process $process$: on $dest$'
  mitre_attack_id:
  - T1047
  observable:
  - name: dest
    type: Hostname
    role:
    - Victim
  - name: user
    type: User
    role:
    - Victim
  - name: process
    type: Process
    role:
    - Attacker
  product:
  - Splunk Enterprise
  required_fields:
  - _time
  risk_score: 63
  security_domain: endpoint
tests:
- name: True Positive Test
  attack_data:
  - data: tests/data/some.log
    source: some
    sourcetype: thing
    update_timestamp: true
# the end
"""
RBA = """\
rba:
  message: Process $process$ on $dest$
  risk_objects:
  - field: dest
    type: system
    score: 64
  threat_objects:
  - field: process
    type: process
  - field: count
    type: signature
tags: {analytic_story: [A Story], asset_type: Endpoint, mitre_attack_id: [T1047], product: [Splunk Enterprise], security_domain: endpoint}
tests:
- name: True Positive Test
  attack_data:
  - data: tests/data/some.log
    source: some
    sourcetype: thing
"""


def migrated(text: str) -> tuple[str, list[str]]:
    result = migrate_detection(Document(text, "detections/endpoint/some_process.yml"))
    assert result.text is not None, result.notes
    return result.text, result.notes


def test_tags_become_flat_and_comments_stay() -> None:
    text, notes = migrated(HEAD.format(type="TTP") + TAGS)
    data = Document(text, "f").data
    assert list(data)[:5] == ["name", "id", "version", "creation_date", "modification_date"]
    assert (data["creation_date"], data["modification_date"]) == ("2024-09-30", "2024-09-30")
    assert data["finding"] == {
        "title": "Process $process$: on $dest$",
        "entity": {"field": "dest", "type": "system", "score": 63},
    }
    assert data["intermediate_findings"]["entities"] == [
        {"field": "user", "type": "user", "score": 63, "message": "Process $process$: on $dest$"}
    ]
    assert data["threat_objects"] == [{"field": "process", "type": "process"}]
    assert (data["category"], data["tests"][0]["test_type"]) == ("endpoint", "unit")
    assert "update_timestamp" not in text and "tags" not in data
    for comment in ("# what this file is about", "# when it was looked at", "# stories", "# the only one", "# the end"):
        assert text.count(comment) == 1
    assert "description: Finds\n  a process.\n" in text
    assert notes == ["the first risk object, 'dest', became the finding's entity"]


def test_line_ends_stay_and_broken_files_are_left(repository: Repository) -> None:
    text = (HEAD.format(type="TTP") + TAGS).replace("\n", "\r\n")
    folder = repository(
        {
            "detections/endpoint/some_process.yml": text,
            "detections/endpoint/flow.yml": "name: x\ndate: '2024-01-01'\ntags: nothing\n",
        }
    )
    (folder / "macros/bytes.yml").write_bytes(b"name: \xff\n")
    done = {m.file: m for m in migrate(folder)}
    new = done["detections/endpoint/some_process.yml"].text
    assert new is not None and new.count("\n") == new.count("\r\n")
    assert done["macros/bytes.yml"].text is None


def test_a_misspelt_data_source_is_kept() -> None:
    text, _ = migrated(HEAD.format(type="TTP").replace("data_source:", "data_sources:") + TAGS)
    data = Document(text, "f").data
    assert data["data_source"] == ["A Source"] and "data_sources" not in data


def test_rba_becomes_flat() -> None:
    text, notes = migrated(HEAD.format(type="TTP") + RBA)
    data = Document(text, "f").data
    assert data["finding"]["entity"] == {"field": "dest", "type": "system", "score": 64}
    assert [t["field"] for t in data["threat_objects"]] == ["count", "process"]
    assert data["analytic_story"] == ["A Story"] and "intermediate_findings" not in data
    assert notes == []


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("Anomaly", {"intermediate_findings", "threat_objects"}),
        ("Hunting", set()),
        ("TTP", {"finding", "intermediate_findings", "threat_objects"}),
    ],
)
def test_risk_follows_the_type(kind: str, keys: set[str]) -> None:
    data = Document(migrated(HEAD.format(type=kind) + TAGS)[0], "f").data
    assert {"finding", "intermediate_findings", "threat_objects"} & set(data) == keys


def test_a_correlation_without_an_entity_asks_for_one() -> None:
    text, notes = migrated(
        HEAD.format(type="Correlation")
        + RBA.replace("  risk_objects:\n  - field: dest\n    type: system\n    score: 64\n", "  risk_objects: []\n")
    )
    assert "MANUAL_REVIEW" in Document(text, "f").data and any("MANUAL_REVIEW" in n for n in notes)


def test_a_2021_detection_takes_in_its_tests() -> None:
    old = HEAD.format(type="batch").replace("status: production\n", "").replace("data_source:\n- A Source\n", "")
    tags = TAGS.split("tests:")[0].replace("  asset_type: Endpoint\n", "  supported_tas: [x]\n")
    test = {"name": "T", "file": "endpoint/some_process.yml", "pass_condition": "| stats count",
            "attack_data": [{"file_name": "a", "data": "https://e.org/a.log", "source": "s", "sourcetype": "t"}]}  # fmt: skip
    document = Document(old + tags, "detections/endpoint/some_process.yml")
    result = migrate_detection(document, [("tests/endpoint/some_process.test.yml", test)])
    assert result.text is not None, result.notes
    data = Document(result.text, "f").data
    assert data["tests"] == [
        {
            "name": "T",
            "attack_data": [{"data": "https://e.org/a.log", "source": "s", "sourcetype": "t"}],
            "test_type": "unit",
        }
    ]
    assert (data["type"], data["status"], data["data_source"], data["asset_type"]) == (
        "TTP",
        "production",
        [],
        "Endpoint",
    )
    assert result.absorbed == ("tests/endpoint/some_process.test.yml",)


def test_a_migrated_repository_is_sound(repository: Repository) -> None:
    story = (
        "name: A Story\nid: 11111111-1111-4111-8111-111111111111\nversion: 1\ndate: '2024-01-01'\nauthor: S, C\n"
        "description: d\nnarrative: n\nreferences: []\ntags:\n  category:\n  - Malware\n  product:\n  - Splunk Enterprise\n"
        "  usecase: u\n"
    )
    name = "detections/endpoint/some_process.yml"
    folder = repository({name: HEAD.format(type="TTP") + TAGS, "stories/a_story.yml": story})
    for result in migrate(folder):
        assert result.text is not None
        (folder / result.file).write_text(result.text)
    assert [str(p) for p in load(folder).problems] == []
    assert {s.schema for s in load(folder).stories} == {"flat"}
    assert migrate(folder) == []


def test_lookups_say_their_type(repository: Repository) -> None:
    old = "# why\nname: l\ndescription: d\ncollection: l\nfields_list: _key, a,b\nmatch_type: WILDCARD(a), CIDR(b)\ndefault_match: 'false'\n"
    folder = repository(
        {"lookups/l.yml": old, "lookups/m.yml": "name: m\ndescription: d\nfilename: m.csv\n", "lookups/m.csv": "a\n"}
    )
    found = {r.file: r.text for r in migrate(folder)}
    assert found["lookups/l.yml"] == (
        "# why\nname: l\ndescription: d\nmatch_type:\n- WILDCARD(a)\n- CIDR(b)\ndefault_match: false\n"
        "lookup_type: kvstore\nfields:\n- _key\n- a\n- b\n"
    )
    assert found["lookups/m.yml"] == "name: m\ndescription: d\nlookup_type: csv\n"


@pytest.mark.shared
def test_the_corpus_migrates_whole(shared: Path) -> None:
    results = migrate(shared / "corpus" / "escu")
    assert len(results) > 1700
    assert [r.file for r in results if r.text is None] == []


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CaltropError, match="no such folder"):
        migrate(tmp_path / "nowhere")
