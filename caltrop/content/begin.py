"""`caltrop init`: a content repository that proves itself at once, with one detection to take apart."""

from __future__ import annotations

import json
import re
from pathlib import Path

from caltrop.content.new import Answers, NewMacro, create
from caltrop.content.published import by_folder, write_schemas
from caltrop.errors import CaltropError, Location

NAME = "Many Paths Not Found From One Client"
_STEM = "many_paths_not_found_from_one_client"
_SEARCH = """\
`web_access` status=404
| stats count dc(uri_path) as paths min(_time) as firstTime max(_time) as lastTime by clientip
| where paths >= 8"""
_PATHS = ("admin", "backup", "config", "db", "login", "old", "phpmyadmin", "setup", "test", "wp-login")
_README = """\
# {label}

Detections for Splunk, proved with Caltrop.

    caltrop validate      # every mistake at once, with file, line and column
    caltrop test          # build the app, install it into an embedded Splunk, replay attack data, judge
    caltrop build         # the app, in dist/

`detections/` holds one detection a file, `macros/` where its data is, `stories/` what belongs together, `deployments/` how each
type runs, `tests/data/` the events that each detection must, and must not, find. `caltrop new` writes the next detection,
`caltrop new --data FILE` one for the events of a log.
"""
_IGNORED = """\
.cache/
.venv/
dist/
reports/
"""
_WORKFLOW = """\
name: Detections
on:
  push:
    branches: [main]
  pull_request:
permissions:
  contents: read
jobs:
  prove:
    runs-on: ubuntu-latest
    timeout-minutes: 30
    steps:
    - uses: actions/checkout@v4
    - uses: actions/setup-python@v5
      with:
        python-version: "3.12"
    - run: pip install caltrop
    - run: caltrop validate --format github
    - run: caltrop test --report reports
    - if: ${{ !cancelled() }}
      uses: actions/upload-artifact@v4
      with:
        name: reports
        path: reports/
        if-no-files-found: ignore
"""
_HOOKS = """\
repos:
- repo: local
  hooks:
  - id: caltrop-validate
    name: caltrop validate
    entry: caltrop validate
    language: system
    files: ^(app\\.yml|detections/|macros/|stories/|deployments/|lookups/|data_sources/)
    pass_filenames: false
"""


def begin(root: Path, date: str, author: str = "Unknown") -> list[Path]:
    """Write the repository; the paths, its detection first. Raises `CaltropError` where content is there already."""
    if any((root / name).exists() for name in ("app.yml", "contentctl.yml", "detections")):
        raise CaltropError(
            "there is a content repository here already",
            location=Location(str(root)),
            hint="`caltrop new` adds a detection to it",
        )
    root.mkdir(parents=True, exist_ok=True)
    done = create(root, _example(date, author))
    label = re.sub(r"[\W_]+", " ", root.resolve().name).strip().capitalize() or "Content"
    schemas: dict[str, list[str]] = {}
    for folder, name in by_folder().items():
        schemas.setdefault(f"./schemas/{name}.schema.json", []).append(f"{folder}/**/*.yml")
    texts = {
        f"tests/data/{_STEM}.log": "".join(_line("203.0.113.9", f"/{path}", 404, n) for n, path in enumerate(_PATHS)),
        f"tests/data/{_STEM}_benign.log": _line("198.51.100.4", "/", 200, 0)
        + "".join(_line("198.51.100.4", "/favicon.ico", 404, n) for n in range(1, 12)),
        "README.md": _README.format(label=label),
        ".gitignore": _IGNORED,
        ".github/workflows/detections.yml": _WORKFLOW,
        ".pre-commit-config.yaml": _HOOKS,
        ".vscode/settings.json": json.dumps({"yaml.schemas": schemas}, indent=2) + "\n",
    }
    for name, text in texts.items():
        path = root / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            done.append(path)
    return [*done, *write_schemas(root / "schemas")]


def _line(client: str, path: str, status: int, second: int) -> str:
    return f'{client} - - [01/Mar/2026:10:00:{second:02} +0000] "GET {path} HTTP/1.1" {status} 196 "-" "Mozilla/5.0"\n'


def _example(date: str, author: str) -> Answers:
    def data(name: str) -> list[dict[str, str]]:
        return [{"data": f"tests/data/{name}.log", "source": "/var/log/access.log", "sourcetype": "access_combined"}]

    expected = {"hits": 1, "fields": {"clientip": "203.0.113.9", "paths": str(len(_PATHS))}}
    return Answers(
        name=NAME,
        search=_SEARCH,
        type="Anomaly",
        author=author,
        description="Finds a client that asks a web server for many paths which do not exist, as scanners of content do.",
        story="Web Reconnaissance",
        techniques=["T1595.003"],
        entities=[("clientip", "system", 30)],
        message="$clientip$ asked for $paths$ paths that do not exist",
        category="web",
        domain="network",
        date=date,
        status="production",
        how_to_implement="Collect the access log of the web server as access_combined, and say in `web_access` where it is.",
        known_false_positives="Crawlers that follow old links, and vulnerability scans of your own.",
        macros=[NewMacro("web_access", 'sourcetype="access_combined*"', "Where the access logs of web servers are.")],
        tests=[
            {
                "name": "A scanner",
                "test_type": "unit",
                "attack_data": data(_STEM),
                "benign": data(f"{_STEM}_benign"),
                "expect": expected,
            }
        ],
    )
