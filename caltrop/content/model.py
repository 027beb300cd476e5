"""What the content room gives out: one typed model for every schema a repository may be written in.

Structs only; nothing here reads files. A field that a schema does not have keeps its default, so that renderers and
the harness never ask which schema a file was in (`schema` is kept for `caltrop migrate` and for messages).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from caltrop.content.problems import Problem

STATUSES = ("production", "experimental", "deprecated", "validation", "removed")


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """A field of the result that risk is about. `threat` marks a threat object (no score of its own).

    `finding` marks the entity of a finding; the others are intermediate findings. `message` is empty where the
    detection's own message stands for it.
    """

    field: str
    type: str
    score: int = 0
    message: str = ""
    threat: bool = False
    finding: bool = False


class Drilldown(msgspec.Struct, frozen=True, kw_only=True):
    """A search an analyst starts from a finding; offsets are time modifiers or $tokens$."""

    name: str
    search: str
    earliest_offset: str = ""
    latest_offset: str = ""


class EnrichmentLookup(msgspec.Struct, frozen=True, kw_only=True):
    """A lookup of the site's after `enrichhits`: `match` are fields (`column AS field`, or one name for both), `output` columns."""

    name: str
    match: tuple[str, ...] = ()
    output: tuple[str, ...] = ()

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """What is matched: (column of the lookup, field of the result)."""
        return tuple(_pair(text) for text in self.match)

    def outputs(self) -> tuple[tuple[str, str], ...]:
        """What comes out: (column of the lookup, field of the result)."""
        return tuple(_pair(text) for text in self.output)


_AS = re.compile(r"\s+as\s+", re.IGNORECASE)


def _pair(text: str) -> tuple[str, str]:
    parts = _AS.split(text.strip(), maxsplit=1)
    return parts[0], parts[-1]


class Enrichment(msgspec.Struct, frozen=True, kw_only=True):
    """Asks the generator to insert `enrichhits` before the filter macro.

    `field` holds the script text or command line; `join` puts the parts of a script that was logged in several events together first;
    `lookups` are looked up after it.
    """

    field: str = ""
    join: bool = False
    lookups: tuple[EnrichmentLookup, ...] = ()


class AttackData(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset: `data` is a URL or a path relative to the repository. `size` (bytes) and `sha256` pin it.

    `member` names a file inside a zip or tar archive; `rendering` is "", "xml" or "classic" for captures that are
    rebuilt into Windows event text.
    """

    data: str
    source: str = ""
    sourcetype: str = ""
    host: str = ""
    custom_index: str = ""
    size: int = 0
    sha256: str = ""
    member: str = ""
    rendering: str = ""


class RowBounds(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows: at least and at most, both inclusive; None is unbounded."""

    at_least: int | None = 1
    at_most: int | None = None


class ExpectedRisk(msgspec.Struct, frozen=True, kw_only=True):
    """What the risk action must have written: each part is checked only when it is given."""

    events: RowBounds | None = None
    message: str = ""
    score: int | None = None
    objects: tuple[str, ...] = ()


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """`hits` rows; `fields` maps a field to values that must each occur; `rows` must each be part of one result row."""

    hits: RowBounds = RowBounds()
    fields: dict[str, tuple[str, ...]] = {}
    rows: tuple[dict[str, str], ...] = ()
    risk: ExpectedRisk | None = None
    notables: RowBounds | None = None


class Test(msgspec.Struct, frozen=True, kw_only=True):
    """A test of a detection. `benign` datasets must give no hit; `fallback` stands in when nothing can be downloaded.

    `line` is where the test begins in the detection's file.
    """

    name: str
    test_type: str = "unit"
    description: str = ""
    attack_data: tuple[AttackData, ...] = ()
    benign: tuple[AttackData, ...] = ()
    fallback: tuple[AttackData, ...] = ()
    expect: Expectation = Expectation()
    line: int = 0


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """When a search runs and the window it looks at, as savedsearches.conf says it."""

    cron_schedule: str = "0 * * * *"
    earliest_time: str = "-70m@m"
    latest_time: str = "-10m@m"
    schedule_window: str = "auto"


class Throttling(msgspec.Struct, frozen=True, kw_only=True):
    """Suppress repeats of the same `fields` values for `period` (a Splunk time span such as 1d)."""

    period: str
    fields: tuple[str, ...]


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """What every content object has. `file` is relative to the repository; dates are ISO (YYYY-MM-DD) or empty."""

    name: str
    file: str
    id: str = ""
    version: int = 1
    creation_date: str = ""
    modification_date: str = ""
    author: str = ""
    description: str = ""
    schema: str = "flat"


class Detection(Item, frozen=True, kw_only=True):
    """One detection. `search` is SPL as written, ending in the filter macro; `message` is the risk message or title."""

    status: str = "production"
    type: str = "TTP"
    search: str
    data_source: tuple[str, ...] = ()
    how_to_implement: str = ""
    known_false_positives: str = ""
    references: tuple[str, ...] = ()
    drilldown_searches: tuple[Drilldown, ...] = ()
    message: str = ""
    entities: tuple[Entity, ...] = ()
    analytic_story: tuple[str, ...] = ()
    asset_type: str = ""
    mitre_attack_id: tuple[str, ...] = ()
    product: tuple[str, ...] = ()
    category: str = ""
    security_domain: str = ""
    cve: tuple[str, ...] = ()
    # None: not said, so derived from type and domain; an empty list says "none".
    cis20: tuple[str, ...] | None = None
    nist: tuple[str, ...] | None = None
    kill_chain_phases: tuple[str, ...] | None = None
    atomic_guid: tuple[str, ...] = ()
    required_fields: tuple[str, ...] = ()
    impact: int | None = None
    confidence: int | None = None
    risk_score: int = 0
    tests: tuple[Test, ...] = ()
    manual_test: str = ""
    enrichment: Enrichment | None = None
    enabled_by_default: bool = False
    schedule: Schedule | None = None
    throttling: Throttling | None = None
    baselines: tuple[str, ...] = ()
    replaced_by: tuple[str, ...] = ()
    deprecation_reason: str = ""

    @property
    def risk_objects(self) -> tuple[Entity, ...]:
        return tuple(e for e in self.entities if not e.threat)

    @property
    def threat_objects(self) -> tuple[Entity, ...]:
        return tuple(e for e in self.entities if e.threat)

    @property
    def filter_macro(self) -> str:
        """The name of the generated, empty macro that sites tune."""
        return f"{snake(self.name)}_filter"


class Baseline(Item, frozen=True, kw_only=True):
    """A search that prepares what detections compare with."""

    status: str = "production"
    search: str
    how_to_implement: str = ""
    known_false_positives: str = ""
    references: tuple[str, ...] = ()
    analytic_story: tuple[str, ...] = ()
    detections: tuple[str, ...] = ()
    product: tuple[str, ...] = ()
    security_domain: str = ""
    data_models: tuple[str, ...] | None = None  # None: not said, so read off the search
    schedule: Schedule | None = None


class Investigation(Item, frozen=True, kw_only=True):
    """A response task: a search an analyst runs with tokens filled in (`inputs` are those tokens)."""

    search: str = ""
    how_to_implement: str = ""
    known_false_positives: str = ""
    references: tuple[str, ...] = ()
    analytic_story: tuple[str, ...] = ()
    product: tuple[str, ...] = ()
    security_domain: str = ""
    data_models: tuple[str, ...] | None = None
    inputs: tuple[str, ...] = ()
    status: str = "production"


class MacroItem(Item, frozen=True, kw_only=True):
    """A search macro; `arguments` are its parameter names, in order."""

    definition: str = ""
    arguments: tuple[str, ...] = ()

    @property
    def stanza(self) -> str:
        """Its stanza in macros.conf: the arity is part of the name."""
        return f"{self.name}({len(self.arguments)})" if self.arguments else self.name


class Lookup(Item, frozen=True, kw_only=True):
    """A lookup. `kind` is csv, kvstore or mlmodel; `data_file` is where its rows are, relative to the repository.

    Options not given are None, so that a conf file says no more than the author did.
    """

    kind: str = "csv"
    filename: str = ""
    data_file: str = ""
    collection: str = ""
    fields: str = ""  # as in transforms.conf: comma separated
    match_type: str = ""
    default_match: str | None = None
    case_sensitive_match: str | None = None
    min_matches: int | None = None
    max_matches: int | None = None


class Story(Item, frozen=True, kw_only=True):
    """An analytic story: what belongs together, and why."""

    status: str = "production"
    narrative: str = ""
    references: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    product: tuple[str, ...] = ()
    usecase: str = ""
    cve: tuple[str, ...] = ()


class DataSource(Item, frozen=True, kw_only=True):
    """Where events come from; `example_log` is one event and `fields` what is extracted from it."""

    source: str = ""
    sourcetype: str = ""
    separator: str = ""
    separator_value: str = ""
    configuration: str = ""
    supported_ta: tuple[dict[str, Any], ...] = ()
    fields: tuple[str, ...] = ()
    output_fields: tuple[str, ...] = ()
    field_mappings: tuple[dict[str, Any], ...] = ()
    example_log: str = ""


class Deployment(Item, frozen=True, kw_only=True):
    """How searches of one type run, and which actions they have."""

    type: str
    schedule: Schedule = Schedule()
    notable: bool = False
    rule_title: str = "%name%"
    rule_description: str = "%description%"
    nes_fields: tuple[str, ...] = ()  # none: those of each detection's risk objects
    risk: bool = False
    # Other alert actions (email, slack, phantom) with their parameters, which may hold %name% and the like.
    actions: dict[str, dict[str, str]] = {}


class Dashboard(Item, frozen=True, kw_only=True):
    """A dashboard; `data_file` is its JSON, relative to the repository."""

    data_file: str = ""


class Playbook(Item, frozen=True, kw_only=True):
    """A SOAR playbook: read and listed, not shipped in the app."""

    playbook: str = ""
    how_to_implement: str = ""
    references: tuple[str, ...] = ()
    detections: tuple[str, ...] = ()


class Catalogue(msgspec.Struct, kw_only=True):
    """Everything in a repository, in order of file name, and everything wrong with it."""

    root: str
    config: Any
    detections: list[Detection] = []
    removed: list[Detection] = []
    baselines: list[Baseline] = []
    investigations: list[Investigation] = []
    macros: list[MacroItem] = []
    lookups: list[Lookup] = []
    stories: list[Story] = []
    data_sources: list[DataSource] = []
    deployments: list[Deployment] = []
    dashboards: list[Dashboard] = []
    playbooks: list[Playbook] = []
    problems: list[Problem] = []

    @property
    def empty(self) -> bool:
        return not any(getattr(self, name) for name in self.__struct_fields__ if name not in ("root", "config"))

    def data_path(self, file: str) -> Path | None:
        """A data file of the repository; None when it is not there, or outside (content is not trusted)."""
        root = Path(self.root).resolve()
        path = (root / file).resolve()
        return path if file and path.is_relative_to(root) and path.is_file() else None

    def detection(self, name: str) -> Detection | None:
        """By name, id or file stem, whichever fits."""
        for item in self.detections:
            if name in (item.name, item.id) or snake(item.name) == name:
                return item
        return None

    def needed_addons(self, detection: Detection) -> list[str]:
        """The add-ons that the data sources of a detection name, by their titles."""
        wanted = {name.lower() for name in detection.data_source}
        found = [ta for source in self.data_sources if source.name.lower() in wanted for ta in source.supported_ta]
        return list(dict.fromkeys(str(ta["name"]) for ta in found if ta.get("name")))

    def deployment(self, type_: str) -> Deployment | None:
        """How searches of a type run; a repository without any deployment has the usual ones."""
        if not self.deployments:
            return usual_deployment(type_)
        return next((d for d in self.deployments if d.type == type_), None)

    @property
    def blocking(self) -> list[Problem]:
        """Errors that stop a build: all of them, unless the repository was made for another generator."""
        return self.errors if self.config.strict else []

    @property
    def errors(self) -> list[Problem]:
        return [p for p in self.problems if p.severity == "error"]


def usual_deployment(type_: str) -> Deployment:
    """Hourly, over the hour before, leaving data ten minutes to arrive; baselines once a day."""
    daily = Schedule(cron_schedule="10 0 * * *", earliest_time="-1450m@m")
    return Deployment(
        name="",
        file="",
        type=type_,
        schedule=daily if type_ == "Baseline" else Schedule(),
        notable=type_ in ("TTP", "Correlation"),
        risk=type_ in ("TTP", "Anomaly"),
    )


_SNAKE = str.maketrans(dict.fromkeys(" ." + "-/", "_"))


def snake(name: str) -> str:
    """The file-name form of an object's name: lower case, spaces, dots, dashes and slashes as underscores."""
    return name.translate(_SNAKE).lower()
