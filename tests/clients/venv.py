"""Real clients, installed from their registry into environments of their own, kept between runs."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INSTALL_SECONDS = 600


def python_with(requirements: Sequence[str]) -> Path:
    """The interpreter of an environment that has exactly these requirements (and what they need).

    Skips the test, and says why, where they cannot be installed.
    """
    key = hashlib.sha256("\n".join([sys.version, *requirements]).encode()).hexdigest()[:16]
    folder = ROOT / ".cache" / "clients" / key
    python = folder / "bin" / "python"
    done = folder / "installed"
    if not done.exists():
        venv.create(folder, with_pip=True, clear=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements]
        result = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
        if result.returncode:
            pytest.skip(
                f"REAL CLIENT NOT TESTED: {', '.join(requirements)} could not be installed: {result.stderr[-400:]}"
            )
        done.touch()
    return python
