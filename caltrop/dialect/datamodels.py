"""Splunk's data model files: datasets, their inheritance, constraints, fields and calculations.

A model is a JSON object with `modelName` and `objects`; a dataset's `parentName` is another dataset or one of the roots
`BaseEvent`, `BaseSearch`, `BaseTransaction`. A child inherits constraints, fields and calculations.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from caltrop.errors import CaltropError, Location

CalculationKind = Literal["Eval", "Lookup", "Rex", "GeoIP"]
_ROOT_EVENT = "BaseEvent"
_UNSUPPORTED_ROOTS = {"BaseTransaction": "transaction"}
_MAX_DEPTH = 50


class DataModelError(CaltropError):
    """A data model or dataset that does not exist, or a file that is no data model."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a dataset. `owner` is the dataset that declares it; `type` as in the file (string, number, ...)."""

    name: str
    owner: str
    type: str
    label: str
    required: bool = False
    hidden: bool = False
    multivalue: bool = False


@dataclass(frozen=True, slots=True)
class Calculation:
    """A field computed from others.

    Eval: `expression` and one output. Lookup: `lookup`, `inputs` (lookup field, event field), outputs as (lookup field,
    event field). Rex: `expression` over `input`, outputs are its groups. `owner`: the dataset that declares it.
    """

    kind: CalculationKind
    owner: str
    outputs: tuple[tuple[str, str], ...]
    expression: str = ""
    lookup: str = ""
    inputs: tuple[tuple[str, str], ...] = ()
    input: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What one dataset of a lineage adds: its constraint (empty: none), asked of the fields as the datasets above it have
    calculated them, then its own calculations in order."""

    constraint: str
    calculations: tuple[Calculation, ...]


@dataclass(frozen=True)
class Dataset:
    """One dataset of a model with what it inherits.

    `lineage` runs from the root to the dataset, and so do `steps`. An event belongs to it if it matches the constraint of each. `base_search` is set for search datasets, whose rows are the
    results of a whole search. `fields` maps each name to its field; inherited ones keep their owner. In searches a field
    is written behind the lineage of its owner (`All_Changes.Account_Management.src_user`): `qualified(name)` gives that.
    """

    model: str
    name: str
    label: str
    lineage: tuple[str, ...]
    steps: tuple[Step, ...]
    fields: Mapping[str, Field]
    base_search: str = ""
    path: str = ""  # of the model's file

    @cached_property
    def calculations(self) -> tuple[Calculation, ...]:
        """All of them, the root's first."""
        return tuple(calculation for step in self.steps for calculation in step.calculations)

    @cached_property
    def mark(self) -> str:
        """Equal marks have rows of equal fields and calculations."""
        text = repr((tuple(self.fields), [step.calculations for step in self.steps]))
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    @property
    def place(self) -> str:
        """Where the dataset is, from the app on: `app/default/data/models/Model.json`."""
        return "/".join(Path(self.path).parts[-5:])

    @property
    def search(self) -> str:
        """All constraints as one search expression (empty: every event)."""
        return " ".join(step.constraint for step in self.steps if step.constraint)

    def qualified(self, name: str) -> str:
        """How `datamodel` and `tstats` name the field: behind the lineage of its owner; indexed fields stay bare."""
        if name in ("_time", "host", "source", "sourcetype", "_raw", "index"):
            return name
        found = self.fields.get(name)
        owner = found.owner if found else self.name
        return ".".join((*self.lineage[: self.lineage.index(owner) + 1], name))

    def resolve(self, name: str) -> str:
        """The bare field of a name as written in a search: `Processes.dest` -> `dest`, for any dataset of the lineage."""
        prefix, dot, rest = name.partition(".")
        while dot and prefix in self.lineage:
            name = rest
            prefix, dot, rest = name.partition(".")
        return name


@dataclass(frozen=True)
class DataModel:
    """A model: `datasets` in file order."""

    name: str
    label: str
    path: str
    objects: Mapping[str, Mapping[str, Any]]
    description: str = ""
    _read: dict[str, Dataset] = field(init=False, default_factory=dict, compare=False, repr=False)

    @property
    def datasets(self) -> list[str]:
        return list(self.objects)

    def dataset(self, name: str) -> Dataset:
        """A dataset with what it inherits; raises `DataModelError` where it does not exist or cannot be searched."""
        found = self._read.get(name)
        if found is None:
            found = self._read[name] = self._dataset(name)
        return found

    def _dataset(self, name: str) -> Dataset:
        lineage = self.lineage(name)
        root = self.objects[lineage[0]]
        kind = str(root.get("parentName", _ROOT_EVENT))
        if kind in _UNSUPPORTED_ROOTS:
            raise DataModelError(
                f"dataset {self.name}.{name} is a {_UNSUPPORTED_ROOTS[kind]} dataset, which is not supported"
            )
        steps: list[Step] = []
        fields: dict[str, Field] = {}
        for owner in lineage:
            node = self.objects[owner]
            searches = [str(c.get("search", "")) for c in node.get("constraints", [])]
            calculations: list[Calculation] = []
            above = lineage[: lineage.index(owner) + 1]
            for found in _fields(node, above):
                fields[found.name] = found
            for item in node.get("calculations", []):
                calculation = _calculation(item, owner)
                calculations.append(calculation)
                for output in item.get("outputFields", []):
                    found = _field(output, above)
                    fields[found.name] = found
            constraint = " ".join(f"({search})" for search in searches if search.strip())
            steps.append(Step(constraint, tuple(calculations)))
        return Dataset(
            self.name,
            name,
            str(self.objects[name].get("displayName", name)),
            tuple(lineage),
            tuple(steps),
            fields,
            str(root.get("baseSearch", "")),
            self.path,
        )

    def children(self, name: str) -> list[str]:
        """Direct children, in file order."""
        return [n for n, node in self.objects.items() if node.get("parentName") == name]

    def lineage(self, name: str) -> list[str]:
        """The dataset and what it inherits from, root first; raises `DataModelError`."""
        if name not in self.objects:
            raise DataModelError(
                f"data model {self.name!r} has no dataset {name!r}", hint=f"it has: {', '.join(self.objects)}"
            )
        path = [name]
        while (parent := str(self.objects[path[0]].get("parentName", _ROOT_EVENT))) in self.objects:
            path.insert(0, parent)
            if len(path) > _MAX_DEPTH:
                raise DataModelError(f"dataset {self.name}.{name} inherits from itself")
        return path


def _fields(node: Mapping[str, Any], lineage: list[str]) -> list[Field]:
    return [_field(item, lineage) for item in node.get("fields", [])]


def _field(item: Mapping[str, Any], lineage: list[str]) -> Field:
    """A field that the last dataset of the lineage lists. Files list inherited ones too, and say whose they are."""
    name = str(item.get("fieldName", ""))
    owner = str(item.get("owner", "")).rpartition(".")[2]
    return Field(
        name,
        owner if owner in lineage else lineage[-1],
        str(item.get("type", "string")),
        str(item.get("displayName", name)),
        bool(item.get("required", False)),
        bool(item.get("hidden", False)),
        bool(item.get("multivalue", False)),
    )


def _calculation(item: Mapping[str, Any], owner: str) -> Calculation:
    kind = str(item.get("calculationType", ""))
    outputs = tuple(
        (str(f.get("lookupOutputFieldName") or f.get("fieldName")), str(f.get("fieldName")))
        for f in item.get("outputFields", [])
    )
    if kind == "Eval":
        return Calculation("Eval", owner, outputs, expression=str(item.get("expression", "")))
    if kind == "Rex":
        return Calculation(
            "Rex", owner, outputs, expression=str(item.get("expression", "")), input=str(item.get("inputField", "_raw"))
        )
    if kind == "Lookup":
        inputs = item.get("lookupInputs") or [
            {"inputField": item.get("inputField", ""), "lookupField": item.get("lookupField", "")}
        ]
        pairs = tuple((str(i.get("lookupField") or i.get("inputField")), str(i.get("inputField"))) for i in inputs)
        return Calculation("Lookup", owner, outputs, lookup=str(item.get("lookupName", "")), inputs=pairs)
    if kind == "GeoIP":
        return Calculation("GeoIP", owner, outputs, input=str(item.get("inputField", "")))
    raise DataModelError(f"unknown calculation type {kind!r} in dataset {owner!r}")


def read_model(path: Path) -> DataModel:
    """The model of a file; raises `DataModelError` where it is none."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        raise DataModelError(f"not a data model: {error}", location=Location(str(path))) from error
    return model_of(text, str(path))


def model_of(text: str, path: str) -> DataModel:
    """The model that a file's text holds; raises `DataModelError` where it is none."""
    try:
        data = json.loads(text)
        objects = {str(o["objectName"]): o for o in data["objects"]}
    except (ValueError, KeyError, TypeError) as error:
        raise DataModelError(f"not a data model: {error}", location=Location(path)) from error
    stem = Path(path).stem
    name, label = str(data.get("modelName") or stem), str(data.get("displayName", stem))
    return DataModel(name, label, path, objects, str(data.get("description", "")))
