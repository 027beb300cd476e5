"""How severe a problem is: what its finder or its rule says, or what app.yml says."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from caltrop.content.config import AppConfig
from caltrop.content.problems import Problem
from caltrop.content.rules import RULES


def settle(problems: Iterable[Problem], config: AppConfig) -> list[Problem]:
    """Severity of each problem by default, `app.yml` and per-detection override; those turned off are dropped."""
    overrides = {(o.detection, o.rule): o.severity for o in config.overrides}
    out = []
    for problem in problems:
        severity = problem.severity or RULES[problem.code][0]
        severity = config.rules.get(problem.code, severity)
        severity = overrides.get((problem.name, problem.code), severity)
        if severity != "off":
            out.append(msgspec.structs.replace(problem, severity=severity) if severity != problem.severity else problem)
    return sorted(out)
