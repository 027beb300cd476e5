"""URLs and IP addresses in a text."""

from __future__ import annotations

import ipaddress
import re
from typing import List

from .limits import MAX_VALUE, MAX_VALUES

_URL = re.compile(r"""(?:https?|ftps?|sftp|wss?|ldaps?|smb|file)://[^\s\0'"`<>|{}^\\\u2018-\u201e]+""", re.IGNORECASE)
_IPV4 = re.compile(r"\.\d{1,3}\.\d{1,3}\.\d{1,3}")  # begins with a literal, which is what a search is fast at
_IPV6 = re.compile(r":[0-9A-Fa-f]{0,4}:")
_HEX = frozenset("0123456789abcdefABCDEF:.")
_LONGEST_IP = 45
_CLOSERS = 16  # brackets without a partner that are taken off the end of a URL


def urls(text: str) -> List[str]:
    """The URLs of a text in their order, each once, without the punctuation that only ends a sentence or a call."""
    if "://" not in text:
        return []
    found: List[str] = []
    for match in _URL.finditer(text):
        url = match.group()[:MAX_VALUE].rstrip(".,;:!?")
        for _ in range(_CLOSERS):
            if url[-1] not in ")]" or url.count(url[-1]) <= url.count("(" if url[-1] == ")" else "["):
                break
            url = url[:-1].rstrip(".,;:!?")
        if url not in found:
            found.append(url)
            if len(found) >= MAX_VALUES:
                break
    return found


def ip_addresses(text: str) -> List[str]:
    """The IPv4 and IPv6 addresses of a text, as they are written, each once; IPv4 first."""
    found: List[str] = []
    for match in _IPV4.finditer(text):
        start = match.start()
        while start > 0 and match.start() - start < 4 and text[start - 1].isdigit():
            start -= 1
        _add(found, text, start, match.end(), "")
    if text.count(":") > 1:
        read = 0
        for match in _IPV6.finditer(text):
            start, end = match.start(), match.end()
            if start < read:
                continue
            while start > 0 and text[start - 1] in _HEX and end - start <= _LONGEST_IP:
                start -= 1
            while end < len(text) and text[end] in _HEX and end - start <= _LONGEST_IP:
                end += 1
            read = end
            _add(found, text, start, end, ":")
    return found


def _add(found: List[str], text: str, start: int, end: int, kind: str) -> None:
    """Add text[start:end] if it is an address and stands alone."""
    if len(found) >= MAX_VALUES or end - start > _LONGEST_IP:
        return
    address = text[start:end].rstrip(":.") if not text[start:end].endswith("::") else text[start:end]
    before, after = text[start - 1 : start], text[end : end + 1]
    if before.isalnum() or (before in ("_", ".", "]") and before) or after.isalnum() or after == "_":
        return
    if not kind and after == "." and text[end + 1 : end + 2].isdigit():  # a longer dotted number
        return
    try:
        value = ipaddress.ip_address(address)
    except ValueError:
        return
    if value.version == 6 and not any(char.isdigit() for char in address):
        return  # `::Add`, `c::`: .NET and C++ names, not addresses
    if address not in found:
        found.append(address)
