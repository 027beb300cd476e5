"""AppInspect on a package, in its own process, held to a short list of warnings that are allowed by name.

Follows splunk-appinspect's command line (`inspect --included-tags cloud --data-format json`) and its JSON report.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from caltrop.errors import CaltropError

TIMEOUT = 900.0  # seconds; a package of thousands of searches takes minutes
_QUIET = frozenset({"success", "not_applicable", "skipped"})
_RUN = "from splunk_appinspect.main import execute; execute()"


@dataclass(frozen=True, slots=True)
class Allowance:
    """A warning that does not fail the inspection: this check, this beginning of its message's file or text."""

    check: str
    reason: str
    file: str = ""
    text: str = ""

    def covers(self, finding: Finding) -> bool:
        """Whether a finding is of this kind."""
        return (
            finding.result == "warning"
            and finding.check == self.check
            and finding.file.startswith(self.file)
            and self.text in finding.message
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """One message of one check. `file` is "" and `line` 0 where AppInspect names none."""

    check: str
    result: str
    message: str
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: " if self.line else f"{self.file}: " if self.file else ""
        return f"{where}{self.result}: {self.message} [{self.check}]"


ALLOWED = (
    Allowance("check_for_python_script_existence", "the package ships a search command in Python", text="Python files found"),
    Allowance("check_python_sdk_version", "the SDK is the pinned, current one", text="Splunk SDK for Python detected"),
    Allowance("check_for_possible_threading", "Splunk's own SDK, which the command does not use to start processes", "lib/splunklib/"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Inspection:
    """What AppInspect said: how many checks ended how, and every message that is not a success."""

    app: str
    version: str
    summary: Mapping[str, int]
    allowed: list[Finding] = field(default_factory=list)
    refused: list[Finding] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The inspection as plain data, for `--format json`."""
        return {
            "app": self.app,
            "version": self.version,
            "summary": dict(self.summary),
            "allowed": [_plain(finding) for finding in self.allowed],
            "refused": [_plain(finding) for finding in self.refused],
        }


def inspect(package: Path, *, timeout: float = TIMEOUT) -> Inspection:
    """Run AppInspect on a package (or an app's folder). CaltropError where it cannot run or gives no report."""
    if not package.exists():
        raise CaltropError(f"{package}: no such package", hint="caltrop build prints the path of the one it made")
    if importlib.util.find_spec("splunk_appinspect") is None:
        raise CaltropError("splunk-appinspect is not installed", hint="pip install 'caltrop[inspect]'")
    with tempfile.TemporaryDirectory(prefix="caltrop-inspect-") as folder:
        report = Path(folder) / "report.json"
        command = [
            sys.executable, "-P", "-c", _RUN, "inspect", str(package.resolve()), "--included-tags", "cloud",
            "--data-format", "json", "--output-file", str(report), "--log-level", "CRITICAL",
        ]  # fmt: skip
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", timeout=timeout, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise CaltropError(f"AppInspect did not finish within {timeout:.0f} s") from error
        if not report.is_file():
            raise _no_report(package, done.stdout + done.stderr)
        return read_report(report.read_bytes())


def read_report(data: bytes) -> Inspection:
    """Sort the messages of AppInspect's JSON report. CaltropError where it is not one."""
    try:
        document = json.loads(data)
        (app,) = document["reports"]
        summary = {str(name): int(count) for name, count in document["summary"].items()}
        findings = [
            _finding(check, message)
            for group in app["groups"]
            for check in group["checks"]
            if check["result"] not in _QUIET
            for message in check["messages"] or [{"result": check["result"], "message": check.get("description", "")}]
            if message["result"] not in _QUIET
        ]
        name, version = str(app["app_package_id"] or app["app_name"]), str(app["app_version"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CaltropError(f"AppInspect's report is not as expected: {type(error).__name__}: {error}") from error
    allowed = [finding for finding in findings if any(rule.covers(finding) for rule in ALLOWED)]
    return Inspection(name, version, summary, allowed, [finding for finding in findings if finding not in allowed])


def _finding(check: Mapping[str, Any], message: Mapping[str, Any]) -> Finding:
    file = message.get("message_filename")
    return Finding(
        check=str(check["name"]),
        result=str(message["result"]),
        message=" ".join(str(message["message"]).split()),
        file="" if file in (None, "None") else str(file),
        line=int(message.get("message_line") or 0),
    )


def _plain(finding: Finding) -> dict[str, Any]:
    return {name: getattr(finding, name) for name in ("check", "result", "message", "file", "line")}


def _no_report(package: Path, output: str) -> CaltropError:
    if "libmagic" in output:
        return CaltropError(
            "AppInspect needs the system library libmagic",
            hint="install it: apt-get install libmagic1, dnf install file-libs, or brew install libmagic",
        )
    lines = [line for line in output.splitlines() if line.strip()]
    return CaltropError(f"{package}: AppInspect gave no report: {lines[-1].strip() if lines else 'it said nothing'}")
