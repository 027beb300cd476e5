"""Reading the arguments of one command: the primitives, and the general reader that follows a declaration."""

from __future__ import annotations

import re
from collections.abc import Iterator

from caltrop.spl.ast import (
    Alias,
    And,
    Call,
    Clause,
    Comparison,
    Directive,
    FieldName,
    MacroCall,
    Node,
    NodeOption,
    Option,
    Scalar,
    SortKey,
    Span,
    Subsearch,
    Word,
)
from caltrop.spl.cursor import Cursor, unescape
from caltrop.spl.errors import SplError
from caltrop.spl.expressions import read_eval_call, read_expression
from caltrop.spl.searching import read_search
from caltrop.spl.syntax import Kind, Syntax, Words

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
_KEYWORD = re.compile(r"[A-Za-z]+(?=[\s\"'`\[(|\]]|$)")
_NUMBER = re.compile(r"[+-]?\d+(?=[\s,|\]]|$)")
_BOOLS = {"t": True, "true": True, "1": True, "f": False, "false": False, "0": False}
_PUNCTUATION = re.compile(r"==|!=|<=|>=|[()=<>]")


class Arguments:
    """The arguments of one command, read from the cursor that stands behind the command's name."""

    __slots__ = ("cursor", "name", "syntax")

    def __init__(self, cursor: Cursor, syntax: Syntax, name: str) -> None:
        self.cursor = cursor
        self.syntax = syntax
        self.name = name

    # -- looking ahead

    def end(self) -> bool:
        """No more arguments; commas between them are stepped over."""
        cursor = self.cursor
        while cursor.accept(","):
            pass
        return cursor.at_stage_end()

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
        kind = self.syntax.options.get(written.lower())
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
            return Option(name=name, value=text, quoted=True, span=cursor.span(start))
        if char == "(":
            return Option(name=name, value=cursor.balanced(), span=cursor.span(start))
        listed = kind is Kind.LIST or kind is None
        found = cursor.match(_LIST_VALUE if listed else _VALUE) or cursor.match(_LONE_COMMA)
        if not found:
            cursor.expected(f"a value for {name!r}")
        text = unescape(found[0])
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
            return self._quoted_expression(unescape(quoted[1] or quoted[2]), start) if quoted else None
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
        inner = Cursor(text)
        try:
            node = read_expression(inner)
        except SplError as error:
            self.cursor.fail(error.message, start, self.cursor.pos)
        if inner.peek():
            self.cursor.fail(f"an eval expression was expected, found {text!r}", start, self.cursor.pos)
        return node

    def subsearch(self) -> Subsearch:
        from caltrop.spl.parser import read_subsearch

        return read_subsearch(self.cursor)

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
            text = unescape(found[0])
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
        return FieldName(name=cursor.text[start : cursor.pos], span=cursor.span(start))

    def field_or_alias(self) -> Node:
        """a, a AS b, `macro`, PREFIX(x) or [subsearch]."""
        cursor = self.cursor
        start = cursor.skip()
        if cursor.text.startswith("[", start):
            return self.subsearch()
        if cursor.text.startswith("`", start):
            macro = cursor.macro()
            glued = _FIELD.match(cursor.text, cursor.pos)  # `prefix`_count
            if not glued and not self.keyword("as"):
                return macro
            cursor.pos = start
        elif prefix := cursor.match(_PREFIX):
            return Directive(name="PREFIX", text=prefix[1], span=cursor.span(start))
        source = self.field()
        end = cursor.pos
        if self.take("as"):
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
        name, quoted = (unescape(found[1][1:-1]), True) if found[1][0] in "'\"" else (found[1], False)
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

    # -- the general reader

    def read(self) -> tuple[Node, ...]:
        """All arguments, as the declaration says."""
        syntax, cursor = self.syntax, self.cursor
        if syntax.reader:
            return tuple(syntax.reader(self))
        parts: list[Node] = []
        first = syntax.first
        if syntax.number and (number := self.leading_number(syntax.number)):
            parts.append(number)
        while not self.end():
            if cursor.peek() == "[":
                parts.append(self.subsearch())
            elif word := self.keyword(*syntax.clauses):
                parts.extend(self.clause(word))
            elif option := self.option():
                parts.append(option)
            elif first and syntax.words is not Words.WORDS:
                first -= 1
                parts.append(self.word())
            elif not self._late_alias(parts):
                parts.append(self.plain(syntax.words))
        return tuple(parts)

    def _late_alias(self, parts: list[Node]) -> bool:
        """`bin _time span=1d AS day`: options may stand between a field and its AS."""
        cursor = self.cursor
        index = next((i for i in reversed(range(len(parts))) if not isinstance(parts[i], Option)), len(parts))
        before = parts[index] if index < len(parts) - 1 else None
        start = cursor.pos
        if not isinstance(before, FieldName) or not self.take("as") or cursor.at_stage_end():
            cursor.pos = start
            return False
        target = self.field("a field name after AS")
        parts[index] = Alias(source=before, target=target, span=Span(before.span.start, cursor.pos))
        return True

    def leading_number(self, name: str) -> Option | None:
        cursor = self.cursor
        start = cursor.skip()
        found = cursor.match(_NUMBER)
        return Option(name=name, value=int(found[0]), span=cursor.span(start)) if found else None

    def plain(self, words: Words) -> Node:
        if words is Words.FIELDS:
            return self.field_or_alias()
        if words is Words.SORT:
            return self.sort_key()
        if words is Words.AGGREGATIONS:
            from caltrop.spl.aggregations import read_aggregation

            return read_aggregation(self)
        return self.word()

    def clause(self, keyword: str) -> Iterator[Node]:
        """The keyword is next; its parts run to the next clause keyword or the end.

        Options of the command that are written inside the clause (by host limit=5) follow it in the tree; only those
        that say something about a field or source of the clause stay in it (by _time span=1h, from datamodel=X).
        """
        cursor, syntax = self.cursor, self.syntax
        start = cursor.skip()
        cursor.pos += len(keyword)
        words = syntax.clauses[keyword]
        stops = tuple(syntax.clauses)
        parts: list[Node] = []
        if words is Words.SEARCH:
            node = self.search(*(stop for stop in stops if stop != keyword))
            if node is None:
                cursor.expected(f"a search expression after {keyword}")
            parts, options = self._split_where(node)
        else:
            while not self.end() and not self.keyword(*stops):
                if words is Words.WORDS and cursor.peek() == "[":  # join … where L.a=R.a [subsearch]
                    break
                parts.append(self.option() or self.plain(words))
            if keyword in ("by", "groupby", "over") and not parts:
                cursor.expected(f"a field after {keyword}")
            options = [part for part in parts if _moves(part, syntax)]
            parts = [part for part in parts if not _moves(part, syntax)]
        yield Clause(keyword=keyword, parts=tuple(parts), span=cursor.span(start))
        yield from options

    def _split_where(self, node: Node) -> tuple[list[Node], list[Node]]:
        """Options written behind the condition (`where index=x span=1h` of mstats) are options, not comparisons."""
        items = node.items if isinstance(node, And) else (node,)
        options: list[Node] = []
        kept: list[Node] = []
        for item in items:
            name = item.field.name.lower() if isinstance(item, Comparison) else ""
            if isinstance(item, Comparison) and name in self.syntax.behind_where and isinstance(item.value, Word):
                kind = self.syntax.options.get(name)
                value = item.value.text if item.value.quoted else convert(item.value.text, kind)
                options.append(Option(name=name, value=value, quoted=item.value.quoted, span=item.span))
            else:
                kept.append(item)
        if len(kept) == len(items):
            return [node], []
        if len(kept) < 2:
            return kept, options
        return [And(items=tuple(kept), span=node.span)], options


# Options that stay in the clause they were written in.
_BELONGS = frozenset({"span", "bins", "minspan", "start", "end", "aligntime", "datamodel", "sid"})


def _moves(part: Node, syntax: Syntax) -> bool:
    return isinstance(part, Option | NodeOption) and part.name in syntax.options and part.name not in _BELONGS


_LONE_COMMA = re.compile(r",(?=\s)")  # makemv delim=, field
# reset_after="("expression")" as the manual writes it, or "(expression)"
_QUOTED_EVAL = re.compile(r'"\("(.*?)(?<!\\)"\)"|"(\((?:[^"\\]|\\.)*\))"', re.DOTALL)
_SINGLE = re.compile(r"'([^'\n]*)'")
_PREFIX = re.compile(r"PREFIX\(([^)\s]*)\)")
_BARE_PATTERN = re.compile(r"(?:\[(?:\\.|[^\]\\])*\]|\\.|[^\s|\[\]\"\\])+")
_REGEX_FIELD = re.compile(r"""("(?:[^"\\]|\\.)*"|'[^']*'|[^\s=!"'`(\[<\\^]+)\s*(!?=)\s*""")
_SIGN = re.compile(r"[-+]")
_SORT_KIND = re.compile(r"(auto|num|str|ip)\s*\(", re.IGNORECASE)


def convert(text: str, kind: Kind | None) -> Scalar:
    """The value of an option's text; text that does not fit its type stays text, for the engine to refuse by name."""
    if kind is Kind.BOOL:
        return _BOOLS.get(text.lower(), text)
    if kind in (Kind.INT, Kind.FLOAT):
        try:
            return int(text)
        except ValueError:
            pass
        if kind is Kind.FLOAT and re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
            return float(text)
    return text
