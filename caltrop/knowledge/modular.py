"""Modular regular expressions: `[[name]]` in the REGEX of a transform stands for the REGEX of the transform of that name.

`[[name:field]]` names what it finds. In the expression that stands there a group `(?<>…)` marks the part that is meant, and is
called `field`; groups with names are called `field` and their name (`[[bc_domain:uri_]]` gives `uri_domain`). Without either the
whole of it is called `field`. A repetition behind it (`[[octet]]{3}`) repeats the whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from caltrop.dialect.patterns import RegexError

MAX_DEPTH = 20
MAX_LENGTH = 32_768  # characters
_MODULE = re.compile(r"\[\[([A-Za-z_][\w.\-]*)(?::(\w*))?\]\]")
_NAMED = re.compile(r"(\\.)|\(\?P?<(\w*)>", re.DOTALL)

Find = Callable[[str], str | None]


def expand(pattern: str, find: Find) -> str:
    """The pattern without modules. `find` gives the REGEX of a transform, or None where there is none.

    Raises `RegexError` for a named module that does not exist and for modules inside themselves. `[[abc]]` without such a
    transform is left as it is: it is also a character class.
    """
    return _unmarked(_expanded(pattern, find, ()))


def _expanded(pattern: str, find: Find, inside: tuple[str, ...]) -> str:
    if "[[" not in pattern:
        return pattern
    parts: list[str] = []
    at = length = 0
    while found := _next(pattern, at):
        part = pattern[at : found.start()] + _module(found, find, inside)
        parts.append(part)
        at, length = found.end(), length + len(part)
        if length > MAX_LENGTH:
            raise RegexError(f"modules make it longer than {MAX_LENGTH} characters")
    return "".join(parts) + pattern[at:]


def _next(pattern: str, at: int) -> re.Match[str] | None:
    """The next module whose bracket is not escaped."""
    while found := _MODULE.search(pattern, at):
        before = pattern[: found.start()]
        if (len(before) - len(before.rstrip("\\"))) % 2 == 0:
            return found
        at = found.start() + 1
    return None


def _module(found: re.Match[str], find: Find, inside: tuple[str, ...]) -> str:
    name, field = found[1], found[2] or ""
    text = find(name)
    if text is None:
        if found[2] is None:
            return f"[[{name}]]"
        raise RegexError(f"[[{name}:{field}]]: no transform named {name!r} has a REGEX")
    if name in inside or len(inside) >= MAX_DEPTH:
        raise RegexError(f"modules inside themselves: {' -> '.join((*inside, name))}")
    body = _expanded(text, find, (*inside, name))
    if not field:
        return f"(?:{_unmarked(body)})"  # a name further out is not for the marks in here
    named = False

    def rename(group: re.Match[str]) -> str:
        nonlocal named
        if group[1] is not None:
            return group[0]
        named = True
        return f"(?<{field}{group[2]}>"

    renamed = _NAMED.sub(rename, body)
    return f"(?:{renamed})" if named else f"(?<{field}>{body})"


def _unmarked(pattern: str) -> str:
    """Marks that nothing gave a name take no part."""
    if "(?<>" not in pattern and "(?P<>" not in pattern:
        return pattern
    return _NAMED.sub(lambda group: group[0] if group[1] is not None or group[2] else "(?:", pattern)
