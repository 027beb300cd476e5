"""The report as JSON, to be read again: shards that ran on several machines become one report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from caltrop.errors import CaltropError
from caltrop.replay.verdict import DetectionResult, Report

NAME = "report.json"


def to_json(report: Report) -> bytes:
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def read(path: Path) -> Report:
    """A report from its file, or from the folder that `--report` wrote. Raises `CaltropError` where there is none."""
    file = path / NAME if path.is_dir() else path
    try:
        return msgspec.json.decode(file.read_bytes(), type=Report)
    except OSError as error:
        raise CaltropError(f"no report {file}: {error.strerror}", hint="run with --report FOLDER writes one") from error
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise CaltropError(
            f"{file} is not a report: {error}", hint=f"give the {NAME} of a run, or its folder"
        ) from error


def merged(reports: Sequence[Report]) -> Report:
    """One report of several runs of the same app. A detection that stands in two of them counts with its worse result.

    Raises `CaltropError` for reports of different apps or packages, and where there is none.
    """
    if not reports:
        raise CaltropError("there is no report to merge", hint="give report.json files, or the folders that hold them")
    first = reports[0]
    for other in reports[1:]:
        if (other.app, other.package) != (first.app, first.package):
            raise CaltropError(
                f"a report of {other.package} ({other.app}) and one of {first.package} ({first.app}) are no one report",
                hint="merge the shards of one run",
            )
    worst = {"skipped": 0, "passed": 1, "failed": 2, "error": 3}
    detections: dict[str, DetectionResult] = {}
    for detection in (d for report in reports for d in report.detections):
        known = detections.get(detection.id or detection.name)
        if known is None or worst[detection.status] > worst[known.status]:
            detections[detection.id or detection.name] = detection
    return Report(
        target=_listed(report.target for report in reports),
        version=_listed(report.version for report in reports),
        package=first.package,
        app=first.app,
        started=min(report.started for report in reports),
        seconds=max(report.seconds for report in reports),
        detections=sorted(detections.values(), key=lambda detection: detection.name),
        checks=list(dict.fromkeys(check for report in reports for check in report.checks)),
        addons=list(dict.fromkeys(addon for report in reports for addon in report.addons)),
        scope=f"merged from {len(reports)} reports",
        not_run=sum(report.not_run for report in reports),
    )


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(texts))
