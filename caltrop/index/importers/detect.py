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


_CONTROL = bytes({*range(32)} - {*b"\t\n\v\f\r\x1b"})
CONTROL_SHARE = 0.1  # of the first bytes; a log that was cut or restarted has a few NULs, a program has many
# What is compressed or encrypted has every byte alike: a tenth control characters, half beyond ASCII, as no text in any encoding has.
_ALIKE_CONTROL, _ALIKE_HIGH = 0.04, 0.3
_ASCII = bytes(range(128))


def is_binary(head: bytes) -> bool:
    """Whether bytes are no text: more than a tenth of them are control characters, or fewer beside many bytes beyond ASCII, and no
    byte order mark explains them.

    Splunk's own measure is not documented (`NO_BINARY_CHECK` turns it off); a log with some NUL bytes is a log.
    """
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return False
    control = len(head) - len(head.translate(None, _CONTROL))
    high = len(head.translate(None, _ASCII))
    alike = control > len(head) * _ALIKE_CONTROL and high > len(head) * _ALIKE_HIGH
    return alike or control > len(head) * CONTROL_SHARE
