"""caltrop knowledge: how much of what real add-ons extract do ours extract?"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import polars as pl
import yaml

from caltrop.cli.search import unpacked
from caltrop.engine.instance import Instance
from caltrop.errors import CaltropError, Location
from caltrop.knowledge import addon_apps

# Bookkeeping of an indexer about its own files and hosts: no event carries it.
INDEXER_FIELDS = frozenset({"timestartpos", "timeendpos", "splunk_server_group"})


@dataclass(frozen=True, slots=True)
class Sample:
    """A data source with an example event and the fields that are expected of it."""

    name: str
    path: Path
    source: str
    sourcetype: str
    event: str
    fields: tuple[str, ...]


@dataclass(slots=True)
class Verdict:
    sample: Sample
    found: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    error: str = ""

    @property
    def recall(self) -> float:
        return len(self.found) / max(1, len(self.sample.fields))


@click.group("knowledge")
def command() -> None:
    """Check add-ons against example logs."""


@command.command("check")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--app",
    "apps",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="PACKAGE",
    help="Further apps (packages or folders).",
)
@click.option("--addons/--no-addons", default=True, help="Use the repository's add-ons (default).")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="json: one object a data source."
)
def check(folder: Path, apps: tuple[Path, ...], addons: bool, form: str) -> None:
    """Index each example log of the data sources in FOLDER, extract its fields, compare them with those listed.

    FOLDER is a content repository (its data_sources/ is read) or a folder of data source files.
    """
    with tempfile.TemporaryDirectory(prefix="caltrop-knowledge-") as scratch:
        instance = Instance(None, [*(addon_apps() if addons else ()), *unpacked(apps, Path(scratch))])
        verdicts = [examine(instance, sample) for sample in samples(folder)]
        problems = instance.knowledge("search", "nobody").problems
    for verdict in verdicts:
        click.echo(as_json(verdict) if form == "json" else as_text(verdict))
    for problem in problems:
        click.echo(f"warning: {problem}", err=True)
    click.echo(summary(verdicts), err=form == "json")
    if not verdicts:
        click.echo("no data source has both an example log and a list of fields", err=True)
        sys.exit(1)


def samples(folder: Path) -> Iterable[Sample]:
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
        )


def examine(instance: Instance, sample: Sample) -> Verdict:
    """Index the example alone in an index of its own and search it for the fields."""
    index = f"sample{len(instance.store.indexes())}"
    instance.store.create_index(index)
    raw = sample.event.rstrip()
    event = {
        "_time": [1.7e9],
        "_raw": [raw],
        "host": ["example-host"],
        "source": [sample.source],
        "sourcetype": [sample.sourcetype],
    }
    instance.store.append(pl.DataFrame({**event, "index": [index], "_indextime": [1.7e9]}))
    verdict = Verdict(sample)
    quoted = " ".join('"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"' for name in sample.fields)
    try:
        frame = instance.search(f"search index={index} | fields {quoted}").table.frame
    except CaltropError as error:
        verdict.error = str(error)
        verdict.missing = list(sample.fields)
        return verdict
    present = {name for name in frame.columns if frame[name].null_count() < frame.height}
    for name in sample.fields:
        (verdict.found if name in present else verdict.missing).append(name)
    return verdict


def as_text(verdict: Verdict) -> str:
    sample = verdict.sample
    line = f"{verdict.recall:6.1%}  {len(verdict.found):3} of {len(sample.fields):3}  {sample.path.name}"
    if verdict.error:
        return f"{line}  error: {verdict.error}"
    return f"{line}  missing: {', '.join(verdict.missing)}" if verdict.missing else line


def as_json(verdict: Verdict) -> str:
    sample = verdict.sample
    return json.dumps(
        {
            "name": sample.name,
            "file": sample.path.name,
            "found": len(verdict.found),
            "fields": len(sample.fields),
            "missing": verdict.missing,
            "error": verdict.error or None,
        }
    )


def summary(verdicts: list[Verdict]) -> str:
    found = sum(len(v.found) for v in verdicts)
    fields = sum(len(v.sample.fields) for v in verdicts)
    return (
        f"field recall {100 * found / max(1, fields):.1f}% ({found} of {fields} fields, {len(verdicts)} data sources)"
    )
