"""Tokens -> values: literals, arrays, hashtables, joined strings and variables the script itself sets.

A value is a list of strings (one for a scalar) or a dict of such lists (a hashtable literal). What only a running
PowerShell could know stays as the text that was written: `$env:X`, `(Get-Content hosts.txt)`.
"""

from __future__ import annotations

import re
from typing import Dict, List, Optional, Set, Tuple, Union

from .limits import MAX_DEPTH, MAX_SCRIPTS, MAX_VALUE, MAX_VALUES
from .tokens import DQ, SQ, Tokens, end_of_expandable

Strings = List[str]
Value = Union[Strings, Dict[str, Strings]]
FieldValue = Union[str, Strings]  # of a field of a hit: a text, or several

# Windows PowerShell 5.1 writes event 4104, and its escapes these are: `e is e there, and `u{41} is u{41}.
_ESCAPES = {"0": "\0", "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ESCAPE = re.compile(r"`(\r\n|.)", re.DOTALL)
_EXPAND = re.compile(
    rf"`(?:\r\n|.)|[{DQ}]{{2}}|\$\{{[^{{}}\r\n]{{1,256}}\}}|\$\(|\$(?:\w+(?:::?\w+)?|[$?^])",
    re.DOTALL,
)
_DOUBLED = re.compile(rf"[{SQ}]{{2}}")
_DOUBLED_DOUBLE = re.compile(rf"([{DQ}])[{DQ}]")
_ONE_VARIABLE = re.compile(r"\$\w+(?::\w+)?|\$\{[^}]*\}")
_ONE_STRING = re.compile(rf"[{SQ}][^{SQ}]*[{SQ}]")
_NUMBER = re.compile(r"-?[\d.]+")
_LINE_END = re.compile(r"\r\n|\r|\n")
_SCOPE = re.compile(r"^(?:global|local|script|private|using|variable):", re.IGNORECASE)
_CAST = re.compile(r"^\[[\w.\[\]]+\]$")
_INDEX = re.compile(r"^\[(-?\d{1,6})\]$")
_FORMAT = re.compile(r"\{(\d{1,3})\}")


class WorkExceeded(Exception):
    """The evaluation took more steps than one event is worth."""


class Budget:
    """Steps left for one event, shared by all the scripts in it."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def spend(self, characters: int = 0) -> None:
        """One step; text that is made costs a step more for every 256 characters."""
        self.steps -= 1 + (characters >> 8)
        if self.steps < 0:
            raise WorkExceeded

    def decide(self, text: str) -> None:
        """Called with every evaluated text that the reading goes by: names of commands, keys, formats. See `shapes`."""


def unescape(text: str) -> str:
    """Backtick escapes of a bare word or an expandable string."""
    if "`" not in text:
        return text
    return _ESCAPE.sub(_unescape_one, text)


def _unescape_one(found: "re.Match[str]") -> str:
    char = found.group(1)
    return "" if char in ("\n", "\r", "\r\n") else _ESCAPES.get(char, char)


def variable_name(text: str) -> str:
    """`$Script:Host`, `${host}` -> the name that all of them share."""
    name = text[1:]
    if name.startswith("{"):
        name = unescape(name[1:].rstrip("}"))
    return (_SCOPE.sub("", name) if ":" in name else name).lower()


class Evaluator:
    """Values of one script. `variables` is filled by the walk over the statements, in their order."""

    def __init__(self, tokens: Tokens, budget: Budget, variables: Optional[Dict[str, Value]] = None) -> None:
        self.tokens = tokens
        self.budget = budget
        self.variables: Dict[str, Value] = {} if variables is None else variables
        self.loops: Set[str] = set()  # variables that stand for each of their values in turn
        self._met = ""  # the first of those that the argument being read names
        self.embedded: List[str] = []  # the inside of each $( ) met in an expandable string

    # -- strings

    def literal(self, index: int) -> str:
        """The value of a string token."""
        text, kind = self.tokens.texts[index], self.tokens.kinds[index]
        if kind == "single":
            text = _inside(text, SQ)
            return text if text.isascii() and "'" not in text else _DOUBLED.sub(lambda found: found.group()[0], text)
        if kind == "double":
            return self.expand(_inside(text, DQ))
        body = _LINE_END.split(text, maxsplit=1)[1]
        cut = max(body.rfind("\n"), body.rfind("\r"))
        body = body[:cut] if cut >= 0 else body
        body = body[:-1] if body.endswith("\r") else body
        return body if kind == "here_single" else self.expand(body, here=True)

    def expand(self, text: str, here: bool = False) -> str:
        """An expandable string's value: escapes, doubled quotes, variables and $( ) of one variable or string."""
        if "$" not in text and "`" not in text:
            return text if here else _doubled_double(text)
        out: List[str] = []
        pos = length = 0
        while length <= MAX_VALUE:
            self.budget.spend()
            found = _EXPAND.search(text, pos)
            if not found:
                out.append(text[pos:])
                break
            piece, stop = found.group(), found.end()
            out.append(text[pos : found.start()])
            if piece[0] == "`":
                piece = unescape(piece)
            elif piece == "$(":
                stop = end_of_expandable(text, found.end() - 1, "(")
                piece = self._subexpression(text[found.start() : stop])
            elif piece[0] == "$":
                piece = self._variable_text(piece)
            elif not here:
                piece = piece[0]
            out.append(piece)
            length += len(piece) + found.start() - pos
            pos = stop
        self.budget.spend(length)
        return "".join(out)[:MAX_VALUE]

    def _named(self, text: str) -> Optional[Value]:
        """The value of a variable."""
        name = variable_name(text)
        value = self.variables.get(name)
        if not self._met and name in self.loops and isinstance(value, list) and len(value) > 1:
            self._met = name
        return value

    def _variable_text(self, text: str) -> str:
        value = self._named(text)
        return joined(value) if isinstance(value, list) else text

    def _subexpression(self, text: str) -> str:
        inner = text[2:-1].strip()
        if _ONE_VARIABLE.fullmatch(inner):
            value = self._named(inner)
            return joined(value) if isinstance(value, list) else text
        if _ONE_STRING.fullmatch(inner):
            return inner[1:-1]
        if inner not in self.embedded and len(self.embedded) < MAX_SCRIPTS:
            self.embedded.append(inner)
        return text

    # -- arguments: what follows a command's name

    def argument(self, index: int) -> Tuple[Optional[Value], int]:
        """One argument from token `index`, arrays included; (None, index) where no value starts.

        An argument that names a loop's variable is what it is in each turn.
        """
        self._met = ""
        value, after = self._argument(index)
        name = self._met
        if not name or not isinstance(value, list):
            return value, after
        turns = self.variables[name]
        values: Strings = []
        for item in turns:
            self.variables[name] = [item]
            values += as_strings(self.argument(index)[0] or [])
        self.variables[name] = turns
        return values[:MAX_VALUES], after

    def _argument(self, index: int) -> Tuple[Optional[Value], int]:
        value, after = self._element(index, 0)
        if value is None or self.tokens.kind(after) != "comma":
            return value, after
        items = as_strings(value)
        while self.tokens.kind(after) == "comma":
            value, stop = self._element(self.skip_newlines(after + 1), 0)
            if value is None:
                break
            after = stop
            items = (items + as_strings(value))[:MAX_VALUES]
        return items, after

    def skip_newlines(self, index: int) -> int:
        kinds = self.tokens.kinds
        while index < len(kinds) and kinds[index] == "newline":
            index += 1
        return index

    def _element(self, index: int, depth: int) -> Tuple[Optional[Value], int]:
        self.budget.spend()
        tokens = self.tokens
        kind = tokens.kind(index)
        if kind == "word" and not tokens.glued(index + 1):
            return [unescape(tokens.texts[index])], index + 1
        if kind in ("single", "double", "here_single", "here_double"):
            return [self.literal(index)], index + 1
        if kind == "open":
            return self._bracketed(index, depth)
        if kind == "var":
            return self._variable(index, depth)
        if kind in ("word", "op", "param", "other", "splat"):
            return self.bareword(index, depth)
        return None, index

    def bareword(self, index: int, depth: int) -> Tuple[Value, int]:
        """A word and what touches it: quotes inside it vanish, variables and $( ) are filled in."""
        tokens = self.tokens
        parts = [unescape(tokens.text(index))]
        after = index + 1
        while self.tokens.glued(after):
            self.budget.spend()
            kind = tokens.kinds[after]
            if kind in ("single", "double"):
                parts.append(self.literal(after))
            elif kind == "var":
                parts.append(self._variable_text(tokens.text(after)))
            elif kind in ("word", "op", "param", "other"):
                parts.append(unescape(tokens.text(after)))
            elif kind == "open" and tokens.text(after) == "$(":
                value, after = self._bracketed(after, depth + 1)
                parts.append(joined(as_strings(value)))
                continue
            else:
                break
            after += 1
        return ["".join(parts)[:MAX_VALUE]], after

    def _variable(self, index: int, depth: int) -> Tuple[Value, int]:
        """`$x`, `$x[0]`, `$x.Name`, or a word that begins with a variable."""
        tokens = self.tokens
        text = tokens.text(index)
        value = self._named(text)
        after = index + 1
        if not self.tokens.glued(after):
            return ([text] if value is None else value), after
        kind, source = tokens.kinds[after], tokens.text(after)
        if kind == "word" and isinstance(value, list) and _INDEX.match(source):
            number = int(source[1:-1])
            if -len(value) <= number < len(value):
                return [value[number]], after + 1
        if kind == "word" and isinstance(value, dict) and source[:1] == ".":
            if source[1:].lower() in value:
                return value[source[1:].lower()], after + 1
        elif kind in ("word", "single", "double", "var") and source[:1] not in ".[":
            rest, after = self.bareword(after, depth)
            return [(self._variable_text(text) + as_strings(rest)[0])[:MAX_VALUE]], after
        while self.tokens.glued(after) and tokens.kinds[after] in ("word", "var", "single", "double", "open"):
            after = min(tokens.partner[after] + 1, len(tokens.kinds)) if tokens.kinds[after] == "open" else after + 1
        return [tokens.source(index, after)], after

    def _bracketed(self, index: int, depth: int) -> Tuple[Value, int]:
        tokens = self.tokens
        stop = tokens.partner[index]
        after = min(stop + 1, len(tokens.kinds))
        opener = tokens.text(index)
        if opener == "@{" and depth < MAX_DEPTH:
            return self._hashtable(index + 1, stop, depth + 1), after
        if opener in ("(", "@(", "$(") and depth < MAX_DEPTH:
            value = self.expression(index + 1, stop, depth + 1)
            if value is not None:
                return value, after
        return [tokens.source(index, after)], after

    # -- expressions: inside parentheses and right of an assignment

    def expression(self, index: int, stop: int, depth: int = 0) -> Optional[Value]:
        """The value of tokens index..stop-1 if they are literals and variables joined by + , -f or -join; else None."""
        index = self.skip_newlines(index)
        if index >= stop:
            return []
        value, index = self._terms(index, stop, depth)
        while value is not None and index < stop:
            self.budget.spend()
            kind, source = self.tokens.kinds[index], self.tokens.text(index).lower()
            if kind == "newline" or source == ";":  # the value of several statements is the list of them
                index = self.skip_newlines(index + 1)
                if index >= stop:
                    break
                other, index = self._terms(index, stop, depth)
                value = None if other is None else (as_strings(value) + as_strings(other))[:MAX_VALUES]
            elif source == "+":
                other, index = self._terms(index + 1, stop, depth)
                value = None if other is None else _plus(value, other)
                self.budget.spend(len(value[0]) if isinstance(value, list) and value else 0)
            elif source == "-f" and isinstance(value, list) and value:
                other, index = self._terms(index + 1, stop, depth)
                self.budget.decide(value[0])
                value = None if other is None else [_format(value[0], as_strings(other))]
                self.budget.spend(MAX_VALUE)
            elif source == "-join" and isinstance(value, list):
                other, index = self._terms(index + 1, stop, depth)
                value = None if other is None else [joined(value, joined(as_strings(other)[:1]))]
            else:
                return None
        return value

    def _terms(self, index: int, stop: int, depth: int) -> Tuple[Optional[Value], int]:
        """Literals and variables with commas between them."""
        value, index = self._term(self.skip_newlines(index), stop, depth)
        while value is not None and index < stop and self.tokens.kinds[index] == "comma":
            other, index = self._term(self.skip_newlines(index + 1), stop, depth)
            value = None if other is None else (as_strings(value) + as_strings(other))[:MAX_VALUES]
        return value, index

    def _term(self, index: int, stop: int, depth: int) -> Tuple[Optional[Value], int]:
        self.budget.spend()
        tokens = self.tokens
        while index < stop and tokens.kinds[index] == "word" and _CAST.match(tokens.text(index)):
            index += 1
        if index >= stop:
            return None, index
        kind = tokens.kinds[index]
        if kind == "word":
            source = tokens.text(index)
            return ([source], index + 1) if _NUMBER.fullmatch(source) else (None, index)
        if kind == "var" and variable_name(tokens.text(index)) not in self.variables:
            if self.tokens.glued(index + 1) and index + 1 < stop and tokens.kinds[index + 1] in ("word", "open"):
                return None, index  # a property or a call of something unknown
            return [tokens.text(index)], index + 1
        if kind not in ("single", "double", "here_single", "here_double", "open", "var"):
            return None, index
        if kind == "open" and tokens.text(index) in ("(", "$("):
            value = self.expression(index + 1, tokens.partner[index], depth + 1) if depth < MAX_DEPTH else None
            after = tokens.partner[index] + 1
        else:
            value, after = self._element(index, depth)
        if self.tokens.glued(after) and after < stop and tokens.kinds[after] in ("word", "open"):
            return None, index  # a method of the string: only PowerShell knows
        return value, after

    def _hashtable(self, index: int, stop: int, depth: int) -> Dict[str, Strings]:
        """`Key = value` entries, split at newlines and semicolons; keys in lower case."""
        tokens = self.tokens
        table: Dict[str, Strings] = {}
        while index < stop and len(table) < MAX_VALUES:
            self.budget.spend()
            end = index
            while end < stop and tokens.kinds[end] not in ("newline", "end"):
                end = max(end + 1, min(tokens.partner[end], stop))
            if end - index >= 3 and tokens.text(index + 1) == "=":
                key = self.literal(index) if tokens.kinds[index] in ("single", "double") else tokens.text(index)
                self.budget.decide(key)
                value = self.expression(index + 2, end, depth)
                if not isinstance(value, list):
                    value = [tokens.source(index + 2, end)]
                table[key.lower()] = value
            index = end + 1
        return table


def _inside(text: str, quotes: str) -> str:
    return text[1:-1] if len(text) > 1 and text[-1] in quotes else text[1:]


def _doubled_double(text: str) -> str:
    return text if text.isascii() and '"' not in text else _DOUBLED_DOUBLE.sub(r"\1", text)


def joined(values: Strings, separator: str = " ") -> str:
    """Values as one text, cut at MAX_VALUE without making more of it first."""
    if len(values) == 1:
        return values[0]
    parts: List[str] = []
    room = MAX_VALUE
    for value in values:
        if room <= 0:
            break
        parts.append(value)
        room -= len(value) + len(separator)
    return separator.join(parts)[:MAX_VALUE]


def as_strings(value: Value) -> Strings:
    """A value as a list; a hashtable becomes one text."""
    if isinstance(value, list):
        return value
    return [joined([f"{key}={joined(items)}" for key, items in value.items()], "; ")]


def _plus(left: Value, right: Value) -> Value:
    if isinstance(left, dict) or isinstance(right, dict):
        return {**left, **right} if isinstance(left, dict) and isinstance(right, dict) else as_strings(left)
    if len(left) == 1:  # string + anything is a string
        return [(left[0] + joined(right))[:MAX_VALUE]]
    return (left + right)[:MAX_VALUES]


def _format(template: str, items: Strings) -> str:
    """The -f operator, for plain placeholders: {0}."""
    parts: List[str] = []
    room, pos = MAX_VALUE, 0
    for found in _FORMAT.finditer(template):
        number = int(found.group(1))
        parts += [template[pos : found.start()], items[number] if number < len(items) else found.group()]
        room -= len(parts[-1]) + len(parts[-2])
        pos = found.end()
        if room <= 0:
            break
    parts.append(template[pos:])
    return "".join(parts)[:MAX_VALUE]
