"""The one analysis of a search: macros replaced, parsed, every rule asked. `validate`, `build` and `spl check` all call it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from caltrop.analysis.known import Known
from caltrop.analysis.mistake import RULES, Found, Mistake, Severity
from caltrop.analysis.reading import Reading
from caltrop.analysis.rules import unread
from caltrop.analysis.text import plain, typography
from caltrop.spl.errors import SplError
from caltrop.spl.lint import silenced
from caltrop.spl.macros import Expansion, expand
from caltrop.spl.parser import parse


@dataclass(frozen=True, slots=True)
class Analysis:
    """`reading` is None where the search cannot be parsed; `mistakes` are in the order of the text."""

    reading: Reading | None
    mistakes: tuple[Mistake, ...]


def analyse(source: str, known: Known, *, ignore: Collection[str] = ()) -> Analysis:
    """Every mistake that is found before the search runs."""
    off = silenced(source) | frozenset(ignore)
    try:
        expansion = expand(source, known.macro, keep=True)
    except SplError as error:
        code, one = unread.explained(error, source)
        return Analysis(None, (Mistake(code, "error", one.message, one.hint, error.span),))
    reading = None
    found: list[Mistake] = []
    try:
        reading = Reading(expansion.text, expansion, parse(expansion.text), known)
    except SplError as error:
        if not unread.may_be_a_macro(error, expansion.text):
            code, one = unread.explained(error, expansion.text)
            found.append(_placed(code, "error", one, expansion))
    found += [
        _placed("typography", one.severity or "error", one, expansion) for one in typography(plain(expansion.text))
    ]
    if any(one.code == "typography" for one in found):  # what it makes of the rest says nothing
        found = [one for one in found if one.code != "spl-syntax"]
    if reading is not None:
        for rule in RULES.values():
            if rule.code not in off:
                found += [
                    _placed(rule.code, one.severity or rule.severity, one, expansion) for one in rule.check(reading)
                ]
    kept = {(one.code, one.span.start, one.message): one for one in found if one.code not in off}
    return Analysis(reading, tuple(sorted(kept.values(), key=lambda one: (one.span.start, one.code))))


def _placed(code: str, severity: Severity, one: Found, expansion: Expansion) -> Mistake:
    """At its place in the text as it was written; what comes out of a macro is at the macro's call, and says so."""
    span = expansion.original(one.span)
    message = one.message
    if (
        expansion.source[span.start : span.start + 1] == "`"
        and expansion.text[one.span.start : one.span.start + 1] != "`"
    ):
        call = expansion.source[span.start : span.end].strip("`").partition("(")[0]
        message = f"{message} (in what macro `{call}` stands for)"
    return Mistake(code, severity, message, one.hint, span)
