"""The repository itself: what a newcomer and a reviewer would trip over."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from caltrop.cli import COMMANDS, main


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
