"""Objects that are stanzas of a conf file: listing, editing, access, for every endpoint that is one.

Which objects a request sees: `/servicesNS/<owner>/<app>` the merged view of that user in that app, `/services` that of
the user who asks in their default app, and with `-` for the owner or app everything of all owners or apps, each object by
itself. An object lives in one place (app, owner), is changed there, and moves when its sharing changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from caltrop.dialect.words import truth
from caltrop.knowledge.configuration import NOBODY, SYSTEM, Configuration, MergedStanza
from caltrop.knowledge.configuration import Conflict as ConfConflict
from caltrop.knowledge.configuration import NotFound as ConfNotFound
from caltrop.splunkd.access import capabilities
from caltrop.splunkd.rest.collection import Collection, action
from caltrop.splunkd.state.places import homes
from caltrop.splunkd.state.state import State
from caltrop.splunkd.wire.atom import Acl, Entry
from caltrop.splunkd.wire.http import ApiError, Request, boolean

# Arguments that steer the call and are no settings.
RESERVED = frozenset({"name", "output_mode", "createonly", "eai:acl", "eai:attributes", "_", "offset", "count", "f"})
_ACCESS = re.compile(r"(read|write)\s*:\s*\[([^\]]*)\]")
DEFAULT_STANZA = "default"


class ConfCollection(Collection):
    """A collection whose objects are the stanzas of `conf` that begin with `prefix`."""

    conf: ClassVar[str]
    prefix: ClassVar[str] = ""
    defaults: ClassVar[Mapping[str, Any]] = {}  # typed: what is shown where nothing is set
    booleans: ClassVar[frozenset[str]] = frozenset()  # further keys that are booleans
    create_needs: ClassVar[tuple[str, ...]] = ()
    shared: ClassVar[bool] = False  # objects belong to an app, never to a user
    everywhere: ClassVar[bool] = False  # the server has one view of these, whatever the namespace (global context)
    home: ClassVar[str] = ""  # the app that new objects go to where the path names none
    skip: ClassVar[frozenset[str]] = frozenset({DEFAULT_STANZA})

    def is_boolean(self, request: Request, key: str) -> bool:
        return isinstance(self.defaults.get(key), bool) or key in self.booleans or key == "disabled"

    # -- reading -------------------------------------------------------------------------------------------------------

    def conf_of(self, request: Request) -> str:
        return self.conf

    def contexts(self, request: Request) -> list[tuple[str, str, bool]]:
        """The (app, owner, own) views that the request asks for; `own`: only what lives in exactly that place."""
        user = request.account
        if self.everywhere:
            return [(SYSTEM, NOBODY, False)]
        if request.app == "-" or request.owner == "-":
            app, owner = request.app, request.owner
            return [
                (a, o, True)
                for a, o in homes(self.state.config, self.conf_of(request))
                if app in ("-", None, a) and (owner in ("-", o) or o == NOBODY or (owner is None and o == user.name))
            ]
        owner, app = request.place()
        return [(app, owner, False)]

    def entries(self, request: Request) -> Iterable[Entry]:
        conf = self.conf_of(request)
        user = request.account
        seen: set[tuple[str, str, str]] = set()
        for app, owner, own in self.contexts(request):
            view = self.state.config.stanzas(conf, None if app == SYSTEM else app, owner)
            base = view.get(DEFAULT_STANZA)
            for stanza in view.values():
                place = (stanza.app, stanza.owner, stanza.name)
                if stanza.name in self.skip or not stanza.name.startswith(self.prefix) or place in seen:
                    continue
                if own and (stanza.app, stanza.owner) != (app, owner):
                    continue
                seen.add(place)
                acl = self.acl(conf, stanza)
                if self.state.permissions.may_read(user, acl):
                    yield self.entry(request, stanza, base, acl)

    def find(self, request: Request, names: Sequence[str]) -> list[Entry]:
        """By name, without making an entry of every other stanza."""
        conf = self.conf_of(request)
        for name in names:
            found = []
            for app, owner, own in self.contexts(request):
                view = self.state.config.stanzas(conf, None if app == SYSTEM else app, owner)
                stanza = view.get(self.stanza_name(name))
                if stanza is None or stanza.name in self.skip or (own and (stanza.app, stanza.owner) != (app, owner)):
                    continue
                acl = self.acl(conf, stanza)
                if self.state.permissions.may_read(request.account, acl):
                    found.append(self.entry(request, stanza, view.get(DEFAULT_STANZA), acl))
            if found:
                return found
        return []

    def stanza_name(self, name: str) -> str:
        return name if name.startswith(self.prefix) else self.prefix + name

    def entry_name(self, stanza: str) -> str:
        return stanza.removeprefix(self.prefix)

    def acl(self, conf: str, stanza: MergedStanza) -> Acl:
        return acl_of(self.state.config, conf, stanza)

    def entry(self, request: Request, stanza: MergedStanza, base: MergedStanza | None, acl: Acl) -> Entry:
        values = {**(base.values() if base else {}), **stanza.values()}
        content: dict[str, Any] = dict(self.defaults)
        for key, value in values.items():
            content[key] = self.typed(request, key, value)
        content.setdefault("disabled", False)
        content["eai:appName"] = stanza.app
        content["eai:userName"] = stanza.owner
        name = self.entry_name(stanza.name)
        entry = Entry(name, self.path_of(request), content, acl, self.state.now())
        turn = "enable" if content["disabled"] is True else "disable"
        entry.extra_links = {"_reload": "_reload", turn: turn} | ({} if self.shared else {"move": "move"})
        self.complete(entry)
        return entry

    def complete(self, entry: Entry) -> None:
        """A subclass adds what is computed, not configured."""

    def typed(self, request: Request, key: str, text: str) -> Any:
        """A setting as a typed value: booleans and numbers where the key is known to be one."""
        known = self.defaults.get(key)
        if self.is_boolean(request, key):
            known_word = boolean(text)
            return text if known_word is None else known_word
        if isinstance(known, int) and re.fullmatch(r"-?\d+", text.strip()):
            return int(text)
        return text

    # -- changing ------------------------------------------------------------------------------------------------------

    def settings(self, request: Request, entry: Entry | None) -> dict[str, str]:
        """The settings that the arguments ask for, as conf text; booleans become 0 and 1."""
        found = {}
        for key, value in request.args.pairs:
            if key in RESERVED:
                continue
            if self.is_boolean(request, key):
                known = boolean(value)
                if known is None:
                    raise ApiError(400, f"Invalid boolean value for {key!r}: {value!r}")
                value = "1" if known else "0"
            found[key] = value
        return found

    def check(self, request: Request, name: str, settings: dict[str, str], entry: Entry | None) -> None:
        """A subclass refuses what it cannot hold, with 400."""

    def new_place(self, request: Request) -> tuple[str, str]:
        """(app, owner) of a new object."""
        owner, app = request.place()
        if self.home and request.app in (None, "-", SYSTEM):
            app = self.home
        return app, NOBODY if self.shared or app == SYSTEM else owner

    def create(self, request: Request, name: str) -> Entry:
        for needed in self.create_needs:
            request.args.required(needed)
        check_name(name)
        app, owner = self.new_place(request)
        require_place(self.state, request, app, owner)
        settings = self.settings(request, None)
        require_settings(self, request, self.conf_of(request), settings)
        self.check(request, name, settings, None)
        stanza = self.stanza_name(name)
        conf = self.conf_of(request)
        try:
            self.state.config.create(conf, stanza, settings, app=app, user=owner)
        except ConfConflict:
            raise ApiError(409, self.conflict_text(name)) from None
        if owner == NOBODY and request.account.name != NOBODY and app != SYSTEM:
            self.state.config.set_meta(app, conf, stanza, {"owner": request.account.name})
        self.changed(request, name)
        return self.at(request, stanza, app, owner)

    def conflict_text(self, name: str) -> str:
        return f"Unable to create {self.noun} named '{name}': an object named {name} already exists."

    def at(self, request: Request, stanza: str, app: str, owner: str) -> Entry:
        """The object that lives there."""
        whole = self.everywhere or app == SYSTEM
        view = self.state.config.stanzas(self.conf_of(request), None if whole else app, owner)
        found = view.get(stanza)
        if found is None:
            raise ApiError(404, f"Could not find object id={self.entry_name(stanza)}")
        return self.entry(request, found, view.get(DEFAULT_STANZA), self.acl(self.conf_of(request), found))

    def update(self, request: Request, entry: Entry) -> Entry:
        self.may_write(request, entry)
        settings = self.settings(request, entry)
        require_settings(self, request, self.conf_of(request), settings)
        self.check(request, entry.name, settings, entry)
        return self.store(request, entry, settings)

    def store(self, request: Request, entry: Entry, settings: Mapping[str, str]) -> Entry:
        """Set keys where the object lives."""
        app, owner = place_of(entry)
        stanza = self.stanza_name(entry.name)
        if settings:
            self.state.config.set(self.conf_of(request), stanza, settings, app=app, user=owner)
            self.changed(request, entry.name)
        return self.at(request, stanza, app, owner)

    def delete(self, request: Request, entry: Entry) -> None:
        self.may_write(request, entry)
        app, owner = place_of(entry)
        try:
            self.state.config.remove(self.conf_of(request), self.stanza_name(entry.name), app=app, user=owner)
        except ConfConflict as error:
            raise ApiError(403, str(error)) from None
        except ConfNotFound as error:
            raise ApiError(404, str(error)) from None
        self.changed(request, entry.name)

    def changed(self, request: Request, name: str) -> None:
        """A subclass brings the rest of the server in line with the configuration."""

    def may_write(self, request: Request, entry: Entry) -> None:
        may_change(self.state, request, entry.name, entry.acl)

    def may_share(self, request: Request, entry: Entry, sharing: str, owner: str) -> None:
        """403 unless the caller may write in the app that an object is shared with, and gives nothing to another owner.

        Sharing with all apps is for those who may write in the app too; the system layer and other owners are for administrators.
        """
        user, permissions = request.account, self.state.permissions
        if permissions.is_admin(user):
            return
        app, _ = place_of(entry)
        others = owner not in (user.name, entry.acl.owner)
        shares = sharing != "user" and not permissions.may_write(user, shared_acl(self.state.config, app, "app"))
        if others or shares or sharing == "system":
            raise ApiError(403, f"User {user.name!r} may not share {entry.name!r} as {sharing} of {owner!r} in {app!r}")

    # -- actions of every object ---------------------------------------------------------------------------------------

    @action("enable", "POST")
    def enable(self, request: Request, entry: Entry) -> Entry:
        self.may_write(request, entry)
        return self.store(request, entry, {"disabled": "0"})

    @action("disable", "POST")
    def disable(self, request: Request, entry: Entry) -> Entry:
        self.may_write(request, entry)
        return self.store(request, entry, {"disabled": "1"})

    @action("move", "POST")
    def move(self, request: Request, entry: Entry) -> Entry:
        """Into another app (`app`), for a private object also of another owner (`user`); its sharing stays."""
        self.may_write(request, entry)
        app, old_owner = place_of(entry)
        new_app, user = request.args.required("app"), request.args.get("user", entry.acl.owner)
        new_owner = user if old_owner != NOBODY else NOBODY
        require_place(self.state, request, new_app, new_owner)
        conf, stanza = self.conf_of(request), self.stanza_name(entry.name)
        try:
            self.state.config.move(conf, stanza, (app, old_owner), (new_app, new_owner))
        except ConfConflict as error:
            raise ApiError(409, str(error)) from None
        except ConfNotFound as error:
            raise ApiError(400, f"Cannot move {entry.name!r}: {error}") from None
        self.changed(request, entry.name)
        return self.at(request, stanza, new_app, new_owner)

    @action("acl", "GET", "POST")
    def access(self, request: Request, entry: Entry) -> Entry:
        """Read, or change sharing, owner and permissions: the object moves between the user's folder and the app's."""
        if request.method == "GET":
            return entry
        self.may_write(request, entry)
        args = request.args
        sharing = args.required("sharing")
        if sharing not in {"user", "app", "global", "system"}:
            raise ApiError(400, f"sharing must be user, app, global or system, not {sharing!r}")
        owner = args.required("owner")
        app, old_owner = place_of(entry)
        self.may_share(request, entry, sharing, owner)
        target = (SYSTEM if sharing == "system" else app, owner if sharing == "user" else NOBODY)
        conf, stanza = self.conf_of(request), self.stanza_name(entry.name)
        try:
            self.state.config.move(conf, stanza, (app, old_owner), target)
        except ConfConflict as error:
            raise ApiError(409, str(error)) from None
        except ConfNotFound as error:
            raise ApiError(400, f"Cannot move {entry.name!r}: {error}") from None
        if sharing != "user":
            read = args.maybe("perms.read")
            write = args.maybe("perms.write")
            access = [
                f"{kind} : [ {', '.join(_names(text))} ]"
                for kind, text in (
                    ("read", "*" if read is None else read),
                    ("write", "admin, power" if write is None else write),
                )
            ]
            export = "none" if sharing == "app" else "system"
            meta = {"owner": owner, "access": ", ".join(access), "export": export}
            self.state.config.set_meta(target[0], conf, stanza, meta)
        self.changed(request, entry.name)
        return self.at(request, stanza, *target)


def acl_of(config: Configuration, conf: str, stanza: MergedStanza) -> Acl:
    """Who may read and write a stanza."""
    sharing = config.sharing(conf, stanza)
    if sharing == "user":
        return Acl(stanza.app, stanza.owner, sharing, None, None)
    return shared_acl(config, stanza.app, sharing, conf, stanza.name)


def may_change(state: State, request: Request, name: str, acl: Acl) -> None:
    if not state.permissions.may_write(request.account, acl):
        raise ApiError(403, f"User {request.account.name!r} may not change {name!r}")


def require_settings(collection: Collection, request: Request, conf: str, settings: Mapping[str, str]) -> None:
    """403 for settings that make the server run something, from whoever may not."""
    require = collection.state.permissions.require
    if conf == "transforms" and not capabilities.RUN.isdisjoint(settings):
        require(request.account, *capabilities.ADMIN)
    if conf == "savedsearches":
        if truth(settings.get("enableSched", settings.get("is_scheduled", ""))):
            require(request.account, *capabilities.needed("saved/searches?scheduled", "POST"))
        named = {word.strip() for word in settings.get("actions", "").split(",")}
        if "script" in named or truth(settings.get("action.script", "")) or settings.get("action.script.filename"):
            require(request.account, *capabilities.needed("saved/searches?script", "POST"))


def shared_acl(config: Configuration, app: str, sharing: str, conf: str = "", name: str = "") -> Acl:
    """Access to an object of an app, or (without conf and name) to the app itself, as its metadata says."""
    meta = config.meta(app, conf, name)
    access = {kind: _names(text) for kind, text in _ACCESS.findall(meta.get("access", ""))}
    return Acl(app, meta.get("owner", NOBODY), sharing, access.get("read", ("*",)), access.get("write", ("admin",)))


def require_place(state: State, request: Request, app: str, owner: str) -> None:
    """403 unless the user may make objects there: in their own folder, or in an app that lets them write; 404 for no such place."""
    user = request.account
    if app != SYSTEM and app not in state.config.apps():
        raise ApiError(404, f"Application does not exist: {app}")
    if owner != NOBODY and owner not in state.accounts.users:
        raise ApiError(404, f"User does not exist: {owner}")
    allowed = owner == user.name or (
        owner == NOBODY and state.permissions.may_write(user, shared_acl(state.config, app, "app"))
    )
    if not allowed and not state.permissions.is_admin(user):
        raise ApiError(403, f"User {user.name!r} may not create objects of {owner!r} in {app!r}")


def check_name(name: str) -> None:
    """Names become stanza headers: no line breaks, no control characters, not too long."""
    if not name.strip() or len(name) > 1024 or any(ord(c) < 32 for c in name):
        raise ApiError(400, f"Invalid name {name!r}")


def place_of(entry: Entry) -> tuple[str, str]:
    """(app, owner) of the folder an object lives in."""
    if entry.acl.sharing == "user":
        return entry.acl.app, entry.acl.owner
    return entry.acl.app, NOBODY


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
