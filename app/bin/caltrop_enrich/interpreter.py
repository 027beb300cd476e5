"""A script's tree -> what each statement would do, read in order. Nothing is executed.

An abstract evaluation: values are computed where they are known, by an allow list of operations that each pay for steps and
characters; everything else is Unread, the text that was written. Where a condition is not known both branches are read. Blocks and
functions that nothing runs are read once at the end, so that no call hides in them.
"""

from __future__ import annotations

from typing import Dict, List, Optional, Set, Tuple

from . import accesses, assignments, flow, invocations, operations, primaries
from .commandlines import Reader
from .constants import ENVIRONMENT
from .flow import Break, Continue, Return
from .limits import MAX_CALL_DEPTH, MAX_INVOCATIONS, MAX_TEXT, MAX_VALUE, MAX_VALUES
from .machine import Argument, Invocation, Nodes
from .parser import Parsed, parse
from .records import Call, Reading, said
from .symbols import described
from .syntax import Block, Function, Group, Node, Parameter
from .values import Budget, Closure, Strings, Unread, Value, WorkExceeded, collapsed, items_of, text_of, written

_MAX_LEVEL = 110  # nesting of evaluation, over blocks and functions; each takes about four frames


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
    except (Break, Continue, Return):
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


def _bound(parameters: List[Parameter], arguments: List[Argument]) -> Tuple[Dict[str, Value], List[Value]]:
    """Arguments by the parameter that their name means (name, alias, beginning of a name); and those without a name."""
    typeable = {alias: one for one in parameters for alias in (*one.aliases, one.name)}
    own: Dict[str, Value] = {}
    loose: List[Value] = []
    place = 0
    while place < len(arguments):
        typed, value, bare, _ = arguments[place]
        place += 1
        if not typed:
            loose.append(value)
            continue
        typed = typed.lower()
        meant = typeable.get(typed) or next((one for key, one in typeable.items() if key.startswith(typed)), None)
        if bare and meant is not None and meant.switch:
            value = True
        elif bare and place < len(arguments) and not arguments[place].name:
            value = arguments[place].value
            place += 1
        own[meant.name if meant else typed] = value
    for one in sorted((one for one in parameters if one.position >= 0), key=lambda one: one.position):
        if loose and one.name not in own:
            own[one.name] = loose.pop(0)
    return own, loose


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
        self.stepped: Value = None

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
        self.unread_blocks.pop(id(block), None)
        self.declare(Function(block.text, block.start, block.end, name, block))

    def declare(self, function: Function) -> None:
        """Know a function, which is read at the end if nothing calls it."""
        self.functions[function.name] = self.unread_functions[function.name] = function

    def function(self, name: str) -> Optional[Function]:
        """A function that the script has made so far."""
        return self.functions.get(name)

    def call_function(self, function: Function, arguments: List[Argument], piped: Optional[List[Value]]) -> List[Value]:
        """Call a function; what it gives."""
        self.unread_functions.pop(function.name, None)
        return self.call(function.block, arguments, piped)

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
        return self.closure(block) if isinstance(block, Block) else NotImplemented

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
            return self._stages(block, piped, {})
        return self.call(block, arguments, piped)

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
                self.call(self.unread_functions.pop(name).block, [], None)
            else:
                self.run_closure(self.unread_blocks[next(iter(self.unread_blocks))], [])

    def call(self, block: Block, arguments: List[Argument], piped: Optional[List[Value]]) -> List[Value]:
        """Run a function's or a block's statements with its arguments bound."""
        if self.calling >= MAX_CALL_DEPTH:
            self.error = self.error or "script calls too deeply"
            return [Unread(block.text[block.start : min(block.end, block.start + MAX_VALUE)])]
        own, loose = _bound(block.parameters, arguments)
        given = dict(own)
        fed = {parameter.name: parameter.fed for parameter in block.parameters if parameter.fed}
        self.calling += 1
        self.scopes.append(own)
        try:
            for parameter in block.parameters:
                if parameter.name in own:
                    fed.pop(parameter.name, None)
                elif loose:
                    own[parameter.name] = given[parameter.name] = loose.pop(0)
                    fed.pop(parameter.name, None)
                elif piped and "_" not in own and (not fed or fed.get(parameter.name) == "item"):
                    own[parameter.name] = own["_"] = collapsed(piped)
                    fed[parameter.name] = "item"
                elif parameter.default is not None:
                    own[parameter.name] = self.evaluate(parameter.default)
                else:
                    own[parameter.name] = Unread("$" + parameter.name)
            if arguments:
                own["args"] = loose
                own["psboundparameters"] = given
            if piped is not None:
                own["input"] = piped
                own.setdefault("_", piped[-1] if piped else None)
            looping, self.looping = self.looping, self.looping + bool(arguments)
            try:
                return self._stages(block, piped, fed)
            except Return as returned:
                return returned.values
            finally:
                self.looping = looping
        finally:
            self.scopes.pop()
            self.calling -= 1

    def _stages(self, block: Block, piped: Optional[List[Value]], fed: Dict[str, str]) -> List[Value]:
        """A block's statements; `process { … }` once for each item of the pipeline, bound to the parameters that take it."""
        if not piped or not any(isinstance(one, Group) and one.opener == "process" for one in block.statements):
            return self.run(block.statements)
        results: List[Value] = []
        for statement in block.statements:
            once = not isinstance(statement, Group) or statement.opener != "process"
            for item in (None,) if once else piped:
                self.budget.spend()
                if not once:
                    self.set_variable("_", item)
                    for name, how in fed.items():
                        if how == "item":
                            self.set_variable(name, item)
                        elif isinstance(item, dict) and name in item:
                            self.set_variable(name, item[name])
                results += self.run([statement])
        return results

    def invoke(self, name: str, arguments: List[Argument], source: str) -> Value:
        """Run a command by its name; what it gives."""
        return invocations.invoke(self, Invocation(name, arguments, None, source, []))

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
            return written(node)
        self.level += 1
        try:
            return _NODES[node.__class__](self, node)
        finally:
            self.level -= 1

    def closure(self, block: Block) -> Closure:
        """A block as a value, which is read at the end if nothing runs it."""
        closure = Closure(block)
        self.unread_blocks.setdefault(id(block), closure)
        return closure

    def scope_of(self, name: str) -> Dict[str, Value]:
        """The scope that a variable lives in; the innermost where it has none."""
        for scope in reversed(self.scopes):
            if name in scope:
                return scope
        return self.scopes[-1]


_NODES: Nodes = {
    **primaries.NODES,
    **assignments.NODES,
    **flow.NODES,
    **operations.NODES,
    **accesses.NODES,
    **invocations.NODES,
}
