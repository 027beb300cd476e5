"""What a new data directory is filled with: the system layer and the built-in apps, written from `etc/` of this package and the
system layer of the knowledge room."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from caltrop.dialect.conf import read
from caltrop.index.store import Store
from caltrop.knowledge import SYSTEM_LAYER, addon_apps
from caltrop.knowledge.configuration import Configuration, stands_in

SHIPPED = Path(__file__).parents[1] / "etc"
INDEX_SETTINGS = ("frozenTimePeriodInSecs", "maxTotalDataSizeMB")


def provision(etc: Path, addons: Sequence[Path] | None = None) -> None:
    """Write the shipped folders and the add-ons (None: all of ours) as apps.

    Where somebody else's app of that name is installed, that one stays. What is shipped is ours to replace, and what an add-on no longer has goes from its `default`; `local` is never touched.
    """
    addons = addon_apps() if addons is None else addons
    _copy(SHIPPED, etc)
    _copy(SYSTEM_LAYER, etc / "system")
    for addon in addons:
        target = etc / "apps" / addon.name
        if target.exists() and not (stands_in(target) or _label(target) == _label(addon)):
            continue
        _copy(addon, target)
        shipped = {p.relative_to(addon) for p in (addon / "default").rglob("*")}
        for file in [
            p for p in (target / "default").rglob("*") if p.is_file() and p.relative_to(target) not in shipped
        ]:
            file.unlink()


def _label(app: Path) -> str | None:
    """What an app calls itself: data directories of before add-ons said that they stand in are known by that."""
    path = app / "default" / "app.conf"
    return read(path).settings().get("ui", {}).get("label") if path.is_file() else None


def _copy(source: Path, target: Path) -> None:
    """Make every file of one tree exist in the other with the same bytes, but for `local`."""
    for file in sorted(p for p in source.rglob("*") if p.is_file()):
        path = file.relative_to(source)
        copy = target / path
        if "local" not in path.parts and (not copy.exists() or copy.read_bytes() != file.read_bytes()):
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)


def index_settings(config: Configuration, name: str) -> dict[str, Any]:
    """Retention of an index, as the store takes it (seconds and megabytes)."""
    found = {key: config.get("indexes", name, key) for key in INDEX_SETTINGS}
    return {key: int(value) for key, value in found.items() if value is not None and value.isdigit()}


def shortest_retention(config: Configuration) -> int:
    """Seconds that the most forgetful index keeps its events."""
    kept = [s.get("frozenTimePeriodInSecs", "") for n, s in config.stanzas("indexes").items() if n != "default"]
    return min((int(text) for text in kept if text.isdigit()), default=60)


def open_indexes(config: Configuration, store: Store) -> None:
    """Make the store hold every index that the configuration names."""
    for name in config.stanzas("indexes"):
        if name != "default" and ":" not in name and name not in store:
            store.create_index(name, **index_settings(config, name))
