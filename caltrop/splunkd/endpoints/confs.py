"""Conf files as they are: `configs/conf-<name>` (stanzas as objects) and `properties` (single settings).

See "Configuration endpoint descriptions" of the REST API reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from caltrop.knowledge.configuration import NOBODY, SYSTEM, MergedStanza
from caltrop.knowledge.files import write_atomic
from caltrop.splunkd.access.capabilities import of_conf
from caltrop.splunkd.rest.collection import Collection, collection_action, register
from caltrop.splunkd.rest.confobjects import (
    DEFAULT_STANZA,
    RESERVED,
    ConfCollection,
    acl_of,
    check_name,
    may_change,
    require_place,
    require_settings,
)
from caltrop.splunkd.state import provision
from caltrop.splunkd.wire.atom import Acl, Entry, Feed, render_feed
from caltrop.splunkd.wire.http import TEXT, ApiError, NotFound, Request, Response, names_of

CONF_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,127}")
# Confs of the server as a whole: without a namespace they are written to the system layer, and only by administrators.
SERVER_CONFS = frozenset(
    {"authentication", "authorize", "deploymentclient", "indexes", "inputs", "limits", "outputs", "server", "web"}
)
# Confs that exist even where no app has a file of that name.
WELL_KNOWN = frozenset(
    {
        "alert_actions", "app", "collections", "commands", "datamodels", "eventtypes", "fields", "indexes", "inputs",
        "limits", "macros", "outputs", "passwords", "props", "savedsearches", "server", "tags", "times", "transforms",
        "ui-prefs", "viewstates", "web", "workflow_actions",
    }
)  # fmt: skip
BOOLEANS: Mapping[str, frozenset[str]] = {"macros": frozenset({"iseval"})}


def conf_exists(collection: Collection, request: Request, conf: str) -> bool:
    config = collection.state.config
    owner, app = request.place()
    return conf in WELL_KNOWN or conf in config.confs(None if app == SYSTEM else app, owner) or conf in config.confs()


def require_conf(collection: Collection, request: Request, conf: str) -> None:
    """403 where the conf file as such is not for the caller, to read or to change."""
    collection.state.permissions.require(request.account, *of_conf(conf, request.method))


@register
class Configs(ConfCollection):
    path = "configs/conf-*"
    noun = "stanza"
    wildcard = (".*",)

    def conf_of(self, request: Request) -> str:
        name = request.segments[1].removeprefix("conf-")
        if not CONF_NAME.fullmatch(name):
            raise NotFound(f"{name} is not the name of a configuration file")
        return name

    def path_of(self, request: Request) -> str:
        return f"configs/conf-{self.conf_of(request)}"

    def authorize(self, request: Request, rest: list[str]) -> None:
        super().authorize(request, rest)
        require_conf(self, request, self.conf_of(request))

    def new_place(self, request: Request) -> tuple[str, str]:
        if request.app is None and self.conf_of(request) in SERVER_CONFS:
            return SYSTEM, NOBODY
        return super().new_place(request)

    def is_boolean(self, request: Request, key: str) -> bool:
        return key in BOOLEANS.get(self.conf_of(request), frozenset()) or key == "disabled"

    def changed(self, request: Request, name: str) -> None:
        if self.conf_of(request) == "indexes":
            provision.open_indexes(self.state.config, self.state.store)

    def template(self, request: Request) -> Entry:
        """`_new` holds what the file's default stanza says: what a new stanza starts from."""
        conf = self.conf_of(request)
        owner, app = request.place()
        base = self.state.config.stanzas(conf, None if app == SYSTEM else app, owner).get(DEFAULT_STANZA)
        entry = super().template(request)
        values = base.values() if base else {}
        entry.content |= {key: self.typed(request, key, value) for key, value in values.items()}
        return entry

    @collection_action("_new", "GET", "POST")
    def new(self, request: Request) -> Entry:
        """A POST changes nothing: splunk-sdk for JavaScript calls an update of the default stanza a no-op."""
        return self.template(request)


@register
class Properties(Collection):
    """`properties`, `properties/<conf>`, `…/<stanza>`, `…/<key>`."""

    path = "properties"
    title = "properties"

    def entries(self, request: Request) -> Iterable[Entry]:
        return ()  # it is listed in a form of its own

    def handle(self, request: Request, rest: list[str]) -> Response:
        if request.method not in {"GET", "POST"}:
            raise ApiError(405, f"Method {request.method} is not allowed on properties")
        if request.method == "GET":
            request.require_mode("json", "xml")
        if not rest:
            return self._files(request) if request.method == "GET" else self._new_file(request)
        conf = names_of(rest[0])[0]
        if not CONF_NAME.fullmatch(conf):
            raise NotFound(f"{conf} is not the name of a configuration file")
        require_conf(self, request, conf)
        if request.method == "POST":
            return self._write(request, conf, rest[1:])
        if len(rest) == 1:
            return self._stanzas(request, conf)
        stanza = self._stanza(request, conf, names_of(rest[1]))
        if len(rest) == 2:
            return self._settings(request, conf, stanza)
        for key in names_of("/".join(rest[2:])):
            if key in stanza.settings:
                return Response(200, stanza.get(key).encode(), TEXT)
        raise NotFound(f"{conf}.conf [{stanza.name}] has no setting {names_of(rest[2])[0]}")

    # -- reading -------------------------------------------------------------------------------------------------------

    def _view(self, request: Request, conf: str) -> Mapping[str, MergedStanza]:
        owner, app = request.place()
        whole = app == SYSTEM or (request.app is None and conf in SERVER_CONFS)
        return self.state.config.stanzas(conf, None if whole else app, owner)

    def _stanza(self, request: Request, conf: str, names: list[str]) -> MergedStanza:
        view = self._view(request, conf)
        for name in names:
            if name in view and self._may_read(request, conf, view[name]):
                return view[name]
        raise NotFound(f"{conf}.conf has no stanza [{names[0]}]")

    def _may_read(self, request: Request, conf: str, stanza: MergedStanza) -> bool:
        return self.state.permissions.may_read(request.account, acl_of(self.state.config, conf, stanza))

    def _feed(self, request: Request, path: str, names: Mapping[str, str | None]) -> Response:
        """Entries that are a name and, for settings, a text."""
        entries = [Entry(n, path, {}, Acl(), self.state.now(), text=text) for n, text in names.items()]
        feed = Feed(path.rsplit("/", 1)[-1], path, entries, updated=self.state.now(), count=0)
        return render_feed(feed, request)

    def _files(self, request: Request) -> Response:
        owner, app = request.place()
        names = sorted(WELL_KNOWN | set(self.state.config.confs(None if app == SYSTEM else app, owner)))
        return self._feed(request, "properties", dict.fromkeys(names))

    def _stanzas(self, request: Request, conf: str) -> Response:
        if not conf_exists(self, request, conf):
            raise NotFound(f"{conf} does not exist")
        shown = [name for name, stanza in self._view(request, conf).items() if self._may_read(request, conf, stanza)]
        return self._feed(request, f"properties/{conf}", dict.fromkeys(shown))

    def _settings(self, request: Request, conf: str, stanza: MergedStanza) -> Response:
        return self._feed(request, f"properties/{conf}/{stanza.name}", stanza.values())

    # -- writing -------------------------------------------------------------------------------------------------------

    def _place(self, request: Request, conf: str) -> tuple[str, str]:
        if request.app is None and conf in SERVER_CONFS:
            return SYSTEM, NOBODY
        owner, app = request.place()
        owner = NOBODY if app == SYSTEM else owner
        require_place(self.state, request, app, owner)
        return app, owner

    def _new_file(self, request: Request) -> Response:
        """`__conf=<name>`: an empty file; 303 when there is one already."""
        name = request.args.required("__conf")
        if not CONF_NAME.fullmatch(name):
            raise ApiError(400, f"{name!r} cannot be the name of a configuration file")
        require_conf(self, request, name)
        if conf_exists(self, request, name):
            return Response(303, headers=[("Location", f"/services/properties/{name}")])
        app, _ = self._place(request, name)
        path = self.state.config.app_path(app) / "local" / f"{name}.conf"
        write_atomic(path, b"")
        self.state.config.reload()
        return Response(201, headers=[("Location", f"/services/properties/{name}")])

    def _write(self, request: Request, conf: str, rest: list[str]) -> Response:
        """A new stanza (`__stanza`), settings of one, or one setting (`value`)."""
        args = request.args
        if not rest:
            stanza, settings = args.required("__stanza"), {}
        elif len(rest) == 1:
            stanza = names_of(rest[0])[0]
            settings = {k: v for k, v in args.pairs if k not in RESERVED}
        else:
            stanza = names_of(rest[0])[0]
            if "value" not in args:
                raise ApiError(400, "Required argument 'value' is missing")
            settings = {names_of("/".join(rest[1:]))[0]: args.get("value")}
        check_name(stanza)
        require_settings(self, request, conf, settings)
        app, owner = self._place(request, conf)
        view = self._view(request, conf)
        known = stanza in view
        if known and (view[stanza].app, view[stanza].owner) == (app, owner):
            may_change(self.state, request, stanza, acl_of(self.state.config, conf, view[stanza]))
        self.state.config.set(conf, stanza, settings, app=app, user=owner)
        if conf == "indexes":
            provision.open_indexes(self.state.config, self.state.store)
        text = f"Successfully {'modified' if known else 'created'} stanza [{stanza}] of {conf}"
        return Response(200 if known or rest else 201, text.encode(), TEXT)
