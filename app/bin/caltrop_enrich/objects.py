"""Objects that reach elsewhere: WMI's, COM's, a web client's. Their methods are noted down, never run."""

from __future__ import annotations

import re
from itertools import islice
from typing import List, Optional, Tuple

from .limits import MAX_PLAIN
from .machine import Argument, Machine
from .records import Call, said, way
from .values import Strings, Thing, Type, Unread, Value, flat_texts, text_of, truth_of, unread

WMI_TYPES = {
    "wmiclass": "[wmiclass]",
    "management.managementclass": "[wmiclass]",
    "wmi": "[wmi]",
    "management.managementobject": "[wmi]",
    "wmisearcher": "[wmisearcher]",
    "management.managementobjectsearcher": "[wmisearcher]",
}
_SCOPES = frozenset(("management.managementscope", "management.managementpath"))
_HARMLESS = frozenset(
    ("gettype", "tostring", "put", "get", "dispose", "close", "getrelated", "clone", "equals", "gethashcode")
)
_DOWNLOADS = frozenset(("downloadstring", "downloaddata", "openread", "downloadstringtaskasync", "downloaddatataskasync", "downloadstringasync", "getstringasync", "getbytearrayasync"))  # fmt: skip
_STARTERS = frozenset(("executeshellcommand", "shellexecute", "run", "exec", "ddeinitiate", "registerxll", "executeexcel4macro", "navigate"))  # fmt: skip
_CLASS_IDS = {
    "49b2791a-b1ae-4c90-9b8e-e860ba07f889": "MMC20.Application",
    "9ba05972-f6a8-11cf-a442-00a0c90a8f39": "ShellWindows",
    "c08afd90-f2a1-11d1-8455-00a0c91f3880": "ShellBrowserWindow",
    "00024500-0000-0000-c000-000000000046": "Excel.Application",
    "72c24dd5-d70a-438b-8a42-98424b88afb8": "WScript.Shell",
    "13709620-c279-11ce-a49e-444553540000": "Shell.Application",
}
_DESKTOP = frozenset(("wscript.shell", "shell.application"))
_URL_START = re.compile(r"https?://|ftp://|\\\\", re.IGNORECASE)


_SCOPE = re.compile(r"\\\\([^\\]+)\\(.+)")
_PATHS = 8  # texts that are a path, or a scope and a query, of a WMI object; more are none


def wmi_object(machine: Machine, type_name: str, value: Value, source: str) -> Value:
    """`[wmiclass]"path"` and its kin, noted; NotImplemented for any other type."""
    label = WMI_TYPES.get(type_name)
    if label is None:
        if type_name in _SCOPES:
            return value if isinstance(value, str) else flat_texts(value)[:1]
        return NotImplemented
    if isinstance(value, Thing) and value.kind == "wmi":
        return value
    texts = flat_texts(value[:_PATHS] if isinstance(value, list) else value)[:_PATHS]
    machine.budget.spend(24 + (sum(map(len, texts)) >> 8))
    if label == "[wmisearcher]":
        host, namespace = [], []  # type: Strings, Strings
        for text in texts[:-1]:
            machine.budget.decide(text)
            scope = _SCOPE.match(text)
            host, namespace = ([scope.group(1)], [scope.group(2)]) if scope else ([], [text])
        call = Call(label, {"Query": texts[-1:], "ComputerName": host, "Namespace": namespace})
    elif len(texts) > 1 and texts[0][:1] == "\\" and ":" not in texts[0]:
        call = Call(label, {"Path": [f"{texts[0]}:{texts[1]}"]})  # a scope and a class in it
    else:
        call = Call(label, {"Path": texts[:1] if len(texts) == 1 else texts})
    machine.note(call)
    return Thing("wmi", call, source)


def of_object(machine: Machine, thing: Thing, name: str, arguments: Optional[List[Value]], source: str) -> Value:
    """A property (`arguments` None) or a method of an object that reaches elsewhere."""
    if thing.kind == "wmi":
        return _of_wmi(machine, thing, name, arguments, source)
    if thing.kind == "instance":
        return _of_instance(machine, thing, name, arguments, source)
    if thing.kind == "com":
        return _of_com(machine, thing, name, arguments, source)
    if thing.kind == "webclient":
        return _of_client(machine, name, arguments, source)
    if thing.kind == "shell":
        return _of_shell(machine, thing, name, arguments, source)
    if thing.kind == "engine":
        return _of_engine(machine, name, arguments, source)
    return NotImplemented


def _of_wmi(machine: Machine, thing: Thing, name: str, arguments: Optional[List[Value]], source: str) -> Value:
    call: Call = thing.data
    if name in ("psbase", "psobject"):
        return thing
    if name == "createinstance" and arguments is not None:
        table: Value = {}
        instance = Call(call.cmdlet, {**call.parameters, "Arguments": table})
        instance.hosts = call.hosts
        machine.note(instance)
        return Thing("instance", table, source)
    if name in ("getmethodparameters", "methods"):
        return Thing("instance", {}, source)
    if call.cmdlet == "SWbemLocator" and arguments is not None:
        if name == "connectserver":
            texts = [flat_texts(argument)[:1] for argument in arguments[:3]]
            call.parameters["ComputerName"] = texts[0] if texts else []
            call.parameters["Namespace"] = texts[1] if len(texts) > 1 else []
            call.credentials = texts[2] if len(texts) > 2 else []
            return thing
        if name in ("get", "instancesof"):
            call.parameters["Path"] = flat_texts(arguments)[:1]
            return thing
    if arguments is None or name in _HARMLESS:
        return NotImplemented
    if call.method:
        call, before = Call(call.cmdlet, dict(call.parameters)), call
        call.hosts, call.credentials = before.hosts, before.credentials
        machine.note(call)
    spoken = re.search(r"[.:]\s*[\"']?([\w`]+)[\"']?\s*\($", source) or re.search(
        r"[.:]\s*[\"']?([\w`]+)[\"']?\s*\(", source
    )
    own = spoken.group(1).replace("`", "") if spoken and spoken.group(1).replace("`", "").lower() == name else name
    given = [_argument(argument) for argument in arguments]
    call.method = given if name == "invokemethod" and given else [own, *given]
    return Unread(source)


def _argument(value: Value) -> Value:
    if isinstance(value, Thing) and value.kind == "instance":
        return value.data
    return value


def _of_instance(machine: Machine, thing: Thing, name: str, arguments: Optional[List[Value]], source: str) -> Value:
    if arguments is not None and name in ("put", "psbase"):
        return Unread(source)
    if arguments is not None and name == "start":
        start_process(machine, thing.data.get("startinfo", thing.data), [])
        return True
    if arguments is None and name == "startinfo":
        return Thing("instance", thing.data.setdefault("startinfo", {}), source)
    if arguments is None and name in thing.data:
        return thing.data[name]
    return thing if name in ("psbase", "properties") else NotImplemented


def com_object(machine: Machine, progid: str, host: Strings, source: str) -> Value:
    """`New-Object -ComObject`, or an instance of GetTypeFromProgID's or GetTypeFromCLSID's type."""
    machine.budget.decide(progid)
    name = _CLASS_IDS.get(progid.strip("{} ").lower(), progid)
    if name.lower() == "wbemscripting.swbemlocator":
        call = Call("SWbemLocator")
        machine.note(call)
        return Thing("wmi", call, source)
    call = way("dcom" if host else "", host, dcom_object=[name] if host else [])
    if host:
        machine.note(call)
    return Thing("com", (name, call, host), source)


def remote_type(arguments: List[Value], source: str) -> Value:
    """`[type]::GetTypeFromProgID('…', 'host')`."""
    texts = [flat_texts(argument)[:1] for argument in arguments[:2]]
    if not texts or not texts[0]:
        return NotImplemented
    return Thing("comtype", (texts[0][0], texts[1] if len(texts) > 1 else []), source)


def _of_com(machine: Machine, thing: Thing, name: str, arguments: Optional[List[Value]], source: str) -> Value:
    progid, _, host = thing.data
    lower = progid.lower()
    if arguments is not None and lower == "schedule.service" and name == "connect":
        hosts = flat_texts(arguments)[:1]
        machine.note(way("scheduled_task", hosts))
        return thing
    if arguments is not None and ("xmlhttp" in lower or "winhttp" in lower):
        if name == "open" and len(arguments) > 1:
            url = text_of(arguments[1])
            machine.note(way("", [], download_url=[url]))
            return Thing("com", (progid, unread(url), host), source)
        return thing
    if name in ("responsetext", "responsebody") and arguments is None:
        return NotImplemented
    if arguments is not None and name in _STARTERS and arguments:
        texts = [text_of(argument) for argument in arguments]
        if name == "executeshellcommand":
            given = texts[2] if len(texts) > 2 and texts[2] else texts[1] if len(texts) > 1 else ""
            line = f"{texts[0]} {given}".strip()
        elif name in ("shellexecute", "ddeinitiate"):
            line = " ".join(part for part in texts[:2] if part)
        elif name == "executeexcel4macro":
            inner = re.search(r"exec\s*\(\s*[\"'](.*?)[\"']\s*\)", texts[0], re.IGNORECASE)
            line = inner.group(1) if inner else texts[0]
        else:
            line = texts[0]
        if name == "navigate" and not host:
            machine.note(way("", [], download_url=[line] if _URL_START.match(line) else []))
        elif host:
            machine.note(way("dcom", host, [line], dcom_object=[progid]))
        else:
            machine.lines.line(line)
        return Unread(source)
    return thing


def _of_client(machine: Machine, name: str, arguments: Optional[List[Value]], source: str) -> Value:
    if arguments is None:
        return Unread(source)
    if name in _DOWNLOADS and arguments:
        return fetched(machine, text_of(arguments[0]), source)
    if name in ("downloadfile", "downloadfileasync", "downloadfiletaskasync") and arguments:
        fetched(machine, text_of(arguments[0]), source)
    return None if name in ("downloadfile", "downloadfileasync") else NotImplemented


def fetched(machine: Machine, url: str, source: str) -> Value:
    """What a URL holds: not known, but where from."""
    machine.note(way("", [], download_url=[url]))
    found = unread(source)
    found.urls = (url,)
    return found


def _of_shell(machine: Machine, thing: Thing, name: str, arguments: Optional[List[Value]], source: str) -> Value:
    """`[powershell]::Create().AddScript('…').Invoke()`, `.AddCommand('…').AddParameter(…)`, a runspace's pipeline."""
    commands: List[Tuple[str, List[Argument]]] = thing.data
    if arguments is None:
        return thing if name in ("commands", "runspace", "streams") else NotImplemented
    if name in ("addscript", "createpipeline") and arguments:
        machine.run_text(arguments[0], source)
    elif name == "addcommand" and arguments:
        value = arguments[0].data if isinstance(arguments[0], Thing) else arguments[0]
        text = text_of(value)
        machine.budget.decide(text)
        commands.append((text, []))
    elif name == "addparameter" and arguments and commands:
        typed = text_of(arguments[0])
        machine.budget.decide(typed)
        commands[-1][1].append(Argument(typed, arguments[1]) if len(arguments) > 1 else Argument(typed, None, True))
    elif name == "addparameters" and arguments and commands:
        table = arguments[0]
        pairs = islice(table.items(), MAX_PLAIN) if isinstance(table, dict) else ()
        commands[-1][1].extend(Argument(typed, value) for typed, value in pairs)
        commands[-1][1].extend(Argument("", value) for value in (table[:MAX_PLAIN] if isinstance(table, list) else []))
    elif name == "addargument" and arguments and commands:
        commands[-1][1].append(Argument("", arguments[0]))
    elif name in ("invoke", "begininvoke", "invokeasync"):
        thing.data = []
        for typed, given in commands:
            machine.budget.spend(8 + 2 * len(given))
            machine.invoke(typed, given, source)
        return Unread(source)
    return thing


def _of_engine(machine: Machine, name: str, arguments: Optional[List[Value]], source: str) -> Value:
    """`$ExecutionContext.InvokeCommand` and its methods."""
    if arguments is None:
        return Thing("engine", None, source)
    if name == "invokescript" and arguments:
        texts = [argument for argument in arguments if isinstance(argument, str)]
        return machine.run_text(texts[0] if texts else arguments[0], source)
    if name == "newscriptblock" and arguments:
        return machine.parsed(arguments[0], source)
    if name == "expandstring" and arguments:
        return arguments[0]
    if name in ("getcommand", "getcmdlet", "getcommandname", "getcmdlets") and arguments:
        return Thing("command", text_of(arguments[0]), source)
    return NotImplemented


def of_static(machine: Machine, kind: Type, name: str, arguments: Optional[List[Value]], source: str) -> Value:
    """Static members that make something to run or to reach elsewhere; NotImplemented for all others."""
    owner = kind.name
    if arguments is None:
        return NotImplemented
    if name == "create" and owner in ("scriptblock", "management.automation.scriptblock"):
        return machine.parsed(arguments[0], source) if arguments else NotImplemented
    if name == "create" and owner in ("powershell", "management.automation.powershell"):
        return Thing("shell", [], source)
    if name in ("createrunspace", "createrunspacepool") and owner.endswith("runspacefactory"):
        return Thing("shell", [], source)
    if name == "openremotebasekey" and len(arguments) > 1:
        machine.note(way("registry", flat_texts(arguments[1])[:1]))
        return NotImplemented
    if owner == "activator" and name == "createinstance" and arguments:
        made = arguments[0]
        if isinstance(made, Thing) and made.kind == "comtype":
            return com_object(machine, made.data[0], made.data[1], source)
        if isinstance(made, Type):
            return wmi_object(machine, made.name, arguments[1:], source)
    if owner == "type" and name in ("gettypefromprogid", "gettypefromclsid"):
        return remote_type(arguments, source)
    if owner == "diagnostics.process" and name == "start" and arguments:
        start_process(machine, arguments[0].data if isinstance(arguments[0], Thing) else None, arguments)
        return Unread(source)
    if owner.endswith("interaction") and name == "shell" and arguments:
        machine.lines.line(text_of(arguments[0]))
        return Unread(source)
    if owner.endswith("interaction") and name == "createobject" and arguments:
        return com_object(machine, text_of(arguments[0]), flat_texts(arguments[1:2]), source)
    if owner.endswith("interaction") and name == "getobject" and arguments:
        return winmgmts(machine, text_of(arguments[0]), source)
    if owner == "runtime.interopservices.marshal" and name == "bindtomoniker" and arguments:
        return winmgmts(machine, text_of(arguments[0]), source)
    if owner.endswith("clipboard") and name == "gettext":
        return machine.lines.clipboard or NotImplemented
    if owner == "environment" and name == "getenvironmentvariable" and arguments:
        key = text_of(arguments[0]).lower()
        machine.budget.decide(key)
        return machine.environment.get(key, NotImplemented)
    if owner == "environment" and name == "setenvironmentvariable" and len(arguments) > 1:
        key = text_of(arguments[0]).lower()
        machine.budget.decide(key)
        machine.environment[key] = text_of(arguments[1])
        return None
    if name == "new" and (owner in WMI_TYPES or owner in _SCOPES):
        return wmi_object(machine, owner, arguments, source)
    return NotImplemented


def start_process(machine: Machine, table: Value, arguments: List[Value]) -> None:
    """`[Diagnostics.Process]::Start`, with a file and its arguments or a ProcessStartInfo."""
    parts = [table.get("filename"), table.get("arguments")] if isinstance(table, dict) else arguments
    texts = [text_of(part) for part in parts if part is not None]
    if texts:
        texts[0] = f'"{texts[0]}"' if " " in texts[0] and not texts[0].startswith('"') and len(texts) > 1 else texts[0]
        machine.lines.line(" ".join(texts))


def winmgmts(machine: Machine, moniker: str, source: str) -> Value:
    """`winmgmts:{impersonationLevel=impersonate}!\\\\HOST\\root\\cimv2:Win32_Process`."""
    machine.budget.decide(moniker)
    if not moniker.lower().startswith("winmgmts:"):
        return NotImplemented
    path = re.sub(r"^\{[^}]*\}!?", "", moniker[9:]).replace("/", "\\")
    return wmi_object(machine, "wmiclass", path, source)


def class_of(thing: Thing, text: str) -> None:
    """`Get-WmiObject -List | where name -eq text`: the class that is meant."""
    call: Call = thing.data
    if truth_of(call.parameters.get("List")) and not call.parameters.get("Class"):
        call.parameters["Class"] = [text]


def unreadable(what: str, value: Value) -> Call:
    """The word for something that is run and could not be read."""
    return said(f"{what} {text_of(value)}".strip())
