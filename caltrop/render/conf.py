"""Configuration files to be: stanzas of keys and values, gathered from many places, written once and read back."""

from __future__ import annotations

from collections.abc import Iterable

from caltrop.dialect.conf import format_conf, parse, trimmed
from caltrop.errors import CaltropError


class Conf:
    """Stanzas in the order they were added. Adding to a stanza that exists replaces keys of the same name."""

    def __init__(self) -> None:
        self.stanzas: dict[str, dict[str, str]] = {}

    def add(self, name: str, values: Iterable[tuple[str, object]]) -> None:
        """`None` values are left out, so that callers can write optional keys in line."""
        if "\n" in name or "]" in name:
            raise CaltropError(
                f"{name!r} cannot be the name of a stanza", hint="rename the object: no ']' or line break"
            )
        stanza = self.stanzas.setdefault(name, {})
        for key, value in values:
            if value is not None:
                stanza[key] = _spaced(value if isinstance(value, str) else str(value))

    def update(self, other: Conf) -> None:
        """Every stanza of another file, added."""
        for name, values in other.stanzas.items():
            self.add(name, values.items())

    def __bool__(self) -> bool:
        return bool(self.stanzas)

    def text(self, comment: str = "") -> str:
        """The file, with a comment above. Values are trimmed, and have one space at the end of each line but the last."""
        return format_conf(self.stanzas, comment)


def _spaced(value: str) -> str:
    """A value with a space at the end of each line that another follows, so that the backslash which continues it there
    stands apart, whatever the line ends in."""
    value = trimmed(value)
    return " \n".join(line.rstrip(" \t\f\v") for line in value.split("\n")) if "\n" in value else value


def verify(conf: Conf, text: str, file: str) -> None:
    """What was written reads back as what was meant. Raises `CaltropError`."""
    found = parse(text, file, strict=True).settings()
    for name in found.keys() | conf.stanzas.keys():
        if found.get(name) != conf.stanzas.get(name):
            raise CaltropError(f"{file} does not read back as written, at [{name}]")
