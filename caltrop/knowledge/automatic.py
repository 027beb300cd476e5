"""Automatic field extraction: KV_MODE auto, auto_escaped, xml (json is `jsonfields`).

Each function takes the text of events and gives (row, key, value) triples for `columns.from_pairs`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from xml.etree import ElementTree

MAX_DEPTH = 100  # of elements in one another: what is deeper is left out
_KEY = r"[A-Za-z_][0-9A-Za-z_.:\-]*"
_VALUE = r"""[^\s,;|&"]+"""
_AUTO = rf'{_KEY}=(?:"[^"]*"|{_VALUE})'
_ESCAPED = rf'{_KEY}=(?:"(?:[^"\\]|\\.)*"|{_VALUE})'

Triples = tuple[pl.Series, pl.Series, pl.Series]


def pairs(text: pl.Series, *, escaped: bool = False, trim: bool = True) -> Triples:
    """`key=value` and `key="a value"` between spaces, commas, semicolons, pipes, ampersands.

    `trim` takes spaces (only those) off the ends of quoted values; pairs without value are no fields.
    """
    pattern = _ESCAPED if escaped else _AUTO
    found = pl.DataFrame(
        {"row": pl.int_range(len(text), dtype=pl.UInt32, eager=True), "pair": text.str.extract_all(pattern)}
    )
    found = found.filter(pl.col("pair").list.len() > 0).explode("pair")
    halves = found["pair"].str.splitn("=", 2).struct.unnest()
    keys, values = halves.to_series(0), halves.to_series(1)
    quoted = values.str.starts_with('"')
    inner = values.str.slice(1, values.str.len_chars().cast(pl.Int64).clip(2) - 2)
    if escaped:
        inner = inner.str.replace_all(r'\\(["\\])', "$1")
    if trim:
        inner = inner.str.strip_chars(" ")
    values = values.zip_with(~quoted, inner)
    return found["row"], clean_keys(keys), values.set(values == "", None)


def first_fields(found: Triples, most: int) -> Triples:
    """The triples of the first `most` fields of each row (0: all)."""
    rows, keys, values = found
    if not most or rows.is_empty() or int(rows.value_counts()["count"].max() or 0) <= most:  # type: ignore[arg-type]
        return found
    number = pl.col("key").is_first_distinct().cast(pl.UInt32).cum_sum().over("row")
    # A field that comes again has the number of a later one: it counts where it came first.
    long = pl.DataFrame({"row": rows, "key": keys}).with_columns(number.alias("number"))
    kept = long.select(pl.col("number").min().over("row", "key") <= most).to_series()
    return rows.filter(kept), keys.filter(kept), values.filter(kept)


def clean_keys(keys: pl.Series) -> pl.Series:
    """CLEAN_KEYS: what is no letter, digit or underscore becomes `_`; leading underscores and digits go."""
    unique = keys.unique().drop_nulls()
    cleaned = unique.str.replace_all("[^0-9A-Za-z_]", "_").str.replace("^[_0-9]+", "")
    return keys.replace_strict(unique, cleaned, return_dtype=pl.String, default=None)


def named(names: Iterable[str], *, cleaned: bool) -> str | None:
    """What stands in every text that gives one of the names, as a regular expression (Rust); None where nothing does. CLEAN_KEYS,
    where it is on, makes `_` of whatever is no letter and no digit, and takes off what leads."""
    spelled = [
        re.escape(name).replace("_", "[^0-9A-Za-z]")
        for name in sorted(names)
        if not cleaned or re.fullmatch("[A-Za-z][0-9A-Za-z_]*", name)
    ]
    return "|".join(spelled) or None


def xml(text: pl.Series) -> Triples:
    """XML documents, named as `spath` names them: `root.child`, `root.child{@attribute}`."""
    from xml.etree import ElementTree  # where XML is read

    rows: list[int] = []
    keys: list[str] = []
    values: list[str] = []
    for number, raw in enumerate(text):
        at = raw.find("<") if raw else -1
        if raw is None or at < 0 or "<!DOCTYPE" in raw or "<!ENTITY" in raw:  # no entity expansion from events
            continue
        try:
            root = ElementTree.fromstring(raw[at:])
        except ElementTree.ParseError:
            continue
        for key, value in _xml_fields(root):
            rows.append(number)
            keys.append(key)
            values.append(value)
    return pl.Series(rows, dtype=pl.UInt32), pl.Series(keys, dtype=pl.String), pl.Series(values, dtype=pl.String)


def _xml_fields(root: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """Depth first, in document order, without recursion: events are untrusted."""
    stack = [(root, _tag(root), 1)]
    while stack:
        element, path, depth = stack.pop()
        for name, value in element.attrib.items():
            yield f"{path}{{@{name.rpartition('}')[2]}}}", value
        if element.text and element.text.strip():
            yield path, element.text.strip()
        if depth < MAX_DEPTH:
            stack.extend((child, f"{path}.{_tag(child)}", depth + 1) for child in reversed(list(element)))


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
