"""Moving events in time, so that old captures look as if they happened just now."""

from __future__ import annotations

import math

import polars as pl


def shift(frame: pl.DataFrame, to: float, *, newest: float | None = None) -> pl.DataFrame:
    """The events moved so that the newest lies at `to` (epoch seconds), all by the same, whole number of seconds.

    `newest` is the latest `_time` of the whole dataset where `frame` is one batch of several. Only `_time` moves: text
    in `_raw`, also where it is a time, stays as the attack left it.
    """
    latest = frame.get_column("_time").max() if newest is None else newest
    if not isinstance(latest, float):
        return frame
    return frame.with_columns(pl.col("_time") + math.floor(to - latest))
