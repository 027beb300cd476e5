"""What search-time extraction depends on besides its own settings: macros, and the rows of lookups."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from caltrop.knowledge.conffile import truth
from caltrop.knowledge.configuration import MergedStanza

_CALL = re.compile(r"`\s*([^`(\s=<>!\",]+)")  # behind any backtick, closing ones too: too many names do no harm
_LOOKUP = re.compile(r"\b(?:input)?lookup\b", re.IGNORECASE)
Definitions = dict[str, dict[str, str]]  # stanza -> settings


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
    return any(_LOOKUP.search(value if isinstance(value, str) else repr(value)) for value in values)


def mark(path: Path) -> tuple[str, int, int, int] | None:
    """Changes with the content of a file; None where there is none."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return str(path), stat.st_ino, stat.st_mtime_ns, stat.st_size


def digest(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()
