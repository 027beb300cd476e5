"""Patterns that a search writes: what is wrong with one is said where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from caltrop.dialect import patterns
from caltrop.dialect.patterns import Regex, RegexError
from caltrop.engine.errors import SearchError
from caltrop.spl.ast import Node


@dataclass(frozen=True, slots=True)
class Wording:
    """What splunkd says of a wrong pattern: `sentence` holds {pattern} and {reason} (PCRE2's own words); `by` says it."""

    sentence: str
    by: str | None = None


EVAL = Wording("Regex: {reason}")
REX = Wording("Encountered the following error while compiling the regex '{pattern}': Regex: {reason}.")
REGEX = Wording("The regex '{pattern}' is invalid. Regex: {reason}.", "'SearchOperator:regex'")


def compile_pattern(text: str, *, node: Node | None = None, wording: Wording = EVAL) -> Regex:
    """Compile a PCRE pattern; SearchError says what is wrong with it."""
    try:
        return patterns.compile(text)
    except RegexError as error:
        raise SearchError(
            f"invalid regular expression {text!r}: {error.message}",
            node=node,
            says=wording.sentence.format(pattern=text, reason=error.reason),
            by=wording.by,
        ) from error
