"""Events of further technologies, written for this test: what published detections read of them is there."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from caltrop.engine.instance import Instance
from caltrop.index import importers
from caltrop.knowledge import layers

TAB = "\t"
OKTA = {
    "eventType": "user.session.start", "displayMessage": "User login to Okta", "severity": "WARN",
    "actor": {"id": "00u1", "type": "User", "alternateId": "ann@example.org", "displayName": "Ann"},
    "client": {"ipAddress": "203.0.113.4", "userAgent": {"rawUserAgent": "agent/1"}},
    "outcome": {"result": "FAILURE", "reason": "INVALID_CREDENTIALS"},
    "target": [{"id": "t1", "type": "User", "alternateId": "bob@example.org", "displayName": "Bob"}],
}  # fmt: skip

O365 = {"CreationTime": "2024-03-05T10:11:12", "Id": "1", "OrganizationId": "o1", "UserKey": "k", "UserType": 0, "UserId": "ann@example.org", "ClientIP": "203.0.113.4"}  # fmt: skip
CREATED = """03/05/2024 10:11:12 AM
LogName=System
SourceName=Microsoft Windows security auditing.
EventCode=4720
EventType=0
ComputerName=pc7.example.org
TaskCategory=User Account Management
Keywords=Audit Success
Message=A user account was created.

Subject:
\tSecurity ID:\t\tEX\\ann
\tAccount Name:\t\tann
\tAccount Domain:\t\tEX
\tLogon ID:\t\t0x3E7

New Account:
\tSecurity ID:\t\tEX\\bob
\tAccount Name:\t\tbob
\tAccount Domain:\t\tEX
"""


def security(code: int, **data: str) -> str:
    """An event of the Security log as XML."""
    values = "".join(f"<Data Name='{name}'>{value}</Data>" for name, value in data.items())
    return (
        f"<Event xmlns='x'><System><Provider Name='P'/><EventID>{code}</EventID><Keywords>0x8020000000000000</Keywords>"
        f"<Channel>Security</Channel><Computer>pc7</Computer></System><EventData>{values}</EventData></Event>"
    )


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
    "a refused sign-in to Office 365": (
        "o365:management:activity", "o365",
        json.dumps(O365 | {"Operation": "UserLoginFailed", "RecordType": 15, "Workload": "AzureActiveDirectory", "LogonError": "InvalidUserNameOrPassword"}),
        {"record_type": "AzureActiveDirectoryStsLogon", "action": "failure", "status": "failure", "user": "ann@example.org"},
        {"authentication"},
    ),
    "a folder that was shared": (
        "o365:management:activity", "o365",
        json.dumps(O365 | {"Operation": "ModifyFolderPermissions", "RecordType": 2, "Workload": "Exchange", "ResultStatus": "Succeeded", "ClientInfoString": "Client=OWA",
                           "Item": {"Id": "i", "ParentFolder": {"Id": "f1", "MemberRights": "ReadAny", "MemberUpn": "Everyone", "Name": "Inbox", "Path": "\\Inbox"}}}),
        {"object": "Inbox", "object_id": "f1", "object_attrs": "ReadAny", "user_agent": "Client=OWA", "record_type": "ExchangeItem"},
        {"change"},
    ),
    "parameters of a cmdlet": (
        "o365:management:activity", "o365",
        json.dumps(O365 | {"Operation": "Add-MailboxPermission", "RecordType": 1, "Workload": "Exchange", "ResultStatus": "True",
                           "Parameters": [{"Name": "Identity", "Value": "bob"}, {"Name": "AccessRights", "Value": "FullAccess"}]}),
        {"Identity": "bob", "AccessRights": "FullAccess"},
        set(),
    ),
    "an application that changes a directory": (
        "azure:monitor:aad", "Azure AD",
        json.dumps({"operationName": "Add app role assignment to service principal", "category": "AuditLogs", "tenantId": "t1",
                    "properties": {"result": "success", "initiatedBy": {"app": {"displayName": "App", "servicePrincipalId": "s1"}}, "targetResources": [{"id": "o1", "displayName": "O"}]}}),
        {"src_user_type": "servicePrincipal", "object_id": "o1", "status": "success"},
        set(),
    ),
    "an application that signs in": (
        "azure:monitor:aad", "Azure AD",
        json.dumps({"operationName": "Sign-in activity", "category": "ServicePrincipalSignInLogs", "tenantId": "t1", "identity": "", "callerIpAddress": "203.0.113.4",
                    "properties": {"userPrincipalName": "", "userId": "", "servicePrincipalName": "App", "servicePrincipalId": "s1", "resourceDisplayName": "R", "status": {"errorCode": 0}}}),
        {"user": "App", "user_id": "s1", "src_ip": "203.0.113.4", "dest": "R", "action": "success"},
        {"authentication"},
    ),
    "a sign-in to the console": (
        "aws:cloudtrail", "aws_cloudtrail",
        json.dumps({"eventName": "ConsoleLogin", "eventType": "AwsConsoleSignIn", "eventSource": "signin.amazonaws.com", "sourceIPAddress": "203.0.113.4",
                    "responseElements": {"ConsoleLogin": "Failure"}, "userIdentity": {"type": "IAMUser", "userName": "ann", "accountId": "1"}}),
        {"app": "AwsConsoleSignIn", "signature": "ConsoleLogin", "action": "failure", "user_name": "ann"},
        {"authentication"},
    ),
    "a factor that was asked for": (
        "gws:reports:login", "gws_login",
        json.dumps({"id": {"applicationName": "login"}, "actor": {"email": "ann@example.org"}, "ipAddress": "203.0.113.4",
                    "event": {"type": "login", "name": "login_failure", "parameters": [{"name": "login_challenge_method", "multiValue": ["google_prompt"]}]}}),
        {"login_challenge_method": "google_prompt", "action": "failure", "src_ip": "203.0.113.4", "user": "ann@example.org"},
        {"authentication"},
    ),
    "IIS without its header": (
        "ms:iis:splunk", "ms:iis:splunk",
        "2024-03-05 10:11:12 W3SVC1 EX1 10.0.1.14 POST /autodiscover/autodiscover.json a=b 443 - 10.0.1.30 HTTP/1.1 agent/1 - - mail.example 200 0 0 1 2 3",
        {"http_method": "POST", "uri_path": "/autodiscover/autodiscover.json", "uri_query": "a=b", "status": "200", "src": "10.0.1.30", "dest": "10.0.1.14", "http_user_agent": "agent/1",
         "url": "mail.example/autodiscover/autodiscover.json?a=b"},
        {"web"},
    ),
    "an account that was created, in the System log": (
        "WinEventLog", "WinEventLog:System", CREATED,
        {"user": "bob", "src_user": "ann", "object": "bob", "action": "created", "change_type": "AAA", "result": "success", "dest": "pc7.example.org",
         "signature": "A user account was created", "signature_id": "4720"},
        {"change", "account"},
    ),
    "a service, in the System log": (
        "WinEventLog", "WinEventLog:System",
        "03/05/2024 10:11:12 AM\nLogName=System\nEventCode=7036\nComputerName=pc7\nUser=EX\\ann\nMessage=The X service entered the stopped state.",
        {"user": "ann", "src_user": None, "app": None, "object": None, "result": None},
        {"service"},
    ),
    "a cmdlet of Exchange": (
        "MSExchange:management", "WinEventLog:MSExchange Management",
        "03/05/2024 10:11:12 AM\nLogName=MSExchange Management\nEventCode=1\nComputerName=ex1\nMessage=Cmdlet succeeded. Cmdlet New-MailboxExportRequest, parameters -Mailbox",
        {"EventCode": "1", "Message": "Cmdlet succeeded. Cmdlet New-MailboxExportRequest, parameters -Mailbox", "dest": "ex1"},
        set(),
    ),
    "an audit policy that was changed": (
        "XmlWinEventLog", "XmlWinEventLog:Security", security(4719, SubjectUserName="PC7$", AuditPolicyChanges="%%8448"),
        {"action": "success", "ta_windows_action": "success", "object_attrs": "%%8448"},
        {"change", "audit"},
    ),
    "a computer's account": (
        "XmlWinEventLog", "XmlWinEventLog:Security", security(4741, TargetUserName="PC9$", SubjectUserName="ann", ServicePrincipalNames="\n\t\tHOST/PC9\n\t\tRestrictedKrbHost/PC9"),
        {"user_type": "computer", "user": "PC9$", "src_user": "ann", "action": "created", "ServicePrincipalNames": "HOST/PC9\n\t\tRestrictedKrbHost/PC9"},
        {"change", "account"},
    ),
    "a ticket that was asked for": (
        "XmlWinEventLog", "XmlWinEventLog:Security", security(4769, TargetUserName="ann", IpAddress="::ffff:10.0.0.9", ServiceName="s"),
        {"src_nt_host": "10.0.0.9", "src_ip": "10.0.0.9", "src": "10.0.0.9"},
        {"authentication"},
    ),
    "a share that was opened": (
        "XmlWinEventLog", "XmlWinEventLog:Security", security(5140, SubjectUserName="ann", IpAddress="10.0.0.9", ShareName="\\\\*\\IPC$"),
        {"file_name": "IPC$", "src_nt_host": "10.0.0.9"},
        set(),
    ),
    "credentials of somebody else": (
        "XmlWinEventLog", "XmlWinEventLog:Security", security(4648, SubjectUserName="ann", TargetUserName="bob", TargetServerName="srv1", IpAddress="10.0.0.9"),
        {"app": "win:local", "dest_nt_host": "srv1", "user": "bob", "src_user": "ann"},
        {"authentication", "local"},
    ),
    "a log that was cleared": (
        "XmlWinEventLog", "XmlWinEventLog:Security", security(1102),
        {"object": "Security", "object_category": "log", "action": "cleared"},
        {"change", "audit"},
    ),
    "a member of a group": (
        "XmlWinEventLog", "XmlWinEventLog:Security",
        security(4728, SubjectUserName="ann", MemberName="CN=Ann A,CN=Users,DC=ex", MemberSid="EX\\ann", TargetUserName="Domain Admins", TargetDomainName="EX"),
        {"user": "ann", "src_user": "ann", "Group_Name": "Domain Admins", "user_group": "Domain Admins", "member_dn": "CN=Ann A,CN=Users,DC=ex", "action": "modified"},
        {"change", "account"},
    ),
    "a member whose name was not resolved": (
        "XmlWinEventLog", "XmlWinEventLog:Security",
        security(4728, SubjectUserName="ann", MemberName="CN=Last\\, First,CN=Users,DC=ex", MemberSid="S-1-5-21-1", TargetUserName="G"),
        {"user": "Last\\, First", "Group_Name": "G"},
        {"change", "account"},
    ),
    "the configuration of IIS": (
        "IIS:Configuration:Operational", "IIS:Configuration:Operational",
        "03/05/2024 10:11:12 AM\nLogName=Microsoft-IIS-Configuration/Operational\nEventCode=29\nComputerName=iis1\nOpCode=Info\nMessage=Changes have been committed.",
        {"EventCode": "29", "ComputerName": "iis1", "OpCode": "Info", "Message": "Changes have been committed.", "vendor_product": "Microsoft IIS"},
        set(),
    ),
    "an administrator of Google Workspace": (
        "gws:reports:admin", "gws:reports:admin",
        json.dumps({"id": {"applicationName": "admin", "customerId": "C1"}, "actor": {"email": "ann@example.org"}, "event": {"type": "USER_SETTINGS", "name": "UNENROLL_USER_FROM_STRONG_AUTH"}}),
        {"command": "UNENROLL_USER_FROM_STRONG_AUTH", "action": "modified", "status": "success", "vendor_account": "C1", "user": "ann@example.org"},
        {"change"},
    ),
    "a query in a capture": (
        "stream:dns", "stream:dns",
        json.dumps({"src_ip": "10.0.0.9", "dest_ip": "10.0.0.1", "protocol_stack": "ip:udp:dns", "message_type": ["QUERY"], "query": ["a.example"], "query_type": ["ANY"]}),
        {"query": "a.example", "record_type": "ANY", "message_type": "QUERY", "transport": "udp"},
        {"network", "resolution", "dns"},
    ),
    "a connection that leaves": (
        "bro:conn:json", "conn.log",
        json.dumps({"id.orig_h": "10.0.0.9", "id.resp_h": "203.0.113.4", "id.resp_p": 445, "proto": "tcp", "service": "smb", "conn_state": "SF", "local_orig": True, "local_resp": False}),
        {"direction": "outbound", "app": "smb", "action": "allowed", "src": "10.0.0.9", "dest": "203.0.113.4"},
        {"network", "communicate"},
    ),
    "a branch rule of GitHub that is gone": (
        "github:cloud:audit", "github",
        json.dumps({"action": "repository_ruleset.destroy", "actor": "ann", "actor_ip": "203.0.113.4", "org": "ex", "repo": "ex/app", "repo_id": 7}),
        {"vendor_action": "repository_ruleset.destroy", "action": "deleted", "user": "ann", "src": "203.0.113.4", "object": "ex/app", "object_category": "repository_ruleset"},
        {"change", "audit"},
    ),
    "a member of GitHub": (
        "github:cloud:audit", "github", json.dumps({"action": "org.add_member", "actor": "ann", "user": "bob", "org": "ex"}),
        {"action": "created", "object": "bob", "user": "ann", "dest": "ex"},
        {"change", "audit"},
    ),
    "an alert of Defender for Endpoint": (
        "ms:defender:atp:alerts", "defender",
        json.dumps({"id": "a1", "title": "Suspicious PowerShell", "severity": "High", "description": "D", "category": "Execution", "computerDnsName": "pc7",
                    "relatedUser": {"userName": "ann", "domainName": "EX"}, "mitreTechniques": ["T1059.001"]}),
        {"dest": "pc7", "user": "ann", "severity": "high", "signature": "Suspicious PowerShell", "mitre_technique_id": "T1059.001", "body": "D", "type": "alert"},
        {"alert"},
    ),
    "an incident of Microsoft 365 Defender": (
        "ms365:defender:incident:alerts", "defender",
        json.dumps({"incidentId": 9, "incidentName": "I", "severity": "Medium", "alerts": [
            {"title": "T", "description": "D", "mitreTechniques": ["T1003"], "devices": [{"deviceDnsName": "pc7"}], "entities": [{"accountName": "ann"}]}]}),
        {"dest": "pc7", "user": "ann", "severity": "medium", "signature": "I", "id": "9", "mitre_technique_id": "T1003"},
        {"alert"},
    ),
    "a proxy of Blue Coat": (
        "bluecoat:proxysg:access:kv", "bluecoat",
        'c-ip=10.0.0.9 cs-username=ann cs-host=www.example.org cs-uri-scheme=https cs-uri-port=443 cs-uri-path=/a cs-uri-query=?b=c cs-method=GET sc-status=200 sc-bytes=400 cs-bytes=100 '
        's-action=TCP_HIT sc-filter-result=OBSERVED cs-categories="News" cs-User-Agent="agent 1" cs-Referer=- time-taken=7',
        {"src": "10.0.0.9", "user": "ann", "url": "https://www.example.org/a?b=c", "status": "200", "action": "allowed", "http_method": "GET", "bytes": "500", "category": "News",
         "http_user_agent": "agent 1", "http_referrer": None, "cached": "true"},
        {"web", "proxy"},
    ),
    "a refused login at NetScaler": (
        "citrix:netscaler:syslog", "netscaler",
        '<134> 03/05/2024:10:11:12 GMT ns1 0-PPE-0 : default AAA LOGIN_FAILED 123 0 :  User ann - Client_ip 203.0.113.4 - Failure_reason "External authentication server denied access" - Browser_type "agent"',
        {"user": "ann", "src": "203.0.113.4", "action": "failure", "reason": "External authentication server denied access", "dvc": "ns1", "app": "netscaler:aaa", "signature": "LOGIN_FAILED"},
        {"authentication"},
    ),
    "a session of NetScaler": (
        "citrix:netscaler:syslog", "netscaler",
        '<134> 03/05/2024:10:11:12 GMT ns1 0-PPE-0 : default SSLVPN LOGIN 123 0 : Context ann@203.0.113.4 - SessionId: 1- User ann - Client_ip 203.0.113.4 - Nat_ip "Mapped Ip" - Vserver 10.0.0.1:443 - Browser_type "agent - x"',
        {"user": "ann", "src": "203.0.113.4", "action": "success", "dest": "10.0.0.1"},
        {"authentication"},
    ),
    "a connection through NetScaler": (
        "citrix:netscaler:syslog", "netscaler",
        "<134> 03/05/2024:10:11:12 GMT ns1 0-PPE-0 : default TCP CONN_TERMINATE 5 0 : Source 203.0.113.4:50000 - Destination 10.0.0.1:443 - Start Time 03/05/2024:10:11:10 GMT - Total_bytes_send 10 - Total_bytes_recv 20",
        {"src": "203.0.113.4", "src_port": "50000", "dest": "10.0.0.1", "dest_port": "443", "bytes_in": "20", "bytes_out": "10", "transport": "tcp", "action": "allowed"},
        {"network", "communicate"},
    ),
    "a request that ASM refused": (
        "f5:bigip:asm:syslog", "f5",
        'ASM:unit_hostname="f5a",web_application_name="app",violations="Illegal URL",support_id="9",request_status="blocked",response_code="403",ip_client="203.0.113.4",method="POST",uri="/a",query_string="b=c",'
        'severity="Critical",attack_type="SQL-Injection",sig_names="SQLi",sig_ids="200001",username="N/A"',
        {"src": "203.0.113.4", "action": "blocked", "signature": "SQLi", "signature_id": "200001", "severity": "critical", "url": "/a?b=c", "category": "SQL-Injection", "dvc": "f5a", "user": None},
        {"ids", "attack", "web"},
    ),
    "a threat in ePolicy Orchestrator": (
        "mcafee:epo:syslog", "epo",
        "<29>1 2024-03-05T10:11:12.0Z epo EPOEvents - EventFwd - <EPOevent><MachineInfo><MachineName>PC7</MachineName><UserName>EX\\ann</UserName><IPAddress>10.0.0.9</IPAddress></MachineInfo>"
        "<CommonFields><ThreatName>EICAR test file</ThreatName><ThreatType>test</ThreatType><ThreatActionTaken>IDS_ALERT_ACT_TAK_DEL deleted</ThreatActionTaken><ThreatSeverity>2</ThreatSeverity>"
        "<TargetFileName>C:\\x\\eicar.com</TargetFileName></CommonFields></EPOevent>",
        {"dest": "PC7", "dest_ip": "10.0.0.9", "user": "ann", "dest_nt_domain": "EX", "signature": "EICAR test file", "action": "blocked", "severity": "critical", "file_name": "eicar.com", "file_path": "C:\\x\\eicar.com"},
        {"malware", "attack"},
    ),
    "a refused login at ISE": (
        "cisco:ise:syslog", "ise",
        "Mar  5 10:11:12 ise1 CISE_Failed_Attempts 0000000001 1 0 2024-03-05 10:11:12.123 +00:00 0000000099 5400 NOTICE Failed-Attempt: Authentication failed, ConfigVersionId=1, Device IP Address=10.0.0.1, "
        "UserName=ann, NAS-IP-Address=10.0.0.1, Calling-Station-ID=AA-BB-CC-DD-EE-FF, FailureReason=22056 Subject not found, AuthenticationMethod=MSCHAPV2,",
        {"user": "ann", "action": "failure", "dest": "10.0.0.1", "src_mac": "aa:bb:cc:dd:ee:ff", "reason": "22056 Subject not found", "signature": "Authentication failed", "signature_id": "5400", "dvc": "ise1"},
        {"authentication"},
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


@pytest.mark.parametrize(("word", "bits"), [("aaaa", "0.0"), ("ab", "1.0"), ("abcd", "2.0"), ("", None)])
def test_the_entropy_of_a_word(word: str, bits: str | None) -> None:
    """The macro and the scripted lookup that content takes from URL Toolbox."""
    instance = Instance(None, layers())
    found = instance.search(f'| makeresults | eval word="{word}" | `ut_shannon(word)`').table.frame
    assert (found.row(0, named=True).get("ut_shannon")) == bits


SYSMON_LINUX = (
    '{header}<Event><System><Provider Name="Linux-Sysmon"/><EventID>1</EventID>'
    '<TimeCreated SystemTime="2024-03-05T10:11:{second}.000000000Z"/><Channel>Linux-Sysmon/Operational</Channel>'
    '<Computer>box7</Computer></System><EventData><Data Name="Image">/bin/sh</Data>'
    '<Data Name="CommandLine">sh -c "a\nb {second}"</Data></EventData></Event>'
)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "<13>",
        "Mar  5 10:11:12 box7 sysmon: ",
        "<14>Mar  5 10:11:12 box7 sysmon[7]: ",
        "2024-03-05T10:11:12.345678+00:00 box7 sysmon: ",
    ],
)
def test_sysmon_of_linux_behind_any_header(header: str) -> None:
    """Each line of a syslog file is an event of its own, whatever its header; a line end within a command breaks nothing."""
    instance = Instance(None, layers())
    text = "\n".join(SYSMON_LINUX.format(header=header, second=second) for second in (12, 13, 14))
    options = instance.import_options(source="Syslog:Linux-Sysmon/Operational", sourcetype="sysmon:linux", format="raw")
    (frame,) = importers.read(f"{text}\n".encode(), options)
    assert frame.get_column("_time").to_list() == [1709633472.0, 1709633473.0, 1709633474.0]
    instance.store.create_index("main")
    instance.store.append(frame.with_columns(index=pl.lit("main")))
    rows = instance.search("search index=main | sort 0 _time | table process_name, process").table.frame.rows()
    assert rows == [("sh", f'sh -c "a\nb {second}"') for second in (12, 13, 14)]


def test_modules_of_iis_are_an_event_each() -> None:
    instance = Instance(None, layers())
    module = 'Schema="Microsoft.IIs.PowerShell"\nname="{name}"\nimage="C:\\{name}.dll"\npreCondition=""\n'
    options = instance.import_options(
        source="powershell://AppCmdModules", sourcetype="Pwsh:InstalledIISModules", format="raw"
    )
    frames = importers.read("".join(module.format(name=name) for name in ("one", "two")).encode(), options)
    instance.store.create_index("main")
    for frame in frames:
        instance.store.append(frame.with_columns(index=pl.lit("main")))
    rows = instance.search("search index=main | sort name | table name, image").table.frame.rows()
    assert rows == [("one", "C:\\one.dll"), ("two", "C:\\two.dll")]


@pytest.mark.parametrize("name", ["linux_secure.log", "linux_secure", "linux_secure.log.1"])
def test_a_log_named_after_its_source_type(name: str, tmp_path: Path) -> None:
    instance = Instance(None, layers())
    instance.store.create_index("main")
    (tmp_path / name).write_text(
        "May 27 09:28:36 box7 sshd[7]: Accepted password for ann from 203.0.113.4 port 6 ssh2\n"
    )
    instance.add_file(str(tmp_path / name), instance.import_options())
    rows = instance.search("search index=main | table sourcetype, user, action").table.frame.rows()
    assert rows == [("linux_secure", "ann", "success")]
