"""What `powershell -EncodedCommand <base64>` runs: UTF-16LE text in base64 (about_PowerShell_exe)."""

from __future__ import annotations

import base64
import binascii
import re
from functools import lru_cache
from typing import List

from .limits import MAX_DECODED, MAX_VALUES

# powershell.exe takes any prefix of EncodedCommand, and -ec; the dash may be a slash or a typographic dash.
_ARGUMENT = re.compile(r"""[-/\u2013\u2014\u2015]([Ee][A-Za-z]{0,13})(?=[ \t\r\n:'"]{1,16}([A-Za-z0-9+/]{4,}={0,2}))""")
_NAME = "encodedcommand"
_START = re.compile(r"""-e[ \t\r\n:'"]|/e""")
_BOUNDARY = frozenset("\\-/\u2013\u2014\u2015")


def may_encode(text: str) -> bool:
    """Spares most texts the expression: `-ErrorAction` is everywhere, the beginnings below are not."""
    if not text.isascii():
        return True
    text = text.lower()
    if "-e" not in text:
        return "/e" in text
    return "-en" in text or "-ec" in text or _START.search(text) is not None


def decode_level(text: str) -> List[str]:
    """The payloads encoded in a text, at most MAX_VALUES; not what is encoded within those."""
    if not may_encode(text):
        return []
    payloads: List[str] = []
    for match in _ARGUMENT.finditer(text):
        name = match.group(1).lower()
        if not _NAME.startswith(name) and name != "ec":
            continue
        before = text[match.start() - 1 : match.start()]
        if before.isalnum() or (before in _BOUNDARY and before):
            continue
        payload = decode(match.group(2))
        if payload:
            payloads.append(payload)
            if len(payloads) >= MAX_VALUES:
                break
    return payloads


@lru_cache(maxsize=64)  # one payload goes to many computers
def decode(encoded: str) -> str:
    """The text of one base64 payload; "" when it is not UTF-16LE text. Cut at MAX_DECODED characters."""
    encoded = encoded.rstrip("=")[: MAX_DECODED * 8 // 3 // 4 * 4]
    if len(encoded) % 4 == 1:  # no such base64: the last character was cut off
        encoded = encoded[:-1]
    try:
        data = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        return ""
    text = data[: len(data) // 2 * 2].decode("utf-16-le", "replace")
    return text if text and len(text.encode("ascii", "ignore")) * 2 > len(text) else ""
