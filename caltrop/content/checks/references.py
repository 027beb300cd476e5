"""What objects say of each other: macros, lookups, stories, techniques, data sources, baselines, data files."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from caltrop.content import generated, wellknown
from caltrop.content.attack import techniques
from caltrop.content.checks.finding import Finding, of
from caltrop.content.model import Baseline, Catalogue, Detection, EnrichmentLookup, Investigation, Lookup
from caltrop.content.spltext import macro_calls, without_comments
from caltrop.dialect.words import did_you_mean

Search = Detection | Baseline | Investigation
_LOOKUP = re.compile(
    r"\|\s*(?:inputlookup|outputlookup|lookup)\b((?:\s+[a-z_]+=\S+)*)\s+(?:\"([^\"]+)\"|([\w.:-]+))", re.I
)


_IN_TEXT = re.compile(r"`([\w.:-]+)")  # also in strings, where nothing calls them: somebody thinks of them there


def check(catalogue: Catalogue) -> Iterator[Finding]:
    yield from _macros(catalogue)
    yield from _lookups(catalogue)
    yield from _stories(catalogue)
    yield from _others(catalogue)
    yield from _overrides(catalogue)


def _overrides(catalogue: Catalogue) -> Iterator[Finding]:
    """An override that is for nothing hides a typing error, or is left over."""
    names = {item.name for item in searches(catalogue)}
    for index, override in enumerate(catalogue.config.overrides):
        if override.detection not in names:
            hint = did_you_mean(override.detection, names) or "remove the override"
            path = ("validation", "overrides", index, "detection")
            what = f"no detection {override.detection!r}"
            yield Finding(catalogue.config.file, path, "unknown-detection", what, hint)


def searches(catalogue: Catalogue) -> Iterable[Search]:
    yield from catalogue.detections
    yield from catalogue.baselines
    yield from catalogue.investigations


def _macros(catalogue: Catalogue) -> Iterator[Finding]:
    arities: dict[str, set[int]] = {}
    for macro in [*catalogue.macros, *wellknown.macros()]:
        arities.setdefault(macro.name, set()).add(len(macro.arguments))
    for detection in catalogue.detections:
        arities.setdefault(detection.filter_macro, set()).add(0)
    external = set(catalogue.config.external_macros)
    used: set[str] = set()
    for item in searches(catalogue):
        used.update(_IN_TEXT.findall(item.search))
        for call in macro_calls(item.search):
            used.add(call.name)
            if call.name in external:
                continue
            known = arities.get(call.name)
            if known is None:
                hint = did_you_mean(call.name, arities) or "add it to macros/, or declare it external in app.yml"
                yield of(item, ("search",), "unknown-macro", f"no macro {call.name!r}", hint, call.start)
            elif call.arity not in known:
                takes = " or ".join(str(n) for n in sorted(known))
                message = f"macro {call.name!r} takes {takes} argument(s), not {call.arity}"
                yield of(item, ("search",), "unknown-macro", message, "see its 'arguments'", call.start)
    for macro in catalogue.macros:
        used.update(call.name for call in macro_calls(macro.definition))
    for detection in catalogue.detections:
        used.update(call.name for drill in detection.drilldown_searches for call in macro_calls(drill.search))
    yield from _loops(catalogue)
    for macro in catalogue.macros:
        if macro.name not in used:
            hint = "remove it, or turn the rule off for macros that users call"
            yield of(macro, ("name",), "unused-macro", f"no search uses the macro {macro.name!r}", hint)


def _loops(catalogue: Catalogue) -> Iterator[Finding]:
    calls = {
        m.stanza: {f"{c.name}({c.arity})" if c.arity else c.name for c in macro_calls(m.definition)}
        for m in catalogue.macros
    }
    for macro in catalogue.macros:
        todo, seen = list(calls[macro.stanza]), set[str]()
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo += calls.get(name, ())
        if macro.stanza in seen:
            what = f"the macro {macro.name!r} leads back to itself"
            yield of(macro, ("definition",), "macro-loop", what, "Splunk does not expand macros without end")


def _enrichment_lookup(
    catalogue: Catalogue, item: Detection, index: int, wanted: EnrichmentLookup, known: set[str]
) -> Iterator[Finding]:
    """The lookup exists, and has the columns, where they are known."""
    path = ("enrichment", "lookups", index)
    if wanted.name not in known:
        hint = did_you_mean(wanted.name, known) or "add it to lookups/, or declare it external in app.yml"
        yield of(item, (*path, "name"), "unknown-lookup", f"no lookup {wanted.name!r}", hint)
        return
    columns = next((_columns(catalogue, one) for one in catalogue.lookups if one.name == wanted.name), ())
    for part, pairs in (("match", wanted.pairs()), ("output", wanted.outputs())):
        for column, _ in pairs:
            if columns and column not in columns:
                what = f"the lookup {wanted.name!r} has no column {column!r}"
                yield of(
                    item,
                    (*path, part),
                    "unknown-lookup-column",
                    what,
                    did_you_mean(column, columns) or "it has " + ", ".join(columns[:12]),
                )


def _columns(catalogue: Catalogue, item: Lookup) -> tuple[str, ...]:
    """The columns of a lookup; () where they are not known."""
    if item.fields:
        return tuple(name.strip() for name in item.fields.split(",") if name.strip())
    path = catalogue.data_path(item.data_file) if item.data_file else None
    if path is None or not path.is_file():
        return ()
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        return tuple(next(csv.reader(file), []))


def lookup_names(search: str) -> Iterator[tuple[str, int]]:
    """Names given to lookup, inputlookup and outputlookup, with their offsets."""
    for match in _LOOKUP.finditer(without_comments(search)):
        group = 2 if match.group(2) else 3
        yield match.group(group), match.start(group)


def _lookups(catalogue: Catalogue) -> Iterator[Finding]:
    known: set[str] = {"mitre_enrichment", generated.ENRICHMENT, *wellknown.LOOKUPS, *catalogue.config.external_lookups}
    for lookup in catalogue.lookups:
        known.update({lookup.name, lookup.filename} - {""})
    used: set[str] = set()
    for item in searches(catalogue):
        for name, offset in lookup_names(item.search):
            used.add(name)
            if name not in known:
                hint = did_you_mean(name, known) or "add it to lookups/, or declare it external in app.yml"
                yield of(item, ("search",), "unknown-lookup", f"no lookup {name!r}", hint, offset)
    for detection in catalogue.detections:
        for index, wanted in enumerate(detection.enrichment.lookups if detection.enrichment else ()):
            used.add(wanted.name)
            yield from _enrichment_lookup(catalogue, detection, index, wanted, known)
    text = "\n".join([*(i.search for i in searches(catalogue)), *(m.definition for m in catalogue.macros)])
    words = set(re.findall(r"[\w.-]+", text))
    for lookup in catalogue.lookups:
        model = lookup.name.removeprefix("__mlspl_")
        if not {lookup.name, lookup.filename, model} & words and not {lookup.name, model} & used:
            yield of(lookup, ("name",), "unused-lookup", f"no search uses the lookup {lookup.name!r}", "remove it")
        path = catalogue.data_path(lookup.data_file)
        if lookup.data_file and path is None:
            yield of(
                lookup,
                ("name",),
                "missing-data",
                f"{lookup.data_file} is not there",
                "add the file, or correct 'filename'",
            )
        elif lookup.kind == "csv" and path is not None:
            yield from _header(lookup, path)
    for dashboard in catalogue.dashboards:
        path = catalogue.data_path(dashboard.data_file)
        fault = "is not there" if path is None else _json_fault(path)
        if fault:
            yield of(dashboard, ("name",), "missing-data", f"{dashboard.data_file} {fault}", "add the dashboard's JSON")


def _json_fault(path: Path) -> str:
    try:
        json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        return f"is not JSON: {error}"
    return ""


_LONGEST_FIELD = 1_000  # characters; a longer "name" is data


def _header(lookup: Lookup, path: Path) -> Iterator[Finding]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        try:
            header = next(csv.reader(stream), [])
        except csv.Error as error:
            message = f"{path.name} is not CSV: {error}"
            yield of(lookup, ("name",), "lookup-header", message, "the first line names the fields")
            return
    names = [h.strip() for h in header]
    twice = sorted({n for n in names if names.count(n) > 1})
    longest = max(map(len, names), default=0)
    message = ""
    if longest > _LONGEST_FIELD:
        message = f"{path.name} names a field of {longest:,} characters"
    elif twice:
        message = f"{path.name} names {twice[0]!r} twice"
    elif not any(names):
        message = f"{path.name} has no header line"
    if message:
        yield of(lookup, ("name",), "lookup-header", message, "the first line names the fields")


def _stories(catalogue: Catalogue) -> Iterator[Finding]:
    names = {story.name for story in catalogue.stories}
    told: set[str] = set()
    for item in searches(catalogue):
        told.update(item.analytic_story)
        if not isinstance(item, Detection):
            continue
        for index, name in enumerate(item.analytic_story):
            if name not in names:
                hint = did_you_mean(name, names) or "add it to stories/"
                path = ("analytic_story", index) if item.schema == "flat" else ("tags", "analytic_story", index)
                yield of(item, path, "unknown-story", f"no story {name!r}", hint)
    for story in catalogue.stories:
        if story.name not in told and story.status != "deprecated":
            yield of(story, ("name",), "empty-story", f"no search belongs to the story {story.name!r}", "remove it")


def _others(catalogue: Catalogue) -> Iterator[Finding]:
    sources = {s.name for s in catalogue.data_sources}
    baselines = {b.name for b in catalogue.baselines}
    types = {d.type for d in catalogue.deployments}
    near = cache(lambda source: did_you_mean(source, sources))  # many detections name the same one
    for item in catalogue.detections:
        prefix: tuple[str, ...] = () if item.schema == "flat" else ("tags",)
        for index, technique in enumerate(item.mitre_attack_id):
            if technique not in techniques():
                hint = "check the id at attack.mitre.org"
                yield of(
                    item, (*prefix, "mitre_attack_id", index), "unknown-technique", f"no technique {technique!r}", hint
                )
        for index, source in enumerate(item.data_source):
            if sources and source not in sources:
                hint = near(source) or "add it to data_sources/"
                yield of(item, ("data_source", index), "unknown-data-source", f"no data source {source!r}", hint)
        for index, baseline in enumerate(item.baselines):
            if baseline not in baselines:
                yield of(
                    item, ("baselines", index), "unknown-baseline", f"no baseline {baseline!r}", "add it to baselines/"
                )
        if types and item.type not in types:
            yield of(
                item, ("type",), "no-deployment", f"no deployment for type {item.type!r}", "add one to deployments/"
            )
