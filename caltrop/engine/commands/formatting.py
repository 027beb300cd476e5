"""format and return: results as the text of a search."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from caltrop.dialect.words import quoted
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import Table, render
from caltrop.spl.ast import Alias, Command, FieldName, Node, Word

DEFAULT = ("(", "(", "AND", ")", "OR", ")")


@command("format")
def format_(table: Table, cmd: Command, ctx: Context) -> Table:
    """One row with the field `search`: ( ( a="1" AND b="2" ) OR ( … ) ), fields by name; NOT ( ) for no results."""
    words = [w.text for w in cmd.of(Word)]
    if words and len(words) != len(DEFAULT):
        raise SearchError(
            "'format' takes no strings, or six: row prefix, column prefix, column separator, column end, row separator, row end",
            node=cmd,
        )
    opening, start, between, end, rows_between, closing = words or DEFAULT
    most = cmd.option("maxresults", 0)
    frame = table.frame.head(most) if isinstance(most, int) and most > 0 else table.frame
    names = sorted(name for name in frame.columns if not name.startswith("_"))
    columns = {name: render(frame.get_column(name)).to_list() for name in names}
    separator = str(cmd.option("mvsep", "OR"))
    rows = []
    for i in range(frame.height):
        terms = [_term(name, columns[name][i], separator) for name in names if columns[name][i] is not None]
        if terms:
            rows.append(f"{start} {f' {between} '.join(terms)} {end}")
    text = f"{opening} {f' {rows_between} '.join(rows)} {closing}" if rows else str(cmd.option("emptystr", "NOT ( )"))
    return Table(pl.DataFrame({"search": [text]}))


def _term(name: str, value: str | Sequence[str], separator: str) -> str:
    if name in ("search", "query"):
        return f"({value})" if isinstance(value, str) else "(" + " ".join(value) + ")"
    if isinstance(value, str):
        return f"{name}={quoted(value)}"
    return "( " + f" {separator} ".join(f"{name}={quoted(v)}" for v in value) + " )"


@command("return", note="Several rows are written (…) OR (…), one row without parentheses.")
def return_(table: Table, cmd: Command, ctx: Context) -> Table:
    """One row with the field `search`: field="value" of the first N rows, alias="value", or the bare value for $field.

    Equal rows are written once. Quotation marks in values are not escaped, which the manual leaves to the search.
    """
    count = cmd.option("count", 1)
    frame = table.frame.head(count if isinstance(count, int) and count > 0 else 1)
    items = [_item(part) for part in cmd.parts if isinstance(part, FieldName | Alias | Word)]
    if not items:
        raise SearchError("'return' needs fields", node=cmd, hint="write return 5 src, return dest=src or return $src")
    rows = []
    columns = {n: render(frame.get_column(n)).to_list() for _, n in items if n in frame.columns}
    for i in range(frame.height):
        terms = []
        for alias, name in items:
            value = columns[name][i] if name in columns else None
            if value is None:
                continue
            text = value if isinstance(value, str) else " ".join(value)
            terms.append(text if alias is None else f'{alias}="{text}"')
        if terms:
            rows.append(" ".join(terms))
    rows = list(dict.fromkeys(rows))
    text = rows[0] if len(rows) == 1 else " OR ".join(f"({row})" for row in rows)
    return Table(pl.DataFrame({"search": [text or "NOT ( )"]}))


def _item(part: Node) -> tuple[str | None, str]:
    """(name to write, field to read); None writes the value alone."""
    if isinstance(part, Alias):
        return part.target.name, part.source.name
    name = part.text if isinstance(part, Word) else part.name if isinstance(part, FieldName) else ""
    return (None, name[1:]) if name.startswith("$") else (name, name)
