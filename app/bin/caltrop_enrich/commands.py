"""What commands do, as far as the reader has a use for it: those that make values, run scripts, or reach other hosts.

Each is a function from (machine, invocation) to what it gives; NotImplemented stands for output that is not known.
"""

from __future__ import annotations

from typing import Callable, Dict, List, Optional

from . import objects, patterns
from .cmdlets import BY_NAME, OTHERS
from .commandlines import is_program
from .constants import ALIASES, COMMAND_NAMES, COUNTS, ENVIRONMENT_NAMES, VARIABLE_NAMES, VARIABLES
from .limits import MAX_PLAIN, MAX_VALUES
from .machine import Argument, Invocation, Machine
from .members import make
from .records import Call, way
from .syntax import Binary, Postfix, Text
from .values import (
    Closure,
    Strings,
    Thing,
    Type,
    Unread,
    Value,
    collapsed,
    few_of,
    flat_texts,
    integer_of,
    items_of,
    joined,
    text_of,
    truth_of,
    type_name,
    unread,
)

Handler = Callable[[Machine, Invocation], Value]
COMMANDS: Dict[str, Handler] = {}
_LONGEST_NAME = 256  # characters of a variable's or an alias's name that is looked for


def _command(*names: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        COMMANDS.update(dict.fromkeys(names, handler))
        return handler

    return register


def _bound(call: Invocation, name: str) -> Dict[str, Value]:
    return OTHERS[name].bind(call.arguments)


def wmi(machine: Machine, call: Invocation) -> Value:
    """A cmdlet of WMI or CIM: noted down with its parameters."""
    machine.budget.spend(2)
    cmdlet = BY_NAME[call.name]
    noted = Call(cmdlet.name, cmdlet.bind(call.arguments))
    noted.unresolved = call.unresolved
    machine.note(noted)
    return Thing("wmi", noted, call.source)


# -- scripts and programs


@_command("invoke-expression")
def _invoke_expression(machine: Machine, call: Invocation) -> Value:
    given = list(_bound(call, "invoke-expression").values())
    results: List[Value] = []
    for value in [*(call.piped or [])[:MAX_PLAIN], *given]:
        made = machine.run_text(value, call.source)
        results += items_of(made) if made is not NotImplemented else [unread(call.source)]
    return collapsed(results)


@_command("invoke-command")
def _invoke_command(machine: Machine, call: Invocation) -> Value:
    machine.budget.spend(24)
    bound = _bound(call, "invoke-command")
    hosts = _hosts_of(bound, "ComputerName", "Session", "HostName", "VMName", "ConnectionUri")
    block = bound.get("ScriptBlock")
    commands: Strings = []
    if hosts:
        text = text_of(block) if isinstance(block, (Closure, Unread)) else ""
        commands = [text.strip()] if text.strip() else flat_texts(bound.get("FilePath"))
        machine.note(way("winrm", hosts, commands, _credentials(bound)))
    if isinstance(block, Closure):
        given = [Argument("", item) for item in few_of(bound.get("ArgumentList"))]
        return collapsed(machine.run_closure(block, given, call.piped))
    if isinstance(block, Unread) and not hosts:
        machine.note(objects.unreadable("Invoke-Command", block))
    return NotImplemented


def _hosts_of(bound: Dict[str, Value], *names: str) -> Strings:
    found: Strings = []
    for name in names:
        for item in few_of(bound.get(name)):
            if isinstance(item, Thing):
                found += _session_hosts(item)
            else:
                found += [text for text in flat_texts(item) if name != "Session" or text[:1] not in "$(@"]
    return list(dict.fromkeys(found))


def _session_hosts(thing: Thing) -> Strings:
    if thing.kind == "session":
        return list(thing.data)
    if thing.kind == "wmi":
        call: Call = thing.data
        return flat_texts(call.parameters.get("ComputerName"))
    return []


def _credentials(bound: Dict[str, Value]) -> Strings:
    return flat_texts(bound.get("Credential"))


@_command("enter-pssession", "new-pssession")
def _session(machine: Machine, call: Invocation) -> Value:
    bound = _bound(call, call.name)
    hosts = _hosts_of(bound, "ComputerName", "HostName", "VMName", "ConnectionUri", "Session")
    machine.budget.spend(24 + 3 * len(hosts))
    machine.note(way("winrm", hosts, [], _credentials(bound)))
    return Thing("session", hosts, call.source)


@_command("start-process")
def _start_process(machine: Machine, call: Invocation) -> Value:
    bound = _bound(call, "start-process")
    program = text_of(bound.get("FilePath"))
    machine.budget.spend(4 + (len(program) >> 8))
    given = [text_of(item) for item in few_of(bound.get("ArgumentList"))]
    if program and is_program(program):
        before = len(machine.lines.scripts) + len(machine.lines.calls)
        machine.lines.line(" ".join([f'"{program}"' if " " in program else program, *given]))
        unknown = [item for item in few_of(bound.get("ArgumentList")) if isinstance(text_of(item), Unread)]
        if unknown and len(machine.lines.scripts) + len(machine.lines.calls) == before:
            machine.note(objects.unreadable(f"Start-Process {program}", unread(" ".join(given))))
    elif isinstance(bound.get("FilePath"), Unread) and given:
        machine.note(objects.unreadable("Start-Process", bound["FilePath"]))
    return None


@_command("invoke-item", "invoke-history")
def _invoke_item(machine: Machine, call: Invocation) -> Value:
    return None


@_command("start-job", "start-threadjob")
def _start_job(machine: Machine, call: Invocation) -> Value:
    bound = _bound(call, "start-job")
    for name in ("InitializationScript", "ScriptBlock"):
        block = bound.get(name)
        if isinstance(block, Closure):
            machine.run_closure(block, [Argument("", item) for item in few_of(bound.get("ArgumentList"))], call.piped)
    return NotImplemented


def native(machine: Machine, name: str, call: Invocation) -> Value:
    """A program of `commandlines`, with its arguments as PowerShell hands them over."""
    texts: Strings = []
    unknown = False
    for typed, value, bare, written in call.arguments:
        if typed:
            texts.append("-" + typed + ("" if bare else ":"))
            if bare:
                continue
        if written:  # a program is given `a,b` as it stands
            value = joined(value, ",")
        for item in few_of(value):
            text = text_of(item)
            unknown = unknown or isinstance(text, Unread)
            texts.append(text)
    machine.budget.spend(4 + (sum(map(len, texts)) >> 5))
    machine.budget.decide(" ".join(texts))
    reader = machine.lines
    before = len(reader.scripts) + len(reader.calls) + len(reader.payloads)
    piped = joined((call.piped or [])[:MAX_PLAIN], "\n")
    rest = " ".join(f'"{text}"' if (" " in text and '"' not in text) else text for text in texts)
    reader.program(name, texts, rest, piped)
    if unknown and len(reader.scripts) + len(reader.calls) + len(reader.payloads) == before:
        machine.note(objects.unreadable(name, unread(rest)))
    return NotImplemented


# -- the web


@_command("invoke-webrequest", "invoke-restmethod")
def _request(machine: Machine, call: Invocation) -> Value:
    bound = _bound(call, "invoke-webrequest")
    url = text_of(bound.get("Uri"))
    if not url:
        return NotImplemented
    return objects.fetched(machine, url, call.source)


@_command("start-bitstransfer")
def _transfer(machine: Machine, call: Invocation) -> Value:
    urls = flat_texts(_bound(call, "start-bitstransfer").get("Source"))
    if urls:
        machine.note(way("", [], download_url=urls))
    return None


# -- other hosts


@_command("register-wmievent", "register-cimindicationevent")
def _register_event(machine: Machine, call: Invocation) -> Value:
    bound = _bound(call, call.name)
    action = bound.pop("Action", None)
    noted = Call("Register-WmiEvent" if call.name == "register-wmievent" else "Register-CimIndicationEvent", bound)
    noted.unresolved = call.unresolved
    noted.extra["wmi_filter"] = flat_texts(bound.get("Query"))
    machine.note(noted)
    if isinstance(action, Closure):
        machine.read_closure(action)
    return NotImplemented


@_command("new-scheduledtaskaction")
def _task_action(machine: Machine, call: Invocation) -> Value:
    bound = _bound(call, "new-scheduledtaskaction")
    line = " ".join(text for text in (text_of(bound.get("Execute")), text_of(bound.get("Argument"))) if text)
    return Thing("action", (line, _hosts_of(bound, "CimSession")), call.source)


@_command("new-scheduledtask", "register-scheduledtask", "start-scheduledtask")
def _task(machine: Machine, call: Invocation) -> Value:
    bound = _bound(call, call.name)
    hosts = _hosts_of(bound, "CimSession")
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


@_command("new-service", "set-service", "get-service")
def _service(machine: Machine, call: Invocation) -> Value:
    bound = _bound(call, call.name)
    hosts = flat_texts(bound.get("ComputerName"))
    if hosts:
        machine.note(
            way("service", hosts, flat_texts(bound.get("BinaryPathName")), service_name=flat_texts(bound.get("Name")))
        )
    return NotImplemented


@_command("copy-item", "move-item", "new-psdrive")
def _share(machine: Machine, call: Invocation) -> Value:
    bound = _bound(call, call.name)
    shares = [
        text
        for name in ("Path", "LiteralPath", "Destination", "Root")
        for text in flat_texts(bound.get(name))
        if text.startswith("\\\\") and not text.startswith(("\\\\?\\", "\\\\.\\"))
    ]
    hosts = [share[2:].split("\\")[0] for share in shares]
    if shares:
        machine.note(way("smb", hosts, [], _credentials(bound), remote_share=shares))
    return None


# -- values


@_command("new-object")
def _new_object(machine: Machine, call: Invocation) -> Value:
    bound = _bound(call, "new-object")
    if bound.get("ComObject") is not None:
        return objects.com_object(machine, text_of(bound["ComObject"]), [], call.source)
    kind = bound.get("TypeName")
    if isinstance(kind, Unread) or kind is None or (isinstance(kind, (str, list)) and len(kind) > _LONGEST_NAME):
        return NotImplemented
    name = kind.name if isinstance(kind, Type) else type_name(text_of(kind))
    machine.budget.decide(name)
    given = bound.get("ArgumentList")
    arguments = given if isinstance(given, list) else [given] if given is not None else []
    made = objects.wmi_object(machine, name, arguments, call.source)
    if made is NotImplemented:
        made = make(name, arguments, machine.budget, call.source)
    if made is NotImplemented and arguments and isinstance(arguments[0], Unread) and arguments[0].urls:
        return unread(call.source, arguments[0])
    return made


@_command("foreach-object")
def _foreach(machine: Machine, call: Invocation) -> Value:
    blocks = {"begin": [], "process": [], "end": []}  # type: Dict[str, List[Closure]]
    loose: List[Value] = []
    place = "process"
    for typed, value, bare, _ in call.arguments:
        if typed:
            place = next((name for name in blocks if name.startswith(typed.lower())), "")
            if bare:
                continue
        if isinstance(value, (Closure, list)) and any(isinstance(item, Closure) for item in few_of(value)):
            blocks[place or "process"] += [item for item in few_of(value) if isinstance(item, Closure)]
        elif not typed or place:
            loose.append(value)
        place = "process"
    results: List[Value] = []
    for block in blocks["begin"]:
        results += machine.run_closure(block, [], [])
    if blocks["process"]:
        for item in call.piped or []:
            machine.set_variable("_", item)
            machine.set_variable("psitem", item)
            for block in blocks["process"]:
                results += machine.run_closure(block, [])
    for block in blocks["end"]:
        results += machine.run_closure(block, [], [])
    if not blocks["process"] and loose:
        return _member_of_each(machine, call, text_of(loose[0]), loose[1:])
    machine.budget.pay(len(results))
    return collapsed(results)


def _member_of_each(machine: Machine, call: Invocation, name: str, arguments: List[Value]) -> Value:
    """`… | % Value`: handled by whoever knows members, through a variable."""
    return NotImplemented


@_command("where-object")
def _where(machine: Machine, call: Invocation) -> Value:
    kept: List[Value] = []
    block = next((value for _, value, _, _ in call.arguments if isinstance(value, Closure)), None)
    for item in call.piped or []:
        machine.budget.spend()
        if isinstance(item, Thing) and item.kind == "wmi":
            _named_class(item, block, call)
            kept.append(item)
            continue
        if block is None:
            kept.append(item)
            continue
        machine.set_variable("_", item)
        machine.set_variable("psitem", item)
        if truth_of(collapsed(machine.run_closure(block, []))) is not False:
            kept.append(item)
    return collapsed(kept)


def _named_class(thing: Thing, block: Optional[Closure], call: Invocation) -> None:
    """The class that `where` picks out of a list of all classes."""
    if block is None:
        texts = [text_of(value) for _, value, _, _ in call.arguments if isinstance(value, str)]
        if len(texts) > 1:
            objects.class_of(thing, texts[-1])
        return
    for statement in block.block.statements:
        if isinstance(statement, Binary) and len(statement.rest) == 1 and isinstance(statement.first, Postfix):
            operator, operand = statement.rest[0]
            if operator in ("eq", "ieq", "ceq", "like", "match", "ilike", "imatch") and isinstance(operand, Text):
                objects.class_of(thing, operand.value)


@_command("write-output")
def _write_output(machine: Machine, call: Invocation) -> Value:
    machine.budget.pay_items(sum(len(items_of(value)) for _, value, _, _ in call.arguments) + len(call.piped or ()))
    if call.arguments:
        return collapsed([item for _, value, bare, _ in call.arguments if not bare for item in items_of(value)])
    return collapsed(list(call.piped or []))


@_command("out-string")
def _out_string(machine: Machine, call: Invocation) -> Value:
    items = call.piped if call.piped is not None else [value for _, value, bare, _ in call.arguments if not bare]
    machine.budget.pay_items(len(items))
    return joined(items, "\r\n")


@_command("select-object")
def _select(machine: Machine, call: Invocation) -> Value:
    bound = _bound(call, "select-object")
    items = list(call.piped or [])
    machine.budget.pay_items(len(items))
    if bound.get("ExpandProperty") is not None or bound.get("Property") is not None:
        name = text_of(bound.get("ExpandProperty") or bound.get("Property")).lower()
        if name in ("value", "name") and items and all(isinstance(i, Thing) and i.kind == "variable" for i in items):
            return collapsed([item.data[1 if name == "value" else 0] for item in items])
        if all(isinstance(item, Thing) and item.kind == "match" for item in items) and name == "value":
            return collapsed([item.data[0] for item in items])
        return NotImplemented if not items or any(isinstance(i, (Unread, Thing)) for i in items) else collapsed(items)
    skip, first, last = (integer_of(bound.get(name)) for name in ("Skip", "First", "Last"))
    items = items[skip or 0 :]
    if bound.get("First") is not None:
        items = items[: max(first or 0, 0)]
    if bound.get("Last") is not None:
        items = items[-(last or 0) :] if last else []
    return collapsed(items)


@_command("out-null")
def _out_null(machine: Machine, call: Invocation) -> Value:
    return None


@_command("set-clipboard", "clip", "clip.exe")
def _clip(machine: Machine, call: Invocation) -> Value:
    machine.lines.clipboard = joined(
        (call.piped or [])[:MAX_PLAIN] or [value for _, value, bare, _ in call.arguments if not bare], "\r\n"
    )
    return None


@_command("get-clipboard")
def _clipboard(machine: Machine, call: Invocation) -> Value:
    return machine.lines.clipboard or NotImplemented


# -- variables, aliases, commands


@_command("set-variable", "new-variable")
def _set_variable(machine: Machine, call: Invocation) -> Value:
    bound = _bound(call, "set-variable")
    value = bound["Value"] if "Value" in bound else collapsed(list(call.piped or []))
    for name in flat_texts(bound.get("Name")):
        machine.budget.decide(name)
        machine.set_variable(name.lower(), value)
    return Thing("variable", (text_of(bound.get("Name")), value), call.source) if "PassThru" in bound else None


@_command("get-variable")
def _get_variable(machine: Machine, call: Invocation) -> Value:
    bound = _bound(call, "get-variable")
    found = [thing for name in flat_texts(bound.get("Name")) for thing in _variables(machine, name)]
    if not found:
        return NotImplemented
    return collapsed([thing.data[1] if "ValueOnly" in bound else thing for thing in found])


def _variables(machine: Machine, name: str) -> List[Thing]:
    machine.budget.decide(name)
    machine.budget.spend(20)
    if len(name) > _LONGEST_NAME:
        return []
    if "*" in name or "?" in name or "[" in name:
        glob = patterns.like(name)
        names = [*VARIABLE_NAMES, *machine.variable_names()[:MAX_VALUES]]
        machine.budget.spend(len(names) // 4)
        matching = [one for one in names if glob and len(one) < 256 and glob.match(one)][:MAX_VALUES]
    else:
        matching = [next((one for one in VARIABLE_NAMES if one.lower() == name.lower()), name)]
    found = []
    for one in matching:
        value = machine.variable(one.lower())
        if value is NotImplemented:
            value = VARIABLES.get(one.lower(), COUNTS.get(one.lower(), Unread("$" + one)))
        found.append(Thing("variable", (one, value), "$" + one))
    return found


@_command("get-item", "get-childitem", "get-itemproperty", "get-content")
def _get_item(machine: Machine, call: Invocation) -> Value:
    bound = _bound(call, "get-item")
    paths = flat_texts(bound.get("Path") or bound.get("LiteralPath"))
    found: List[Value] = []
    for path in paths:
        machine.budget.decide(path)
        drive, _, name = path.partition(":")
        name = name.lstrip("\\/")
        if drive.lower() == "variable":
            found += _variables(machine, name or "*")
        elif drive.lower() == "env":
            found += _environment(machine, name or "*")
        elif drive.lower() == "alias":
            found += _aliases(machine, name or "*")
        elif drive.lower() == "function" and name:
            found.append(Thing("command", name, call.source))
    if not found:
        return NotImplemented
    return collapsed([item.data[1] for item in found]) if call.name == "get-content" else collapsed(found)


def _environment(machine: Machine, name: str) -> List[Value]:
    glob = patterns.like(name)
    machine.budget.spend(20 + len(machine.environment))
    return [
        Thing("variable", (ENVIRONMENT_NAMES.get(key, key), value), "$env:" + key)
        for key, value in machine.environment.items()
        if glob and len(key) < 64 and glob.match(key)
    ][:MAX_VALUES]


@_command("set-item", "new-item")
def _set_item(machine: Machine, call: Invocation) -> Value:
    bound = _bound(call, call.name)
    path = text_of(bound.get("Path") if bound.get("Path") is not None else bound.get("LiteralPath"))
    machine.budget.decide(path)
    if call.name == "new-item" and bound.get("Name") is not None:
        path = (
            path.rstrip("\\/")
            + ("" if path.endswith(":") else ":" if ":" not in path else "\\")
            + text_of(bound["Name"])
        )
    value = bound["Value"] if "Value" in bound else collapsed(list(call.piped or []))
    drive, _, name = path.partition(":")
    name = name.lstrip("\\/").lower()
    if drive.lower() == "variable":
        machine.set_variable(name, value)
    elif drive.lower() == "env":
        machine.environment[name] = text_of(value)
    elif drive.lower() == "alias":
        machine.budget.decide(text_of(value))
        machine.aliases[name] = text_of(value).lower()
    elif drive.lower() == "function" and isinstance(value, Closure):
        machine.define(name, value)
    return None


@_command("set-alias", "new-alias")
def _set_alias(machine: Machine, call: Invocation) -> Value:
    bound = _bound(call, "set-alias")
    name, value = text_of(bound.get("Name")), text_of(bound.get("Value"))
    machine.budget.spend(4 + (len(name) + len(value) >> 8))
    machine.budget.decide(name)
    machine.budget.decide(value)
    if len(machine.aliases) < 1024:
        machine.aliases[name.lower()] = value.lower()
    return None


@_command("get-command")
def _get_command(machine: Machine, call: Invocation) -> Value:
    bound = _bound(call, "get-command")
    name = text_of(bound.get("Name"))
    if bound.get("Verb") is not None or bound.get("Noun") is not None:
        name = f"{text_of(bound.get('Verb')) or '*'}-{text_of(bound.get('Noun')) or '*'}"
    machine.budget.decide(name)
    if isinstance(name, Unread) or not name:
        return NotImplemented
    return _commands_like(machine, name)


def _commands_like(machine: Machine, name: str) -> Value:
    if not any(mark in name for mark in "*?["):
        return Thing("command", name, name)
    glob = patterns.like(name)
    machine.budget.spend(60)
    names = [*machine.function_names()[:MAX_VALUES], *COMMAND_NAMES]
    names += [cmdlet.name for key, cmdlet in BY_NAME.items() if "-" in key]
    matching = list(dict.fromkeys(one for one in names if glob and len(one) < 256 and glob.match(one)))
    return collapsed([Thing("command", one, name) for one in matching[:MAX_VALUES]]) if matching else NotImplemented


@_command("get-alias")
def _get_alias(machine: Machine, call: Invocation) -> Value:
    bound = _bound(call, "get-alias")
    if bound.get("Definition") is not None:
        return Thing("command", text_of(bound["Definition"]), call.source)
    return collapsed(_aliases(machine, text_of(bound.get("Name"))))


def _aliases(machine: Machine, name: str) -> List[Value]:
    machine.budget.spend(60 + len(machine.aliases))
    machine.budget.decide(name)
    if len(name) > _LONGEST_NAME:
        return []
    glob = patterns.like(name)
    known = {
        **ALIASES,
        **{alias: cmdlet.name for alias, cmdlet in BY_NAME.items() if "-" not in alias},
        **machine.aliases,
    }
    return [
        Thing("command", definition, alias)
        for alias, definition in known.items()
        if glob and len(alias) < 64 and glob.match(alias)
    ][:MAX_VALUES]


@_command("convertto-securestring")
def _secure(machine: Machine, call: Invocation) -> Value:
    return NotImplemented


# Commands whose output is nothing, or nothing that a script computes with.
SILENT = frozenset(
    [
        "write-host",
        "write-verbose",
        "write-debug",
        "write-warning",
        "write-error",
        "write-progress",
        "write-information",
        "start-sleep",
        "set-strictmode",
        "add-type",
        "import-module",
        "set-executionpolicy",
        "set-content",
        "add-content",
        "remove-item",
        "remove-variable",
        "clear-host",
        "set-location",
        "cd",
        "clear-variable",
        "out-file",
        "out-host",
        "out-default",
        "stop-process",
        "start-service",
        "set-psdebug",
        "remove-module",
        "remove-job",
    ]
)
