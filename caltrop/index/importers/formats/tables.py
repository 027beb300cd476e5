"""Tables: CSV and its kin with a header line, and W3C extended logs.

Follows the page "Extract fields from files with structured data" of Splunk's Getting Data In: columns become indexed
fields, their names made of letters, digits and underscores; an empty cell is no field, nor is one that `MISSING_VALUE_REGEX`
matches whole (what part of a cell it has to match is not documented); `TIMESTAMP_FIELDS` names the columns of the time. A table
that Splunk exported (it has `_raw`) gives the events it was made of.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence

import polars as pl

from caltrop.dialect import patterns
from caltrop.index import frames
from caltrop.index.importers import sources
from caltrop.index.importers.options import Context
from caltrop.index.importers.registry import Head, importer
from caltrop.index.linebreak import Decoder
from caltrop.index.props import Props
from caltrop.index.timestamp import TimeParser

DELIMITERS = {"csv": ",", "tsv": "\t", "psv": "|", "w3c": " "}
TIME_COLUMNS = (
    "_time", "timestamp", "time", "datetime", "date_time", "event_time", "eventtime", "timecreated", "time_created",
    "creationtime", "timegenerated", "systemtime", "utctime", "start_time", "date", "ts",
)  # fmt: skip
METADATA = ("host", "source", "sourcetype")
csv.field_size_limit(16 << 20)


_HEADER_NAME = re.compile(r'"?[A-Za-z_@][\w .:/()#%@{}-]*"?$')


def _sniff(head: Head) -> str | None:
    if any(line.startswith("#Fields:") for line in head.lines[:20]):
        return "w3c"
    for delimiter, kind in ((",", "csv"), ("\t", "tsv")):
        if _is_table(head.lines, delimiter, named=head.name.endswith("." + kind)):
            return kind
    return None


def _is_table(lines: list[str], delimiter: str, *, named: bool) -> bool:
    """A header of names, and rows of as many cells. A file that is called a table needs no rows to be one."""
    if not lines:
        return False
    header = lines[0].split(delimiter)
    if not all(_HEADER_NAME.match(cell.strip()) for cell in header) or len(header) < 2:
        return named and len(lines) > 1 and len(header) == 1 and bool(_HEADER_NAME.match(lines[0]))
    if named:
        return True
    width = len(header)
    rows = [re.sub(r'"(?:[^"]|"")*"', "", line).count(delimiter) + 1 for line in lines[1:-1][:20]]
    return bool(rows) and all(cells == width for cells in rows)


@importer(*DELIMITERS, order=60, sniff=_sniff)
def read(context: Context, source: sources.Source, form: str) -> Iterator[pl.DataFrame]:
    """Rows as events; `form` is one of `DELIMITERS`. A row that is no row of the table is kept as raw text."""
    props = context.props(form)
    table = _Table(context, form, props)
    lines = _lines(sources.chunks(source.stream), props.charset)
    for cells, raw in _rows(context, lines, table.delimiter, props.field_quote, form):
        frame = table.add(cells, raw)
        if frame is not None:
            yield frame
    frame = table.flush()
    if frame is not None:
        yield frame


def _lines(chunks: Iterator[bytes], charset: str) -> Iterator[str]:
    """Lines with their ends."""
    decoder = Decoder(charset)
    pending = ""
    for chunk in chunks:
        lines = (pending + decoder.decode(chunk)).split("\n")
        pending = lines.pop()
        yield from (line + "\n" for line in lines)
    pending += decoder.decode(b"", final=True)
    yield from (line for line in [pending] if line)


def _rows(
    context: Context, lines: Iterator[str], delimiter: str, quote: str, kind: str
) -> Iterator[tuple[list[str] | None, str]]:
    """The cells and the text of each row; cells are null where the text is no row."""
    taken: list[str] = []
    number = 0

    def tap() -> Iterator[str]:
        nonlocal number
        for line in lines:
            number += 1
            taken.append(line)
            yield line.replace("\x00", "")

    tapped = tap()

    quote = "" if kind == "w3c" else quote
    reader = _cells(tapped, delimiter, quote)
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            context.problem(f"not a row of the table: {error}", number)
            for line in taken:
                yield None, line.rstrip("\r\n")
            taken.clear()
            reader = _cells(tapped, delimiter, quote)
            continue
        if cells is None:
            return
        text = "".join(taken).rstrip("\r\n")
        taken.clear()
        if text.strip():
            yield cells, text


def _cells(lines: Iterator[str], delimiter: str, quote: str) -> Iterator[list[str]]:
    if not quote:
        return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(lines, delimiter=delimiter, quotechar=quote, skipinitialspace=delimiter != " ")


class _Table:
    """Collects rows under the current header; a new header (W3C logs have several) begins a new frame."""

    def __init__(self, context: Context, kind: str, props: Props) -> None:
        self.context = context
        self.kind = kind
        self.props = props
        self.clock = context.clock(props)
        self.delimiter = props.field_delimiter or DELIMITERS[kind]
        self.header = self._names(props.field_names)
        self._skip = max(0, props.header_line - 1)
        self._cells: list[list[str]] = []
        self._raw: list[str] = []
        self._size = 0

    def add(self, cells: list[str] | None, raw: str) -> pl.DataFrame | None:
        if self._skip:
            self._skip -= 1
            return None
        if self.props.preamble and self._preamble(raw):
            return None
        if self.kind == "w3c" and raw.startswith("#"):
            if not raw.lower().startswith("#fields:"):
                return None
            done = self.flush()
            named = raw.partition(":")[2].strip()
            self.header = self._names(named.split() if self.delimiter == " " else named.split(self.delimiter))
            return done
        if not self.header and cells is not None:
            self.header = self._names(self._titles(cells, raw))
            return None
        self._cells.append(cells or [])
        self._raw.append(raw)
        # A cell takes about as much memory as a short text, however short it is.
        self._size += len(raw) + 64 * len(self._cells[-1])
        options = self.context.options
        if len(self._raw) >= options.batch_rows or self._size >= options.batch_bytes:
            return self.flush()
        return None

    def _titles(self, cells: list[str], raw: str) -> list[str]:
        """The cells of the header line, which may have marks of its own; none where it is not the one that is described."""
        props = self.props
        if not (props.header_delimiter or props.header_quote or props.header_regex):
            return cells
        text = raw
        if props.header_regex:
            with patterns.budget(lenient=True):
                found = patterns.compile(props.header_regex).bounded.search(raw)
            if found is None:
                return []
            text = raw[found.end() :]
        delimiter, quote = props.header_delimiter or self.delimiter, props.header_quote or props.field_quote
        return next(_cells(iter([text.lstrip()]), delimiter, quote), [])

    def _names(self, titles: Sequence[str]) -> list[str]:
        """Names of fields. What Splunk exported has its own, which stay as they are."""
        exported = "_raw" in titles
        return [
            _name(title, "." + self.props.header_characters if exported else self.props.header_characters)
            for title in titles
        ]

    def _preamble(self, raw: str) -> bool:
        with patterns.budget(lenient=True):
            return patterns.compile(self.props.preamble).bounded.search(raw) is not None

    def flush(self) -> pl.DataFrame | None:
        if not self._raw:
            return None
        columns = self._columns()
        raw = pl.Series("_raw", self._raw, dtype=pl.String)
        self._cells, self._raw, self._size = [], [], 0
        exported = columns.get("_raw")
        if exported is not None and exported.dtype == pl.String:
            raw = pl.select(pl.coalesce(exported, raw)).to_series()
        taken = {name: columns[name] for name in METADATA if name in columns and columns[name].dtype == pl.String}
        index: str | pl.Series = "main"
        if exported is not None and "index" in columns:
            index = columns["index"].fill_null("main")
        hidden = set(frames.SCHEMA) | set(taken)
        indexed = [
            column
            for name, column in columns.items()
            if name not in hidden and not (exported is not None and name.startswith("_"))
        ]
        return self.context.frame(
            raw,
            _times(self.clock, columns, raw),
            taken["sourcetype"].fill_null(self.kind) if "sourcetype" in taken else self._sourcetype,
            host=taken["host"].fill_null("localhost") if "host" in taken else "localhost",
            source=taken["source"].fill_null(self.context.name) if "source" in taken else None,
            index=index,
            indexed=indexed,
        )

    @property
    def _sourcetype(self) -> str:
        return "iis" if self.kind == "w3c" else self.kind

    def _columns(self) -> dict[str, pl.Series]:
        """A column a name of the header, and `EXTRA_FIELD_n` for cells beyond it; a repeated name is multivalue."""
        width = max(len(self.header), max((len(cells) for cells in self._cells), default=0))
        names = self.header + [f"EXTRA_FIELD_{n}" for n in range(len(self.header) + 1, min(width, 1000) + 1)]
        cells = [
            [row[place] or None if place < len(row) else None for row in self._cells] for place in range(len(names))
        ]
        places: dict[str, list[int]] = {}
        for place, name in enumerate(names):
            if name:
                places.setdefault(name, []).append(place)
        self._blank(cells)
        columns: dict[str, pl.Series] = {}
        for name, at in places.items():
            if len(at) == 1:
                columns[name] = pl.Series(name, cells[at[0]], dtype=pl.String)
            else:
                rows = [[value for value in row if value] or None for row in zip(*(cells[n] for n in at), strict=True)]
                columns[name] = pl.Series(name, rows, dtype=frames.MULTIVALUE)
        return columns

    def _blank(self, columns: list[list[str | None]]) -> None:
        """Take out the cells that stand for no value."""
        if not self.props.missing_value:
            return
        regex = patterns.compile(f"^(?:{self.props.missing_value})$")
        for column in columns:
            texts = {text for text in column if text}
            distinct = pl.Series(sorted(texts), dtype=pl.String)
            absent = set(distinct.filter(regex.matches(distinct).fill_null(False)))
            if absent:
                column[:] = [None if text in absent else text for text in column]


def _name(text: str, allowed: str = "") -> str:
    """A header as a field name: what is no letter or digit becomes `_`, but for the `allowed` characters. Names that events
    have already (`_time`, `_raw`) stay."""
    text = text.strip()
    return (
        text if text in frames.SCHEMA else re.sub(rf"[^\w{re.escape(allowed)}]+", "_", text, flags=re.ASCII).strip("_")
    )


def _times(clock: TimeParser, columns: dict[str, pl.Series], raw: pl.Series) -> pl.Series:
    names = [name for name in columns if columns[name].dtype == pl.String]
    wanted = [_name(name, clock.props.header_characters) for name in clock.props.timestamp_fields]
    chosen = [name for name in wanted if name in names]
    if not chosen and {"date", "time"} <= set(names):
        chosen = ["date", "time"]
    if not chosen:
        lower = {name.lower(): name for name in reversed(names)}
        chosen = [lower[name] for name in TIME_COLUMNS if name in lower][:1]
    found = pl.Series([None], dtype=pl.Float64).new_from_index(0, len(raw))
    if chosen:
        stamps = pl.select(
            pl.concat_str([columns[name] for name in chosen], separator=" ", ignore_nulls=True)
        ).to_series()
        found = clock.parse(stamps)
        if chosen == ["_time"]:
            found = pl.select(pl.coalesce(stamps.cast(pl.Float64, strict=False), found)).to_series()
    if found.null_count():
        found = pl.select(pl.coalesce(found, clock.parse(raw))).to_series()
    return clock.fill(found)
