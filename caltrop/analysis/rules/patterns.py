"""Regular expressions that do not compile, with the place inside them."""

from __future__ import annotations

from collections.abc import Iterator

from caltrop.analysis.mistake import Found, rule
from caltrop.analysis.reading import Reading
from caltrop.dialect.patterns import RegexError, check
from caltrop.spl.ast import Call, Command, Comparison, Literal, Node, Option, Span, Word

_ARGUMENT = {"match": 1, "replace": 1, "mvfind": 1}  # which argument of an eval function is a pattern


@rule(
    "bad-regex",
    "error",
    "a regular expression that does not compile",
    example='index=main | rex "(?<user>\\w+"',
    instead='index=main | rex "(?<user>\\w+)"',
)
def bad_regex(reading: Reading) -> Iterator[Found]:
    for command, nodes in reading.parts:
        for node, pattern in _patterns(command, nodes):
            if "`" in pattern or ("$" in pattern[:-1] and _is_token(pattern)):
                continue
            try:
                check(pattern)
            except RegexError as error:
                span = _inside(reading.text, node.span, pattern, error.at)
                yield Found(span, f"this regular expression does not compile: {error.reason}", _hint(error.reason))
        yield from _sed(reading, command)


def _is_token(pattern: str) -> bool:
    """Whether a $token$ of a dashboard stands in for the pattern, or for a part of it."""
    parts = pattern.split("$")
    return len(parts) > 2 and any(part and part.replace("_", "").isalnum() for part in parts[1:-1])


def _patterns(command: Command, nodes: list[Node]) -> Iterator[tuple[Node, str]]:
    """The patterns of a command that are written out, each with the node that holds it."""
    if command.name == "rex" and command.option("mode") != "sed":
        yield from ((word, word.text) for word in command.of(Word))
    elif command.name == "regex":
        yield from ((word, word.text) for word in command.of(Word))
        yield from ((one.value, one.value.text) for one in command.of(Comparison) if isinstance(one.value, Word))
    elif command.name == "makemv":
        yield from ((o, str(o.value)) for o in command.of(Option) if o.name == "tokenizer")
    for node in nodes:
        if isinstance(node, Call) and node.name in _ARGUMENT and len(node.args) > _ARGUMENT[node.name]:
            pattern = node.args[_ARGUMENT[node.name]]
            if isinstance(pattern, Literal) and isinstance(pattern.value, str):
                yield pattern, pattern.value


def _sed(reading: Reading, command: Command) -> Iterator[Found]:
    if command.name != "rex" or command.option("mode") != "sed":
        return
    for word in command.of(Word):
        if "`" in word.text:
            continue
        from caltrop.dialect.patterns import sed_script  # runs over columns, and is rare

        try:
            sed_script(word.text)
        except RegexError as error:
            hint = error.hint or "write s/pattern/replacement/g or y/abc/xyz/"
            yield Found(word.span, f"this sed script cannot be read: {error.message}", hint)


def _inside(text: str, span: Span, pattern: str, at: int | None) -> Span:
    """The place in the text of an offset into a pattern that stands there, in quotes as a rule."""
    written = text[span.start : span.end]
    start = written.find('"') + 1 if written.endswith('"') else max(written.find(pattern), 0)
    if at is None:
        return span
    here = span.start + start
    for _ in range(min(at, len(pattern))):
        # \" and \\ are one character each
        here += 2 if text[here : here + 2] in ('\\"', "\\\\") else 1
    here = min(here, span.end - 1)
    return Span(here, here + 1)


def _hint(reason: str) -> str:
    if "parenthesis" in reason:
        return r"balance the parentheses; \( is one to be found"
    if "class" in reason:
        return r"close the class with ]; \[ is a bracket to be found"
    if "quantifier" in reason or "repeat" in reason:
        return r"put something to repeat before it; \* is a star to be found, and .* any text"
    return "regular expressions are PCRE2's"
