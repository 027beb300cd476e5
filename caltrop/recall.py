"""How much of what real add-ons extract do ours extract, and what do they invent? Example logs with lists of fields -> verdicts."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from caltrop.dialect.words import quoted
from caltrop.engine.asking import asker
from caltrop.engine.context import Context
from caltrop.engine.execute import Engine
from caltrop.engine.instance import Instance
from caltrop.errors import CaltropError, Location
from caltrop.index import importers, transforms
from caltrop.index.props import Props
from caltrop.index.timestamp import UNFOUND
from caltrop.knowledge.asking import Fault

# What every event has; lists of fields hold them or leave them out as it happens.
DEFAULT_FIELDS = frozenset(
    {"host", "source", "sourcetype", "index", "linecount", "punct", "splunk_server", "timestamp", "_time", "_raw"}
    | {"eventtype", "tag", "tag::eventtype"}
)
BARE_FIELDS = frozenset({"host", "source", "sourcetype", "index"})  # never counted as invented
SAMPLE = "caltrop_sample"  # the field that says which example an event is of
# Bookkeeping of an indexer about its own files and hosts: no event carries it.
INDEXER_FIELDS = frozenset({"timestartpos", "timeendpos", "splunk_server_group"})


@dataclass(frozen=True, slots=True)
class Sample:
    """A data source with an example event, the fields that are expected of it, and those that models read (`common`)."""

    name: str
    path: Path
    source: str
    sourcetype: str
    event: str
    fields: tuple[str, ...]
    common: tuple[str, ...] = ()
    mapped: tuple[tuple[str, str], ...] = ()  # (raw field, field of the Common Information Model that takes its value)

    @property
    def bare(self) -> bool:
        """Whether the list names nothing but what the event itself spells out: it was made without any add-on."""
        names = {n for n in self.fields if n not in DEFAULT_FIELDS and not n.startswith("date_")}
        try:
            keys = set(_keys(json.loads(self.event)))
        except ValueError:
            return all(re.search(rf"(?<![\w.]){re.escape(name)}=", self.event) for name in names)
        return names <= keys


def _keys(value: Any, prefix: str = "") -> Iterator[str]:
    """The names that search time gives to the parts of a JSON value."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield f"{prefix}{key}"
            yield from _keys(part, f"{prefix}{key}.")
    elif isinstance(value, list):
        yield f"{prefix[:-1]}{{}}"
        for part in value:
            yield from _keys(part, f"{prefix[:-1]}{{}}.")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What of a sample's fields was found; `common_missing` of those that models read.

    `invented`: fields of the event that the list does not have, members of JSON lists left out. `differing`: fields of
    the Common Information Model whose value is not that of the raw field that the file maps to them (some are meant to
    differ: a user without its domain).
    """

    sample: Sample
    found: list[str]
    missing: list[str]
    common_missing: list[str]
    invented: list[str]
    differing: list[str]

    @property
    def recall(self) -> float:
        return len(self.found) / max(1, len(self.sample.fields))


def samples(folder: Path) -> Iterator[Sample]:
    """Data sources that have an example and a list of fields, in order of their files."""
    inner = folder / "data_sources"
    for path in sorted((inner if inner.is_dir() else folder).rglob("*.y*ml")):
        try:
            data: Any = yaml.load(path.read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise CaltropError(f"cannot read: {error}", location=Location(str(path))) from error
        if not isinstance(data, dict) or not data.get("example_log") or not data.get("fields"):
            continue
        event = data["example_log"]
        yield Sample(
            str(data.get("name", path.stem)),
            path,
            str(data.get("source", "")),
            str(data.get("sourcetype", "")),
            event if isinstance(event, str) else json.dumps(event),
            tuple(str(f) for f in data["fields"] if str(f) not in INDEXER_FIELDS),
            common_fields(data),
            mapped_fields(data),
        )


def common_fields(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Fields of the Common Information Model that the file promises: its CIM mappings and its output fields."""
    names = [str(name) for name in data.get("output_fields") or ()]
    for mapping in data.get("field_mappings") or ():
        if isinstance(mapping, dict) and mapping.get("data_model") == "cim":
            names.extend(str(target).rpartition(".")[2] for target in (mapping.get("mapping") or {}).values())
    return tuple(dict.fromkeys(names))


def mapped_fields(data: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Raw fields and those of the Common Information Model that the file says take their values."""
    return tuple(
        (str(raw), str(target).rpartition(".")[2])
        for mapping in data.get("field_mappings") or ()
        if isinstance(mapping, dict) and mapping.get("data_model") == "cim"
        for raw, target in (mapping.get("mapping") or {}).items()
    )


def examine(instance: Instance, chosen: Sequence[Sample]) -> tuple[list[Verdict], list[str]]:
    """Index every example as its source and sourcetype say, and search for all fields at once.

    Verdicts, and what went wrong at index time or was a warning of the search.
    """
    if not chosen:
        return [], []
    instance.store.create_index("samples")
    problems: list[str] = []
    for number, sample in enumerate(chosen):
        store(instance, sample, str(number), problems)
    names = dict.fromkeys([SAMPLE, *(n for s in chosen for n in (*s.fields, *s.common, *sum(s.mapped, ())))])
    listed = " ".join(map(quoted, names))
    result = instance.search(f"search index=samples | fields {listed}")
    rows = by_sample(result.table.frame)
    all_rows = by_sample(instance.search("search index=samples | fields *").table.frame)
    verdicts = []
    for number, sample in enumerate(chosen):
        row = rows.get(str(number), {})
        present = set(row)
        found_here = [name for name in sample.fields if name in present]
        missing = [name for name in sample.fields if name not in present]
        common_missing = [name for name in sample.common if name not in present]
        held = sorted(all_rows.get(str(number), {}).keys() - {SAMPLE})
        invented = [
            n
            for n in held
            if not n.startswith("_") and "{}" not in n and n not in BARE_FIELDS and n not in sample.fields
        ]
        differing = [n for raw, n in sample.mapped if {raw, n} <= present and row[raw] != row[n]]
        verdicts.append(Verdict(sample, found_here, missing, common_missing, invented, differing))
    return verdicts, [*problems, *(message.text for message in result.messages if message.severity == "WARN")]


def _without_marks(frame: pl.DataFrame) -> pl.DataFrame:
    """Events without `timestamp=none`, which tells of the example's time and nothing of its source."""
    marks = frame.get_column(UNFOUND) if UNFOUND in frame.columns else None
    return frame if marks is None or (marks.drop_nulls() != "none").any() else frame.drop(UNFOUND)


def store(instance: Instance, sample: Sample, mark: str, problems: list[str]) -> None:
    """Index an example as its source and sourcetype say, into the index `samples`, its events marked in the field `SAMPLE`."""
    for frame in map(_without_marks, _indexed(instance, sample, problems)):
        # Transforms may give the event another host, source, sourcetype and index: this field says whose it is.
        instance.store.append(frame.with_columns(pl.lit(mark).alias(SAMPLE), index=pl.lit("samples")))


def _indexed(instance: Instance, sample: Sample, problems: list[str]) -> list[pl.DataFrame]:
    """The example broken into events, dated and transformed; where nothing came of it, the example as one event."""
    text = sample.event.rstrip()
    options = instance.import_options(
        host="sample",
        source=sample.source or None,
        sourcetype=sample.sourcetype or None,
        index="samples",
        format="raw",
        on_problem=lambda problem: problems.append(f"{sample.path.name}: {problem.message}"),
    )
    frames = [frame for frame in importers.read(f"{text}\n".encode(), options) if frame.height]
    if frames:
        return frames
    problems.append(f"{sample.path.name}: index time leaves no event of the example: it is looked at as one event")
    event = {"_raw": [text], "host": ["sample"], "source": [sample.source], "sourcetype": [sample.sourcetype]}
    return [pl.DataFrame(event).with_columns(_time=1.7e9, _indextime=1.7e9)]


def by_sample(found: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """sample -> the fields that its events have; of several events the first that has one."""
    rows: dict[str, dict[str, Any]] = {}
    for row in found.iter_rows(named=True):
        held = rows.setdefault(str(row[SAMPLE]), {})
        for name, value in row.items():
            if value is not None:
                held.setdefault(name, value)
    return rows


_TELLS_ITS_PLACE = re.compile(r"(.+?\.conf:\d+): (.*)", re.DOTALL)


def faults(instance: Instance, apps: Collection[str] = ()) -> list[Fault]:
    """Everything in the knowledge of the installed apps that cannot work, by place.

    It is looked at as a search in `search` sees it, as one in each of the named apps does, and as an indexer does.
    """
    found: dict[Fault, None] = {}
    for app in dict.fromkeys(["search", *apps]):
        asked = asker(Context(instance, Engine(), instance.clock(), app=app, user="nobody"))
        instance.knowledge(app, "nobody").check(asked)
        found.update(dict.fromkeys(met.fault for met in asked.met))
    told = {(fault.place, fault.what) for fault in found}
    for text in index_time_faults(instance):
        place = _TELLS_ITS_PLACE.fullmatch(text)
        fault = Fault(place[1], place[2]) if place else Fault("", text)
        if (fault.place, fault.what) not in told:
            found[fault] = None
    return sorted(
        found, key=lambda fault: (fault.place.rpartition(":")[0], int("0" + fault.place.rpartition(":")[2]), fault.what)
    )


def index_time_faults(instance: Instance) -> list[str]:
    """What each props.conf stanza by itself asks for at index time and cannot have, of an event that says nothing."""
    rules = instance.knowledge("search", "nobody")
    told: dict[str, None] = {}
    event = pl.DataFrame({"_raw": [""], "host": [""], "source": [""], "sourcetype": [""], "index": ["main"]})
    event = event.with_columns(_time=1.7e9, _indextime=1.7e9)

    def hear(text: str) -> None:
        told[text] = None

    for settings in rules.index_time_stanzas():
        Props.from_mapping(settings, hear)
        transforms.apply(event, lambda *_, held=settings: held, rules.index_time_transform, hear, instance.evaluate)
    return list(told)


def as_text(verdict: Verdict) -> str:
    sample = verdict.sample
    line = f"{verdict.recall:6.1%}  {len(verdict.found):3} of {len(sample.fields):3}  {sample.path.name}"
    if verdict.missing:
        line += f"  missing: {', '.join(verdict.missing)}"
    if verdict.common_missing:
        line += f"  missing for data models: {', '.join(verdict.common_missing)}"
    if verdict.invented and not sample.bare:
        line += f"  invented: {', '.join(verdict.invented)}"
    return f"{line}  differing: {', '.join(verdict.differing)}" if verdict.differing else line


def as_json(verdict: Verdict) -> str:
    sample = verdict.sample
    return json.dumps(
        {
            "name": sample.name,
            "file": sample.path.name,
            "found": len(verdict.found),
            "fields": len(sample.fields),
            "missing": verdict.missing,
            "common_fields": len(sample.common),
            "common_missing": verdict.common_missing,
            "invented": verdict.invented,
            "bare_list": sample.bare,
            "differing": verdict.differing,
        }
    )


def summary(verdicts: Sequence[Verdict]) -> list[str]:
    """Fields that data models read, if any data source names some, how many of those found are real, and all fields.

    Lists that were made without an add-on say nothing of what one adds: they do not count for precision.
    """
    lines = []
    common = sum(len(v.sample.common) for v in verdicts)
    if common:
        held = common - sum(len(v.common_missing) for v in verdicts)
        lines.append(f"data model field recall {100 * held / common:.1f}% ({held} of {common} fields)")
    listed = [v for v in verdicts if not v.sample.bare]
    invented = sum(len(v.invented) for v in listed)
    given = sum(len(v.found) for v in listed) + invented
    if given:
        share = 100 * (given - invented) / given
        lines.append(
            f"field precision {share:.1f}% ({invented} of {given} fields invented, {len(listed)} data sources)"
        )
    found = sum(len(v.found) for v in verdicts)
    fields = sum(len(v.sample.fields) for v in verdicts)
    recall = 100 * found / max(1, fields)
    lines.append(f"field recall {recall:.1f}% ({found} of {fields} fields, {len(verdicts)} data sources)")
    return lines
