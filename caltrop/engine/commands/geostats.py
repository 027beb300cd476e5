"""geostats (Search Reference, "geostats"): statistics in the tiles of a map, for every zoom level.

At zoom level 0 a tile spans binspanlat x binspanlong degrees; each further level halves both. A row is a tile with events.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from caltrop.engine.aggregate import aggregate
from caltrop.engine.aggregate.arguments import aggregations, by_fields, flag, gathered, number, text, whole
from caltrop.engine.aggregate.series import Selection, SeriesOptions, pivot
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import Table, numeric
from caltrop.spl.ast import Aggregation, Command, FieldName

TILE, LATITUDE, LONGITUDE = "geobin", "\x00lat", "\x00lon"


@command("geostats", note="locallimit is read as a limit of the whole map, like globallimit.")
def geostats(table: Table, cmd: Command, ctx: Context) -> Table:
    """A row a tile and zoom level: geobin, the mean position of its events, the aggregations or series."""
    by = by_fields(cmd)
    cmd = gathered(cmd)
    written = aggregations(cmd)
    if len(by) > 1:
        raise SearchError("geostats takes one BY field", node=cmd)
    lat, lon = text(cmd, "latfield", "lat"), text(cmd, "longfield", "lon")
    latitude, longitude = text(cmd, "outputlatfield", "latitude"), text(cmd, "outputlongfield", "longitude")
    levels = whole(cmd, "maxzoomlevel", 9)
    if levels > 9:
        raise SearchError("geostats: maxzoomlevel is at most 9", node=cmd)
    height, width = number(cmd, "binspanlat", 22.5), number(cmd, "binspanlong", 45.0)
    if height <= 0 or width <= 0:
        raise SearchError("geostats: tiles need a positive size", node=cmd)
    if lat not in table or lon not in table:
        return Table.empty([TILE, latitude, longitude])
    frame = table.frame.with_columns(
        numeric(table.frame.get_column(lat)).alias(LATITUDE), numeric(table.frame.get_column(lon)).alias(LONGITUDE)
    ).filter(pl.col(LATITUDE).is_between(-90, 90) & pl.col(LONGITUDE).is_between(-180, 180))
    if flag(cmd, "translatetoxy", True) is False:
        return Table(_one_level(frame, written, by, cmd, ctx, height, width, None, latitude, longitude))
    parts = [
        _one_level(frame, written, by, cmd, ctx, height / 2**zoom, width / 2**zoom, zoom, latitude, longitude)
        for zoom in range(levels + 1)
    ]
    return Table(pl.concat(parts, how="diagonal_relaxed"))


def _one_level(
    frame: pl.DataFrame, written: Sequence[Aggregation], by: Sequence[str], cmd: Command, ctx: Context,
    height: float, width: float, zoom: int | None, latitude: str, longitude: str,
) -> pl.DataFrame:  # fmt: skip
    """The tiles of one size; `zoom` None names them by their own size only."""
    y = ((pl.col(LATITUDE) + 90) / height).floor().cast(pl.Int64)
    x = ((pl.col(LONGITUDE) + 180) / width).floor().cast(pl.Int64)
    frame = frame.with_columns(
        pl.format("bin_id_zl_{}_y_{}_x_{}", pl.lit(zoom or 0), y, x).alias(TILE), y.alias("\x00y"), x.alias("\x00x")
    )
    centre = [
        Aggregation("avg", FieldName(LATITUDE), latitude, ""), Aggregation("avg", FieldName(LONGITUDE), longitude, ""),
        Aggregation("min", FieldName("\x00y"), "\x00y", ""), Aggregation("min", FieldName("\x00x"), "\x00x", ""),
    ]  # fmt: skip
    tiles = aggregate(frame, centre, [TILE], ctx).sort("\x00y", "\x00x").drop("\x00y", "\x00x")
    if by:
        options = SeriesOptions(
            Selection(whole(cmd, "globallimit", 10)),
            useother=True,
            usenull=False,
            other="OTHER",
            null="NULL",
            template="$AGG$: $VAL$",
            dedup=False,
            taken=frozenset({latitude, longitude}),
        )
        result, _ = pivot(frame, written, TILE, by[0], options, ctx)
    else:
        result = aggregate(frame, written, [TILE], ctx)
    return tiles.join(result, on=TILE, how="left", maintain_order="left")
