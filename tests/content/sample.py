"""A small content repository that is right in every way, to be broken one way at a time."""

from __future__ import annotations

from pathlib import Path

APP = """\
id: test_app
label: Test app
prefix: Test
version: "1.0.0"
author:
  name: Somebody
"""
DEPLOYMENT = """\
name: {type}
id: 00000000-0000-4000-8000-0000000000{number:02d}
version: 1
creation_date: '2026-01-01'
modification_date: '2026-01-01'
author: Somebody
description: How {type} searches run.
type: {type}
scheduling:
  cron_schedule: 0 * * * *
  earliest_time: -70m@m
  latest_time: -10m@m
  schedule_window: auto
{actions}"""
ACTIONS = {
    "TTP": "alert_action:\n  notable:\n    rule_title: '%name%'\n    rule_description: '%description%'\n"
    "    nes_fields: [user, dest]\n  rba:\n    enabled: true\n",
    "Anomaly": "alert_action:\n  rba:\n    enabled: true\n",
    "Hunting": "",
    "Correlation": "alert_action:\n  notable:\n    rule_title: '%name%'\n    rule_description: '%description%'\n",
}
STORY = """\
name: A Story
id: 11111111-1111-4111-8111-111111111111
version: 1
creation_date: '2026-01-01'
modification_date: '2026-01-01'
author: Somebody, Company
status: production
description: What happened.
narrative: How it went on.
references: []
category:
- Malware
product:
- Splunk Enterprise
usecase: Advanced Threat Detection
"""
MACRO = """\
name: events
definition: index=main
description: Where the events are.
"""
DETECTION = """\
name: Some Process
id: 22222222-2222-4222-8222-222222222222
version: 2
creation_date: '2026-01-01'
modification_date: '2026-02-01'
author: Somebody
status: production
type: TTP
description: Finds a process.
data_source:
- A Source
search: '`events` process=x.exe | stats count by dest user process | `some_process_filter`'
how_to_implement: Collect it.
known_false_positives: None known.
references:
- https://example.org/
finding:
  title: Process $process$ ran on $dest$
  entity:
    field: dest
    type: system
    score: 50
intermediate_findings:
  entities:
  - field: user
    type: user
    score: 40
    message: User $user$ ran $process$
threat_objects:
- field: process
  type: process
analytic_story:
- A Story
asset_type: Endpoint
mitre_attack_id:
- T1047
product:
- Splunk Enterprise
category: endpoint
security_domain: endpoint
tests:
- name: True Positive Test
  test_type: unit
  attack_data:
  - data: tests/data/some.log
    source: some
    sourcetype: thing
"""
FILES = {
    "app.yml": APP,
    "stories/a_story.yml": STORY,
    "macros/events.yml": MACRO,
    "detections/endpoint/some_process.yml": DETECTION,
    "tests/data/some.log": "process=x.exe\n",
}


class Repository:
    """`repository({"path": text or None, …}, detection=[(old, new), …])` writes the files and gives their folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(
        self, files: dict[str, str | None] | None = None, detection: list[tuple[str, str]] | None = None
    ) -> Path:
        wanted: dict[str, str | None] = dict(FILES)
        for number, (kind, actions) in enumerate(ACTIONS.items()):
            text = DEPLOYMENT.format(type=kind, number=number, actions=actions)
            wanted[f"deployments/{kind.lower()}.yml"] = text
        for old, new in detection or []:
            text = str(wanted["detections/endpoint/some_process.yml"])
            assert old in text, f"{old!r} is not in the detection"
            wanted["detections/endpoint/some_process.yml"] = text.replace(old, new, 1)
        wanted |= files or {}
        for name, body in wanted.items():
            path = self.folder / name
            if body is None:
                path.unlink(missing_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body.encode())
        return self.folder
