"""Records of collectors to Windows events one by one, as the documentation of `nxlog` and `collectortimes` says it: what the columns
of these have to come to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from caltrop.dialect.zones import offset
from caltrop.index.importers import nxlog
from caltrop.index.importers.nxlog import text_of
from caltrop.index.importers.windows import LEVELS, NAMESPACE, WindowsEvent, attribute, guid, text, whole

Moment = tuple[datetime, str, bool]
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?\s*(Z|[+-]\d\d:?\d\d)?", re.ASCII)


def moment_of(value: object) -> Moment | None:
    match = _TIME.match(value) if isinstance(value, str) else None
    if match is None:
        return None
    try:
        moment = datetime.fromisoformat(f"{match[1]} {match[2]}") - timedelta(seconds=offset(match[4] or "Z") or 0)
    except (ValueError, OverflowError):
        return None
    return moment, match[3] or "", match[4] is not None


def _difference(utc: datetime, local: datetime) -> int | None:
    seconds = round((utc - local).total_seconds() / 900) * 900
    return seconds if abs(seconds) <= 14 * 3600 else None


def _host(record: Mapping[str, Any]) -> str:
    return text_of(record.get("Hostname") or record.get("Computer") or "")


def _local(record: Mapping[str, Any]) -> Moment | None:
    return moment_of(record.get("EventTime")) or moment_of(record.get("TimeCreated"))


class Rebuilder:
    """As that of `nxlog`."""

    def __init__(self, tz: str, now: float) -> None:
        self.zone = ZoneInfo(tz)
        self.last = (datetime.fromtimestamp(now, UTC), "")
        self.known: dict[str, int] = {}

    def batch(self, records: Sequence[Mapping[str, Any]]) -> list[WindowsEvent]:
        seen: dict[str, Counter[int]] = {}
        for record in records:
            local, utc = _local(record), moment_of(record.get("UtcTime"))
            if local and utc and "sysmon" in text_of(record.get("Channel")).lower():
                between = _difference(utc[0], local[0])
                if between is not None:
                    for name in {_host(record), ""}:
                        seen.setdefault(name, Counter())[between] += 1
        for name, offsets in seen.items():
            self.known[name] = offsets.most_common(1)[0][0]
        return [self.event(record) for record in records]

    def time(self, record: Mapping[str, Any]) -> tuple[datetime, str]:
        own = _local(record) or moment_of(record.get("@timestamp"))
        if own is None:
            return self.last
        moment, fraction, zoned = own
        received, written = moment_of(record.get("EventReceivedTime")), moment_of(record.get("@timestamp"))
        measured = _difference(written[0], received[0]) if received and written and not received[2] else None
        if measured is None:
            measured = self.known.get(_host(record), self.known.get(""))
        try:
            if measured is not None:
                moment += timedelta(seconds=measured)
            elif not zoned:
                moment = moment.replace(tzinfo=self.zone).astimezone(UTC)
        except OverflowError:
            return self.last
        self.last = moment.replace(tzinfo=UTC), fraction
        return self.last

    def event(self, record: Mapping[str, Any]) -> WindowsEvent:
        moment, fraction = self.time(record)
        provider = text_of(record.get("SourceName") or record.get("ProviderName") or "")
        channel = text_of(record.get("Channel"))
        account = bool({"AccountType", "AccountName"} & record.keys())
        process = record.get("ExecutionProcessID")
        taken = {*nxlog.SYSTEM, *nxlog.COLLECTOR, *(nxlog.ACCOUNT if account else ())}
        if process is None and "ThreadID" in record and "ProcessID" in record:
            process = record["ProcessID"]
            taken.add("ProcessID")
        if text_of(record.get("EventType")) in nxlog.EVENT_TYPES:
            taken.add("EventType")
        data = {key: text_of(value) for key, value in record.items() if key not in taken}
        if provider.startswith("Microsoft-Windows-Sysmon"):
            data = _sysmon(data, record.get("Message"))
        user, domain = text_of(record.get("AccountName")), text_of(record.get("Domain"))
        thread = record.get("ThreadID", record.get("ExecutionThreadID"))

        def named(key: str) -> str | None:
            return text_of(record[key]) if record.get(key) else None

        return WindowsEvent(
            provider=provider,
            event_id=whole(record.get("EventID")),
            channel=nxlog.CHANNELS.get(channel, channel),
            computer=_host(record),
            time=moment,
            fraction=fraction.ljust(9, "0"),
            guid=named("ProviderGuid"),
            version=whole(record.get("Version")),
            level=_level(record),
            task=whole(record.get("Task")),
            opcode=whole(record.get("OpcodeValue")),
            keywords=whole(record.get("Keywords")) & 0xFFFF_FFFF_FFFF_FFFF,
            record_id=whole(record.get("RecordNumber", record.get("EventRecordID"))),
            activity_id=named("ActivityID"),
            related_activity_id=named("RelatedActivityID"),
            process_id=None if process is None else whole(process),
            thread_id=None if thread is None else whole(thread),
            user_sid=named("UserID") if account else None,
            user=(f"{domain}\\{user}" if domain else user) if account and user else None,
            category=named("Category"),
            opcode_name=named("Opcode"),
            message=named("Message"),
            data=list(data.items()),
        )


def _level(record: Mapping[str, Any]) -> int:
    if "Level" in record:
        return whole(record["Level"])
    if text_of(record.get("EventType")).startswith("AUDIT_"):
        return 0
    if "SeverityValue" in record:
        return {1: 5, 2: 4, 3: 3, 4: 2, 5: 1}.get(whole(record["SeverityValue"]), 0)
    return 0 if text_of(record.get("Channel")).lower() == "security" else 4


def _sysmon(fields: dict[str, str], message: object) -> dict[str, str]:
    if isinstance(message, str):
        for line in message.splitlines()[1:]:
            name, colon, value = line.partition(":")
            if colon and name in nxlog.SYSMON_ORDER:
                fields.setdefault(name, value.strip())
    order = nxlog.SYSMON_ORDER
    return dict(sorted(fields.items(), key=lambda item: order.get(item[0], len(order))))


def to_xml(event: WindowsEvent) -> str:
    """One event as Windows renders it."""
    attributes = {"ActivityID": event.activity_id, "RelatedActivityID": event.related_activity_id}
    correlation = "".join(f" {name}='{attribute(guid(value))}'" for name, value in attributes.items() if value)
    identity = f" Guid='{attribute(guid(event.guid))}'" if event.guid else ""
    execution = "" if event.process_id is None else f" ProcessID='{event.process_id}' ThreadID='{event.thread_id or 0}'"
    security = f" UserID='{attribute(event.user_sid)}'" if event.user_sid else ""
    data = "".join(
        (f"<Data Name='{attribute(name)}'>" if name else "<Data>") + f"{text(value)}</Data>"
        for name, value in event.data
    )
    rendering = ""
    if not event.data and event.message:
        level = LEVELS.get(event.level, "Information")
        rendering = f"<RenderingInfo Culture='en-US'><Message>{text(event.message)}</Message><Level>{level}</Level></RenderingInfo>"
    return (
        f"<Event xmlns='{NAMESPACE}'><System><Provider Name='{attribute(event.provider)}'{identity}/>"
        f"<EventID>{event.event_id}</EventID><Version>{event.version}</Version><Level>{event.level}</Level>"
        f"<Task>{event.task}</Task><Opcode>{event.opcode}</Opcode><Keywords>0x{event.keywords:x}</Keywords>"
        f"<TimeCreated SystemTime='{event.time.replace(tzinfo=None).isoformat()}.{event.fraction}Z'/>"
        f"<EventRecordID>{event.record_id or 0}</EventRecordID><Correlation{correlation}/><Execution{execution}/>"
        f"<Channel>{text(event.channel)}</Channel><Computer>{text(event.computer)}</Computer><Security{security}/>"
        f"</System><EventData>{data}</EventData>{rendering}</Event>"
    )
