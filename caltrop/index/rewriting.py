"""A stanza of transforms.conf with a REGEX, at index time: what it reads, and what it writes of a match.

SOURCE_KEY and DEST_KEY are the keys of the page "transforms.conf". A constant FORMAT is written to all matching events at
once; one that refers to groups is written event by event.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from caltrop.dialect import patterns
from caltrop.dialect.conf import place_of
from caltrop.dialect.lists import lists
from caltrop.dialect.patterns import Regex, RegexError
from caltrop.dialect.words import known_truth, truth
from caltrop.errors import CaltropError
from caltrop.index import frames

if TYPE_CHECKING:
    import regex as backtracking

# Columns of events on their way, never stored; no field can have such a name.
QUEUE, ROW = "destination queue", "row number"

# Where a transform reads and writes, and what the text begins with there.
KEYS = {
    "_raw": ("_raw", ""),
    "MetaData:Host": ("host", "host::"),
    "MetaData:Source": ("source", "source::"),
    "MetaData:Sourcetype": ("sourcetype", "sourcetype::"),
    "_MetaData:Index": ("index", ""),
    "queue": (QUEUE, ""),
}
# Where forwarders send events: there is no other server here, so they change nothing.
ROUTES = frozenset({"_TCP_ROUTING", "_SYSLOG_ROUTING", "_INDEX_AND_FORWARD_ROUTING"})
_META = re.compile(r'([^\s:"]+)::(?:"((?:[^"\\]|\\.)*)"|(\S*))')


def rewriting(name: str, stanza: Mapping[str, str], problem: Callable[[str], None]) -> Rewriting | None:
    """What a stanza with a REGEX does; None for one that only routes to other servers. `problem` hears of values that cannot
    be meant: their defaults are used."""

    def tell(key: str, wrong: str) -> None:
        problem(f"{place_of(stanza[key])}transform {name!r}: {key} = {stanza[key]}: {wrong}; the default is used")

    for flag in ("WRITE_META", "REPEAT_MATCH"):
        if stanza.get(flag, "").strip() and known_truth(stanza[flag]) is None:
            tell(flag, "expected true or false")
    pattern = stanza.get("REGEX", "")
    if not pattern:
        raise CaltropError(f"transform {name!r} has no REGEX")
    try:
        regex = patterns.compile(pattern)
    except RegexError as error:
        raise CaltropError(f"transform {name!r}: REGEX = {pattern}: {error.message}") from error
    destination = stanza.get("DEST_KEY", "").strip()
    writes_meta = truth(stanza.get("WRITE_META")) or destination == "_meta"
    if destination in ROUTES and not writes_meta:
        return None
    if not writes_meta and not destination:
        raise CaltropError(f"transform {name!r} has neither DEST_KEY nor WRITE_META = true: it changes nothing")
    if not writes_meta and destination not in KEYS and destination != "_time":
        raise CaltropError(f"transform {name!r}: there is no DEST_KEY = {destination}")
    source = stanza.get("SOURCE_KEY", "_raw").strip()
    if source not in KEYS and source not in ("_meta", "_time") and not source.startswith(("field:", "fields:")):
        raise CaltropError(f"transform {name!r}: there is no SOURCE_KEY = {source}")
    ahead = stanza.get("LOOKAHEAD", "").strip()
    if ahead and not ahead.isdigit():
        tell("LOOKAHEAD", "expected a whole number")
    return Rewriting(
        regex=regex,
        format=stanza.get("FORMAT") or f"{name}::$1",
        source=source,
        destination="_meta" if writes_meta else destination,
        replaces_meta=destination == "_meta" and not stanza.get("FORMAT", "").lstrip().startswith("$0"),
        lookahead=int(ahead) if ahead.isdigit() else 4096,
        repeat=truth(stanza.get("REPEAT_MATCH")),
        default=stanza.get("DEFAULT_VALUE", ""),
    )


@dataclass(frozen=True, slots=True)
class Rewriting:
    """A stanza with a REGEX: the events that it matches are changed, and `default` is written where it does not match.

    `replaces_meta`: fields that were indexed before are dropped, as _meta is overwritten without a leading $0 in FORMAT.
    """

    regex: Regex
    format: str
    source: str
    destination: str
    replaces_meta: bool
    lookahead: int
    repeat: bool
    default: str

    def hits(self, frame: pl.DataFrame) -> pl.Series:
        return self.regex.matches(self._looked_at(frame)).fill_null(False)

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        source = self._looked_at(frame)
        hits = self.regex.matches(source).fill_null(False)
        if not hits.any() and not self.default:
            return frame
        if self.destination == "_meta":
            return self._with_fields(frame, source, hits)
        if self.destination == "_time":
            return self._with_time(frame, source, hits)
        column, prefix = KEYS[self.destination]
        before = frame.get_column(column).fill_null("")
        default = self.default.removeprefix(prefix)
        if "$" not in self.format:
            old = pl.lit(default) if default else pl.col(column)
            changed = pl.when(hits).then(pl.lit(self.format.removeprefix(prefix))).otherwise(old)
            return frame.with_columns(changed.alias(column))
        written = self._texts(source, before, prefix)
        kept = pl.lit(default) if default else pl.lit(before)
        return frame.with_columns(pl.when(hits).then(pl.lit(written)).otherwise(kept).alias(column))

    def _looked_at(self, frame: pl.DataFrame) -> pl.Series:
        return self._source(frame).str.head(self.lookahead)

    def _with_time(self, frame: pl.DataFrame, source: pl.Series, hits: pl.Series) -> pl.DataFrame:
        """Epoch seconds, whole as _time is for transforms; text that is no number changes nothing."""
        nothing = pl.Series([""], dtype=pl.String).new_from_index(0, frame.height)
        texts = pl.select(pl.when(hits).then(pl.lit(self._texts(source, nothing, ""))).otherwise(pl.lit(self.default)))
        moments = texts.to_series().str.strip_chars().cast(pl.Float64, strict=False).floor()
        return frame.with_columns(pl.coalesce(pl.lit(moments), pl.col("_time")).alias("_time"))

    def _source(self, frame: pl.DataFrame) -> pl.Series:
        if self.source in KEYS:
            column, prefix = KEYS[self.source]
            return (
                pl.select(pl.lit(prefix) + frame.get_column(column)).to_series() if prefix else frame.get_column(column)
            )
        if self.source == "_time":
            return frame.get_column("_time").floor().cast(pl.Int64).cast(pl.String)
        if self.source == "_meta":
            return _meta(frame)
        names = [name.strip() for name in self.source.partition(":")[2].split(",")]
        known = [frame.get_column(name) for name in names if name in frame.columns and frame.schema[name] == pl.String]
        if not known:
            return pl.Series([None], dtype=pl.String).new_from_index(0, frame.height)
        return pl.select(pl.concat_str(known, separator=" ", ignore_nulls=True)).to_series()

    def _texts(self, source: pl.Series, old: pl.Series, prefix: str) -> pl.Series:
        """FORMAT, with the groups of each text's first match; meant for texts that match."""
        if self.regex.rust is None:  # a text on which the pattern exceeds its limit keeps what it had
            search = self.regex.bounded.search
            rows = zip(source, old, strict=True)
            texts = [
                had
                if text is None or (match := search(text)) is None
                else self._text(match, prefix + had).removeprefix(prefix)
                for text, had in rows
            ]
            return pl.Series(texts, dtype=pl.String)
        groups = self.regex.first(source)
        parts: list[pl.Expr] = []
        for place, piece in enumerate(re.split(r"\$(\d+)", self.format)):
            if place % 2 == 0:
                parts.append(pl.lit(piece))
            elif piece == "0":
                parts.append(pl.lit(prefix) + pl.lit(old))
            elif int(piece) <= len(groups):
                parts.append(pl.lit(groups[int(piece) - 1].fill_null("")))
        return pl.select(pl.concat_str([pl.lit(old).str.head(0), *parts]).str.strip_prefix(prefix)).to_series()

    def _text(self, match: backtracking.Match[str], old: str) -> str:
        return re.sub(r"\$(\d+)", lambda m: _group(match, int(m[1])) if m[1] != "0" else old, self.format)

    def _with_fields(self, frame: pl.DataFrame, source: pl.Series, hits: pl.Series) -> pl.DataFrame:
        own = {*frames.SCHEMA, ROW, QUEUE}
        columns: dict[str, list[list[str] | None]] = {}

        def keep(row: int, text: str) -> None:
            for name, quoted, bare in _META.findall(text):
                value = re.sub(r"\\(.)", r"\1", quoted) or bare
                if value and name not in own:
                    cells = columns.setdefault(name, [None] * frame.height)
                    cells[row] = [*(cells[row] or []), value]

        for row in hits.arg_true():
            for match in self.regex.bounded.finditer(source[row], 0 if self.repeat else 1):
                keep(row, self._text(match, ""))
        if self.default:
            for row in (~hits).arg_true():
                keep(row, self.default)
        if self.replaces_meta:
            indexed = [name for name in frame.columns if name not in own]
            frame = frame.with_columns(pl.when(~hits).then(pl.col(name)).alias(name) for name in indexed)
        for name, cells in columns.items():
            frame = frames.with_more(frame, lists(name, cells))
        return frame


def _meta(frame: pl.DataFrame) -> pl.Series:
    """The fields that were indexed with events, as `name::value` one behind the other."""
    parts = []
    for name in frame.columns:
        if name not in (*frames.SCHEMA, ROW, QUEUE):
            values = pl.col(name) if frame.schema[name] == frames.MULTIVALUE else pl.concat_list(name)
            parts.append(values.list.eval(pl.lit(f"{name}::") + pl.element()).list.join(" ", ignore_nulls=True))
    if not parts:
        return pl.Series([""], dtype=pl.String).new_from_index(0, frame.height)
    return frame.select(pl.concat_str(parts, separator=" ", ignore_nulls=True).str.strip_chars(" ")).to_series()


def _group(match: backtracking.Match[str], number: int) -> str:
    return (match[number] or "") if number <= match.re.groups else ""
