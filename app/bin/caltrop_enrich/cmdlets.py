"""The parameters of the cmdlets that are read, and how PowerShell finds one from what was typed.

From the cmdlets' reference pages (Microsoft.PowerShell.Management, CimCmdlets, …) and about_CommonParameters.
"""

from __future__ import annotations

from typing import Dict, FrozenSet, List, NamedTuple, Optional, Set, Tuple

from .machine import Argument
from .values import Closure, Value

_COMMON_SWITCHES = "Verbose Debug"
_COMMON = "ErrorAction WarningAction InformationAction ErrorVariable WarningVariable InformationVariable OutVariable OutBuffer PipelineVariable"
_COMMON_ALIASES = {
    "vb": "Verbose",
    "db": "Debug",
    "ea": "ErrorAction",
    "wa": "WarningAction",
    "infa": "InformationAction",
    "ev": "ErrorVariable",
    "wv": "WarningVariable",
    "iv": "InformationVariable",
    "ov": "OutVariable",
    "ob": "OutBuffer",
    "pv": "PipelineVariable",
}


class Cmdlet(NamedTuple):
    """`parameters` maps what may be typed, in lower case, to the parameter's own name; `switches` take no value."""

    name: str
    parameters: Dict[str, str]
    switches: FrozenSet[str]
    positional: Tuple[str, ...]

    def parameter(self, typed: str) -> Optional[str]:
        """The parameter that a typed name means: exact name or alias, else an unambiguous prefix; None if neither."""
        return self.parameters.get(typed.lower())

    def bind(self, arguments: List[Argument]) -> Dict[str, Value]:
        """Arguments -> parameters, as about_Parameters has it: by name, then by position. A switch is True."""
        bound: Dict[str, Value] = {}
        loose: List[Value] = []
        place, count = 0, len(arguments)
        while place < count:
            typed, value, bare, _ = arguments[place]
            place += 1
            if not typed:
                loose.append(value)
                continue
            name = self.parameters.get(typed.lower())
            if bare:
                if name in self.switches:
                    bound[str(name)] = True
                    continue
                if place >= count or arguments[place].name:
                    continue
                value = arguments[place].value
                place += 1
            if name:
                bound[name] = value
        self._bind_positional(bound, loose)
        return bound

    def _bind_positional(self, bound: Dict[str, Value], loose: List[Value]) -> None:
        if not loose:
            return
        named = [name for name in self.positional if name not in bound]
        if any(name in bound for name in ("Path", "InputObject", "CimClass", "Query", "ResourceUri")):
            named = [name for name in named if name not in ("Class", "ClassName", "ArgumentList")]
        for value in loose:
            if isinstance(value, Closure) and "ScriptBlock" in named:
                bound["ScriptBlock"] = value
                named = [name for name in named if name not in ("ScriptBlock", "ComputerName")]
                continue
            tables = [name for name in named if name in ("Arguments", "Property")]
            name = (
                tables[0] if isinstance(value, dict) and tables else next((n for n in named if n not in tables), None)
            )
            if name:
                bound[name] = value
                named.remove(name)


def _typeable(names: Dict[str, str]) -> Dict[str, str]:
    """Names and aliases -> all that may be typed for them: themselves, and every prefix that fits one parameter only."""
    fits: Dict[str, Set[str]] = {}
    for typed, own in names.items():
        for length in range(1, len(typed)):
            fits.setdefault(typed[:length], set()).add(own)
    table = {prefix: owners.pop() for prefix, owners in fits.items() if len(owners) == 1}
    table.update(names)
    return table


def _cmdlet(
    own_name: str, values: str, switches: str, positional: str, aliases: Dict[str, str], confirms: bool = True
) -> Cmdlet:
    switches += " " + _COMMON_SWITCHES + (" WhatIf Confirm" if confirms else "")
    names = (values + " " + switches + " " + _COMMON).split()
    parameters = {key.lower(): key for key in names}
    parameters.update(aliases)
    parameters.update(_COMMON_ALIASES)
    if confirms:
        parameters.update({"wi": "WhatIf", "cf": "Confirm"})
    return Cmdlet(own_name, _typeable(parameters), frozenset(switches.split()), tuple(positional.split()))


_WMI = "ComputerName Credential Namespace Authentication Impersonation ThrottleLimit Authority Locale"
_WMI_SWITCHES = "AsJob EnableAllPrivileges"
_CIM = "ComputerName CimSession Namespace OperationTimeoutSec ResourceUri"
_WMI_ALIASES = {"cn": "ComputerName", "ns": "Namespace"}
_CIM_ALIASES = {"cn": "ComputerName", "servername": "ComputerName"}

_CMDLETS = (
    _cmdlet(
        "Invoke-WmiMethod",
        "Class Name ArgumentList Path InputObject " + _WMI,
        _WMI_SWITCHES,
        "Class Name ArgumentList",
        {**_WMI_ALIASES, "args": "ArgumentList"},
    ),
    _cmdlet(
        "Set-WmiInstance",
        "Class Arguments Path InputObject PutType " + _WMI,
        _WMI_SWITCHES,
        "Class Arguments",
        {**_WMI_ALIASES, "args": "Arguments", "property": "Arguments"},
    ),
    _cmdlet("Remove-WmiObject", "Class Path InputObject " + _WMI, _WMI_SWITCHES, "Class", _WMI_ALIASES),
    _cmdlet(
        "Get-WmiObject",
        "Class Property Filter Query " + _WMI,
        "List Recurse DirectRead Amended " + _WMI_SWITCHES,
        "Class Property",
        {**_WMI_ALIASES, "classname": "Class"},
        confirms=False,
    ),
    _cmdlet(
        "Invoke-CimMethod",
        "ClassName MethodName Arguments InputObject CimClass Query QueryDialect " + _CIM,
        "",
        "ClassName MethodName Arguments",
        {**_CIM_ALIASES, "class": "ClassName", "name": "MethodName", "ciminstance": "InputObject"},
    ),
    _cmdlet(
        "Get-CimInstance",
        "ClassName InputObject Query QueryDialect Filter Property " + _CIM,
        "KeyOnly Shallow",
        "ClassName",
        {**_CIM_ALIASES, "ciminstance": "InputObject", "properties": "Property"},
        confirms=False,
    ),
    _cmdlet(
        "Get-CimClass",
        "ClassName MethodName PropertyName QualifierName ComputerName CimSession Namespace OperationTimeoutSec",
        "Amended",
        "ClassName Namespace",
        _CIM_ALIASES,
        confirms=False,
    ),
    _cmdlet(
        "New-CimInstance",
        "ClassName Property Key CimClass " + _CIM,
        "ClientOnly",
        "ClassName Property",
        {**_CIM_ALIASES, "arguments": "Property"},
    ),
    _cmdlet(
        "New-CimSession",
        "ComputerName Credential Authentication CertificateThumbprint Name OperationTimeoutSec Port SessionOption",
        "SkipTestConnection",
        "ComputerName",
        _CIM_ALIASES,
        confirms=False,
    ),
)
_REMOTE = "ComputerName Credential"
_OTHERS = (
    _cmdlet(
        "Invoke-Command",
        "ScriptBlock FilePath Session HostName VMName ContainerId ConnectionUri ArgumentList InputObject JobName UserName Port "
        "ConfigurationName ApplicationName ThrottleLimit Authentication CertificateThumbprint SessionOption " + _REMOTE,
        "AsJob InDisconnectedSession HideComputerName UseSSL EnableNetworkAccess RunAsAdministrator NoNewScope AllowRedirection",
        "ComputerName ScriptBlock",
        {"cn": "ComputerName", "command": "ScriptBlock", "args": "ArgumentList"},
        confirms=False,
    ),
    _cmdlet(
        "Enter-PSSession",
        "Session HostName VMName ConnectionUri Name Id UserName Port ConfigurationName ApplicationName Authentication "
        "CertificateThumbprint SessionOption " + _REMOTE,
        "UseSSL EnableNetworkAccess AllowRedirection",
        "ComputerName",
        {"cn": "ComputerName"},
        confirms=False,
    ),
    _cmdlet(
        "New-PSSession",
        "Session HostName VMName ConnectionUri Name UserName Port ConfigurationName ApplicationName ThrottleLimit Authentication "
        "CertificateThumbprint SessionOption " + _REMOTE,
        "UseSSL EnableNetworkAccess AllowRedirection",
        "ComputerName",
        {"cn": "ComputerName"},
        confirms=False,
    ),
    _cmdlet(
        "Start-Process",
        "FilePath ArgumentList Credential WorkingDirectory Verb WindowStyle RedirectStandardError RedirectStandardInput "
        "RedirectStandardOutput",
        "LoadUserProfile NoNewWindow PassThru UseNewEnvironment Wait",
        "FilePath ArgumentList",
        {"pspath": "FilePath", "path": "FilePath", "args": "ArgumentList", "runas": "Credential", "nnw": "NoNewWindow"},
        confirms=False,
    ),
    _cmdlet("Invoke-Expression", "Command", "", "Command", {}, confirms=False),
    _cmdlet("New-Object", "TypeName ArgumentList ComObject Property", "Strict", "TypeName ArgumentList", {"args": "ArgumentList"}, confirms=False),
    _cmdlet(
        "Invoke-WebRequest",
        "Uri OutFile Method Headers Body UserAgent Proxy Credential ContentType WebSession SessionVariable TimeoutSec MaximumRedirection "
        "InFile ProxyCredential TransferEncoding Certificate CertificateThumbprint",
        "UseBasicParsing UseDefaultCredentials DisableKeepAlive PassThru ProxyUseDefaultCredentials",
        "Uri",
        {},
        confirms=False,
    ),
    _cmdlet("Start-BitsTransfer", "Source Destination Credential DisplayName Description Priority TransferType", "Asynchronous Suspended", "Source Destination", {}),
    _cmdlet(
        "Register-WmiEvent",
        "Class Query SourceIdentifier Action MessageData MaxTriggerCount Timeout Namespace " + _REMOTE,
        "SupportEvent Forward",
        "Class SourceIdentifier Action",
        {"cn": "ComputerName", "ns": "Namespace"},
        confirms=False,
    ),
    _cmdlet(
        "Register-CimIndicationEvent",
        "ClassName Query SourceIdentifier Action MessageData MaxTriggerCount OperationTimeoutSec QueryDialect " + _CIM,
        "SupportEvent Forward",
        "ClassName SourceIdentifier Action",
        _CIM_ALIASES,
        confirms=False,
    ),
    _cmdlet("New-ScheduledTaskAction", "Execute Argument WorkingDirectory Id CimSession ThrottleLimit", "AsJob", "Execute Argument", {}, confirms=False),
    _cmdlet("New-ScheduledTask", "Action Principal Settings Trigger Description CimSession ThrottleLimit", "AsJob", "Action Principal Settings Trigger", {}, confirms=False),
    _cmdlet(
        "Register-ScheduledTask",
        "TaskName TaskPath Action Trigger User Password Xml InputObject Principal Settings Description RunLevel CimSession ThrottleLimit",
        "Force AsJob",
        "TaskName TaskPath Action Trigger Settings User Password RunLevel Description",
        {},
        confirms=False,
    ),
    _cmdlet("Start-ScheduledTask", "TaskName TaskPath InputObject CimSession ThrottleLimit", "AsJob", "TaskName TaskPath", {}, confirms=False),
    _cmdlet(
        "New-Service",
        "Name BinaryPathName DisplayName Description StartupType Credential DependsOn ComputerName",
        "",
        "Name BinaryPathName",
        {"servicename": "Name"},
    ),
    _cmdlet("Set-Service", "Name DisplayName Description StartupType Status ComputerName InputObject", "PassThru", "Name", {"servicename": "Name", "cn": "ComputerName"}),
    _cmdlet("Get-Service", "Name DisplayName Include Exclude ComputerName InputObject", "DependentServices RequiredServices", "Name", {"servicename": "Name", "cn": "ComputerName"}, confirms=False),
    _cmdlet("Start-Job", "ScriptBlock FilePath Name ArgumentList InitializationScript InputObject Credential Authentication", "RunAs32", "ScriptBlock", {"command": "ScriptBlock", "args": "ArgumentList"}, confirms=False),
    _cmdlet("Copy-Item", "Path LiteralPath Destination Filter Include Exclude ToSession FromSession Credential", "Recurse Force Container PassThru", "Path Destination", {}),
    _cmdlet("New-PSDrive", "Name PSProvider Root Description Scope Credential", "Persist", "Name PSProvider Root", {}),
    _cmdlet("ForEach-Object", "Process Begin End RemainingScripts InputObject MemberName ArgumentList", "", "Process", {"args": "ArgumentList"}),
    _cmdlet("Where-Object", "FilterScript Property Value InputObject", "EQ NE GT LT GE LE Like NotLike Match NotMatch Contains In CEQ CMatch CLike Is", "FilterScript Value", {}, confirms=False),
    _cmdlet("Set-Variable", "Name Value Description Scope Option Visibility Include Exclude", "Force PassThru", "Name Value", {}),
    _cmdlet("Get-Variable", "Name Include Exclude Scope", "ValueOnly", "Name", {}, confirms=False),
    _cmdlet("Set-Alias", "Name Value Description Scope Option", "Force PassThru", "Name Value", {}),
    _cmdlet("Set-Item", "Path LiteralPath Value Filter Include Exclude Credential", "Force PassThru", "Path Value", {}),
    _cmdlet("New-Item", "Path Name ItemType Value Credential", "Force", "Path", {"type": "ItemType"}),
    _cmdlet("Get-Item", "Path LiteralPath Filter Include Exclude Credential Stream", "Force Recurse Name", "Path Filter", {}, confirms=False),
    _cmdlet("Get-Command", "Name Verb Noun Module CommandType TotalCount ArgumentList ParameterName ParameterType", "Syntax All ListImported ShowCommandInfo", "Name ArgumentList", {"type": "CommandType"}, confirms=False),
    _cmdlet("Get-Alias", "Name Definition Scope Exclude", "", "Name", {}, confirms=False),
    _cmdlet("Add-Member", "MemberType Name Value InputObject NotePropertyName NotePropertyValue NotePropertyMembers SecondValue TypeName", "Force PassThru", "MemberType Name Value SecondValue", {"type": "MemberType"}, confirms=False),
    _cmdlet("ConvertFrom-Json", "InputObject", "", "InputObject", {}, confirms=False),
    _cmdlet("ConvertFrom-Csv", "InputObject Delimiter Header", "UseCulture", "InputObject Delimiter", {}, confirms=False),
    _cmdlet("ConvertFrom-StringData", "StringData", "", "StringData", {}, confirms=False),
    _cmdlet("Invoke-WSManAction", "ResourceURI Action SelectorSet ConnectionURI FilePath OptionSet SessionOption ValueSet ApplicationName Authentication CertificateThumbprint Port " + _REMOTE, "UseSSL", "ResourceURI Action SelectorSet", {"cn": "ComputerName", "ruri": "ResourceURI", "curi": "ConnectionURI"}, confirms=False),
    _cmdlet("Select-Object", "Property ExpandProperty ExcludeProperty First Last Skip SkipLast Index InputObject", "Unique Wait", "Property", {}, confirms=False),
    _cmdlet("Write-Output", "InputObject", "NoEnumerate", "InputObject", {}, confirms=False),
    _cmdlet("Out-String", "InputObject Width", "Stream", "", {}, confirms=False),
)  # fmt: skip
_ALIASES = {
    "iwmi": "Invoke-WmiMethod",
    "swmi": "Set-WmiInstance",
    "rwmi": "Remove-WmiObject",
    "gwmi": "Get-WmiObject",
    "icim": "Invoke-CimMethod",
    "gcim": "Get-CimInstance",
    "gcls": "Get-CimClass",
    "ncim": "New-CimInstance",
    "ncms": "New-CimSession",
}
# The cmdlets of WMI and CIM, by name and by alias; the others by name.
BY_NAME: Dict[str, Cmdlet] = {cmdlet.name.lower(): cmdlet for cmdlet in _CMDLETS}
BY_NAME.update({alias: BY_NAME[name.lower()] for alias, name in _ALIASES.items()})
OTHERS: Dict[str, Cmdlet] = {cmdlet.name.lower(): cmdlet for cmdlet in _OTHERS}
OTHERS.update({"invoke-restmethod": OTHERS["invoke-webrequest"], "new-variable": OTHERS["set-variable"]})
OTHERS.update({"new-alias": OTHERS["set-alias"], "get-childitem": OTHERS["get-item"], "move-item": OTHERS["copy-item"]})
