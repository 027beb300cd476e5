"""What search-time extraction depends on besides its own settings: macros, and the rows of lookups."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from caltrop.dialect.words import truth
from caltrop.knowledge.configuration import MergedStanza

_CALL = re.compile(r"`\s*([^`(\s=<>!\",]+)")  # behind any backtick, closing ones too: too many names do no harm
_LOOKUP = re.compile(r"\b(?:input)?lookup\b", re.IGNORECASE)
Definitions = dict[str, dict[str, str]]  # stanza -> settings
# What makes a search expression depend on the moment: time modifiers, and searches inside it.
_MOMENT = re.compile(
    r"\b_?(?:index_)?(?:earliest|latest)\s*=|\b(?:start|end)time\w*\s*=|\b\w+ago\s*=|\bsearchtimespan\w+\s*=|\[",
    re.IGNORECASE,
)
_DATED = re.compile(r"%[YysFcxDG]")  # a strptime format that says its year


@dataclass(frozen=True, slots=True)
class Functions:
    """Eval functions whose value depends on more than their arguments (the engine knows which)."""

    clock: frozenset[str] = frozenset()  # on the moment, or on chance
    today: frozenset[str] = frozenset()  # on the date, where their format leaves it out
    zone: frozenset[str] = frozenset()  # on the time zone

    def read_clock(self, expression: str) -> bool:
        """Whether an eval expression may have another value at another moment. Too often yes costs time, nothing else."""
        used = _called(expression)
        return not used.isdisjoint(self.clock) or (not used.isdisjoint(self.today) and not _DATED.search(expression))

    def read_zone(self, expression: str) -> bool:
        return not _called(expression).isdisjoint(self.zone)


@lru_cache(maxsize=4096)
def _called(expression: str) -> frozenset[str]:
    """The functions that an eval expression may call, in lower case."""
    return frozenset(_FUNCTION.findall(expression.lower()))


_FUNCTION = re.compile(r"\b([a-z_]\w*)\s*\(")


def searches_clock(text: str, stanzas: Mapping[str, MergedStanza], functions: Functions) -> bool:
    """Whether a search expression may match other rows at another moment: by itself, or by a macro that it uses."""
    if _MOMENT.search(text):
        return True
    return "`" in text and any(
        bool(_MOMENT.search(settings.get("definition", ""))) or functions.read_clock(settings.get("definition", ""))
        for settings in macros([text], stanzas).values()
    )


def macros(texts: Iterable[str], stanzas: Mapping[str, MergedStanza]) -> Definitions:
    """The macros that these searches may use, directly or through one another, whatever their number of arguments.

    All of them where the name of one is put together at run time: by an argument, or by an eval expression.
    """
    by_name: dict[str, list[str]] = {}
    for stanza in stanzas:
        by_name.setdefault(stanza.partition("(")[0], []).append(stanza)
    found: Definitions = {}
    queue = [name for text in texts for name in _CALL.findall(text)]
    while queue:
        name = queue.pop()
        if "$" in name:
            return {stanza: merged.values() for stanza, merged in stanzas.items()}
        for stanza in by_name.get(name, ()):
            if stanza in found:
                continue
            found[stanza] = stanzas[stanza].values()
            if truth(stanzas[stanza].get("iseval")):
                queue.append("$")
            queue += _CALL.findall(stanzas[stanza].get("definition"))
    return found


def reads_lookups(values: Iterable[str | Mapping[str, str]]) -> bool:
    """Whether an expression (or a macro's settings) may read a lookup that no setting names."""
    return any(_names_lookup(value if isinstance(value, str) else repr(value)) for value in values)


@lru_cache(maxsize=4096)
def _names_lookup(text: str) -> bool:
    return _LOOKUP.search(text) is not None


def mark(path: Path) -> tuple[str, int, int, int] | None:
    """Changes with the content of a file; None where there is none."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return str(path), stat.st_ino, stat.st_mtime_ns, stat.st_size


def digest(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()
