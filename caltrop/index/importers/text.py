"""Text that is broken into events by props: log files, classic and XML renderings of Windows events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from caltrop.index.importers.options import Context
from caltrop.index.linebreak import Breaker


@dataclass(frozen=True, slots=True)
class Kind:
    """What a format is taken for where no settings are configured. Columns computed from `_raw` replace constants;
    `clean` takes off what stands between events; nothing left of one is no event."""

    sourcetype: str
    props: Mapping[str, str]
    host: pl.Expr | None = None
    source: pl.Expr | None = None
    clean: pl.Expr | None = None


XML = Kind(
    "XmlWinEventLog",
    {
        "SHOULD_LINEMERGE": "false",
        # A pattern that begins with plain text is found many times faster than one that begins with white space.
        "LINE_BREAKER": r"()<Event[\s>]",
        "TIME_PREFIX": r"SystemTime=['\x22]",
        "MAX_TIMESTAMP_LOOKAHEAD": "40",
        "TRUNCATE": "0",
    },
    host=pl.col("_raw").str.extract(r"<Computer>([^<]+)</Computer>", 1),
    source="XmlWinEventLog:" + pl.col("_raw").str.extract(r"<Channel>([^<]+)</Channel>", 1),
    clean=pl.col("_raw")
    .str.replace(r"^(?:\s|<\?xml[^>]*>|</?Events>)+", "")
    .str.strip_chars_end()
    .str.strip_suffix("</Events>")
    .str.strip_chars_end(),
)
CLASSIC = Kind(
    "WinEventLog",
    {
        "SHOULD_LINEMERGE": "false",
        "LINE_BREAKER": r"([\r\n]+)(?=\d{1,2}/\d{1,2}/\d{2,4} \d{1,2}:\d{2}:\d{2}(?:\.\d+)? [AaPp][Mm]\s)",
        "MAX_TIMESTAMP_LOOKAHEAD": "30",
        "TRUNCATE": "0",
    },
    host=pl.col("_raw").str.extract(r"(?m)^ComputerName=([^\r\n]+)", 1),
    source="WinEventLog:" + pl.col("_raw").str.extract(r"(?m)^LogName=([^\r\n]+)", 1),
)
AUDIT = Kind(
    "linux:audit", {"SHOULD_LINEMERGE": "false", "TIME_PREFIX": r"msg=audit\(", "MAX_TIMESTAMP_LOOKAHEAD": "24"}
)


def read(context: Context, chunks: Iterator[bytes], kind: Kind) -> Iterator[pl.DataFrame]:
    """Events of a text. Host and source of Windows events come from the events themselves."""
    props = context.props(kind.sourcetype, kind.props)
    breaker = Breaker(props)
    clock = context.clock(props)
    waiting: list[str] = []
    size = 0

    def flush() -> Iterator[pl.DataFrame]:
        texts = pl.DataFrame({"_raw": waiting}, schema={"_raw": pl.String})
        if kind.clean is not None:
            texts = texts.select(kind.clean).filter(pl.col("_raw") != "")
        if texts.height:
            raw = texts.get_column("_raw")
            times = clock.times(raw)
            host = _column(texts, kind.host, "localhost")
            source = _column(texts, kind.source, context.name)
            yield context.frame(raw, times, kind.sourcetype, host=host, source=source)

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
