"""Tokens: `$name$` in a view, with a filter after `|`; `$$` is a dollar sign.

Filters: `s` puts the value in quotes for a search, `u` encodes it for a URL, `h` escapes HTML, `n` does nothing, where a place would
escape by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape
from urllib.parse import quote

# A name has no space in front, so that a price in a text is no token; fields of a row may have spaces inside.
TOKEN = re.compile(r"\$\$|\$([^\s$|][^$|\n]*?)(?:\|([a-z]))?\$")
FILTERS: dict[str, Callable[[str], str]] = {
    "s": lambda value: '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"',
    "u": lambda value: quote(value, safe=""),
    "h": lambda value: escape(value, quote=True),
    "n": lambda value: value,
}


def names(text: str) -> list[str]:
    """The tokens that a text uses, without their filters, each once, in order."""
    return list(dict.fromkeys(m[1] for m in TOKEN.finditer(text) if m[1]))


def fill(text: str, values: Mapping[str, str], by_default: str = "n") -> str | None:
    """The text with values for its tokens; None where one has none: then Splunk waits. `by_default`: the place's own filter."""
    missing = [name for name in names(text) if name not in values]
    if missing:
        return None

    def value(match: re.Match[str]) -> str:
        if match[1] is None:
            return "$"
        return FILTERS.get(match[2] or by_default, FILTERS["n"])(values[match[1]])

    return TOKEN.sub(value, text)
