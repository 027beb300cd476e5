"""JSON of Windows event collectors (NXLog and those like it) back to Windows events.

A record is flat: keys of the event's `System` part, keys the collector adds, and the event's own data, all in one object.
What is neither of the first two is event data.

Times. Captures name the moment three times and not always truly: `EventTime` and `TimeCreated` may be local time without
saying so (or with a wrong `Z`), `@timestamp` is when the collector wrote, Sysmon's `UtcTime` is UTC. The offset of local
time is measured, in quarters of an hour: from `@timestamp` against `EventReceivedTime` in the record itself, else from
`UtcTime` against the event's time over the Sysmon records of the same batch (the most frequent one), else the last known.
The event's time is then `EventTime`/`TimeCreated` moved to UTC. A record without any time takes that of the one before.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec

from caltrop.dialect.zones import offset, zone
from caltrop.index.importers.windows import WindowsEvent, whole

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
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?\s*(Z|[+-]\d\d:?\d\d)?")
_QUARTER = 900


def is_record(value: object) -> bool:
    """Whether a JSON value is a collector's Windows event."""
    return (
        isinstance(value, dict)
        and "EventID" in value
        and isinstance(value.get("Channel"), str)
        and ("EventTime" in value or "TimeCreated" in value or "@timestamp" in value)
        and bool({"SourceName", "ProviderName", "ProviderGuid", "Hostname", "Computer"} & value.keys())
    )


class Rebuilder:
    """Records of one file, batch by batch, to events.

    `tz` is the zone of times of which nothing is known, `now` (epoch seconds) the time of a first record without any.
    """

    def __init__(self, tz: str = "UTC", now: float = 0.0) -> None:
        self._zone = zone(tz)
        self._last = (datetime.fromtimestamp(now, UTC).replace(microsecond=0), "")
        self._known: dict[str, int] = {}

    def batch(self, records: Iterable[Mapping[str, Any]]) -> list[WindowsEvent]:
        """A record that makes no sense still becomes an event, as far as it is one."""
        batch = list(records)
        self._measure(batch)
        return [self._event(record) for record in batch]

    def _measure(self, batch: list[Mapping[str, Any]]) -> None:
        seen: dict[str, Counter[int]] = {}
        for record in batch:
            own = _local(record)
            utc = moment_of(record.get("UtcTime"))
            if own and utc and "sysmon" in str(record.get("Channel", "")).lower():
                offset = _difference(utc[0], own[0])
                if offset is not None:
                    for name in (_host(record), ""):
                        seen.setdefault(name, Counter())[offset] += 1
        for name, offsets in seen.items():
            self._known[name] = offsets.most_common(1)[0][0]

    def _offset(self, record: Mapping[str, Any]) -> int | None:
        """Seconds to add to the record's own time to have UTC; null when nothing tells."""
        received, written = moment_of(record.get("EventReceivedTime")), moment_of(record.get("@timestamp"))
        if received and written and not received[2]:
            offset = _difference(written[0], received[0])
            if offset is not None:
                return offset
        return self._known.get(_host(record), self._known.get(""))

    def _time(self, record: Mapping[str, Any]) -> tuple[datetime, str]:
        own = _local(record) or moment_of(record.get("@timestamp"))
        if own is None:
            return self._last
        moment, fraction, zoned = own
        measured = self._offset(record)
        try:
            if measured is not None:
                moment += timedelta(seconds=measured)
            elif not zoned:
                moment = moment.replace(tzinfo=self._zone).astimezone(UTC)
        except OverflowError:
            return self._last
        self._last = (moment.replace(tzinfo=UTC), fraction)
        return self._last

    def _event(self, record: Mapping[str, Any]) -> WindowsEvent:
        moment, fraction = self._time(record)
        provider = text_of(record.get("SourceName") or record.get("ProviderName") or "")
        channel = text_of(record.get("Channel", ""))
        keywords = whole(record.get("Keywords")) & 0xFFFF_FFFF_FFFF_FFFF
        account = bool({"AccountType", "AccountName"} & record.keys())
        # NXLog writes the process of the event's System part as ProcessID in old versions, ExecutionProcessID in new.
        process = record.get("ExecutionProcessID")
        taken = {*ACCOUNT} if account else set()
        if process is None and "ThreadID" in record and "ProcessID" in record:
            process = record["ProcessID"]
            taken.add("ProcessID")
        if text_of(record.get("EventType")) in EVENT_TYPES:
            taken.add("EventType")
        data = [(key, text_of(value)) for key, value in record.items() if key not in _NO_DATA and key not in taken]
        if provider.startswith("Microsoft-Windows-Sysmon"):
            data = _sysmon(data, record.get("Message"))
        domain, user = text_of(record.get("Domain", "")), text_of(record.get("AccountName", ""))
        thread = record.get("ThreadID", record.get("ExecutionThreadID"))
        return WindowsEvent(
            provider=provider,
            event_id=whole(record.get("EventID")),
            channel=CHANNELS.get(channel, channel),
            computer=_host(record),
            time=moment,
            fraction=fraction[:9].ljust(9, "0"),
            guid=text_of(record["ProviderGuid"]) if record.get("ProviderGuid") else None,
            version=whole(record.get("Version")),
            level=_level(record),
            task=whole(record.get("Task")),
            opcode=whole(record.get("OpcodeValue")),
            keywords=keywords,
            record_id=whole(record.get("RecordNumber", record.get("EventRecordID"))),
            activity_id=text_of(record["ActivityID"]) if record.get("ActivityID") else None,
            related_activity_id=text_of(record["RelatedActivityID"]) if record.get("RelatedActivityID") else None,
            process_id=None if process is None else whole(process),
            thread_id=None if thread is None else whole(thread),
            user_sid=text_of(record["UserID"]) if account and record.get("UserID") else None,
            user=(f"{domain}\\{user}" if domain else user) if account and user else None,
            category=text_of(record["Category"]) if record.get("Category") else None,
            opcode_name=text_of(record["Opcode"]) if record.get("Opcode") else None,
            message=text_of(record["Message"]) if record.get("Message") else None,
            data=data,
        )


def _difference(utc: datetime, local: datetime) -> int | None:
    """The offset of a zone, in seconds; null when two times are further apart than any two zones: they are then not
    those of one moment (a capture that was collected again later)."""
    seconds = round((utc - local).total_seconds() / _QUARTER) * _QUARTER
    return seconds if abs(seconds) <= 14 * 3600 else None


def _sysmon(data: list[tuple[str, str]], message: object) -> list[tuple[str, str]]:
    """Sysmon's data in Sysmon's order. Its message lists all of it, so that it also gives back fields whose names the
    collector used for something else (ProcessId, EventType)."""
    fields = dict(data)
    if isinstance(message, str):
        for line in message.splitlines()[1:]:
            name, colon, value = line.partition(":")
            if colon and name in SYSMON_ORDER:
                fields.setdefault(name, value.strip())
    return sorted(fields.items(), key=lambda item: SYSMON_ORDER.get(item[0], len(SYSMON_ORDER)))


def _host(record: Mapping[str, Any]) -> str:
    return text_of(record.get("Hostname") or record.get("Computer") or "")


def _local(record: Mapping[str, Any]) -> tuple[datetime, str, bool] | None:
    return moment_of(record.get("EventTime")) or moment_of(record.get("TimeCreated"))


def moment_of(value: object) -> tuple[datetime, str, bool] | None:
    """Naive time to the second, digits behind the second, and whether it named a zone (it is then UTC)."""
    return _moment(value) if isinstance(value, str) else None


@lru_cache(maxsize=8192)
def _moment(value: str) -> tuple[datetime, str, bool] | None:
    match = _TIME.match(value)
    if match is None:
        return None
    try:
        moment = datetime.fromisoformat(f"{match[1]} {match[2]}")
        if match[4]:
            moment -= timedelta(seconds=offset(match[4]) or 0)
    except (ValueError, OverflowError):
        return None
    return moment, match[3] or "", match[4] is not None


def _level(record: Mapping[str, Any]) -> int:
    if "Level" in record:
        return whole(record["Level"])
    if str(record.get("EventType", "")).startswith("AUDIT_"):
        return 0
    if "SeverityValue" in record:
        return LEVEL_OF_SEVERITY.get(whole(record["SeverityValue"]), 0)
    # The Security log has no levels; what other logs hold is information unless it says otherwise.
    return 0 if text_of(record.get("Channel")).lower() == "security" else 4


def text_of(value: object) -> str:
    """A JSON value as the text of a field: null is empty, anything but a string compact JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return msgspec.json.encode(value).decode()
