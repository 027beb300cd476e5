"""What is seen in the text of a search before it is parsed: typographic marks where ASCII ones are meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from caltrop.analysis.mistake import Found
from caltrop.spl.ast import Span

_OPAQUE = re.compile(r'"(?:[^"\\]|\\.)*+"|```.*?```', re.DOTALL)
_DOUBLE, _SINGLE = "“”„‟«»〝〞＂", "‘’‚‛＇"
_QUOTE = re.compile(f"[{_DOUBLE}{_SINGLE}]")
# At the start of a word, or by itself: inside a word it may be part of a name.
_DASH = re.compile(r"(?<![^\s=(,|])[‐‑‒–—―−](?=[\w@.*\"'(\s]|$)")


def plain(text: str) -> str:
    """The text with strings and comments blanked out, so that offsets stay."""
    return _OPAQUE.sub(lambda found: " " * len(found[0]), text)


def typography(text: str) -> Iterator[Found]:
    """Quotes and dashes of a word processor, outside of strings (`text` comes from `plain`)."""
    for found in _QUOTE.finditer(text):
        at, mark = found.start(), found[0]
        if mark in _SINGLE and text[at - 1 : at].isalpha() and text[at + 1 : at + 2].isalpha():
            continue  # an apostrophe
        ascii_mark = '"' if mark in _DOUBLE else "'"
        yield Found(
            Span(at, at + 1), f"{mark} is a typographic quote, which quotes nothing in SPL", f"write {ascii_mark}"
        )
        return  # the others come in its train
    for found in _DASH.finditer(text):
        at = found.start()
        yield Found(Span(at, at + 1), f"{found[0]} is a typographic dash, which is no minus in SPL", "write -")
        return
