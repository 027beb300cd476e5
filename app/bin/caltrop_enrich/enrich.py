"""A hit -> the fields that enrichhits adds to it."""

from __future__ import annotations

from functools import lru_cache
from typing import Dict, List, NamedTuple, Optional, Tuple

from . import calls, commandlines, indicators, module_logging, source_text
from .annotations import COLUMNS, Annotations
from .encoded import decode_level, may_encode
from .interpreter import read_script
from .limits import (
    CACHE_CHARACTERS,
    MAX_DECODE_DEPTH,
    MAX_FIELD,
    MAX_INVOCATIONS,
    MAX_NODES,
    MAX_SCRIPTS,
    MAX_SEEN,
    MAX_TEXT,
    MAX_VALUE,
    MAX_VALUES,
    MAX_WORK,
)
from .records import Reading
from .shapes import Match, Shapes
from .values import Budget, FieldValue, WorkExceeded

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
_SPOKEN = (
    "remote_command",
    "download_url",
    "remote_host",
)  # fields whose texts may hold URLs and addresses that the script does not spell


# What a script that reaches another host, or runs another script, has in it somewhere; each in lower case.
_WORDS = (
    "wmi", "cim", "iex", "invoke-", "powershell", "pwsh", "pssession", "cmd", "comspec", "start-process", "saps", "psexec", "schtasks",
    "scheduledtask", "sc.exe", "net use", "net.exe", "net1", "winrs", "comobject", "progid", "activator", "management.", "frombase64",
    "webclient", "download", "scriptblock]", "invokecommand", "invokescript", "mshta", "rundll32", "forfiles", "bitstransfer",
    "managementclass", "winmgmts", "eventfilter", "-computername", "icm ", "\\\\", "gcm", "get-command", "get-alias", "paexec",
)  # fmt: skip
_JOINERS = str.maketrans("", "", "`'\"+()^ ,")


def may_call(text: str) -> bool:
    """Whether a script may have something to say; false spares it the parser."""
    text = text.lower()
    for word in _WORDS:
        if word in text:
            return True
    if "-f" in text and "{0}" in text and ("&" in text or "." in text):
        return True  # a format can put the pieces of any name in any order
    if "&" in text or "|" in text or "." in text:
        # Names that are put together: of letters of other texts, of characters, of pieces.
        if (
            "-join" in text
            or "[char" in text
            or "shellid" in text
            or "pshome" in text
            or "preference" in text
            or "mdr" in text
        ):
            return True
        if "replace" in text or "reverse" in text or "-bxor" in text or "${" in text:
            return True
    if "`" in text or "+" in text or "^" in text:
        text = text.translate(_JOINERS)
        for word in _WORDS:
            if word in text:
                return True
    return False


# What a command line that starts a shell, or reaches another host, has in it.
_PROGRAM_WORDS = ("powershell", "pwsh", "wmic", "\\\\", "schtasks", "exec", "mshta", "rundll32", "forfiles", "script", "winrs", "http", "remcom")  # fmt: skip


def may_start(line: str) -> bool:
    """Whether a command line may have something to say; false spares it the reader."""
    if "^" in line or "%" in line or "!" in line or '""' in line:
        return True
    line = line.lower()
    for word in _PROGRAM_WORDS:
        if word in line:
            return True
    return " sc" in line or line.startswith("sc")


def analyse(text: str, shapes: Optional[Shapes] = None, line: bool = False) -> Analysis:
    """Read a script (or a command line), the scripts inside it and the payloads encoded in it. `shapes` makes it faster, never different."""
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
            if _goes_on(text, planned, match.scripts(), payloads):
                planned = None
        if planned is not None:
            fields = planned
        else:
            found, payloads, problem = _read(text, shapes, match, line)
            if problem and shapes:  # plans reckon with the worst
                found, payloads, problem = _read(text, None, None, line)
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
                if item not in whole:  # computed
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


def _read(
    text: str, shapes: Optional[Shapes], match: Optional[Match], line: bool
) -> Tuple[Dict[str, List[str]], List[str], str]:
    """What the calls in a text do, the payloads that came out on the way, and why it was not read to its end.

    `match`, if there is one, is the text's; `line` says that it is a command line.
    """
    error, count = "", 0
    budget, findings = Budget(MAX_WORK, MAX_NODES), calls.Findings()
    payloads: List[str] = []
    queue, seen = [(text, 0, line)], {text}
    for script, depth, is_line in queue:  # grows while it is read
        if script is text and not line and module_logging.looks_like(script):
            reading = _module_log(script)
        else:
            if script is not text:
                match = shapes.match(script) if shapes and not is_line and may_call(script) else None
            reading = _calls(script, budget, match, is_line)
        error = error or reading.error
        lines = list(reading.lines)
        for call in reading.calls[: MAX_INVOCATIONS - count]:
            if is_line and depth and call.remote_access == ["smb"]:
                call = call._replace(
                    hosts=[], remote_access=[]
                )  # the share is what the started command uses, not what is reached from here
            lines += findings.add(call)
        count += len(reading.calls)
        decoded = decode_level(script) if depth < MAX_DECODE_DEPTH and may_encode(script) else []
        for payload in (*reading.payloads, *decoded):
            if payload not in payloads and len(payloads) < MAX_VALUES:
                payloads.append(payload)
        news = [(item, depth + 1, False) for item in (*reading.scripts, *decoded)]
        news += [(item, depth + 1, True) for item in lines]
        for new in news:
            if new[0] not in seen and len(queue) < MAX_SCRIPTS and new[1] <= 2 * MAX_DECODE_DEPTH:
                seen.add(new[0])
                queue.append(new)
    return findings.fields, payloads, error


class _Found(NamedTuple):
    """What was read of one script or command line; see `records.Reading`."""

    calls: List[calls.Facts]
    scripts: List[str]
    lines: List[str]
    payloads: List[str]
    error: str


_NOTHING_FOUND = _Found([], [], [], [], "")


def _found(reading: Reading) -> _Found:
    return _Found([calls.facts(call) for call in reading.calls], *reading[1:])


def _module_log(text: str) -> _Found:
    bound, inner = module_logging.read_payload(text)
    return _Found([calls.facts(call) for call in bound], inner, [], [], "")


def _calls(script: str, budget: Budget, match: Optional[Match], line: bool) -> _Found:
    """What one script or command line does."""
    if match and match.plan.steps <= budget.steps:
        budget.steps -= match.plan.steps
        found, scripts = match.read()
        return _Found(found, scripts, [], [], "")
    if line:
        return _line(script, budget)
    if not may_call(script):
        return _NOTHING_FOUND
    return _found(read_script(script, budget))


def _line(text: str, budget: Budget) -> _Found:
    """What a command line does."""
    if not may_start(text):
        return _NOTHING_FOUND
    try:
        return _found(commandlines.read(text, budget))
    except WorkExceeded:
        return _NOTHING_FOUND._replace(error="script takes too many steps to evaluate")


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
        self._cache: Dict[str, Analysis] = {}
        self._cached = 0  # characters in it
        self._seen = [0] * MAX_SEEN  # hashes of texts by their remainder: most come once and are not worth remembering
        self._shapes = Shapes()
        fixed = [(name, _shape(values)) for name, values in annotations.fields if values] if annotations else []
        self.fixed: Fields = dict(fixed)

    def enrich(self, record: source_text.Record) -> Fields:
        """The fields of one hit that have a value, by name; names are of FIELDS. The record is only read."""
        return {**self.fixed, **self.read(record)}

    def read(self, record: source_text.Record) -> Fields:
        """The fields that differ from hit to hit: all but `fixed`."""
        fields: Fields = {}
        try:
            text = source_text.find(record, self.sources)
            if text is None:
                fields["enrichment_error"] = "no script text in " + ", ".join(self.sources)
            else:
                analysis = self._analyse(text)
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

    def _analyse(self, text: str) -> Analysis:
        found = self._cache.get(text)
        if found is None:
            found = analyse(text, self._shapes)
            if found.fields:  # to find nothing costs less than to remember it
                mark = hash(text)
                if self._seen[mark % MAX_SEEN] == mark:
                    self._remember(text, found)
                else:
                    self._seen[mark % MAX_SEEN] = mark
        return found

    def _remember(self, text: str, found: Analysis) -> None:
        values = found.fields.values()
        size = len(text) + sum(len(value) if isinstance(value, str) else sum(map(len, value)) for value in values)
        self._cached += size
        if self._cached > CACHE_CHARACTERS:
            self._cache.clear()
            self._cached = size
        self._cache[text] = found
