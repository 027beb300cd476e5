"""Scripts that are written in special characters alone, as obfuscators do: what cannot be read of them is said.

Nobody writes code without a letter, or names variables `${;}`; numbers, tables of data, `$_`, `$?` and `{ }` are no such thing.
"""

from __future__ import annotations

import re
from typing import Iterable

_FEWEST = 32  # special characters of a script without a letter; fewer are a separator, or `1..9 | % { "$($_ * 2)" }`
_SPECIAL = re.compile(r"[^\w\s]")
_USED = re.compile(r"\$[^\d\s]|&")  # a variable, an expression in a text, a call: not prices, not a drawn line
_FIRST = 64  # characters that are looked at before all are
_LONGEST = 32  # characters of such a name
_MOST = 8  # names that are said


def letterless(text: str) -> bool:
    """Whether no letter with cases stands in a text."""
    first = text[:_FIRST]
    return first.lower() == first.upper() and text.lower() == text.upper()


def wordless(text: str) -> bool:
    """Whether a script is one, and has no word in it."""
    return letterless(text) and bool(_USED.search(text)) and len(_SPECIAL.findall(text)) >= _FEWEST


def symbolic(name: str) -> bool:
    """Whether a variable's name holds neither letter nor digit nor `_`."""
    if name[:1].isalnum() or name[:1] == "_" or len(name) > _LONGEST:
        return False
    return all(not one.isalnum() and one != "_" for one in name)


def described(names: Iterable[str]) -> str:
    """What is said of a script, by its variables."""
    return " ".join(["${" + name + "}" for name in names][:_MOST])
