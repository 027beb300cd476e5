"""How much of what real add-ons extract do ours extract? Example logs with lists of fields -> what was found of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from caltrop.dialect.words import quoted
from caltrop.engine.instance import Instance
from caltrop.errors import CaltropError, Location

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


@dataclass(frozen=True, slots=True)
class Verdict:
    """What of a sample's fields was found; `common_missing` of those that models read."""

    sample: Sample
    found: list[str]
    missing: list[str]
    common_missing: list[str]

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
        )


def common_fields(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Fields of the Common Information Model that the file promises: its CIM mappings and its output fields."""
    names = [str(name) for name in data.get("output_fields") or ()]
    for mapping in data.get("field_mappings") or ():
        if isinstance(mapping, dict) and mapping.get("data_model") == "cim":
            names.extend(str(target).rpartition(".")[2] for target in (mapping.get("mapping") or {}).values())
    return tuple(dict.fromkeys(names))


def examine(instance: Instance, chosen: Sequence[Sample]) -> tuple[list[Verdict], list[str]]:
    """Index every example, one event each on a host of its own, and search for all fields at once.

    Verdicts, and the faults of the knowledge that the search met.
    """
    if not chosen:
        return [], []
    instance.store.create_index("samples")
    columns = {
        "_raw": [s.event.rstrip() for s in chosen],
        "host": [f"sample-{number}" for number in range(len(chosen))],
        "source": [s.source for s in chosen],
        "sourcetype": [s.sourcetype for s in chosen],
    }
    frame = pl.DataFrame(columns).with_columns(_time=1.7e9, _indextime=1.7e9, index=pl.lit("samples"))
    instance.store.append(frame)
    names = dict.fromkeys(["host", *(name for s in chosen for name in (*s.fields, *s.common))])
    listed = " ".join(map(quoted, names))
    result = instance.search(f"search index=samples | fields {listed}")
    found = result.table.frame
    rows = {str(row["host"]): row for row in found.iter_rows(named=True)}
    verdicts = []
    for number, sample in enumerate(chosen):
        row = rows.get(f"sample-{number}", {})
        present = {name for name, value in row.items() if value is not None}
        found_here = [name for name in sample.fields if name in present]
        missing = [name for name in sample.fields if name not in present]
        verdicts.append(Verdict(sample, found_here, missing, [name for name in sample.common if name not in present]))
    return verdicts, [message.text for message in result.messages if message.severity == "WARN"]


def as_text(verdict: Verdict) -> str:
    sample = verdict.sample
    line = f"{verdict.recall:6.1%}  {len(verdict.found):3} of {len(sample.fields):3}  {sample.path.name}"
    if verdict.missing:
        line += f"  missing: {', '.join(verdict.missing)}"
    return f"{line}  missing for data models: {', '.join(verdict.common_missing)}" if verdict.common_missing else line


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
        }
    )


def summary(verdicts: Sequence[Verdict]) -> list[str]:
    """Two lines: fields that data models read, if any data source names some, and all fields."""
    lines = []
    common = sum(len(v.sample.common) for v in verdicts)
    if common:
        held = common - sum(len(v.common_missing) for v in verdicts)
        lines.append(f"data model field recall {100 * held / common:.1f}% ({held} of {common} fields)")
    found = sum(len(v.found) for v in verdicts)
    fields = sum(len(v.sample.fields) for v in verdicts)
    recall = 100 * found / max(1, fields)
    lines.append(f"field recall {recall:.1f}% ({found} of {fields} fields, {len(verdicts)} data sources)")
    return lines
