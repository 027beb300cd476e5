"""Words that mean true and false to Splunk."""

from __future__ import annotations

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
