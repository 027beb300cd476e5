"""Words and names: what means true, how SPL quotes text, what `*` in a name stands for, and the nearest name to a wrong one."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Settings and arguments of the REST API: what splunkd takes and writes, roles' capabilities included.
_WORDS = {
    **dict.fromkeys(("1", "true", "t", "yes", "y", "on", "enabled", "enable"), True),
    **dict.fromkeys(("0", "false", "f", "no", "n", "off", "disabled", "disable"), False),
}
# Options of search commands. The Search Reference names t, true and 1 with f, false and 0, and says "other variations".
_OPTIONS = {word: _WORDS[word] for word in ("1", "true", "t", "yes", "y", "0", "false", "f", "no", "n")}


def known_truth(text: str) -> bool | None:
    """What a setting's or an argument's text means, in any case, space around it aside; None for any other text."""
    return _WORDS.get(text.strip().lower())


def truth(text: str | None, default: bool = False) -> bool:
    """As `known_truth`; no text and any other text mean the default."""
    known = known_truth(text or "")
    return default if known is None else known


def option_truth(text: str) -> bool | None:
    """What the value of a search command's option means, in any case; None for any other text."""
    return _OPTIONS.get(text.lower())


# --- quoting


def quoted(text: str) -> str:
    """Text as a string of SPL, in double quotes (Search Manual, "Quotes and escaping characters")."""
    return f'"{escaped(text)}"'


def escaped(text: str) -> str:
    """Text as it stands between double quotes."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


_ESCAPE = re.compile(r'\\(["\\])')


def unescaped(text: str) -> str:
    r"""What stands between double quotes as text: \" and \\ stand for " and \; any other backslash for itself."""
    return _ESCAPE.sub(r"\1", text) if "\\" in text else text


# --- names


def fits(pattern: str, name: str) -> bool:
    """Whether a name is one that the pattern means: `*` stands for any text, every other character for itself.

    Case counts. For names of fields, indexes, roles and the like; time grows with the lengths, whatever the pattern.
    """
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == name
    last = rest.pop()
    if len(name) < len(first) + len(last) or not name.startswith(first) or not name.endswith(last):
        return False
    at, end = len(first), len(name) - len(last)
    for part in rest:
        found = name.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def starred(pattern: str, name: str) -> tuple[str, ...] | None:
    """What each `*` of the pattern stands for in a name that it means, the first ones for as much as possible; else None."""
    if not fits(pattern, name):
        return None
    first, *rest = pattern.split("*")
    found: list[str] = []
    end = len(name)  # each part of the pattern stands as far to the right as it can, the last one at the end
    for number, part in enumerate(reversed(rest)):
        at = name.rfind(part, len(first), end) if number else end - len(part)
        if number:
            found.append(name[at + len(part) : end])
        end = at
    return (*reversed([*found, name[len(first) : end]]),) if rest else ()


SIMILAR = 0.6  # of the letters of a name and of a wrong one, so many must be alike for the one to be meant by the other
_LONGEST = 100  # more letters of a wrong name are not looked at: likeness takes time by the square


def likeness(one: str, other: str) -> float:
    """Between 0 (nothing in common) and 1 (the same)."""
    import difflib

    return difflib.SequenceMatcher(None, one[:_LONGEST], other).ratio()


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like this one (one that differs in case only, if any), or None when none is."""
    import difflib  # takes long to import, and is wanted only when something is wrong

    names = list(known)
    folded = name.casefold()
    same = next((one for one in names if one.casefold() == folded), None)
    if same is not None:
        return same
    close = difflib.get_close_matches(name[:_LONGEST], names, 1, SIMILAR)
    return close[0] if close else None


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A hint with the nearest known name, or None when none is near."""
    near = nearest(name, known)
    return None if near is None else f"did you mean {near!r}?"
