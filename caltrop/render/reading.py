"""What a detection reads, as views need it: the events of its first stage without the conditions that make a hit of them, the data model
it searches, the fields that it needs, and its search without the filter macro.

Read off the search as it is written, with macros in place: what a site's macro says holds in the view too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from caltrop.content.model import Catalogue, Detection
from caltrop.content.spltext import macro_calls, pipes
from caltrop.dialect.words import quoted
from caltrop.render.savedsearches import shipped_search
from caltrop.spl import SplError, parse
from caltrop.spl.ast import And, Command, Comparison, MacroCall, Membership, Node, Not, Or
from caltrop.spl.commands import declaration_of
from caltrop.spl.fieldsets import OPEN

# Conditions on these say which events, not what is odd about them.
_WHERE_FROM = frozenset({"index", "source", "sourcetype", "eventtype", "tag", "eventcode", "eventid"})
_ALWAYS = frozenset({"index", "source", "sourcetype", "host", "eventtype", "tag"})  # filled, or no field of the data
_MODEL = re.compile(r"\bdatamodel\s*[=:]?\s*\"?([\w.]+)", re.IGNORECASE)
_NODE = re.compile(r"\bnodename\s*=\s*\"?([\w.]+)", re.IGNORECASE)
_PREFIX = re.compile(r"\b([A-Z]\w+)\.\w+\b(?!\s*\()")
_UNKNOWN = "unknown"  # what the data models of the Common Information Model say where an event has no value


class Reading(NamedTuple):
    """`events` is a search of the events that the detection looks through, "" where it reads none; `dataset` the data model's, as
    `Model.Dataset`; `fields` what it needs of them; `unfiltered` its search without the filter macro."""

    events: str
    dataset: str
    fields: tuple[str, ...]
    unfiltered: str

    @property
    def counts(self) -> str:
        """Aggregations of `stats`, one a field: in how many events it has a value."""
        names = self.fields or ("_raw",)  # a view's search is never without one
        return " ".join(f"count(eval({self._filled(name)})) AS {quoted(name)}" for name in names)

    def _filled(self, name: str) -> str:
        field = "'" + name.replace("'", "") + "'"
        return f'isnotnull({field}) AND {field}!="{_UNKNOWN}"' if self.dataset else f"isnotnull({field})"


def reading(catalogue: Catalogue, item: Detection) -> Reading:
    """What is not plain from the text is "": a view then says that it does not know."""
    ends = [at for at, depth in pipes(item.search) if depth == 0]
    generating = bool(ends) and not item.search[: ends[0]].strip()
    end = (ends[1] if len(ends) > 1 else len(item.search)) if generating else ends[0] if ends else len(item.search)
    first = item.search[:end].strip()
    separators = {s.separator.lower() for s in catalogue.data_sources if s.name in item.data_source and s.separator}
    dataset = _dataset(first) if generating else ""
    if dataset:
        events = f'| from datamodel:"{dataset}"' if "." in dataset else ""
    else:
        events = "" if generating else _events(first, item.filter_macro, _WHERE_FROM | separators)
    return Reading(events, dataset, _fields(item, dataset), _unfiltered(item))


def _dataset(stage: str) -> str:
    """`Model.Dataset` of a tstats or from; the model alone where no dataset is named."""
    model, node = _MODEL.search(stage), _NODE.search(stage)
    if model is None:
        return ""
    name = model[1].strip(".")
    if "." in name:
        return name
    # The root dataset's fields are written behind its name.
    prefixes = [node[1].rpartition(".")[2]] if node else _PREFIX.findall(stage)
    return f"{name}.{max(prefixes, key=prefixes.count)}" if prefixes else name


def _events(stage: str, own: str, names: Iterable[str]) -> str:
    """The conditions of a search's first stage that say where its events are: all of the stage where none does."""
    try:
        pipeline = parse(stage)
    except SplError:  # it needs its macros to parse
        calls = [call for call in macro_calls(stage) if call.name != own]
        return " ".join(stage[call.start : call.end] for call in calls)
    (command,) = pipeline.commands[:1]
    parts: tuple[Node, ...] = (command,) if isinstance(command, MacroCall) else command.parts
    known = frozenset(names)
    kept = [node for part in parts for node in _conjuncts(part) if _says_where(node, own, known)]
    texts = [stage[node.span.start : node.span.end] for node in kept]
    return (
        " ".join(f"({text})" if isinstance(node, Or) else text for node, text in zip(kept, texts, strict=True)) or stage
    )


def _conjuncts(node: Node) -> list[Node]:
    if isinstance(node, And):
        return [inner for item in node.items for inner in _conjuncts(item)]
    return [node]


def _says_where(node: Node, own: str, names: frozenset[str]) -> bool:
    if isinstance(node, MacroCall):
        return node.name != own
    if isinstance(node, Comparison | Membership):
        return node.field.name.lower() in names
    if isinstance(node, And | Or):
        return all(_says_where(item, own, names) for item in node.items)
    return isinstance(node, Not) and _says_where(node.operand, own, names)


def _fields(item: Detection, dataset: str) -> tuple[str, ...]:
    """The fields that the content says are required, else those that the search names before it makes rows of its own."""
    below = dataset.rpartition(".")[2] + "."
    found = item.required_fields or (_of_dataset(item, below) if dataset else _named(item))
    plain = (name.removeprefix(below) if dataset else name for name in found)
    return tuple(
        dict.fromkeys(
            name
            for name in plain
            if name and not name.startswith("_") and name.lower() not in _ALWAYS and not {"*", '"', "\\"} & set(name)
        )
    )


def _of_dataset(item: Detection, below: str) -> tuple[str, ...]:
    """The fields of a dataset that a search names: a tstats writes each behind the dataset's name."""
    return tuple(dict.fromkeys(re.findall(rf"\b{re.escape(below)}(\w+)", item.search)))


def _named(item: Detection) -> tuple[str, ...]:
    try:
        pipeline = parse(item.search)
    except SplError:
        return ()
    found: dict[str, None] = {}
    made = OPEN
    for command in pipeline.commands:
        if not isinstance(command, Command):
            continue
        declared = declaration_of(command.name)
        read = _compared(command) if command.name == "search" else sorted(declared.reads(command) or ())
        found |= dict.fromkeys(name for name in read if name not in made.names)
        made = declared.gives(command, made)
        if not made.open:  # rows of its own from here on
            break
    return tuple(found)


def _compared(command: Command) -> list[str]:
    """The fields that a search expression compares: any word may be a value of some other."""
    return [node.field.name for node in command.walk() if isinstance(node, Comparison | Membership)]


def _unfiltered(item: Detection) -> str:
    """The shipped search without the stage, or the word, that the filter macro is."""
    search = shipped_search(item)
    calls = [call for call in macro_calls(search) if call.name == item.filter_macro]
    for call in reversed(calls):
        before, after = search[: call.start].rstrip(), search[call.end :].lstrip()
        if before.endswith("|"):
            before = before[:-1].rstrip()
            search = f"{before}\n{after}" if after else before
        else:
            search = f"{before} {after}".strip()
    return search
