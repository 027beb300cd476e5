"""One Sigma rule -> the answers that a new detection of ours is made of."""

from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaError
from sigma.pipelines.common import windows_logsource_mapping
from sigma.pipelines.splunk import splunk_cim_data_model
from sigma.processing.conditions import LogsourceCondition
from sigma.processing.pipeline import ProcessingItem, ProcessingPipeline
from sigma.processing.transformations import FieldMappingTransformation, QueryExpressionPlaceholderTransformation
from sigma.rule import SigmaDetection, SigmaRule

from caltrop.content.new import Answers, NewMacro
from caltrop.sigma.backend import Backend
from caltrop.sigma.logsources import Place, folder_of, place_of

Form = Literal["raw", "cim"]
SCORES = {"INFORMATIONAL": 10, "LOW": 25, "MEDIUM": 50, "HIGH": 75, "CRITICAL": 95}
TYPES = {"INFORMATIONAL": "Hunting", "LOW": "Anomaly", "MEDIUM": "Anomaly", "HIGH": "TTP", "CRITICAL": "TTP"}
STATUSES = {"STABLE": "production", "DEPRECATED": "deprecated"}  # the others are experimental
STORY = "Sigma Rules"
LONGEST = 80  # characters of a name: with the app's prefix, a search name may have 99
_TECHNIQUE = re.compile(r"t\d{4}(\.\d{3})?")
_CVE = re.compile(r"\d{4}-\d{4,}")
_MADE = re.compile(r"\w+(Condition|Match)\d*")  # fields that the backend makes up
_USERS = re.compile(
    r"(?i)(^|[_.])(user|account|actor|principal)(name|id)?$|^user$|username$|^(target|subject)username$"
)
_HOSTS = re.compile(r"(?i)^(dest|host|computer(name)?|hostname|dvc|src|src_ip|dest_ip|c-ip|device)$")


@dataclass(slots=True)
class Converted:
    """A detection to be; `said` is what its author should know."""

    answers: Answers
    rule: Any
    place: Place | None
    said: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Refused:
    """A rule that cannot be converted, and why."""

    title: str
    file: str
    why: str


def convert(collection: SigmaCollection, form: Form = "raw", *, today: str = "") -> Iterator[Converted | Refused]:
    """Every rule of the collection that is for output, in its order."""
    names: set[str] = set()
    for rule in collection.rules:
        if not rule._output and rule._backreferences:
            continue  # part of a correlation, and nothing by itself
        title, file = str(rule.title or ""), _file(rule)
        if rule.errors:
            yield Refused(title, file, "; ".join(" ".join(str(error).split()) for error in rule.errors))
            continue
        try:
            yield _converted(rule, form, names, today or datetime.date.today().isoformat())
        except SigmaError as error:
            yield Refused(title, file, " ".join(str(error).split()))
        except NotImplementedError as error:  # pySigma: a modifier or a correlation that the backend lacks
            yield Refused(title, file, " ".join(str(error).split()) or "the backend cannot express it")


def _file(rule: Any) -> str:
    return str(rule.source.path) if rule.source is not None else ""


def _converted(rule: Any, form: Form, names: set[str], today: str) -> Converted:
    correlation = isinstance(rule, SigmaCorrelationRule)
    parts = _parts(rule)
    places = {id(part): _place(part) for part in parts}
    said = [
        f"nothing says where {_logsource(part)} is: `{places[id(part)].macro}` finds everything until you narrow it"
        for part in parts
        if form == "raw" and not places[id(part)].known
    ]
    placeholders = _placeholders(parts)
    backend = Backend(
        _pipeline(form, list(places.values()), parts),
        place=lambda part: places[id(part)].search if form == "raw" and id(part) in places else "",
    )
    queries = (
        _correlated(backend, rule)
        if correlation
        else backend.convert_rule(rule, "default" if form == "raw" else "data_model")
    )
    if len(queries) != 1:
        queries = (
            [" OR ".join(f"({query})" for query in queries)] if all("|" not in q for q in queries) else queries[:1]
        )
        said.append("it has more conditions than one: the first counts") if len(queries) == 1 and "OR" not in queries[
            0
        ] else None
    level = rule.level.name if rule.level else "MEDIUM"
    fields = _fields(rule, parts, places) if form == "raw" or correlation else []
    search, entities = _search(str(queries[0]).strip(), rule, fields, form, parts, SCORES[level])
    kind = TYPES[level] if entities else "Hunting"
    name = _name(str(rule.title or "Sigma rule"), str(rule.id or ""), names)
    first = parts[0].logsource if parts else None
    folder, domain = folder_of(first.product, first.category) if first else ("application", "threat")
    tags = [(tag.namespace, tag.name) for tag in rule.tags]
    macros = {
        place.macro: NewMacro(place.macro, place.definition, f"Where {_logsource(part)} is.")
        for part, place in zip(parts, places.values(), strict=True)
    }
    for placeholder in placeholders:
        said.append(f"`sigma_list_{placeholder}` stands for %{placeholder}%: put its values there")
        made = f"sigma_list_{placeholder}"
        about = f"Values that the Sigma placeholder {placeholder} stands for."
        macros[made] = NewMacro(made, f'$field$ IN ("values of {placeholder}")', about, ("field",))
    status = rule.status.name if rule.status else ""
    if status == "UNSUPPORTED":
        said.append("its author calls it unsupported: it needs more than a search can do")
    answers = Answers(
        name=name,
        search=search,
        type=kind,
        author=str(rule.author or "Unknown"),
        description=_text(rule.description) or f"{rule.title}.",
        story=STORY,
        techniques=[n.upper() for space, n in tags if space == "attack" and _TECHNIQUE.fullmatch(n)],
        entities=entities if kind != "Hunting" else [],
        message=_message(name, entities),
        category=folder,
        domain=domain,
        date=_date(rule.date, today),
        modified=_date(rule.modified, _date(rule.date, today)),
        id=str(rule.id or uuid.uuid5(uuid.NAMESPACE_URL, f"sigma:{rule.title}")),
        status=STATUSES.get(status, "experimental"),
        how_to_implement=_collect(parts, places, form),
        known_false_positives="\n".join(_text(t) for t in rule.falsepositives or []) or "The rule names none.",
        references=[str(r) for r in rule.references or []],
        cve=[f"CVE-{n}".upper() for space, n in tags if space == "cve" and _CVE.fullmatch(n)],
        macros=list(macros.values()) if form == "raw" or correlation else [],
        tests=[],
    )
    return Converted(answers, rule, places[id(parts[0])] if parts else None, said)


# -- parts of a rule


def _parts(rule: Any) -> list[SigmaRule]:
    """The rule, or those that a correlation brings together."""
    if not isinstance(rule, SigmaCorrelationRule):
        return [rule]
    found: list[SigmaRule] = []
    for reference in rule.referenced_rules if hasattr(rule, "referenced_rules") else rule.rules:
        inner = reference.rule if hasattr(reference, "rule") else reference
        found += [part for part in _parts(inner) if part not in found]
    return found


def _place(part: Any) -> Place:
    source = part.logsource
    return place_of(source.product, source.category, source.service, windows_logsource_mapping)


def _logsource(part: Any) -> str:
    source = part.logsource
    return " ".join(text for text in (source.product, source.category, source.service) if text) or "the log source"


def _pipeline(form: Form, places: list[Place], parts: list[SigmaRule]) -> ProcessingPipeline:
    """Names of fields as Splunk has them, and macros for placeholders."""
    items = [
        ProcessingItem(
            FieldMappingTransformation(dict(place.fields)),
            rule_conditions=[
                LogsourceCondition(
                    category=part.logsource.category, product=part.logsource.product, service=part.logsource.service
                )
            ],
        )
        for place, part in zip(places, parts, strict=True)
        if place.fields and form == "raw"
    ]
    items.append(ProcessingItem(QueryExpressionPlaceholderTransformation(expression="`sigma_list_{id}({field})`")))
    ours = ProcessingPipeline(items=items)
    return splunk_cim_data_model() + ours if form == "cim" else ours


def _correlated(backend: Backend, rule: Any) -> list[Any]:
    for part in _parts(rule):
        backend.convert_rule(part)
    found: list[Any] = backend.convert_correlation_rule(rule)
    return found


def _placeholders(parts: list[SigmaRule]) -> list[str]:
    found: dict[str, None] = {}
    for item in _items(parts):
        for value in item.value:
            for piece in getattr(value, "s", ()):
                if type(piece).__name__ == "Placeholder":
                    found[str(piece.name)] = None
    return list(found)


def _items(parts: list[SigmaRule]) -> Iterator[Any]:
    def below(detection: Any) -> Iterator[Any]:
        for item in detection.detection_items:
            if isinstance(item, SigmaDetection):
                yield from below(item)
            else:
                yield item

    for part in parts:
        for detection in part.detection.detections.values():
            yield from below(detection)


def _fields(rule: Any, parts: list[SigmaRule], places: Mapping[int, Place]) -> list[str]:
    """Fields that a hit should show: those that the rule lists, and those that it looks at."""
    names = {n: None for part in parts for f in part.fields or [] if (n := places[id(part)].fields.get(f, f))}
    names |= {item.field: None for item in _items(parts) if item.field}  # as the pipeline has named them
    return [name for name in names if not _MADE.fullmatch(name)]


# -- the search


def _search(
    query: str, rule: Any, fields: list[str], form: Form, parts: list[SigmaRule], score: int
) -> tuple[str, list[tuple[str, str, int]]]:
    """The search with what it shows, and the entities that risk is about."""
    if isinstance(rule, SigmaCorrelationRule):
        groups = [str(name) for name in rule.group_by or []]
        plain = [name for name in groups if re.fullmatch(r"[\w.]+", name)]
        return query, [(name, _kind(name), score) for name in plain[:2]]
    if form == "cim":
        text = re.sub(r"\s*\n\s*", " ", query)
        names = [("dest", "system"), ("user", "user"), ("src", "system")]
        return text, [(name, kind, score) for name, kind in names if re.search(rf"\b\w+\.{name}\b", text)][:2]
    product = parts[0].logsource.product
    cloud = folder_of(product, parts[0].logsource.category)[0] == "cloud"
    entities = [("user", "user", score)] if cloud else [("dest", "system", score), ("user", "user", score)]
    shown = dict.fromkeys(["_time", *(name for name, _, _ in entities), *fields])
    host = "" if cloud else "\n| eval dest=coalesce(dest, host)"
    return f"{query}{host}\n| table {' '.join(map(_quoted, shown))}", entities


def _kind(name: str) -> str:
    return "user" if _USERS.search(name) else "system" if _HOSTS.search(name) else "other"


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[\w.{}]+", name) else '"' + name.replace('"', '\\"') + '"'


def _message(name: str, entities: list[tuple[str, str, int]]) -> str:
    return f"{name} on ${entities[0][0]}$" if entities else name


# -- texts


def _name(title: str, identity: str, names: set[str]) -> str:
    """The title in what a file and a saved search may be called; two of one title get a piece of their id."""
    plain = " ".join(re.sub(r"[^\w .\-/]+", " ", title, flags=re.ASCII).split()).strip(" .-/") or "Sigma Rule"
    plain = plain[:LONGEST].strip(" .-/")
    if plain.lower() in names:
        plain = f"{plain[: LONGEST - 9].strip()} {identity[:8]}"
    names.add(plain.lower())
    return plain


def _text(value: object) -> str:
    return " ".join(str(value or "").split())


def _date(value: Any, otherwise: str) -> str:
    return value.isoformat()[:10] if hasattr(value, "isoformat") else otherwise


def _collect(parts: list[SigmaRule], places: Mapping[int, Place], form: Form) -> str:
    what = " and ".join(dict.fromkeys(_logsource(part) for part in parts)) or "the log source"
    definition = next((str(p.logsource.definition) for p in parts if getattr(p.logsource, "definition", None)), "")
    where = " and ".join(dict.fromkeys(f"`{places[id(part)].macro}`" for part in parts))
    how = f"so that {where} finds it" if form == "raw" else "and map it to the data model"
    return _text(f"Collect {what}, {how}. {definition}")
