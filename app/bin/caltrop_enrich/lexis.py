"""The words of Windows PowerShell 5.1: classes of characters, patterns of tokens, and what single tokens mean (about_Parsing,
about_Quoting_Rules, about_Operator_Precedence)."""

from __future__ import annotations

import re
from typing import Dict, Tuple

# PowerShell takes typographic quotes and dashes for the plain ones.
SQ = "'\u2018\u2019\u201a\u201b"
DQ = '"\u201c\u201d\u201e'
DASH = "\\-\u2013\u2014\u2015"
DASHES = frozenset("-\u2013\u2014\u2015")
DIGITS = frozenset("0123456789")
QUOTES = frozenset(SQ + DQ)

# Windows PowerShell 5.1 writes event 4104, and its escapes these are: `e is e there, and `u{41} is u{41}.
_ESCAPES = {"0": "\0", "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
ESCAPE = re.compile(r"`(\r\n|.)", re.DOTALL)

_COMMENT = r"\#[^\r\n]*|<\#(?:[^#]|\#(?!>))*(?:\#>|\Z)"
SPACE = re.compile(rf"(?:[^\S\r\n]|\0|`(?:\r\n|\r|\n)|{_COMMENT})*")
SPACE_AND_LINES = re.compile(rf"(?:\s|\0|`(?:\r\n|\r|\n)|{_COMMENT})*")
BETWEEN = re.compile(rf"(?:[\s;\0]|`(?:\r\n|\r|\n)|{_COMMENT})*")
COMMENTS = re.compile(_COMMENT)

SINGLE = re.compile(rf"[{SQ}][^{SQ}]*(?:[{SQ}]{{2}}[^{SQ}]*)*(?:[{SQ}]|\Z)")
DOUBLED = re.compile(rf"[{SQ}]{{2}}")
HERE = re.compile(rf"@([{SQ}{DQ}])[^\S\r\n]*(?:\r\n|\r|\n)")
HERE_END = {
    "'": re.compile(rf"(?:\r\n|\r|\n)[{SQ}]@"),
    '"': re.compile(rf"(?:\r\n|\r|\n)[{DQ}]@"),
}
PLAIN = re.compile(rf"[^{DQ}`$]*")
PLAIN_HERE = re.compile(r"[^`$]*")
VARIABLE = re.compile(r"\$(?:\{([^{}\r\n]{0,256})\}|((?:\w+:(?=\w))?\w+|[$?^]))")
_SCOPE = re.compile(r"(\w+):(?=.)")
_PLAIN_SCOPES = frozenset(("global", "local", "script", "private", "using", "variable"))

_BARE = rf"\s\0{SQ}{DQ}`$(){{}};|&,<>"
WORD_PIECE = re.compile(rf"(?:[^{_BARE}]|`(?![\r\n]).)+", re.DOTALL)
NAMED = re.compile(rf"[{DASH}][A-Za-z_?](?:[^{_BARE}.\[:]|`(?![\r\n]).)*(:?)", re.DOTALL)
SPLAT = re.compile(r"@([A-Za-z_?]\w*)")
REDIRECT = re.compile(r"(?:[1-6*])?>>?(?:&[12])?|<")
NUMBER = re.compile(
    r"(?:0[xX]([0-9A-Fa-f]{1,16})|([0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,3}))?)"
    r"(?:[lLdD])?([kKmMgGtTpP][bB])?(?![\w])"
)
SCALE = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50}
TYPE = re.compile(r"\[\s*([A-Za-z_][\w.+`]*(?:\s*\[[\w.,\s\[\]]*\])?)\s*\]")
ATTRIBUTE = re.compile(rf"\[(?:[^\[\]{SQ}{DQ}]|[{SQ}][^{SQ}]*[{SQ}]|[{DQ}][^{DQ}]*[{DQ}]|\[[^\[\]]*\]){{0,2000}}\]")
BINDING = re.compile(
    r"\[\s*(?:CmdletBinding|Alias|OutputType|Diagnostics)[\w.]*\([^\[\]{}]{0,2000}\)\s*\]", re.IGNORECASE
)
ALIAS = re.compile(r"\[alias\(([^()]{0,512})\)\]")  # in lower case
NAME = re.compile(r"\w+")
POSITION = re.compile(r"[(,\s]position\s*=\s*(\d{1,3})")
FED = re.compile(r"valuefrompipeline(?!\w)(?!\s*=\s*\$false)")
SPACED_METHOD = re.compile(r"[ \t]+\w+[ \t]*\(")  # `$x. Create(…)`
MEMBER = re.compile(r"(?:\w|`[^\r\n])+")
KEYWORD = re.compile(r"([A-Za-z]+)(?![\w\-.\\/:\[])")
OPERATOR = re.compile(rf"[{DASH}]([A-Za-z]+)(?![\w])")
ASSIGN = re.compile(r"(?:[-+*/%]|\?\?)?=")

_LEVELS: Tuple[Tuple[str, ...], ...] = (
    ("and", "or", "xor"),
    ("band", "bor", "bxor", "shl", "shr"),
    ("eq", "ne", "ge", "gt", "lt", "le", "like", "notlike", "match", "notmatch", "replace", "contains", "notcontains",
     "in", "notin", "split", "join", "is", "isnot", "as"),
    ("+", "-"),
    ("*", "/", "%"),
    ("f",),
    ("..",),
)  # fmt: skip
LEVEL: Dict[str, int] = {name: level for level, names in enumerate(_LEVELS) for name in names}
LEVEL.update({prefix + name: 2 for name in _LEVELS[2] for prefix in "ci" if name not in ("is", "as", "isnot")})
LEVEL.update({"shl": 1, "shr": 1})
UNARY = frozenset(("not", "bnot", "join", "split", "csplit", "isplit"))
STOPS = frozenset("\r\n;|)}")
STARTS = frozenset("$(@[{") | QUOTES | DIGITS


def unescape(text: str) -> str:
    """Backtick escapes of a bare word or an expandable string."""
    if "`" not in text:
        return text
    return ESCAPE.sub(unescape_one, text)


def unescape_one(found: "re.Match[str]") -> str:
    """What one escape stands for: a line continued is nothing."""
    char = found.group(1)
    return "" if char in ("\n", "\r", "\r\n") else _ESCAPES.get(char, char)


def variable_name(text: str) -> Tuple[str, str]:
    """`$Script:Host`, `${host}` -> scope and name, lower case; scopes that only say where a variable lives are ""."""
    name = unescape(text[1:]) if "`" in text else text[1:]
    if name[:1] == "{":
        name = name[1:].rstrip("}")
    name = name.lower()
    scope = _SCOPE.match(name) if ":" in name else None
    if not scope:
        return "", name
    where = scope.group(1)
    return ("" if where in _PLAIN_SCOPES else where), name[scope.end() :]


def number(found: "re.Match[str]") -> "int | float":
    """The value of what NUMBER found."""
    digits, plain, exponent, scale = found.groups()
    value: "int | float"
    if digits:
        value = int(digits, 16)
    elif "." in plain or exponent:
        value = float(plain + ("e" + exponent if exponent else ""))
    else:
        value = int(plain[:20])
    return value * SCALE[scale[0].lower()] if scale else value
