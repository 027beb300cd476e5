"""The search that an instance ran, explained: the engine's result and evidence, handed to `explain`."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from caltrop.dialect import patterns
from caltrop.engine.evidence import EngineEvidence
from caltrop.engine.instance import Instance, SearchResult
from caltrop.errors import CaltropError
from caltrop.explain import Asked, Explanation, Finding, StageRow, explain


def explained(
    instance: Instance, result: SearchResult, *, app: str = "search", user: str = "admin", addons: Sequence[str] = ()
) -> Explanation:
    """Why a finished search gave what it gave; `addons` are apps that it needs. Never raises: what cannot be asked is said."""
    asked = Asked(
        commands=tuple(stage.command for stage in result.stages),
        rows=[stage.rows for stage in result.stages],
        evidence=EngineEvidence(instance, result, app=app, user=user),
        now=result.moment,
        earliest=result.earliest,
        latest=result.latest,
        timezone=result.timezone,
        origin=result.reading.expansion.call,
        macros=tuple(result.reading.expansion.calls),
        addons=tuple(addons),
    )
    try:
        with patterns.budget(lenient=True):
            return explain(asked)
    except (CaltropError, pl.exceptions.PolarsError, RecursionError) as error:
        text = f"why nothing is left could not be found out: {type(error).__name__}: {error}"
        stages = tuple(StageRow(stage.text, None, stage.rows) for stage in result.stages)
        return Explanation(stages, len(stages), (Finding("stage", text),), asked.macros)
