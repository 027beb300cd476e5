"""Event 4103 (module logging): the bound parameters of each cmdlet, as the pipeline recorded them.

`CommandInvocation(Name): "Name"` opens a cmdlet, `ParameterBinding(Name): name="P"; value="V"` follows; a value may
hold quotes and run over lines, so it ends at the quote before the next record.
"""

from __future__ import annotations

import re
from typing import List, Tuple

from .cmdlets import BY_NAME
from .limits import MAX_INVOCATIONS, MAX_SCRIPTS, MAX_VALUE
from .records import Call

_RECORD = re.compile(
    r"(?:^|[\r\n])[ \t]*(CommandInvocation|ParameterBinding|\w*TerminatingError)\(([^()\r\n]{1,256})\):[ \t]*"
)
_BINDING = re.compile(r'name="([^"\r\n]{1,256})"; value="')
_SCRIPT_PARAMETERS = {("invoke-expression", "command"), ("invoke-command", "scriptblock")}


def looks_like(text: str) -> bool:
    """Whether a text is the payload (or message) of event 4103 rather than a script."""
    return "ParameterBinding(" in text or "CommandInvocation(" in text


def read_payload(text: str) -> Tuple[List[Call], List[str]]:
    """The WMI calls of a payload, and the scripts that it handed to Invoke-Expression and Invoke-Command."""
    text = text.split("\nContext:", 1)[0]
    records = list(_RECORD.finditer(text))
    calls: List[Call] = []
    scripts: List[str] = []
    current = None
    for index, record in enumerate(records):
        what, name = record.groups()
        base = name.rsplit("\\", 1)[-1].lower()
        cmdlet = BY_NAME.get(base)
        if what == "CommandInvocation":
            current = Call(cmdlet.name) if cmdlet else None
            if current and len(calls) < MAX_INVOCATIONS:
                calls.append(current)
            continue
        stop = records[index + 1].start() if index + 1 < len(records) else len(text)
        binding = _BINDING.match(text, record.end())
        if what != "ParameterBinding" or not binding:
            continue
        value = text[binding.end() : stop].rstrip()
        value = value[:-1] if value.endswith('"') else value
        if (base, binding.group(1).lower()) in _SCRIPT_PARAMETERS and len(scripts) < MAX_SCRIPTS:
            scripts.append(value)
        if cmdlet:
            if current is None or current.cmdlet != cmdlet.name:  # the record of the invocation itself is missing
                current = Call(cmdlet.name)
                if len(calls) < MAX_INVOCATIONS:
                    calls.append(current)
            parameter = cmdlet.parameter(binding.group(1))
            if value == "System.Collections.Hashtable":  # a table is recorded by its type alone
                current.unresolved.append(binding.group(1))
            elif parameter:
                many = parameter == "ComputerName"
                current.parameters[parameter] = (
                    [part.strip()[:MAX_VALUE] for part in value.split(",")] if many else [value]
                )
    return calls, scripts
