"""The command as it ships, on the interpreters that Splunk has."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "app" / "bin"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

# Splunk's own are 3.9 and 3.13; what is between them is tried with the slow tests.
VERSIONS = ("3.9", "3.13", *(pytest.param(version, marks=pytest.mark.slow) for version in ("3.10", "3.11", "3.12")))


def interpreter(version: str) -> Path | None:
    """A Python of this version that runs: on PATH, or among pyenv's."""
    candidates = [shutil.which(f"python{version}")]
    candidates += sorted(str(path) for path in Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    for candidate in filter(None, candidates):
        probe = [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        done = subprocess.run(probe, capture_output=True, text=True, check=False)  # a pyenv shim may exist and fail
        if done.stdout.strip() == version:
            return Path(candidate)
    return None


@pytest.fixture(scope="session", params=VERSIONS)
def python(request: pytest.FixtureRequest) -> Path:
    """Splunk's interpreters, each; skipped, and said, where this machine lacks one."""
    found = interpreter(request.param)
    if found is None:
        pytest.skip(f"no python{request.param} on PATH or in ~/.pyenv: enrichhits was not run on it")
    return found


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installed app: bin/, the vendored lib/ and a lookup."""
    from caltrop.errors import CaltropError
    from caltrop.render.vendor import sdk_files

    try:
        files = sdk_files(ROOT / ".cache" / "vendor")
    except CaltropError as error:
        pytest.skip(f"no splunklib for the command to run on: {error}")
    folder = tmp_path_factory.mktemp("app")
    shutil.copytree(ROOT / "app" / "bin", folder / "bin", ignore=shutil.ignore_patterns("__pycache__"))
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / "lookups").mkdir()
    (folder / "lookups" / "caltrop_detections.csv").write_text(LOOKUP, encoding="utf-8")
    return folder


LOOKUP = (
    "detection,detection_id,mitre_technique_id,mitre_technique,mitre_tactic,kill_chain_phase,analytic_story,risk_score,"
    "risk_message,script_field\n"
    "Remote WMI,11111111-2222-3333-4444-555555555555,T1047|T1021.003,Windows Management Instrumentation|DCOM,"
    "Execution|Lateral Movement,Exploitation,Lateral Movement,63,"
    '"$ComputerName$ started $remote_command$ on $remote_host$ as $User$ ($missing$)",\n'
    "Plain,aaaaaaaa-2222-3333-4444-555555555555,,,,,,,,Message\n"
)
