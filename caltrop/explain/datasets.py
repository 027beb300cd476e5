"""Why rows of a data model dataset are missing: what its constraints ask of events, and whether anything gives it."""

from __future__ import annotations

from dataclasses import replace

from caltrop.explain.asked import Asked, narrowed
from caltrop.explain.conditions import Setting, explain
from caltrop.explain.events import Bounds, bounds_of, explain_events, time_finding
from caltrop.explain.evidence import Prefix
from caltrop.explain.findings import Finding, counted
from caltrop.explain.terms import Term, read
from caltrop.spl import parse_search
from caltrop.spl.ast import (
    And,
    Command,
    Comparison,
    FieldName,
    Membership,
    Node,
    Not,
    Option,
    Or,
    Word,
    is_time_modifier,
)


def dataset_of(command: Command) -> tuple[str, str] | None:
    """(model, dataset) that tstats, datamodel or from reads; None where it reads none."""
    if command.name == "tstats":
        for part in command.clause("from") or ():
            if isinstance(part, Option) and part.name == "datamodel":
                model, _, dataset = str(part.value).partition(".")
                return model, dataset.rpartition(".")[2] or _dataset_in(command) or model
        return None
    words = [word.text for word in command.of(Word)]
    if command.name == "from" and len(words) > 1 and words[0].lower() == "datamodel":
        model, _, dataset = words[1].partition(".")
        return model, dataset.rpartition(".")[2] or model
    if command.name == "datamodel" and len(words) > 2:
        return words[0], words[1]
    return None


def _dataset_in(command: Command) -> str:
    """The dataset in front of the first field that is named, where the search names it nowhere else."""
    names = (node.name for node in command.walk() if isinstance(node, FieldName))
    return next((name.split(".")[-2] for name in names if "." in name), "")


def rows_of(model: str, dataset: str) -> Prefix:
    """The rows of a dataset, its fields named Dataset.field."""
    return (Command("datamodel", (Word(model), Word(dataset), Word("search"))),)


def explain_dataset(asked: Asked, stage: int, model: str, dataset: str) -> list[Finding]:
    """Findings for a dataset that has no row."""
    name = f"{model}.{dataset}"
    constraint = asked.evidence.constraint(model, dataset)
    if not constraint:
        return [Finding("datamodel", f"the data model dataset {name} has no row", stage + 1)]
    found = explain_events(asked, stage, parse_search(constraint))
    lead = f"no event is in the data model dataset {name}"
    if not found:
        return [Finding("datamodel", f"{lead}, which asks for {constraint}", stage + 1, constraint)]
    first, *rest = found
    tagging = "tag" in first.term
    text = f"{lead}: {first.text}" + (f"; sourcetypes there: {_sourcetypes(asked)}" if tagging else "")
    told = replace(first, subject="datamodel", text=text, more=(f"{name} asks for {constraint}",))
    return [told, *rest]


def _sourcetypes(asked: Asked) -> str:
    kinds: dict[str, int] = {}
    for _, _, sourcetype, count, *_ in asked.evidence.inventory():
        kinds[sourcetype] = kinds.get(sourcetype, 0) + count
    return counted(sorted(kinds.items(), key=lambda item: (-item[1], item[0]))[:4])


def explain_tstats(asked: Asked, stage: int, command: Command) -> list[Finding]:
    """tstats over a dataset: no row of it, conditions that none meets, or BY fields that none has."""
    where = command.clause("where") or ()
    named = dataset_of(command)
    if named is None:
        return explain_events(asked, stage, And(tuple(where))) + _not_indexed(asked, stage, where)
    if not asked.evidence.count(rows_of(*named)):
        return explain_dataset(asked, stage, *named)
    setting = dataset_setting(asked, stage, command)
    if not asked.evidence.count(setting.prefix):
        return [time_finding(stage, bounds_of(asked, _times(where)), asked.evidence.inventory(), [])]
    conditions = dataset_conditions(command)
    return explain(setting, conditions) if conditions else []


def dataset_setting(asked: Asked, stage: int, command: Command) -> Setting:
    """Where the conditions of a tstats over a dataset are asked: its rows in the time range of the search."""
    named = dataset_of(command)
    assert named is not None
    times = _times(command.clause("where") or ())
    prefix = rows_of(*named)
    if times:
        prefix = narrowed(prefix, _within(bounds_of(asked, times)), search=True)
    return Setting(asked, stage, prefix, True, f"rows of {named[0]}.{named[1]}")


def dataset_conditions(command: Command) -> list[Node]:
    """The conditions of a tstats, times left out, under the names that rows of a dataset have."""
    return [_short(node) for node in _flat(command.clause("where") or ()) if not is_time_modifier(node)]


def _times(where: tuple[Node, ...]) -> list[Term]:
    return [read(node, search=True) for node in _flat(where) if is_time_modifier(node)]


def _within(bounds: Bounds) -> list[Node]:
    """The time range as conditions on `_time`."""
    edges = zip((">=", "<"), bounds, strict=True)
    return [Comparison(FieldName("_time"), op, Word(f"{edge:.3f}")) for op, edge in edges if edge is not None]


def _flat(where: tuple[Node, ...]) -> list[Node]:
    found: list[Node] = []
    for node in where:
        found += _flat(node.items) if isinstance(node, And) else [node]
    return found


def _short(node: Node) -> Node:
    """With fields named by their dataset alone, as the rows of a dataset have them: `A.B.x` is `B.x`."""
    if isinstance(node, And | Or):
        return type(node)(tuple(map(_short, node.items)), span=node.span)
    if isinstance(node, Not):
        return Not(_short(node.operand), span=node.span)
    if isinstance(node, Comparison | Membership) and node.field.name.count(".") > 1:
        name = ".".join(node.field.name.split(".")[-2:])
        return replace(node, field=FieldName(name, node.field.quoted))
    return node


def _not_indexed(asked: Asked, stage: int, where: tuple[Node, ...]) -> list[Finding]:
    """tstats sees only what was indexed with the events: fields that a search would find are told."""
    nodes = [node for node in _flat(where) if not is_time_modifier(node)]
    names = {n.field.name for node in nodes for n in node.walk() if isinstance(n, Comparison | Membership)}
    extracted = sorted(names - {"index", "source", "sourcetype", "host"})
    if not extracted:
        return []
    rows = asked.evidence.count((Command("search", tuple(where)),))
    if not rows:
        return []
    text = f"tstats reads indexed fields only, and {', '.join(f'`{n}`' for n in extracted)} is extracted at search time: `search` finds {rows:,} events"
    return [Finding("field", text, stage + 1)]
