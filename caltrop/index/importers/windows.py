"""A Windows event and its classic text in Splunk, that of the page "Monitor Windows event log data": a line with the local time,
then `Key=Value` lines, the message last. (The XML is in `windowscolumns`.)
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

NAMESPACE = "http://schemas.microsoft.com/win/2004/08/events/event"
LEVELS = {0: "Information", 1: "Critical", 2: "Error", 3: "Warning", 4: "Information", 5: "Verbose"}
AUDIT_SUCCESS, AUDIT_FAILURE = 0x20000000000000, 0x10000000000000
# The messages of PowerShell's module and script block logging are not always captured; their templates are public.
TEMPLATES = {
    ("Microsoft-Windows-PowerShell", 4103): "{Payload}\n\nContext:\n{ContextInfo}\n\nUser Data:\n{UserData}",
    ("Microsoft-Windows-PowerShell", 4104): (
        "Creating Scriptblock text ({MessageNumber} of {MessageTotal}):\n{ScriptBlockText}\n\n"
        "ScriptBlock ID: {ScriptBlockId}\nPath: {Path}"
    ),
}


@dataclass(slots=True)
class WindowsEvent:
    """`time` is UTC, to the second; `fraction` the digits behind it. Null means that the capture does not say. Data that has no
    name in the event, as old providers write it, has an empty one here."""

    provider: str
    event_id: int
    channel: str
    computer: str
    time: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    fraction: str = "000000000"
    guid: str | None = None
    version: int = 0
    level: int = 0
    task: int = 0
    opcode: int = 0
    keywords: int = 0
    record_id: int | None = None
    activity_id: str | None = None
    related_activity_id: str | None = None
    process_id: int | None = None
    thread_id: int | None = None
    user_sid: str | None = None
    user: str | None = None
    category: str | None = None
    opcode_name: str | None = None
    message: str | None = None
    data: list[tuple[str, str]] = field(default_factory=list)


def text(value: str) -> str:
    """Escape element content."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@lru_cache(maxsize=8192)
def attribute(value: str) -> str:
    """Escape the value of a single-quoted attribute."""
    return text(value).replace("'", "&apos;")


def guid(value: str) -> str:
    return value if value.startswith("{") else "{" + value + "}"


def to_classic(event: WindowsEvent) -> str:
    """The text form. The user is shown as Splunk shows an account that it could not resolve, unless it is known."""
    lines = [
        f"{event.time:%m/%d/%Y %I:%M:%S %p}",
        f"LogName={event.channel}",
        f"EventCode={event.event_id}",
        f"EventType={event.level}",
        f"ComputerName={event.computer}",
    ]
    if event.user_sid:
        lines += [f"User={event.user or 'NOT_TRANSLATED'}", f"Sid={event.user_sid}", "SidType=0"]
    lines += [
        f"SourceName={classic_source(event.provider)}",
        f"Type={LEVELS.get(event.level, 'Information')}",
        f"RecordNumber={event.record_id or 0}",
        f"Keywords={_keywords(event.keywords)}",
        f"TaskCategory={event.category or 'None'}",
        f"OpCode={event.opcode_name or ('Info' if event.opcode == 0 else event.opcode)}",
        f"Message={message(event)}",
    ]
    return "\n".join(lines)


def classic_source(provider: str) -> str:
    """Classic events name the Security log's provider by its display name."""
    if provider == "Microsoft-Windows-Security-Auditing":
        return "Microsoft Windows security auditing."
    return provider


def _keywords(keywords: int) -> str:
    if keywords & AUDIT_SUCCESS:
        return "Audit Success"
    if keywords & AUDIT_FAILURE:
        return "Audit Failure"
    return "Classic" if keywords & 0x80000000000000 else "None"


def message(event: WindowsEvent) -> str:
    """The message of the capture; where it has none, one from the data."""
    if event.message:
        return event.message.replace("\r\n", "\n")
    template = TEMPLATES.get((event.provider, event.event_id))
    if template:
        result = template
        for name, value in {**dict.fromkeys(("Path", "UserData"), ""), **dict(event.data)}.items():
            result = result.replace("{" + name + "}", value.replace("\r\n", "\n"), 1)
        return result
    title = (event.category or "").partition(" (rule")[0]
    lines = [f"{title}:"] if title else []
    lines += [f"{name}: {value}" if name else value for name, value in event.data]
    return "\n".join(lines).replace("\r\n", "\n")


_SYSTEM = re.compile(r"<System>(.*?)</System>", re.DOTALL)
_ELEMENT = re.compile(r"<(\w+)((?:\s+[\w:]+=(?:'[^']*'|\x22[^\x22]*\x22))*)\s*(?:/>|>([^<]*)</\1>)")
_ATTRIBUTE = re.compile(r"([\w:]+)=(?:'([^']*)'|\x22([^\x22]*)\x22)")
_DATA = re.compile(r"<(\w+)((?:\s+[\w:]+=(?:'[^']*'|\x22[^\x22]*\x22))*)\s*>([^<]*)</\1>")


def from_xml(xml: str) -> WindowsEvent | None:
    """Read a rendered event back; null when it has no `System` part."""
    found = _SYSTEM.search(xml)
    if found is None:
        return None
    values: dict[str, str] = {}
    for name, attributes, content in _ELEMENT.findall(found[1]):
        values[name] = html.unescape(content)
        for key, single, double in _ATTRIBUTE.findall(attributes):
            values[f"{name}.{key}"] = html.unescape(single or double)
    moment, _, fraction = values.get("TimeCreated.SystemTime", "").rstrip("Z").partition(".")
    try:
        time = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    except ValueError:
        time, fraction = datetime.fromtimestamp(0, UTC), ""
    body = xml[found.end() :].partition("<RenderingInfo")[0]
    data = []
    for name, attributes, content in _DATA.findall(body):
        named = {key: single or double for key, single, double in _ATTRIBUTE.findall(attributes)}
        data.append((html.unescape(named.get("Name", "" if name == "Data" else name)), html.unescape(content)))
    sent = re.search(r"<RenderingInfo.*?<Message>([^<]*)</Message>", xml, re.DOTALL)
    return WindowsEvent(
        provider=values.get("Provider.Name", ""),
        event_id=whole(values.get("EventID")),
        channel=values.get("Channel", ""),
        computer=values.get("Computer", ""),
        time=time,
        fraction=fraction[:9].ljust(9, "0"),
        guid=values.get("Provider.Guid"),
        version=whole(values.get("Version")),
        level=whole(values.get("Level")),
        task=whole(values.get("Task")),
        opcode=whole(values.get("Opcode")),
        keywords=whole(values.get("Keywords")),
        record_id=whole(values.get("EventRecordID")),
        activity_id=values.get("Correlation.ActivityID"),
        related_activity_id=values.get("Correlation.RelatedActivityID"),
        process_id=whole(values.get("Execution.ProcessID")),
        thread_id=whole(values.get("Execution.ThreadID")),
        user_sid=values.get("Security.UserID"),
        message=html.unescape(sent[1]) if sent else None,
        data=data,
    )


def whole(value: object) -> int:
    """A whole number, also from decimal or 0x text; 0 for anything else."""
    try:
        return int(value, 0) if isinstance(value, str) else int(value or 0)  # type: ignore[call-overload]
    except (ValueError, TypeError, OverflowError):
        return 0
