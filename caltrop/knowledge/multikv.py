"""Descriptions of text tables in multikv.conf: what `KV_MODE = multi:<stanza>` and `multikv conf=<stanza>` read an event by.

Follows the page "multikv.conf": an event has the sections pre, header, body and post, each a run of lines with its own bounds
(`start` or `start_offset`, `member`, `end` or `linecount`) and its own processing (`ignore`, `replace`, `tokens`). The tokens of the
header name the fields, each line of the body is a row. After `post`, or after the body without it, another table may follow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from caltrop.dialect import patterns
from caltrop.dialect.patterns import Regex, RegexError
from caltrop.knowledge.configuration import MergedStanza

SECTIONS = ("pre", "header", "body", "post")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_PAIR = re.compile(r'"((?:[^"\\]|\\.)*)"\s*=\s*"((?:[^"\\]|\\.)*)"')
Chop = Callable[[str, "Header"], list[str]]


class DescriptionError(ValueError):
    """A stanza that describes no table; `key` is the setting that is wrong."""

    def __init__(self, key: str, what: str) -> None:
        super().__init__(what)
        self.key = key


@dataclass(frozen=True, slots=True)
class Header:
    """The names of the fields, and the header line that they were taken from (empty where they are listed)."""

    names: Sequence[str] = ()
    line: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """`offset` and `count` stand for `start` and `end` where these are not lines of their own; `ignored` None: every line."""

    start: Regex | None
    offset: int | None
    member: Regex | None
    end: Regex | None
    count: int | None
    ignored: tuple[Regex, ...] | None
    replacements: tuple[tuple[Regex, str], ...]
    chop: Chop

    def begins(self, line: str, number: int) -> bool:
        if self.start is not None:
            return _found(self.start, line)
        return self.offset is None or number >= self.offset

    def tokens(self, line: str, header: Header) -> list[str] | None:
        """The tokens of a line; None for one that does not count."""
        if self.ignored is None or any(_found(regex, line) for regex in self.ignored):
            return None
        if self.member is not None and not _found(self.member, line):
            return None
        for regex, text in self.replacements:
            line = _replaced(regex, text, line)
        return self.chop(line, header)


@dataclass(frozen=True, slots=True)
class Description:
    """The sections that have lines, in order, and the names of a header that only lists them."""

    sections: tuple[tuple[str, Section], ...]
    names: Sequence[str] = ()

    def rows(self, raw: str, most: int) -> list[tuple[str, list[tuple[str, str]]]]:
        """(line, (name, cell) pairs) of each line of the body, of at most `most` columns."""
        found: list[tuple[str, list[tuple[str, str]]]] = []
        header = Header(self.names)
        with patterns.budget(lenient=True):
            for name, line, section in self._lines(raw.splitlines()):
                cells = section.tokens(line, header)
                if cells is not None and name == "header":
                    header = Header(cells, line)
                elif cells is not None and name == "body":
                    names = header.names or [f"Column_{n}" for n in range(1, len(cells) + 1)]
                    found.append((line, list(zip(names[:most], cells, strict=False))))
        return found

    def _lines(self, lines: list[str]) -> Iterator[tuple[str, str, Section]]:
        """Each line that is in a section, with it. Lines between sections are in none."""
        place, taken = 0, 0  # the section that is looked for, or read; how many of its lines were read
        for number, line in enumerate(lines):
            if taken:
                if not self._ends(place, taken, line, number):
                    yield *self._named(place, line), self.sections[place][1]
                    taken += 1
                    continue
                counted = self.sections[place][1].count is not None
                place, taken = (place + 1) % len(self.sections), 0
                if place == 0 and self.sections[0][1].start is None and not counted:
                    continue  # what ended a table does not begin the next one
            begun = next((p for p in range(place, len(self.sections)) if self._begins(p, place, line, number)), None)
            if begun is not None:
                place, taken = begun, 1
                yield *self._named(place, line), self.sections[place][1]

    def _named(self, place: int, line: str) -> tuple[str, str]:
        return self.sections[place][0], line

    def _begins(self, place: int, wanted: int, line: str, number: int) -> bool:
        """A section that is not there is passed over only for one that says how it starts."""
        section = self.sections[place][1]
        return (place == wanted or section.start is not None) and section.begins(line, number)

    def _ends(self, place: int, taken: int, line: str, number: int) -> bool:
        section = self.sections[place][1]
        if section.count is not None:
            return taken >= section.count
        if section.end is not None:
            return _found(section.end, line)
        following = self.sections[place + 1][1] if place + 1 < len(self.sections) else None
        return following is not None and following.start is not None and following.begins(line, number)


# --- reading a stanza ---------------------------------------------------------------------------------------------------


def description(stanza: MergedStanza) -> Description:
    """Raises `DescriptionError` for a stanza without a body, or with a setting that cannot be read."""
    settings = stanza.values()
    named = {name: _section(name, settings) for name in SECTIONS if any(key.startswith(f"{name}.") for key in settings)}
    if "body" not in named:
        raise DescriptionError("body.tokens", f"[{stanza.name}] of multikv.conf describes no body")
    header = named.get("header")
    names: Sequence[str] = ()
    if header is not None and isinstance(header.chop, _List) and header.start is None and header.count is None:
        names = named.pop("header").chop("", Header())  # it has no line, and is there for its names alone
    return Description(tuple(named.items()), names)


def _replaced(regex: Regex, text: str, line: str) -> str:
    """The line with each match replaced; `\\1` in the text is the first group."""
    for match in reversed(regex.bounded.finditer(line)):
        groups = [match[0], *match.groups(default="")]
        new = re.sub(r"\\(\d)", partial(_numbered, groups), text)
        line = line[: match.start()] + new + line[match.end() :]
    return line


def _numbered(groups: Sequence[str], found: re.Match[str]) -> str:
    number = int(found[1])
    return groups[number] if number < len(groups) else ""


def _section(name: str, settings: Mapping[str, str]) -> Section:
    def text(key: str) -> str:
        return settings.get(f"{name}.{key}", "").strip()

    def regex(key: str) -> Regex | None:
        written = text(key)
        if not written:
            return None
        quoted = _QUOTED.fullmatch(written)
        return _compiled(f"{name}.{key}", quoted[1] if quoted else written)

    def number(key: str) -> int | None:
        written = text(key)
        if not written:
            return None
        if not re.fullmatch(r"\d{1,9}", written):
            raise DescriptionError(f"{name}.{key}", f"{name}.{key} = {written}: expected a whole number")
        return int(written)

    return Section(
        start=regex("start"),
        offset=number("start_offset"),
        member=regex("member"),
        end=regex("end"),
        count=number("linecount") or None,
        ignored=_ignored(name, text("ignore")),
        replacements=tuple((_compiled(f"{name}.replace", old), new) for old, new in _PAIR.findall(text("replace"))),
        chop=_chop(f"{name}.tokens", text("tokens")),
    )


def _compiled(key: str, pattern: str) -> Regex:
    try:
        return patterns.compile(pattern)
    except RegexError as error:
        raise DescriptionError(key, f"{key}: {error.message}") from error


def _found(regex: Regex, line: str) -> bool:
    return regex.bounded.search(line) is not None


def _ignored(name: str, text: str) -> tuple[Regex, ...] | None:
    """`_all_`, `_none_`, or `_regex_` and expressions."""
    kind, _, rest = text.partition(" ")
    if kind.strip(",") == "_all_":
        return None
    if not text or kind.strip(",") == "_none_":
        return ()
    if kind.strip(",") != "_regex_":
        raise DescriptionError(f"{name}.ignore", f'{name}.ignore = {text}: expected _all_, _none_ or _regex_ "…", …')
    return tuple(_compiled(f"{name}.ignore", pattern) for pattern in _QUOTED.findall(rest))


def _chop(key: str, text: str) -> Chop:
    kind, _, rest = text.partition(",")
    kind, rest = kind.strip(), rest.strip()
    if not kind:
        return _Words(0, " \t", True)
    if kind == "_token_list_":
        return _List([token.strip().strip('"') for token in rest.split(",") if token.strip()])
    if kind == "_chop_":
        numbers = [int(n) for n in re.findall(r"-?\d{1,6}", rest)]
        return _Slices(list(zip(numbers[::2], numbers[1::2], strict=False)))
    if kind == "_tokenize_":
        most = re.match(r"-?\d{1,6}", rest)
        if most is None:
            raise DescriptionError(key, f"{key} = {text}: expected a number of tokens behind _tokenize_")
        delimiters = "".join(part.replace("\\t", "\t") for part in _QUOTED.findall(rest)) or " \t"
        return _Words(int(most[0]), delimiters, not re.search(r"(?i),\s*(false|f|0)\s*$", rest))
    if kind == "_align_":
        parts = [part.strip() for part in rest.split(",")]
        if len(parts) != 3 or parts[1].upper() not in ("L", "R") or not re.fullmatch(r"-?\d{1,6}", parts[2]):
            raise DescriptionError(key, f"{key} = {text}: expected _align_, a header, L or R, and a width")
        return _Aligned(parts[0].strip('"'), parts[1].upper() == "L", int(parts[2]))
    raise DescriptionError(key, f"{key} = {text}: expected _tokenize_, _chop_, _align_ or _token_list_")


@dataclass(frozen=True, slots=True)
class _List:
    tokens: list[str]

    def __call__(self, line: str, header: Header) -> list[str]:
        return list(self.tokens)


@dataclass(frozen=True, slots=True)
class _Slices:
    """(offset, length) of each token."""

    places: list[tuple[int, int]]

    def __call__(self, line: str, header: Header) -> list[str]:
        return [line[start : start + length].strip() for start, length in self.places]


@dataclass(frozen=True, slots=True)
class _Words:
    """At most `most` tokens (-1: all; 0: as many as the header has) between delimiters, the rest in the last one."""

    most: int
    delimiters: str
    runs: bool

    def __call__(self, line: str, header: Header) -> list[str]:
        most = len(header.names) if self.most == 0 else self.most
        between = f"[{re.escape(self.delimiters)}]{'+' if self.runs else ''}"
        text = line.strip(self.delimiters) if self.runs else line
        return re.split(between, text, maxsplit=max(most - 1, 0) if most > 0 else 0)


@dataclass(frozen=True, slots=True)
class _Aligned:
    """The text under (or over) a name of the header, from its left or up to its right side."""

    name: str
    left: bool
    width: int

    def __call__(self, line: str, header: Header) -> list[str]:
        at = header.line.find(self.name)
        if at < 0:
            return []
        if self.left:
            rest = line[at:] if self.width < 0 else line[at : at + self.width]
            return [re.split(r"[ \t]", rest, maxsplit=1)[0] if self.width < 0 else rest.strip()]
        end = at + len(self.name)
        before = line[:end] if self.width < 0 else line[max(end - self.width, 0) : end]
        return [re.split(r"[ \t]", before)[-1] if self.width < 0 else before.strip()]
