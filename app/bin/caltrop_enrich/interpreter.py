"""A script's tree -> what each statement would do, read in order. Nothing is executed.

An abstract evaluation: values are computed where they are known, by an allow list of operations that each pay for steps and
characters; everything else is Unread, the text that was written. Where a condition is not known both branches are read. Blocks and
functions that nothing runs are read once at the end, so that no call hides in them.
"""

from __future__ import annotations

import re
import sys
from itertools import islice
from typing import Any, Callable, Dict, List, Optional, Set, Tuple

from . import members, objects, operators
from .cmdlets import BY_NAME
from .commandlines import Reader, is_program, program_name
from .commands import COMMANDS, SILENT, native, wmi
from .constants import ALIASES, COUNTS, ENVIRONMENT, VARIABLES
from .limits import MAX_CALL_DEPTH, MAX_INVOCATIONS, MAX_ITEMS, MAX_STRING, MAX_TEXT, MAX_VALUE, MAX_VALUES
from .machine import Argument, Invocation
from .parser import Parsed, parse
from .records import Call, Reading, said
from .symbols import described, letterless, symbolic
from .syntax import (
    Access,
    Array,
    Assign,
    Binary,
    Block,
    Command,
    Expand,
    ForEach,
    Function,
    Group,
    If,
    Jump,
    Loop,
    Named,
    Node,
    Number,
    Pipeline,
    Postfix,
    Prefix,
    Splat,
    Step,
    Switch,
    Table,
    Text,
    Try,
    TypeName,
    Variable,
)
from .values import (
    Budget,
    Char,
    Closure,
    Strings,
    Thing,
    Type,
    Unread,
    Value,
    WorkExceeded,
    collapsed,
    integer_of,
    items_of,
    joined,
    number_of,
    text_of,
    truth_of,
    type_name,
    unread,
)

_MAX_LEVEL = 110  # nesting of evaluation, over blocks and functions; each takes about four frames
_MAX_TURNS = 50_000
_LONGEST_NAME = 1024
# `. $here\lib.ps1` is known by its name.
_FILE = re.compile(r"\.(?:ps[md]?1|exe|com|cmd|bat|vbs|js|msi)$", re.IGNORECASE)
_PLAIN_NAME = re.compile(r"\$\w+$")  # `$object.$property( … )`
_OWN = 3  # references to an array that one variable alone holds, while it is looked at
_CONSTANTS: Dict[str, Value] = {"true": True, "false": False, "null": None, **VARIABLES, **COUNTS}
_ENGINE = frozenset(("executioncontext",))
_MADE = frozenset(
    [
        "io.memorystream",
        "io.compression.deflatestream",
        "io.compression.gzipstream",
        "io.streamreader",
        "net.webclient",
        "collections.hashtable",
    ]
)
_LISTS = frozenset(("foreach", "where"))


class _Break(Exception):
    pass


class _Continue(Exception):
    pass


class _Return(Exception):
    def __init__(self, values: List[Value]) -> None:
        super().__init__()
        self.values = values


def read_script(text: str, budget: Budget) -> Reading:
    """Read a script. What was found before the budget ran out is kept."""
    parsed, budget.nodes = parse(text, budget.nodes)
    return walk(parsed, budget)


def walk(parsed: Parsed, budget: Budget) -> Reading:
    """Read a script that is parsed."""
    interpreter = Interpreter(budget)
    error = parsed.error
    try:
        interpreter.run(parsed.statements)
        interpreter.read_rest()
    except WorkExceeded:
        error = error or "script takes too many steps to evaluate"
    except (_Break, _Continue, _Return):
        error = error or ""
    lines = interpreter.lines
    if interpreter.symbols and not (interpreter.calls or lines.calls or lines.scripts or interpreter.remote_lines):
        interpreter.note(said(described(interpreter.symbols)))
    return Reading(
        [*interpreter.calls, *lines.calls],
        lines.scripts,
        interpreter.remote_lines,
        interpreter.payloads + [payload for payload in lines.payloads if payload not in interpreter.payloads],
        error or interpreter.error,
    )


class Interpreter:
    """Reads one script; `calls`, `payloads` and `lines` hold what was found. See `machine.Machine`."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.calls: List[Call] = []
        self.payloads: Strings = []
        self.remote_lines: Strings = []
        self.error = ""
        self.lines = Reader(budget)
        self.literals: Set[int] = set()  # the texts that the script spells, by identity: the tree keeps them alive
        self.trees: List[Parsed] = []
        self.aliases: Dict[str, str] = {}
        self.environment: Dict[str, str] = dict(ENVIRONMENT)
        self.symbols: Dict[str, None] = {}  # variables that are set and have names of special characters
        self.scopes: List[Dict[str, Value]] = [{}]
        self.functions: Dict[str, Function] = {}
        self.unread_blocks: Dict[int, Closure] = {}
        self.unread_functions: Dict[str, Function] = {}
        self.level = 0
        self.calling = 0
        self.looping = 0

    # -- what commands ask for (machine.Machine)

    def note(self, call: Call) -> None:
        """Note a use down."""
        if len(self.calls) < MAX_INVOCATIONS * 4:
            self.calls.append(call)

    def variable(self, name: str) -> Value:
        """The value of a variable; NotImplemented where it has none."""
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        return NotImplemented

    def set_variable(self, name: str, value: Value) -> None:
        """Set a variable of the innermost scope."""
        if name in ("_", "psitem") and isinstance(value, Unread) and not value.urls:
            self.scopes[-1].pop(name, None)
        else:
            self.scopes[-1][name] = value

    def variable_names(self) -> List[str]:
        """The variables that the script has set."""
        return list(self.scopes[0])

    def function_names(self) -> List[str]:
        """The functions that the script has made."""
        return list(self.functions)

    def define(self, name: str, closure: Closure) -> None:
        """Make a function of a block."""
        block = closure.block
        self.functions[name] = Function(block.text, block.start, block.end, name, block)
        self.unread_blocks.pop(id(block), None)
        self.unread_functions[name] = self.functions[name]

    def run_text(self, value: Value, source: str) -> Value:
        """Read a text as a script in this place; what it gives."""
        if isinstance(value, Closure):
            return collapsed(self.run_closure(value, []))
        if isinstance(value, list):
            results: List[Value] = []
            for item in value[:MAX_VALUES]:
                made = self.run_text(item, source)
                results += [] if made is NotImplemented else items_of(made)
            return collapsed(results)
        text = text_of(value)
        if isinstance(text, Unread):
            if text.urls:
                call = Call("")
                call.extra = {"executed_url": list(text.urls)}
                self.note(call)
            else:
                self.note(said(("Invoke-Expression " + text)[:MAX_VALUE]))
            if text == source or not text.strip("$"):
                return NotImplemented
        self.budget.decide(text)
        if self.calling >= MAX_CALL_DEPTH:
            self.note(said(("Invoke-Expression " + text)[:MAX_VALUE]))
            return NotImplemented
        self.budget.spend(20 + (len(text) >> 7))
        if not isinstance(text, Unread):
            self._computed(text)
        parsed, self.budget.nodes = parse(text[:MAX_TEXT], self.budget.nodes)
        self.error = self.error or parsed.error
        self.calling += 1
        try:
            return collapsed(self.run(parsed.statements))
        finally:
            self.calling -= 1

    def _computed(self, text: str) -> None:
        """A script that does not stand in the script as such."""
        if text and id(text) not in self.literals and len(self.payloads) < MAX_VALUES and text not in self.payloads:
            self.payloads.append(text)

    def parsed(self, value: Value, source: str) -> Value:
        """A text as a script block."""
        if isinstance(value, Closure):
            return value
        text = text_of(value)
        if isinstance(text, Unread):
            if text.urls:
                return text
            self.note(said(("ScriptBlock " + text)[:MAX_VALUE]))
            return NotImplemented
        self.budget.decide(text)
        self.budget.spend(20 + (len(text) >> 7))
        self._computed(text)
        parsed, self.budget.nodes = parse("{" + text[:MAX_TEXT] + "\n}", self.budget.nodes)
        self.trees.append(parsed)
        self.error = self.error or parsed.error
        block = parsed.statements[0] if parsed.statements else None
        return self._closure(block) if isinstance(block, Block) else NotImplemented

    def run_closure(
        self, closure: Closure, arguments: List[Argument], piped: Optional[List[Value]] = None
    ) -> List[Value]:
        """Run a block; with arguments or parameters in a scope of its own."""
        block = closure.block
        self.budget.spend()
        self.unread_blocks.pop(id(block), None)
        if not arguments and not block.parameters:
            if self.level >= _MAX_LEVEL:
                raise WorkExceeded
            if piped:
                self.set_variable("input", piped)
            return self.run(block.statements)
        return self._call(block, arguments, piped)

    def read_closure(self, closure: Closure) -> None:
        """Read a block that something else will run, if it was not read yet."""
        if id(closure.block) in self.unread_blocks:
            self.run_closure(closure, [])

    def read_rest(self) -> None:
        """Read the blocks and functions that nothing has run."""
        while self.unread_blocks or self.unread_functions:
            self.budget.spend()
            if self.unread_functions:
                name = next(iter(self.unread_functions))
                self._call(self.unread_functions.pop(name).block, [], None)
            else:
                self.run_closure(self.unread_blocks[next(iter(self.unread_blocks))], [])

    def _call(self, block: Block, arguments: List[Argument], piped: Optional[List[Value]]) -> List[Value]:
        """Run a function's or a block's statements with its arguments bound."""
        if self.calling >= MAX_CALL_DEPTH:
            self.error = self.error or "script calls too deeply"
            return [Unread(block.text[block.start : min(block.end, block.start + MAX_VALUE)])]
        own: Dict[str, Value] = {}
        loose: List[Value] = []
        place = 0
        names = [parameter.name for parameter in block.parameters]
        while place < len(arguments):
            typed, value, bare, _ = arguments[place]
            place += 1
            if not typed:
                loose.append(value)
                continue
            typed = typed.lower()
            name = typed if typed in names else next((n for n in names if n.startswith(typed)), "")
            if bare and place < len(arguments) and not arguments[place].name:
                value = arguments[place].value
                place += 1
            own[name or typed] = value
        self.calling += 1
        self.scopes.append(own)
        try:
            for parameter in block.parameters:
                if parameter.name in own:
                    continue
                if loose:
                    own[parameter.name] = loose.pop(0)
                elif piped and "_" not in own:  # by pipeline
                    own[parameter.name] = own["_"] = collapsed(piped)
                elif parameter.default is not None:
                    own[parameter.name] = self.evaluate(parameter.default)
                else:
                    own[parameter.name] = Unread("$" + parameter.name)
            if arguments:
                own["args"] = loose
            if piped is not None:
                own["input"] = piped
                own.setdefault("_", piped[-1] if piped else None)
            looping, self.looping = self.looping, self.looping + bool(arguments)
            try:
                return self.run(block.statements)
            except _Return as returned:
                return returned.values
            finally:
                self.looping = looping
        finally:
            self.scopes.pop()
            self.calling -= 1

    # -- statements

    def run(self, statements: List[Node]) -> List[Value]:
        """Read statements; their output."""
        results: List[Value] = []
        for statement in statements:
            value = self.evaluate(statement)
            if value is None:
                continue
            if isinstance(value, list):
                self.budget.pay_items(len(value))
                results += value
            else:
                results.append(value)
        return results

    def evaluate(self, node: Node) -> Value:
        """The value of a node; for a statement, of its output."""
        self.budget.spend()
        if self.level >= _MAX_LEVEL:
            self.error = self.error or "script nests too deeply"
            return self._source(node)
        self.level += 1
        try:
            return _EVALUATE[node.__class__](self, node)
        finally:
            self.level -= 1

    def _source(self, node: Node, *parts: Value) -> Unread:
        return unread(node.text[node.start : min(node.end, node.start + MAX_VALUE)], *parts)

    def _text(self, node: Text) -> Value:
        value = node.value
        self.literals.add(id(value))
        return value

    def _number(self, node: Number) -> Value:
        return node.value

    def _expand(self, node: Expand) -> Value:
        parts: List[Value] = []
        separator = self.scopes[0].get("ofs", " ")
        for part in node.parts:
            if isinstance(part, str):
                parts.append(part)
                continue
            value = self.evaluate(part)
            if isinstance(value, (list, bytes)):
                self.budget.spend(len(value) >> 1)
                value = joined(value, text_of(separator))
            elif value is NotImplemented:
                value = self._source(part)
            parts.append(text_of(value))
        whole = joined(parts, "")
        self.budget.pay(len(whole))
        return whole

    def _variable(self, node: Variable) -> Value:
        name = node.name
        if not node.scope:
            for scope in reversed(self.scopes):
                if name in scope:
                    return scope[name]
            if name in _CONSTANTS:
                return _CONSTANTS[name]
            if name in _ENGINE:
                return Thing("engine", None, self._source(node))
            if name == "?":
                return True
        elif node.scope == "env":
            found = self.environment.get(name)
            if found is not None:
                return found
        elif node.scope == "function" and name in self.functions:
            return self._closure(self.functions[name].block)
        return self._source(node)

    def _type(self, node: TypeName) -> Value:
        return Type(node.name)

    def _array(self, node: Array) -> Value:
        items: List[Value] = [self.evaluate(item) for item in node.items]
        self.budget.pay_items(len(items))
        return items

    def _table(self, node: Table) -> Value:
        table: Dict[str, Value] = {}
        for key, value in node.entries:
            name = text_of(self.evaluate(key))
            self.budget.decide(name)
            if len(table) < MAX_ITEMS:
                table[name.lower()] = self.evaluate(value)
        return table

    def _block(self, node: Block) -> Value:
        return self._closure(node)

    def _closure(self, block: Block) -> Closure:
        closure = Closure(block)
        self.unread_blocks.setdefault(id(block), closure)
        return closure

    def _group(self, node: Group) -> Value:
        results: List[Value] = []
        statements = node.statements
        if len(statements) == 1:
            only = statements[0]
            if node.opener != "@(":
                value = self.evaluate(only)
                if isinstance(only, Assign) and node.opener == "(":
                    value = self.evaluate(only.target.operand if isinstance(only.target, Prefix) else only.target)
                elif isinstance(only, Step) and node.opener == "(" and not only.before:
                    value = self._stepped
                if (
                    isinstance(value, Unread)
                    and not isinstance(only, (Variable, Text, Expand, Group))
                    and self._as_written(only, value)
                ):
                    return self._source(node, value)
                return value
        for statement in statements:
            value = self.evaluate(statement)
            if isinstance(value, list):
                results += value
            elif value is not None:
                results.append(value)
        self.budget.pay_items(len(results))
        return results if node.opener == "@(" else collapsed(results)

    @staticmethod
    def _as_written(node: Node, value: Unread) -> bool:
        return len(value) == min(node.end - node.start, MAX_VALUE) or value == node.text[node.start : node.end]

    def _assign(self, node: Assign) -> Value:
        value = self.evaluate(node.value)
        if (
            isinstance(node.value, Command)
            and isinstance(value, Unread)
            and not value.urls
            and not isinstance(node.target, Postfix)
        ):
            value = NotImplemented  # a command's output: the variable is not known
        self._store(node.target, value, node.operator)
        return None

    def _store(self, target: Node, value: Value, operator: str = "=") -> None:
        if isinstance(target, Prefix):
            if value is not NotImplemented:
                for kind in reversed(target.operators):
                    if kind[:1] == "[":
                        made = self._cast(kind[1:], value, self._source(target))
                        value = value if made is NotImplemented else made
            target = target.operand
        if isinstance(target, Array):
            if isinstance(value, (list, bytes)):
                self.budget.pay_items(len(value))
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
                self._store(one, NotImplemented if value is NotImplemented else rest)
            return
        if isinstance(target, Postfix):
            self._store_into(target, value, operator)
            return
        if not isinstance(target, Variable):
            return
        name = target.name
        if symbolic(name):
            self.symbols[name] = None
        if operator != "=" and value is not NotImplemented:
            before = self._variable(target)
            if operator == "+=" and isinstance(before, list) and sys.getrefcount(before) <= _OWN:
                more = value if isinstance(value, (list, bytes)) else [value]
                self.budget.pay_items(len(more))
                before.extend(more if more is not before else list(more))  # nobody else holds the array
                del before[MAX_ITEMS:]
                return
            if isinstance(before, Unread) and not before.urls and name not in self._scope_of(name):
                before = None if operator == "+=" else NotImplemented
            value = self._operated(operator[:-1], before, value, target)
        if target.scope == "env":
            self.environment[name] = self._source(target) if value is NotImplemented else text_of(value)
            return
        if target.scope == "function" and isinstance(value, Closure):
            self.define(name, value)
            return
        scope = self._scope_of(name) if operator != "=" else self.scopes[-1]
        if target.text[target.start : target.start + 8].lower() in ("$global:", "$script:"):
            scope = self.scopes[0]
        if value is NotImplemented:
            for owner in self.scopes:
                owner.pop(name, None)
        else:
            scope[name] = value

    def _scope_of(self, name: str) -> Dict[str, Value]:
        for scope in reversed(self.scopes):
            if name in scope:
                return scope
        return self.scopes[-1]

    def _store_into(self, target: Postfix, value: Value, operator: str) -> None:
        """`$x.Key = …`, `$x['Key'] = …`, `$x[3] = …`."""
        access = target.accesses[-1]
        base: Node = target.base
        if len(target.accesses) > 1:
            before = target.accesses[-2]
            base = Postfix(target.text, target.start, before.end, target.base, target.accesses[:-1])
        owner = self.evaluate(base)
        if access.name is not None:
            key: Value = self._member_name(access.name)
        else:
            key = self.evaluate(access.arguments[0]) if access.arguments else None
        if value is NotImplemented:
            value = self._source(target)
        if isinstance(owner, Thing) and owner.kind == "instance":
            owner = owner.data
        if isinstance(owner, dict):
            name = text_of(key)
            self.budget.decide(name)
            if operator != "=":
                value = self._operated(operator[:-1], owner.get(name.lower()), value, target)
                value = self._source(target) if value is NotImplemented else value
            if len(owner) < MAX_ITEMS:
                owner[name.lower()] = value
        elif isinstance(owner, (list, bytes)):
            place = integer_of(key)
            if place is None or not -len(owner) <= place < len(owner):
                return
            if isinstance(owner, bytes):
                owner = list(owner)
                self.budget.pay(len(owner))
                if isinstance(base, Variable):
                    self._scope_of(base.name)[base.name] = owner
            if operator != "=":
                value = self._operated(operator[:-1], owner[place], value, target)
            owner[place] = self._source(target) if value is NotImplemented else value

    def _if(self, node: If) -> Value:
        results: List[Value] = []
        settled = False
        for condition, body in node.clauses:
            truth: Optional[bool] = True
            if condition is not None:
                value = self.evaluate(condition)
                self._decide(value)
                truth = truth_of(value)
            if settled:
                truth = False
            if self.looping:
                if truth:
                    results += self.run(body)
                    break
                if truth is False:
                    continue
            results += self._branch(body, truth is False)
            settled = settled or truth is True
        return collapsed(results)

    def _decide(self, value: Value) -> None:
        for item in items_of(value)[:2] if not isinstance(value, str) else [value]:
            if isinstance(item, str):
                self.budget.decide(item)

    def _branch(self, body: List[Node], dead: bool) -> List[Value]:
        """Read a branch that may not be taken: it ends nothing, and where it is not taken it changes nothing."""
        kept: Optional[List[Dict[str, Value]]] = None
        if dead:
            self.budget.spend(1 + sum(map(len, self.scopes)) // 16)
            kept = [dict(scope) for scope in self.scopes]
        try:
            found = self.run(body)
        except (_Break, _Continue):
            found = []
        except _Return as returned:
            found = returned.values
        if kept is not None:
            self.scopes[:] = kept
            return []
        return found

    def _loop(self, node: Loop) -> Value:
        if node.first is not None:
            self.evaluate(node.first)
        results: List[Value] = []
        turns = 0
        allowed = self.budget.steps - self.budget.steps // 2
        floor = self.budget.steps - allowed
        late = node.late
        self.looping += 1
        try:
            while turns < _MAX_TURNS:
                if not late and node.condition is not None:
                    value = self.evaluate(node.condition)
                    self._decide(value)
                    truth = truth_of(value)
                    truth = not truth if node.until and truth is not None else truth
                    constant = self._constant(node.condition)
                    if truth is False and (turns or not constant):
                        if not turns:  # never entered, but read
                            self._branch(node.body, True)
                        break
                    if (truth is None or constant) and turns:
                        break
                elif not late and turns:
                    break
                late = False
                turns += 1
                self.budget.spend()
                try:
                    results += self.run(node.body)
                except _Break:
                    break
                except _Continue:
                    pass
                if node.step is not None:
                    self.evaluate(node.step)
                if self.budget.steps < floor:
                    self.error = self.error or "script takes too many steps to evaluate"
                    break
        finally:
            self.looping -= 1
        self.budget.pay(len(results))
        return collapsed(results)

    @staticmethod
    def _constant(node: Node) -> bool:
        """Whether a condition is always the same: `while ($true)`, `while (1)`."""
        while isinstance(node, Group) and len(node.statements) == 1:
            node = node.statements[0]
        return isinstance(node, (Number, Text)) or (
            isinstance(node, Variable) and node.name in ("true", "false", "null")
        )

    def _foreach(self, node: ForEach) -> Value:
        items = self.evaluate(node.items)
        results: List[Value] = []
        floor = self.budget.steps // 2
        if isinstance(items, Unread) and not items.urls:
            self.scopes[-1].pop(node.name, None)
            return collapsed(self._turn(node.body))
        if isinstance(items, str) and not isinstance(items, Unread):
            items = [items]
        known = items_of(items)
        if not known:
            return collapsed(self._branch(node.body, True))
        self.looping += 1
        try:
            for item in known:
                self.budget.spend()
                self.scopes[-1][node.name] = item
                try:
                    results += self.run(node.body)
                except _Break:
                    break
                except _Continue:
                    continue
                if self.budget.steps < floor:
                    self.error = self.error or "script takes too many steps to evaluate"
                    break
        finally:
            self.looping -= 1
        return collapsed(results)

    def _turn(self, body: List[Node]) -> List[Value]:
        try:
            return self.run(body)
        except (_Break, _Continue):
            return []

    def _switch(self, node: Switch) -> Value:
        subject = self.evaluate(node.subject)
        results: List[Value] = []
        for item in (items_of(subject) or [None])[:MAX_VALUES]:
            self.budget.spend(4)
            self._decide(item)
            matched = False
            for condition, body in node.clauses:
                equal: Value = None
                if condition is None:
                    equal = not matched
                else:
                    case = self.evaluate(condition)
                    if not isinstance(case, Closure):
                        compared = operators.compare("eq", item, case, self.budget)
                        equal = None if compared is NotImplemented else bool(compared)
                matched = matched or bool(equal)
                if self.looping and equal is not None:
                    if equal:
                        try:
                            results += self.run(body)
                        except _Break:
                            break
                    continue
                results += self._branch(body, equal is False)
        return collapsed(results)

    def _try(self, node: Try) -> Value:
        results: List[Value] = []
        for catches, body in node.bodies:
            results += self._branch(body, True) if catches else self.run(body)
        return collapsed(results)

    def _function(self, node: Function) -> Value:
        self.functions[node.name] = node
        self.unread_functions[node.name] = node
        return None

    def _jump(self, node: Jump) -> Value:
        value = self.evaluate(node.value) if node.value is not None and node.word not in ("break", "continue") else None
        if node.word == "return":
            if self.calling and self.looping:
                raise _Return(items_of(value))
            return value
        if self.looping and node.word == "break":
            raise _Break
        if self.looping and node.word == "continue":
            raise _Continue
        return None

    # -- operators

    def _prefix(self, node: Prefix) -> Value:
        operand = node.operand
        if node.operators[-1] == "[ordered":
            return self.evaluate(operand)
        value = self.evaluate(operand)
        for operator in reversed(node.operators):
            self.budget.spend()
            made = self._prefixed(operator, value, node)
            value = self._source(node, value) if made is NotImplemented else made
        return value

    def _prefixed(self, operator: str, value: Value, node: Node) -> Value:
        if operator[0] == "[":
            return self._cast(operator[1:], value, self._source(node))
        if operator == "join":
            return operators.join(value, "", self.budget)
        if operator in ("split", "csplit", "isplit"):
            if isinstance(value, Unread):
                return NotImplemented
            made = operators.split(value, "[\\s]+", self.budget) if isinstance(value, str) else NotImplemented
            return [piece for piece in items_of(made) if piece != ""] if made is not NotImplemented else made
        if operator == "not":
            self._decide(value)
            truth = truth_of(value)
            return NotImplemented if truth is None else not truth
        if isinstance(value, str):
            self.budget.decide(value)
        number = number_of(value)
        if number is None or isinstance(value, list):
            return NotImplemented
        if operator == "bnot":
            return ~int(number) if isinstance(number, int) else NotImplemented
        return -number if operator == "-" else number

    def _cast(self, name: str, value: Value, source: str) -> Value:
        kind = type_name(name)
        if kind in objects.WMI_TYPES:
            return objects.wmi_object(self, kind, value, source)
        if kind in ("scriptblock", "management.automation.scriptblock"):
            return self.parsed(value, source)
        if kind in _MADE:
            return members.make(kind, [value], self.budget, source) if value is not None else {}
        if kind == "string" and isinstance(value, (list, bytes)):
            self.budget.spend(len(value) >> 2)
            text = joined(value, text_of(self.scopes[0].get("ofs", " ")))
            self.budget.pay(len(text))
            return text
        return operators.cast(kind, value, self.budget)

    def _binary(self, node: Binary) -> Value:
        value = self.evaluate(node.first)
        rest = node.rest
        if rest[0][0] == "+" and isinstance(value, str) and not isinstance(value, (Char, Unread)) and len(rest) > 2:
            return self._sum(value, node)
        for operator, operand in rest:
            other = self.evaluate(operand)
            made = self._operated(operator, value, other, node)
            value = self._source(node, value, other) if made is NotImplemented else made
        return value

    def _sum(self, first: str, node: Binary) -> Value:
        """A long sum of texts, joined at once."""
        parts: List[str] = [first]
        size = len(first)
        summed = 0
        for operator, operand in node.rest:
            if operator != "+" or size > MAX_STRING:
                break
            other = self.evaluate(operand)
            if other is NotImplemented:
                other = self._source(operand)
            text = text_of(other)
            parts.append(text)
            size += len(text)
            summed += 1
        value: Value = joined(parts, "")
        self.budget.pay(len(value))
        for operator, operand in node.rest[summed:]:
            other = self.evaluate(operand)
            made = self._operated(operator, value, other, node)
            value = self._source(node, value, other) if made is NotImplemented else made
        return value

    def _operated(self, operator: str, left: Value, right: Value, node: Node) -> Value:
        operate = operators.BINARY.get(operator)
        for side in (left, right):
            if isinstance(side, str):
                self.budget.spend(len(side) >> 10)
        if operate is not None:
            if (
                operator == "as"
                and isinstance(right, Type)
                and (right.name in objects.WMI_TYPES or right.name in _MADE)
            ):
                return self._cast(right.name, left, self._source(node))
            if operator == "split" and isinstance(right, Closure):
                self.read_closure(right)
                return NotImplemented
            return operate(left, right, self.budget)
        if operator in ("and", "or", "xor"):
            self._decide(left)
            self._decide(right)
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
        return operators.compare(operator, left, right, self.budget)

    _stepped: Value = None

    def _step(self, node: Step) -> Value:
        target = node.target.operand if isinstance(node.target, Prefix) else node.target
        before = self.evaluate(target)
        if isinstance(before, Unread):
            before = 0 if isinstance(target, Variable) and target.name not in self._scope_of(target.name) else before
        number = number_of(before)
        if isinstance(before, str) and not isinstance(before, Unread):
            self.budget.decide(before)
        if number is None or (isinstance(before, list)):
            return self._source(node)
        self._store(target, number + node.by)
        self._stepped = number
        return number + node.by if node.before else None

    # -- members

    def _member_name(self, node: Node) -> str:
        if isinstance(node, Text):
            return node.value
        value = self.evaluate(node)
        if isinstance(value, Thing) and value.kind == "command":
            value = value.data
        if isinstance(value, (list, bytes)):
            self.budget.spend(min(len(value), MAX_VALUES) >> 1)
        text = text_of(value)
        self.budget.decide(text)
        return text

    def _postfix(self, node: Postfix) -> Value:
        value = self.evaluate(node.base)
        skipped = False
        for place, access in enumerate(node.accesses):
            self.budget.spend()
            if skipped:
                skipped = False
                continue
            arguments: Optional[List[Value]] = None
            if access.arguments is not None:
                arguments = [self.evaluate(argument) for argument in access.arguments]
            following = node.accesses[place + 1] if place + 1 < len(node.accesses) else None
            if arguments is None and following is not None and self._invokes(following):
                invoked = self._accessed(node, access, value, list(map(self.evaluate, following.arguments or ())))
                if invoked is not NotImplemented:  # `.Replace.Invoke( … )`
                    value, skipped = invoked, True
                    continue
            made = self._accessed(node, access, value, arguments)
            if made is NotImplemented:
                value = unread(
                    node.text[node.start : min(access.end, node.start + MAX_VALUE)], value, *(arguments or ())
                )
            else:
                value = made
        return value

    @staticmethod
    def _invokes(access: Access) -> bool:
        return access.arguments is not None and isinstance(access.name, Text) and access.name.value.lower() == "invoke"

    def _accessed(self, node: Postfix, access: Access, value: Value, arguments: Optional[List[Value]]) -> Value:
        if access.name is None:
            if not arguments:
                return NotImplemented
            if isinstance(value, Thing) and value.kind in ("wmi", "com", "session"):
                return value
            return members.indexed(value, arguments[0], self.budget)
        named = self._member_name(access.name)
        if len(named) > _LONGEST_NAME:
            self.budget.spend(len(named) >> 10)
            return NotImplemented
        if arguments is not None and isinstance(named, Unread) and not _PLAIN_NAME.match(named):
            self.note(said(f".{named}"[:MAX_VALUE]))
        name = named.lower()
        source = node.text[node.start : min(access.end, node.start + MAX_VALUE)]
        if access.static or isinstance(value, Type):
            if not isinstance(value, Type):
                return self._member(value, name, arguments, source) if not isinstance(value, Unread) else NotImplemented
            made = objects.of_static(self, value, name, arguments, source)
            return made if made is not NotImplemented else members.of_type(value, name, arguments, self.budget)
        return self._member(value, name, arguments, source)

    def _member(self, value: Value, name: str, arguments: Optional[List[Value]], source: str) -> Value:
        if isinstance(value, Unread):
            for argument in arguments or ():
                if isinstance(argument, Closure):
                    self.read_closure(argument)
            if name in ("downloadstring", "downloaddata", "openread", "downloadfile") and arguments:
                return objects.fetched(self, text_of(arguments[0]), source)
            return NotImplemented
        if isinstance(value, Thing):
            return self._of_thing(value, name, arguments, source)
        if name == "gettype" or (name == "invoke" and isinstance(value, str)):
            return NotImplemented
        if isinstance(value, Closure):
            if name in ("invoke", "invokereturnasis", "invokewithcontext") and arguments is not None:
                return collapsed(self.run_closure(value, [Argument("", argument) for argument in arguments]))
            if name in ("tostring", "ast", "getnewclosure"):
                return value if name == "getnewclosure" else text_of(value)
            return NotImplemented
        if isinstance(value, dict):
            return self._of_table(value, name, arguments)
        if isinstance(value, (list, bytes)):
            return self._of_items(value, name, arguments, source)
        if isinstance(value, str):
            return members.of_text(value, name, arguments, self.budget)
        if name == "tostring" and arguments is not None:
            if arguments and isinstance(arguments[0], str):
                return operators.formatted("{0:" + arguments[0][:32] + "}", [value], self.budget)
            return text_of(value)
        if isinstance(value, Type) and name in ("fullname", "name"):
            return value.name
        return 1 if name in ("length", "count") and arguments is None and value is not None else NotImplemented

    def _of_thing(self, thing: Thing, name: str, arguments: Optional[List[Value]], source: str) -> Value:
        if thing.kind == "signature" and name == "invoke" and arguments is not None:
            owner, method = thing.data
            return self._member(owner, method, arguments, source)
        if thing.kind == "builder":
            return members.of_builder(thing, name, arguments, self.budget)
        made = objects.of_object(self, thing, name, arguments, source)
        if made is NotImplemented:
            made = members.of_thing(thing, name, arguments, self.budget)
        if made is NotImplemented and thing.kind == "command" and name == "invoke" and arguments is not None:
            return NotImplemented
        return made

    def _of_table(self, table: Dict[str, Value], name: str, arguments: Optional[List[Value]]) -> Value:
        if arguments is None:
            if name in table:
                return table[name]
            if name in ("keys", "values", "count"):
                self.budget.pay(len(table))
                return list(table) if name == "keys" else list(table.values()) if name == "values" else len(table)
            return NotImplemented
        if name == "add" and len(arguments) > 1 and len(table) < MAX_ITEMS:
            key = text_of(arguments[0])
            self.budget.decide(key)
            table[key.lower()] = arguments[1] if len(arguments) == 2 else arguments[1:]
            return None
        if name in ("get_item", "item") and arguments:
            return members.indexed(table, arguments[0], self.budget)
        if name in ("containskey", "contains") and arguments:
            key = text_of(arguments[0])
            self.budget.decide(key)
            return key.lower() in table
        return NotImplemented

    def _of_items(self, items: Any, name: str, arguments: Optional[List[Value]], source: str) -> Value:
        if name in _LISTS and arguments and isinstance(arguments[0], Closure):
            found: List[Value] = []
            for item in list(items):
                self.set_variable("_", item)
                self.set_variable("psitem", item)
                given = self.run_closure(arguments[0], [])
                if name == "foreach":
                    found += given
                elif truth_of(collapsed(given)) is not False:
                    found.append(item)
            return found
        if isinstance(items, bytes):
            if name in ("length", "count") and arguments is None:
                return len(items)
            items = list(items[:MAX_ITEMS])
            self.budget.pay(len(items))
        made = members.of_list(items, name, arguments, self.budget)
        if made is not NotImplemented:
            return made
        each: List[Value] = []
        for item in items:
            self.budget.spend(3)
            one = self._member(item, name, arguments, source)
            if one is NotImplemented:
                return NotImplemented
            each += items_of(one)
        return each

    # -- pipelines and commands

    def _pipeline(self, node: Pipeline) -> Value:
        value: Value = self.evaluate(node.elements[0])
        for element in node.elements[1:]:
            items = items_of(value)
            self.budget.spend()
            self.budget.spend(len(items) >> 4)
            value = self._command(element, items) if isinstance(element, Command) else self.evaluate(element)
            if value is NotImplemented:
                value = self._source(node, *items[:MAX_VALUES])
        return value

    def _bare_command(self, node: Command) -> Value:
        return self._command(node, None)

    def _command(self, node: Command, piped: Optional[List[Value]]) -> Value:
        self.budget.spend(4)
        named = self.evaluate(node.name)
        if isinstance(named, Thing) and named.kind == "command":
            named = named.data
        elif (
            isinstance(named, list) and named and all(isinstance(one, Thing) and one.kind == "command" for one in named)
        ):
            named = named[0].data
        if isinstance(named, Closure):
            arguments, _ = self._arguments(node)
            return collapsed(self.run_closure(named, arguments, piped))
        if isinstance(named, Unread) or not isinstance(named, str):
            if isinstance(named, Unread) and named.urls:
                call = Call("")
                call.extra = {"executed_url": list(named.urls)}
                self.note(call)
            elif isinstance(named, Unread) and node.operator:
                self.budget.decide(named)
                if not _FILE.search(named):
                    self.note(said(f"{node.operator} {named}"[:MAX_VALUE]))
            arguments, _ = self._arguments(node)
            self._read_arguments(arguments)
            return NotImplemented if node.operator else self._source(node)
        name = str(named)
        self.budget.decide(name)
        if len(name) > _LONGEST_NAME:
            self._read_arguments(self._arguments(node)[0])
            return self._source(node)
        made = self._run(name, node, piped)
        return self._source(node, *(piped or ())[:MAX_VALUES]) if made is NotImplemented else made

    def _run(self, name: str, node: Command, piped: Optional[List[Value]]) -> Value:
        base = name.rsplit("\\", 1)[-1].strip().lower()
        base = self.aliases.get(base, base)
        base = self.aliases.get(base, base).rsplit("\\", 1)[-1]
        function = self.functions.get(base)
        arguments, unresolved = self._arguments(node)
        if function is not None:
            self.unread_functions.pop(base, None)
            return collapsed(self._call(function.block, arguments, piped))
        invocation = Invocation(base, arguments, piped, self._source(node), unresolved)
        if base in BY_NAME:
            return wmi(self, invocation)
        own = ALIASES.get(base, base)
        handler = COMMANDS.get(own)
        if handler is not None:
            return handler(self, invocation._replace(name=own))
        if is_program(base):
            return native(self, program_name(base), invocation)
        self._read_arguments(arguments)
        if piped:
            self._read_arguments([Argument("", piped[:MAX_VALUES])])
        if node.operator and not isinstance(node.name, Text) and letterless(name):
            self.note(said(f"{node.operator} {self._source(node.name)}"[:MAX_VALUE]))  # no command has such a name
        return None if own in SILENT else NotImplemented

    def _read_arguments(self, arguments: List[Argument]) -> None:
        """Blocks that an unknown command is given are read where they stand."""
        for _, value, _, _ in arguments:
            for item in value[:MAX_VALUES] if isinstance(value, list) else (value,):
                if isinstance(item, Closure):
                    self.read_closure(item)

    def _arguments(self, node: Command) -> Tuple[List[Argument], Strings]:
        """A command's arguments with their values, splats opened; and the splats that are not known."""
        found: List[Argument] = []
        unresolved: Strings = []
        for argument in node.arguments:
            kind = argument.__class__
            if kind is Named:
                value = argument.value  # type: ignore[attr-defined]
                name = argument.name  # type: ignore[attr-defined]
                found.append(Argument(name, None, True) if value is None else Argument(name, self.evaluate(value)))
            elif kind is Splat:
                splatted = self.variable(argument.name)  # type: ignore[attr-defined]
                if isinstance(splatted, dict):
                    self.budget.spend(1 + min(len(splatted), _LONGEST_NAME))
                    found += [Argument(key, item) for key, item in islice(splatted.items(), _LONGEST_NAME)]
                elif isinstance(splatted, list):
                    self.budget.pay_items(len(splatted))
                    self.budget.spend(min(len(splatted), _LONGEST_NAME) >> 1)
                    found += [Argument("", item) for item in splatted[:_LONGEST_NAME]]
                else:
                    unresolved.append(self._source(argument))
            else:
                found.append(Argument("", self.evaluate(argument), False, kind is Array))
            if len(found) > 4096:
                break
        for _, value, _, _ in found:
            if isinstance(value, (str, list, bytes)):  # whoever takes it looks at it
                self.budget.spend(len(value) >> 10)
        return found, unresolved


_EVALUATE: Dict[type, Callable[[Interpreter, Any], Value]] = {
    Text: Interpreter._text,
    Number: Interpreter._number,
    Expand: Interpreter._expand,
    Variable: Interpreter._variable,
    TypeName: Interpreter._type,
    Array: Interpreter._array,
    Table: Interpreter._table,
    Block: Interpreter._block,
    Group: Interpreter._group,
    Assign: Interpreter._assign,
    If: Interpreter._if,
    Loop: Interpreter._loop,
    ForEach: Interpreter._foreach,
    Switch: Interpreter._switch,
    Try: Interpreter._try,
    Function: Interpreter._function,
    Jump: Interpreter._jump,
    Prefix: Interpreter._prefix,
    Binary: Interpreter._binary,
    Step: Interpreter._step,
    Postfix: Interpreter._postfix,
    Pipeline: Interpreter._pipeline,
    Command: Interpreter._bare_command,
}
