"""Branches and loops: where a condition is not known each branch is read, and what is not taken changes nothing."""

from __future__ import annotations

from typing import Dict, List, Optional

from . import operators
from .limits import MAX_VALUES
from .machine import Machine, Nodes
from .operations import decide
from .syntax import ForEach, Function, Group, If, Jump, Loop, Node, Number, Switch, Text, Try, Variable
from .values import Closure, Unread, Value, collapsed, items_of, truth_of

_MAX_TURNS = 50_000


class Break(Exception):
    """`break` in a loop that is run."""


class Continue(Exception):
    """`continue` in a loop that is run."""


class Return(Exception):
    """`return` in a function that is called with arguments, with its values."""

    def __init__(self, values: List[Value]) -> None:
        super().__init__()
        self.values = values


def _if(machine: Machine, node: If) -> Value:
    results: List[Value] = []
    settled = False
    for condition, body in node.clauses:
        truth: Optional[bool] = True
        if condition is not None:
            value = machine.evaluate(condition)
            decide(machine, value)
            truth = truth_of(value)
        if settled:
            truth = False
        if machine.looping:
            if truth:
                results += machine.run(body)
                break
            if truth is False:
                continue
        results += _branch(machine, body, truth is False)
        settled = settled or truth is True
    return collapsed(results)


def _branch(machine: Machine, body: List[Node], dead: bool) -> List[Value]:
    """Read a branch that may not be taken: it ends nothing, and where it is not taken it changes nothing."""
    kept: Optional[List[Dict[str, Value]]] = None
    if dead:
        machine.budget.spend(1 + sum(map(len, machine.scopes)) // 16)
        kept = [dict(scope) for scope in machine.scopes]
    try:
        found = machine.run(body)
    except (Break, Continue):
        found = []
    except Return as returned:
        found = returned.values
    if kept is not None:
        machine.scopes[:] = kept
        return []
    return found


def _loop(machine: Machine, node: Loop) -> Value:
    if node.first is not None:
        machine.evaluate(node.first)
    results: List[Value] = []
    turns = 0
    allowed = machine.budget.steps - machine.budget.steps // 2
    floor = machine.budget.steps - allowed
    late = node.late
    machine.looping += 1
    try:
        while turns < _MAX_TURNS:
            if not late and node.condition is not None:
                value = machine.evaluate(node.condition)
                decide(machine, value)
                truth = truth_of(value)
                truth = not truth if node.until and truth is not None else truth
                constant = _constant(node.condition)
                if truth is False and (turns or not constant):
                    if not turns:  # never entered, but read
                        _branch(machine, node.body, True)
                    break
                if (truth is None or constant) and turns:
                    break
            elif not late and turns:
                break
            late = False
            turns += 1
            machine.budget.spend()
            try:
                results += machine.run(node.body)
            except Break:
                break
            except Continue:
                pass
            if node.step is not None:
                machine.evaluate(node.step)
            if machine.budget.steps < floor:
                machine.error = machine.error or "script takes too many steps to evaluate"
                break
    finally:
        machine.looping -= 1
    machine.budget.pay(len(results))
    return collapsed(results)


def _constant(node: Node) -> bool:
    """Whether a condition is always the same: `while ($true)`, `while (1)`."""
    while isinstance(node, Group) and len(node.statements) == 1:
        node = node.statements[0]
    return isinstance(node, (Number, Text)) or (isinstance(node, Variable) and node.name in ("true", "false", "null"))


def _foreach(machine: Machine, node: ForEach) -> Value:
    items = machine.evaluate(node.items)
    results: List[Value] = []
    floor = machine.budget.steps // 2
    if isinstance(items, Unread) and not items.urls:
        machine.scopes[-1].pop(node.name, None)
        return collapsed(_turn(machine, node.body))
    if isinstance(items, str) and not isinstance(items, Unread):
        items = [items]
    known = items_of(items)
    if not known:
        return collapsed(_branch(machine, node.body, True))
    machine.looping += 1
    try:
        for item in known:
            machine.budget.spend()
            machine.scopes[-1][node.name] = item
            try:
                results += machine.run(node.body)
            except Break:
                break
            except Continue:
                continue
            if machine.budget.steps < floor:
                machine.error = machine.error or "script takes too many steps to evaluate"
                break
    finally:
        machine.looping -= 1
    return collapsed(results)


def _turn(machine: Machine, body: List[Node]) -> List[Value]:
    try:
        return machine.run(body)
    except (Break, Continue):
        return []


def _switch(machine: Machine, node: Switch) -> Value:
    subject = machine.evaluate(node.subject)
    results: List[Value] = []
    for item in (items_of(subject) or [None])[:MAX_VALUES]:
        machine.budget.spend(4)
        decide(machine, item)
        matched = False
        for condition, body in node.clauses:
            equal: Value = None
            if condition is None:
                equal = not matched
            else:
                case = machine.evaluate(condition)
                if not isinstance(case, Closure):
                    compared = operators.compare("eq", item, case, machine.budget)
                    equal = None if compared is NotImplemented else bool(compared)
            matched = matched or bool(equal)
            if machine.looping and equal is not None:
                if equal:
                    try:
                        results += machine.run(body)
                    except Break:
                        break
                continue
            results += _branch(machine, body, equal is False)
    return collapsed(results)


def _try(machine: Machine, node: Try) -> Value:
    results: List[Value] = []
    for catches, body in node.bodies:
        results += _branch(machine, body, True) if catches else machine.run(body)
    return collapsed(results)


def _function(machine: Machine, node: Function) -> Value:
    machine.declare(node)
    return None


def _jump(machine: Machine, node: Jump) -> Value:
    value = machine.evaluate(node.value) if node.value is not None and node.word not in ("break", "continue") else None
    if node.word == "return":
        if machine.calling and machine.looping:
            raise Return(items_of(value))
        return value
    if machine.looping and node.word == "break":
        raise Break
    if machine.looping and node.word == "continue":
        raise Continue
    return None


NODES: Nodes = {
    If: _if,
    Loop: _loop,
    ForEach: _foreach,
    Switch: _switch,
    Try: _try,
    Function: _function,
    Jump: _jump,
}
