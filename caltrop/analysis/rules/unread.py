"""Searches that do not parse: what is behind the place at which the parser gave up."""

from __future__ import annotations

import re

from caltrop.analysis.mistake import Found
from caltrop.spl.ast import Span
from caltrop.spl.errors import SplError

_BEFORE_STAR = re.compile(r"(?:==?|!=|<>|\b(?:LIKE|IN)\s*\(|\b(?:LIKE))\s*$", re.IGNORECASE)
_AFTER_VALUE = re.compile(r"(?:==?|!=)\s*([\w.:\\/$-]+\*)\s*$")
_STARRED = re.compile(r'[^\s|,()"\]]+')
_LIST = re.compile(r"""(?:==?)\s*(?:\(\s*)?(?:"[^"]*"|'[^']*'|[\w.*:\\-]+)\s*$""")
_AFTER_PIPE = re.compile(r"\|\s*$")


def explained(error: SplError, text: str) -> tuple[str, Found]:
    """The rule's code and the finding for a search that cannot be read."""
    at = error.span.start
    before, rest = text[:at], text[at:]
    expression = error.command in ("where", "eval", "fieldformat", "stats", "eventstats", "streamstats", "head")
    if expression and rest[:1] in ("*", "?", "%") and _BEFORE_STAR.search(before):
        found = _STARRED.match(rest)
        value = found[0] if found else rest[:1]
        return "wildcard", Found(
            error.span,
            f"{value} is no value: eval expressions have no wildcards, and * multiplies",
            f'use | search …={value}, or like(field, "{value.replace("*", "%")}")',
        )
    trailing = _AFTER_VALUE.search(before) if expression else None
    if trailing:
        value = trailing[1] + (found[0] if (found := _STARRED.match(rest)) and before[-1:] == "*" else "")
        return "wildcard", Found(
            Span(trailing.start(1), trailing.start(1) + len(value)),
            f"{value} is no value: eval expressions have no wildcards, and * multiplies",
            f'use | search …={value}, or like(field, "{value.replace("*", "%")}")',
        )
    listed = before.rstrip().removesuffix(",")  # the comma may have been stepped over
    if expression and (rest[:1] == "," or listed != before.rstrip()) and _LIST.search(listed):
        return "several-values", Found(
            error.span, "= compares with one value, and a list follows", "write field IN (a, b)"
        )
    return "spl-syntax", Found(error.span, error.message, error.hint or "")


def may_be_a_macro(error: SplError, text: str) -> bool:
    """Whether a macro that is not known here, at the place of the error or before it in its stage, may be the reason."""
    start = text.rfind("|", 0, error.span.start) + 1
    return "`" in text[start : error.span.end + 1].replace("```", "")
