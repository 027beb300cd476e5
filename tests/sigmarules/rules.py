"""Sigma rules of our own, one or more for each shape of the specification, with events that must and must not hit."""

from __future__ import annotations

import itertools
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

import yaml

SYSMON = {"product": "windows", "category": "process_creation"}
AWS = {"product": "aws", "service": "cloudtrail"}


@dataclass(frozen=True)
class Case:
    """`hits` and `misses` are events: mappings for Windows and JSON logs, raw lines for others."""

    title: str
    logsource: dict[str, str]
    detection: dict[str, Any]
    hits: tuple[Any, ...] = ()
    misses: tuple[Any, ...] = ()
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        body: dict[str, Any] = {
            "title": self.title,
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, self.title)),
            "status": "test",
            "description": f"Our own rule: {self.title}.",
            "references": ["https://example.org/reference"],
            "author": "Caltrop contributors",
            "date": "2026-01-02",
            "tags": ["attack.execution", "attack.t1059.001"],
            "logsource": self.logsource,
            "detection": dict(self.detection),
            "falsepositives": ["Administrators"],
            "level": "high",
        }
        return yaml.safe_dump(body | self.more, sort_keys=False)


def ran(**fields: Any) -> dict[str, Any]:
    """A process creation of Sysmon, as a collector writes it."""
    event = {"Image": "C:\\Windows\\System32\\calm.exe", "CommandLine": "calm.exe", "User": "LAB\\ann"} | fields
    return {"EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "Hostname": "h1.lab",
            "SourceName": "Microsoft-Windows-Sysmon", "@timestamp": "2026-01-01T00:00:00.000Z", **event}  # fmt: skip


def one(title: str, selection: Any, hits: list[Any], misses: list[Any]) -> Case:
    """A rule about process creation with one selection."""
    return Case(title, SYSMON, {"selection": selection, "condition": "selection"}, tuple(hits), tuple(misses))


ODD = "C:\\Temp\\odd.exe"
VALUES = [
    one("Plain Value", {"Image": ODD}, [ran(Image=ODD), ran(Image=ODD.upper())], [ran(), ran(Image=ODD + ".bak")]),
    one("List Of Values", {"Image": [ODD, "C:\\x.exe"]}, [ran(Image=ODD), ran(Image="C:\\x.exe")], [ran()]),
    one("Two Fields", {"Image": ODD, "User": "LAB\\bob"}, [ran(Image=ODD, User="LAB\\bob")], [ran(Image=ODD)]),
    one("List Of Mappings", [{"Image": ODD}, {"User": "LAB\\bob"}], [ran(Image=ODD), ran(User="LAB\\bob")], [ran()]),
    one("Wildcard Many", {"CommandLine": "odd*now"}, [ran(CommandLine="odd and now")], [ran(CommandLine="odd later")]),
    one("Wildcard One", {"CommandLine": "od?"}, [ran(CommandLine="odd")], [ran(CommandLine="even")]),
    one(
        "Escaped Wildcard", {"CommandLine": "odd \\* star"}, [ran(CommandLine="odd * star")], [ran(CommandLine="even")]
    ),
    one("Number", {"ParentProcessId": 4711}, [ran(ParentProcessId=4711)], [ran(ParentProcessId=47)]),
    one("Empty Value", {"CommandLine": ""}, [], [ran(CommandLine="odd")]),
    one(
        "Null Value", {"Image": ODD, "OriginalFileName": None}, [ran(Image=ODD)], [ran(Image=ODD, OriginalFileName="o")]
    ),
    one("Quotes In Value", {"CommandLine|contains": 'say "odd"'}, [ran(CommandLine='x say "odd" y')], [ran()]),
    one("Umlaut In Value", {"CommandLine|contains": "Übung"}, [ran(CommandLine="eine Übung")], [ran()]),
    one("Dollar And Percent", {"CommandLine|contains": "$env:x %y"}, [ran(CommandLine="a $env:x %y b")], [ran()]),
    one("Pipe And Bracket", {"CommandLine|contains": "a | [b]"}, [ran(CommandLine="x a | [b] y")], [ran()]),
    one("Trailing Backslash", {"CommandLine|contains": "C:\\odd\\"}, [ran(CommandLine="dir C:\\odd\\x")], [ran()]),
]
MODIFIERS = [
    one("Contains", {"CommandLine|contains": "odd"}, [ran(CommandLine="an odd one")], [ran()]),
    one("Contains Any", {"CommandLine|contains": ["odd", "weird"]}, [ran(CommandLine="weird")], [ran()]),
    one("Contains All", {"CommandLine|contains|all": ["odd", "weird"]}, [ran(CommandLine="odd, weird")], [ran(CommandLine="odd")]),
    one("Starts With", {"CommandLine|startswith": "odd"}, [ran(CommandLine="odd x")], [ran(CommandLine="x odd")]),
    one("Ends With", {"Image|endswith": "\\odd.exe"}, [ran(Image=ODD)], [ran(Image="C:\\Temp\\notodd.exe")]),
    one("Ends With Any", {"Image|endswith": ["\\odd.exe", "\\w.exe"]}, [ran(Image=ODD), ran(Image="D:\\w.exe")], [ran()]),
    one("Regex", {"CommandLine|re": "^odd\\d{2}$"}, [ran(CommandLine="odd42")], [ran(CommandLine="odd4"), ran(CommandLine="ODD42")]),
    one("Regex Any Case", {"CommandLine|re|i": "^odd\\d{2}$"}, [ran(CommandLine="ODD42")], [ran(CommandLine="odd4")]),
    one("Regex Choice", {"CommandLine|re": ["^odd$", "^weird$"]}, [ran(CommandLine="odd"), ran(CommandLine="weird")], [ran()]),
    one("Regex Backslash", {"Image|re": "\\\\Temp\\\\odd\\.exe$"}, [ran(Image=ODD)], [ran(Image="C:\\Temp\\oddXexe")]),
    one("Regex And Value", {"CommandLine|re": "od+", "User": "LAB\\bob"}, [ran(CommandLine="odd", User="LAB\\bob")],
        [ran(CommandLine="odd"), ran(User="LAB\\bob")]),
    one("Cased", {"CommandLine|cased": "Odd"}, [ran(CommandLine="Odd")], [ran(CommandLine="odd")]),
    one("Contains Cased", {"CommandLine|contains|cased": "Odd"}, [ran(CommandLine="x Odd y")], [ran(CommandLine="x odd y")]),
    one("Base64", {"CommandLine|base64": "odd"}, [ran(CommandLine="b2Rk")], [ran(CommandLine="odd")]),
    one("Base64 Offset", {"CommandLine|base64offset|contains": "oddity"}, [ran(CommandLine="x b2RkaXR5 y")], [ran()]),
    one("Wide Base64", {"CommandLine|wide|base64offset|contains": "odd"}, [ran(CommandLine="bwBkAGQA")], [ran()]),
    one("Utf16 Base64", {"CommandLine|utf16le|base64offset|contains": "odd"}, [ran(CommandLine="bwBkAGQA")], [ran()]),
    one("Windash", {"CommandLine|windash|contains": " -odd"}, [ran(CommandLine="x /odd"), ran(CommandLine="x -odd")], [ran()]),
    one("Cidr", {"SourceIp|cidr": "10.1.0.0/16"}, [ran(SourceIp="10.1.2.3")], [ran(SourceIp="10.2.2.3")]),
    one("Cidr List", {"SourceIp|cidr": ["10.1.0.0/16", "fe80::/10"]}, [ran(SourceIp="10.1.2.3")], [ran(SourceIp="10.2.2.3")]),
    one("Exists", {"Image": ODD, "Product|exists": True}, [ran(Image=ODD, Product="p")], [ran(Image=ODD)]),
    one("Does Not Exist", {"Image": ODD, "Product|exists": False}, [ran(Image=ODD)], [ran(Image=ODD, Product="p")]),
    one("Less", {"ParentProcessId|lt": 100}, [ran(ParentProcessId=99)], [ran(ParentProcessId=100)]),
    one("Less Or Equal", {"ParentProcessId|lte": 100}, [ran(ParentProcessId=100)], [ran(ParentProcessId=101)]),
    one("Greater", {"ParentProcessId|gt": 100}, [ran(ParentProcessId=101)], [ran(ParentProcessId=100)]),
    one("Greater Or Equal", {"ParentProcessId|gte": 100}, [ran(ParentProcessId=100)], [ran(ParentProcessId=99)]),
    one("Not Equal", {"Image": ODD, "User|neq": "LAB\\ann"}, [ran(Image=ODD, User="LAB\\bob")], [ran(Image=ODD)]),
    one("Field Reference", {"Image|fieldref": "ParentImage"}, [ran(Image=ODD, ParentImage=ODD.upper())], [ran(Image=ODD, ParentImage="x")]),
    one("Field Starts With Field", {"CommandLine|fieldref|startswith": "Image"}, [ran(Image=ODD, CommandLine=ODD + " /x")],
        [ran(Image=ODD, CommandLine="x " + ODD)]),
    one("Field Ends With Field", {"CommandLine|fieldref|endswith": "Image"}, [ran(Image=ODD, CommandLine="x " + ODD)],
        [ran(Image=ODD, CommandLine=ODD + " /x")]),
    one("Hour", {"CreationUtcTime|hour": 3}, [ran(CreationUtcTime="2026-01-01 03:04:05")], [ran(CreationUtcTime="2026-01-01 04:04:05")]),
    one("Placeholder", {"Image": ODD, "User|expand": "%administrators%"}, [], [ran(Image=ODD)]),
]  # fmt: skip


def conditions(title: str, condition: Any, hits: list[Any], misses: list[Any]) -> Case:
    detection = {
        "selection_image": {"Image|endswith": "\\odd.exe"},
        "selection_text": {"CommandLine|contains": "weird"},
        "filter_user": {"User|startswith": "LAB\\adm", "ParentImage|endswith": "\\setup.exe"},
        "filter_pattern": {"CommandLine|re": "ok\\d", "User": "LAB\\bob"},
        "condition": condition,
    }
    return Case(title, SYSMON, detection, tuple(hits), tuple(misses))


WEIRD = ran(Image=ODD, CommandLine="weird")
CONDITIONS = [
    conditions("And", "selection_image and selection_text", [WEIRD], [ran(Image=ODD)]),
    conditions("Or", "selection_image or selection_text", [ran(Image=ODD), ran(CommandLine="weird")], [ran()]),
    conditions("Not", "selection_image and not filter_user", [ran(Image=ODD), ran(Image=ODD, User="LAB\\adm1")],
               [ran(Image=ODD, User="LAB\\adm1", ParentImage="C:\\setup.exe")]),
    conditions("Not A Pattern And A Value", "selection_image and not filter_pattern",
               [ran(Image=ODD, CommandLine="ok1"), ran(Image=ODD, User="LAB\\bob")],
               [ran(Image=ODD, CommandLine="ok1", User="LAB\\bob")]),
    conditions("Not In Brackets", "selection_image and not (selection_text or filter_user)", [ran(Image=ODD)], [WEIRD]),
    conditions("One Of Them", "1 of selection_*", [ran(Image=ODD), ran(CommandLine="weird")], [ran()]),
    conditions("All Of Them", "all of selection_*", [WEIRD], [ran(Image=ODD)]),
    conditions("One Of Selections And Not Filters", "1 of selection_* and not 1 of filter_*", [WEIRD],
               [ran(Image=ODD, CommandLine="ok1", User="LAB\\bob")]),
    conditions("Brackets", "(selection_image or selection_text) and not filter_user", [ran(Image=ODD)], [ran()]),
    conditions("All Selections Or Filter", "all of selection_* or filter_pattern", [WEIRD, ran(CommandLine="ok1", User="LAB\\bob")], [ran()]),
    Case("Keywords", AWS, {"keywords": ["odd words", "weird"], "condition": "keywords"},
         ({"eventName": "x", "note": "odd words here"}, {"eventName": "weird"}), ({"eventName": "calm"},)),
    Case("Keywords All", AWS, {"keywords": {"|all": ["odd", "weird"]}, "condition": "keywords"},
         ({"eventName": "odd", "note": "weird"},), ({"eventName": "odd"},)),
    Case("Keyword Pattern", AWS, {"keywords": {"|re": "od{2}\\d"}, "condition": "keywords"}, ({"eventName": "odd1"},), ({"eventName": "od1"},)),
    Case("Keywords And Fields", AWS, {"sel": {"eventSource": "x.example"}, "keywords": ["odd"], "condition": "sel and keywords"},
         ({"eventSource": "x.example", "eventName": "odd"},), ({"eventSource": "x.example", "eventName": "even"},)),
    Case("Nested Names", AWS, {"sel": {"userIdentity.type": "Root"}, "condition": "sel"},
         ({"userIdentity": {"type": "Root"}},), ({"userIdentity": {"type": "IAMUser"}},)),
    Case("All Of Everything", AWS, {"a": {"eventName": "Odd"}, "b": {"eventSource": "s"}, "condition": "all of them"},
         ({"eventName": "Odd", "eventSource": "s"},), ({"eventName": "Odd"},)),
]  # fmt: skip
CATEGORIES = (
    "file_change", "network_connection", "sysmon_status", "process_termination", "driver_load", "image_load",
    "create_remote_thread", "raw_access_thread", "process_access", "file_event", "registry_add", "registry_delete",
    "registry_set", "registry_rename", "registry_event", "create_stream_hash", "pipe_created", "wmi_event", "dns_query",
    "file_delete", "clipboard_capture", "process_tampering", "ps_module", "ps_script", "ps_classic_start",
)  # fmt: skip
SERVICES = (
    "security",
    "system",
    "application",
    "sysmon",
    "powershell",
    "taskscheduler",
    "windefend",
    "bits-client",
    "applocker",
)
OTHERS: tuple[dict[str, str], ...] = (
    {"product": "linux", "category": "process_creation"}, {"product": "linux", "service": "auditd"},
    {"product": "linux", "service": "sshd"}, {"product": "macos", "category": "process_creation"},
    {"product": "azure", "service": "activitylogs"}, {"product": "azure", "service": "signinlogs"},
    {"product": "gcp", "service": "gcp.audit"}, {"product": "m365", "service": "audit"},
    {"product": "okta", "service": "okta"}, {"product": "github", "service": "audit"},
    {"product": "kubernetes", "service": "audit"}, {"product": "zeek", "service": "dns"},
    {"product": "cisco", "service": "aaa"}, {"category": "webserver"}, {"category": "proxy"}, {"category": "firewall"},
    {"category": "dns"}, {"category": "antivirus"}, {"category": "database"}, {"category": "application", "product": "django"},
    {"product": "nobody_knows", "service": "thing"},
)  # fmt: skip
SOURCES = [
    Case(
        f"Source {' '.join(source.values())}", source, {"s": {"Field": "odd", "other|contains": "x"}, "condition": "s"}
    )
    for source in (
        *({"product": "windows", "category": c} for c in CATEGORIES),
        *({"product": "windows", "service": s} for s in SERVICES),
        *OTHERS,
    )
]
META = [
    Case(
        f"Meta {status} {level}",
        SYSMON,
        {"s": {"Image": ODD}, "condition": "s"},
        more={"status": status, "level": level},
    )
    for status, level in itertools.product(
        ("stable", "test", "experimental", "deprecated", "unsupported"),
        ("informational", "low", "medium", "high", "critical"),
    )
]
ALL = [*VALUES, *MODIFIERS, *CONDITIONS, *SOURCES, *META]


def line(event: Any) -> str:
    return event if isinstance(event, str) else json.dumps(event)
