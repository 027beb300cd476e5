"""Lookups that a script of the app answers (external_cmd of transforms.conf).

The script is given CSV on its standard input, a column for every field of fields_list and the ones that are looked up filled, and
writes the same with the others filled to its standard output; its arguments are those of external_cmd. It runs as a process of
its own without a shell, with a bare environment and limits of time, memory and output, and only from the app's `bin`.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from caltrop import children
from caltrop.knowledge.columns import MULTIVALUE, as_field
from caltrop.knowledge.configuration import MergedStanza
from caltrop.knowledge.lookups import Lookup, LookupFailure, Options, read_csv, write_csv
from caltrop.knowledge.props import words

SECONDS = 60.0  # one run
ROWS = 10_000  # a run


@dataclass
class Scripted(Lookup):
    """A lookup whose rows are made for what is asked; it has none to list."""

    command: Sequence[str] = ()
    fields_list: Sequence[str] = field(default_factory=list)

    def match(
        self, frame: pl.DataFrame, inputs: Mapping[str, str], outputs: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """As of a table; raises `LookupFailure` where the script fails or exceeds a limit."""
        unknown = [name for name in inputs if name not in self.fields_list]
        asked = frame.select(as_field(frame[column]).alias(name) for name, column in inputs.items())
        for column in asked.get_columns():
            if column.dtype == MULTIVALUE:
                asked = asked.explode(column.name)
        asked = asked.unique(maintain_order=True).drop_nulls()
        answered = [self._run(part) for part in asked.iter_slices(ROWS)] if asked.height and not unknown else []
        rows = pl.concat(answered) if answered else self.rows()
        table = Lookup(self.name, self.source, lambda: rows, replace(self.options, match_types={}))
        return table.match(frame, inputs, outputs)

    def _run(self, asked: pl.DataFrame) -> pl.DataFrame:
        """The rows that the script answers with, a String column for each of the fields."""
        blank = pl.lit("", pl.String)
        sent = asked.select((pl.col(name) if name in asked.columns else blank.alias(name)) for name in self.fields_list)
        found = read_csv(self._answer(write_csv(sent)))
        absent = pl.lit(None, pl.String)
        return found.select((pl.col(n) if n in found.columns else absent.alias(n)) for n in self.fields_list)

    def _answer(self, text: bytes) -> bytes:
        done = children.run(self.command, text, cwd=Path(self.source), seconds=SECONDS)
        if done.late:
            raise LookupFailure(f"lookup {self.name!r}: its script ran longer than {SECONDS:g} s")
        if done.much:
            raise LookupFailure(f"lookup {self.name!r}: its script wrote more than {children.OUTPUT >> 20} MB")
        if done.code:
            last = done.said.rpartition("\n")[2]
            raise LookupFailure(f"lookup {self.name!r}: its script ended with {done.code}{': ' + last if last else ''}")
        return done.out


def scripted(name: str, stanza: MergedStanza, script: Path, chosen: Options) -> Scripted:
    """The lookup of a stanza with external_cmd, whose script was found (`script_of`).

    Raises `LookupFailure` for a stanza that does not say its fields, or wants another Python.
    """
    fields = words(stanza.get("fields_list"))
    if not fields:
        raise LookupFailure(f"lookup {name!r} runs a script and has no fields_list", hint="fields_list = field, field")
    version = stanza.get("python.version").strip().lower()
    if version.startswith("python2"):
        raise LookupFailure(f"lookup {name!r} wants {version}, which is not here", hint="python.version = python3")
    arguments = _arguments(name, stanza)[1:]
    own = stanza.get("external_type").strip().lower() == "executable"
    command = [*([] if own else [sys.executable]), str(script), *arguments]
    empty = pl.DataFrame(schema=dict.fromkeys(fields, pl.String))
    return Scripted(name, str(script.parent), lambda: empty, chosen, command, fields)


def script_of(name: str, stanza: MergedStanza, app: Path) -> Path:
    """The script in the app's `bin`; raises `LookupFailure` for one elsewhere, or that is not there."""
    file = next(iter(_arguments(name, stanza)), "")
    folder = (app / "bin").resolve()
    script = (folder / file).resolve()
    if not file or folder not in script.parents:
        raise LookupFailure(f"lookup {name!r}: external_cmd names a script outside bin/: {file!r}")
    if not script.is_file():
        raise LookupFailure(f"lookup {name!r}: its script is missing: {file}")
    return script


def _arguments(name: str, stanza: MergedStanza) -> list[str]:
    try:
        return shlex.split(stanza.get("external_cmd"))
    except ValueError as error:
        raise LookupFailure(f"lookup {name!r}: external_cmd: {error}") from error
