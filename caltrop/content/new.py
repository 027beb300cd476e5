"""`caltrop new`: a detection that validates, with its test, and whatever the repository still lacks for it."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from caltrop.analysis import analyse
from caltrop.content import schema
from caltrop.content.blocks import render
from caltrop.content.checks.surroundings import surroundings
from caltrop.content.checks.unfilled import FILL
from caltrop.content.config import AppConfig
from caltrop.content.model import Catalogue, snake
from caltrop.content.repository import load
from caltrop.content.spec import DATE, Scalar, Spec, check
from caltrop.content.spltext import macro_calls
from caltrop.errors import CaltropError, Location
from caltrop.spl import SplError, parse
from caltrop.spl.fieldsets import OPEN, Fields

# Fields that usually name a machine or an account, the likeliest first, and what kind of entity they are.
ENTITIES = (
    ("dest", "system"), ("host", "system"), ("Computer", "system"), ("ComputerName", "system"), ("src", "system"),
    ("user", "user"), ("src_user", "user"), ("UserID", "user"), ("User", "user"), ("user_id", "user"),
)  # fmt: skip
_SCHEDULES = {"Baseline": ("10 0 * * *", "-1450m@m")}
_NOTABLE = {"rule_title": "%name%", "rule_description": "%description%"}
_ACTIONS: dict[str, dict[str, Any]] = {
    "TTP": {"notable": _NOTABLE, "rba": {"enabled": True}},
    "Anomaly": {"rba": {"enabled": True}},
    "Hunting": {},
    "Correlation": {"notable": _NOTABLE},
    "Baseline": {},
}
_SPECS: dict[str, Spec] = {
    "type": Scalar("text", choices=schema.DETECTION_TYPES),
    "domain": Scalar("text", choices=schema.DOMAINS),
    "category": Scalar("text", pattern=r"[\w-]+", hint="one folder below detections/"),
    "technique": schema.TECHNIQUE,
    "date": DATE,
}


@dataclass(frozen=True, slots=True)
class NewMacro:
    """A macro that a search needs, for where there is none of its name."""

    name: str
    definition: str
    description: str
    arguments: tuple[str, ...] = ()

    def file(self) -> dict[str, Any]:
        body: dict[str, Any] = {"name": self.name, "definition": self.definition, "description": self.description}
        return body | ({"arguments": list(self.arguments)} if self.arguments else {})


@dataclass(slots=True)
class Answers:
    """What a new detection is made of; `entities` are (field, type, score), `data` a path or URL of test data.

    What is empty gets a default, or a text that is to be filled in. `tests` stand in place of the one that `data` makes; an empty list makes none.
    """

    name: str
    search: str
    type: str = "TTP"
    author: str = ""
    description: str = ""
    story: str = ""
    techniques: list[str] = field(default_factory=list)
    data_sources: list[str] = field(default_factory=list)
    entities: list[tuple[str, str, int]] = field(default_factory=list)
    message: str = ""
    category: str = "endpoint"
    domain: str = "endpoint"
    data: str = ""
    source: str = ""
    sourcetype: str = ""
    date: str = ""
    id: str = ""
    status: str = "experimental"
    modified: str = ""
    how_to_implement: str = ""
    known_false_positives: str = ""
    references: list[str] = field(default_factory=list)
    cve: list[str] = field(default_factory=list)
    risk_score: int | None = None
    macros: list[NewMacro] = field(default_factory=list)
    tests: list[dict[str, Any]] | None = None


def existing(root: Path) -> Catalogue:
    """The content that is there already; nothing, where a repository only begins."""
    begun = any((root / name).exists() for name in ("app.yml", "contentctl.yml", "detections"))
    return load(root, checks=False) if begun else Catalogue(root=str(root), config=AppConfig())


def likely_entities(search: str, catalogue: Catalogue) -> list[tuple[str, str]]:
    """Fields of the search's result that look like machines and accounts, as (field, type)."""
    fields = _fields(search, catalogue)
    return [(name, kind) for name, kind in ENTITIES if name in fields.names]


def _fields(search: str, catalogue: Catalogue) -> Fields:
    reading = analyse(search, surroundings(catalogue)).reading
    return reading.runs[0].output if reading else OPEN


def check_answer(key: str, value: str) -> None:
    """Refuse an answer that would not validate. `key` is a flag's name; entities and techniques come one at a time."""
    if key == "search":
        try:
            parse(value)
        except SplError as error:
            raise CaltropError(f"the search does not parse: {error.message}", hint=error.hint) from error
    elif key == "name" and not re.fullmatch(r"\w+", snake(value)):
        hint = "use letters, digits, spaces, '-' and '.'"
        raise CaltropError(f"{value!r} makes the file name {snake(value)!r}", hint=hint)
    elif key == "story" and ("]" in value or not value.isprintable()):
        raise CaltropError(f"{value!r} cannot name a story", hint="no line breaks and no ']'")
    elif key in _SPECS:
        for _, _, message, hint in check(value, _SPECS[key]):
            raise CaltropError(message.replace("the file", f"{key} {value!r}", 1), hint=hint)


def entity(text: str) -> tuple[str, str, int]:
    """`field:type:score`; a system of score 50 where not said."""
    name, _, rest = text.strip().partition(":")
    kind, _, score = rest.partition(":")
    kind = kind or "system"
    if not name or kind not in schema.RISK_TYPES or (score and not (score.isdecimal() and int(score) <= 100)):
        hint = f"write field:type:score, such as dest:system:50; types are {', '.join(schema.RISK_TYPES)}"
        raise CaltropError(f"{text!r} is no risk object", hint=hint)
    return name, kind, int(score or 50)


def create(root: Path, answers: Answers, catalogue: Catalogue | None = None) -> list[Path]:
    """Write the files, existing ones left alone; the detection's is the first of the result.

    `catalogue` is what was there before, for who makes many. Raises `CaltropError` for what would not validate.
    """
    for key in ("name", "search", "story", "category", "domain", "type", "date"):
        if getattr(answers, key):
            check_answer(key, getattr(answers, key))
    for technique in answers.techniques:
        check_answer("technique", technique)
    stem = snake(answers.name)
    target = root / "detections" / answers.category / f"{stem}.yml"
    if target.exists():
        raise CaltropError("there is such a detection", location=Location(str(target)), hint="choose another name")
    written = [(target, _detection(answers, stem))]
    if not any((root / name).is_file() for name in ("app.yml", "contentctl.yml")):
        written.append((root / "app.yml", _app(root, answers)))
    catalogue = catalogue or existing(root)
    have = {d.type for d in catalogue.deployments}
    wanted = [answers.type] if have else list(_ACTIONS)
    written += [(root / "deployments" / f"{t.lower()}.yml", _deployment(t, answers)) for t in wanted if t not in have]
    story = answers.story or f"{answers.name} Story"
    if story not in {s.name for s in catalogue.stories}:
        written.append((root / "stories" / f"{snake(story)}.yml", _story(story, answers)))
    macros = {m.name for m in catalogue.macros}
    written += [
        (root / "macros" / f"{snake(macro.name)}.yml", _render(macro.file()))
        for macro in answers.macros
        if macro.name not in macros
    ]
    if not answers.data and answers.tests is None:
        text = f"{FILL}events in which the detection must hit, in place of this line\n"
        written.append((root / "tests" / "data" / f"{stem}.log", text))
    done = []
    for path, body in written:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(body, encoding="utf-8")
            done.append(path)
    return done


def _render(data: dict[str, Any]) -> str:
    return "".join(render(key, value) for key, value in data.items())


def _detection(answers: Answers, stem: str) -> str:
    search = answers.search.strip()
    if f"{stem}_filter" not in {call.name for call in macro_calls(search)}:
        search += f"\n| `{stem}_filter`" if "\n" in search else f" | `{stem}_filter`"
    entities = objects_of(answers)
    first = entities[0][0] if entities else ""
    message = answers.message or (f"{answers.name} on ${first}$" if first else answers.name)
    data: dict[str, Any] = {
        "name": answers.name,
        "id": answers.id or str(uuid.uuid4()),
        "version": 1,
        "creation_date": answers.date,
        "modification_date": answers.modified or answers.date,
        "author": answers.author,
        "status": answers.status,
        "type": answers.type,
        "description": answers.description or f"{FILL}what it finds, and why that matters",
        "data_source": answers.data_sources,
        "search": search,
        "how_to_implement": answers.how_to_implement or f"{FILL}which data must be collected, and how",
        "known_false_positives": answers.known_false_positives or f"{FILL}what else looks like this",
        "references": answers.references,
    }
    if entities:
        data["drilldown_searches"] = _drilldowns([name for name, _, _ in entities])
    objects = [{"field": name, "type": kind, "score": score} for name, kind, score in entities]
    if answers.type in ("TTP", "Correlation") and objects:
        data["finding"] = {"title": message, "entity": objects.pop(0)}
    if objects:
        data["intermediate_findings"] = {"entities": [{**o, "message": message} for o in objects]}
    data |= {
        "analytic_story": [answers.story or f"{answers.name} Story"],
        "asset_type": answers.category.capitalize(),
        "mitre_attack_id": answers.techniques,
        "product": ["Splunk Enterprise", "Splunk Enterprise Security", "Splunk Cloud"],
        "category": answers.category,
        "security_domain": answers.domain,
    }
    if answers.cve:
        data["cve"] = answers.cve
    if answers.risk_score is not None and objects_of(answers):
        data["risk_score"] = answers.risk_score
    tests = _tests(answers, stem) if answers.tests is None else answers.tests
    if tests:
        data["tests"] = tests
    return _render(data)


def objects_of(answers: Answers) -> list[tuple[str, str, int]]:
    """Hunting raises no risk, so that it has none."""
    return [] if answers.type == "Hunting" else answers.entities


def _tests(answers: Answers, stem: str) -> list[dict[str, Any]]:
    data = {
        "data": answers.data or f"tests/data/{stem}.log",
        "source": answers.source or "unknown",
        "sourcetype": answers.sourcetype or "unknown",
    }
    return [{"name": "True Positive Test", "test_type": "unit", "attack_data": [data]}]


def _drilldowns(fields: list[str]) -> list[dict[str, str]]:
    names = " and ".join(f"${name}$" for name in fields)
    where = " ".join(f'{name}="${name}$"' for name in fields)
    objects = ", ".join(f'"${name}$"' for name in fields)
    return [
        {
            "name": f"View the detection results for {names}",
            "search": f"%original_detection_search% | search {where}",
            "earliest_offset": "$info_min_time$",
            "latest_offset": "$info_max_time$",
        },
        {
            "name": f"View risk events for the last 7 days for {names}",
            "search": f"| from datamodel Risk.All_Risk | search normalized_risk_object IN ({objects})"
            " | stats count by normalized_risk_object search_name risk_message",
            "earliest_offset": "-7d@d",
            "latest_offset": "now",
        },
    ]


def _app(root: Path, answers: Answers) -> str:
    name = re.sub(r"\W+", "_", root.resolve().name.lower()).strip("_") or "content"
    name = name if name[0].isalpha() else f"app_{name}"
    label = name.replace("_", " ").capitalize()
    return _render(
        {
            "id": f"{name}_app" if len(name) < 2 else name,
            "label": label,
            "prefix": label,
            "version": "0.1.0",
            "description": f"Detections of {label}.",
            "author": {"name": answers.author},
            "release_date": answers.date,
        }
    ).replace("version: 0.1.0", "version: '0.1.0'")


def _common(name: str, description: str, answers: Answers) -> dict[str, Any]:
    return {
        "name": name,
        "id": str(uuid.uuid4()),
        "version": 1,
        "creation_date": answers.date,
        "modification_date": answers.date,
        "author": answers.author,
        "description": description,
    }


def _deployment(kind: str, answers: Answers) -> str:
    cron, earliest = _SCHEDULES.get(kind, ("0 * * * *", "-70m@m"))
    data = _common(f"{kind} schedule", f"How and when {kind} searches run.", answers)
    data["type"] = kind
    data["scheduling"] = {
        "cron_schedule": cron,
        "earliest_time": earliest,
        "latest_time": "-10m@m",
        "schedule_window": "auto",
    }
    if _ACTIONS[kind]:
        data["alert_action"] = _ACTIONS[kind]
    return _render(data)


def _story(name: str, answers: Answers) -> str:
    return _render(
        {
            **_common(name, f"What belongs to {name}.", answers),
            "status": "production",
            "narrative": answers.description or f"{FILL}what the adversary does, and how these detections see it",
            "references": [],
            "category": ["Adversary Tactics"],
            "product": ["Splunk Enterprise", "Splunk Enterprise Security", "Splunk Cloud"],
            "usecase": "Advanced Threat Detection",
        }
    )
