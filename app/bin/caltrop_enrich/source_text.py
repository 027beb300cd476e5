"""A hit -> the script text in it, whatever rendering it came in."""

from __future__ import annotations

import html
import re
from typing import Optional, Protocol, Tuple

# The field that Splunk's add-on makes of XML, then of the classic rendering, then event 4103's, then the whole event.
DEFAULT_FIELDS = ("ScriptBlockText", "Message", "Payload", "_raw")

_HEADER = re.compile(r"\s*Creating Scriptblock text \(\d{1,9} of \d{1,9}\):[ \t]*(?:\r\n|\n|\r)?")
_FOOTER = re.compile(r"[\r\n]ScriptBlock ID: [0-9A-Fa-f-]{36}")
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});")
_XML_DATA = re.compile(r"<Data Name=['\"](?:ScriptBlockText|Payload)['\"]>([^<]*)")


class Record(Protocol):
    """One hit: a dict, or a row of the protocol's CSV."""

    def get(self, name: str) -> Optional[object]:
        """The value of a field: text, a list of texts, or None."""


def find(record: Record, fields: Tuple[str, ...]) -> Optional[str]:
    """The text of the first of `fields` that the hit has; None when it has none of them."""
    for name in fields:
        value = record.get(name)
        if not value:
            continue
        if isinstance(value, (list, tuple)):
            value = "\n".join(str(item) for item in value if item is not None)
        elif not isinstance(value, str):
            value = str(value)
        if name == "_raw":
            return _of_event(value)
        return _of_message(value) if name == "Message" else _unescaped(value)
    return None


def _of_message(text: str) -> str:
    """The script in the message of event 4104: without the line before it and the two after it."""
    header = _HEADER.match(text)
    if not header:
        return text
    footer = text.rfind("ScriptBlock ID: ", header.end())  # the last one: a script may hold such a line itself
    if footer > 0 and _FOOTER.match(text, footer - 1):
        return text[header.end() : footer].rstrip("\r\n")
    return text[header.end() :]


def _unescaped(text: str) -> str:
    """Text of an XML field that was extracted without decoding its entities."""
    if "&" in text and "<" not in text and ">" not in text and _ENTITY.search(text):
        return html.unescape(text)
    return text


def _of_event(raw: str) -> str:
    """The script in a whole event: of its XML, of its classic Message, or all of it."""
    data = _XML_DATA.search(raw)
    if data:
        return html.unescape(data.group(1))
    cut = raw.find("\nMessage=")
    return _of_message(raw[cut + len("\nMessage=") :]) if cut >= 0 else raw
