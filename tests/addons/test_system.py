"""The system's own layer: each pretrained source type reads a line of its well-known format, without any add-on."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from caltrop.cli import btool
from caltrop.dialect import conf
from caltrop.engine.instance import Instance
from caltrop.index.importers import ImportOptions
from caltrop.knowledge import Configuration, Knowledge, layers
from caltrop.knowledge.asking import Fault
from caltrop.knowledge.props import plan

COMBINED = '10.1.2.3 - ann [05/Mar/2024:10:11:12 +0100] "GET /shop/cart.php?id=7 HTTP/1.1" 200 512 "http://example.org/a" "agent/1.0"'
CLASSIC = """03/05/2024 10:11:12 AM
LogName=Security
EventCode=4634
Type=Information
ComputerName=pc7
Message=An account was logged off.

Subject:
\tAccount Name:\t\tann
\tLogon Type:\t\t3
"""

# source type: the text of one event, fields of it (None: there is no such field)
LINES: dict[str, tuple[str, dict[str, object]]] = {
    "access_combined": (COMBINED, {
        "clientip": "10.1.2.3", "user": "ann", "method": "GET", "uri": "/shop/cart.php?id=7", "uri_path": "/shop/cart.php", "uri_query": "id=7",
        "root": "shop", "file": "cart.php", "version": "HTTP/1.1", "status": "200", "bytes": "512", "referer": "http://example.org/a",
        "referer_domain": "http://example.org", "useragent": "agent/1.0", "cookie": None,
    }),
    "access_combined_wcookie": (COMBINED + ' "s=1"', {"cookie": "s=1", "useragent": "agent/1.0"}),
    "access_common": (COMBINED.split(' "http')[0], {"status": "200", "referer": None}),
    "apache_error": (
        "[Tue Mar 05 10:11:12.345678 2024] [proxy:error] [pid 35:tid 14] [client 10.1.2.3:5060] AH00898: no answer",
        {"module": "proxy", "log_level": "error", "pid": "35", "clientip": "10.1.2.3", "clientport": "5060"},
    ),
    "syslog": ("Mar  5 10:11:12 box7 crond[42]: job done", {"process": "crond", "pid": "42", "host": "box7"}),
    "linux_messages_syslog": ("Mar  5 10:11:12 box7 kernel: up", {"process": "kernel", "pid": None, "host": "box7"}),
    "linux_secure": ("Mar  5 10:11:12 box7 sshd[9]: Accepted publickey for ann", {"process": "sshd", "pid": "9", "host": "box7"}),
    "cisco_syslog": ("Mar  5 10:11:12 10.9.8.7 %LINK-3-UPDOWN: down", {"host": "10.9.8.7"}),
    "postfix_syslog": ("Mar  5 10:11:12 mx1 postfix/smtpd[7]: 4F9D195432C: client=a", {"process": "postfix/smtpd", "qid": "4F9D195432C", "client": "a"}),
    "sendmail_syslog": ("Mar  5 10:11:12 mx1 sendmail[7]: g3B1rJkL: to=<a@b>", {"process": "sendmail", "qid": "g3B1rJkL"}),
    "WinEventLog": (CLASSIC, {"EventCode": "4634", "LogName": "Security", "Account_Name": "ann", "Logon_Type": "3", "ComputerName": "pc7"}),
    "WinRegistry": ('03/05/2024 10:11:12.345\nevent_status="(0)ok"\nkey_path="HKLM\\\\software\\\\x"\npid=4', {"event_status": "(0)ok", "pid": "4"}),
    "ActiveDirectory": ("03/05/2024 10:11:12.345\ndcName=dc1.lab\n\tobjectClass=top|person\n\tobjectClass=user", {"dcName": "dc1.lab", "objectClass": ["top|person", "user"]}),
    "Perfmon:CPU": ('03/05/2024 10:11:12.345 +0100\ncollection="CPU"\nobject=Processor\ncounter="% User Time"\nValue=1.5', {"collection": "CPU", "object": "Processor", "counter": "% User Time", "Value": "1.5"}),
    "log4j": ("2024-03-05 10:11:12,345 [main] WARN  org.example.App - slow\n\tat a.b(C.java:1)", {"thread": "main", "log_level": "WARN", "logger": "org.example.App"}),
    "catalina": ("Mar 5, 2024 10:11:12 AM org.apache.X start\nINFO: started", {"log_level": "INFO"}),
    "mysqld_error": ("2024-03-05T10:11:12.345678Z 8 [Warning] [MY-010055] [Server] slow", {"thread_id": "8", "log_level": "Warning", "error_code": "MY-010055", "subsystem": "Server"}),
    "websphere_trlog": ("[3/5/24 10:11:12:345 CET] 0000000a WebGroup      E SRVE0026E: failed", {"thread_id": "0000000a", "component": "WebGroup", "event_type": "E", "code": "SRVE0026E"}),
    "splunkd": ("03-05-2024 10:11:12.345 +0100 WARN  TcpOutput [1234 fwd] - slow peer=p1", {"log_level": "WARN", "component": "TcpOutput", "thread_name": "fwd", "event_message": "slow peer=p1", "peer": "p1"}),
    "scheduler": ('03-05-2024 10:11:12.345 +0100 INFO  SavedSplunker - savedsearch_name="a b", status=success', {"component": "SavedSplunker", "savedsearch_name": "a b", "status": "success"}),
    "splunkd_access": ('127.0.0.1 - admin [05/Mar/2024:10:11:12.345 +0100] "GET /services/x?a=b HTTP/1.1" 200 99 "-" "sdk" - - - 7ms', {"user": "admin", "uri_path": "/services/x", "status": "200", "spent": "7"}),
    "splunkd_ui_access": ('127.0.0.1 - admin [05/Mar/2024:10:11:12.345 +0100] "GET /en-US/app/x HTTP/1.1" 200 99 "-" "b" - 65e 3ms', {"uri_path": "/en-US/app/x", "file": "x", "spent": "3"}),
    "splunk_web_access": ('127.0.0.1 - admin [05/Mar/2024:10:11:12.345 +0100] "GET /en-US/app/x/y HTTP/1.1" 200 99 "" "b" - 65e 3ms', {"root": "en-US", "file": "y", "status": "200"}),
    "splunk_web_service": ("2024-03-05 10:11:12,345 ERROR   [65e7] proxy:12 - broken", {"log_level": "ERROR", "requestid": "65e7", "component": "proxy", "event_message": "broken"}),
    "splunk_python": ("2024-03-05 10:11:12,345 +0100 INFO sendemail:139 - sent", {"log_level": "INFO", "component": "sendemail", "line": "139"}),
    "audittrail": ("Audit:[timestamp=03-05-2024 10:11:12.345, user=admin, action=search, info=granted , search='search a, b=c', savedsearch_name=\"An alert, daily\"][n/a]", {"user": "admin", "action": "search", "search": "search a, b=c", "b": None, "savedsearch_name": "An alert, daily"}),
    "stash": ('1709630000, search_name="a, b=1", n=1, a.b="x y"', {"search_name": "a, b=1", "n": "1", "a.b": "x y", "b": None}),
    "osx_secure": ("Mar  5 10:11:12 mac7 com.apple.SecurityServer[24]: ok", {"process": "com.apple.SecurityServer", "pid": "24", "host": "mac7"}),
    "linux_audit": ("type=USER_LOGIN msg=audit(1709630000.123:9): pid=4 res=success", {"type": "USER_LOGIN", "res": "success"}),
    "cups_access": ('box7 - ann [05/Mar/2024:10:11:12 +0100] "POST /printers/p HTTP/1.1" 200 300 Print-Job ok', {"user": "ann", "uri_path": "/printers/p", "status": "200"}),
    "cups_error": ("E [05/Mar/2024:10:11:12 +0100] no such printer", {"log_level": "E"}),
    "asterisk_cdr": (
        '"","100","200","ctx","""Ann"" <100>","SIP/100","SIP/200","Dial","SIP/200","2024-03-05 10:11:12","2024-03-05 10:11:15","2024-03-05 10:11:20",8,5,"ANSWERED","DOC"',
        {"src": "100", "dst": "200", "billsec": "5", "disposition": "ANSWERED"},
    ),
    "asterisk_messages": ("[Mar  5 10:11:12] WARNING[1234] chan_sip.c: no answer", {"log_level": "WARNING", "thread_id": "1234", "file": "chan_sip.c"}),
    "asterisk_queue": ("1709630000|4.7|sales|SIP/100|CONNECT|5", {"callid": "4.7", "queue": "sales", "event": "CONNECT", "data1": "5"}),
    "asterisk_event": ("Event: Hangup\nChannel: SIP/100\nCause: 16", {"Channel": "SIP/100", "Cause": "16"}),
    "db2_diag": ("2024-03-05-10.11.12.345678+060 I1A2  LEVEL: Warning\nPID     : 1234   TID : 56   PROC : db2sysc", {"LEVEL": "Warning", "PID": "1234", "TID": "56", "PROC": "db2sysc"}),
    "exim_main": ("2024-03-05 10:11:12 1rhAbC-0001xy-2Z <= a@b.example H=h [192.0.2.1] P=esmtp S=123", {"message_id": "1rhAbC-0001xy-2Z", "flag": "<=", "address": "a@b.example", "P": "esmtp", "S": "123"}),
    "log4net_xml": (
        '<log4net:event logger="A.B" timestamp="2024-03-05T10:11:12.345+01:00" level="WARN" thread="3">\n<log4net:message>slow</log4net:message>\n</log4net:event>',
        {"logger": "A.B", "level": "WARN", "thread": "3", "message": "slow"},
    ),
    "sugarcrm_log4php": ("Tue Mar 05 10:11:12 2024 [9][ann][FATAL] broken\nmore", {"pid": "9", "user": "ann", "log_level": "FATAL"}),
    "mysql_slow": (
        "# Time: 2024-03-05T10:11:12.345678Z\n# User@Host: ann[ann] @ pc7 [192.0.2.1]  Id: 8\n# Query_time: 1.5  Lock_time: 0.1 Rows_sent: 3  Rows_examined: 9\nselect 1;",
        {"Query_time": "1.5", "Rows_examined": "9", "user": "ann", "client": "pc7", "clientip": "192.0.2.1"},
    ),
    "procmail": ("From a@b.example  Tue Mar  5 10:11:12 2024\n Subject: hello there\n  Folder: inbox", {"from": "a@b.example", "Subject": "hello there", "Folder": "inbox"}),
    "ruby_on_rails": (
        'Started GET "/a?b=c" for 192.0.2.1 at 2024-03-05 10:11:12 +0100\n  Rendered x\nCompleted 200 OK in 7ms',
        {"method": "GET", "uri": "/a?b=c", "clientip": "192.0.2.1", "status": "200", "duration": "7"},
    ),
    "snort": (
        "[**] [1:1407:9] SNMP trap udp [**]\n[Classification: Attempted Information Leak] [Priority: 2]\n03/05-10:11:12.345678 192.0.2.1:1052 -> 192.0.2.2:162",
        {"signature": "SNMP trap udp", "signature_id": "1407", "category": "Attempted Information Leak", "priority": "2", "src_ip": "192.0.2.1", "dest_port": "162"},
    ),
    "squid": (
        "1709630000.123    180 192.0.2.1 TCP_MISS/200 411 GET http://a.example/ ann DIRECT/192.0.2.2 text/html",
        {"action": "TCP_MISS", "http_status": "200", "uri": "http://a.example/", "username": "ann", "server_ip": "192.0.2.2", "content_type": "text/html"},
    ),
    "weblogic_stdout": ("<Mar 5, 2024 10:11:12 AM CET> <Warning> <EJB> <BEA-010001> <slow\nmore>", {"log_level": "Warning", "code": "BEA-010001"}),
    "websphere_activity": ("----------------------------\nComponentId: Application\nProcessId: 7\nTimeStamp: 2024-03-05 10:11:12", {"ComponentId": "Application", "ProcessId": "7"}),
    "websphere_trlog_sysout": ("[3/5/24 10:11:12:345 CET] 0000000a WebGroup      I SRVE0026I: up", {"code": "SRVE0026I"}),
    "windows_snare_syslog": (
        "Mar  5 10:11:12 pc7 MSWinEventLog\t1\tSecurity\t9\tTue Mar 05 10:11:12 2024\t4624\tSecurity-Auditing\tann\tUser\tSuccess Audit\tpc7\tLogon\tx",
        {"EventCode": "4624", "LogName": "Security", "User": "ann", "Type": "Success Audit", "ComputerName": "pc7", "host": "pc7"},
    ),
    "anaconda": ("10:11:12,345 INFO anaconda: starting on vt1", {"log_level": "INFO", "process": "anaconda", "message": "starting on vt1"}),
    "anaconda_syslog": ("10:11:12,345 WARNING kernel:no bus", {"log_level": "WARNING", "process": "kernel", "message": "no bus"}),
    "ssl_error": ("[Tue Mar 05 10:11:12.345678 2024] [ssl:warn] [pid 35] AH01906: server certificate", {"module": "ssl", "log_level": "warn", "pid": "35"}),
    "sar": (
        "Linux 6.1.0 (box7) \t03/05/2024 \t_x86_64_\t(4 CPU)\n\n10:11:12        CPU     %user     %idle\n10:21:12        all      1.25     98.75",
        {"CPU": "all", "%user": "1.25", "%idle": "98.75"},
    ),
    "collectd_http": ('{"values":[0.5],"time":1709633472.1,"plugin":"cpu"}', {"plugin": "cpu", "values{}": "0.5"}),
    "statsd": ("app.requests.count:5|c|#host:box7", {"metric_name": "app.requests.count", "metric_value": "5", "metric_type": "c"}),
    "log2metrics_keyvalue": ("2024-03-05 10:11:12 name=cpu value=0.5", {"name": "cpu", "value": "0.5"}),
    "log2metrics_json": ('{"time":"2024-03-05T10:11:12Z","name":"cpu","value":0.5}', {"name": "cpu", "value": "0.5"}),
    "json": ('{"time": "2024-03-05T10:11:12Z",\n "a": {"b": 1}}', {"a.b": "1"}),
    "cisco:asa": ("Mar 05 2024 10:11:12: %ASA-6-302013: Built", {}),
    "fs_notification": ('Tue Mar  5 10:11:12 2024 action=update, path="/etc/x y", isdir="0", size=5', {"action": "update", "path": "/etc/x y", "size": "5"}),
    "PerformanceMonitor": ('03/05/2024 10:11:12.345 +0100\ncollection="CPU"\nValue=1.5', {"collection": "CPU", "Value": "1.5"}),
    "WinHostMon": ('Type=OperatingSystem\nOS="Windows Server"\nVersion=10.0', {"Type": "OperatingSystem", "OS": "Windows Server"}),
    "splunkd_crash_log": (
        "[build 1] 2024-03-05 10:11:12\nReceived fatal signal 11 (Segmentation fault).\n Cause:\n   none", {"signal": "11", "signal_name": "Segmentation fault"},
    ),
    "splunkd_stdout": ("03-05-2024 10:11:12.345 a=b", {"a": "b"}),
    "splunk_directory_monitor": ("2024-03-05 10:11:12 dir=/var count=7", {"dir": "/var", "count": "7"}),
    "splunk_com_php_error": (
        "[05-Mar-2024 10:11:12 UTC] PHP Warning:  no such key in /srv/a.php on line 12",
        {"log_level": "Warning", "message": "no such key", "file": "/srv/a.php", "line": "12"},
    ),
    "django_access": ('127.0.0.1 - ann [05/Mar/2024:10:11:12.345 +0100] "GET /dj/x?a=b HTTP/1.1" 200 99 "-" "x" - - - 7ms', {"user": "ann", "uri_path": "/dj/x", "status": "200"}),
    "django_error": ("2024-03-05 10:11:12,345 ERROR   [65e7] base:12 - broken", {"log_level": "ERROR", "component": "base"}),
    "kvstore": ('{"time":"2024-03-05T10:11:12Z","ns":"a.b","ok":1}', {"ns": "a.b", "ok": "1"}),
    "stash_new": ('03/05/2024 10:11:12 +0000, a="1", a="2"', {"a": ["1", "2"]}),
    "WMI:CPUTime": ("20240305101112.345678\nName=_Total\nPercentProcessorTime=7", {"Name": "_Total", "PercentProcessorTime": "7"}),
    "breakable_text": ("=== 2024-03-05 10:11:12\nsome text a=b", {"a": "b"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return Knowledge(Configuration(layers(addons=False)), "search")


def events(text: str, sourcetype: str, folder: Path, shipped: list[Path]) -> list[dict[str, object]]:
    """The events of a file with this text, read as the source type says, with all their fields."""
    path = folder / "data.txt"
    path.write_text(text, newline="")
    instance = Instance(None, shipped)
    instance.store.create_index("main")
    rules = instance.knowledge("search", "nobody")
    instance.add_file(
        str(path),
        ImportOptions(
            sourcetype=sourcetype, source="s", props=rules.index_time_props, transforms=rules.index_time_transform
        ),
    )
    return list(instance.search("search index=main").table.frame.iter_rows(named=True))


@pytest.mark.parametrize("sourcetype", LINES)
def test_source_types(sourcetype: str, tmp_path: Path) -> None:
    text, fields = LINES[sourcetype]
    (event,) = events(text, sourcetype, tmp_path, layers(addons=False))
    assert {name: event.get(name) for name in fields} == fields


@pytest.mark.parametrize("sourcetype", LINES)
def test_two_events_stay_two(sourcetype: str, tmp_path: Path) -> None:
    text, _ = LINES[sourcetype]
    kind = {"ActiveDirectory": "admon", "WMI:CPUTime": "wmi"}.get(sourcetype)
    end = "\n" if kind is None else f"\n---splunk-{kind}-end-of-event---\n"
    assert len(events(f"{text.rstrip()}{end}{text.rstrip()}{end}", sourcetype, tmp_path, layers(addons=False))) == 2


# Tables: source type, text, fields of the first event, their number.
TABLES: dict[str, tuple[str, dict[str, object], int]] = {
    "metrics_csv": ("metric_timestamp,metric_name,_value,host\n1709633472.5,cpu,0.5,box7\n1709633473.5,cpu,0.7,box7\n", {"metric_name": "cpu", "_time": 1709633472.5}, 2),
    "log2metrics_csv": ("time,name,value\n2024-03-05 10:11:12,cpu,0.5\n", {"name": "cpu", "value": "0.5"}, 1),
    "cisco_cdr": ("cdrRecordType,dateTimeOrigination,callingPartyNumber\n1,1709633472,1234\n", {"callingPartyNumber": "1234", "_time": 1709633472.0}, 1),
    "exchange": (
        "#Software: x\n#Fields: date-time,client-ip,event-id\n2024-03-05T10:11:12.345Z,10.1.2.3,RECEIVE\n",
        {"client_ip": "10.1.2.3", "event_id": "RECEIVE", "_time": 1709633472.345}, 1,
    ),
    "rpmpkgs": ("bash-5.1\nzlib-1.2\n", {"_raw": "bash-5.1\nzlib-1.2"}, 1),
}  # fmt: skip


@pytest.mark.parametrize("sourcetype", TABLES)
def test_tables_with_a_time_of_their_own(sourcetype: str, tmp_path: Path) -> None:
    text, fields, count = TABLES[sourcetype]
    found = sorted(events(text, sourcetype, tmp_path, layers(addons=False)), key=lambda event: str(event["_time"]))
    assert len(found) == count
    assert {name: str(found[0].get(name)).strip() for name in fields} == {k: str(v) for k, v in fields.items()}


# names that add-ons take from the system: text, fields
TAKEN = {
    "syslog-process": ("Mar  5 10:11:12 box7 crond[42]: x", {"process": "crond"}),
    "sendmail-qid": ("Mar  5 10:11:12 mx1 sendmail[7]: g3B1rJkL: to=x", {"qid": "g3B1rJkL"}),
    "sendmail-pid": ("Mar  5 10:11:12 mx1 sendmail[7]: g3B1rJkL: to=x", {"pid": "7"}),
    "registry": ('key_path="HKLM\\x"\npid=4', {"key_path": "HKLM\\x", "pid": "4"}),
    "perfmon-kv": ('counter="% User Time"\nValue=1.5', {"counter": "% User Time", "Value": "1.5"}),
    "tcpdump-endpoints": ("10:11:12.3 IP 192.0.2.1.1052 > 192.0.2.2.80: S", {"src_ip": "192.0.2.1", "src_port": "1052", "dest_ip": "192.0.2.2", "dest_port": "80"}),
    "colon-kv": ("a: 1, bc: two", {"a": "1", "bc": "two"}),
    "bracket-space": ("[user ann] [path /a b]", {"user": "ann", "path": "/a b"}),
    "guid": ("id 54849625-5478-4994-A5BA-3E3B0328C30D.", {"guid": "54849625-5478-4994-A5BA-3E3B0328C30D"}),
    "was-trlog-code": ("x SRVE0026E: y", {"code": "SRVE0026E"}),
    "weblogic-code": ("<a> <BEA-010001> <b>", {"code": "BEA-010001"}),
    "loglevel-weblogic": ("####<Mar 5, 2024 10:11:12 AM CET> <Notice> <a>", {"log_level": "Notice"}),
    "splunk-service-extractions": ("2024-03-05 10:11:12,345 ERROR   [65e7] proxy:12 - broken", {"log_level": "ERROR", "component": "proxy", "message": "broken"}),
}  # fmt: skip
# parts of regular expressions, and what they find in the text
PARTS = {
    "ab12": "[[alphas:x]][[digits:y]]",
    '"a b" [c d]': "[[qstring:x]] [[sbstring:y]]",
    "10.0.0.300 192.0.2.1": r"\s[[ipv4:x]]$",
    "GET /a/b?c=d host7.example": r"^[[method:x]] [[uri_root]][[uri_seg:y]]\S* [[hostname:z]]$",
    "0xFF ff x": r"^[[int:x]] [[hex:y]] [[nstr:z]]",
}
FOUND: dict[str, dict[str, object]] = {
    "ab12": {"x": "ab", "y": "12"},
    '"a b" [c d]': {"x": "a b", "y": "c d"},
    "10.0.0.300 192.0.2.1": {"x": "192.0.2.1"},
    "GET /a/b?c=d host7.example": {"x": "GET", "uri_root": "/a", "y": "/b", "z": "host7.example"},
    "0xFF ff x": {"x": "0xFF", "y": "ff", "z": "x"},
}


def app(folder: Path, props: str, transforms: str = "") -> Path:
    (folder / "mine" / "default").mkdir(parents=True)
    (folder / "mine" / "default" / "props.conf").write_text(props)
    (folder / "mine" / "default" / "transforms.conf").write_text(transforms)
    (folder / "mine" / "metadata").mkdir()
    (folder / "mine" / "metadata" / "default.meta").write_text("[]\nexport = system\n")
    return folder / "mine"


@pytest.mark.parametrize("name", TAKEN)
def test_addons_take_transforms_by_name(name: str, tmp_path: Path) -> None:
    text, fields = TAKEN[name]
    mine = app(
        tmp_path, f"[mine]\nKV_MODE = none\nSHOULD_LINEMERGE = false\nLINE_BREAKER = ((*FAIL))\nREPORT-x = {name}\n"
    )
    (event,) = events(text, "mine", tmp_path, [*layers(addons=False), mine])
    assert {field: event.get(field) for field in fields} == fields


@pytest.mark.parametrize("text", PARTS)
def test_addons_take_parts_of_regular_expressions(text: str, tmp_path: Path) -> None:
    mine = app(tmp_path, "[mine]\nKV_MODE = none\nREPORT-x = t\n", f"[t]\nREGEX = {PARTS[text]}\n")
    (event,) = events(text, "mine", tmp_path, [*layers(addons=False), mine])
    assert {field: event.get(field) for field in FOUND[text]} == FOUND[text]


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("syslog-header-stripper-ts", "box7 crond[42]: job done"),
        ("syslog-header-stripper-ts-host", "crond[42]: job done"),
        ("syslog-header-stripper-ts-host-proc", "job done"),
    ],
)
def test_headers_of_relays_are_taken_off(name: str, left: str, tmp_path: Path) -> None:
    mine = app(tmp_path, f"[mine]\nSHOULD_LINEMERGE = false\nTRANSFORMS-x = {name}\n")
    (event,) = events("Mar  5 10:11:12 box7 crond[42]: job done\n", "mine", tmp_path, [*layers(addons=False), mine])
    assert event["_raw"] == left


@pytest.mark.parametrize(("sourcetype", "mark"), [("csv", ","), ("tsv", "\t"), ("psv", "|")])
def test_tables(sourcetype: str, mark: str, tmp_path: Path) -> None:
    found = events(
        f"time{mark}a{mark}b\n2024-03-05 10:11:12{mark}1{mark}x y\n", sourcetype, tmp_path, layers(addons=False)
    )
    assert [(e["a"], e["b"]) for e in found] == [("1", "x y")]


def test_w3c(tmp_path: Path) -> None:
    text = "#Fields: date time c-ip cs-uri-stem sc-status\n2024-03-05 10:11:12 192.0.2.1 /a 200\n"
    (event,) = events(text, "iis", tmp_path, layers(addons=False))
    assert (event["c_ip"], event["cs_uri_stem"], event["sc_status"]) == ("192.0.2.1", "/a", "200")


def test_json(tmp_path: Path) -> None:
    (event,) = events('{"time": "2024-03-05T10:11:12Z", "a": {"b": 1}}\n', "_json", tmp_path, layers(addons=False))
    assert event["a.b"] in ("1", 1)


def test_the_layer_is_sound(knowledge: Knowledge) -> None:
    for file in layers(addons=False)[0].glob("default/*.conf"):
        conf.read(file, strict=True)
    for name, stanza in knowledge.configuration.stanzas("props", "search").items():
        found = plan(stanza.settings)
        assert not found.faults
        for report in found.reports:
            assert not isinstance(knowledge.transform(report), Fault), f"[{name}] names transform {report}"
    assert knowledge.props.faults == []


def test_btool_shows_it_without_add_ons() -> None:
    result = CliRunner().invoke(btool.command, ["props", "access_combined", "--no-addons", "--debug"])
    assert result.exit_code == 0 and "system/default/props.conf:" in result.output.replace("\\", "/")


def test_an_app_overrides_it(tmp_path: Path) -> None:
    app = tmp_path / "mine"
    (app / "default").mkdir(parents=True)
    (app / "default" / "props.conf").write_text("[syslog]\nREPORT-syslog =\n")
    configuration = Configuration([*layers(addons=False), app])
    assert configuration.get("props", "syslog", "REPORT-syslog") == ""
    assert configuration.get("props", "syslog", "SHOULD_LINEMERGE") == "false"


def test_a_name_that_comes_again_in_a_stash_event_has_several_values(tmp_path: Path) -> None:
    text = '1709630000, search_name="x", tactic="T1, T2", tactic="T\\"3\\"", n=1, annotations="{\\"a\\":[\\"b=c\\"]}"'
    (event,) = events(text, "stash", tmp_path, layers(addons=False))
    assert event["tactic"] == ["T1, T2", 'T"3"']
    assert event["annotations"] == '{"a":["b=c"]}'


def test_collected_results_come_back_as_they_were() -> None:
    instance = Instance(None, layers(addons=False))
    instance.store.create_index("summary")
    instance.search(
        r'| makeresults | eval a="x \"q\" \\ y", b=split("1,2", ","), c="k=v, z=1", host="h9" | collect index=summary'
    )
    (row,) = instance.search("search index=summary | table a b c z orig_host").table.frame.iter_rows(named=True)
    assert row == {"a": 'x "q" \\ y', "b": ["1", "2"], "c": "k=v, z=1", "z": None, "orig_host": "h9"}


# Files without a source type: name, lines, the source type.
RECOGNISED = {
    "access_combined": ("a.log", COMBINED),
    "access_combined_wcookie": ("a.log", COMBINED + ' "s=1"'),
    "access_common": ("a.log", COMBINED.split(' "http')[0]),
    "cisco_syslog": ("a.log", "Mar  5 10:11:12 10.9.8.7 %LINK-3-UPDOWN: down"),
    "log4j": ("a.log", "2024-03-05 10:11:12,345 [main] WARN  org.example.App - slow"),
    "syslog": ("a.log", "Mar  5 10:11:12 box7 crond[42]: job done"),
    "linux_secure": ("var/log/secure", "Mar  5 10:11:12 box7 sshd[9]: x"),
    "linux_messages_syslog": ("var/log/messages.1", "Mar  5 10:11:12 box7 kernel: up"),
    **{name: ("a.log", LINES[name][0]) for name in ("apache_error", "postfix_syslog", "sendmail_syslog", "windows_snare_syslog", "websphere_trlog", "snort")},
    "a": ("a.log", "2024-03-05 10:11:12 nothing that is known"),
}  # fmt: skip


@pytest.mark.parametrize("sourcetype", RECOGNISED)
def test_files_that_are_recognised(sourcetype: str, tmp_path: Path) -> None:
    name, text = RECOGNISED[sourcetype]
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n{text}\n")
    instance = Instance(None, layers(addons=False))
    instance.add_file(str(path), instance.import_options())
    found = instance.search("search index=main | stats count by sourcetype").table.frame
    assert found.get_column("sourcetype").to_list() == [sourcetype]
