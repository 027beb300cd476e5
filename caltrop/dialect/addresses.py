"""IPv4 addresses in whole columns. What Python's `ipaddress` takes for one is one: four numbers of at most 255 without leading zeros."""

from __future__ import annotations

from ipaddress import IPv4Network

import polars as pl

_PART = "(0|[1-9][0-9]{0,2})"
_QUAD = rf"\A{_PART}\.{_PART}\.{_PART}\.{_PART}\z"


def ipv4(text: pl.Series) -> pl.Series:
    """The number of each address (UInt32), null where a text is none."""
    parts = text.to_frame("text").select(pl.col("text").str.extract_groups(_QUAD)).to_series().struct.unnest()
    parts = parts.with_columns(pl.all().cast(pl.UInt64))
    number = pl.lit(0, pl.UInt64)
    for name in parts.columns:
        number = number * 256 + pl.col(name)
    fits = pl.max_horizontal(parts.columns) < 256
    return parts.select(pl.when(fits).then(number).cast(pl.UInt32).alias("number")).to_series()


def inside(numbers: pl.Series, block: IPv4Network) -> pl.Series:
    """Whether the addresses are of the block; null stays null."""
    first, last = int(block.network_address), int(block.broadcast_address)
    return numbers.is_between(first, last)
