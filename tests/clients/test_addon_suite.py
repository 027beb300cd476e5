"""pytest-splunk-addon, unmodified, against the embedded server: Splunk's own tests for add-ons.

`TA_acme_gate` is an add-on as a vendor would write one. The suite must pass on it whole, and fail on exactly what is broken
on purpose in the copy that the server has. 7.0 of the suite needs a package that its registry has as an empty placeholder, so
the newest that installs is used.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from caltrop.splunkd.server import Server
from caltrop.splunkd.state.settings import Settings
from tests.clients.venv import ROOT, python_with

SUITE = "pytest-splunk-addon==6.4.0"
TOKEN = "9b741d03-43e9-4164-908b-e09102327d22"
PASSWORD = "correct horse"
SECONDS = 600  # a minute or two where nothing else runs
HERE = Path(__file__).resolve().parent
TESTS = """\
from pytest_splunk_addon.standard_lib.addon_basic import Basic


class Test_App(Basic):
    pass
"""

pytestmark = pytest.mark.slow
Break = Callable[[Path], None]


def outcomes(tmp_path: Path, addon: Path, samples: Path, spoil: Break | None = None, *chosen: str) -> dict[str, str]:
    """Names of the suite's tests -> passed, failed or skipped. The suite reads `addon`; the server may have a spoilt copy."""
    python = python_with([SUITE])
    package = shutil.copytree(addon, tmp_path / "package")
    shutil.copytree(samples, tmp_path / "samples", dirs_exist_ok=True)
    installed = shutil.copytree(addon, tmp_path / "installed" / addon.name)
    if spoil is not None:
        spoil(installed)
    (tmp_path / "test_app.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    report = tmp_path / "report.xml"
    with Server(tmp_path / "splunkd", password=PASSWORD, settings=Settings(file_inputs=True, scripts=True)) as server:
        server.install(installed)
        server.create_hec_token("default", TOKEN)
        command = [
            str(python), "-m", "pytest", "-q", "-c", "pytest.ini", "-p", "no:cacheprovider", "test_app.py",
            f"--junitxml={report}", "--splunk-type=external", f"--splunk-app={package}",
            f"--splunk-data-generator={tmp_path / 'samples'}", "--splunk-host=127.0.0.1",
            f"--splunk-port={server.url.rsplit(':', 1)[1]}", f"--splunk-hec-port={server.hec_url.rsplit(':', 1)[1]}",
            f"--splunk-hec-token={TOKEN}", f"--splunk-password={PASSWORD}", *chosen,
        ]  # fmt: skip
        # A worker of ours would look to the suite like one of its own that has to wait for the first.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        run = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    assert report.exists(), run.stdout[-3000:] + run.stderr[-3000:]
    found = {}
    for case in ET.parse(report).getroot().iter("testcase"):
        kinds = {child.tag for child in case}
        verdict = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        found[case.get("name", "")] = verdict
    return found


def failed(found: dict[str, str]) -> list[str]:
    return sorted(name for name, verdict in found.items() if verdict == "failed")


def replaced(conf: str, old: str, new: str) -> Break:
    def spoil(app: Path) -> None:
        path = app / "default" / conf
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return spoil


FIELDS_AND_TAGS = ("-k", "test_props_fields or test_tags or test_eventtype or test_requirements")
GATE = HERE / "TA_acme_gate"


def test_fields_event_types_and_tags_of_a_vendors_addon(tmp_path: Path) -> None:
    found = outcomes(tmp_path, GATE, GATE, None, *FIELDS_AND_TAGS)
    assert failed(found) == []
    assert sum(verdict == "passed" for verdict in found.values()) > 40
    for kind in ("test_props_fields", "test_tags", "test_eventtype", "test_requirements_fields"):
        assert any(name.startswith(kind) and verdict == "passed" for name, verdict in found.items()), kind


@pytest.mark.client
def test_the_whole_suite_on_a_vendors_addon(tmp_path: Path) -> None:
    found = outcomes(tmp_path, GATE, GATE)
    assert failed(found) == []
    for kind in ("test_cim_required_fields", "test_cim_fields_recommended", "test_datamodels"):
        assert any(name.startswith(kind) and verdict == "passed" for name, verdict in found.items()), kind


@pytest.mark.client
@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (replaced("props.conf", "(?<dvc>", "(?<device>"), "dvc|EXTRACT-device|requirements"),
        (replaced("tags.conf", "communicate = enabled", "communicate = disabled"), "communicate|All_Traffic|datamodels|Traffic"),
        (replaced("eventtypes.conf", "verdict=*", "verdict=nothing"), "acme_gate_traffic|datamodels|recommended"),
        (replaced("transforms.conf", "acme_gate_actions.csv", "missing.csv"), "action|Traffic|requirements|datamodels|recommended"),
    ],
    ids=["extraction", "tag", "event type", "lookup"],
)  # fmt: skip
def test_what_is_broken_on_purpose_fails_and_nothing_else(tmp_path: Path, spoil: Break, told: str) -> None:
    found = outcomes(tmp_path, GATE, GATE, spoil)
    wrong = failed(found)
    assert wrong
    assert [name for name in wrong if not re.search(told, name)] == []


@pytest.mark.client
def test_fields_of_an_addon_of_ours(tmp_path: Path) -> None:
    """The sample is one firewall message: what it cannot show may fail, what it shows must pass."""
    found = outcomes(tmp_path, ROOT / "addons" / "cisco", HERE / "cisco_samples", None, "-k", "cisco:asa or firepower")
    passed = {name for name, verdict in found.items() if verdict == "passed"}
    for field in ("src", "dest", "transport", "action", "vendor_product"):
        assert any(f"field::{field}]" in name for name in passed), (field, failed(found))
