"""Members, methods and indexes of values: whose they are, and where nothing is known of them."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Optional

from . import members, objects, operators
from .limits import MAX_ITEMS, MAX_NAME, MAX_VALUE, MAX_VALUES
from .machine import Argument, Machine, Nodes
from .records import said
from .syntax import Access, Node, Postfix, Text
from .values import Closure, Thing, Type, Unread, Value, collapsed, items_of, text_of, truth_of, unread

_PLAIN_NAME = re.compile(r"\$\w+$")  # `$object.$property( … )`
_LISTS = frozenset(("foreach", "where"))


def member_name(machine: Machine, node: Node) -> str:
    """The name of a member, spelled or computed."""
    if isinstance(node, Text):
        return node.value
    value = machine.evaluate(node)
    if isinstance(value, Thing) and value.kind == "command":
        value = value.data
    if isinstance(value, (list, bytes)):
        machine.budget.spend(min(len(value), MAX_VALUES) >> 1)
    text = text_of(value)
    machine.budget.decide(text)
    return text


def _postfix(machine: Machine, node: Postfix) -> Value:
    value = machine.evaluate(node.base)
    skipped = False
    for place, access in enumerate(node.accesses):
        machine.budget.spend()
        if skipped:
            skipped = False
            continue
        arguments: Optional[List[Value]] = None
        if access.arguments is not None:
            arguments = [machine.evaluate(argument) for argument in access.arguments]
        following = node.accesses[place + 1] if place + 1 < len(node.accesses) else None
        if arguments is None and following is not None and _invokes(following):
            invoked = _accessed(machine, node, access, value, list(map(machine.evaluate, following.arguments or ())))
            if invoked is not NotImplemented:  # `.Replace.Invoke( … )`
                value, skipped = invoked, True
                continue
        made = _accessed(machine, node, access, value, arguments)
        if made is NotImplemented:
            value = unread(node.text[node.start : min(access.end, node.start + MAX_VALUE)], value, *(arguments or ()))
        else:
            value = made
    return value


def _invokes(access: Access) -> bool:
    return access.arguments is not None and isinstance(access.name, Text) and access.name.value.lower() == "invoke"


def _accessed(machine: Machine, node: Postfix, access: Access, value: Value, arguments: Optional[List[Value]]) -> Value:
    if access.name is None:
        if not arguments:
            return NotImplemented
        if isinstance(value, Thing) and value.kind in ("wmi", "com", "session"):
            return value
        return members.indexed(value, arguments[0], machine.budget)
    named = member_name(machine, access.name)
    if len(named) > MAX_NAME:
        machine.budget.spend(len(named) >> 10)
        return NotImplemented
    if arguments is not None and isinstance(named, Unread) and not _PLAIN_NAME.match(named):
        machine.note(said(f".{named}"[:MAX_VALUE]))
    name = named.lower()
    source = node.text[node.start : min(access.end, node.start + MAX_VALUE)]
    if access.static or isinstance(value, Type):
        if not isinstance(value, Type):
            return _member(machine, value, name, arguments, source) if not isinstance(value, Unread) else NotImplemented
        made = objects.of_static(machine, value, name, arguments, source)
        return made if made is not NotImplemented else members.of_type(value, name, arguments, machine.budget)
    return _member(machine, value, name, arguments, source)


def _member(machine: Machine, value: Value, name: str, arguments: Optional[List[Value]], source: str) -> Value:
    if isinstance(value, Unread):
        for argument in arguments or ():
            if isinstance(argument, Closure):
                machine.read_closure(argument)
        if name in ("downloadstring", "downloaddata", "openread", "downloadfile") and arguments:
            return objects.fetched(machine, text_of(arguments[0]), source)
        return NotImplemented
    if isinstance(value, Thing):
        return _of_thing(machine, value, name, arguments, source)
    if name == "gettype" or (name == "invoke" and isinstance(value, str)):
        return NotImplemented
    if isinstance(value, Closure):
        if name in ("invoke", "invokereturnasis", "invokewithcontext") and arguments is not None:
            return collapsed(machine.run_closure(value, [Argument("", argument) for argument in arguments]))
        if name in ("tostring", "ast", "getnewclosure"):
            return value if name == "getnewclosure" else text_of(value)
        return NotImplemented
    if isinstance(value, dict):
        return _of_table(machine, value, name, arguments)
    if isinstance(value, (list, bytes)):
        return _of_items(machine, value, name, arguments, source)
    if isinstance(value, str):
        return members.of_text(value, name, arguments, machine.budget)
    if name == "tostring" and arguments is not None:
        if arguments and isinstance(arguments[0], str):
            return operators.formatted("{0:" + arguments[0][:32] + "}", [value], machine.budget)
        return text_of(value)
    if isinstance(value, Type) and name in ("fullname", "name"):
        return value.name
    return 1 if name in ("length", "count") and arguments is None and value is not None else NotImplemented


def _of_thing(machine: Machine, thing: Thing, name: str, arguments: Optional[List[Value]], source: str) -> Value:
    if thing.kind == "signature" and name == "invoke" and arguments is not None:
        owner, method = thing.data
        return _member(machine, owner, method, arguments, source)
    if thing.kind == "builder":
        return members.of_builder(thing, name, arguments, machine.budget)
    made = objects.of_object(machine, thing, name, arguments, source)
    if made is NotImplemented:
        made = members.of_thing(thing, name, arguments, machine.budget)
    if made is NotImplemented and thing.kind == "command" and name == "invoke" and arguments is not None:
        return NotImplemented
    return made


def _of_table(machine: Machine, table: Dict[str, Value], name: str, arguments: Optional[List[Value]]) -> Value:
    if arguments is None:
        if name in table:
            return table[name]
        if name in ("keys", "values", "count"):
            machine.budget.pay(len(table))
            return list(table) if name == "keys" else list(table.values()) if name == "values" else len(table)
        return NotImplemented
    if name == "clone":
        machine.budget.pay(8 * len(table))
        return dict(table)
    if name == "remove" and arguments:
        key = text_of(arguments[0])
        machine.budget.decide(key)
        table.pop(key.lower(), None)
        return None
    if name == "add" and len(arguments) > 1 and len(table) < MAX_ITEMS:
        key = text_of(arguments[0])
        machine.budget.decide(key)
        table[key.lower()] = arguments[1] if len(arguments) == 2 else arguments[1:]
        return None
    if name == "getenumerator":
        machine.budget.pay(8 * len(table))
        return [{"key": key, "name": key, "value": value} for key, value in table.items()]
    if name in ("get_item", "item") and arguments:
        return members.indexed(table, arguments[0], machine.budget)
    if name in ("containskey", "contains") and arguments:
        key = text_of(arguments[0])
        machine.budget.decide(key)
        return key.lower() in table
    return NotImplemented


def _of_items(machine: Machine, items: Any, name: str, arguments: Optional[List[Value]], source: str) -> Value:
    if name in _LISTS and arguments and isinstance(arguments[0], Closure):
        found: List[Value] = []
        for item in list(items):
            machine.set_variable("_", item)
            machine.set_variable("psitem", item)
            given = machine.run_closure(arguments[0], [])
            if name == "foreach":
                found += given
            elif truth_of(collapsed(given)) is not False:
                found.append(item)
        return found
    if isinstance(items, bytes):
        if name in ("length", "count") and arguments is None:
            return len(items)
        items = list(items[:MAX_ITEMS])
        machine.budget.pay(len(items))
    made = members.of_list(items, name, arguments, machine.budget)
    if made is not NotImplemented:
        return made
    each: List[Value] = []
    for item in items:
        machine.budget.spend(3)
        one = _member(machine, item, name, arguments, source)
        if one is NotImplemented:
            return NotImplemented
        each += items_of(one)
    return each


NODES: Nodes = {
    Postfix: _postfix,
}
