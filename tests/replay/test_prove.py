"""The proof as a person runs it, on a small repository: what is right is proved, and what is broken on purpose is not."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

from caltrop.cli import main
from caltrop.replay.remote import RemoteTarget

pytestmark = pytest.mark.slow

APP = """\
id: proof_app
label: Proof app
prefix: Proof
version: "1.0.0"
author:
  name: Somebody
validation:
  rules:
    unpinned-data: "off"
"""
DETECTION = """\
name: Odd Login
id: 3f0c1d1e-7d5c-4f0e-9a53-0f4f4a7c3a11
version: 1
creation_date: '2026-01-01'
modification_date: '2026-01-01'
author: Somebody
status: production
type: TTP
description: Logins that are odd.
data_source: []
search: |-
  `logins` action=odd
  | stats count min(_time) as firstTime by user dest
  | `odd_login_filter`
how_to_implement: Collect logins.
known_false_positives: None known.
references: []
finding:
  title: Odd login of $user$ on $dest$
  entity:
    field: dest
    type: system
    score: 40
threat_objects: []
analytic_story:
- Odd Things
asset_type: Endpoint
mitre_attack_id:
- T1078
product:
- Splunk Enterprise
category: endpoint
security_domain: endpoint
tests:
- name: Two odd logins
  test_type: unit
  attack_data:
  - data: data/logins.log
    source: logins
    sourcetype: logins
    size: SIZE
  expect:
    hits:
      at_least: 2
      at_most: 2
"""
MACRO = """\
name: logins
description: Where logins are.
definition: sourcetype=logins
"""
STORY = """\
name: Odd Things
id: 5d8c9a51-7c41-4c3c-b4ac-54b8a8f1f001
version: 1
creation_date: '2026-01-01'
modification_date: '2026-01-01'
author: Somebody
status: production
description: Odd things.
narrative: They happen.
references: []
category:
- Other
product:
- Splunk Enterprise
usecase: Advanced Threat Detection
"""
DEPLOYMENT = """\
name: Fires
id: 5d8c9a51-7c41-4c3c-b4ac-54b8a8f1f002
version: 1
creation_date: '2026-01-01'
modification_date: '2026-01-01'
author: Somebody
description: Scores risk and opens a notable.
type: TTP
scheduling:
  cron_schedule: 0 * * * *
  earliest_time: -70m@m
  latest_time: -10m@m
  schedule_window: auto
alert_action:
  notable:
    rule_title: '%name%'
    rule_description: '%description%'
    nes_fields: [user, dest]
  rba:
    enabled: true
"""
LOGINS = """\
2026-03-01T10:00:00Z user=ann dest=web1 action=odd
2026-03-01T10:01:00Z user=bob dest=web2 action=plain
2026-03-01T10:02:00Z user="eve \\"x\\" \\\\y" dest=db1 action=odd
2026-03-01T10:03:00Z user=ann dest=web1 action=plain
"""
Change = Callable[[Path], object]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    files = {
        "app.yml": APP,
        "detections/endpoint/odd_login.yml": DETECTION.replace("SIZE", str(len(LOGINS))),
        "macros/logins.yml": MACRO,
        "stories/odd_things.yml": STORY,
        "deployments/ttp.yml": DEPLOYMENT,
        "data/logins.log": LOGINS,
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def run(repository: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main(["test", "--content", str(repository), "--report", str(repository / "reports")])
    captured = capsys.readouterr()
    return code, captured.out + captured.err


def replace(file: str, old: str, new: str) -> Change:
    def change(repository: Path) -> None:
        path = repository / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return change


def write(file: str, text: str) -> Change:
    def change(repository: Path) -> None:
        (repository / file).parent.mkdir(parents=True, exist_ok=True)
        (repository / file).write_text(text)

    return change


def test_a_right_detection_is_proved_and_reported(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, output = run(repository, capsys)
    assert code == 0, output
    assert "proved: proof_app" in output and "1 passed" in output
    suite = ET.parse(repository / "reports" / "junit.xml").getroot()[0]
    assert suite.get("name") == "Odd Login" and suite.get("failures") == "0"
    page = (repository / "reports" / "report.html").read_text()
    assert "Odd login of ann on web1" in page
    assert "tuning survives reinstall" in page


SEARCH = "detections/endpoint/odd_login.yml"
UNRULED = ('unpinned-data: "off"', 'unpinned-data: "off"\n    filter-macro: "off"')
BROKEN = {
    "a typo in the SPL": (replace(SEARCH, "| stats count", "| stast count"), "stast"),
    "a field that is never there": (replace(SEARCH, "action=odd", "akshun=odd"), "hits: 0 hits, expected exactly 2"),
    "an unclosed token": (replace(SEARCH, "$user$ on", "$user on"), "odd_login.yml:"),
    "a risk object that is no output": (replace(SEARCH, "field: dest", "field: dst"), "dst"),
    "a deployment without risk": (replace("deployments/ttp.yml", "enabled: true", "enabled: false"), "no risk action"),
    "an empty dataset": (write("data/logins.log", ""), "is empty"),
    "a truncated dataset": (write("data/logins.log", LOGINS[:100]), "is truncated"),
    "another dataset than expected": (replace("data/logins.log", "action=odd", "action=new"), "0 hits"),
    "a missing dataset": (lambda r: (r / "data/logins.log").unlink(), "logins.log is not there"),
    "a filter macro that excludes everything": (
        write(
            "macros/odd_login_filter.yml",
            "name: odd_login_filter\ndescription: Tuned.\ndefinition: search NOT dest=*\n",
        ),
        "hits: 0 hits",
    ),
    "a search that ignores its filter macro": (
        lambda r: [
            change(r) for change in (replace(SEARCH, "\n  | `odd_login_filter`", ""), replace("app.yml", *UNRULED))
        ],
        "tuned: 2 of 2 hits are left when odd_login_filter is",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_broken_on_purpose_is_not_proved(
    repository: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    change, message = BROKEN[what]
    change(repository)
    code, output = run(repository, capsys)
    assert code == 1, output
    assert message in output
    assert "Traceback" not in output


def test_tuning_that_the_server_does_not_take_back_is_not_proved(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own = RemoteTarget.set_macro

    def loses_reset(self: RemoteTarget, name: str, app: str, definition: str) -> None:
        if definition != "search *":
            own(self, name, app, definition)

    monkeypatch.setattr(RemoteTarget, "set_macro", loses_reset)
    code, output = run(repository, capsys)
    assert code == 1
    assert "reset: 0 of 2 hits are back when it is reset" in output and "tuned:" not in output


def test_a_repository_without_detections_proves_nothing(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / SEARCH).unlink()
    code, output = run(repository, capsys)
    assert code != 0
    assert "proved: " not in output


def test_an_unknown_name_and_an_unreachable_target_are_usage_errors(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["test", "--content", str(repository), "no such detection"]) == 2
    assert "no detection 'no such detection'" in capsys.readouterr().err
    assert main(["test", "--content", str(repository), "--target", "https://127.0.0.1:1", "--password", "x"]) == 2
    assert "cannot reach https://127.0.0.1:1" in capsys.readouterr().err


WHY = "`akshun` is missing in all 4 events (`akshun=odd`); `action` has that value, in 2 of 4 events looked at"


def test_a_failure_says_why_on_the_console_in_the_page_and_in_junit(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    replace(SEARCH, "action=odd", "akshun=odd")(repository)
    code, output = run(repository, capsys)
    assert code == 1 and f"  {WHY}\n" in output
    failure = ET.parse(repository / "reports" / "junit.xml").getroot().find(".//failure")
    assert failure is not None and WHY in str(failure.text)
    assert "hits: 0 hits, expected exactly 2" in str(failure.get("message"))
    assert "<li>`akshun` is missing in all 4 events" in (repository / "reports" / "report.html").read_text()


BENIGN = LOGINS.replace("user=ann dest=web1 action=odd", "user=svc_scan dest=web1 action=odd").replace(
    'user="eve \\"x\\" \\\\y" dest=db1 action=odd', "user=svc_scan dest=db1 action=odd"
)


def benign(repository: Path, data: str) -> None:
    write("data/benign.log", data)(repository)
    test = "  expect:\n    hits:\n      at_least: 2\n"
    replace(SEARCH, test, f"  benign:\n  - data: data/benign.log\n    source: logins\n    sourcetype: logins\n{test}")(
        repository
    )


def test_benign_hits_come_with_a_candidate_that_was_tried(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    benign(repository, BENIGN)
    code, output = run(repository, capsys)
    assert code == 1
    assert "benign: 2 hits on data/benign.log" in output
    assert "benign hit: user=svc_scan dest=" in output
    assert "to tune on `user`: benign svc_scan, malicious ann, eve" in output
    candidate = (
        'candidate for odd_login_filter: search NOT user IN ("svc_scan") (tried: 0 of 2 benign hits left, 2 of 2'
    )
    assert candidate in output


def test_benign_hits_that_nothing_tells_apart_have_no_candidate(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    benign(repository, LOGINS)
    code, output = run(repository, capsys)
    assert code == 1
    assert "no field, and no pair of fields, tells the benign hits from the malicious ones" in output
    assert "candidate" not in output
