"""Text -> tokens, by PowerShell's lexical rules (about_Parsing, about_Quoting_Rules, about_Special_Characters).

One mode serves commands and expressions: a word is a run of what may stand in a bare argument, and the parser joins
tokens that touch. Every rule is linear in the text; an unterminated string or comment runs to the end.
"""

from __future__ import annotations

import re
from typing import List, NamedTuple

from .limits import MAX_STRING_DEPTH, MAX_TOKENS

# PowerShell takes typographic quotes and dashes for the plain ones.
SQ = "'\u2018\u2019\u201a\u201b"
DQ = '"\u201c\u201d\u201e'
DASH = "\\-\u2013\u2014\u2015"

_SPECIAL = rf"\s\0{SQ}{DQ}`$(){{}};|&,<>"

_TOKEN = re.compile(
    rf"""
    (?P<space>[^\S\r\n]+|`(?:\r\n|\r|\n)|\0+)
  | (?P<newline>[\r\n]+)
  | (?P<redirect>[1-6*]?>>?(?:&[12])?|<)
  | (?P<param>[{DASH}][A-Za-z_?](?:[^{_SPECIAL}.\[:]|`[^\r\n])*:?)
  | (?P<op>[+]?=|[+](?![=]))
  | (?P<splat>@[A-Za-z_?][\w:]*)
  | (?P<word>(?:[^{_SPECIAL}@\#=+]|`[^\r\n])[^{_SPECIAL}=]*(?:`[^\r\n][^{_SPECIAL}=]*)*)
  | (?P<var>\$(?:\{{[^}}]*\}}|\w+(?:::?\w+)?|[$?^]))
  | (?P<single>[{SQ}][^{SQ}]*(?:[{SQ}]{{2}}[^{SQ}]*)*[{SQ}](?![{SQ}]))
  | (?P<double>[{DQ}][^{DQ}`$]*(?:(?:`.|[{DQ}]{{2}}|\$(?!\())[^{DQ}`$]*)*[{DQ}](?![{DQ}]))
  | (?P<open>[@$]\(|@\{{|[({{])
  | (?P<close>[)}}])
  | (?P<end>;|\|\|?|&&?)
  | (?P<comma>,)
  | (?P<comment>\#[^\r\n]*)
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_HERE = re.compile(rf"@([{SQ}{DQ}])[^\S\r\n]*(?:\r\n|\r|\n)")
_HERE_END = {
    "'": re.compile(rf"(?:\r\n|\r|\n)[{SQ}]@"),
    '"': re.compile(rf"(?:\r\n|\r|\n)[{DQ}]@"),
}
_IN_STRING = re.compile(rf"[{DQ}`$]")
_IN_CODE = re.compile(rf"[{SQ}{DQ}()`]")
_SINGLE = re.compile(rf"[{SQ}][^{SQ}]*[{SQ}]")


class Tokens(NamedTuple):
    """Parallel lists, one entry a token; white space and comments are left out.

    `partner[i]` is the bracket that closes (or opens) the one at i; `len(kinds)` where one is never closed, -1 where i
    is no bracket or closes nothing.
    """

    text: str
    kinds: List[str]
    starts: List[int]
    ends: List[int]
    partner: List[int]
    complete: bool

    def source(self, first: int, last: int) -> str:
        """The text of tokens first..last-1 as it was written."""
        if first >= last:
            return ""
        return self.text[self.starts[first] : self.ends[last - 1]]


def tokenize(text: str) -> Tokens:
    """Cut a script into tokens. `complete` is false when it holds more than MAX_TOKENS."""
    kinds: List[str] = []
    starts: List[int] = []
    ends: List[int] = []
    partner: List[int] = []
    brackets: List[int] = []
    match = _TOKEN.match
    pos, length = 0, len(text)
    while pos < length:
        found = match(text, pos)
        kind, end = (found.lastgroup, found.end()) if found else ("other", pos + 1)
        if kind == "space" or kind == "comment":
            pos = end
            continue
        if kind == "redirect" and text.startswith("<#", pos):
            stop = text.find("#>", pos + 2)
            pos = length if stop < 0 else stop + 2
            continue
        if kind == "other":
            kind, end = _quoted(text, pos, length)
        if len(kinds) >= MAX_TOKENS:
            return _finish(text, kinds, starts, ends, partner, brackets, False)
        partner.append(-1)
        if kind == "open":
            brackets.append(len(kinds))
        elif kind == "close" and brackets:
            opener = brackets.pop()
            partner[opener], partner[-1] = len(kinds), opener
        kinds.append(kind or "other")
        starts.append(pos)
        ends.append(end)
        pos = end
    return _finish(text, kinds, starts, ends, partner, brackets, True)


def _finish(text, kinds, starts, ends, partner, brackets, complete):  # type: ignore[no-untyped-def]
    for index in brackets:  # never closed: they reach to the end
        partner[index] = len(kinds)
    return Tokens(text, kinds, starts, ends, partner, complete)


def _quoted(text: str, pos: int, length: int) -> "tuple[str, int]":
    """The tokens that one expression cannot find: here-strings, strings with $( ) inside, unterminated ones."""
    here = _HERE.match(text, pos)
    if here:
        single = here.group(1) in SQ
        stop = _HERE_END["'" if single else '"'].search(text, here.end() - 1)
        return ("here_single" if single else "here_double"), (stop.end() if stop else length)
    char = text[pos]
    if char in DQ:
        return "double", end_of_expandable(text, pos)
    if char in SQ:
        return "single", length
    return "other", pos + 1


def end_of_expandable(text: str, pos: int, opener: str = '"') -> int:
    """Where the expandable string (or, with opener "(", the $( ) ) that starts at `pos` ends; the end of text if never."""
    stack = [opener]
    pos += 1
    while stack and len(stack) <= MAX_STRING_DEPTH:
        in_string = stack[-1] == '"'
        found = (_IN_STRING if in_string else _IN_CODE).search(text, pos)
        if not found:
            return len(text)
        char, pos = found.group(), found.end()
        if char == "`":
            pos += 1
        elif char == "$":
            if text.startswith("(", pos):
                stack.append("(")
                pos += 1
        elif char == "(":
            stack.append("(")
        elif char == ")":
            stack.pop()
        elif char in SQ:
            closed = _SINGLE.match(text, found.start())
            pos = closed.end() if closed else len(text)
        elif not in_string:
            stack.append('"')
        elif pos < len(text) and text[pos] in DQ:
            pos += 1
        else:
            stack.pop()
    return len(text) if stack else pos
