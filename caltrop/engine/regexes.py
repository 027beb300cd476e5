"""Patterns that a search writes: what is wrong with one is said where it stands."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from caltrop.dialect import patterns
from caltrop.dialect.patterns import Regex, RegexError
from caltrop.engine.errors import SearchError
from caltrop.engine.table import MULTIVALUE, pick
from caltrop.index.coding import by_value
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


def found_in(regex: Regex, column: pl.Series) -> pl.Series:
    """Whether the pattern is found in a text, or in any value of a list of them; null where there is none."""
    if column.dtype != MULTIVALUE:
        return by_value(column, lambda text: [regex.matches(text)])[0]
    flat = column.alias("value").to_frame().with_row_index("row").explode("value")
    (found,) = by_value(flat.get_column("value"), lambda text: [regex.matches(text)])
    rows = flat.get_column("row").filter(found.fill_null(False)).unique()
    met = pl.int_range(len(column), dtype=pl.UInt32, eager=True).is_in(rows.implode())
    missing = column.is_null()
    return pick(~missing, met) if missing.any() else met
