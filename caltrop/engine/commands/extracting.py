"""rex: fields out of text by regular expression, and sed-like edits (Search Reference: rex)."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import polars as pl

from caltrop.dialect.lists import collected
from caltrop.dialect.patterns import Regex, RegexError, sed_script
from caltrop.engine import budget
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError, option_error
from caltrop.engine.regexes import REX, compile_pattern
from caltrop.engine.registry import command
from caltrop.engine.table import MULTIVALUE, Table, pick, render
from caltrop.engine.values import Value, lists_or_text
from caltrop.index.coding import by_value
from caltrop.knowledge.columns import coalesce
from caltrop.spl.ast import Command, Word

# A sed expression is one without mode=sed too: as a pattern it would name no group.
_SED = re.compile(r"\s*(?:s([/|#,;:!@%~])(?:(?!\(\?P?<\w)(?:\\.|(?!\1).))*\1(?:\\.|(?!\1).)*\1[gi\d]*\s*$)", re.DOTALL)


@command("rex", settled=True)
def rex(table: Table, cmd: Command, ctx: Context) -> Table:
    """Named groups become fields; rows without a match keep what they have."""
    words = cmd.of(Word)
    if len(words) != 1:
        raise SearchError("rex needs one regular expression", node=cmd)
    word, name = words[0], str(cmd.option("field", "_raw"))
    mode = cmd.option("mode")
    if mode is not None and str(mode).lower() != "sed":
        raise SearchError(f"rex: mode={mode} is not known", node=cmd, hint="the only mode is sed")
    if mode is not None or _SED.match(word.text):
        edit = parse_sed(word)
        if name not in table:
            return table
        return table.with_frame(table.frame.with_columns(edit(table.frame.get_column(name)).alias(name)))
    limit = cmd.option("max_match", 1)
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
        raise option_error(
            f"rex: max_match={limit} is no count",
            node=cmd,
            name="max_match",
            value=limit,
            kind="non-negative integer",
        )
    regex = compile_pattern(word.text, node=word, wording=REX)
    if not any(regex.names):
        raise SearchError(
            "rex: the regular expression names no group to extract",
            node=word,
            hint="write (?<field>…)",
            says=f"The regex '{word.text}' does not extract anything. It should specify at least one named group. "
            "Format: (?<name>...).",
        )
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
    return list(regex.named(by_value(render(column), regex.first)).values())


def _several(regex: Regex, column: pl.Series, limit: int) -> list[pl.Series]:
    """The groups of up to `limit` matches (0: all) as multivalues. A group that takes no part in a match is empty there."""
    parts = [_of_some(regex, some, limit) for some in budget.parts(column)]
    return [_tidy(pl.concat(groups)) for groups in zip(*parts, strict=True)]


def _of_some(regex: Regex, column: pl.Series, limit: int) -> list[pl.Series]:
    owners: pl.Series | None = None
    if column.dtype == MULTIVALUE:
        values = column.alias("value").to_frame().with_row_index("row").explode("value")
        owners, text = values.get_column("row"), values.get_column("value")
    else:
        text = render(column)
    rows, groups = regex.every(text, most=limit or None)
    if owners is not None:
        rows = owners.gather(rows)
        if limit:
            kept = rows.to_frame("row").select(pl.int_range(pl.len()).over("row") < limit).to_series()
            rows, groups = rows.filter(kept), [group.filter(kept) for group in groups]
    out = []
    for name, group in regex.named(groups).items():
        (made,) = collected(rows, [group.fill_null("")], len(column))
        if group.null_count():  # nothing, where it took part in no match
            took = pl.int_range(len(column), dtype=pl.UInt32, eager=True).is_in(
                rows.filter(group.is_not_null()).unique().implode()
            )
            made = pick(took, made)
        out.append(made.alias(name))
    return out


def _places(regex: Regex) -> dict[str, list[int]]:
    """The numbers of the groups that have a name."""
    places: dict[str, list[int]] = {}
    for number, name in enumerate(regex.names, 1):
        if name:
            places.setdefault(name, []).append(number)
    return places


def _tidy(column: pl.Series) -> pl.Series:
    return lists_or_text(Value(column)).column.alias(column.name)


def _offsets(regex: Regex, column: pl.Series) -> pl.Series:
    """name=first-last&… : zero-based positions of each group's first and last character."""

    def row(text: str | None) -> str | None:
        match = regex.bounded.search(text) if text is not None else None
        if match is None:
            return None
        spans = {
            name: match.span(number)
            for name, groups in _places(regex).items()
            for number in groups
            if match.group(number) is not None
        }
        return "&".join(f"{name}={start}-{end - 1}" for name, (start, end) in spans.items()) or None

    if column.dtype == MULTIVALUE:
        column = column.list.first()
    return pl.Series([row(text) for text in render(column).to_list()], dtype=pl.String)


# --- sed --------------------------------------------------------------------------------------------------------------


def parse_sed(word: Word) -> Callable[[pl.Series], pl.Series]:
    """A sed script as SEDCMD of props.conf takes it."""
    try:
        script = sed_script(word.text)
    except RegexError as error:
        raise SearchError(
            f"rex: {error.message}",
            node=word,
            hint=error.hint,
            says=f"Failed to initialize sed. {error.reason}",
        ) from error
    return partial(_each, edit=script)


def _each(column: pl.Series, edit: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """The edit over every value, several in a row or one."""
    if column.dtype != MULTIVALUE:
        return edit(render(column))
    return column.list.eval(pl.element().map_batches(edit, return_dtype=pl.String))
