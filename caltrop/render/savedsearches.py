"""savedsearches.conf: detections, baselines and response tasks, with Enterprise Security's actions.

Keys follow savedsearches.conf and alert_actions.conf of Splunk's Admin Manual and Enterprise Security's risk, notable
and correlation search parameters; `action.escu.*` is what ES Content Update's use case library reads.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from caltrop.content.attack import kill_chain
from caltrop.content.config import AppConfig
from caltrop.content.model import (
    Baseline,
    Catalogue,
    Deployment,
    Detection,
    EnrichmentLookup,
    Entity,
    Investigation,
    Schedule,
)
from caltrop.content.placeholders import filled_search, filled_text
from caltrop.content.spltext import macro_calls, pipes
from caltrop.dialect.words import quoted
from caltrop.render.conf import Conf
from caltrop.render.summary_risk import risk_index_keys, risk_rows

_PLAIN_NAME = re.compile(r"[A-Za-z_][\w.]*")
Keys = Iterator[tuple[str, object]]

# Data models by the names that Splunk's Common Information Model gives them, in its order.
_DATA_MODELS = (
    "Endpoint", "Network_Traffic", "Authentication", "Change", "Change_Analysis", "Email", "Network_Resolution",
    "Network_Sessions", "UEBA", "Updates", "Vulnerabilities", "Web", "Risk", "Splunk_Audit",
)  # fmt: skip
_WINDOWS, _SYSMON = "Microsoft Windows", "Microsoft Sysmon"
_GOOGLE = ("Google Cloud Platform", "Google Workspace")
# A word in a search -> the technologies whose data it reads.
_TECHNOLOGIES: dict[str, tuple[str, ...]] = {
    "`amazon_security_lake`": ("Amazon Security Lake",),
    "audit_searches": ("Splunk Internal Logs",),
    "`azure_monitor_aad`": ("Azure AD", "Entra ID"),
    "`cloudtrail`": ("Amazon Web Services - Cloudtrail",),
    "Endpoint": (_SYSMON, _WINDOWS, "Carbon Black Response", "CrowdStrike Falcon", "Symantec Endpoint Protection"),
    "`google_": _GOOGLE,
    "`gsuite": _GOOGLE,
    "`gws_": _GOOGLE,
    "`kube": ("Kubernetes",),
    "`ms_defender`": ("Microsoft Defender",),
    "`o365_": ("Microsoft Office 365",),
    "`okta": ("Okta",),
    "`pingid`": ("Ping ID",),
    "`powershell`": (_WINDOWS,),
    "`splunkd_": ("Splunk Internal Logs",),
    "`sysmon`": (_SYSMON,),
    "`wineventlog_security`": (_WINDOWS,),
    "`zeek_": ("Zeek",),
}
_NOTES = {
    "deprecated": "**WARNING**, this detection has been marked **DEPRECATED** by the {author}. This means that it will "
    "no longer be maintained or supported. If you have any questions feel free to email us at: {email}. ",
    "experimental": "**WARNING**, this detection is marked **EXPERIMENTAL** by the {author}. This means that the "
    "detection has been manually tested but we do not have the associated attack data to perform automated testing or "
    "cannot share this attack dataset due to its sensitive nature. If you have any questions feel free to email us at: "
    "{email}. ",
}


def render(catalogue: Catalogue) -> Conf:
    conf = Conf()
    for detection in catalogue.detections:
        conf.add(catalogue.config.rule_name(detection.name), _detection(catalogue, detection))
    for baseline in catalogue.baselines:
        conf.add(catalogue.config.baseline_name(baseline.name), _baseline(catalogue, baseline))
    for task in catalogue.investigations:
        conf.add(catalogue.config.task_name(task.name), _task(task))
    return conf


# -- detections ---------------------------------------------------------------------------------------------------


def shipped_search(item: Detection) -> str:
    """The search that ships: as written, with `enrichhits` before the filter macro where the detection asks for it."""
    enrichment = item.enrichment
    if enrichment is None:
        return item.search
    if enrichment.join:
        item = msgspec.structs.replace(item, search=_joined(item.search))
    command = "\n".join([_enriching(item), *(_looking_up(one) for one in enrichment.lookups if one.match)])
    calls = [c for c in macro_calls(item.search) if c.name == item.filter_macro]
    if not calls or not item.search[: calls[-1].start].strip():
        return f"{item.search}\n{command}"
    # Before the stage that the filter is in; in the first stage, which reads the events, right before the filter.
    before = [at for at, _ in pipes(item.search) if at < calls[-1].start and item.search[:at].strip()]
    at = before[-1] if before else calls[-1].start
    if not before:
        command += " | search"
    line = item.search.rfind("\n", 0, at) + 1
    indent = item.search[line:at] if not item.search[line:at].strip() else ""
    return f"{item.search[:at]}{command}\n{indent}{item.search[at:]}"


# Parts of one script, which event 4104 numbers: their text put together in each of their events, which then become one. The XML
# rendering has fields for it; of the classic one, number, text and id are in the message, whose template is the same in every event:
# a blank line is between text and id, and the text may have such lines itself.
_PARTS = r"""| rex field=Message "(?s)^\s*Creating Scriptblock text \((?<script_part>\d+) of \d+\):[ \t]*\r?\n(?<script_text>.*)(?<!\r)\r?\n\r?\nScriptBlock ID: (?<script_id>[0-9A-Fa-f-]{36})"
| eval script_part=coalesce(MessageNumber, script_part), script_text=coalesce(ScriptBlockText, script_text), script_id=coalesce(ScriptBlockId, script_id), script_host=coalesce(Computer, ComputerName, host, "")
| sort 0 script_host script_id script_part
| eventstats list(script_text) AS script_parts BY script_host script_id
| eval script_whole=mvjoin(script_parts, ""), Message=if(isnull(ScriptBlockText), coalesce(script_whole, Message), Message), ScriptBlockText=coalesce(script_whole, ScriptBlockText)
| dedup script_host script_id keepempty=true
| fields - script_part script_text script_id script_host script_parts script_whole"""


def _joined(search: str) -> str:
    """The search with the parts of each script joined after its first stage, which reads the events."""
    ends = [at for at, depth in pipes(search) if depth == 0 and search[:at].strip()]
    if not ends:
        return f"{search.rstrip()}\n{_PARTS}\n| search *" if not macro_calls(search) else search
    return f"{search[: ends[0]].rstrip()}\n{_PARTS}\n{search[ends[0] :]}"


def _enriching(item: Detection) -> str:
    command = f"| enrichhits detection={quoted(item.name)}"
    return f"{command} field={quoted(item.enrichment.field)}" if item.enrichment and item.enrichment.field else command


def _looking_up(lookup: EnrichmentLookup) -> str:
    """`| lookup name column AS field … OUTPUT column AS field …`."""

    def named(pairs: tuple[tuple[str, str], ...]) -> str:
        return " ".join(_name(a) if a == b else f"{_name(a)} AS {_name(b)}" for a, b in pairs)

    out = f" OUTPUT {named(lookup.outputs())}" if lookup.output else ""
    return f"| lookup {_name(lookup.name)} {named(lookup.pairs())}{out}"


def _name(text: str) -> str:
    return text if _PLAIN_NAME.fullmatch(text) else quoted(text)


def _detection(catalogue: Catalogue, item: Detection) -> Keys:
    config = catalogue.config
    deployment = catalogue.deployment(item.type) or Deployment(name="", file="", type=item.type)
    schedule = item.schedule or deployment.schedule
    label = config.rule_name(item.name)
    search = shipped_search(item)
    risky = deployment.risk and bool(item.risk_objects or item.threat_objects)
    expanded = risky and config.flavour == "no-es" and bool(item.risk_objects)
    if expanded:
        search += "\n" + risk_rows(item)
    yield "action.escu", 0
    yield "action.escu.enabled", 1
    note = _NOTES.get(item.status, "").format(author=config.author_name, email=config.author_email)
    yield "description", note + item.description
    yield "action.escu.mappings", _json(mappings(config, item))
    yield "action.escu.data_models", _json(data_models(item.search))
    yield "action.escu.eli5", item.description
    yield "action.escu.how_to_implement", item.how_to_implement or "none"
    yield "action.escu.known_false_positives", item.known_false_positives or "None"
    yield "action.escu.creation_date", item.creation_date
    yield "action.escu.modification_date", item.modification_date
    yield "action.escu.confidence", "high"
    yield "action.escu.search_type", "detection"
    yield "action.escu.product", _json(item.product)
    if item.atomic_guid:
        yield "action.escu.atomic_red_team_guids", _json(item.atomic_guid)
    yield "action.escu.providing_technologies", _json(technologies(item.search) or None)
    yield "action.escu.analytic_story", _json(sorted(item.analytic_story))
    findings = _finding_entities(config, item, deployment)
    if risky:
        yield from _risk(config, item, findings)
    yield from _schedule(schedule)
    if config.flavour != "no-es":
        yield from _correlation(config, item, label)
    yield "schedule_window", schedule.schedule_window
    if deployment.notable and config.flavour != "no-es":
        yield from _notable(config, item, deployment, findings)
    yield from _other_actions(item, deployment)
    # Suppression by fields asks each result by itself (savedsearches.conf: alert.suppress.fields).
    yield "alert.digest_mode", 0 if item.throttling else 1
    yield "disabled", "false" if item.enabled_by_default else "true"
    yield "enableSched", 1
    yield "allow_skew", "100%"
    yield "counttype", "number of events"
    yield "relation", "greater than"
    yield "quantity", 0
    yield "realtime_schedule", 0
    # Among the alerts of the app, where one that somebody enabled is looked for; not where the app has no face of its own.
    yield "is_visible", "true" if config.views else "false"
    if item.throttling:
        yield "alert.suppress", "true"
        # Where a hit has a row for each of its risk objects, one does not silence the others.
        apart = ("risk_object", "risk_object_type") if expanded else ()
        yield "alert.suppress.fields", ",".join((*item.throttling.fields, *apart))
        yield "alert.suppress.period", item.throttling.period
    yield "search", search
    if config.flavour != "no-es":
        yield "action.notable.param.drilldown_searches", _json(_drilldowns(item))


def _risk(config: AppConfig, item: Detection, findings: tuple[Entity, ...]) -> Keys:
    """The risk action; without Enterprise Security, the same risk events through the summary index action."""
    if config.flavour == "no-es":
        yield from risk_index_keys(config, item, es_annotations(config, item))
        return
    yield "action.risk", 1
    yield "action.risk.param._risk_message", item.message
    yield "action.risk.param._risk", _json([_risk_entry(e) for e in item.entities if e not in findings])
    yield "action.risk.param._risk_score", 0
    yield "action.risk.param.verbose", 0
    if config.es_version >= 8:
        yield "action.risk.forceCsvResults", 1


def _finding_entities(config: AppConfig, item: Detection, deployment: Deployment) -> tuple[Entity, ...]:
    """Entities that Enterprise Security 8 scores through the finding itself: the risk action leaves those out.

    Schemas without findings have none marked: there the first risk object is the finding's, as in a migration.
    """
    if config.es_version < 8 or not deployment.notable:
        return ()
    return tuple(e for e in item.entities if e.finding) or item.risk_objects[:1]


def _risk_entry(entity: Entity) -> dict[str, Any]:
    if entity.threat:
        return {"threat_object_field": entity.field, "threat_object_type": entity.type}
    return {"risk_object_field": entity.field, "risk_object_type": entity.type, "risk_score": entity.score}


def _correlation(config: AppConfig, item: Detection, label: str) -> Keys:
    yield "action.correlationsearch.enabled", 1
    if config.es_version >= 8:
        yield "action.correlationsearch.detection_type", "ebd"
    yield "action.correlationsearch.label", label
    yield "action.correlationsearch.annotations", _json(es_annotations(config, item))
    metadata = {
        "deprecated": "1" if item.status == "deprecated" else "0",
        "detection_id": item.id,
        "detection_version": str(item.version),
        "publish_time": _epoch(item.modification_date),
    }
    yield "action.correlationsearch.metadata", _json(metadata)


def _notable(config: AppConfig, item: Detection, deployment: Deployment, findings: tuple[Entity, ...]) -> Keys:
    title = filled_text(deployment.rule_title, item)
    yield "action.notable", 1
    named = deployment.nes_fields or dict.fromkeys(e.field for e in item.risk_objects)
    yield "action.notable.param.nes_fields", ",".join(named) or None
    yield "action.notable.param.rule_description", filled_text(deployment.rule_description, item)
    yield "action.notable.param.rule_title", f"RBA: {title}" if item.type == "Correlation" else title
    yield "action.notable.param.security_domain", item.security_domain
    yield "action.notable.param.severity", severity(item.risk_score)
    if config.es_version >= 8:
        yield "action.notable.param._entities", _json([_risk_entry(e) for e in findings])
        yield "action.notable.param.investigation_type", "default"
        yield "action.notable.param.drilldown_dashboards", _json([])
        yield "action.notable.param.verbose", 0


# Parameters of a deployment's other actions -> keys of savedsearches.conf.
_ACTION_KEYS = {
    "email": {
        "subject": "action.email.subject.alert",
        "to": "action.email.to",
        "message": "action.email.message.alert",
    },
    "slack": {"channel": "action.slack.param.channel", "message": "action.slack.param.message"},
    "phantom": {
        "cam_workers": "action.sendtophantom.param._cam_workers",
        "label": "action.sendtophantom.param.label",
        "phantom_server": "action.sendtophantom.param.phantom_server",
        "sensitivity": "action.sendtophantom.param.sensitivity",
        "severity": "action.sendtophantom.param.severity",
    },
}
_ACTION_SWITCH = {"email": "action.email.useNSSubject", "slack": "action.slack", "phantom": "action.sendtophantom"}


def _other_actions(item: Detection, deployment: Deployment) -> Keys:
    for action, parameters in deployment.actions.items():
        yield _ACTION_SWITCH[action], 1
        for name, key in _ACTION_KEYS[action].items():
            if name in parameters:
                yield key, filled_text(parameters[name], item)


def es_annotations(config: AppConfig, item: Detection) -> dict[str, Any]:
    """What Enterprise Security shows beside a finding; keys sorted."""
    out: dict[str, Any] = {
        "analytic_story": sorted(item.analytic_story),
        "data_source": item.data_source,
        "type": item.type,
        "type_list": [item.type],
        **mappings(config, item),
    }
    if item.confidence is not None:
        out["confidence"] = item.confidence
    if item.impact is not None:
        out["impact"] = item.impact
    if item.cve:
        out["cve"] = item.cve
    return dict(sorted(out.items()))


def mappings(config: AppConfig, item: Detection) -> dict[str, Any]:
    """Framework ids of a detection. CIS and NIST follow from domain and type unless the detection says otherwise."""
    cis20 = item.cis20 if item.cis20 is not None else ("CIS 13" if item.security_domain == "network" else "CIS 10",)
    nist = item.nist if item.nist is not None else ("DE.CM" if item.type == "TTP" else "DE.AE",)
    phases: tuple[str, ...] = ()
    if config.kill_chain:
        phases = item.kill_chain_phases if item.kill_chain_phases is not None else kill_chain(item.mitre_attack_id)
    found = {"cis20": cis20, "kill_chain_phases": phases, "mitre_attack": item.mitre_attack_id, "nist": nist}
    return {key: value for key, value in found.items() if value}


def severity(score: int) -> str:
    """Enterprise Security's word for a risk score of 0 to 100."""
    for limit, word in ((20, "informational"), (40, "low"), (60, "medium"), (80, "high")):
        if score <= limit:
            return word
    return "critical"


def data_models(search: str) -> list[str]:
    return [name for name in _DATA_MODELS if name in search]


def technologies(search: str) -> list[str]:
    return sorted({t for word, names in _TECHNOLOGIES.items() if word in search for t in names})


def _drilldowns(item: Detection) -> list[dict[str, str]]:
    out = []
    for drill in item.drilldown_searches:
        entry = {"name": drill.name, "search": filled_search(drill.search, item)}
        if drill.earliest_offset:
            entry["earliest_offset"] = drill.earliest_offset
        if drill.latest_offset:
            entry["latest_offset"] = drill.latest_offset
        out.append(entry)
    return out


# -- baselines and response tasks ----------------------------------------------------------------------------------


def _baseline(catalogue: Catalogue, item: Baseline) -> Keys:
    deployment = catalogue.deployment("Baseline")
    schedule = item.schedule or (deployment.schedule if deployment else Schedule())
    yield "action.escu", 0
    yield "action.escu.enabled", 1
    yield "action.escu.search_type", "support"
    yield "description", item.description
    yield "action.escu.creation_date", item.creation_date
    yield "action.escu.modification_date", item.modification_date
    yield "action.escu.analytic_story", _json(sorted(item.analytic_story))
    yield "action.escu.data_models", _json(data_models(item.search) if item.data_models is None else item.data_models)
    yield from _schedule(schedule)
    yield "enableSched", 1
    yield "schedule_window", schedule.schedule_window
    yield "action.escu.providing_technologies", _json([])
    yield "action.escu.eli5", item.description
    yield "action.escu.how_to_implement", item.how_to_implement or "none"
    yield "disabled", "true"
    yield "is_visible", "false"
    yield "search", item.search


def _task(item: Investigation) -> Keys:
    yield "action.escu", 0
    yield "action.escu.enabled", 1
    yield "action.escu.search_type", "investigative"
    yield "description", item.description
    yield "action.escu.creation_date", item.creation_date
    yield "action.escu.modification_date", item.modification_date
    yield "action.escu.analytic_story", _json(sorted(item.analytic_story))
    yield "action.escu.earliest_time_offset", 3600
    yield "action.escu.latest_time_offset", 86400
    yield "action.escu.providing_technologies", _json([])
    yield "action.escu.data_models", _json(data_models(item.search) if item.data_models is None else item.data_models)
    yield "action.escu.eli5", item.description
    yield "action.escu.how_to_implement", "none"
    yield "action.escu.known_false_positives", "None at this time"
    yield "disabled", "true"
    yield "schedule_window", "auto"
    yield "is_visible", "false"
    yield "search", item.search


def _schedule(schedule: Schedule) -> Keys:
    yield "cron_schedule", schedule.cron_schedule
    yield "dispatch.earliest_time", schedule.earliest_time
    yield "dispatch.latest_time", schedule.latest_time


def _epoch(date: str) -> float:
    try:
        day = datetime.date.fromisoformat(date)
    except ValueError:
        return 0.0
    return datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.UTC).timestamp()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=True)
