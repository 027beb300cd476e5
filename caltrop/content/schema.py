"""The fields of every content object: today's flat schema, our additions to it, and the three schemas before it.

One table an object, from which checking, JSON Schema and docs/content.md follow. Older schemas are supersets that
also take the old names; `reader` brings all of them into one model.
"""

from __future__ import annotations

from typing import Any

from caltrop.content.model import STATUSES
from caltrop.content.spec import (
    ANY,
    BOOL,
    DATE,
    INT,
    SCALAR,
    TEXT,
    TEXTS,
    UUID,
    Either,
    ListOf,
    MapOf,
    Obj,
    Scalar,
    Spec,
)

RISK_TYPES = ("system", "user", "other")
THREAT_TYPES = (
    "certificate_common_name", "certificate_organization", "certificate_serial", "certificate_unit", "command",
    "domain", "email_address", "email_body", "email_subject", "endpoint", "file_hash", "file_name", "file_path",
    "hostname", "http_user_agent", "ip_address", "parent_process", "parent_process_name", "process", "process_hash",
    "process_name", "registry_path", "registry_value_name", "registry_value_text", "service", "signature", "system",
    "tls_hash", "url", "user",
)  # fmt: skip
DOMAINS = ("access", "audit", "endpoint", "identity", "network", "threat")
DETECTION_TYPES = ("TTP", "Anomaly", "Hunting", "Correlation")
TECHNIQUE = Scalar("text", pattern=r"T\d{4}(\.\d{3})?", hint="write T and four digits, with a sub-technique as .001")
_CVE = Scalar("text", pattern=r"[Cc][Vv][Ee]-\d{4}-\d{4,}", hint="write CVE-YEAR-NUMBER")
_SCORE = Scalar("number", low=0, high=100)
_CRON = Scalar("text", pattern=r"\S+( +\S+){4}", hint="write five cron fields: minute hour day month weekday")
_STATUS = Scalar("text", choices=STATUSES)
_DOMAIN = Scalar("text", choices=DOMAINS)
_BOUNDS = Either(
    (Scalar("int", low=0, high=1_000_000_000), Obj({"at_least": INT, "at_most": INT})),
    doc="a number, or {at_least, at_most}",
)
_ENRICHMENT = Obj(
    {
        "field": TEXT,
        "join": BOOL,
        "lookups": ListOf(
            Obj({"name": TEXT, "match": Either((TEXTS, TEXT)), "output": TEXTS}, required=("name", "match", "output"))
        ),
    }
)
_CSV_OR_LIST = Either((TEXTS, SCALAR))
_SHA256 = Scalar("text", pattern="[0-9a-fA-F]{64}", hint="64 hexadecimal digits, as sha256sum prints them")

SCHEDULE = Obj(
    {"cron_schedule": _CRON, "earliest_time": SCALAR, "latest_time": SCALAR, "schedule_window": SCALAR},
    required=("cron_schedule", "earliest_time", "latest_time"),
)
ATTACK_DATA = Obj(
    {
        "data": TEXT, "source": TEXT, "sourcetype": TEXT, "custom_index": SCALAR, "host": SCALAR, "size": INT,
        "sha256": _SHA256, "member": TEXT, "rendering": Scalar("text", choices=("xml", "classic")),
    },
    required=("data",),
    legacy={"file_name": "the name is part of 'data'", "update_timestamp": "use `caltrop test --shift now`"},
)  # fmt: skip
EXPECT = Obj(
    {
        "hits": _BOUNDS,
        "fields": MapOf(Either((TEXTS, SCALAR))),
        "rows": ListOf(MapOf(SCALAR)),
        "risk": Obj({"events": _BOUNDS, "message": TEXT, "score": INT, "objects": TEXTS}),
        "notables": _BOUNDS,
    },
    doc="what the detection must find in the test's data",
)
TEST = Obj(
    {
        "name": TEXT,
        "test_type": Scalar("text", choices=("unit", "experimental", "manual", "integration")),
        "description": TEXT,
        "attack_data": ListOf(ATTACK_DATA),
        "benign": ListOf(ATTACK_DATA, doc="data in which the detection must find nothing"),
        "fallback": ListOf(ATTACK_DATA, doc="data from this repository for when nothing can be downloaded"),
        "expect": EXPECT,
    },
    required=("name",),
    legacy={
        "file": "a test belongs into its detection", "pass_condition": "use 'expect'",
        "earliest_time": "the data's own time range is used", "latest_time": "the data's own time range is used",
        "baselines": "not run",
    },
)  # fmt: skip
_RISK_OBJECT: dict[str, Spec] = {"field": TEXT, "type": Scalar("text", choices=RISK_TYPES), "score": _SCORE}
_THREATS = ListOf(Obj({"field": TEXT, "type": TEXT}, required=("field", "type")))
_THROTTLING = Obj({"period": TEXT, "fields": ListOf(TEXT, least=1)}, required=("period", "fields"))
_DRILLDOWNS = ListOf(
    Obj(
        {"name": TEXT, "search": TEXT, "earliest_offset": SCALAR, "latest_offset": SCALAR},
        required=("name", "search"),
    )
)
_DEPLOYMENT_OVERRIDE = Obj({"scheduling": SCHEDULE, "alert_action": ANY}, required=("scheduling",))
_ITEM: dict[str, Spec] = {
    "name": TEXT,
    "id": UUID,
    "version": Scalar("int", low=0, high=1_000_000),
    "creation_date": DATE,
    "modification_date": DATE,
    "author": TEXT,
    "description": TEXT,
}
_REQUIRED = ("name", "id", "version", "creation_date", "modification_date", "author", "description")

DETECTION = Obj(
    {
        **_ITEM,
        "status": _STATUS,
        "type": Scalar("text", choices=DETECTION_TYPES),
        "data_source": TEXTS,
        "search": TEXT,
        "how_to_implement": TEXT,
        "known_false_positives": TEXT,
        "references": TEXTS,
        "drilldown_searches": _DRILLDOWNS,
        "finding": Obj(
            {"title": TEXT, "entity": Obj(_RISK_OBJECT, required=("field", "type", "score"))},
            required=("title", "entity"),
        ),
        "intermediate_findings": Obj(
            {"entities": ListOf(Obj({**_RISK_OBJECT, "message": TEXT}, required=("field", "type", "score")), least=1)},
            required=("entities",),
        ),
        "threat_objects": _THREATS,
        "analytic_story": TEXTS,
        "asset_type": TEXT,
        "mitre_attack_id": ListOf(TECHNIQUE),
        "product": TEXTS,
        "category": TEXT,
        "security_domain": _DOMAIN,
        "cve": ListOf(_CVE),
        "baselines": TEXTS,
        "tests": ListOf(TEST),
        "throttling": _THROTTLING,
        "custom_schedule": SCHEDULE,
        "manual_test": TEXT,
        "atomic_guid": ListOf(UUID),
        "deprecation_info": ANY,
        "enabled_by_default": BOOL,
        # Additions of ours; each may be left out.
        "enrichment": Either((BOOL, _ENRICHMENT), doc="insert enrichhits before the filter macro"),
        "impact": _SCORE,
        "confidence": _SCORE,
        "risk_score": _SCORE,
        "required_fields": TEXTS,
        "kill_chain_phases": TEXTS,
        "nist": TEXTS,
        "cis20": TEXTS,
    },
    required=(
        *_REQUIRED, "status", "type", "data_source", "search", "how_to_implement", "known_false_positives",
        "analytic_story", "asset_type", "product", "security_domain",
    ),
    legacy={"MANUAL_REVIEW": "the migration asks for a decision: finish it and remove the note"},
)  # fmt: skip

_LEGACY_NOTE = "older generators read it; this one does not"
DETECTION_TAGS = Obj(
    {
        "analytic_story": TEXTS,
        "asset_type": TEXT,
        "confidence": _SCORE,
        "impact": _SCORE,
        "risk_score": _SCORE,
        "message": TEXT,
        "mitre_attack_id": ListOf(TECHNIQUE),
        "observable": ListOf(
            Obj({"name": TEXT, "type": TEXT, "role": TEXTS}, required=("name", "type", "role")),
        ),
        "product": TEXTS,
        "required_fields": TEXTS,
        "security_domain": _DOMAIN,
        "cve": ListOf(_CVE),
        "atomic_guid": TEXTS,
        "manual_test": TEXT,
        "throttling": _THROTTLING,
        "kill_chain_phases": TEXTS,
        "nist": TEXTS,
        "cis20": TEXTS,
    },
    required=("analytic_story", "product", "security_domain"),
    legacy=dict.fromkeys(
        ("context", "dataset", "group", "CVE", "automated_detection_testing", "risk_severity", "detections", "macros",
         "lookups", "mappings", "cce", "supported_tas", "risk_object", "risk_object_type"), _LEGACY_NOTE,
    ),
)  # fmt: skip
LEGACY_DETECTION = Obj(
    {
        **DETECTION.fields,
        # 2021 wrote types in any case, and "batch" or "streaming" for what was not yet told apart.
        "type": Scalar("text", choices=(*DETECTION_TYPES, *(t.lower() for t in DETECTION_TYPES), "batch", "streaming")),
        "date": DATE,
        "tags": DETECTION_TAGS,
        "rba": Obj(
            {
                "message": TEXT,
                "risk_objects": ListOf(Obj(_RISK_OBJECT, required=("field", "type", "score"))),
                "threat_objects": _THREATS,
            },
            required=("message", "risk_objects"),
        ),
        "datamodel": TEXTS,
        "deployment": _DEPLOYMENT_OVERRIDE,
    },
    required=("name", "id", "version", "author", "type", "description", "search", "how_to_implement",
              "known_false_positives", "tags"),
    legacy={**DETECTION.legacy, "data_sources": "the field is called 'data_source'", "source": _LEGACY_NOTE},
)  # fmt: skip

_SEARCH_ITEM: dict[str, Spec] = {
    **_ITEM,
    "date": DATE,
    "status": _STATUS,
    "type": TEXT,
    "datamodel": TEXTS,
    "search": TEXT,
    "how_to_implement": SCALAR,
    "known_false_positives": SCALAR,
    "references": TEXTS,
    "product": TEXTS,
    "security_domain": _DOMAIN,
    "analytic_story": TEXTS,
    "detections": TEXTS,
    "tags": MapOf(ANY),
    "deployment": _DEPLOYMENT_OVERRIDE,
    "custom_schedule": SCHEDULE,
}
_SEARCH_REQUIRED = ("name", "id", "version", "author", "description", "search")
BASELINE = Obj(_SEARCH_ITEM, _SEARCH_REQUIRED)
INVESTIGATION = Obj(_SEARCH_ITEM, _SEARCH_REQUIRED, legacy={"inputs": "the search says which $tokens$ it takes"})
_ARGUMENT = Scalar("scalar", pattern=r"[\w.-]+", hint="letters, digits, '_', '.' and '-'")
MACRO = Obj(
    {**_ITEM, "date": DATE, "definition": Scalar("scalar"), "arguments": ListOf(_ARGUMENT)}, ("name", "definition")
)
LOOKUP = Obj(
    {
        **_ITEM,
        "date": DATE,
        "lookup_type": Scalar("text", choices=("csv", "kvstore", "mlmodel")),
        "filename": Scalar("text", pattern=r"[^\x00-\x1f\x7f\]\\]+", hint="the name of a file beside this one"),
        "collection": Scalar("text", pattern=r"[\w.-]+", hint="letters, digits, '_', '.' and '-'"),
        "fields": _CSV_OR_LIST,
        "fields_list": _CSV_OR_LIST,
        "match_type": _CSV_OR_LIST,
        "default_match": SCALAR,
        "case_sensitive_match": Either((BOOL, Scalar("text", choices=("true", "false", "True", "False")))),
        "min_matches": INT,
        "max_matches": INT,
        "status": _STATUS,
    },
    ("name", "description"),
)
STORY = Obj(
    {
        **_ITEM,
        "date": DATE,
        "status": _STATUS,
        "type": TEXT,
        "narrative": TEXT,
        "references": TEXTS,
        "category": TEXTS,
        "product": TEXTS,
        "usecase": TEXT,
        "cve": TEXTS,
        "deprecation_info": ANY,
        "tags": Obj(
            {"category": TEXTS, "product": TEXTS, "usecase": TEXT, "cve": TEXTS},
            legacy={"group": _LEGACY_NOTE, "analytic_story": _LEGACY_NOTE},
        ),
    },
    ("name", "id", "version", "author", "description", "narrative"),
)
DATA_SOURCE = Obj(
    {
        **_ITEM,
        "date": DATE,
        "source": TEXT,
        "sourcetype": TEXT,
        "separator": ANY,
        "separator_value": ANY,
        "configuration": ANY,
        "supported_TA": ANY,
        "fields": TEXTS,
        "output_fields": TEXTS,
        "field_mappings": ListOf(MapOf(ANY)),
        "convert_to_log_source": ListOf(MapOf(ANY)),
        "example_log": ANY,
        "mitre_components": TEXTS,
        "logsource": ANY,
    },
    ("name", "source", "sourcetype"),
)
DEPLOYMENT = Obj(
    {
        **_ITEM,
        "date": DATE,
        "scheduling": SCHEDULE,
        "type": Scalar("text", choices=(*DETECTION_TYPES, "Baseline", "Finding", "Intermediate Finding")),
        "alert_action": Obj(
            {
                "notable": Obj({"rule_title": TEXT, "rule_description": TEXT, "nes_fields": TEXTS}),
                "rba": Obj({"enabled": Scalar("scalar")}),
                "email": Obj({"subject": TEXT, "to": TEXT, "message": TEXT}, ("subject", "to", "message")),
                "slack": Obj({"channel": TEXT, "message": TEXT}, ("channel", "message")),
                "phantom": Obj(
                    dict.fromkeys(("cam_workers", "label", "phantom_server", "sensitivity", "severity"), SCALAR),
                    ("label", "phantom_server"),
                ),
            }
        ),
        "tags": ANY,
    },
    ("name", "type", "scheduling"),
)
# 2021 wrote the type among the tags.
LEGACY_DEPLOYMENT = Obj(
    {**DEPLOYMENT.fields, "tags": Obj({"type": DEPLOYMENT.fields["type"], "analytic_story": ANY}, ("type",))},
    ("name", "scheduling"),
)
DASHBOARD = Obj({**_ITEM, "date": DATE, "status": _STATUS, "theme": TEXT}, ("name", "description"))
PLAYBOOK = Obj(
    {
        **_ITEM,
        "date": DATE,
        "status": _STATUS,
        "type": TEXT,
        "playbook": TEXT,
        "how_to_implement": TEXT,
        "references": TEXTS,
        "app_list": TEXTS,
        "tags": MapOf(ANY),
    },
    ("name", "description"),
)

# What `caltrop validate --schema` writes: today's schema, one file an object.
PUBLISHED: dict[str, Obj] = {
    "detection": DETECTION,
    "baseline": BASELINE,
    "investigation": INVESTIGATION,
    "macro": MACRO,
    "lookup": LOOKUP,
    "story": STORY,
    "data_source": DATA_SOURCE,
    "deployment": DEPLOYMENT,
    "dashboard": DASHBOARD,
    "playbook": PLAYBOOK,
}


def detection_schema(data: dict[str, Any]) -> str:
    """Which schema a detection is written in: flat (May 2026), rba (2025), tags (2024) or old (2021)."""
    tags = data.get("tags")
    if not isinstance(tags, dict):
        return "flat"
    if "rba" in data:
        return "rba"
    if "observable" in tags or "message" in tags or "confidence" in tags:
        return "tags" if "status" in data else "old"
    return "rba" if "status" in data else "old"
