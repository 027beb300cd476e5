"""Risk without Enterprise Security: the same risk events, written by Splunk's built-in summary-index action.

That action writes the rows of the result to an index, each as it is. So the search itself makes the rows into risk
events: one for every value of every risk object, with the field names that Enterprise Security's risk index has.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from caltrop.content.config import AppConfig
from caltrop.content.model import Detection, Entity
from caltrop.dialect.words import quoted

INDEX = "risk"
_TOKEN = re.compile(r"\$([^\s$]+)\$")


def risk_index_keys(config: AppConfig, item: Detection, annotations: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """The action: which index, and the fields that are the same in every event."""
    yield "action.summary_index", 1
    yield "action.summary_index._name", INDEX
    yield "action.summary_index._type", "event"
    yield "action.summary_index.risk_rule", config.rule_name(item.name)
    yield "action.summary_index.annotations", json.dumps(annotations)


def risk_rows(item: Detection) -> str:
    """SPL to append to the search: rows become risk events. A message token without a value reads as nothing."""
    # Events of one hit have its number, as Enterprise Security's have.
    lines = [
        "| streamstats count AS orig_rid | eval orig_rid=orig_rid-1",
        f"| eval risk_message={_message(item.message)}",
    ]
    threats = item.threat_objects
    if threats:
        lines.append(
            "| eval threat_object=mvappend(" + ", ".join(_field(t.field) for t in threats) + "), "
            "threat_object_type=mvappend(" + ", ".join(_threat_type(t) for t in threats) + ")"
        )
    lines.append("| eval caltrop_risk=mvappend(" + ", ".join(_object(e) for e in item.risk_objects) + ")")
    lines.append("| mvexpand caltrop_risk | spath input=caltrop_risk")
    # Enterprise Security names the search that a risk event came from by its sid.
    lines.append("| addinfo | rename info_sid as orig_sid")
    lines.append("| fields - caltrop_risk info_min_time info_max_time info_search_time")
    return "\n".join(lines)


def _object(entity: Entity) -> str:
    field = _field(entity.field)
    value = (
        f'json_object("risk_object", {field}, "risk_object_type", {quoted(entity.type)}, "risk_score", {entity.score})'
    )
    return f"mvmap({field}, {value})"


def _threat_type(entity: Entity) -> str:
    return f"mvmap({_field(entity.field)}, {quoted(entity.type)})"


def _message(message: str) -> str:
    parts = _TOKEN.split(message)
    out = []
    for index, part in enumerate(parts):
        if index % 2:
            out.append(f'coalesce(mvjoin({_field(part)}, ", "), "")')
        elif part:
            out.append(quoted(part.replace("\n", " ")))
    return " . ".join(out) or '""'


def _field(name: str) -> str:
    return "'" + name.replace("'", "") + "'"
