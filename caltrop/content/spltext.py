"""What can be read off a search's text without parsing it: macro calls and comments. Fast, and true for broken SPL too."""

from __future__ import annotations

import re
from typing import NamedTuple

_COMMENT = re.compile(r"```.*?```", re.S)
# A call; a string, in which a backtick is only a backtick, is passed over, unless its quotes do not close.
_CALL = re.compile(r'"(?:[^"\\]|\\.)*+"|`([^`"]*+(?:"(?:[^"\\]|\\.)*+"[^`"]*+)*+|[^`]+)`', re.S)
_NAME = re.compile(r"\s*([\w.:-]+)\s*(\((.*)\))?\s*\Z", re.S)


class MacroCall(NamedTuple):
    """A call in a search; `start` and `end` are offsets of the backticks (end is exclusive)."""

    name: str
    arity: int
    start: int
    end: int


def without_comments(search: str) -> str:
    """The search with comments blanked out, so that offsets stay."""
    return _COMMENT.sub(lambda m: " " * len(m.group()), search)


def macro_calls(search: str) -> list[MacroCall]:
    """Every macro call, in order. A call that is not a name with arguments has the name ''."""
    out = []
    for match in _CALL.finditer(without_comments(search)):
        if match.group(1) is None:
            continue
        call = _NAME.match(match.group(1))
        name = call.group(1) if call else ""
        arity = count_arguments(call.group(3) or "") if call and call.group(2) else 0
        out.append(MacroCall(name, arity, match.start(), match.end()))
    return out


def pipes(search: str) -> list[tuple[int, int]]:
    """Offset and bracket depth of every pipe that starts a stage: not those in quotes, macro calls and comments."""
    out, depth, closing, skip = [], 0, "", False
    for at, char in enumerate(without_comments(search)):
        if skip:
            skip = False
        elif char == "\\" and closing != "`":
            skip = True
        elif closing:
            closing = "" if char == closing else closing
        elif char in '"`':
            closing = char
        elif char in "[(":
            depth += 1
        elif char in "])":
            depth -= 1
        elif char == "|":
            out.append((at, depth))
    return out


def count_arguments(text: str) -> int:
    """Arguments of a call: commas outside quotes and brackets separate them; nothing is one empty argument."""
    if not text.strip():
        return 0
    depth, quoted, count, skip = 0, False, 1, False
    for char in text:
        if skip:
            skip = False
        elif char == "\\":
            skip = True
        elif char == '"':
            quoted = not quoted
        elif not quoted:
            if char in "([":
                depth += 1
            elif char in ")]":
                depth -= 1
            elif char == "," and depth <= 0:
                count += 1
    return count
