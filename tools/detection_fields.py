"""Does every detection of a repository find the fields that it reads in the data sources that it names?

    python -m tools.detection_fields ../shared/corpus/escu [--decisive] [--verbose] [--examples tests/addons/examples]

Each example log of `data_sources/` is indexed under its source and sourcetype, and under those that the tests of the
detections state for it. A detection that searches events has its fields where an example of one of its data sources has
them; one that searches a data model where such an example belongs to the dataset and gives them a value of its own
(`unknown`, which the model fills in, is none). What is counted as missing: a field that no example of the detection's data
sources gives although a page of one lists it, or that belongs to a data model. Other fields that the example happens to
lack (one more key of a JSON document) are told apart, as `not listed`. Published examples are often cut off: `--examples` names
folders with more of them, data source files whose `name` is that of the data source.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from caltrop import recall
from caltrop.content import Catalogue, Detection, load
from caltrop.corpus.run import as_command, write_app
from caltrop.engine.context import Context
from caltrop.engine.execute import Engine
from caltrop.engine.instance import Instance
from caltrop.engine.reading import read
from caltrop.knowledge import layers
from caltrop.recall import DEFAULT_FIELDS, SAMPLE, Sample, samples
from caltrop.spl.ast import (
    Alias,
    And,
    Binary,
    Call,
    Clause,
    Command,
    Comparison,
    Directive,
    FieldName,
    Keyword,
    Membership,
    Node,
    Not,
    Option,
    Or,
    Pipeline,
    Subsearch,
    Unary,
    Word,
)
from caltrop.spl.commands import declaration_of
from caltrop.spl.fieldsets import NONE

GROUPING = frozenset({"dedup", "join", "top", "rare", "transaction", "eventstats", "streamstats"})
INTERNAL = DEFAULT_FIELDS | {
    "_indextime",
    "_cd",
    "unit",
    "date_hour",
    "date_wday",
    "count",
    "nodename",
    "earliest",
    "latest",
}
FILLED = frozenset({"unknown", "null", "0", "-1"})

_BARE_TIME = re.compile(r"[\d/: ]+[AP]M")  # examples that were cut behind their first line

Alternatives = tuple[frozenset[str], ...]  # one of these sets of fields has to be there


@dataclass(slots=True)
class Reads:
    """What one pipeline reads of events, of an index (`model` empty) or of a dataset.

    `compared`: rows pass only with these; `grouped`: rows are lost where one is missing; `shown`: the rest.
    """

    model: str = ""
    dataset: str = ""
    compared: set[Alternatives] = field(default_factory=set)
    grouped: set[str] = field(default_factory=set)
    shown: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`missing`: fields that are listed, or of a data model, and that no example gives. `outside`: datasets without one."""

    detection: Detection
    missing: tuple[str, ...]
    unlisted: tuple[str, ...]
    outside: tuple[str, ...]

    @property
    def given(self) -> bool:
        return not self.missing and not self.outside


# --- what a search reads -----------------------------------------------------------------------------------------------


def readings(pipeline: Pipeline) -> Iterator[Reads]:
    """What each pipeline of a search (subsearches too) reads of the events that it starts from."""
    commands = [command for command in pipeline.commands if isinstance(command, Command)]
    for command in commands:
        for sub in (node for node in command.walk() if isinstance(node, Subsearch)):
            yield from readings(sub.pipeline)
    found = _start(commands[0]) if commands else None
    if found is None:
        return
    made: set[str] = set(INTERNAL)
    for number, command in enumerate(commands):
        _note(command, found, made)
        declared = declaration_of(command.name)
        made |= declared.gives(command, NONE).names
        if command.name == "tstats" or (number and declared.keeps_only_named(command)):
            break
    yield found


def _start(first: Command) -> Reads | None:
    """Where the pipeline's rows come from; None where that is not events."""
    if first.name == "search":
        return Reads()
    named = ""
    if first.name == "tstats":
        named = next((str(n.value) for n in first.walk() if isinstance(n, Option) and n.name == "datamodel"), "")
    elif first.name in ("from", "datamodel"):
        words = [part.text for part in first.parts if isinstance(part, Word)]
        named = ".".join(words[:2]).removeprefix("datamodel:").removeprefix("datamodel.")
    model, _, dataset = named.replace('"', "").partition(".")
    if model and not dataset:  # the root whose fields it names
        dataset = next(
            (n.name.partition(".")[0] for n in first.walk() if isinstance(n, FieldName) and "." in n.name), ""
        )
    return Reads(model, dataset) if model else None


def _note(command: Command, found: Reads, made: Set[str]) -> None:
    def bare(name: str) -> str:
        return name.partition(".")[2] if found.model and command.name in ("tstats", "rename") and "." in name else name

    def new(names: Iterable[str]) -> frozenset[str]:
        return frozenset(n for n in map(bare, names) if n not in made and not {"*", "`", "$"} & set(n))

    for part in command.parts:
        keyword = part.keyword.lower() if isinstance(part, Clause) else ""
        if command.name in ("search", "where", "regex") or (command.name == "tstats" and keyword == "where"):
            conditions = part.parts if isinstance(part, Clause) else (part,)
            for condition in conditions:
                for needed in _needs(condition):
                    wanted = tuple(new(one) for one in needed)
                    if all(wanted):
                        found.compared.add(wanted)
        elif command.name in GROUPING or keyword == "by":
            found.grouped |= new(_fields(part))
        else:
            found.shown |= new(_fields(part))


def _needs(node: Node) -> Iterator[Alternatives]:
    """What a condition cannot hold without. `NOT field=x` holds where the field is missing, as does what tests for that."""
    match node:
        case And(items):
            for item in items:
                yield from _needs(item)
        case Binary("AND", left, right):
            yield from _needs(left)
            yield from _needs(right)
        case Or(items):
            yield from _either(items)
        case Binary("OR", left, right):
            yield from _either((left, right))
        case Not() | Unary("NOT", _) | Subsearch() | Directive() | Keyword():
            return
        case Comparison(name, op, value) if isinstance(value, Word) and not (op == "=" and set(value.text) == {"*"}):
            yield (frozenset({name.name}),)
        case Comparison(name, _, _) | Membership(name, _):
            yield (frozenset({name.name}),)
        case Call(name, _) if name in ("isnull", "coalesce", "isnotnull", "if", "case", "searchmatch"):
            return
        case _:
            names = frozenset(_fields(node))
            if names and not any(isinstance(n, Call) and n.name in ("isnull", "coalesce") for n in node.walk()):
                yield (names,)


def _either(items: Sequence[Node]) -> Iterator[Alternatives]:
    """One of them: nothing is needed where one needs nothing."""
    branches = [frozenset().union(*(name for needed in _needs(item) for name in needed)) for item in items]
    if all(branches):
        yield tuple(dict.fromkeys(branches))


def _fields(node: Node) -> Iterator[str]:
    """The fields that are named outside of subsearches."""
    match node:
        case Subsearch():
            return
        case FieldName(name):
            yield name
        case Alias(source, _):
            yield from _fields(source)
        case Option("field" | "input", str(name)):
            yield name
        case _:
            for child in node.children():
                yield from _fields(child)


# --- what examples give ------------------------------------------------------------------------------------------------


class Bench:
    """An instance with a repository's app, and every example under the sources and sourcetypes that are stated for it."""

    def __init__(self, catalogue: Catalogue, folders: Sequence[Path], apps: Sequence[Path], app: str) -> None:
        self.instance = Instance(None, apps)
        self.app = app
        self.ctx = Context(self.instance, Engine(), self.instance.clock(), app=app, user="nobody")
        known = [s for folder in folders for s in samples(folder) if not _BARE_TIME.fullmatch(s.event.strip())]
        stated = _stated(catalogue, {sample.name for sample in known})
        self.samples: list[Sample] = []
        for sample in known:
            places = {(sample.source, sample.sourcetype)} | stated.get(sample.name, set())
            kind = sample.sourcetype.lower()
            self.samples += [
                replace(sample, source=source, sourcetype=sourcetype)
                for source, sourcetype in sorted(places)
                if sourcetype.lower() == kind or sourcetype == "_json"
            ]
        self.instance.store.create_index("samples")
        self.problems: list[str] = []
        for number, sample in enumerate(self.samples):
            recall.store(self.instance, sample, str(number), self.problems)
        rows = self.instance.search("search index=samples | fields *, _cd", app=app).table.frame
        self.events = recall.by_sample(rows)
        self._place = dict(rows.select("_cd", SAMPLE).iter_rows())
        self._datasets: dict[tuple[str, str], dict[str, dict[str, object]]] = {}

    def of(self, detection: Detection) -> list[str]:
        """The numbers of the examples of a detection's data sources."""
        names = {name.strip() for text in detection.data_source for name in text.split(" AND ")}
        return [str(number) for number, sample in enumerate(self.samples) if sample.name in names]

    def listed(self, number: str) -> frozenset[str]:
        sample = self.samples[int(number)]
        return frozenset((*sample.fields, *sample.common))

    def dataset(self, model: str, name: str) -> dict[str, dict[str, object]]:
        """sample -> the fields that a dataset gives of it."""
        key = (model, name)
        if key not in self._datasets:
            found = self.instance.search(f"| from datamodel:{model}{name and '.'}{name}", app=self.app).table.frame
            place = pl.col("_cd").replace_strict(self._place, return_dtype=pl.String).alias(SAMPLE)
            self._datasets[key] = recall.by_sample(found.with_columns(place)) if "_cd" in found.columns else {}
        return self._datasets[key]

    def judge(self, detection: Detection, *, decisive: bool) -> Verdict | None:
        """None where no example of its data sources is here, or the search reads no events."""
        here = self.of(detection)
        if not here:
            return None
        missing: list[str] = []
        unlisted: list[str] = []
        outside: list[str] = []
        found = list(readings(read(as_command(detection.search), self.ctx).pipeline))
        for reads in found:
            rows = self.dataset(reads.model, reads.dataset) if reads.model else self.events
            held = [rows[number] for number in here if number in rows]
            name = f"{reads.model}.{reads.dataset}"
            if reads.model and not held:
                outside.append(name)
                continue
            for wanted in self._lacking(reads, held, decisive=decisive):
                if reads.model:
                    missing.append(f"{name}.{wanted}")
                elif any(wanted in self.listed(number) for number in here):
                    missing.append(wanted)
                else:
                    unlisted.append(wanted)
        return Verdict(detection, tuple(missing), tuple(unlisted), tuple(outside)) if found else None

    def _lacking(self, reads: Reads, held: Sequence[Mapping[str, object]], *, decisive: bool) -> list[str]:
        """The fields of a reading that no example has: filled ones do where rows are only grouped by them."""
        filled = {name for row in held for name, value in row.items() if value is not None}
        own = {name for name in filled if not reads.model or any(_own(row.get(name)) for row in held)}
        lacking = [min((one - own for one in needed), key=len) for needed in reads.compared]
        names = set().union(*lacking, reads.grouped - filled)
        return sorted(names if decisive else names | (reads.shown - filled))


def _own(value: object) -> bool:
    """Whether an event has a value of its own in a field of a dataset."""
    return value is not None and str(value) not in FILLED


def _stated(catalogue: Catalogue, known: set[str]) -> dict[str, set[tuple[str, str]]]:
    """data source -> the (source, sourcetype) under which tests of detections that name it deliver their data."""
    places: dict[str, set[tuple[str, str]]] = {}
    for detection in catalogue.detections:
        for name in known.intersection(detection.data_source):
            for test in detection.tests:
                places.setdefault(name, set()).update((data.source, data.sourcetype) for data in test.attack_data)
    return places


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.detection_fields")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--examples", type=Path, action="append", default=[], help="a folder with more examples")
    parser.add_argument("--decisive", action="store_true", help="only fields without which rows are lost")
    parser.add_argument("--verbose", action="store_true", help="a line for each detection that lacks a field")
    options = parser.parse_args(arguments)
    catalogue = load(options.folder)
    with tempfile.TemporaryDirectory(prefix="caltrop-fields-") as folder:
        app = write_app(catalogue, Path(folder))
        bench = Bench(catalogue, [options.folder, *options.examples], [*layers(), app], app.name)
        verdicts = [v for d in catalogue.detections if (v := bench.judge(d, decisive=options.decisive))]
    sys.stdout.writelines(f"{line}\n" for line in report(bench, verdicts, verbose=options.verbose))
    return 0


def report(bench: Bench, verdicts: Sequence[Verdict], *, verbose: bool) -> Iterator[str]:
    """What is missing where, then how often, most frequent first, then the count of detections."""
    lacks: Counter[str] = Counter()
    for verdict in verdicts:
        kinds = "+".join(sorted({bench.samples[int(n)].sourcetype.lower() for n in bench.of(verdict.detection)}))
        lacks.update(f"{kinds}: {name}" for name in (*verdict.missing, *verdict.outside))
        lacks.update(f"{kinds}: {name} (not listed)" for name in verdict.unlisted)
        told = {"missing": verdict.missing, "outside": verdict.outside, "not listed": verdict.unlisted}
        if verbose and any(told.values()):
            yield f"{verdict.detection.name}  ({', '.join(verdict.detection.data_source)})"
            yield from (f"    {what}: {', '.join(names)}" for what, names in told.items() if names)
    yield from (f"{count:5}  {name}" for name, count in lacks.most_common())
    given = sum(verdict.given for verdict in verdicts)
    wholly = sum(verdict.given and not verdict.unlisted for verdict in verdicts)
    yield f"{given} of {len(verdicts)} detections have every field that they read ({wholly} those not listed too)"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
