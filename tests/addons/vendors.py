"""Add-ons as vendors write them, for kinds of events that ours know too: every value differs from ours, so that a mixture shows."""

from __future__ import annotations

from pathlib import Path

XML = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='{provider}'/>"
    "<EventID>{code}</EventID><Level>4</Level><TimeCreated SystemTime='2026-03-01T10:00:00.000Z'/>"
    "<Channel>{channel}</Channel><Computer>pc7.lab</Computer></System><EventData>{data}</EventData></Event>"
)
SECURITY = XML.format(
    provider="Microsoft-Windows-Security-Auditing",
    code=4688,
    channel="Security",
    data="<Data Name='SubjectUserName'>ann</Data><Data Name='NewProcessName'>C:\\x\\cmd.exe</Data>"
    "<Data Name='CommandLine'>cmd /c dir</Data>",
)
SYSMON = XML.format(
    provider="Microsoft-Windows-Sysmon",
    code=1,
    channel="Microsoft-Windows-Sysmon/Operational",
    data="<Data Name='Image'>C:\\x\\cmd.exe</Data><Data Name='CommandLine'>cmd /c dir</Data>"
    "<Data Name='ParentImage'>C:\\x\\explorer.exe</Data><Data Name='User'>LAB\\ann</Data>",
)
ASA = "Mar 01 2026 10:00:00 fw1 : %ASA-6-302013: Built inbound TCP connection 7 for outside:10.1.1.7/5060 (10.1.1.7/5060) to inside:10.2.2.9/443 (10.2.2.9/443)"
AUDITD = 'type=EXECVE msg=audit(1772359200.123:456): argc=2 a0="ls" a1="-l"'

# name: (source, sourcetype, event)
KINDS = {
    "security": ("XmlWinEventLog:Security", "XmlWinEventLog", SECURITY),
    "sysmon": ("XmlWinEventLog:Microsoft-Windows-Sysmon/Operational", "XmlWinEventLog", SYSMON),
    "asa": ("udp:514", "cisco:asa", ASA),
    "auditd": ("/var/log/audit/audit.log", "auditd", AUDITD),
}
META = {"metadata/default.meta": "[]\nexport = system\n"}

WINDOWS = META | {
    "default/props.conf": """
[source::XmlWinEventLog:Security]
SHOULD_LINEMERGE = true
TIME_FORMAT = %d
KV_MODE = none
EXTRACT-code = <EventID>(?<EventCode>\\d+)
EXTRACT-subject = 'SubjectUserName'>(?<src_user>[^<]+)
EVAL-user = "vendor:" . src_user
EVAL-signature = "from the vendor"
LOOKUP-known = windows_known EventCode OUTPUT action
""",
    "default/transforms.conf": "[windows_known]\nfilename = windows_known.csv\n",
    "lookups/windows_known.csv": "EventCode,action\n4688,vendor action\n",
    "default/eventtypes.conf": '[windows_process]\nsearch = source="XmlWinEventLog:Security" EventCode=4688\n'
    '[vendor_security]\nsearch = source="XmlWinEventLog:Security"\n',
    "default/tags.conf": "[eventtype=vendor_security]\nvendor = enabled\n[user=vendor%3Aann]\nprivileged = enabled\n",
}
SYSMON_APP = META | {
    "default/props.conf": """
[source::XmlWinEventLog:Microsoft-Windows-Sysmon/Operational]
REPORT-data = vendor_sysmon_data
FIELDALIAS-process = Image AS process_path
EVAL-process_name = "vendor.exe"
EVAL-dest = "vendor dest"
""",
    "default/transforms.conf": "[vendor_sysmon_data]\nREGEX = <Data Name='(\\w+)'>([^<]*)\nFORMAT = $1::$2\n",
    "default/eventtypes.conf": '[vendor_sysmon]\nsearch = source="XmlWinEventLog:Microsoft-Windows-Sysmon/Operational"\n',
    "default/tags.conf": "[eventtype=vendor_sysmon]\nvendor = enabled\n",
}
# No event types: it is its extractions that say what it is.
CISCO = META | {
    "default/props.conf": """
[cisco:asa]
TIME_PREFIX = ^vendor
EXTRACT-id = %ASA-(?<severity_number>\\d)-(?<message_number>\\d+)
EXTRACT-ends = for outside:(?<src_ip>[\\d.]+)
EVAL-action = "vendor built"
FIELDALIAS-src = src_ip AS src
""",
}
# A whole source type: every Windows log of it, and no word of Sysmon.
BROAD = META | {
    "default/props.conf": r"""
[XmlWinEventLog]
KV_MODE = none
SHOULD_LINEMERGE = true
REPORT-broad = broad_data, broad_user
EXTRACT-code = <EventID>(?<EventCode>\d+)
EVAL-vendor_product = "the vendor's Windows"
EVAL-process_name = if(EventCode=4688, "vendor.exe", null())
""",
    "default/transforms.conf": "[broad_data]\nREGEX = <Data Name='(\\w+)'>([^<]*)\nFORMAT = $1::$2\n"
    "[broad_user]\nREGEX = 'User'>(?<user>[^<]+)\n",
    "default/eventtypes.conf": "[broad_windows]\nsearch = sourcetype=XmlWinEventLog\n",
    "default/tags.conf": "[eventtype=broad_windows]\nbroad = enabled\n",
}
VENDORS = {"windows": (WINDOWS, "security"), "sysmon": (SYSMON_APP, "sysmon"), "cisco": (CISCO, "asa")}

# Content for one of these kinds: a field on top, and searches that run by themselves.
CONTENT = META | {
    "default/props.conf": '[XmlWinEventLog]\nEVAL-triage = "mine"\nEVAL-user = "the content\'s"\n',
    "default/eventtypes.conf": "[my_events]\nsearch = triage=mine\n",
    "default/savedsearches.conf": "[Mine - Rule]\nsearch = index=main\ncron_schedule = 0 * * * *\nenableSched = 1\n",
}


def write(files: dict[str, str], folder: Path) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
