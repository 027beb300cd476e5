"""Text -> tree, by the grammar of Windows PowerShell 5.1 (about_Parsing, about_Quoting_Rules, about_Operator_Precedence).

Written for hostile text: it never fails, what is no PowerShell is passed over, an unterminated string or bracket runs to
the end, nesting beyond MAX_DEPTH ends it, and the work is linear in the text.
"""

from __future__ import annotations

import re
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

from .limits import MAX_DEPTH
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
    Parameter,
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

# PowerShell takes typographic quotes and dashes for the plain ones.
SQ = "'\u2018\u2019\u201a\u201b"
DQ = '"\u201c\u201d\u201e'
DASH = "\\-\u2013\u2014\u2015"
_DASHES = frozenset("-\u2013\u2014\u2015")
_DIGITS = frozenset("0123456789")
_QUOTES = frozenset(SQ + DQ)

# Windows PowerShell 5.1 writes event 4104, and its escapes these are: `e is e there, and `u{41} is u{41}.
_ESCAPES = {"0": "\0", "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ESCAPE = re.compile(r"`(\r\n|.)", re.DOTALL)

_COMMENT = r"\#[^\r\n]*|<\#(?:[^#]|\#(?!>))*(?:\#>|\Z)"
_SPACE = re.compile(rf"(?:[^\S\r\n]|\0|`(?:\r\n|\r|\n)|{_COMMENT})*")
_SPACE_AND_LINES = re.compile(rf"(?:\s|\0|`(?:\r\n|\r|\n)|{_COMMENT})*")
_BETWEEN = re.compile(rf"(?:[\s;\0]|`(?:\r\n|\r|\n)|{_COMMENT})*")
_COMMENTS = re.compile(_COMMENT)

_SINGLE = re.compile(rf"[{SQ}][^{SQ}]*(?:[{SQ}]{{2}}[^{SQ}]*)*(?:[{SQ}]|\Z)")
_DOUBLED = re.compile(rf"[{SQ}]{{2}}")
_HERE = re.compile(rf"@([{SQ}{DQ}])[^\S\r\n]*(?:\r\n|\r|\n)")
_HERE_END = {
    "'": re.compile(rf"(?:\r\n|\r|\n)[{SQ}]@"),
    '"': re.compile(rf"(?:\r\n|\r|\n)[{DQ}]@"),
}
_PLAIN = re.compile(rf"[^{DQ}`$]*")
_PLAIN_HERE = re.compile(r"[^`$]*")
_VARIABLE = re.compile(r"\$(?:\{([^{}\r\n]{0,256})\}|((?:\w+:(?=\w))?\w+|[$?^]))")
_SCOPE = re.compile(r"(\w+):(?=.)")
_PLAIN_SCOPES = frozenset(("global", "local", "script", "private", "using", "variable"))

_BARE = rf"\s\0{SQ}{DQ}`$(){{}};|&,<>"
_WORD_PIECE = re.compile(rf"(?:[^{_BARE}]|`(?![\r\n]).)+", re.DOTALL)
_NAMED = re.compile(rf"[{DASH}][A-Za-z_?](?:[^{_BARE}.\[:]|`(?![\r\n]).)*(:?)", re.DOTALL)
_SPLAT = re.compile(r"@([A-Za-z_?]\w*)")
_REDIRECT = re.compile(r"(?:[1-6*])?>>?(?:&[12])?|<")
_NUMBER = re.compile(
    r"(?:0[xX]([0-9A-Fa-f]{1,16})|([0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,3}))?)"
    r"(?:[lLdD])?([kKmMgGtTpP][bB])?(?![\w])"
)
_SCALE = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50}
_TYPE = re.compile(r"\[\s*([A-Za-z_][\w.+`]*(?:\s*\[[\w.,\s\[\]]*\])?)\s*\]")
_ATTRIBUTE = re.compile(rf"\[(?:[^\[\]{SQ}{DQ}]|[{SQ}][^{SQ}]*[{SQ}]|[{DQ}][^{DQ}]*[{DQ}]|\[[^\[\]]*\]){{0,2000}}\]")
_BINDING = re.compile(
    r"\[\s*(?:CmdletBinding|Alias|OutputType|Diagnostics)[\w.]*\([^\[\]{}]{0,2000}\)\s*\]", re.IGNORECASE
)
_MEMBER = re.compile(r"(?:\w|`[^\r\n])+")
_KEYWORD = re.compile(r"([A-Za-z]+)(?![\w\-.\\/:\[])")
_OPERATOR = re.compile(rf"[{DASH}]([A-Za-z]+)(?![\w])")
_ASSIGN = re.compile(r"(?:[-+*/%]|\?\?)?=")

_LEVELS: Tuple[Tuple[str, ...], ...] = (
    ("and", "or", "xor"),
    ("band", "bor", "bxor", "shl", "shr"),
    ("eq", "ne", "ge", "gt", "lt", "le", "like", "notlike", "match", "notmatch", "replace", "contains", "notcontains",
     "in", "notin", "split", "join", "is", "isnot", "as"),
    ("+", "-"),
    ("*", "/", "%"),
    ("f",),
    ("..",),
)  # fmt: skip
_LEVEL: Dict[str, int] = {name: level for level, names in enumerate(_LEVELS) for name in names}
_LEVEL.update({prefix + name: 2 for name in _LEVELS[2] for prefix in "ci" if name not in ("is", "as", "isnot")})
_LEVEL.update({"shl": 1, "shr": 1})
_UNARY = frozenset(("not", "bnot", "join", "split", "csplit", "isplit"))
_BLOCK_WORDS = frozenset(("begin", "process", "end", "dynamicparam", "clean"))
_STOPS = frozenset("\r\n;|)}")
_STARTS = frozenset("$(@[{") | _QUOTES | _DIGITS


class Leaf(NamedTuple):
    """A string, a bare word among arguments, a name, or a comment, as it stands in the text. See `shapes`."""

    kind: str
    start: int
    end: int


class Parsed(NamedTuple):
    """The statements of a script, and why they are not all ("" when they are)."""

    statements: List[Node]
    error: str


def unescape(text: str) -> str:
    """Backtick escapes of a bare word or an expandable string."""
    if "`" not in text:
        return text
    return _ESCAPE.sub(_unescape_one, text)


def _unescape_one(found: "re.Match[str]") -> str:
    char = found.group(1)
    return "" if char in ("\n", "\r", "\r\n") else _ESCAPES.get(char, char)


def variable_name(text: str) -> Tuple[str, str]:
    """`$Script:Host`, `${host}` -> scope and name, lower case; scopes that only say where a variable lives are ""."""
    name = unescape(text[1:]) if "`" in text else text[1:]
    if name[:1] == "{":
        name = name[1:].rstrip("}")
    name = name.lower()
    scope = _SCOPE.match(name) if ":" in name else None
    if not scope:
        return "", name
    where = scope.group(1)
    return ("" if where in _PLAIN_SCOPES else where), name[scope.end() :]


def parse(text: str, nodes: int, leaves: Optional[List[Leaf]] = None) -> Tuple[Parsed, int]:
    """Read a script of at most `nodes` nodes; what was read, and how many nodes are left. `leaves` is filled where given."""
    parser = _Parser(text.rstrip(), nodes, leaves)
    statements = parser.script()
    return Parsed(statements, parser.error), max(parser.nodes, 0)


class _Parser:
    def __init__(self, text: str, nodes: int, leaves: Optional[List[Leaf]]) -> None:
        self.text = text
        self.stop = len(text)
        self.pos = 0
        self.nodes = nodes
        self.depth = 0
        self.error = ""
        self.leaves = leaves

    # -- bookkeeping

    def _spend(self, nodes: int = 1) -> None:
        self.nodes -= nodes
        if self.nodes < 0:
            self.error = self.error or "script has too many tokens"
            self.stop = self.pos

    def _enter(self) -> bool:
        """Whether there is room for one more nesting, to be followed by `depth -= 1`; if not, the script ends here."""
        if self.depth >= MAX_DEPTH:
            self.error = self.error or "script nests too deeply"
            self.stop = self.pos
            return False
        self.depth += 1
        return True

    def _leaf(self, kind: str, start: int) -> None:
        if self.leaves is not None:
            self.leaves.append(Leaf(kind, start, self.pos))

    def _skip(self, pattern: "re.Pattern[str]") -> None:
        found = pattern.match(self.text, self.pos)
        if found and found.end() > self.pos:
            if self.leaves is not None and "#" in found.group():
                self.leaves += [
                    Leaf("comment", at.start(), at.end()) for at in _COMMENTS.finditer(self.text, self.pos, found.end())
                ]
            self.pos = min(found.end(), self.stop)

    def _space(self) -> None:
        char = self._char()
        if char and (char in " \t`#<\0" or char.isspace()):
            self._skip(_SPACE)

    def _lines(self) -> None:
        self._skip(_SPACE_AND_LINES)

    def _char(self, ahead: int = 0) -> str:
        at = self.pos + ahead
        return self.text[at] if at < self.stop else ""

    # -- statements

    def script(self) -> List[Node]:
        """All statements; stray closing brackets are passed over."""
        found: List[Node] = []
        while self.pos < self.stop:
            found += self._statements("")
            self.pos += 1
            self._spend()
        if self.nodes < 0:
            self.error = self.error or "script has too many tokens"
        return found

    def _statements(self, closer: str) -> List[Node]:
        """Statements up to the closing bracket, which is left for the caller, or any other closing bracket."""
        found: List[Node] = []
        while self.pos < self.stop:
            before = self.pos
            self._skip(_BETWEEN)
            if self.pos > before + 1:
                self.nodes -= self.text.count(";", before, self.pos)
            char = self._char()
            if not char or char in ")}":
                break
            before = self.pos
            statement = self._statement()
            if statement is not None:
                found.append(statement)
            if self.pos == before:
                self.pos += 1
        return found

    def _closed(self, closer: str) -> None:
        """Pass the closing bracket, if it is there."""
        while self.pos < self.stop and self.text[self.pos] in ")}]":
            if self.text[self.pos] == closer:
                self.pos += 1
                return
            if closer == "}" and self.text[self.pos] == ")":  # one too many, in a block
                self.pos += 1
                return
            return

    def _statement(self) -> Optional[Node]:
        self._spend()
        start = self.pos
        found = _KEYWORD.match(self.text, start, self.stop)
        if found:
            reader = _KEYWORDS.get(found.group(1).lower())
            if reader:
                self.pos = found.end()
                node = reader(self, start, found.group(1).lower())
                if node is not None or self.pos > found.end():
                    return node
                self.pos = start
        elif self._char() == ":" and self.text[start + 1 : start + 2].isalpha():  # a loop's label
            label = re.compile(r":\w+[ \t\r\n]*(?=for|while|do|switch)", re.IGNORECASE).match(self.text, start)
            if label:
                self.pos = label.end()
                return self._statement()
        return self._pipeline()

    def _block_statements(self) -> List[Node]:
        """`{ … }` after a keyword; nothing where none stands."""
        self._lines()
        if self._char() != "{":
            return []
        if not self._enter():
            self.pos += 1
            return []
        self.pos += 1
        found = self._statements("}")
        self._close_block()
        self.depth -= 1
        return found

    def _close_block(self) -> None:
        while self._char() == ")":  # one too many
            self.pos += 1
            self._statements("}")
        if self._char() == "}":
            self.pos += 1

    def _condition(self) -> Optional[Node]:
        """`( … )` after a keyword."""
        self._lines()
        return self._group("(") if self._char() == "(" else None

    def _if(self, start: int, word: str) -> Optional[Node]:
        self._lines()
        if self._char() != "(":
            return None
        clauses: List[Tuple[Optional[Node], List[Node]]] = [(self._condition(), self._block_statements())]
        while True:
            before = self.pos
            self._lines()
            found = _KEYWORD.match(self.text, self.pos, self.stop)
            following = found.group(1).lower() if found else ""
            if found and following in ("elseif", "else"):
                self.pos = found.end()
                if following == "elseif":
                    clauses.append((self._condition(), self._block_statements()))
                    continue
                self._lines()
                nested = _KEYWORD.match(self.text, self.pos, self.stop)
                if nested and nested.group(1).lower() == "if":
                    self.pos = nested.end()
                    clauses.append((self._condition(), self._block_statements()))
                    continue
                clauses.append((None, self._block_statements()))
            else:
                self.pos = before
            return If(self.text, start, self.pos, clauses)

    def _foreach(self, start: int, word: str) -> Optional[Node]:
        self._lines()
        if self._char() != "(":
            return None
        if not self._enter():
            return None
        self.pos += 1
        self._lines()
        name = _VARIABLE.match(self.text, self.pos, self.stop)
        items: Optional[Node] = None
        if name:
            self.pos = name.end()
            self._lines()
            found = _KEYWORD.match(self.text, self.pos, self.stop)
            if found and found.group(1).lower() == "in":
                self.pos = found.end()
                self._lines()
                items = self._pipeline()
        self._lines()
        self._closed(")")
        self.depth -= 1
        if not name or items is None:
            return Group(self.text, start, self.pos, "$(", self._block_statements())
        return ForEach(self.text, start, self.pos, variable_name(name.group())[1], items, self._block_statements())

    def _for(self, start: int, word: str) -> Optional[Node]:
        self._lines()
        if self._char() != "(" or not self._enter():
            return None
        self.pos += 1
        parts: List[Optional[Node]] = []
        for _ in range(3):
            self._lines()
            parts.append(None if self._char() in ";)" else self._statement())
            self._lines()
            if self._char() == ";":
                self.pos += 1
        self._lines()
        self._closed(")")
        self.depth -= 1
        return Loop(self.text, start, self.pos, parts[0], parts[1], parts[2], self._block_statements())

    def _while(self, start: int, word: str) -> Optional[Node]:
        self._lines()
        if self._char() != "(":
            return None
        condition = self._condition()
        body = self._block_statements()
        return Loop(self.text, start, self.pos, None, condition, None, body)

    def _do(self, start: int, word: str) -> Optional[Node]:
        self._lines()
        if self._char() != "{":
            return None
        body = self._block_statements()
        self._lines()
        found = _KEYWORD.match(self.text, self.pos, self.stop)
        ending = found.group(1).lower() if found else ""
        if found and ending in ("while", "until"):
            self.pos = found.end()
            return Loop(self.text, start, self.pos, None, self._condition(), None, body, True, ending == "until")
        return Group(self.text, start, self.pos, "$(", body)

    def _switch(self, start: int, word: str) -> Optional[Node]:
        self._lines()
        while self._char() in _DASHES:
            found = _NAMED.match(self.text, self.pos, self.stop)
            if not found:
                return None
            self.pos = found.end()
            self._lines()
        if self._char() != "(":
            return None
        subject = self._condition()
        self._lines()
        clauses: List[Tuple[Optional[Node], List[Node]]] = []
        if self._char() == "{" and self._enter():
            self.pos += 1
            while self.pos < self.stop:
                self._skip(_BETWEEN)
                if self._char() in ("}", ""):
                    break
                before = self.pos
                found = _KEYWORD.match(self.text, self.pos, self.stop)
                if found and found.group(1).lower() == "default":
                    self.pos = found.end()
                    clauses.append((None, self._block_statements()))
                else:
                    case = self._argument()
                    if case is not None:
                        clauses.append((case, self._block_statements()))
                if self.pos == before:
                    self.pos += 1
            self._closed("}")
            self.depth -= 1
        return Switch(self.text, start, self.pos, subject, clauses) if subject is not None else None

    def _try(self, start: int, word: str) -> Optional[Node]:
        self._lines()
        if self._char() != "{":
            return None
        bodies = [(False, self._block_statements())]
        while True:
            before = self.pos
            self._lines()
            found = _KEYWORD.match(self.text, self.pos, self.stop)
            ending = found.group(1).lower() if found else ""
            if not found or ending not in ("catch", "finally"):
                self.pos = before
                return Try(self.text, start, self.pos, bodies)
            self.pos = found.end()
            self._lines()
            while self._char() == "[":
                kind = _TYPE.match(self.text, self.pos, self.stop)
                self.pos = kind.end() if kind else self.pos + 1
                self._lines()
                if self._char() == ",":
                    self.pos += 1
                    self._lines()
            bodies.append((ending == "catch", self._block_statements()))

    def _trap(self, start: int, word: str) -> Optional[Node]:
        self._lines()
        kind = _TYPE.match(self.text, self.pos, self.stop)
        if kind:
            self.pos = kind.end()
            self._lines()
        if self._char() != "{":
            return None
        return Try(self.text, start, self.pos, [(True, self._block_statements())])

    def _function(self, start: int, word: str) -> Optional[Node]:
        self._space()
        name = _WORD_PIECE.match(self.text, self.pos, self.stop)
        if not name:
            return None
        self.pos = name.end()
        self._leaf("name", name.start())
        self._lines()
        parameters = self._parameters() if self._char() == "(" else []
        self._lines()
        if self._char() != "{":
            return None
        block = self._block()
        if not isinstance(block, Block):
            return None
        block.parameters = block.parameters or parameters
        own = unescape(name.group()).lower()
        return Function(self.text, start, self.pos, own.rsplit(":", 1)[-1], block)

    def _class(self, start: int, word: str) -> Optional[Node]:
        """The methods of a class are read as statements of its block."""
        self._space()
        name = re.compile(r"\w+[ \t]*(?::[^{\r\n]*)?").match(self.text, self.pos, self.stop)
        if not name:
            return None
        self.pos = name.end()
        self._lines()
        if self._char() != "{":
            return None
        return Group(self.text, start, self.pos, "$(", self._block_statements())

    def _bare_block(self, start: int, word: str) -> Optional[Node]:
        """`begin { … }`, `process { … }`, `end { … }`, `parallel { … }`."""
        self._lines()
        if self._char() != "{":
            return None
        return Group(self.text, start, self.pos, "$(", self._block_statements())

    def _param(self, start: int, word: str) -> Optional[Node]:
        """A script's own `param( … )`: the defaults are what its variables are."""
        self._lines()
        if self._char() != "(":
            return None
        found: List[Node] = [
            Assign(item.text, item.start, item.end, Variable(item.text, item.start, item.end, "", item.name), "=", item.default)
            for item in self._parameters()
            if item.default is not None
        ]  # fmt: skip
        return Group(self.text, start, self.pos, "$(", found)

    def _parameters(self) -> List[Parameter]:
        """`( [type]$name = default, … )`."""
        found: List[Parameter] = []
        if not self._enter():
            self.pos += 1
            return found
        self.pos += 1
        while self.pos < self.stop:
            self._lines()
            char = self._char()
            before = self.pos
            if char in (")", "}", ""):
                break
            if char == "[":  # a type or an attribute
                kind = _TYPE.match(self.text, self.pos, self.stop)
                attribute = None if kind else _ATTRIBUTE.match(self.text, self.pos, self.stop)
                if kind or attribute:
                    self.pos = (kind or attribute).end()  # type: ignore[union-attr]
            elif char == "$":
                name = _VARIABLE.match(self.text, self.pos, self.stop)
                if name:
                    self.pos = name.end()
                    self._lines()
                    default: Optional[Node] = None
                    if self._char() == "=":
                        self.pos += 1
                        self._lines()
                        default = self._binary(0, False)
                    found.append(Parameter(self.text, name.start(), self.pos, variable_name(name.group())[1], default))
            if self.pos == before:
                self.pos += 1
        self._closed(")")
        self.depth -= 1
        return found

    def _jump(self, start: int, word: str) -> Optional[Node]:
        self._space()
        value: Optional[Node] = None
        char = self._char()
        if char and char not in _STOPS:
            value = self._pipeline()
        return Jump(self.text, start, self.pos, word, value)

    # -- pipelines and commands

    def _pipeline(self) -> Optional[Node]:
        start = self.pos
        first = self._element()
        if first is None:
            return None
        self._space()
        if isinstance(first, (Variable, Postfix, Prefix, Array, TypeName)):
            assign = _ASSIGN.match(self.text, self.pos, self.stop)
            if assign:
                self.pos = assign.end()
                self._lines()
                if not self._enter():
                    return first
                value = self._statement()
                self.depth -= 1
                if value is None:
                    value = Group(self.text, self.pos, self.pos, "$(", [])
                return Assign(self.text, start, self.pos, first, assign.group(), value)
        elements = [first]
        while True:
            self._space()
            char = self._char()
            if char == "|":
                if self._char(1) == "|":
                    self.pos += 2
                    break
                self.pos += 1
                self._lines()
                if self._char() in ("", ")", "}", ";"):
                    break
                before = self.pos
                following = self._element()
                if following is None:
                    self.pos = max(self.pos, before)
                    break
                elements.append(following)
                continue
            if char == "&":
                self.pos += 1
                if self._char() == "&":
                    self.pos += 1
                else:
                    self.pos -= 1
                break
            redirect = _REDIRECT.match(self.text, self.pos, self.stop) if char and char in ">123456*" else None
            if redirect and ">" in redirect.group():
                self.pos = redirect.end()
                if "&" not in redirect.group():
                    self._space()
                    self._one_argument()
                continue
            break
        if len(elements) == 1:
            return first
        return Pipeline(self.text, start, self.pos, elements)

    def _element(self) -> Optional[Node]:
        """A command or an expression, by its first character."""
        char = self._char()
        if not char or char in ")}|;":
            return None
        if char == "&" or (char == "." and (self._char(1) in " \t\r\n`$({" or self._char(1) in _QUOTES)):
            if char == "&" and self._char(1) == "&":
                return None
            self.pos += 1
            self._lines()
            return self._command(char)
        if char in _STARTS or char in "!+,":
            if char in _DIGITS and not self._number_here():
                return self._command("")
            if char == "@" and not (self._char(1) in "({" or _HERE.match(self.text, self.pos)):
                return self._command("")
            return self._expression()
        if char == "." and self._char(1) in _DIGITS and self._number_here():
            return self._expression()
        if char in _DASHES:
            following = self._char(1)
            if following and (following in "$('\"[" or following in _DIGITS or following in _DASHES):
                return self._expression()
            found = _OPERATOR.match(self.text, self.pos, self.stop)
            if found and found.group(1).lower() in _UNARY:
                return self._expression()
        return self._command("")

    def _number_here(self) -> bool:
        """Whether a number stands here, and not a name that begins with a digit."""
        found = _NUMBER.match(self.text, self.pos, self.stop)
        if not found:
            return False
        following = self.text[found.end() : min(found.end() + 2, self.stop)]
        return not following or following[0] in " \t\r\n;|)}],+*/%-\0" or following == ".." or following[0] in "`&"

    def _command(self, operator: str) -> Optional[Node]:
        start = self.pos
        self._spend(2)
        if operator:
            name = self._invoked_name()
        else:
            name = self._word()
            if name is not None:
                self._leaf("name", start)
        if name is None:
            return None
        arguments: List[Node] = []
        while self.pos < self.stop:
            self._space()
            char = self._char()
            if not char or char in _STOPS:
                break
            if char == "&":
                break
            before = self.pos
            self._spend()
            if char in _DASHES:
                if self._char(1) in _DASHES and self._char(2) in ("", " ", "\t"):
                    self.pos += 2
                    continue
                found = _NAMED.match(self.text, self.pos, self.stop)
                if found:
                    self.pos = found.end()
                    value: Optional[Node] = None
                    if found.group(1):
                        self._space()
                        if self._char() and self._char() not in _STOPS and not _NAMED.match(self.text, self.pos):
                            value = self._argument()
                    typed = unescape(found.group()[1:].rstrip(":"))
                    arguments.append(Named(self.text, before, self.pos, typed, value))
                    continue
            elif char == "@":
                splat = _SPLAT.match(self.text, self.pos, self.stop)
                if splat:
                    self.pos = splat.end()
                    arguments.append(Splat(self.text, before, self.pos, "", splat.group(1).lower()))
                    continue
            elif char in "<>" or (char in "123456*" and self._char(1) == ">"):
                redirect = _REDIRECT.match(self.text, self.pos, self.stop)
                if redirect:
                    self.pos = redirect.end()
                    if "&" not in redirect.group():
                        self._space()
                        self._one_argument()
                    continue
            argument = self._argument()
            if argument is not None:
                arguments.append(argument)
            if self.pos == before:
                self.pos += 1
        return Command(self.text, start, self.pos, name, operator, arguments)

    def _invoked_name(self) -> Optional[Node]:
        """What follows `&` or `.`: a word, a string, or a value that says the name."""
        char = self._char()
        if char in _QUOTES or (char and char in "$({["):
            return self._postfix()
        return self._word()

    def _argument(self) -> Optional[Node]:
        """One argument, arrays included."""
        start = self.pos
        first = self._one_argument()
        if first is None:
            if self._char() == ",":
                self.pos += 1
            return None
        return self._listed(start, first, self._one_argument)

    def _listed(self, start: int, first: Node, read: Callable[[], Optional[Node]]) -> Node:
        """An array of `first` and of what `read` finds behind each comma; `first` itself where no comma follows."""
        items = [first]
        while True:
            before = self.pos
            self._space()
            if self._char() != ",":
                self.pos = before
                break
            self.pos += 1
            self._lines()
            following = read()
            if following is None:
                break
            items.append(following)
        return first if len(items) == 1 else Array(self.text, start, self.pos, items)

    def _one_argument(self) -> Optional[Node]:
        self._spend()
        char = self._char()
        if not char or char in _STOPS or char == ",":
            return None
        if char in _QUOTES:
            return self._accesses(self._string())
        if char == "(" or (char == "@" and (self._char(1) in "({" or _HERE.match(self.text, self.pos))):
            return self._postfix()
        if char == "{":
            return self._block()
        if char == "$" and (self._char(1) == "(" or _VARIABLE.match(self.text, self.pos, self.stop)):
            start = self.pos
            value = self._postfix(False)
            following = self._char()
            if value is None or not following or following in _STOPS or following in " \t,&<>({@":
                return value
            return self._word([value], start)
        return self._word()

    def _word(self, parts: Optional[List[Node]] = None, start: int = -1) -> Optional[Node]:
        """A word and what touches it: quotes inside it vanish, variables and $( ) are filled in."""
        if start < 0:
            start = self.pos
        found: List["str | Node"] = list(parts or ())
        text = self.text
        while self.pos < self.stop:
            char = text[self.pos]
            before = self.pos
            if char == "$":
                value = self._dollar()
                found.append(value if value is not None else "$")
            elif char in _QUOTES and before > start:
                string = self._string()
                found += (
                    string.parts if isinstance(string, Expand) else [string.value] if isinstance(string, Text) else []
                )
            else:
                piece = _WORD_PIECE.match(text, self.pos, self.stop)
                if not piece:
                    break
                self.pos = piece.end()
                found.append(unescape(piece.group()))
            if self.pos == before:
                break
        if not found:
            return None
        if all(isinstance(part, str) for part in found):
            self._leaf("word", start)
            return Text(text, start, self.pos, "".join(part for part in found if isinstance(part, str)), True)
        return Expand(text, start, self.pos, found)

    # -- expressions

    def _expression(self) -> Optional[Node]:
        return self._binary(0, True)

    def _binary(self, level: int, commas: bool) -> Optional[Node]:
        """Operators of `level` and tighter; those of one precedence in one node, so that a long sum is no deep tree."""
        start = self.pos
        value = self._comma_list() if commas else self._unary()
        if value is None:
            return None
        before = self.pos
        operator = self._operator()
        while operator and _LEVEL[operator] >= level:
            own = _LEVEL[operator]
            rest: List[Tuple[str, Node]] = []
            while operator and _LEVEL[operator] == own:
                self._lines()
                self._spend()
                operand = self._binary(own + 1, commas)
                if operand is None:
                    break
                rest.append((operator, operand))
                before = self.pos
                operator = self._operator()
            if not rest:
                break
            value = Binary(self.text, start, before, value, rest)
            if operator and _LEVEL[operator] == own:
                break
        self.pos = before
        return value

    def _operator(self) -> str:
        """The binary operator that comes next, passed over; "" (and the position is anywhere) if none does."""
        self._space()
        char = self._char()
        if not char or char in ")};|,\r\n]":
            return ""
        if char in _DASHES:
            found = _OPERATOR.match(self.text, self.pos, self.stop)
            if found:
                name = found.group(1).lower()
                if name in _LEVEL:
                    self.pos = found.end()
                    return name
                return ""
            if self._char(1) == "=" or (self._char(1) in _DASHES and self._char(1)):
                return ""
            self.pos += 1
            return "-"
        if char in "+*/%":
            if self._char(1) == "=" or (char == "+" and self._char(1) == "+"):
                return ""
            self.pos += 1
            return char
        if char == "." and self._char(1) == ".":
            self.pos += 2
            return ".."
        return ""

    def _comma_list(self) -> Optional[Node]:
        start = self.pos
        if self._char() == ",":  # an array of one
            self.pos += 1
            self._lines()
            item = self._unary()
            return None if item is None else Array(self.text, start, self.pos, [item])
        first = self._unary()
        if first is None:
            return None
        return self._listed(start, first, self._unary)

    def _unary(self) -> Optional[Node]:
        """Prefix operators and casts, then a value."""
        start = self.pos
        operators: List[str] = []
        while True:
            self._spend()
            char = self._char()
            if char == "!":
                self.pos += 1
                operators.append("not")
            elif char == "+" and self._char(1) == "+":
                return self._step_before(start, 1)
            elif char in _DASHES and char:
                if self._char(1) in _DASHES and self._char(1):
                    return self._step_before(start, -1)
                found = _OPERATOR.match(self.text, self.pos, self.stop)
                if found:
                    if found.group(1).lower() not in _UNARY:
                        return None
                    self.pos = found.end()
                    operators.append(found.group(1).lower())
                else:
                    self.pos += 1
                    operators.append("-")
            elif char == "+":
                self.pos += 1
                operators.append("+")
            elif char == "[" and self._cast_here():
                found = _TYPE.match(self.text, self.pos, self.stop)
                if not found:
                    break
                self.pos = found.end()
                operators.append("[" + found.group(1))
            else:
                break
            self._lines()
        value = self._postfix()
        if value is None:
            return None
        return value if not operators else Prefix(self.text, start, self.pos, operators, value)

    def _step_before(self, start: int, by: int) -> Optional[Node]:
        self.pos += 2
        self._space()
        target = self._postfix()
        return None if target is None else Step(self.text, start, self.pos, target, by, True)

    def _cast_here(self) -> bool:
        """Whether a type stands here with a value after it."""
        found = _TYPE.match(self.text, self.pos, self.stop)
        if not found:
            return False
        space = _SPACE.match(self.text, found.end())
        at = space.end() if space else found.end()
        if at >= self.stop:
            return False
        char = self.text[at]
        if char in _STARTS:
            return True
        following = self.text[at + 1 : at + 2]
        if char in _DASHES:
            operator = _OPERATOR.match(self.text, at, self.stop)
            if operator:
                return operator.group(1).lower() in _UNARY
            return bool(following) and (following in _DIGITS or following in "$(")
        return char == "+" and bool(following) and (following in _DIGITS or following == "$")

    def _postfix(self, spaced: bool = True) -> Optional[Node]:
        start = self.pos
        value = self._primary()
        if value is None:
            return None
        value = self._accesses(value)
        if spaced and isinstance(value, (Variable, Postfix)):
            two = self.text[self.pos : min(self.pos + 2, self.stop)]
            if two in ("++", "--"):
                self.pos += 2
                return Step(self.text, start, self.pos, value, 1 if two == "++" else -1, False)
        return value

    def _accesses(self, value: Node) -> Node:
        """`.name`, `::name`, `[ … ]` and `( … )` that touch a value."""
        accesses: List[Access] = []
        text = self.text
        while self.pos < self.stop:
            char = text[self.pos]
            before = self.pos
            if char == "[":
                if not self._enter():
                    break
                self.pos += 1
                self._lines()
                index = self._expression()
                self._lines()
                if self._char() != "]" and index is None:
                    self.pos = before
                    self.depth -= 1
                    break
                self._closed("]")
                self.depth -= 1
                accesses.append(Access(None, [index] if index is not None else [], end=self.pos))
            elif char == "." or (char == ":" and text.startswith("::", self.pos)):
                self.pos += 1 if char == "." else 2
                if char == ":":
                    self._space()
                name = self._member_name()
                if name is None:
                    self.pos = before
                    break
                accesses.append(Access(name, self._method_arguments(), char == ":", self.pos))
            else:
                break
            self._spend()
        return value if not accesses else Postfix(text, value.start, self.pos, value, accesses)

    def _member_name(self) -> Optional[Node]:
        char = self._char()
        start = self.pos
        if char in _QUOTES and char:
            return self._string()
        if char == "$":
            found = _VARIABLE.match(self.text, self.pos, self.stop)
            if not found:
                return None
            return self._primary()
        if char == "(":
            return self._group("(")
        word = _MEMBER.match(self.text, self.pos, self.stop)
        if not word:
            return None
        self.pos = word.end()
        return Text(self.text, start, self.pos, unescape(word.group()), True)

    def _method_arguments(self) -> Optional[List[Node]]:
        if self._char() != "(" or not self._enter():
            return None
        self.pos += 1
        found: List[Node] = []
        while self.pos < self.stop:
            self._lines()
            char = self._char()
            if char in (")", "}", ""):
                break
            before = self.pos
            if char == ",":
                self.pos += 1
                continue
            argument = self._binary(0, False)
            if argument is not None:
                found.append(argument)
            self._lines()
            if self.pos == before:
                self.pos += 1
        self._closed(")")
        self.depth -= 1
        return found

    def _primary(self) -> Optional[Node]:
        self._spend()
        char = self._char()
        start = self.pos
        if not char:
            return None
        if char in _QUOTES:
            return self._string()
        if char == "$":
            return self._dollar()
        if char == "(":
            return self._group("(")
        if char == "@":
            if self._char(1) == "(":
                return self._group("@(")
            if self._char(1) == "{":
                return self._table()
            if _HERE.match(self.text, self.pos):
                return self._string()
            return None
        if char == "{":
            return self._block()
        if char == "[":
            found = _TYPE.match(self.text, self.pos, self.stop)
            if not found:
                return None
            self.pos = found.end()
            return TypeName(self.text, start, self.pos, found.group(1).replace("`", ""))
        number = _NUMBER.match(self.text, self.pos, self.stop)
        if number:
            self.pos = number.end()
            return Number(self.text, start, self.pos, _number(number))
        return None

    def _group(self, opener: str) -> Node:
        """`( … )` and its kin, from the opener on."""
        start = self.pos
        self.pos += len(opener)
        if not self._enter():
            return Group(self.text, start, self.pos, opener, [])
        found = self._statements(")")
        self._closed(")")
        self.depth -= 1
        return Group(self.text, start, self.pos, opener, found)

    def _block(self) -> Node:
        """`{ … }` as a value."""
        start = self.pos
        self.pos += 1
        if not self._enter():
            return Group(self.text, start, self.pos, "$(", [])
        inside = self.pos
        self._skip(_BETWEEN)
        parameters: List[Parameter] = []
        while self._char() == "[":
            attribute = _BINDING.match(self.text, self.pos, self.stop)
            if not attribute:
                break
            self.pos = attribute.end()
            self._skip(_BETWEEN)
        found = _KEYWORD.match(self.text, self.pos, self.stop)
        if found and found.group(1).lower() == "param":
            self.pos = found.end()
            self._lines()
            if self._char() == "(":
                parameters = self._parameters()
        statements = self._statements("}")
        self._close_block()
        self.depth -= 1
        closed = self.pos > inside and self.text[self.pos - 1 : self.pos] == "}"
        return Block(self.text, inside, self.pos - 1 if closed else self.pos, parameters, statements)

    def _table(self) -> Node:
        start = self.pos
        self.pos += 2
        if not self._enter():
            return Group(self.text, start, self.pos, "$(", [])
        entries: List[Tuple[Node, Node]] = []
        while self.pos < self.stop:
            self._skip(_BETWEEN)
            char = self._char()
            if char in ("}", ")", ""):
                break
            before = self.pos
            key: Optional[Node]
            word = _MEMBER.match(self.text, self.pos, self.stop) if char not in _QUOTES and char != "$" else None
            if word:
                self.pos = word.end()
                key = Text(self.text, before, self.pos, unescape(word.group()), True)
                self._leaf("name", before)
            else:
                key = self._postfix()
            self._space()
            if key is not None and self._char() == "=":
                self.pos += 1
                self._lines()
                value = self._statement()
                if value is not None:
                    entries.append((key, value))
            if self.pos == before:
                self.pos += 1
        self._closed("}")
        self.depth -= 1
        return Table(self.text, start, self.pos, entries)

    # -- strings and variables

    def _dollar(self) -> Optional[Node]:
        """`$name`, `${name}` or `$( … )`; None, and a dollar passed over, where it is none."""
        start = self.pos
        if self._char(1) == "(":
            return self._group("$(")
        found = _VARIABLE.match(self.text, start, self.stop)
        if not found:
            self.pos += 1
            return None
        self.pos = found.end()
        scope, name = variable_name(found.group())
        return Variable(self.text, start, self.pos, scope, name)

    def _string(self) -> Node:
        """Any quoted string, from its quote on."""
        start, text = self.pos, self.text
        here = _HERE.match(text, start, self.stop)
        if here:
            single = here.group(1) in SQ
            closing = _HERE_END["'" if single else '"'].search(text, here.end() - 1, self.stop)
            last = closing.start() if closing else self.stop
            after = closing.end() if closing else self.stop
            if last < here.end():
                last = here.end()
            if single:
                self.pos = after
                self._leaf("here", start)
                return Text(text, start, after, text[here.end() : last])
            self.pos = here.end()
            parts = self._parts(last, _PLAIN_HERE)
            self.pos = max(after, self.pos)
            self._leaf("here", start)
            return self._expanded(start, parts)
        if text[start] in SQ:
            found = _SINGLE.match(text, start, self.stop)
            self.pos = found.end() if found else self.stop
            value = text[start + 1 : self.pos]
            if value[-1:] in SQ and value:
                value = value[:-1]
            if "'" in value or not value.isascii():
                value = _DOUBLED.sub(lambda pair: pair.group()[0], value)
            self._leaf("single", start)
            return Text(text, start, self.pos, value)
        self.pos += 1
        parts = self._parts(self.stop, _PLAIN)
        if self._char() in DQ and self._char():
            self.pos += 1
        self._leaf("double", start)
        return self._expanded(start, parts)

    def _expanded(self, start: int, parts: List["str | Node"]) -> Node:
        if all(isinstance(part, str) for part in parts):
            return Text(self.text, start, self.pos, "".join(part for part in parts if isinstance(part, str)))
        return Expand(self.text, start, self.pos, parts)

    def _parts(self, last: int, plain: "re.Pattern[str]") -> List["str | Node"]:
        """The parts of an expandable string from here to its closing quote, or to `last`."""
        text, parts = self.text, []  # type: str, List[str | Node]
        here = plain is _PLAIN_HERE
        while self.pos < min(last, self.stop):
            found = plain.match(text, self.pos, last)
            if found and found.end() > self.pos:
                parts.append(found.group())
                self.pos = found.end()
                continue
            char = text[self.pos]
            if char == "`":
                escaped = _ESCAPE.match(text, self.pos, last)
                self.pos = escaped.end() if escaped else self.pos + 1
                parts.append(_unescape_one(escaped) if escaped else "")
            elif char == "$":
                self._spend()
                value = self._dollar()
                parts.append("$" if value is None else value)
            elif not here and text[self.pos + 1 : self.pos + 2] in DQ and self.pos + 1 < last:
                parts.append(char)
                self.pos += 2
            else:
                break
        return parts


def _number(found: "re.Match[str]") -> "int | float":
    digits, plain, exponent, scale = found.groups()
    value: "int | float"
    if digits:
        value = int(digits, 16)
    elif "." in plain or exponent:
        value = float(plain + ("e" + exponent if exponent else ""))
    else:
        value = int(plain[:20])
    return value * _SCALE[scale[0].lower()] if scale else value


_Reader = Callable[["_Parser", int, str], Optional[Node]]
_KEYWORDS: Dict[str, _Reader] = {
    "if": _Parser._if,
    "foreach": _Parser._foreach,
    "for": _Parser._for,
    "while": _Parser._while,
    "do": _Parser._do,
    "switch": _Parser._switch,
    "try": _Parser._try,
    "trap": _Parser._trap,
    "function": _Parser._function,
    "filter": _Parser._function,
    "workflow": _Parser._function,
    "configuration": _Parser._function,
    "class": _Parser._class,
    "param": _Parser._param,
    "return": _Parser._jump,
    "throw": _Parser._jump,
    "break": _Parser._jump,
    "continue": _Parser._jump,
    "exit": _Parser._jump,
    **dict.fromkeys(("begin", "process", "end", "dynamicparam", "parallel", "sequence", "inlinescript", "else", "finally", "catch"), _Parser._bare_block),
}  # fmt: skip
