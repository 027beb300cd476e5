"""Plain values -> the content objects other than detections."""

from __future__ import annotations

import re

from caltrop.content.model import (
    Baseline,
    Dashboard,
    DataSource,
    Deployment,
    Investigation,
    Lookup,
    MacroItem,
    Playbook,
    Story,
)
from caltrop.content.values import (
    Data,
    integer,
    item_fields,
    mapping,
    mappings,
    own_schedule,
    schedule,
    text,
    texts,
)

_TOKEN = re.compile(r"\$([^\s.$]*)\$")


def _schema(data: Data) -> str:
    return "flat" if "creation_date" in data else "tags"


def baseline(data: Data, file: str) -> Baseline:
    side = {**data, **mapping(data, "tags")}
    return Baseline(
        **item_fields(data, file, _schema(data)),
        status=text(data, "status") or ("deprecated" if "/deprecated/" in file else "production"),
        search=text(data, "search").strip(),
        how_to_implement=text(data, "how_to_implement").strip(),
        known_false_positives=text(data, "known_false_positives").strip(),
        references=texts(data, "references"),
        analytic_story=texts(side, "analytic_story"),
        detections=texts(side, "detections"),
        product=texts(side, "product"),
        security_domain=text(side, "security_domain"),
        data_models=texts(data, "datamodel") if "datamodel" in data else None,
        schedule=own_schedule(data),
    )


def investigation(data: Data, file: str) -> Investigation:
    side = {**data, **mapping(data, "tags")}
    search = text(data, "search").strip()
    return Investigation(
        **item_fields(data, file, _schema(data)),
        status=text(data, "status") or ("deprecated" if "/deprecated/" in file else "production"),
        search=search,
        how_to_implement=text(data, "how_to_implement").strip(),
        known_false_positives=text(data, "known_false_positives").strip(),
        references=texts(data, "references"),
        analytic_story=texts(side, "analytic_story"),
        product=texts(side, "product"),
        security_domain=text(side, "security_domain"),
        data_models=texts(data, "datamodel") if "datamodel" in data else None,
        inputs=tuple(_TOKEN.findall(search)),
    )


def macro(data: Data, file: str) -> MacroItem:
    return MacroItem(
        **item_fields(data, file, _schema(data)),
        definition=text(data, "definition").strip(),
        arguments=texts(data, "arguments"),
    )


def lookup(data: Data, file: str) -> Lookup:
    """A lookup in the new form (`lookup_type`, the data has the lookup's name) or the old (`filename`, `collection`)."""
    filename, collection = text(data, "filename"), text(data, "collection")
    kind = text(data, "lookup_type")
    if not kind:
        kind = "kvstore" if collection else "mlmodel" if filename.endswith(".mlmodel") else "csv"
    name = text(data, "name")
    old = "lookup_type" not in data
    if kind == "kvstore":
        collection = collection or name
    elif not filename:
        filename = f"{name}.{'mlmodel' if kind == 'mlmodel' else 'csv'}"
    return Lookup(
        **item_fields(data, file, "tags" if old else "flat"),
        kind=kind,
        filename=filename,
        data_file=f"{file.rsplit('/', 1)[0]}/{filename}" if filename else "",
        collection=collection,
        fields=_names(data, kind),
        match_type=", ".join(texts(data, "match_type")),
        default_match=_option(data, "default_match"),
        case_sensitive_match=_option(data, "case_sensitive_match"),
        min_matches=_number(data, "min_matches"),
        max_matches=_number(data, "max_matches"),
    )


def story(data: Data, file: str) -> Story:
    side = {**data, **mapping(data, "tags")}
    return Story(
        **item_fields(data, file, _schema(data)),
        status=text(data, "status") or ("deprecated" if "/deprecated/" in file else "production"),
        narrative=text(data, "narrative").strip(),
        references=texts(data, "references"),
        category=texts(side, "category"),
        product=texts(side, "product"),
        usecase=text(side, "usecase"),
        cve=texts(side, "cve"),
    )


def data_source(data: Data, file: str) -> DataSource:
    return DataSource(
        **item_fields(data, file, _schema(data)),
        source=text(data, "source"),
        sourcetype=text(data, "sourcetype"),
        separator=text(data, "separator"),
        separator_value=text(data, "separator_value"),
        configuration=text(data, "configuration"),
        supported_ta=tuple(mappings(data, "supported_TA")),
        fields=texts(data, "fields"),
        output_fields=texts(data, "output_fields"),
        field_mappings=tuple(mappings(data, "field_mappings")),
        example_log=text(data, "example_log"),
    )


def deployment(data: Data, file: str) -> Deployment:
    actions = mapping(data, "alert_action")
    notable = mapping(actions, "notable")
    return Deployment(
        **item_fields(data, file, _schema(data)),
        type=text(data, "type") or text(mapping(data, "tags"), "type"),
        schedule=schedule(mapping(data, "scheduling")),
        notable="notable" in actions,
        rule_title=text(notable, "rule_title", "%name%"),
        rule_description=text(notable, "rule_description", "%description%"),
        nes_fields=tuple(f.strip() for f in texts(notable, "nes_fields")),
        risk=text(mapping(actions, "rba"), "enabled").lower() == "true",
        actions={
            name: {key: text(mapping(actions, name), key) for key in mapping(actions, name)}
            for name in ("email", "slack", "phantom")
            if name in actions
        },
    )


def dashboard(data: Data, file: str) -> Dashboard:
    return Dashboard(**item_fields(data, file, _schema(data)), data_file=f"{file.removesuffix('.yml')}.json")


def playbook(data: Data, file: str) -> Playbook:
    side = {**data, **mapping(data, "tags")}
    return Playbook(
        **item_fields(data, file, _schema(data)),
        playbook=text(data, "playbook"),
        how_to_implement=text(data, "how_to_implement"),
        references=texts(data, "references"),
        detections=texts(side, "detections"),
    )


def _names(data: Data, kind: str) -> str:
    """`fields_list`, or the `fields` of a kvstore lookup (a CSV file has its own header)."""
    value = data.get("fields_list") or (data.get("fields") if kind == "kvstore" else None)
    return ", ".join(str(v) for v in value) if isinstance(value, list) else str(value or "").strip()


def _option(data: Data, key: str) -> str | None:
    return text(data, key).lower() if data.get(key) is not None else None


def _number(data: Data, key: str) -> int | None:
    return integer(data, key) if data.get(key) is not None else None
