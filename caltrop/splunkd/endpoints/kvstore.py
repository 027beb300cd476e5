"""The KV store: `storage/collections/config` (collections.conf) and `storage/collections/data`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from caltrop.dialect.words import truth
from caltrop.knowledge.configuration import NOBODY, SYSTEM
from caltrop.splunkd.rest import queries as documents
from caltrop.splunkd.rest.collection import Collection, register
from caltrop.splunkd.rest.confobjects import ConfCollection, shared_acl
from caltrop.splunkd.rest.queries import Document
from caltrop.splunkd.wire.atom import Entry, dump_json
from caltrop.splunkd.wire.http import JSON, ApiError, NotFound, Request, Response, names_of

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,119}")
MAX_LIMIT = 50_000
MAX_BATCH = 50_000


def require_nobody(request: Request) -> None:
    if request.owner not in (None, "-", NOBODY):
        raise ApiError(400, "Collections belong to nobody: use the owner 'nobody' in the path")


@register
class CollectionsConfig(ConfCollection):
    path = "storage/collections/config"
    title = "collections-conf"
    noun = "collection"
    conf = "collections"
    shared = True
    defaults: ClassVar[Mapping[str, Any]] = {
        "enforceTypes": False,
        "profilingEnabled": "false",
        "profilingThresholdMs": "1000",
        "replicate": "false",
        "replication_dump_maximum_file_size": "10240",
        "replication_dump_strategy": "auto",
        "type": "undefined",
    }
    wildcard = ("accelerated_fields\\..*", "field\\..*")

    def handle(self, request: Request, rest: list[str]) -> Response:
        require_nobody(request)
        return super().handle(request, rest)

    def check(self, request: Request, name: str, settings: dict[str, str], entry: Entry | None) -> None:
        if not NAME.fullmatch(name):
            raise ApiError(400, f"Invalid collection name {name!r}")
        for key, value in settings.items():
            if key.startswith("accelerated_fields.") and not isinstance(documents.parse_json(value, key), dict):
                raise ApiError(400, f"{key} must be a JSON object")

    def delete(self, request: Request, entry: Entry) -> None:
        super().delete(request, entry)
        self.state.kvstore.delete(entry.acl.app, entry.name)


@dataclass(frozen=True, slots=True)
class Types:
    """What kind of value each field of a collection holds, and whether that is enforced."""

    of: Mapping[str, str]
    enforced: bool


@register
class CollectionsData(Collection):
    """Documents as JSON; there are no Atom entries here."""

    path = "storage/collections/data"
    title = "collections-data"

    def entries(self, request: Request) -> Iterable[Entry]:
        return ()  # it is listed in a form of its own

    def handle(self, request: Request, rest: list[str]) -> Response:
        require_nobody(request)
        if not rest:
            raise NotFound("Name a collection")
        app, name, types = self._collection(request, names_of(rest[0]))
        method = request.method
        acl = shared_acl(self.state.config, app, "app", "collections", name)
        reads = method == "GET" or rest[1:] == ["batch_find"]
        if not (self.state.permissions.may_read if reads else self.state.permissions.may_write)(request.account, acl):
            raise ApiError(403, f"User {request.account.name!r} has no such access to the collection {name!r}")
        if len(rest) == 1:
            if method == "GET":
                return self._reply(self._query(app, name, dict(request.args.pairs)))
            if method == "POST":
                return self._reply({"_key": self._insert(app, name, self._body(request), types)}, 201)
            self._delete(app, name, request.args.get("query"))
            return self._reply({})
        if len(rest) == 2 and rest[1] in {"batch_save", "batch_find"}:
            if method != "POST":
                raise ApiError(405, f"{rest[1]} needs POST")
            return self._batch(request, rest[1], app, name, types)
        return self._one(request, app, name, names_of("/".join(rest[1:]))[0], types)

    def _collection(self, request: Request, names: list[str]) -> tuple[str, str, Types]:
        """(app, name, field types) of a collection that the namespace sees."""
        _, app = request.place()
        view = self.state.config.stanzas("collections", None if app == SYSTEM else app)
        for name in names:
            if name in view and NAME.fullmatch(name):
                stanza = view[name]
                types = {k.removeprefix("field."): v for k, v in stanza.values().items() if k.startswith("field.")}
                return stanza.app, name, Types(types, truth(stanza.get("enforceTypes")))
        raise NotFound(f"An object with name={names[0]} does not exist")

    def _body(self, request: Request) -> Document:
        value = documents.parse_json(request.body, "The body")
        if not isinstance(value, dict):
            raise ApiError(400, "A document is a JSON object")
        return value

    def _one(self, request: Request, app: str, name: str, key: str, types: Types) -> Response:
        store = self.state.kvstore
        document = store.get(app, name, key)
        if document is None:
            raise NotFound("Could not find object.")
        if request.method == "GET":
            return self._reply(document)
        if request.method == "POST":
            self._save(app, name, [{**self._body(request), "_key": key}], types)
            return self._reply({"_key": key})
        store.delete(app, name, key)
        return self._reply({})

    def _insert(self, app: str, name: str, document: Document, types: Types) -> str:
        """A new document; 409 where its key is taken: what is stored under it stays."""
        key = document.get("_key")
        if key is not None and self.state.kvstore.get(app, name, str(key)) is not None:
            raise ApiError(409, "A document with the same key and user already exists.")
        return self._save(app, name, [document], types)[0]

    def _save(self, app: str, name: str, given: list[Document], types: Types) -> list[str]:
        prepared: list[Mapping[str, Any]] = []
        for document in given:
            key = document.get("_key")
            if key is not None and (not isinstance(key, (str, int)) or not str(key)):
                raise ApiError(400, "_key must be text")
            prepared.append({**documents.typed(document, types.of, enforced=types.enforced), "_user": NOBODY})
        return self.state.kvstore.put_all(app, name, prepared)

    def _query(self, app: str, name: str, asked: Mapping[str, Any]) -> list[Document]:
        """Documents for `query`, `sort`, `skip`, `limit` and `fields`, as arguments or as a batch_find object."""
        query = asked.get("query", {}) or {}
        if isinstance(query, str):
            query = documents.parse_json(query, "query")
        found = [d for d in self.state.kvstore.documents(app, name) if documents.matches(d, query)]
        found = documents.ordered(found, documents.told(asked.get("sort")))
        skip, limit = _whole(asked.get("skip", 0), "skip"), _whole(asked.get("limit", 0), "limit") or MAX_LIMIT
        return [
            documents.shown(d, documents.told(asked.get("fields"))) for d in found[skip : skip + min(limit, MAX_LIMIT)]
        ]

    def _delete(self, app: str, name: str, query: str) -> None:
        store = self.state.kvstore
        if not query:
            store.delete(app, name)
            return
        wanted = documents.parse_json(query, "query")
        for document in store.documents(app, name):
            if documents.matches(document, wanted):
                store.delete(app, name, document["_key"])

    def _batch(self, request: Request, kind: str, app: str, name: str, types: Types) -> Response:
        given = documents.parse_json(request.body, "The body")
        if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
            raise ApiError(400, "The body is a list of JSON objects")
        if len(given) > MAX_BATCH:
            raise ApiError(400, f"A batch holds at most {MAX_BATCH} objects")
        if kind == "batch_save":
            return self._reply(self._save(app, name, given, types))
        return self._reply([self._query(app, name, item) for item in given])

    def _reply(self, value: Any, status: int = 200) -> Response:
        return Response(status, dump_json(value), JSON)


def _whole(value: Any, name: str) -> int:
    try:
        number = int(value or 0)
    except (TypeError, ValueError):
        raise ApiError(400, f"{name} must be a whole number") from None
    if number < 0:
        raise ApiError(400, f"{name} must not be negative")
    return number
