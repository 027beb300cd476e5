"""What commands make of no rows, remembered: most detections match nothing, and what follows then is the same every time.

Of no rows, a command that says so (`CommandEntry.settled`) makes no rows, in columns that depend on the columns it is given and
on nothing else. The first time it runs as ever, so that whatever it refuses is refused; a run that said something to the job,
or that gave rows after all, is not kept.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TypeVar

from caltrop.engine.context import Context
from caltrop.engine.registry import CommandEntry
from caltrop.engine.table import Table
from caltrop.spl import unparse
from caltrop.spl.ast import Call, Command, Subsearch

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
_MOST = 8_192  # a few kilobytes each
# By what the command says: many detections of a repository end in the same words, over the same columns.
_kept: OrderedDict[Hashable, Table] = OrderedDict()
# A command's words by its identity, which the value keeps alive: the tree of a text that was read before is shared.
_said: OrderedDict[int, tuple[Command, str]] = OrderedDict()
_lock = threading.Lock()


def run(entry: CommandEntry, table: Table, command: Command, ctx: Context) -> Table:
    """The command over the table: run, or what it made of no rows of these columns before."""
    if not entry.settled or len(table):
        return entry.run(table, command, ctx)
    return of_nothing(table, command, ctx, lambda: entry.run(table, command, ctx))


def of_nothing(table: Table, command: Command, ctx: Context, make: Callable[[], Table]) -> Table:
    """What `make` makes of a table without rows, which depends on the command and the columns of the table alone."""
    frame = table.frame
    key = (_words(command), table.events, tuple(frame.columns), tuple(frame.dtypes))
    with _lock:
        kept = _kept.get(key)
        if kept is not None:
            _kept.move_to_end(key)
            return kept
    said, delimiters = len(ctx.messages), dict(ctx.delimiters)
    result = make()
    silent = len(ctx.messages) == said and ctx.delimiters == delimiters
    if silent and not len(result) and not _looks_elsewhere(command):
        with _lock:
            _keep(_kept, key, result)
    return result


def _words(command: Command) -> str:
    with _lock:
        said = _said.get(id(command))
        if said is None:
            said = command, unparse(command)
            _keep(_said, id(command), said)
        return said[1]


def _keep(kept: OrderedDict[K, V], key: K, value: V) -> None:
    kept[key] = value
    while len(kept) > _MOST:
        kept.popitem(last=False)


# Functions of eval that look at something else than the row: tables, event types, the configuration.
_ELSEWHERE = frozenset({"lookup", "searchmatch"})


def _looks_elsewhere(command: Command) -> bool:
    return any(isinstance(n, Subsearch) or (isinstance(n, Call) and n.name in _ELSEWHERE) for n in command.walk())
