"""Files replaced in one step."""

from __future__ import annotations

from pathlib import Path

import pytest

from caltrop.dialect import conf
from caltrop.knowledge.files import write_conf


def test_write_replaces_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "local" / "x.conf"
    write_conf(path, {"a": {"k": "1"}})
    write_conf(path, {"a": {"k": "2"}})
    assert conf.read(path).settings() == {"a": {"k": "2"}}
    assert [p.name for p in path.parent.iterdir()] == ["x.conf"]


def test_what_cannot_be_written_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "x.conf"
    write_conf(path, {"a": {"k": "1"}})
    with pytest.raises(conf.ConfError):
        write_conf(path, {"a": {"=": "2"}})
    assert path.read_text() == "[a]\nk = 1\n"
    assert [p.name for p in tmp_path.iterdir()] == ["x.conf"]
