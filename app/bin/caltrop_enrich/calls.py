"""Calls -> what an analyst reads: hosts, classes, methods, commands, credentials, and the other ways onto a host."""

from __future__ import annotations

import re
from typing import Dict, List, NamedTuple, Tuple

from .limits import MAX_VALUE, MAX_VALUES
from .records import EXTRA, Call
from .values import Strings, Value, flat_texts

# Methods whose first argument is a command line, by class.
_STARTERS = {"win32_process": "create", "win32_scheduledjob": "create"}
_KNOWN = re.compile(r"^\w+$")
_PATH = re.compile(r"^(?:[\\/]{2}([^\\/]+)[\\/])?(?:([\\/\w]+):)?(\w+)", re.ASCII)
_FROM = re.compile(r"\bfrom\s+(\w+)", re.IGNORECASE)
# What an instance of WMI is made of, and the field that says it: event filters and consumers.
_INSTANCE = {"name": "wmi_consumer", "query": "wmi_filter", "scripttext": "wmi_script"}
_CONSUMER = frozenset(("commandlinetemplate", "scripttext", "query", "executablepath"))


FIELDS = (
    "wmi_cmdlet",
    "remote_host",
    "wmi_namespace",
    "wmi_class",
    "wmi_method",
    "remote_command",
    "alternate_credentials",
    "wmi_unresolved",
    *EXTRA,
)


class Facts(NamedTuple):
    """What one call says, sorted by what it is about; each a list of texts, whatever the texts are. `extra` fields follow in the
    order of EXTRA."""

    cmdlet: Strings
    hosts: Strings
    namespaces: Strings
    classes: Strings
    methods: Strings
    paths: Strings
    queries: Strings
    sessions: Strings
    arguments: Strings  # the first argument of the method, if the call runs one
    credentials: Strings
    unresolved: Strings
    commands: Strings  # command lines, whatever the class
    remote_access: Strings
    service_name: Strings
    remote_task: Strings
    remote_share: Strings
    dcom_object: Strings
    wmi_consumer: Strings
    wmi_filter: Strings
    wmi_script: Strings
    download_url: Strings
    executed_url: Strings


def facts(call: Call) -> Facts:
    """Sort a call's parameters. Goes by their names, never by their texts, so that `shapes` may plan it."""
    parameters, extra = call.parameters, call.extra
    methods = flat_texts(call.method[:1]) or _strings(call, "MethodName")
    if call.cmdlet == "Invoke-WmiMethod":
        methods = methods or _strings(call, "Name")
    commands = call.commands
    arguments: Value = []
    if call.method:
        arguments = call.method[1] if len(call.method) > 1 else []
    elif call.cmdlet in ("Invoke-WmiMethod", "Invoke-CimMethod"):
        arguments = parameters.get("Arguments", parameters.get("ArgumentList", []))
    else:
        table = parameters.get("Arguments", parameters.get("Property"))
        if isinstance(table, dict) and not _CONSUMER.isdisjoint(table):
            extra = dict(extra)
            for key, field in _INSTANCE.items():
                extra[field] = extra.get(field, []) + flat_texts(table.get(key))
            commands = commands + (
                flat_texts(table.get("commandlinetemplate")) or flat_texts(table.get("executablepath"))
            )
    if isinstance(arguments, dict):
        arguments = arguments.get("commandline", arguments.get("command", []))
    sessions = parameters.get("CimSession")
    return Facts(
        [call.cmdlet] if call.cmdlet else [],
        _strings(call, "ComputerName") + call.hosts,
        _strings(call, "Namespace"),
        _strings(call, "Class") + _strings(call, "ClassName"),
        methods,
        _strings(call, "Path"),
        _strings(call, "Query"),
        [text for text in (sessions if isinstance(sessions, list) else [sessions]) if isinstance(text, str)]
        if sessions
        else [],
        flat_texts(arguments)[:1],
        _strings(call, "Credential") + call.credentials,
        call.unresolved,
        commands,
        *[extra.get(name, []) for name in EXTRA],
    )


def decisive(call: Facts) -> Strings:
    """The texts of a call without path, query and session that `Findings.add` goes by, beyond copying them."""
    return [*call.classes[:1], *call.methods[:1]] if call.arguments else []


class Findings:
    """What the calls of one event do: `fields` by name, each value once, in order of appearance."""

    def __init__(self) -> None:
        self.fields: Dict[str, List[str]] = {}

    def add(self, call: Facts) -> Strings:
        """Add a call; the command lines that it starts."""
        (
            cmdlet,
            hosts,
            namespaces,
            classes,
            methods,
            paths,
            queries,
            sessions,
            command,
            credentials,
            unresolved,
            commands,
        ) = call[:12]
        if paths or queries or sessions:
            hosts, namespaces, classes = _target(call)
        if command and not _may_start(classes, methods):
            command = []
        if commands:
            command = command + commands
        extend = self._extend
        if cmdlet:
            extend("wmi_cmdlet", cmdlet)
        if hosts:
            extend("remote_host", hosts)
        if namespaces:
            extend("wmi_namespace", namespaces)
        if classes:
            extend("wmi_class", classes)
        if methods:
            extend("wmi_method", methods)
        if command:
            extend("remote_command", command)
        if unresolved:
            extend("wmi_unresolved", unresolved)
        for name, values in zip(EXTRA, call[12:]):
            if values:
                extend(name, values)
        if credentials:
            self.fields["alternate_credentials"] = ["true"]
        elif cmdlet or hosts or command:
            self.fields.setdefault("alternate_credentials", ["false"])
        return command

    def _extend(self, name: str, values: Strings) -> None:
        into = self.fields.get(name)
        if into is None:
            if len(values) == 1 and 0 < len(values[0]) <= MAX_VALUE:
                self.fields[name] = values[:]
                return
            into = self.fields[name] = []
        for value in values:
            value = value[:MAX_VALUE]
            if value and value not in into and len(into) < MAX_VALUES:
                into.append(value)


def _strings(call: Call, name: str) -> Strings:
    value = call.parameters.get(name)
    return flat_texts(value) if value is not None else []


def _target(call: Facts) -> Tuple[Strings, Strings, Strings]:
    """Hosts, namespaces and classes; a WMI path may name all three."""
    hosts, namespaces, classes = call.hosts[:], call.namespaces[:], call.classes[:]
    for path in call.paths:
        match = _PATH.match(path[:MAX_VALUE])
        if match:
            host, namespace, name = match.groups()
            hosts += [host] if host else []
            namespaces += [namespace] if namespace else []
            classes.append(name)
        elif path:
            classes.append(path)
    hosts += [session for session in call.sessions if session[:1] not in ("$", "(", "@", "")]  # or a computer's name
    for query in call.queries:
        classes += _FROM.findall(query[:MAX_VALUE])[:1]
    return hosts, namespaces, classes


def _may_start(classes: Strings, methods: Strings) -> bool:
    """Whether the method's first argument may be a command line: not if class and method are known to start none."""
    if not classes:
        return True
    starts = _STARTERS.get(classes[0].lower())
    if starts is None:
        return not _KNOWN.match(classes[0])
    return not methods or methods[0].lower() == starts or not _KNOWN.match(methods[0])
