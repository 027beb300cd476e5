"""caltrop release-notes, between tags of a repository and between packages."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from caltrop.cli.init import command as init
from caltrop.cli.new import command as new
from caltrop.cli.release_notes import command
from caltrop.content import load
from caltrop.errors import CaltropError
from caltrop.render import build


def git(folder: Path, *words: str) -> None:
    identity = [
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.org",
        "-c",
        "commit.gpgsign=false",
        "-c",
        "tag.gpgsign=false",
    ]
    subprocess.run(["git", *identity, "-C", str(folder), *words], check=True, capture_output=True)


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A repository inside of another, at 1.0 and at 1.1: one detection changed, one new, one removed."""
    folder = tmp_path / "around" / "content"
    CliRunner().invoke(init, [str(folder), "--date", "2026-03-01"], standalone_mode=False, catch_exceptions=False)
    texts = ["--how-to-implement", "x", "--false-positives", "x", "--status", "production", "--technique", "T1059"]
    for name in ("Old One", "New One"):
        words = [
            name,
            "--content",
            str(folder),
            "--no-input",
            "--search",
            "index=_internal | stats count by dest",
            *texts,
        ]
        about = ["--description", f"Finds <{name}>. And more."]
        CliRunner().invoke(new, [*words, *about], standalone_mode=False, catch_exceptions=False)
        (folder / "tests" / "data" / f"{name.lower().replace(' ', '_')}.log").write_text(
            "2026-01-01T00:00:00Z dest=d\n"
        )
    added = folder / "detections" / "endpoint" / "new_one.yml"
    text = added.read_text()
    added.unlink()
    git(tmp_path / "around", "init", "-q")
    git(tmp_path / "around", "add", ".")
    git(tmp_path / "around", "commit", "-qm", "one")
    git(tmp_path / "around", "tag", "v1.0")
    added.write_text(text)
    (folder / "detections" / "endpoint" / "old_one.yml").unlink()
    path = folder / "detections" / "web" / "many_paths_not_found_from_one_client.yml"
    changed = (
        path.read_text()
        .replace("paths >= 8", "paths >= 9")
        .replace("version: 1", "version: 2")
        .replace("score: 30", "score: 40")
    )
    path.write_text(changed)
    git(tmp_path / "around", "add", "-A")
    git(tmp_path / "around", "commit", "-qm", "two")
    git(tmp_path / "around", "tag", "v1.1")
    return folder


def run(*words: str) -> str:
    return CliRunner().invoke(command, list(words), standalone_mode=False, catch_exceptions=False).stdout


def test_notes_between_tags(content: Path) -> None:
    lines = run("v1.0", "v1.1", "--content", str(content)).splitlines()
    assert lines[:3] == ["# v1.1", "", "1 new, 1 changed, 1 removed detections."]
    new = lines.index("## New detections")
    assert lines[new + 2].endswith("New One - Rule** (T1059 Command and Scripting Interpreter)")
    assert lines[new + 3] == "  Finds \\<New One\\>."  # the first sentence, as text
    changed = lines.index("## Changed detections")
    assert lines[changed + 2].endswith("version 2: the finding, risk, the search")
    assert "  The highest risk score is 40, was 30." in lines
    assert "  -| where paths >= 8" in lines and "  +| where paths >= 9" in lines
    assert any("Old One - Rule" in line for line in lines[lines.index("## Removed detections") :])
    assert lines[-1].startswith("Filter macros that you tuned")


def test_notes_between_packages_say_the_same(content: Path, tmp_path: Path) -> None:
    after = build(load(content), tmp_path / "after").package
    git(content, "checkout", "-q", "v1.0")
    before = build(load(content), tmp_path / "before").package
    of_packages = run(str(before), str(after), "--title", "x")
    assert of_packages.splitlines()[1:] == run("v1.0", "v1.1", "--content", str(content)).splitlines()[1:]


def test_nothing_changed(content: Path) -> None:
    assert run("v1.1", "HEAD", "--content", str(content)) == "# HEAD\n\nNo detection is new, changed or removed.\n"


def test_a_file(content: Path, tmp_path: Path) -> None:
    assert run("v1.0", "v1.1", "--content", str(content), "-o", str(tmp_path / "n.md")) == ""
    assert (tmp_path / "n.md").read_text().startswith("# v1.1\n")


@pytest.mark.parametrize("name", ["v9.9", "--upload-pack=x", "no/such/path"])
def test_what_is_neither_path_nor_commit(content: Path, name: str) -> None:
    with pytest.raises(CaltropError, match="is no package, no app folder and no commit"):
        CliRunner().invoke(
            command, ["--content", str(content), "--", "v1.0", name], standalone_mode=False, catch_exceptions=False
        )
