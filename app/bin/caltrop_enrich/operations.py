"""Operators and casts over values that are known, or not."""

from __future__ import annotations

from typing import List

from . import members, objects, operators
from .limits import MAX_STRING
from .machine import Machine, Nodes
from .syntax import Binary, Node, Prefix
from .values import (
    Char,
    Closure,
    Type,
    Unread,
    Value,
    items_of,
    joined,
    number_of,
    text_of,
    truth_of,
    type_name,
    written,
)

_MADE = frozenset(  # types that a cast makes an object of
    [
        "io.memorystream",
        "io.compression.deflatestream",
        "io.compression.gzipstream",
        "io.streamreader",
        "net.webclient",
        "collections.hashtable",
    ]
)
_MATCHING = frozenset(("match", "imatch", "cmatch"))


def decide(machine: Machine, value: Value) -> None:
    """The reading goes by a value: see `Budget.decide`."""
    for item in items_of(value)[:2] if not isinstance(value, str) else [value]:
        if isinstance(item, str):
            machine.budget.decide(item)


def _prefix(machine: Machine, node: Prefix) -> Value:
    operand = node.operand
    if node.operators[-1] == "[ordered":
        return machine.evaluate(operand)
    value = machine.evaluate(operand)
    for operator in reversed(node.operators):
        machine.budget.spend()
        made = _prefixed(machine, operator, value, node)
        value = written(node, value) if made is NotImplemented else made
    return value


def _prefixed(machine: Machine, operator: str, value: Value, node: Node) -> Value:
    if operator[0] == "[":
        return cast(machine, operator[1:], value, written(node))
    if operator == "join":
        return operators.join(value, "", machine.budget)
    if operator in ("split", "csplit", "isplit"):
        if isinstance(value, Unread):
            return NotImplemented
        made = operators.split(value, "[\\s]+", machine.budget) if isinstance(value, str) else NotImplemented
        return [piece for piece in items_of(made) if piece != ""] if made is not NotImplemented else made
    if operator == "not":
        decide(machine, value)
        truth = truth_of(value)
        return NotImplemented if truth is None else not truth
    if isinstance(value, str):
        machine.budget.decide(value)
    number = number_of(value)
    if number is None or isinstance(value, list):
        return NotImplemented
    if operator == "bnot":
        return ~int(number) if isinstance(number, int) else NotImplemented
    return -number if operator == "-" else number


def cast(machine: Machine, name: str, value: Value, source: str) -> Value:
    """`[name]value`; NotImplemented where what comes of it is not known."""
    kind = type_name(name)
    if kind in objects.WMI_TYPES:
        return objects.wmi_object(machine, kind, value, source)
    if kind in ("scriptblock", "management.automation.scriptblock"):
        return machine.parsed(value, source)
    if kind in _MADE:
        return members.make(kind, [value], machine.budget, source) if value is not None else {}
    if kind == "string" and isinstance(value, (list, bytes)):
        machine.budget.spend(len(value) >> 2)
        text = joined(value, text_of(machine.scopes[0].get("ofs", " ")))
        machine.budget.pay(len(text))
        return text
    return operators.cast(kind, value, machine.budget)


def _binary(machine: Machine, node: Binary) -> Value:
    value = machine.evaluate(node.first)
    rest = node.rest
    if rest[0][0] == "+" and isinstance(value, str) and not isinstance(value, (Char, Unread)) and len(rest) > 2:
        return _sum(machine, value, node)
    for operator, operand in rest:
        other = machine.evaluate(operand)
        made = operated(machine, operator, value, other, node)
        value = written(node, value, other) if made is NotImplemented else made
    return value


def _sum(machine: Machine, first: str, node: Binary) -> Value:
    """A long sum of texts, joined at once."""
    parts: List[str] = [first]
    size = len(first)
    summed = 0
    for operator, operand in node.rest:
        if operator != "+" or size > MAX_STRING:
            break
        other = machine.evaluate(operand)
        if other is NotImplemented:
            other = written(operand)
        text = text_of(other)
        parts.append(text)
        size += len(text)
        summed += 1
    value: Value = joined(parts, "")
    machine.budget.pay(len(value))
    for operator, operand in node.rest[summed:]:
        other = machine.evaluate(operand)
        made = operated(machine, operator, value, other, node)
        value = written(node, value, other) if made is NotImplemented else made
    return value


def operated(machine: Machine, operator: str, left: Value, right: Value, node: Node) -> Value:
    """`left operator right`; NotImplemented where what comes of it is not known."""
    operate = operators.BINARY.get(operator)
    for side in (left, right):
        if isinstance(side, str):
            machine.budget.spend(len(side) >> 10)
    if operate is not None:
        if operator == "as" and isinstance(right, str) and not isinstance(right, Unread):
            machine.budget.decide(right)
            right = Type(right)
        if operator == "as" and isinstance(right, Type) and (right.name in objects.WMI_TYPES or right.name in _MADE):
            return cast(machine, right.name, left, written(node))
        if operator == "split" and isinstance(right, Closure):
            machine.read_closure(right)
            return NotImplemented
        return operate(left, right, machine.budget)
    if operator in ("and", "or", "xor"):
        decide(machine, left)
        decide(machine, right)
        one, other = truth_of(left), truth_of(right)
        if operator == "and" and (one is False or other is False):
            return False
        if operator == "or" and (one is True or other is True):
            return True
        if one is None or other is None:
            return NotImplemented
        return (one and other) if operator == "and" else (one or other) if operator == "or" else one != other
    if operator in ("is", "isnot"):
        return NotImplemented
    made = operators.compare(operator, left, right, machine.budget)
    if made is True and operator in _MATCHING and isinstance(left, str):
        found = operators.matches(text_of(right), operator[0] == "c", left, machine.budget)
        if found is not NotImplemented:
            machine.set_variable("matches", found)
    return made


NODES: Nodes = {
    Prefix: _prefix,
    Binary: _binary,
}
