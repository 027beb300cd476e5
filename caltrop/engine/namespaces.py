"""Rows that `tscollect` wrote for `tstats … FROM`: in namespaces, which last, and beside jobs, which end with these.

A namespace or a job has parts, one a run of tscollect; a part never changes. On disk they are Arrow files below
`tsidxstats/<namespace>` and `run/dispatch/<sid>/tsidxstats` of the data directory (as on a Splunk, `$SPLUNK_DB/tsidxstats` and the
job's folder); without a data directory they are in memory.
"""

from __future__ import annotations

import io
import re
import shutil
import threading
import uuid
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import polars as pl

from caltrop.engine.errors import SearchError
from caltrop.knowledge.files import write_atomic

TIME = "_time"
FOLDER = "tsidxstats"
MOST_PARTS = 10_000
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,199}", re.ASCII)

Home = tuple[str, str]  # ("namespace", its name) or ("sid", that of a job)


def namespace(name: str) -> Home:
    """Raises SearchError for a name that cannot be that of a folder."""
    if not _NAME.fullmatch(name):
        raise SearchError(
            f"{name!r} cannot be the name of a namespace",
            hint="letters, digits, underscores, full stops and hyphens; a letter or digit first, at most 200 of them",
        )
    return "namespace", name


def job(sid: str) -> Home:
    return "sid", sid


class Namespaces:
    """`root` is the data directory; None: everything in memory. Safe to use from several threads."""

    def __init__(self, root: Path | None) -> None:
        self._root = root
        self._held: dict[Home, list[pl.DataFrame]] = {}
        self._lock = threading.Lock()

    def add(self, home: Home, rows: pl.DataFrame) -> None:
        """One part more: `_time` (Float64, epoch seconds), and a column (String or List(String)) a field.

        Raises SearchError where it cannot be written, and for a namespace that has more parts than can be read in one search.
        """
        folder = self._folder(home)
        if folder is None:
            with self._lock:
                parts = self._held.setdefault(home, [])
                _room(home, len(parts))
                parts.append(rows)
            return
        _room(home, len(_files(folder)))
        content = io.BytesIO()
        rows.write_ipc(content)
        try:
            write_atomic(folder / f"{uuid.uuid4().hex}.arrow", content.getvalue())
        except OSError as error:
            raise SearchError(f"the {home[0]} {home[1]!r} cannot be written: {error.strerror}") from error

    def parts(self, home: Home) -> list[pl.DataFrame] | None:
        """What was written so far; None where nothing ever was."""
        folder = self._folder(home)
        if folder is None:
            with self._lock:
                held = self._held.get(home)
                return None if held is None else list(held)
        if not folder.is_dir():
            return None
        try:
            return [pl.read_ipc(path) for path in _files(folder)]
        except (OSError, pl.exceptions.PolarsError) as error:
            raise SearchError(f"the {home[0]} {home[1]!r} cannot be read: {error}") from error

    def drop(self, home: Home) -> None:
        """The parts are gone."""
        folder = self._folder(home)
        with self._lock:
            self._held.pop(home, None)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def _folder(self, home: Home) -> Path | None:
        if self._root is None:
            return None
        kind, name = home
        if kind == "sid":
            return self._root / "run" / "dispatch" / quote(name, safe="") / FOLDER
        return self._root / FOLDER / name


def _files(folder: Path) -> Sequence[Path]:
    """Oldest first."""
    return sorted(folder.glob("[!.]*.arrow"), key=lambda path: (path.stat().st_mtime_ns, path.name))


def _room(home: Home, parts: int) -> None:
    if parts >= MOST_PARTS:
        raise SearchError(
            f"the {home[0]} {home[1]!r} has {parts:,} parts, the most that there may be",
            hint="collect larger pieces, or begin a namespace of another name",
        )
