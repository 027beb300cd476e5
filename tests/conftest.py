"""Fixtures every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# Machines are shared and slow at times; how long an example takes is no property of the code.
settings.register_profile("caltrop", deadline=None)
settings.load_profile("caltrop")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The shared material beside the repository; tests that read it are skipped, and say so, where it is absent."""
    path = ROOT.parent / "shared"
    if not path.is_dir():
        pytest.skip("../shared is not here: the checks against conformance, corpus, oracle and captures did not run")
    return path
