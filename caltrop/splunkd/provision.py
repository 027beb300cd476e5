"""What a new data directory is filled with: the system layer and the built-in apps, written from `etc/` of this package."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from caltrop.index.store import Store
from caltrop.knowledge.configuration import Configuration

SHIPPED = Path(__file__).parent / "etc"
ADDONS = Path(__file__).parents[2] / "addons"  # of the repository; an installed toolkit has none
INDEX_SETTINGS = ("frozenTimePeriodInSecs", "maxTotalDataSizeMB")


def provision(etc: Path, addons: Sequence[Path] | None = None) -> None:
    """Write the shipped folders and the add-ons (None: those of the repository) as apps.

    What is shipped in `default`, `metadata` and the like is ours to replace; `local` is never touched.
    """
    if addons is None:
        addons = sorted(p for p in ADDONS.iterdir() if (p / "default").is_dir()) if ADDONS.is_dir() else []
    _mirror(SHIPPED, etc)
    for addon in addons:
        _mirror(addon, etc / "apps" / addon.name)


def _mirror(source: Path, target: Path) -> None:
    """Make every file of one tree exist in the other with the same bytes."""
    for file in sorted(p for p in source.rglob("*") if p.is_file()):
        copy = target / file.relative_to(source)
        if "local" not in file.relative_to(source).parts and (
            not copy.exists() or copy.read_bytes() != file.read_bytes()
        ):
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
