"""What a running search can show before its end: the events that it has read so far, and what the rest of it makes of them.

Nobody looks at a search that ends at once, so that nothing is done in its first moments (`QUIET`); afterwards no more than a
`SHARE` of the time that it took goes into looking, at growing intervals, over as many events as that time allows. The search itself
does not notice: its rows, messages and errors are those that it has without.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import polars as pl

from caltrop.dialect import patterns
from caltrop.engine import budget, registry
from caltrop.engine.context import Finish
from caltrop.engine.errors import Cancelled, Finalized
from caltrop.engine.table import Table, stacked
from caltrop.errors import CaltropError
from caltrop.spl.ast import Command, MacroCall, Subsearch
from caltrop.spl.facts import DOES_MORE

log = logging.getLogger(__name__)
QUIET = 0.2  # seconds
SHARE = 0.1
INTERVAL = 0.25  # of the time that the search took, between two looks
FIRST = 1_000  # events that the rest of a search is first tried on
GROWTH = 4.0  # how many times as many may follow
MOST_OF_SEGMENT = 10_000  # rows that are kept of a segment which is still being extracted

Rest = Callable[
    [Table], tuple[Table, Table | None]
]  # events -> (what is left of them before they become results, the results)
Matching = Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Preview:
    """`events` are the newest found so far, newest first; `table` the results of these, None where none can be told yet.

    `scanned` of `total` events were read.
    """

    events: Table
    table: Table | None
    scanned: int
    total: int


def plan(commands: Sequence[Command | MacroCall]) -> tuple[int, bool] | None:
    """Of the commands behind the leading search: how many of them keep events, and whether the results can be previewed too. None
    where not even the events can.

    What runs scripts or subsearches, reads something of its own or does something besides giving rows runs once, at its time.
    """
    keeping = next((n for n, command in enumerate(commands) if _kind(command) == "transforming"), len(commands))
    harmless = next((n for n, command in enumerate(commands) if not _harmless(command)), len(commands))
    return (keeping, harmless == len(commands)) if harmless >= keeping else None


def _kind(command: Command | MacroCall) -> str:
    entry = registry.commands.get(command.name)
    return entry.kind if entry is not None else ""


def _harmless(command: Command | MacroCall) -> bool:
    return (
        isinstance(command, Command)
        and _kind(command) not in {"", "generating"}
        and command.name not in DOES_MORE
        and not command.of(Subsearch)
    )


@dataclass(frozen=True, slots=True)
class Leading:
    """What a first command that is no `search` tells of its reading; `begin` plans what the rest makes of it."""

    previews: Previews
    begin: Callable[[Finish], None]

    def begins(self, finish: Finish) -> None:
        self.begin(finish)

    def reads(self, total: int) -> None:
        self.previews.reads(total)

    def segment(self, size: int) -> None:
        self.previews.segment(size)

    def found(self, rows: pl.DataFrame) -> None:
        self.previews.found(rows)


class Previews:
    """Told by the scan of what it reads, tells of what there is. `wanted` is asked before anything is done.

    `rest` makes of events what the rest of the search makes of them; without one only the progress is told.
    """

    def __init__(self, tell: Callable[[Preview], None], wanted: Callable[[], bool]) -> None:
        self._tell, self._wanted = tell, wanted
        self._began = time.perf_counter()
        self._spent = self._looked = 0.0  # seconds in looks; of the search, when it was looked at last
        self._rest: Rest | None = None
        self._plain = False
        self._most = float(FIRST)  # events that the next look may take
        self._rate = 0.0  # seconds an event of the last look
        self._total = 0  # events of all segments
        self._before = 0  # of those that were read
        self._size = self._here = 0  # of the one that is being read, and how many of these were
        self._found: list[Table] = []  # of the segments read
        self._parts: list[Table] = []  # of the one that is being read
        self._waiting: list[pl.DataFrame] = []  # its events that were not looked at
        self._full = False  # there are enough of it
        self._news = False  # something was found since the last look
        self.latest: Preview | None = None

    # -- told by the scan ----------------------------------------------------------------------------------------------

    def begins(self, rest: Rest | None, *, plain: bool) -> None:
        """`plain`: no command stands between the events and whoever looks at them."""
        self._rest, self._plain = rest, plain

    def reads(self, total: int) -> None:
        self._total = total

    def segment(self, size: int) -> None:
        """The next segment begins, of so many events."""
        self._before += self._size
        self._size, self._here = size, 0
        self._parts, self._waiting, self._full = [], [], False

    def part(self, events: pl.DataFrame, matching: Matching) -> None:
        """Some of the segment's events are extracted; the next ones are older."""
        self._here = min(self._here + events.height, self._size)
        self._full = self._full or (self._elapsed >= QUIET and not self._wanted())
        if self._rest is None or self._full:
            self._waiting = []
            self._look()
            return
        self._waiting.append(events)
        if self._elapsed < QUIET:
            return
        with self._looking():
            for waiting in self._waiting:
                rows = matching(waiting)
                if rows.height:
                    self._parts.append(Table(rows, events=True))
                    self._news = True
        self._waiting = []
        self._full = (
            sum(map(len, self._parts)) >= MOST_OF_SEGMENT or self._spent > SHARE * self._elapsed or self._rest is None
        )
        self._look()

    def found(self, rows: pl.DataFrame) -> None:
        """What the scan has found in a segment, or in a part of it that it looked at alone."""
        self._here = self._size
        self._parts, self._waiting, self._full = [], [], True
        if rows.height and self._rest is not None:
            self._found.append(Table(rows, events=True))
            self._news = True
        self._look()

    def kept(self, events: Table) -> None:
        """All events are there, and become results now."""
        self._found, self._parts = [], []
        before = self.latest
        if self._open() and (before is not None or len(events)):
            self._show(Preview(events, before.table if before else None, self._total, self._total))

    # -- looking -------------------------------------------------------------------------------------------------------

    @property
    def _elapsed(self) -> float:
        return time.perf_counter() - self._began

    def _open(self) -> bool:
        return self._elapsed >= QUIET and self._wanted()

    def _look(self) -> None:
        """Tell what there is, if it is time to."""
        elapsed = self._elapsed
        due = self._looked * (1 + INTERVAL)
        if elapsed < max(QUIET, due) or not self._wanted():
            return
        self._looked = elapsed
        before, scanned = self.latest, self._before + self._here
        events, table = (before.events, before.table) if before else (Table.empty(), None)
        if self._news and self._rest is not None and self._spent <= SHARE * elapsed:
            with self._looking():
                made = self._made(self._rest)
                if made is not None:
                    events, table = made
        self._show(Preview(events, table, scanned, self._total))

    def _made(self, rest: Rest) -> tuple[Table, Table | None]:
        found = stacked([*self._found, *self._parts])
        if not self._plain:
            allowed = SHARE * self._elapsed - self._spent
            if self._rate:
                self._most = max(self._most, min(self._most * GROWTH, allowed / self._rate))
            found = found.with_frame(found.frame.head(int(self._most)))
        began = time.perf_counter()
        made = rest(found)
        self._rate = (time.perf_counter() - began) / max(len(found), 1)
        self._news = len(found) < sum(map(len, self._found)) + sum(map(len, self._parts))
        return made

    def _show(self, preview: Preview) -> None:
        self.latest = preview
        self._tell(preview)

    @contextmanager
    def _looking(self) -> Iterator[None]:
        """What is done inside is a look: its time counts, its patterns have a budget of their own, and where it fails there are no
        more looks; whether the search fails is for the search to find out."""
        began, allowed = time.perf_counter(), budget.allowed()
        try:
            with patterns.budget(longest=allowed.value, most=allowed.memory):
                yield
        except Finalized:
            self._rest = None
        except Cancelled:
            raise
        except (CaltropError, pl.exceptions.PolarsError) as error:
            log.debug("no previews: %s", error)
            self._rest = None
        finally:
            self._spent += time.perf_counter() - began
