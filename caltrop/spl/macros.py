"""Macro expansion: text in, text out, before anything is parsed (macros.conf; "Use search macros in searches").

* Macros stand between backticks; not inside double quotes and not inside comments.
* Arguments are separated by commas outside double quotes (outside parentheses too, where only that fits a definition);
  quotes around an argument are taken off, \\" and \\\\ in it unescaped. `m(1, 2)` and `m(b=2, a=1)` (all by name) are the
  same when m's arguments are a and b.
* $name$ is replaced everywhere in the definition, inside quotes too. What comes out may hold macros again.
* `iseval`: the definition (after replacement) is an eval expression, its string result the expansion.
* `validation` (after replacement, bare argument names too): a Boolean expression must be true; a string result is the
  error message itself, and null passes unless the expression is a Boolean one.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, NoReturn

from caltrop.dialect.words import nearest, quoted, unescaped
from caltrop.spl.ast import FieldName, MacroCall, Span
from caltrop.spl.cursor import Cursor
from caltrop.spl.errors import PARSER, SplError
from caltrop.spl.parser import parse_eval

MAX_LENGTH = 1_000_000  # characters a search may grow to
MAX_CALLS = 10_000
MAX_DEPTH = 100  # macros inside macros

Find = Callable[[str, int], "Macro | None"]


class Answer(NamedTuple):
    """The value of an eval expression; `boolean` when the expression is a Boolean one, though its value be null."""

    value: str | bool | float | None
    boolean: bool = False


Evaluate = Callable[[str], Answer]


@dataclass(frozen=True, slots=True)
class Macro:
    """A stanza of macros.conf; `name` without the arity in parentheses."""

    name: str
    args: tuple[str, ...]
    definition: str
    iseval: bool = False
    validation: str | None = None
    errormsg: str | None = None


@dataclass(frozen=True, slots=True)
class _Piece:
    """Output from `at` on comes from the original's `span`: character by character, or (a macro) as a whole."""

    at: int
    span: Span
    verbatim: bool


@dataclass(frozen=True, slots=True)
class Expansion:
    """The expanded `text`, the `source` it came from, and the way back."""

    text: str
    source: str
    pieces: tuple[_Piece, ...]

    def original(self, span: Span) -> Span:
        """The place in `source` that a place in `text` comes from; inside a macro that is the macro's call."""
        return Span(self._back(span.start).start, max(self._back(span.start).start, self._back(span.end, end=True).end))

    def _back(self, offset: int, *, end: bool = False) -> Span:
        if not self.pieces:
            return Span(offset, offset)
        index = bisect_right(self.pieces, offset - (1 if end and offset else 0), key=lambda piece: piece.at) - 1
        piece = self.pieces[max(index, 0)]
        if not piece.verbatim:
            return piece.span
        here = min(piece.span.start + offset - piece.at, piece.span.end)
        return Span(here, here)

    @property
    def calls(self) -> list[tuple[str, str]]:
        """The macro calls as written, without backticks, with what stands for each in `text`."""
        ends = [*(piece.at for piece in self.pieces[1:]), len(self.text)]
        return [
            (self.source[piece.span.start : piece.span.end].strip("`"), self.text[piece.at : end])
            for piece, end in zip(self.pieces, ends, strict=True)
            if not piece.verbatim
        ]

    def call(self, span: Span) -> str:
        """The one macro call, without backticks, that a stretch of `text` came from as a whole; empty where none did."""
        place = self.original(span)
        for piece in self.pieces:
            if not piece.verbatim and piece.span.start <= place.start and place.end <= piece.span.end:
                return self.source[piece.span.start : piece.span.end].strip("`")
        return ""

    def rebase(self, error: SplError) -> SplError:
        """The same error, at the place in the text that was written."""
        return error.moved(self.source, self.original(error.span))


def expand(
    text: str,
    find: Find,
    evaluate: Evaluate | None = None,
    *,
    names: Callable[[], Iterable[str]] | None = None,
    unseen: Callable[[str, int], str | None] | None = None,
    keep: bool = False,
) -> Expansion:
    """Replace every macro. `evaluate` runs eval expressions; without it validations are not checked and an iseval
    macro is refused. `names` lists what is defined, for the hint when a macro is not, and `unseen` says where one is that is
    defined and not seen from here. With `keep`, a call of a macro that
    is not known here, or that would have to be evaluated, stays as it is written."""
    expander = _Expander(text, find, evaluate, names, unseen, keep)
    out: list[str] = []
    pieces: list[_Piece] = []
    at = 0
    for span, call in _calls(text):
        written = text[span.start : span.end]
        replacement = written if call is None else expander.replace(call, span, (), written)
        pieces.append(_Piece(at, span, verbatim=call is None))
        out.append(replacement)
        at += len(replacement)
    return Expansion("".join(out), text, tuple(pieces))


_SCAN = re.compile(r'"(?:[^"\\]|\\.)*+"|```.*?```|`|[^"`]++|.', re.DOTALL)


def _with_literals(expression: str, values: dict[str, str]) -> str:
    """A validation may also use the arguments by their bare names, as fields: they become literals."""
    try:
        names = [n for n in parse_eval(expression).walk() if isinstance(n, FieldName) and n.name in values]
    except SplError:
        return expression  # reported when it is evaluated
    for node in sorted(names, key=lambda n: n.span.start, reverse=True):
        value = values[node.name]
        number = re.fullmatch(r"[+-]?\d+(\.\d+)?", value.strip())
        literal = value if number else quoted(value)
        expression = f"{expression[: node.span.start]}{literal}{expression[node.span.end :]}"
    return expression


@lru_cache(maxsize=4096)
def _calls(text: str) -> tuple[tuple[Span, MacroCall | None], ...]:
    """The text cut into plain stretches (None) and macro calls."""
    if "`" not in text:
        return ((Span(0, len(text)), None),) if text else ()
    cursor = Cursor(text)
    cuts: list[tuple[Span, MacroCall | None]] = []
    plain = 0
    while cursor.pos < len(text):
        start = cursor.pos
        found = cursor.match(_SCAN)
        if found and found[0] == "`" and text.find("`", start + 1) > 0:
            cursor.pos = start
            call = cursor.macro()
            if plain < start:
                cuts.append((Span(plain, start), None))
            cuts.append((Span(start, cursor.pos), call))
            plain = cursor.pos
    if plain < len(text):
        cuts.append((Span(plain, len(text)), None))
    return tuple(cuts)


def _not_found(call: MacroCall) -> str:
    """splunkd's sentence; a macro of another number of arguments is another macro."""
    name = f"{call.name}({len(call.args)})" if call.args else call.name
    return (
        f"The search specifies a macro '{name}' that cannot be found. Reasons include: the macro name is misspelled, "
        'you do not have "read" permission for the macro, or the macro has not been shared with this application. '
        "Click Settings, Advanced search, Search Macros to view macro information."
    )


class _Expander:
    def __init__(
        self,
        source: str,
        find: Find,
        evaluate: Evaluate | None,
        names: Callable[[], Iterable[str]] | None,
        unseen: Callable[[str, int], str | None] | None,
        keep: bool,
    ) -> None:
        self.source = source
        self.find = find
        self.evaluate = evaluate
        self.names = names
        self.unseen = unseen
        self.keep = keep
        self.length = 0
        self.calls = 0

    def replace(self, call: MacroCall, span: Span, inside: tuple[str, ...], written: str) -> str:
        """The full expansion of one call, `written` at `span` of the source, inside the macros `inside`."""
        if not self.find(call.name, len(call.args)):
            together = _whole_parentheses(call)
            call = together if self.find(call.name, len(together.args)) else call
        if self.keep:
            known = self.find(call.name, len(call.args))
            if known is None or (known.iseval and self.evaluate is None):
                return written
        macro = self._macro(call, span)
        key = f"{call.name}({len(call.args)})"
        if key in inside:
            chain = " -> ".join([*inside[inside.index(key) :], key])
            self._fail(f"macro {call.name!r} expands itself: {chain}", span)
        if len(inside) >= MAX_DEPTH:
            self._fail(f"macros nested too deeply: more than {MAX_DEPTH} levels", span)
        self.calls += 1
        if self.calls > MAX_CALLS:
            self._fail(f"macro {call.name!r} takes more than {MAX_CALLS:,} calls of macros to expand", span)
        values = _bind(macro, call)
        self._validate(macro, values, span)
        text = _substitute(macro.definition, values)
        if macro.iseval:
            text = self._evaluated(macro, text, span)
        try:
            cuts = _calls(text)
        except SplError as error:
            self._fail(f"in macro {call.name!r}: {error.message}", span)
        out = []
        for cut, inner in cuts:
            piece = text[cut.start : cut.end]
            if inner is not None:
                piece = self.replace(inner, span, (*inside, key), piece)
            if inner is None:
                self.length += len(piece)
            if self.length > MAX_LENGTH:
                self._fail(
                    f"the search grows beyond {MAX_LENGTH:,} characters when macro {call.name!r} is expanded", span
                )
            out.append(piece)
        return "".join(out)

    def _macro(self, call: MacroCall, span: Span) -> Macro:
        macro = self.find(call.name, len(call.args))
        if not macro:
            arities = [n for n in range(20) if self.find(call.name, n)]
            if arities:
                takes = " or ".join(map(str, arities))
                self._fail(
                    f"macro {call.name!r} takes {takes} arguments, found {len(call.args)}", span, says=_not_found(call)
                )
            where = self.unseen(call.name, len(call.args)) if self.unseen else None
            if where:
                self._fail(f"macro {call.name!r} is not shared with this app", span, where, _not_found(call))
            similar = nearest(call.name, self.names()) if self.names else None
            hint = f"did you mean `{similar}`?" if similar else "define it in macros.conf"
            self._fail(f"macro {call.name!r} is not defined", span, hint, _not_found(call))
        return macro

    def _validate(self, macro: Macro, values: dict[str, str], span: Span) -> None:
        if not macro.validation or not self.evaluate:
            return
        expression = _with_literals(_substitute(macro.validation, values), values)
        result = self._run(macro, expression, "validation", span)
        if result.value is True or (result.value is None and not result.boolean):
            return
        message = result.value if isinstance(result.value, str) else macro.errormsg
        self._fail(message or f"the arguments of macro {macro.name!r} are refused by its validation", span)

    def _evaluated(self, macro: Macro, text: str, span: Span) -> str:
        result = self._run(macro, text, "definition", span).value
        if not isinstance(result, str):
            self._fail(f"the definition of macro {macro.name!r} (iseval) does not give a string", span)
        return result

    def _run(self, macro: Macro, text: str, what: str, span: Span) -> Answer:
        if not self.evaluate:
            self._fail(f"macro {macro.name!r} is an eval macro and nothing here evaluates it", span)
        try:
            return self.evaluate(text)
        except SplError as error:
            raise SplError(
                f"the {what} of macro {macro.name!r}: {error.message}", source=self.source, span=span, hint=error.hint
            ) from error

    def _fail(self, message: str, span: Span, hint: str | None = None, says: str | None = None) -> NoReturn:
        raise SplError(message, source=self.source, span=span, hint=hint, says=says, by=PARSER)


def _whole_parentheses(call: MacroCall) -> MacroCall:
    """The call with arguments put together where a comma stands in parentheses: m(if(a, b), c) has two."""
    args: list[str] = []
    for arg in call.args:
        if args and args[-1].count("(") > args[-1].count(")"):
            args[-1] += f", {arg}"
        else:
            args.append(arg)
    return MacroCall(name=call.name, args=tuple(args), span=call.span)


_NAMED = re.compile(r"\s*([\w.-]+)\s*=\s*(.*)", re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)"', re.DOTALL)


def _bind(macro: Macro, call: MacroCall) -> dict[str, str]:
    """Argument name -> text."""
    named = [_NAMED.fullmatch(arg) for arg in call.args]
    if named and all(found and found[1] in macro.args for found in named):
        pairs = {found[1]: _bare(found[2]) for found in named if found}
        if len(pairs) == len(macro.args):
            return pairs
    return dict(zip(macro.args, map(_bare, call.args), strict=False))


def _bare(arg: str) -> str:
    found = _QUOTED.fullmatch(arg.strip())
    return unescaped(found[1]) if found else arg


def _substitute(text: str, values: dict[str, str]) -> str:
    """All at once, so that a $name$ inside a value is not replaced again."""
    if not values or "$" not in text:
        return text
    pattern = re.compile(r"\$(" + "|".join(map(re.escape, values)) + r")\$")
    return pattern.sub(lambda found: values[found[1]], text)
