"""Commands and pipelines: who is called, with which arguments, and who reads them."""

from __future__ import annotations

import re
from itertools import islice
from typing import Dict, List, Optional, Tuple

from . import patterns
from .cmdlets import BY_NAME
from .commandlines import is_program, program_name
from .commands import COMMANDS, SILENT
from .constants import ALIASES
from .limits import MAX_NAME, MAX_VALUE, MAX_VALUES
from .machine import Argument, Invocation, Machine, Nodes
from .reaching import wmi
from .records import Call, said
from .running import native
from .symbols import letterless
from .syntax import Array, Command, Named, Pipeline, Splat, Text
from .values import Closure, Strings, Thing, Unread, Value, collapsed, items_of, written

# `. $here\lib.ps1` is known by its name.
_FILE = re.compile(r"\.(?:ps[md]?1|exe|com|cmd|bat|vbs|js|msi)$", re.IGNORECASE)
_BEHIND_A_FOLDER = re.compile(r"[^\\/][\\/]([\w.]+)$")


def _pipeline(machine: Machine, node: Pipeline) -> Value:
    value: Value = machine.evaluate(node.elements[0])
    for element in node.elements[1:]:
        items = items_of(value)
        machine.budget.spend()
        machine.budget.spend(len(items) >> 4)
        value = _command(machine, element, items) if isinstance(element, Command) else machine.evaluate(element)
        if value is NotImplemented:
            value = written(node, *items[:MAX_VALUES])
    return value


def _bare_command(machine: Machine, node: Command) -> Value:
    return _command(machine, node, None)


def _command(machine: Machine, node: Command, piped: Optional[List[Value]]) -> Value:
    machine.budget.spend(4)
    named = machine.evaluate(node.name)
    if isinstance(named, Thing) and named.kind == "command":
        named = named.data
    elif isinstance(named, list) and named and all(isinstance(one, Thing) and one.kind == "command" for one in named):
        named = named[0].data
    if isinstance(named, Closure):
        arguments, _ = _arguments(machine, node)
        return collapsed(machine.run_closure(named, arguments, piped))
    if isinstance(named, Unread) or not isinstance(named, str):
        if isinstance(named, Unread) and named.urls:
            call = Call("")
            call.extra = {"executed_url": list(named.urls)}
            machine.note(call)
        elif isinstance(named, Unread) and node.operator:
            machine.budget.decide(named)
            program = _BEHIND_A_FOLDER.search(named)
            if program and is_program(program.group(1)):  # `& "$tools\\psexec.exe" …`
                return native(machine, program_name(program.group(1)), _invocation(machine, node, piped))
            if not _FILE.search(named):
                machine.note(said(f"{node.operator} {named}"[:MAX_VALUE]))
        arguments, _ = _arguments(machine, node)
        _read_arguments(machine, arguments)
        return NotImplemented if node.operator else written(node)
    name = str(named)
    machine.budget.decide(name)
    if len(name) > MAX_NAME:
        _read_arguments(machine, _arguments(machine, node)[0])
        return written(node)
    made = _run(machine, name, node, piped)
    return written(node, *(piped or ())[:MAX_VALUES]) if made is NotImplemented else made


def _run(machine: Machine, name: str, node: Command, piped: Optional[List[Value]]) -> Value:
    base = _command_name(machine, name)
    function = machine.function(base)
    arguments, unresolved = _arguments(machine, node)
    if function is not None:
        return collapsed(machine.call_function(function, arguments, piped))
    made = invoke(machine, Invocation(base, arguments, piped, written(node), unresolved))
    if made is NotImplemented and node.operator and not isinstance(node.name, Text) and letterless(name):
        machine.note(said(f"{node.operator} {written(node.name)}"[:MAX_VALUE]))  # no command has such a name
    return made


def _invocation(machine: Machine, node: Command, piped: Optional[List[Value]]) -> Invocation:
    arguments, unresolved = _arguments(machine, node)
    return Invocation("", arguments, piped, written(node), unresolved)


def _command_name(machine: Machine, name: str) -> str:
    base = name.rsplit("\\", 1)[-1].strip().lower()
    base = machine.aliases.get(base, base)
    return machine.aliases.get(base, base).rsplit("\\", 1)[-1]


def invoke(machine: Machine, call: Invocation) -> Value:
    """Run a command that is no function of the script's; what it gives."""
    base = _command_name(machine, call.name)
    defaults = machine.variable("psdefaultparametervalues")
    if isinstance(defaults, dict):
        call = call._replace(arguments=[*_defaults(machine, defaults, base), *call.arguments])
    if base in BY_NAME:
        return wmi(machine, call._replace(name=base))
    own = ALIASES.get(base, base)
    handler = COMMANDS.get(own)
    if handler is not None:
        return handler(machine, call._replace(name=own))
    if is_program(base):
        return native(machine, program_name(base), call)
    _read_arguments(machine, call.arguments)
    if call.piped:
        _read_arguments(machine, [Argument("", call.piped[:MAX_VALUES])])
    return None if own in SILENT else NotImplemented


def _defaults(machine: Machine, table: Dict[str, Value], base: str) -> List[Argument]:
    """What `$PSDefaultParameterValues` gives a command: entries `Cmdlet:Parameter`, with wildcards."""
    cmdlet = BY_NAME[base].name.lower() if base in BY_NAME else ALIASES.get(base, base)
    machine.budget.spend(4 * min(len(table), MAX_VALUES))
    found: List[Argument] = []
    for key, value in islice(table.items(), MAX_VALUES):
        machine.budget.decide(key)
        name, _, parameter = key.partition(":")
        glob = patterns.like(name)
        if parameter and glob and len(cmdlet) < 256 and glob.match(cmdlet):
            found.append(Argument(parameter, value))
    return found


def _read_arguments(machine: Machine, arguments: List[Argument]) -> None:
    """Blocks that an unknown command is given are read where they stand."""
    for _, value, _, _ in arguments:
        for item in value[:MAX_VALUES] if isinstance(value, list) else (value,):
            if isinstance(item, Closure):
                machine.read_closure(item)


def _arguments(machine: Machine, node: Command) -> Tuple[List[Argument], Strings]:
    """A command's arguments with their values, splats opened; and the splats that are not known."""
    found: List[Argument] = []
    unresolved: Strings = []
    for argument in node.arguments:
        kind = argument.__class__
        if kind is Named:
            value = argument.value  # type: ignore[attr-defined]
            name = argument.name  # type: ignore[attr-defined]
            found.append(Argument(name, None, True) if value is None else Argument(name, machine.evaluate(value)))
        elif kind is Splat:
            splatted = machine.variable(argument.name)  # type: ignore[attr-defined]
            if isinstance(splatted, dict):
                machine.budget.spend(1 + min(len(splatted), MAX_NAME))
                found += [Argument(key, item) for key, item in islice(splatted.items(), MAX_NAME)]
            elif isinstance(splatted, list):
                machine.budget.pay_items(len(splatted))
                machine.budget.spend(min(len(splatted), MAX_NAME) >> 1)
                found += [Argument("", item) for item in splatted[:MAX_NAME]]
            else:
                unresolved.append(written(argument))
        else:
            found.append(Argument("", machine.evaluate(argument), False, kind is Array))
        if len(found) > 4096:
            break
    for _, value, _, _ in found:
        if isinstance(value, (str, list, bytes)):  # whoever takes it looks at it
            machine.budget.spend(len(value) >> 10)
    return found, unresolved


NODES: Nodes = {
    Pipeline: _pipeline,
    Command: _bare_command,
}
