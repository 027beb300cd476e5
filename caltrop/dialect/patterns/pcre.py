"""PCRE, the dialect of Splunk's conf files and of `rex`, on two engines.

A pattern is translated to Rust's regex (Polars, vectorised) where that can express it, and to Python's (`limits`) where it
cannot: look-around, back-references, atomic groups, possessive quantifiers. Character classes are ASCII, as in PCRE without UCP.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import polars as pl
import regex as backtracking

from caltrop.dialect.patterns.limits import Bounded, RegexError

_MAX_DEPTH = 80
_POSIX = {
    "alpha": "A-Za-z",
    "digit": "0-9",
    "alnum": "0-9A-Za-z",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\t\n\x0b\f\r ",
    "blank": r"\t ",
    "punct": r"!-/:-@\[-`{-~",
    "xdigit": "0-9A-Fa-f",
    "word": "0-9A-Za-z_",
    "cntrl": r"\x00-\x1f\x7f",
    "print": r"\x20-\x7e",
    "graph": r"\x21-\x7e",
}
_SHORT = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\x0b\f\r ", "h": r"\t ", "v": r"\n\x0b\f\r"}
_META = set("\\.+*?()|[]{}^$#&-~/")
_CONTROL = {"n": r"\n", "r": r"\r", "t": r"\t", "f": r"\f", "a": r"\x07", "e": r"\x1b"}


class _NotRust(Exception):
    """Only Python's engine can express this."""


@dataclass
class _Translator:
    """One pass over a pattern; `rust` chooses the dialect that is written."""

    pattern: str
    rust: bool
    at: int = 0
    depth: int = 0
    multiline: bool = False
    extended: bool = False
    names: list[str | None] = field(default_factory=list)
    leading_flags: str = ""

    def run(self) -> str:
        alternatives = self._alternatives()
        if self.at < len(self.pattern):
            raise RegexError(f"unmatched ')' at {self.at + 1} of {self.pattern!r}")
        body = "|".join(alternatives)
        return f"(?{self.leading_flags}){body}" if self.leading_flags else body

    def _peek(self, text: str) -> bool:
        return self.pattern.startswith(text, self.at)

    def _alternatives(self) -> list[str]:
        """The alternatives up to the `)` that ends this group or the end of the pattern."""
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise RegexError(f"groups nest deeper than {_MAX_DEPTH}")
        before = (self.multiline, self.extended)
        done: list[str] = []
        opened: list[str] = []  # flag groups opened for Python in the current alternative
        parts: list[str] = []
        while self.at < len(self.pattern) and self.pattern[self.at] != ")":
            if self._peek("|"):
                self.at += 1
                done.append("".join(parts) + ")" * len(opened))
                parts = list(opened)
                continue
            flags = self._inline_flags()
            if flags is not None:
                if self.rust:
                    parts.append(f"(?{flags})" if flags else "")
                elif flags:
                    if self.depth == 1 and not done and not parts and "-" not in flags:
                        self.leading_flags += flags
                    else:
                        parts.append(f"(?{flags}:")
                        opened.append(f"(?{flags}:")
                continue
            parts.append(self._piece())
        done.append("".join(parts) + ")" * len(opened))
        self.multiline, self.extended = before
        self.depth -= 1
        return done

    def _inline_flags(self) -> str | None:
        """`(?i)` and the like, consumed; None when there is none here."""
        found = re.compile(r"\(\?([imsxUJn]*(?:-[imsxn]+)?)\)").match(self.pattern, self.at)
        if not found:
            return None
        self.at = found.end()
        return self._set_flags(found.group(1))

    def _set_flags(self, letters: str) -> str:
        on, _, off = letters.partition("-")
        if "U" in on and not self.rust:
            raise RegexError("the (?U) flag together with look-around or back-references is not supported")
        self.multiline = ("m" in on or self.multiline) and "m" not in off
        self.extended = ("x" in on or self.extended) and "x" not in off
        on, off = on.replace("J", "").replace("n", ""), off.replace("n", "")
        return on + (f"-{off}" if off else "")

    def _piece(self) -> str:
        c = self.pattern[self.at]
        if c == "(":
            return self._quantified(self._group())
        if c == "[":
            return self._quantified(self._class())
        if c == "\\":
            return self._quantified(self._escape())
        self.at += 1
        if self.extended and c == "#":
            end = self.pattern.find("\n", self.at)
            self.at = len(self.pattern) if end < 0 else end + 1
            return ""
        if self.extended and c.isspace():
            return ""
        if c == "$" and self.rust and not self.multiline:
            return r"(?:\n?\z)"
        if c in "^$":
            return c
        if c == ".":
            return self._quantified(".")
        if c in "*+?":
            raise RegexError(f"nothing to repeat at {self.at} of {self.pattern!r}")
        return self._quantified(_literal(c))

    def _quantified(self, atom: str) -> str:
        if self.extended:
            while self.at < len(self.pattern) and self.pattern[self.at].isspace():
                self.at += 1
        found = re.compile(r"[*+?]|\{\d+(?:,\d*)?\}").match(self.pattern, self.at)
        if not found or not atom:
            return atom
        self.at = found.end()
        text = found.group()
        if self._peek("+"):
            if self.rust:
                raise _NotRust
            self.at += 1
            return f"{atom}{text}+"
        if self._peek("?"):
            self.at += 1
            return f"{atom}{text}?"
        return atom + text

    def _group(self) -> str:
        named = re.compile(r"\(\?(?:P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')").match(self.pattern, self.at)
        if named:
            self.at = named.end()
            name = named.group(1) or named.group(2)
            if name in self.names:
                raise RegexError(f"two groups are named {name!r}")
            self.names.append(name)
            return self._close(f"(?P<{name}>")
        if self._peek("(*"):
            raise RegexError(f"verbs such as {self.pattern[self.at : self.at + 12]!r} are not supported")
        if not self._peek("(?"):
            self.at += 1
            self.names.append(None)
            return self._close("(")
        if self._peek("(?#"):
            end = self.pattern.find(")", self.at)
            self.at = len(self.pattern) if end < 0 else end + 1
            return ""
        for look in ("(?<=", "(?<!", "(?=", "(?!", "(?>"):
            if self._peek(look):
                if self.rust:
                    raise _NotRust
                self.at += len(look)
                return self._look_behind(look) if "<" in look else self._close(look)
        flags = re.compile(r"\(\?([imsxUJn]*(?:-[imsxn]+)?):").match(self.pattern, self.at)
        if flags:
            self.at = flags.end()
            before = (self.multiline, self.extended)
            letters = self._set_flags(flags.group(1))
            text = self._close(f"(?{letters}:")
            self.multiline, self.extended = before
            return text
        back = re.compile(r"\(\?P=(\w+)\)").match(self.pattern, self.at)
        if back:
            self.at = back.end()
            return self._back_reference(f"(?P={back.group(1)})")
        conditional = re.compile(r"\(\?\((<?)(\w+)>?\)").match(self.pattern, self.at)
        if conditional and not self.rust:
            self.at = conditional.end()
            return self._close(f"(?({conditional.group(2)})")
        if conditional:
            raise _NotRust
        raise RegexError(f"not supported in a regular expression: {self.pattern[self.at : self.at + 8]!r}")

    def _body(self) -> list[str]:
        alternatives = self._alternatives()
        if not self._peek(")"):
            raise RegexError(f"missing ')' in {self.pattern!r}")
        self.at += 1
        return alternatives

    def _close(self, opening: str) -> str:
        return opening + "|".join(self._body()) + ")"

    def _look_behind(self, opening: str) -> str:
        """PCRE lets each alternative of a look-behind have its own length; Python wants one look-behind each."""
        alternatives = self._body()
        if len(alternatives) == 1 or opening == "(?<!":
            return "".join(f"{opening}{a})" for a in alternatives)
        return "(?:" + "|".join(f"{opening}{a})" for a in alternatives) + ")"

    def _back_reference(self, text: str) -> str:
        if self.rust:
            raise _NotRust
        return text

    def _escape(self) -> str:
        if self.at + 1 >= len(self.pattern):
            self.at += 1
            return r"\\"
        c = self.pattern[self.at + 1]
        self.at += 2
        if c in _SHORT or c.lower() in _SHORT:
            return f"[{'^' if c.isupper() else ''}{_SHORT[c.lower()]}]"
        if c in _CONTROL:
            return _CONTROL[c]
        if c == "Q":
            end = self.pattern.find(r"\E", self.at)
            text = self.pattern[self.at :] if end < 0 else self.pattern[self.at : end]
            self.at = len(self.pattern) if end < 0 else end + 2
            return "".join(_literal(x) for x in text)
        if c == "E":
            return ""
        if c in "bB":
            return rf"(?-u:\{c})" if self.rust else rf"\{c}"
        if c == "A":
            return r"\A"
        if c == "z":
            return r"\z" if self.rust else r"\Z"
        if c == "Z":
            return r"(?:\n?\z)" if self.rust else r"(?=\n?\Z)"
        if c == "R":
            return r"(?:\r\n|[\n\x0b\f\r])"
        if c == "N":
            return r"[^\n]"
        if c in "KGCX":
            raise RegexError(rf"\{c} is not supported in a regular expression")
        if c == "x":
            return _literal(self._hex())
        if c in "pP":
            return self._property(c)
        if c in "kg":
            found = re.compile(r"\{(-?\w+)\}|<(\w+)>|'(\w+)'|(\d+)").match(self.pattern, self.at)
            if not found:
                raise RegexError(rf"\{c} wants the name or number of a group")
            self.at = found.end()
            return self._back_reference(self._reference(next(g for g in found.groups() if g)))
        if c.isdigit():
            digits = re.compile(r"\d{0,2}").match(self.pattern, self.at)
            more = digits.group() if digits else ""
            if c == "0" or (len(more) == 2 and all(x in "01234567" for x in c + more)):
                self.at += len(more)
                return _literal(chr(int(c + more, 8)))
            take = more[:1] if c + more[:1] != "" and more and int(c + more[:1]) <= len(self.names) else ""
            self.at += len(take)
            return self._back_reference(self._reference(c + take))
        return _literal(c)

    def _reference(self, group: str) -> str:
        if group.lstrip("-").isdigit():
            number = int(group)
            return rf"(?:\{number if number > 0 else len(self.names) + 1 + number})"
        return f"(?P={group})"

    def _hex(self) -> str:
        found = re.compile(r"\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{1,2})").match(self.pattern, self.at)
        if not found:
            return "\x00"
        self.at = found.end()
        number = int(found.group(1) or found.group(2), 16)
        if number > 0x10FFFF:
            raise RegexError(f"no such character: \\x{{{number:x}}}")
        return chr(number)

    def _property(self, c: str) -> str:
        found = re.compile(r"\{\^?[A-Za-z_ ]+\}|[A-Z]").match(self.pattern, self.at)
        if not found:
            raise RegexError(rf"\{c} wants a Unicode property")
        if not self.rust:
            raise RegexError(rf"\{c}{found.group()} together with look-around or back-references is not supported")
        self.at = found.end()
        return rf"\{c}{found.group()}"

    def _class(self) -> str:
        """A bracket expression. Both engines need hyphens beside classes and stray brackets escaped."""
        self.at += 1
        negated = self._peek("^")
        self.at += negated
        items: list[str] = []
        excluded: list[str] = []  # \S, \D, \W inside: Python cannot nest classes
        ranged = False  # the last item may start a range
        first = True
        while self.at < len(self.pattern):
            c = self.pattern[self.at]
            if c == "]" and not first:
                self.at += 1
                return self._class_text(negated, items, excluded)
            first = False
            posix = re.compile(r"\[:(\^?)(\w+):\]").match(self.pattern, self.at)
            if posix and posix.group(2) in _POSIX:
                self.at = posix.end()
                (excluded if posix.group(1) else items).append(_POSIX[posix.group(2)])
                ranged = False
                continue
            if c == "-" and not (ranged and self._range_ahead()):
                self.at += 1
                items.append(r"\-")
                ranged = False
                continue
            if c == "-":
                self.at += 1
                items.append("-")
                text, _ = self._class_item(items, excluded)
                items.append(text)
                ranged = False
                continue
            text, ranged = self._class_item(items, excluded)
            items.append(text)
        raise RegexError(f"missing ']' in {self.pattern!r}")

    def _range_ahead(self) -> bool:
        following = self.pattern[self.at + 1 : self.at + 3]
        if following.startswith("]") or not following:
            return False
        return not (following[0] == "\\" and following[1:].lower() in {"d", "w", "s", "h"})

    def _class_item(self, items: list[str], excluded: list[str]) -> tuple[str, bool]:
        """One member, and whether a range may start with it."""
        c = self.pattern[self.at]
        self.at += 1
        if c != "\\" or self.at >= len(self.pattern):
            return (c if c.isalnum() or c in " _" or ord(c) > 126 else _class_literal(c)), True
        c = self.pattern[self.at]
        self.at += 1
        if c in _SHORT:
            return _SHORT[c], False
        if c.lower() in _SHORT:
            excluded.append(_SHORT[c.lower()])
            return "", False
        if c in _CONTROL:
            return _CONTROL[c], True
        if c == "b":
            return r"\x08", True
        if c == "x":
            return _class_literal(self._hex()), True
        if c in "pP":
            return self._property(c), False
        if c.isdigit():
            digits = re.compile(r"[0-7]{0,2}").match(self.pattern, self.at)
            more = digits.group() if digits else ""
            self.at += len(more)
            return _class_literal(chr(int(c + more, 8) if c < "8" else ord(c))), True
        if c == "E":
            return "", True
        return _class_literal(c), True

    def _class_text(self, negated: bool, items: list[str], excluded: list[str]) -> str:
        inside = "".join(items)
        if not excluded:
            if not inside:
                raise RegexError("an empty character class")
            return f"[{'^' if negated else ''}{inside}]"
        if self.rust:
            return f"[{'^' if negated else ''}{inside}{''.join(f'[^{e}]' for e in excluded)}]"
        if negated:  # not inside and in every excluded set
            ahead = "".join(f"(?=[{e}])" for e in excluded)
            return f"(?:{ahead}" + (f"[^{inside}])" if inside else r"[\x00-\U0010ffff])")
        return "(?:" + "|".join(([f"[{inside}]"] if inside else []) + [f"[^{e}]" for e in excluded]) + ")"


def _literal(c: str) -> str:
    if c in _META:
        return "\\" + c
    return c if c.isprintable() else f"\\x{ord(c):02x}" if ord(c) < 256 else c


def _class_literal(c: str) -> str:
    if c.isprintable():
        return "\\" + c if c in "\\]^-[&~|" else c
    return f"\\x{ord(c):02x}" if ord(c) < 256 else c


@dataclass(frozen=True)
class Regex:
    """A compiled pattern. `rust` is None where only Python's engine can run it; `names` has one entry a group."""

    pattern: str
    rust: str | None
    python_text: str
    names: tuple[str | None, ...]

    @cached_property
    def python(self) -> Bounded:
        try:
            return Bounded(self.python_text, self.pattern)
        except backtracking.error as error:
            raise RegexError(f"regular expression {self.pattern!r}: {error}") from error

    def matches(self, text: pl.Series) -> pl.Series:
        """Whether the pattern is found: Boolean, null where the text is null."""
        if self.rust is not None:
            return text.str.contains(self.rust)
        search = self.python.search
        return pl.Series(text.name, [None if t is None else search(t) is not None for t in text], pl.Boolean)

    def first(self, text: pl.Series) -> list[pl.Series]:
        """The groups of the first match, a String column each; null where the group or the pattern is absent."""
        if not self.names:
            return []
        if self.rust is not None:
            return text.str.extract_groups(self.rust).struct.unnest().get_columns()
        search = self.python.search
        rows = [m.groups() if t is not None and (m := search(t)) else (None,) * len(self.names) for t in text]
        return [pl.Series(str(i), [r[i] for r in rows], pl.String) for i in range(len(self.names))]

    def every(self, text: pl.Series) -> tuple[pl.Series, list[pl.Series]]:
        """All matches of all rows: the row number of each match, and its groups."""
        # The groups are read from the matched text alone, where \B would see other neighbours.
        if self.rust is not None and r"\B" not in self.rust:
            found = pl.DataFrame(
                {"row": pl.int_range(len(text), dtype=pl.UInt32, eager=True), "match": text.str.extract_all(self.rust)}
            )
            found = found.filter(pl.col("match").list.len() > 0).explode("match")
            return found["row"], self.first(found["match"])
        rows: list[int] = []
        groups: list[tuple[str | None, ...]] = []
        for number, value in enumerate(text):
            if value is not None:
                for match in self.python.finditer(value):
                    rows.append(number)
                    groups.append(match.groups())
        columns = [pl.Series(str(i), [g[i] for g in groups], pl.String) for i in range(len(self.names))]
        return pl.Series("row", rows, pl.UInt32), columns


@lru_cache(maxsize=4096)
def compile(pattern: str) -> Regex:
    """Translate and check a pattern; raises `RegexError`."""
    python = _Translator(pattern, rust=False)
    rust: str | None
    try:
        translator = _Translator(pattern, rust=True)
        rust = translator.run()
        pl.Series([""]).str.extract_all(rust)
        names = translator.names
        try:
            text = python.run()
        except RegexError:
            text = "(?!)"  # never used: the Rust form exists
    except (_NotRust, pl.exceptions.PolarsError):
        rust = None
        text = python.run()
        names = python.names
    regex = Regex(pattern, rust, text, tuple(names))
    if rust is None:
        _ = regex.python
    return regex
