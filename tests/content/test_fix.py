"""Mechanical fixes keep comments and layout; meaning is never chosen."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from caltrop.content import load
from caltrop.content.document import Document
from caltrop.content.edits import scalar
from caltrop.content.fix import fix
from caltrop.content.report import FORMATS
from caltrop.content.schema import PUBLISHED
from caltrop.content.spec import json_schema
from tests.content.sample import DETECTION, Repository

FILE = "detections/endpoint/some_process.yml"
BLOCK = "search: |-\n  `events` process=x.exe # not a comment\n  | stats count by dest user process\n# a comment\n"
QUOTED = "search: '`events` process=x.exe | stats count by dest user process | `some_process_filter`'\n"


@pytest.mark.parametrize(
    ("old", "broken", "mended"),
    [
        ("'2026-02-01'", "2026/2/1  # soon", "'2026-02-01'  # soon"),
        ("type: TTP\n", "type: ttp # yes\n", "type: TTP # yes\n"),
        ("version: 2\n", "version: '2'\n", "version: 2\n"),
        ("on $dest$\n", "on $dest by abuse # c\n", "on $dest$ by abuse # c\n"),
        ("  title: Process $process$ ran on $dest$\n", "  title: >-\n    It ran\n    on $dest today\n", "  title: >-\n    It ran\n    on $dest$ today\n"),
        (QUOTED, QUOTED.replace(" | `some_process_filter`", ""), QUOTED),
        (QUOTED, BLOCK, BLOCK.replace("process\n# a", "process\n  | `some_process_filter`\n# a")),
        ("- A Source\n", "- A Source\nMANUAL_REVIEW: {x: 1}\n", "- A Source\nMANUAL_REVIEW: {x: 1}\n"),
        ("    source: some\n", "    update_timestamp: true\n    source: some # c\n", "    source: some # c\n"),
        ("  - data: tests", "  - file_name: x\n    data: tests", "  - data: tests"),
    ],
    ids=["date", "case", "number", "token", "folded-token", "filter", "filter-block", "review", "legacy", "legacy-first"],
)  # fmt: skip
def test_a_fix_changes_what_is_wrong_and_nothing_else(
    repository: Repository, old: str, broken: str, mended: str
) -> None:
    folder = repository(detection=[(old, broken)])
    fix(folder)
    assert (folder / FILE).read_text() == DETECTION.replace(old, mended, 1)


def test_byte_order_mark_and_line_ends_survive_a_fix(repository: Repository) -> None:
    folder = repository(detection=[("on $dest$\n", "on $dest by é\n"), (QUOTED, BLOCK)])
    path = folder / FILE
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    fix(folder)
    wanted = DETECTION.replace("on $dest$\n", "on $dest$ by é\n", 1).replace(
        QUOTED, BLOCK.replace("process\n# a", "process\n  | `some_process_filter`\n# a")
    )
    assert path.read_bytes() == wanted.encode().replace(b"\n", b"\r\n")


def test_a_file_is_named_after_its_object(repository: Repository) -> None:
    folder = repository({FILE: None, "detections/endpoint/other.yml": DETECTION})
    assert [d.code for d in fix(folder)] == ["file-name"]
    assert (folder / FILE).read_text() == DETECTION
    assert load(folder).problems == []


def test_what_needs_a_decision_is_left_alone(repository: Repository) -> None:
    folder = repository(detection=[("type: TTP", "type: TPP"), ("`events`", "`evants`"), ("on $dest$", "on $host$")])
    before = (folder / FILE).read_text()
    assert fix(folder) == []
    assert (folder / FILE).read_text() == before


@pytest.mark.parametrize(
    "value", ["a", "", "true", "12", "1.5", "a: b", "a #b", "- x", "'q'", '"q"', "$x$", "`m`", "é", "a\nb", "x ", "null", "2024-01-01", "%d", "a:"]
)  # fmt: skip
def test_scalars_read_back(value: str) -> None:
    assert Document(f"k: {scalar(value)}\n", "f").data == {"k": value}


def test_formats(repository: Repository) -> None:
    folder = repository(detection=[("on $dest$", "on $dest, 50% of $it$")])
    problems = load(folder).problems
    assert len(problems) == 2
    data = json.loads("\n".join(FORMATS["json"](problems, folder)))
    assert (data[0]["file"], data[0]["code"], data[0]["severity"]) == (FILE, "bad-token", "error")
    sarif = json.loads("\n".join(FORMATS["sarif"](problems, folder)))
    result = sarif["runs"][0]["results"][0]
    assert sarif["version"] == "2.1.0" and result["level"] == "error"
    region = result["locations"][0]["physicalLocation"]["region"]
    assert (region["startLine"], region["startColumn"]) == (problems[0].line, problems[0].column)
    rules = sarif["runs"][0]["tool"]["driver"]["rules"]
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == "bad-token"
    lines = list(FORMATS["github"](problems, folder))
    assert lines[0].startswith(
        f"::error file={FILE},line={problems[0].line},col={problems[0].column},endColumn={problems[0].column + 1},title=bad-token::"
    )
    assert next(iter(FORMATS["text"](problems, folder))).startswith(f"{FILE}:{problems[0].line}:")


def test_every_rule_is_in_the_documentation(root: Path) -> None:
    from caltrop.content.rules import RULES

    text = (root / "docs" / "content.md").read_text()
    rules = (root / "docs" / "analysis.md").read_text()
    assert [
        code
        for code, (severity, about) in RULES.items()
        if f"| `{code}` | {severity} | {about} |" not in text
        and f"\n## {code}\n" not in rules
        and f"| `{code}` |" not in rules
    ] == []


def test_json_schemas_have_patterns_that_every_editor_can_read() -> None:
    def patterns(value: object) -> Iterator[str]:
        if isinstance(value, dict):
            if isinstance(value.get("pattern"), str):
                yield value["pattern"]
            for item in value.values():
                yield from patterns(item)
        elif isinstance(value, list):
            for item in value:
                yield from patterns(item)

    found = [p for spec in PUBLISHED.values() for p in patterns(json_schema(spec))]
    assert found and not [p for p in found if re.search(r"\(\?[^:=!]|\\[AZz]", p)]  # what ECMAScript lacks
