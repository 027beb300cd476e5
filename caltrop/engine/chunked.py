"""Search command protocol version 2, splunkd's side: chunks over a process' pipes, tables as CSV.

Follows "Custom search command protocol version 2" and commands.conf.spec. A chunk is a header line
`chunked 1.0,<metadata bytes>,<body bytes>`, JSON metadata and a CSV body. A multivalue field has a second column
`__mv_<field>` that holds `$value$;$value$` with `$` doubled inside a value.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import polars as pl

from caltrop import children
from caltrop.engine import budget, onpath, preloaded
from caltrop.engine.errors import SearchError
from caltrop.engine.table import MULTIVALUE, render

HEADER = re.compile(rb"chunked 1\.0,(\d{1,12}),(\d{1,12})\n")
HEADER_LIMIT = 64
REPLY_LIMIT = 256 << 20  # bytes that a command may give for one search
SECONDS = 600.0  # a command that takes longer than this for one search is ended
ERROR_TAIL = 2_000  # characters of stderr quoted in an error
_ITEM = re.compile(r"\$((?:\$\$|[^$])*)\$(?:;|$)")

Reply = tuple[dict[str, Any], bytes]


class Process:
    """A running command. Use as a context manager: it is ended, whatever happens."""

    def __init__(self, script: Path, python: str = sys.executable, *, seconds: float | None = None) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed in __exit__
        self._process: children.Child = preloaded.fork(script, self._errors, python) or children.start(
            [python, str(script)], cwd=script.parent, environment=onpath.environment(script), stderr=self._errors
        )
        self._seconds, self._late = SECONDS if seconds is None else seconds, False
        self._timer = threading.Timer(self._seconds, self._stop)
        self._timer.daemon = True
        self._timer.start()
        self._name = script.name

    def _stop(self) -> None:
        self._late = True
        children.kill(self._process)

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        children.end(self._process)
        self._errors.close()

    def exchange(self, metadata: Mapping[str, Any], body: bytes = b"") -> Reply:
        """Send one chunk, read one. Raises SearchError when the command dies or answers something else."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        head = json.dumps(metadata).encode()
        try:
            stdin.write(b"chunked 1.0,%d,%d\n" % (len(head), len(body)) + head + body)
            stdin.flush()
        except OSError as error:
            raise self._died() from error
        line = stdout.readline(HEADER_LIMIT)
        found = HEADER.fullmatch(line)
        if not found:
            raise self._died(line)
        sizes = int(found[1]), int(found[2])
        if sum(sizes) > REPLY_LIMIT:
            raise SearchError(f"{self._name} answered with a chunk of {sum(sizes):,} bytes, more than is allowed")
        meta, content = stdout.read(sizes[0]), stdout.read(sizes[1])
        if (len(meta), len(content)) != sizes:  # it ended in the middle of a chunk
            raise self._died()
        try:
            answer = json.loads(meta or b"{}")
        except (ValueError, RecursionError) as error:
            raise SearchError(f"{self._name} answered with metadata that is not JSON: {error}") from error
        if not isinstance(answer, dict):
            raise SearchError(f"{self._name} answered with metadata that is not an object")
        return answer, content

    def _died(self, line: bytes = b"") -> SearchError:
        """What is known about the end of the process: its exit code and the end of what it said. Raises Cancelled where it was
        ended with its search."""
        budget.check()
        if self._late:
            return SearchError(f"the command {self._name} took longer than {self._seconds:g} s and was ended")
        if line:
            return SearchError(f"{self._name} answered {line[:60]!r}, which is no chunk of the protocol")
        try:
            code: int | None = self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            code = None
        self._errors.seek(max(0, self._errors.seek(0, os.SEEK_END) - 4 * ERROR_TAIL))
        said = self._errors.read().decode(errors="replace").strip()[-ERROR_TAIL:]
        return SearchError(f"the command {self._name} ended early (exit code {code}): {said or 'it said nothing'}")


def encode(frame: pl.DataFrame) -> bytes:
    """A table as the CSV body that splunkd sends: null is an empty cell, multivalues have a `__mv_` column too."""
    columns: list[pl.Series] = []
    for column in frame.get_columns():
        text = render(column)
        if text.dtype == MULTIVALUE:
            columns += [text.list.join("\n"), marked(text).alias(f"__mv_{column.name}")]
        else:
            columns.append(text)
    if not columns:
        return b""
    return pl.DataFrame(columns).write_csv(null_value="").encode()


def marked(lists: pl.Series) -> pl.Series:
    """The `__mv_` text of each list of several values; null for others."""
    doubled = lists.list.eval(pl.element().str.replace_all("$", "$$", literal=True))
    marked = doubled.list.eval(pl.lit("$") + pl.element() + pl.lit("$")).list.join(";")
    return pl.select(pl.when(lists.list.len() > 1).then(marked)).to_series()


def decode(body: bytes) -> pl.DataFrame:
    """The CSV body of a reply: empty cells are null, `__mv_` columns are folded into their fields."""
    if not body.strip():
        return pl.DataFrame()
    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(io.StringIO(body.decode("utf-8", "replace"), newline=""))
    header = next(reader, [])
    places = {name: place for place, name in enumerate(header)}
    rows = [
        [row[place] if place < len(row) and row[place] != "" else None for place in places.values()]
        for row in reader
        if row
    ]
    return folded(pl.DataFrame(rows, schema=dict.fromkeys(places, pl.String), orient="row"))


def folded(frame: pl.DataFrame) -> pl.DataFrame:
    """Text columns with each `__mv_` column folded into its field."""
    if not any(name.startswith("__mv_") for name in frame.columns):
        return frame
    result: list[pl.Series] = []
    for column in frame.get_columns():
        name = column.name
        if name.startswith("__mv_"):
            continue
        marks = frame.get_column(f"__mv_{name}") if f"__mv_{name}" in frame.columns else None
        if marks is None or marks.null_count() == len(marks):
            result.append(column)
        else:
            values = [_values(mark, cell) for mark, cell in zip(marks, column, strict=True)]
            result.append(pl.Series(name, values, dtype=MULTIVALUE))
    return pl.DataFrame(result)


def _values(mark: str | None, cell: str | None) -> list[str] | None:
    if mark is not None:
        return [item.replace("$$", "$") for item in _ITEM.findall(mark)]
    return None if cell is None else [cell]


def chunks(frame: pl.DataFrame, rows: int) -> Iterator[tuple[pl.DataFrame, bool]]:
    """Pieces of a table and whether each is the last; an empty table is one piece."""
    starts: Sequence[int] = range(0, max(frame.height, 1), rows)
    for start in starts:
        yield frame.slice(start, rows), start + rows >= frame.height
