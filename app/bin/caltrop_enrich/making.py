"""Commands that make values of values, as far as scripts compute with them."""

from __future__ import annotations

from typing import Dict, List, Optional

from . import objects, tables
from .handlers import bound_to, registry
from .limits import MAX_ITEMS, MAX_PLAIN
from .machine import Invocation, Machine
from .members import make
from .syntax import Binary, Postfix, Text
from .values import (
    Closure,
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

COMMANDS, command = registry()

_LONGEST_NAME = 256  # characters of a type's name
_PLAIN_OBJECTS = frozenset(
    ("object", "psobject", "pscustomobject", "management.automation.psobject", "management.automation.pscustomobject")
)


@command("new-object")
def _new_object(machine: Machine, call: Invocation) -> Value:
    bound = bound_to(call, "new-object")
    if bound.get("ComObject") is not None:
        return objects.com_object(machine, text_of(bound["ComObject"]), [], call.source)
    kind = bound.get("TypeName")
    if isinstance(kind, Unread) or kind is None or (isinstance(kind, (str, list)) and len(kind) > _LONGEST_NAME):
        return NotImplemented
    name = kind.name if isinstance(kind, Type) else type_name(text_of(kind))
    machine.budget.decide(name)
    if name in _PLAIN_OBJECTS:
        table = bound.get("Property")
        machine.budget.pay_items(len(table) if isinstance(table, dict) else 0)
        return dict(table) if isinstance(table, dict) else {}
    given = bound.get("ArgumentList")
    arguments = given if isinstance(given, list) else [given] if given is not None else []
    made = objects.wmi_object(machine, name, arguments, call.source)
    if made is NotImplemented:
        made = make(name, arguments, machine.budget, call.source)
    if made is NotImplemented and arguments and isinstance(arguments[0], Unread) and arguments[0].urls:
        return unread(call.source, arguments[0])
    if isinstance(made, Thing) and made.kind == "instance" and isinstance(bound.get("Property"), dict):
        made.data.update(bound["Property"])
    return made


@command("add-member")
def _add_member(machine: Machine, call: Invocation) -> Value:
    bound = bound_to(call, "add-member")
    owners = [bound["InputObject"]] if "InputObject" in bound else list(call.piped or [])
    table = bound.get("NotePropertyMembers")
    name = text_of(bound.get("Name", bound.get("NotePropertyName")))
    machine.budget.decide(name)
    for owner in owners:
        machine.budget.spend()
        if isinstance(owner, dict) and len(owner) < MAX_ITEMS:
            owner.update({name.lower(): bound.get("Value", bound.get("NotePropertyValue"))} if name else {})
            owner.update(table if isinstance(table, dict) else {})
    return collapsed(owners) if "PassThru" in bound else None


@command("sort-object", "get-unique")
def _sort(machine: Machine, call: Invocation) -> Value:
    """The same items: in which order they come is of no use."""
    machine.budget.pay_items(len(call.piped or ()))
    return collapsed(list(call.piped or ())) if call.piped else NotImplemented


@command("convertfrom-json")
def _from_json(machine: Machine, call: Invocation) -> Value:
    text = _piped_text(machine, call, "convertfrom-json")
    made = NotImplemented if isinstance(text, Unread) else tables.of_json(text)
    machine.budget.pay(8 * len(text))
    return made


@command("convertfrom-csv")
def _from_csv(machine: Machine, call: Invocation) -> Value:
    bound = bound_to(call, "convertfrom-csv")
    text = _piped_text(machine, call, "convertfrom-csv")
    machine.budget.pay(8 * len(text))
    if isinstance(text, Unread):
        return NotImplemented
    return tables.of_csv(text, text_of(bound.get("Delimiter"))[:1] or ",", flat_texts(bound.get("Header")))


@command("convertfrom-stringdata")
def _from_lines(machine: Machine, call: Invocation) -> Value:
    text = _piped_text(machine, call, "convertfrom-stringdata")
    machine.budget.pay(8 * len(text))
    return NotImplemented if isinstance(text, Unread) else tables.of_lines(text)


def _piped_text(machine: Machine, call: Invocation, name: str) -> str:
    """What a command is given to take apart: its input, its lines joined."""
    bound = bound_to(call, name)
    given = bound.get("InputObject", bound.get("StringData"))
    items = call.piped if call.piped else items_of(given)
    machine.budget.pay_items(len(items))
    text = joined(items[:MAX_ITEMS], "\n")
    machine.budget.decide(text)
    return text


@command("foreach-object")
def _foreach(machine: Machine, call: Invocation) -> Value:
    blocks: Dict[str, List[Closure]] = {"begin": [], "process": [], "end": []}
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
    """`… | % Value`: of objects that are known by their properties."""
    items = call.piped or []
    machine.budget.decide(name)
    machine.budget.pay_items(len(items))
    if arguments or not items or not all(isinstance(item, dict) and name.lower() in item for item in items):
        return NotImplemented
    return collapsed([item[name.lower()] for item in items])


@command("where-object")
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


@command("write-output")
def _write_output(machine: Machine, call: Invocation) -> Value:
    machine.budget.pay_items(sum(len(items_of(value)) for _, value, _, _ in call.arguments) + len(call.piped or ()))
    if call.arguments:
        return collapsed([item for _, value, bare, _ in call.arguments if not bare for item in items_of(value)])
    return collapsed(list(call.piped or []))


@command("out-string")
def _out_string(machine: Machine, call: Invocation) -> Value:
    items = call.piped if call.piped is not None else [value for _, value, bare, _ in call.arguments if not bare]
    machine.budget.pay_items(len(items))
    return joined(items, "\r\n")


@command("select-object")
def _select(machine: Machine, call: Invocation) -> Value:
    bound = bound_to(call, "select-object")
    items = list(call.piped or [])
    machine.budget.pay_items(len(items))
    if bound.get("ExpandProperty") is not None or bound.get("Property") is not None:
        name = text_of(bound.get("ExpandProperty") or bound.get("Property")).lower()
        if name in ("value", "name") and items and all(isinstance(i, Thing) and i.kind == "variable" for i in items):
            return collapsed([item.data[1 if name == "value" else 0] for item in items])
        if all(isinstance(item, Thing) and item.kind == "match" for item in items) and name == "value":
            return collapsed([item.data[0] for item in items])
        if items and all(isinstance(item, dict) and name in item for item in items) and "ExpandProperty" in bound:
            return collapsed([item[name] for item in items])
        return NotImplemented if not items or any(isinstance(i, (Unread, Thing)) for i in items) else collapsed(items)
    skip, first, last = (integer_of(bound.get(name)) for name in ("Skip", "First", "Last"))
    items = items[skip or 0 :]
    if bound.get("First") is not None:
        items = items[: max(first or 0, 0)]
    if bound.get("Last") is not None:
        items = items[-(last or 0) :] if last else []
    return collapsed(items)


@command("out-null")
def _out_null(machine: Machine, call: Invocation) -> Value:
    return None


@command("set-clipboard", "clip", "clip.exe")
def _clip(machine: Machine, call: Invocation) -> Value:
    machine.lines.clipboard = joined(
        (call.piped or [])[:MAX_PLAIN] or [value for _, value, bare, _ in call.arguments if not bare], "\r\n"
    )
    return None


@command("get-clipboard")
def _clipboard(machine: Machine, call: Invocation) -> Value:
    return machine.lines.clipboard or NotImplemented
