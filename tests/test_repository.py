"""The repository itself: what a newcomer and a reviewer would trip over."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
import yaml

from caltrop import __version__
from caltrop.cli import COMMANDS, cli, main


def tracked(root: Path) -> list[Path]:
    """Files git knows; the whole tree where this is no checkout (an unpacked archive)."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=False)
    names = done.stdout.decode().split("\0") if done.returncode == 0 else []
    return [root / name for name in names if name and (root / name).is_file()]


def test_the_compose_file_listens_on_loopback_only(root: Path) -> None:
    compose = yaml.safe_load((root / "docker" / "compose.yml").read_text())
    (service,) = compose["services"].values()
    assert service["image"].startswith("splunk/splunk:")
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert "healthcheck" in service


def test_tracked_files_name_no_machine_and_no_registry(root: Path) -> None:
    pattern = re.compile(r"[\"' (=](/work|/root|/home/[a-z]+)/|pypi\.org|files\.pythonhosted|registry\.npmjs")
    wrong = []
    for path in tracked(root):
        if path.suffix in {".py", ".md", ".yml", ".toml", ".conf", ".json", ""} and path != Path(__file__):
            for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
                if pattern.search(line):
                    wrong.append(f"{path.relative_to(root)}:{number}")
    assert not wrong


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"Usage: caltrop {name}")
    assert len(text.splitlines()) > 5


def test_an_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove-it"]) == 2
    assert "No such command 'prove-it'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"), [(["-m", "build", "--version"], "build 1."), (["build.py", "--help"], "Usage: caltrop build")]
)
def test_the_door_lets_the_tool_of_its_name_through(root: Path, words: list[str], said: str) -> None:
    done = subprocess.run([sys.executable, *words], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(said)


def test_one_version_everywhere(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert project["version"] == __version__
    changes = (root / "CHANGELOG.md").read_text()
    assert re.findall(r"^## (\S+)", changes, re.MULTILINE)[:2] == ["Unreleased", __version__]


def test_the_workflow_runs_what_ci_runs_on_every_python(root: Path) -> None:
    (job,) = yaml.safe_load((root / ".github" / "workflows" / "ci.yml").read_text())["jobs"].values()
    versions = job["strategy"]["matrix"]["python"]
    assert f"Python {', '.join(versions[:-1])} or {versions[-1]}" in (root / "README.md").read_text()
    assert tomllib.loads((root / "pyproject.toml").read_text())["project"]["requires-python"] == f">={versions[0]}"
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    assert (root / ".ci" / "run").stat().st_mode & 0o111


def test_hooks_are_the_tools_of_the_environment(root: Path) -> None:
    repositories = yaml.safe_load((root / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repository["repo"] for repository in repositories] == ["local"]
    hooks = repositories[0]["hooks"]
    assert {hook["language"] for hook in hooks} == {"system"}
    lint = (root / "Makefile").read_text()
    for tool in ("ruff check", "ruff format", "mypy"):
        assert f"$(BIN)/{tool}" in lint
        assert any(hook["entry"].startswith(f".venv/bin/{tool}") for hook in hooks)


def test_issue_forms_are_complete(root: Path) -> None:
    for path in (root / ".github" / "ISSUE_TEMPLATE").glob("*.yml"):
        form = yaml.safe_load(path.read_text())
        if path.stem != "config":
            assert {"name", "description", "body"} <= set(form)
            assert all({"type", "id", "attributes"} <= set(field) for field in form["body"])


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "SECURITY.md", "docs/releasing.md", "docs/architecture.md"])
def test_files_that_a_page_names_exist(root: Path, page: str) -> None:
    """`caltrop/x.py`, or `x/y.py` inside `caltrop/` as the architecture page shortens it; folders end in a slash."""
    text = (root / page).read_text()
    named = re.findall(r"`((?:[\w.-]+/)+[\w.-]+\.\w+|(?:caltrop|app|addons|tests|docs)/(?:[\w.-]+/)*)`", text)
    assert named
    bases = (root, root / "caltrop", root / "caltrop" / "splunkd")
    assert not [name for name in named if not any((base / name).exists() for base in bases)]


def test_recipes_for_containers_name_commands_and_options_that_there_are(root: Path) -> None:
    """What nobody could run here is right at least in what can be read off it: YAML, commands, options."""
    workflow = next(
        text
        for text in re.findall(r"```text\n(.*?)```", (root / "docs" / "ci.md").read_text(), re.S)
        if "splunk/splunk" in text
    )
    job = yaml.safe_load(workflow)["jobs"]["prove-on-splunk"]
    assert job["services"]["splunk"]["image"].startswith("splunk/splunk:") and job["steps"]
    recipe = (root / "Makefile").read_text().partition("prove-container:")[2].partition("\n\n")[0].replace("\\\n", " ")
    lines = [line for step in job["steps"] for line in str(step.get("run", "")).splitlines()] + recipe.splitlines()
    found = [
        re.split(r"[;|]", rest)[0].split() for line in lines for rest in re.findall(r"(?:^|[ /])caltrop (\w.*)", line)
    ]
    assert {words[0] for words in found} == {"build", "install", "test"}
    for words in found:
        command = cli.get_command(click.Context(cli), words[0])
        assert command is not None
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, words
