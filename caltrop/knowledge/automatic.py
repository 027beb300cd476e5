"""Automatic field extraction: KV_MODE auto, auto_escaped, json, xml.

Each function takes the text of events and gives (row, key, value) triples for `columns.from_pairs`.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import msgspec
import polars as pl

MAX_DEPTH = 100  # of objects, arrays and elements in one another: what is deeper is left out
_KEY = r"[A-Za-z_][0-9A-Za-z_.:\-]*"
_VALUE = r"""[^\s,;|&"]+"""
_AUTO = rf'{_KEY}=(?:"[^"]*"|{_VALUE})'
_ESCAPED = rf'{_KEY}=(?:"(?:[^"\\]|\\.)*"|{_VALUE})'

_TAKEN = {name: f"extracted_{name}" for name in ("host", "source", "sourcetype")}

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


_JSON_START = r'^\s*(?:\{\s*["}]|\[\s*[\[{"\]])'  # a `[` may also open a time stamp, a `{` any text


def looks_json(text: pl.Series) -> pl.Series:
    return text.str.contains(_JSON_START).fill_null(False)


def json(text: pl.Series) -> Triples:
    """JSON objects and arrays, named as `spath` names them: `a.b`, `list{}`, `list{}.c`.

    Keys that every event has already (host, source, sourcetype) are called `extracted_<key>`.
    Of text that breaks off or stops being JSON (truncated events), what comes before that point is extracted; other text
    gives nothing.
    """
    decoder = msgspec.json.Decoder(float_hook=str)
    rows: list[int] = []
    keys: list[str] = []
    values: list[str] = []
    for number, raw in enumerate(text):
        if raw is None:
            continue
        before = len(keys)
        try:
            _flatten("", decoder.decode(raw), keys, values, 0)
        except (msgspec.DecodeError, RecursionError):
            for key, value in _partial_json(raw) if re.match(_JSON_START, raw) else ():
                keys.append(key)
                values.append(value)
        rows.extend([number] * (len(keys) - before))
    names = pl.Series(keys, dtype=pl.String).replace(_TAKEN)
    return pl.Series(rows, dtype=pl.UInt32), names, pl.Series(values, dtype=pl.String)


def _flatten(path: str, node: object, keys: list[str], values: list[str], depth: int) -> None:
    if isinstance(node, dict):
        if depth < MAX_DEPTH:
            for name, value in node.items():
                _flatten(f"{path}.{name}" if path else name, value, keys, values, depth + 1)
    elif isinstance(node, list):
        if depth < MAX_DEPTH:
            for value in node:
                _flatten(path + "{}", value, keys, values, depth + 1)
    else:
        keys.append(path)
        if node is None:
            values.append("null")
        elif isinstance(node, bool):
            values.append("true" if node else "false")
        else:
            values.append(str(node))


_JSON_TOKEN = re.compile(r'\s*(?:([{}\[\],:])|("(?:[^"\\]|\\.)*")|([^\s{}\[\],:"]+))', re.DOTALL)


def _partial_json(raw: str) -> Iterator[tuple[str, str]]:
    """The leaves of damaged JSON, up to the first token that cannot be one."""
    path: list[str] = []  # what to append for each open container: "{}" for an array, "" for an object
    names: list[str] = []  # the current name in each open object
    pending: str | None = None  # a string that may be a name
    for found in _JSON_TOKEN.finditer(raw):
        mark, quoted, bare = found.groups()
        if mark in ("{", "["):
            if len(path) >= MAX_DEPTH:
                return
            path.append("{}" if mark == "[" else "")
            names.append("")
        elif mark == ":":
            if pending is None or not path or path[-1]:
                return
            names[-1] = pending
            pending = None
        elif mark in ("}", "]", ","):
            if pending is not None:
                yield _joined(path, names), pending
                pending = None
            if mark != ",":
                if not path or (path[-1] == "{}") != (mark == "]"):
                    return
                path.pop()
                names.pop()
        elif quoted is not None:
            try:
                pending = msgspec.json.decode(quoted, type=str)
            except msgspec.DecodeError:
                pending = quoted[1:-1]
        elif bare in ("true", "false", "null") or re.fullmatch(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", bare):
            yield _joined(path, names), bare
        else:
            return


def _joined(path: list[str], names: list[str]) -> str:
    text = ""
    for suffix, name in zip(path, names, strict=True):
        text += suffix if suffix else (f".{name}" if text else name)
    return text


def xml(text: pl.Series) -> Triples:
    """XML documents, named as `spath` names them: `root.child`, `root.child{@attribute}`."""
    rows: list[int] = []
    keys: list[str] = []
    values: list[str] = []
    for number, raw in enumerate(text):
        at = raw.find("<") if raw else -1
        if raw is None or at < 0 or "<!DOCTYPE" in raw or "<!ENTITY" in raw:  # no entity expansion from events
            continue
        try:
            root = ET.fromstring(raw[at:])
        except ET.ParseError:
            continue
        for key, value in _xml_fields(root):
            rows.append(number)
            keys.append(key)
            values.append(value)
    return pl.Series(rows, dtype=pl.UInt32), pl.Series(keys, dtype=pl.String), pl.Series(values, dtype=pl.String)


def _xml_fields(root: ET.Element) -> Iterator[tuple[str, str]]:
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


def _tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]
