"""A hit -> the fields that enrichhits adds to it."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Tuple, Union

from . import calls as reading
from . import indicators, module_logging, source_text
from .annotations import COLUMNS, Annotations
from .encoded import decode_level
from .limits import (
    CACHE_ENTRIES,
    CACHE_TEXT,
    MAX_DECODE_DEPTH,
    MAX_INVOCATIONS,
    MAX_SCRIPTS,
    MAX_TEXT,
    MAX_VALUE,
    MAX_VALUES,
    MAX_WORK,
)
from .script import Call, read_script
from .values import Budget

FIELDS = (
    *reading.Findings._fields,
    "decoded_command",
    "url",
    "ip_address",
    *COLUMNS,
    "risk_score",
    "risk_message",
    "enrichment_error",
)
FieldValue = Union[None, str, List[str]]

_JOINERS = {ord(char): None for char in "`'\"+,() \t\r\n"}


class Analysis(NamedTuple):
    """What one text says: only the fields that it has a value for. `error` is "" when it was read to its end."""

    fields: Dict[str, FieldValue]
    error: str


def calls_wmi(text: str) -> bool:
    """Whether a text can name a WMI or CIM cmdlet at all; false spares it the tokenizer."""
    text = text.lower()
    if "wmi" in text or "cim" in text:
        return True
    if "`" in text or "+" in text or "-f" in text:
        text = text.translate(_JOINERS)
        return "wmi" in text or "cim" in text
    return False


def analyse(text: str) -> Analysis:
    """Read a script, the scripts inside it and the payloads encoded in it."""
    error = ""
    if len(text) > MAX_TEXT:
        text, error = text[:MAX_TEXT], f"only the first {MAX_TEXT} characters were read"
    budget = Budget(MAX_WORK)
    found: List[Call] = []
    payloads: List[str] = []
    queue = [(text, 0)]
    seen = {text}
    if module_logging.looks_like(text):
        recorded, scripts = module_logging.read_payload(text)
        found += recorded
        queue += [(script, 0) for script in scripts]
        queue += [(command, 0) for command in reading.describe(recorded).remote_command]
    for script, depth in queue:  # grows while it is read
        inner: List[str] = []
        if calls_wmi(script) and not (depth == 0 and script is text and found):
            result = read_script(script, budget)
            found += result.calls
            error = error or result.error
            inner = result.scripts + reading.describe(result.calls).remote_command
        decoded = decode_level(script) if depth < MAX_DECODE_DEPTH else []
        payloads += [payload for payload in decoded if payload not in payloads]
        for item, level in [(item, depth) for item in inner] + [(item, depth + 1) for item in decoded]:
            if item not in seen and len(queue) < MAX_SCRIPTS:
                seen.add(item)
                queue.append((item, level))
    fields: Dict[str, FieldValue] = {}
    if found:
        fields.update(reading.describe(found[:MAX_INVOCATIONS])._asdict())
    whole = "\n".join([text, *payloads]) if payloads else text
    fields["decoded_command"] = payloads[:MAX_VALUES]
    fields["url"] = indicators.urls(whole)
    fields["ip_address"] = indicators.ip_addresses(whole)
    return Analysis({name: _shape(value) for name, value in fields.items() if value}, error)


def _shape(values: List[str]) -> FieldValue:
    """A list as the protocol wants it: text that any reader of it can take, one value plain."""
    clean = [_clean(value) for value in values]
    return clean[0] if len(clean) == 1 else clean


def _clean(value: str) -> str:
    if "\0" in value:
        value = value.replace("\0", "\ufffd")
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


class Enricher:
    """Enrichment of one detection's hits. Never raises on a hit: `enrichment_error` says what went wrong."""

    def __init__(self, annotations: Optional[Annotations] = None, field: str = "") -> None:
        self.annotations = annotations
        own = annotations.script_field if annotations else ""
        self.sources: Tuple[str, ...] = (
            (field,) if field else (own, *source_text.DEFAULT_FIELDS) if own else source_text.DEFAULT_FIELDS
        )
        self._cache: Dict[str, Analysis] = {}
        fixed = [(name, _shape(values)) for name, values in annotations.fields if values] if annotations else []
        self._fixed: Dict[str, FieldValue] = dict(fixed)

    def enrich(self, record: Dict[str, object]) -> Dict[str, FieldValue]:
        """The fields of one hit that have a value, by name; names are of FIELDS. The record is only read."""
        fields = dict(self._fixed)
        try:
            text = source_text.find(record, self.sources)
            if text is None:
                fields["enrichment_error"] = "no script text in " + ", ".join(self.sources)
            else:
                analysis = self._analyse(text)
                fields.update(analysis.fields)
                if analysis.error:
                    fields["enrichment_error"] = analysis.error
            if self.annotations and self.annotations.message != [""]:
                message = self.annotations.resolve(lambda name: fields.get(name) or record.get(name))
                fields["risk_message"] = _clean(message)
        except Exception as error:  # the text is the attacker's, and the hit must reach the analyst
            fields["enrichment_error"] = _clean(f"{type(error).__name__}: {error}"[:MAX_VALUE])
        return fields

    def _analyse(self, text: str) -> Analysis:
        found = self._cache.get(text)
        if found is None:
            found = analyse(text)
            if len(text) <= CACHE_TEXT:
                if len(self._cache) >= CACHE_ENTRIES:
                    self._cache.clear()
                self._cache[text] = found
        return found
