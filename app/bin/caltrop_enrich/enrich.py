"""A hit -> the fields that enrichhits adds to it."""

from __future__ import annotations

from functools import lru_cache
from typing import Dict, List, NamedTuple, Optional, Tuple

from . import calls, indicators, module_logging, source_text
from .annotations import COLUMNS, Annotations
from .encoded import decode_level, may_encode
from .limits import CACHE_CHARACTERS, MAX_FIELD, MAX_SEEN, MAX_TEXT, MAX_VALUE, MAX_VALUES
from .shapes import Shapes
from .unfold import Memory, go_on, may_call, may_start, unfold
from .values import FieldValue

FIELDS = (
    *calls.FIELDS,
    "decoded_command",
    "url",
    "ip_address",
    *COLUMNS,
    "risk_score",
    "risk_message",
    "enrichment_error",
)
Fields = Dict[str, FieldValue]


class Analysis(NamedTuple):
    """What one text says: only the fields that it has a value for. `error` is "" when it was read to its end."""

    fields: Fields
    error: str


_NOTHING = Analysis({}, "")
_LONG = 512  # a text beyond which to look for it costs more than to read it again
_SPOKEN = (
    "remote_command",
    "download_url",
    "remote_host",
)  # fields whose texts may hold URLs and addresses that the script does not spell


def analyse(
    text: str, shapes: Optional[Shapes] = None, line: bool = False, memory: Optional[Memory] = None
) -> Analysis:
    """Read a script (or a command line), the scripts inside it and the payloads encoded in it.

    `shapes` and `memory` make it faster, never different.
    """
    error = ""
    if len(text) > MAX_TEXT:
        text, error = text[:MAX_TEXT], f"only the first {MAX_TEXT} characters were read"
    fields: Fields = {}
    payloads: List[str] = []
    encodes, module_log, calling = may_encode(text), module_logging.looks_like(text), line or may_call(text)
    if calling or encodes or module_log:
        match = shapes.match(text) if shapes and calling and not module_log and not line else None
        planned = match.fields() if match else None
        if match and planned is not None:
            payloads = list(dict.fromkeys(decode_level(text))) if encodes else payloads
            scripts = match.scripts()
            if _goes_on(text, planned, scripts, payloads):
                inner = go_on(text, planned, scripts, payloads, memory) if memory is not None else None
                planned, payloads = (None, []) if inner is None else (planned, inner)
        if planned is not None:
            fields = planned
        else:
            found, payloads, problem = unfold(text, line, memory, shapes, match)
            if problem and shapes:  # plans reckon with the worst
                found, payloads, problem = unfold(text, line)
            error = error or problem
            fields = {name: values if len(values) > 1 else values[0] for name, values in found.items() if values}
    whole = text
    if payloads:
        fields["decoded_command"] = payloads[:MAX_VALUES] if len(payloads) > 1 else payloads[0]
        whole = "\n".join([text, *payloads])
    for name in _SPOKEN:
        if name in fields:
            value = fields[name]
            for item in [value] if isinstance(value, str) else value:
                if len(item) > _LONG or item not in whole:  # computed
                    whole += "\n" + item
    for name, values in (("url", indicators.urls(whole)), ("ip_address", indicators.ip_addresses(whole))):
        if values:
            fields[name] = values if len(values) > 1 else values[0]
    if not fields and not error:
        return _NOTHING
    # Nothing to clean in what came of a plain text.
    clean = whole.isascii() and "\0" not in whole and "`" not in whole
    for name, value in fields.items():
        if isinstance(value, list):
            bounded = _within_bounds(value)
            fields[name] = bounded if clean and len(bounded) > 1 else _shape(bounded)
        elif not clean:
            fields[name] = _clean(value)
    return Analysis(fields, error)


def _goes_on(text: str, fields: Fields, scripts: List[str], payloads: List[str]) -> bool:
    """Whether a script that was read by its plan holds another, or a payload, that has to be read, too."""
    for item in scripts:
        if may_call(item) or (item not in text and may_encode(item)):
            return True
    command = fields.get("remote_command", "")
    for item in ([command] if isinstance(command, str) else command) if command else ():
        if may_start(item) or (item not in text and may_encode(item)):
            return True
    return any(map(_has_more, payloads)) if payloads else False


@lru_cache(maxsize=64)  # as the payloads themselves
def _has_more(payload: str) -> bool:
    return may_call(payload) or may_encode(payload)


def _shape(values: List[str]) -> FieldValue:
    """Values as the protocol wants them: text that any reader of it can take, a single one plain."""
    return _clean(values[0]) if len(values) == 1 else [_clean(value) for value in values]


def _within_bounds(values: List[str]) -> List[str]:
    """As many of the values as MAX_FIELD has room for, one at least."""
    room = MAX_FIELD
    for count, value in enumerate(values):
        room -= len(value)
        if room < 0:
            return values[: max(count, 1)]
    return values


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
        self._resolves = annotations is not None and annotations.message != [""]
        self._cache: Dict[str, Analysis] = {}  # of scripts
        self._lines: Dict[str, Analysis] = {}  # of command lines
        self._cached = 0  # characters in it
        self._seen = [0] * MAX_SEEN  # hashes of texts by their remainder: most come once and are not worth remembering
        self._shapes = Shapes()
        self._memory = Memory()
        fixed = [(name, _shape(values)) for name, values in annotations.fields if values] if annotations else []
        self.fixed: Fields = dict(fixed)

    def enrich(self, record: source_text.Record) -> Fields:
        """The fields of one hit that have a value, by name; names are of FIELDS. The record is only read."""
        return {**self.fixed, **self.read(record)}

    def read(self, record: source_text.Record) -> Fields:
        """The fields that differ from hit to hit: all but `fixed`."""
        fields: Fields = {}
        try:
            found = source_text.find(record, self.sources)
            if found is None:
                fields["enrichment_error"] = "no script text in " + ", ".join(self.sources)
            else:
                analysis = self._analyse(*found)
                if not self._resolves and not analysis.error:
                    return analysis.fields
                fields.update(analysis.fields)
                if analysis.error:
                    fields["enrichment_error"] = analysis.error
            if self.annotations and self._resolves:
                message = self.annotations.resolve(
                    lambda name: fields.get(name) or self.fixed.get(name) or record.get(name)
                )
                fields["risk_message"] = _clean(message)
        except Exception as error:  # the text is the attacker's, and the hit must reach the analyst
            fields["enrichment_error"] = _clean(f"{type(error).__name__}: {error}"[:MAX_VALUE])
        return fields

    def _analyse(self, text: str, line: bool) -> Analysis:
        cache = self._lines if line else self._cache
        found = cache.get(text)
        if found is None:
            found = analyse(text, self._shapes, line, self._memory)
            if found.fields:  # to find nothing costs less than to remember it
                mark = hash(text)
                if self._seen[mark % MAX_SEEN] == mark:
                    self._remember(cache, text, found)
                else:
                    self._seen[mark % MAX_SEEN] = mark
        return found

    def _remember(self, cache: Dict[str, Analysis], text: str, found: Analysis) -> None:
        values = found.fields.values()
        size = len(text) + sum(len(value) if isinstance(value, str) else sum(map(len, value)) for value in values)
        self._cached += size
        if self._cached > CACHE_CHARACTERS:
            self._cache.clear()
            self._lines.clear()
            self._cached = size
        cache[text] = found
