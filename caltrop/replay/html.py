"""The report as one self-contained HTML page: no script, no network, log text always escaped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from caltrop.replay.verdict import DetectionResult, Report

ORDER = {"error": 0, "failed": 1, "passed": 2, "skipped": 3}
CELL_LIMIT = 600  # characters of one value shown


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("caltrop.replay", ""), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["cell"] = cell
    return environment.get_template("report.html.j2")


def html(report: Report) -> str:
    """Worst first, then by name, so that two runs look alike."""
    detections = sorted(report.detections, key=lambda d: (ORDER[d.status], d.name))
    return _template().render(
        report=report,
        detections=detections,
        hits=sum(t.hits for d in detections for t in d.tests),
        techniques=_by_technique(detections),
        columns=_columns,
    )


def cell(value: object) -> str:
    """Text of one value of a hit; multivalues one a line, long text cut with a mark."""
    text = "\n".join(str(v) for v in value) if isinstance(value, list) else str(value)
    return text if len(text) <= CELL_LIMIT else f"{text[:CELL_LIMIT]}… ({len(text):,} characters)"


def _columns(rows: Sequence[Mapping[str, object]]) -> list[str]:
    names: dict[str, None] = {}
    for row in rows:
        names.update(dict.fromkeys(name for name in row if not name.startswith("_")))
    return list(names)


def _by_technique(detections: Sequence[DetectionResult]) -> list[tuple[str, list[DetectionResult]]]:
    groups: dict[str, list[DetectionResult]] = defaultdict(list)
    for detection in detections:
        for technique in detection.techniques:
            groups[technique].append(detection)
    return sorted(groups.items())
