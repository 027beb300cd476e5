"""Splunk configuration files as data: stanzas of keys and values, one writer, one reader that checks the writer.

The format is that of the .conf files in Splunk's Admin Manual: a value goes to the end of the line; a backslash at the
end of a line continues it on the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from caltrop.errors import CaltropError, Location

Stanza = Mapping[str, str]


class Conf:
    """Stanzas in the order they were added. Adding to a stanza that exists replaces keys of the same name."""

    def __init__(self) -> None:
        self.stanzas: dict[str, dict[str, str]] = {}

    def add(self, name: str, values: Iterable[tuple[str, object]]) -> None:
        """`None` values are left out, so that callers can write optional keys in line."""
        stanza = self.stanzas.setdefault(name, {})
        for key, value in values:
            if value is not None:
                stanza[key] = value if isinstance(value, str) else str(value)

    def __bool__(self) -> bool:
        return bool(self.stanzas)

    def text(self, comment: str = "") -> str:
        """The file. Values are trimmed; a value of several lines is continued with backslashes."""
        out = [f"# {line}\n" for line in comment.splitlines()]
        for name, values in self.stanzas.items():
            if "\n" in name or "]" in name:
                raise CaltropError(
                    f"{name!r} cannot be the name of a stanza", hint="rename the object: no ']' or line break"
                )
            out.append(f"\n[{name}]\n")
            out.extend(f"{key} = {_continued(value)}\n" for key, value in values.items())
        return "".join(out)


def _continued(value: str) -> str:
    if "\r" in value:
        value = value.replace("\r\n", "\n").replace("\r", "\n")
    value = value.strip()
    if "\n" in value:
        value = " \\\n".join(line.rstrip() for line in value.split("\n"))
    # A backslash that ends the value would swallow the next key.
    return value + " " if value.endswith("\\") else value


def parse(text: str, file: str = "conf", *, strict: bool = True) -> dict[str, dict[str, str]]:
    """Stanzas of a configuration file. Keys before the first stanza belong to `default`.

    `strict` refuses a stanza or key given twice; otherwise the last one counts, as in Splunk.
    """
    out: dict[str, dict[str, str]] = {}
    current: dict[str, str] | None = None
    lines = text.split("\n")
    at = 0
    end = len(lines)
    while at < end:
        start = at
        line = lines[at].rstrip("\r")
        at += 1
        stripped = line.lstrip()
        if not stripped or stripped[0] in "#;":
            continue
        if stripped[0] == "[":
            name = stripped[1 : stripped.rfind("]")] if "]" in stripped else stripped[1:].rstrip()
            if strict and name in out:
                raise CaltropError(f"the stanza [{name}] is given twice", location=Location(file, start + 1, 1))
            current = out.setdefault(name, {})
            continue
        parts = [line]
        while parts[-1].endswith("\\") and at < end:
            parts[-1] = parts[-1][:-1]
            parts.append(lines[at].rstrip("\r"))
            at += 1
        whole = "\n".join(parts)
        key, equals, value = whole.partition("=")
        if not equals:
            if strict:
                raise CaltropError(f"no '=' in {stripped[:60]!r}", location=Location(file, start + 1, 1))
            continue
        if current is None:
            current = out.setdefault("default", {})
        key = key.strip()
        if strict and key in current:
            raise CaltropError(f"the key {key!r} is given twice", location=Location(file, start + 1, 1))
        current[key] = value.strip()
    return out


def verify(conf: Conf, text: str, file: str) -> None:
    """What was written reads back as what was meant, but for white space at line ends."""
    found = parse(text, file)
    for name in found.keys() | conf.stanzas.keys():
        got, wanted = found.get(name), conf.stanzas.get(name)
        if got is None or wanted is None or not _same(got, wanted):
            raise CaltropError(
                f"{file} does not read back as written, at [{name}]",
                hint="a value holds something that a .conf file cannot carry, such as a line that ends in a backslash",
            )


def _same(a: Stanza, b: Stanza) -> bool:
    return a.keys() == b.keys() and all(
        value == b[key] or _folded(value) == _folded(b[key]) for key, value in a.items()
    )


def _folded(value: str) -> str:
    value = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    return "\n".join(line.rstrip() for line in value.split("\n")) if "\n" in value else value
