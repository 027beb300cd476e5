"""Where a Sigma log source is on Splunk: the macro that finds it, what its test data is, how its fields are called.

The Sigma taxonomy says what a log source is; where a site keeps it is the site's business, so that a macro stands for it.
Definitions name source types as the vendors' add-ons give them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

ENDPOINT = ("windows", "linux", "macos")
CLOUD = (
    "aws",
    "azure",
    "gcp",
    "m365",
    "okta",
    "onelogin",
    "github",
    "bitbucket",
    "kubernetes",
    "google_workspace",
    "cloud",
)


@dataclass(frozen=True, slots=True)
class Place:
    """`macro` and its `definition`; `condition` narrows it to the category; `source` and `sourcetype` of test data.

    `known` is false where the taxonomy's log source has no place that we know: the macro then finds everything.
    """

    macro: str
    definition: str
    condition: str = ""
    source: str = ""
    sourcetype: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    known: bool = True

    @property
    def search(self) -> str:
        return f"`{self.macro}` {self.condition}".strip()


def _channels(macro: str, *channels: str) -> Place:
    named = [f'"{form}WinEventLog:{channel}"' for channel in channels for form in ("Xml", "")]
    return Place(
        macro,
        f"source IN ({', '.join(named)})",
        source=f"XmlWinEventLog:{channels[0]}",
        sourcetype="XmlWinEventLog",
        fields={"EventID": "EventCode"},
    )


def _types(macro: str, *types: str, fields: Mapping[str, str] | None = None) -> Place:
    quoted = [f'"{name}"' for name in types]
    listed = f"sourcetype={quoted[0]}" if len(types) == 1 else f"sourcetype IN ({', '.join(quoted)})"
    first = next((t for t in types if "*" not in t), types[0].replace("*", ""))
    return Place(macro, listed, source=macro, sourcetype=first, fields=fields or {})


def _where(macro: str, definition: str, sourcetype: str, fields: Mapping[str, str] | None = None) -> Place:
    return Place(macro, definition, source=macro, sourcetype=sourcetype, fields=fields or {})


_SYSMON = _channels("sysmon", "Microsoft-Windows-Sysmon/Operational")
_LINUX_SYSMON = Place(
    "sysmon_linux", 'source="Syslog:Linux-Sysmon/Operational"', source="Syslog:Linux-Sysmon/Operational",
    sourcetype="sysmon:linux", fields={"EventID": "EventCode"},
)  # fmt: skip
_POWERSHELL = _channels("powershell", "Microsoft-Windows-PowerShell/Operational", "PowerShellCore/Operational")
_CLASSIC = _channels("powershell_classic", "Windows PowerShell")
# Sysmon's event codes of a Sigma category.
_SYSMON_CODES = {
    "process_creation": (1,), "file_change": (2,), "network_connection": (3,), "sysmon_status": (4, 16),
    "process_termination": (5,), "driver_load": (6,), "image_load": (7,), "create_remote_thread": (8,),
    "raw_access_thread": (9,), "process_access": (10,), "file_event": (11,), "registry_add": (12,),
    "registry_delete": (12,), "registry_set": (13,), "registry_rename": (14,), "registry_event": (12, 13, 14),
    "create_stream_hash": (15,), "pipe_created": (17, 18), "wmi_event": (19, 20, 21), "dns_query": (22,),
    "file_delete": (23, 26), "clipboard_capture": (24,), "process_tampering": (25,), "file_delete_detected": (26,),
    "file_block_executable": (27,), "file_block_shredding": (28,), "file_executable_detected": (29,), "sysmon_error": (255,),
    "file_rename": (11,), "file_access": (11,),
}  # fmt: skip
_POWERSHELL_CODES = {
    "ps_module": (_POWERSHELL, 4103), "ps_script": (_POWERSHELL, 4104), "ps_classic_start": (_CLASSIC, 400),
    "ps_classic_provider_start": (_CLASSIC, 600), "ps_classic_script": (_CLASSIC, 800),
}  # fmt: skip
# Windows services whose macro has a name of its own in published content.
_NAMED = {
    "security": "wineventlog_security", "system": "wineventlog_system", "application": "wineventlog_application",
    "sysmon": "sysmon", "powershell": "powershell", "powershell-classic": "powershell_classic",
    "taskscheduler": "wineventlog_task_scheduler", "windefend": "ms_defender", "ntlm": "ntlm_audit",
}  # fmt: skip
# W3C names of a web server's or a proxy's log, in the Common Information Model's words.
_WEB = {
    "c-uri": "url", "cs-uri": "url", "c-uri-query": "uri_query", "cs-uri-query": "uri_query", "c-uri-stem": "uri_path",
    "cs-uri-stem": "uri_path", "cs-method": "http_method", "sc-status": "status", "c-useragent": "http_user_agent",
    "cs-user-agent": "http_user_agent", "cs-referer": "http_referrer", "cs-referrer": "http_referrer", "c-ip": "src",
    "cs-ip": "src", "cs-username": "user", "cs-cookie": "cookie", "cs-version": "http_version", "r-dns": "url_domain",
    "cs-host": "url_domain", "cs-bytes": "bytes_in", "sc-bytes": "bytes_out", "src_ip": "src", "dst_ip": "dest_ip",
}  # fmt: skip
_TRAFFIC = {"dst_ip": "dest_ip", "dst_port": "dest_port", "src_port": "src_port", "username": "user"}
# (product, category, service), None for any, most particular first.
_PLACES: tuple[tuple[tuple[str | None, str | None, str | None], Place], ...] = (
    (("aws", None, None), _types("cloudtrail", "aws:cloudtrail")),
    (("azure", None, "activitylogs"), _types("azure_audit", "mscs:azure:audit", "azure:monitor:activity")),
    (("azure", None, None), _types("azure_monitor_aad", "azure:monitor:aad")),
    (("gcp", None, "google_workspace.admin"), _types("gws_reports_admin", "gws:reports:admin")),
    (("gcp", None, "google_workspace.login"), _types("gws_reports_login", "gws:reports:login")),
    (("gcp", None, None), _types("google_gcp_pubsub_message", "google:gcp:pubsub:message")),
    (("google_workspace", None, None), _types("gws_reports", "gws:reports:*")),
    (("m365", None, None), _types("o365_management_activity", "o365:management:activity")),
    (("okta", None, None), _types("okta", "OktaIM2:log", fields={"eventtype": "eventType"})),
    (("onelogin", None, None), _types("onelogin", "onelogin:event")),
    (("github", None, None), _types("github_enterprise", "httpevent", "github:enterprise:audit", "github:cloud:audit")),
    (("bitbucket", None, None), _types("bitbucket_audit", "bitbucket:audit", "atlassian:bitbucket:audit")),
    (("kubernetes", None, None), _types("kube_audit", "kube:apiserver:audit", "aws:cloudwatchlogs:eks")),
    (("linux", None, "auditd"), _types("linux_auditd", "linux:audit", "linux_audit", "auditd")),
    (("linux", None, "auth"), _types("linux_secure", "linux_secure", "syslog")),
    (("linux", None, "sshd"), _types("linux_secure", "linux_secure", "syslog")),
    (("linux", None, "sudo"), _types("linux_secure", "linux_secure", "syslog")),
    (("linux", None, "guacamole"), _types("linux_syslog", "linux_messages_syslog", "syslog")),
    (("linux", None, "cron"), _types("linux_syslog", "linux_messages_syslog", "syslog")),
    (("linux", None, "syslog"), _types("linux_syslog", "linux_messages_syslog", "syslog")),
    (("macos", None, None), _types("macos", "osquery:results", "macos:unified", "jamf:*")),
    (("zeek", None, None), _types("zeek", "bro:*", "zeek:*", fields={"id.orig_h": "src", "id.resp_h": "dest"})),
    (("cisco", None, "duo"), _types("cisco_duo", "cisco:duo:*")),
    (("cisco", None, None), _types("cisco_networks", "cisco:ios", "cisco:asa", "cisco:nx-os")),
    (("fortigate", None, None), _types("fortigate", "fortigate_*", "fgt_*")),
    (("fortinet", None, None), _types("fortigate", "fortigate_*", "fgt_*")),
    (("paloalto", None, None), _types("palo_alto", "pan:*")),
    (("modsecurity", None, None), _types("modsecurity", "modsecurity:*")),
    (("apache", None, None), _types("apache", "access_combined", "apache:*", fields=_WEB)),
    (("nginx", None, None), _types("nginx", "nginx:plus:access", "nginx:*", fields=_WEB)),
    (("iis", None, None), _types("iis", "ms:iis:auto", "ms:iis:*", "iis", fields=_WEB)),
    ((None, "webserver", None),
     _types("webserver", "access_combined", "access_common", "apache:access*", "nginx:*", "ms:iis:*", "iis", fields=_WEB)),
    ((None, "proxy", None), _where("web_proxy", "tag=web tag=proxy", "squid", _WEB)),
    ((None, "firewall", None), _where("network_traffic", "tag=network tag=communicate", "pan:traffic", _TRAFFIC)),
    ((None, "network_connection", None), _where("network_traffic", "tag=network tag=communicate", "pan:traffic", _TRAFFIC)),
    ((None, "dns", None), _where("dns", "tag=network tag=resolution tag=dns", "stream:dns")),
    ((None, "antivirus", None), _where("antivirus", "tag=malware tag=attack", "symantec:ep:risk:file")),
    ((None, "database", None), _where("database", "tag=database", "mssql:audit")),
)  # fmt: skip


def place_of(product: str | None, category: str | None, service: str | None, channels: Mapping[str, object]) -> Place:
    """The place of a log source. `channels` are pySigma's names of Windows event logs by service."""
    if product == "windows":
        found = _windows(category, service, channels)
        if found:
            return found
    if product == "linux" and category in _SYSMON_CODES and service is None:
        return _with(_LINUX_SYSMON, _SYSMON_CODES[category])
    for wanted, place in _PLACES:
        if all(w is None or w == g for w, g in zip(wanted, (product, category, service), strict=True)):
            return place
    name = re.sub(r"\W+", "_", "_".join(part for part in (product, category, service) if part)).lower() or "everything"
    return Place(f"sigma_{name}", "index=*", source=f"sigma_{name}", sourcetype="_json", known=False)


def _windows(category: str | None, service: str | None, channels: Mapping[str, object]) -> Place | None:
    if category in _POWERSHELL_CODES:
        place, code = _POWERSHELL_CODES[category]
        return _with(place, (code,))
    if category in _SYSMON_CODES:
        return _with(_SYSMON, _SYSMON_CODES[category])
    given = channels.get(service or "")
    if given:
        names = [given] if isinstance(given, str) else [str(one) for one in given]  # type: ignore[attr-defined]
        stem = re.sub(r"\W+", "_", service or "")
        return _channels(_NAMED.get(service or "", f"wineventlog_{stem}"), *names)
    if service is None and category is None:
        return Place(
            "wineventlog", 'sourcetype IN ("XmlWinEventLog*", "WinEventLog*") OR source IN ("XmlWinEventLog:*", "WinEventLog:*")',
            source="XmlWinEventLog:Security", sourcetype="XmlWinEventLog", fields={"EventID": "EventCode"},
        )  # fmt: skip
    return None


def _with(place: Place, codes: tuple[int, ...]) -> Place:
    listed = f"EventCode={codes[0]}" if len(codes) == 1 else f"EventCode IN ({', '.join(map(str, codes))})"
    return Place(place.macro, place.definition, listed, place.source, place.sourcetype, place.fields)


def folder_of(product: str | None, category: str | None) -> tuple[str, str]:
    """(folder below detections/, security domain)."""
    if product in ENDPOINT:
        return "endpoint", "endpoint"
    if product in CLOUD:
        return "cloud", "threat"
    if category in ("webserver", "proxy") or product in ("apache", "nginx", "iis", "modsecurity"):
        return "web", "network"
    if category in ("firewall", "dns") or product in (
        "zeek",
        "cisco",
        "fortigate",
        "fortinet",
        "paloalto",
        "huawei",
        "juniper",
    ):
        return "network", "network"
    return "application", "threat"
