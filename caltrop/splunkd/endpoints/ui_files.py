"""What an app brings for a web interface: `data/ui/views`, `data/ui/nav`, `data/ui/panels`, an XML file each.

Nothing here shows them; clients list, make and change them. Files are those of the app, of all users; `local` wins over `default`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar
from xml.etree import ElementTree

from caltrop.knowledge.configuration import NOBODY
from caltrop.knowledge.files import write_atomic
from caltrop.splunkd.rest.collection import Collection, register
from caltrop.splunkd.rest.confobjects import place_of, require_place, shared_acl
from caltrop.splunkd.wire.atom import Entry
from caltrop.splunkd.wire.http import ApiError, Request

MAX_NAME = 100


class UiFiles(Collection):
    folder: ClassVar[str]
    required = ("eai:data",)

    def entries(self, request: Request) -> Iterable[Entry]:
        _, app = request.place()
        config = self.state.config
        everywhere = request.app == "-"
        for name in config.apps() if everywhere else [app]:
            if name not in config.apps():
                continue
            acl = shared_acl(config, name, "app")
            if not self.state.permissions.may_read(request.account, acl):
                continue
            found: dict[str, Path] = {}
            for layer in ("default", "local"):
                for path in sorted((config.app_path(name) / layer / "data" / "ui" / self.folder).glob("*.xml")):
                    found[path.stem] = path
            for stem, path in sorted(found.items()):
                text = path.read_text(encoding="utf-8", errors="replace")
                content = {"eai:data": text, "eai:type": self.folder, "eai:appName": name, "label": _label(text) or stem,
                           "rootNode": _root(text), "disabled": False, "isVisible": True}  # fmt: skip
                yield Entry(stem, self.path, content, acl, self.state.now())

    def find(self, request: Request, names: Sequence[str]) -> list[Entry]:
        return next(([entry] for name in names for entry in self.entries(request) if entry.name == name), [])

    def create(self, request: Request, name: str) -> Entry:
        if not name.replace("_", "").replace("-", "").isalnum() or len(name) > MAX_NAME:
            raise ApiError(400, f"Invalid name {name!r}: letters, digits, underscores and hyphens")
        _, app = request.place()
        require_place(self.state, request, app, NOBODY)
        if self.find(request, [name]):
            raise ApiError(409, f"Unable to create {self.folder} named '{name}': it already exists.")
        return self._write(request, app, name)

    def update(self, request: Request, entry: Entry) -> Entry:
        app, _ = place_of(entry)
        require_place(self.state, request, app, NOBODY)
        return self._write(request, app, entry.name)

    def delete(self, request: Request, entry: Entry) -> None:
        app, _ = place_of(entry)
        require_place(self.state, request, app, NOBODY)
        path = self._local(app, entry.name)
        if not path.is_file():
            raise ApiError(403, f"{entry.name!r} ships with its app and cannot be removed")
        path.unlink()

    def _local(self, app: str, name: str) -> Path:
        return self.state.config.app_path(app) / "local" / "data" / "ui" / self.folder / f"{name}.xml"

    def _write(self, request: Request, app: str, name: str) -> Entry:
        text = request.args.required("eai:data")
        if not _root(text):
            raise ApiError(400, "eai:data is not well-formed XML")
        write_atomic(self._local(app, name), text.encode())
        return self.find(request, [name])[0]


def _parsed(text: str) -> ElementTree.Element | None:
    """The document; None where it is not well-formed, or declares entities, which could grow without end."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None
    try:
        return ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return None


def _root(text: str) -> str:
    root = _parsed(text)
    return "" if root is None else root.tag


def _label(text: str) -> str:
    root = _parsed(text)
    return "" if root is None else (root.findtext("label") or "").strip()


@register
class Views(UiFiles):
    path = "data/ui/views"
    title = "views"
    folder = "views"


@register
class Navigation(UiFiles):
    path = "data/ui/nav"
    title = "nav"
    folder = "nav"


@register
class Panels(UiFiles):
    path = "data/ui/panels"
    title = "panels"
    folder = "panels"
