"""Values of a content file, taken out of its mappings by key.

Values of the wrong type have been reported by the time they are taken (`spec.check`); here they only must not hurt.
"""

from __future__ import annotations

from typing import Any

from caltrop.content.model import Schedule

Data = dict[str, Any]


def text(data: Data, key: str, default: str = "") -> str:
    value = data.get(key)
    if value is None or isinstance(value, list | dict):
        return default
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def texts(data: Data, key: str) -> tuple[str, ...]:
    value = data.get(key)
    if value is None:
        return ()
    if not isinstance(value, list):
        value = [value]
    return tuple(str(item) for item in value if item is not None and not isinstance(item, list | dict))


def integer(data: Data, key: str, default: int = 0) -> int:
    value = data.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return default
    return round(value)


def mapping(data: Data, key: str) -> Data:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def mappings(data: Data, key: str) -> list[Data]:
    value = data.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def item_fields(data: Data, file: str, schema_name: str) -> Data:
    """The fields that every object has. Older schemas have one `date`, which stands for both."""
    date = text(data, "date")
    return {
        "name": text(data, "name").strip() or file.rsplit("/", 1)[-1].removesuffix(".yml"),
        "file": file,
        "id": text(data, "id"),
        "version": integer(data, "version", 1),
        "creation_date": text(data, "creation_date", date),
        "modification_date": text(data, "modification_date", date),
        "author": text(data, "author"),
        "description": text(data, "description").strip(),
        "schema": schema_name,
    }


def schedule(data: Data) -> Schedule:
    default = Schedule()
    return Schedule(
        cron_schedule=text(data, "cron_schedule", default.cron_schedule),
        earliest_time=text(data, "earliest_time", default.earliest_time),
        latest_time=text(data, "latest_time", default.latest_time),
        schedule_window=text(data, "schedule_window", default.schedule_window),
    )


def own_schedule(data: Data) -> Schedule | None:
    """A schedule of the object's own, in either spelling, or None: then its type's deployment holds."""
    custom = mapping(data, "custom_schedule") or mapping(mapping(data, "deployment"), "scheduling")
    return schedule(custom) if custom else None


def optional(data: Data, key: str) -> int | None:
    value = data.get(key)
    return round(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
