"""Lookups made of the content, for the views: a row a detection, its page, its drilldown searches, what its events are told by.

A view's searches name these, so that a view of a thousand detections is as long as one of three. Several values in a cell are joined
by '|'; an app's lookups begin with its own name, since lookups are seen in every app.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from caltrop.content import generated
from caltrop.content.attack import techniques
from caltrop.content.config import AppConfig
from caltrop.content.model import Catalogue, Deployment, Detection
from caltrop.content.spltext import macro_calls
from caltrop.dialect.words import quoted
from caltrop.render.conf import Conf
from caltrop.render.reading import Reading, reading
from caltrop.render.savedsearches import severity

Row = dict[str, object]


class Names(NamedTuple):
    """What an app's own knowledge objects are called."""

    detections: str
    pages: str
    drilldowns: str
    sources: str
    techniques: str
    risk: str
    notables: str
    threshold: str
    threshold_filter: str


def names(config: AppConfig) -> Names:
    """Unlike those of any other app: built from the app's id."""
    own = generated.own(config.id)
    rest = ("risk_events", "notable_events", "risk_threshold", "risk_threshold_filter")
    return Names(*generated.of_views(config.id), *(f"{own}_{what}" for what in rest))


def lookups(catalogue: Catalogue) -> dict[str, str]:
    """Name of a lookup -> its CSV."""
    called = names(catalogue.config)
    shown = sorted(catalogue.detections, key=lambda d: d.name.lower())
    read = {item.name: reading(catalogue, item) for item in shown}
    return {
        called.detections: _csv(_DETECTION, (_detection(catalogue, item, read[item.name]) for item in shown)),
        called.pages: _csv(_PAGE, (_page(catalogue, item, read[item.name]) for item in shown)),
        called.drilldowns: _csv(_DRILLDOWN, (row for item in shown for row in _drilldowns(catalogue, item))),
        called.techniques: _csv(_TECHNIQUE, _techniques(shown)),
        called.sources: _csv(_SOURCE, (row for item in shown for row in _sources(catalogue, item, read[item.name]))),
    }


def transforms(made: Iterable[str]) -> Conf:
    """transforms.conf of the lookups of these names."""
    conf = Conf()
    for name in sorted(made):
        conf.add(name, [("filename", f"{name}.csv"), ("case_sensitive_match", "true")])
    return conf


def macros(config: AppConfig) -> Conf:
    """Where views look for risk and notables: a site's to change."""
    own = names(config)
    conf = Conf()
    conf.add(
        own.risk, [("definition", "index=risk"), ("description", "Where the views of this app look for risk events.")]
    )
    conf.add(
        own.notables,
        [("definition", "index=notable"), ("description", "Where the views of this app look for notables.")],
    )
    return conf


_DETECTION = (
    "search_name", "detection", "id", "type", "status", "severity", "risk_score", "story", "technique", "technique_name", "tactic",
    "data_source", "filter", "scored", "reads",
)  # fmt: skip
_PAGE = (
    "search_name", "detection", "about", "how_to_implement", "known_false_positives", "response", "macros", "references", "filter",
    "events", "counts", "unfiltered",
)  # fmt: skip
_DRILLDOWN = ("search_name", "number", "drill_name", "drill_search", "drill_earliest", "drill_latest")
_TECHNIQUE = ("technique", "name", "tactic")
_SOURCE = ("search_name", "detection", "dataset", "source", "sourcetype")


def _detection(catalogue: Catalogue, item: Detection, read: Reading) -> Row:
    known = techniques()
    found = [known[i] for i in item.mitre_attack_id if i in known]
    return {
        "search_name": catalogue.config.rule_name(item.name),
        "detection": item.name,
        "id": item.id,
        "type": item.type,
        "status": item.status,
        "severity": severity(item.risk_score),
        "risk_score": item.risk_score,
        "story": _cell(sorted(item.analytic_story)),
        "technique": _cell(item.mitre_attack_id),
        "technique_name": _cell(t.name for t in found),
        "tactic": _cell(dict.fromkeys(tactic for t in found for tactic in t.tactics)),
        "data_source": _cell(item.data_source),
        "filter": item.filter_macro,
        "scored": int(_scored(catalogue, item)),
        "reads": read.dataset or read.events,
    }


def _scored(catalogue: Catalogue, item: Detection) -> bool:
    """Whether a hit leaves a risk event or a notable: of the others only the scheduler knows how many there were."""
    deployment = catalogue.deployment(item.type) or Deployment(name="", file="", type=item.type)
    risky = deployment.risk and bool(item.risk_objects)
    return risky or (deployment.notable and catalogue.config.flavour != "no-es")


def _page(catalogue: Catalogue, item: Detection, read: Reading) -> Row:
    """The texts of a detection's page; `events`, `counts` and `unfiltered` are SPL that views run."""
    about = {m.name: m.description for m in catalogue.macros}
    calls = dict.fromkeys(c.name for c in macro_calls(item.search) if c.name and c.name != item.filter_macro)
    return {
        "search_name": catalogue.config.rule_name(item.name),
        "detection": item.name,
        "about": item.description.strip(),
        "how_to_implement": item.how_to_implement.strip() or "Nothing is said.",
        "known_false_positives": item.known_false_positives.strip() or "None are known.",
        "response": "\n".join(_response(catalogue, item)),
        "macros": "\n".join(f"{name}: {about[name]}" if about.get(name) else name for name in calls) or "None.",
        "references": "\n".join(item.references) or "None.",
        "filter": item.filter_macro,
        "events": read.events,
        "counts": read.counts,
        "unfiltered": read.unfiltered,
    }


def _response(catalogue: Catalogue, item: Detection) -> Iterator[str]:
    """What a hit does by itself, what an analyst is offered, which tasks and playbooks go with it."""
    deployment = catalogue.deployment(item.type) or Deployment(name="", file="", type=item.type)
    if item.risk_objects and deployment.risk:
        scored = ", ".join(f"{e.field} ({e.type}, {e.score})" for e in item.risk_objects)
        yield f"A hit scores risk for {scored}: {item.message}"
    if deployment.notable and catalogue.config.flavour != "no-es":
        yield "A hit opens a notable."
    yield from (f"Look further: {drill.name}" for drill in item.drilldown_searches)
    stories = set(item.analytic_story)
    for task in catalogue.investigations:
        if stories & set(task.analytic_story):
            yield f"Response task: {catalogue.config.task_name(task.name)}"
    yield from (f"Playbook: {book.name}" for book in catalogue.playbooks if item.name in book.detections)
    if not item.risk_objects and not item.drilldown_searches:
        yield "A hunt: look through the hits."


def _drilldowns(catalogue: Catalogue, item: Detection) -> Iterator[Row]:
    """A saved search stands for what the detection ran: with the filter of the site, and short."""
    name = catalogue.config.rule_name(item.name)
    for number, drill in enumerate(item.drilldown_searches):
        yield {
            "search_name": name,
            "number": number,
            "drill_name": drill.name,
            "drill_search": drill.search.replace("%original_detection_search%", f"| savedsearch {quoted(name)}"),
            "drill_earliest": drill.earliest_offset,
            "drill_latest": drill.latest_offset,
        }


def _techniques(items: Iterable[Detection]) -> Iterator[Row]:
    """A row a technique and tactic."""
    known = techniques()
    for id_ in sorted({i for item in items for i in item.mitre_attack_id if i in known}):
        for tactic in known[id_].tactics:
            yield {"technique": id_, "name": known[id_].name, "tactic": tactic}


def _sources(catalogue: Catalogue, item: Detection, read: Reading) -> Iterator[Row]:
    """What tells a detection's events without searching them: its data model's dataset, else the sources that it was proved on or
    that its data sources are described by."""
    name = catalogue.config.rule_name(item.name)
    if read.dataset:
        yield {"search_name": name, "detection": item.name, "dataset": read.dataset, "source": "", "sourcetype": ""}
        return
    proved = [(d.source, d.sourcetype) for test in item.tests for d in (*test.attack_data, *test.fallback)]
    described = [(s.source, s.sourcetype) for s in catalogue.data_sources if s.name in item.data_source]
    for source, sourcetype in dict.fromkeys(pair for pair in (*proved, *described) if all(pair)):
        yield {"search_name": name, "detection": item.name, "dataset": "", "source": source, "sourcetype": sourcetype}


def _cell(values: Iterable[str]) -> str:
    return "|".join(value.replace("|", "/") for value in values)


def _csv(columns: tuple[str, ...], rows: Iterable[Mapping[str, object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([row[column] for column in columns] for row in rows)
    return out.getvalue()
