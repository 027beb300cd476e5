"""A pattern read for the engine that backtracks, which is what says whether it is one at all."""

from __future__ import annotations

from caltrop.dialect.patterns.limits import Bounded, RegexError
from caltrop.dialect.patterns.translate import Translator

MAX_PATTERN = 32_768  # characters


def translated(pattern: str) -> Translator:
    """The translation for the backtracking engine, ready to run: its first pass has told the groups.

    Raises `RegexError` for what PCRE2 refuses, with the place in the pattern.
    """
    if len(pattern) > MAX_PATTERN:
        raise RegexError(f"a regular expression has at most {MAX_PATTERN} characters, this one {len(pattern)}")
    scout = Translator(pattern, rust=False)
    scout.known = scout.names
    scout.run()
    return Translator(pattern, rust=False, known=scout.names, unicode=scout.unicode)


def bounded(pattern: str) -> Bounded:
    """The pattern compiled for single texts; raises `RegexError`."""
    translator = translated(pattern)
    text = translator.run()
    return Bounded(text, pattern, ascii=not translator.unicode, steady=translator.steady)


def check(pattern: str) -> None:
    """Raise `RegexError` where `compile` would."""
    bounded(pattern)
