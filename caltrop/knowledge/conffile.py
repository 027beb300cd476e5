"""Splunk's conf format: text -> stanzas of settings with line numbers, and back.

Follows "About configuration files" and "Configuration file structure" of the Admin Manual:

* a stanza header is a line that starts with `[`; its name reaches to the last `]` of the line;
* a setting is `key = value`, split at the first `=`, both sides trimmed; a value may hold anything else (`=`, `#`);
* a value whose line ends in a backslash goes on in the next line; the line break stays part of the value;
* a comment is a whole line that starts with `#` or `;`;
* settings above the first header belong to `default`; stanzas of the same name merge, the later value of a key wins.

The reader never fails on odd content: what a Splunk server would pass over is reported in `ConfFile.problems`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from caltrop.errors import CaltropError, Location

DEFAULT = "default"


class ConfError(CaltropError):
    """A conf file that cannot be read or written as asked."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A value and the line (from 1) its key stands on."""

    value: str
    line: int


@dataclass(slots=True)
class Stanza:
    """Settings under one header; `line` is that of the first header of this name (0: above any header)."""

    name: str
    line: int
    entries: dict[str, Entry] = field(default_factory=dict)

    def __getitem__(self, key: str) -> str:
        return self.entries[key].value

    def get(self, key: str, default: str | None = None) -> str | None:
        entry = self.entries.get(key)
        return default if entry is None else entry.value

    def settings(self) -> dict[str, str]:
        return {key: entry.value for key, entry in self.entries.items()}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something the reader passed over or overrode; `code` is stable."""

    line: int
    code: str
    message: str


@dataclass(slots=True)
class ConfFile:
    """A parsed file: stanzas in order of first appearance."""

    path: str
    stanzas: dict[str, Stanza] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def settings(self) -> dict[str, dict[str, str]]:
        return {name: stanza.settings() for name, stanza in self.stanzas.items()}


def parse(text: str, path: str = "<conf>", *, strict: bool = False) -> ConfFile:
    """Read conf text. `strict` raises `ConfError` at the first duplicate or malformed line instead of noting it."""
    conf = ConfFile(path)
    stanza: Stanza | None = None
    headers: set[str] = set()
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    at = 0
    while at < len(lines):
        number, line = at + 1, lines[at]
        at += 1
        stripped = line.strip()
        if not stripped or stripped[0] in "#;":
            continue
        if stripped[0] == "[":
            name = _header(conf, stripped, number)
            if name in headers:
                conf.problems.append(Problem(number, "duplicate-stanza", f"stanza [{name}] appears again"))
            headers.add(name)
            stanza = conf.stanzas.setdefault(name, Stanza(name, number))
            continue
        parts = [line]
        while parts[-1].endswith("\\") and at < len(lines):
            parts[-1] = parts[-1][:-1]
            parts.append(lines[at])
            at += 1
        key, equals, value = "\n".join(parts).partition("=")
        key = key.strip()
        if not equals or not key or "\n" in key:
            conf.problems.append(
                Problem(number, "no-setting", f"neither a header nor 'key = value': {stripped[:60]!r}")
            )
            continue
        if stanza is None:
            stanza = conf.stanzas.setdefault(DEFAULT, Stanza(DEFAULT, 0))
        if key in stanza.entries:
            conf.problems.append(
                Problem(
                    number,
                    "duplicate-key",
                    f"{key!r} of [{stanza.name}] is set again (line {stanza.entries[key].line})",
                )
            )
        stanza.entries[key] = Entry(value.removesuffix("\\").strip() if at == len(lines) else value.strip(), number)
    if strict and conf.problems:
        first = conf.problems[0]
        raise ConfError(first.message, location=Location(path, first.line, 1), code=first.code)
    return conf


def _header(conf: ConfFile, line: str, number: int) -> str:
    end = line.rfind("]")
    if end < 0:
        conf.problems.append(Problem(number, "open-header", f"stanza header without ']': {line[:60]!r}"))
        return line[1:].strip()
    if line[end + 1 :].strip():
        conf.problems.append(
            Problem(number, "after-header", f"text after the stanza header: {line[end + 1 :].strip()[:60]!r}")
        )
    return line[1:end]


def read(path: Path, *, strict: bool = False) -> ConfFile:
    """Read a file as UTF-8 (a byte order mark is dropped, undecodable bytes become U+FFFD)."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfError(f"cannot read: {error.strerror or error}", location=Location(str(path))) from error
    return parse(data.decode("utf-8-sig", errors="replace"), str(path), strict=strict)


def format_conf(stanzas: Mapping[str, Mapping[str, str]]) -> str:
    """Conf text that `parse` reads back to the same settings (values are trimmed, line breaks become continuations)."""
    blocks = []
    for name, settings in stanzas.items():
        if "\n" in name or "\r" in name:
            raise ConfError(f"a stanza name cannot hold a line break: {name!r}")
        lines = [f"[{name}]"]
        lines.extend(_setting(key, value) for key, value in settings.items())
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def _setting(key: str, value: str) -> str:
    if not key.strip() or key != key.strip() or any(c in key for c in "=\n\r") or key[0] in "#;[":
        raise ConfError(f"not a setting name: {key!r}")
    value = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    body = value.replace("\n", "\\\n")
    # A backslash that ends the value would continue into the next line; a space after it does not.
    return f"{key} = {body} " if body.endswith("\\") else f"{key} = {body}".rstrip(" ")


def write(path: Path, stanzas: Mapping[str, Mapping[str, str]]) -> None:
    """Replace the file in one step: readers see the old text or the new one."""
    write_atomic(path, format_conf(stanzas).encode("utf-8", errors="replace"))


def write_atomic(path: Path, data: bytes) -> None:
    """Write beside the target and rename over it; parent folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.chmod(name, 0o644)  # noqa: PTH101 - a name from mkstemp
        os.replace(name, path)  # noqa: PTH105
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def truth(value: str | None, default: bool = False) -> bool:
    """Splunk's booleans: 1/0, true/false, t/f, yes/no, on/off in any case; anything else is the default."""
    word = (value or "").strip().lower()
    if word in {"1", "true", "t", "yes", "y", "on", "enabled"}:
        return True
    if word in {"0", "false", "f", "no", "n", "off", "disabled"}:
        return False
    return default
