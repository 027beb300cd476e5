"""The formats that files can be in: one importer a file of `formats/`, which registers it.

    @importer("evtx", order=10, sniff=lambda head: "evtx" if head.data.startswith(b"ElfFile\\x00") else None)
    def read(context: Context, source: Source, form: str) -> Iterator[pl.DataFrame]: ...

What a file is, is asked of one importer after the other, in their order: the first that gives a name reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from caltrop.index.importers.options import Context
from caltrop.index.importers.sources import Source
from caltrop.index.linebreak import Decoder


class Head:
    """The first bytes of a file, and what it is called."""

    def __init__(self, data: bytes, name: str = "") -> None:
        self.data = data
        self.name = name.lower()

    @cached_property
    def text(self) -> str:
        return Decoder().decode(self.data, final=True)

    @cached_property
    def start(self) -> str:
        """The text from its first character on that is no white space."""
        return self.text.lstrip()

    @cached_property
    def lines(self) -> list[str]:
        return self.start.splitlines()


Read = Callable[[Context, Source, str], Iterator[pl.DataFrame]]
Sniff = Callable[[Head], str | None]


@dataclass(frozen=True, slots=True)
class Importer:
    """`read(context, source, name)` gives the events of a file; `sniff` the name under which it reads a file that starts
    so, or None. `as_it_is` when a Splunk reads such a file without help."""

    names: tuple[str, ...]
    order: int
    read: Read
    sniff: Sniff
    as_it_is: bool = True


importers: dict[str, Importer] = {}


def importer(*names: str, order: int, sniff: Sniff, as_it_is: bool = True) -> Callable[[Read], Read]:
    """Register the reader of the formats of these names."""

    def register(read: Read) -> Read:
        one = Importer(names, order, read, sniff, as_it_is)
        for name in names:
            if name in importers:
                raise RuntimeError(f"format {name!r} is registered twice")
            importers[name] = one
        return read

    return register


def sniffed(head: Head) -> str:
    """The name of the format of a file that starts so."""
    for one in sorted(set(importers.values()), key=lambda one: one.order):
        if name := one.sniff(head):
            return name
    raise RuntimeError("no importer takes what is left")
