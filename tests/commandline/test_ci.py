"""What the repository offers to CI: a GitHub action, a GitLab template, hooks, and reports that CI systems read."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from lxml import etree

from caltrop.cli import COMMANDS
from caltrop.cli.init import command as init
from caltrop.replay.junit import junit
from caltrop.replay.verdict import Check, DetectionResult, Report, TestResult

# What Jenkins, GitLab and GitHub's test reporters take, in their words (the schema of Jenkins' xUnit plugin, and the
# properties of a case that pytest writes).
JUNIT = """\
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:element name="properties"><xs:complexType><xs:sequence>
    <xs:element name="property" maxOccurs="unbounded"><xs:complexType>
      <xs:attribute name="name" type="xs:string" use="required"/><xs:attribute name="value" type="xs:string" use="required"/>
    </xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
  <xs:complexType name="told" mixed="true"><xs:attribute name="message" type="xs:string"/><xs:attribute name="type" type="xs:string"/></xs:complexType>
  <xs:element name="testcase"><xs:complexType><xs:sequence>
    <xs:element ref="properties" minOccurs="0"/>
    <xs:choice minOccurs="0">
      <xs:element name="failure" type="told"/><xs:element name="error" type="told"/><xs:element name="skipped" type="told"/>
    </xs:choice>
    <xs:element name="system-out" type="xs:string" minOccurs="0"/>
  </xs:sequence>
    <xs:attribute name="name" type="xs:string" use="required"/><xs:attribute name="classname" type="xs:string" use="required"/>
    <xs:attribute name="file" type="xs:string"/><xs:attribute name="line" type="xs:nonNegativeInteger"/>
    <xs:attribute name="time" type="xs:decimal"/>
  </xs:complexType></xs:element>
  <xs:element name="testsuite"><xs:complexType><xs:sequence>
    <xs:element ref="properties" minOccurs="0"/><xs:element ref="testcase" minOccurs="0" maxOccurs="unbounded"/>
  </xs:sequence>
    <xs:attribute name="name" type="xs:string" use="required"/><xs:attribute name="tests" type="xs:nonNegativeInteger" use="required"/>
    <xs:attribute name="failures" type="xs:nonNegativeInteger"/><xs:attribute name="errors" type="xs:nonNegativeInteger"/>
    <xs:attribute name="skipped" type="xs:nonNegativeInteger"/><xs:attribute name="time" type="xs:decimal"/>
  </xs:complexType></xs:element>
  <xs:element name="testsuites"><xs:complexType><xs:sequence>
    <xs:element ref="testsuite" minOccurs="0" maxOccurs="unbounded"/>
  </xs:sequence><xs:attribute name="name" type="xs:string"/><xs:attribute name="time" type="xs:decimal"/></xs:complexType></xs:element>
</xs:schema>
"""
ENVIRONMENT = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def begun(folder: Path) -> Path:
    CliRunner().invoke(init, [str(folder)], standalone_mode=False, catch_exceptions=False)
    return folder


def test_junit_follows_its_schema() -> None:
    schema = etree.XMLSchema(etree.fromstring(JUNIT))
    tests = [
        TestResult("ok", "d.yml", 3, checks=[Check("hits", True, "1")], stand_in=True, notes=["n"]),
        TestResult("bad", "d.yml", 4, checks=[Check("hits", False, "0 \x00<b>")]),
        TestResult("broken", "d.yml", 5, error="no data"),
        TestResult("later", "d.yml", 6, skipped="experimental"),
    ]
    detection = DetectionResult("D & co", "id", "TTP", "d.yml", [], [], 1, tests)
    report = Report("u", "9", "p", "a", "now", 1.0, [detection], [Check("tuning", False, "lost")], scope="a -- part")
    schema.assertValid(etree.fromstring(junit(report)))


def test_the_schema_refuses_what_is_none() -> None:
    schema = etree.XMLSchema(etree.fromstring(JUNIT))
    assert not schema.validate(etree.fromstring("<testsuites><testsuite name='a'/></testsuites>"))


def steps(root: Path, given: dict[str, str]) -> list[tuple[str, dict[str, str]]]:
    """The action's scripts, each with its environment as the runner would fill it."""
    action = yaml.safe_load((root / "action.yml").read_text())
    inputs = {name: str(one["default"]) for name, one in action["inputs"].items()} | given

    def filled(text: str) -> str:
        return re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda m: inputs[m[1]], text)

    found = []
    for step in action["runs"]["steps"]:
        assert "${{" not in step["run"], "an input in a script is an injection"
        found.append((step["run"], {name: filled(value) for name, value in step["env"].items()}))
    return found


def script(text: str, env: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", text], cwd=folder, env=ENVIRONMENT | env, capture_output=True, text=True, timeout=120, check=False
    )  # fmt: skip


@pytest.mark.slow
def test_the_action_proves_a_repository_inside_of_another(root: Path, tmp_path: Path) -> None:
    begun(tmp_path / "security" / "content")
    given = {"content": "security/content", "report": "out", "arguments": "--jobs 1 --fail-fast"}
    (_, installing), *rest = steps(root, given)
    assert installing == {"VERSION": "caltrop"}
    for text, env in rest:
        result = script(text, env, tmp_path)
        assert result.returncode == 0, result.stdout + result.stderr
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"report.html", "junit.xml", "navigator.json", "report.json"}
    etree.XMLSchema(etree.fromstring(JUNIT)).assertValid(etree.parse(tmp_path / "out" / "junit.xml"))


def test_annotations_name_files_as_the_repository_around_does(root: Path, tmp_path: Path) -> None:
    content = begun(tmp_path / "security" / "content")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    path = next((content / "detections").rglob("*.yml"))
    path.write_text(path.read_text().replace("status: production", "status: prodution"))
    text, env = steps(root, {"content": "security/content"})[1]
    result = script(text, env, tmp_path)
    assert result.returncode == 1
    (line,) = [line for line in result.stdout.splitlines() if "wrong-value" in line]
    assert re.match(rf"::error file=security/content/{path.relative_to(content)},line=\d+,", line)


@pytest.mark.slow
def test_the_gitlab_template_runs(root: Path, tmp_path: Path) -> None:
    begun(tmp_path)
    job = yaml.safe_load((root / "ci" / "gitlab.yml").read_text())
    variables = {name: str(value) for name, value in job["variables"].items()}
    for line in job["caltrop"]["script"][1:]:
        result = script(line, variables, tmp_path)
        assert result.returncode == 0, result.stderr
    assert (tmp_path / job["caltrop"]["artifacts"]["reports"]["junit"]).is_file()


def test_hooks_name_commands_and_files(root: Path) -> None:
    hooks = {hook["id"]: hook for hook in yaml.safe_load((root / ".pre-commit-hooks.yaml").read_text())}
    assert set(hooks) == {"caltrop-validate", "caltrop-spl-check"}
    for hook in hooks.values():
        words = shlex.split(hook["entry"])
        assert words[0] == "caltrop" and words[1] in COMMANDS
    assert re.search(hooks["caltrop-validate"]["files"], "detections/web/x.yml")
    assert not re.search(hooks["caltrop-validate"]["files"], "docs/x.yml")
    assert re.search(hooks["caltrop-spl-check"]["files"], "default/savedsearches.conf")


def test_hooks_run(root: Path, tmp_path: Path) -> None:
    begun(tmp_path)
    for hook in yaml.safe_load((root / ".pre-commit-hooks.yaml").read_text()):
        files = [str(p.relative_to(tmp_path)) for p in (tmp_path / "detections").rglob("*.yml")]
        line = shlex.join([*shlex.split(hook["entry"]), *(files if hook.get("pass_filenames", True) else [])])
        result = script(line, {}, tmp_path)
        assert result.returncode == 0, result.stdout + result.stderr


# --- pytest ------------------------------------------------------------------------------------------------------------------


def under_pytest(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    # By name and by name alone: whether the environment was installed with the entry point does not matter.
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "caltrop.pytest_plugin", "-p", "no:cacheprovider", *words],
        cwd=folder, env=ENVIRONMENT | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_each_test_of_a_detection_is_an_item(tmp_path: Path) -> None:
    content = begun(tmp_path / "content")
    (tmp_path / "test_other.py").write_text(
        "def test_other(request):\n    assert request.config.getoption('caltrop')\n"
    )
    result = under_pytest(tmp_path, "--caltrop", "content", "-v")
    assert result.returncode == 0, result.stdout
    assert "content/detections/web/many_paths_not_found_from_one_client.yml::A scanner PASSED" in result.stdout
    assert "test_other" not in result.stdout  # nothing else was named
    path = next((content / "detections").rglob("*.yml"))
    path.write_text(path.read_text().replace("hits: 1", "hits: 2"))
    result = under_pytest(tmp_path, "--caltrop", "content", "test_other.py")
    assert result.returncode == 1
    number = path.read_text().splitlines().index("    hits: 2") + 1
    assert (
        f"detections/web/many_paths_not_found_from_one_client.yml:{number}: hits: 1 hit, expected exactly 2"
        in result.stdout
    )
    assert "held: field clientip" in result.stdout
    assert "1 failed, 1 passed" in result.stdout
    assert "Traceback" not in result.stdout


@pytest.mark.slow
def test_content_that_cannot_be_built_is_an_error_with_its_places(tmp_path: Path) -> None:
    content = begun(tmp_path / "content")
    path = next((content / "detections").rglob("*.yml"))
    path.write_text(path.read_text().replace("status: production", "status: prodution"))
    result = under_pytest(tmp_path, "--caltrop", "content")
    assert result.returncode == 2
    assert re.search(r"many_paths_not_found_from_one_client\.yml:\d+:\d+: .*wrong-value", result.stdout)


def test_a_folder_without_detections_is_a_usage_error(tmp_path: Path) -> None:
    result = under_pytest(tmp_path, "--caltrop", str(tmp_path))
    assert result.returncode == 4
    assert "there is no folder 'detections'" in result.stderr
