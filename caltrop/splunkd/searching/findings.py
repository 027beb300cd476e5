"""The alert actions of Enterprise Security, as far as detections need them: risk events and notables, and summaries.

`action.risk` writes one event for each result row and risk object to `index=risk`, `action.notable` one for each row to
`index=notable`, `action.summary_index` the rows themselves to an index of choice. Field names follow "Risk" and "Incident
Management" of the Enterprise Security data models, settings follow alert_actions.conf.spec.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from caltrop.dialect.words import quoted
from caltrop.errors import CaltropError
from caltrop.splunkd.intake.ingest import Event, Ingest
from caltrop.splunkd.intake.origin import Origin
from caltrop.splunkd.searching import stash
from caltrop.splunkd.searching.run import Run
from caltrop.splunkd.searching.stash import Value
from caltrop.splunkd.wire.results import Row

_TOKEN = re.compile(r"\$(?:result\.)?([^$\s][^$\n]*?)\$")
# Annotation frameworks become fields of their own; these keys describe the detection instead.
NO_FRAMEWORK = frozenset({"analytic_story", "confidence", "impact", "type", "type_list", "data_source", "context"})


def substitute(text: str, row: Mapping[str, Value]) -> str:
    """`$field$` and `$result.field$` replaced by the row's value; several values are joined by a comma.

    A token whose field the row lacks stays as it is: that is a fault of the detection, and it shall show.
    """

    def value(match: re.Match[str]) -> str:
        found = row.get(match[1])
        if found is None:
            return match[0]
        return found if isinstance(found, str) else ", ".join(found)

    return _TOKEN.sub(value, text)


def annotation_fields(settings: Mapping[str, str]) -> dict[str, Value]:
    """`annotations`, `annotations.<framework>`, `annotations._all`, `analyticstories` from the annotation JSON."""
    text = settings.get("action.correlationsearch.annotations", "")
    if not text.strip():
        return {}
    try:
        given = json.loads(text)
    except ValueError:
        return {"annotations": text}
    if not isinstance(given, dict):
        return {"annotations": text}
    found: dict[str, Value] = {"annotations": text}
    frameworks, everything = [], []
    for key, value in given.items():
        values = _texts(value)
        if not values:
            continue
        if key == "analytic_story":
            found["analyticstories"] = _plain(values)
        elif key not in NO_FRAMEWORK:
            frameworks.append(key)
            everything.extend(values)
        found[f"annotations.{key}"] = _plain(values)
    if frameworks:
        found["annotations._frameworks"] = _plain(frameworks)
        found["annotations._all"] = _plain(everything)
    return found


def _texts(value: Any) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [v if isinstance(v, str) else json.dumps(v) for v in items if v is not None]


def _plain(values: list[str]) -> Value:
    return values[0] if len(values) == 1 else values


def _common(run: Run, number: int) -> dict[str, Value]:
    fields: dict[str, Value] = {"search_name": run.saved.name, "orig_sid": run.sid, "orig_rid": str(number)}
    description = run.saved.get("description")
    if description:
        fields["savedsearch_description"] = description
    return {**fields, **annotation_fields(run.saved.settings), **run.info}


def risk(ingest: Ingest, run: Run) -> None:
    """Risk events. Score and objects come from `_risk`, or from the older single-object settings."""
    params = {k.removeprefix("param."): v for k, v in run.saved.action("risk").items()}
    objects, threats = risk_objects(params)
    index = params.get("index") or "risk"
    origin = Origin(index, "caltrop", run.saved.name, stash.SOURCETYPE)
    events = []
    for number, row in run.rows:
        message = substitute(params.get("_risk_message", ""), row)
        found = [(v, t) for name, t in threats for v in _values(row, name)]
        for risk_object in objects:
            for value in _values(row, risk_object["risk_object_field"]):
                fields = _common(run, number)
                fields |= _risk_fields(risk_object, value, row, message, run.saved.name)
                if found:
                    fields["threat_object"] = _plain([v for v, _ in found])
                    fields["threat_object_type"] = _plain([t for _, t in found])
                # Facts about the finding win over fields of the row that have the same name.
                events.append(stash.event(run.now, {**stash.result_fields(row), **fields}, origin))
    ingest.events(events)


def risk_objects(params: Mapping[str, str]) -> tuple[list[dict[str, str]], list[tuple[str, str]]]:
    """(risk objects, (field, type) of threat objects) of an action's settings. Raises where `_risk` cannot be read."""
    text = params.get("_risk", "").strip()
    objects: list[dict[str, str]] = []
    threats: list[tuple[str, str]] = []
    if text:
        try:
            given = json.loads(text)
        except ValueError as error:
            raise CaltropError(f"action.risk.param._risk is not JSON: {error}") from None
        for item in given if isinstance(given, list) else [given]:
            if not isinstance(item, dict):
                raise CaltropError(f"action.risk.param._risk: expected objects, found {item!r}")
            if item.get("risk_object_field"):
                objects.append({k: v if isinstance(v, str) else json.dumps(v) for k, v in item.items()})
            if item.get("threat_object_field"):
                threats.append((str(item["threat_object_field"]), str(item.get("threat_object_type", "other"))))
    elif params.get("_risk_object"):
        objects.append(
            {
                "risk_object_field": params["_risk_object"],
                "risk_object_type": params.get("_risk_object_type", "other"),
                "risk_score": params.get("_risk_score", "0"),
            }
        )
    return objects, threats


def _risk_fields(risk_object: Mapping[str, str], value: str, row: Row, message: str, name: str) -> dict[str, Value]:
    score = substitute(risk_object.get("risk_score", "0"), row)
    return {
        "risk_object": value,
        "normalized_risk_object": value.lower(),
        "risk_object_type": risk_object.get("risk_object_type", "other"),
        "risk_object_field": risk_object["risk_object_field"],
        "risk_score": score,
        "calculated_risk_score": score,
        "risk_message": message,
        "contributing_events_search": f'| savedsearch "{name}" | search {risk_object["risk_object_field"]}={quoted(value)}',
    }


def _values(row: Row, name: str) -> list[str]:
    value = row.get(name)
    if value is None:
        return []
    return [v for v in ([value] if isinstance(value, str) else dict.fromkeys(value)) if v]


def notable(ingest: Ingest, run: Run) -> None:
    """Notables: every `action.notable.param.*` with its tokens replaced, beside the fields of the row."""
    params = {k.removeprefix("param."): v for k, v in run.saved.action("notable").items() if k.startswith("param.")}
    origin = Origin("notable", "caltrop", run.saved.name, stash.SOURCETYPE)
    ingest.events(list(_notables(run, params, origin)))


def _notables(run: Run, params: Mapping[str, str], origin: Origin) -> Iterator[Event]:
    for number, row in run.rows:
        tokens = {**row, **run.info}
        fields = _common(run, number)
        label = run.saved.get("action.correlationsearch.label", run.saved.name)
        fields |= {"severity": "medium", "rule_name": label, "rule_title": label}
        fields |= {key: substitute(text, tokens) for key, text in params.items() if text and not key.startswith("_")}
        identity = f"{run.saved.name}|{run.sid}|{number}"
        fields["event_id"] = hashlib.sha256(identity.encode()).hexdigest()[:40]
        yield stash.event(run.now, {**stash.result_fields(row), **fields}, origin)


def summary_index(ingest: Ingest, run: Run) -> None:
    """The rows, with `action.summary_index.<field>` added, to the index `_name` (default `summary`)."""
    settings = run.saved.action("summary_index")
    origin = Origin(settings.get("_name") or "summary", "caltrop", run.saved.name, stash.SOURCETYPE)
    extra = {k: v for k, v in settings.items() if not k.startswith("_") and k not in {"inline", "command"}}
    events = []
    for number, row in run.rows:
        time = _row_time(run, number)
        fields: dict[str, Value] = {"search_name": run.saved.name, "search_now": f"{run.now:.3f}", **run.info}
        fields |= {**_kept(row), **{k: substitute(v, row) for k, v in extra.items()}}
        events.append(stash.event(time, fields, origin, stamp=stash.summary_stamp(time)))
    ingest.events(events)


def _kept(row: Row) -> dict[str, Value]:
    """A summary keeps the rows as they are, `orig_` fields and all; the time of a row is the time of its event."""
    return {k: v for k, v in stash.result_fields(row).items() if k != "orig_time"}


def _row_time(run: Run, number: int) -> float:
    """The row's `_time`, else the start of the search's time range, else now."""
    table = run.table
    if "_time" in table.fields and table.frame.get_column("_time").dtype.is_numeric():
        time = table.frame.get_column("_time")[number]
        if time is not None:
            return float(time)
    return float(run.info["info_min_time"]) or run.now


# What `action.<name> = 1` does here; other names are looked for in the apps.
ACTIONS: dict[str, Callable[[Ingest, Run], None]] = {"notable": notable, "risk": risk, "summary_index": summary_index}
