"""The index-time settings of a source type, read from a mapping as props.conf holds them.

Names, defaults and meaning follow the page "props.conf" of Splunk's Admin Manual. One default differs on purpose:
`MAX_DAYS_AGO` and its kin apply only where they are set, because replayed captures keep their own, often old, times.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from caltrop.dialect import patterns
from caltrop.dialect.patterns import RegexError
from caltrop.dialect.words import known_truth
from caltrop.errors import CaltropError


@dataclass(frozen=True, slots=True)
class Props:
    """`truncate` counts characters of a line (0: no limit); `max_events` lines of an event; `lookahead` characters."""

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
    tz: str = ""
    max_days_ago: int | None = None
    max_days_hence: int | None = None
    charset: str = ""
    indexed_extractions: str = ""
    timestamp_fields: tuple[str, ...] = ()
    field_names: tuple[str, ...] = ()
    field_delimiter: str = ""
    header_line: int = 0
    preamble: str = ""

    @staticmethod
    def from_mapping(settings: Mapping[str, str], problem: Callable[[str], None] | None = None) -> Props:
        """Read the settings that matter here; others are ignored. Raises `CaltropError` that names a bad one.

        A pattern that cannot be used is told to `problem` (the log, where there is none), and its default is used.
        """
        tell = problem or log_once

        def boolean(name: str) -> bool | None:
            text = settings.get(name, "").strip()
            known = known_truth(text)
            if text and known is None:
                raise CaltropError(f"{name} = {settings[name]}: expected true or false")
            return known

        def whole(name: str, default: int) -> int:
            number = optional(name)
            return default if number is None else number

        def optional(name: str) -> int | None:
            text = settings.get(name, "").strip()
            if not text:
                return None
            try:
                return int(text)
            except ValueError:
                raise CaltropError(f"{name} = {text}: expected a whole number") from None

        def regex(name: str, default: str = "") -> str:
            pattern = settings.get(name) or default
            try:
                patterns.compile(pattern)
            except RegexError as error:
                tell(f"{name} = {pattern}: {error.message}")
                return default
            return pattern

        def names(name: str) -> tuple[str, ...]:
            return tuple(part.strip() for part in settings.get(name, "").split(",") if part.strip())

        breaker = regex("LINE_BREAKER", r"([\r\n]+)")
        if not patterns.compile(breaker).names:
            tell(f"LINE_BREAKER = {breaker}: has no capturing group, so all that it matches stands between two events")
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
            time_format=settings.get("TIME_FORMAT", "").strip(),
            lookahead=lookahead if lookahead > 0 else 1 << 20,
            datetime_config=settings.get("DATETIME_CONFIG", "").strip(),
            tz=settings.get("TZ", "").strip(),
            max_days_ago=optional("MAX_DAYS_AGO"),
            max_days_hence=optional("MAX_DAYS_HENCE"),
            charset=settings.get("CHARSET", "").strip(),
            indexed_extractions=settings.get("INDEXED_EXTRACTIONS", "").strip().lower(),
            timestamp_fields=names("TIMESTAMP_FIELDS"),
            field_names=names("FIELD_NAMES"),
            field_delimiter=_delimiter(settings.get("FIELD_DELIMITER", "")),
            header_line=whole("HEADER_FIELD_LINE_NUMBER", 0),
            preamble=regex("PREAMBLE_REGEX"),
        )


def _delimiter(text: str) -> str:
    named = {"space": " ", "whitespace": " ", "tab": "\t", "\\t": "\t", "fs": "\x1c", "pipe": "|", "none": ""}
    text = text.strip('"') if len(text) > 1 else text
    return named.get(text.lower(), text[:1])


@lru_cache(maxsize=1024)
def log_once(message: str) -> None:
    """What nobody else hears of, said once."""
    logging.getLogger("caltrop.index").warning("%s", message)
