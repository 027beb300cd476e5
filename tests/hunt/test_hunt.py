"""caltrop hunt: a small repository over a few events, read as an incident responder reads it."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from caltrop.cli.hunt import command
from caltrop.errors import CaltropError
from caltrop.hunt import files
from caltrop.hunt.texts import printable
from tests.corpus import sample

RISK = """\
rba:
  message: $user$ did it
  risk_objects:
  - field: user
    type: user
    score: {score}
  threat_objects: []
tags:
  analytic_story: [{story}]
  asset_type: Endpoint
  mitre_attack_id: [{technique}]
  product: [Splunk Enterprise]
  security_domain: endpoint
"""
EVENTS = """\
2026-01-01T10:00:00Z login user=ann status=ok
2026-01-01T10:00:01Z login user=bob status=failed note="<script>alert(1)</script>"
2026-01-01T10:00:02Z logout user=ann
2026-01-01T10:00:09Z login user=bob status=failed note="=1+1"
"""
REPOSITORY = (
    ("Failed Logins", "production", "TTP", "login status=failed | table _time user status note", "T1110", 40, "Guessing"),
    ("All Logins", "production", "Anomaly", "login | stats count min(_time) as firstTime max(_time) as lastTime by user",
     "T1078", 10, "Accounts"),
    ("Only Looking", "production", "Hunting", "logout user=*", "T1110.001", 99, "Guessing"),
    ("Broken", "production", "TTP", "login | lookup no_such_table user OUTPUT risk", "T1110", 5, "Guessing"),
    ("Elsewhere", "production", "TTP", "sourcetype=aws:cloudtrail errorCode=* | stats count", "T1110", 5, "Guessing"),
    ("No Model Rows", "production", "TTP", "| tstats count from datamodel=Web.Web", "T1110", 5, "Guessing"),
    ("Quiet", "production", "TTP", "login status=nonsense", "T1110", 5, "Guessing"),
    ("Experiment", "experimental", "TTP", "index=* | head 1", "T1110", 5, "Guessing"),
)  # fmt: skip


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "content"
    (folder / "detections").mkdir(parents=True)
    for number, (name, status, kind, search, technique, score, story) in enumerate(REPOSITORY):
        text = sample.detection(name, number, search, status=status, kind=kind, known="Administrators.")
        text += RISK.format(score=score, story=story, technique=technique)
        (folder / "detections" / f"{name.lower().replace(' ', '_')}.yml").write_text(text)
    (folder / "app.yml").write_text("id: demo\nlabel: Demo\nversion: 1.0.0\nauthor: Somebody\n")
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "events.log"
    path.write_text(EVENTS)
    return path


def run(repository: Path, data: Path, *options: str) -> Result:
    return CliRunner().invoke(command, [str(repository), "--data", str(data), *options], standalone_mode=False)


def hits_of(result: Result) -> list[str]:
    """Names on the lines of hits, in order."""
    return re.findall(r"^ *\d+  (?:TTP|Anomaly|Hunting|Correlation) +[\d,]+  (.*)$", result.stdout, re.MULTILINE)


def test_hits_come_most_severe_first_and_nothing_else(repository: Path, data: Path) -> None:
    result = run(repository, data)
    assert hits_of(result) == ["Failed Logins", "All Logins", "Only Looking"]
    assert "Quiet" not in result.stdout
    assert "Elsewhere" not in result.stdout


def test_a_hit_tells_technique_tactic_times_and_users(repository: Path, data: Path) -> None:
    lines = run(repository, data, "--detection", "All Logins").stdout.splitlines()
    assert lines[1:4] == [
        "  10  Anomaly         2  All Logins",
        "                        T1078 Valid Accounts (Initial Access, Persistence, Privilege Escalation, Defense Evasion)",
        "                        2026-01-01 10:00:00 to 2026-01-01 10:00:09; hosts: localhost; users: ann, bob",
    ]


def test_risk_of_an_entity_is_added_up_over_rows_as_the_risk_action_does(repository: Path, data: Path) -> None:
    lines = run(repository, data).stdout.splitlines()
    entities = lines[lines.index("by entity, risk added up") + 1 :]
    assert entities[0].split()[:3] == ["90", "bob", "(user)"]  # twice 40 and once 10
    assert entities[1].split()[:3] == ["10", "ann", "(user)"]  # Hunting raises none


def test_the_last_line_counts_what_did_not_run(repository: Path, data: Path) -> None:
    result = run(repository, data)
    assert re.fullmatch(
        r"7 detections over 4 events in [\d.]+ s: 4 ran, 3 with hits, 1 with errors, 2 not run \(their data is not here\); "
        r"1 left out \(not in production: --all\)",
        result.stdout.splitlines()[-1],
    )
    assert "1 x the lookup table 'no_such_table' does not exist: Broken" in result.stderr
    assert result.return_value == 1


def test_all_shows_the_rest_and_runs_what_lacks_its_data(repository: Path, data: Path) -> None:
    result = run(repository, data, "--all")
    assert "Experiment" in result.stdout
    assert re.search(r"ms  Quiet$", result.stdout, re.MULTILINE)
    assert "not run" not in result.stdout


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--detection", "failed_logins.yml"], ["Failed Logins"]),
        (["--detection", "*LOGINS"], ["Failed Logins", "All Logins"]),
        (["--detection", "00000000-0000-4000-8000-000000000002"], ["Only Looking"]),
        (["--detection", "Experiment"], ["Experiment"]),  # named, so its status does not matter
        (["--story", "accounts"], ["All Logins"]),
        (["--technique", "T1110"], ["Failed Logins", "Only Looking"]),  # with sub-techniques
        (["--technique", "t1110.001"], ["Only Looking"]),
        (["--type", "hunting", "--type", "anomaly"], ["All Logins", "Only Looking"]),
        (["--min-risk", "40"], ["Failed Logins", "Only Looking"]),
        (["--min-risk", "40", "--type", "TTP"], ["Failed Logins"]),
    ],
)
def test_choices(repository: Path, data: Path, options: list[str], names: list[str]) -> None:
    assert hits_of(run(repository, data, *options)) == names


def test_a_name_that_nothing_has_gets_the_nearest(repository: Path, data: Path) -> None:
    result = run(repository, data, "--detection", "Faild Logins")
    assert isinstance(result.exception, CaltropError)
    assert "no detection 'Faild Logins'" in str(result.exception)
    assert result.exception.hint == "did you mean 'Failed Logins'?"


def test_without_hits_it_says_so(repository: Path, data: Path) -> None:
    result = run(repository, data, "--detection", "Quiet")
    assert result.stdout.splitlines()[0] == "no hits"
    assert result.return_value == 0


# --- files ---------------------------------------------------------------------------------------------------------------


def written(repository: Path, data: Path, name: str) -> str:
    path = data.parent / name
    result = run(repository, data, "-o", str(path))
    assert f"wrote {path}" in result.stderr
    return path.read_text(encoding="utf-8")


def test_csv_has_a_line_a_hit(repository: Path, data: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(written(repository, data, "hits.csv"))))
    assert [(r["detection"], r["risk"], r["hits"], r["users"]) for r in rows] == [
        ("Failed Logins", "40", "2", "bob"), ("All Logins", "10", "2", "ann; bob"), ("Only Looking", "99", "1", "ann")
    ]  # fmt: skip
    assert rows[0]["first"] == "2026-01-01T10:00:01.000000+00:00"
    assert rows[0]["techniques"] == "T1110 Brute Force"


def test_jsonl_has_attack_risk_and_rows(repository: Path, data: Path) -> None:
    first = json.loads(written(repository, data, "hits.jsonl").splitlines()[0])
    assert first["techniques"] == [{"id": "T1110", "name": "Brute Force", "tactics": ["Credential Access"]}]
    assert first["risk"]["added"] == [{"entity": "bob", "type": "user", "risk": 80}]
    assert [row["note"] for row in first["rows"]] == ["=1+1", "<script>alert(1)</script>"]


def test_timeline_is_in_order_and_names_what_each_moment_is(repository: Path, data: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(written(repository, data, "hits.timesketch.csv"))))
    assert {"message", "datetime", "timestamp_desc"} <= set(rows[0])
    assert [r["datetime"] for r in rows] == sorted(r["datetime"] for r in rows)
    assert [(r["timestamp_desc"], r["user"]) for r in rows if r["detection"] == "All Logins"] == [
        ("Event time", "ann"), ("First seen", "bob"), ("Last seen", "bob")
    ]  # fmt: skip
    assert all(int(r["timestamp"]) // 10**6 == 1767261600 + int(r["datetime"][17:19]) for r in rows)


def test_layer_counts_hits_by_technique(repository: Path, data: Path) -> None:
    layer = json.loads(written(repository, data, "hits.layer.json"))
    assert {t["techniqueID"]: t["score"] for t in layer["techniques"]} == {"T1078": 2, "T1110": 2, "T1110.001": 1}
    assert layer["domain"] == "enterprise-attack"


class Page(HTMLParser):
    """The tags of a page, its text, and what it would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.fetched += [
            v or "" for k, v in attrs if k in ("src", "srcset", "data", "action") or (k == "href" and tag != "a")
        ]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_page_stands_alone_and_takes_log_text_as_text(repository: Path, data: Path) -> None:
    body = written(repository, data, "hits.html")
    page = Page()
    page.feed(body)
    assert "script" not in page.tags
    assert page.fetched == []
    assert "url(" not in body
    assert "@import" not in body
    assert "<script>alert(1)</script>" in page.text
    assert "prefers-color-scheme: dark" in body
    for part in ("Timeline", "ATT&CK", "Entities", "Hits", "Errors"):
        assert part in page.text
    assert page.text.count("2026-01-01T10:00:01Z login user=bob") == 2  # the event, behind each detection that has it


def test_page_of_no_hits(repository: Path, data: Path) -> None:
    path = data.parent / "none.html"
    run(repository, data, "--detection", "Quiet", "-o", str(path))
    assert "No detection has a hit." in path.read_text()


@pytest.mark.parametrize("name", ["hits", "hits.txt", "hits.json"])
def test_a_file_whose_name_says_no_kind_is_refused_before_anything_runs(
    repository: Path, data: Path, name: str
) -> None:
    result = run(repository, data, "-o", str(data.parent / name))
    assert isinstance(result.exception, CaltropError)
    assert ".timesketch.csv" in str(result.exception.hint)
    assert result.stdout == ""


def test_a_folder_that_is_not_there_is_told_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(CaltropError, match="no folder"):
        files.check(tmp_path / "nowhere" / "hits.csv")


def test_text_of_logs_cannot_steer_a_terminal() -> None:
    assert printable("a\x1b[2Jb\nc\u202e") == "a\\x1b[2Jb\\nc\\u202e"
