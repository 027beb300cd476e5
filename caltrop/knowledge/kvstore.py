"""Collections of the KV store: JSON documents by `_key`, in memory or one file a collection."""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from caltrop.errors import CaltropError
from caltrop.knowledge.columns import MULTIVALUE
from caltrop.knowledge.files import write_atomic

Document = dict[str, Any]
_NAME = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_.\-]*$")


class KVStoreError(CaltropError):
    """A collection or document that is not there, or a name that cannot be one."""


class KVStore:
    """Documents of all collections. `root` keeps them on disk (`<root>/<app>/<collection>.json`); None: in memory."""

    def __init__(self, root: Path | None = None) -> None:
        self._root = root
        self._lock = threading.RLock()
        self._loaded: dict[tuple[str, str], dict[str, Document]] = {}
        self.generation = 0

    def documents(self, app: str, collection: str) -> list[Document]:
        """All documents in order of insertion, each with its `_key`."""
        with self._lock:
            return [dict(d) for d in self._open(app, collection).values()]

    def get(self, app: str, collection: str, key: str) -> Document | None:
        with self._lock:
            found = self._open(app, collection).get(key)
            return dict(found) if found is not None else None

    def put(self, app: str, collection: str, document: Mapping[str, Any]) -> str:
        """Insert a document, or replace the one with the same `_key`; gives the key."""
        return self.put_all(app, collection, [document])[0]

    def put_all(self, app: str, collection: str, documents: Sequence[Mapping[str, Any]]) -> list[str]:
        with self._lock:
            held = self._open(app, collection)
            keys = []
            for document in documents:
                key = str(document.get("_key") or uuid.uuid4().hex[:24])
                held[key] = {**document, "_key": key}
                keys.append(key)
            self._save(app, collection)
            return keys

    def delete(self, app: str, collection: str, key: str | None = None) -> int:
        """Remove one document, or all of them; gives how many went."""
        with self._lock:
            held = self._open(app, collection)
            gone = [key] if key is not None and key in held else list(held) if key is None else []
            for name in gone:
                del held[name]
            self._save(app, collection)
            return len(gone)

    def table(self, app: str, collection: str, fields: list[str] | None = None) -> pl.DataFrame:
        """The documents as rows of String (or List(String)) columns."""
        documents = self.documents(app, collection)
        names = fields or list(dict.fromkeys(name for d in documents for name in d if name != "_user"))
        return pl.DataFrame([_column(name, [d.get(name) for d in documents]) for name in names])

    def _path(self, app: str, collection: str) -> Path | None:
        for name in (app, collection):
            if not _NAME.match(name):
                raise KVStoreError(f"not a usable name of a collection or app: {name!r}")
        return None if self._root is None else self._root / app / f"{collection}.json"

    def _open(self, app: str, collection: str) -> dict[str, Document]:
        path = self._path(app, collection)
        held = self._loaded.get((app, collection))
        if held is None:
            documents = json.loads(path.read_text("utf-8")) if path is not None and path.exists() else []
            held = self._loaded[app, collection] = {d["_key"]: d for d in documents}
        return held

    def _save(self, app: str, collection: str) -> None:
        self.generation += 1
        path = self._path(app, collection)
        if path is not None:
            write_atomic(path, json.dumps(list(self._loaded[app, collection].values()), ensure_ascii=False).encode())


def _column(name: str, values: list[Any]) -> pl.Series:
    if any(isinstance(v, list) for v in values):
        lists = [None if v in (None, []) else [_text(x) for x in (v if isinstance(v, list) else [v])] for v in values]
        return pl.Series(name, lists, dtype=MULTIVALUE)
    return pl.Series(name, [None if v is None or v == "" else _text(v) for v in values], dtype=pl.String)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
