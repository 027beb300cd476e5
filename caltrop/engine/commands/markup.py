"""JSON and XML text into fields: spath, xmlkv, xmlunescape, xpath (Search Reference pages of those names)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from caltrop.dialect.lists import lists
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.structured import inner_text, parse_xml, spath_values
from caltrop.engine.table import MULTIVALUE, Table, pick, render
from caltrop.engine.values import Value, lists_or_text
from caltrop.knowledge import automatic, columns, jsonfields
from caltrop.knowledge.limits import SPATH_CUTOFF
from caltrop.spl.ast import Command, FieldName, Word

if TYPE_CHECKING:
    from lxml import etree


def input_text(table: Table, name: str) -> pl.Series | None:
    """The field to read from as one text a row; None when no row has it."""
    if name not in table:
        return None
    column = table.frame.get_column(name)
    return column.list.join("\n") if column.dtype == MULTIVALUE else render(column)


def with_fields(table: Table, fields: list[pl.Series]) -> Table:
    """Add extracted fields; rows without a new value keep the old one."""
    frame = table.frame
    for column in fields:
        if column.name in frame.columns:
            column = columns.coalesce(column, frame.get_column(column.name))
        frame = frame.with_columns(column)
    return table.with_frame(frame)


def from_lists(name: str, rows: list[list[str] | None]) -> pl.Series:
    return lists_or_text(Value(lists(name, rows))).column.alias(name)


@command("spath", note="Without a path, fields are taken from the first 5,000 characters: `[spath] extraction_cutoff`.")
def spath(table: Table, cmd: Command, ctx: Context) -> Table:
    """The values at a path into `output` (by default named as the path), or all fields when no path is given."""
    words = cmd.of(Word)
    path = cmd.option("path") if cmd.option("path") is not None else (words[0].text if words else None)
    output = cmd.option("output")
    if len(words) > 1 or (path is None and output is not None):
        raise SearchError("spath needs a path with output=, and one path only", node=cmd)
    text = input_text(table, str(cmd.option("input", "_raw")))
    if text is None:
        return table
    if path is None:
        return with_fields(table, all_fields(text.str.head(ctx.limit(SPATH_CUTOFF))))
    known: dict[str, list[str] | None] = {}
    for value in text.drop_nulls().unique().to_list():
        known[value] = spath_values(value, str(path)) or None
    rows = [None if value is None else known[value] for value in text.to_list()]
    return with_fields(table, [from_lists(str(output or path), rows)])


def all_fields(text: pl.Series) -> list[pl.Series]:
    """Every leaf of JSON or XML, one column a path."""
    is_json = jsonfields.may_be_json(text)
    as_json, as_xml = pick(is_json, text), pick(~is_json, text)
    found = jsonfields.fields(as_json) if as_json.null_count() < len(text) else []
    if as_xml.null_count() < len(text):
        found += columns.from_pairs(len(text), *automatic.xml(as_xml), multivalue=True)
    return found


def unescape(text: str, entities: Mapping[str, str] | None = None) -> str:
    """`&gt;`, `&lt;`, these further entities, then `&amp;` as characters. (That of `xml.sax` loads what speaks HTTP.)"""
    for entity, character in {"&gt;": ">", "&lt;": "<", **(entities or {}), "&amp;": "&"}.items():
        text = text.replace(entity, character)
    return text


_TAG = re.compile(r"<([A-Za-z_][\w.:-]*)(?:\s[^<>]*)?>([^<>]*)</\1\s*>")


@command("xmlkv", settled=True)
def xmlkv(table: Table, cmd: Command, ctx: Context) -> Table:
    """A field for every tag that encloses plain text in `_raw` or the field named; the first one of a name counts."""
    names = [node.name for node in cmd.of(FieldName)] or ["_raw"]
    if len(names) > 1:
        raise SearchError("xmlkv takes one field", node=cmd)
    text = input_text(table, names[0])
    if text is None:
        return table
    rows, keys, values = [], [], []
    for number, raw in enumerate(text.to_list()):
        for match in _TAG.finditer(raw or ""):
            if match[2].strip():
                rows.append(number)
                keys.append(match[1].rpartition(":")[2])
                values.append(unescape(match[2].strip()))
    fields = columns.from_pairs(
        len(text),
        pl.Series(rows, dtype=pl.UInt32),
        pl.Series(keys, dtype=pl.String),
        pl.Series(values, dtype=pl.String),
    )
    return with_fields(table, fields)


@command("xmlunescape")
def xmlunescape(table: Table, cmd: Command, ctx: Context) -> Table:
    """&amp; &lt; &gt; and quotes in every text field back to characters."""
    entities = {"&quot;": '"', "&apos;": "'", "&#39;": "'"}
    frame = table.frame
    for name, dtype in frame.schema.items():
        if dtype == pl.String:
            column = frame.get_column(name)
            if column.str.contains("&", literal=True).any():
                texts = [None if v is None else unescape(v, entities) for v in column.to_list()]
                frame = frame.with_columns(pl.Series(name, texts, dtype=pl.String))
    return table.with_frame(frame)


@command("xpath")
def xpath(table: Table, cmd: Command, ctx: Context) -> Table:
    """Everything that an XPath 1.0 expression selects in `field`, or `default` where that is nothing."""
    words = cmd.of(Word)
    if len(words) != 1:
        raise SearchError("xpath needs one XPath expression in quotes", node=cmd)
    path = words[0].text
    from lxml import etree  # which other commands have no use for

    try:
        select = etree.XPath(path)
        # Several elements beside one another get a root, which absolute paths have to name.
        beside = etree.XPath(f"/{_ROOT}{path}") if re.match(r"/(?!/)", path) else select
    except (etree.XPathError, ValueError) as error:  # ValueError: a character that XML has not
        raise SearchError(f"xpath: '{path}' is no XPath expression: {error}", node=words[0]) from error
    name, default = str(cmd.option("outfield", "xpath")), cmd.option("default")
    text = input_text(table, str(cmd.option("field", "_raw")))
    texts = [None] * len(table) if text is None else text.to_list()
    rows = [_selected(select, beside, value) or ([str(default)] if default is not None else None) for value in texts]
    return with_fields(table, [from_lists(name, rows)])


_ROOT = "caltrop"


def _selected(select: etree.XPath, beside: etree.XPath, text: str | None) -> list[str]:
    xml = text[max(text.find("<"), 0) :] if text else ""
    root = parse_xml(xml) if xml else None
    if root is None and xml:
        root, select = parse_xml(f"<{_ROOT}>{xml}</{_ROOT}>"), beside
    if root is None:
        return []
    from lxml import etree

    try:
        found = select(root.getroottree())
    except etree.XPathError:
        return []
    if not isinstance(found, list):
        return [
            f"{found:g}" if isinstance(found, float) else str(found).lower() if isinstance(found, bool) else str(found)
        ]
    texts = (inner_text(item) if isinstance(item, etree._Element) else str(item) for item in found)
    return [value for value in texts if value]
