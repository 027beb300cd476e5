"""foreach: a template run for each field, or for each value of a field (Search Reference: foreach)."""

from __future__ import annotations

import re
from collections.abc import Callable

import polars as pl

from caltrop.dialect.words import starred
from caltrop.engine import budget, fieldnames, registry
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.execute import subsearch_part
from caltrop.engine.jsonvalues import parse_json, plain
from caltrop.engine.registry import command
from caltrop.engine.table import MULTIVALUE, Table, concat, values_of
from caltrop.errors import CaltropError
from caltrop.spl import parse, unparse
from caltrop.spl.ast import Command, FieldName, Raw

_ITEM = "caltrop item"
_ROW = "caltrop row"
MAX_ITEMS = 100_000
_ONE_EVAL = re.compile(r'\s*\|?\s*eval\b(?:"(?:[^"\\]|\\.)*+"|[^"|])*', re.IGNORECASE | re.DOTALL)


@command("foreach")
def foreach(table: Table, cmd: Command, ctx: Context) -> Table:
    """Run the template once for each field that matches, with <<FIELD>> and the like replaced."""
    template = next((part.text for part in cmd.of(Raw)), None)
    if template is None:
        template = unparse(subsearch_part(cmd).pipeline)
    _refuse_unless_streaming(template, cmd)
    names = [node.name for node in cmd.of(FieldName)]
    mode = str(cmd.option("mode", "multifield")).lower()
    if not names and mode != "auto_collections":
        raise SearchError("foreach needs fields", node=cmd)
    if mode == "multifield":
        return _over_fields(table, names, template, cmd, ctx)
    if mode not in ("multivalue", "json_array", "auto_collections"):
        raise SearchError(
            f"foreach: unknown mode '{mode}'", node=cmd, hint="multifield, multivalue, json_array or auto_collections"
        )
    if not _ONE_EVAL.fullmatch(template):
        raise SearchError(f"foreach: mode={mode} takes exactly one eval command", node=cmd)
    for name in names or _collections(table):
        if name in table:
            table = _over_items(table, name, mode, template, cmd, ctx)
    return table


def _refuse_unless_streaming(template: str, cmd: Command) -> None:
    """Splunk is reported to say so of a template that counts or makes rows; a template that only its tokens complete is read later."""
    try:
        stages = parse(template if template.lstrip().startswith("|") else f"| {template}").commands
    except CaltropError:
        return
    for stage in stages:
        entry = registry.commands.get(stage.name)
        if entry is not None and entry.kind in ("transforming", "generating"):
            raise SearchError(
                f"Search pipeline may not contain non-streaming commands: '{stage.name}'",
                node=cmd,
                hint="a template is made of commands such as eval, fillnull and rex",
            )


def _collections(table: Table) -> list[str]:
    """The fields that hold several values or a JSON array in some row."""

    def holds_array(column: pl.Series) -> bool:
        return column.dtype == pl.String and any(
            isinstance(parse_json(text)[0], list) for text in column.filter(column.str.starts_with("[")).to_list()
        )

    return [c.name for c in table.frame.iter_columns() if c.dtype == MULTIVALUE or holds_array(c)]


def _run(table: Table, text: str, ctx: Context) -> Table:
    return ctx.engine.run(parse(text if text.lstrip().startswith("|") else f"| {text}"), ctx, source=table)


def _over_fields(table: Table, names: list[str], template: str, cmd: Command, ctx: Context) -> Table:
    for pattern in names:
        for name in fieldnames.matching(pattern, table.fields) if "*" in pattern else [pattern]:
            table = _run(table, _filled(template, name, pattern, cmd), ctx)
    return table


def _filled(template: str, name: str, pattern: str, cmd: Command) -> str:
    """The template with <<FIELD>>, <<MATCHSTR>> and <<MATCHSEG1>>… put in as text."""
    segments = starred(pattern, name) or ()
    tokens = {
        _token(cmd, "fieldstr", "FIELD"): name,
        _token(cmd, "matchstr", "MATCHSTR"): segments[0] if len(segments) == 1 else "".join(segments),
    }
    for i in range(1, 4):
        tokens[_token(cmd, f"matchseg{i}", f"MATCHSEG{i}")] = segments[i - 1] if i <= len(segments) else ""
    return re.sub("|".join(map(re.escape, sorted(tokens, key=len, reverse=True))), lambda m: tokens[m[0]], template)


def _token(cmd: Command, option: str, default: str) -> str:
    given = cmd.option(option)
    return f"<<{default}>>" if given is None else str(given)


# --- values of a field --------------------------------------------------------------------------------------------------


def _over_items(table: Table, field: str, mode: str, template: str, cmd: Command, ctx: Context) -> Table:
    """The template for the first value of every row, then for the second, …: each sees what the one before left."""
    lists = _items(table.frame.get_column(field), mode)
    longest = max((len(items) for items in lists), default=0)
    if longest > MAX_ITEMS:
        raise SearchError(f"foreach: more than {MAX_ITEMS} values in one row", node=cmd)
    item, iteration = _token(cmd, "itemstr", "ITEM"), _token(cmd, "iterstr", "ITER")
    text = _with_item(template.replace("<<FIELD>>", field), item)
    for i in range(longest):
        chosen = pl.Series([len(items) > i for items in lists])
        values = pl.Series(_ITEM, [items[i] for items in lists if len(items) > i], dtype=pl.String)
        table = _on_rows(table, chosen, values, lambda t, i=i: _run(t, text.replace(iteration, str(i)), ctx))  # type: ignore[misc]
    return table


def _items(column: pl.Series, mode: str) -> list[list[str]]:
    def elements(values: list[str] | None) -> list[str]:
        if values is None:
            return []
        if mode != "multivalue" and len(values) == 1:
            parsed, valid = parse_json(values[0])
            if valid and isinstance(parsed, list):
                return [text for v in parsed if (text := plain(v)) is not None]
        return [] if mode == "json_array" else values

    return [elements(values) for values in budget.steps(values_of(column).to_list())]


def _with_item(template: str, token: str) -> str:
    """<<ITEM>> as a field that holds the value; inside a quoted string it is concatenated in."""
    out = []
    for part in re.split(r'("(?:[^"\\]|\\.)*")', template):
        if part == f'"{token}"':
            out.append(f"'{_ITEM}'")
        elif part.startswith('"') and token in part:
            out.append(
                "("
                + ".".join(
                    f'"{p}"' if p != token else f"'{_ITEM}'" for p in re.split(f"({re.escape(token)})", part[1:-1]) if p
                )
                + ")"
            )
        else:
            out.append(part.replace(f"'{token}'", f"'{_ITEM}'").replace(token, f"'{_ITEM}'"))
    return "".join(out)


def _on_rows(table: Table, chosen: pl.Series, values: pl.Series, run: Callable[[Table], Table]) -> Table:
    """Run over some rows only, and put all rows back in their order."""
    frame = table.frame.with_row_index(_ROW)
    result = run(table.with_frame(frame.filter(chosen).with_columns(values)))
    rest = table.with_frame(frame.filter(~chosen))
    joined = (
        concat([table.with_frame(result.frame.drop(_ITEM)), rest])
        if len(rest)
        else table.with_frame(result.frame.drop(_ITEM))
    )
    return table.with_frame(joined.frame.sort(_ROW).drop(_ROW))
