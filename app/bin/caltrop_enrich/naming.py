"""Commands over names: variables, aliases, items of drives, commands."""

from __future__ import annotations

from typing import List

from . import patterns
from .cmdlets import BY_NAME
from .constants import ALIASES, COMMAND_NAMES, COUNTS, ENVIRONMENT_NAMES, VARIABLE_NAMES, VARIABLES
from .handlers import bound_to, registry
from .limits import MAX_VALUES
from .machine import Invocation, Machine
from .values import Closure, Thing, Unread, Value, collapsed, flat_texts, text_of

COMMANDS, command = registry()

_LONGEST_NAME = 256  # characters of a variable's or an alias's name that is looked for


@command("set-variable", "new-variable")
def _set_variable(machine: Machine, call: Invocation) -> Value:
    bound = bound_to(call, "set-variable")
    value = bound["Value"] if "Value" in bound else collapsed(list(call.piped or []))
    for name in flat_texts(bound.get("Name")):
        machine.budget.decide(name)
        machine.set_variable(name.lower(), value)
    return Thing("variable", (text_of(bound.get("Name")), value), call.source) if "PassThru" in bound else None


@command("get-variable")
def _get_variable(machine: Machine, call: Invocation) -> Value:
    bound = bound_to(call, "get-variable")
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


@command("get-item", "get-childitem", "get-itemproperty", "get-content")
def _get_item(machine: Machine, call: Invocation) -> Value:
    bound = bound_to(call, "get-item")
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


@command("set-item", "new-item")
def _set_item(machine: Machine, call: Invocation) -> Value:
    bound = bound_to(call, call.name)
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


@command("set-alias", "new-alias")
def _set_alias(machine: Machine, call: Invocation) -> Value:
    bound = bound_to(call, "set-alias")
    name, value = text_of(bound.get("Name")), text_of(bound.get("Value"))
    machine.budget.spend(4 + (len(name) + len(value) >> 8))
    machine.budget.decide(name)
    machine.budget.decide(value)
    if len(machine.aliases) < 1024:
        machine.aliases[name.lower()] = value.lower()
    return None


@command("get-command")
def _get_command(machine: Machine, call: Invocation) -> Value:
    bound = bound_to(call, "get-command")
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


@command("get-alias")
def _get_alias(machine: Machine, call: Invocation) -> Value:
    bound = bound_to(call, "get-alias")
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


@command("convertto-securestring")
def _secure(machine: Machine, call: Invocation) -> Value:
    return NotImplemented
