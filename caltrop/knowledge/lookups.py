"""Lookup tables: CSV files and collections, matched column-wise. Follows the lookup section of transforms.conf.spec."""

from __future__ import annotations

import csv
import io
import ipaddress
import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import polars as pl

from caltrop.dialect.timecolumns import parse
from caltrop.dialect.words import truth
from caltrop.dialect.zones import TimeError
from caltrop.errors import CaltropError
from caltrop.knowledge.columns import MULTIVALUE, as_field, as_list, shrink
from caltrop.knowledge.configuration import MergedStanza
from caltrop.knowledge.limits import LOOKUP_MATCHES, Limits

MatchType = Literal["EXACT", "WILDCARD", "CIDR"]
_NO_LIMIT = 2_000_000_000


Mark = Hashable  # changes when the rows change


class LookupFailure(CaltropError):
    """A lookup that does not exist, or that cannot be used as defined."""


@dataclass(frozen=True)
class Options:
    """How a table is matched; the defaults are those of transforms.conf."""

    match_types: Mapping[str, MatchType] = field(default_factory=dict)
    case_sensitive: bool = True
    fold_rows: bool = True  # without case: False folds only the input, as for collections
    max_matches: int | None = None  # 100, or 1 for a temporal lookup; at most `most_matches`
    most_matches: int = LOOKUP_MATCHES.default
    min_matches: int = 0
    default_match: str = ""
    time_field: str = ""
    time_format: str = "%s.%Q"
    max_offset: float = _NO_LIMIT
    min_offset: float = 0


def options(stanza: MergedStanza, limits: Limits) -> Options:
    types: dict[str, MatchType] = {}
    for kind, names in re.findall(r"(?i)(EXACT|WILDCARD|CIDR)\s*\(([^)]*)\)", stanza.get("match_type")):
        types.update({name.strip(): kind.upper() for name in names.split(",")})
    return Options(
        match_types=types,
        case_sensitive=truth(stanza.get("case_sensitive_match"), True),
        max_matches=_number(stanza, "max_matches"),
        most_matches=limits[LOOKUP_MATCHES],
        min_matches=_number(stanza, "min_matches") or 0,
        default_match=stanza.get("default_match"),
        time_field=stanza.get("time_field"),
        time_format=stanza.get("time_format") or "%s.%Q",
        max_offset=_or(_number(stanza, "max_offset_secs"), _NO_LIMIT),
        min_offset=_or(_number(stanza, "min_offset_secs"), 0),
    )


def _number(stanza: MergedStanza, key: str) -> int | None:
    text = stanza.get(key).strip()
    return int(text) if re.fullmatch(r"\d+", text) else None


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def read_csv(data: bytes) -> pl.DataFrame:
    """A lookup file: every cell a String, empty cells null, short rows padded, long rows cut."""
    text = data.decode("utf-8-sig", errors="replace")
    csv.field_size_limit(64 * 1024 * 1024)
    reader = csv.reader(io.StringIO(text, newline=""))
    header = [name.strip() for name in next(reader, [])]
    width = len(header)
    rows = [row[:width] + [""] * (width - len(row)) for row in reader if any(row)]
    names: dict[str, int] = {}
    for i, name in enumerate(header):
        if name:
            names.setdefault(name, i)
    frame = pl.DataFrame({name: pl.Series([r[i] for r in rows], dtype=pl.String) for name, i in names.items()})
    return frame.with_columns(pl.when(pl.all() != "").then(pl.all())) if frame.width else frame


def write_csv(rows: pl.DataFrame) -> bytes:
    """CSV text of a table; several values of a field stand below one another in their cell."""
    columns = [c.list.join("\n") if c.dtype == MULTIVALUE else c for c in (as_field(c) for c in rows.get_columns())]
    return pl.DataFrame(columns).write_csv(quote_style="necessary").encode()


@dataclass
class Lookup:
    """A table and how it is matched. `source` says in words where it comes from."""

    name: str
    source: str
    load: Callable[[], pl.DataFrame]
    options: Options = field(default_factory=Options)

    @cached_property
    def _rows(self) -> pl.DataFrame:
        return self.load()

    def rows(self) -> pl.DataFrame:
        """The table, a String column a field."""
        return self._rows

    @property
    def fields(self) -> list[str]:
        return self._rows.columns

    def outputs(self, inputs: Iterable[str]) -> list[str]:
        """What a lookup by these fields gives where no outputs are named: all others but the time of the entry."""
        left_out = {*inputs, self.options.time_field}
        return [name for name in self.fields if name not in left_out]

    def match(
        self, frame: pl.DataFrame, inputs: Mapping[str, str], outputs: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """Look up every row of `frame`.

        `inputs` maps lookup fields to columns of the frame; `outputs` are lookup fields (those of `outputs(inputs)` if None).
        The result has `frame.height` rows and a column for each output, null where nothing matched. A temporal lookup
        reads `_time` of the frame.
        """
        table = self._rows
        outputs = self.outputs(inputs) if outputs is None else list(outputs)
        for name in [*inputs, *outputs]:
            if name not in table.columns:
                raise LookupFailure(
                    f"lookup {self.name!r} has no field {name!r}", hint=f"its fields: {', '.join(table.columns)}"
                )
        if not frame.height:
            return table.select(outputs).clear()
        temporal = bool(self.options.time_field) and "_time" in frame.columns
        keys = [as_field(frame[column]).alias(f"in{i}") for i, column in enumerate(inputs.values())]
        wide = pl.DataFrame(
            [*keys, *([frame["_time"].cast(pl.Float64, strict=False).alias("time")] if temporal else [])]
        )
        wide = wide.with_columns(pl.int_range(frame.height, dtype=pl.UInt32).alias("row"))
        for key in keys:
            if key.dtype == MULTIVALUE:  # each value is looked up, the results are joined
                wide = wide.explode(key.name)
        names = [k.name for k in keys] + (["time"] if temporal else [])
        unique = wide.select(names).unique(maintain_order=True).drop_nulls()
        hits = self._hits(unique, list(inputs), temporal)
        unique = unique.with_columns(pl.Series("hits", hits, dtype=pl.List(pl.UInt32)))
        joined = wide.join(unique, on=names, how="left", maintain_order="left")
        per_row = joined.group_by("row", maintain_order=True).agg(
            pl.col("hits").explode().drop_nulls().unique(maintain_order=True)
        )
        found = per_row.select(pl.when(pl.col("hits").list.len() > 0).then("hits")).to_series()
        return pl.DataFrame([self._output(table[name].alias(name), found) for name in outputs])

    def _output(self, column: pl.Series, hits: pl.Series) -> pl.Series:
        """The values at `hits` (lists of row numbers), a list where there are several."""
        lengths = hits.list.len().fill_null(0)
        if not (lengths > 1).any():
            found = column.gather(hits.list.first())
        else:
            long = pl.DataFrame({"row": pl.int_range(len(hits), dtype=pl.UInt32, eager=True), "hit": hits}).explode(
                "hit"
            )
            long = long.with_columns(column.gather(long["hit"]).alias("value"))
            found = shrink(long.group_by("row", maintain_order=True).agg(pl.col("value").drop_nulls())["value"])
        if self.options.default_match and self.options.min_matches > 0:
            found = _filled(found, self.options.min_matches - lengths.cast(pl.Int64), self.options.default_match)
        return found.alias(column.name)

    def _hits(self, unique: pl.DataFrame, fields: list[str], temporal: bool) -> list[list[int]]:
        """For each distinct input, the numbers of the rows of the table that match, best first, limited."""
        limit = min(self.options.max_matches or (1 if temporal else 100), self.options.most_matches)
        exact = [i for i, f in enumerate(fields) if self.options.match_types.get(f, "EXACT") == "EXACT"]
        other = [i for i in range(len(fields)) if i not in exact]
        columns = [self._fold(unique.to_series(i)).to_list() for i in range(len(fields))]
        index = self._exact_index(tuple(fields[i] for i in exact)) if exact else {}
        partial = {i: self._pattern_hits(fields[i], unique.to_series(i)) for i in other}
        times = unique["time"].to_list() if temporal else []
        result = []
        for number in range(unique.height):
            found: Iterable[int] | None = None
            if exact:
                found = index.get(tuple(columns[i][number] for i in exact), ())
            for i in other:
                allowed = partial[i].get(columns[i][number], ())
                if found is None:
                    found = allowed
                elif allowed:
                    chosen = set(allowed)
                    found = [r for r in found if r in chosen]
                else:
                    found = ()
            rows = list(found or ())
            if temporal:
                rows = self._in_time(rows, times[number])
            result.append(rows[:limit])
        return result

    def _fold(self, column: pl.Series) -> pl.Series:
        return column if self.options.case_sensitive else column.str.to_lowercase()

    def _fold_row(self, column: pl.Series) -> pl.Series:
        return self._fold(column) if self.options.fold_rows else column

    def _exact_index(self, fields: tuple[str, ...]) -> dict[tuple[str, ...], list[int]]:
        cache: dict[tuple[str, ...], dict[tuple[str, ...], list[int]]] = self.__dict__.setdefault("_indexes", {})
        if fields not in cache:
            index: dict[tuple[str, ...], list[int]] = {}
            for number, key in enumerate(zip(*(self._fold_row(self._rows[f]).to_list() for f in fields), strict=True)):
                index.setdefault(key, []).append(number)
            cache[fields] = index
        return cache[fields]

    def _pattern_hits(self, name: str, values: pl.Series) -> dict[str, list[int]]:
        """For a WILDCARD or CIDR field: folded value -> row numbers in table order."""
        cells = self._fold_row(self._rows[name]).to_list()
        distinct = self._fold(values).unique().drop_nulls()
        if self.options.match_types[name] == "CIDR":
            return _cidr_hits(cells, distinct)
        hits: dict[str, list[int]] = {}
        by_pattern: dict[str, list[int]] = {}
        for number, cell in enumerate(cells):
            if cell is not None:
                by_pattern.setdefault(cell, []).append(number)
        present = set(distinct)
        for pattern, numbers in by_pattern.items():
            if "*" in pattern:
                regex = "(?s)^" + ".*".join(re.escape(p) for p in pattern.split("*")) + "$"
                matched = distinct.filter(distinct.str.contains(regex)).to_list()
            else:
                matched = [pattern] if pattern in present else []
            for value in matched:
                hits.setdefault(value, []).extend(numbers)
        return {value: sorted(numbers) for value, numbers in hits.items()}

    @cached_property
    def _times(self) -> list[float | None]:
        name = self.options.time_field
        if name not in self._rows.columns:
            raise LookupFailure(f"lookup {self.name!r} has no time_field {name!r}")
        try:
            times = parse(self._rows[name], self.options.time_format)
        except TimeError as error:
            raise LookupFailure(f"lookup {self.name!r}: time_format: {error.message}", hint=error.hint) from error
        return times.floor().to_list()  # the fraction of a second is read and ignored

    def _in_time(self, rows: list[int], when: float) -> list[int]:
        """Rows whose time is between max_offset and min_offset seconds before the event, latest first."""
        chosen = []
        for row in rows:
            stamp = self._times[row]
            if stamp is not None and self.options.min_offset <= when - stamp <= self.options.max_offset:
                chosen.append((-stamp, row))
        return [row for _, row in sorted(chosen)]


def _filled(found: pl.Series, missing: pl.Series, value: str) -> pl.Series:
    """The value, behind what was found, as many times as matches are missing."""
    beside = (found.is_not_null() & (missing > 0)).any()  # a match without the value was one, and others are missing
    if found.dtype != MULTIVALUE and missing.max() == 1 and not beside:
        return pl.select(pl.when(missing > 0).then(pl.lit(value)).otherwise(found)).to_series()
    both = pl.select(pl.concat_list(as_list(found).fill_null([]), pl.lit(value).repeat_by(missing.clip(0))))
    return shrink(both.to_series())


def _cidr_hits(cells: list[str | None], values: pl.Series) -> dict[str, list[int]]:
    networks: dict[tuple[int, int], dict[int, list[int]]] = {}
    for number, cell in enumerate(cells):
        try:
            network = ipaddress.ip_network((cell or "").strip(), strict=False)
        except ValueError:
            continue
        shift = network.max_prefixlen - network.prefixlen
        networks.setdefault((network.version, shift), {}).setdefault(int(network.network_address) >> shift, []).append(
            number
        )
    hits: dict[str, list[int]] = {}
    for value in values:
        try:
            address = ipaddress.ip_address(value.strip())
        except ValueError:
            continue
        found: list[int] = []
        for (version, shift), by_prefix in networks.items():
            if version == address.version:
                found.extend(by_prefix.get(int(address) >> shift, ()))
        if found:
            hits[value] = sorted(found)
    return hits
