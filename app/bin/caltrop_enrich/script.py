"""One script -> the WMI calls in it, walking its statements once, in order.

A call is found where PowerShell would take a word for a command (about_Command_Syntax, about_Operators: start of a
statement, after a pipe, a brace, a parenthesis, `=`, `&`, `.`), so that a name in a string or a comment is no call.
"""

from __future__ import annotations

import re
from typing import Dict, List, NamedTuple, Optional, Tuple

from .cmdlets import BY_NAME, Cmdlet
from .limits import MAX_INVOCATIONS, MAX_SCRIPTS, MAX_VALUE, MAX_VALUES
from .tokens import Tokens, tokenize
from .values import Budget, Evaluator, Strings, Value, WorkExceeded, joined, variable_name

_PREFIXES = frozenset(("return", "else", "do", "try", "finally", "throw", "!", ".", "begin", "process", "exit"))
_BLOCKS = frozenset(("else", "do", "try", "finally", "begin", "process", "end"))
_EACH = frozenset(("foreach-object", "foreach", "%"))
_SHELLS = frozenset(("powershell", "powershell.exe", "pwsh", "pwsh.exe"))
_ALIASING = frozenset(("set-alias", "new-alias", "sal", "nal"))
_FINDERS = frozenset(("get-command", "gcm"))
_EVALUATORS = frozenset(("invoke-expression", "iex"))
_WMI_CLASS = re.compile(r"\[(?:system\.management\.managementclass|wmiclass|wmi)\]$", re.IGNORECASE)
_ENCODED = re.compile(r"ec$|e(?:n(?:c(?:o\w*)?)?)?$")
_STRINGS = frozenset(("single", "double", "here_single", "here_double"))
_STOPS = frozenset(("newline", "end", "close"))


class Call:
    """One use of WMI: the cmdlet (or `[wmiclass]`), its bound parameters, and what could not be read."""

    __slots__ = ("cmdlet", "index", "method", "parameters", "unresolved")

    def __init__(self, cmdlet: str, index: int = 0, parameters: Optional[Dict[str, Value]] = None) -> None:
        self.cmdlet = cmdlet
        self.index = index
        self.parameters: Dict[str, Value] = {} if parameters is None else parameters
        self.method: Strings = []  # `.Create("…")` on the object: the method's name, then its arguments
        self.unresolved: Strings = []


class Reading(NamedTuple):
    """The calls of a script, the scripts inside it, and why it was not read to its end ("" when it was)."""

    calls: List[Call]
    scripts: List[str]
    error: str


def read_script(text: str, budget: Budget) -> Reading:
    """Read a script. What was found before the budget ran out is kept."""
    return walk(tokenize(text), budget)


def walk(tokens: Tokens, budget: Budget) -> Reading:
    """Read a script that is cut into tokens."""
    walker = _Walk(Evaluator(tokens, budget))
    error = "" if tokens.complete else "script has too many tokens"
    try:
        walker.run()
    except WorkExceeded:
        error = "script takes too many steps to evaluate"
    return Reading(walker.calls, (walker.scripts + walker.values.embedded)[:MAX_SCRIPTS], error)


class _Walk:
    def __init__(self, values: Evaluator) -> None:
        self.values = values
        self.tokens = values.tokens
        self.calls: List[Call] = []
        self.scripts: List[str] = []
        self.aliases: Dict[str, str] = {}  # made by the script itself
        self.objects: Dict[str, Call] = {}  # variables that hold a WMI object
        self.target: Optional[str] = None  # the variable being assigned, until token:
        self.target_end = 0
        self.flat = "open" not in values.tokens.kinds and "$(" not in values.tokens.script  # arguments hold no commands
        self.read = 0  # first token after the arguments of the last cmdlet
        self.statement = 0  # first token of the statement
        self.piped = -1  # the pipe right before this command, or -1

    def run(self) -> None:
        kinds, texts = self.tokens.kinds, self.tokens.texts
        index, expecting, invoked = 0, True, False  # invoked: after `&` or `.`, where a value may name the command
        while index < len(kinds) and len(self.calls) < MAX_INVOCATIONS:
            kind = kinds[index]
            if kind not in ("newline", "end", "open", "op", "word"):
                if expecting and invoked and (kind in _STRINGS or kind == "var"):
                    self._named_by(index)
                elif kind in ("double", "here_double") and "$(" in texts[index]:
                    self.values.literal(index)  # notes the scripts inside it
                expecting, invoked = kind == "close" and self._ends_statement(index), False
                index += 1
                continue
            source = texts[index]
            if kind == "op":
                expecting, invoked = self._assign(index), False
            elif kind != "word":
                named = invoked and source == "("  # & ('Invoke-' + 'WmiMethod')
                if named:
                    self._named_by(index)
                expecting, invoked = not named and source != "@{", source == "&"
                if source == "|":
                    self.piped = index
                elif not invoked:
                    self.statement, self.piped = index + 1, -1
            elif source[0] == "[" and _WMI_CLASS.search(source):
                self._class_object(index)
            elif source[0] == "." and len(source) > 1 and self.tokens.glued(index):
                self._method(index, source[1:])
                expecting = False
            elif expecting and source[0] != "[":
                if source.lower() not in _PREFIXES:
                    index = self._command(index, invoked)
                    if self.flat and index < self.read:
                        index = self.read
                    expecting = invoked = False
                    continue
                invoked = source == "."
            index += 1

    def _ends_statement(self, closer: int) -> bool:
        """Whether a bracket ends a statement, so that the next may follow on its line: `param(…)`, `if (…) {…}`."""
        opener = self.tokens.partner[closer]
        if opener < 1:
            return False
        before = self.tokens.texts[opener - 1].lower()
        if self.tokens.texts[opener] == "(":
            return before == "param"
        return before == ")" or before in _BLOCKS

    # -- commands

    def _named_by(self, index: int) -> None:
        """`& <value> arguments`: the command is what the value says."""
        value, after = self.values.argument(index)
        if self.tokens.kinds[index] == "open" and self.tokens.text(index + 1).lower() in _FINDERS:
            value = [text for name, text in self._values_of(index + 2) if name in ("", "name")][:1]
        if isinstance(value, list) and len(value) == 1:
            self.values.budget.decide(value[0])
            self._dispatch(value[0], index, after)

    def _command(self, index: int, invoked: bool) -> int:
        value, after = self.values.bareword(index, 0)
        name = value[0] if isinstance(value, list) else ""
        self.values.budget.decide(name)
        lower = name.lower()
        if lower == "foreach" and self.piped < 0 and not invoked:
            self._foreach(after)
        elif lower in _EACH and self.piped >= 0:
            piped = self.values.expression(self.statement, self.piped)
            if isinstance(piped, list):
                self.values.variables["_"] = self.values.variables["psitem"] = piped
                self.values.loops.update(("_", "psitem"))
        else:
            self._dispatch(name, index, after)
        return after

    def _dispatch(self, name: str, index: int, after: int) -> None:
        base = name.rsplit("\\", 1)[-1].lower()
        cmdlet = BY_NAME.get(self.aliases.get(base, base))
        if cmdlet:
            self._record(self._bind(cmdlet, index, after))
        elif base in _EVALUATORS or base in _SHELLS:
            self._nested_scripts(after, base in _EVALUATORS)
        elif base in _ALIASING:
            self._alias(after)

    def _record(self, call: Call) -> None:
        self.calls.append(call)
        if self.target is not None and call.index < self.target_end:
            self.objects[self.target] = call

    def _bind(self, cmdlet: Cmdlet, index: int, after: int) -> Call:
        """Arguments -> parameters, as about_Parameters has it: by name, then by position."""
        call, loose = Call(cmdlet.name, index), []
        kinds, tokens = self.tokens.kinds, self.tokens
        while after < len(kinds) and kinds[after] not in _STOPS:
            self.values.budget.spend()
            source = tokens.text(after)
            if kinds[after] == "param":
                typed = source[1:].rstrip(":").replace("`", "")
                name = cmdlet.parameter(typed)
                after += 1
                if name in cmdlet.switches and not source.endswith(":"):
                    continue
                if after < len(kinds) and kinds[after] == "param":
                    continue
                value, after = self.values.argument(after)
                if name and value is not None:
                    call.parameters[name] = value
            elif kinds[after] == "splat":
                loose += self._splat(call, cmdlet, source)
                after += 1
            elif source == "--":  # what follows is by position
                after += 1
            elif kinds[after] == "redirect":
                _, after = (None, after + 1) if "&" in source else self.values.argument(after + 1)
            else:
                value, stop = self.values.argument(after)
                if value is not None:
                    loose.append(value)
                after = stop if stop > after else after + 1
        self.read = after
        _bind_positional(call, cmdlet, loose)
        return call

    def _splat(self, call: Call, cmdlet: Cmdlet, source: str) -> List[Value]:
        """A table's entries are parameters; an array's, which come back, are arguments by position."""
        value = self.values.variables.get(variable_name("$" + source[1:]))
        if value is None:
            call.unresolved.append(source[:MAX_VALUE])
        elif isinstance(value, list):
            return [[item] for item in value]
        else:
            for key, items in value.items():
                name = cmdlet.parameter(key)
                if name:
                    call.parameters[name] = items
        return []

    def _nested_scripts(self, after: int, evaluator: bool) -> None:
        """The scripts handed to Invoke-Expression, or on powershell's command line."""
        parts = self._values_of(after)
        if evaluator and self.piped >= 0:
            piped = self.values.expression(self.statement, self.piped)
            parts = [("", item) for item in piped] + parts if isinstance(piped, list) else parts
        if parts and len(self.scripts) < MAX_SCRIPTS:
            self.scripts.append(joined([value for _, value in parts]))
            self.scripts += [f"-e {value}" for name, value in parts if name and _ENCODED.match(name)]

    def _alias(self, after: int) -> None:
        """`Set-Alias w Invoke-WmiMethod`."""
        parts = self._values_of(after)
        named = {name[:1]: value for name, value in parts if name}
        loose = [value for name, value in parts if not name]
        for _, value in parts:
            self.values.budget.decide(value)
        short = named.get("n") or (loose.pop(0) if loose else "")
        self.aliases[short.lower()] = (named.get("v") or (loose[0] if loose else "")).rsplit("\\", 1)[-1].lower()

    def _values_of(self, after: int) -> List[Tuple[str, str]]:
        """What follows a command: (lower-case name of the parameter right before it or "", value)."""
        kinds, name = self.tokens.kinds, ""
        parts: List[Tuple[str, str]] = []
        while after < len(kinds) and kinds[after] not in _STOPS and len(parts) < MAX_VALUES:
            if kinds[after] == "param":
                name = self.tokens.texts[after][1:].rstrip(":").lower()
                after += 1
                continue
            value, stop = self.values.argument(after)
            if isinstance(value, list):
                parts.extend((name, item) for item in value)
            name = ""
            after = stop if stop > after else after + 1
        return parts

    # -- statements

    def _foreach(self, after: int) -> None:
        """`foreach ($x in …)`: the variable stands for every value."""
        tokens, kinds = self.tokens, self.tokens.kinds
        if kinds[after : after + 2] == ["open", "var"] and tokens.text(after + 2).lower() == "in":
            value = self.values.expression(after + 3, tokens.partner[after])
            if isinstance(value, list):
                name = variable_name(tokens.text(after + 1))
                self.values.variables[name] = value
                self.values.loops.add(name)

    def _assign(self, index: int) -> bool:
        """`$x = …`, `$x += …`, `$x.Key = …`, `$x['Key'] = …`; what cannot be read leaves the variable unknown.

        False where the sign assigns nothing.
        """
        tokens, kinds = self.tokens, self.tokens.kinds
        first, key = index - 1, None
        if first >= 1 and kinds[first] == "word" and tokens.text(first)[0] == "." and kinds[first - 1] == "var":
            key = tokens.text(first)[1:].lower()
            first -= 1
        elif first >= 3 and tokens.text(first) == "]" and kinds[first - 1] in ("single", "double"):
            key = self.values.literal(first - 1).lower()
            self.values.budget.decide(key)
            first -= 3
        if first < 0 or kinds[first] != "var" or tokens.text(index) == "+":
            return False
        name = variable_name(tokens.text(first))
        if tokens.kind(index + 1) == "word" and tokens.texts[index + 1][0].isalpha():
            value, stop = None, index + 2  # a command's output
        else:
            stop = self._right_side(index + 1)
            value = self.values.expression(index + 1, stop)
        variables = self.values.variables
        if key is not None:
            table = variables.get(name)
            if isinstance(table, dict) and isinstance(value, list) and len(table) < MAX_VALUES:
                table[key] = value
            return True
        self.target, self.target_end = name, stop
        self.objects.pop(name, None)
        self.values.loops.discard(name)
        before = variables.get(name)
        if first >= 1 and kinds[first - 1] == "word" and _WMI_CLASS.search(tokens.text(first - 1)):
            if isinstance(value, list) and value:  # [wmiclass]$c = "…"
                self._record(Call("[wmiclass]", index, {"Path": value[:1]}))
        elif tokens.text(index) == "+=" and isinstance(before, dict) and isinstance(value, dict):
            value = {**before, **value}
        elif tokens.text(index) == "+=" and isinstance(before, list) and isinstance(value, list):
            value = [(before[0] + joined(value))[:MAX_VALUE]] if len(before) == 1 else (before + value)[:MAX_VALUES]
            self.values.budget.spend(len(value[0]))
        if value is None or value == []:
            variables.pop(name, None)
        else:
            variables[name] = value
        return True

    def _right_side(self, index: int) -> int:
        """Where the value assigned ends: the statement's end, or the comma before a script's next parameter."""
        tokens, kinds = self.tokens, self.tokens.kinds
        while index < len(kinds):
            self.values.budget.spend()
            kind = kinds[index]
            if kind in ("end", "close"):
                break
            if kind == "newline" and kinds[index - 1] not in ("comma", "op"):
                break
            if kind == "comma":
                following = self.values.skip_newlines(index + 1)
                if tokens.text(following)[:1] == "[" or kinds[following : following + 2] == [
                    "var",
                    "op",
                ]:
                    break
            index = tokens.partner[index] + 1 if kind == "open" else index + 1
        return min(index, len(kinds))

    # -- [wmiclass] and methods of WMI objects

    def _class_object(self, index: int) -> None:
        """`[wmiclass]"\\\\host\\root\\cimv2:Win32_Process"`."""
        kinds = self.tokens.kinds[index + 1 : index + 3]
        if kinds == ["var", "op"]:
            return  # the type of a variable: _assign records what it is given
        value, _ = self.values.argument(index + 1)
        if isinstance(value, list) and value:
            self._record(Call("[wmiclass]", index, {"Path": value}))

    def _method(self, index: int, name: str) -> None:
        """`.Create("…")` or `.InvokeMethod("Create", …)` on what holds a WMI object, `.Add("Key", …)` on a table."""
        tokens, kinds = self.tokens, self.tokens.kinds
        if not (self.tokens.glued(index + 1) and tokens.text(index + 1) == "("):
            return
        call = None
        if kinds[index - 1] == "var":
            call = self.objects.get(variable_name(tokens.text(index - 1)))
        elif kinds[index - 1] == "close" and self.calls:
            last = self.calls[-1]
            opener = tokens.partner[index - 1]
            call = last if 0 <= opener <= last.index < index else None
        elif kinds[index - 1] in _STRINGS and self.calls and self.calls[-1].index == index - 2:
            call = self.calls[-1]
        table = self.values.variables.get(variable_name(tokens.text(index - 1))) if kinds[index - 1] == "var" else None
        adds = isinstance(table, dict) and name.lower() == "add"
        if not adds and (call is None or call.method):
            return
        value = self.values.expression(index + 2, tokens.partner[index + 1])
        arguments = value if isinstance(value, list) else []
        if isinstance(table, dict) and adds:
            if len(arguments) > 1 and len(table) < MAX_VALUES:
                self.values.budget.decide(arguments[0])
                table[arguments[0].lower()] = arguments[1:]
        elif call is not None:
            call.method = arguments if name.lower() == "invokemethod" and arguments else [name, *arguments]


def _bind_positional(call: Call, cmdlet: Cmdlet, loose: List[Value]) -> None:
    bound = call.parameters
    named = [name for name in cmdlet.positional if name not in bound]
    if any(name in bound for name in ("Path", "InputObject", "CimClass", "Query", "ResourceUri")):
        named = [name for name in named if name not in ("Class", "ClassName", "ArgumentList")]
    for value in loose:
        tables = [name for name in named if name in ("Arguments", "Property")]
        name = tables[0] if isinstance(value, dict) and tables else next((n for n in named if n not in tables), None)
        if name:
            bound[name] = value
            named.remove(name)
