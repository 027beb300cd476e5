"""A data model as splunkd tells it: every dataset with its lineage, what all of its kind have, and the searches it stands for.

A file need not say what follows from the rest. Clients (splunk-sdk for JavaScript among them) read the told form only: each
dataset has `lineage`, `fields`, `calculations` and `constraints`, each of these its owner as a lineage.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from caltrop.dialect.datamodels import DataModel, DataModelError
from caltrop.dialect.words import quoted

ROOTS = {"BaseEvent": "Event-Based", "BaseTransaction": "Transaction-Based", "BaseSearch": "Search-Based"}
INTERNAL = "Interface Implementations"
BASE_FIELDS = {"_time": "timestamp", "host": "string", "source": "string", "sourcetype": "string"}
FLAGS = ("required", "hidden", "multivalue")


def told(model: DataModel) -> dict[str, Any]:
    """The whole model, as its `description` over REST holds it."""
    objects = [_object(model, name) for name in model.objects]
    summary = dict.fromkeys((*ROOTS.values(), INTERNAL), 0)
    for one in objects:
        root = str(model.objects[one["lineage"].split(".")[0]].get("parentName", "BaseEvent"))
        summary[ROOTS.get(root, INTERNAL)] += 1
    return {
        "modelName": model.name,
        "displayName": model.label,
        "description": model.description,
        "objectSummary": summary,
        "objects": objects,
        "objectNameList": list(model.objects),
    }


def _line(model: DataModel, name: str) -> list[str]:
    """The lineage; a dataset that inherits from itself is told alone, for its author to see."""
    try:
        return model.lineage(name)
    except DataModelError:
        return [name]


def _object(model: DataModel, name: str) -> dict[str, Any]:
    """One dataset with what it inherits: fields, calculations and constraints, each with the lineage that brings it."""
    given, line = model.objects[name], _line(model, name)
    over = str(model.objects[line[0]].get("parentName", "BaseEvent"))
    fields: dict[str, dict[str, Any]] = {}
    if over == "BaseEvent":
        fields |= {n: _field({"fieldName": n, "type": t, "editable": False}, over) for n, t in BASE_FIELDS.items()}
    calculations, constraints = [], []
    for depth, owner in enumerate(line, 1):
        node, lineage = model.objects[owner], ".".join(line[:depth])
        fields |= {f["fieldName"]: f for f in (_field(f, lineage) for f in _dicts(node.get("fields")))}
        found = [_calculation(c, lineage) for c in _dicts(node.get("calculations"))]
        calculations += [c for c in found if owner == name or not _counts_children(c)]
        constraints += [{"owner": lineage, **c} for c in _dicts(node.get("constraints"))]
    lineage = ".".join(line)
    for owner in line[:-1]:
        fields.pop(owner, None)  # the count of an ancestor is its own
    fields.setdefault(name, _field({"fieldName": name, "type": "objectCount", "editable": False}, lineage))
    preview = _preview(model, line)
    owners = {n: f["owner"] for n, f in fields.items() if n not in BASE_FIELDS and n != name}
    owners |= {f["fieldName"]: f["owner"] for c in calculations for f in c["outputFields"]}
    renames = ", ".join(f"{quoted(n)} AS {quoted(f'{owner}.{n}')}" for n, owner in owners.items())
    whole = preview + (f" | rename {renames}" if renames else "")
    names = [*BASE_FIELDS, *(f"{owner}.{n}" for n, owner in owners.items())]
    return {
        **given,
        "objectName": name,
        "displayName": str(given.get("displayName", name)),
        "parentName": str(given.get("parentName", "BaseEvent")),
        "comment": str(given.get("comment", "")),
        "fields": list(fields.values()),
        "calculations": calculations,
        "constraints": constraints,
        "lineage": lineage,
        "tsidxNamespace": str(given.get("tsidxNamespace", "")),
        "autoextractSearch": _constraints(model, line[:1]),
        "previewSearch": preview,
        "objectSearchNoFields": whole,
        "objectSearch": f"{whole} | fields {', '.join(map(quoted, names))}",
    }


def _counts_children(calculation: Mapping[str, Any]) -> bool:
    return any(f["type"] == "childCount" for f in calculation["outputFields"])


def _dicts(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _field(given: Mapping[str, Any], owner: str) -> dict[str, Any]:
    name = str(given.get("fieldName", ""))
    found = {
        "owner": owner, "type": "string", "fieldName": name, "displayName": name, "fieldSearch": "", "comment": "", "editable": True,
    }  # fmt: skip
    return {**found, **dict.fromkeys(FLAGS, False), **given}


def _calculation(given: Mapping[str, Any], owner: str) -> dict[str, Any]:
    """With an id of its own, and a lookup's inputs as the list that newer releases write."""
    digest = hashlib.sha1(repr((owner, sorted(given.items(), key=str))).encode(), usedforsecurity=False)
    made: dict[str, Any] = {
        "owner": owner,
        "calculationID": digest.hexdigest(),
        "comment": "",
        "editable": True,
        **given,
    }
    made["outputFields"] = [_field(f, owner) for f in _dicts(given.get("outputFields"))]
    if given.get("calculationType") == "Lookup" and "lookupInputs" not in given:
        pair = {"inputField": str(made.pop("inputField", "")), "lookupField": str(made.pop("lookupField", ""))}
        made["lookupInputs"] = [pair]
    return made


def _constraints(model: DataModel, line: Sequence[str]) -> str:
    found = [str(c.get("search", "")) for name in line for c in _dicts(model.objects[name].get("constraints"))]
    return " ".join(f" ({text}) " for text in found if text.strip())


def _preview(model: DataModel, line: Sequence[str]) -> str:
    """The search whose rows are the dataset's, fields by their bare names."""
    root = model.objects[line[0]]
    base, constraints = str(root.get("baseSearch", "")), _constraints(model, line).strip()
    stages = [f"| search {base}" if base and not base.startswith("|") else base]
    stages.append(f"| search {constraints}" if constraints else "")
    for name in line:
        stages += [_stage(c) for c in _dicts(model.objects[name].get("calculations"))]
    if root.get("parentName") == "BaseTransaction":
        spans = {"maxspan": root.get("transactionMaxTimeSpan"), "maxpause": root.get("transactionMaxPause")}
        told_spans = [f"{k}={v}" for k, v in spans.items() if v]
        by = " ".join(str(f) for f in root.get("groupByFields", []))
        grouped = [n for n in root.get("objectsToGroup", []) if n in model.objects]
        stages.insert(0, _preview(model, _line(model, grouped[0])) if grouped else "")
        stages.append(" ".join(["| transaction mvlist=t keepevicted=f", *told_spans, by]).strip())
    return " ".join(stage for stage in stages if stage)


def _stage(calculation: Mapping[str, Any]) -> str:
    outputs = [
        (str(f.get("lookupOutputFieldName") or f.get("fieldName")), str(f.get("fieldName")))
        for f in _dicts(calculation.get("outputFields"))
    ]
    kind = calculation.get("calculationType")
    if kind == "Eval":
        return f"| eval {quoted(outputs[0][1])}={calculation.get('expression', '')}" if outputs else ""
    if kind == "Rex":
        return f"| rex field={calculation.get('inputField', '_raw')} {quoted(str(calculation.get('expression', '')))} max_match=1"
    if kind == "GeoIP":
        source = str(calculation.get("inputField", ""))
        return f"| iplocation {quoted(source)} prefix={source}_"
    inputs = _dicts(calculation.get("lookupInputs")) or [calculation]
    pairs = " ".join(f"{i.get('lookupField', '')} AS {i.get('inputField', '')}" for i in inputs)
    given = " ".join(f"{field} AS {name}" for field, name in outputs)
    return f"| lookup {calculation.get('lookupName', '')} {pairs} OUTPUT {given}"
