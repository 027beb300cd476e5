"""Text that is broken into events by props, and what formats of text differ in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from caltrop.index.importers.options import Context
from caltrop.index.linebreak import Breaker
from caltrop.index.timestamp import unfound


@dataclass(frozen=True, slots=True)
class Kind:
    """What a format is taken for where no settings are configured. Columns computed from `_raw` replace constants;
    `clean` takes off what stands between events; nothing left of one is no event."""

    sourcetype: str
    props: Mapping[str, str]
    host: pl.Expr | None = None
    source: pl.Expr | None = None
    clean: pl.Expr | None = None


def read(context: Context, chunks: Iterator[bytes], kind: Kind) -> Iterator[pl.DataFrame]:
    """Events of a text. Host and source of Windows events come from the events themselves."""
    props = context.props(kind.sourcetype, kind.props)
    breaker = Breaker(props, context.problem)
    clock = context.clock(props)
    waiting: list[str] = []
    size = 0

    def flush() -> Iterator[pl.DataFrame]:
        texts = pl.DataFrame({"_raw": waiting}, schema={"_raw": pl.String})
        if kind.clean is not None:
            texts = texts.select(kind.clean).filter(pl.col("_raw") != "")
        if texts.height:
            raw = texts.get_column("_raw")
            found = clock.found(raw)
            times = clock.fill(found)
            host = _column(texts, kind.host, "localhost")
            source = _column(texts, kind.source, context.name)
            frame = context.frame(raw, times, kind.sourcetype, host=host, source=source, indexed=unfound(found))
            yield frame if props.oldest is None else frame.filter(pl.col("_time") >= context.now - props.oldest)

    for chunk in chunks:
        waiting += breaker.feed(chunk)
        size += len(chunk)
        if len(waiting) >= context.options.batch_rows or size >= context.options.batch_bytes:
            yield from flush()
            waiting, size = [], 0
    waiting += breaker.finish()
    yield from flush()
    if breaker.truncated:
        context.problem(f"{breaker.truncated} lines were cut at TRUNCATE = {props.truncate} characters")


def _column(texts: pl.DataFrame, expression: pl.Expr | None, default: str) -> pl.Series | str:
    return default if expression is None else texts.select(expression.fill_null(default)).to_series()
