"""The repository's add-ons: they are sound, and events of each technology get the fields and tags that data models ask for."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from caltrop import recall
from caltrop.cli import btool, main
from caltrop.cli import knowledge as check
from caltrop.dialect import conf
from caltrop.engine import asking
from caltrop.engine.context import Context
from caltrop.engine.execute import Engine
from caltrop.engine.instance import Instance
from caltrop.knowledge import Configuration, Knowledge, LookupFailure, addon_apps, layers
from caltrop.knowledge.asking import Asker, Fault
from caltrop.knowledge.props import plan

CONFS = sorted(p for app in layers() for p in app.glob("default/*.conf"))
MODELS = sorted(p for app in addon_apps() for p in app.glob("default/data/models/*.json"))


@pytest.mark.parametrize("path", CONFS, ids=lambda p: f"{p.parts[-3]}/{p.name}")
def test_conf_files_are_clean(path: Path) -> None:
    conf.read(path, strict=True)


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return Knowledge(Configuration(layers()), "search")


def test_everything_that_props_name_exists(knowledge: Knowledge) -> None:
    for name, stanza in knowledge.configuration.stanzas("props", "search").items():
        found = plan(stanza.settings)
        assert not found.faults
        for report in found.reports:
            transform = knowledge.transform(report)
            assert not isinstance(transform, Fault), f"[{name}]: {transform}"
        for auto in found.lookups:
            table = knowledge.lookup(auto.table, Asker())
            assert table is not None and {f for f, _ in (*auto.inputs, *auto.outputs)} <= set(table.fields), (
                f"[{name}] {auto.name}"
            )
    assert knowledge.props.faults == []


def test_lookups_open(knowledge: Knowledge) -> None:
    for name in knowledge.lookups():
        try:
            table = knowledge.lookup(name, Asker())
        except LookupFailure as error:
            pytest.fail(f"{name}: {error}")
        assert table is not None and table.fields


def test_tags_belong_to_event_types_that_exist(knowledge: Knowledge) -> None:
    assert set(knowledge.tags["eventtype"]) <= set(knowledge.eventtypes)


@pytest.mark.parametrize("path", MODELS, ids=lambda p: p.stem)
def test_data_models(knowledge: Knowledge, path: Path) -> None:
    model = knowledge.datamodel(path.stem)
    raw = json.loads(path.read_text())
    assert model.name == path.stem and raw["objectNameList"] == model.datasets
    for name in model.datasets:
        dataset = model.dataset(name)
        assert dataset.base_search or dataset.search
        for calculation in dataset.calculations:
            if calculation.kind == "Lookup":
                table = knowledge.lookup(calculation.lookup, Asker())
                assert table is not None
                assert {f for f, _ in (*calculation.inputs, *calculation.outputs)} <= set(table.fields)


def test_attack_table_agrees_with_the_content_room(root: Path) -> None:
    with (root / "caltrop/content/attack.csv").open() as file:
        expected = {
            (r["technique"], r["name"], t.lower().replace(" ", "-"))
            for r in csv.DictReader(file)
            for t in r["tactics"].split("|")
        }
    with (root / "addons/SplunkEnterpriseSecuritySuite/lookups/mitre_attack.csv").open() as file:
        held = {(r["mitre_technique_id"], r["mitre_technique"], r["mitre_tactic"]) for r in csv.DictReader(file)}
    assert held == expected


# --- events ----------------------------------------------------------------------------------------------------------------


def xml(code: int, channel: str, **data: str) -> str:
    body = "".join(f"<Data Name='{k}'>{v}</Data>" for k, v in data.items())
    return (
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='P' Guid='{1}'/>"
        f"<EventID>{code}</EventID><Level>4</Level><Keywords>0x8020000000000000</Keywords>"
        "<TimeCreated SystemTime='2024-01-01T00:00:00.000Z'/><EventRecordID>7</EventRecordID><Execution ProcessID='4' ThreadID='8'/>"
        f"<Channel>{channel}</Channel><Computer>pc1</Computer><Security UserID='S-1-5-18'/></System><EventData>{body}</EventData></Event>"
    )


SYSMON = "Microsoft-Windows-Sysmon/Operational"
CLASSIC_4688 = """01/01/2024 10:00:00 AM
LogName=Security
EventCode=4688
EventType=0
ComputerName=pc1
SourceName=Microsoft Windows security auditing.
Type=Information
RecordNumber=7
Keywords=Audit Success
TaskCategory=Process Creation
OpCode=Info
Message=A new process has been created.

Creator Subject:
\tSecurity ID:\t\tS-1-5-18
\tAccount Name:\t\tPC1$
\tAccount Domain:\t\tLAB

Target Subject:
\tSecurity ID:\t\tNULL SID
\tAccount Name:\t\t-

Process Information:
\tNew Process ID:\t\t0x1a
\tNew Process Name:\tC:\\Windows\\cmd.exe
\tCreator Process ID:\t0x2b
\tCreator Process Name:\tC:\\Windows\\explorer.exe
\tProcess Command Line:\tcmd /c dir a:b
"""

# name: source, sourcetype, raw, fields (a subset), tags (all of them are there)
EVENTS: dict[str, tuple[str, str, str, dict[str, object], set[str]]] = {
    "sysmon process": (
        f"XmlWinEventLog:{SYSMON}", "XmlWinEventLog",
        xml(1, SYSMON, ProcessId="10", Image="C:\\Windows\\cmd.exe", CommandLine="cmd /c &quot;x&quot;", User="LAB\\ann", IntegrityLevel="High",
            Hashes="MD5=AB,SHA256=CD", OriginalFileName="Cmd.Exe", ParentImage="C:\\a\\b.exe", ParentCommandLine="b.exe 1", ParentProcessId="9"),
        {"EventCode": "1", "EventID": "1", "RecordNumber": "7", "Channel": SYSMON, "process_name": "cmd.exe", "process": "cmd /c &quot;x&quot;",
         "process_path": "C:\\Windows\\cmd.exe", "process_id": "10", "user": "ann", "dest": "pc1", "MD5": "AB", "parent_process_name": "b.exe",
         "parent_process": "b.exe 1", "parent_process_id": "9", "process_integrity_level": "High", "original_file_name": "Cmd.Exe",
         "process_hash": "MD5=AB,SHA256=CD", "action": "allowed", "signature": "Process Create", "UserID": "S-1-5-18", "ProcessID": "'4'", "Guid": "'{1}'", "TimeCreated": "2024-01-01T00:00:00.000Z", "os": "Microsoft Windows"},
        {"process", "report"},
    ),
    "the same in lower case": (f"XmlWinEventLog:{SYSMON}", "xmlwineventlog", xml(1, SYSMON, Image="C:\\x.exe"), {"process_name": "x.exe"}, {"process"}),
    "sysmon registry": (
        f"XmlWinEventLog:{SYSMON}", "XmlWinEventLog",
        xml(13, SYSMON, EventType="SetValue", Image="C:\\r.exe", TargetObject="HKLM\\Software\\Run\\Evil", Details="DWORD (0x00000001)"),
        {"registry_path": "HKLM\\Software\\Run\\Evil", "registry_key_name": "Run", "registry_value_name": "Evil",
         "registry_value_data": "0x00000001", "registry_value_type": "REG_DWORD", "registry_hive": "HKEY_LOCAL_MACHINE\\Software", "action": "modified"},
        {"endpoint", "registry"},
    ),
    "sysmon registry key": (
        f"XmlWinEventLog:{SYSMON}", "XmlWinEventLog", xml(12, SYSMON, EventType="DeleteValue", TargetObject="HKU\\S-1-5-21\\Console"),
        {"registry_key_name": "Console", "registry_hive": "HKEY_CURRENT_USER", "action": "deleted", "status": "success",
         "registry_value_name": None, "registry_value_data": None, "severity_id": "DeleteValue"}, {"endpoint", "registry"},
    ),
    "sysmon registry rename": (
        f"XmlWinEventLog:{SYSMON}", "XmlWinEventLog",
        xml(14, SYSMON, EventType="RenameValue", TargetObject="HKLM\\System\\Setup\\Old", NewName="HKLM\\System\\Setup\\New"),
        {"registry_key_name": "Old", "registry_value_name": "Old", "registry_value_data": "HKLM\\System\\Setup\\New", "registry_hive": "HKEY_LOCAL_MACHINE\\System",
         "action": "modified"}, {"endpoint", "registry"},
    ),
    "sysmon file written over": (
        f"XmlWinEventLog:{SYSMON}", "XmlWinEventLog", xml(11, SYSMON, TargetFilename="C:\\a.txt", CreationUtcTime="2023", UtcTime="2024"),
        {"action": "modified", "file_modify_time": None}, {"endpoint", "filesystem"},
    ),
    "sysmon image load": (
        f"XmlWinEventLog:{SYSMON}", "XmlWinEventLog",
        xml(7, SYSMON, Image="C:\\a\\b.exe", ImageLoaded="C:\\w\\c.dll", ProcessId="7", OriginalFileName="-", Signed="true", SignatureStatus="Valid"),
        {"process_name": "b.exe", "process_id": "7", "loaded_file": "c.dll", "parent_process_name": "b.exe", "parent_process_id": "7", "original_file_name": None,
         "service_dll_signature_verified": "true"}, {"process", "report"},
    ),
    "an event id with qualifiers": (
        "XmlWinEventLog:System", "XmlWinEventLog", xml(7036, "System", param1="svc", param2="stopped").replace("<EventID>", "<EventID Qualifiers='16384'>"),
        {"EventCode": "7036", "EventID": None, "Qualifiers": "'16384'", "signature_id": "7036", "status": "stopped", "service": "svc"}, {"service"},
    ),
    "sysmon file": (
        f"XmlWinEventLog:{SYSMON}", "XmlWinEventLog", xml(11, SYSMON, Image="C:\\r.exe", TargetFilename="C:\\t\\a.txt", CreationUtcTime="2024", UtcTime="2024"),
        {"file_path": "C:\\t\\a.txt", "file_name": "a.txt", "action": "created", "file_create_time": "2024"}, {"endpoint", "filesystem"},
    ),
    "sysmon connection": (
        f"XmlWinEventLog:{SYSMON}", "XmlWinEventLog",
        xml(3, SYSMON, Image="C:\\r.exe", Protocol="tcp", Initiated="true", SourceIp="10.0.0.1", SourcePort="5", DestinationIp="10.0.0.2", DestinationHostname="-", DestinationPort="443"),
        {"src_ip": "10.0.0.1", "dest": "10.0.0.2", "dest_port": "443", "transport": "tcp", "direction": "outbound", "action": "allowed"},
        {"network", "communicate"},
    ),
    "sysmon for linux": (
        "Syslog:Linux-Sysmon/Operational", "sysmon:linux", xml(1, "Linux-Sysmon/Operational", Image="/usr/bin/sudo", User="bob").replace("'", '"'),
        {"process_name": "sudo", "user": "bob", "os": "Linux", "vendor_product": "Sysmon for Linux"}, {"process", "report"},
    ),
    "security 4688": (
        "XmlWinEventLog:Security", "XmlWinEventLog",
        xml(4688, "Security", SubjectUserName="ann", NewProcessId="0x1a", NewProcessName="C:\\Windows\\cmd.exe", ProcessId="0x2b", CommandLine="cmd /c x", TargetUserName="-", ParentProcessName="C:\\p.exe"),
        {"user": "ann", "process": "cmd /c x", "process_name": "cmd.exe", "process_id": "0x1a", "parent_process_id": "0x2b", "parent_process_name": "p.exe", "Process_Command_Line": "cmd /c x", "status": "success"},
        {"process", "report"},
    ),
    "security 4688, classic": (
        "WinEventLog:Security", "WinEventLog", CLASSIC_4688,
        {"EventCode": "4688", "Account_Name": ["PC1$", "-"], "New_Process_Name": "C:\\Windows\\cmd.exe", "process": "cmd /c dir a:b", "process_name": "cmd.exe",
         "parent_process_name": "explorer.exe", "parent_process_id": "0x2b", "user": "PC1$", "dest": "pc1", "TaskCategory": "Process Creation"},
        {"process", "report"},
    ),
    "security 4625": (
        "XmlWinEventLog:Security", "XmlWinEventLog", xml(4625, "Security", SubjectUserName="-", TargetUserName="bob", LogonType="3", IpAddress="::ffff:10.0.0.9", IpPort="5").replace("0x802", "0x801"),
        {"action": "failure", "user": "bob", "src": "10.0.0.9", "app": "win:remote", "signature": "An account failed to log on"}, {"authentication"},
    ),
    "security 4720": (
        "XmlWinEventLog:Security", "XmlWinEventLog", xml(4720, "Security", SubjectUserName="ann", TargetUserName="new"),
        {"user": "new", "src_user": "ann", "action": "created", "object_category": "user", "change_type": "AAA"}, {"change", "account"},
    ),
    "system 7045": (
        "XmlWinEventLog:System", "XmlWinEventLog", xml(7045, "System", ServiceName="svc", ImagePath='"C:\\a b\\s.exe" -k', StartType="auto start"),
        {"service_name": "svc", "ImagePath": '"C:\\a b\\s.exe" -k', "start_mode": "auto"}, {"service", "report"},
    ),
    "powershell 4104": (
        "XmlWinEventLog:Microsoft-Windows-PowerShell/Operational", "XmlWinEventLog",
        xml(4104, "Microsoft-Windows-PowerShell/Operational", ScriptBlockText="Get-X\nType=1\n$a = 2"),
        {"ScriptBlockText": "Get-X\nType=1\n$a = 2", "EventCode": "4104", "Computer": "pc1"}, set(),
    ),
    "an event that was cut off": (
        "XmlWinEventLog:Security", "XmlWinEventLog", xml(4688, "Security", NewProcessName="C:\\x.exe", CommandLine="long").split("ng</Data>")[0],
        {"process_name": "x.exe", "CommandLine": "lo"}, {"process"},
    ),
    "cloudtrail": (
        "aws_cloudtrail", "aws:cloudtrail",
        json.dumps({"eventName": "CreateUser", "eventSource": "iam.amazonaws.com", "sourceIPAddress": "1.2.3.4", "userIdentity": {"type": "IAMUser", "userName": "ann"}, "requestParameters": {"userName": "new"}}),
        {"errorCode": "success", "user": "new", "src_user": "ann", "action": "created", "src": "1.2.3.4", "userIdentity.userName": "ann"}, {"change", "account"},
    ),
    "vpc flow": (
        "s", "aws:cloudwatchlogs:vpcflow", "2 123 eni-0b 10.0.0.1 10.0.0.2 47254 22 17 2 98 100 130 REJECT OK",
        {"action": "blocked", "src": "10.0.0.1", "dest_port": "22", "transport": "udp", "duration": "30"}, {"network", "communicate"},
    ),
    "office 365": (
        "o365", "o365:management:activity",
        json.dumps({"Operation": "UserLoginFailed", "UserId": "ann@x", "ClientIP": "1.2.3.4:55", "Workload": "AzureActiveDirectory", "ExtendedProperties": [{"Name": "UserAgent", "Value": "curl"}]}),
        {"action": "failure", "user": "ann@x", "src": "1.2.3.4", "UserAgent": "curl", "ExtendedProperties{}.Name": "UserAgent"}, {"authentication"},
    ),
    "auditd process title": (
        "/var/log/audit/audit.log", "linux:audit", "type=PROCTITLE msg=audit(1.2:3): proctitle=63686D6F640037373700612E7368",
        {"proctitle": "63686D6F640037373700612E7368", "process": "chmod 777 a.sh", "type": "PROCTITLE"}, {"process", "report"},
    ),
    "auditd user": (
        "/var/log/audit/audit.log", "linux:audit", "type=ADD_USER msg=audit(1.2:3): pid=1 msg='op=add exe=\"/x/useradd\" res=success'UID=\"root\"",
        {"res": "success", "UID": "root", "op": "add", "process_exec": "useradd", "action": "success"}, {"change", "account"},
    ),
    "sshd": (
        "/var/log/secure", "linux_secure", "May 27 09:28:36 box sshd[5617]: Failed password for invalid user bob from 1.2.3.4 port 63 ssh2",
        {"user": "bob", "src": "1.2.3.4", "action": "failure", "process": "sshd", "pid": "5617", "dest": "box"}, {"authentication"},
    ),
    "apache": (
        "a", "access_combined", '1.2.3.4 - bob [10/Oct/2024:13:55:36 +0000] "GET /a/b?c=d HTTP/1.1" 404 23 "-" "curl/8"',
        {"status": "404", "http_method": "GET", "uri_path": "/a/b", "uri_query": "c=d", "url_length": "8", "action": "blocked", "http_user_agent": "curl/8"}, {"web"},
    ),
    "suricata alert": (
        "s", "suricata", json.dumps({"event_type": "alert", "src_ip": "1.1.1.1", "dest_ip": "2.2.2.2", "proto": "TCP", "alert": {"action": "allowed", "signature": "bad", "severity": 1}}),
        {"signature": "bad", "severity": "high", "transport": "tcp", "src": "1.1.1.1"}, {"ids", "attack"},
    ),
    "suricata web request": (
        "s", "suricata", json.dumps({"event_type": "http", "src_ip": "1.1.1.1", "dest_ip": "2.2.2.2", "http": {"hostname": "h", "url": "/a/b?c=d", "status": 200}}),
        {"url": "/a/b?c=d", "uri_path": "/a/b", "uri_query": "c=d", "site": "h", "status": "200", "url_length": "8"}, {"web"},
    ),
    "zeek web request": (
        "s", "bro:http:json", json.dumps({"id.orig_h": "1.1.1.1", "id.resp_h": "2.2.2.2", "uri": "/a?b", "method": "GET", "status_code": 200, "host": "h"}),
        {"url": "/a?b", "http_method": "GET", "dest": "2.2.2.2"}, {"web"},
    ),
    "zeek connection that was refused": (
        "s", "bro:conn:json", json.dumps({"id.orig_h": "1.1.1.1", "id.resp_h": "2.2.2.2", "id.resp_p": 22, "proto": "tcp", "conn_state": "REJ"}),
        {"action": "blocked", "transport": "tcp", "dest_port": "22"}, {"network", "communicate"},
    ),
    "cisco first hop security": (
        "cisco:ios", "cisco:ios", "Mar 03 01:02:03 sw1 9: Mar 03 01:02:03.200 CET: %SISF-4-MAC_AND_IP_THEFT: Theft of both A=2001:DB8::7 V=20 I=Gi1/0/3 M=0011.2233.4455 New=Te1/1",
        {"facility": "SISF", "mnemonic": "MAC_AND_IP_THEFT", "vendor_explanation": "Theft of both", "src_ip": "2001:DB8::7", "src_vlan": "20",
         "src_mac": "0011.2233.4455", "src_int_prefix_long": "GigabitEthernet", "src_int_suffix": "1/0/3", "dest_int_prefix_long": "TenGigabitEthernet",
         "dest_int_suffix": "1/1"}, set(),
    ),
    "security data with white space around": (
        "XmlWinEventLog:Security", "XmlWinEventLog", xml(4738, "Security", SidHistory="\n\t\t%{S-1-5-21-7}", TargetUserName="bob", SubjectUserName="ann"),
        {"SidHistory": "%{S-1-5-21-7}", "user_name": "bob", "src_user_name": "ann", "action": "modified", "CategoryString": "User Account Management"}, {"change", "account"},
    ),
    "security 5140": (
        "XmlWinEventLog:Security", "XmlWinEventLog", xml(5140, "Security", SubjectUserName="ann", IpAddress="10.0.0.1"),
        {"action": "success", "change_type": None, "object": None, "CategoryString": None, "Source_Workstation": "10.0.0.1", "user": None}, set(),
    ),
    "cloudtrail read": (
        "aws_cloudtrail", "aws:cloudtrail", json.dumps({"eventName": "DescribeInstances", "eventSource": "ec2.amazonaws.com", "errorCode": "Client.UnauthorizedOperation", "errorMessage": "no"}),
        {"action": None, "status": None, "result_id": "Client.UnauthorizedOperation", "result": "no", "reason": "no", "change_type": "EC2"}, set(),
    ),
    "palo alto traffic": (
        "s", "pan:traffic", "x 1,2024/02/22 12:33:50,0128,TRAFFIC,end,2305,2024/02/22 12:33:50,192.168.1.2,1.2.3.4,,,rule1,,,ssl,vsys1,Trust,Untrust,e1,e2,log,2024,1,1,50,443,0,0,0x4,tcp,deny,10,4,6",
        {"src_ip": "192.168.1.2", "dest_port": "443", "action": "blocked", "transport": "tcp", "bytes_out": "4", "rule": "rule1"}, {"network", "communicate"},
    ),
    "cisco ios": (
        "cisco:ios", "cisco:ios", "Aug 20 17:10:21.665: %PARSER-5-CFGLOG_LOGGEDCMD: User:ann logged command:username bob privilege 15",
        {"facility": "PARSER", "severity_id": "5", "mnemonic": "CFGLOG_LOGGEDCMD", "user": "ann", "command": "username bob privilege 15", "action": "modified"}, {"change", "network"},
    ),
    "cisco asa": (
        "s", "cisco:asa", "%ASA-6-302013: Built outbound TCP connection 12 for outside:1.2.3.4/443 (1.2.3.4/443) to inside:10.0.0.5/5555 (10.0.0.5/5555)",
        {"src": "10.0.0.5", "dest": "1.2.3.4", "dest_port": "443", "transport": "tcp", "action": "allowed", "dest_zone": "outside"}, {"network", "communicate"},
    ),
    "cisco asa denies": (
        "s", "cisco:asa", '%ASA-4-106023: Deny udp src outside:1.2.3.4/53 dst inside:10.0.0.5/99 by access-group "out" [0x0]',
        {"src": "1.2.3.4", "dest": "10.0.0.5", "dest_port": "99", "action": "blocked", "rule": "out"}, {"network", "communicate"},
    ),
    "isovalent": (
        "s", "cisco:isovalent:processExec", json.dumps({"process_exec": {"process": {"binary": "/usr/bin/curl", "arguments": "-s x", "pid": 7, "pod": {"name": "p"}}, "parent": {"binary": "/bin/sh"}}, "node_name": "n1"}),
        {"process_name": "curl", "process": "/usr/bin/curl -s x", "process_id": "7", "parent_process_name": "sh", "pod_name": "p", "dest": "n1"}, {"process", "report"},
    ),
    "model context protocol": (
        "mcp.log", "mcp:jsonrpc", json.dumps({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "read_file", "arguments": {"path": "/x"}}, "host": "box"}),
        {"mcp.tool_name": "read_file", "mcp.file_path": "/x", "mcp.message_type": "request", "extracted_host": "box", "dest": "box"}, {"ai"},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def instance() -> Iterator[Instance]:
    instance = Instance(None, layers())
    instance.store.create_index("main")
    rows = [(raw, source, sourcetype, name) for name, (source, sourcetype, raw, _, _) in EVENTS.items()]
    frame = pl.DataFrame(rows, schema=["_raw", "source", "sourcetype", "host"], orient="row")
    instance.store.append(frame.with_columns(_time=1.7e9, _indextime=1.7e9, index=pl.lit("main")))
    yield instance


@pytest.mark.parametrize("name", EVENTS)
def test_events(instance: Instance, name: str) -> None:
    _, _, _, fields, tags = EVENTS[name]
    found = instance.search(f'search index=main host="{name}"').table.frame
    event = found.row(0, named=True) if found.height else {}
    assert {k: event.get(k) for k in fields} == fields
    held = event.get("tag")
    assert tags <= set([held] if isinstance(held, str) else held or [])


def _asker(instance: Instance) -> Asker:
    return asking.asker(Context(instance, Engine(), instance.clock()))


@pytest.fixture(scope="module")
def everything(instance: Instance) -> pl.DataFrame:
    (segment,) = instance.store.segments(["main"], None, None)
    return instance.knowledge("search", "admin").extract(segment.frame, None, _asker(instance))


@pytest.mark.parametrize("name", ["tag", "process", "action", "mcp.tool_name", "nothing"])
def test_wanted_changes_nothing(instance: Instance, everything: pl.DataFrame, name: str) -> None:
    """Asking for one field gives what asking for all gives, and no other field."""
    (segment,) = instance.store.segments(["main"], None, None)
    one = instance.knowledge("search", "admin").extract(segment.frame, {name}, _asker(instance))
    assert set(one.columns) <= {*segment.frame.columns, name}
    assert _values(one, name) == _values(everything, name)


def _values(frame: pl.DataFrame, name: str) -> list[list[str] | None]:
    cells = frame[name].to_list() if name in frame.columns else [None] * frame.height
    return [cell if cell is None or isinstance(cell, list) else [cell] for cell in cells]


def test_no_fault_is_met(instance: Instance) -> None:
    assert instance.search("index=main").messages == []


# --- command line ------------------------------------------------------------------------------------------------------------


def test_check(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(
        "name: A\nsource: s\nsourcetype: t\nexample_log: 'a=1 b=2'\nfields: [a, b, c, timestartpos]\noutput_fields: [b]\n"
        "field_mappings:\n- {data_model: cim, mapping: {x: Processes.dest}}\n- {data_model: ocsf, mapping: {x: y}}\n"
    )
    (tmp_path / "none.yml").write_text("name: B\nsource: s\n")
    result = CliRunner().invoke(check.command, ["check", str(tmp_path)])
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        " 66.7%    2 of   3  a.yml  missing: c  missing for data models: dest",
        "data model field recall 50.0% (1 of 2 fields)",
        "field precision 100.0% (0 of 2 fields invented, 1 data sources)",
        "field recall 66.7% (2 of 3 fields, 1 data sources)",
    ]
    as_json = CliRunner().invoke(check.command, ["check", str(tmp_path), "--no-addons", "--format", "json"])
    assert json.loads(as_json.stdout)["missing"] == ["c"]


def test_check_counts_what_is_invented(tmp_path: Path) -> None:
    app = tmp_path / "mine"
    (app / "default").mkdir(parents=True)
    (app / "metadata").mkdir()
    (app / "metadata" / "default.meta").write_text("[]\nexport = system\n")
    (app / "default" / "props.conf").write_text('[t]\nEVAL-user = replace(a, "^.*/", "")\nEVAL-more = "x"\n')
    (tmp_path / "a.yml").write_text(
        "name: A\nsource: s\nsourcetype: t\nexample_log: 'a=d/ann'\nfields: [a, user]\n"
        "field_mappings:\n- {data_model: cim, mapping: {a: Processes.user}}\n"
    )
    (tmp_path / "raw.yml").write_text("name: B\nsource: s\nsourcetype: t\nexample_log: 'a=1'\nfields: [a]\n")
    result = CliRunner().invoke(check.command, ["check", str(tmp_path), "--no-addons", "--app", str(app)])
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "100.0%    2 of   2  a.yml  invented: more  differing: user",
        "100.0%    1 of   1  raw.yml",
        "data model field recall 100.0% (1 of 1 fields)",
        "field precision 66.7% (1 of 3 fields invented, 1 data sources)",
        "field recall 100.0% (3 of 3 fields, 2 data sources)",
    ]


def test_check_without_samples(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["knowledge", "check", str(tmp_path)]) == 2
    assert "no data source has both" in capsys.readouterr().err


def test_btool(tmp_path: Path) -> None:
    app = tmp_path / "mine"
    (app / "default").mkdir(parents=True)
    (app / "default" / "x.conf").write_text("[default]\nd = 1\n[s]\nk = a\\\nb\n")
    arguments = ["x", "s", "--no-addons", "--app", str(app)]
    assert CliRunner().invoke(btool.command, arguments).output == "[s]\nd = 1\nk = a\\\nb\n"
    lines = CliRunner().invoke(btool.command, [*arguments, "--debug"]).output.splitlines()
    assert lines[1].endswith("x.conf:2  d = 1") and lines[2].endswith("x.conf:4  k = a\\")


def test_btool_debug_passes_the_main_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["btool", "macros", "--debug"]) == 0
    assert "macros.conf:" in capsys.readouterr().out


def test_btool_names_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["btool", "props", "no such stanza", "--debug"]) == 2  # which asks for places, not for tracebacks
    assert capsys.readouterr().err.startswith("no [no such stanza] in props.conf\n  hint: ")


@pytest.mark.shared
def test_recall_on_the_corpus(shared: Path) -> None:
    instance = Instance(None, layers())
    verdicts, _ = recall.examine(instance, list(recall.samples(shared / "corpus" / "escu")))
    listed = [v for v in verdicts if not v.sample.bare]
    invented = sum(len(v.invented) for v in listed)
    assert invented / (invented + sum(len(v.found) for v in listed)) < 0.05
    assert sum(len(v.found) for v in verdicts) / sum(len(v.sample.fields) for v in verdicts) > 0.95


BROKEN = {
    "props.conf": r"""[acme]
REPORT-a = no_such_transform
EVAL-b = if(
LOOKUP-c = no_such_table x OUTPUT y
EXTRACT-d = (?<e>x
TRANSFORMS-f = no_such_queue
EVAL-fine = 1
FIELDALIAS-g = h AS
KV_MODE = strange
LOOKUP-i = acme_file x OUTPUT y
[acme:index]
LINE_BREAKER = [\r\n]+
TIME_FORMAT = %Y%
MAX_TIMESTAMP_LOOKAHEAD = ten
TZ = Nowhere/Else
MISSING_VALUE_REGEX = (
ANNOTATE_PUNCT = perhaps
SEDCMD-j = s/a
TRANSFORMS-k = acme_eval, acme_meta
[source::...(]
EVAL-l = 1
[acme:order]
priority = first
[rule::acme]
MORE_THAN_5 = (
[acme:table]
KV_MODE = multi:acme_table
""",
    "transforms.conf": r"""[acme_file]
filename = none.csv
[acme_eval]
INGEST_EVAL = a=no_such_function(1)
[acme_meta]
REGEX = (
[acme_alone]
REGEX = [
[acme_fine]
REGEX = (?<m>x)
""",
    "multikv.conf": "[acme_table]\nbody.linecount = some\n",
    "limits.conf": "[stats]\nlist_maxsize = some\n",
    "fields.conf": "[n]\nTOKENIZER = (\n",
    "eventtypes.conf": "[odd]\nsearch = a=(\n",
    "tags.conf": "[nothing]\nx = enabled\n",
}
FAULTS = {
    "eventtypes.conf": (2,), "fields.conf": (2,), "limits.conf": (2,), "multikv.conf": (2,),
    "props.conf": (2, 3, 4, 5, 6, 8, 9, 12, 13, 14, 15, 16, 17, 18, 19, 21, 23, 25), "tags.conf": (2,), "transforms.conf": (2, 4, 6, 8),
}  # fmt: skip


def test_check_tells_every_fault_with_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app = tmp_path / "TA_acme"
    (app / "default").mkdir(parents=True)
    for name, text in BROKEN.items():
        (app / "default" / name).write_text(text)
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "a.yml").write_text("name: A\nsource: s\nsourcetype: t\nexample_log: 'a=1'\nfields: [a]\n")
    assert main(["knowledge", "check", str(folder), "--no-addons"]) == 0
    capsys.readouterr()
    assert main(["knowledge", "check", str(folder), "--no-addons", "--app", str(app)]) == 1
    told = capsys.readouterr()
    assert told.out.splitlines()[-1] == "field recall 100.0% (1 of 1 fields, 1 data sources)"
    places = [line.split(": ")[1] for line in told.err.splitlines() if line.startswith("fault: ")]
    assert places == [f"TA_acme/default/{conf}:{line}" for conf, lines in FAULTS.items() for line in lines]


def test_check_runs_index_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The example is broken, transformed and dated as its source type says; one that is dropped is looked at all the same."""
    app = tmp_path / "TA_acme"
    (app / "default").mkdir(parents=True)
    (app / "default" / "props.conf").write_text(
        "[acme]\nLINE_BREAKER = ([;]+)\nSHOULD_LINEMERGE = false\nTRANSFORMS-a = acme_zone\n[gone]\nTRANSFORMS-a = acme_drop\n"
    )
    (app / "default" / "transforms.conf").write_text(
        "[acme_zone]\nREGEX = z(\\d)\nFORMAT = zone::$1\nWRITE_META = true\n"
        "[acme_drop]\nREGEX = .\nDEST_KEY = queue\nFORMAT = nullQueue\n"
    )
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "a.yml").write_text(
        "name: A\nsource: s\nsourcetype: acme\nexample_log: 'a=1;b=2 z7'\nfields: [a, b, zone]\n"
    )
    (folder / "b.yml").write_text("name: B\nsource: s\nsourcetype: gone\nexample_log: 'a=1'\nfields: [a]\n")
    assert main(["knowledge", "check", str(folder), "--no-addons", "--app", str(app)]) == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[-1] == "field recall 100.0% (4 of 4 fields, 2 data sources)"
    assert "b.yml: index time leaves no event of the example" in told.err
