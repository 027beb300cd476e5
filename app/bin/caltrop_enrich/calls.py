"""WMI calls -> what an analyst reads: hosts, classes, methods, commands, credentials."""

from __future__ import annotations

import re
from typing import List, NamedTuple, Tuple

from .limits import MAX_VALUE, MAX_VALUES
from .script import Call
from .values import Strings, as_strings

# Methods whose first argument is a command line, by class.
_STARTERS = {"win32_process": "create", "win32_scheduledjob": "create"}
_KNOWN = re.compile(r"^\w+$")
_PATH = re.compile(r"^(?:[\\/]{2}([^\\/]+)[\\/])?(?:([\\/\w]+):)?(\w+)", re.ASCII)
_FROM = re.compile(r"\bfrom\s+(\w+)", re.IGNORECASE)


class Findings(NamedTuple):
    """Output fields of the calls, each value once, in order of appearance."""

    wmi_cmdlet: List[str]
    remote_host: List[str]
    wmi_namespace: List[str]
    wmi_class: List[str]
    wmi_method: List[str]
    remote_command: List[str]
    wmi_unresolved: List[str]
    alternate_credentials: List[str]  # [] without a call, else ["true"] or ["false"]


def describe(calls: List[Call]) -> Findings:
    """Merge the calls of one event."""
    findings = Findings([], [], [], [], [], [], [], [])
    credentials = False
    for call in calls:
        host, namespace, wmi_class = _target(call)
        method = call.method[:1] or _strings(call, "MethodName")
        if call.cmdlet == "Invoke-WmiMethod":
            method = method or _strings(call, "Name")
        _extend(findings.wmi_cmdlet, [call.cmdlet])
        _extend(findings.remote_host, host)
        _extend(findings.wmi_namespace, namespace)
        _extend(findings.wmi_class, wmi_class)
        _extend(findings.wmi_method, method)
        _extend(findings.remote_command, _command(call, wmi_class, method))
        _extend(findings.wmi_unresolved, call.unresolved)
        credentials = credentials or _strings(call, "Credential") not in ([], ["$null"])
    if calls:
        findings.alternate_credentials.append("true" if credentials else "false")
    return findings


def _strings(call: Call, name: str) -> Strings:
    value = call.parameters.get(name, [])
    return as_strings(value)


def _target(call: Call) -> Tuple[Strings, Strings, Strings]:
    """Hosts, namespaces and classes; a WMI path may name all three."""
    hosts, namespaces = list(_strings(call, "ComputerName")), list(_strings(call, "Namespace"))
    classes = _strings(call, "Class") + _strings(call, "ClassName")
    for path in _strings(call, "Path"):
        match = _PATH.match(path[:MAX_VALUE])
        if match:
            host, namespace, name = match.groups()
            hosts += [host] if host else []
            namespaces += [namespace] if namespace else []
            classes.append(name)
        elif path:
            classes.append(path)
    for query in _strings(call, "Query"):
        classes += _FROM.findall(query[:MAX_VALUE])[:1]
    return hosts, namespaces, classes


def _command(call: Call, classes: Strings, methods: Strings) -> Strings:
    """The command line that the call starts; [] when class and method are known to start none."""
    if call.cmdlet in ("Invoke-WmiMethod", "Invoke-CimMethod") or call.method:
        for name in classes[:1]:
            starts = _STARTERS.get(name.lower())
            if starts is None and _KNOWN.match(name):
                return []
            if starts and methods and _KNOWN.match(methods[0]) and methods[0].lower() != starts:
                return []
        if call.method:
            return call.method[1:2]
        arguments = call.parameters.get("Arguments", call.parameters.get("ArgumentList", []))
        if isinstance(arguments, dict):
            return arguments.get("commandline", arguments.get("command", []))[:1]
        return arguments[:1]
    return []


def _extend(into: List[str], values: Strings) -> None:
    for value in values:
        value = value[:MAX_VALUE]
        if value and value not in into and len(into) < MAX_VALUES:
            into.append(value)
