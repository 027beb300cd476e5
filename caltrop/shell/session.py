"""A conversation over one instance: what a line asks, and the answer as lines of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from caltrop.analysis.known import vocabulary
from caltrop.dialect.words import did_you_mean, fits
from caltrop.engine.instance import Instance, SearchResult
from caltrop.engine.table import values_of
from caltrop.errors import CaltropError
from caltrop.explained import explained
from caltrop.shell.complete import Names
from caltrop.spl import known_commands
from caltrop.spl.errors import QueryError

SAMPLE = 10_000  # events that names of fields and values are taken from
VALUES = 50  # of a field
Show = Callable[[SearchResult, str], Iterator[str]]


class Ended(Exception):
    """The conversation is over."""


@dataclass
class Session:
    """`show` gives the lines of a result in a format of `formats`."""

    instance: Instance
    show: Show
    formats: tuple[str, ...]
    app: str = "search"
    tz: str = "UTC"
    form: str = "table"
    last: SearchResult | None = None
    _orders: dict[str, Callable[[str], Iterator[str]]] = field(init=False)

    def __post_init__(self) -> None:
        self._orders = {
            "\\explain": self._explain,
            "\\stages": self._stages,
            "\\fields": self._fields,
            "\\format": self._format,
            "\\help": self._help,
            "\\quit": self._quit,
        }

    def answer(self, text: str) -> Iterator[str]:
        """The answer to one line, or several that belong together. Raises `Ended` when asked to. A fault is an answer too."""
        asked = text.strip()
        if not asked:
            return
        if asked.startswith("\\"):
            name, _, rest = asked.partition(" ")
            order = self._orders.get(name)
            if order is None:
                hint = did_you_mean(name, self._orders)
                yield f"there is no {name}" + (f": {hint}" if hint else "")
                return
            yield from order(rest.strip())
            return
        try:
            self.last = self.instance.search(asked, app=self.app, timezone=self.tz)
        except CaltropError as error:
            yield from fault(asked, error)
            return
        for message in self.last.messages:
            yield f"{message.severity}: {message.text}"
        if not len(self.last.table):
            yield from explained(self.instance, self.last, app=self.app).lines()
            return
        yield from self.show(self.last, self.form)
        yield f"({len(self.last.table):,} rows, {self.last.duration:.2f} s)"

    # -- orders

    def _explain(self, _: str) -> Iterator[str]:
        """Why the last search gave what it gave."""
        if self.last is None:
            yield "nothing was searched yet"
            return
        yield from explained(self.instance, self.last, app=self.app).lines()

    def _stages(self, _: str) -> Iterator[str]:
        """The commands of the last search, each with the rows that it gave."""
        if self.last is None:
            yield "nothing was searched yet"
            return
        for number, stage in enumerate(self.last.stages, 1):
            yield f"{number:>2} {stage.rows:>9,}  {stage.text}"

    def _fields(self, pattern: str) -> Iterator[str]:
        """Fields of the last result (else of the data) with their share of rows and most frequent values; PATTERN with *."""
        frame = self.last.table.frame if self.last is not None and len(self.last.table) else self._sample
        for name in frame.columns:
            if name.startswith("_") or (pattern and not fits(pattern.lower(), name.lower())):
                continue
            column = frame.get_column(name)
            present = len(column) - column.null_count()
            if not present:
                continue
            counted = values_of(column).explode().drop_nulls().alias("v").value_counts(sort=True)
            shown = ", ".join(f"{_short(str(value))} ({count})" for value, count in counted.head(3).rows())
            yield f"{name}  {100 * present // len(column)}%  {counted.height:,} values: {shown}"

    def _format(self, name: str) -> Iterator[str]:
        """How results are shown: \\format NAME."""
        if name in self.formats:
            self.form = name
            return
        hint = did_you_mean(name, self.formats)
        yield f"formats are {', '.join(self.formats)}" + (f"; {hint}" if hint else "")

    def _help(self, _: str) -> Iterator[str]:
        """What can be said here."""
        yield "SPL, over several lines where a pipe, a quote or a bracket is open; Tab completes. And:"
        for name, order in self._orders.items():
            yield f"  {name:<9} {(order.__doc__ or '').splitlines()[0]}"

    def _quit(self, _: str) -> Iterator[str]:
        """Leave."""
        raise Ended
        yield ""  # an order is an iterator

    # -- what there is, for completion

    @cached_property
    def _sample(self) -> pl.DataFrame:
        return self.instance.search(f"search index=* | head {SAMPLE}", app=self.app).table.frame

    @cached_property
    def names(self) -> Names:
        known = vocabulary()
        frame = self._sample
        values = {}
        for name in frame.columns:
            if not name.startswith("_"):
                counted = values_of(frame.get_column(name)).explode().drop_nulls().alias("v").value_counts(sort=True)
                values[name] = [str(v) for v in counted.head(VALUES).get_column("v").to_list()]
        knowledge = self.instance.knowledge(self.app, "admin")
        return Names(
            commands=known_commands(),
            fields=sorted(values),
            values=values,
            functions=sorted(known.functions),
            aggregations=sorted(known.aggregations),
            macros=sorted(name.partition("(")[0] for name in knowledge.macros()),
            orders=tuple(self._orders),
        )


def _short(text: str) -> str:
    line = "".join(c if c.isprintable() else " " for c in text)
    return line if len(line) <= 40 else f"{line[:39]}…"


def fault(text: str, error: CaltropError) -> Iterator[str]:
    """What is wrong, under the place where it is."""
    location = error.location
    if isinstance(error, QueryError) and location is not None and location.line:
        lines = text.split("\n")
        if location.line <= len(lines):
            line = lines[location.line - 1]
            yield line
            yield " " * (max(location.column, 1) - 1) + "^"
    yield error.message if isinstance(error, QueryError) else str(error)
    if error.hint:
        yield f"  hint: {error.hint}"
