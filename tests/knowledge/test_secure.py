"""Values that another server has encrypted are told and kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from caltrop.knowledge import secure
from caltrop.knowledge.configuration import Configuration


@pytest.mark.parametrize(
    ("value", "known"),
    [
        ("$7$Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA==", True),
        (" $1$c29tZXRoaW5n ", True),
        ("$7$", False),
        ("$1$ of the price", False),
        ("$result.user$", False),
        ("plain", False),
    ],
)
def test_what_is_encrypted(value: str, known: bool) -> None:
    assert secure.encrypted(value) is known


def test_each_is_told_by_place_and_kept(tmp_path: Path) -> None:
    (tmp_path / "a" / "default").mkdir(parents=True)
    (tmp_path / "b" / "default").mkdir(parents=True)
    (tmp_path / "a" / "default" / "server.conf").write_text(
        "[sslConfig]\nsslPassword = $7$c29tZXRoaW5nZWxzZQ==\nx = 1\n"
    )
    (tmp_path / "b" / "default" / "own.conf").write_text("[s]\nkey = $1$c29tZXRoaW5n\n")
    config = Configuration([tmp_path / "a", tmp_path / "b"])
    assert [str(fault).partition(" is encrypted")[0] for fault in secure.faults(config)] == [
        "b/default/own.conf:2: [s] key",
        "a/default/server.conf:2: [sslConfig] sslPassword",
    ]
    assert [fault.place for fault in secure.faults(config, "a")] == ["a/default/server.conf:2"]
    assert config.get("server", "sslConfig", "sslPassword") == "$7$c29tZXRoaW5nZWxzZQ=="
