"""What props.conf does to events between breaking and storing: `SEDCMD-…`, then `TRANSFORMS-…` of transforms.conf.

Follows the pages "props.conf" and "transforms.conf" of Splunk's Admin Manual: a transform rewrites `_raw`, host, source,
sourcetype or index of the events that its `REGEX` matches, drops them (`nullQueue`), or adds indexed fields. Classes run
in the order of their names, the transforms of one class as listed. Events keep the settings of the source type with which
they arrived, whatever a transform calls them. Settings that need an evaluator of expressions, or other servers, are
reported by name and do nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl
import regex as backtracking

from caltrop.dialect import patterns
from caltrop.dialect.patterns import Regex, RegexError, SedScript, sed_script
from caltrop.dialect.words import truth
from caltrop.errors import CaltropError
from caltrop.index import frames

# Settings of a source and source type; a transforms.conf stanza by name, None when there is none.
Settings = Callable[[str, str], Mapping[str, str]]
Lookup = Callable[[str], Mapping[str, str] | None]

# Where a transform reads and writes, and what the text begins with there.
KEYS = {
    "_raw": ("_raw", ""),
    "MetaData:Host": ("host", "host::"),
    "MetaData:Source": ("source", "source::"),
    "MetaData:Sourcetype": ("sourcetype", "sourcetype::"),
    "_MetaData:Index": ("index", ""),
}
_META = re.compile(r'([^\s:"]+)::(?:"((?:[^"\\]|\\.)*)"|(\S*))')
_UNSUPPORTED = ("INGEST_EVAL", "CLONE_SOURCETYPE", "STOP_PROCESSING_IF")


def apply(
    frame: pl.DataFrame, settings: Settings, lookup: Lookup | None, problem: Callable[[str], None]
) -> pl.DataFrame:
    """The events as they are stored. Order is kept; `problem` hears what is not supported or not valid.

    Without `lookup` only `SEDCMD` applies.
    """
    kinds = frame.select("source", "sourcetype").unique(maintain_order=True).rows()
    plans = {kind: plan for kind in kinds if (plan := _plan(settings(*(name or "" for name in kind)), lookup, problem))}
    if not plans:
        return frame
    numbered = frame.with_row_index("_row")
    parts = []
    for kind, part in numbered.partition_by("source", "sourcetype", as_dict=True, maintain_order=True).items():
        with patterns.budget(lenient=True) as budget:
            for step in plans.get((kind[0], kind[1]), ()):
                part = step(part)
        for pattern in budget.exceeded:
            problem(f"{kind[1]}: {pattern!r} exceeds the match limit: some events stay as they are")
        parts.append(part)
    return frames.concat(parts).sort("_row").drop("_row")


Step = Callable[[pl.DataFrame], pl.DataFrame]


def _plan(settings: Mapping[str, str], lookup: Lookup | None, problem: Callable[[str], None]) -> list[Step]:
    steps: list[Step] = []
    for key in sorted(settings):
        if key.startswith("SEDCMD"):
            steps += _checked(lambda key=key: [_sed(sed_script(settings[key]))], key, problem)  # type: ignore[misc]
    for key in sorted(settings):
        if key.startswith("TRANSFORMS") and lookup is not None:
            for name in filter(None, (part.strip() for part in settings[key].split(","))):
                steps += _checked(lambda name=name: _named(name, lookup), key, problem)  # type: ignore[misc]
    return steps


def _checked(make: Callable[[], list[Step]], key: str, problem: Callable[[str], None]) -> list[Step]:
    try:
        return make()
    except CaltropError as error:
        problem(f"{key}: {error.message}")
        return []


# SEDCMD


def _sed(script: SedScript) -> Step:
    return lambda frame: frame.with_columns(script(frame.get_column("_raw")).alias("_raw"))


def _group(match: backtracking.Match[str], number: int) -> str:
    return (match[number] or "") if number <= match.re.groups else ""


# TRANSFORMS


def _named(name: str, lookup: Lookup) -> list[Step]:
    stanza = lookup(name)
    if stanza is None:
        raise CaltropError(f"no transform named {name!r}")
    for setting in _UNSUPPORTED:
        if stanza.get(setting):
            raise CaltropError(f"transform {name!r}: {setting} is not supported")
    pattern = stanza.get("REGEX", "")
    if not pattern:
        raise CaltropError(f"transform {name!r} has no REGEX")
    try:
        regex = patterns.compile(pattern)
    except RegexError as error:
        raise CaltropError(f"transform {name!r}: REGEX = {pattern}: {error.message}") from error
    destination = stanza.get("DEST_KEY", "")
    writes_meta = truth(stanza.get("WRITE_META")) or destination == "_meta"
    if not writes_meta and destination not in KEYS and destination != "queue":
        raise CaltropError(f"transform {name!r}: DEST_KEY = {destination or 'nothing'} is not supported")
    source = stanza.get("SOURCE_KEY", "_raw")
    if source not in KEYS and not source.startswith(("field:", "fields:")):
        raise CaltropError(f"transform {name!r}: SOURCE_KEY = {source} is not supported")
    ahead = stanza.get("LOOKAHEAD", "").strip()
    return [
        _Transform(
            regex=regex,
            format=stanza.get("FORMAT") or f"{name}::$1",
            source=source,
            destination="_meta" if writes_meta else destination,
            lookahead=int(ahead) if ahead.isdigit() else 4096,
            repeat=truth(stanza.get("REPEAT_MATCH")),
            default=stanza.get("DEFAULT_VALUE", ""),
        )
    ]


@dataclass(frozen=True, slots=True)
class _Transform:
    regex: Regex
    format: str
    source: str
    destination: str
    lookahead: int
    repeat: bool
    default: str

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        source = self._source(frame).str.head(self.lookahead)
        hits = self.regex.matches(source).fill_null(False)
        if not hits.any() and not self.default:
            return frame
        if self.destination == "queue":
            return frame.filter(~hits) if self.format == "nullQueue" else frame
        if self.destination == "_meta":
            return self._with_fields(frame, source, hits)
        column, prefix = KEYS[self.destination]
        before = frame.get_column(column).fill_null("")
        changed = [
            self._first(text, old, prefix) if hit else (self.default.removeprefix(prefix) or old)
            for text, old, hit in zip(source, before, hits, strict=True)
        ]
        return frame.with_columns(pl.Series(column, changed, dtype=pl.String))

    def _source(self, frame: pl.DataFrame) -> pl.Series:
        if self.source in KEYS:
            column, prefix = KEYS[self.source]
            return (
                pl.select(pl.lit(prefix) + frame.get_column(column)).to_series() if prefix else frame.get_column(column)
            )
        names = [name.strip() for name in self.source.partition(":")[2].split(",")]
        known = [frame.get_column(name) for name in names if name in frame.columns and frame.schema[name] == pl.String]
        if not known:
            return pl.Series([None], dtype=pl.String).new_from_index(0, frame.height)
        return pl.select(pl.concat_str(known, separator=" ", ignore_nulls=True)).to_series()

    def _first(self, text: str, old: str, prefix: str) -> str:
        match = self.regex.bounded.search(text)
        return old if match is None else self._text(match, prefix + old).removeprefix(prefix)

    def _text(self, match: backtracking.Match[str], old: str) -> str:
        return re.sub(r"\$(\d+)", lambda m: _group(match, int(m[1])) if m[1] != "0" else old, self.format)

    def _with_fields(self, frame: pl.DataFrame, source: pl.Series, hits: pl.Series) -> pl.DataFrame:
        columns: dict[str, list[list[str] | None]] = {}
        for row in hits.arg_true():
            found = self.regex.bounded.finditer(source[row], 0 if self.repeat else 1)
            for match in found:
                for name, quoted, bare in _META.findall(self._text(match, "")):
                    value = re.sub(r"\\(.)", r"\1", quoted) or bare
                    if value and name not in frames.SCHEMA:
                        cells = columns.setdefault(name, [None] * frame.height)
                        cells[row] = [*(cells[row] or []), value]
        for name, cells in columns.items():
            frame = _add_field(frame, pl.Series(name, cells, dtype=frames.MULTIVALUE))
        return frame


def _add_field(frame: pl.DataFrame, column: pl.Series) -> pl.DataFrame:
    """The frame with more values of a field; a field that is nowhere multivalue is text."""
    name = column.name
    if name in frame.columns:
        old = frame.get_column(name)
        lists = (
            old
            if old.dtype == frames.MULTIVALUE
            else pl.select(pl.when(old.is_not_null()).then(pl.concat_list(old))).to_series()
        )
        both = (
            pl.when(lists.is_null())
            .then(column)
            .when(column.is_null())
            .then(lists)
            .otherwise(lists.list.concat(column))
        )
        column = pl.select(both).to_series().alias(name)
    return frame.with_columns(column.list.first() if column.list.len().max() == 1 else column)
