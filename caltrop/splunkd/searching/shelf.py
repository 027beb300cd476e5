"""What a search has found, for as long as its job is there: small tables in memory, large ones in files."""

from __future__ import annotations

import logging
from pathlib import Path

import polars as pl

from caltrop.engine.table import Table
from caltrop.errors import CaltropError, Location
from caltrop.index.kept import Kept

log = logging.getLogger(__name__)
RESULTS = "results of jobs"  # as which tables that were read are kept


class _Tray:
    """One table. What is asked of it without its rows (`len`, `fields`) needs no reading."""

    def __init__(self, table: Table) -> None:
        self._table: Table | None = table
        self._empty = table.with_frame(table.frame.clear())
        self.rows, self.fields = len(table), table.fields
        self.size = int(table.frame.estimated_size())
        self._path: Path | None = None
        self._kept: Kept | None = None

    def put_away(self, path: Path, kept: Kept) -> None:
        if self._table is not None and self.rows:
            self._table.frame.write_ipc(path)
            self._path, self._kept = path, kept
            self._table = None

    @property
    def table(self) -> Table:
        table = self._table
        if table is not None:
            return table
        assert self._path is not None and self._kept is not None
        key = (RESULTS, str(self._path))
        frame: pl.DataFrame | None = self._kept.get(key)
        if frame is None:
            try:
                frame = pl.read_ipc(self._path)
            except (OSError, pl.exceptions.PolarsError) as error:
                raise CaltropError("the results of this job are gone", location=Location(str(self._path))) from error
            self._kept.put(key, frame, self.size, self)
        return self._empty.with_frame(frame)


class Shelf:
    """The results of a search, and its events."""

    def __init__(self, table: Table, events: Table) -> None:
        self._results = _Tray(table)
        self._events = self._results if events is table else _Tray(events)

    @property
    def table(self) -> Table:
        return self._results.table

    @property
    def events(self) -> Table:
        return self._events.table

    @property
    def size(self) -> int:
        """Bytes."""
        return self._results.size + (0 if self._events is self._results else self._events.size)

    @property
    def result_count(self) -> int:
        return self._results.rows

    @property
    def event_count(self) -> int:
        return self._events.rows

    @property
    def event_fields(self) -> list[str]:
        return self._events.fields

    def put_away(self, folder: Path, kept: Kept) -> None:
        """Into files; without room for them the tables stay in memory."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, tray in (("results", self._results), ("events", self._events)):
                tray.put_away(folder / f"{name}.arrow", kept)
        except (OSError, pl.exceptions.PolarsError) as error:
            log.warning("results stay in memory: %s", error)
