"""The report as JUnit XML: a suite a detection, a case a test, for CI systems."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from caltrop.replay.verdict import Check, Report

# Log text may hold characters that XML 1.0 cannot.
_FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report) -> bytes:
    root = ET.Element("testsuites", name=_clean(report.app), time=f"{report.seconds:.3f}")
    if report.scope:
        root.append(ET.Comment(_clean(report.scope).replace("--", "- -")))
    for detection in report.detections:
        suite = ET.SubElement(
            root,
            "testsuite",
            name=_clean(detection.name),
            tests=str(len(detection.tests)),
            failures=str(sum(t.status == "failed" for t in detection.tests)),
            errors=str(sum(t.status == "error" for t in detection.tests)),
            skipped=str(sum(t.status == "skipped" for t in detection.tests)),
            time=f"{sum(t.milliseconds for t in detection.tests) / 1000:.3f}",
        )
        _properties(suite, report)
        for test in detection.tests:
            case = ET.SubElement(
                suite,
                "testcase",
                classname=_clean(detection.name),
                name=_clean(test.name),
                file=_clean(test.file),
                line=str(test.line),
                time=f"{test.milliseconds / 1000:.3f}",
            )
            if test.stand_in:
                properties = ET.SubElement(case, "properties")
                ET.SubElement(properties, "property", name="verdict", value=test.verdict)
            _outcome(case, test.status, test.reason, test.account)
            ET.SubElement(case, "system-out").text = _clean("\n".join([*test.notes, *map(str, test.checks)]))
    if report.checks:
        suite = ET.SubElement(root, "testsuite", name="package", tests=str(len(report.checks)))
        for check in report.checks:
            _package_case(suite, check)
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f"<?xml version='1.0' encoding='utf-8'?>\n{text}\n".encode()


def _properties(suite: ET.Element, report: Report) -> None:
    """What the tests ran with: one property an add-on, named alike, its value name, version and what it stepped aside for."""
    if report.addons:
        properties = ET.SubElement(suite, "properties")
        for addon in report.addons:
            ET.SubElement(properties, "property", name="add-on", value=_clean(str(addon)))


def _package_case(suite: ET.Element, check: Check) -> None:
    case = ET.SubElement(suite, "testcase", classname="package", name=_clean(check.name))
    _outcome(case, "passed" if check.passed else "failed", check.seen)


def _outcome(case: ET.Element, status: str, reason: str, account: str = "") -> None:
    """`reason` is one line; `account`, where it says more, is the element's text."""
    tag = {"failed": "failure", "error": "error", "skipped": "skipped"}.get(status)
    if tag:
        element = ET.SubElement(case, tag, message=_clean(reason))
        if account not in ("", reason):
            element.text = _clean(account)


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
