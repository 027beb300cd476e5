"""Lookups by name: definitions in transforms.conf, lookup files, collections; where their rows live, and writing them."""

from __future__ import annotations

import csv
import os
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import polars as pl

from caltrop.dialect.conf import DEFAULT
from caltrop.errors import CaltropError, Location
from caltrop.knowledge.asking import Asker
from caltrop.knowledge.configuration import NOBODY, SYSTEM, Configuration, MergedStanza, disabled, is_name
from caltrop.knowledge.dependencies import mark
from caltrop.knowledge.files import write_atomic
from caltrop.knowledge.kvstore import KVStore
from caltrop.knowledge.limits import Limits
from caltrop.knowledge.lookups import Lookup, LookupFailure, Mark, options, read_csv, write_csv
from caltrop.knowledge.props import words
from caltrop.knowledge.scripted import script_of, scripted

MAX_UNPACKED = 512 * 1024**2  # bytes of a .csv.gz
_FILE = re.compile(r"^[^/\\\x00]+\.csv(\.gz)?$", re.IGNORECASE)


class Tables:
    """The lookups that one app and user see. A table is read again when its file or collection has changed."""

    def __init__(
        self,
        configuration: Configuration,
        app: str,
        user: str,
        kvstore: KVStore,
        moving: Callable[[str], bool],
    ) -> None:
        """`moving` says whether a search expression matches other rows at another moment."""
        self._configuration = configuration
        self._app = app
        self._user = user
        self._kvstore = kvstore
        self._moving = moving
        self._open: dict[str, tuple[Mark, Lookup]] = {}
        self._narrowed: dict[str, tuple[Mark, Lookup]] = {}  # those with a filter, filtered
        self._searched: tuple[tuple[int, int], list[Path]] = ((-1, 0), [])

    def get(self, name: str, asker: Asker) -> Lookup | None:
        """A definition, or a lookup file by its name (`x.csv`). None where neither exists.

        Raises `LookupFailure` for a definition that exists and cannot work here (a missing file or script).
        """
        stanza = self._definition(name)
        if stanza is None:
            path = self._file(name)
            return self._kept(name, mark(path), lambda: Lookup(name, str(path), lambda: _read(path))) if path else None
        return self._defined(name, stanza, asker)

    def defined_at(self, name: str) -> str:
        """Where the definition of a lookup is; empty for a file alone."""
        stanza = self._definition(name)
        return stanza.place("filename", "collection", "external_type", "external_cmd") if stanza is not None else ""

    def _defined(self, name: str, stanza: MergedStanza, asker: Asker) -> Lookup:
        chosen = options(stanza, Limits(self._configuration.stanzas("limits")))
        if file := _file_of(stanza):
            found = self._file(file, stanza.app)
            if found is None:
                raise LookupFailure(f"lookup {name!r}: no lookup file named {file!r}")
            rows = self._kept(name, mark(found), lambda: Lookup(name, str(found), lambda: _read(found), chosen))
        elif _is_collection(stanza):
            app, collection = self._collection(stanza)
            fields = list(dict.fromkeys(words(stanza.get("fields_list")))) or None  # one named twice counts once
            rows = self._kept(
                name,
                self._kvstore.generation,
                lambda: Lookup(
                    name,
                    f"collection {app}/{collection}",
                    lambda: self._kvstore.table(app, collection, fields),
                    replace(chosen, fold_rows=False),
                ),
            )
        elif stanza.get("external_cmd"):
            script = script_of(name, stanza, self._configuration.app_path(stanza.app))
            rows = self._kept(name, mark(script), lambda: scripted(name, stanza, script, chosen))
        else:
            raise LookupFailure(
                f"lookup {name!r} has external_type = {stanza.get('external_type')}, which is not supported",
                hint="a CSV file, a collection, or external_cmd",
            )
        return self._filtered(name, rows, stanza.get("filter"), asker)

    def _filtered(self, name: str, rows: Lookup, text: str, asker: Asker) -> Lookup:
        """The rows that the filter lets pass: kept for all searches, or for this one where they change with the moment."""
        if not text:
            return rows
        kept = asker.lookups if self.moves(name) else self._narrowed
        now = (self._open[name][0], self._configuration.revision(["macros"]))  # filters may use macros
        held = kept.get(name)
        if held is None or held[0] != now:
            if asker.matches is None:
                raise LookupFailure(f"lookup {name!r} has a filter, and nothing evaluates searches here")
            try:
                chosen = rows.rows().filter(asker.matches(text, rows.rows()))
            except CaltropError as error:
                raise LookupFailure(f"lookup {name!r}: its filter fails: {error.message}") from error
            held = kept[name] = (now, replace(rows, load=lambda: chosen))
        return held[1]

    def moves(self, name: str) -> bool:
        """Whether the rows of a lookup depend on the moment: by its filter."""
        stanza = self._definition(name)
        return stanza is not None and bool(stanza.get("filter")) and self._moving(stanza.get("filter"))

    def names(self) -> list[str]:
        """Names of definitions and of files."""
        stanzas = self._configuration.stanzas("transforms", self._app, self._user)
        defined = [name for name, stanza in stanzas.items() if _defines_lookup(stanza)]
        return sorted({*defined, *(path.name for path in self.files())})

    def files(self) -> list[Path]:
        """Every lookup file in reach, whether visible or not."""
        return [Path(entry.path) for entry in self._entries()]

    def marks(self) -> list[Mark]:
        """What changes when the rows of any lookup file change: asked for by every search, so without paths in between."""
        return [_mark(entry) for entry in self._entries()]

    def _entries(self) -> Iterator[os.DirEntry[str]]:
        for folder in self._folders():
            try:
                with os.scandir(folder) as entries:
                    found = sorted((e for e in entries if _FILE.match(e.name)), key=lambda e: e.name)
                    yield from (e for e in found if not self._removed or Path(e.path) not in self._removed)
            except (FileNotFoundError, NotADirectoryError):
                continue

    def write(self, name: str, rows: pl.DataFrame, app: str) -> None:
        """Replace the rows of a definition's file or collection, or of a file (made in `app` if it is new)."""
        stanza = self._definition(name)
        if stanza is not None and _is_collection(stanza):
            owner, collection = self._collection(stanza)
            documents = [{k: v for k, v in row.items() if v is not None} for row in rows.to_dicts()]
            self._kvstore.delete(owner, collection)
            self._kvstore.put_all(owner, collection, documents)
            return
        file = (_file_of(stanza) if stanza else "") or name
        if not _FILE.match(file) or not file.lower().endswith(".csv"):
            raise LookupFailure(f"no lookup named {name!r}", hint="a lookup definition, or the name of a .csv file")
        found = self._file(file, stanza.app if stanza else "")
        path = found or self._configuration.app_path(app) / "lookups" / file
        overlay = self._configuration.overlay
        if overlay is not None:
            path = overlay.place(path.parent.parent.name, file)
        write_atomic(path, write_csv(rows))
        self._open.clear()

    def remove_file(self, name: str) -> bool:
        """Delete the file behind a lookup; False where there is none (a collection, an external lookup)."""
        stanza = self._definition(name)
        file = _file_of(stanza) if stanza is not None else name
        found = self._file(file, stanza.app if stanza else "") if file else None
        if found is None:
            return False
        overlay, owner = self._configuration.overlay, found.parent.parent.name
        if overlay is None:
            found.unlink()
        else:
            overlay.remove(owner, self._configuration.app_path(owner) / "lookups" / file)
        self._open.clear()
        return True

    def place(self, name: str) -> Path | str | None:
        """Where the rows of a lookup are: a file, or in words a collection; None where there is no such lookup here."""
        stanza = self._definition(name)
        if stanza is not None and _is_collection(stanza):
            return " ".join(self._collection(stanza))
        if stanza is not None and stanza.get("external_cmd") and not stanza.get("filename"):
            with suppress(CaltropError):  # using it says what is wrong
                return script_of(name, stanza, self._configuration.app_path(stanza.app))
            return None
        file = name if stanza is None else _file_of(stanza)
        return self._file(file, stanza.app if stanza else "") if file else None

    def serves(self, table: str, name: str) -> bool:
        """Whether the lookup `table` shows the rows that `name` (a definition or a file) writes."""
        if table == name:
            return True
        first, second = self._definition(table), self._definition(name)
        places = [
            name if stanza is None else _file_of(stanza) or _collection_of(stanza)
            for name, stanza in ((table, first), (name, second))
        ]
        return places[0] == places[1]

    def _kept(self, name: str, now: Mark, make: Callable[[], Lookup]) -> Lookup:
        held = self._open.get(name)
        if held is None or held[0] != now:
            held = self._open[name] = (now, make())
        return held[1]

    def _definition(self, name: str) -> MergedStanza | None:
        stanza = self._configuration.stanza("transforms", name, self._app, self._user)
        usable = stanza is not None and name != DEFAULT and not disabled(stanza) and _defines_lookup(stanza)
        return stanza if usable else None

    def _collection(self, stanza: MergedStanza) -> tuple[str, str]:
        """(app, collection): the app is that of collections.conf, else the one that defines the lookup."""
        name = _collection_of(stanza)
        found = self._configuration.stanzas("collections", self._app, self._user).get(name)
        return (found.app if found else stanza.app), name

    def _folders(self) -> list[Path]:
        """Where lookup files are looked for, strongest first; kept until the configuration changes."""
        overlay = self._configuration.overlay
        state = (self._configuration.generation, len(overlay.apps) if overlay is not None else 0)
        if self._searched[0] != state:
            self._searched = state, self._find_folders()
        return self._searched[1]

    def _find_folders(self) -> list[Path]:
        etc = self._configuration.etc
        folders = []
        overlay = self._configuration.overlay
        for name in self._configuration.order(self._app):
            written = overlay.folder(name) if overlay is not None else None
            folders += [*([written] if written is not None else []), self._configuration.app_path(name) / "lookups"]
        if etc is not None:
            folders.append(etc / SYSTEM / "lookups")
            if self._user != NOBODY and is_name(self._user, self._app):
                folders.insert(0, etc / "users" / self._user / self._app / "lookups")
        return folders

    @property
    def _removed(self) -> set[Path]:
        overlay = self._configuration.overlay
        return overlay.removed if overlay is not None else set()

    def _file(self, name: str, defined_in: str = "") -> Path | None:
        if not _FILE.match(name):
            return None
        for folder in self._folders():
            app = folder.parent.name
            visible = app in (self._app, defined_in, SYSTEM) or self._configuration.exported(app, "lookups", name)
            if visible and (folder / name).is_file() and folder / name not in self._removed:
                return folder / name
        return None


def _mark(entry: os.DirEntry[str]) -> Mark:
    """As `dependencies.mark`, of a file that a folder was just found to hold."""
    try:
        stat = entry.stat()
    except OSError:
        return None
    return entry.path, stat.st_ino, stat.st_mtime_ns, stat.st_size


def _defines_lookup(stanza: MergedStanza) -> bool:
    return any(stanza.get(key) for key in ("filename", "external_type", "external_cmd"))


def _is_collection(stanza: MergedStanza) -> bool:
    return stanza.get("external_type").strip().lower() == "kvstore"


def _file_of(stanza: MergedStanza) -> str:
    """The lookup file; folders in front of its name are ignored, as Splunk does."""
    return re.split(r"[\\/]", stanza.get("filename"))[-1]


def _collection_of(stanza: MergedStanza) -> str:
    return stanza.get("collection") or stanza.name


def _read(path: Path) -> pl.DataFrame:
    """The rows of a lookup file; raises `LookupFailure` for one that cannot be read."""
    try:
        data = path.read_bytes()
        if path.suffix.lower() == ".gz":
            unpacker = zlib.decompressobj(wbits=31)
            data = unpacker.decompress(data, MAX_UNPACKED)
            if unpacker.unconsumed_tail:
                raise LookupFailure(f"unpacks to more than {MAX_UNPACKED >> 20} MB", location=Location(str(path)))
        return read_csv(data)
    except (OSError, zlib.error, csv.Error) as error:
        raise LookupFailure(f"the lookup file cannot be read: {error}", location=Location(str(path))) from error
