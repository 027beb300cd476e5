"""What stands for a value by itself: texts, numbers, variables, arrays, hashtables, blocks, brackets."""

from __future__ import annotations

from typing import Dict, List

from .constants import COUNTS, VARIABLES
from .limits import MAX_ITEMS, MAX_VALUE
from .machine import Machine, Nodes
from .syntax import Array, Assign, Block, Expand, Group, Node, Number, Prefix, Step, Table, Text, TypeName, Variable
from .values import Thing, Type, Unread, Value, collapsed, joined, text_of, written

_CONSTANTS: Dict[str, Value] = {"true": True, "false": False, "null": None, **VARIABLES, **COUNTS}
_ENGINE = "executioncontext"


def _text(machine: Machine, node: Text) -> Value:
    value = node.value
    machine.literals.add(id(value))
    return value


def _number(machine: Machine, node: Number) -> Value:
    return node.value


def _expand(machine: Machine, node: Expand) -> Value:
    parts: List[Value] = []
    separator = machine.scopes[0].get("ofs", " ")
    for part in node.parts:
        if isinstance(part, str):
            parts.append(part)
            continue
        value = machine.evaluate(part)
        if isinstance(value, (list, bytes)):
            machine.budget.spend(len(value) >> 1)
            value = joined(value, text_of(separator))
        elif value is NotImplemented:
            value = written(part)
        parts.append(text_of(value))
    whole = joined(parts, "")
    machine.budget.pay(len(whole))
    return whole


def variable_value(machine: Machine, node: Variable) -> Value:
    """What a variable is: set by the script, or known of every shell; else as it is written."""
    name = node.name
    if not node.scope:
        for scope in reversed(machine.scopes):
            if name in scope:
                return scope[name]
        if name in _CONSTANTS:
            return _CONSTANTS[name]
        if name == _ENGINE:
            return Thing("engine", None, written(node))
        if name == "?":
            return True
    elif node.scope == "env":
        found = machine.environment.get(name)
        if found is not None:
            return found
    elif node.scope == "function" and (function := machine.function(name)):
        return machine.closure(function.block)
    return written(node)


def _type(machine: Machine, node: TypeName) -> Value:
    return Type(node.name)


def _array(machine: Machine, node: Array) -> Value:
    items: List[Value] = [machine.evaluate(item) for item in node.items]
    machine.budget.pay_items(len(items))
    return items


def _table(machine: Machine, node: Table) -> Value:
    table: Dict[str, Value] = {}
    for key, value in node.entries:
        name = text_of(machine.evaluate(key))
        machine.budget.decide(name)
        if len(table) < MAX_ITEMS:
            table[name.lower()] = machine.evaluate(value)
    return table


def _block(machine: Machine, node: Block) -> Value:
    return machine.closure(node)


def _group(machine: Machine, node: Group) -> Value:
    results: List[Value] = []
    statements = node.statements
    if len(statements) == 1:
        only = statements[0]
        if node.opener != "@(":
            value = machine.evaluate(only)
            if isinstance(only, Assign) and node.opener == "(":
                value = machine.evaluate(only.target.operand if isinstance(only.target, Prefix) else only.target)
            elif isinstance(only, Step) and node.opener == "(" and not only.before:
                value = machine.stepped
            if (
                isinstance(value, Unread)
                and not isinstance(only, (Variable, Text, Expand, Group))
                and _as_written(only, value)
            ):
                return written(node, value)
            return value
    for statement in statements:
        value = machine.evaluate(statement)
        if isinstance(value, list):
            results += value
        elif value is not None:
            results.append(value)
    machine.budget.pay_items(len(results))
    return results if node.opener == "@(" else collapsed(results)


def _as_written(node: Node, value: Unread) -> bool:
    return len(value) == min(node.end - node.start, MAX_VALUE) or value == node.text[node.start : node.end]


NODES: Nodes = {
    Text: _text,
    Number: _number,
    Expand: _expand,
    Variable: variable_value,
    TypeName: _type,
    Array: _array,
    Table: _table,
    Block: _block,
    Group: _group,
}
