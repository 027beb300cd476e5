"""Text -> tokens, by PowerShell's lexical rules (about_Parsing, about_Quoting_Rules, about_Special_Characters).

One mode serves commands and expressions: a word is a run of what may stand in a bare argument, and the parser joins
tokens that touch. Every rule is linear in the text; an unterminated string or comment runs to the end.
"""

from __future__ import annotations

import re
from typing import List, NamedTuple, Tuple

from .limits import MAX_STRING_DEPTH, MAX_TOKENS, MAX_VALUE

# PowerShell takes typographic quotes and dashes for the plain ones.
SQ = "'\u2018\u2019\u201a\u201b"
DQ = '"\u201c\u201d\u201e'
DASH = "\\-\u2013\u2014\u2015"

_SPECIAL = rf"\s\0{SQ}{DQ}`$(){{}};|&,<>"

_TOKEN = re.compile(
    rf"""
  [^\S\r\n]*(?:
    (?P<newline>[\r\n]+)
  | (?P<redirect>[1-6*]?>>?(?:&[12])?|<)
  | (?P<param>[{DASH}][A-Za-z_?][^{_SPECIAL}.\[:]*(?:`[^\r\n][^{_SPECIAL}.\[:]*)*:?)
  | (?P<op>[+]?=|[+](?![=]))
  | (?P<splat>@[A-Za-z_?][\w:]*)
  | (?P<word>(?:[^{_SPECIAL}@\#=+]|`[^\r\n])[^{_SPECIAL}=]*(?:`[^\r\n][^{_SPECIAL}=]*)*)
  | (?P<var>\$(?:\{{[^{{}}\r\n]{{1,256}}\}}|\w+(?:::?\w+)?|[$?^]))
  | (?P<single>[{SQ}][^{SQ}]*(?:[{SQ}]{{2}}[^{SQ}]*)*[{SQ}](?![{SQ}]))
  | (?P<double>[{DQ}][^{DQ}`$]*(?:(?:`.|[{DQ}]{{2}}|\$(?!\())[^{DQ}`$]*)*[{DQ}](?![{DQ}]))
  | (?P<open>[@$]\(|@\{{|[({{])
  | (?P<close>[)}}])
  | (?P<end>;|\|\|?|&&?)
  | (?P<comma>,)
  | (?P<comment>\#[^\r\n]*|`(?:\r\n|\r|\n)|\0+)
  | (?P<other>\S)
  )
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
_SPECIAL_KINDS = frozenset(("comment", "other", "redirect"))


class Tokens(NamedTuple):
    """Parallel lists, one entry a token; white space and comments are left out.

    `partner[i]` is the bracket that closes (or opens) the one at i; `len(kinds)` where one is never closed, -1 where i
    is no bracket or closes nothing.
    """

    script: str
    kinds: List[str]
    texts: List[str]
    starts: List[int]
    ends: List[int]
    partner: List[int]
    complete: bool

    def kind(self, index: int) -> str:
        """The kind of a token, "" past the end."""
        return self.kinds[index] if index < len(self.kinds) else ""

    def text(self, index: int) -> str:
        """The text of a token, "" past the end."""
        return self.texts[index] if index < len(self.texts) else ""

    def source(self, first: int, last: int) -> str:
        """The text of tokens first..last-1 as it was written, cut at MAX_VALUE."""
        if first >= last:
            return ""
        start = self.starts[first]
        return self.script[start : min(self.ends[last - 1], start + MAX_VALUE)]

    def glued(self, index: int) -> bool:
        """Whether a token touches the one before it."""
        return 0 < index < len(self.kinds) and self.starts[index] == self.ends[index - 1]


def tokenize(script: str) -> Tokens:
    """Cut a script into tokens. `complete` is false when it holds more than MAX_TOKENS, which are all that is read."""
    script = script.rstrip()  # so that _TOKEN matches at every position it is tried at
    tokens = Tokens(script, [], [], [], [], [], True)
    pos = 0
    while pos < len(script) and len(tokens.kinds) < MAX_TOKENS:
        pos = _plain_tokens(tokens, pos)
        if pos < len(script):
            pos = _hard_token(tokens, pos)
    tokens.partner.extend([-1] * len(tokens.kinds))
    if "open" in tokens.kinds:
        _pair_brackets(tokens)
    return tokens if pos >= len(script) else tokens._replace(complete=False)


def _pair_brackets(tokens: Tokens) -> None:
    brackets: List[int] = []
    for index, kind in enumerate(tokens.kinds):
        if kind == "open":
            brackets.append(index)
            tokens.partner[index] = len(tokens.kinds)  # until it is closed
        elif kind == "close" and brackets:
            opener = brackets.pop()
            tokens.partner[opener], tokens.partner[index] = index, opener


def _plain_tokens(tokens: Tokens, pos: int) -> int:
    """Read on from `pos` for as long as one expression finds the tokens; where it does not, or the end."""
    add_kind, add_text = tokens.kinds.append, tokens.texts.append
    add_start, add_end = tokens.starts.append, tokens.ends.append
    room = MAX_TOKENS - len(tokens.kinds)
    for found in _TOKEN.finditer(tokens.script, pos):
        kind = found.lastgroup or ""
        if kind in _SPECIAL_KINDS:
            if kind == "comment":
                continue
            if kind == "other" or found.group(kind) == "<":
                return found.start(kind)
        room -= 1
        if room < 0:
            return found.start(kind)
        add_kind(kind)
        add_text(found[kind])
        add_start(found.start(kind))
        add_end(found.end())  # a token ends where its match does
    return len(tokens.script)


def _hard_token(tokens: Tokens, pos: int) -> int:
    """Read the one token at `pos` that takes more than an expression; where it ends."""
    script = tokens.script
    if script.startswith("<#", pos):
        stop = script.find("#>", pos + 2)
        return len(script) if stop < 0 else stop + 2
    kind, end = ("redirect", pos + 1) if script[pos] == "<" else _quoted(script, pos, len(script))
    tokens.kinds.append(kind)
    tokens.texts.append(script[pos:end])
    tokens.starts.append(pos)
    tokens.ends.append(end)
    return end


def _quoted(text: str, pos: int, length: int) -> Tuple[str, int]:
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
