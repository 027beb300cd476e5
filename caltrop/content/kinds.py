"""The kinds of content: which folder holds what, by which table it is checked and how it is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from caltrop.content import detections, schema, supporting
from caltrop.content.model import (
    Baseline,
    Dashboard,
    DataSource,
    Deployment,
    Detection,
    Investigation,
    Lookup,
    MacroItem,
    Playbook,
    Story,
)
from caltrop.content.spec import Obj
from caltrop.content.values import mapping


class Kind(NamedTuple):
    """Where the objects of a folder go in the catalogue, what they may hold, and how they are read."""

    attribute: str
    spec: Obj
    read: Callable[[dict[str, Any], str], Any]
    type: type[Any]


KINDS: dict[str, Kind] = {
    "baselines": Kind("baselines", schema.BASELINE, supporting.baseline, Baseline),
    "dashboards": Kind("dashboards", schema.DASHBOARD, supporting.dashboard, Dashboard),
    "data_sources": Kind("data_sources", schema.DATA_SOURCE, supporting.data_source, DataSource),
    "deployments": Kind("deployments", schema.DEPLOYMENT, supporting.deployment, Deployment),
    "detections": Kind("detections", schema.DETECTION, detections.detection, Detection),
    "investigations": Kind("investigations", schema.INVESTIGATION, supporting.investigation, Investigation),
    "lookups": Kind("lookups", schema.LOOKUP, supporting.lookup, Lookup),
    "macros": Kind("macros", schema.MACRO, supporting.macro, MacroItem),
    "playbooks": Kind("playbooks", schema.PLAYBOOK, supporting.playbook, Playbook),
    "removed/detections": Kind("removed", schema.DETECTION, detections.detection, Detection),
    "response_tasks": Kind("investigations", schema.INVESTIGATION, supporting.investigation, Investigation),
    "stories": Kind("stories", schema.STORY, supporting.story, Story),
}


def spec_for(spec: Obj, data: dict[str, Any]) -> Obj:
    """What is in an older schema is checked by the older table."""
    if spec is schema.DEPLOYMENT and "type" not in data and "type" in mapping(data, "tags"):
        return schema.LEGACY_DEPLOYMENT
    if spec is not schema.DETECTION:
        return spec
    old = schema.detection_schema(data) != "flat" or ("creation_date" not in data and "date" in data)
    return schema.LEGACY_DETECTION if old else spec
