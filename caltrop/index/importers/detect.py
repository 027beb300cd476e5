"""What a file is, by its first bytes."""

from __future__ import annotations

import codecs
import re

from caltrop.index.linebreak import Decoder

_CLASSIC = re.compile(r"\s*\d{1,2}/\d{1,2}/\d{2,4} \d{1,2}:\d{2}:\d{2}(?:\.\d+)? [AaPp][Mm]\s+LogName=")
_XML = re.compile(r"(?:\s|<\?xml[^>]*>|<Events>)*<Event[\s>]")
_AUDIT = re.compile(r"\s*(?:node=\S+ )?type=[A-Z_0-9]+ msg=audit\(\d")
_HEADER_NAME = re.compile(r'"?[A-Za-z_@][\w .:/()#%@{}-]*"?$')


def format_of(head: bytes, name: str = "") -> str:
    """One of `options.FORMATS` without `auto`, or `audit`."""
    if head.startswith(b"ElfFile\x00"):
        return "evtx"
    text = Decoder().decode(head, final=True)
    start = text.lstrip()
    if start[:1] == "{" or re.match(r"\[\s*[{\]]", start):
        return "json"
    if _XML.match(text):
        return "xml"
    if _CLASSIC.match(text):
        return "classic"
    if _AUDIT.match(text):
        return "audit"
    lines = start.splitlines()
    if any(line.startswith("#Fields:") for line in lines[:20]):
        return "w3c"
    for delimiter, kind in ((",", "csv"), ("\t", "tsv")):
        if _is_table(lines, delimiter, named=name.lower().endswith("." + kind)):
            return kind
    return "raw"


def is_binary(head: bytes) -> bool:
    """Whether bytes are no text: as with Splunk's `NO_BINARY_CHECK`, a NUL decides, unless a byte order mark explains it."""
    return b"\x00" in head and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def _is_table(lines: list[str], delimiter: str, *, named: bool) -> bool:
    """A header of names, and rows of as many cells. A file that is called a table needs no rows to be one."""
    if not lines:
        return False
    header = lines[0].split(delimiter)
    if not all(_HEADER_NAME.match(cell.strip()) for cell in header) or len(header) < 2:
        return named and len(lines) > 1 and len(header) == 1 and bool(_HEADER_NAME.match(lines[0]))
    if named:
        return True
    width = len(header)
    rows = [re.sub(r'"(?:[^"]|"")*"', "", line).count(delimiter) + 1 for line in lines[1:-1][:20]]
    return bool(rows) and all(cells == width for cells in rows)
