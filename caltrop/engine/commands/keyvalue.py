"""Pairs and text tables in raw events: extract (kv), multikv (Search Reference pages of those names)."""

from __future__ import annotations

import re

import polars as pl

from caltrop.engine import asking
from caltrop.engine.commands.filtering import flag
from caltrop.engine.commands.markup import input_text, with_fields
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import Table
from caltrop.knowledge import automatic, columns
from caltrop.knowledge.asking import Fault
from caltrop.knowledge.columns import Columns
from caltrop.knowledge.limits import KV_CHARACTERS, KV_COLUMNS
from caltrop.knowledge.texttables import table_rows, tables
from caltrop.knowledge.transforms import transform
from caltrop.spl.ast import Command, FieldName, Word

PAIR_LIMIT = 50  # the default of limit=, which limits.conf does not say


@command("extract", "kv")
def extract(table: Table, cmd: Command, ctx: Context) -> Table:
    """Pairs of `_raw` as fields: at the delimiter characters given, by named transforms, else as automatic extraction does."""
    limit, maxchars = _number(cmd, "limit", PAIR_LIMIT), _number(cmd, "maxchars", ctx.limit(KV_CHARACTERS))
    text = input_text(table, "_raw")
    if text is None:
        return table
    text = text.str.head(maxchars)
    stanzas = cmd.of(Word)
    if stanzas:
        return _by_transforms(table, [word.text for word in stanzas], cmd, ctx)
    pair, key = cmd.option("pairdelim"), cmd.option("kvdelim")
    if pair is None and key is None:
        if not flag(cmd, "auto", True):
            return table
        rows, keys, values = automatic.pairs(text)
    else:
        rows, keys, values = delimited(text, str(pair or " ,;|&\n"), str(key or "="))
    few = rows.to_frame("row").select(pl.int_range(pl.len()).over("row") < limit).to_series()
    rows, keys, values = rows.filter(few), keys.filter(few), values.filter(few)
    if flag(cmd, "clean_keys", True) and len(keys):
        keys = automatic.clean_keys(keys)
    return with_fields(table, columns.from_pairs(len(text), rows, keys, values, multivalue=flag(cmd, "mv_add")))


def _number(cmd: Command, name: str, default: int) -> int:
    value = cmd.option(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise SearchError(f"{cmd.name}: {name}={value} is no count", node=cmd)
    return value


def _by_transforms(table: Table, names: list[str], cmd: Command, ctx: Context) -> Table:
    config = ctx.instance.config
    fields = Columns(table.frame)
    for name in names:
        stanza = config.stanza("transforms", name, ctx.app, ctx.user)
        if stanza is None:
            raise SearchError(f"extract: there is no transform named '{name}'", node=cmd)
        found = transform(stanza, asking.knowledge(ctx).regex_of)
        if isinstance(found, Fault):
            raise SearchError(f"extract: {found}", node=cmd)
        found.run(fields, None)
    return table.with_frame(fields.frame())


def delimited(text: pl.Series, pair: str, key: str) -> automatic.Triples:
    """Pairs between any of the characters of `pair`, split at one of the characters of `key`; quotes protect both.

    A value that holds such a character without quotes is none.
    """
    pairs, keys_at = re.escape(pair), re.escape(key)
    pattern = re.compile(
        rf'[{pairs}\s]*((?:"[^"]*"|[^{pairs}{keys_at}"])+?)\s*[{keys_at}]\s*("(?:[^"\\]|\\.)*"|[^{pairs}]*)'
    )
    rows: list[int] = []
    keys: list[str] = []
    values: list[str] = []
    for number, raw in enumerate(text.to_list()):
        for match in pattern.finditer(raw or ""):
            name, value = match[1].strip().strip('"'), match[2].strip()
            if len(value) >= 2 and value[0] == value[-1] == '"':
                value = value[1:-1].replace('\\"', '"')
            elif any(character in value for character in key):
                continue
            if name and value:
                rows.append(number)
                keys.append(name)
                values.append(value)
    return pl.Series(rows, dtype=pl.UInt32), pl.Series(keys, dtype=pl.String), pl.Series(values, dtype=pl.String)


# --- multikv ----------------------------------------------------------------------------------------------------------


@command("multikv")
def multikv(table: Table, cmd: Command, ctx: Context) -> Table:
    """A row for every line of a text table, with fields named by the header line, or as `conf` of multikv.conf describes it."""
    described = None if cmd.option("conf") is None else asking.knowledge(ctx).table(str(cmd.option("conf")), "")
    if isinstance(described, Fault):
        raise SearchError(f"multikv: {described}", node=cmd)
    header, most = _number(cmd, "forceheader", 0) or None, ctx.limit(KV_COLUMNS)
    text = input_text(table, "_raw")
    if text is None:
        return table
    wanted = [node.name for node in cmd.clause("fields") or () if isinstance(node, FieldName)]
    filters = [word.text.lower() for word in cmd.clause("filter") or () if isinstance(word, Word)]
    noheader = flag(cmd, "noheader")
    several = flag(cmd, "multitable", True) and header is None and not noheader
    keep = not flag(cmd, "rmorig", True)
    sources: list[int] = []
    lines: list[str] = []
    triples: list[tuple[int, str, str]] = []
    for number, raw in enumerate(text.to_list()):
        if described is not None:
            found = described.rows(raw or "", most)
        else:
            parts = tables(raw or "") if several else [raw or ""]
            found = [row for part in parts for row in table_rows(part, header, noheader, most)]
        for line, cells in found:
            if filters and not any(word in line.lower() for word in filters):
                continue
            triples += [(len(lines), name, cell) for name, cell in cells if cell and (not wanted or name in wanted)]
            sources.append(number)
            lines.append(line)
        if keep:
            sources.append(number)
            lines.append(raw)
    frame = table.frame[pl.Series(sources, dtype=pl.UInt32)] if sources else table.frame.clear()
    if not flag(cmd, "copyattrs", True):
        frame = pl.DataFrame(schema={"_raw": pl.String})
    written = pl.Series("_raw", lines, dtype=pl.String)
    frame = frame.with_columns(written) if frame.height else written.to_frame()
    rows, keys, values = (list(part) for part in zip(*triples, strict=True)) if triples else ([], [], [])
    fields = columns.from_pairs(
        frame.height,
        pl.Series(rows, dtype=pl.UInt32),
        pl.Series(keys, dtype=pl.String),
        pl.Series(values, dtype=pl.String),
    )
    return with_fields(table.with_frame(frame), fields)
