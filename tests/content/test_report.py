"""What validate says and in which forms: SARIF by its schema, GitHub's escapes, paths from the git root, baselines, counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.cli import main
from caltrop.content import load
from caltrop.content.baseline import unknown, write
from caltrop.content.problems import Problem
from caltrop.content.report import FORMATS, github, summary
from caltrop.errors import CaltropError

FILE = "detections/endpoint/some_process.yml"

# --- SARIF 2.1.0 -----------------------------------------------------------------------------------------------------------
# The part of the published schema that is written here, in our own words: names, which are required, types, least values and
# the closed lists of words; "additionalProperties": false of the schema is forbid_unknown_fields.

Whole = Annotated[int, msgspec.Meta(ge=1)]
Index = Annotated[int, msgspec.Meta(ge=-1)]
Level = Literal["none", "note", "warning", "error"]


class Strict(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """An object of the schema."""


class Message(Strict):
    text: str


class Artifact(Strict):
    uri: Annotated[str, msgspec.Meta(pattern=r"^(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-F]{2})+$")]  # uri-reference
    uri_base_id: str
    index: Index = -1


class Region(Strict):
    start_line: Whole
    start_column: Whole
    end_column: Whole


class Physical(Strict):
    artifact_location: Artifact
    region: Region | None = None


class Place(Strict):
    physical_location: Physical


class Configuration(Strict):
    level: Level = "warning"
    enabled: bool = True


class SarifRule(Strict):
    id: str
    short_description: Message
    default_configuration: Configuration


class Driver(Strict):
    name: str
    version: str
    rules: list[SarifRule]


class Tool(Strict):
    driver: Driver


class Result(Strict):
    rule_id: str
    rule_index: Index
    level: Level
    message: Message
    locations: list[Place]


class Run(Strict):
    tool: Tool
    results: list[Result]
    column_kind: Literal["utf16CodeUnits", "unicodeCodePoints"]


class Sarif(Strict):
    schema: str = msgspec.field(name="$schema")
    version: Literal["2.1.0"]
    runs: list[Run]


def sarif(problems: list[Problem], root: Path) -> Sarif:
    return msgspec.json.decode("\n".join(FORMATS["sarif"](problems, root)), type=Sarif)


WRONG = [("| stats count", "| stat count")]


@pytest.mark.parametrize("below", ["", "content", "a b/content é"])
def test_paths_are_relative_to_the_git_root_wherever_the_content_lies(
    repository: Callable[..., Path], tmp_path: Path, below: str
) -> None:
    made = repository(detection=WRONG)
    root = tmp_path / "git" / below
    root.parent.mkdir(parents=True, exist_ok=True)
    made.rename(root)
    (tmp_path / "git" / ".git").mkdir()
    problems = [p for p in load(root).problems if p.code == "unknown-command"]
    (one,) = problems
    path = f"{below}/{FILE}" if below else FILE
    (line,) = github(problems, root)
    assert line.startswith(f"::error file={path},line={one.line},col={one.column},endColumn={one.column + 4},")
    document = sarif(problems, root)
    location = document.runs[0].results[0].locations[0].physical_location
    assert location.artifact_location.uri_base_id == "%SRCROOT%"
    assert location.artifact_location.uri == path.replace(" ", "%20").replace("é", "%C3%A9")
    assert location.region is not None and location.region.start_line == one.line


def test_sarif_of_everything_is_valid_and_its_rules_are_those_of_the_findings(repository: Callable[..., Path]) -> None:
    root = repository({"macros/bad.yml": "name: [\n"}, [*WRONG, ("on $dest$", "on $dest")])
    catalogue = load(root)
    document = sarif(catalogue.problems, root)
    (run,) = document.runs
    assert len(run.results) == len(catalogue.problems) > 2
    for result in run.results:
        assert run.tool.driver.rules[result.rule_index].id == result.rule_id


def test_a_wrong_sarif_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode('{"$schema": "s", "version": "2.1.0", "runs": [], "more": 1}', type=Sarif)


@given(st.text(), st.text())
def test_github_takes_any_text_on_one_line(message: str, file: str) -> None:
    """What GitHub's runner takes apart: properties at commas, pairs at the first =, the message behind the second ::"""
    problem = Problem(file=f"d/{file}", line=1, column=2, code="bad-token", message=message, severity="error")
    (line,) = github([problem], Path("/nowhere"))
    assert "\n" not in line and "\r" not in line
    head, _, said = line.removeprefix("::error ").partition("::")
    properties = dict(pair.split("=", 1) for pair in head.split(","))
    assert set(properties) == {"file", "line", "col", "endColumn", "title"}
    assert said.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%") == message


def test_errors_show_their_line_with_a_caret(
    repository: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    root = repository(detection=WRONG)
    assert main(["validate", "--content", str(root)]) == 1
    lines = capsys.readouterr().out.splitlines()
    at = next(number for number, line in enumerate(lines) if "unknown-command" in line)
    column = int(lines[at].split(":")[2])
    assert lines[at + 1][2:][column - 1 :].startswith("stat count")
    assert lines[at + 2] == " " * (column + 1) + "^^^^"
    assert lines[at + 3] == "  hint: did you mean 'stats'?"


def test_a_baseline_is_written_and_then_known(
    repository: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    root = repository(detection=WRONG)
    baseline = root.parent / "known" / "baseline.json"
    line = ["validate", "--content", str(root), "--baseline", str(baseline)]
    assert main(line) == 0
    assert "finding(s) are known from now on" in capsys.readouterr().err
    file = root / FILE
    body = file.read_text()
    file.write_text("# a line above\n# and another\n" + body)
    assert main(line) == 0
    out, err = capsys.readouterr()
    assert out == "" and "0 error(s), 0 warning(s)" in err
    file.write_text(body.replace("| stat count", "| stat count | wher x=1"))
    assert main(line) == 1
    assert "'wher' is no command" in capsys.readouterr().out
    assert main([*line, "--update-baseline"]) == 0
    assert main(line) == 0


def test_a_second_finding_of_a_kind_is_not_known_from_the_first(tmp_path: Path) -> None:
    one = Problem(file="a.yml", line=1, code="bad-token", message="m", severity="error")
    again = msgspec.structs.replace(one, line=9)
    path = tmp_path / "b.json"
    assert write(path, [one]) == 1
    assert unknown(path, [again]) == []
    assert unknown(path, [one, again]) == [again]


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"version": 2, "known": []}', '{"version": 1, "known": [1]}', "\x00"]
)
def test_what_is_no_baseline_is_said_to_be_none(tmp_path: Path, body: str) -> None:
    path = tmp_path / "b.json"
    path.write_text(body)
    with pytest.raises(CaltropError, match="not a baseline") as error:
        unknown(path, [])
    assert error.value.hint


def test_update_needs_a_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--update-baseline"]) == 2


def test_a_summary_counts_by_rule_most_first(
    repository: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    root = repository(detection=[("| stats count", "| stat count | wher x"), ("on $dest$", "on $dest")])
    assert main(["validate", "--content", str(root), "--summary"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["2", "error", "unknown-command"]
    counts = [int(line.split()[0]) for line in lines]
    assert counts == sorted(counts, reverse=True)
    assert list(summary([])) == []


@pytest.mark.parametrize(
    ("changes", "severity"),
    [
        ([], "error"),
        ([("status: production", "status: experimental")], "warning"),
        ([("status: production", "status: deprecated")], "warning"),
    ],
)
def test_what_breaks_little_is_a_warning(
    repository: Callable[..., Path], changes: list[tuple[str, str]], severity: str
) -> None:
    root = repository(detection=[*changes, ("on $dest$", "on $nowhere$")])
    assert {p.severity for p in load(root).problems if p.code == "token-not-output"} == {severity}


def test_build_counts_what_validate_counts(repository: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    root = repository(detection=[("| `some_process_filter`", "| `some_process_filter` | head 1")])
    (root / "app.yml").unlink(missing_ok=True)
    main(["validate", "--content", str(root)])
    counted = capsys.readouterr().err.splitlines()[-1]
    assert main(["build", "--content", str(root), "--out", str(root.parent / "out")]) == 0
    assert f"{counted} in the content" in capsys.readouterr().err
