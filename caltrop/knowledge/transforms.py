"""Search-time transforms: what a REPORT names. Follows transforms.conf.spec.

`REGEX` with named groups or `FORMAT` (`field::$1`, `$1::$2`), or `DELIMS` with or without `FIELDS`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from caltrop.dialect import patterns
from caltrop.dialect.words import truth
from caltrop.knowledge import automatic, modular
from caltrop.knowledge.asking import Fault
from caltrop.knowledge.columns import MULTIVALUE, Columns, as_field, from_pairs, trimmed
from caltrop.knowledge.configuration import MergedStanza
from caltrop.knowledge.props import groups, words

MOST = 256  # names that are looked for at once


@dataclass(frozen=True, slots=True)
class Transform:
    """One transforms.conf stanza as search time reads it."""

    name: str
    sources: tuple[str, ...]  # several are read as one text, joined by spaces
    regex: patterns.Regex | None
    format: tuple[tuple[str, str], ...]
    delims: tuple[str, ...]
    fields: tuple[str, ...]
    multivalue: bool
    clean_keys: bool
    keep_empty: bool

    @property
    def dynamic(self) -> bool:
        """Whether the data decide the names of fields."""
        by_format = any("$" in name for name, _ in self.format)
        by_group = self.regex is not None and any((n or "").startswith("_KEY_") for n in self.regex.names)
        return by_format or by_group or (bool(self.delims) and not self.fields)

    @property
    def outputs(self) -> set[str]:
        """The names known beforehand."""
        named = {n for n in self.regex.names if n and not n.startswith(("_KEY_", "_VAL_"))} if self.regex else set()
        return named | {name for name, _ in self.format if "$" not in name} | set(self.fields)

    @property
    def names_as_written(self) -> bool:
        """Whether the names that the data decide stand in the text, but for what CLEAN_KEYS does to them."""
        if self.delims:
            return len(self.delims) == 2  # one set of delimiters: names in quotes lose their backslashes
        return all("$" not in name or re.fullmatch(r"\$\d+", name) for name, _ in self.format)

    def gives(self, wanted: set[str] | None, *, by_data: bool = True) -> bool:
        """Whether it may give one of the wanted fields; `by_data` False: under a name known beforehand."""
        return wanted is None or (by_data and self.dynamic) or bool(self.outputs & wanted)

    def run(self, columns: Columns, wanted: set[str] | None) -> None:
        """Add the fields to `columns`; `wanted` limits fields whose names come from the data."""
        source = self._text(columns)
        if source.null_count() == len(source):
            return
        rows: pl.Series | None = None
        if source.dtype == MULTIVALUE:
            exploded = pl.DataFrame(
                {"row": pl.int_range(len(source), dtype=pl.UInt32, eager=True), "text": source}
            ).explode("text")
            rows, source = exploded["row"], exploded["text"]
        having = None
        if wanted is not None and len(wanted) <= MOST and not self.outputs and self.names_as_written:
            having = automatic.named(wanted, cleaned=self.clean_keys)
            if having is None:
                return
        for row, keys, values in self._triples(source, having):
            at = row if rows is None else rows.gather(row)
            values = values if self.keep_empty else values.set(values == "", None)
            found = from_pairs(columns.height, at, keys, values, wanted=wanted, multivalue=self.multivalue)
            for column in found:
                (columns.add if self.multivalue else columns.fill)(column.name, column)

    def _text(self, columns: Columns) -> pl.Series:
        if len(self.sources) == 1:
            return as_field(columns[self.sources[0]])
        parts = [columns.text(name) for name in self.sources]
        return pl.select(pl.concat_str(parts, separator=" ", ignore_nulls=True)).to_series()

    def _triples(self, source: pl.Series, having: str | None) -> list[automatic.Triples]:
        """(row, key, value) of each field; those whose name does not match `having` may be left out."""
        if self.regex is not None:
            return self._by_regex(self.regex, source, having)
        if self.fields:
            return self._by_fields(source)
        return [self._by_two_delims(source) if len(self.delims) == 2 else self._by_turns(source)]

    def _by_regex(self, regex: patterns.Regex, source: pl.Series, having: str | None) -> list[automatic.Triples]:
        if self.dynamic or self.multivalue:
            rows, groups = regex.every(source, having)
        else:
            rows, groups = pl.int_range(len(source), dtype=pl.UInt32, eager=True), regex.first(source)
        triples: list[automatic.Triples] = []
        for name, group in zip(regex.names, groups, strict=True):
            if name and name.startswith("_KEY_"):
                value = regex.names.index("_VAL_" + name[5:]) if "_VAL_" + name[5:] in regex.names else None
                if value is not None:
                    triples.append((rows, self._keys(group), trimmed(groups[value])))
            elif name and not name.startswith("_VAL_"):
                triples.append((rows, _constant(name, len(rows)), trimmed(group)))
        for name, value_text in self.format:
            values = trimmed(_fill(value_text, groups, len(rows)))
            keys = self._keys(_fill(name, groups, len(rows))) if "$" in name else _constant(name, len(rows))
            triples.append((rows, keys, values))
        return triples

    def _keys(self, keys: pl.Series) -> pl.Series:
        return automatic.clean_keys(keys) if self.clean_keys else keys

    def _by_two_delims(self, source: pl.Series) -> automatic.Triples:
        pair = re.escape(self.delims[0])
        inside = re.escape(self.delims[1])
        regex = patterns.compile(rf'([^{pair}{inside}]+)[{inside}](?:"((?:[^"\\]|\\.)*)"|([^{pair}]*))')
        rows, (keys, quoted, bare) = regex.every(source)
        quoted = quoted.str.replace_all(r"(?s)\\(.)", "${1}")
        return rows, self._keys(keys.str.strip_chars()), quoted.zip_with(quoted.is_not_null(), bare.str.strip_chars())

    def _by_turns(self, source: pl.Series) -> automatic.Triples:
        """One set of delimiters and no names: name, value, name, value, ..."""
        rows: list[int] = []
        keys: list[str] = []
        values: list[str] = []
        for number, text in enumerate(source):
            tokens = [token for token in _split(text or "", self.delims[0]) if token]
            for key, value in zip(tokens[::2], tokens[1::2], strict=False):
                rows.append(number)
                keys.append(key)
                values.append(value)
        return (
            pl.Series(rows, dtype=pl.UInt32),
            self._keys(pl.Series(keys, dtype=pl.String)),
            pl.Series(values, dtype=pl.String),
        )

    def _by_fields(self, source: pl.Series) -> list[automatic.Triples]:
        """Positions between delimiters; double quotes hold a value together."""
        delims = self.delims[0]
        rows = pl.int_range(len(source), dtype=pl.UInt32, eager=True)
        if len(delims) == 1 and not source.str.contains('"', literal=True).any():
            parts = source.str.split(delims)
        else:
            parts = pl.Series([None if t is None else _split(t, delims) for t in source], dtype=MULTIVALUE)
        return [
            (rows, _constant(name, len(rows)), parts.list.get(i, null_on_oob=True))
            for i, name in enumerate(self.fields)
            if name
        ]


def _split(text: str, delims: str) -> list[str]:
    """Values between delimiters, quotes taken off. A run such as `, ` is one delimiter, `,,` has an empty value in it."""
    run = f"[{re.escape(delims)}]"
    values: list[str] = []
    at = 0
    for found in re.finditer(
        rf'(?:"((?:[^"\\]|\\.)*)"|((?!")[^{re.escape(delims)}]*|"[^{re.escape(delims)}]*))({run}+|$)', text
    ):
        if found.start() != at:
            break
        at = found.end()
        quoted, bare, separator = found.groups()
        values.append(re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else bare)
        values.extend([""] * (max((separator.count(c) for c in set(separator)), default=1) - 1))
        if not separator:
            break
    return values


def _constant(text: str, height: int) -> pl.Series:
    return pl.Series([text], dtype=pl.String).new_from_index(0, height)


def _fill(template: str, groups: list[pl.Series], height: int) -> pl.Series:
    """`$1`, `prefix-$2`, ...: null where a group it names is null."""
    parts = [p for p in re.split(r"(\$\d+)", template) if p]
    if len(parts) == 1 and parts[0].startswith("$"):
        return _group(parts[0], groups, height)
    columns = [_group(p, groups, height) if p.startswith("$") else _constant(p, height) for p in parts]
    if not columns:
        return _constant("", height)
    return pl.select(pl.concat_str(columns)).to_series()


def _group(reference: str, groups: list[pl.Series], height: int) -> pl.Series:
    number = int(reference[1:])
    if not 1 <= number <= len(groups):
        return pl.Series([None], dtype=pl.String).new_from_index(0, height)
    return groups[number - 1]


def transform(stanza: MergedStanza, find: modular.Find) -> Transform | Fault:
    """Read a stanza; what is wrong with one that cannot be used at search time. `find` gives the REGEX of other stanzas."""
    try:
        return _read(stanza, find)
    except patterns.RegexError as error:
        return Fault(stanza.place("REGEX"), f"[{stanza.name}] REGEX: {error.message}", _promised(stanza))
    except ValueError as error:
        return Fault(stanza.place("FIELDS", "FORMAT"), f"[{stanza.name}] {error}", _promised(stanza))


def _promised(stanza: MergedStanza) -> frozenset[str] | None:
    """The fields that a stanza would give, as far as its text says; None where it does not."""
    format = _format(stanza.get("FORMAT"))
    named = groups(stanza.get("REGEX")) | {name for name, _ in format} | set(words(stanza.get("FIELDS")))
    dynamic = "[[" in stanza.get("REGEX") or any("$" in name or name.startswith("_KEY_") for name in named)
    return frozenset(named) if named and not dynamic else None


def _read(stanza: MergedStanza, find: modular.Find) -> Transform:
    text = modular.expand(stanza.get("REGEX"), find)
    regex = patterns.compile(text) if text else None
    delims = _delims(stanza.get("DELIMS"))
    fields = tuple(words(stanza.get("FIELDS")))
    if regex is None and not delims:
        raise ValueError("has neither REGEX nor DELIMS")
    return Transform(
        name=stanza.name,
        sources=_sources(stanza.get("SOURCE_KEY")),
        regex=regex,
        format=_format(stanza.get("FORMAT")),
        delims=delims,
        fields=fields,
        multivalue=truth(stanza.get("MV_ADD")),
        clean_keys=truth(stanza.get("CLEAN_KEYS"), True),
        keep_empty=truth(stanza.get("KEEP_EMPTY_VALS")),
    )


def _sources(key: str) -> tuple[str, ...]:
    """The fields a transform reads; `MetaData:Host` and the like are what search time calls `host`."""
    if key.lower().startswith("metadata:"):
        return (key[9:].lower(),)
    if key.startswith("fields:"):
        return tuple(name.strip() for name in key[7:].split(",") if name.strip())
    return (key.removeprefix("field:") or "_raw",)


def _format(text: str) -> tuple[tuple[str, str], ...]:
    found = re.findall(r'("[^"]*"|[^\s:"]+(?::[^\s:"]+)*)::("(?:[^"\\]|\\.)*"|\S+)', text)
    return tuple((name.strip('"'), value[1:-1] if value.startswith('"') else value) for name, value in found)


def _delims(text: str) -> tuple[str, ...]:
    """`"|", "="` -> two sets of characters; `\\t`, `\\n`, `\\"` and `\\\\` are escapes."""
    quoted = re.findall(r'"((?:[^"\\]|\\.)*)"', text) or ([text.strip()] if text.strip() else [])
    escapes = {"t": "\t", "n": "\n", "r": "\r"}
    return tuple(re.sub(r"\\(.)", lambda m: escapes.get(m.group(1), m.group(1)), q) for q in quoted)[:2]
