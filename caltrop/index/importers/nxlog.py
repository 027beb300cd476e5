"""JSON of Windows event collectors (NXLog and those like it) back to Windows events.

A record is flat: keys of the event's `System` part, keys the collector adds, and the event's own data, all in one object.
What is neither of the first two is event data. Most records of a file have the keys of others: records are turned into columns by
their sequence of keys (`_Table`), and which of them are data, and in what order, is found once for each sequence (a `_Layout`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from caltrop.index.importers.collectortimes import Clock
from caltrop.index.importers.windows import whole
from caltrop.index.importers.windowscolumns import WindowsEvents

COLLECTOR = frozenset({
    "@timestamp", "@version", "tags", "port", "host", "type", "_id", "_index", "_type", "_score", "beat", "input_type",
    "SourceModuleName", "SourceModuleType", "EventReceivedTime", "ERROR_EVT_UNRESOLVED", "EventTypeOrignal",
    "EventTypeOriginal", "MessageSourceAddress", "winlog", "agent", "ecs", "log",
})  # fmt: skip
SYSTEM = frozenset({
    "EventID", "Channel", "ProviderGuid", "SourceName", "ProviderName", "Task", "OpcodeValue", "Opcode", "Keywords", "Version",
    "RecordNumber", "EventRecordID", "ExecutionProcessID", "ThreadID", "ExecutionThreadID", "Hostname", "Computer",
    "EventTime", "TimeCreated", "Level", "Severity", "SeverityValue", "Category", "Message", "ActivityID",
    "RelatedActivityID", "EventlogQualifiers", "Qualifiers",
})  # fmt: skip
ACCOUNT = frozenset({"UserID", "Domain", "AccountName", "AccountType"})
_ORIGINS = ("SourceName", "ProviderName", "ProviderGuid", "Hostname", "Computer")
_NO_DATA = SYSTEM | COLLECTOR
# The collector's own values of EventType; any other value is the event's.
EVENT_TYPES = frozenset({
    "INFO", "INFORMATION", "WARNING", "ERROR", "CRITICAL", "DEBUG", "VERBOSE", "AUDIT_SUCCESS", "AUDIT_FAILURE",
})  # fmt: skip
CHANNELS = {"security": "Security", "system": "System", "application": "Application"}
LEVEL_OF_SEVERITY = {1: 5, 2: 4, 3: 3, 4: 2, 5: 1}
# Sysmon writes its data in one order, which collectors that hash lose. Each event type uses a part of this sequence.
_SYSMON = (
    "RuleName", "EventType", "UtcTime", "State", "Version", "SchemaVersion", "Configuration", "ConfigurationFileHash",
    "ProcessGuid", "SourceProcessGUID", "SourceProcessGuid", "ProcessId", "SourceProcessId", "SourceThreadId",
    "QueryName", "QueryStatus", "QueryResults", "PipeName", "Image", "SourceImage", "TargetFilename",
    "CreationUtcTime", "PreviousCreationUtcTime", "TargetProcessGUID", "TargetProcessGuid", "TargetProcessId",
    "TargetImage", "NewThreadId", "StartAddress", "StartModule", "StartFunction", "GrantedAccess", "CallTrace",
    "Device", "TargetObject", "Details", "NewName", "ImageLoaded", "FileVersion", "Description", "Product", "Company",
    "OriginalFileName", "CommandLine", "CurrentDirectory", "User", "LogonGuid", "LogonId", "TerminalSessionId",
    "IntegrityLevel", "Hash", "Hashes", "Contents", "Protocol", "Initiated", "SourceIsIpv6", "SourceIp",
    "SourceHostname", "SourcePort", "SourcePortName", "DestinationIsIpv6", "DestinationIp", "DestinationHostname",
    "DestinationPort", "DestinationPortName", "Signed", "Signature", "SignatureStatus", "IsExecutable", "Archived",
    "Session", "ClientInfo", "ParentProcessGuid", "ParentProcessId", "ParentImage", "ParentCommandLine", "ParentUser",
    "SourceUser", "TargetUser", "Operation", "Name", "Type", "Destination", "Query", "Consumer", "Filter",
)  # fmt: skip
SYSMON_ORDER = {name: place for place, name in enumerate(_SYSMON)}
# A line of a message behind its first: a name and what is said of it.
_ENDS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
_NAMES = re.compile(rf"[{_ENDS}](\w+):")
_LINES = re.compile(rf"[{_ENDS}](\w+):([^{_ENDS}]*)")


def is_record(value: object) -> bool:
    """Whether a JSON value is a collector's Windows event."""
    return (
        isinstance(value, dict)
        and "EventID" in value
        and isinstance(value.get("Channel"), str)
        and ("EventTime" in value or "TimeCreated" in value or "@timestamp" in value)
        and not value.keys().isdisjoint(_ORIGINS)
    )


@dataclass(slots=True)
class _Layout:
    """The keys of records that are data, in their order. Sysmon's message lists all of its data, so that it also gives back fields
    whose names the collector used for something else (ProcessId, EventType): `restored` has, by the names that a message lists, the
    order with those that are not there and which these are; it is null for events of others."""

    names: tuple[str, ...]
    restored: dict[tuple[str, ...], tuple[tuple[str, ...], tuple[str, ...]]] | None = None

    @staticmethod
    def of(record: Mapping[str, Any], *, old: bool, collectors: bool, sysmon: bool) -> _Layout:
        taken = set(_NO_DATA)
        if "AccountType" in record or "AccountName" in record:
            taken |= ACCOUNT
        if old:
            taken.add("ProcessID")
        if collectors:
            taken.add("EventType")
        names = tuple(key for key in record if key not in taken)
        return _Layout(_in_sysmons_order(names), {}) if sysmon else _Layout(names)

    def pick(self, record: Mapping[str, Any]) -> tuple[tuple[str, ...], Mapping[str, Any]]:
        """The names of the record's data, and what has a value for each."""
        message = None if self.restored is None else record.get("Message")
        if self.restored is None or not isinstance(message, str):
            return self.names, record
        listed = tuple(_NAMES.findall(message))
        found = self.restored.get(listed)
        if found is None:
            missing = tuple(name for name in listed if name in SYSMON_ORDER and name not in self.names)
            found = self.restored[listed] = (_in_sysmons_order(dict.fromkeys((*self.names, *missing))), missing)
        names, missing = found
        if not missing:
            return names, record
        said = {name: value.strip() for name, value in reversed(_LINES.findall(message)) if name in missing}
        return names, {**record, **said}


def _in_sysmons_order(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=lambda name: SYSMON_ORDER.get(name, len(SYSMON_ORDER))))


class _Table:
    """Records in columns. `shapes` are the distinct sequences of keys, `kinds` the number of each record's."""

    def __init__(self, records: Sequence[Mapping[str, Any]]) -> None:
        numbers: dict[tuple[str, ...], int] = {}
        self.height = len(records)
        self.kinds = [numbers.setdefault(tuple(record), len(numbers)) for record in records]
        self.shapes = list(numbers)
        rows: list[list[int]] = [[] for _ in numbers]
        for row, kind in enumerate(self.kinds):
            rows[kind].append(row)
        self._parts = [
            (own, dict(zip(shape, zip(*(records[row].values() for row in own), strict=True), strict=True)))
            for shape, own in zip(numbers, rows, strict=True)
        ]

    def column(self, *keys: str) -> Sequence[Any]:
        """What the records have under the first of these keys that is theirs; null where none is."""
        found: list[Any] = [None] * self.height
        for rows, values in self._parts:
            key = next((key for key in keys if key in values), None)
            if key is None:
                continue
            if len(self._parts) == 1:
                return values[key]
            for row, value in zip(rows, values[key], strict=True):
                found[row] = value
        return found

    def have(self, *keys: str) -> list[bool]:
        """Which records have one of these keys."""
        known = [any(key in shape for key in keys) for shape in self.shapes]
        return [known[kind] for kind in self.kinds]


class Rebuilder:
    """Records of one file, batch by batch, to events.

    `tz` is the zone of times of which nothing is known, `now` (epoch seconds) the time of a first record without any.
    """

    def __init__(self, tz: str = "UTC", now: float = 0.0) -> None:
        self._clock = Clock(tz, now)

    def batch(self, records: Sequence[Mapping[str, Any]]) -> WindowsEvents:
        """A record that makes no sense still becomes an event, as far as it is one."""
        table = _Table(records)
        column = table.column
        computers = _texts(_either(column("Hostname"), column("Computer")))
        channels = _texts(column("Channel"))
        providers = _texts(_either(column("SourceName"), column("ProviderName")))
        times = self._clock.times(column, computers, channels)
        accounts = table.have("AccountType", "AccountName")
        # NXLog writes the process of the event's System part as ProcessID in old versions, ExecutionProcessID in new.
        processes = column("ExecutionProcessID")
        old = [
            process is None and threaded and processed
            for process, threaded, processed in zip(
                processes, table.have("ThreadID"), table.have("ProcessID"), strict=True
            )
        ]
        names, values = _data(records, table, providers, old)
        users = _texts(column("AccountName"))
        domains = _texts(column("Domain"))
        return WindowsEvents(
            provider=providers,
            event_id=_wholes(column("EventID")),
            channel=[CHANNELS.get(channel, channel) for channel in channels],
            computer=computers,
            seconds=times.get_column("seconds"),
            fraction=times.get_column("fraction"),
            guid=_named(column("ProviderGuid")),
            version=_wholes(column("Version")),
            level=[
                level if said else _level(record)
                for level, said, record in zip(_wholes(column("Level")), table.have("Level"), records, strict=True)
            ],
            task=_wholes(column("Task")),
            opcode=_wholes(column("OpcodeValue")),
            keywords=[value & 0xFFFF_FFFF_FFFF_FFFF for value in _wholes(column("Keywords"))],
            record_id=[*_wholes(column("RecordNumber", "EventRecordID"))],
            activity_id=_named(column("ActivityID")),
            related_activity_id=_named(column("RelatedActivityID")),
            process_id=_wholes_or_none(
                [
                    other if is_old else process
                    for other, process, is_old in zip(column("ProcessID"), processes, old, strict=True)
                ]
            ),
            thread_id=_wholes_or_none(column("ThreadID", "ExecutionThreadID")),
            user_sid=[sid if own else None for sid, own in zip(_named(column("UserID")), accounts, strict=True)],
            user=[
                (f"{domain}\\{user}" if domain else user) if own and user else None
                for domain, user, own in zip(domains, users, accounts, strict=True)
            ],
            category=_named(column("Category")),
            opcode_name=_named(column("Opcode")),
            message=_named(column("Message")),
            names=names,
            values=values,
        )


def _either(ones: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    return [one or other or "" for one, other in zip(ones, others, strict=True)]


def _data(
    records: Sequence[Mapping[str, Any]], table: _Table, providers: list[str], old: list[bool]
) -> tuple[list[tuple[str, ...]], list[str]]:
    """The names of each record's data, and the values of all, on end."""
    layouts: dict[tuple[int, bool, bool, bool], _Layout] = {}
    names: list[tuple[str, ...]] = []
    values: list[Any] = []
    collectors = [kind in EVENT_TYPES for kind in _texts(table.column("EventType"))]
    sysmons = {provider: provider.startswith("Microsoft-Windows-Sysmon") for provider in set(providers)}
    for record, kind, provider, is_old, own in zip(records, table.kinds, providers, old, collectors, strict=True):
        key = (kind, is_old, own, sysmons[provider])
        layout = layouts.get(key)
        if layout is None:
            layout = layouts[key] = _Layout.of(record, old=is_old, collectors=own, sysmon=sysmons[provider])
        picked, having = layout.pick(record)
        names.append(picked)
        values += map(having.__getitem__, picked)
    return names, _texts(values)


def _level(record: Mapping[str, Any]) -> int:
    """Of a record that does not say."""
    if str(record.get("EventType", "")).startswith("AUDIT_"):
        return 0
    if "SeverityValue" in record:
        return LEVEL_OF_SEVERITY.get(whole(record["SeverityValue"]), 0)
    # The Security log has no levels; what other logs hold is information unless it says otherwise.
    return 0 if text_of(record.get("Channel")).lower() == "security" else 4


def _texts(values: Iterable[Any]) -> list[str]:
    given = list(values)
    if set(map(type, given)) <= {str}:
        return given
    return [value if value.__class__ is str else text_of(value) for value in given]


def _named(values: Iterable[Any]) -> list[str | None]:
    """Texts; null for what is empty."""
    return [(value if value.__class__ is str else text_of(value)) if value else None for value in values]


def _wholes(values: Iterable[Any]) -> list[int]:
    """Whole numbers, each distinct value read once."""
    given = list(values)
    try:
        known = {value: whole(value) for value in set(given)}
    except TypeError:  # a list or an object among them
        return [whole(value) for value in given]
    return [known[value] for value in given]


def _wholes_or_none(values: Iterable[Any]) -> list[int | None]:
    given = list(values)
    return [None if value is None else number for value, number in zip(given, _wholes(given), strict=True)]


def text_of(value: object) -> str:
    """A JSON value as the text of a field: null is empty, anything but a string compact JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return msgspec.json.encode(value).decode()
