"""Windows events in the two nested JSON forms that are common: Winlogbeat's, and that of converters of EVTX files.

Winlogbeat keeps the event under `winlog`, before version 7 beside the rest, and its time, in UTC, in `@timestamp`.
Converters mirror the XML: an element is an object, its attributes are under `#attributes`, its text under `#text`; or the
element is its text, and its attributes are beside it under `<element>_attributes`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from caltrop.index.importers import collectortimes
from caltrop.index.importers.nxlog import text_of
from caltrop.index.importers.windows import AUDIT_FAILURE, AUDIT_SUCCESS, WindowsEvent, whole
from caltrop.index.importers.windowscolumns import WindowsEvents

BESIDE = "_attributes"
LEVELS = {"critical": 1, "error": 2, "warning": 3, "information": 4, "info": 4, "verbose": 5}


def is_event(value: object) -> bool:
    """Whether a JSON value is a Windows event in one of the two forms."""
    return isinstance(value, dict) and (
        (isinstance(value.get("winlog"), dict) and "channel" in value["winlog"])
        or ("event_id" in value and isinstance(value.get("log_name"), str))
        or (isinstance(value.get("Event"), dict) and isinstance(value["Event"].get("System"), dict))
    )


def batch(values: Sequence[Mapping[str, Any]]) -> WindowsEvents:
    """Events of such values. One without a time has that of the epoch."""
    events = WindowsEvents.of([_event(value) for value in values])
    said = collectortimes.moments([_stamp(value) for value in values])
    events.seconds = said.get_column("seconds").fill_null(0).cast(pl.Int64)
    events.fraction = said.select(collectortimes.nine_digits(pl.col("fraction"))).to_series()
    return events


def _event(value: Mapping[str, Any]) -> WindowsEvent:
    if _is_converted(value):
        return _converted(value["Event"])
    return _beat(value, _inner(value, "winlog") or value)


def _stamp(value: Mapping[str, Any]) -> object:
    if _is_converted(value):
        return _attribute(value["Event"]["System"], "TimeCreated", "SystemTime")
    return value.get("@timestamp")


def _is_converted(value: Mapping[str, Any]) -> bool:
    return isinstance(_inner(value, "Event").get("System"), dict)


def _beat(value: Mapping[str, Any], log: Mapping[str, Any]) -> WindowsEvent:
    user, process = _inner(log, "user"), _inner(log, "process")
    words = log.get("keywords")
    words = words if isinstance(words, list) else []
    keywords = AUDIT_SUCCESS * ("Audit Success" in words) | AUDIT_FAILURE * ("Audit Failure" in words)
    code = _inner(value, "event").get("code")
    level = text_of(_inner(value, "log").get("level") or log.get("level")).lower()
    name, domain = text_of(user.get("name")), text_of(user.get("domain"))
    data = [(key, text_of(item)) for key, item in _inner(log, "event_data").items()]
    data += [(key, text_of(item)) for key, item in _inner(log, "user_data").items() if key != "xml_name"]
    return WindowsEvent(
        provider=text_of(log.get("provider_name") or log.get("source_name")),
        event_id=whole(log.get("event_id", code)),
        channel=text_of(log.get("channel") or log.get("log_name")),
        computer=text_of(log.get("computer_name")),
        guid=text_of(log.get("provider_guid")) or None,
        version=whole(log.get("version")),
        level=0 if keywords else LEVELS.get(level, 4),
        keywords=keywords | 0x8000_0000_0000_0000,
        record_id=whole(log.get("record_id") or log.get("record_number")),
        activity_id=text_of(log.get("activity_id")) or None,
        related_activity_id=text_of(log.get("related_activity_id")) or None,
        process_id=whole(process.get("pid") or log.get("process_id")),
        thread_id=whole(_inner(process, "thread").get("id") or log.get("thread_id")),
        user_sid=text_of(user.get("identifier")) or None,
        user=(f"{domain}\\{name}" if domain else name) or None,
        category=text_of(log.get("task")) or None,
        opcode_name=text_of(log.get("opcode")) or None,
        message=text_of(value.get("message")) or None,
        data=data,
    )


def _converted(value: Mapping[str, Any]) -> WindowsEvent:
    system = value["System"]
    return WindowsEvent(
        provider=text_of(_attribute(system, "Provider", "Name")),
        event_id=whole(_content(system.get("EventID"))),
        channel=text_of(_content(system.get("Channel"))),
        computer=text_of(_content(system.get("Computer"))),
        guid=text_of(_attribute(system, "Provider", "Guid")) or None,
        version=whole(_content(system.get("Version"))),
        level=whole(_content(system.get("Level"))),
        task=whole(_content(system.get("Task"))),
        opcode=whole(_content(system.get("Opcode"))),
        keywords=whole(_content(system.get("Keywords"))),
        record_id=whole(_content(system.get("EventRecordID"))),
        activity_id=text_of(_attribute(system, "Correlation", "ActivityID")) or None,
        related_activity_id=text_of(_attribute(system, "Correlation", "RelatedActivityID")) or None,
        process_id=whole(_attribute(system, "Execution", "ProcessID")),
        thread_id=whole(_attribute(system, "Execution", "ThreadID")),
        user_sid=text_of(_attribute(system, "Security", "UserID")) or None,
        data=_data(value.get("EventData")) + _data(value.get("UserData")),
    )


def _data(value: object, name: str = "", depth: int = 0) -> list[tuple[str, str]]:
    """The leaves under `EventData` or `UserData`; unnamed data, a list of texts, has an empty name."""
    if isinstance(value, dict) and depth < 16:
        inner = [(key, item) for key, item in value.items() if not _is_attributes(key, item)]
        return [leaf for key, item in inner for leaf in _data(item, _name(key, name), depth + 1)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in _data(item, name, depth + 1)]
    return [(name, text_of(value))] if depth else []


def _is_attributes(key: str, value: object) -> bool:
    return key in ("#attributes", "@xmlns") or (key.endswith(BESIDE) and isinstance(value, dict))


def _name(key: str, outer: str) -> str:
    return outer if key == "#text" else "" if key == "Data" else key


def _inner(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _content(value: object) -> object:
    return value.get("#text") if isinstance(value, dict) else value


def _attribute(system: Mapping[str, Any], element: str, name: str) -> object:
    inner, beside = _inner(system, element), _inner(system, element + BESIDE)
    return _inner(inner, "#attributes").get(name, inner.get(f"@{name}", inner.get(name, beside.get(name))))
