"""WMI calls -> what an analyst reads: hosts, classes, methods, commands, credentials."""

from __future__ import annotations

import re
from typing import Dict, List, Tuple

from .limits import MAX_VALUE, MAX_VALUES
from .script import Call
from .values import Strings, as_strings

# Methods whose first argument is a command line, by class.
_STARTERS = {"win32_process": "create", "win32_scheduledjob": "create"}
_KNOWN = re.compile(r"^\w+$")
_PATH = re.compile(r"^(?:[\\/]{2}([^\\/]+)[\\/])?(?:([\\/\w]+):)?(\w+)", re.ASCII)
_FROM = re.compile(r"\bfrom\s+(\w+)", re.IGNORECASE)


FIELDS = (
    "wmi_cmdlet",
    "remote_host",
    "wmi_namespace",
    "wmi_class",
    "wmi_method",
    "remote_command",
    "alternate_credentials",
    "wmi_unresolved",
)


class Findings:
    """What the calls of one event do: `fields` by name, each value once, in order of appearance."""

    def __init__(self) -> None:
        self.fields: Dict[str, List[str]] = {}

    def add(self, call: Call) -> Strings:
        """Add a call; the command lines that it starts."""
        host, namespace, wmi_class = _target(call)
        method = call.method[:1] or _strings(call, "MethodName")
        if call.cmdlet == "Invoke-WmiMethod":
            method = method or _strings(call, "Name")
        command = _command(call, wmi_class, method)
        for name, values in (
            ("wmi_cmdlet", [call.cmdlet]),
            ("remote_host", host),
            ("wmi_namespace", namespace),
            ("wmi_class", wmi_class),
            ("wmi_method", method),
            ("remote_command", command),
            ("wmi_unresolved", call.unresolved),
        ):
            if values:
                self._extend(name, values)
        if _strings(call, "Credential") not in ([], ["$null"]):
            self.fields["alternate_credentials"] = ["true"]
        else:
            self.fields.setdefault("alternate_credentials", ["false"])
        return command

    def _extend(self, name: str, values: Strings) -> None:
        into = self.fields.setdefault(name, [])
        for value in values:
            value = value[:MAX_VALUE]
            if value and value not in into and len(into) < MAX_VALUES:
                into.append(value)


def _strings(call: Call, name: str) -> Strings:
    value = call.parameters.get(name)
    return as_strings(value) if value else []


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
