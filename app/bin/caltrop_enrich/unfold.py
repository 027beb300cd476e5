"""A text, and every script, payload and command line inside it -> what all of them do.

Texts are read in the order in which they are met, on one budget. What short ones inside others say is remembered: one payload goes to
many computers.
"""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Tuple

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
from .records import Reading
from .shapes import Match, Shapes
from .values import Budget, WorkExceeded

# What a script that reaches another host, or runs another script, has in it somewhere; each in lower case.
_WORDS = (
    "wmi", "cim", "iex", "invoke", "powershell", "pwsh", "pssession", "cmd", "comspec", "start-process", "saps", "psexec", "paexec",
    "schtasks", "scheduledtask", "sc.exe", "winrs", "comobject", "gettypefrom", "management.", "frombase64", "webclient", "download",
    "scriptblock]", "mshta", "rundll32", "bitstransfer", "winmgmts", "-computername", "icm ", "\\\\", "gcm", "get-command", "get-alias",
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
    if "[char" in text or "-join" in text or "replace" in text or "reverse" in text or "-bxor" in text or "${" in text:
        return True  # names that are put together: of characters, of pieces
    if "`" in text or "+" in text or "^" in text or "[" in text:
        if "shellid" in text or "pshome" in text or "preference" in text or "mdr" in text:
            return True  # of letters of other texts
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


class _Found(NamedTuple):
    """What was read of one script or command line, and what is decoded in it; see `records.Reading`."""

    calls: List[calls.Facts]
    scripts: List[str]
    lines: List[str]
    payloads: List[str]
    error: str
    decoded: List[str]


class Memory:
    """What was read of short scripts and command lines within others: by text and kind, with the steps, nodes and characters it took."""

    def __init__(self) -> None:
        self._entries: Dict[Tuple[str, bool], Tuple[_Found, int, int, int]] = {}

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
    error, count = "", 0
    budget, findings = Budget(MAX_WORK, MAX_NODES), calls.Findings()
    payloads: List[str] = []
    queue, seen = [(text, 0, line)], {text}
    for script, depth, is_line in queue:  # grows while it is read
        if depth:
            found = _inner(script, is_line, budget, memory, shapes)
        elif not line and module_logging.looks_like(script):
            found = _module_log(script)
        else:
            found = _by_plan(script, budget, match) or _fresh(script, budget, is_line)
        error = error or found.error
        lines = found.lines
        for call in found.calls[: MAX_INVOCATIONS - count]:
            if is_line and depth and call.remote_access == ["smb"]:
                # The share is what the started command uses, not what is reached from here.
                call = call._replace(hosts=[], remote_access=[])
            lines = lines + findings.add(call)
        count += len(found.calls)
        decoded = found.decoded if depth < MAX_DECODE_DEPTH else []
        for payload in (*found.payloads, *decoded):
            if payload not in payloads and len(payloads) < MAX_VALUES:
                payloads.append(payload)
        news = [(item, depth + 1, False) for item in (*found.scripts, *decoded)]
        news += [(item, depth + 1, True) for item in lines]
        for new in news:
            if new[0] not in seen and len(queue) < MAX_SCRIPTS and new[1] <= 2 * MAX_DECODE_DEPTH:
                seen.add(new[0])
                queue.append(new)
    return findings.fields, payloads, error


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
    return _Found([calls.facts(call) for call in reading.calls], *reading[1:], decoded)


def _module_log(text: str) -> _Found:
    bound, inner = module_logging.read_payload(text)
    return _Found([calls.facts(call) for call in bound], inner, [], [], "", decode_level(text))
