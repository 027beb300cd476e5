"""Knowledge objects as searches in one app by one user see them: the merged configuration, read once for all of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import polars as pl

from caltrop.dialect import patterns
from caltrop.dialect.conf import DEFAULT, Placed
from caltrop.dialect.datamodels import DataModel, DataModelError, read_model
from caltrop.dialect.words import truth
from caltrop.errors import CaltropError
from caltrop.knowledge import dependencies, extraction, labels, modular, multikv, secure, standins, wording
from caltrop.knowledge.asking import Asker, Fault, Kind
from caltrop.knowledge.columns import Columns, as_field, stack
from caltrop.knowledge.configuration import NOBODY, Configuration, MergedStanza, Setting, disabled
from caltrop.knowledge.dependencies import Functions
from caltrop.knowledge.kvstore import KVStore
from caltrop.knowledge.labels import EventType
from caltrop.knowledge.limits import KV_CHARACTERS, KV_COLUMNS, KV_FIELDS, Limits
from caltrop.knowledge.lookups import Lookup
from caltrop.knowledge.multikv import Description
from caltrop.knowledge.naming import SourceTypes
from caltrop.knowledge.props import AutoLookup, Plan, Props, Report, index_time, plan, words
from caltrop.knowledge.tables import Tables
from caltrop.knowledge.transforms import Transform, transform
from caltrop.knowledge.wording import Wording

CONFS = (
    "props",
    "transforms",
    "eventtypes",
    "tags",
    "collections",
    "fields",
    "limits",
    "multikv",
)  # what a Knowledge keeps something of


@dataclass(frozen=True, slots=True)
class MacroStanza:
    """A macros.conf stanza: `name(2)` is the macro `name` with two arguments."""

    name: str
    args: tuple[str, ...]
    definition: str
    is_eval: bool = False
    validation: str = ""
    errormsg: str = ""


@dataclass(frozen=True, slots=True)
class _Dependence:
    """What search-time fields depend on besides the events, as one revision of the configuration says."""

    revision: tuple[int, ...]
    used: dependencies.Definitions  # the macros that event types and filters of lookups use
    digest: str
    on_lookups: bool  # on rows of lookups that no setting names
    on_zone: bool
    of_eventtypes_on_clock: bool


class Knowledge:
    """What one app and user see. Cheap to make; what is read is kept until `configuration.revision(CONFS)` changes (make a
    new one then).

    Nothing is evaluated here: calculated fields, event types and filters of lookups are evaluated by the `Asker`, the
    search that asks, and faults are met there. `functions` says which eval functions read the clock or the time zone.
    """

    def __init__(
        self,
        configuration: Configuration,
        app: str = "search",
        user: str = NOBODY,
        *,
        functions: Functions | None = None,
        kvstore: KVStore | None = None,
    ) -> None:
        self.configuration = configuration
        self.app = app
        self.user = user
        self.kvstore = kvstore or KVStore()
        self.functions = functions or Functions()
        self._plans: dict[tuple[tuple[str, int], ...], Plan] = {}
        self._transforms: dict[str, Transform | Fault] = {}
        self._tag_faults: list[Fault] = []
        self._tables = Tables(configuration, app, user, self.kvstore, self.searches_clock)
        self._models: dict[str, DataModel] = {}
        self._macros: dict[tuple[str, int], MacroStanza | None] = {}
        self._macros_of: tuple[int, ...] = ()
        self._places: dict[str, Path | str] = {}
        self._known: _Dependence | None = None

    def _stanzas(self, conf: str) -> Mapping[str, MergedStanza]:
        return self.configuration.stanzas(conf, self.app, self.user)

    def _stanza(self, conf: str, name: str) -> MergedStanza | None:
        found = self.configuration.stanza(conf, name, self.app, self.user)
        return None if found is None or disabled(found) or name == DEFAULT else found

    # --- what extraction depends on -----------------------------------------------------------------------------------

    @property
    def fingerprint(self) -> str:
        """Equal fingerprints extract equal fields, whatever the user, the app and the changes of the configuration between.

        Settings count, the macros that event types and filters of lookups use, and the rows of automatic lookups.
        """
        depends = self._dependence
        return dependencies.digest([depends.digest, self.lookup_marks(self._automatic, everything=depends.on_lookups)])

    @property
    def reads_zone(self) -> bool:
        """Whether search-time fields depend on the time zone of the search."""
        return self._dependence.on_zone

    @property
    def _dependence(self) -> _Dependence:
        revision = self.configuration.revision([*CONFS, "macros"])
        known = self._known
        if known is None or known.revision != revision:
            used = dependencies.macros(self._searched, self._stanzas("macros"))
            if known is not None and known.used == used and known.revision[:-1] == revision[:-1]:
                self._known = replace(known, revision=revision)  # another macro changed: a filter that was tuned
                return self._known
            expressions = [*self._searched, *self._settings_of("EVAL-")]
            definitions = [settings.get("definition", "") for settings in used.values()]
            known = self._known = _Dependence(
                revision,
                used,
                self.configuration.fingerprint(CONFS, self.app, self.user)
                + dependencies.digest([used, standins.marks(self.configuration, self.app, self.user)]),
                dependencies.reads_lookups([*expressions, *used.values()]),
                any(self.functions.read_zone(text) for text in (*expressions, *definitions)),
                any(self.searches_clock(e.search) for e in self.eventtypes.values()),
            )
        return known

    def lookup_marks(self, names: Iterable[str], *, everything: bool = False) -> str:
        """Changes when the rows of one of these lookups change (those of any, where `everything` is read)."""
        if everything:
            marks: list[object] = [self._tables.marks()]
            collections = True
        else:
            places = [self._place(name) for name in names]
            marks = [dependencies.mark(place) if isinstance(place, Path) else place for place in places]
            collections = any(isinstance(place, str) for place in places)
        written = self.configuration.revision(["lookups"])[1]
        return dependencies.digest([marks, written, self.kvstore.generation if collections else 0])

    def _place(self, name: str) -> Path | str | None:
        place = self._places.get(name) or self._tables.place(name)
        if place is not None:
            self._places[name] = place
        return place

    @cached_property
    def _automatic(self) -> list[str]:
        """The tables of automatic lookups."""
        return sorted({tokens[0] for text in self._settings_of("LOOKUP") if (tokens := words(text))})

    @cached_property
    def _searched(self) -> list[str]:
        """The search expressions of knowledge objects, which may use macros."""
        filters = [stanza.get("filter") for stanza in self._stanzas("transforms").values()]
        return [text for text in filters if text] + [e.search for e in self.eventtypes.values()]

    def _settings_of(self, prefix: str) -> list[str]:
        """Values of the props.conf settings whose name begins so."""
        return [
            setting.value
            for stanza in self._stanzas("props").values()
            for key, setting in stanza.settings.items()
            if key.upper().startswith(prefix)
        ]

    @cached_property
    def limits(self) -> Limits:
        """limits.conf, which is one for all apps and users."""
        return Limits(self.configuration.stanzas("limits"))

    # --- what depends on the moment ------------------------------------------------------------------------------------

    def searches_clock(self, text: str) -> bool:
        """Whether a search expression may match other rows at another moment."""
        return dependencies.searches_clock(text, self._stanzas("macros"), self.functions)

    def moving(self, frame: pl.DataFrame) -> frozenset[str] | None:
        """The fields of these events that may have other values at another moment; None where that can be any field."""
        found: set[str] = set()
        kinds = _kinds(self._renamed(frame)).unique()
        for asked in {each for kind in kinds.iter_rows() for each in self.plans(*kind)}:
            own = {item.name for item in asked.evals if self.moves(item.expression)}
            for auto in asked.lookups:
                if self._tables.moves(auto.table):
                    if auto.targets is None:
                        return None
                    own |= auto.targets
            if own:
                dependents = extraction.dependents(asked, frozenset(own), calculated=True)
                if dependents is None:
                    return None
                found |= dependents
        if self._dependence.of_eventtypes_on_clock or (found and self._read_by_eventtypes & found):
            found |= labels.LABELS
        found |= {name for f in self.tags if f in found for name in ("tag", f"tag::{f}")}
        return frozenset(found)

    def lookup_moves(self, name: str) -> bool:
        """Whether the rows of a lookup depend on the moment."""
        return self._tables.moves(name)

    def moves(self, expression: str) -> bool:
        """Whether an eval expression may have another value at another moment."""
        reads_table = dependencies.reads_lookups([expression]) and any(map(self._tables.moves, self._definitions))
        return self.functions.read_clock(expression) or reads_table

    @cached_property
    def _definitions(self) -> list[str]:
        """The stanzas of transforms.conf that have a filter."""
        return [name for name, stanza in self._stanzas("transforms").items() if stanza.get("filter")]

    # --- macros, saved searches ---------------------------------------------------------------------------------------

    def macro(self, name: str, arity: int = 0) -> MacroStanza | None:
        revision = self.configuration.revision(["macros"])
        if revision != self._macros_of:
            self._macros, self._macros_of = {}, revision
        known = self._macros
        if (name, arity) not in known:
            known[name, arity] = self._macro(name, arity)
        return known[name, arity]

    def _macro(self, name: str, arity: int) -> MacroStanza | None:
        found = self._stanza("macros", f"{name}({arity})" if arity else name)
        if found is None:
            return None
        args = tuple(a.strip() for a in found.get("args").split(",") if a.strip())
        return MacroStanza(
            name,
            args,
            found.get("definition"),
            truth(found.get("iseval")),
            found.get("validation"),
            found.get("errormsg"),
        )

    def macros(self) -> list[str]:
        """Stanza names: `name` and `name(arity)`."""
        return sorted(n for n in self._stanzas("macros") if n != DEFAULT)

    def apps_with(self, conf: str, stanza: str) -> list[str]:
        """The apps in which this user sees the stanza, shared with others or not."""
        config = self.configuration
        return [app for app in sorted(config.apps()) if stanza in config.stanzas(conf, app, self.user)]

    def saved_search(self, name: str) -> MergedStanza | None:
        """The stanza with what it inherits; disabled ones too."""
        return None if name == DEFAULT else self.configuration.stanza("savedsearches", name, self.app, self.user)

    def saved_searches(self) -> list[str]:
        return sorted(n for n in self._stanzas("savedsearches") if n != DEFAULT)

    # --- lookups ------------------------------------------------------------------------------------------------------

    def lookup(self, name: str, asker: Asker) -> Lookup | None:
        """A lookup definition, or a lookup file by its name (`x.csv`). None where neither exists.

        Raises `LookupFailure` for a definition that exists and cannot work here (a missing file or script).
        """
        return self._tables.get(name, asker)

    def lookups(self) -> list[str]:
        """Names of definitions and of files."""
        return self._tables.names()

    def write_lookup(self, name: str, rows: pl.DataFrame, *, app: str | None = None) -> None:
        """Replace the rows of a lookup: a definition's file or collection, or a file (made in `app` if it is new)."""
        self._tables.write(name, rows, app or self.app)
        self._rows_changed(name)

    def remove_lookup_file(self, name: str) -> bool:
        """Delete the file behind a lookup; False where no file is behind it."""
        removed = self._tables.remove_file(name)
        if removed:
            self._rows_changed(name)
        return removed

    def _rows_changed(self, name: str) -> None:
        """Where an automatic lookup shows the rows of `name`, the configuration counts as changed: extracted fields are stale."""
        if any(self._tables.serves(table, name) for table in self._automatic):
            self.configuration.touch("lookups")

    # --- extraction ---------------------------------------------------------------------------------------------------

    @cached_property
    def props(self) -> Props:
        return standins.props(self.configuration, self.app, self.user)

    @cached_property
    def _index_props(self) -> Props:
        return standins.props(self.configuration)

    @cached_property
    def source_types(self) -> SourceTypes:
        """How data without a source type gets one, at index time."""
        return SourceTypes(self.configuration.stanzas("props"), self._index_props)

    def props_for(self, source: str, sourcetype: str, host: str) -> dict[str, str]:
        """Merged props.conf settings of an event, in this context."""
        return _values(self.props.settings(source, self.props.rename(sourcetype), host))

    def index_time_props(self, source: str, sourcetype: str, host: str = "") -> dict[str, str]:
        """Index-time settings (line breaking, time stamps, ...): the global context, as an indexer sees it."""
        settings = self._index_props.settings(source, sourcetype, host)
        found = index_time({key: Placed(setting.value, setting.place) for key, setting in settings.items()})
        if "DATETIME_CONFIG" in found:
            setting = settings["DATETIME_CONFIG"]
            found["DATETIME_CONFIG"] = Placed(self._in_app(setting.value), setting.place)
        return found

    def _in_app(self, path: str) -> str:
        """`/etc/apps/<app>/…`, as settings name a file below the installation, as the file is called here; any other text as it is."""
        named = re.fullmatch(r"/?etc/(?:apps/)?([^/]+)/(.+)", path.strip())
        if named is None:
            return path
        folder = self.configuration.app_path(named[1]).resolve()
        file = (folder / named[2]).resolve()
        return str(file) if folder in file.parents else path

    def index_time_stanzas(self) -> Iterable[dict[str, str]]:
        """The index-time settings of each props.conf stanza by itself."""
        for stanza in self.configuration.stanzas("props").values():
            yield index_time({key: Placed(setting.value, setting.place) for key, setting in stanza.settings.items()})

    def index_time_transform(self, name: str) -> dict[str, str] | None:
        """A transforms.conf stanza as an indexer sees it; None where there is none."""
        stanza = self.configuration.stanza("transforms", name)
        if stanza is None or disabled(stanza):
            return None
        values: dict[str, str] = {key: Placed(setting.value, setting.place) for key, setting in stanza.settings.items()}
        if "[[" in values.get("REGEX", ""):
            with suppress(patterns.RegexError):  # the index room says what is wrong with a pattern
                whole = modular.expand(values["REGEX"], self._index_regex_of)
                values["REGEX"] = Placed(whole, stanza.settings["REGEX"].place)
        return values

    def regex_of(self, name: str) -> str | None:
        """The REGEX of a transform as searches see it: what `[[name]]` stands for."""
        stanza = self._stanza("transforms", name)
        return None if stanza is None else stanza.get("REGEX") or None

    def _index_regex_of(self, name: str) -> str | None:
        stanza = self.configuration.stanza("transforms", name)
        return None if stanza is None or disabled(stanza) else stanza.get("REGEX") or None

    def plans(self, source: str, sourcetype: str, host: str) -> tuple[Plan, ...]:
        """What to do with events of this kind, whose source type is called what `rename` makes of it. Of several plans, those
        behind give what those before them did not."""
        return tuple(self._plan(settings) for settings in self.props.readings(source, sourcetype, host))

    def _plan(self, settings: Mapping[str, Setting]) -> Plan:
        key = tuple(
            sorted((name, id(setting)) for name, setting in settings.items())
        )  # they live as long as the stanzas
        if key not in self._plans:
            self._plans[key] = plan(settings)
        return self._plans[key]

    def transform(self, report: Report) -> Transform | Fault:
        """What a REPORT names, or why that is nothing."""
        stanza = self._stanza("transforms", report.name)
        if stanza is None:
            return Fault(report.place, f"{report.setting}: no transform named {report.name!r}")
        if report.name not in self._transforms:
            self._transforms[report.name] = transform(stanza, self.regex_of)
        return self._transforms[report.name]

    def table(self, name: str, place: str) -> Description | Fault:
        """A description of multikv.conf; what is wrong with it, or that `place` names one that is not there."""
        stanza = self._stanza("multikv", name)
        if stanza is None:
            return Fault(place, f"no [{name}] in multikv.conf: the header line names the fields")
        try:
            return multikv.description(stanza)
        except multikv.DescriptionError as error:
            return Fault(stanza.place(error.key), f"{error}: the header line names the fields")

    def _auto_lookup(self, auto: AutoLookup, asker: Asker) -> Lookup | Fault:
        try:
            found = self.lookup(auto.table, asker)
            if found is None:
                return Fault(auto.place, f"{auto.name}: no lookup named {auto.table!r}", auto.targets)
            found.rows()
        except CaltropError as error:
            return Fault(self._tables.defined_at(auto.table) or auto.place, error.message, auto.targets)
        return found

    def extract(self, frame: pl.DataFrame, wanted: set[str] | None, asker: Asker) -> pl.DataFrame:
        """Add search-time fields to events (`_raw`, `host`, `source`, `sourcetype` and indexed fields).

        The columns of the frame come first, then new fields; only `wanted` ones where it is given. Rows keep their order.
        """
        if not frame.height:
            return frame
        result = self.fields(frame, self.needed(wanted), asker)
        if labels.asked(wanted):
            result = self.labelled(result, wanted, asker)
        if wanted is not None:
            result = result.select([c for c in result.columns if c in wanted or c in frame.columns])
        return result

    def has(self, frame: pl.DataFrame, wanted: Collection[str]) -> bool:
        """Whether the events have all of the wanted fields as they are: in every row, and nothing computes them anew."""
        stored = set(frame.columns) - {extraction.UNFOUND}
        if labels.asked(wanted) or not set(wanted) <= stored or self.props.faults:
            return False
        renamed = ("sourcetype", "_sourcetype") if self.props.renames else ()
        if any(frame.get_column(n).null_count() or n in self._tokenizers[0] or n in renamed for n in wanted):
            return False
        plans = {plan for kind in _kinds(frame).unique().iter_rows() for plan in self.plans(*kind)}
        return not any(plan.faults or plan.replaces(wanted) for plan in plans)

    def check(self, asker: Asker) -> None:
        """Meet every fault of what this context sees, whatever the events: settings, transforms, lookups, expressions, event
        types and tags, at search time and at index time."""
        event = pl.DataFrame({name: [""] for name in ("_raw", "source", "sourcetype", "host")})
        evaluate = asker.evaluate or (lambda _text, frame: frame["_raw"])
        self.props.check()
        self._index_props.check()
        naming, readers = self.source_types.faults, (self.props, self._index_props)
        for fault in (*(f for props in readers for f in props.faults), *naming, *self._tokenizers[1], *self._worded[1]):
            asker.meet(fault)
        for stanza in self._stanzas("transforms").values():
            read = transform(stanza, self.regex_of) if stanza.get("REGEX") or stanza.get("DELIMS") else None
            if isinstance(read, Fault) and not disabled(stanza):
                asker.meet(read)
        for fault in secure.faults(self.configuration):
            asker.meet(fault)
        for unusable in self.limits.faults():
            asker.meet(Fault(unusable.place, unusable.what))
        for stanza in self._stanzas("props").values():
            found = plan(stanza.settings)
            named = [self.transform(report) for report in found.reports]
            opened = [self._auto_lookup(auto, asker) for auto in found.lookups]
            described = [self.table(found.kv_table, found.kv_place)] if found.kv_table else []
            for met in (*found.faults, *named, *opened, *described):
                if isinstance(met, Fault):
                    asker.meet(met)
            for item in found.evals:
                try:
                    evaluate(item.expression, event)
                except CaltropError as error:
                    asker.meet(Fault(item.place, f"EVAL-{item.name}: {error.message}", frozenset({item.name})))
        for stanza in self.configuration.stanzas("props").values():
            for key, setting in stanza.settings.items():
                names = setting.value.split(",") if key.upper().startswith(("TRANSFORMS", "RULESET-")) else []
                for name in (name.strip() for name in names):
                    if name and self.index_time_transform(name) is None:
                        asker.meet(Fault(setting.place, f"{key}: no transform named {name!r}"))
        labels.eventtype_masks(event, self.eventtypes, asker)
        for fault in self._tag_faults:
            asker.meet(fault)

    def fields(self, frame: pl.DataFrame, wanted: set[str] | None, asker: Asker) -> pl.DataFrame:
        """`extract` without event types and tags; of wanted fields, those that others were made of may come too."""
        if not frame.height:
            return frame
        result = self._by_kind(self._renamed(frame), wanted, asker)
        for fault in (*self.props.faults, *self._tokenizers[1], *self._limit_faults):
            asker.meet(fault)
        return result

    @cached_property
    def _limit_faults(self) -> list[Fault]:
        """What is wrong with the limits that extraction keeps to: their defaults hold."""
        met = [self.limits.of(limit)[1] for limit in (KV_CHARACTERS, KV_COLUMNS, KV_FIELDS)]
        return [Fault(unusable.place, unusable.what) for unusable in met if unusable is not None]

    @cached_property
    def wording(self) -> Wording:
        """Which words an index must hold for `field=value` to find an event."""
        return self._worded[0]

    @cached_property
    def _worded(self) -> tuple[Wording, list[Fault]]:
        return wording.read(self._stanzas("fields"), self._stanzas("props").values(), self._stanzas("transforms"))

    @cached_property
    def _tokenizers(self) -> tuple[dict[str, patterns.Regex], list[Fault]]:
        """TOKENIZER of fields.conf by field, and what is wrong with others. Fields that are indexed have none."""
        found: dict[str, patterns.Regex] = {}
        faults: list[Fault] = []
        for name, stanza in self._stanzas("fields").items():
            text = stanza.get("TOKENIZER")
            if not text or name == DEFAULT or truth(stanza.get("INDEXED")):
                continue
            try:
                regex = patterns.compile(text)
                if not regex.names:
                    raise patterns.RegexError("has no group, whose matches would be the values")
                found[name] = regex
            except patterns.RegexError as error:
                faults.append(
                    Fault(stanza.place("TOKENIZER"), f"[{name}] TOKENIZER: {error.message}", frozenset({name}))
                )
        return found, faults

    def labelled(self, frame: pl.DataFrame, wanted: set[str] | None, asker: Asker) -> pl.DataFrame:
        """Add event types and tags to events that have the fields which these read (`needed`)."""
        result = labels.add(frame, wanted, self.eventtypes, self.tags, asker, self.aside(frame))
        for fault in self._tag_faults:
            asker.meet(fault)
        return result

    def needed(self, wanted: set[str] | None) -> set[str] | None:
        """The wanted fields, and those that wanted event types and tags read."""
        if wanted is None or not labels.asked(wanted):
            return wanted
        read = self._read_by_eventtypes if labels.LABELS & wanted else frozenset()
        return wanted | read | labels.tagged(wanted, self.tags)

    @cached_property
    def _read_by_eventtypes(self) -> frozenset[str]:
        """Every field that the search of an event type compares."""
        reads = (labels.names_in_search(e.search, self._macro_text) for e in self.eventtypes.values())
        return frozenset().union(*reads)

    def _renamed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Source types under the names that `rename =` gives them; what they were called is `_sourcetype`."""
        if "sourcetype" not in frame.columns or not self.props.renames:
            return frame
        indexed = frame.get_column("sourcetype")
        return frame.with_columns(self.props.renamed(indexed), indexed.alias("_sourcetype"))

    def _by_kind(self, frame: pl.DataFrame, wanted: set[str] | None, asker: Asker) -> pl.DataFrame:
        """Extract each group of events that has the same plan, and put the groups together again."""
        kinds = _kinds(frame)
        combos = kinds.unique(maintain_order=True)
        plans: dict[tuple[Plan, ...], list[Kind]] = {}
        numbers: list[int] = []
        order: dict[tuple[Plan, ...], int] = {}
        for kind in combos.iter_rows():
            found = self.plans(*kind)
            plans.setdefault(found, []).append(kind)
            numbers.append(order.setdefault(found, len(order)))
        if len(plans) == 1:
            ((found, held),) = plans.items()
            return self._extracted(frame, found, held, wanted, asker)
        which = kinds.join(
            combos.with_columns(pl.Series("plan", numbers)), on=kinds.columns, how="left", maintain_order="left"
        )["plan"]
        parts: list[pl.DataFrame] = []
        places: list[pl.Series] = []
        positions = pl.int_range(frame.height, dtype=pl.UInt32, eager=True)
        for found, held in plans.items():
            chosen = which == order[found]
            places.append(positions.filter(chosen))
            parts.append(self._extracted(frame.filter(chosen), found, held, wanted, asker))
        return stack(parts)[pl.concat(places).arg_sort()]

    def _extracted(
        self, frame: pl.DataFrame, plans: tuple[Plan, ...], kinds: list[Kind], wanted: set[str] | None, asker: Asker
    ) -> pl.DataFrame:
        """Events of kinds with the same plans: each plan alone, a field of an event by the first that gives it."""
        first, *others = (extraction.extract(frame, plan, wanted, self._tools(plan, kinds, asker)) for plan in plans)
        columns = Columns(first)
        for other in others:
            for name in other.columns:
                if name not in frame.columns:
                    columns.fill(name, other.get_column(name))
        return columns.frame() if others else first

    def _tools(self, plan: Plan, kinds: list[Kind], asker: Asker) -> extraction.Tools:
        def meet(fault: Fault) -> None:
            """What depends on what it withholds is withheld as well."""
            fields = None if fault.fields is None else extraction.dependents(plan, fault.fields)
            asker.meet(replace(fault, fields=fields), frozenset(kinds))

        def lookup(auto: AutoLookup) -> Lookup | Fault:
            return self._auto_lookup(auto, asker)

        bounds = extraction.Bounds(*(self.limits[limit] for limit in (KV_CHARACTERS, KV_FIELDS, KV_COLUMNS)))
        return extraction.Tools(asker.evaluate, self.transform, lookup, meet, self.table, self._tokenizers[0], bounds)

    # --- event types and tags -------------------------------------------------------------------------------------------

    @cached_property
    def eventtypes(self) -> dict[str, EventType]:
        """Enabled event types by priority (1 first), then name, with the tags they carry."""
        return labels.read_eventtypes(self._stanzas("eventtypes"), self.tags)

    @cached_property
    def tags(self) -> dict[str, dict[str, list[str]]]:
        """field -> value -> enabled tags, sorted."""
        self._tag_faults = []
        return labels.read_tags(self._tag_stanzas, self._tag_faults.append)

    @cached_property
    def _tag_stanzas(self) -> Mapping[str, MergedStanza]:
        return standins.tags(self._stanzas("tags"), self._stanzas("eventtypes"), self.configuration.stand_ins)

    def aside(self, frame: pl.DataFrame) -> labels.Aside | None:
        """Where and in what stand-ins step aside, of these events; None where they do so nowhere."""
        if not isinstance(self.props, standins.SharedProps):
            return None
        kinds = _kinds(frame)
        combos = kinds.unique(maintain_order=True)
        covered = [self.props.covered(*kind) is not None for kind in combos.iter_rows()]
        if not any(covered):
            return None
        rows = kinds.join(
            combos.with_columns(pl.Series("covered", covered)), on=kinds.columns, how="left", maintain_order="left"
        )["covered"]
        return labels.Aside(rows, *self._ours)

    def asides(self) -> set[tuple[str, str, str]]:
        """(stand-in, the app that it stepped aside for, source type) of the kinds of events met so far."""
        shared = [found for found in (self.props, self._index_props) if isinstance(found, standins.SharedProps)]
        return {aside for found in shared for aside in found.asides()}

    @cached_property
    def _ours(self) -> tuple[frozenset[str], frozenset[tuple[str, str, str]]]:
        """The event types and tags of stand-ins."""
        ours = self.configuration.stand_ins
        return standins.eventtypes(self._stanzas("eventtypes"), ours), standins.tagged(self._tag_stanzas, ours)

    def _macro_text(self, call: str) -> str | None:
        name, _, rest = call.partition("(")
        found = self.macro(name.strip(), rest.count(",") + 1 if rest.strip(") ") else 0)
        return found.definition if found else None

    # --- data models --------------------------------------------------------------------------------------------------

    def datamodel(self, name: str) -> DataModel:
        """A data model by name; raises `DataModelError` where no visible app has it."""
        if name not in self._models:
            path = self._model_files().get(name)
            if path is None:
                raise DataModelError(
                    f"no data model named {name!r}", hint=f"there are: {', '.join(self.datamodels()) or 'none'}"
                )
            self._models[name] = read_model(path)
        return self._models[name]

    def datamodels(self) -> list[str]:
        return sorted(self._model_files())

    def _model_files(self) -> dict[str, Path]:
        """model -> its JSON file: local over default, this app over others that export it, then the system."""
        config = self.configuration
        found: dict[str, Path] = {}
        for name in reversed(config.order(self.app)):
            for layer in ("default", "local"):
                folder = config.app_path(name) / layer / "data" / "models"
                for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
                    if name == self.app or config.exported(name, "datamodels", path.stem):
                        found[path.stem] = path
        return found


def _values(settings: Mapping[str, Setting]) -> dict[str, str]:
    return {key: setting.value for key, setting in settings.items()}


def _kinds(frame: pl.DataFrame) -> pl.DataFrame:
    """source, sourcetype and host of every event; empty where it has none."""
    three = [
        frame[n] if n in frame.columns else pl.Series(n, [""]).new_from_index(0, frame.height)
        for n in ("source", "sourcetype", "host")
    ]
    return pl.DataFrame([as_field(c).fill_null("") for c in three])
