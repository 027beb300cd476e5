"""The parameters of the WMI and CIM cmdlets, and how PowerShell finds one from what was typed.

From the cmdlets' reference pages (Microsoft.PowerShell.Management, CimCmdlets) and about_CommonParameters.
"""

from __future__ import annotations

from typing import Dict, FrozenSet, NamedTuple, Optional, Set, Tuple

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
BY_NAME: Dict[str, Cmdlet] = {cmdlet.name.lower(): cmdlet for cmdlet in _CMDLETS}
BY_NAME.update({alias: BY_NAME[name.lower()] for alias, name in _ALIASES.items()})
