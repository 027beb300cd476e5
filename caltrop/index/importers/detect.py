"""What a file is, by its first bytes."""

from __future__ import annotations

import codecs

from caltrop.index.importers import formats, registry

# What `ImportOptions.format` may say: `auto` finds out.
FORMATS = ("auto", *formats.NAMES)


def format_of(head: bytes, name: str = "") -> str:
    """One of `FORMATS` without `auto`."""
    return registry.sniffed(registry.Head(head, name))


def reads_as_it_is(form: str) -> bool:
    """Whether a Splunk reads files of this format without help."""
    return formats.importer_of(form).as_it_is


def is_binary(head: bytes) -> bool:
    """Whether bytes are no text: as with Splunk's `NO_BINARY_CHECK`, a NUL decides, unless a byte order mark explains it."""
    return b"\x00" in head and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
