"""Where stanzas of a conf file live: the (app, owner) folders that have the file, told from the disk.

A merged view of one app holds what every other app exports, so looking into all apps one by one would merge everything
again and again; only folders that have the file are worth a look.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from caltrop.knowledge.configuration import NOBODY, SYSTEM, Configuration

Home = tuple[str, str]  # app, owner


def homes(config: Configuration, conf: str) -> dict[Home, tuple[tuple[int, int], ...]]:
    """(app, owner) -> (mtime, size) of the files found there: equal values mean unchanged files."""
    assert config.etc is not None, "a server opens its configuration on an etc folder"
    found: dict[Home, tuple[tuple[int, int], ...]] = {}
    apps = {SYSTEM: config.etc / SYSTEM, **config.apps()}
    for app, folder in apps.items():
        marks = _marks(folder / layer / f"{conf}.conf" for layer in ("default", "local"))
        if marks:
            found[app, NOBODY] = marks
    users = config.etc / "users"
    for path in sorted(users.glob(f"*/*/local/{conf}.conf")) if users.is_dir() else ():
        owner, app = path.relative_to(users).parts[:2]
        if app in apps:
            found[app, owner] = _marks([path])
    return found


def _marks(paths: Iterable[Path]) -> tuple[tuple[int, int], ...]:
    marks = []
    for path in paths:
        try:
            stat = path.stat()
        except OSError:
            continue
        marks.append((stat.st_mtime_ns, stat.st_size))
    return tuple(marks)
