"""Real clients, installed from their registry into environments of their own, kept between runs."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INSTALL_SECONDS = 600


def interpreter(release: str) -> Path | None:
    """A Python of that release: on the path, or among those that pyenv keeps."""
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for found in (shutil.which(f"python{release}"), *sorted(kept.glob(f"{release}.*/bin/python"))):
        if found and subprocess.run([str(found), "-c", ""], capture_output=True, check=False).returncode == 0:
            return Path(found)
    return None


def python_with(requirements: Sequence[str], release: str = "") -> Path:
    """The interpreter of an environment that has exactly these requirements (and what they need).

    `release` is that of Python ("3.13") where the client asks for another than the one that the tests run with. Skips the test,
    and says why, where they cannot be installed.
    """
    base = interpreter(release) if release else Path(sys.executable)
    if base is None:
        pytest.skip(f"REAL CLIENT NOT TESTED: {', '.join(requirements)} needs Python {release}, which is not here")
    key = hashlib.sha256("\n".join([release or sys.version, *requirements]).encode()).hexdigest()[:16]
    folder = ROOT / ".cache" / "clients" / key
    python = folder / "bin" / "python"
    done = folder / "installed"
    if not done.exists():
        subprocess.run([str(base), "-m", "venv", "--clear", str(folder)], check=True, timeout=INSTALL_SECONDS)
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements]
        result = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
        if result.returncode:
            pytest.skip(
                f"REAL CLIENT NOT TESTED: {', '.join(requirements)} could not be installed: {result.stderr[-400:]}"
            )
        done.touch()
    return python
