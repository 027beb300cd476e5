"""The index-time settings of a source type, read from a mapping as props.conf holds them.

Names, defaults and meaning follow the page "props.conf" of Splunk's Admin Manual. One default differs on purpose:
`MAX_DAYS_AGO` and its kin apply only where they are set, because replayed captures keep their own, often old, times.
"""

from __future__ import annotations

import codecs
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from caltrop.dialect import patterns, zones
from caltrop.dialect.conf import place_of
from caltrop.dialect.patterns import RegexError
from caltrop.dialect.strptime import pattern
from caltrop.dialect.words import known_truth
from caltrop.dialect.zones import TimeError
from caltrop.errors import CaltropError
from caltrop.index import datetimexml
from caltrop.index.datetimexml import Recogniser

STRUCTURES = ("csv", "tsv", "psv", "w3c", "json")  # what INDEXED_EXTRACTIONS may say
HEADER_MODES = ("", "always", "firstline", "none")
_ALIAS = re.compile(r"([A-Za-z]+)\s*=\s*(?:GMT|UTC)?(?:([+-])(\d{1,2})(?::?([0-5]\d))?)?", re.IGNORECASE)
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
LARGEST = 1 << 31  # of a number in a setting: beyond it there is no difference


@dataclass(frozen=True, slots=True)
class Props:
    """`truncate` counts bytes of a line (0: no limit); `max_events` lines of an event; `lookahead` characters."""

    line_breaker: str = r"([\r\n]+)"
    should_linemerge: bool = True
    break_only_before: str = ""
    break_only_before_date: bool | None = None
    must_break_after: str = ""
    must_not_break_after: str = ""
    must_not_break_before: str = ""
    max_events: int = 256
    truncate: int = 10_000
    time_prefix: str = ""
    time_format: str = ""
    lookahead: int = 128
    datetime_config: str = ""
    recogniser: Recogniser | None = None  # of an app's own datetime.xml
    tz: str = ""
    tz_alias: tuple[tuple[str, str], ...] = ()  # abbreviation in upper case, and `+hhmm`
    oldest: int | None = None  # seconds; what is older is thrown away
    header_mode: str = ""
    max_days_ago: int | None = None
    max_days_hence: int | None = None
    charset: str = ""
    no_binary_check: bool = False
    indexed_extractions: str = ""
    timestamp_fields: tuple[str, ...] = ()
    field_names: tuple[str, ...] = ()
    field_delimiter: str = ""
    field_quote: str = '"'
    header_line: int = 0
    header_delimiter: str = ""
    header_quote: str = ""
    header_regex: str = ""
    header_characters: str = ""
    preamble: str = ""
    missing_value: str = ""
    trim_braces: bool = False

    @staticmethod
    def from_mapping(settings: Mapping[str, str], problem: Callable[[str], None] | None = None) -> Props:
        """Read the settings that matter here; others are ignored.

        No setting stops the import: one that cannot be used is told to `problem` (the log, where there is none), with its
        place where the value knows it, and its nearest meaning or its default is used.
        """

        def tell(name: str, wrong: str) -> None:
            (problem or log_once)(f"{place_of(settings[name])}{name} = {settings[name]}: {wrong}")

        def boolean(name: str) -> bool | None:
            text = settings.get(name, "").strip()
            known = known_truth(text)
            if text and known is None:
                tell(name, "expected true or false; the default is used")
            return known

        def whole(name: str, default: int) -> int:
            number = optional(name)
            return default if number is None else number

        def optional(name: str) -> int | None:
            text = settings.get(name, "").strip()
            if not text:
                return None
            number = re.match(r"[+-]?\d+", text)
            if number is None or number[0] != text:
                used = "the default" if number is None else number[0]
                tell(name, f"expected a whole number; {used} is used")
            return None if number is None else max(-LARGEST, min(int(number[0]), LARGEST))

        def regex(name: str, default: str = "") -> str:
            pattern = settings.get(name) or default
            try:
                patterns.compile(pattern)
            except RegexError as error:
                tell(name, f"{error.message}; the default is used")
                return default
            return pattern

        def zone() -> str:
            name = settings.get("TZ", "").strip()
            try:
                return zones.setting(name) if name else ""
            except TimeError as error:
                tell("TZ", f"{error.message}; no zone is set")
                return ""

        def aliases() -> tuple[tuple[str, str], ...]:
            """`EST=GMT+10:00, EDT=GMT+11` as pairs; what is none is left out."""
            found = []
            for part in filter(None, (part.strip() for part in settings.get("TZ_ALIAS", "").split(","))):
                alias = _ALIAS.fullmatch(part)
                if alias is None:
                    tell("TZ_ALIAS", f"{part!r} is no abbreviation=GMT+hh:mm and is left out")
                else:
                    found.append((alias[1].upper(), f"{alias[2] or '+'}{int(alias[3] or 0):02}{alias[4] or '00'}"))
            return tuple(found)

        def age() -> int | None:
            text = settings.get("ROUTE_EVENTS_OLDER_THAN", "").strip()
            known = re.fullmatch(r"(\d{1,9})\s*([smhd]?)", text)
            if text and known is None:
                tell("ROUTE_EVENTS_OLDER_THAN", "expected a whole number with s, m, h or d; nothing is thrown away")
            return int(known[1]) * _UNITS[known[2]] if known else None

        def header() -> str:
            mode = settings.get("HEADER_MODE", "").strip().lower()
            if mode not in HEADER_MODES:
                tell("HEADER_MODE", "expected always, firstline or none; headers are text like any other")
            return mode if mode in HEADER_MODES else ""

        def time_format() -> str:
            form = settings.get("TIME_FORMAT", "").strip()
            bare = form[:-1] if re.search(r"(?<!%)(?:%%)*%$", form) else form
            try:
                pattern(bare)
            except TimeError as error:
                tell("TIME_FORMAT", f"{error.message}; times are recognised by themselves")
                return ""
            if bare != form:
                tell("TIME_FORMAT", "ends in a lone %, which is left out")
            return bare

        def charset() -> str:
            name = settings.get("CHARSET", "").strip()
            try:
                codecs.lookup("utf-8" if name.upper() in ("", "AUTO") else name)
            except (LookupError, ValueError):  # a NUL in the name is the latter
                tell("CHARSET", "no such encoding; UTF-8 is used")
                return ""
            return name

        def names(name: str) -> tuple[str, ...]:
            return tuple(part.strip() for part in settings.get(name, "").split(",") if part.strip())

        def structure() -> str:
            form = settings.get("INDEXED_EXTRACTIONS", "").strip().lower()
            if form and form not in STRUCTURES:
                tell(
                    "INDEXED_EXTRACTIONS",
                    f"expected one of {', '.join(STRUCTURES)}; nothing is extracted at index time",
                )
            return form if form in STRUCTURES else ""

        def recogniser() -> Recogniser | None:
            told = settings.get("DATETIME_CONFIG", "").strip()
            if not told or told.upper() in ("CURRENT", "NONE") or told in ("/etc/datetime.xml", "etc/datetime.xml"):
                return None
            try:
                return datetimexml.load(Path(told))
            except CaltropError as error:
                tell("DATETIME_CONFIG", f"{error.message}; times are recognised by the built-in forms")
                return None

        boolean("ANNOTATE_PUNCT")  # read where it is asked for (engine/derived.py)
        breaker = regex("LINE_BREAKER", r"([\r\n]+)")
        if not patterns.compile(breaker).names:
            tell("LINE_BREAKER", "has no capturing group, so all that it matches stands between two events")
            breaker = f"({breaker})"
        merge = boolean("SHOULD_LINEMERGE")
        lookahead = whole("MAX_TIMESTAMP_LOOKAHEAD", 128)
        return Props(
            line_breaker=breaker,
            should_linemerge=True if merge is None else merge,
            break_only_before=regex("BREAK_ONLY_BEFORE"),
            break_only_before_date=boolean("BREAK_ONLY_BEFORE_DATE"),
            must_break_after=regex("MUST_BREAK_AFTER"),
            must_not_break_after=regex("MUST_NOT_BREAK_AFTER"),
            must_not_break_before=regex("MUST_NOT_BREAK_BEFORE"),
            max_events=whole("MAX_EVENTS", 256),
            truncate=max(0, whole("TRUNCATE", 10_000)),
            time_prefix=regex("TIME_PREFIX"),
            time_format=time_format(),
            lookahead=min(lookahead, LARGEST) if lookahead > 0 else LARGEST,
            recogniser=recogniser(),
            datetime_config=settings.get("DATETIME_CONFIG", "").strip(),
            tz=zone(),
            tz_alias=aliases(),
            oldest=age(),
            header_mode=header(),
            max_days_ago=optional("MAX_DAYS_AGO"),
            max_days_hence=optional("MAX_DAYS_HENCE"),
            charset=charset(),
            no_binary_check=boolean("NO_BINARY_CHECK") or False,
            indexed_extractions=structure(),
            timestamp_fields=names("TIMESTAMP_FIELDS"),
            field_names=names("FIELD_NAMES"),
            field_delimiter=_delimiter(settings.get("FIELD_DELIMITER", "")),
            field_quote=_delimiter(settings.get("FIELD_QUOTE", '"')),
            header_line=whole("HEADER_FIELD_LINE_NUMBER", 0),
            header_delimiter=_delimiter(settings.get("HEADER_FIELD_DELIMITER", "")),
            header_quote=_delimiter(settings.get("HEADER_FIELD_QUOTE", "")),
            header_regex=regex("FIELD_HEADER_REGEX"),
            header_characters=settings.get("HEADER_FIELD_ACCEPTABLE_SPECIAL_CHARACTERS", "").strip(),
            preamble=regex("PREAMBLE_REGEX"),
            missing_value=regex("MISSING_VALUE_REGEX"),
            trim_braces=boolean("JSON_TRIM_BRACES_IN_ARRAY_NAMES") or False,
        )


def _delimiter(text: str) -> str:
    named = {"space": " ", "whitespace": " ", "tab": "\t", "\\t": "\t", "fs": "\x1c", "pipe": "|", "none": ""}
    text = text.strip('"') if len(text) > 1 else text
    return named.get(text.lower(), text[:1])


@lru_cache(maxsize=1024)
def log_once(message: str) -> None:
    """What nobody else hears of, said once."""
    logging.getLogger("caltrop.index").warning("%s", message)
