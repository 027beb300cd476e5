"""What a run is about: names, a git diff, a share."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from caltrop.errors import CaltropError
from caltrop.testing.choice import changes, choose, read_part

FILES = {
    "detections/a.yml": "name: Aa\nsearch: '`m` x'\n",
    "detections/b.yml": "name: Bb\nsearch: y\n",
    "macros/m.yml": "name: m\ndefinition: z\n",
}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A content repository in a folder of a git repository."""
    root = tmp_path / "content"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (tmp_path / "elsewhere.txt").write_text("a")
    git(tmp_path, "init", "-q")
    commit(tmp_path)
    return root


def git(folder: Path, *words: str) -> None:
    named = ["-c", "user.name=n", "-c", "user.email=e@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *named, *words], check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "x")


def names(root: Path, *chosen: str, changed: str | None = None) -> list[str]:
    return [item.name for item in choose(root, chosen, changed).detections]


def test_all_named_and_changed(clone: Path) -> None:
    assert names(clone) == ["Aa", "Bb"]
    assert choose(clone, ()).files is None and choose(clone, ()).scope == ""
    part = choose(clone, ("Bb",))
    assert part.files == frozenset({"detections/b.yml"})
    assert part.scope.startswith("1 of 2 detections, with what they use, were checked, built and installed")
    assert choose(clone, ("Aa", "Bb")).files is None, "all by name is the whole package"
    assert names(clone, changed="HEAD") == []


def test_a_macro_touches_its_users_saved_or_committed(clone: Path) -> None:
    (clone / "macros/m.yml").write_text("name: m\ndefinition: other\n")
    (clone.parent / "elsewhere.txt").write_text("b")
    assert changes(clone, "HEAD") == ["macros/m.yml"]
    assert names(clone, changed="HEAD") == ["Aa"]
    assert names(clone, "Bb", changed="HEAD") == []
    commit(clone.parent)
    assert names(clone, changed="HEAD") == [] and names(clone, changed="HEAD~1") == ["Aa"]


def test_new_and_deleted_files_count(clone: Path) -> None:
    (clone / "detections/new one.yml").write_text("name: New\nsearch: q\n")
    (clone / "macros/m.yml").unlink()
    assert changes(clone, "HEAD") == ["detections/new one.yml", "macros/m.yml"]
    assert names(clone, changed="HEAD") == ["Aa", "New"]


@pytest.mark.parametrize("ref", ["nonsense", "--output=x"])
def test_a_commit_that_is_none(clone: Path, ref: str) -> None:
    with pytest.raises(CaltropError, match=r"git says|no name of a commit"):
        choose(clone, (), ref)


def test_outside_of_git(tmp_path: Path) -> None:
    (tmp_path / "detections").mkdir()
    (tmp_path / "detections" / "a.yml").write_text("name: A\n")
    with pytest.raises(CaltropError, match="git says"):
        choose(tmp_path, (), "HEAD")


def test_nothing_to_choose_from(tmp_path: Path) -> None:
    with pytest.raises(CaltropError, match="no detection here"):
        choose(tmp_path, ())


@pytest.mark.parametrize("text", ["", "1", "0/2", "3/2", "a/b", "1/0", "-1/2"])
def test_what_is_no_part(text: str) -> None:
    with pytest.raises(CaltropError, match="is no part"):
        read_part(text)


def test_parts(clone: Path) -> None:
    assert read_part("2/3") == (2, 3)
    assert [[d.name for d in choose(clone, (), None, (k, 2)).detections] for k in (1, 2)] == [["Aa"], ["Bb"]]
