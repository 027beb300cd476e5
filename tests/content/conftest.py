"""A small content repository to break."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# `content.sample` is shared by two folders of tests, however pytest imports them.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.content.sample import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "content")
