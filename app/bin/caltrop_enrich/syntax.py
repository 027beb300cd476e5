"""The tree of a PowerShell script: what `parser` makes and `interpreter` reads. Every node knows where it stands in its text."""

from __future__ import annotations

from typing import List, Optional, Tuple, Union


class Node:
    """A piece of script, `text[start:end]`."""

    __slots__ = ("end", "start", "text")

    def __init__(self, text: str, start: int, end: int) -> None:
        self.text, self.start, self.end = text, start, end


class Text(Node):
    """A text that is known: a quoted string without variables, a bare word, a number as an argument."""

    __slots__ = ("bare", "value")

    def __init__(self, text: str, start: int, end: int, value: str, bare: bool = False) -> None:
        self.text, self.start, self.end, self.value, self.bare = text, start, end, value, bare


class Number(Node):
    """A number in an expression."""

    __slots__ = ("value",)

    def __init__(self, text: str, start: int, end: int, value: Union[int, float]) -> None:
        self.text, self.start, self.end, self.value = text, start, end, value


class Expand(Node):
    """A text with variables and $( ) in it: its parts in order."""

    __slots__ = ("parts",)

    def __init__(self, text: str, start: int, end: int, parts: List[Union[str, Node]]) -> None:
        self.text, self.start, self.end, self.parts = text, start, end, parts


class Variable(Node):
    """`$name`: lower case; `scope` is what stands before the colon (`env`, `script`, …), or ""."""

    __slots__ = ("name", "scope")

    def __init__(self, text: str, start: int, end: int, scope: str, name: str) -> None:
        self.text, self.start, self.end, self.scope, self.name = text, start, end, scope, name


class Splat(Variable):
    """`@name` among arguments."""

    __slots__ = ()


class TypeName(Node):
    """`[name]` as a value."""

    __slots__ = ("name",)

    def __init__(self, text: str, start: int, end: int, name: str) -> None:
        self.text, self.start, self.end, self.name = text, start, end, name


class Prefix(Node):
    """Operators and casts before a value, the outermost first: `!`, `-`, `-join`, `[char]`, …"""

    __slots__ = ("operand", "operators")

    def __init__(self, text: str, start: int, end: int, operators: List[str], operand: Node) -> None:
        self.text, self.start, self.end, self.operators, self.operand = text, start, end, operators, operand


class Binary(Node):
    """Operators of one precedence, from left to right."""

    __slots__ = ("first", "rest")

    def __init__(self, text: str, start: int, end: int, first: Node, rest: List[Tuple[str, Node]]) -> None:
        self.text, self.start, self.end, self.first, self.rest = text, start, end, first, rest


class Array(Node):
    """`a, b, c`."""

    __slots__ = ("items",)

    def __init__(self, text: str, start: int, end: int, items: List[Node]) -> None:
        self.text, self.start, self.end, self.items = text, start, end, items


class Access:
    """`.name`, `::name`, `.name( … )` or `[ … ]`; `name` is None for an index, `arguments` None without parentheses."""

    __slots__ = ("arguments", "end", "name", "static")

    def __init__(
        self, name: Optional[Node], arguments: Optional[List[Node]], static: bool = False, end: int = 0
    ) -> None:
        self.name, self.arguments, self.static, self.end = name, arguments, static, end


class Postfix(Node):
    """A value and what is asked of it, in order."""

    __slots__ = ("accesses", "base")

    def __init__(self, text: str, start: int, end: int, base: Node, accesses: List[Access]) -> None:
        self.text, self.start, self.end, self.base, self.accesses = text, start, end, base, accesses


class Step(Node):
    """`$x++`, `--$x`: the variable, by how much, and whether the new value is the result."""

    __slots__ = ("before", "by", "target")

    def __init__(self, text: str, start: int, end: int, target: Node, by: int, before: bool) -> None:
        self.text, self.start, self.end, self.target, self.by, self.before = text, start, end, target, by, before


class Group(Node):
    """`( )`, `$( )`, `@( )` or `process { }`, told apart by `opener`."""

    __slots__ = ("opener", "statements")

    def __init__(self, text: str, start: int, end: int, opener: str, statements: List[Node]) -> None:
        self.text, self.start, self.end, self.opener, self.statements = text, start, end, opener, statements


class Table(Node):
    """`@{ key = value }`."""

    __slots__ = ("entries",)

    def __init__(self, text: str, start: int, end: int, entries: List[Tuple[Node, Node]]) -> None:
        self.text, self.start, self.end, self.entries = text, start, end, entries


class Parameter(Node):
    """`$name = default` of a function or a block; its aliases, whether it is a switch, and whether items of a pipeline (`item`) or
    properties of them (`property`) are bound to it; its place among arguments without names (-1: by its place in the list)."""

    __slots__ = ("aliases", "default", "fed", "name", "position", "switch")

    def __init__(
        self,
        text: str,
        start: int,
        end: int,
        name: str,
        default: Optional[Node],
        aliases: Tuple[str, ...] = (),
        switch: bool = False,
        fed: str = "",
        position: int = -1,
    ) -> None:
        self.text, self.start, self.end, self.name, self.default = text, start, end, name, default
        self.aliases, self.switch, self.fed, self.position = aliases, switch, fed, position


class Block(Node):
    """`{ … }`: `start` and `end` are those of its inside."""

    __slots__ = ("parameters", "statements")

    def __init__(self, text: str, start: int, end: int, parameters: List[Parameter], statements: List[Node]) -> None:
        self.text, self.start, self.end, self.parameters, self.statements = text, start, end, parameters, statements


class Named(Node):
    """`-Name` among arguments, as typed without the dash; `value` is what stands after its colon."""

    __slots__ = ("name", "value")

    def __init__(self, text: str, start: int, end: int, name: str, value: Optional[Node]) -> None:
        self.text, self.start, self.end, self.name, self.value = text, start, end, name, value


class Command(Node):
    """A command and its arguments; `operator` is `&`, `.` or ""."""

    __slots__ = ("arguments", "name", "operator")

    def __init__(self, text: str, start: int, end: int, name: Node, operator: str, arguments: List[Node]) -> None:
        self.text, self.start, self.end, self.name, self.operator, self.arguments = (
            text,
            start,
            end,
            name,
            operator,
            arguments,
        )


class Pipeline(Node):
    """Two or more elements joined by `|`."""

    __slots__ = ("elements",)

    def __init__(self, text: str, start: int, end: int, elements: List[Node]) -> None:
        self.text, self.start, self.end, self.elements = text, start, end, elements


class Assign(Node):
    """`target = value`; `operator` may be `+=` and the like, `casts` are the types before the target."""

    __slots__ = ("operator", "target", "value")

    def __init__(self, text: str, start: int, end: int, target: Node, operator: str, value: Node) -> None:
        self.text, self.start, self.end, self.target, self.operator, self.value = (
            text,
            start,
            end,
            target,
            operator,
            value,
        )


class If(Node):
    """Conditions with their blocks; the last condition is None for `else`."""

    __slots__ = ("clauses",)

    def __init__(self, text: str, start: int, end: int, clauses: List[Tuple[Optional[Node], List[Node]]]) -> None:
        self.text, self.start, self.end, self.clauses = text, start, end, clauses


class Loop(Node):
    """`for`, `while`, `do`: `until` turns the condition round, `late` asks it after the body."""

    __slots__ = ("body", "condition", "first", "late", "step", "until")

    def __init__(
        self,
        text: str,
        start: int,
        end: int,
        first: Optional[Node],
        condition: Optional[Node],
        step: Optional[Node],
        body: List[Node],
        late: bool = False,
        until: bool = False,
    ) -> None:
        self.text, self.start, self.end = text, start, end
        self.first, self.condition, self.step, self.body, self.late, self.until = (
            first,
            condition,
            step,
            body,
            late,
            until,
        )


class ForEach(Node):
    """`foreach ($x in …)`."""

    __slots__ = ("body", "items", "name")

    def __init__(self, text: str, start: int, end: int, name: str, items: Node, body: List[Node]) -> None:
        self.text, self.start, self.end, self.name, self.items, self.body = text, start, end, name, items, body


class Switch(Node):
    """`switch (…) { … }`: conditions (None for `default`) with their blocks."""

    __slots__ = ("clauses", "subject")

    def __init__(
        self, text: str, start: int, end: int, subject: Node, clauses: List[Tuple[Optional[Node], List[Node]]]
    ) -> None:
        self.text, self.start, self.end, self.subject, self.clauses = text, start, end, subject, clauses


class Try(Node):
    """`try` with what follows it: bodies in order, and whether each is a `catch`."""

    __slots__ = ("bodies",)

    def __init__(self, text: str, start: int, end: int, bodies: List[Tuple[bool, List[Node]]]) -> None:
        self.text, self.start, self.end, self.bodies = text, start, end, bodies


class Function(Node):
    """`function name { … }`."""

    __slots__ = ("block", "name")

    def __init__(self, text: str, start: int, end: int, name: str, block: Block) -> None:
        self.text, self.start, self.end, self.name, self.block = text, start, end, name, block


class Jump(Node):
    """`return`, `break`, `continue`, `throw`, `exit`, with a value or without."""

    __slots__ = ("value", "word")

    def __init__(self, text: str, start: int, end: int, word: str, value: Optional[Node]) -> None:
        self.text, self.start, self.end, self.word, self.value = text, start, end, word, value
