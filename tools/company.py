"""The ordinary day of a small company as its Windows logs have it: what the detections must not answer to.

    python -m tools.company FOLDER

writes a day of every channel to FOLDER, several thousand events. Three parts: `day`, what people, their programs, backup, monitoring and
patching do; `near_misses`, what comes closest to each technique without being it; `administration`, what deployment, configuration
management and the helpdesk do on other hosts, which is the technique itself, done by those who may. The detections are silent in the
first two, and in the third once the lookups name who may (`ASSETS`, `IDENTITIES`). The same calls give the same text.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tools.windows_events import POWERSHELL, REALM, SYSTEM32, WMI_HOST, Log, full

SERVERS = {
    "DC01": "10.20.1.10", "DC02": "10.20.1.11", "FS01": "10.20.1.20", "SCCM01": "10.20.1.30", "PDQ01": "10.20.1.31", "MON01": "10.20.1.40",
    "BCK01": "10.20.1.50", "SRV-APP01": "10.20.2.11", "SRV-APP02": "10.20.2.12", "SQL01": "10.20.2.20",
}  # fmt: skip
DESKS = {f"WS-{number}": f"10.20.3.{number - 90}" for number in range(101, 131)}
ADMIN, HELPDESK = ("ADM-WS01", "10.20.9.5"), ("HELP-WS01", "10.20.9.6")
PEOPLE = (
    "a.aalto", "b.moreau", "c.lindt", "d.okafor", "e.suzuki", "f.novak", "g.rossi", "h.weber", "i.silva", "j.park", "k.jensen", "l.haddad",
    "m.costa", "n.kaya", "o.berg", "p.singh", "q.tran", "r.meyer", "s.laine", "t.vega", "u.ncube", "v.popov", "w.chen", "x.diaz", "y.ito",
    "z.hale", "aa.fox", "bb.lund", "cc.ruiz", "dd.gray",
)  # fmt: skip
# What a site writes into the lookups: the hosts that administer others, by name and address, and the accounts that they do it with.
ASSETS = [
    (host, "management", "it")
    for host in (
        "PDQ01*",
        "10.20.1.31",
        "SCCM01*",
        "10.20.1.30",
        "MON01*",
        "10.20.1.40",
        "ADM-WS01*",
        "10.20.9.5",
        "HELP-WS01*",
        "10.20.9.6",
    )
]
IDENTITIES = [(name, "management", "it") for name in ("svc-pdq", "svc-sccm", "svc-mon", "adm-*", "help-*")]
# Which detections answer to `administration`, and which of them the lookups cannot help, because no event tells them the other end.
ANSWERED = {
    "Executable Written to an Administrative Share",
    "Scheduled Task Registered From a Network Logon",
    "Service Installed From a Network Logon",
    "Service Control Manager Opened Over SMB",
    "Service Control Utility Aimed at Another Host",
    "Scheduled Task Utility Aimed at Another Host",
    "Explicit Credentials Used Toward Another Host by an Unusual Program",
    "Administration Protocol Spoken by a Program of a Writable Folder",
    "WMIC Starts a Process on a Named Host",
    "WinRM Command Line Aimed at Another Host",
    "PowerShell Remoting Aimed at Another Host",
    "Remote Registry Opened Over SMB",
    "Named Pipe of a Remote Execution Tool",
    "Remote Desktop Client Inside an Unusual Program",
    "Remote Desktop Logon From an Unusual Source",
    "Logon With Other Credentials for the Network",
    "Ticket Granting Ticket Requested With RC4",
    "Administrative Share Named on a Command Line",
    "Process Started in a Network Logon Session",
    "Command on One Host Followed by Its Deed on Another",
    "Registry Utility Aimed at Another Host",
}
TUNED_ONLY = {"PowerShell Remoting Aimed at Another Host", "Remote Desktop Client Inside an Unusual Program"}
EXPLORER, SERVICES_EXE, SVCHOST, LSASS = (
    "C:\\Windows\\explorer.exe",
    SYSTEM32 + "services.exe",
    SYSTEM32 + "svchost.exe",
    SYSTEM32 + "lsass.exe",
)
CMD, TASKENG = SYSTEM32 + "cmd.exe", SYSTEM32 + "svchost.exe"
OFFICE = "C:\\Program Files\\Microsoft Office\\root\\Office16\\"
PROGRAMS = (
    (OFFICE + "OUTLOOK.EXE", '"{}"'), (OFFICE + "EXCEL.EXE", '"{}" "S:\\Sales\\forecast.xlsx"'), (OFFICE + "WINWORD.EXE", '"{}" /n'),
    ("C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe", '"{}" --single-argument https://intranet.corp.harbor.test/'),
    ("C:\\Program Files\\7-Zip\\7zFM.exe", '"{}"'), (SYSTEM32 + "notepad.exe", '"{}" C:\\Users\\Public\\notes.txt'),
    (SYSTEM32 + "mstsc.exe", '"{}" /v:srv-app01'), (SYSTEM32 + "taskmgr.exe", '"{}" /4'),
)  # fmt: skip


def day(*, hours: tuple[int, int] = (7, 19), people: int = len(PEOPLE), seed: int = 7) -> Log:
    """The plain company between two hours of the day; `people` are those who are in."""
    log = Log(datetime(2025, 3, 5, hours[0], 0, tzinfo=UTC))
    chance = random.Random(seed)
    length = (hours[1] - hours[0]) * 3600
    desks = list(zip(PEOPLE[:people], DESKS.items(), strict=False))
    for number, (person, (desk, address)) in enumerate(desks):
        _morning(log, chance, number, person, desk, address)
        for _ in range(length // 1800):
            _work(log, chance, chance.uniform(300, length - 10), person, desk, address)
        _machine(log, chance, desk, address, length)
    for host, address in SERVERS.items():
        _machine(log, chance, host, address, length)
    for at in range(120, length, 600):
        _monitoring(log, at)
    for at in range(400, length, 3600):
        _backup(log, at)
        _patching(log, at + 300, desks[at % len(desks)][1][0])
    return log


def _morning(log: Log, chance: random.Random, number: int, person: str, desk: str, address: str) -> None:
    at = 5 + number * 7 + chance.random()
    logon = hex(0x40000 + number * 16)
    log.ticket(4768, "DC01", at, person, "krbtgt", "0x12", address)
    log.logon(desk, at + 0.4, person, 2, "127.0.0.1", logon, process="User32 ", package="Negotiate", subject=f"{desk}$")
    log.add(
        "security",
        4672,
        desk,
        at + 0.5,
        {
            "SubjectUserSid": "S-1-5-18",
            "SubjectUserName": "SYSTEM",
            "SubjectDomainName": "NT AUTHORITY",
            "SubjectLogonId": "0x3e7",
            "PrivilegeList": "SeDebugPrivilege",
        },
    )
    log.process(desk, at + 1, person, EXPLORER, EXPLORER, SYSTEM32 + "userinit.exe", logon=logon, audit=True)
    script = f"\\\\{REALM}\\NETLOGON\\logon.cmd"
    log.process(
        desk,
        at + 2,
        person,
        CMD,
        f'C:\\Windows\\system32\\cmd.exe /c "{script}"',
        SYSTEM32 + "gpscript.exe",
        logon=logon,
        audit=True,
    )
    log.process(
        desk,
        at + 3,
        person,
        SYSTEM32 + "net.exe",
        "net use S: \\\\FS01\\Sales /persistent:no",
        CMD,
        logon=logon,
        audit=True,
    )
    log.ticket(4769, "DC01", at + 3, f"{person}@{REALM.upper()}", "FS01$", "0x12", address)
    log.logon("FS01", at + 3.2, person, 3, address, hex(0x900000 + number), port=52000 + number)
    log.logon("DC01", at + 3.3, person, 3, address, hex(0xA00000 + number), port=53000 + number)


def _work(log: Log, chance: random.Random, at: float, person: str, desk: str, address: str) -> None:
    image, command = PROGRAMS[chance.randrange(len(PROGRAMS))]
    log.process(desk, at, person, image, command.format(image), EXPLORER, audit=chance.random() < 0.3)
    folder = chance.choice(
        ("Sales\\forecast.xlsx", "Projects\\2025\\plan.docx", "Tools\\printer-setup.exe", "Templates\\letter.dotx")
    )
    log.share(
        "FS01",
        at + 1,
        person,
        address,
        "Sales",
        "\\??\\D:\\Shares\\Sales",
        folder,
        chance.choice(("0x120089", "0x12019f", "0x2")),
    )
    if image.endswith("chrome.exe"):
        log.connection(
            desk,
            at + 2,
            person,
            image,
            (address, chance.randrange(49152, 65000)),
            ("93.184.216.34", 443),
            names=(full(desk), "-"),
        )
        log.pipe(desk, at + 2, person, image, f"\\mojo.{chance.randrange(9999)}.{chance.randrange(9999)}.77")
        log.file(desk, at + 3, person, image, f"C:\\Users\\{person}\\Downloads\\viewer-setup.exe")
    if image.endswith("mstsc.exe"):
        log.image_load(desk, at + 1, person, image, SYSTEM32 + "mstscax.dll")
        log.connection(
            desk,
            at + 2,
            person,
            image,
            (address, chance.randrange(49152, 65000)),
            (SERVERS["SRV-APP01"], 3389),
            names=(full(desk), full("SRV-APP01")),
        )
        log.explicit(desk, at + 2, person, person, full("SRV-APP01"), f"TERMSRV/{full('SRV-APP01')}", LSASS)
        log.logon(
            "SRV-APP01",
            at + 3,
            person,
            10,
            address,
            hex(0xB00000 + int(at)),
            process="User32 ",
            package="Negotiate",
            subject="SRV-APP01$",
        )
    if image.endswith("OUTLOOK.EXE"):
        log.image_load(desk, at + 1, person, image, OFFICE + "mso.dll", signature="Microsoft Corporation")
    if chance.random() < 0.2:
        log.script(desk, at + 4, person, "prompt")
        log.script(
            desk,
            at + 5,
            person,
            "Get-ChildItem -Path S:\\Sales | Sort-Object Length -Descending | Select-Object -First 10",
        )
        log.pipe(desk, at + 4, person, POWERSHELL, f"\\PSHost.13385{int(at)}.4120.DefaultAppDomain.powershell")


def _machine(log: Log, chance: random.Random, host: str, address: str, length: int) -> None:
    """What a computer does by itself."""
    for at in range(int(chance.uniform(10, 900)), length, 3600):
        log.logon("DC01", at, f"{host}$", 3, address, hex(0xC00000 + at), port=49000 + at % 999)
        log.share(
            "DC01",
            at + 1,
            f"{host}$",
            address,
            "SYSVOL",
            "\\??\\C:\\Windows\\SYSVOL\\sysvol",
            f"{REALM}\\Policies\\gpt.ini",
            "0x120089",
        )
        log.share("DC01", at + 2, f"{host}$", address, "IPC$", "", "lsarpc", "0x12019f")
        log.connection(
            host,
            at + 1,
            "SYSTEM",
            LSASS,
            (address, 49200 + at % 999),
            (SERVERS["DC01"], 88),
            names=(full(host), full("DC01")),
        )
        log.connection(
            host,
            at + 1,
            "SYSTEM",
            "System",
            (address, 49300 + at % 999),
            (SERVERS["DC01"], 445),
            names=(full(host), full("DC01")),
        )
        log.connection(
            host,
            at + 2,
            "NETWORK SERVICE",
            SVCHOST,
            (address, 49400 + at % 999),
            (SERVERS["DC01"], 135),
            names=(full(host), full("DC01")),
        )
        log.logon(host, at + 3, "SYSTEM", 5, "-", "0x3e7", process="Advapi  ", package="Negotiate", subject=f"{host}$")
        log.process(
            host, at + 4, "SYSTEM", SVCHOST, "C:\\Windows\\System32\\svchost.exe -k netsvcs -p -s BITS", SERVICES_EXE
        )
        log.process(
            host,
            at + 5,
            "NETWORK SERVICE",
            WMI_HOST,
            "C:\\Windows\\system32\\wbem\\wmiprvse.exe -secured -Embedding",
            SVCHOST,
        )
        log.process(
            host,
            at + 6,
            "SYSTEM",
            SYSTEM32 + "taskhostw.exe",
            "taskhostw.exe Install $(Arg0)",
            SVCHOST,
            "C:\\Windows\\system32\\svchost.exe -k netsvcs -p",
        )
        log.registry(
            host,
            at + 7,
            "SYSTEM",
            SERVICES_EXE,
            "HKLM\\System\\CurrentControlSet\\Services\\BITS\\Start",
            "DWORD (0x00000003)",
        )
        log.image_load(host, at + 8, "SYSTEM", SVCHOST, SYSTEM32 + "qmgr.dll")
        log.task(
            4702,
            host,
            at + 9,
            "NETWORK SERVICE",
            "\\Microsoft\\Windows\\SoftwareProtectionPlatform\\SvcRestartTask",
            "sppsvc.exe",
            logon="0x3e4",
            local=True,
        )
        log.add(
            "tasks",
            140,
            host,
            at + 9,
            {"TaskName": "\\Microsoft\\Windows\\SoftwareProtectionPlatform\\SvcRestartTask", "UserName": "S-1-5-20"},
            user="SYSTEM",
        )
        log.add(
            "system", 7036, host, at + 4, {"param1": "Background Intelligent Transfer Service", "param2": "running"}
        )
        log.file(host, at + 10, "SYSTEM", SVCHOST, "C:\\Windows\\ServiceState\\EventLog\\Data\\lastalive0.dat")
        log.pipe(host, at + 11, "SYSTEM", SVCHOST, "\\lsass", created=False)
        log.add_user_data(
            "wmi",
            5857,
            host,
            at + 5,
            "Operation_StartedOperational",
            {
                "ProviderName": "CIMWin32",
                "Code": "0x0",
                "HostProcess": "wmiprvse.exe",
                "ProcessID": 3012,
                "ProviderPath": "%systemroot%\\system32\\wbem\\cimwin32.dll",
            },
        )


def _monitoring(log: Log, at: float) -> None:
    """Operations Manager runs scripts under its own agent; the monitoring server reads WMI and performance counters."""
    agent = "C:\\Program Files\\Microsoft Monitoring Agent\\Agent\\MonitoringHost.exe"
    for host in ("SRV-APP01", "SQL01"):
        log.process(
            host,
            at,
            "SYSTEM",
            SYSTEM32 + "cscript.exe",
            '"C:\\Windows\\system32\\cscript.exe" /nologo "DiscoverServices.vbs"',
            agent,
            audit=True,
        )
        log.logon(host, at + 1, "svc-mon", 3, SERVERS["MON01"], hex(0xD00000 + int(at)), port=51000 + int(at) % 900)
    log.script(
        "MON01",
        at,
        "svc-mon",
        "Get-CimInstance -ComputerName SQL01 -ClassName Win32_LogicalDisk -Filter 'DriveType=3' | Select-Object DeviceID, FreeSpace",
    )
    log.connection(
        "MON01",
        at + 1,
        "svc-mon",
        POWERSHELL,
        (SERVERS["MON01"], 52000 + int(at) % 900),
        (SERVERS["SQL01"], 5985),
        names=(full("MON01"), full("SQL01")),
    )


def _backup(log: Log, at: float) -> None:
    """The backup server reads through administrative shares, and its agent is a service of its own."""
    agent = "C:\\Program Files\\Veeam\\Backup Transport\\VeeamTransportSvc.exe"
    for host in ("FS01", "SRV-APP02"):
        log.logon(host, at, "svc-backup", 3, SERVERS["BCK01"], hex(0xE00000 + int(at)), port=50500 + int(at) % 900)
        for name in (
            "Windows\\System32\\config\\SOFTWARE",
            "inetpub\\wwwroot\\web.config",
            "Program Files\\App\\app.exe",
        ):
            log.share(host, at + 1, "svc-backup", SERVERS["BCK01"], "C$", "\\??\\C:\\", name, "0x120089")
        log.process(host, at + 2, "SYSTEM", agent, f'"{agent}"', SERVICES_EXE, company="Veeam Software Group GmbH")


def _patching(log: Log, at: float, desk: str) -> None:
    ccm = "C:\\Windows\\CCM\\CcmExec.exe"
    log.process(
        desk,
        at,
        "SYSTEM",
        SYSTEM32 + "msiexec.exe",
        'msiexec.exe /i "C:\\Windows\\ccmcache\\4b\\Reader.msi" /qn',
        ccm,
        audit=True,
    )
    log.process(
        desk,
        at + 2,
        "SYSTEM",
        POWERSHELL,
        f'"{POWERSHELL}" -NoLogo -NonInteractive -ExecutionPolicy AllSigned -File C:\\Windows\\CCM\\SystemTemp\\inventory.ps1',
        ccm,
        audit=True,
    )
    log.service(
        desk,
        at + 4,
        "SYSTEM",
        "AdobeARMservice",
        '"C:\\Program Files (x86)\\Common Files\\Adobe\\ARM\\1.0\\armsvc.exe"',
        start=2,
    )
    log.task(
        4698,
        desk,
        at + 5,
        "SYSTEM",
        "\\Adobe Acrobat Update Task",
        "C:\\Program Files (x86)\\Common Files\\Adobe\\ARM\\1.0\\AdobeARM.exe",
        logon="0x3e7",
        local=True,
    )
    log.registry(
        desk,
        at + 4,
        "SYSTEM",
        SERVICES_EXE,
        "HKLM\\System\\CurrentControlSet\\Services\\AdobeARMservice\\ImagePath",
        '"C:\\Program Files (x86)\\Common Files\\Adobe\\ARM\\1.0\\armsvc.exe"',
    )
    log.process(
        desk,
        at + 8,
        "SYSTEM",
        "C:\\Windows\\servicing\\TrustedInstaller.exe",
        "C:\\Windows\\servicing\\TrustedInstaller.exe",
        SERVICES_EXE,
    )


def near_misses(log: Log, at: float = 2000) -> None:
    """What comes closest to each technique and is none: the same program on this host, the same share for another purpose."""
    host, person, address = "WS-103", "c.lindt", DESKS["WS-103"]
    # WMI: the provider host reports its own fault; msiexec by SYSTEM installs what inventory asked for.
    log.process(
        host,
        at,
        "NETWORK SERVICE",
        SYSTEM32 + "WerFault.exe",
        "C:\\Windows\\system32\\WerFault.exe -u -p 3012 -s 1180",
        WMI_HOST,
    )
    log.process(
        host, at + 1, "SYSTEM", SYSTEM32 + "msiexec.exe", "C:\\Windows\\system32\\msiexec.exe /V", WMI_HOST, audit=True
    )
    # PowerShell remoting: the host process itself, and the compiler that Add-Type starts.
    wsmprov = SYSTEM32 + "wsmprovhost.exe"
    log.process("SRV-APP01", at + 5, "adm-okafor", wsmprov, wsmprov + " -Embedding", SVCHOST, logon="0x61010")
    log.process(
        "SRV-APP01",
        at + 6,
        "adm-okafor",
        "C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\csc.exe",
        "csc.exe /noconfig @x.cmdline",
        wsmprov,
        logon="0x61010",
    )
    # Services: a program of a folder of its own, and one under rundll32's folder with arguments.
    log.service(
        "SRV-APP01", at + 10, "SYSTEM", "Splunkd", '"C:\\Program Files\\Splunk\\bin\\splunkd.exe" service', start=2
    )
    log.service(
        "SQL01",
        at + 11,
        "SYSTEM",
        "SQLAgent",
        '"C:\\Program Files\\Microsoft SQL Server\\MSSQL15\\MSSQL\\Binn\\SQLAGENT.EXE" -i MSSQLSERVER',
    )
    # Tasks: somebody on the host itself, with a logon of its own, while others are logged on over the network.
    log.logon("SRV-APP01", at + 14, "svc-backup", 3, SERVERS["BCK01"], "0x62001", port=50990)
    log.task(
        4698,
        "SRV-APP01",
        at + 15,
        "adm-okafor",
        "\\Site\\CleanTemp",
        "C:\\Scripts\\clean.cmd",
        logon="0x62055",
        local=True,
    )
    # Administrative shares: read, listed, and documents written by somebody who may.
    log.share(
        "SRV-APP01", at + 20, "adm-okafor", ADMIN[1], "C$", "\\??\\C:\\", "inetpub\\logs\\u_ex250305.log", "0x120089"
    )
    log.share(
        "SRV-APP01", at + 21, "adm-okafor", ADMIN[1], "C$", "\\??\\C:\\", "Program Files\\App\\app.exe", "0x120089"
    )
    log.share("SRV-APP01", at + 22, "adm-okafor", ADMIN[1], "D$", "\\??\\D:\\", "Reports\\march.xlsx", "0x12019f")
    log.file("FS01", at + 23, "SYSTEM", "System", "D:\\Shares\\Sales\\forecast.xlsx")
    log.process(host, at + 24, person, SYSTEM32 + "net.exe", "net use S: \\\\FS01\\Sales", CMD, audit=True)
    log.connection(
        host, at + 25, "SYSTEM", "System", (address, 50901), (SERVERS["FS01"], 445), names=(full(host), full("FS01"))
    )
    # Services and tasks: asked about from afar, changed on this host.
    sc, schtasks = SYSTEM32 + "sc.exe", SYSTEM32 + "schtasks.exe"
    log.process("ADM-WS01", at + 30, "adm-okafor", sc, "sc.exe \\\\SQL01 query MSSQLSERVER", CMD, audit=True)
    log.process(host, at + 31, person, sc, "sc.exe start Spooler", CMD, audit=True)
    log.process(
        host,
        at + 32,
        "SYSTEM",
        schtasks,
        'schtasks.exe /Create /F /TN "\\Vendor\\Update" /SC DAILY /TR "C:\\Program Files\\Vendor\\update.exe /s"',
        SYSTEM32 + "msiexec.exe",
        original="sctasks.exe",
        audit=True,
    )
    log.process(
        "ADM-WS01",
        at + 33,
        "adm-okafor",
        schtasks,
        "schtasks /query /s SRV-APP01 /fo csv",
        CMD,
        original="sctasks.exe",
        audit=True,
    )
    log.share("SQL01", at + 34, "MON01$", SERVERS["MON01"], "IPC$", "", "svcctl", "0x12019f")
    log.share("SRV-APP01", at + 35, person, address, "IPC$", "", "srvsvc", "0x12019f")
    # PowerShell in programs that are made of it, and desired state configuration.
    log.pipe(
        "MON01",
        at + 40,
        "SYSTEM",
        "C:\\Program Files\\Microsoft Monitoring Agent\\Agent\\MonitoringHost.exe",
        "\\PSHost.133854691.3120.DefaultAppDomain.MonitoringHost",
    )
    log.pipe("DC01", at + 41, "SYSTEM", WMI_HOST, "\\PSHost.133854692.6384.DscPsPluginWkr_AppDomain.WmiPrvSE")
    log.pipe("SRV-APP01", at + 42, "adm-okafor", wsmprov, "\\PSHost.133854693.5120.DefaultAppDomain.wsmprovhost")
    # COM: Excel that a report program drives on this host, the console opened by its user, and scripts that automate this host.
    log.process(host, at + 50, person, OFFICE + "EXCEL.EXE", f'"{OFFICE}EXCEL.EXE" /automation -Embedding', SVCHOST)
    log.process(
        host,
        at + 51,
        person,
        SYSTEM32 + "splwow64.exe",
        "C:\\Windows\\splwow64.exe 8192",
        OFFICE + "EXCEL.EXE",
        f'"{OFFICE}EXCEL.EXE" /automation -Embedding',
    )
    log.process(
        "ADM-WS01", at + 52, "adm-okafor", CMD, "cmd.exe /c gpupdate", SYSTEM32 + "mmc.exe", "mmc.exe gpedit.msc"
    )
    log.connection(
        host,
        at + 53,
        person,
        OFFICE + "EXCEL.EXE",
        (address, 50940),
        (SERVERS["SQL01"], 1433),
        names=(full(host), full("SQL01")),
    )
    log.connection("DC01", at + 54, "SYSTEM", LSASS, (address, 50941), (SERVERS["DC01"], 389), outbound=False)
    log.script(
        host,
        at + 55,
        person,
        '$word = [Activator]::CreateInstance([type]::GetTypeFromProgID("Word.Application")); $word.Quit()',
    )
    # Other credentials: on this host, through the logon screen, and to a file server by Explorer.
    log.explicit(host, at + 60, person, "help-kaya", "localhost", "localhost", SYSTEM32 + "consent.exe")
    log.explicit(host, at + 61, person, "f.novak", full("FS01"), f"cifs/{full('FS01')}", EXPLORER)
    log.explicit("SQL01", at + 62, "SYSTEM", "svc-sql", "SQL01", "SQL01", SERVICES_EXE)
    # Programs in folders of users that speak to the world and to each other, not to ports of administration.
    teams = f"C:\\Users\\{person}\\AppData\\Local\\Microsoft\\Teams\\current\\Teams.exe"
    log.connection(host, at + 65, person, teams, (address, 50950), ("52.113.194.132", 443))
    log.connection(host, at + 66, person, teams, (address, 50051), (DESKS["WS-104"], 50052), protocol="udp")
    # Commands that write to this host, WMI asked about others, and consumers that only log.
    wmic = SYSTEM32 + "wbem\\WMIC.exe"
    log.process(host, at + 70, person, CMD, 'cmd.exe /c dir S:\\Sales > "%TEMP%\\list.txt" 2>&1', EXPLORER, audit=True)
    log.process(
        "ADM-WS01",
        at + 71,
        "adm-okafor",
        wmic,
        "wmic /node:SQL01 logicaldisk get size,freespace,caption",
        CMD,
        original="wmic.exe",
        audit=True,
    )
    log.process(host, at + 72, person, wmic, "wmic process call create notepad.exe", CMD, original="wmic.exe")
    log.wmi_consumer(host, at + 73, "SYSTEM", "SCM Event Log Consumer", "NT Event Log", "unknown")
    log.add_user_data("wmi", 5861, host, at + 73, "Operation_ESStoConsumerBinding", {
        "Namespace": "//./root/subscription", "ESS": "SCM Event Log Filter", "CONSUMER": 'NTEventLogEventConsumer="SCM Event Log Consumer"',
        "PossibleCause": 'Binding EventFilter: \ninstance of __EventFilter\n{\n\tName = "SCM Event Log Filter";\n};\nPerm. Consumer: \ninstance of NTEventLogEventConsumer\n{\n\tName = "SCM Event Log Consumer";\n};\n',
    })  # fmt: skip
    # Scripts that ask other hosts, and that run on this one; a module that brings functions of such names along.
    log.script(
        "ADM-WS01",
        at + 75,
        "adm-okafor",
        "Get-CimInstance -ComputerName SQL01 -ClassName Win32_Service -Filter \"Name='MSSQLSERVER'\"",
    )
    log.script(
        host,
        at + 76,
        person,
        "Invoke-CimMethod -ClassName Win32_Printer -MethodName SetDefaultPrinter -CimSession (New-CimSession)",
    )
    log.script(
        "ADM-WS01",
        at + 77,
        "adm-okafor",
        "function Invoke-SiteCommand { param($Name) $script:last = $Name; Get-Service -ComputerName $Name }",
    )
    log.script(host, at + 78, person, "Invoke-Command -ScriptBlock { Get-Date } -NoNewScope")
    log.command(
        "ADM-WS01", at + 79, "adm-okafor", "Get-WmiObject", {"Class": "Win32_OperatingSystem", "ComputerName": "SQL01"}
    )
    log.process(
        "ADM-WS01",
        at + 80,
        "adm-okafor",
        SYSTEM32 + "cscript.exe",
        'cscript //nologo "C:\\Windows\\System32\\winrm.vbs" enumerate winrm/config/listener',
        CMD,
        audit=True,
    )
    # Pipes of Windows, of SQL Server and of browsers.
    for pipe in (
        "\\spoolss",
        "\\sql\\query",
        "\\chrome.sync.1",
        "\\crashpad_4120_QWERTY",
        "\\TSVCPIPE-4a1b",
        "\\Winsock2\\CatalogChangeListener-52c-0",
    ):
        log.pipe("SQL01", at + 85, "SYSTEM", SVCHOST, pipe)
    log.share("SQL01", at + 86, person, address, "IPC$", "", "sql\\query", "0x12019f")
    # Services written by Windows and by installers, and libraries of third parties.
    services = "HKLM\\System\\CurrentControlSet\\Services\\"
    log.registry(
        host,
        at + 90,
        "SYSTEM",
        SYSTEM32 + "msiexec.exe",
        services + "ZoomCptService\\ImagePath",
        '"C:\\Program Files\\Common Files\\Zoom\\Support\\CptService.exe"',
    )
    log.registry(
        host,
        at + 91,
        "SYSTEM",
        SVCHOST,
        services + "Psched\\Parameters\\SkipNdisAdaptersKeyGeneration",
        "DWORD (0x00000001)",
    )
    log.image_load(host, at + 92, "SYSTEM", SVCHOST, "C:\\Program Files\\Vendor\\agentsvc.dll", signed=False)
    log.image_load(
        host, at + 93, person, "C:\\Program Files\\7-Zip\\7zFM.exe", "C:\\Program Files\\7-Zip\\7z.dll", signed=False
    )
    log.process(
        "ADM-WS01", at + 95, "adm-okafor", SYSTEM32 + "reg.exe", "reg query HKLM\\Software\\Vendor /s", CMD, audit=True
    )
    # Remote Desktop: the client and those who use it from where they sit; a session sent back to its screen by its user.
    mstsc = SYSTEM32 + "mstsc.exe"
    log.image_load(host, at + 100, person, mstsc, SYSTEM32 + "mstscax.dll")
    log.image_load(
        "ADM-WS01", at + 101, "adm-okafor", "C:\\Program Files\\RDCMan\\RDCMan.exe", SYSTEM32 + "mstscax.dll"
    )
    log.logon(
        "SRV-APP01",
        at + 102,
        person,
        10,
        address,
        "0x63001",
        process="User32 ",
        package="Negotiate",
        subject="SRV-APP01$",
    )
    log.process(host, at + 103, person, SYSTEM32 + "tscon.exe", "tscon 1", CMD, audit=True)
    log.process(host, at + 104, person, SYSTEM32 + "query.exe", "query session", CMD)
    # Kerberos: everybody through lsass, and a product with Kerberos of its own; a computer that changes its password.
    log.connection(
        "SRV-APP01",
        at + 110,
        "SYSTEM",
        "C:\\Program Files\\Java\\jre\\bin\\java.exe",
        (SERVERS["SRV-APP01"], 50970),
        (SERVERS["DC01"], 88),
    )
    log.ticket(4768, "DC01", at + 111, "SRV-APP01$", "krbtgt", "0x12", SERVERS["SRV-APP01"])
    log.computer_change("DC01", at + 112, "WS-103$", "WS-103$", "3/5/2025 9:35:12 AM")
    log.computer_change("DC01", at + 113, "adm-okafor", "WS-199$", "-")
    # Shares of people, and an administrator's share that is taken away again.
    log.process(
        host,
        at + 120,
        person,
        CMD,
        "cmd.exe /c copy S:\\Sales\\plan.xlsx \\\\FS01\\Archive$\\plan.xlsx",
        EXPLORER,
        audit=True,
    )
    log.process("ADM-WS01", at + 121, "adm-okafor", SYSTEM32 + "net.exe", "net use \\\\SRV-APP01\\C$ /delete", CMD)
    # Sessions over the network that only read, and programs of sessions of the host itself.
    log.logon("FS01", at + 125, person, 3, address, "0x63010", port=50980)
    log.process("SRV-APP01", at + 126, person, SYSTEM32 + "notepad.exe", "notepad.exe", EXPLORER, logon="0x63001")


def administration(log: Log, at: float = 3000) -> None:
    """Those who may do on other hosts what intruders do: deployment, configuration management, helpdesk, administrators."""
    target = "WS-110"
    # PDQ Deploy: a runner copied to ADMIN$ and run as a service.
    runner = "C:\\Windows\\AdminArsenal\\PDQDeployRunner\\service-1\\PDQDeployRunner-1.exe"
    log.logon(target, at, "svc-pdq", 3, SERVERS["PDQ01"], "0x71001", port=50700)
    log.share(
        target,
        at + 1,
        "svc-pdq",
        SERVERS["PDQ01"],
        "ADMIN$",
        "\\??\\C:\\Windows",
        "AdminArsenal\\PDQDeployRunner\\service-1\\PDQDeployRunner-1.exe",
        "0x2",
    )
    log.service(target, at + 2, "svc-pdq", "PDQDeployRunner-1", f'"{runner}"', logon="0x71001")
    log.share(target, at + 3, "svc-pdq", SERVERS["PDQ01"], "IPC$", "", "svcctl", "0x12019f")
    # Administrators who restart a service and plan a task on other hosts, and who connect with another account.
    log.process("ADM-WS01", at + 20, "adm-okafor", SYSTEM32 + "sc.exe", "sc.exe \\\\SQL01 start MSSQLSERVER", CMD)
    log.process(
        "ADM-WS01",
        at + 25,
        "adm-okafor",
        SYSTEM32 + "schtasks.exe",
        "schtasks /create /s SRV-APP02 /tn Restart /tr shutdown /sc once /st 03:00",
        CMD,
    )
    log.explicit(
        "ADM-WS01", at + 28, "adm-okafor", "adm-okafor-t1", full("SRV-APP02"), f"HTTP/{full('SRV-APP02')}", POWERSHELL
    )
    log.connection(
        "HELP-WS01",
        at + 29,
        "help-kaya",
        "C:\\ProgramData\\RemoteTool\\helper.exe",
        (HELPDESK[1], 50960),
        (DESKS[target], 445),
    )
    log.process(
        "ADM-WS01",
        at + 40,
        "adm-okafor",
        SYSTEM32 + "wbem\\WMIC.exe",
        'wmic /node:SRV-APP02 service where name="W3SVC" call startservice',
        CMD,
        original="wmic.exe",
    )
    log.process("ADM-WS01", at + 41, "adm-okafor", SYSTEM32 + "winrs.exe", "winrs -r:SRV-APP02 ipconfig /all", CMD)
    log.script(
        "ADM-WS01",
        at + 42,
        "adm-okafor",
        "Invoke-Command -ComputerName SRV-APP02 -ScriptBlock { Restart-Service W3SVC }",
    )
    log.share("SQL01", at + 43, "svc-mon", SERVERS["MON01"], "IPC$", "", "winreg", "0x12019f")
    log.share(target, at + 44, "help-kaya", HELPDESK[1], "IPC$", "", "PSEXESVC", "0x12019f")
    log.image_load(
        "HELP-WS01", at + 45, "help-kaya", "C:\\Program Files\\Support\\assist.exe", SYSTEM32 + "mstscax.dll"
    )
    for number, desk in enumerate(list(DESKS)[:6]):
        log.logon(
            desk,
            at + 50 + number,
            "help-kaya",
            10,
            HELPDESK[1],
            hex(0x72000 + number),
            process="User32 ",
            package="Negotiate",
            subject=f"{desk}$",
        )
    log.logon(
        "ADM-WS01",
        at + 60,
        "adm-okafor",
        9,
        "::1",
        "0x72100",
        process="seclogo",
        package="Negotiate",
        subject="adm-okafor",
    )
    log.ticket(4768, "DC01", at + 61, "svc-mon", "krbtgt", "0x17", SERVERS["MON01"])
    log.process(
        "ADM-WS01",
        at + 62,
        "adm-okafor",
        SYSTEM32 + "robocopy.exe",
        "robocopy C:\\Packages \\\\SRV-APP02\\C$\\Packages /e",
        CMD,
    )
    log.logon("SRV-APP02", at + 63, "adm-okafor", 3, ADMIN[1], "0x72200", port=50702)
    log.process(
        "SRV-APP02",
        at + 64,
        "adm-okafor",
        SYSTEM32 + "ipconfig.exe",
        "ipconfig /all",
        SYSTEM32 + "wsmprovhost.exe",
        logon="0x72200",
    )
    log.process(
        "ADM-WS01",
        at + 65,
        "adm-okafor",
        SYSTEM32 + "reg.exe",
        "reg query \\\\SRV-APP02\\HKLM\\Software\\Vendor /v Version",
        CMD,
    )
    # An administrator's task on another host.
    log.logon("SRV-APP02", at + 30, "adm-okafor", 3, ADMIN[1], "0x71002", port=50701)
    log.task(
        4698,
        "SRV-APP02",
        at + 31,
        "adm-okafor",
        "\\Site\\Restart",
        "shutdown.exe /r /t 60",
        logon="0x71002",
        local=False,
    )


LOOKALIKES: dict[str, Callable[[Log], None]] = {}


def lookalike(detection: str) -> Callable[[Callable[[Log], None]], Callable[[Log], None]]:
    """A case of work that a detection answers to and no lookup helps with: what its known false positives tell."""

    def register(write: Callable[[Log], None]) -> Callable[[Log], None]:
        LOOKALIKES[detection] = write
        return write

    return register


@lookalike("Process Started by the WMI Provider Host")
def _inventory(log: Log) -> None:
    log.process(
        "WS-105", 900, "SYSTEM", POWERSHELL, "powershell.exe -File C:\\ProgramData\\Inventory\\collect.ps1", WMI_HOST
    )


@lookalike("Process Started by a WinRM Host Process")
def _configuration_management(log: Log) -> None:
    command = "cmd.exe /C PowerShell -NoProfile -EncodedCommand UABvAHcAZQByAA=="
    log.process("SRV-APP01", 900, "svc-ansible", CMD, command, SYSTEM32 + "winrshost.exe", logon="0x81000")


@lookalike("Service Installed That Runs a Command Interpreter")
def _vendor_service(log: Log) -> None:
    log.service("SRV-APP01", 900, "SYSTEM", "VendorBoot", "powershell.exe -File C:\\Vendor\\boot.ps1", start=2)


@lookalike("PowerShell Engine Hosted by an Unusual Program")
def _console(log: Log) -> None:
    log.pipe(
        "BCK01",
        900,
        "SYSTEM",
        "C:\\Program Files\\Veeam\\Backup\\VeeamPSHost.exe",
        "\\PSHost.1338547.4120.DefaultAppDomain.VeeamPSHost",
    )


@lookalike("DCOM Application Accepted a Network Connection")
def _taken_for_inbound(log: Log) -> None:
    log.connection(
        "WS-105", 900, "e.suzuki", OFFICE + "OUTLOOK.EXE", ("10.20.1.60", 443), (DESKS["WS-105"], 51900), outbound=False
    )


@lookalike("Program Started by a COM Application That Serves Another")
def _addin(log: Log) -> None:
    log.process(
        "WS-105",
        900,
        "e.suzuki",
        CMD,
        "cmd.exe /c C:\\Reports\\render.cmd",
        OFFICE + "EXCEL.EXE",
        f'"{OFFICE}EXCEL.EXE" /automation -Embedding',
    )


@lookalike("DCOM Object of Another Host Created by a Script")
def _report(log: Log) -> None:
    script = '$x = [activator]::CreateInstance([type]::GetTypeFromProgID("Excel.Application", "SRV-APP02")); $x.Workbooks.Open("C:\\Reports\\daily.xlsx")'
    log.script("SRV-APP01", 900, "svc-report", script)


@lookalike("Command Output Sent to an Administrative Share")
def _log_of_operations(log: Log) -> None:
    log.process(
        "SRV-APP01", 900, "svc-ops", CMD, "cmd.exe /c C:\\Ops\\check.cmd > \\\\FS01\\D$\\Logs\\check.log", SVCHOST
    )


@lookalike("WMI Event Consumer That Runs a Command")
def _power_plan(log: Log) -> None:
    log.wmi_consumer("WS-105", 900, "SYSTEM", "VendorPowerPlan", "Command Line", "C:\\Program Files\\Vendor\\power.exe")


@lookalike("CIM or WMI Class Method Called on Another Host by a Script")
def _rollout(log: Log) -> None:
    script = "Invoke-CimMethod -ClassName Win32_Process -MethodName Create -Arguments @{CommandLine='C:\\Rollout\\run.cmd'} -ComputerName $targets"
    log.script("SRV-APP01", 900, "svc-rollout", script)


@lookalike("Program of a Service Changed Through the Registry")
def _hardening(log: Log) -> None:
    log.registry(
        "WS-105",
        900,
        "SYSTEM",
        SYSTEM32 + "reg.exe",
        "HKLM\\System\\CurrentControlSet\\Services\\VendorAgent\\ImagePath",
        '"C:\\Vendor\\agent.exe"',
    )


@lookalike("Service Host Loaded an Unsigned Library")
def _old_service(log: Log) -> None:
    log.image_load("WS-105", 900, "SYSTEM", SVCHOST, "C:\\Vendor\\oldsvc.dll", signed=False)


@lookalike("Remote Desktop Session Taken Over With tscon")
def _kiosk(log: Log) -> None:
    log.process("WS-130", 900, "kiosk", SYSTEM32 + "tscon.exe", "tscon 1 /dest:console", CMD)


@lookalike("Command Interpreter Started by the Service Control Manager")
def _boot_script(log: Log) -> None:
    log.process("SRV-APP01", 900, "SYSTEM", CMD, "cmd.exe /c C:\\Vendor\\boot.cmd", SERVICES_EXE)


@lookalike("Kerberos Spoken by a Program Other Than LSASS")
def _java(log: Log) -> None:
    log.connection(
        "SRV-APP01", 900, "svc-app", "D:\\App\\jre\\bin\\java.exe", (SERVERS["SRV-APP01"], 50999), (SERVERS["DC01"], 88)
    )


def whole() -> Log:
    """The full set: a day of everybody, the near misses, and administration."""
    log = day()
    near_misses(log)
    administration(log)
    return log


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m tools.company FOLDER\n")
        return 2
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    log = whole()
    for channel in log.channels():
        (folder / f"company.{channel}.log").write_text("\n".join(log.lines(channel)) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
