"""What installed apps add to the language: custom commands (commands.conf) and data models, read off folders and packages."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath

from caltrop.dialect.conf import ConfError, Header, scan
from caltrop.dialect.datamodels import DataModel, DataModelError, model_of
from caltrop.shipped import shipped


def shipped_addons() -> tuple[Path, ...]:
    """The apps that ship with the toolkit."""
    return tuple(sorted(path for path in shipped("addons").iterdir() if path.is_dir()))


def commands(apps: Iterable[Path]) -> frozenset[str]:
    """The custom commands that the apps declare."""
    found: set[str] = set()
    for app in apps:
        for name, body in _files(app, "commands.conf"):
            try:
                parts = scan(body.decode("utf-8", "replace"), name, [])
                found.update(part.name.lower() for part in parts if isinstance(part, Header))
            except ConfError:  # told by who reads the app
                continue
    return frozenset(found)


@cache
def models(apps: tuple[Path, ...]) -> Mapping[str, DataModel]:
    """The data models of the apps by name; those of later apps win. A file that is none is told by who reads the app."""
    found: dict[str, DataModel] = {}
    for app in apps:
        for name, body in _files(app, ".json"):
            if PurePosixPath(name).parent.name != "models":
                continue
            try:
                model = model_of(body.decode("utf-8-sig", "replace"), name)
            except DataModelError:
                continue
            found[model.name] = model
    return found


def model_fields(apps: tuple[Path, ...]) -> frozenset[str]:
    """The names of all fields of all data models: events have them at search time."""
    return frozenset(
        str(field.get("fieldName"))
        for model in models(apps).values()
        for body in model.objects.values()
        for field in (
            *body.get("fields", ()),
            *(f for c in body.get("calculations", ()) for f in c.get("outputFields", ())),
        )
    )


def stamp(apps: Iterable[Path]) -> list[tuple[str, int, int]]:
    """Path, size and time of change of what is read of the apps."""
    found = []
    for app in apps:
        paths = [app] if app.is_file() else [*app.glob("*/commands.conf"), *app.glob("*/data/models/*.json")]
        found += [(path.as_posix(), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    return sorted(found)


def _files(app: Path, ending: str) -> Iterator[tuple[str, bytes]]:
    """The files of default and local of an app, or of the apps in a package, whose names end so."""
    if app.is_dir():
        for layer in ("default", "local"):
            for path in sorted((app / layer).rglob(f"*{ending}")):
                yield path.as_posix(), path.read_bytes()
    elif app.is_file() and zipfile.is_zipfile(app):
        with zipfile.ZipFile(app) as packed:
            for name in packed.namelist():
                if name.endswith(ending):
                    yield name, packed.read(name)
    elif app.is_file() and tarfile.is_tarfile(app):
        with tarfile.open(app) as archive:
            for member in archive:
                opened = archive.extractfile(member) if member.isfile() and member.name.endswith(ending) else None
                if opened is not None:
                    yield member.name, opened.read()
