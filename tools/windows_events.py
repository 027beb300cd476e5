"""Windows events written from the format alone, as Splunk's inputs render them (renderXml): for authored test data.

A `Log` collects events of several channels; times are seconds after its start. What is not given has the value that Windows writes
when it has nothing to say. Nothing here is random: the same calls give the same text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

CHANNELS: dict[str, tuple[str, str]] = {
    "security": ("Security", "Microsoft-Windows-Security-Auditing"),
    "system": ("System", "Service Control Manager"),
    "sysmon": ("Microsoft-Windows-Sysmon/Operational", "Microsoft-Windows-Sysmon"),
    "powershell": ("Microsoft-Windows-PowerShell/Operational", "Microsoft-Windows-PowerShell"),
    "wmi": ("Microsoft-Windows-WMI-Activity/Operational", "Microsoft-Windows-WMI-Activity"),
    "tasks": ("Microsoft-Windows-TaskScheduler/Operational", "Microsoft-Windows-TaskScheduler"),
}
DOMAIN = "HARBOR"
REALM = "corp.harbor.test"
SYSTEM32 = "C:\\Windows\\System32\\"
POWERSHELL = SYSTEM32 + "WindowsPowerShell\\v1.0\\powershell.exe"
WMI_HOST = SYSTEM32 + "wbem\\WmiPrvSE.exe"
NO_GUID = "{00000000-0000-0000-0000-000000000000}"
SERVICES = {
    "SYSTEM": ("NT AUTHORITY", "0x3e7"),
    "NETWORK SERVICE": ("NT AUTHORITY", "0x3e4"),
    "LOCAL SERVICE": ("NT AUTHORITY", "0x3e5"),
}


def _guid(*parts: object) -> str:
    text = hashlib.md5("|".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()
    return f"{{{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:32]}}}"


def sid(user: str) -> str:
    known = {
        "SYSTEM": "S-1-5-18",
        "LOCAL SERVICE": "S-1-5-19",
        "NETWORK SERVICE": "S-1-5-20",
        "ANONYMOUS LOGON": "S-1-5-7",
    }
    if user in known:
        return known[user]
    number = 1100 + int(hashlib.md5(user.encode(), usedforsecurity=False).hexdigest()[:3], 16)
    return f"S-1-5-21-1844237615-1604221776-725345543-{number}"


def full(host: str) -> str:
    return f"{host}.{REALM}"


def account(user: str) -> str:
    domain, _ = SERVICES.get(user, (DOMAIN, ""))
    return f"{domain}\\{user}"


class Log:
    """Events of several channels, in the order in which they were written; `start` is the UTC time of second 0."""

    def __init__(self, start: datetime = datetime(2025, 3, 4, 9, 0, tzinfo=UTC)) -> None:
        self.start = start
        self.events: list[tuple[float, str, str]] = []

    def lines(self, channel: str) -> list[str]:
        return [text for _, name, text in sorted(self.events, key=lambda event: event[0]) if name == channel]

    def channels(self) -> list[str]:
        return [name for name in CHANNELS if any(name == channel for _, channel, _ in self.events)]

    def add(
        self,
        channel: str,
        number: int,
        host: str,
        at: float,
        data: Mapping[str, object],
        *,
        user: str = "",
        provider: str = "",
    ) -> None:
        """One event with named data."""
        body = "".join(f"<Data Name='{name}'>{escape(str(value))}</Data>" for name, value in data.items())
        self._append(channel, number, host, at, f"<EventData>{body}</EventData>", user, provider)

    def add_user_data(
        self, channel: str, number: int, host: str, at: float, name: str, data: Mapping[str, object]
    ) -> None:
        """One event with <UserData>, as WMI writes them."""
        body = "".join(f"<{key}>{escape(str(value))}</{key}>" for key, value in data.items())
        xmlns = "http://manifests.microsoft.com/win/2006/windows/WMI"
        self._append(
            channel, number, host, at, f"<UserData><{name} xmlns='{xmlns}'>{body}</{name}></UserData>", "SYSTEM", ""
        )

    def _append(self, channel: str, number: int, host: str, at: float, body: str, user: str, provider: str) -> None:
        name, usual = CHANNELS[channel]
        stamp = (self.start + timedelta(seconds=at)).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
        security = f"<Security UserID='{sid(user)}'/>" if user else "<Security/>"
        keywords = "0x8020000000000000" if channel == "security" else "0x8000000000000000"
        text = (
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
            f"<Provider Name='{provider or usual}' Guid='{_guid(provider or usual)}'/><EventID>{number}</EventID><Version>0</Version>"
            f"<Level>{0 if channel == 'security' else 4}</Level><Task>0</Task><Opcode>0</Opcode><Keywords>{keywords}</Keywords>"
            f"<TimeCreated SystemTime='{stamp}'/><EventRecordID>{70001 + len(self.events)}</EventRecordID><Correlation/>"
            f"<Execution ProcessID='716' ThreadID='3488'/><Channel>{name}</Channel><Computer>{full(host)}</Computer>"
            f"{security}</System>{body}</Event>"
        )
        self.events.append((at, channel, text))

    # -- Sysmon

    def _sysmon(self, number: int, host: str, at: float, data: Mapping[str, object]) -> None:
        utc = (self.start + timedelta(seconds=at)).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        self.add("sysmon", number, host, at, {"RuleName": "-", "UtcTime": utc, **data}, user="SYSTEM")

    def process(
        self,
        host: str,
        at: float,
        user: str,
        image: str,
        command: str,
        parent: str,
        parent_command: str = "",
        *,
        logon: str = "",
        original: str = "",
        company: str = "Microsoft Corporation",
        audit: bool = False,
    ) -> None:
        """A process start as Sysmon has it, and with `audit` as the Security log has it too."""
        logon = logon or SERVICES.get(user, ("", "0x4c21a"))[1]
        integrity = "System" if user in SERVICES else "High"
        self._sysmon(1, host, at, {
            "ProcessGuid": _guid(host, at, image), "ProcessId": 2000 + len(self.events) % 7000, "Image": image, "FileVersion": "-",
            "Description": "-", "Product": "-", "Company": company, "OriginalFileName": original or image.rsplit("\\", 1)[-1],
            "CommandLine": command, "CurrentDirectory": SYSTEM32, "User": account(user), "LogonGuid": _guid(host, logon), "LogonId": logon,
            "TerminalSessionId": 0 if user in SERVICES else 1, "IntegrityLevel": integrity, "Hashes": "SHA256=" + hashlib.sha256(image.encode()).hexdigest().upper(),
            "ParentProcessGuid": _guid(host, parent), "ParentProcessId": 1000 + len(parent), "ParentImage": parent,
            "ParentCommandLine": parent_command or parent, "ParentUser": account(user),
        })  # fmt: skip
        if audit:
            self.audited(host, at, user, image, command, parent, logon=logon)

    def audited(
        self,
        host: str,
        at: float,
        user: str,
        image: str,
        command: str,
        parent: str,
        *,
        logon: str = "",
        target: str = "",
    ) -> None:
        """A process start as event 4688 has it; `target` is whom it runs as, where that is not who started it."""
        domain, own = SERVICES.get(user, (DOMAIN, "0x4c21a"))
        subject = f"{host}$" if user in SERVICES else user
        self.add("security", 4688, host, at, {
            "SubjectUserSid": sid(user), "SubjectUserName": subject, "SubjectDomainName": DOMAIN if user in SERVICES else domain,
            "SubjectLogonId": own if target else logon or own, "NewProcessId": hex(4096 + len(self.events)), "NewProcessName": image,
            "TokenElevationType": "%%1936", "ProcessId": hex(1000 + len(parent)), "CommandLine": command, "TargetUserSid": "S-1-0-0",
            "TargetUserName": target or "-", "TargetDomainName": DOMAIN if target else "-", "TargetLogonId": logon if target else "0x0",
            "ParentProcessName": parent, "MandatoryLabel": "S-1-16-12288",
        })  # fmt: skip

    def connection(
        self, host: str, at: float, user: str, image: str, source: tuple[str, int], target: tuple[str, int], *, outbound: bool = True,
        names: tuple[str, str] = ("-", "-"), protocol: str = "tcp",
    ) -> None:  # fmt: skip
        self._sysmon(3, host, at, {
            "ProcessGuid": _guid(host, image), "ProcessId": 1200 + len(image), "Image": image, "User": account(user), "Protocol": protocol,
            "Initiated": "true" if outbound else "false", "SourceIsIpv6": "false", "SourceIp": source[0], "SourceHostname": names[0],
            "SourcePort": source[1], "SourcePortName": "-", "DestinationIsIpv6": "false", "DestinationIp": target[0],
            "DestinationHostname": names[1], "DestinationPort": target[1], "DestinationPortName": "-",
        })  # fmt: skip

    def image_load(
        self,
        host: str,
        at: float,
        user: str,
        image: str,
        loaded: str,
        *,
        signed: bool = True,
        signature: str = "Microsoft Windows",
    ) -> None:
        self._sysmon(7, host, at, {
            "ProcessGuid": _guid(host, image), "ProcessId": 1300 + len(image), "Image": image, "ImageLoaded": loaded, "FileVersion": "-",
            "Description": "-", "Product": "-", "Company": "-", "OriginalFileName": loaded.rsplit("\\", 1)[-1],
            "Hashes": "SHA256=" + hashlib.sha256(loaded.encode()).hexdigest().upper(), "Signed": str(signed).lower(),
            "Signature": signature if signed else "-", "SignatureStatus": "Valid" if signed else "Unavailable", "User": account(user),
        })  # fmt: skip

    def file(self, host: str, at: float, user: str, image: str, target: str) -> None:
        utc = (self.start + timedelta(seconds=at)).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        self._sysmon(11, host, at, {
            "ProcessGuid": _guid(host, image), "ProcessId": 4 if image == "System" else 1400 + len(image), "Image": image,
            "TargetFilename": target, "CreationUtcTime": utc, "User": account(user),
        })  # fmt: skip

    def registry(self, host: str, at: float, user: str, image: str, target: str, details: str) -> None:
        self._sysmon(13, host, at, {
            "EventType": "SetValue", "ProcessGuid": _guid(host, image), "ProcessId": 1500 + len(image), "Image": image,
            "TargetObject": target, "Details": details, "User": account(user),
        })  # fmt: skip

    def pipe(self, host: str, at: float, user: str, image: str, name: str, *, created: bool = True) -> None:
        self._sysmon(17 if created else 18, host, at, {
            "EventType": "CreatePipe" if created else "ConnectPipe", "ProcessGuid": _guid(host, image),
            "ProcessId": 4 if image == "System" else 1600 + len(image), "PipeName": name, "Image": image, "User": account(user),
        })  # fmt: skip

    def wmi_consumer(self, host: str, at: float, user: str, name: str, kind: str, destination: str) -> None:
        self._sysmon(20, host, at, {
            "EventType": "WmiConsumerEvent", "Operation": "Created", "User": account(user), "Name": f' "{name}"', "Type": kind,
            "Destination": f' "{destination}"',
        })  # fmt: skip

    # -- Security

    def logon(
        self, host: str, at: float, user: str, kind: int, source: str = "-", logon: str = "0x0", *, port: int = 0, workstation: str = "-",
        package: str = "Kerberos", process: str = "", subject: str = "-",
    ) -> None:  # fmt: skip
        self.add("security", 4624, host, at, {
            "SubjectUserSid": "S-1-0-0" if subject == "-" else sid(subject), "SubjectUserName": subject,
            "SubjectDomainName": "-" if subject == "-" else DOMAIN, "SubjectLogonId": "0x0" if subject == "-" else "0x3e7",
            "TargetUserSid": sid(user), "TargetUserName": user, "TargetDomainName": SERVICES.get(user, (DOMAIN, ""))[0],
            "TargetLogonId": logon, "LogonType": kind, "LogonProcessName": process or {"NTLM": "NtLmSsp "}.get(package, package),
            "AuthenticationPackageName": package, "WorkstationName": workstation, "LogonGuid": _guid(user, logon),
            "TransmittedServices": "-", "LmPackageName": "NTLM V2" if package == "NTLM" else "-", "KeyLength": 128 if package == "NTLM" else 0,
            "ProcessId": "0x0" if source != "-" else "0x2f4", "ProcessName": "-" if source != "-" else SYSTEM32 + "lsass.exe",
            "IpAddress": source, "IpPort": port or "-", "ImpersonationLevel": "%%1833", "RestrictedAdminMode": "-",
            "TargetOutboundUserName": "-", "TargetOutboundDomainName": "-", "VirtualAccount": "%%1843", "TargetLinkedLogonId": "0x0",
            "ElevatedToken": "%%1842",
        })  # fmt: skip

    def explicit(
        self,
        host: str,
        at: float,
        user: str,
        target_user: str,
        server: str,
        info: str,
        process: str,
        *,
        source: str = "-",
    ) -> None:
        self.add("security", 4648, host, at, {
            "SubjectUserSid": sid(user), "SubjectUserName": f"{host}$" if user in SERVICES else user, "SubjectDomainName": DOMAIN,
            "SubjectLogonId": SERVICES.get(user, ("", "0x4c21a"))[1], "LogonGuid": NO_GUID, "TargetUserName": target_user,
            "TargetDomainName": DOMAIN, "TargetLogonGuid": NO_GUID, "TargetServerName": server, "TargetInfo": info, "ProcessId": "0x1c48",
            "ProcessName": process, "IpAddress": source, "IpPort": "-" if source == "-" else 0,
        })  # fmt: skip

    def share(
        self,
        host: str,
        at: float,
        user: str,
        source: str,
        share: str,
        local: str,
        relative: str,
        mask: str,
        *,
        logon: str = "0x9a11",
    ) -> None:
        self.add("security", 5145, host, at, {
            "SubjectUserSid": sid(user), "SubjectUserName": user, "SubjectDomainName": DOMAIN, "SubjectLogonId": logon, "ObjectType": "File",
            "IpAddress": source, "IpPort": 50000 + len(self.events) % 9000, "ShareName": f"\\\\*\\{share}",
            "ShareLocalPath": local, "RelativeTargetName": relative, "AccessMask": mask, "AccessList": "%%4416", "AccessReason": "-",
        })  # fmt: skip

    def task(
        self, number: int, host: str, at: float, user: str, name: str, command: str, *, logon: str, local: bool
    ) -> None:
        content = (
            '<?xml version="1.0" encoding="UTF-16"?>\r\n<Task version="1.2"><RegistrationInfo/><Triggers/><Principals/><Settings/>'
            f'<Actions Context="Author"><Exec><Command>{escape(command)}</Command></Exec></Actions></Task>'
        )
        domain, _ = SERVICES.get(user, (DOMAIN, ""))
        self.add("security", number, host, at, {
            "SubjectUserSid": sid(user), "SubjectUserName": f"{host}$" if user in SERVICES else user, "SubjectDomainName": domain,
            "SubjectLogonId": logon, "TaskName": name, "TaskContent" if number == 4698 else "TaskContentNew": content,
            "ClientProcessStartKey": 7318349394478312 if local else 0, "ClientProcessId": 3288 if local else 0,
            "ParentProcessId": 712 if local else 0, "RpcCallClientLocality": 0, "FQDN": full(host),
        })  # fmt: skip

    def service(
        self,
        host: str,
        at: float,
        user: str,
        name: str,
        path: str,
        *,
        logon: str = "0x3e7",
        start: int = 3,
        system: bool = True,
    ) -> None:
        """A new service: event 4697, and with `system` event 7045 too."""
        domain, _ = SERVICES.get(user, (DOMAIN, ""))
        self.add("security", 4697, host, at, {
            "SubjectUserSid": sid(user), "SubjectUserName": f"{host}$" if user in SERVICES else user, "SubjectDomainName": domain,
            "SubjectLogonId": logon, "ServiceName": name, "ServiceFileName": path, "ServiceType": "0x10", "ServiceStartType": start,
            "ServiceAccount": "LocalSystem",
        })  # fmt: skip
        if system:
            self.add("system", 7045, host, at, {
                "ServiceName": name, "ImagePath": path, "ServiceType": "user mode service",
                "StartType": {2: "auto start", 3: "demand start"}[start], "AccountName": "LocalSystem",
            }, user=user)  # fmt: skip

    def ticket(
        self,
        number: int,
        host: str,
        at: float,
        user: str,
        service: str,
        encryption: str,
        source: str,
        *,
        preauth: int = 2,
    ) -> None:
        data: dict[str, object] = {
            "TargetUserName": user,
            "TargetDomainName": REALM.upper() if number == 4769 else DOMAIN,
        }
        if number == 4768:
            data["TargetSid"] = sid(user)
        data |= {
            "ServiceName": service, "ServiceSid": sid(service), "TicketOptions": "0x40810010", "TicketEncryptionType": encryption,
            "IpAddress": f"::ffff:{source}", "IpPort": 49000 + len(self.events) % 9000, "Status": "0x0",
        }  # fmt: skip
        if number == 4768:
            data["PreAuthType"] = preauth
        else:
            data |= {"LogonGuid": _guid(user, at), "TransmittedServices": "-"}
        self.add("security", number, host, at, data)

    def computer_change(self, host: str, at: float, user: str, computer: str, password_set: str) -> None:
        """Event 4742; `password_set` is when the password was set, `-` where it was not."""
        unchanged = (
            "SamAccountName",
            "DisplayName",
            "UserPrincipalName",
            "HomeDirectory",
            "UserAccountControl",
            "DnsHostName",
            "ServicePrincipalNames",
        )
        self.add("security", 4742, host, at, {
            "ComputerAccountChange": "-", "TargetUserName": computer, "TargetDomainName": DOMAIN, "TargetSid": sid(computer),
            "SubjectUserSid": sid(user), "SubjectUserName": user, "SubjectDomainName": "NT AUTHORITY" if user == "ANONYMOUS LOGON" else DOMAIN,
            "SubjectLogonId": "0x3e6", "PrivilegeList": "-", **dict.fromkeys(unchanged, "-"), "PasswordLastSet": password_set,
        })  # fmt: skip

    # -- PowerShell

    def script(self, host: str, at: float, user: str, text: str, path: str = "") -> None:
        self.add("powershell", 4104, host, at, {
            "MessageNumber": 1, "MessageTotal": 1, "ScriptBlockText": text, "ScriptBlockId": _guid(host, at, text).strip("{}"), "Path": path,
        }, user=user)  # fmt: skip

    def command(self, host: str, at: float, user: str, name: str, bound: Mapping[str, str]) -> None:
        """Event 4103: a command and what its parameters were bound to."""
        payload = f'CommandInvocation({name}): "{name}"\r\n'
        payload += "".join(
            f'ParameterBinding({name}): name="{key}"; value="{value}"\r\n' for key, value in bound.items()
        )
        context = (
            "        Severity = Informational\r\n        Host Name = ConsoleHost\r\n        Host Application = powershell.exe\r\n"
            f"        Command Name = {name}\r\n        Command Type = Cmdlet\r\n        User = {account(user)}\r\n"
        )
        self.add("powershell", 4103, host, at, {"ContextInfo": context, "UserData": "", "Payload": payload}, user=user)
