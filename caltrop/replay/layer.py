"""The report as an ATT&CK Navigator layer (format 4.5): what was proved, technique by technique."""

from __future__ import annotations

from typing import Any

from caltrop.replay.verdict import DetectionResult, Report

PROVED, PARTLY, NOT_PROVED = "#2e9e5b", "#e8b23a", "#d64545"


def layer(report: Report) -> dict[str, Any]:
    """A technique's score is the number of its detections that passed; its colour says whether all, some or none did."""
    members: dict[str, list[DetectionResult]] = {}
    for detection in report.detections:
        if detection.status != "skipped":
            for technique in dict.fromkeys(detection.techniques):
                members.setdefault(technique, []).append(detection)
    techniques = []
    for technique, detections in sorted(members.items()):
        passed = sum(d.status == "passed" for d in detections)
        color = PROVED if passed == len(detections) else PARTLY if passed else NOT_PROVED
        techniques.append(
            {
                "techniqueID": technique,
                "score": passed,
                "color": color,
                "comment": "\n".join(f"{d.status}: {d.name}" for d in sorted(detections, key=lambda d: d.name)),
                "enabled": True,
            }
        )
    return {
        "name": f"{report.app}: proved",
        "versions": {"layer": "4.5", "navigator": "5.1.0"},
        "domain": "enterprise-attack",
        "description": f"{report.package} on {report.target}, {report.started}",
        "techniques": techniques,
        "legendItems": [
            {"label": "every detection passed", "color": PROVED},
            {"label": "some passed", "color": PARTLY},
            {"label": "none passed", "color": NOT_PROVED},
        ],
    }
