"""Events of further technologies, written for this test: what published detections read of them is there."""

from __future__ import annotations

import json

import polars as pl
import pytest

from caltrop.engine.instance import Instance
from caltrop.knowledge import layers

TAB = "\t"
OKTA = {
    "eventType": "user.session.start", "displayMessage": "User login to Okta", "severity": "WARN",
    "actor": {"id": "00u1", "type": "User", "alternateId": "ann@example.org", "displayName": "Ann"},
    "client": {"ipAddress": "203.0.113.4", "userAgent": {"rawUserAgent": "agent/1"}},
    "outcome": {"result": "FAILURE", "reason": "INVALID_CREDENTIALS"},
    "target": [{"id": "t1", "type": "User", "alternateId": "bob@example.org", "displayName": "Bob"}],
}  # fmt: skip

# source type, source, text, fields, tags
EVENTS: dict[str, tuple[str, str, str, dict[str, object], set[str]]] = {
    "okta login": (
        "OktaIM2:log", "Okta", json.dumps(OKTA),
        {"action": "failure", "user": "ann@example.org", "src": "203.0.113.4", "reason": "INVALID_CREDENTIALS",
         "signature": "user.session.start", "src_user_id": "00u1", "src_user_type": "User", "description": "User login to Okta"},
        {"authentication"},
    ),
    "okta factor": (
        "OktaIM2:log", "Okta",
        json.dumps(OKTA | {"eventType": "user.mfa.factor.deactivate", "outcome": {"result": "SUCCESS"}}),
        {"action": "modified", "command": "user.mfa.factor.deactivate", "object_category": "User", "object": "Bob", "result": "SUCCESS", "change_type": "AAA"},
        {"change"},
    ),
    "okta token": (
        "OktaIM2:log", "Okta", json.dumps(OKTA | {"eventType": "system.api_token.create", "outcome": {"result": "SUCCESS"}}),
        {"action": "created", "status": "success"},
        {"change"},
    ),
    "okta delete": (
        "OktaIM2:log", "Okta", json.dumps(OKTA | {"eventType": "policy.rule.delete", "outcome": {"result": "SUCCESS"}}),
        {"action": "deleted"},
        {"change"},
    ),
    "okta refused change": (
        "OktaIM2:log", "Okta", json.dumps(OKTA | {"eventType": "user.lifecycle.create"}),
        {"action": "failure"},
        {"change"},
    ),
    "zscaler": (
        "zscalernss-web", "zscaler",
        TAB.join(["2024-03-05 10:11:12\treason=Blocked by rule", "protocol=HTTP", "action=Blocked", "urlcategory=Professional Services", "serverip=192.0.2.9",
                  "requestmethod=GET", "useragent=agent (x; y)", "ClientIP=10.0.0.7", "clientpublicIP=203.0.113.4", "status=403", "user=ann@example.org",
                  "url=bad.example/x?a=b&c=d", "hostname=bad.example", "threatname=HTML.Phish.X", "threatcategory=Phishing", "deviceowner=ann"]),
        {"action": "blocked", "urlcategory": "Professional Services", "threatname": "HTML.Phish.X", "deviceowner": "ann", "src": "203.0.113.4",
         "dest": "192.0.2.9", "url": "bad.example/x?a=b&c=d", "user": "ann@example.org", "reason": "Blocked by rule", "http_method": "GET", "c": None},
        {"web", "proxy"},
    ),
    "audit, enriched": (
        "linux:audit", "/var/log/audit/audit.log",
        'type=SYSCALL msg=audit(1723035666.627:3663): arch=c000003e syscall=59 success=yes comm="at" exe="/usr/bin/at" key="rootcmd"\x1dARCH=x86_64 SYSCALL=execve UID="root"',
        {"ARCH": "x86_64", "SYSCALL": "execve", "UID": "root", "key": "rootcmd", "comm": "at"},
        {"process", "report"},
    ),
    "audit, separator behind a bare value": (
        "linux:audit", "/var/log/audit/audit.log",
        "type=USER_LOGIN msg=audit(1723035666.627:3664): pid=1 res=failed\x1dAUID=unset",
        {"res": "failed", "AUID": "unset", "action": "failure"},
        {"authentication"},
    ),
    "audit, interpreted": (
        "auditd", "auditd", "type=PROCTITLE msg=audit(06/05/2025 11:03:38.949:6844) : proctitle=useradd -m bob --shell=/bin/sh",
        {"type": "PROCTITLE", "proctitle": "useradd -m bob --shell=/bin/sh", "process": "useradd -m bob --shell=/bin/sh"},
        {"process", "report"},
    ),
    "network visibility": (
        "cisco:nvm:flowdata:v2", "nvm",
        json.dumps({"fv": "nvzFlow_v11", "pr": "6", "sa": "10.0.0.38", "sp": "37351", "da": "192.0.2.7", "dp": "80", "fd": "1", "dh": "a.example",
                    "liuid": "PC7\\ann", "pn": "curl.exe", "ppath": "C:\\Windows\\curl.exe", "parg": "-o x", "pid": "30", "ppn": "cmd.exe", "ppid": "6",
                    "pppath": "C:\\Windows\\cmd.exe", "ibc": "70", "obc": "3", "pil": "8192", "ppil": "16384"}),
        {"dest": "a.example", "dest_hostname": "a.example", "dest_ip": "192.0.2.7", "transport": "tcp", "direction": "outbound", "bytes": "73",
         "process": "C:\\Windows\\curl.exe -o x", "process_arguments": "-o x", "process_integrity_level": "medium", "parent_process_integrity_level": "system",
         "parent_process": "C:\\Windows\\cmd.exe", "user": "PC7\\ann", "process_id": "30"},
        {"network", "communicate", "process", "report"},
    ),
    "secure firewall": (
        "cisco:sfw:estreamer", "sfw",
        json.dumps({"EventType": "IntrusionEvent", "ConnectionID": 7, "InitiatorIP": "192.0.2.1", "ResponderIP": "10.0.0.2", "ResponderPort": 26, "Protocol": "tcp",
                    "SignatureID": 11192, "IntrusionRuleMessage": "FILE x", "Classification": "A Network Trojan was Detected", "Application": "HTTP",
                    "FirewallRule": "Out", "Device": "fw1", "InlineResult": "Would block"}),
        {"signature": "FILE x", "signature_id": "11192", "class_desc": "A Network Trojan was Detected", "connection_id": "7", "rule": "Out", "app": "HTTP",
         "dvc": "fw1", "src": "192.0.2.1", "dest": "10.0.0.2", "dest_port": "26", "transport": "tcp"},
        {"ids", "attack"},
    ),
    "threat, url": (
        "pan:threat", "pan:threat",
        'Mar  5 10:11:12 fw1 1,2024/03/05 10:11:12,0132,THREAT,url,2305,2024/03/05 10:11:12,192.0.2.4,198.51.100.5,0.0.0.0,0.0.0.0,r1,,,web-browsing,vsys1,OUT,IN,'
        'e1,e2,Zero,2024/03/05 10:11:12,15,1,32880,443,0,0,0x0,tcp,allow,"a.example/mgmt/tm?x=1",(9999),cat,informational,client-to-server,7,0x0,US,US,0,text/html,0,,,1,'
        '"agent, one",,,"-",,,,0,1,2,3,4,,fw-01,,,,post,0',
        {"url": "a.example/mgmt/tm?x=1", "url_domain": "a.example", "uri_path": "/mgmt/tm", "url_length": "21", "http_user_agent": "agent, one",
         "http_method": "post", "dvc": "fw-01", "action": "allowed", "http_content_type": "text/html"},
        {"web"},
    ),
    "a script block": (
        "XmlWinEventLog", "XmlWinEventLog:Microsoft-Windows-PowerShell/Operational",
        "<Event xmlns='x'><System><Provider Name='P'/><EventID>4104</EventID><Computer>pc7</Computer></System><EventData><Data Name='ScriptBlockText'>Get-X</Data>"
        "<Data Name='ScriptBlockId'>a-b</Data><Data Name='Path'>C:\\x.ps1</Data></EventData></Event>",
        {"dest": "pc7", "process": "Get-X", "process_id": "a-b", "process_path": "C:\\x.ps1"},
        set(),
    ),
    "an image that was loaded": (
        "XmlWinEventLog", "XmlWinEventLog:Microsoft-Windows-Sysmon/Operational",
        "<Event xmlns='x'><System><Provider Name='P'/><EventID>7</EventID><Computer>pc7</Computer></System><EventData><Data Name='Image'>C:\\a.exe</Data>"
        "<Data Name='ImageLoaded'>C:\\w\\b.dll</Data></EventData></Event>",
        {"loaded_file": "b.dll", "loaded_file_path": "C:\\w\\b.dll"},
        set(),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, object]]:
    instance = Instance(None, layers())
    instance.store.create_index("main")
    frame = pl.DataFrame(
        {
            "_raw": [text for _, _, text, _, _ in EVENTS.values()],
            "host": list(EVENTS),
            "source": [source for _, source, _, _, _ in EVENTS.values()],
            "sourcetype": [sourcetype for sourcetype, _, _, _, _ in EVENTS.values()],
        }
    )
    instance.store.append(frame.with_columns(_time=1.7e9, _indextime=1.7e9, index=pl.lit("main")))
    found = instance.search("search index=main tag=* OR NOT tag=* | fields *").table.frame
    return {str(row["host"]): row for row in found.iter_rows(named=True)}


@pytest.mark.parametrize("name", EVENTS)
def test_events(rows: dict[str, dict[str, object]], name: str) -> None:
    _, _, _, fields, tags = EVENTS[name]
    row = rows[name]
    assert {field: text(row.get(field)) for field in fields} == fields
    held = row.get("tag") or []
    assert tags <= set(held if isinstance(held, list) else [held])


def text(value: object) -> object:
    """A value as Splunk shows it: numbers as text."""
    return value if value is None or isinstance(value, list) else str(value)
