"""`caltrop inspect`: what is allowed by name, what is refused, and what a person reads when it cannot run."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from caltrop import inspect
from caltrop.cli.inspect import command
from caltrop.errors import CaltropError


def report(*messages: dict[str, Any]) -> bytes:
    """AppInspect's JSON with these messages, each of its own check, and one check that is fine."""
    fine = {"name": "check_fine", "result": "success", "messages": []}
    checks = [fine, *({"name": m["check"], "result": m["result"], "messages": [{**m, "message_line": m.get("message_line")}]} for m in messages)]  # fmt: skip
    app = {
        "app_package_id": "demo",
        "app_name": "Demo",
        "app_version": "1.0.0",
        "groups": [{"name": "g", "checks": checks}],
    }
    counts = {
        name: sum(c["result"] == name for c in checks)
        for name in ("error", "failure", "future_failure", "warning", "success")
    }
    return json.dumps({"reports": [app], "summary": counts}).encode()


def message(check: str, result: str, text: str, file: str = "None", line: int | None = None) -> dict[str, Any]:
    return {"check": check, "result": result, "message": text, "message_filename": file, "message_line": line}


POPEN = "The following line contains subprocess.Popen usage."
ALLOWED = [
    message("check_for_python_script_existence", "warning", "42 Python files found. Update these."),
    message("check_python_sdk_version", "warning", "Splunk SDK for Python detected (version 3.0.1)."),
    message("check_for_possible_threading", "warning", POPEN, "lib/splunklib/searchcommands/external_search_command.py", 136),
]  # fmt: skip
REFUSED = [
    message("check_for_possible_threading", "warning", POPEN, "bin/enrichhits.py", 3),
    message(
        "check_python_sdk_version", "warning", "Detected an outdated version of the Splunk SDK for Python (2.0.2)."
    ),
    message("check_for_python_script_existence", "failure", "2 Python files found."),
    message("check_other", "warning", "something"),
    message("check_other", "future_failure", "something"),
    message("check_other", "failure", "something"),
    message("check_other", "error", "it broke"),
]


def test_the_three_allowed_warnings() -> None:
    found = inspect.read_report(report(*ALLOWED))
    assert (found.app, found.version, len(found.allowed), found.refused) == ("demo", "1.0.0", 3, [])


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: f"{case['check']} {case['result']}")
def test_anything_else_is_refused(case: dict[str, Any]) -> None:
    found = inspect.read_report(report(*ALLOWED, case))
    assert [finding.check for finding in found.refused] == [case["check"]]
    assert case["result"] in str(found.refused[0]) and case["message"] in str(found.refused[0])


def test_a_finding_names_file_and_line() -> None:
    (finding,) = inspect.read_report(report(REFUSED[0])).refused
    assert str(finding).startswith("bin/enrichhits.py:3: warning: ")
    assert str(finding).endswith("[check_for_possible_threading]")


@pytest.mark.parametrize("data", [b"", b"[]", b'{"reports": []}', b'{"reports": [{}], "summary": {}}'])
def test_a_report_that_is_none(data: bytes) -> None:
    with pytest.raises(CaltropError, match="not as expected"):
        inspect.read_report(data)


def _fake_run(monkeypatch: pytest.MonkeyPatch, output: str, content: bytes | None) -> None:
    def run(arguments: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        if content is not None:
            Path(arguments[arguments.index("--output-file") + 1]).write_bytes(content)
        assert arguments[arguments.index("--included-tags") + 1] == "cloud"
        return subprocess.CompletedProcess(arguments, 1, output, "")

    monkeypatch.setattr(
        "caltrop.inspect.importlib.util.find_spec", lambda name: importlib.util.spec_from_loader(name, None)
    )
    monkeypatch.setattr("caltrop.inspect.subprocess.run", run)


@pytest.mark.parametrize(
    ("output", "message", "hint"),
    [
        ("ImportError: failed to find libmagic.  Check your installation", "libmagic", "apt-get install libmagic1"),
        ("Traceback\nBoom: no", "gave no report: Boom: no", None),
        ("", "it said nothing", None),
    ],
)
def test_no_report(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, output: str, message: str, hint: str | None
) -> None:
    _fake_run(monkeypatch, output, None)
    with pytest.raises(CaltropError, match=message) as caught:
        inspect.inspect(tmp_path)
    assert (caught.value.hint is None) == (hint is None)
    assert not hint or hint in str(caught.value.hint)


def test_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("caltrop.inspect.importlib.util.find_spec", lambda name: None)
    with pytest.raises(CaltropError) as caught:
        inspect.inspect(tmp_path)
    assert caught.value.hint == "pip install 'caltrop[inspect]'"


def test_no_package(tmp_path: Path) -> None:
    with pytest.raises(CaltropError, match="no such package"):
        inspect.inspect(tmp_path / "absent.tar.gz")


def test_command_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _fake_run(monkeypatch, "", report(*ALLOWED))
    good = CliRunner().invoke(command, [str(tmp_path)], standalone_mode=False)
    assert good.return_value == 0
    assert good.stdout.splitlines()[-1] == "0 refused, 3 allowed"
    _fake_run(monkeypatch, "", report(*ALLOWED, REFUSED[3]))
    bad = CliRunner().invoke(command, [str(tmp_path), "--format", "json"], standalone_mode=False)
    assert bad.return_value == 1
    assert json.loads(bad.stdout)["refused"][0]["check"] == "check_other"
    assert "warning: something [check_other]" in bad.stderr


@pytest.mark.slow
def test_the_built_package(tmp_path: Path, root: Path) -> None:
    """The real AppInspect on the app that this repository builds."""
    if importlib.util.find_spec("splunk_appinspect") is None:
        pytest.skip("splunk-appinspect is not installed: the package was not inspected")
    from caltrop import content, render

    found = inspect.inspect(render.build(content.load(root), tmp_path).package)
    assert not found.refused, [str(finding) for finding in found.refused]
    assert {finding.check for finding in found.allowed} <= {rule.check for rule in inspect.ALLOWED}
