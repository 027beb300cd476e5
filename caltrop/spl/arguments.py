"""The pieces that arguments of commands are made of, and how each is read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from caltrop.dialect.words import unescaped
from caltrop.spl.ast import (
    Alias,
    Call,
    Comparison,
    Directive,
    FieldName,
    MacroCall,
    Node,
    NodeOption,
    Option,
    SortKey,
    Subsearch,
    Word,
)
from caltrop.spl.cursor import Cursor
from caltrop.spl.errors import SplError
from caltrop.spl.expressions import read_eval_call, read_expression
from caltrop.spl.kinds import Kind, convert
from caltrop.spl.searching import read_search

_TOKEN = r"<<\w+>>|\$(?:[\w.:@-]+(?:\|\w+)?)?\$"
# A bare argument: anything up to white space, a comma, a quote, a bracket or an equal sign; parentheses that are
# glued to a word belong to it (custom(x), eval{}.y).
_WORD = re.compile(rf'(?:{_TOKEN}|\\["\\]|[^\s,|"\[\]`=()\\]|\\|\((?:[^()|"\[\]`\s]*)\))+')
_PLAIN = r'[^()|"\[\]`]'
# A field's name may be that of an aggregation: count(eval(x=1)).
_FIELD = re.compile(rf'(?:{_TOKEN}|[^\s,|"\[\]`=()])(?:{_TOKEN}|[^\s,|"\[\]`=()]|\((?:{_PLAIN}|\({_PLAIN}*+\))*+\))*')
_VALUE = re.compile(rf'(?:{_TOKEN}|\\["\\]|[^\s,|"\[\]`()\\]|\\)+')
_LIST_VALUE = re.compile(rf'(?:{_TOKEN}|\\["\\]|[^\s,|"\[\]`()\\]|\\|,(?=[^\s,|\])])(?!,?\w+\s*=))+')
_NAME = re.compile(r"[^\s,|\"\[\]`=()<>!]+?(?=\s*=(?!=))")
_EQUALS = re.compile(r"\s*=\s*")
_KEYWORD = re.compile(r"[A-Za-z]+(?=[\s\"'`\[()|\]]|$)")
_NUMBER = re.compile(r"[+-]?\d+(?=[\s,|\]]|$)")
_GROUPED_NUMBER = re.compile(r"\(\s*([+-]?\d+)\s*\)(?=[\s,|\]]|$)")
_PUNCTUATION = re.compile(r"==|!=|<=|>=|[()=<>]")


class Arguments:
    """The arguments of one command, read from the cursor that stands behind the command's name.

    `options` are those that the command declares, with their types; `grouped` says that parentheses around arguments mean
    nothing (mvexpand(x), transaction (endswith=…)).
    """

    __slots__ = ("_open", "cursor", "grouped", "name", "options")

    def __init__(self, cursor: Cursor, name: str, options: Mapping[str, Kind], *, grouped: bool = False) -> None:
        self.cursor = cursor
        self.name = name
        self.options = options
        self.grouped = grouped
        self._open: list[int] = []

    # -- looking ahead

    def end(self) -> bool:
        """No more arguments; commas between them are stepped over, and parentheses around them where they mean nothing."""
        cursor = self.cursor
        while cursor.accept(",") or (self.grouped and self._parenthesis()):
            pass
        if self._open and cursor.at_stage_end():
            cursor.fail("unbalanced parenthesis: no closing ) for this one", self._open[-1], self._open[-1] + 1)
        return cursor.at_stage_end()

    def _parenthesis(self) -> bool:
        """Step over one of them."""
        start = self.cursor.skip()
        if self.cursor.accept("("):
            self._open.append(start)
            return True
        if self._open and self.cursor.accept(")"):
            self._open.pop()
            return True
        return False

    def keyword(self, *names: str) -> str | None:
        """The next bare word in lower case if it is one of `names`; nothing is stepped over."""
        found = self.cursor.looking_at(_KEYWORD)
        if not found or _EQUALS.match(self.cursor.text, found.end()):
            return None
        word = found[0].lower()
        return word if word in names else None

    def take(self, *names: str) -> bool:
        """Step over the next word if it is one of these keywords."""
        word = self.keyword(*names)
        if word:
            self.cursor.pos += len(word)
        return word is not None

    def take_behind(self, *names: str) -> bool:
        """As `take`, also behind the parenthesis that closes the arguments: stats(count) AS n."""
        start = self.cursor.pos
        if self.take(*names):
            return True
        if self._open and self.cursor.accept(")") and self.take(*names):
            self._open.pop()
            return True
        self.cursor.pos = start
        return False

    def keyword_before_equals(self) -> str | None:
        """The next word in lower case if an equal sign follows it."""
        found = self.cursor.looking_at(_NAME)
        return found[0].lower() if found else None

    # -- plain arguments

    def option(self) -> Node | None:
        """name=value if that comes next, typed as declared."""
        cursor = self.cursor
        start = cursor.skip()
        found = cursor.match(_NAME)
        if not found:
            return None
        cursor.pos = _EQUALS.match(cursor.text, cursor.pos).end()  # type: ignore[union-attr]
        written = found[0]
        kind = self.options.get(written.lower())
        # Names that the declaration does not know are kept as written: they may be case-sensitive (param.x of sendalert).
        name = written.lower() if kind else written
        return self.value(name, kind, start)

    def value(self, name: str, kind: Kind | None, start: int) -> Node:
        """What stands right of the equal sign."""
        cursor = self.cursor
        char = cursor.peek()
        if char == "[":
            return NodeOption(name=name, value=self.subsearch(), span=cursor.span(start))
        if char == "`":
            macro = cursor.macro()
            if cursor.match(_VALUE):  # text glued to it: `days`d
                written = cursor.text[macro.span.start : cursor.pos]
                return Option(name=name, value=written, span=cursor.span(start))
            return NodeOption(name=name, value=macro, span=cursor.span(start))
        node = self._expression_value(kind)
        if node:
            return NodeOption(name=name, value=node, span=cursor.span(start))
        if char == '"':
            text = cursor.string()
            if kind is Kind.INT and _DIGITS.fullmatch(text):  # limit="2", as `return limit` writes it
                return Option(name=name, value=int(text), span=cursor.span(start))
            return Option(name=name, value=text, quoted=True, span=cursor.span(start))
        if char == "(":
            return Option(name=name, value=cursor.balanced(), span=cursor.span(start))
        listed = kind is Kind.LIST or kind is None
        found = cursor.match(_LIST_VALUE if listed else _VALUE) or cursor.match(_LONE_COMMA)
        if not found:
            cursor.expected(f"a value for {name!r}")
        text = unescaped(found[0])
        if cursor.text.startswith("(", cursor.pos):  # span=log2(x), like(…)
            text += cursor.balanced()
        elif cursor.text.startswith('"', cursor.pos):  # user_"x y"
            return Option(name=name, value=text + cursor.string(), quoted=True, span=cursor.span(start))
        return Option(name=name, value=convert(text, kind), span=cursor.span(start))

    def _expression_value(self, kind: Kind | None) -> Node | None:
        """The expression of an option that takes one, in any of the ways it may be written."""
        cursor = self.cursor
        start = cursor.pos
        if kind is Kind.EVAL:
            if cursor.text.startswith("(", start):
                return read_expression(cursor)
            quoted = cursor.match(_QUOTED_EVAL)
            return self._quoted_expression(unescaped(quoted[1] or quoted[2]), start) if quoted else None
        if kind is not Kind.EXPR:
            return None
        inside = read_eval_call(cursor)
        if inside:
            return Call(name="eval", args=(inside,), span=cursor.span(start))
        if not cursor.accept("("):
            return None
        with cursor.nested(start):
            node = read_search(cursor)
        if node is None or not cursor.accept(")"):
            cursor.expected('")" to close the parenthesis')
        return node

    def _quoted_expression(self, text: str, start: int) -> Node:
        inner = self.cursor.within(text)
        try:
            node = read_expression(inner)
        except SplError as error:
            self.cursor.fail(error.message, start, self.cursor.pos)
        if inner.peek():
            self.cursor.fail(f"an eval expression was expected, found {text!r}", start, self.cursor.pos)
        return node

    def subsearch(self) -> Subsearch:
        return self.cursor.subsearch()

    def expression(self) -> Node:
        return read_expression(self.cursor)

    def search(self, *stop: str) -> Node | None:
        return read_search(self.cursor, frozenset(stop))

    def word(self) -> Word | MacroCall:
        """One argument as it is: quoted or bare, or a macro."""
        cursor = self.cursor
        start = cursor.skip()
        if cursor.text.startswith("`", start):
            return cursor.macro()
        if cursor.text.startswith('"', start):
            return Word(text=cursor.string(), quoted=True, span=cursor.span(start))
        found = cursor.match(_WORD)
        if found:
            text = unescaped(found[0])
            if cursor.text.startswith('"', cursor.pos):
                return Word(text=text + cursor.string(), quoted=True, span=cursor.span(start))
            return Word(text=text, span=cursor.span(start))
        punctuation = cursor.match(_PUNCTUATION)
        if not punctuation:
            cursor.expected(f"an argument of {self.name}")
        return Word(text=punctuation[0], span=cursor.span(start))

    def field(self, what: str = "a field name") -> FieldName:
        """One field: bare, in double or in single quotes; a macro is kept as text in its backticks."""
        cursor = self.cursor
        start = cursor.skip()
        char = cursor.text[start : start + 1]
        if char == '"':
            return FieldName(name=cursor.string(), quoted=True, span=cursor.span(start))
        if char == "'" and (found := cursor.match(_SINGLE)):
            return FieldName(name=found[1], quoted=True, span=cursor.span(start))
        pieces = 0
        while cursor.match(_FIELD) or (cursor.text.startswith("`", cursor.pos) and cursor.macro()):
            pieces += 1
            if cursor.text.startswith("```", cursor.pos):
                break
        if not pieces:
            cursor.expected(what)
        name = cursor.text[start : cursor.pos]
        if name.endswith(".") and cursor.text.startswith('"', cursor.pos):  # dimensions."x y"
            return FieldName(name=name + cursor.string(), quoted=True, span=cursor.span(start))
        return FieldName(name=name, span=cursor.span(start))

    def field_or_alias(self, *words: str) -> Node:
        """a, a AS b, `macro`, PREFIX(x) or [subsearch]; `words` may stand for AS too."""
        cursor = self.cursor
        start = cursor.skip()
        if cursor.text.startswith("[", start):
            return self.subsearch()
        if cursor.text.startswith("`", start):
            macro = cursor.macro()
            glued = _FIELD.match(cursor.text, cursor.pos)  # `prefix`_count
            if not glued and not self.keyword("as", *words):
                return macro
            cursor.pos = start
        elif prefix := cursor.match(_PREFIX):
            return Directive(name="PREFIX", text=prefix[1], span=cursor.span(start))
        source = self.field()
        end = cursor.pos
        if self.take("as", *words):
            if not cursor.at_stage_end():
                return Alias(source=source, target=self.field("a field name after AS"), span=cursor.span(start))
            cursor.pos = end  # a field of that name
        return source

    def pattern(self) -> Word | MacroCall:
        r"""A regular expression, bare or quoted: \" and \\ are escapes then, so that \\\\ matches one backslash."""
        cursor = self.cursor
        start = cursor.skip()
        if cursor.text.startswith("`", start):
            return cursor.macro()
        if cursor.text.startswith('"', start):
            return Word(text=cursor.string(), quoted=True, span=cursor.span(start))
        found = cursor.match(_BARE_PATTERN)
        if not found:
            cursor.expected("a regular expression in quotes")
        return Word(text=found[0], span=cursor.span(start))

    def field_pattern(self) -> Iterator[Node]:
        """field=pattern, field!=pattern or a pattern alone."""
        cursor = self.cursor
        start = cursor.skip()
        found = cursor.match(_REGEX_FIELD)
        if not found:
            yield self.pattern()
            return
        name, quoted = (unescaped(found[1][1:-1]), True) if found[1][0] in "'\"" else (found[1], False)
        field = FieldName(name=name, quoted=quoted, span=cursor.span(start))
        yield Comparison(field=field, op=found[2], value=self.pattern(), span=cursor.span(start))

    def sort_key(self) -> Node:
        """-f, + f, num(f), f: one key of sort, dedup … sortby and the like."""
        cursor = self.cursor
        start = cursor.skip()
        if cursor.text.startswith("`", start):
            return cursor.macro()
        sign = cursor.match(_SIGN)
        cursor.skip()
        kind = cursor.match(_SORT_KIND)
        field = self.field("a field to sort by")
        if kind and not cursor.accept(")"):
            cursor.expected('")" to close the parenthesis')
        return SortKey(
            field=field,
            descending=bool(sign and sign[0] == "-"),
            kind=kind[1].lower() if kind else None,
            span=cursor.span(start),
        )

    def leading_number(self, name: str) -> Option | None:
        cursor = self.cursor
        start = cursor.skip()
        found = cursor.match(_NUMBER)
        if found:
            return Option(name=name, value=int(found[0]), span=cursor.span(start))
        inside = cursor.match(_GROUPED_NUMBER)  # head(5)
        return Option(name=name, value=int(inside[1]), span=cursor.span(start)) if inside else None


_DIGITS = re.compile(r"\d{1,18}")
_LONE_COMMA = re.compile(r",(?=\s)")  # makemv delim=, field
# reset_after="("expression")" as the manual writes it, or "(expression)"
_QUOTED_EVAL = re.compile(r'"\("(.*?)(?<!\\)"\)"|"(\((?:[^"\\]|\\.)*\))"', re.DOTALL)
_SINGLE = re.compile(r"'([^'\n]*)'")
_PREFIX = re.compile(r"PREFIX\(([^)\s]*)\)")
_BARE_PATTERN = re.compile(r"(?:\[(?:\\.|[^\]\\])*\]|\\.|[^\s|\[\]\"\\])+")
_REGEX_FIELD = re.compile(r"""("(?:[^"\\]|\\.)*"|'[^']*'|[^\s=!"'`(\[<\\^]+)\s*(!?=)\s*""")
_SIGN = re.compile(r"[-+]")
_SORT_KIND = re.compile(r"(auto|num|str|ip)\s*\(", re.IGNORECASE)
