"""Scripts that differ only in their literals are walked once.

A hit's script is cut into its *shape* (the text around the literals, and each literal's kind) and the literals. The first
scripts of a shape are read by `interpreter.read_script`; then the shape itself is read, with a mark in place of each literal,
and what comes out says where every literal ends up: a plan. From there on a script of that shape costs one expression,
one look-up and the filling in.

Why a plan says what `read_script` says:

* The parser cuts all scripts of a shape alike. A literal is a whole quoted string or a whole word among arguments, of characters that
  end neither (`_LITERAL`), what follows it ends it, and `_aligned` refuses a shape where it is anything else: a name, a number in an
  expression.
* The reading goes alike. It asks what a text *is*, and takes one apart, only through `Budget.decide`; a literal that was asked about is
  pinned: its text becomes part of the shape. Words hold a digit, so they are no keyword; number, word that begins with a letter
  and other word are kinds of their own, because the parser tells those apart.
* No bound is met. A plan is made only where the marked script takes few steps, so that no literal of MAX_SHAPED
  characters can make them many, and where texts made of literals cannot reach MAX_VALUE.
"""

from __future__ import annotations

import re
from typing import Dict, List, NamedTuple, Optional, Set, Tuple, Union

from .calls import Facts, Findings, decisive, facts
from .interpreter import walk
from .lexis import DQ, SQ
from .limits import CACHE_CHARACTERS, MAX_INVOCATIONS, MAX_SHAPED, MAX_SHAPED_STEPS, MAX_VALUE, MAX_VALUES
from .parser import parse
from .scanner import Leaf
from .symbols import letterless
from .values import Budget, FieldValue, Strings, WorkExceeded

_LITERAL = re.compile(
    rf"""
  ( [\s,:(=;'"\#] (?:  # one set to begin with, which the search for it can skip to
      (?<=') [^{SQ}\r\n]*(?:''[^{SQ}\r\n]*)*'(?![{SQ}])
    | (?<=") [^{DQ}`$\r\n]*(?:""[^{DQ}`$\r\n]*)*"(?![{DQ}])
    | (?<=[\s,:(=;]) (?![Ww]in32_)(?=[A-Za-z_.\\:/-]*[0-9])[A-Za-z0-9_\\][A-Za-z0-9_.\\:/+-]*(?![^\s,;)|}}=])
    | (?<=\#) (?<![^\s;]\#)[^\r\n]*
  ))""",
    re.VERBOSE,
)
# A mark is a character for the literal's kind and its number as two digits of a script nobody writes code in. The first
# is a letter, a digit or neither, as the walk would see it in a literal of that kind.
_LEADS = {"word": "\u1950", "number": "\u1946"}
_OTHER_LEAD = "\ue000"
_ZERO = 0x1810
_MARK = re.compile("[\u1950\u1946\ue000]([\u1810-\u1819]{2})")
_TOKEN_KINDS = {"'": "single", '"': "double"}
_UNPLANNED = re.compile("[\u1950\u1946\ue000\u1810-\u1819]|<#")  # marks, and comments that a literal might end
_MAX_LITERALS = 100
_RESHAPES = re.compile(r"-f\b|-join", re.IGNORECASE)
_QUOTES = "'\""
_MARK_LENGTH, _LONGEST_PIN = 3, 64
_WORST_STEP = 100  # what one step of a marked script may cost with literals in it: text is paid by its length

# A text is itself, the number of the literal that it is, or a tuple of both; texts are a list where they are all
# themselves, a number where they are one literal, and else a tuple.
_Text = Union[str, int, Tuple[Union[str, int], ...]]
_Texts = Union[Strings, int, Tuple[_Text, ...]]
_Shape = Tuple[str, ...]  # text, kind, text, kind, … text
_Key = Union[_Shape, Tuple[_Shape, Tuple[str, ...]]]  # a shape, and the texts of the literals pinned in it


class _Plan(NamedTuple):
    """Calls and inner scripts; for scripts of `longest` characters at most, in at most `steps` steps."""

    calls: List[Tuple[List[Strings], List[Tuple[int, _Texts]]]]  # Facts, and those of them that hold literals
    # What Findings makes of the calls, without literals and with; None where that goes by literals.
    fields: Optional[Tuple[Dict[str, FieldValue], List[Tuple[str, _Texts]]]]
    scripts: _Texts
    longest: int
    steps: int


class Match(NamedTuple):
    """A script by its plan and its literals."""

    plan: _Plan
    values: List[str]

    def read(self) -> Tuple[List[Facts], Strings]:
        """The calls and the inner scripts, as `read_script` has them."""
        plan, values = self
        return [_filled(*call, values) for call in plan.calls], _fill(plan.scripts, values)

    def scripts(self) -> Strings:
        """The inner scripts alone."""
        return _fill(self.plan.scripts, self.values)

    def fields(self) -> Dict[str, FieldValue]:
        """The fields that `Findings` makes of the calls."""
        plan, values = self
        if plan.fields is None:
            findings = Findings()
            for call in plan.calls[:MAX_INVOCATIONS]:
                findings.add(_filled(*call, values))
            return {name: texts if len(texts) > 1 else texts[0] for name, texts in findings.fields.items() if texts}
        constant, others = plan.fields
        fields = constant.copy()
        for name, texts in others:
            if texts.__class__ is int:
                if values[texts]:
                    fields[name] = values[texts]
            else:
                found = [text for text in dict.fromkeys(_fill(texts, values)) if text]
                if found:
                    fields[name] = found if len(found) > 1 else found[0]
        return fields


class _Pins(NamedTuple):
    """The literals whose text belongs to the shape."""

    numbers: Tuple[int, ...]


_ONCE, _NEVER = _Pins(()), _Pins(())  # a shape seen once; one whose scripts are read one by one


class _Depends(Exception):
    """The reading depends on the text of these literals."""

    def __init__(self, numbers: Set[int]) -> None:
        super().__init__()
        self.numbers = numbers


class _Refused(Exception):
    """No plan can be made of this shape."""


class _Probe(Budget):
    """The budget of a marked script: few steps, and no question about a literal's text."""

    def decide(self, text: str) -> None:
        numbers = {_number(found) for found in _MARK.finditer(text)}
        if numbers:
            raise _Depends(numbers)


class Shapes:
    """The plans made so far, as many as CACHE_CHARACTERS has room for."""

    def __init__(self) -> None:
        self._entries: Dict[_Key, Union[_Plan, _Pins]] = {}
        self._size = 0

    def match(self, text: str) -> Optional[Match]:
        """The plan of a text and what it lacks; None where only `read_script` can tell what the text says."""
        if len(text) > MAX_SHAPED:
            return None
        parts = _LITERAL.split(text)
        values: List[str] = []
        for index in range(1, len(parts), 2):
            literal = parts[index]
            first = literal[0]
            if first == "'" or first == '"':
                value = literal[1:-1]
                if first in value:
                    value, first = value.replace(first + first, first), first + first
                parts[index] = first
            else:
                value = literal[1:]
                if first != "#":
                    first += "word" if value[0].isalpha() else "number" if value.replace(".", "").isdigit() else "other"
                parts[index] = first
            values.append(value)
        shape: _Shape = tuple(parts)
        key: _Key = shape
        pins: Tuple[int, ...] = ()
        entry = self._entries.get(key)
        if isinstance(entry, _Pins) and entry.numbers:
            pins = entry.numbers
            key = (shape, tuple([values[number] for number in pins]))
            entry = self._entries.get(key)
        if entry is None:  # most texts that come once do not come back in another guise
            self._remember(key, _ONCE, len(text))
            return None
        if entry is _ONCE:
            entry = self._make(shape, key, {number: values[number] for number in pins}, values)
        if not isinstance(entry, _Plan) or len(text) > entry.longest:
            return None
        return Match(entry, values)

    def _make(self, shape: _Shape, key: _Key, pinned: Dict[int, str], values: List[str]) -> Union[_Plan, _Pins]:
        """The plan of a shape, or which literals to pin first."""
        try:
            entry: Union[_Plan, _Pins] = _plan(shape, pinned, values)
        except _Depends as depends:
            key, entry = shape, _Pins(tuple(sorted(depends.numbers.union(pinned))))
        except (_Refused, WorkExceeded):
            entry = _NEVER
        self._entries[key] = entry
        return entry

    def _remember(self, key: _Key, entry: _Pins, size: int) -> None:
        self._size += size
        if self._size > CACHE_CHARACTERS:
            self._entries.clear()
            self._size = size
        self._entries[key] = entry


def _filled(constant: List[Strings], others: List[Tuple[int, _Texts]], values: List[str]) -> Facts:
    found = constant[:]
    for place, texts in others:
        found[place] = [values[texts]] if texts.__class__ is int else _fill(texts, values)
    return Facts._make(found)


def _fill(texts: _Texts, values: List[str]) -> Strings:
    if isinstance(texts, list):
        return texts
    if isinstance(texts, int):
        return [values[texts]]
    return [_fill_one(text, values) for text in texts]


def _fill_one(text: _Text, values: List[str]) -> str:
    if isinstance(text, str):
        return text
    if isinstance(text, int):
        return values[text]
    return "".join([part if isinstance(part, str) else values[part] for part in text])


# -- making a plan


def _number(mark: "re.Match[str]") -> int:
    digits = mark.group(1)
    return (ord(digits[0]) - _ZERO) * 10 + ord(digits[1]) - _ZERO


def _plan(shape: _Shape, pinned: Dict[int, str], values: List[str]) -> _Plan:
    """Read the shape with a mark for each literal; `values` are those of one script of it. Raises _Depends, _Refused and WorkExceeded."""
    fixed, kinds = shape[::2], shape[1::2]
    if len(kinds) > _MAX_LITERALS or any(map(_UNPLANNED.search, fixed)):
        raise _Refused
    if letterless("".join(fixed)):  # whether a script has a word at all would go by its literals
        raise _Refused
    script, spans = fixed[0], {}
    for number, kind in enumerate(kinds):
        start = len(script) + (kind[0] not in _QUOTES)
        script += _marked(number, kind, pinned.get(number))
        spans[start] = (len(script), kind)
        script += fixed[number + 1]
    leaves: List[Leaf] = []
    parsed, _ = parse(script, MAX_SHAPED, leaves)
    if parsed.error or not _aligned(leaves, spans):
        raise _Refused
    probe = _Probe(MAX_SHAPED_STEPS, MAX_SHAPED)
    reading = walk(parsed, probe)
    if reading.error or reading.lines or reading.payloads:
        raise _Refused
    compiler = _Compiler(kinds)
    calls = []
    found = [facts(call) for call in reading.calls]
    fields = _fields(found, probe, values)
    for call in found:
        planned = list(map(compiler.texts, call))
        constant = [texts if isinstance(texts, list) else [] for texts in planned]
        calls.append((constant, [item for item in enumerate(planned) if not isinstance(item[1], list)]))
    scripts = compiler.texts(reading.scripts)
    planned_fields: Optional[Tuple[Dict[str, FieldValue], List[Tuple[str, _Texts]]]] = None
    if fields is not None:
        split = [(name, compiler.texts(texts)) for name, texts in fields.items() if texts]
        planned_fields = (
            {name: texts if len(texts) > 1 else texts[0] for name, texts in split if isinstance(texts, list)},
            [(name, texts) for name, texts in split if not isinstance(texts, list)],
        )
    longest = MAX_SHAPED
    if compiler.composes:
        if _RESHAPES.search(script):  # may repeat a text without naming it again
            raise _Refused
        # A variable's text is repeated where it is named: n names make at most 3 ** (n / 3) times the script of it.
        longest = min(longest, int(MAX_VALUE / (2 * 3 ** (script.count("$") / 3))))
    return _Plan(calls, planned_fields, scripts, longest, (MAX_SHAPED_STEPS - probe.steps) * _WORST_STEP)


def _fields(calls: List[Facts], probe: Budget, values: List[str]) -> Optional[Dict[str, Strings]]:
    """What Findings makes of marked calls; None where it would take a path or a query apart that has a host in it.

    Such a literal is another in every script. Any other that matters (a class, a method) has few texts: it is pinned.
    """
    findings = Findings()
    for call in calls:
        for text in (*call.paths, *call.queries, *call.sessions):
            numbers = [_number(found) for found in _MARK.finditer(text)]
            if numbers and (
                len(text) > _MARK_LENGTH or len(values[numbers[0]]) > _LONGEST_PIN or "\\\\" in values[numbers[0]]
            ):
                return None
            probe.decide(text)
        for text in decisive(call):
            probe.decide(text)
        findings.add(call)
    return None if any(len(texts) >= MAX_VALUES for texts in findings.fields.values()) else findings.fields


def _marked(number: int, kind: str, text: Optional[str]) -> str:
    """A literal as it stands in the marked script: a mark, or its own text where that is pinned."""
    if text is None:
        text = _LEADS.get(kind[1:], _OTHER_LEAD) + chr(_ZERO + number // 10) + chr(_ZERO + number % 10)
    first = kind[0]
    return first + text.replace(first, first + first) + first if first in _QUOTES else first + text


def _aligned(leaves: List[Leaf], spans: Dict[int, Tuple[int, str]]) -> bool:
    """Whether every literal is one leaf of its kind; a comment may go on before the literal in it."""
    found = {(leaf.start, leaf.end): leaf.kind for leaf in leaves if leaf.kind != "comment"}
    comments = {leaf.start + 1: leaf.end for leaf in leaves if leaf.kind == "comment"}
    for start, (end, kind) in spans.items():
        if kind == "#":
            if comments.get(start) != end:
                return False
        elif found.get((start, end)) != _TOKEN_KINDS.get(kind[0], "word"):
            return False
    return True


class _Compiler:
    """Marked texts -> planned ones."""

    def __init__(self, kinds: _Shape) -> None:
        self.kinds = kinds
        self.composes = False

    def texts(self, texts: Strings) -> _Texts:
        """The plan of a list of texts."""
        planned = tuple(map(self._text, texts))
        if all(isinstance(text, str) for text in planned):
            return list(texts)
        return planned[0] if len(planned) == 1 and isinstance(planned[0], int) else planned

    def _text(self, text: str) -> _Text:
        parts: List[Union[str, int]] = []
        place = 0
        for found in _MARK.finditer(text):
            kind = self.kinds[_number(found)]
            if len(kind) == 2 and text[: found.start()].endswith(kind[0]):
                raise _Refused  # perhaps the literal as it is written, in which its quotes are doubled, not its value
            parts += [text[place : found.start()], _number(found)]
            place = found.end()
        parts = [part for part in (*parts, text[place:]) if part != ""]
        self.composes = self.composes or len(parts) > 1
        return tuple(parts) if len(parts) > 1 else parts[0] if parts else ""
