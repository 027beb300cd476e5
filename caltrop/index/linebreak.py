"""Bytes in any chunks to the texts of events.

Follows the page "Configure event line breaking" of Splunk's Getting Data In: `LINE_BREAKER` cuts the stream, then, unless
`SHOULD_LINEMERGE` is false, lines are joined to events. Two choices of our own: lines before the first time stamp are
events of their own (a file without any time stamp is one event a line), and lengths are characters, not bytes. How the
stream was cut into chunks never shows in the events, as long as `LINE_BREAKER` looks no further than `MARGIN`.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from itertools import pairwise

import polars as pl

from caltrop.dialect import patterns
from caltrop.dialect.patterns import MatchLimit
from caltrop.errors import CaltropError
from caltrop.index.props import Props, log_once
from caltrop.index.timestamp import contains_date

MARGIN = 4096
# A line without an end is cut here when TRUNCATE does not cut it before.
LONGEST = 64 << 20
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_PLAIN = re.compile(r"[\r\n]+")


_LONGEST_CHARACTER = 4  # bytes of UTF-8


class Decoder:
    """Bytes to text. A byte order mark decides, then `CHARSET`, else UTF-8; bytes that fit nowhere become `\\xHH`."""

    def __init__(self, charset: str = "") -> None:
        self._charset = "utf-8" if charset.upper() in ("", "AUTO") else charset
        try:
            codecs.lookup(self._charset)
        except LookupError:
            raise CaltropError(f"CHARSET = {charset}: no such encoding") from None
        self._head: bytes | None = b""
        self._decoder: codecs.IncrementalDecoder | None = None

    def decode(self, data: bytes, *, final: bool = False) -> str:
        if self._decoder is None:
            assert self._head is not None
            data = self._head + data
            if len(data) < 3 and not final:
                self._head = data
                return ""
            name, skip = self._charset, 0
            for mark, encoding in _BOMS:
                if data.startswith(mark):
                    name, skip = encoding, len(mark)
                    break
            self._decoder = codecs.getincrementaldecoder(name)(errors="backslashreplace")
            data = data[skip:]
        text = self._decoder.decode(data, final)
        return text.replace("\x00", "\\x00") if "\x00" in text else text  # as Splunk shows them


class Breaker:
    """Feed bytes, take events. `truncated` counts lines that `TRUNCATE` has cut.

    A `LINE_BREAKER` that exceeds its limit is told to `problem`, and lines end where they end from there on.
    """

    def __init__(self, props: Props, problem: Callable[[str], None] = log_once) -> None:
        self.props = props
        self._problem = problem
        self.truncated = 0
        self._decoder = Decoder(props.charset)
        self._plain = props.line_breaker == r"([\r\n]+)"
        self._text = ""  # what is not cut yet, behind a little context for look-behind
        self._start = 0  # where the unfinished line begins in it
        self._scan = 0  # where the next break may begin
        self._merger = Merger(props, problem) if props.should_linemerge else None

    def feed(self, data: bytes) -> list[str]:
        """The events that are complete with this chunk."""
        return self._events(self._decoder.decode(data), final=False)

    def finish(self) -> list[str]:
        """The rest, at the end of the stream."""
        return self._events(self._decoder.decode(b"", final=True), final=True)

    def _events(self, text: str, *, final: bool) -> list[str]:
        lines = self._cut_plain(text, final) if self._plain else self._cut(text, final)
        limit = self.props.truncate
        if limit and max(map(len, lines), default=0) * _LONGEST_CHARACTER > limit:
            for number, line in enumerate(lines):
                if len(line) * _LONGEST_CHARACTER > limit and len(encoded := line.encode()) > limit:
                    lines[number] = encoded[:limit].decode(errors="ignore")  # whole characters only
                    self.truncated += 1
        lines = list(filter(str.strip, lines))  # those that are more than white space
        if self._merger is None:
            return lines
        events = self._merger.merge(lines) if lines else []
        return events + self._merger.finish() if final else events

    def _cut_plain(self, text: str, final: bool) -> list[str]:
        if not final and "\n" not in text and "\r" not in text:
            self._text += text
            self._bound(len(self._text))
            return self._overlong()
        whole = (self._text + text).replace("\r\n", "\n")
        # Splitting at a character is many times faster than at a pattern; a lone carriage return is rare.
        lines = _PLAIN.split(whole) if "\r" in whole else whole.split("\n")
        self._text = "" if final else lines.pop()
        self._bound(len(self._text))
        return lines

    def _cut(self, text: str, final: bool) -> list[str]:
        self._text += text
        border = len(self._text) if final else len(self._text) - MARGIN
        lines: list[str] = []
        if border > self._scan:
            next_scan = border
            try:
                found = patterns.compile(self.props.line_breaker).bounded.finditer(self._text, start=self._scan)
            except MatchLimit as error:
                self._problem(f"LINE_BREAKER: {error.message}; every line is broken instead")
                rest = self._text[self._start :]
                self._plain, self._text, self._start, self._scan = True, "", 0, 0
                return self._cut_plain(rest, final)
            for match in found:
                if match.end() > border:
                    next_scan = min(border, match.start())
                    break
                if not match.lastindex:
                    continue
                group = 1
                while match.start(group) < 0:
                    group += 1
                start, end = match.span(group)
                lines.append(self._text[self._start : start])
                self._start = end
                next_scan = max(match.end(), self._start)
            # After a break of this chunk the search goes on behind it, also when it lies behind the border.
            self._scan = max(next_scan if final else min(next_scan, border), self._start)
        if final:
            lines.append(self._text[self._start :])
            self._text, self._start, self._scan = "", 0, 0
            return lines
        lines += self._overlong()
        context = max(0, self._start - 64)
        self._text = self._text[context:]
        self._start -= context
        self._scan -= context
        self._bound(max(self._start, self._scan))
        return lines

    def _bound(self, scanned: int) -> None:
        """Forget what TRUNCATE is going to cut off anyway, so that a line without end takes no memory."""
        keep = self._start + self.props.truncate
        if self.props.truncate and scanned - keep > MARGIN:
            # One character more than the limit stays: the line still counts as cut.
            gap = scanned - keep - 1
            self._text = self._text[: keep + 1] + self._text[scanned:]
            self._scan = max(self._scan - gap, 0)

    def _overlong(self) -> list[str]:
        if len(self._text) - self._start <= LONGEST:
            return []
        line = self._text[self._start :]
        self._text, self._start, self._scan = "", 0, 0
        return [line]


class Merger:
    """Joins lines to events with a newline between them, by the `BREAK_…` and `MUST_…` settings."""

    def __init__(self, props: Props, problem: Callable[[str], None] = log_once) -> None:
        self.props = props
        self._problem = problem
        self._open: list[str] = []
        self._dated = False
        self._no_break = False  # after MUST_NOT_BREAK_AFTER, until MUST_BREAK_AFTER
        self._break_next = False

    def merge(self, lines: list[str]) -> list[str]:
        with patterns.budget(lenient=True) as budget:
            starts = self._breaks(lines).arg_true().to_list()
        for pattern in budget.exceeded:
            self._problem(f"line merging: {pattern!r} exceeds the match limit and counts as not found")
        if not starts:
            self._open += lines
            return self._overfull()
        self._open += lines[: starts[0]]
        events = self._overfull() + self.finish()
        if len(starts) == len(lines):
            events += lines[:-1]
        else:
            for start, end in pairwise(starts):
                if end - start == 1:
                    events.append(lines[start])
                else:
                    self._open = lines[start:end]
                    events += self._overfull() + self.finish()
        self._open = lines[starts[-1] :]
        return events + self._overfull()

    def _overfull(self) -> list[str]:
        """What an open event of more than MAX_EVENTS lines has to give up."""
        events: list[str] = []
        while len(self._open) > self.props.max_events > 0:
            events.append("\n".join(self._open[: self.props.max_events]))
            self._open = self._open[self.props.max_events :]
        return events

    def finish(self) -> list[str]:
        events = ["\n".join(self._open)] if self._open else []
        self._open = []
        return events

    def _breaks(self, lines: list[str]) -> pl.Series:
        """For each line, whether an event begins with it."""
        props = self.props
        texts = pl.Series(lines, dtype=pl.String)
        never = pl.Series([False]).new_from_index(0, len(lines))
        by_date = props.break_only_before_date
        timed = props.datetime_config.upper() not in ("CURRENT", "NONE")
        breaks, assumed = never, never
        if props.break_only_before:
            breaks = patterns.compile(props.break_only_before).matches(texts)
        if timed and (by_date or (by_date is None and not props.break_only_before)):
            dates = contains_date(texts, props)
            breaks = breaks | dates
            if by_date is None:
                seen = pl.Series([self._dated, *dates]).cum_max()
                self._dated = bool(seen[-1])
                assumed = ~seen[1:]
        elif not timed and by_date is None and not props.break_only_before:
            assumed = ~never
        if props.must_not_break_before:  # holds back neither a date nor BREAK_ONLY_BEFORE (measured on 10.4)
            assumed = assumed & ~patterns.compile(props.must_not_break_before).matches(texts)
        breaks = breaks | assumed
        ends = patterns.compile(props.must_break_after).matches(texts) if props.must_break_after else never
        if props.must_not_break_after:
            breaks = self._held(breaks, patterns.compile(props.must_not_break_after).matches(texts), ends)
        after_end = pl.Series([self._break_next, *ends[:-1]])
        self._break_next = bool(ends[-1])
        return breaks | after_end

    def _held(self, breaks: pl.Series, holds: pl.Series, ends: pl.Series) -> pl.Series:
        result = []
        for begins, hold, end in zip(breaks, holds, ends, strict=True):
            result.append(begins and not self._no_break)
            self._no_break = (self._no_break or hold) and not end
        return pl.Series(result, dtype=pl.Boolean)
