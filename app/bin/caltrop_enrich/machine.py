"""What commands and objects may ask of the interpreter that runs them."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, NamedTuple, Optional, Protocol, Set

from .commandlines import Reader
from .records import Call
from .syntax import Block, Function, Node
from .values import Budget, Closure, Strings, Value


class Argument(NamedTuple):
    """One argument as it was given: the name of a parameter as typed, or ""; its value; whether a name came without one; and
    whether it is an array that was written out."""

    name: str
    value: Value
    bare: bool = False
    written: bool = False


class Invocation(NamedTuple):
    """A command that is run: what it was given, what was piped to it (None: nothing), and its text as written."""

    name: str
    arguments: List[Argument]
    piped: Optional[List[Value]]
    source: str
    unresolved: Strings


class Machine(Protocol):
    """The interpreter, as what it runs sees it."""

    budget: Budget
    lines: Reader
    aliases: Dict[str, str]
    environment: Dict[str, str]
    scopes: List[Dict[str, Value]]  # of variables, the innermost last
    literals: Set[int]  # the texts that the script spells, by identity
    symbols: Dict[str, None]  # variables that are set and have names of special characters
    stepped: Value  # what a variable was before `++`
    calling: int  # scripts and functions around this place
    looping: int  # loops, and calls with arguments, around it
    error: str  # why the script is not read to its end

    def note(self, call: Call) -> None:
        """Note a use down."""

    def run_text(self, value: Value, source: str) -> Value:
        """Read a text as a script in this place (Invoke-Expression); what it gives."""

    def run_closure(
        self, closure: Closure, arguments: List[Argument], piped: Optional[List[Value]] = None
    ) -> List[Value]:
        """Run a block with arguments; what it gives."""

    def read_closure(self, closure: Closure) -> None:
        """Read a block that something else will run, if it was not read yet."""

    def call(self, block: Block, arguments: List[Argument], piped: Optional[List[Value]]) -> List[Value]:
        """Run a function's or a block's statements with its arguments bound."""

    def closure(self, block: Block) -> Closure:
        """A block as a value, which is read at the end if nothing runs it."""

    def run(self, statements: List[Node]) -> List[Value]:
        """Read statements; their output."""

    def evaluate(self, node: Node) -> Value:
        """The value of a piece of script."""

    def parsed(self, value: Value, source: str) -> Value:
        """A text as a script block."""

    def variable(self, name: str) -> Value:
        """The value of a variable; NotImplemented where it has none."""

    def set_variable(self, name: str, value: Value) -> None:
        """Set a variable."""

    def variable_names(self) -> List[str]:
        """The variables that the script has set."""

    def function_names(self) -> List[str]:
        """The functions that the script has made."""

    def define(self, name: str, closure: Closure) -> None:
        """Make a function."""

    def invoke(self, name: str, arguments: List[Argument], source: str) -> Value:
        """Run a command by its name; what it gives."""

    def declare(self, function: Function) -> None:
        """Know a function, which is read at the end if nothing calls it."""

    def function(self, name: str) -> Optional[Function]:
        """A function that the script has made so far."""

    def call_function(self, function: Function, arguments: List[Argument], piped: Optional[List[Value]]) -> List[Value]:
        """Call a function; what it gives."""

    def scope_of(self, name: str) -> Dict[str, Value]:
        """The scope that a variable lives in; the innermost where it has none."""


Nodes = Dict[type, Callable[[Machine, Any], Value]]  # how nodes of the tree are evaluated, by their class
