"""Commands that reach other hosts."""

from __future__ import annotations

from . import objects
from .cmdlets import BY_NAME
from .handlers import bound_to, credentials_of, hosts_of, registry
from .limits import MAX_VALUES
from .machine import Argument, Invocation, Machine
from .records import Call, way
from .values import Closure, Strings, Thing, Unread, Value, collapsed, few_of, flat_texts, text_of

COMMANDS, command = registry()


def wmi(machine: Machine, call: Invocation) -> Value:
    """A cmdlet of WMI or CIM: noted down with its parameters."""
    machine.budget.spend(2)
    cmdlet = BY_NAME[call.name]
    noted = Call(cmdlet.name, cmdlet.bind(call.arguments))
    if call.piped and call.name in ("new-cimsession", "ncms"):
        noted.parameters.setdefault("ComputerName", call.piped[:MAX_VALUES])
    noted.unresolved = call.unresolved
    machine.note(noted)
    return Thing("wmi", noted, call.source)


@command("invoke-command")
def _invoke_command(machine: Machine, call: Invocation) -> Value:
    machine.budget.spend(24)
    bound = bound_to(call, "invoke-command")
    hosts = hosts_of(bound, "ComputerName", "Session", "HostName", "VMName", "ConnectionUri")
    block = bound.get("ScriptBlock")
    commands: Strings = []
    if hosts:
        text = text_of(block) if isinstance(block, (Closure, Unread)) else ""
        commands = [text.strip()] if text.strip() else flat_texts(bound.get("FilePath"))
        machine.note(way("winrm", hosts, commands, credentials_of(bound)))
    if isinstance(block, Closure):
        given = [Argument("", item) for item in few_of(bound.get("ArgumentList"))]
        return collapsed(machine.run_closure(block, given, call.piped))
    if isinstance(block, Unread) and not hosts:
        machine.note(objects.unreadable("Invoke-Command", block))
    return NotImplemented


@command("enter-pssession", "new-pssession")
def _session(machine: Machine, call: Invocation) -> Value:
    bound = bound_to(call, call.name)
    if call.piped and not any(name in bound for name in ("HostName", "VMName", "ConnectionUri", "Session")):
        bound.setdefault("ComputerName", call.piped[:MAX_VALUES])
    hosts = hosts_of(bound, "ComputerName", "HostName", "VMName", "ConnectionUri", "Session")
    machine.budget.spend(24 + 3 * len(hosts))
    machine.note(way("winrm", hosts, [], credentials_of(bound)))
    return Thing("session", hosts, call.source)


@command("register-wmievent", "register-cimindicationevent")
def _register_event(machine: Machine, call: Invocation) -> Value:
    bound = bound_to(call, call.name)
    action = bound.pop("Action", None)
    noted = Call("Register-WmiEvent" if call.name == "register-wmievent" else "Register-CimIndicationEvent", bound)
    noted.unresolved = call.unresolved
    noted.extra["wmi_filter"] = flat_texts(bound.get("Query"))
    machine.note(noted)
    if isinstance(action, Closure):
        machine.read_closure(action)
    return NotImplemented


@command("new-scheduledtaskaction")
def _task_action(machine: Machine, call: Invocation) -> Value:
    bound = bound_to(call, "new-scheduledtaskaction")
    line = " ".join(text for text in (text_of(bound.get("Execute")), text_of(bound.get("Argument"))) if text)
    return Thing("action", (line, hosts_of(bound, "CimSession")), call.source)


@command("new-scheduledtask", "register-scheduledtask", "start-scheduledtask")
def _task(machine: Machine, call: Invocation) -> Value:
    bound = bound_to(call, call.name)
    hosts = hosts_of(bound, "CimSession")
    lines: Strings = []
    for name in ("Action", "InputObject"):
        for item in few_of(bound.get(name)):
            if isinstance(item, Thing) and item.kind == "action":
                lines.append(item.data[0])
                hosts += [host for host in item.data[1] if host not in hosts]
    for item in call.piped or []:
        if isinstance(item, Thing) and item.kind == "action":
            lines.append(item.data[0])
    if hosts or (lines and call.name == "register-scheduledtask"):
        machine.note(
            way(
                "scheduled_task",
                hosts,
                lines,
                flat_texts(bound.get("User")),
                remote_task=flat_texts(bound.get("TaskName")),
            )
        )
    return Thing("action", (lines[0] if lines else "", hosts), call.source)


@command(
    "invoke-wsmanaction",
    "new-wsmaninstance",
    "set-wsmaninstance",
    "remove-wsmaninstance",
    "get-wsmaninstance",
    "connect-wsman",
)
def _wsman(machine: Machine, call: Invocation) -> Value:
    bound = bound_to(call, "invoke-wsmanaction")
    if call.name == "connect-wsman" and "ComputerName" not in bound and "ResourceURI" in bound:
        bound["ComputerName"] = bound.pop("ResourceURI")
    hosts = hosts_of(bound, "ComputerName", "ConnectionURI")
    if hosts or call.name == "invoke-wsmanaction":
        table = bound.get("ValueSet")
        lines = flat_texts(table.get("commandline")) if isinstance(table, dict) else []
        noted = way("winrm", hosts, lines, credentials_of(bound))
        noted.parameters = {
            "ClassName": [text.rsplit("/", 1)[-1] for text in flat_texts(bound.get("ResourceURI"))],
            "MethodName": flat_texts(bound.get("Action")) if call.name == "invoke-wsmanaction" else [],
        }
        machine.note(noted)
    return NotImplemented


@command("new-service", "set-service", "get-service")
def _service(machine: Machine, call: Invocation) -> Value:
    bound = bound_to(call, call.name)
    hosts = flat_texts(bound.get("ComputerName"))
    if hosts:
        machine.note(
            way("service", hosts, flat_texts(bound.get("BinaryPathName")), service_name=flat_texts(bound.get("Name")))
        )
    return NotImplemented


@command("copy-item", "move-item", "new-psdrive")
def _share(machine: Machine, call: Invocation) -> Value:
    bound = bound_to(call, call.name)
    shares = [
        text
        for name in ("Path", "LiteralPath", "Destination", "Root")
        for text in flat_texts(bound.get(name))
        if text.startswith("\\\\") and not text.startswith(("\\\\?\\", "\\\\.\\"))
    ]
    hosts = [share[2:].split("\\")[0] for share in shares]
    if shares:
        machine.note(way("smb", hosts, [], credentials_of(bound), remote_share=shares))
    return None
