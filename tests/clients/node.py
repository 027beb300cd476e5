"""Real clients in JavaScript, installed from their registry into folders of their own, kept between runs."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.clients.venv import INSTALL_SECONDS, ROOT


def modules_with(packages: Sequence[str]) -> Path:
    """A folder whose `node_modules` has exactly these packages (and what they need).

    Skips the test, and says why, where node is not there or they cannot be installed.
    """
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip(f"REAL CLIENT NOT TESTED: {', '.join(packages)} needs node and npm")
    key = hashlib.sha256("\n".join(packages).encode()).hexdigest()[:16]
    folder = ROOT / ".cache" / "clients" / key
    done = folder / "installed"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "package.json").write_text('{"name": "clients", "private": true}\n')
        command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", *packages]
        result = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
        if result.returncode:
            pytest.skip(f"REAL CLIENT NOT TESTED: {', '.join(packages)} could not be installed: {result.stderr[-400:]}")
        done.touch()
    return folder
