"""Knowledge objects as one search sees them: the merged configuration of one app and user, read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from urllib.parse import unquote

import polars as pl

from caltrop.knowledge import extraction
from caltrop.knowledge.columns import MULTIVALUE, as_field, as_list
from caltrop.knowledge.conffile import DEFAULT, truth, write_atomic
from caltrop.knowledge.configuration import NOBODY, SYSTEM, Configuration, MergedStanza, disabled
from caltrop.knowledge.datamodel import DataModel, DataModelError, read_model
from caltrop.knowledge.kvstore import KVStore
from caltrop.knowledge.lookups import Lookup, LookupFailure, options, read_csv, write_csv
from caltrop.knowledge.pcre import RegexError
from caltrop.knowledge.props import Plan, Props, index_time, plan, words
from caltrop.knowledge.transforms import Transform, transform

_LOOKUP_FILE = re.compile(r"^[^/\\\x00]+\.(csv|csv\.gz|kmz|mmdb)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Macro:
    """A macros.conf stanza: `name(2)` is the macro `name` with two arguments."""

    name: str
    args: tuple[str, ...]
    definition: str
    is_eval: bool = False
    validation: str = ""
    errormsg: str = ""


@dataclass(frozen=True, slots=True)
class EventType:
    name: str
    search: str
    priority: int
    tags: tuple[str, ...]


class Knowledge:
    """What one search sees. Cheap to make; results are kept until the configuration changes (make a new one then).

    `evaluate(expression text, frame)` and `matches(search text, frame)` are the engine's: calculated fields and event
    types need them, nothing else does. `evaluate` gives String or List(String) (numbers are rendered here),
    `matches` gives Boolean. Warnings collect in `problems`.
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
        self._lookups: dict[str, Lookup | None] = {}
        self._models: dict[str, DataModel] = {}

    def _stanzas(self, conf: str) -> Mapping[str, MergedStanza]:
        return self.configuration.stanzas(conf, self.app, self.user)

    def _stanza(self, conf: str, name: str) -> MergedStanza | None:
        found = self.configuration.stanza(conf, name, self.app, self.user)
        return None if found is None or disabled(found) or name == DEFAULT else found

    def warn(self, text: str) -> None:
        if text not in self.problems:
            self.problems.append(text)

    @cached_property
    def fingerprint(self) -> str:
        """Equal fingerprints extract equal fields (lookup files count with their time and size)."""
        confs = ["props", "transforms", "eventtypes", "tags", "macros"]
        files = [
            f"{p}:{p.stat().st_mtime_ns}:{p.stat().st_size}"
            for d in self._lookup_folders()
            if d.is_dir()
            for p in sorted(d.iterdir())
        ]
        return f"{self.configuration.fingerprint(confs, self.app, self.user)}-{hash(tuple(files)):x}-{self.kvstore.generation}"

    # --- macros, saved searches ---------------------------------------------------------------------------------------

    def macro(self, name: str, arity: int = 0) -> Macro | None:
        found = self._stanza("macros", f"{name}({arity})" if arity else name)
        if found is None:
            return None
        args = tuple(a.strip() for a in found.get("args").split(",") if a.strip())
        return Macro(
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
        return self._stanza_with_default("savedsearches", name)

    def saved_searches(self) -> list[str]:
        return sorted(n for n in self._stanzas("savedsearches") if n != DEFAULT)

    def _stanza_with_default(self, conf: str, name: str) -> MergedStanza | None:
        return None if name == DEFAULT else self.configuration.stanza(conf, name, self.app, self.user)

    # --- lookups ------------------------------------------------------------------------------------------------------

    def lookup(self, name: str) -> Lookup | None:
        """A lookup definition, or a lookup file by its name (`x.csv`). None where neither exists.

        Raises `LookupFailure` for a definition that exists and cannot work here (external scripts, a missing file).
        """
        if name not in self._lookups:
            self._lookups[name] = self._open_lookup(name)
        return self._lookups[name]

    def lookups(self) -> list[str]:
        """Names of definitions and of files."""
        defined = [
            n
            for n, s in self._stanzas("transforms").items()
            if s.get("filename") or s.get("external_type") or s.get("external_cmd")
        ]
        files = [
            p.name for d in self._lookup_folders() if d.is_dir() for p in d.iterdir() if _LOOKUP_FILE.match(p.name)
        ]
        return sorted({*defined, *files})

    def _open_lookup(self, name: str) -> Lookup | None:
        stanza = self._stanza("transforms", name)
        if stanza is None or not (stanza.get("filename") or stanza.get("external_type") or stanza.get("external_cmd")):
            file = self._lookup_file(name)
            return Lookup(name, str(file), partial(_read_file, file)) if file else None
        chosen = options(stanza)
        if stanza.get("filename"):
            path = self._lookup_file(stanza.get("filename"), stanza.app)
            if path is None:
                raise LookupFailure(f"lookup {name!r}: no lookup file named {stanza.get('filename')!r}")
            return Lookup(name, str(path), lambda: self._filtered(read_csv(path.read_bytes()), stanza), chosen)
        if stanza.get("external_type", "").strip().lower() == "kvstore":
            collection = stanza.get("collection")
            fields = words(stanza.get("fields_list"))
            app = self._collection_app(collection, stanza.app)
            return Lookup(
                name,
                f"collection {app}/{collection}",
                lambda: self._filtered(self._collection(app, collection, fields), stanza),
                chosen,
            )
        raise LookupFailure(
            f"lookup {name!r} runs an external command, which is not supported", hint="use a CSV file or a collection"
        )

    def _collection(self, app: str, collection: str, fields: list[str]) -> pl.DataFrame:
        return self.kvstore.table(app, collection, fields or None)

    def _collection_app(self, collection: str, otherwise: str) -> str:
        found = self._stanzas("collections").get(collection)
        return found.app if found else otherwise

    def _filtered(self, rows: pl.DataFrame, stanza: MergedStanza) -> pl.DataFrame:
        text = stanza.get("filter")
        if not text:
            return rows
        if self._matches is None:
            raise LookupFailure(f"lookup {stanza.name!r} has a filter, and nothing evaluates searches here")
        return rows.filter(self._matches(text, rows))

    def _lookup_folders(self) -> list[Path]:
        """Where lookup files are looked for, strongest first."""
        config = self.configuration
        folders = []
        if self.user != NOBODY and config.etc is not None:
            folders.append(config.etc / "users" / self.user / self.app / "lookups")
        apps = {**config.apps()}
        names = [self.app, *sorted((n for n in apps if n != self.app), reverse=True)]
        folders.extend(apps[n] / "lookups" for n in names if n in apps and config.enabled(n))
        if config.etc is not None:
            folders.append(config.etc / SYSTEM / "lookups")
        return folders

    def _lookup_file(self, name: str, defined_in: str = "") -> Path | None:
        if not _LOOKUP_FILE.match(name):
            return None
        for folder in self._lookup_folders():
            path = folder / name
            app = folder.parent.name
            if path.is_file() and (
                app in (self.app, defined_in, SYSTEM) or self.configuration.exported(app, "lookups", name)
            ):
                return path
        return None

    def write_lookup(self, name: str, rows: pl.DataFrame, *, app: str | None = None) -> None:
        """Replace the rows of a lookup: a definition's file or collection, or a file (made in `app` if it is new)."""
        stanza = self._stanza("transforms", name)
        if stanza is not None and stanza.get("external_type").strip().lower() == "kvstore":
            collection = stanza.get("collection")
            owner = self._collection_app(collection, stanza.app)
            self.kvstore.delete(owner, collection)
            self.kvstore.put_all(
                owner, collection, [{k: v for k, v in row.items() if v is not None} for row in rows.to_dicts()]
            )
        else:
            file = stanza.get("filename") if stanza is not None and stanza.get("filename") else name
            if not _LOOKUP_FILE.match(file) or not file.lower().endswith(".csv"):
                raise LookupFailure(f"no lookup named {name!r}", hint="a lookup definition, or the name of a .csv file")
            path = self._lookup_file(file, stanza.app if stanza else "")
            target = path or self.configuration.app_path(app or self.app) / "lookups" / file
            write_atomic(target, write_csv(rows))
        self._lookups.clear()
        self.__dict__.pop("fingerprint", None)

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
        labels = wanted is None or any(w in ("eventtype", "tag") or w.startswith("tag::") for w in wanted)
        inner = wanted
        if wanted is not None and labels:
            inner = wanted | self._label_fields(wanted)
        result = self._by_kind(frame, inner)
        if labels:
            result = self._labelled(result, wanted)
        if wanted is not None:
            result = result.select([c for c in result.columns if c in wanted or c in frame.columns])
        return result

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
        found = []
        for name in self._stanzas("eventtypes"):
            stanza = self._stanza("eventtypes", name)
            if stanza is None or not stanza.get("search"):
                continue
            priority = stanza.get("priority", "1")
            tags = self.tags.get("eventtype", {}).get(name, [])
            found.append(EventType(name, stanza.get("search"), int(priority) if priority.isdigit() else 1, tuple(tags)))
        return {e.name: e for e in sorted(found, key=lambda e: (e.priority, e.name))}

    @cached_property
    def tags(self) -> dict[str, dict[str, list[str]]]:
        """field -> value -> enabled tags, sorted."""
        tags: dict[str, dict[str, list[str]]] = {}
        for name, stanza in self._stanzas("tags").items():
            field, equals, value = name.partition("=")
            names = sorted(tag for tag, setting in stanza.settings.items() if truth(setting.value))
            if equals and names:
                tags.setdefault(field.strip(), {})[unquote(value.strip())] = names
        return tags

    def _needed_eventtypes(self, wanted: set[str] | None) -> dict[str, EventType]:
        if wanted is None or {"eventtype", "tag", "tag::eventtype"} & wanted:
            return self.eventtypes
        return {}

    def _label_fields(self, wanted: set[str]) -> set[str]:
        fields: set[str] = set()
        for eventtype in self._needed_eventtypes(wanted).values():
            fields |= self._fields_of(eventtype.search)
        for field in self.tags:
            if field != "eventtype" and ("tag" in wanted or f"tag::{field}" in wanted):
                fields.add(field)
        return fields

    def _fields_of(self, search: str) -> set[str]:
        return extraction.names_in_search(search, self._macro_text)

    def _macro_text(self, call: str) -> str | None:
        name, _, rest = call.partition("(")
        found = self.macro(name.strip(), rest.count(",") + 1 if rest.strip(") ") else 0)
        return found.definition if found else None

    def _labelled(self, frame: pl.DataFrame, wanted: set[str] | None) -> pl.DataFrame:
        """Add `eventtype`, `tag` and `tag::<field>`."""
        chosen = self._needed_eventtypes(wanted)
        masks: dict[str, pl.Series] = {}
        if chosen and self._matches is None:
            self.warn("event types are left out: nothing evaluates searches here")
        elif chosen and self._matches is not None:
            searches = {name: e.search for name, e in chosen.items()}
            masks = extraction.eventtype_masks(frame, searches, self._matches, self.warn)
        tagged: dict[str, list[pl.Series]] = {}  # tag -> where it holds
        added: list[pl.Series] = [extraction.labels("eventtype", masks, frame.height)] if masks else []
        for field, by_value in sorted(self.tags.items()):
            if wanted is not None and not {"tag", f"tag::{field}"} & wanted:
                continue
            if field == "eventtype":
                where = {v: m for v, m in masks.items() if v in by_value}
            elif field in frame.columns:
                where = _where(frame[field], set(by_value))
            else:
                continue
            own: dict[str, list[pl.Series]] = {}
            for value, mask in where.items():
                for tag in by_value[value]:
                    own.setdefault(tag, []).append(mask)
            united = {tag: extraction.any_of(own[tag], frame.height) for tag in sorted(own)}
            if united:
                added.append(extraction.labels(f"tag::{field}", united, frame.height))
            for tag, mask in united.items():
                tagged.setdefault(tag, []).append(mask)
        if tagged:
            added.append(
                extraction.labels(
                    "tag", {t: extraction.any_of(tagged[t], frame.height) for t in sorted(tagged)}, frame.height
                )
            )
        return frame.with_columns([c for c in added if c.null_count() < len(c)])

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


def _read_file(path: Path) -> pl.DataFrame:
    return read_csv(path.read_bytes())


def _where(column: pl.Series, values: set[str]) -> dict[str, pl.Series]:
    """value -> the rows whose field has it."""
    column = as_field(column)
    if column.dtype == MULTIVALUE:
        present = set(column.explode().unique().drop_nulls()) & values
        return {v: column.list.contains(v).fill_null(False) for v in sorted(present)}
    present = set(column.unique().drop_nulls()) & values
    return {v: (column == v).fill_null(False) for v in sorted(present)}


def stack(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """Frames below one another: columns united in order of appearance, String widened to List(String) where needed."""
    kinds: dict[str, set[pl.DataType]] = {}
    for frame in frames:
        for name, dtype in frame.schema.items():
            kinds.setdefault(name, set()).add(dtype)
    columns = []
    for name, types in kinds.items():
        parts = []
        for frame in frames:
            if name in frame.columns:
                column = frame[name]
                parts.append(
                    column
                    if len(types) == 1
                    else as_list(as_field(column))
                    if MULTIVALUE in types
                    else as_field(column)
                )
            else:
                dtype = next(iter(types)) if len(types) == 1 else MULTIVALUE if MULTIVALUE in types else pl.String()
                parts.append(pl.Series(name, [None], dtype=dtype).new_from_index(0, frame.height))
        columns.append(pl.concat([p.alias(name) for p in parts]))
    return pl.DataFrame(columns)
