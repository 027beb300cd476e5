"""Data models, their datasets and fields, and what tstats can read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from caltrop.analysis.mistake import Found, rule
from caltrop.analysis.reading import Reading, own
from caltrop.dialect.datamodels import DataModel
from caltrop.dialect.words import did_you_mean
from caltrop.spl.ast import Aggregation, Clause, Command, Comparison, FieldName, Membership, Node, Option, Span, Word

# Indexed with every event, or known of it without reading it.
_INDEXED = frozenset(
    {"_time", "_indextime", "_raw", "_cd", "_bkt", "host", "source", "sourcetype", "index", "splunk_server", "linecount",
     "punct", "timestartpos", "timeendpos", "splunk_server_group", "eventtype", "tag", "nodename", "_si", "_serial",
     "date_hour", "date_mday", "date_minute", "date_month", "date_second", "date_wday", "date_year", "date_zone",
     "earliest", "latest", "_index_earliest", "_index_latest", "sid", "span"}
)  # fmt: skip
_WILD = "*<$`("


@rule(
    "unknown-datamodel",
    "error",
    "a data model or dataset that does not exist",
    example="| tstats count from datamodel=Endpont.Processes",
    instead="| tstats count from datamodel=Endpoint.Processes",
)
def unknown_datamodel(reading: Reading) -> Iterator[Found]:
    for command in reading.commands:
        for node, text in _sources(command):
            if _open(text) or reading.known.models is None:
                continue
            models = reading.known.models()
            name, _, dataset = text.partition(".")
            span = _within(reading, node, name)
            if name not in models:
                hint = did_you_mean(name, models) or "add the app that has it to addons: in app.yml"
                yield Found(span, f"there is no data model {name!r}", hint)
            elif dataset and dataset.rpartition(".")[2] not in models[name].datasets:
                datasets = models[name].datasets
                hint = did_you_mean(dataset, datasets) or "it has " + ", ".join(datasets[:12])
                yield Found(_within(reading, node, dataset), f"the data model {name} has no dataset {dataset!r}", hint)


def _open(text: str) -> bool:
    return not text or any(c in text for c in _WILD)


def _within(reading: Reading, node: Node, name: str) -> Span:
    at = reading.text.find(name, node.span.start, node.span.end)
    return Span(at, at + len(name)) if at >= 0 else node.span


def _sources(command: Command) -> Iterator[tuple[Node, str]]:
    """Where a command names a data model, as Model or Model.Dataset."""
    if command.name in ("tstats", "mstats"):
        for part in command.clause("from") or ():
            if isinstance(part, Option) and part.name == "datamodel":
                yield part, str(part.value).replace('"', "")
        for part in command.of(Option):
            if part.name == "datamodel":
                yield part, str(part.value)
    elif command.name in ("datamodel", "pivot"):
        words = command.of(Word)
        if words and not any(isinstance(part, Option) and not part.name for part in command.parts):
            second = f".{words[1].text}" if len(words) > 1 else ""
            if _open(words[0].text) or _open(second):
                return
            yield Word(text="", span=Span(words[0].span.start, words[:2][-1].span.end)), words[0].text + second
    elif command.name == "from":
        words = command.of(Word)
        if len(words) > 1 and words[0].text.lower() == "datamodel":
            yield words[1], words[1].text.replace('"', "")


@rule(
    "unknown-model-field",
    "error",
    "a field that the dataset of a data model does not have",
    example="| tstats count from datamodel=Endpoint.Processes by Processes.proces_name",
    instead="| tstats count from datamodel=Endpoint.Processes by Processes.process_name",
)
def unknown_model_field(reading: Reading) -> Iterator[Found]:
    for command in reading.commands:
        if command.name not in ("tstats", "pivot") or reading.known.models is None:
            continue
        for _, text in _sources(command):
            models = reading.known.models()
            name, _, dataset = text.partition(".")
            if _open(text) or name not in models:
                continue
            fields = _fields(models[name])
            if command.name == "tstats":
                for node, field in _read(command):
                    yield from _judged(reading, node, field, models[name], fields)
            elif dataset in models[name].datasets:
                for place, field in _pivoted(command):
                    bare = field.rpartition(".")[2]
                    if not _open(field) and bare not in _INDEXED and bare not in {*fields, *models[name].datasets}:
                        hint = did_you_mean(bare, fields) or f"see the fields of {name}.{dataset}"
                        yield Found(place.span, f"the data model {name} has no field {bare!r}", hint)


def _fields(model: DataModel) -> Mapping[str, str]:
    """The fields of all datasets of a model, each with the dataset at the root of those that have it."""
    found: dict[str, str] = {}
    for node, body in model.objects.items():
        root = node
        while str(model.objects[root].get("parentName")) in model.objects:
            root = str(model.objects[root]["parentName"])
        listed = [
            *body.get("fields", ()),
            *(f for c in body.get("calculations", ()) for f in c.get("outputFields", ())),
        ]
        for item in listed:
            found.setdefault(str(item.get("fieldName")), root)
    return found


def _read(command: Command) -> Iterator[tuple[FieldName, str]]:
    """The fields that tstats reads: aggregated, grouped by, compared."""
    for part in command.parts:
        if isinstance(part, Aggregation):
            inner = part.argument.argument if isinstance(part.argument, Aggregation) else part.argument
            if isinstance(inner, FieldName):
                yield inner, inner.name
        elif isinstance(part, Clause) and part.keyword in ("by", "groupby"):
            yield from ((node, node.name) for node in part.parts if isinstance(node, FieldName))
        elif isinstance(part, Clause) and part.keyword == "where":
            for node in part.parts:
                for one in own(node):
                    if isinstance(one, Comparison | Membership):
                        yield one.field, one.field.name


def _judged(
    reading: Reading, node: FieldName, field: str, model: DataModel, fields: Mapping[str, str]
) -> Iterator[Found]:
    if _open(field) or field in _INDEXED:
        return
    owner, dot, rest = field.partition(".")
    last = field.rpartition(".")[2]
    if not dot:
        if field in fields:
            yield Found(
                node.span, f"{field!r} is not indexed: fields of a data model have their dataset in front",
                f"write {fields[field]}.{field}",
            )  # fmt: skip
        else:
            near = did_you_mean(field, fields)
            yield Found(
                node.span, f"{field!r} is neither an indexed field nor one of the data model {model.name}",
                near or f"see the fields of {model.name}",
            )  # fmt: skip
    elif owner not in model.datasets:
        hint = did_you_mean(owner, model.datasets) or "it has " + ", ".join(model.datasets[:12])
        yield Found(node.span, f"the data model {model.name} has no dataset {owner!r}", hint)
    elif last not in _INDEXED and not last.startswith("is_") and not any(tail in fields for tail in _tails(rest)):
        near = did_you_mean(last, fields)
        yield Found(
            node.span, f"the data model {model.name} has no field {last!r}", near or f"see the fields of {owner}"
        )


def _tails(path: str) -> Iterator[str]:
    """a.b.c, b.c and c: a field's name may have dots, and datasets may stand before it."""
    while path:
        yield path
        path = path.partition(".")[2]


def _pivoted(command: Command) -> Iterator[tuple[Node, str]]:
    for part in command.parts:
        if isinstance(part, Clause) and part.keyword in ("splitrow", "splitcol", "filter") and part.parts:
            first = part.parts[0]
            if isinstance(first, Word):
                yield first, first.text


@rule(
    "not-indexed",
    "error",
    "tstats over a field that is extracted at search time, and so is not in the index",
    example="| tstats count where index=main by process_name",
    instead="index=main | stats count by process_name",
)
def not_indexed(reading: Reading) -> Iterator[Found]:
    """Certain for a field that add-ons extract at search time; others may have been indexed by settings that are not here."""
    for command in reading.commands:
        if command.name != "tstats" or command.clause("from") is not None or command.option("datamodel"):
            continue
        for node, field in _read(command):
            if _open(field) or field in _INDEXED:
                continue
            searched = field in reading.known.searched()
            yield Found(
                node.span,
                f"tstats reads indexed fields only, and {field!r} is extracted at search time"
                if searched
                else f"tstats reads indexed fields only, and {field!r} is none of Splunk's own",
                "use stats behind a search, from datamodel=…, or PREFIX(…)",
                None if searched else "warning",
            )
