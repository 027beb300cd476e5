"""Splunk's conf syntax: text -> stanzas of settings with their places, and back.

Follows "About configuration files" and "Configuration file structure" of the Admin Manual:

* a stanza header is a line that starts with `[`; its name reaches to the last `]` of the line;
* a setting is `key = value`, split at the first `=`, both sides trimmed; a value may hold anything else (`=`, `#`);
* a value whose line ends in a backslash goes on in the next line; the line break stays part of the value;
* a comment is a whole line that starts with `#` or `;`; it does not go on in the next line;
* settings above the first header belong to `default`; stanzas of the same name merge, the later value of a key wins.

`parse` takes what people write: what a Splunk server would pass over is reported in `ConfFile.problems`. With `strict` the
first such problem is an error; what is about to ship is read that way. Text that is no conf file at all (binary, UTF-16,
larger than `LARGEST`) is an error to both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from caltrop.errors import CaltropError, Location

DEFAULT = "default"
LARGEST = 64 << 20  # bytes or characters of one file
# What is trimmed: the ASCII characters that str.strip() takes. A no-break space at the end of a value is part of it.
_SPACE = " \t\n\r\f\v\x1c\x1d\x1e\x1f"


class ConfError(CaltropError):
    """A conf file that cannot be read or written as asked."""


class Placed(str):
    """The value of a setting that knows where it was written (`app/default/props.conf:12`), for who is handed values only."""

    __slots__ = ("place",)

    def __new__(cls, value: str, place: str) -> Placed:
        made = super().__new__(cls, value)
        made.place = place
        return made

    place: str


def place_of(value: str) -> str:
    """`place: ` in front of a message about a value; nothing for a value that does not know."""
    return f"{value.place}: " if isinstance(value, Placed) else ""


class Header(NamedTuple):
    """The line of a stanza header; `line` and `column` count from 1."""

    name: str
    line: int
    column: int


class Setting(NamedTuple):
    """One `key = value`, and where its key stands (counted from 1).

    `before` is how many characters precede the equals sign, `written` what follows it: where the value begins is only
    worked out when somebody asks.
    """

    key: str
    value: str
    line: int
    column: int
    before: int
    written: str

    @property
    def value_line(self) -> int:
        """The line at which the value begins, from 1."""
        return self.line + self.written.count("\n", 0, self.written.find(self.value))

    @property
    def value_column(self) -> int:
        """The column at which the value begins, from 1."""
        start = self.written.find(self.value)
        last = self.written.rfind("\n", 0, start)
        return self.before + 2 + start if last < 0 else start - last

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of the file at which the character of the value at this offset stands."""
        breaks = self.value.count("\n", 0, offset)
        if not breaks:
            return self.value_line, self.value_column + offset
        return self.value_line + breaks, offset - self.value.rfind("\n", 0, offset)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that a reader passes over or overrides; `code` is stable."""

    line: int
    column: int
    code: str
    message: str


@dataclass(slots=True)
class Stanza:
    """Settings under one header; `line` is that of the first header of this name (0: there is none)."""

    name: str
    line: int
    entries: dict[str, Setting] = field(default_factory=dict)

    def __getitem__(self, key: str) -> str:
        return self.entries[key].value

    def get(self, key: str, default: str | None = None) -> str | None:
        entry = self.entries.get(key)
        return default if entry is None else entry.value

    def settings(self) -> dict[str, str]:
        return {key: entry.value for key, entry in self.entries.items()}


@dataclass(slots=True)
class ConfFile:
    """A parsed file: stanzas in order of first appearance."""

    path: str
    stanzas: dict[str, Stanza] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def settings(self) -> dict[str, dict[str, str]]:
        return {name: stanza.settings() for name, stanza in self.stanzas.items()}


def read(path: Path, *, strict: bool = False) -> ConfFile:
    """The file at `path`. Raises `ConfError` as `parse` does, and where there is no such file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfError(f"cannot read: {error.strerror or error}", location=Location(str(path))) from error
    return parse(data, str(path), strict=strict)


def parse(source: str | bytes, path: str = "<conf>", *, strict: bool = False) -> ConfFile:
    """Read a file's text; bytes are UTF-8, with or without a byte order mark, and what is not becomes U+FFFD.

    `path` names the file in errors. Raises `ConfError` for what is no conf file, with `strict` at the first problem of any
    kind.
    """
    conf = ConfFile(path)
    entries: dict[str, Setting] | None = None
    for part in scan(source, path, conf.problems):
        if isinstance(part, Header):
            stanza = conf.stanzas.get(part.name)
            if stanza is None:
                stanza = conf.stanzas[part.name] = Stanza(part.name, part.line)
            elif stanza.line:
                message = f"the stanza [{part.name}] is given twice (line {stanza.line})"
                conf.problems.append(Problem(part.line, part.column, "duplicate-stanza", message))
            else:  # [default], after settings above any header
                stanza.line = part.line
            entries = stanza.entries
            continue
        if entries is None:
            entries = conf.stanzas.setdefault(DEFAULT, Stanza(DEFAULT, 0)).entries
        key = part.key
        if key in entries:
            message = f"the key {key!r} is given twice (line {entries[key].line})"
            conf.problems.append(Problem(part.line, part.column, "duplicate-key", message))
        entries[key] = part
    if strict and conf.problems:
        first = min(conf.problems, key=lambda problem: (problem.line, problem.column))
        raise ConfError(first.message, location=Location(path, first.line, first.column), code=first.code)
    return conf


def scan(source: str | bytes, path: str, problems: list[Problem]) -> Iterator[Header | Setting]:
    """The headers and settings of a file as they stand, one after another; `problems` takes what is neither.

    Raises `ConfError` for what is no conf file.
    """
    text = _text(source, path, problems)
    spaces = None if text.isascii() else _SPACE  # to an ASCII text, all that strip() takes is space
    new = tuple.__new__
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    at, end = 0, len(lines)
    while at < end:
        line = lines[at]
        at += 1
        if not line:
            continue
        body, number, column = line, at, 1
        if line[0] in _SPACE:
            body = line.lstrip(_SPACE)
            if not body:
                continue
            column += len(line) - len(body)
        first = body[0]
        if first == "#" or first == ";":
            continue
        if first == "[":
            yield Header(_name(body, number, column, problems), number, column)
            continue
        key, equals, rest = line.partition("=")
        name = key.strip(spaces)
        if not equals or not name:
            message = f"neither a header nor 'key = value': {body.rstrip(_SPACE)[:60]!r}"
            problems.append(Problem(number, column, "no-setting", message))
            continue
        if line[-1] == "\\":
            parts = [rest]
            while parts[-1].endswith("\\") and at < end:
                parts[-1] = parts[-1][:-1]
                parts.append(lines[at])
                at += 1
            if at == end:  # nothing is left for a last backslash to go on with
                parts[-1] = parts[-1].removesuffix("\\")
            rest = "\n".join(parts)
        value = rest.strip(spaces)
        # Not Setting(...): half the time that reading takes would go into its keyword handling.
        yield new(Setting, (name, value, number, column, len(key), rest))


def _name(line: str, number: int, column: int, problems: list[Problem]) -> str:
    """The name that a header line gives, from its bracket on."""
    line = line.rstrip(_SPACE)
    end = line.rfind("]")
    if end < 0:
        problems.append(Problem(number, column, "open-header", f"stanza header without ']': {line[:60]!r}"))
        return line[1:].strip(_SPACE)
    rest = line[end + 1 :].strip(_SPACE)
    if rest:
        place = column + line.index(rest, end + 1)
        problems.append(Problem(number, place, "after-header", f"text after the stanza header: {rest[:60]!r}"))
    return line[1:end]


def _text(source: str | bytes, path: str, problems: list[Problem]) -> str:
    """The text of a file; `ConfError` where it is none."""
    if len(source) > LARGEST:
        raise ConfError(
            f"too large for a conf file: more than {LARGEST >> 20} MiB", location=Location(path), code="too-large"
        )
    if isinstance(source, str):
        text = source
    elif source[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ConfError(
            "UTF-16, where a conf file is UTF-8", location=Location(path, 1, 1), hint="save it as UTF-8", code="binary"
        )
    else:
        try:
            text = source.decode()
        except UnicodeDecodeError as error:
            before = source[: error.start].decode("utf-8-sig")
            message = f"byte {source[error.start]:#04x} is no UTF-8; it is read as U+FFFD"
            problems.append(Problem(*_place(before), "not-utf8", message))
            text = source.decode("utf-8", "replace")
    found = text.find("\0")
    if found >= 0:
        line, column = _place(text[:found])
        raise ConfError(
            "a NUL byte: no conf file, but binary data", location=Location(path, line, column), code="binary"
        )
    return text


def _place(before: str) -> tuple[int, int]:
    """Line and column of what follows this text."""
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def format_conf(stanzas: Mapping[str, Mapping[str, str]], comment: str = "") -> str:
    """Conf text that `parse` reads back to the same settings: values are trimmed, line breaks become continuations.

    `comment` is put above, line by line. Raises `ConfError` for a name that a conf file cannot carry.
    """
    out = [*(f"# {line}\n" for line in comment.splitlines()), "\n" if comment else ""]
    for name, settings in stanzas.items():
        if _BREAKS.search(name):
            raise ConfError(f"a stanza name cannot hold a line break: {name!r}")
        out.append(f"[{name}]\n")
        out += [_setting(key, value) for key, value in settings.items()]
        out.append("\n")
    return "".join(out[:-1])


_BREAKS = re.compile(r"[\n\r\0]")


@lru_cache(maxsize=4096)  # thousands of stanzas have the same keys
def _is_key(key: str) -> bool:
    return bool(key) and key == key.strip(_SPACE) and key[0] not in "#;[" and "=" not in key and not _BREAKS.search(key)


def _setting(key: str, value: str) -> str:
    if not _is_key(key):
        raise ConfError(f"not a setting name: {key!r}")
    if "\0" in value:
        raise ConfError(f"the value of {key!r} holds a NUL, which no conf file can carry")
    body = trimmed(value)
    if "\n" in body:
        body = body.replace("\n", "\\\n")
    # A backslash that ends the value would go on in the next line; a space after it does not.
    return f"{key} = {body}\n" if body and body[-1] != "\\" else f"{key} = {body} \n" if body else f"{key} =\n"


def trimmed(value: str) -> str:
    """A value as it reads back: without space around it, and with plain line breaks."""
    if "\r" in value:
        value = value.replace("\r\n", "\n").replace("\r", "\n")
    return value.strip() if value.isascii() else value.strip(_SPACE)
