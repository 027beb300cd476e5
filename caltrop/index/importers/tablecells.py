"""Text of a table to rows and their cells, as Python's `csv` reads it.

Most tables are regular: every quoted cell begins and ends with its quote, and nothing else stands beside it. Polars reads those, in
columns; what is not regular is read by `csv` itself, row by row. Both give the same.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from caltrop.index.linebreak import Decoder

csv.field_size_limit(16 << 20)
MOST_COLUMNS = 1000  # with those that the header does not name
_LONGEST_OPEN = 1 << 20  # characters of a row that is still unfinished
_MARK = "\ufeff"  # Polars leaves it out where it begins a text
_BLANK = r"^[\s\x1c-\x1f]*$"  # the spaces of Python


@dataclass(frozen=True, slots=True)
class Grid:
    """The texts of rows, and a column of cells a place; a cell is null where it is empty or not there."""

    raw: pl.Series
    cells: list[pl.Series]


@dataclass(frozen=True, slots=True)
class Row:
    """Cells are null where the text is no row; why, is told otherwise."""

    cells: list[str] | None
    raw: str


def blocks(chunks: Iterator[bytes], charset: str) -> Iterator[str]:
    """Whole lines, many at once."""
    decoder = Decoder(charset)
    pending: list[str] = []
    for chunk in chunks:
        whole, end, rest = decoder.decode(chunk).rpartition("\n")
        if end:
            yield "".join((*pending, whole, end))
            pending = []
        pending.append(rest)
    last = "".join((*pending, decoder.decode(b"", final=True)))
    if last:
        yield last


def of_rows(rows: Sequence[Row]) -> Grid:
    """Rows one by one in columns."""
    width = max((len(row.cells or ()) for row in rows), default=0)
    cells = [
        pl.Series([row.cells[n] or None if row.cells and n < len(row.cells) else None for row in rows], dtype=pl.String)
        for n in range(width)
    ]
    return Grid(pl.Series([row.raw for row in rows], dtype=pl.String), cells)


class Reader:
    """The rows of a table's text. `quote` may be empty: no cell is quoted then. A line that begins with `comment` is given as a row of
    its own, as any other. `problem` hears of lines that are no rows, and where."""

    def __init__(
        self, text: Iterator[str], delimiter: str, quote: str, problem: Callable[[str, int], None], comment: str = ""
    ) -> None:
        self._text = text
        self._delimiter = delimiter
        self._quote = quote
        self._problem = problem
        self._line = 0
        self._lines: deque[str] = deque()  # of the text, those that are to be read row by row
        self._comment = comment
        self._is_simple = all(
            len(mark) == 1 and mark.isascii() and mark not in "\r\n" for mark in (delimiter, quote or "'")
        )
        if self._is_simple:
            d, q = f"\\x{ord(delimiter):02x}", f"\\x{ord(quote or '0'):02x}"
            cell = rf"(?:{q}(?:[^{q}]|{q}{q})*{q}|[^{d}{q}\r\n]*)"
            self._row = f"^{cell}(?:{d}{cell})*$"
            self._space = f"(?:^|{d}) " if quote and delimiter != " " else ""
            self._quoted_space = f"(?:^|{d}){q} "

    def read(self, width: Callable[[], int]) -> Iterator[Grid | Row]:
        """Rows one by one as long as `width`, which is asked before each, is zero, and where they are not regular; else many rows
        at once, of a table of so many columns (more where rows have more cells)."""
        rest = ""
        while True:
            block = next(self._text, "")
            text = rest + block
            rest = ""
            if not text:
                return
            if not width():
                self._take(text)
                yield from self._rows(lambda: not width())
                text = "".join(self._lines)
                self._lines.clear()
                if not text:
                    continue
            found = self._regular(text, width(), final=not block)
            if found is None:
                self._take(text)
                yield from self._rows(lambda: True)
            else:
                grid, rest = found
                if len(grid.raw):
                    yield grid

    def _take(self, text: str) -> None:
        self._lines.extend(_lines(text))

    def _rows(self, go_on: Callable[[], bool]) -> Iterator[Row]:
        """Rows as `csv` reads them, until the lines that were taken are read, and the last row is complete."""
        taken: list[str] = []

        def tap() -> Iterator[str]:
            while True:
                if not self._lines:
                    block = next(self._text, None)
                    if block is None:
                        return
                    self._take(block)
                self._line += 1
                taken.append(self._lines.popleft())
                yield taken[-1].replace("\x00", "")

        tapped = tap()
        reader = cells_of(tapped, self._delimiter, self._quote)
        while self._lines and go_on():
            try:
                cells = next(reader, None)
            except csv.Error as error:
                self._problem(f"not a row of the table: {error}", self._line)
                for line in taken:
                    yield Row(None, line.rstrip("\r\n"))
                taken.clear()
                reader = cells_of(tapped, self._delimiter, self._quote)
                continue
            text = "".join(taken).rstrip("\r\n")
            taken.clear()
            if cells is not None and text.strip():
                yield Row(cells, text)

    def _regular(self, text: str, width: int, *, final: bool) -> tuple[Grid, str] | None:
        """All complete rows of a text and what is left of it; null where not all are regular."""
        if not self._is_simple:
            return None
        lines = text.split("\n")
        if not lines[-1]:
            lines.pop()
        count = len(lines)
        rows, rest = pl.Series(lines, dtype=pl.String), ""
        quoted = bool(self._quote) and self._quote in text
        if quoted:
            inside = rows.str.count_matches(self._quote, literal=True).cast(pl.Int64).cum_sum() % 2 == 1
            if inside.any():
                begins = ~inside.shift(1, fill_value=False)
                if inside[-1]:
                    start = int(begins.arg_true()[-1])
                    rest = "\n".join(lines[start:]) + "\n" * text.endswith("\n")
                    if final or len(rest) > _LONGEST_OPEN:
                        return None
                    count, rows, begins = start, rows.head(start), begins.head(start)
                joined = pl.DataFrame({"row": begins.cum_sum(), "text": rows}).group_by("row", maintain_order=True)
                rows = joined.agg(pl.col("text").str.join("\n")).get_column("text")
        rows = rows.str.strip_suffix("\r")
        if not (rows.str.contains(self._row).all() if quoted else not rows.str.contains("\r", literal=True).any()):
            return None
        rows = rows.filter(~rows.str.contains(_BLANK))
        if not len(rows):
            self._line += count
            return Grid(rows, []), rest
        longest = rows.str.len_bytes().max()
        assert isinstance(longest, int)
        if longest > csv.field_size_limit() or rows[0].startswith(_MARK):
            return None
        if self._comment and rows.str.starts_with(self._comment).any():
            return None
        cells = self._cells(rows, width, quoted=quoted)
        if cells is None:
            return None
        self._line += count
        return Grid(rows, cells), rest

    def _cells(self, rows: pl.Series, width: int, *, quoted: bool) -> list[pl.Series] | None:
        strip = bool(self._space) and bool(rows.str.contains(self._space).any())
        if strip and quoted and rows.str.contains(self._quoted_space).any():
            return None  # spaces within the quotes stay
        try:
            table = self._table(rows, width, quoted)
        except pl.exceptions.ComputeError:  # a row with more cells
            more = rows.str.count_matches(self._delimiter, literal=True).max()
            assert isinstance(more, int)
            if more >= MOST_COLUMNS:
                return None
            table = self._table(rows, more + 1, quoted)
        if table.height != len(rows):
            return None
        cells = pl.all().str.strip_chars_start(" ") if strip else pl.all()
        return table.select(pl.when(cells != "").then(cells)).get_columns()

    def _table(self, rows: pl.Series, width: int, quoted: bool) -> pl.DataFrame:
        # Polars takes the width of the first row for that of the table.
        first = "-" + self._delimiter * (width - 1)
        table = pl.read_csv(
            "\n".join((first, rows.str.join("\n")[0])).encode(),
            has_header=False,
            schema={str(n): pl.String() for n in range(width)},
            separator=self._delimiter,
            quote_char=self._quote if quoted else None,
        )
        return table.slice(1)


def cells_of(lines: Iterator[str], delimiter: str, quote: str) -> Iterator[list[str]]:
    if not quote:
        return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(lines, delimiter=delimiter, quotechar=quote, skipinitialspace=delimiter != " ")


def _lines(text: str) -> list[str]:
    """Lines with their ends."""
    lines = [line + "\n" for line in text.split("\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines
