"""Real clients from Debian's packages, unpacked into a folder of their own: nothing of the system is changed."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.clients.venv import INSTALL_SECONDS, ROOT


def unpacked(packages: Sequence[str]) -> Path:
    """The root of a tree with these packages and what they need that the system has not.

    Skips the test, and says why, where there is no apt or it cannot fetch them.
    """
    names = ", ".join(packages)
    if not all(shutil.which(tool) for tool in ("apt-get", "dpkg")):
        pytest.skip(f"REAL CLIENT NOT TESTED: {names} needs apt-get and dpkg")
    folder = ROOT / ".cache" / "clients" / hashlib.sha256(" ".join(packages).encode()).hexdigest()[:16]
    done = folder / "installed"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

        def run(*command: str) -> str:
            result = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
            )
            if result.returncode:
                pytest.skip(f"REAL CLIENT NOT TESTED: {names} could not be fetched: {result.stderr[-400:]}")
            return result.stdout

        plan = run("apt-get", "install", "--simulate", "--no-install-recommends", *packages)
        run("apt-get", "download", *(line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")))
        for package in sorted(folder.glob("*.deb")):
            run("dpkg", "-x", str(package), "root")
        done.touch()
    return folder / "root"


def environment(root: Path) -> dict[str, str]:
    """Where programs of the tree find their libraries."""
    found = {str(path.parent) for path in root.rglob("*.so*")}
    return os.environ | {"LD_LIBRARY_PATH": os.pathsep.join(sorted(found))}
