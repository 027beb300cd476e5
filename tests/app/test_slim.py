"""Splunk's own Packaging Toolkit takes the package: archive, manifest, configuration."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from caltrop.content import load
from caltrop.render import build

# What its specifications, which are older than Splunk 9, do not know: settings, and files that Enterprise Security reads.
YOUNGER = ("allow_skew", "python.version", "python.required", ".conf.spec on configuration_spec_path")


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("slim") is None, reason="needs splunk-packaging-toolkit: pip install -e '.[dev]'"
)
def test_slim_validates_the_package(root: Path, tmp_path: Path) -> None:
    package = build(load(root, checks=False), tmp_path / "out").package
    command = [sys.executable, "-m", "slim", "validate", str(package)]
    environment = {**os.environ, "HOME": str(tmp_path)}  # where it keeps what it validated
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "App validation complete" in said and "[ERROR]" not in said
    warnings = [line for line in said.splitlines() if "[WARNING]" in line]
    assert not [line for line in warnings if not any(known in line for known in YOUNGER)]
