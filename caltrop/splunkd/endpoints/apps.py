"""Apps: `apps/local`, `apps/appinstall`. An app is a folder of `etc/apps`; its facts are its `app.conf`."""

from __future__ import annotations

import re
import tarfile
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from caltrop.dialect.conf import ConfFile, read
from caltrop.dialect.words import truth
from caltrop.errors import CaltropError
from caltrop.knowledge import PackageError
from caltrop.knowledge.files import write_conf
from caltrop.splunkd.access.capabilities import needed
from caltrop.splunkd.rest.collection import Collection, action, register, route
from caltrop.splunkd.rest.confobjects import shared_acl
from caltrop.splunkd.rest.wings import Wings
from caltrop.splunkd.wire.atom import Entry
from caltrop.splunkd.wire.http import ApiError, Args, Request, Response, flag

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,99}")
NEW_VERSION = "1.0.0"  # of an app that is made here, as splunk-sdk for JavaScript expects it
BUILT_IN = frozenset({"search", "launcher", "splunk_httpinput"})
# argument -> (stanza, key) of app.conf
SETTINGS = {
    "author": ("launcher", "author"),
    "description": ("launcher", "description"),
    "version": ("launcher", "version"),
    "label": ("ui", "label"),
    "visible": ("ui", "is_visible"),
    "configured": ("install", "is_configured"),
}
IGNORED = frozenset({"name", "output_mode", "template", "filename", "update", "explicit_appname", "auth", "session"})


@register
class Apps(Collection):
    path = "apps/local"
    title = "localapps"
    noun = "application"
    optional = ("author", "configured", "description", "label", "version", "visible", "template", "filename")

    def entries(self, request: Request) -> Iterable[Entry]:
        for name, folder in sorted(self.state.config.apps().items()):
            try:
                entry = self.describe(name, folder)
            except (OSError, CaltropError):
                if folder.exists():
                    raise
                continue  # another request removed it meanwhile
            yield entry

    def describe(self, name: str, folder: Path) -> Entry:
        config = self.state.config
        own = _own_settings(folder)
        content: dict[str, Any] = {
            "author": own.get(("launcher", "author"), ""),
            "check_for_updates": True,
            "configured": truth(own.get(("install", "is_configured"))),
            "core": self.built_in(name),
            "description": own.get(("launcher", "description"), ""),
            "disabled": not config.enabled(name),
            "eai:appName": name,
            "label": own.get(("ui", "label")) or name,
            "managed_by_deployment_client": False,
            "setupInfo": None,
            "show_in_nav": True,
            "state_change_requires_restart": False,
            "version": own.get(("launcher", "version")) or own.get(("id", "version"), ""),
            "visible": truth(own.get(("ui", "is_visible")), True),
        }
        if name in config.stand_ins:  # of these two keys Splunk knows nothing
            content["caltrop_stands_in"] = True
            asides = sorted(f"{app} ({kind})" for ours, app, kind in self.state.instance.asides() if ours == name)
            content["caltrop_steps_aside_for"] = ", ".join(asides)
        # The list of apps belongs to the system: that is where splunkd says each entry lives.
        acl = replace(shared_acl(self.state.config, name, "app"), app="system", removable=False)
        return Entry(
            name,
            self.path,
            content,
            acl,
            folder.stat().st_mtime,
            extra_links={"_reload": "_reload", "package": "package"},
        )

    def create(self, request: Request, name: str) -> Entry:
        """A new, empty app; or with `filename=1` the package at the path that `name` is, on the server's own disk."""
        args = request.args
        if flag(args.maybe("filename")):
            self.state.permissions.require(request.account, *needed("apps/local?filename", "POST"))
            return self.install(Path(name), update=flag(args.maybe("update")))
        if not NAME.fullmatch(name):
            raise ApiError(400, f"Invalid application name {name!r}")
        folder = self.state.etc / "apps" / name
        if folder.exists():
            raise ApiError(409, f"Unable to create application: {name} already exists.")
        settings = {
            ("install", "is_configured"): "0",
            ("launcher", "version"): NEW_VERSION,
            ("ui", "is_visible"): "1",
            ("ui", "label"): name,
        }
        write_conf(folder / "default" / "app.conf", _stanzas(settings | self._settings(request)))
        access = {"access": "read : [ * ], write : [ admin, power ]"}
        write_conf(folder / "metadata" / "default.meta", {"": access | {"export": "none"}})
        self.state.config.reload()
        return self.describe(name, folder)

    def install(self, package: Path, *, update: bool) -> Entry:
        if not package.is_absolute() or not package.exists():
            raise ApiError(400, f"Application package does not exist: {package}")
        try:
            name = self.state.install(package, update=update)
        except PackageError as error:
            raise ApiError(409 if "installed already" in error.message else 400, str(error)) from None
        return self.describe(name, self.state.etc / "apps" / name)

    def update(self, request: Request, entry: Entry) -> Entry:
        for (stanza, key), value in self._settings(request).items():
            self.state.config.set("app", stanza, {key: value}, app=entry.name)
        return self.describe(entry.name, self.state.config.app_path(entry.name))

    def _settings(self, request: Request) -> dict[tuple[str, str], str]:
        found = {}
        for key, value in request.args.pairs:
            if key in SETTINGS:
                boolean = key in {"visible", "configured"}
                found[SETTINGS[key]] = ("1" if flag(value) else "0") if boolean else value
            elif key not in IGNORED:
                raise ApiError(400, f'Argument "{key}" is not supported by this handler.')
        return found

    def delete(self, request: Request, entry: Entry) -> None:
        if self.built_in(entry.name):
            raise ApiError(403, f"The application {entry.name} is built in and cannot be removed")
        self.intake.modular.stop_app(entry.name)
        self.state.uninstall(entry.name)
        self.state.ask_restart(f"The application {entry.name} was removed.")

    def built_in(self, name: str) -> bool:
        """What comes with the server: a few apps, and the add-ons that stand in for others."""
        return name in BUILT_IN or name in self.state.config.stand_ins

    @action("enable", "POST")
    def enable(self, request: Request, entry: Entry) -> Entry:
        return self._state(entry, "enabled")

    @action("disable", "POST")
    def disable(self, request: Request, entry: Entry) -> Entry:
        if entry.name in BUILT_IN:
            raise ApiError(403, f"The application {entry.name} is built in and cannot be disabled")
        self.intake.modular.stop_app(entry.name)
        return self._state(entry, "disabled")

    def _state(self, entry: Entry, state: str) -> Entry:
        path = self.state.config.app_path(entry.name) / "local" / "app.conf"
        current = read(path).settings() if path.exists() else {}
        current.setdefault("install", {})["state"] = state
        write_conf(path, current)
        self.state.config.reload()
        return self.describe(entry.name, self.state.config.app_path(entry.name))

    @action("package", "GET", "POST")
    def package(self, request: Request, entry: Entry) -> Entry:
        """The app as an archive below `share/splunk/app_packages`; the answer says where."""
        target = self.state.data_dir / "share" / "splunk" / "app_packages" / f"{entry.name}.spl"
        target.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(target, "w:gz") as archive:
            archive.add(self.state.config.app_path(entry.name), arcname=entry.name)
        content = {
            "name": entry.name,
            "path": str(target),
            "refresh": True,
            "url": f"https://{request.address}/static/app-packages/{entry.name}.spl",
        }
        return Entry(entry.name, self.path, content, entry.acl, self.state.now())

    @action("update", "GET")
    def update_info(self, request: Request, entry: Entry) -> Entry:
        """No updates are known: there is no app store behind this server."""
        return Entry(entry.name, self.path, {"eai:appName": entry.name}, entry.acl, self.state.now())

    @action("setup", "GET")
    def setup(self, request: Request, entry: Entry) -> Entry:
        return entry

    @action("acl", "GET")
    def access(self, request: Request, entry: Entry) -> Entry:
        return entry


@route("apps/appinstall", "POST")
def appinstall(wings: Wings, request: Request) -> Response:
    """The older way to install: `name` is a path on the server's disk."""
    apps = Apps(wings)
    entry = apps.install(Path(request.args.required("name")), update=request.args.flag("update"))
    return apps.answer(request, entry, 200)


@route("caltrop/apps", "POST")
def upload(wings: Wings, request: Request) -> Response:
    """The body is an app's package (.spl, .tgz, .tar.gz, .zip), installed as one that lies on the server's disk; over the installed app with `update=1`"""
    body, request.body = request.body, b""
    request.args = Args()
    request.read_args()
    if not body:
        raise ApiError(400, "The package is empty")
    apps = Apps(wings)
    with tempfile.TemporaryDirectory(prefix="package-", dir=wings.state.scratch()) as folder:
        package = Path(folder) / "package"  # no name of the sender's is ever a path here
        package.write_bytes(body)
        try:
            name = wings.state.install(package, update=request.args.flag("update"))
        except PackageError as error:
            raise _refused(error) from None
    return apps.answer(request, apps.describe(name, wings.state.etc / "apps" / name), 201)


def _refused(error: PackageError) -> ApiError:
    """Why a package that was sent is not installed; where it lay meanwhile is nobody's business."""
    hint = f": {error.hint}" if error.hint else ""
    return ApiError(409 if "installed already" in error.message else 400, f"{error.message}{hint}")


def _own_settings(folder: Path) -> dict[tuple[str, str], str]:
    """What the app's own app.conf says, local over default: nothing of it is inherited from other apps."""
    found: dict[tuple[str, str], str] = {}
    for layer in ("default", "local"):
        path = folder / layer / "app.conf"
        conf: ConfFile = read(path) if path.exists() else ConfFile(str(path))
        for name, stanza in conf.stanzas.items():
            found.update({(name, key): value for key, value in stanza.settings().items()})
    return found


def _stanzas(settings: dict[tuple[str, str], str]) -> dict[str, dict[str, str]]:
    stanzas: dict[str, dict[str, str]] = {}
    for (stanza, key), value in settings.items():
        stanzas.setdefault(stanza, {})[key] = value
    return stanzas
