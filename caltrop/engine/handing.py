"""What custom commands are handed of a search, and how their rows come back: the same for both protocols."""

from __future__ import annotations

import polars as pl

from caltrop.engine.table import render
from caltrop.spl import unparse
from caltrop.spl.ast import Alias, Clause, Command, FieldName, Literal, Node, Option, Subsearch, Word


def arguments(command: Command, *, quote: bool) -> list[str]:
    """The arguments as they were written, or (`quote` False) without their quotes."""
    return [text for part in command.parts for text in _argument(part, quote)]


def _argument(part: Node, quote: bool) -> list[str]:
    if isinstance(part, Clause):
        return [part.keyword, *(text for inner in part.parts for text in _argument(inner, quote))]
    if quote or isinstance(part, Subsearch):
        return [unparse(part)]
    if isinstance(part, Option):
        value = part.value
        text = ("true" if value else "false") if isinstance(value, bool) else str(value)
        return [f"{part.name}={text}"]
    if isinstance(part, Word):
        return [part.text]
    if isinstance(part, FieldName):
        return [part.name]
    if isinstance(part, Alias):
        return [part.source.name, "as", part.target.name]
    if isinstance(part, Literal):
        return [str(part.value)]
    return [unparse(part)]


def with_text_time(frame: pl.DataFrame) -> pl.DataFrame:
    """`_time` as the text that a script reads."""
    return frame if "_time" not in frame.columns else frame.with_columns(render(frame.get_column("_time")))


def with_numbered_time(frame: pl.DataFrame) -> pl.DataFrame:
    """`_time` as epoch seconds again."""
    if "_time" not in frame.columns:
        return frame
    return frame.with_columns(pl.col("_time").cast(pl.Float64, strict=False))
