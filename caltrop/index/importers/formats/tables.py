"""Tables: CSV and its kin with a header line, and W3C extended logs.

Follows the page "Extract fields from files with structured data" of Splunk's Getting Data In: columns become indexed
fields, their names made of letters, digits and underscores; an empty cell is no field, nor is one that `MISSING_VALUE_REGEX`
matches whole (what part of a cell it has to match is not documented); `TIMESTAMP_FIELDS` names the columns of the time. A table
that Splunk exported (it has `_raw`) gives the events it was made of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import polars as pl

from caltrop.dialect import patterns
from caltrop.index import frames
from caltrop.index.importers import sources, tablecells
from caltrop.index.importers.options import Context
from caltrop.index.importers.registry import Head, importer
from caltrop.index.importers.tablecells import Grid, Row
from caltrop.index.props import Props
from caltrop.index.timestamp import TimeParser

DELIMITERS = {"csv": ",", "tsv": "\t", "psv": "|", "w3c": " "}
TIME_COLUMNS = (
    "_time", "timestamp", "time", "datetime", "date_time", "event_time", "eventtime", "timecreated", "time_created",
    "creationtime", "timegenerated", "systemtime", "utctime", "start_time", "date", "ts",
)  # fmt: skip
METADATA = ("host", "source", "sourcetype")

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
    quote, comment = ("", "#") if form == "w3c" else (props.field_quote, "")
    text = tablecells.blocks(sources.chunks(source.stream), props.charset)
    for rows in tablecells.Reader(text, table.delimiter, quote, context.problem, comment).read(lambda: table.width):
        yield from table.add(rows)
    yield from table.flush()


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
        self._rows: list[Row] = []
        self._size = 0

    @property
    def width(self) -> int:
        """How many columns the header names; zero where each row has to be looked at."""
        return 0 if self._skip or self.props.preamble else len(self.header)

    def add(self, rows: Grid | Row) -> Iterator[pl.DataFrame]:
        if isinstance(rows, Row):
            yield from self._one(rows)
            return
        yield from self.flush()
        for start in range(0, len(rows.raw), most := self.context.options.batch_rows):
            yield self._frame(
                Grid(rows.raw[start : start + most], [cells[start : start + most] for cells in rows.cells])
            )

    def _one(self, row: Row) -> Iterator[pl.DataFrame]:
        if self._skip:
            self._skip -= 1
        elif self.props.preamble and self._preamble(row.raw):
            return
        elif self.kind == "w3c" and row.raw.startswith("#"):
            if row.raw.lower().startswith("#fields:"):
                yield from self.flush()
                named = row.raw.partition(":")[2].strip()
                self.header = self._names(named.split() if self.delimiter == " " else named.split(self.delimiter))
        elif not self.header and row.cells is not None:
            self.header = self._names(self._titles(row.cells, row.raw))
        else:
            self._rows.append(row)
            # A cell takes about as much memory as a short text, however short it is.
            self._size += len(row.raw) + 64 * len(row.cells or ())
            options = self.context.options
            if len(self._rows) >= options.batch_rows or self._size >= options.batch_bytes:
                yield from self.flush()

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
        return next(tablecells.cells_of(iter([text.lstrip()]), delimiter, quote), [])

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

    def flush(self) -> Iterator[pl.DataFrame]:
        """A frame of the rows that came one by one."""
        if self._rows:
            rows, self._rows, self._size = self._rows, [], 0
            yield self._frame(tablecells.of_rows(rows))

    def _frame(self, rows: Grid) -> pl.DataFrame:
        columns = self._columns(rows)
        raw = rows.raw
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

    def _columns(self, rows: Grid) -> dict[str, pl.Series]:
        """A column a name of the header, and `EXTRA_FIELD_n` for cells beyond it; a repeated name is multivalue."""
        named = len(self.header)
        absent = pl.Series([None], dtype=pl.String).new_from_index(0, len(rows.raw))
        cells = [self._without_blanks(column) for column in rows.cells]
        cells += [absent] * (named - len(cells))
        places: dict[str, list[pl.Series]] = {}
        for name, column in zip(self.header, cells, strict=False):
            if name:
                places.setdefault(name, []).append(column)
        for place, column in enumerate(cells[named : tablecells.MOST_COLUMNS], named + 1):
            if column.null_count() < len(column):
                places.setdefault(f"EXTRA_FIELD_{place}", []).append(column)
        return {name: _joined(name, found) for name, found in places.items()}

    def _without_blanks(self, column: pl.Series) -> pl.Series:
        """The column without the cells that stand for no value."""
        if not self.props.missing_value:
            return column
        distinct = column.unique().drop_nulls()
        regex = patterns.compile(f"^(?:{self.props.missing_value})$")
        absent = distinct.filter(regex.matches(distinct).fill_null(False))
        return column.set(column.is_in(absent.implode()), None) if len(absent) else column


def _joined(name: str, columns: list[pl.Series]) -> pl.Series:
    if len(columns) == 1:
        return columns[0].alias(name)
    values = pl.select(pl.concat_list(columns).list.drop_nulls()).to_series()
    return pl.select(pl.when(values.list.len() > 0).then(values).alias(name)).to_series()


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
    return clock.fill(clock.plausible(found))
