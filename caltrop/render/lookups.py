"""Lookups: transforms.conf, collections.conf, and the CSV files that are made here (enrichment's, and the data sources)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import PurePosixPath

from caltrop.content import generated
from caltrop.content.attack import kill_chain, techniques
from caltrop.content.model import Catalogue, Detection, Lookup
from caltrop.render.conf import Conf

_COLUMNS = (
    "detection", "detection_id", "mitre_technique_id", "mitre_technique", "mitre_tactic", "kill_chain_phase",
    "analytic_story", "risk_score", "risk_message", "script_field",
)  # fmt: skip


def transforms(catalogue: Catalogue, template_lookups: Iterable[str]) -> Conf:
    """Lookup definitions. CSV files that come with the template, and that no lookup describes, get a plain one."""
    conf = Conf()
    for lookup in sorted(catalogue.lookups, key=lambda item: item.name):
        conf.add(lookup.name, _lookup(lookup))
    if catalogue.data_sources:
        conf.add(generated.DATA_SOURCES, [("filename", f"{generated.DATA_SOURCES}.csv")])
    if any(d.enrichment for d in catalogue.detections):
        conf.add(generated.ENRICHMENT, [("filename", f"{generated.ENRICHMENT}.csv"), ("case_sensitive_match", "true")])
    described = {values.get("filename") for values in conf.stanzas.values()}
    for name in sorted(template_lookups):
        stem = PurePosixPath(name).stem
        if name not in described and stem not in conf.stanzas:
            conf.add(stem, [("filename", name)])
    return conf


def _lookup(item: Lookup) -> list[tuple[str, object]]:
    where: list[tuple[str, object]]
    if item.kind == "kvstore":
        where = [("collection", item.collection), ("external_type", "kvstore")]
    else:
        where = [("filename", shipped_name(item))]
    return [
        *where,
        ("default_match", item.default_match),
        ("case_sensitive_match", item.case_sensitive_match),
        ("match_type", item.match_type or None),
        ("max_matches", item.max_matches),
        ("min_matches", item.min_matches),
        ("fields_list", item.fields or None),
    ]


def shipped_name(item: Lookup) -> str:
    """The file's name in the app: without folders."""
    return PurePosixPath(item.filename).name


def collections(catalogue: Catalogue) -> Conf:
    conf = Conf()
    for lookup in sorted(catalogue.lookups, key=lambda item: item.name):
        if lookup.kind == "kvstore":
            conf.add(lookup.collection, [("enforceTypes", "false"), ("replicate", "false")])
    return conf


def enrichment_lookup(catalogue: Catalogue) -> str:
    """CSV, one row a detection that asks for enrichment; several values in a cell are joined by '|'."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for item in catalogue.detections:
        if item.enrichment:
            writer.writerow(_row(item))
    return out.getvalue()


def data_sources_lookup(catalogue: Catalogue) -> str:
    """CSV of the data sources, with the add-ons that extract their fields: for dashboards on coverage."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("name", "id", "author", "source", "sourcetype", "separator", "supported_TA_name",
                     "supported_TA_version", "supported_TA_url", "description"))  # fmt: skip
    for item in catalogue.data_sources:
        add_on = item.supported_ta[0] if item.supported_ta else {}
        writer.writerow(
            (item.name, item.id, item.author, item.source, item.sourcetype, item.separator, add_on.get("name"),
             add_on.get("version"), add_on.get("url"), item.description)
        )  # fmt: skip
    return out.getvalue()


def _row(item: Detection) -> list[str]:
    known = techniques()
    found = [known[i] for i in item.mitre_attack_id if i in known]
    phases = item.kill_chain_phases if item.kill_chain_phases is not None else kill_chain(item.mitre_attack_id)
    return [
        item.name,
        item.id,
        _cell(item.mitre_attack_id),
        _cell(t.name for t in found),
        _cell(dict.fromkeys(tactic for t in found for tactic in t.tactics)),
        _cell(phases),
        _cell(item.analytic_story),
        str(item.risk_score),
        item.message,
        item.enrichment.field if item.enrichment else "",
    ]


def _cell(values: Iterable[str]) -> str:
    return "|".join(value.replace("|", "/") for value in values)
