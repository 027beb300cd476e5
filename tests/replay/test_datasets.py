"""Data that is missing, empty, truncated or not what was pinned is an error that says which."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from caltrop.content.model import AttackData
from caltrop.replay.datasets import resolve
from caltrop.replay.downloads import DatasetError, Unreachable

BODY = b"one line\n"
DIGEST = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "a.log").write_bytes(BODY)
    (tmp_path / "empty.log").write_bytes(b"")
    (tmp_path / "pointer.log").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n")
    return tmp_path


def test_a_file_with_right_pins_is_found(repository: Path) -> None:
    found = resolve(AttackData(data="a.log", size=len(BODY), sha256=DIGEST.upper()), repository, repository / "cache")
    assert found.path.read_bytes() == BODY


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (AttackData(data="gone.log"), "does not exist"),
        (AttackData(data="empty.log"), "is empty"),
        (AttackData(data="pointer.log"), "Git LFS pointer"),
        (AttackData(data="a.log", size=100), "is truncated: 9 bytes, pinned are 100"),
        (AttackData(data="a.log", size=5), "is longer than pinned"),
        (AttackData(data="a.log", sha256="0" * 64), "not the pinned one"),
        (AttackData(data="../a.log"), "outside the repository"),
        (AttackData(data="/etc/passwd"), "outside the repository"),
        (AttackData(data="http://localhost/a.log"), "https only"),
    ],
)
def test_unusable_data_says_why(repository: Path, data: AttackData, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        resolve(data, repository, repository / "cache")


def test_a_persons_own_path_may_be_anywhere(repository: Path) -> None:
    data = AttackData(data=str(repository / "a.log"))
    assert resolve(data, Path(), repository / "cache", anywhere=True).path.name == "a.log"


def test_a_cached_download_is_used_and_still_checked(repository: Path) -> None:
    cached = repository / "cache" / DIGEST / "a.log"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(BODY)
    data = AttackData(data="https://127.0.0.1:1/x/a.log", size=len(BODY), sha256=DIGEST)
    assert resolve(data, repository, repository / "cache").path == cached
    cached.write_bytes(BODY[:-1])
    with pytest.raises(DatasetError, match="truncated"):
        resolve(data, repository, repository / "cache")


def test_no_network_is_its_own_error(repository: Path) -> None:
    with pytest.raises(Unreachable, match="cannot download"):
        resolve(AttackData(data="https://127.0.0.1:1/x/a.log"), repository, repository / "cache")
