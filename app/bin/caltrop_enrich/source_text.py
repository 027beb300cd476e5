"""A hit -> the script, or the command line, in it, whatever rendering it came in."""

from __future__ import annotations

import html
import re
from typing import NamedTuple, Optional, Protocol, Tuple

# Fields of command lines: CIM's (Endpoint.Processes), Sysmon's, event 4688's in both renderings, Defender's.
LINE_FIELDS = ("process", "CommandLine", "Process_Command_Line", "ProcessCommandLine")
_LINES = frozenset(
    name.lower() for name in (*LINE_FIELDS, "parent_process", "ParentCommandLine", "process_exec_line", "cmdline")
)
# The field that Splunk's add-on makes of XML, then of the classic rendering, then event 4103's; those of processes; the whole event.
DEFAULT_FIELDS = ("ScriptBlockText", "Message", "Payload", *LINE_FIELDS, "_raw")
SEPARATOR = "\0"  # between command lines where a hit has several

_HEADER = re.compile(r"\s*Creating Scriptblock text \(\d{1,9} of \d{1,9}\):[ \t]*(?:\r\n|\n|\r)?")
_FOOTER = re.compile(r"[\r\n]ScriptBlock ID: [0-9A-Fa-f-]{36}")
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});")
_XML_DATA = re.compile(r"<Data Name=['\"](?:ScriptBlockText|Payload)['\"]>([^<]*)")
_XML_LINE = re.compile(r"<Data Name=['\"](?:CommandLine|ProcessCommandLine)['\"]>([^<]*)")
_MESSAGE_LINE = re.compile(r"(?:\n|\r|^)[ \t]*(?:CommandLine: |Process Command Line:[ \t]*)")
_LINE_END = re.compile(r"\r?\n(?:[ \t]*\r?\n|CurrentDirectory: |Token Elevation Type)")


class Record(Protocol):
    """One hit: a dict, or a row of the protocol's CSV."""

    def get(self, name: str) -> Optional[object]:
        """The value of a field: text, a list of texts, or None."""


class Source(NamedTuple):
    """The text of a hit, and whether it is a command line (several are joined by SEPARATOR)."""

    text: str
    line: bool


def find(record: Record, fields: Tuple[str, ...]) -> Optional[Source]:
    """The text of the first of `fields` that the hit has; None when it has none of them."""
    for name in fields:
        value = record.get(name)
        if not value:
            continue
        if name == "Message" and isinstance(value, str):
            return _of_message(value)
        line = name.rsplit(".", 1)[-1].lower() in _LINES
        if isinstance(value, (list, tuple)):
            value = (SEPARATOR if line else "\n").join(str(item) for item in value if item is not None)
        elif not isinstance(value, str):
            value = str(value)
        if line:
            return Source(_unescaped(value), True)
        if name == "_raw":
            return _of_event(value)
        return _of_message(value) if name == "Message" else Source(_unescaped(value), False)
    return None


def _of_message(text: str) -> Source:
    """The script in the message of event 4104, without the line before it and the two after it; the command line in that of a new process."""
    header = _HEADER.match(text)
    if not header:
        found = _MESSAGE_LINE.search(text) if "ommand" in text[:16384] else None
        if found and text.lstrip().startswith(("Process Create", "A new process")):
            end = _LINE_END.search(text, found.end())
            return Source(text[found.end() : end.start() if end else len(text)].strip(), True)
        return Source(text, False)
    footer = text.rfind("ScriptBlock ID: ", header.end())  # the last one: a script may hold such a line itself
    if footer > 0 and _FOOTER.match(text, footer - 1):
        return Source(text[header.end() : footer].rstrip("\r\n"), False)
    return Source(text[header.end() :], False)


def _unescaped(text: str) -> str:
    """Text of an XML field that was extracted without decoding its entities."""
    if "&" in text and "<" not in text and ">" not in text and _ENTITY.search(text):
        return html.unescape(text)
    return text


def _of_event(raw: str) -> Source:
    """The script in a whole event: of its XML, of its classic Message, or all of it."""
    data = _XML_DATA.search(raw)
    if data:
        return Source(html.unescape(data.group(1)), False)
    line = _XML_LINE.search(raw)
    if line:
        return Source(html.unescape(line.group(1)), True)
    cut = raw.find("\nMessage=")
    return _of_message(raw[cut + len("\nMessage=") :]) if cut >= 0 else Source(raw, False)
