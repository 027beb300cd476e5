"""Handlers of EAI that apps bring (`[admin_external:<name>]` of restmap.conf): setup pages and configuration of add-ons.

Follows restmap.conf.spec. `[admin:<name>]` says under which path (`match`) which handlers (`members`) answer, and which `capability` or
`capability.<verb>` that takes; every handler answers under `admin/<name>` too. The handler is a file in the app's `bin`
(`handlerfile`), run in a process of its own for each request with our `splunk.admin` beside it; `handleractions` lists what it does.
Paging, sorting, filtering and layouts of the answer are those of every list.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any
from urllib.parse import unquote

from caltrop import children
from caltrop.engine import onpath
from caltrop.knowledge.configuration import MergedStanza, disabled
from caltrop.splunkd.rest.collection import LISTING, Collection
from caltrop.splunkd.rest.custom import SECONDS, require_capability
from caltrop.splunkd.rest.wings import Wings
from caltrop.splunkd.wire.atom import Acl, Entry
from caltrop.splunkd.wire.http import ApiError, NotFound, Request, Response

PREFIX = "admin_external:"
STEERED = frozenset({"createonly", "output_mode"})  # of a form: the server's business, not the handler's
ACTIONS = {"create": 1, "list": 2, "edit": 4, "remove": 8, "_reload": 32, "custom": 64}  # as numbers of splunk.admin
NAMES = {"delete": "remove", "reload": "_reload"}  # other words for them
_FILE = re.compile(r"[\w.-]+\.py")


def find(wings: Wings, segments: Sequence[str]) -> tuple[External, list[str]] | None:
    """The handler that serves the path, and what of the path stands below it."""
    stanzas = wings.state.config.stanzas("restmap")
    path = [unquote(segment) for segment in segments]
    if len(path) > 1 and path[0] == "admin" and (handler := stanzas.get(PREFIX + path[1])) and not disabled(handler):
        return External(wings, handler, _exposing(stanzas, path[1]), "/".join(path[:2])), list(segments[2:])
    found: tuple[External, list[str]] | None = None
    longest = -1
    for name, stanza in stanzas.items():
        at = [part for part in stanza.get("match").strip().split("/") if part]
        if not name.startswith("admin:") or disabled(stanza) or path[: len(at)] != at or len(path) <= len(at):
            continue
        member = path[len(at)]
        handler = stanzas.get(PREFIX + member)
        if handler is not None and member in _members(stanza) and not disabled(handler) and len(at) > longest:
            longest = len(at)
            found = External(wings, handler, [stanza], "/".join([*at, member])), list(segments[len(at) + 1 :])
    return found


def _members(stanza: MergedStanza) -> list[str]:
    return [name for name in re.split(r"[,\s]+", stanza.get("members")) if name]


def _exposing(stanzas: Mapping[str, MergedStanza], member: str) -> list[MergedStanza]:
    """The `[admin:…]` stanzas that list the handler: what they ask for holds under `admin/<name>` as well."""
    return [s for n, s in stanzas.items() if n.startswith("admin:") and not disabled(s) and member in _members(s)]


class External(Collection):
    """One handler, for one request."""

    def __init__(self, wings: Wings, handler: MergedStanza, exposing: Sequence[MergedStanza], path: str) -> None:
        super().__init__(wings)
        self.handler, self.exposing, self.place = handler, exposing, path
        self.name = handler.name.removeprefix(PREFIX)
        words = [word for word in re.split(r"[,\s]+", handler.get("handleractions").lower()) if word]
        self.supported = [NAMES.get(word, word) for word in words]
        self.said: list[tuple[str, str]] = []

    def path_of(self, request: Request) -> str:
        return self.place

    def messages(self) -> Sequence[tuple[str, str]]:
        return self.said

    def feed_links(self) -> Sequence[tuple[str, str]]:
        return (("create", "_new"),) if "create" in self.supported else ()

    def authorize(self, request: Request, rest: list[str]) -> None:
        for stanza in self.exposing:
            require_capability(self.state, stanza, request)
        self.state.require_scripts(f"The handler {self.name} of the app {self.handler.app!r}")

    def entries(self, request: Request) -> Iterable[Entry]:
        args = {key: request.args.all(key) for key in request.args if key not in LISTING}
        return self._ask(request, "list", None, args)

    def handle(self, request: Request, rest: list[str]) -> Response:
        request.require_mode("json", "xml")
        names = [unquote(segment) for segment in rest]
        method = request.method
        if not names:
            if method == "GET":
                self._supports("list")
                return self.listing(request)
            name = request.args.get("name")
            if method != "POST" or not name:
                raise ApiError(400, f'Cannot perform action "{method}" without a target name to act on.')
            return self._answered(request, self._ask(request, "create", name, self._form(request, "name")), 201)
        if names == ["_reload"]:
            return self._answered(request, self._ask(request, "_reload", None, {}), 200)
        if len(names) > 1:
            made = self._ask(request, "custom", "/".join(names[:-1]), self._form(request), custom=names[-1])
            return self._answered(request, made, 200)
        if method == "GET":
            args = {key: request.args.all(key) for key in request.args if key not in LISTING}
            found = self._ask(request, "list", names[0], args)
            named = [entry for entry in found if entry.name == names[0]]
            if not named:
                raise NotFound(f"Could not find object id={names[0]}")
            return self._answered(request, named, 200)
        if method == "POST":
            return self._answered(request, self._ask(request, "edit", names[0], self._form(request)), 200)
        removed = self._ask(request, "remove", names[0], {})
        if removed or "list" not in self.supported:
            return self._answered(request, removed, 200)
        return self.listing(request)

    def _answered(self, request: Request, entries: Iterable[Entry], status: int) -> Response:
        response = self.feed(request, [self.described(entry) for entry in entries])
        response.status = status
        return response

    def _form(self, request: Request, *besides: str) -> dict[str, list[str]]:
        """What a form says to the handler."""
        left = STEERED.union(besides)
        return {k: request.args.all(k) for k in request.args if k not in left and not k.startswith("eai:")}

    def _supports(self, action: str) -> None:
        if action not in self.supported and action != "custom":
            raise ApiError(
                405,
                f"In handler '{self.name}': Invalid action for this internal handler (handler: {self.name}, "
                f"supported: {'|'.join(self.supported)}, wanted: {action}).",
            )

    def _ask(
        self, request: Request, action: str, name: str | None, data: Mapping[str, Sequence[str]], custom: str = ""
    ) -> list[Entry]:
        """What the handler's process says. Raises ApiError for what it refuses, and where it does not answer."""
        self._supports(action)
        place = f"{self.handler.place('handlerfile')}: [{self.handler.name}]"
        file = self.handler.get("handlerfile").strip()
        bin_ = self.state.config.app_path(self.handler.app) / "bin"
        if not _FILE.fullmatch(file) or not (bin_ / file).is_file():
            raise ApiError(500, f"{place} has no file of its handler in bin: {file!r}")
        owner, _ = request.place()
        app = self.handler.app if request.app in (None, "-") else request.app
        with ExitStack() as sessions:
            caller = request.account
            key = request.session or sessions.enter_context(self.state.accounts.session(caller.name))
            asked = {
                "action": ACTIONS[action], "id": name, "data": {k: list(v) for k, v in data.items()}, "custom": custom,
                "session": key, "user": owner, "caller": caller.name, "app": app, "search": request.args.get("search"),
                "offset": request.args.integer("offset", 0), "count": request.args.integer("count", 30),
                "sort_key": request.args.get("sort_key"), "ascending": request.args.get("sort_dir", "asc").lower() != "desc",
                "capabilities": sorted(self.state.permissions.capabilities(caller)), "lists": "list" in self.supported,
            }  # fmt: skip
            # Libraries of add-ons look here before they ask web.conf, which does not tell a port that was given at the start.
            environment = {**onpath.environment(bin_ / file), "SPLUNKD_URI": self.state.url}
            done = children.run(
                [sys.executable, "-m", "splunk.persistconn.adminserver", str((bin_ / file).absolute())], json.dumps(asked).encode(),
                cwd=bin_, environment=environment, seconds=SECONDS,
            )  # fmt: skip
        if done.said:
            self.state.logs.warn("AdminManagerExternal", f"From {self.handler.app}/{file}: {done.said}")
        if done.late or done.much or done.code:
            why = "gave too much" if done.much else f"ended with {done.code}"
            why = f"took longer than {SECONDS:g} s" if done.late else why
            raise ApiError(500, f"The handler {self.name} of the app {self.handler.app!r} {why}.")
        found = json.loads(done.out)
        if found["status"] != 200:
            status = found["status"] if 400 <= found["status"] <= 599 else 500
            raise ApiError(status, f"In handler '{self.name}': {found['error']}")
        self.said.extend((str(kind), str(text)) for kind, text in found["messages"])
        return [self._entry(one, owner, str(app)) for one in found["entries"]]

    def _entry(self, told: Mapping[str, Any], owner: str, app: str) -> Entry:
        told_of = told["metadata"]
        acl, fields = told_of.get("eai:acl"), told_of.get("eai:attributes")
        acl = acl if isinstance(acl, dict) else {}
        fields = fields if isinstance(fields, dict) else {}
        perms = acl.get("perms")
        perms = perms if isinstance(perms, dict) else {}
        content = dict(told["content"])
        content |= {k: v for k, v in told_of.items() if k.startswith("eai:") and k not in {"eai:acl", "eai:attributes"}}
        return Entry(
            str(told["name"]),
            self.place,
            content,
            Acl(
                app=str(acl.get("app") or app),
                owner=str(acl.get("owner") or owner),
                sharing=str(acl.get("sharing") or "app"),
                read=tuple(map(str, perms.get("read") or ("*",))),
                write=tuple(map(str, perms.get("write") or ("admin",))),
            ),
            self.state.now(),
            required=_names(fields.get("requiredFields")),
            optional=_names(fields.get("optionalFields")),
            wildcard=_names(fields.get("wildcardFields")),
            links=[action for action in ("list", "edit", "remove") if action in self.supported],
        )


def _names(told: Any) -> tuple[str, ...]:
    return tuple(map(str, told)) if isinstance(told, (list, tuple)) else ()
