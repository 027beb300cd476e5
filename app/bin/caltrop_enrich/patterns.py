"""Regular expressions of scripts: those whose time is known before they run, and only those.

The pattern is the attacker's and so is the text, and Python's matcher backtracks. Accepted are literals, classes and groups without
repetition, and repetition of single characters. Where `+ * ?` end an alternative nothing is ever tried twice at one place, and the time
is linear in the text; each that stands elsewhere multiplies it by the text's length, which is paid for, and refused where it is too
much. None stands for every other pattern: its result is not known.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import List, Match, Optional, Pattern, Tuple

from .values import Budget

_MAX_PATTERN = 512
_MAX_INNER = 4
_LONGEST_TEXT = 4096  # characters of a text for a pattern that is not linear
_STEPS = 8  # of the matcher, as a power of two, for a step of the evaluation
_MAX_STEPS = 20_000  # of the evaluation, for one text
_NAME_OF_GROUP = re.compile(r"\(\?<(?=[A-Za-z_]\w{0,30}>)")
_MAX_FORKS = 2  # groups with alternatives: each doubles what may be tried
_ATOM = re.compile(
    r"\\(?:[dwsDWSbtnrfvae.\\/\-+*?(){}\[\]|^$#'\"`,:;=<>!@%&_~ ]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4})"
    r"|\[\^?\]?(?:\\.|[^\]\\\[])*\]|[^\\\[\](){}|*+?]",
    re.DOTALL,
)
_REPEAT = re.compile(r"\{(\d{1,2})\}")
_OPEN_REPEAT = re.compile(r"(?:[+*?]|\{\d{1,4},\d{0,4}\})\??")
_CHUNKS = re.compile(r"\(\?<=\\G(?:(\.{1,16})|\.\{(\d{1,3})\})\)\Z")
_REFERENCE = re.compile(r"\$(?:(\d)|\{(\d)\}|([$&]))")


def compiled(pattern: str, ignore_case: bool, length: int, budget: Budget) -> Optional[Pattern[str]]:
    """The pattern compiled, if what it takes over a text of this length can be paid; else None. Raises WorkExceeded."""
    found, inner = _compiled(pattern, ignore_case)
    if found is None or not inner:
        return found
    if inner > _MAX_INNER or length > _LONGEST_TEXT:
        return None
    steps = (1 + pattern.count("|")) * length ** (inner if pattern.startswith("^") else inner + 1) >> _STEPS
    if steps > _MAX_STEPS:
        return None
    budget.spend(steps)
    return found


@lru_cache(maxsize=256)
def _compiled(pattern: str, ignore_case: bool) -> Tuple[Optional[Pattern[str]], int]:
    """The pattern, and how many open repetitions it has before the end of an alternative."""
    if len(pattern) > _MAX_PATTERN:
        return None, 0
    flags = re.IGNORECASE if ignore_case else 0
    if pattern.startswith("(?i)"):
        pattern, flags = pattern[4:], re.IGNORECASE
    inner = _inner_repeats(pattern)
    if inner is None:
        return None, 0
    try:
        own = _NAME_OF_GROUP.sub("(?P<", pattern.replace("\\e", "\x1b").replace("\\/", "/"))
        return re.compile(own, flags), inner
    except (re.error, OverflowError, RecursionError):
        return None, 0


def _inner_repeats(pattern: str) -> Optional[int]:
    """The open repetitions that do not end an alternative; None for what is not accepted at all."""
    pos, depth, forks, inner = 0, 0, 0, 0
    forked: List[bool] = []
    while pos < len(pattern):
        char = pattern[pos]
        if char == "(":
            if pattern.startswith("(?", pos):
                named = _NAME_OF_GROUP.match(pattern, pos)
                if not named and not pattern.startswith("(?:", pos):
                    return None
                pos = pattern.index(">", pos) if named else pos + 2
            forked.append(False)
            depth += 1
            pos += 1
        elif char == ")":
            if not forked:
                return None
            forks += forked.pop()
            depth -= 1
            pos += 1
            if pos < len(pattern) and pattern[pos] in "+*?{":
                return None
        elif char == "|":
            if forked:
                forked[-1] = True
            pos += 1
        else:
            atom = _ATOM.match(pattern, pos)
            if not atom:
                return None
            pos = atom.end()
            counted = _REPEAT.match(pattern, pos)
            if counted:
                pos = counted.end()
            elif _OPEN_REPEAT.match(pattern, pos):
                repeat = _OPEN_REPEAT.match(pattern, pos)
                pos = repeat.end() if repeat else pos
                # The end of an alternative of the whole pattern, or of its one group.
                rest = pattern[pos:]
                inner += not (rest == "" or (depth == 0 and rest[0] == "|") or rest == ")")
    return inner if depth == 0 and forks <= _MAX_FORKS else None


def chunk_size(pattern: str) -> int:
    """How long the pieces are that `(?<=\\G..)` cuts a text into; 0 for any other pattern."""
    found = _CHUNKS.match(pattern)
    if not found:
        return 0
    return len(found.group(1)) if found.group(1) else int(found.group(2))


def filled(replacement: str, match: Match[str]) -> str:
    """A replacement with its `$1`, `${1}`, `$&` and `$$` filled in."""
    if "$" not in replacement:
        return replacement

    def one(found: Match[str]) -> str:
        number = found.group(1) or found.group(2)
        if number:
            try:
                return match.group(int(number)) or ""
            except IndexError:
                return found.group()
        return "$" if found.group(3) == "$" else match.group()

    return _REFERENCE.sub(one, replacement)


def like(pattern: str) -> Optional[Pattern[str]]:
    """A wildcard pattern (`*`, `?`, `[a-z]`), as an expression that matches whole short names; None where it is too long."""
    if len(pattern) > 64 or pattern.count("*") > 8:
        return None
    parts: List[str] = []
    pos = 0
    while pos < len(pattern):
        char = pattern[pos]
        pos += 1
        if char == "*":
            if parts[-1:] != [".*"]:
                parts.append(".*")
        elif char == "?":
            parts.append(".")
        elif char == "[" and "]" in pattern[pos:]:
            stop = pattern.index("]", pos)
            inside = pattern[pos:stop].replace("\\", "\\\\").replace("^", "\\^").replace("[", "\\[")
            parts.append("[" + inside + "]")
            pos = stop + 1
        elif char == "`" and pos < len(pattern):
            parts.append(re.escape(pattern[pos]))
            pos += 1
        else:
            parts.append(re.escape(char))
    try:
        return re.compile("".join(parts) + r"\Z", re.IGNORECASE | re.DOTALL)
    except re.error:
        return None
