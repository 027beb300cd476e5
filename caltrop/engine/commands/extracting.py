"""rex: fields out of text by regular expression, and sed-like edits (Search Reference: rex)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import polars as pl

from caltrop.dialect.patterns import Regex, SedCommand, fill, replace_all, replacement_template, sed_commands
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.regexes import compile_pattern
from caltrop.engine.registry import command
from caltrop.engine.table import MULTIVALUE, Table, render, values_of
from caltrop.engine.values import Value, lists_or_text
from caltrop.errors import CaltropError
from caltrop.knowledge.columns import coalesce
from caltrop.spl.ast import Command, Word


@command("rex")
def rex(table: Table, cmd: Command, ctx: Context) -> Table:
    """Named groups become fields; rows without a match keep what they have."""
    words = cmd.of(Word)
    if len(words) != 1:
        raise SearchError("rex needs one regular expression", node=cmd)
    word, name = words[0], str(cmd.option("field", "_raw"))
    mode = cmd.option("mode")
    if mode is not None and str(mode).lower() != "sed":
        raise SearchError(f"rex: mode={mode} is not known", node=cmd, hint="the only mode is sed")
    if mode is not None:
        edit = parse_sed(word)
        if name not in table:
            return table
        return table.with_frame(table.frame.with_columns(edit(table.frame.get_column(name)).alias(name)))
    limit = cmd.option("max_match", 1)
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
        raise SearchError(f"rex: max_match={limit} is no count", node=cmd)
    regex = compile_pattern(word.text, node=word)
    if not any(regex.names):
        raise SearchError("rex: the regular expression names no group to extract", node=word, hint="write (?<field>…)")
    if name not in table:
        return table
    offset = cmd.option("offset_field")
    found = (
        _first(regex, table.frame.get_column(name))
        if limit == 1
        else _several(regex, table.frame.get_column(name), limit)
    )
    if offset is not None:
        found.append(_offsets(regex, table.frame.get_column(name)).alias(str(offset)))
    frame = table.frame
    for column in found:
        old = frame.get_column(column.name) if column.name in frame.columns else None
        frame = frame.with_columns(column if old is None else coalesce(column, old))
    return table.with_frame(frame)


def _first(regex: Regex, column: pl.Series) -> list[pl.Series]:
    """The groups of the first match; in a multivalue, of the first value that matches."""
    if column.dtype == MULTIVALUE:
        return _several(regex, column, 1)
    groups = regex.first(render(column))
    return [group.alias(name) for name, group in zip(regex.names, groups, strict=True) if name]


def _several(regex: Regex, column: pl.Series, limit: int) -> list[pl.Series]:
    """The groups of up to `limit` matches (0: all) as multivalues. A group that takes no part in a match is empty there."""
    names = [name for name in regex.names if name]
    out: dict[str, list[list[str] | None]] = {name: [] for name in names}
    for values in values_of(column).to_list():
        matches = [m for value in values or () for m in regex.python.finditer(value, limit)]
        if limit:
            matches = matches[:limit]
        for name in names:
            found = [m.group(name) for m in matches]
            out[name].append([text or "" for text in found] if any(text is not None for text in found) else None)
    return [_tidy(pl.Series(name, rows, dtype=MULTIVALUE)) for name, rows in out.items()]


def _tidy(column: pl.Series) -> pl.Series:
    return lists_or_text(Value(column)).column.alias(column.name)


def _offsets(regex: Regex, column: pl.Series) -> pl.Series:
    """name=first-last&… : zero-based positions of each group's first and last character."""

    def row(text: str | None) -> str | None:
        match = regex.python.search(text) if text is not None else None
        if match is None:
            return None
        spans = {name: match.span(name) for name in regex.names if name and match.group(name) is not None}
        return "&".join(f"{name}={start}-{end - 1}" for name, (start, end) in spans.items()) or None

    if column.dtype == MULTIVALUE:
        column = column.list.first()
    return pl.Series([row(text) for text in render(column).to_list()], dtype=pl.String)


# --- sed --------------------------------------------------------------------------------------------------------------


def parse_sed(word: Word) -> Callable[[pl.Series], pl.Series]:
    """The commands of a sed script, one after the other, as SEDCMD of props.conf takes them."""
    try:
        commands = sed_commands(word.text)
    except CaltropError as error:
        raise SearchError(f"rex: {error.message}", node=word, hint=error.hint) from error
    if not commands:
        raise SearchError("rex: the sed expression is empty", node=word)

    def edit(column: pl.Series) -> pl.Series:
        for step in commands:
            column = _each(column, partial(_substitute, step))
        return column

    return edit


def _each(column: pl.Series, edit: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """The edit over every value, several in a row or one."""
    if column.dtype != MULTIVALUE:
        return edit(render(column))
    return column.list.eval(pl.element().map_batches(edit, return_dtype=pl.String))


def _substitute(command: SedCommand, texts: pl.Series) -> pl.Series:
    """Every match (limit 0), or only one of them."""
    if (table := command.table) is not None:
        return pl.Series(texts.name, [None if t is None else t.translate(table) for t in texts.to_list()], pl.String)
    regex = compile_pattern(command.pattern)
    if command.limit == 0 and command.first == 1:
        return replace_all(regex, texts, _ampersand(command.replacement))
    template = replacement_template(_ampersand(command.replacement))

    def one(text: str) -> str:
        out, end = [], 0
        for number, match in enumerate(regex.python.finditer(text), 1):
            if number >= command.first:
                out += [text[end : match.start()], fill(template, match)]
                end = match.end()
                if command.limit:
                    break
        return "".join([*out, text[end:]])

    return pl.Series(texts.name, [None if t is None else one(t) for t in texts.to_list()], dtype=pl.String)


def _ampersand(target: str) -> str:
    """Splunk's sed knows \\1 and the common escapes, and takes & as it is."""
    return target.replace("\\n", "\n").replace("\\t", "\t").replace("\\/", "/")
