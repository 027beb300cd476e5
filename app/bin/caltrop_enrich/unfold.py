"""A text, and every script, payload and command line inside it -> what all of them do.

Texts are read in the order in which they are met, on one budget. What short ones inside others say is remembered: one payload goes to
many computers.
"""

from __future__ import annotations

import re
from typing import Dict, List, NamedTuple, Optional, Set, Tuple

from . import calls, commandlines, module_logging
from .encoded import decode_level
from .interpreter import read_script
from .limits import (
    MAX_DECODE_DEPTH,
    MAX_INVOCATIONS,
    MAX_NODES,
    MAX_REMEMBERED,
    MAX_SCRIPTS,
    MAX_SHAPED,
    MAX_SHAPED_MADE,
    MAX_SHAPED_WORK,
    MAX_VALUES,
    MAX_WORK,
)
from .records import Reading, said
from .shapes import Match, Shapes
from .symbols import wordless
from .values import Budget, FieldValue, WorkExceeded

# What a script that reaches another host, or runs another script, has in it somewhere; each in lower case.
_WORDS = (
    "wmi", "cim", "iex", "invoke", "powershell", "pwsh", "pssession", "cmd", "comspec", "start-process", "saps", "psexec", "paexec",
    "schtasks", "scheduledtask", "sc.exe", "winrs", "comobject", "createobject", "remotebasekey", "gettypefrom", "management.", "frombase64", "webclient", "download",
    "scriptblock]", "mshta", "rundll32", "bitstransfer", "winmgmts", "-computername", "icm ", "etsn ", "nsn ", "\\\\", "gcm", "get-command", "get-alias",
)  # fmt: skip
_RUNS = re.compile(r"&\s*[\"$(]|(?:^|[\s;|{(=])\.[\"$(]")  # `&"$a$b"`, `|.$x`: what is run has no name
_EXCERPT = 256  # characters of a script that is said not to be read
_JOINERS = str.maketrans("", "", "`'\"+()^ ,")


def may_call(text: str) -> bool:
    """Whether a script may have something to say; false spares it the parser."""
    text = text.lower()
    for word in _WORDS:
        if word in text:
            return True
    if "-f" in text and "{0}" in text and ("&" in text or "." in text):
        return True  # a format can put the pieces of any name in any order
    if ".(" in text or ". (" in text or (("&" in text or ".$" in text or '."' in text) and _RUNS.search(text)):
        return True  # a computed name is run
    if "[char" in text or "-join" in text or "replace" in text or "reverse" in text or "-bxor" in text or "${" in text:
        return True  # names that are put together: of characters, of pieces
    if "`" in text or "+" in text or "^" in text or "[" in text:
        if "shellid" in text or "pshome" in text or "preference" in text or "mdr" in text:
            return True  # of letters of other texts
        closed = text.translate(_JOINERS)
        for word in _WORDS:
            if word in closed:
                return True
    return "$" in text and wordless(text)


# What a command line that starts a shell, or reaches another host, has in it.
_PROGRAM_WORDS = (
    "powershell", "pwsh", "wmic", "\\\\", "task", "exec", "mshta", "rundll32", "forfiles", "script", "winr", "http", "remcom", "pcalua",
    "syncappv", "systeminfo", "wevtutil",
)  # fmt: skip


def may_start(line: str) -> bool:
    """Whether a command line may have something to say; false spares it the reader."""
    if "^" in line or "%" in line or "!" in line or '""' in line:
        return True
    line = line.lower()
    if '"' in line:
        line = line.replace('"', "")
    for word in _PROGRAM_WORDS:
        if word in line:
            return True
    return " sc" in line or line.startswith("sc")


class _Found(NamedTuple):
    """What was read of one script or command line, and what is decoded in it; see `records.Reading`."""

    calls: List[calls.Facts]
    scripts: List[str]
    lines: List[str]
    payloads: List[str]
    error: str
    decoded: List[str]


_FEW = 8  # calls that cannot come to MAX_INVOCATIONS with those of a planned text


class Memory:
    """What was read of short scripts and command lines within others: by text and kind, with the steps, nodes and characters it took."""

    def __init__(self) -> None:
        self._entries: Dict[Tuple[str, bool], Tuple[_Found, int, int, int]] = {}
        self.continued: Dict[
            Tuple[Tuple[str, ...], Tuple[str, ...], Tuple[str, ...]], Tuple[Optional[Dict[str, List[str]]], List[str]]
        ] = {}  # see `go_on`

    def read(self, text: str, line: bool, budget: Budget) -> Optional[_Found]:
        """What a text says, paid for; None where it has to be read afresh: long, costly or with an error."""
        if len(text) > MAX_SHAPED or budget.steps < MAX_SHAPED_WORK:
            return None
        entry = self._entries.get((text, line))
        if entry is None:
            own = Budget(MAX_SHAPED_WORK, MAX_SHAPED, MAX_SHAPED_MADE)
            found = _fresh(text, own, line)
            if len(self._entries) >= MAX_REMEMBERED:
                self._entries.clear()
            entry = (found, MAX_SHAPED_WORK - own.steps, MAX_SHAPED - own.nodes, MAX_SHAPED_MADE - own.made)
            self._entries[text, line] = entry
        found, steps, nodes, made = entry
        if found.error:
            return None
        budget.steps, budget.nodes, budget.made = budget.steps - steps, budget.nodes - nodes, budget.made - made
        return found

    def knows(self, text: str, line: bool) -> bool:
        """Whether a text was read before."""
        return (text, line) in self._entries


_News = List[Tuple[str, int, bool]]  # texts to be read: how deep they lie, and whether they are command lines


def unfold(
    text: str,
    line: bool,
    memory: Optional[Memory] = None,
    shapes: Optional[Shapes] = None,
    match: Optional[Match] = None,
) -> Tuple[Dict[str, List[str]], List[str], str]:
    """What the calls in a text do, the payloads that came out on the way, and why it was not read to its end.

    `match`, if there is one, is the text's; `line` says that it is a command line.
    """
    budget, findings = Budget(MAX_WORK, MAX_NODES), calls.Findings()
    if not line and module_logging.looks_like(text):
        found = _module_log(text)
    else:
        found = _by_plan(text, budget, match) or _fresh(text, budget, line)
    payloads: List[str] = []
    queue = _noted(found, 0, line, findings, payloads, 0)
    _, error = _follow(queue, {text}, budget, findings, payloads, len(found.calls), memory, shapes)
    return findings.fields, payloads, found.error or error


def _follow(
    queue: _News,
    seen: Set[str],
    budget: Budget,
    findings: calls.Findings,
    payloads: List[str],
    count: int,
    memory: Optional[Memory],
    shapes: Optional[Shapes],
) -> Tuple[int, str]:
    """Read what lies in a text, and what lies in that; how many calls there are, and what went wrong."""
    error = ""
    texts: _News = []
    for new in queue:
        if new[0] not in seen and len(texts) < MAX_SCRIPTS:
            seen.add(new[0])
            texts.append(new)
    for text, depth, line in texts:  # grows while it is read
        found = _inner(text, line, budget, memory, shapes)
        error = error or found.error
        news = _noted(found, depth, line, findings, payloads, count)
        count += len(found.calls)
        for new in news:
            if new[0] not in seen and len(texts) < MAX_SCRIPTS and new[1] <= 2 * MAX_DECODE_DEPTH:
                seen.add(new[0])
                texts.append(new)
    return count, error


def _noted(found: _Found, depth: int, line: bool, findings: calls.Findings, payloads: List[str], count: int) -> _News:
    """Add what was read of one text; the texts that lie in it."""
    lines = found.lines
    for call in found.calls[: MAX_INVOCATIONS - count]:
        if line and depth and call.remote_access == ["smb"]:
            # The share is what the started command uses, not what is reached from here.
            call = call._replace(hosts=[], remote_access=[])
        lines = lines + findings.add(call)
    decoded = found.decoded if depth < MAX_DECODE_DEPTH else []
    for payload in (*found.payloads, *decoded):
        if payload not in payloads and len(payloads) < MAX_VALUES:
            payloads.append(payload)
    return [(item, depth + 1, False) for item in (*found.scripts, *decoded)] + [
        (item, depth + 1, True) for item in lines
    ]


def go_on(
    text: str, fields: Dict[str, FieldValue], scripts: List[str], payloads: List[str], memory: Memory
) -> Optional[List[str]]:
    """Add to the fields of a planned text what lies in it; its payloads. None where it has to be read as a whole."""
    command = fields.get("remote_command", ())
    lines = (command,) if isinstance(command, str) else tuple(command)
    key = (tuple(scripts), tuple(payloads), lines)
    entry = memory.continued.get(key)
    if entry is None:
        entry = _continued(key, memory)
        if len(memory.continued) >= MAX_REMEMBERED:
            memory.continued.clear()
        memory.continued[key] = entry
    more, inner = entry
    if more is None or text in inner or text in scripts:
        return None
    for name, values in more.items():
        before = fields.get(name)
        if before is None:
            fields[name] = values if len(values) > 1 else values[0]
        elif name == "alternate_credentials":
            fields[name] = "true" if "true" in (before, *values) else "false"
        else:
            merged = [before] if isinstance(before, str) else list(before)
            merged += [value for value in values if value not in merged]
            fields[name] = merged[:MAX_VALUES] if len(merged) > 1 else merged[0]
    return inner


def _continued(
    key: Tuple[Tuple[str, ...], Tuple[str, ...], Tuple[str, ...]], memory: Memory
) -> Tuple[Optional[Dict[str, List[str]]], List[str]]:
    """What lies in a text with these scripts, payloads and command lines: fields and payloads; None for fields where that is
    long, costly, or many calls."""
    scripts, payloads, lines = key
    if sum(map(len, (*scripts, *payloads, *lines))) > MAX_SHAPED:
        return None, []
    budget, findings, found = Budget(MAX_SHAPED_WORK, MAX_SHAPED, MAX_SHAPED_MADE), calls.Findings(), list(payloads)
    queue = [(item, 1, False) for item in (*scripts, *payloads)] + [(item, 1, True) for item in lines]
    count, error = _follow(queue, set(), budget, findings, found, 0, None, None)
    if error or count > _FEW:
        return None, []
    return {name: values for name, values in findings.fields.items() if values}, found


def _inner(text: str, line: bool, budget: Budget, memory: Optional[Memory], shapes: Optional[Shapes]) -> _Found:
    """What a text within another says."""
    if memory is None:
        return _fresh(text, budget, line)
    found = None
    if shapes is not None and not line and not memory.knows(text, line) and may_call(text):
        found = _by_plan(text, budget, shapes.match(text))
    return found or memory.read(text, line, budget) or _fresh(text, budget, line)


def _by_plan(text: str, budget: Budget, match: Optional[Match]) -> Optional[_Found]:
    if match is None or match.plan.steps > budget.steps:
        return None
    budget.steps -= match.plan.steps
    found, scripts = match.read()
    return _Found(found, scripts, [], [], "", decode_level(text))


def _fresh(text: str, budget: Budget, line: bool) -> _Found:
    """Read one text."""
    decoded = decode_level(text)
    if not (may_start(text) if line else may_call(text)):
        return _Found([], [], [], [], "", decoded)
    try:
        reading = commandlines.read(text, budget) if line else read_script(text, budget)
    except WorkExceeded:
        reading = Reading([], [], [], [], "script takes too many steps to evaluate")
    if not line and not any(reading) and wordless(text):
        reading.calls.append(said(text.strip()[:_EXCERPT]))
    return _Found([calls.facts(call) for call in reading.calls], *reading[1:], decoded)


def _module_log(text: str) -> _Found:
    bound, inner = module_logging.read_payload(text)
    return _Found([calls.facts(call) for call in bound], inner, [], [], "", decode_level(text))
