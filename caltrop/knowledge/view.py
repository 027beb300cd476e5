"""Knowledge objects as one search sees them: the merged configuration of one app and user, read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from caltrop.dialect.patterns import RegexError
from caltrop.knowledge import dependencies, extraction, labels
from caltrop.knowledge.columns import as_field, stack
from caltrop.knowledge.conffile import DEFAULT, truth
from caltrop.knowledge.configuration import NOBODY, Configuration, MergedStanza, disabled
from caltrop.knowledge.datamodel import DataModel, DataModelError, read_model
from caltrop.knowledge.kvstore import KVStore
from caltrop.knowledge.labels import EventType
from caltrop.knowledge.lookups import Lookup, LookupFailure
from caltrop.knowledge.props import Plan, Props, index_time, plan, words
from caltrop.knowledge.tables import Tables
from caltrop.knowledge.transforms import Transform, transform

CONFS = ("props", "transforms", "eventtypes", "tags", "collections")  # what a Knowledge keeps something of


@dataclass(frozen=True, slots=True)
class MacroStanza:
    """A macros.conf stanza: `name(2)` is the macro `name` with two arguments."""

    name: str
    args: tuple[str, ...]
    definition: str
    is_eval: bool = False
    validation: str = ""
    errormsg: str = ""


class Knowledge:
    """What one search sees. Cheap to make; results are kept until `configuration.revision(CONFS)` changes (make a new one then).

    `evaluate(expression text, frame)` and `matches(search text, frame)` are the engine's: calculated fields and event
    types need them, nothing else does. `evaluate` gives any column (numbers are rendered), `matches` a Boolean one.
    Warnings collect in `problems`.
    """

    def __init__(
        self,
        configuration: Configuration,
        app: str = "search",
        user: str = NOBODY,
        *,
        evaluate: extraction.Evaluate | None = None,
        matches: extraction.Matches | None = None,
        kvstore: KVStore | None = None,
    ) -> None:
        self.configuration = configuration
        self.app = app
        self.user = user
        self.kvstore = kvstore or KVStore()
        self.problems: list[str] = []
        self._evaluate = evaluate
        self._matches = matches
        self._plans: dict[tuple[tuple[str, str], ...], Plan] = {}
        self._transforms: dict[str, Transform | None] = {}
        self._tables = Tables(configuration, app, user, self.kvstore, matches)
        self._models: dict[str, DataModel] = {}
        self._places: dict[str, Path | str] = {}
        self._settings: tuple[tuple[int, ...], str, bool] | None = None  # revision, digest, whether lookups are read

    def _stanzas(self, conf: str) -> Mapping[str, MergedStanza]:
        return self.configuration.stanzas(conf, self.app, self.user)

    def _stanza(self, conf: str, name: str) -> MergedStanza | None:
        found = self.configuration.stanza(conf, name, self.app, self.user)
        return None if found is None or disabled(found) or name == DEFAULT else found

    def warn(self, text: str) -> None:
        if text not in self.problems:
            self.problems.append(text)

    # --- what extraction depends on -----------------------------------------------------------------------------------

    @property
    def fingerprint(self) -> str:
        """Equal fingerprints extract equal fields, whatever the user, the app and the changes of the configuration between.

        Settings count, the macros that event types and filters of lookups use, and the rows of automatic lookups.
        """
        revision = self.configuration.revision([*CONFS, "macros"])
        if self._settings is None or self._settings[0] != revision:
            digest = self.configuration.fingerprint(CONFS, self.app, self.user)
            used = dependencies.macros(self._searched, self._stanzas("macros"))
            expressions: list[str | Mapping[str, str]] = [*self._searched, *self._settings_of("EVAL-"), *used.values()]
            self._settings = revision, digest + dependencies.digest(used), dependencies.reads_lookups(expressions)
        _, settings, everything = self._settings
        return dependencies.digest([settings, self.lookup_marks(self._automatic, everything=everything)])

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

    # --- macros, saved searches ---------------------------------------------------------------------------------------

    def macro(self, name: str, arity: int = 0) -> MacroStanza | None:
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

    def saved_search(self, name: str) -> MergedStanza | None:
        """The stanza with what it inherits; disabled ones too."""
        return None if name == DEFAULT else self.configuration.stanza("savedsearches", name, self.app, self.user)

    def saved_searches(self) -> list[str]:
        return sorted(n for n in self._stanzas("savedsearches") if n != DEFAULT)

    # --- lookups ------------------------------------------------------------------------------------------------------

    def lookup(self, name: str) -> Lookup | None:
        """A lookup definition, or a lookup file by its name (`x.csv`). None where neither exists.

        Raises `LookupFailure` for a definition that exists and cannot work here (external scripts, a missing file).
        """
        return self._tables.get(name)

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
        props = Props(self._stanzas("props"))
        self.problems.extend(props.problems)
        return props

    @cached_property
    def _index_props(self) -> Props:
        return Props(self.configuration.stanzas("props"))

    def props_for(self, source: str, sourcetype: str, host: str) -> dict[str, str]:
        """Merged props.conf settings of an event, in this context."""
        return dict(self.props.settings(source, sourcetype, host))

    def index_time_props(self, source: str, sourcetype: str, host: str = "") -> dict[str, str]:
        """Index-time settings (line breaking, time stamps, ...): the global context, as an indexer sees it."""
        return index_time(self._index_props.settings(source, sourcetype, host))

    def index_time_transform(self, name: str) -> dict[str, str] | None:
        """A transforms.conf stanza as an indexer sees it; None where there is none."""
        stanza = self.configuration.stanza("transforms", name)
        return None if stanza is None or disabled(stanza) else stanza.values()

    def plan(self, source: str, sourcetype: str, host: str) -> Plan:
        settings = tuple(sorted(self.props.settings(source, sourcetype, host).items()))
        if settings not in self._plans:
            self._plans[settings] = plan(dict(settings), self.problems)
        return self._plans[settings]

    def _transform(self, name: str) -> Transform | None:
        if name not in self._transforms:
            stanza = self._stanza("transforms", name)
            found = None
            if stanza is None:
                self.warn(f"no transform named {name!r}")
            else:
                try:
                    found = transform(stanza)
                except (RegexError, ValueError) as error:
                    self.warn(str(error))
            self._transforms[name] = found
        return self._transforms[name]

    def _auto_lookup(self, name: str) -> Lookup | None:
        try:
            return self.lookup(name)
        except LookupFailure as error:
            self.warn(str(error))
            return None

    def _evaluated(self, expression: str, frame: pl.DataFrame) -> pl.Series:
        if self._evaluate is None:
            self.warn("calculated fields are left out: nothing evaluates expressions here")
            return pl.Series([None], dtype=pl.String).new_from_index(0, frame.height)
        return self._evaluate(expression, frame)

    @property
    def _tools(self) -> extraction.Tools:
        return extraction.Tools(self._evaluated, self._transform, self._auto_lookup, self.warn)

    def extract(self, frame: pl.DataFrame, wanted: set[str] | None = None) -> pl.DataFrame:
        """Add search-time fields to events (`_raw`, `host`, `source`, `sourcetype` and indexed fields).

        The columns of the frame come first, then new fields; only `wanted` ones where it is given. Rows keep their order.
        """
        if not frame.height:
            return frame
        labelled = wanted is None or any(w in ("eventtype", "tag") or w.startswith("tag::") for w in wanted)
        inner = wanted
        if wanted is not None and labelled:
            inner = wanted | labels.needed_for(wanted, self.eventtypes, self.tags, self._macro_text)
        result = self._by_kind(self._renamed(frame), inner)
        if labelled:
            result = labels.add(result, wanted, self.eventtypes, self.tags, self._matches, self.warn)
        if wanted is not None:
            result = result.select([c for c in result.columns if c in wanted or c in frame.columns])
        return result

    def _renamed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Source types under the names that `rename =` gives them."""
        renames = self.props.renames
        if not renames or "sourcetype" not in frame.columns:
            return frame
        return frame.with_columns(pl.col("sourcetype").replace(renames))

    def _by_kind(self, frame: pl.DataFrame, wanted: set[str] | None) -> pl.DataFrame:
        """Extract each group of events that has the same plan, and put the groups together again."""
        three = [
            frame[n] if n in frame.columns else pl.Series(n, [""]).new_from_index(0, frame.height)
            for n in ("source", "sourcetype", "host")
        ]
        kinds = pl.DataFrame([as_field(c).fill_null("") for c in three])
        combos = kinds.unique(maintain_order=True)
        plans: dict[Plan, int] = {}
        numbers = [plans.setdefault(self.plan(*row), len(plans)) for row in combos.iter_rows()]
        if len(plans) == 1:
            return extraction.extract(frame, next(iter(plans)), wanted, self._tools).frame()
        which = kinds.join(
            combos.with_columns(pl.Series("plan", numbers)), on=kinds.columns, how="left", maintain_order="left"
        )["plan"]
        parts: list[pl.DataFrame] = []
        order: list[pl.Series] = []
        positions = pl.int_range(frame.height, dtype=pl.UInt32, eager=True)
        for found, number in plans.items():
            chosen = which == number
            order.append(positions.filter(chosen))
            parts.append(extraction.extract(frame.filter(chosen), found, wanted, self._tools).frame())
        return stack(parts)[pl.concat(order).arg_sort()]

    # --- event types and tags -------------------------------------------------------------------------------------------

    @cached_property
    def eventtypes(self) -> dict[str, EventType]:
        """Enabled event types by priority (1 first), then name, with the tags they carry."""
        return labels.read_eventtypes(self._stanzas("eventtypes"), self.tags)

    @cached_property
    def tags(self) -> dict[str, dict[str, list[str]]]:
        """field -> value -> enabled tags, sorted."""
        return labels.read_tags(self._stanzas("tags"))

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
        apps = config.apps()
        names = [*sorted(n for n in apps if n != self.app), self.app]
        found: dict[str, Path] = {}
        for name in names:
            for layer in ("default", "local"):
                folder = apps[name] / layer / "data" / "models" if name in apps and config.enabled(name) else None
                for path in sorted(folder.glob("*.json")) if folder and folder.is_dir() else []:
                    if name == self.app or config.exported(name, "datamodels", path.stem):
                        found[path.stem] = path
        return found
