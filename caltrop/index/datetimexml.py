"""Files of patterns that recognise times (DATETIME_CONFIG): `<define>`s of regular expressions, and which are used for times and dates.

    <datetime>
      <define name="day" extract="day"><text><![CDATA[(\\d\\d)]]></text></define>
      <define name="date" extract="year, month, day"><text><![CDATA[(\\d{4})_(\\d\\d)_]]></text><use name="day"/></define>
      <timePatterns><use name="time"/></timePatterns>
      <datePatterns><use name="date"/></datePatterns>
    </datetime>

`extract` names the groups in their order, those of used definitions included. Of each list the first pattern that is found
counts. A text without a date is of today, one without a time of midnight. What a file may take is bounded, and it declares no entities.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from caltrop.dialect import patterns
from caltrop.errors import CaltropError

if TYPE_CHECKING:
    from xml.etree import ElementTree

LARGEST = 1 << 18  # bytes of a file
LONGEST = 1 << 15  # characters of a pattern with what it uses
DEEPEST = 20  # definitions that use one another
# What `extract` may name, and the part of a time that it is (`strptime.GROUPS`); others are passed over.
PARTS = {
    "year": "Y", "month": "m", "litmonth": "b", "day": "d", "hour": "H", "minute": "M", "second": "S", "subsecond": "f",
    "ampm": "p", "zone": "z", "utcepoch": "e",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Form:
    """A pattern and the part that each of its groups is; empty for one that is passed over."""

    regex: patterns.Regex
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recogniser:
    """What a file says."""

    dates: tuple[Form, ...]
    times: tuple[Form, ...]

    def found(self, texts: pl.Series) -> pl.Series:
        """Which texts have a date; where the file knows none, a time (Boolean)."""
        result = pl.Series([False]).new_from_index(0, len(texts))
        for form in self.dates or self.times:
            result = result | form.regex.matches(texts).fill_null(False)
        return result

    def parts(self, texts: pl.Series) -> pl.DataFrame:
        """The parts of the time of each text, as columns of `strptime.GROUPS`; null where nothing is found."""
        columns: dict[str, pl.Series] = {}
        for forms in (self.dates, self.times):
            columns |= {name: column for name, column in _first(forms, texts).items() if name not in columns}
        return pl.DataFrame(columns) if columns else pl.DataFrame({"Y": [None] * len(texts)}, {"Y": pl.String})


def _first(forms: tuple[Form, ...], texts: pl.Series) -> dict[str, pl.Series]:
    """The parts of each text by the first of the forms that it has."""
    columns: dict[str, pl.Series] = {}
    todo = texts.is_not_null()
    for form in forms:
        here = form.regex.matches(texts).fill_null(False) & todo
        todo = todo & ~here
        if not here.any():
            continue
        for part, group in zip(form.parts, form.regex.first(texts), strict=False):
            if part:
                held = columns.get(part, pl.Series([None], dtype=pl.String).new_from_index(0, len(texts)))
                columns[part] = group.zip_with(here & held.is_null(), held).alias(part)
    return columns


def load(path: Path) -> Recogniser:
    """The recogniser of a file. Raises CaltropError for one that is not there, too large, or none."""
    try:
        stat = path.stat()
        if stat.st_size > LARGEST:
            raise CaltropError(f"the file has {stat.st_size:,} bytes, more than the {LARGEST:,} that are read")
        return _loaded(str(path), stat.st_mtime_ns, stat.st_size)
    except (OSError, ValueError) as error:
        raise CaltropError(f"the file cannot be read: {error}") from None


@lru_cache(maxsize=32)
def _loaded(path: str, changed: int, size: int) -> Recogniser:
    return read(Path(path).read_text("utf-8-sig"))


def read(text: str) -> Recogniser:
    """The recogniser of a file's text; raises CaltropError."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise CaltropError("declares entities, which are not followed")
    from xml.etree import ElementTree  # with the file: a server has one at most

    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise CaltropError(f"is no XML: {error}") from None
    defined = {element.get("name", ""): element for element in root.iter("define")}
    dates, times = (
        tuple(_form(use.get("name", ""), defined) for use in root.findall(f".//{kind}/use"))
        for kind in ("datePatterns", "timePatterns")
    )
    if not dates and not times:
        raise CaltropError("uses no pattern for dates or times")
    return Recogniser(dates, times)


def _form(name: str, defined: Mapping[str, ElementTree.Element]) -> Form:
    text = _text(name, defined, 0)
    names = (part.strip().partition("[")[0] for part in defined[name].get("extract", "").split(","))
    try:
        return Form(patterns.compile(f"(?i){text}"), tuple(PARTS.get(part.lower(), "") for part in names))
    except patterns.RegexError as error:
        raise CaltropError(f"<define name={name!r}>: {error.message}") from None


def _text(name: str, defined: Mapping[str, ElementTree.Element], depth: int) -> str:
    """The expression of a definition, with those that it uses put in."""
    if name not in defined:
        raise CaltropError(f"uses {name!r}, which is not defined")
    if depth > DEEPEST:
        raise CaltropError(f"<define name={name!r}> uses itself, or others more than {DEEPEST} deep")
    found = ""
    for part in defined[name]:
        found += (
            _text(part.get("name", ""), defined, depth + 1) if part.tag == "use" else (part.text or "").strip("\r\n")
        )
        if len(found) > LONGEST:
            raise CaltropError(f"<define name={name!r}> is longer than {LONGEST:,} characters")
    return found
