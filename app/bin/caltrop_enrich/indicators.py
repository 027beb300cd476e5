"""URLs and IP addresses in a text."""

from __future__ import annotations

import ipaddress
import re
from itertools import chain, islice
from typing import Iterator, List

from .limits import MAX_VALUE, MAX_VALUES

_SCHEME = re.compile(r"(?:https?|ftps?|sftp|wss?|ldaps?|smb|file)\Z", re.IGNORECASE)
_LONGEST_SCHEME = 5
_AFTER_SCHEME = re.compile(r"""://[^\s\0'"`<>|{}^\\\u2018-\u201e]+""")
_IPV4 = re.compile(r"\.\d{1,3}\.\d{1,3}\.\d{1,3}")
_IPV6 = re.compile(r":[0-9A-Fa-f]{0,4}:")
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_ADDRESS = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}\Z")
_HEX = frozenset("0123456789abcdefABCDEF:.")
_LONGEST_IP = 45
_MAX_CANDIDATES = 4096  # what looks like an address and is looked at closely, per text
_CLOSERS = 16  # brackets without a partner that are taken off the end of a URL


def urls(text: str) -> List[str]:
    """The URLs of a text in their order, each once, without the punctuation that only ends a sentence or a call."""
    found: List[str] = []
    place = text.find("://")
    while place >= 0 and len(found) < MAX_VALUES:
        scheme = _SCHEME.search(text, max(place - _LONGEST_SCHEME, 0), place)
        rest = _AFTER_SCHEME.match(text, place) if scheme else None
        place = text.find("://", rest.end() if rest else place + 3)
        if not scheme or not rest:
            continue
        url = (scheme.group() + rest.group())[:MAX_VALUE].rstrip(".,;:!?")
        for _ in range(_CLOSERS):
            if url[-1] not in ")]" or url.count(url[-1]) <= url.count("(" if url[-1] == ")" else "["):
                break
            url = url[:-1].rstrip(".,;:!?")
        if url not in found:
            found.append(url)
    return found


def ip_addresses(text: str) -> List[str]:
    """The IPv4 and IPv6 addresses of a text, as they are written, each once; IPv4 first."""
    if not _IPV4.search(text) and not _IPV6.search(text):
        return []
    candidates = chain(_ipv4(text), _ipv6(text))
    found: List[str] = []
    for candidate in islice(candidates, _MAX_CANDIDATES):
        if candidate not in found and _is_address(candidate):
            found.append(candidate)
            if len(found) >= MAX_VALUES:
                break
    return found


def _ipv4(text: str) -> Iterator[str]:
    for match in _IPV4.finditer(text):
        start, end = match.span()
        while start > 0 and match.start() - start < 4 and text[start - 1].isdigit():
            start -= 1
        before, after = text[start - 1 : start], text[end : end + 1]
        if before == "." or (after == "." and text[end + 1 : end + 2].isdigit()):
            continue  # part of a longer dotted number
        if not (before.isalnum() or before == "_" or after.isalnum() or after == "_"):
            yield text[start:end]


def _ipv6(text: str) -> Iterator[str]:
    read = 0
    for match in _IPV6.finditer(text):
        start, end = match.span()
        if start < read:
            continue
        while start > read and text[start - 1] in _HEX and end - start <= _LONGEST_IP:
            start -= 1
        while end < len(text) and text[end] in _HEX and end - start <= _LONGEST_IP:
            end += 1
        read = end
        before, after = text[start - 1 : start], text[end : end + 1]
        if (
            end - start > _LONGEST_IP
            or before.isalnum()
            or before in ("_", ".", ":", "]")
            or after.isalnum()
            or after == "_"
        ):
            continue
        address = text[start:end]
        yield address if address.endswith("::") else address.rstrip(":.")


def _is_address(text: str) -> bool:
    """Whether a text is an address; `::Add` and `c::` are names of .NET and C++."""
    if ":" not in text:
        return _ADDRESS.match(text) is not None
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return any(char.isdigit() for char in text)
