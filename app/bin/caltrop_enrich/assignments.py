"""Assignments to variables, elements and properties; `++` and `--`."""

from __future__ import annotations

import sys

from .accesses import member_name
from .limits import MAX_ITEMS
from .machine import Machine, Nodes
from .operations import cast, operated
from .primaries import variable_value
from .symbols import symbolic
from .syntax import Array, Assign, Command, Node, Postfix, Prefix, Step, Variable
from .values import Closure, Thing, Unread, Value, integer_of, items_of, number_of, text_of, written

_OWN = 3  # references to an array that one variable alone holds, while it is looked at


def _assign(machine: Machine, node: Assign) -> Value:
    value = machine.evaluate(node.value)
    if (
        isinstance(node.value, Command)
        and isinstance(value, Unread)
        and not value.urls
        and not isinstance(node.target, Postfix)
    ):
        value = NotImplemented  # a command's output: the variable is not known
    store(machine, node.target, value, node.operator)
    return None


def store(machine: Machine, target: Node, value: Value, operator: str = "=") -> None:
    """Set what stands left of an assignment; a value that is not known (NotImplemented) unsets variables."""
    if isinstance(target, Prefix):
        if value is not NotImplemented:
            for kind in reversed(target.operators):
                if kind[:1] == "[":
                    made = cast(machine, kind[1:], value, written(target))
                    value = value if made is NotImplemented else made
        target = target.operand
    if isinstance(target, Array):
        if isinstance(value, (list, bytes)):
            machine.budget.pay_items(len(value))
        items = items_of(value) if value is not NotImplemented else []
        for place, one in enumerate(target.items):
            last = place == len(target.items) - 1
            rest: Value = (
                items[place:]
                if last and len(items) > len(target.items)
                else items[place]
                if place < len(items)
                else None
            )
            store(machine, one, NotImplemented if value is NotImplemented else rest)
        return
    if isinstance(target, Postfix):
        _store_into(machine, target, value, operator)
        return
    if not isinstance(target, Variable):
        return
    name = target.name
    if symbolic(name):
        machine.symbols[name] = None
    if operator != "=" and value is not NotImplemented:
        before = variable_value(machine, target)
        if operator == "+=" and isinstance(before, list) and sys.getrefcount(before) <= _OWN:
            more = value if isinstance(value, (list, bytes)) else [value]
            machine.budget.pay_items(len(more))
            before.extend(more if more is not before else list(more))  # nobody else holds the array
            del before[MAX_ITEMS:]
            return
        if isinstance(before, Unread) and not before.urls and name not in machine.scope_of(name):
            before = None if operator == "+=" else NotImplemented
        value = operated(machine, operator[:-1], before, value, target)
    if target.scope == "env":
        machine.environment[name] = written(target) if value is NotImplemented else text_of(value)
        return
    if target.scope == "function" and isinstance(value, Closure):
        machine.define(name, value)
        return
    scope = machine.scope_of(name) if operator != "=" else machine.scopes[-1]
    if target.text[target.start : target.start + 8].lower() in ("$global:", "$script:"):
        scope = machine.scopes[0]
    if value is NotImplemented:
        for owner in machine.scopes:
            owner.pop(name, None)
    else:
        scope[name] = value


def _store_into(machine: Machine, target: Postfix, value: Value, operator: str) -> None:
    """`$x.Key = …`, `$x['Key'] = …`, `$x[3] = …`."""
    access = target.accesses[-1]
    base: Node = target.base
    if len(target.accesses) > 1:
        before = target.accesses[-2]
        base = Postfix(target.text, target.start, before.end, target.base, target.accesses[:-1])
    owner = machine.evaluate(base)
    if access.name is not None:
        key: Value = member_name(machine, access.name)
    else:
        key = machine.evaluate(access.arguments[0]) if access.arguments else None
    if value is NotImplemented:
        value = written(target)
    if isinstance(owner, Thing) and owner.kind == "instance":
        owner = owner.data
    if isinstance(owner, dict):
        name = text_of(key)
        machine.budget.decide(name)
        if operator != "=":
            value = operated(machine, operator[:-1], owner.get(name.lower()), value, target)
            value = written(target) if value is NotImplemented else value
        if len(owner) < MAX_ITEMS:
            owner[name.lower()] = value
    elif isinstance(owner, (list, bytes)):
        place = integer_of(key)
        if place is None or not -len(owner) <= place < len(owner):
            return
        if isinstance(owner, bytes):
            owner = list(owner)
            machine.budget.pay(len(owner))
            if isinstance(base, Variable):
                machine.scope_of(base.name)[base.name] = owner
        if operator != "=":
            value = operated(machine, operator[:-1], owner[place], value, target)
        owner[place] = written(target) if value is NotImplemented else value


def _step(machine: Machine, node: Step) -> Value:
    target = node.target.operand if isinstance(node.target, Prefix) else node.target
    before = machine.evaluate(target)
    if isinstance(before, Unread):
        before = 0 if isinstance(target, Variable) and target.name not in machine.scope_of(target.name) else before
    number = number_of(before)
    if isinstance(before, str) and not isinstance(before, Unread):
        machine.budget.decide(before)
    if number is None or (isinstance(before, list)):
        return written(node)
    store(machine, target, number + node.by)
    machine.stepped = number
    return number + node.by if node.before else None


NODES: Nodes = {
    Assign: _assign,
    Step: _step,
}
