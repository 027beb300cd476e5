"""A Windows event log written from the format alone ("Windows XML Event Log (EVTX)", libevtx): a seed for fuzzing, and small.

One chunk, events without templates: elements, attributes and text as binary XML, names inline.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from xml.etree import ElementTree

HEADER_BYTES, CHUNK_BYTES, RECORDS_AT = 4096, 65536, 512
FILETIME_EPOCH = 116_444_736_000_000_000  # 1970 in tenths of microseconds since 1601


def write(events: Sequence[str], seconds: float = 1_700_000_000.0) -> bytes:
    """A file of these events (XML texts). Raises ValueError where they do not fit into one chunk."""
    records = b""
    last = 0
    for number, text in enumerate(events, 1):
        last = RECORDS_AT + len(records)
        body = _fragment(ElementTree.fromstring(text), last + 24)
        size = 24 + len(body) + 4
        time = FILETIME_EPOCH + int(seconds * 10_000_000)
        records += b"**\0\0" + struct.pack("<IQQ", size, number, time) + body + struct.pack("<I", size)
    if RECORDS_AT + len(records) > CHUNK_BYTES:
        raise ValueError(f"{len(events)} events take {len(records):,} bytes, more than a chunk holds")
    count = len(events)
    head = b"ElfChnk\0" + struct.pack(
        "<QQQQIIII", 1, count, 1, count, 128, last, RECORDS_AT + len(records), zlib.crc32(records)
    )
    head = head.ljust(124, b"\0")  # then flags and the checksum of all this and of the two tables, which are empty
    tables = bytes(RECORDS_AT - 128)
    chunk = head[:120] + struct.pack("<II", 0, zlib.crc32(head[:120] + tables)) + tables + records
    file = b"ElfFile\0" + struct.pack("<QQQIHHHH", 0, 0, count + 1, 128, 1, 3, HEADER_BYTES, 1)
    file = file.ljust(120, b"\0")
    file += struct.pack("<II", 0, zlib.crc32(file))
    return file.ljust(HEADER_BYTES, b"\0") + chunk.ljust(CHUNK_BYTES, b"\0")


def _fragment(root: ElementTree.Element, at: int) -> bytes:
    """Binary XML of an element and what is in it; `at` is where in the chunk it begins, for the places of names."""
    out = b"\x0f\x01\x01\x00"
    return out + _element(root, at + len(out)) + b"\x00"


def _element(element: ElementTree.Element, at: int, within: str = "") -> bytes:
    space, _, name = element.tag.rpartition("}")
    attributes = {**({"xmlns": space[1:]} if space != within else {}), **element.attrib}
    head = 5  # token and size; only templates have a dependency between them
    named = _name(name, at + head)
    inner = named
    if attributes:
        listed = b""
        start = at + head + len(inner) + 4
        for number, (key, value) in enumerate(attributes.items(), 1):
            token = b"\x46" if number < len(attributes) else b"\x06"
            listed += token + _name(key, start + len(listed) + 1) + _text(value)
        inner += struct.pack("<I", len(listed)) + listed
    inner += b"\x02"
    if element.text and element.text.strip():
        inner += _text(element.text)
    for child in element:
        inner += _element(child, at + head + len(inner), space)
    inner += b"\x04"
    return (b"\x41" if attributes else b"\x01") + struct.pack("<I", len(inner)) + inner


def _name(name: str, at: int) -> bytes:
    """Where a name is: right here."""
    digest = 0
    for letter in name:
        digest = (digest * 65599 + ord(letter)) & 0xFFFFFFFF
    return struct.pack("<IIHH", at + 4, 0, digest & 0xFFFF, len(name)) + name.encode("utf-16-le") + b"\0\0"


def _text(value: str) -> bytes:
    coded = value.encode("utf-16-le")
    return b"\x05\x01" + struct.pack("<H", len(coded) // 2) + coded
