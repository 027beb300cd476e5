"""Published data sets found in a local clone by their URLs."""

from __future__ import annotations

from pathlib import Path

import pytest

from caltrop.replay.clone import Clone

HOSTS = [
    "https://media.githubusercontent.com/media/splunk/attack_data/master/",
    "https://raw.githubusercontent.com/splunk/attack_data/master/",
    "https://github.com/somebody/attack_data/raw/a-branch/",
]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    folder = tmp_path / "clone" / "datasets" / "T1000" / "a b"
    folder.mkdir(parents=True)
    (folder / "x.log").write_text("event\n")
    (folder / "pointer.log").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    return tmp_path / "clone"


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("below", ["", "datasets"])
def test_a_url_is_found_by_the_tail_of_its_path(clone: Path, host: str, below: str) -> None:
    found = Clone(clone / below).find(f"{host}datasets/T1000/a%20b/x.log")
    assert (found.state, found.path) == ("here", clone / "datasets" / "T1000" / "a b" / "x.log")


def test_what_is_not_there_is_missing(clone: Path) -> None:
    found = Clone(clone).find(f"{HOSTS[0]}datasets/T1000/other/x.log")
    assert (found.state, found.path) == ("missing", None)
    assert "not in the clone" in str(found)


def test_a_pointer_is_not_data(clone: Path) -> None:
    found = Clone(clone).find(f"{HOSTS[0]}datasets/T1000/a%20b/pointer.log")
    assert found.state == "pointer"
    assert "git lfs pull" in str(found)


@pytest.mark.parametrize("path", ["datasets/../../secret.log", "..%2Fsecret.log", "%2e%2e/secret.log"])
def test_no_url_leads_out_of_the_clone(clone: Path, path: str) -> None:
    (clone.parent / "secret.log").write_text("secret\n")
    assert Clone(clone).find(HOSTS[0] + path).state in ("outside", "missing")


def test_a_link_that_leads_out_is_not_followed(clone: Path) -> None:
    (clone.parent / "secret.log").write_text("secret\n")
    (clone / "datasets" / "link.log").symlink_to(clone.parent / "secret.log")
    found = Clone(clone).find(f"{HOSTS[0]}datasets/link.log")
    assert (found.state, found.path) == ("outside", None)
