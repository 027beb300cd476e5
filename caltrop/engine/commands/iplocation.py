"""iplocation: where an address is, from a MaxMind database that the user supplies.

The database is the file that limits.conf names ([iplocation] db_path, as on Splunk); there is none by default.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import MULTIVALUE, Table, render
from caltrop.spl.ast import Command, FieldName

USUAL = ("City", "Country", "Region", "lat", "lon")
ALL = ("City", "Continent", "Country", "MetroCode", "Region", "Timezone", "lat", "lon")


@command("iplocation", note="Without a MaxMind database the fields stay empty and a warning says so.")
def iplocation(table: Table, cmd: Command, ctx: Context) -> Table:
    """Adds City, Country, Region, lat, lon (allfields=t: also Continent, MetroCode, Timezone) of an address field."""
    names = [f.name for f in cmd.of(FieldName)]
    if len(names) != 1:
        raise SearchError("'iplocation' needs one field with addresses", node=cmd)
    prefix = str(cmd.option("prefix", ""))
    wanted = ALL if cmd.option("allfields", False) else USUAL
    column = _addresses(table, names[0])
    known: dict[str, Mapping[str, str]] = {}
    path = _database(ctx)
    if path is None:
        ctx.warn(
            "iplocation: no MaxMind database is configured (limits.conf, [iplocation] db_path); its fields stay empty"
        )
    elif column is not None:
        known = _look_up(path, column.drop_nulls().unique().to_list(), str(cmd.option("lang", "en")), cmd)
    addresses = column.to_list() if column is not None else [None] * len(table)
    frame = table.frame
    for field in wanted:
        values = [known.get(address, {}).get(field) if address else None for address in addresses]
        frame = frame.with_columns(pl.Series(prefix + field, values, dtype=pl.String))
    return table.with_frame(frame)


def _addresses(table: Table, name: str) -> pl.Series | None:
    """One address a row; of several the first."""
    if name not in table:
        return None
    column = render(table.frame.get_column(name))
    return column.list.first() if column.dtype == MULTIVALUE else column


def _database(ctx: Context) -> Path | None:
    stanza = ctx.instance.config.stanza("limits", "iplocation", ctx.app, ctx.user)
    text = stanza.get("db_path") if stanza is not None else ""
    return Path(text) if text else None


def _look_up(path: Path, addresses: list[str], lang: str, cmd: Command) -> dict[str, Mapping[str, str]]:
    try:
        import maxminddb
    except ImportError as error:
        raise SearchError(
            "iplocation needs the maxminddb package to read its database", node=cmd, hint="pip install 'caltrop[geo]'"
        ) from error
    found: dict[str, Mapping[str, str]] = {}
    try:
        with maxminddb.open_database(path) as database:
            for address in addresses:
                try:
                    record = database.get(address.strip())
                except ValueError:  # not an address, or of a family that the database does not hold
                    continue
                if isinstance(record, dict):
                    found[address] = _fields(record, lang)
    except (OSError, maxminddb.InvalidDatabaseError) as error:
        raise SearchError(f"iplocation cannot read {path.name}: {error}", node=cmd) from error
    return found


def _fields(record: dict[str, Any], lang: str) -> dict[str, str]:
    """What a record of a City or Country database says, as text."""
    location = record.get("location") or {}
    regions = record.get("subdivisions") or [{}]
    values = {
        "City": _named(record.get("city"), lang),
        "Continent": _named(record.get("continent"), lang),
        "Country": _named(record.get("country"), lang),
        "Region": _named(regions[0], lang),
        "MetroCode": location.get("metro_code"),
        "Timezone": location.get("time_zone"),
        "lat": _degrees(location.get("latitude")),
        "lon": _degrees(location.get("longitude")),
    }
    return {name: str(value) for name, value in values.items() if value is not None}


def _degrees(value: object) -> str | None:
    return f"{value:.5f}" if isinstance(value, int | float) else None


def _named(part: object, lang: str) -> str | None:
    names = part.get("names") if isinstance(part, dict) else None
    return (names.get(lang) or names.get("en")) if isinstance(names, dict) else None
