"""Results of a search as text, in the form that a person or a program wants, or as a Parquet file."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import click

from caltrop.dialect import strftime
from caltrop.engine.packed import Packed
from caltrop.engine.table import Table, chosen, render
from caltrop.errors import CaltropError

MANY_FIELDS = 12
CELL = 120  # characters of a cell of a table
_PART = 4_096  # rows that are written at once
FORMATS = ("table", "vertical", "raw", "csv", "json", "jsonl", "markdown", "parquet")
ENDINGS = {
    ".txt": "table", ".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".md": "markdown",
    ".parquet": "parquet", ".log": "raw",
}  # fmt: skip
Rows = Table | Packed
Cell = str | list[str] | None
_NUMBER = re.compile(r"-?\d[\d,]*(\.\d+)?([eE][+-]?\d+)?%?")


def columns_of(table: Rows) -> list[str]:
    """Visible columns, _time and _raw."""
    return [c for c in table.fields if not c.startswith("_") or c in ("_time", "_raw")]


def cells_of(table: Rows, names: Sequence[str], tz: str = "UTC") -> Iterator[list[Cell]]:
    """Rows of rendered values; _time as a date in the zone. A part of them at a time: a value of its own takes many times what it
    takes in a column."""
    for part in table.slices(_PART):
        columns: list[list[Cell]] = []
        for name in names:
            column = part.get_column(name)
            if name == "_time" and column.dtype.is_numeric():
                columns.append(strftime.write(column, "%Y-%m-%dT%H:%M:%S.%Q%:z", tz).to_list())
            else:
                columns.append(render(column).to_list())
        yield from map(list, zip(*columns, strict=True))


def format_of(given: str | None, out: Path | None) -> str:
    """The format asked for, else the one that the file's name ends in, else a table."""
    return given or (ENDINGS.get(out.suffix.lower()) if out else None) or "table"


def write(table: Rows, form: str, out: Path | None = None, *, tz: str = "UTC", wide: bool = False) -> None:
    """To the file, else to stdout. Raises `CaltropError` where the table has not what the format needs."""
    if form == "parquet":
        _parquet(table, out)
        return
    lines = lines_of(table, form, tz=tz, wide=wide)
    if out is not None:
        with out.open("w", encoding="utf-8", newline="") as file:
            file.writelines(f"{line}\n" for line in lines)
    else:
        show(lines, wide=wide)


def show(lines: Iterable[str], *, wide: bool = False) -> None:
    """On stdout: through the pager where it is a terminal that they do not fit on, else as they come."""
    if sys.stdout.isatty():
        _paged(list(lines), wide=wide)
    else:
        for line in lines:
            click.echo(line)


def lines_of(table: Rows, form: str, *, tz: str = "UTC", wide: bool = False) -> Iterator[str]:
    """The results in any format but parquet, which has no lines."""
    return _table(table, tz, wide=wide) if form == "table" else _LINES[form](table, tz)


# -- for programs


def _json(table: Rows, tz: str) -> Iterator[str]:
    """One object a line, without the fields that a row lacks."""
    names = columns_of(table)
    for row in cells_of(table, names, tz):
        yield json.dumps({n: v for n, v in zip(names, row, strict=True) if v is not None}, ensure_ascii=False)


def _csv(table: Rows, tz: str) -> Iterator[str]:
    names = columns_of(table)
    head: list[Cell] = [*names]
    for row in chain([head], cells_of(table, names, tz)):
        out = io.StringIO()
        # With this line ending both of its characters are quoted inside of cells.
        csv.writer(out, lineterminator="\r\n").writerow("\n".join(v) if isinstance(v, list) else v for v in row)
        yield out.getvalue()[:-2]


def _raw(table: Rows, tz: str) -> Iterator[str]:
    """The events as they were."""
    if "_raw" not in table.fields:
        raise CaltropError(
            "the results have no _raw", hint="leave out commands that make results of events, such as stats"
        )
    return (text for part in table.slices(_PART) for text in part.get_column("_raw") if text is not None)


def _parquet(table: Rows, out: Path | None) -> None:
    """Columns of their own types: times and numbers as numbers, several values as lists."""
    if out is None and sys.stdout.isatty():
        raise CaltropError("Parquet is nothing for a terminal", hint="give -o FILE.parquet")
    frame = chosen(table.whole().frame, columns_of(table))
    if out is not None:
        frame.write_parquet(out)
        return
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    sys.stdout.buffer.write(buffer.getvalue())
    sys.stdout.buffer.flush()


# -- for people


def _shown(table: Rows) -> list[str]:
    """The columns that a table has room for; events with many fields are shown as an event list."""
    names = columns_of(table)
    if table.events and len(names) > MANY_FIELDS and "_raw" in names:
        click.echo(
            f"{len(names)} fields: shown are _time and _raw; name fields with 'table', or use --format vertical or json",
            err=True,
        )
        return ["_time", "_raw"]
    return names


def _one_line(value: Cell, most: int | None) -> str:
    """A cell on one line, so that nothing in it moves the cursor or breaks the row."""
    text = "\n".join(value) if isinstance(value, list) else value or ""
    flat = text.replace("\n", "\\n")
    if not flat.isprintable():
        flat = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in flat)
    return flat if most is None or len(flat) <= most else f"{flat[: most - 1]}…"


def _table(table: Rows, tz: str, *, wide: bool) -> Iterator[str]:
    """Aligned columns, numbers to the right, as wide as they are: a pipe has no width, and a pager scrolls."""
    names = _shown(table)
    rows = [[_one_line(v, None if wide else CELL) for v in row] for row in cells_of(table, names, tz)]
    yield from aligned(names, rows)


def aligned(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A header and rows; a column of numbers alone stands to the right."""
    heads = [_one_line(name, None) for name in names]
    widths = [max([_width(head), *(_width(row[i]) for row in rows)]) for i, head in enumerate(heads)]
    right = [
        any(row[i] for row in rows) and all(not row[i] or _NUMBER.fullmatch(row[i]) for row in rows)
        for i in range(len(heads))
    ]
    for row in [heads, *rows]:
        cells = [
            " " * (width - _width(cell)) + cell if to_right else cell + " " * (width - _width(cell))
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ]
        yield "  ".join(cells).rstrip()


def _width(text: str) -> int:
    """Columns that a terminal gives the text."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _vertical(table: Rows, tz: str) -> Iterator[str]:
    """One field a line, several values one below the other."""
    names = columns_of(table)
    width = max((_width(name) for name in names), default=0)
    for number, row in enumerate(cells_of(table, names, tz), 1):
        yield f"-- {number} --"
        for name, value in zip(names, row, strict=True):
            if value is None:
                continue
            texts = value if isinstance(value, list) else value.split("\n")
            for place, text in enumerate(texts):
                head = _one_line(name, None) if not place else ""
                yield f"{head}{' ' * (width - _width(head))}  {_one_line(text, None)}"


def _markdown(table: Rows, tz: str) -> Iterator[str]:
    names = columns_of(table)

    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cells)} |"

    yield line([_escaped(name) for name in names])
    yield line(["---"] * len(names))
    for row in cells_of(table, names, tz):
        yield line([_escaped("\n".join(v) if isinstance(v, list) else v or "") for v in row])


def _escaped(text: str) -> str:
    """As text, whatever Markdown (and the HTML in it) would make of it."""
    text = re.sub(r"([\\`*_\[\]<>|#~])", r"\\\1", text)
    return text.replace("&", "&amp;").replace("\r", "").replace("\n", "<br>")


_LINES: dict[str, Callable[[Rows, str], Iterator[str]]] = {
    "vertical": _vertical, "raw": _raw, "csv": _csv, "json": _json, "jsonl": _json, "markdown": _markdown,
}  # fmt: skip


def _paged(lines: Sequence[str], *, wide: bool) -> None:
    """On a terminal: what fits is printed, what does not goes to the pager, whose lines are not folded."""
    size = shutil.get_terminal_size()
    if not wide:
        lines = [line if _width(line) <= size.columns else f"{line[: size.columns - 1]}…" for line in lines]
    if len(lines) < size.lines and all(_width(line) <= size.columns for line in lines):
        for line in lines:
            click.echo(line)
        return
    os.environ.setdefault("LESS", "-FRSX")
    click.echo_via_pager("\n".join(lines) + "\n")
