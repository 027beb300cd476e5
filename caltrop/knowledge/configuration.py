"""Apps on disk -> merged configuration, per app and user; edits go to `local`.

Precedence follows "Configuration file precedence" of the Admin Manual:

* global context (index time; `app=None`): system/local, every app's local, every app's default (app names in ASCII
  order, the first wins), system/default;
* app and user context: the user's own folder for the app, the app's local and default, the local and default of other
  apps that export the stanza (the last name in ASCII order wins), system/local, system/default.

A folder named `system` is the system layer. `metadata/default.meta` and `local.meta` say what an app exports.

Apps that stand in for others (app.conf: `[caltrop] stands_in = true`) come last of the apps in both: what any other app says is
stronger, and an event type, transform or macro that another app defines is that app's alone (knowledge/standins.py).
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote

from caltrop.dialect import conf as conf_syntax
from caltrop.dialect.conf import DEFAULT, ConfError, ConfFile
from caltrop.dialect.words import truth
from caltrop.errors import Location
from caltrop.knowledge.files import write_conf
from caltrop.knowledge.overlay import Overlay

log = logging.getLogger(__name__)
NOBODY = "nobody"
SYSTEM = "system"
# What makes a stanza a definition: of one that another app defines, stand-ins add nothing.
_DEFINES: Mapping[str, frozenset[str]] = {
    "eventtypes": frozenset({"search"}),
    "macros": frozenset({"definition"}),
    "transforms": frozenset(
        {"REGEX", "DELIMS", "INGEST_EVAL", "filename", "collection", "external_cmd", "external_type"}
    ),
}
Sharing = Literal["user", "app", "global", "system"]
Of = Literal["all", "others", "stand-ins"]  # whose stanzas: those of apps that stand in for others, or not
_SAFE_NAME = re.compile(r"^(?!\.{1,2}$)[^/\\\x00\n]+$")


def is_name(*names: str) -> bool:
    """Whether each can be the name of an app, user or conf file: it names an entry of its folder, nothing elsewhere."""
    return all(_SAFE_NAME.match(name) for name in names)


class NotFound(ConfError):
    """No such app, stanza or setting."""


class Conflict(ConfError):
    """The stanza exists already, or cannot be changed where it lives."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A value and where it comes from. `owner` is `nobody` for everything outside a user's folder."""

    value: str
    path: Path
    line: int
    app: str
    owner: str = NOBODY

    @property
    def location(self) -> Location:
        return Location(str(self.path), self.line, 1)

    @property
    def place(self) -> str:
        """Where it is, from the app on: `app/default/props.conf:12`; a user's own is `users/name/app/local/…`."""
        inside = "/".join(self.path.parts[-3:])
        return f"{inside}:{self.line}" if self.owner == NOBODY else f"users/{self.owner}/{inside}:{self.line}"


@dataclass(frozen=True, slots=True)
class MergedStanza:
    """One stanza as one context sees it. `app`, `owner`: of the layer of highest precedence that has the stanza."""

    name: str
    app: str
    owner: str
    settings: Mapping[str, Setting]

    def values(self) -> dict[str, str]:
        return {key: setting.value for key, setting in self.settings.items()}

    def get(self, key: str, default: str = "") -> str:
        setting = self.settings.get(key)
        return default if setting is None else setting.value

    def place(self, *keys: str) -> str:
        """Where the first of these settings is that there is; where none is, the first setting of the stanza's own layer."""
        for key in keys:
            if key in self.settings:
                return self.settings[key].place
        own = [s for s in self.settings.values() if s.app == self.app and s.owner == self.owner]
        first = min(own or self.settings.values(), key=lambda s: s.line, default=None)
        return first.place if first is not None else f"{self.app} [{self.name}]"


@dataclass(frozen=True, slots=True)
class _Layer:
    """A folder of conf files at one place of the precedence order."""

    folder: Path
    app: str
    owner: str
    exported_only: bool


class Configuration:
    """All apps of one instance.

    `apps` is an `etc` folder (with `apps/`, `users/`, `system/`) or a sequence of app folders, for which `users` may
    name the folder of user settings, and whose lookups are never written to (`overlay`). Without `stand_ins`, apps that stand in for others are as if not installed. Reads are cached until an edit through this class or `reload()`; `generation`
    counts those changes.
    """

    def __init__(self, apps: Path | Sequence[Path], *, users: Path | None = None, stand_ins: bool = True) -> None:
        self._etc = apps if isinstance(apps, Path) else None
        self._folders = [] if isinstance(apps, Path) else [Path(p) for p in apps]
        self._users = self._etc / "users" if self._etc else users
        self._lock = threading.RLock()
        self.generation = 0
        self._edits: Counter[str] = Counter()  # by conf file; "" counts changes that may concern any
        self._files: dict[Path, tuple[tuple[int, int] | None, ConfFile | None]] = {}
        self._merged: dict[tuple[str, str | None, str, Of], dict[str, MergedStanza]] = {}
        self._digests: dict[tuple[str, str | None, str], bytes] = {}
        self._metadata: dict[str, dict[str, dict[str, str]]] = {}
        self._apps: dict[str, Path] = {}
        self._layer_folders: dict[str, dict[str, Path]] = {}
        # Where searches write lookup files: on `etc` the apps are the instance's own; folders that were handed in are not.
        self.overlay = None if isinstance(apps, Path) else Overlay()
        self._with_stand_ins = stand_ins
        self._stand_ins: frozenset[str] | None = None
        self._enabled: tuple[list[str], list[str]] | None = None
        self.reload()

    # --- apps -------------------------------------------------------------------------------------------------------

    @property
    def etc(self) -> Path | None:
        """The `etc` folder, where the configuration was opened on one."""
        return self._etc

    def reload(self) -> None:
        """Look at the disk again: new, removed and changed apps and files."""
        with self._lock:
            folders = list(self._folders)
            if self._etc is not None:
                parent = self._etc / "apps"
                folders = sorted(p for p in parent.iterdir() if p.is_dir()) if parent.is_dir() else []
                folders = [p for p in folders if not p.name.startswith(".")]
                if (self._etc / SYSTEM).is_dir():
                    folders.append(self._etc / SYSTEM)
            self._apps = {p.name: p for p in folders if self._with_stand_ins or not stands_in(p)}
            self._layer_folders = {n: {kind: p / kind for kind in ("local", "default")} for n, p in self._apps.items()}
            self._changed()

    def replaced(self, files: Collection[str]) -> None:
        """These files of an installed app have other bytes, and things came to or went from these folders: paths below its own.

        Where that is conf files that only their own stanzas depend on, rows of lookups or views, everything else stays as it was
        read; otherwise the disk is looked at again.
        """
        with self._lock:
            concerned = {_concerned(file) for file in files}
            if "" in concerned:
                self.reload()
                return
            for what in sorted(concerned):
                self._changed(what)

    def touch(self, what: str) -> None:
        """Count a change of something that is in no conf file (`lookups`: their rows)."""
        with self._lock:
            self._changed(what)

    def revision(self, confs: Sequence[str]) -> tuple[int, ...]:
        """Changes when one of these conf files may have changed, or anything around them: apps, metadata, the disk."""
        return self._edits[""], *(self._edits[conf] for conf in confs)

    def _changed(self, conf: str = "") -> None:
        """Forget what was read: of one conf file, or ("") everything. app.conf says which apps count, so it concerns all."""
        conf = "" if conf == "app" else conf
        self.generation += 1
        self._edits[conf] += 1
        for merged in [key for key in self._merged if conf in ("", key[0])]:
            del self._merged[merged]
        for digest in [key for key in self._digests if conf in ("", key[0])]:
            del self._digests[digest]
        if not conf:
            self._metadata.clear()
            self._stand_ins = self._enabled = None

    def add_app(self, folder: Path) -> None:
        """One more app folder (a configuration opened on `etc` finds its apps by `reload()`)."""
        if folder not in self._folders:
            self._folders.append(folder)
        self.reload()

    def apps(self) -> dict[str, Path]:
        """Every installed app by name, disabled ones too; `system` is no app."""
        return {name: path for name, path in self._apps.items() if name != SYSTEM}

    def app_path(self, app: str) -> Path:
        try:
            return self._apps[app]
        except KeyError:
            raise NotFound(
                f"no app named {app!r}", hint=f"installed: {', '.join(sorted(self.apps())) or 'none'}"
            ) from None

    def enabled(self, app: str) -> bool:
        """False where app.conf says `[install] state = disabled`, in local or default."""
        path = self._apps.get(app)
        if path is None:
            return False
        for folder in ("local", "default"):
            conf = self._read(path / folder / "app.conf")
            state = conf.stanzas["install"].get("state") if conf and "install" in conf.stanzas else None
            if state is not None:
                return truth(state, True)
        return True

    @property
    def stand_ins(self) -> frozenset[str]:
        """The apps that say of themselves that they stand in for others."""
        with self._lock:
            if self._stand_ins is None:
                self._stand_ins = frozenset(name for name, folder in self.apps().items() if stands_in(folder))
            return self._stand_ins

    def order(self, app: str) -> list[str]:
        """The enabled apps as searches in `app` see them, the strongest first: stand-ins after all others."""
        names, ours = self._groups()
        return [*_own_first(names, app), *_own_first(ours, app)]

    def _groups(self) -> tuple[list[str], list[str]]:
        """Enabled apps by name: those that stand in for nothing, and the stand-ins."""
        with self._lock:
            if self._enabled is None:
                enabled = sorted(n for n in self._apps if n != SYSTEM and self.enabled(n))
                ours = self.stand_ins
                self._enabled = [n for n in enabled if n not in ours], [n for n in enabled if n in ours]
            return self._enabled

    def shipped(self, app: str, conf: str) -> Mapping[str, Mapping[str, str]]:
        """What the `default` layer of one app says in a conf file, without `[default]`."""
        found = self._read(self.app_path(app) / "default" / f"{conf}.conf")
        return {name: s for name, s in found.settings().items() if name != DEFAULT} if found is not None else {}

    # --- reading ----------------------------------------------------------------------------------------------------

    def stanzas(
        self, conf: str, app: str | None = None, user: str = NOBODY, *, of: Of = "all"
    ) -> Mapping[str, MergedStanza]:
        """Every stanza of a conf file as the context sees it; `[default]` is a stanza of its own here.

        `of` others, or stand-ins: as if only those apps were installed (and the system layer).
        """
        user = self._seen_as(user)
        key = (conf, app, user, of)
        with self._lock:
            if key not in self._merged:
                self._merged[key] = self._merge(conf, app, user, of)
            return self._merged[key]

    def stanza(self, conf: str, name: str, app: str | None = None, user: str = NOBODY) -> MergedStanza | None:
        """One stanza with what it inherits from `[default]`, or None."""
        merged = self.stanzas(conf, app, user)
        found = merged.get(name)
        if found is None or name == DEFAULT or DEFAULT not in merged:
            return found
        return MergedStanza(name, found.app, found.owner, {**merged[DEFAULT].settings, **found.settings})

    def get(self, conf: str, stanza: str, key: str, app: str | None = None, user: str = NOBODY) -> str | None:
        """The value of one setting, inherited from `[default]` where the stanza has none (or does not exist)."""
        merged = self.stanzas(conf, app, user)
        for name in (stanza, DEFAULT):
            if name in merged and key in merged[name].settings:
                return merged[name].settings[key].value
        return None

    def confs(self, app: str | None = None, user: str = NOBODY) -> list[str]:
        """The names of conf files that exist in any layer of the context."""
        names = {p.stem for layer in self._layers(app, user) for p in layer.folder.glob("*.conf")}
        return sorted(names)

    def _layers(self, app: str | None, user: str, of: Of = "all") -> Iterator[_Layer]:
        """From highest precedence to lowest."""
        system = self._apps.get(SYSTEM)

        def meant(name: str) -> bool:
            return of == "all" or (name in self.stand_ins) == (of == "stand-ins")

        if app is None:
            if system:
                yield _Layer(system / "local", SYSTEM, NOBODY, False)
            for group in self._groups():
                for folder in ("local", "default"):
                    for name in group:
                        if meant(name):
                            yield _Layer(self._layer_folders[name][folder], name, NOBODY, False)
            if system:
                yield _Layer(system / "default", SYSTEM, NOBODY, False)
            return
        if user not in ("", NOBODY) and self._users is not None and of != "stand-ins":
            yield _Layer(self._users / user / app / "local", app, user, False)
        for name in filter(meant, self.order(app)):
            for folder in ("local", "default"):
                yield _Layer(self._layer_folders[name][folder], name, NOBODY, name != app)
        if system:
            for folder in ("local", "default"):
                yield _Layer(system / folder, SYSTEM, NOBODY, False)

    def _seen_as(self, user: str) -> str:
        """Where nobody has files of their own, everybody sees the same: what is merged for one serves all."""
        return user if self._users is not None else NOBODY

    def _merge(self, conf: str, app: str | None, user: str, of: Of) -> dict[str, MergedStanza]:
        if not is_name(conf, app or SYSTEM, user or NOBODY):
            return {}
        settings: dict[str, dict[str, Setting]] = {}
        owners: dict[str, tuple[str, str]] = {}
        for layer in self._layers(app, user, of):
            if not os.path.exists(f"{layer.folder}/{conf}.conf"):  # noqa: PTH110  most have none, and a path is dear to make
                continue
            path = layer.folder / f"{conf}.conf"
            parsed = self._read(path)
            if parsed is None:
                continue
            alone = self._exported_alone(layer.app, conf) if layer.exported_only else {}
            for name, stanza in parsed.stanzas.items():
                whole = not layer.exported_only or self.exported(layer.app, conf, name)
                if not whole and not any(alone.get((name, key)) for key in stanza.entries):
                    continue
                owners.setdefault(name, (layer.app, layer.owner))
                merged = settings.setdefault(name, {})
                if layer.app in self.stand_ins and self._defined(conf, merged):
                    continue
                for key, entry in stanza.entries.items():
                    if key not in merged and alone.get((name, key), whole):
                        merged[key] = Setting(entry.value, path, entry.line, layer.app, layer.owner)
        return {name: MergedStanza(name, *owners[name], values) for name, values in settings.items()}

    def _defined(self, conf: str, settings: Mapping[str, Setting]) -> bool:
        """Whether what is merged so far is a definition by an app that stands in for nothing."""
        return any(settings[key].app not in self.stand_ins for key in _DEFINES.get(conf, ()) if key in settings)

    def _read(self, path: Path) -> ConfFile | None:
        """The parsed file, read again only when its time or size changed; None where there is none."""
        try:
            stat = path.stat()
        except OSError:
            return None
        mark = (stat.st_mtime_ns, stat.st_size)
        cached = self._files.get(path)
        if cached is None or cached[0] != mark:
            cached = (mark, _read_or_report(path))
            self._files[path] = cached
        return cached[1]

    def fingerprint(self, confs: Sequence[str], app: str | None, user: str = NOBODY) -> str:
        """A digest of what the context sees of these conf files; equal digests mean equal behaviour."""
        return hashlib.sha256(b"".join(self._digest(conf, app, user) for conf in confs)).hexdigest()

    def _digest(self, conf: str, app: str | None, user: str) -> bytes:
        user = self._seen_as(user)
        key = (conf, app, user)
        with self._lock:
            if key not in self._digests:
                digest = hashlib.sha256(conf.encode())
                for name, stanza in sorted(self.stanzas(conf, app, user).items()):
                    ours = [key for key, setting in stanza.settings.items() if setting.app in self.stand_ins]
                    digest.update(repr((name, stanza.app, sorted(stanza.values().items()), ours)).encode())
                self._digests[key] = digest.digest()
            return self._digests[key]

    # --- metadata ---------------------------------------------------------------------------------------------------

    def meta(self, app: str, kind: str = "", name: str = "") -> dict[str, str]:
        """`export`, `access`, `owner`, ... of an object: its own stanza over its kind's over the app's `[]`."""
        stanzas = self._meta_stanzas(app)
        merged: dict[str, str] = {}
        for stanza in ["", *([kind] if kind else []), *([f"{kind}/{name}"] if name else [])]:
            merged.update(stanzas.get(stanza, {}))
        return merged

    def _meta_stanzas(self, app: str) -> dict[str, dict[str, str]]:
        with self._lock:
            if app not in self._metadata:
                merged: dict[str, dict[str, str]] = {}
                folder = self._apps.get(app)
                for file in ("default.meta", "local.meta") if folder else ():
                    conf = self._read(folder / "metadata" / file) if folder else None
                    for stanza in conf.stanzas.values() if conf else ():
                        merged.setdefault(unquote(stanza.name), {}).update(stanza.settings())
                self._metadata[app] = merged
            return self._metadata[app]

    def exported(self, app: str, kind: str, name: str) -> bool:
        """Whether other apps see the object."""
        return app == SYSTEM or self.meta(app, kind, name).get("export", "none").strip().lower() == "system"

    def _exported_alone(self, app: str, conf: str) -> dict[tuple[str, str], bool]:
        """(stanza, setting) -> whether other apps see it, of settings with metadata of their own (`[props/st/EVAL-x]`)."""
        found: dict[tuple[str, str], bool] = {}
        for name, settings in self._meta_stanzas(app).items():
            kind, _, rest = name.partition("/")
            stanza, slash, key = rest.rpartition("/")
            if kind == conf and slash and "export" in settings:
                found[stanza, key] = settings["export"].strip().lower() == "system"
        return found

    def sharing(self, conf: str, stanza: MergedStanza) -> Sharing:
        if stanza.owner != NOBODY:
            return "user"
        if stanza.app == SYSTEM:
            return "system"
        return "global" if self.exported(stanza.app, conf, stanza.name) else "app"

    def set_meta(self, app: str, kind: str, name: str, settings: Mapping[str, str]) -> None:
        """Merge metadata of one object into the app's local.meta."""
        stanza = f"{kind}/{quote(name, safe='')}" if name else kind
        with self._lock:
            path = self.app_path(app) / "metadata" / "local.meta"
            current = self._stanzas_of(path)
            current.setdefault(stanza, {}).update(settings)
            self._write(path, current)

    # --- editing ----------------------------------------------------------------------------------------------------

    def set(self, conf: str, stanza: str, settings: Mapping[str, str], *, app: str, user: str = NOBODY) -> None:
        """Set keys in the local layer of the app (or of the user, where `user` is not `nobody`), making it if needed."""
        with self._lock:
            path = self._local(conf, app, user)
            current = self._stanzas_of(path)
            current.setdefault(stanza, {}).update(settings)
            self._write(path, current)

    def create(self, conf: str, stanza: str, settings: Mapping[str, str], *, app: str, user: str = NOBODY) -> None:
        """Like `set`, but the stanza must be new in this app and, for a user, in the user's folder."""
        with self._lock:
            if any(stanza in self._stanzas_of(p) for p in self._own_files(conf, app, user)):
                raise Conflict(f"[{stanza}] exists already in {conf}.conf of app {app!r}")
            self.set(conf, stanza, settings, app=app, user=user)

    def remove(self, conf: str, stanza: str, *, app: str, user: str = NOBODY) -> None:
        """Take the stanza out of the local layer. What an app ships in `default` cannot be removed."""
        with self._lock:
            path = self._local(conf, app, user)
            current = self._stanzas_of(path)
            if stanza not in current:
                shipped = self.app_path(app) / "default" / f"{conf}.conf"
                if stanza in self._stanzas_of(shipped):
                    raise Conflict(
                        f"[{stanza}] of {conf}.conf is shipped with app {app!r} and cannot be removed",
                        hint="disable it",
                    )
                raise NotFound(f"no [{stanza}] in {conf}.conf of app {app!r}")
            del current[stanza]
            self._write(path, current)

    def unset(self, conf: str, stanza: str, key: str, *, app: str, user: str = NOBODY) -> None:
        """Take one key out of the local layer: the shipped or inherited value shows again."""
        with self._lock:
            path = self._local(conf, app, user)
            current = self._stanzas_of(path)
            if key not in current.get(stanza, {}):
                raise NotFound(f"no local {key!r} in [{stanza}] of {conf}.conf of app {app!r}")
            del current[stanza][key]
            self._write(path, current)

    def move(self, conf: str, stanza: str, source: tuple[str, str], target: tuple[str, str]) -> None:
        """Move a local stanza from one (app, user) to another: how the sharing of an object changes."""
        if source == target:
            return
        with self._lock:
            held = self._stanzas_of(self._local(conf, *source)).get(stanza)
            if held is None:
                raise NotFound(f"no [{stanza}] in the local {conf}.conf of {source[0]!r} and {source[1]!r}")
            self.create(conf, stanza, held, app=target[0], user=target[1])
            self.remove(conf, stanza, app=source[0], user=source[1])

    def _local(self, conf: str, app: str, user: str) -> Path:
        for name in (conf, app, user):
            if not is_name(name):
                raise ConfError(f"not a usable name: {name!r}")
        if user in ("", NOBODY):
            return self.app_path(app) / "local" / f"{conf}.conf"
        if self._users is None:
            raise ConfError("this configuration has no folder for settings of users")
        self.app_path(app)
        return self._users / user / app / "local" / f"{conf}.conf"

    def _own_files(self, conf: str, app: str, user: str) -> list[Path]:
        local = self._local(conf, app, user)
        if user in ("", NOBODY):
            return [local, self.app_path(app) / "default" / f"{conf}.conf"]
        return [local]

    def _stanzas_of(self, path: Path) -> dict[str, dict[str, str]]:
        """What the file says, to be written again with changes: one that cannot be read is an error."""
        return conf_syntax.read(path).settings() if path.exists() else {}

    def _write(self, path: Path, stanzas: Mapping[str, Mapping[str, str]]) -> None:
        write_conf(path, stanzas)
        self._files.pop(path, None)
        self._changed(path.stem if path.suffix == ".conf" else "")


def _concerned(file: str) -> str:
    """What is read of a file of an app: a conf file by its name, "lookups", "views"; "" for what anything may depend on."""
    folder, _, name = file.rpartition("/")
    stem, _, suffix = name.rpartition(".")
    if folder in ("default", "local") and suffix == "conf" and stem != "app":
        return stem
    if folder == "lookups" and suffix == "csv":
        return "lookups"
    return "views" if folder.startswith("default/data/ui/") else ""


def stands_in(folder: Path) -> bool:
    """Whether the app in this folder says of itself that it stands in for others."""
    path = folder / "default" / "app.conf"
    return path.is_file() and truth(_read_or_report(path).settings().get("caltrop", {}).get("stands_in"))


def _own_first(names: Sequence[str], app: str) -> list[str]:
    """The app of the context, then the others from the last name in ASCII order on."""
    return [n for n in names if n == app] + [n for n in reversed(names) if n != app]


def _read_or_report(path: Path) -> ConfFile:
    """A file that is no conf file says nothing, and the log says so: it must not take the other apps' files with it."""
    try:
        return conf_syntax.read(path)
    except ConfError as error:
        log.warning("%s", error)
        return ConfFile(str(path))


def disabled(stanza: MergedStanza) -> bool:
    """Whether the object carries `disabled = true`."""
    return truth(stanza.get("disabled"))
