"""Windows events: rebuilt from collectors' JSON, rendered as XML and classic, read from EVTX."""

from __future__ import annotations

import io
import json
import random
import re
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from caltrop.errors import CaltropError
from caltrop.index import frames
from caltrop.index.importers import ImportOptions, Problem, nxlog, read, windows, windowscolumns
from caltrop.index.importers.formats import evtx

NXLOG = {
    "EventTime": "2020-09-20 17:38:55",
    "EventReceivedTime": "2020-09-20 17:38:57",
    "@timestamp": "2020-09-20T21:38:57.372Z",
    "Hostname": "pc.example",
    "Keywords": -9223372036854775808,
    "EventType": "INFO",
    "SeverityValue": 2,
    "EventID": 4104,
    "SourceName": "Microsoft-Windows-PowerShell",
    "ProviderGuid": "A0C1853B-5C40-4B15-8766-3CF1C58F985A",
    "Version": 1,
    "Task": 2,
    "OpcodeValue": 15,
    "Opcode": "On create calls",
    "Category": "Execute a Remote Command",
    "RecordNumber": 7,
    "ActivityID": "{3AF69DEC-79B4-0001-41BB-2B9F068DD601}",
    "ExecutionProcessID": 10,
    "ThreadID": 11,
    "Channel": "Microsoft-Windows-PowerShell/Operational",
    "Domain": "CORP",
    "AccountName": "ann",
    "UserID": "S-1-5-21-1",
    "AccountType": "User",
    "MessageNumber": "1",
    "MessageTotal": "1",
    "ScriptBlockText": "if (1 -lt 2) { 'a' & \"b\" }\r\nexit",
    "ScriptBlockId": "6e4c1b59",
    "Path": None,
    "tags": ["x"],
    "port": 5,
    "host": "collector",
    "SourceModuleName": "eventlog",
    "@version": "1",
}


def rebuilt(*records: dict[str, Any], tz: str = "UTC") -> list[windows.WindowsEvent]:
    return nxlog.Rebuilder(tz).batch(records).rows()


def to_xml(event: windows.WindowsEvent) -> str:
    return windowscolumns.to_xml(windowscolumns.WindowsEvents.of([event]))[0]


def without(*names: str, **changes: Any) -> dict[str, Any]:
    return {key: value for key, value in {**NXLOG, **changes}.items() if key not in names}


def test_xml_of_a_collectors_record() -> None:
    assert to_xml(rebuilt(NXLOG)[0]) == (
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
        "<Provider Name='Microsoft-Windows-PowerShell' Guid='{A0C1853B-5C40-4B15-8766-3CF1C58F985A}'/>"
        "<EventID>4104</EventID><Version>1</Version><Level>4</Level><Task>2</Task><Opcode>15</Opcode>"
        "<Keywords>0x8000000000000000</Keywords><TimeCreated SystemTime='2020-09-20T21:38:55.000000000Z'/>"
        "<EventRecordID>7</EventRecordID><Correlation ActivityID='{3AF69DEC-79B4-0001-41BB-2B9F068DD601}'/>"
        "<Execution ProcessID='10' ThreadID='11'/><Channel>Microsoft-Windows-PowerShell/Operational</Channel>"
        "<Computer>pc.example</Computer><Security UserID='S-1-5-21-1'/></System><EventData>"
        "<Data Name='MessageNumber'>1</Data><Data Name='MessageTotal'>1</Data>"
        "<Data Name='ScriptBlockText'>if (1 -lt 2) { 'a' &amp; \"b\" }\r\nexit</Data>"
        "<Data Name='ScriptBlockId'>6e4c1b59</Data><Data Name='Path'></Data></EventData></Event>"
    )


def test_classic_text_of_a_collectors_record() -> None:
    assert windows.to_classic(rebuilt(NXLOG)[0]).split("\n") == [
        "09/20/2020 09:38:55 PM",
        "LogName=Microsoft-Windows-PowerShell/Operational",
        "EventCode=4104",
        "EventType=4",
        "ComputerName=pc.example",
        "User=CORP\\ann",
        "Sid=S-1-5-21-1",
        "SidType=0",
        "SourceName=Microsoft-Windows-PowerShell",
        "Type=Information",
        "RecordNumber=7",
        "Keywords=None",
        "TaskCategory=Execute a Remote Command",
        "OpCode=On create calls",
        "Message=Creating Scriptblock text (1 of 1):",
        "if (1 -lt 2) { 'a' & \"b\" }",
        "exit",
        "",
        "ScriptBlock ID: 6e4c1b59",
        "Path: ",
    ]


def test_security_events_in_classic_text() -> None:
    record = without(
        "AccountName", "AccountType", "Domain", "UserID", Channel="security", EventType="AUDIT_FAILURE", Message="m\r\n\tn",
        SourceName="Microsoft-Windows-Security-Auditing", Keywords=-9218868437227405312,
    )  # fmt: skip
    text = windows.to_classic(rebuilt(record)[0])
    assert "\nLogName=Security\n" in text and "\nEventType=0\n" in text and "\nKeywords=Audit Failure\n" in text
    assert "\nUser=" not in text and text.endswith("\nMessage=m\n\tn")


@pytest.mark.parametrize(
    ("record", "moment"),
    [
        (NXLOG, "2020-09-20T21:38:55.000000000"),
        (without("EventReceivedTime", "@timestamp"), "2020-09-20T17:38:55.000000000"),
        (without("EventReceivedTime"), "2020-09-20T17:38:55.000000000"),
        (
            without("EventTime", "EventReceivedTime", TimeCreated="2020-10-23T02:36:44.970Z"),
            "2020-10-23T02:36:44.970000000",
        ),
        (
            without("EventTime", "EventReceivedTime", TimeCreated="2020-10-23T02:36:44.97+02:00"),
            "2020-10-23T00:36:44.970000000",
        ),
        (without("EventTime", "EventReceivedTime"), "2020-09-20T21:38:57.372000000"),
        (without("EventReceivedTime", "@timestamp", EventTime="never"), "1970-01-01T00:00:00.000000000"),
        (without(**{"@timestamp": "2024-01-01T00:00:00Z"}), "2020-09-20T17:38:55.000000000"),
        (without("EventReceivedTime", EventTime="0001-01-01 00:00:00"), "0001-01-01T00:00:00.000000000"),
    ],
)
def test_time_of_a_record(record: dict[str, Any], moment: str) -> None:
    assert f"SystemTime='{moment}Z'" in to_xml(rebuilt(record)[0])


def test_sysmons_own_clock_tells_the_offset_of_the_batch() -> None:
    local = {"Hostname": "pc", "Channel": "Security", "EventID": 1, "SourceName": "x"}
    wrong_zone = {**local, "TimeCreated": "2020-10-23T02:36:44.970Z", "@timestamp": "2020-10-23T02:36:44.970Z"}
    sysmon = {**wrong_zone, "Channel": "Microsoft-Windows-Sysmon/Operational", "UtcTime": "2020-10-23 06:36:42.509"}
    builder = nxlog.Rebuilder()
    assert [event.time.hour for event in builder.batch([wrong_zone, sysmon]).rows()] == [6, 6]
    assert [event.time.hour for event in builder.batch([wrong_zone]).rows()] == [6]
    assert [event.time.hour for event in rebuilt(wrong_zone)] == [2]


def test_a_record_without_time_takes_the_one_before() -> None:
    times = [
        event.time.year
        for event in rebuilt(without("@timestamp", EventTime=[]), NXLOG, without("@timestamp", EventTime=None))
    ]
    assert times == [1970, 2020, 2020]


def test_a_time_beyond_the_calendar_is_none() -> None:
    record = without(EventTime="9999-12-31 23:59:59")
    assert rebuilt(NXLOG, record)[1].time.year == 2020


def test_level_without_severity() -> None:
    assert rebuilt(without("SeverityValue", "EventType"))[0].level == 4
    assert rebuilt(without("SeverityValue", "EventType", Channel="Security"))[0].level == 0


def test_zone_option_applies_where_nothing_tells() -> None:
    record = without("EventReceivedTime", "@timestamp")
    assert rebuilt(record, tz="America/New_York")[0].time.hour == 21


def test_sysmon_data_in_order_and_restored_from_the_message() -> None:
    record = {
        "EventID": 13, "Channel": "Microsoft-Windows-Sysmon/Operational", "SourceName": "Microsoft-Windows-Sysmon",
        "EventTime": "2020-01-01 00:00:00", "Hostname": "pc", "EventType": "INFO", "SeverityValue": 2,
        "Details": "d", "Image": "i", "UtcTime": "2020-01-01 00:00:00.1", "RuleName": "-", "Other": "o",
        "Message": "Registry value set:\r\nRuleName: -\r\nEventType: SetValue\r\nProcessId: 5\r\nImage: i\r\nstray line",
    }  # fmt: skip
    names = dict(rebuilt(record)[0].data)
    assert list(names) == ["RuleName", "EventType", "UtcTime", "ProcessId", "Image", "Details", "Other"]
    assert (names["EventType"], names["ProcessId"]) == ("SetValue", "5")


def test_event_type_of_the_event_is_data() -> None:
    assert ("EventType", "SetValue") in rebuilt(without(EventType="SetValue"))[0].data


def test_process_of_old_and_new_collectors() -> None:
    old = rebuilt(without("ExecutionProcessID", ProcessID=99))[0]
    new = rebuilt(without(ProcessID="99"))[0]
    assert (old.process_id, dict(old.data).get("ProcessID")) == (99, None)
    assert (new.process_id, dict(new.data)["ProcessID"]) == (10, "99")


def test_an_event_without_data_carries_its_message() -> None:
    record = {
        "EventID": 400,
        "Channel": "Windows PowerShell",
        "SourceName": "PowerShell",
        "Hostname": "pc",
        "Message": "a<b",
        "EventTime": "2020-01-01 00:00:00",
    }
    xml = to_xml(rebuilt(record)[0])
    assert "<RenderingInfo Culture='en-US'><Message>a&lt;b</Message>" in xml
    again = windows.from_xml(xml)
    assert again is not None and again.message == "a<b"


def test_xml_is_read_back() -> None:
    event = rebuilt(NXLOG)[0]
    again = windows.from_xml(to_xml(event))
    assert again is not None
    again.category, again.opcode_name, again.user = event.category, event.opcode_name, event.user
    assert to_xml(again) == to_xml(event)
    assert windows.to_classic(again) == windows.to_classic(event)
    assert windows.from_xml("<Event/>") is None


BEAT = {
    "@timestamp": "2020-01-01T00:00:00.123Z",
    "message": "m",
    "log": {"level": "information"},
    "winlog": {
        "channel": "Security", "event_id": 4688, "provider_name": "P", "computer_name": "pc", "record_id": 5,
        "keywords": ["Audit Success"], "process": {"pid": 4, "thread": {"id": 8}}, "task": "Process Creation",
        "user": {"identifier": "S-1", "name": "ann", "domain": "D"}, "event_data": {"A": "1", "B": None},
    },
}  # fmt: skip
CONVERTED = {
    "Event": {
        "#attributes": {"xmlns": "x"},
        "System": {
            "Provider": {"#attributes": {"Name": "P", "Guid": "G"}}, "EventID": {"#text": 7, "#attributes": {"Qualifiers": 1}},
            "Channel": "System", "Computer": "pc", "Keywords": "0x80", "Level": 4,
            "TimeCreated": {"#attributes": {"SystemTime": "2020-01-01T00:00:00.123Z"}},
            "Execution": {"#attributes": {"ProcessID": 4, "ThreadID": 8}}, "Security": {"#attributes": {"UserID": "S-1"}},
        },
        "EventData": {"A": "1", "Data": {"#text": ["x", "y"]}},
        "UserData": None,
    }
}  # fmt: skip


BESIDE = {
    "Event_attributes": {"xmlns": "x"},
    "Event": {
        "System": {
            "Provider_attributes": {"Name": "P", "Guid": "G"}, "EventID": 7, "EventID_attributes": {"Qualifiers": 1},
            "Channel": "System", "Computer": "pc", "Keywords": "0x80", "Level": 4, "Correlation": None,
            "TimeCreated_attributes": {"SystemTime": "2020-01-01T00:00:00.123Z"},
            "Execution_attributes": {"ProcessID": 4, "ThreadID": 8}, "Security_attributes": {"UserID": "S-1"},
        },
        "EventData": {"A": "1", "list_attributes": "a value"},
        "UserData": {"Inner_attributes": {"xmlns": "y"}, "Inner": {"B": 2}},
    }
}  # fmt: skip


def test_attributes_beside_their_elements() -> None:
    (raw,) = load(json.dumps([BESIDE]).encode()).get_column("_raw")
    assert "<Provider Name='P' Guid='{G}'/><EventID>7</EventID>" in raw
    assert "SystemTime='2020-01-01T00:00:00.123000000Z'" in raw
    assert "<Execution ProcessID='4' ThreadID='8'/>" in raw and "<Security UserID='S-1'/>" in raw
    again = windows.from_xml(raw)
    assert again is not None and again.data == [("A", "1"), ("list_attributes", "a value"), ("B", "2")]


def test_nested_forms_of_windows_events() -> None:
    frame = load(f"{json.dumps(BEAT)}\n{json.dumps(CONVERTED)}".encode())
    beat, converted = frame.get_column("_raw")
    assert "<EventID>4688</EventID>" in beat and "<Keywords>0x8020000000000000</Keywords>" in beat
    assert (
        "SystemTime='2020-01-01T00:00:00.123000000Z'" in beat
        and "SystemTime='2020-01-01T00:00:00.123000000Z'" in converted
    )
    assert "<Execution ProcessID='4' ThreadID='8'/>" in beat and "<Security UserID='S-1'/>" in beat
    assert "<EventData><Data Name='A'>1</Data><Data Name='B'></Data></EventData>" in beat
    assert "<Provider Name='P' Guid='{G}'/><EventID>7</EventID>" in converted
    assert "<Data Name='A'>1</Data><Data>x</Data><Data>y</Data>" in converted
    again = windows.from_xml(converted)
    assert again is not None and again.data == [("A", "1"), ("", "x"), ("", "y")]
    assert windows.to_classic(again).endswith("Message=A: 1\nx\ny")
    assert frame.get_column("source").to_list() == ["XmlWinEventLog:Security", "XmlWinEventLog:System"]


def test_winlogbeat_before_version_7() -> None:
    record = {
        "@timestamp": "2020-01-01T00:00:00Z", "event_id": 10, "log_name": "Microsoft-Windows-Sysmon/Operational",
        "source_name": "Microsoft-Windows-Sysmon", "computer_name": "pc", "record_number": "9", "process_id": 4,
        "thread_id": 8, "level": "Warning", "event_data": {"A": "1"}, "message": "m",
    }  # fmt: skip
    frame = load(json.dumps(record).encode())
    raw = frame.get_column("_raw")[0]
    assert "<Level>3</Level>" in raw and "<EventRecordID>9</EventRecordID>" in raw
    assert "<Execution ProcessID='4' ThreadID='8'/><Channel>Microsoft-Windows-Sysmon/Operational</Channel>" in raw


def test_rendering_of_parser_xml() -> None:
    parsed = (
        '<?xml version="1.0"?>\n<Event xmlns="http://x">\n  <System>\n    <Provider Name="O\'Neil &quot;x&quot;" Guid="A0C1853B-5C40-4B15-8766-3CF1C58F985A">\n'
        '    </Provider>\n    <EventID Qualifiers="16384">1</EventID>\n    <TimeCreated SystemTime="2022-08-31T19:18:39.323665Z">\n    </TimeCreated>\n'
        '    <Correlation>\n    </Correlation>\n  </System>\n  <EventData>\n    <Data Name="G">C2494F38-B411-630F-636B-000000006A02</Data>\n'
        '    <Data Name="g">c2494f38-b411-630f-636b-000000006a02</Data>\n    <Data Name="e"></Data>\n    <Data>a\n   b &lt;c&gt;="d"</Data>\n  </EventData>\n</Event>\n'
    )
    assert evtx.rendering(parsed, "2022-08-31T19:18:39.3236659Z UTC") == (
        "<Event xmlns='http://x'><System><Provider Name='O&apos;Neil \"x\"' Guid='{A0C1853B-5C40-4B15-8766-3CF1C58F985A}'/>"
        "<EventID Qualifiers='16384'>1</EventID><TimeCreated SystemTime='2022-08-31T19:18:39.323665900Z'/><Correlation/></System>"
        "<EventData><Data Name='G'>{C2494F38-B411-630F-636B-000000006A02}</Data>"
        "<Data Name='g'>c2494f38-b411-630f-636b-000000006a02</Data><Data Name='e'></Data><Data>a\n   b &lt;c&gt;=\"d\"</Data></EventData></Event>"
    )


def test_a_file_that_only_begins_like_an_event_log() -> None:
    with pytest.raises(CaltropError, match="no readable event log"):
        list(read(b"ElfFile\x00" + b"\x00" * 100, ImportOptions(), name="x.evtx"))


# Real captures


def load(path: Path | str | bytes, **options: Any) -> pl.DataFrame:
    return frames.concat(list(read(path, ImportOptions(now=1e9, **options), name="capture")))


@pytest.mark.shared
def test_event_log_files(shared: Path) -> None:
    frame = load(shared / "datasets/attack_data/T1003.001-procdump-evtx.zip")
    assert frame.height == 2460
    for raw in frame.get_column("_raw"):
        assert raw.startswith(f"<Event xmlns='{windows.NAMESPACE}'><System><Provider Name='")
        ET.fromstring(raw)
    assert set(frame.get_column("host")) == {"win-host-mhaag-attack-range-117"}
    seen = [float(windows.from_xml(raw).time.timestamp()) for raw in frame.get_column("_raw").head(50)]  # type: ignore[union-attr]
    assert [int(t) for t in frame.get_column("_time").head(50)] == seen


@pytest.mark.shared
def test_damaged_event_logs_never_crash(shared: Path) -> None:
    with zipfile.ZipFile(shared / "datasets/attack_data/T1003.001-procdump-evtx.zip") as archive:
        whole = archive.read("Security.evtx")
    dice = random.Random(7)
    problems: list[Problem] = []
    for _ in range(6):
        data = bytearray(whole[: dice.choice([200_000, len(whole)])])
        for _ in range(400):
            data[dice.randrange(4096, len(data))] = dice.randrange(256)
        for frame in read(bytes(data), ImportOptions(on_problem=problems.append), name="x.evtx"):
            assert frame.height
    assert problems


@pytest.mark.shared
def test_every_capture_becomes_well_formed_xml_and_classic(shared: Path) -> None:
    for path in sorted((shared / "datasets/otrf").glob("*host_psh*.zip")):
        frame = load(path)
        for raw in frame.get_column("_raw"):
            root = ET.fromstring(raw)
            assert root[0].tag.endswith("System")
        classic = load(path, windows="classic")
        assert classic.height == frame.height
        assert classic.get_column("_time").equals(frame.get_column("_time"))
        text = "\n".join(classic.get_column("_raw"))
        again = load(text.encode())
        assert again.height == classic.height
        assert set(again.get_column("source")) == set(classic.get_column("source"))


@pytest.mark.shared
def test_layout_is_that_of_the_example_logs(shared: Path) -> None:
    """Reading an example and rendering it again gives the example, for all that have only named data."""
    checked = 0
    for path in sorted((shared / "corpus/escu/data_sources").glob("*.yml")):
        example = str(yaml.safe_load(path.read_text()).get("example_log") or "")
        if not example.startswith("<Event xmlns='http://schemas.microsoft.com") or not example.endswith(
            "</EventData></Event>"
        ):
            continue
        if any(
            mark in example
            for mark in ("<Binary", "Qualifiers=", "EventSourceName", "<EventData Name", "<Data>", "\n", "<Le>")
        ):
            continue
        if not re.search(r"SystemTime='[^']*\.\d{9}Z'", example):
            continue  # not Splunk's rendering: Windows tools write seven digits
        event = windows.from_xml(example)
        assert event is not None
        assert to_xml(event) == example, path.name
        checked += 1
    assert checked > 20


def test_json_of_another_kind_stays_json() -> None:
    frame = load(io.BytesIO(json.dumps({"EventID": 1, "x": 2}).encode()).getvalue())
    assert frame.get_column("sourcetype")[0] == "_json"
