"""Event 4103 (module logging): the bound parameters of each cmdlet, as the pipeline recorded them.

`CommandInvocation(Name): "Name"` opens a cmdlet, `ParameterBinding(Name): name="P"; value="V"` follows; a value may
hold quotes and run over lines, so it ends at the quote before the next record.
"""

from __future__ import annotations

import re
from typing import Dict, List, Optional, Tuple

from .cmdlets import BY_NAME, OTHERS
from .limits import MAX_INVOCATIONS, MAX_SCRIPTS, MAX_VALUE
from .programs import host_of
from .records import Call, way

_RECORD = re.compile(
    r"(?:^|[\r\n])[ \t]*(CommandInvocation|ParameterBinding|\w*TerminatingError)\(([^()\r\n]{1,256})\):[ \t]*"
)
_BINDING = re.compile(r'name="([^"\r\n]{1,256})"; value="')
_SCRIPT_PARAMETERS = {("invoke-expression", "command"), ("invoke-command", "scriptblock")}


_SESSION = re.compile(r"^\s*CimSession:\s*")
# Cmdlets of other ways than WMI: the word for the way, and the parameters that hold what is run there.
_WAYS: Dict[str, Tuple[str, Tuple[str, ...]]] = {
    "invoke-command": ("winrm", ("ScriptBlock", "FilePath")),
    "new-pssession": ("winrm", ()),
    "enter-pssession": ("winrm", ()),
    "invoke-wsmanaction": ("winrm", ()),
    "new-service": ("service", ("BinaryPathName",)),
    "set-service": ("service", ()),
    "get-service": ("service", ()),
}


def looks_like(text: str) -> bool:
    """Whether a text is the payload (or message) of event 4103 rather than a script."""
    return "ParameterBinding(" in text or "CommandInvocation(" in text


def read_payload(text: str) -> Tuple[List[Call], List[str]]:
    """The calls of a payload, and the scripts that it handed to Invoke-Expression and Invoke-Command."""
    text = text.split("\nContext:", 1)[0]
    records = list(_RECORD.finditer(text))
    calls: List[Call] = []
    scripts: List[str] = []
    current: Optional[_Bound] = None
    for index, record in enumerate(records):
        what, name = record.groups()
        base = name.rsplit("\\", 1)[-1].lower()
        if what == "CommandInvocation" or current is None or current.name != base:
            _note(current, calls)
            current = _Bound(base)
        stop = records[index + 1].start() if index + 1 < len(records) else len(text)
        binding = _BINDING.match(text, record.end())
        if what != "ParameterBinding" or not binding:
            continue
        value = text[binding.end() : stop].rstrip()
        value = value[:-1] if value.endswith('"') else value
        if (base, binding.group(1).lower()) in _SCRIPT_PARAMETERS and len(scripts) < MAX_SCRIPTS:
            scripts.append(value)
        current.bind(binding.group(1), value)
    _note(current, calls)
    return calls, scripts


class _Bound:
    """A cmdlet and what was bound to it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.values: Dict[str, List[str]] = {}
        self.unresolved: List[str] = []

    def bind(self, typed: str, value: str) -> None:
        """Note a parameter; those of other cmdlets than are read are passed over."""
        cmdlet = BY_NAME.get(self.name) or OTHERS.get(self.name)
        parameter = cmdlet.parameter(typed) if cmdlet else None
        if value == "System.Collections.Hashtable" and self.name in BY_NAME:  # a table is recorded by its type alone
            self.unresolved.append(typed)
        elif parameter in ("ComputerName", "CimSession"):
            self.values["ComputerName"] = [_SESSION.sub("", part).strip()[:MAX_VALUE] for part in value.split(",")]
        elif parameter:
            self.values[parameter] = [value]

    def call(self) -> Optional[Call]:
        """The call, where the cmdlet is one of WMI, or of another way and names a host."""
        values = self.values
        if self.name in BY_NAME:
            call = Call(BY_NAME[self.name].name, dict(values))
            call.unresolved = self.unresolved
            return call
        access, lines = _WAYS.get(self.name, ("", ()))
        hosts = values.get("ComputerName", []) + [host_of(uri) for uri in values.get("ConnectionUri", [])]
        if not access or not hosts:
            return None
        commands = [text.strip() for name in lines for text in values.get(name, [])]
        service = values.get("Name", []) if access == "service" else []
        return way(access, hosts, commands, values.get("Credential"), service_name=service)


def _note(bound: Optional[_Bound], calls: List[Call]) -> None:
    call = bound.call() if bound is not None else None
    if call is not None and len(calls) < MAX_INVOCATIONS:
        calls.append(call)
