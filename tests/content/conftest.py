"""A small content repository to break."""

from __future__ import annotations

from pathlib import Path

import pytest

from content.sample import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "content")
