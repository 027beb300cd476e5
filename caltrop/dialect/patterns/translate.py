"""PCRE read once, written for an engine: Rust's (Polars, linear time) or Python's `regex` (backtracking, can be stopped).

Meaning follows PCRE2 as Splunk runs it: UTF, without UCP, so that classes are ASCII. Groups are written without names, because
names may repeat (`(?J)`, branch reset). What PCRE2 refuses is refused in its words; two things that it refuses are taken in
the meaning that older add-ons count on: a hyphen beside a class (`[\\d-:]`) is itself, and a look-behind may have any length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from caltrop.dialect.patterns import classes
from caltrop.dialect.patterns.limits import RegexError

_MAX_DEPTH = 80
_MAX_WEIGHT = 250_000  # repetitions inside repetitions; an engine builds each of them
_CONTROL = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "a": "\x07", "e": "\x1b"}
_LOOKS = {
    "(?<=": "(?<=", "(?<!": "(?<!", "(?=": "(?=", "(?!": "(?!", "(?>": "(?>",
    "(*pla:": "(?=", "(*positive_lookahead:": "(?=", "(*nla:": "(?!", "(*negative_lookahead:": "(?!",
    "(*plb:": "(?<=", "(*positive_lookbehind:": "(?<=", "(*nlb:": "(?<!", "(*negative_lookbehind:": "(?<!",
    "(*atomic:": "(?>",
}  # fmt: skip
_VERBS = {"(*FAIL)": "(?!)", "(*F)": "(?!)", "(*SKIP)": "(*SKIP)", "(*PRUNE)": "(*PRUNE)"}
_NEVER = {True: "[a&&b]", False: "(?!)"}
# Options at the start of a pattern that change nothing here: text is UTF-8, limits are our own.
_START = re.compile(r"\(\*(?:UTF8?|LF|BSR_UNICODE|NO_[A-Z_]+|LIMIT_(?:MATCH|DEPTH|HEAP|RECURSION)=\d+)\)")
_QUANTIFIER = re.compile(r"[*+?]|\{ *(\d+) *(?:(,) *(\d*) *)?\}|\{ *, *(\d+) *\}")
_FLAGS = re.compile(r"\(\?(\^?[imsxUJn]*(?:-[imsxnUJ]*)?)([:)])")
_NAMED = re.compile(r"\(\?(?:P?<|')([^>'=!]*)([>']?)")
_NAME = re.compile(r"[^\W\d]\w*")
_CALL = re.compile(r"\(\?(?:(R)|([+-]?\d+)|(?:&|P>)(\w+))\)")
_CONDITION = re.compile(r"\(\?\((?:(DEFINE)|([+-]?\d+)|<(\w+)>|'(\w+)'|(\w+))\)")
_BRACED = re.compile(r"\{ *([+-]?\w+) *\}|<([+-]?\w+)>|'([+-]?\w+)'|([+-]?\d+)")


class NotRust(Exception):
    """Only the backtracking engine can express this."""


@dataclass
class Translator:
    """One pass over a pattern; `rust` chooses the engine that is written for, `known` are the groups of a pass before."""

    pattern: str
    rust: bool
    known: list[str | None] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    unicode: bool = False  # the backtracking engine needs its Unicode mode: case is ignored, or properties are used
    nullable: bool = False  # the whole pattern may match nothing
    around: bool = False  # something depends on the text around a match
    final_newline: bool = False  # a text that ends in a newline is a special case
    keeps: bool = False  # \K
    steady: bool = True  # nothing is repeated or tried in turn, so that there is nothing to backtrack into
    weight: int = 1  # of the atom just written
    empty: bool = False  # the atom just written may match nothing
    at: int = 0
    _depth: int = 0
    _count: int = 0
    _multiline: bool = False
    _extended: bool = False
    _ignore_case: bool = False
    _lazy: bool = False
    _plain: bool = False  # (?n): parentheses do not capture
    _duplicates: bool = False

    def run(self) -> str:
        while start := _START.match(self.pattern, self.at):
            self.at = start.end()
        body = self._alternatives()
        if self.at < len(self.pattern):
            raise self._error("unmatched closing parenthesis")
        self.nullable = self.empty
        return "|".join(body)

    def _error(self, message: str) -> RegexError:
        return RegexError(f"{message} at {self.at} of {self.pattern!r}", reason=message, at=self.at)

    def _peek(self, text: str) -> bool:
        return self.pattern.startswith(text, self.at)

    def _python_only(self) -> None:
        self.steady = False
        if self.rust:
            raise NotRust

    # --- groups and alternatives -------------------------------------------------------------------------------------

    def _alternatives(self, reset: bool = False) -> list[str]:
        """The alternatives up to the `)` that ends this group or the end of the pattern. With `reset`, each numbers its
        groups from the same number."""
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._error(f"groups nest deeper than {_MAX_DEPTH}")
        before = (self._multiline, self._extended, self._ignore_case, self._lazy, self._plain)
        first_group = most = self._count
        done: list[str] = []
        opened: list[str] = []  # flag groups opened in the current alternative
        parts: list[str] = []
        weight, empty, any_empty, edges = 0, True, False, 0
        while self.at < len(self.pattern) and self.pattern[self.at] != ")":
            if self._peek("|"):
                self.at, self.steady = self.at + 1, False
                done.append("".join(parts) + ")" * len(opened))
                parts, any_empty, empty = list(opened), any_empty or empty, True
                if reset:
                    most, self._count = max(most, self._count), first_group
                continue
            flags = _FLAGS.match(self.pattern, self.at)
            if flags and flags[2] == ")":
                self.at = flags.end()
                letters = self._set_flags(flags[1])
                if letters:
                    parts.append(f"(?{letters}:")
                    opened.append(f"(?{letters}:")
                continue
            edge = self._depth == 1 and (
                (self._peek("^") and len(parts) == len(opened)) or self.pattern[self.at :] == "$"
            )
            self.empty, self.weight, around = True, 0, self.around
            text = self._piece()
            if edge:
                self.around, edges = around, edges + 1
            if text:
                parts.append(text)
                empty, weight = empty and self.empty, weight + self.weight
        done.append("".join(parts) + ")" * len(opened))
        self._count = max(most, self._count)
        self._multiline, self._extended, self._ignore_case, self._lazy, self._plain = before
        self._depth -= 1
        self.around = self.around or (edges > 0 and len(done) > 1)
        self.empty, self.weight = any_empty or empty, max(weight, 1)
        return done

    def _set_flags(self, text: str) -> str:
        """Switch what is said inline, and what of it the engine has to hear."""
        on, _, off = text.partition("-")
        if on.startswith("^"):
            on, off = on[1:], "imsxn"
        switch = dict.fromkeys(off, False) | dict.fromkeys(on, True)
        self._multiline = switch.get("m", self._multiline)
        self._extended = switch.get("x", self._extended)
        self._ignore_case = switch.get("i", self._ignore_case)
        self._lazy = switch.get("U", self._lazy)
        self._plain = switch.get("n", self._plain)
        self._duplicates = switch.get("J", self._duplicates)
        self.unicode = self.unicode or self._ignore_case
        yes = "".join(letter for letter in "ims" if switch.get(letter) is True)
        no = "".join(letter for letter in "ims" if switch.get(letter) is False)
        return yes + (f"-{no}" if no else "")

    def _body(self, reset: bool = False) -> list[str]:
        alternatives = self._alternatives(reset)
        if not self._peek(")"):
            raise self._error("missing closing parenthesis")
        self.at += 1
        return alternatives

    def _close(self, opening: str) -> str:
        return opening + "|".join(self._body()) + ")"

    def _capture(self, name: str | None) -> str:
        if name is not None and not self._duplicates and name in self.names[: self._count]:
            raise self._error("two named subpatterns have the same name (PCRE2_DUPNAMES not set)")
        if self._count < len(self.names):
            self.names[self._count] = self.names[self._count] or name
        else:
            self.names.append(name)
        self._count += 1
        return self._close("(")

    def _group(self) -> str:
        if self._peek("(*"):
            return self._verb()
        if not self._peek("(?"):
            self.at += 1
            return self._close("(?:") if self._plain else self._capture(None)
        for look, written in _LOOKS.items():
            if self._peek(look):
                return self._look(look, written)
        flags = _FLAGS.match(self.pattern, self.at)
        if flags:
            self.at = flags.end()
            before = (self._multiline, self._extended, self._ignore_case, self._lazy, self._plain)
            text = self._close(f"(?{self._set_flags(flags[1])}:")
            self._multiline, self._extended, self._ignore_case, self._lazy, self._plain = before
            return text
        if self._peek("(?#"):
            end = self.pattern.find(")", self.at)
            if end < 0:
                raise self._error("missing ) after (?# comment")
            self.at = end + 1
            return ""
        if self._peek("(?|"):
            self._python_only()
            self.at += 3
            return "(?|" + "|".join(self._body(reset=True)) + ")"
        if self._peek("(?P="):
            found = re.compile(r"\(\?P=(\w+)\)").match(self.pattern, self.at)
            if not found:
                raise self._error("subpattern name expected")
            self.at = found.end()
            return self._back_reference(found[1])
        call = _CALL.match(self.pattern, self.at)
        if call:
            self._python_only()
            self.at = call.end()
            self.empty, self.weight = False, 1
            return "(?R)" if call[1] or call[2] == "0" else f"(?{self._number(call[2] or call[3])})"
        if self._peek("(?("):
            return self._conditional()
        named = _NAMED.match(self.pattern, self.at)
        if named:
            self.at = named.end()
            if not named[2]:
                raise self._error("syntax error in subpattern name (missing terminator?)")
            if not named[1] or named[1][0].isdigit():
                raise self._error(
                    "subpattern name must start with a non-digit" if named[1] else "subpattern name expected"
                )
            if not _NAME.fullmatch(named[1]):
                raise self._error("syntax error in subpattern name (missing terminator?)")
            return self._capture(named[1])
        raise self._error("unrecognized character after (? or (?-")

    def _look(self, look: str, written: str) -> str:
        self._python_only()
        self.at += len(look)
        text = self._close(written)
        if written != "(?>":
            self.empty, self.weight = True, self.weight + 1
        return text

    def _verb(self) -> str:
        for look, written in _LOOKS.items():
            if look.startswith("(*") and self._peek(look):
                return self._look(look, written)
        end = self.pattern.find(")", self.at) + 1
        verb = self.pattern[self.at : end] if end else self.pattern[self.at :]
        if verb not in _VERBS:
            raise self._error(f"the verb {verb} is not supported")
        self.at = end
        self.empty, self.weight = verb not in ("(*FAIL)", "(*F)"), 1
        if not self.empty:
            return _NEVER[self.rust]
        self._python_only()
        return _VERBS[verb]

    def _conditional(self) -> str:
        self._python_only()
        found = _CONDITION.match(self.pattern, self.at)
        if found and found[1]:
            self.at = found.end()
            text = self._close("(?(DEFINE)")
            self.empty = True
            return text
        if found:
            self.at = found.end()
            name = found[2] or found[3] or found[4] or found[5]
            if found[5] and name not in self.known and re.fullmatch(r"R\d*", name):
                raise self._error("a condition on recursion is not supported")
            opening = f"(?({self._number(name)})"
        else:
            self.at += 2
            inner = next((look for look in _LOOKS if self._peek(look) and _LOOKS[look] != "(?>"), None)
            if inner is None:
                raise self._error("assertion expected after (?( or (?(?C)")
            opening = "(?" + self._look(inner, _LOOKS[inner])
        alternatives = self._body()
        if len(alternatives) > 2:
            raise self._error("conditional subpattern contains more than two branches")
        self.empty = self.empty or len(alternatives) == 1
        return opening + "|".join(alternatives) + ")"

    # --- references --------------------------------------------------------------------------------------------------

    def _number(self, group: str) -> int:
        """The number of a group that is named, or counted from here (`-1` is the last one opened)."""
        if group.lstrip("+-").isdigit():
            number = int(group.lstrip("+-"))
            if group[0] == "-":
                number = self._count + 1 - number
            elif group[0] == "+":
                number = self._count + number
        else:
            number = self.known.index(group) + 1 if group in self.known else 0
        # The first pass does not know how many groups there are.
        if not 0 < number <= len(self.known) and self.known is not self.names:
            raise self._error("reference to non-existent subpattern")
        return number

    def _back_reference(self, group: str) -> str:
        self._python_only()
        self.empty, self.weight = True, 1
        if group.lstrip("+-").isdigit():
            return rf"(?:\{self._number(group)})"
        if group not in self.known:
            self._number(group)
        same = [rf"\{n}" for n, name in enumerate(self.known, 1) if name == group]
        return "(?:" + "|".join(same) + ")"

    # --- single items ------------------------------------------------------------------------------------------------

    def _piece(self) -> str:
        c = self.pattern[self.at]
        groups = self._count
        if c == "(":
            return self._quantified(self._group(), captures=self._count > groups)
        if c == "[":
            self.empty, self.weight = False, 1
            return self._quantified(self._class())
        if c == "\\":
            self.empty, self.weight = False, 1
            return self._quantified(self._escape())
        self.at += 1
        if self._extended and c == "#":
            end = self.pattern.find("\n", self.at)
            self.at = len(self.pattern) if end < 0 else end + 1
            return ""
        if self._extended and c in " \t\n\r\f\v":
            return ""
        if c in "^$":
            return self._anchor(c)
        if c in "*+?":
            self.at -= 1
            raise self._error("quantifier does not follow a repeatable item")
        if c == "{" and _QUANTIFIER.match(self.pattern, self.at - 1):
            raise self._error("quantifier does not follow a repeatable item")
        self.empty, self.weight = False, 1
        return self._quantified("." if c == "." else classes.escaped(c))

    def _anchor(self, c: str) -> str:
        self.around = True
        if c == "$" and not self._multiline:
            return self._end(r"\z", "$")
        if c == "$":
            return "$"
        if not self._multiline:
            return "^"
        # A newline that ends the text begins no line.
        return self._end("^", r"(?:\A|(?<=\n)(?!\Z))")

    def _end(self, rust: str, python: str) -> str:
        """Rust knows the very end only: texts that end in a newline go to the other engine."""
        self.around = self.final_newline = True
        return rust if self.rust else python

    def _quantified(self, atom: str, captures: bool = False) -> str:
        if self._extended:
            while self.at < len(self.pattern) and self.pattern[self.at] in " \t\n\r\f\v":
                self.at += 1
        found = _QUANTIFIER.match(self.pattern, self.at)
        if not found or not atom:
            return atom
        least, most = _bounds(found)
        if max(least, most or 0) > 65_535:
            raise self._error("number too big in {} quantifier")
        if most is not None and least > most:
            raise self._error("numbers out of order in {} quantifier")
        if self.empty and captures and (most is None or most > 1):
            self._python_only()  # what the group holds after an empty repetition differs
        self.at = found.end()
        self.steady = self.steady and least == most and least < 100 and atom[0] != "("
        self.empty = self.empty or least == 0
        self.weight *= max(least, most or 1, 1)
        if self.weight > _MAX_WEIGHT:
            raise self._error("regular expression is too large")
        text = found[0] if found[0] in "*+?" else f"{{{least}{',' + ('' if most is None else str(most))}}}"
        if most == least and found[0] not in "*+?":
            text = f"{{{least}}}"
        if self._peek("+"):
            self._python_only()
            self.at += 1
            return f"{atom}{text}+"
        lazy = self._peek("?")
        self.at += lazy
        return f"{atom}{text}{'?' if lazy != self._lazy else ''}"

    def _escape(self) -> str:
        if self.at + 1 >= len(self.pattern):
            raise self._error(r"\ at end of pattern")
        c = self.pattern[self.at + 1]
        self.at += 2
        if c.lower() in classes.SHORT:
            text = f"[{'^' if c.isupper() else ''}{classes.SHORT[c.lower()]}]"
            return f"(?-i:{text})" if self._ignore_case and c in "wW" else text
        if c == "Q":
            return self._quoted()
        if c == "E":
            self.empty, self.weight = True, 0
            return ""
        if c in "bBAzZGK":
            return self._assertion(c)
        if c == "R":
            self._python_only()
            return r"(?>\r\n|[\n-\r\x85\u2028\u2029])"
        if c == "N" and not self._peek("{U+"):
            return r"[^\n]"
        if c == "C":
            return "(?s:.)"  # one byte in PCRE; the texts of events are characters
        if c == "X":
            self._python_only()
            self.unicode = True
            return r"\X"
        if c in "pP":
            return self._property(c)
        if c in "kg":
            return self._reference(c)
        if c.isdigit() and c != "0":
            return self._digits()
        return classes.escaped(self._character(c))

    def _quoted(self) -> str:
        end = self.pattern.find(r"\E", self.at)
        text = self.pattern[self.at :] if end < 0 else self.pattern[self.at : end]
        self.at = len(self.pattern) if end < 0 else end + 2
        self.empty, self.weight = not text, len(text)
        pieces = [classes.escaped(x) for x in text]
        if len(pieces) > 1 and _QUANTIFIER.match(self.pattern, self.at):
            last = self._quantified(pieces.pop())
            self.empty = False
            return "".join(pieces) + last
        return "".join(pieces)

    def _assertion(self, c: str) -> str:
        self.empty = self.around = True
        if c in "bB":
            if self.rust:
                return rf"(?-u:\{c})"
            # To Python's `re` an empty text has no \B, to PCRE it has.
            return rf"\{c}" if c == "b" and not self.unicode else _BORDER[c]
        if c == "A":
            return r"\A"
        if c == "z":
            return r"\z" if self.rust else r"\Z"
        if c == "Z":
            return self._end(r"\z", r"(?=\n?\Z)")
        if c == "K":
            self.keeps, self.steady = True, False
            if not self.rust:
                return r"\K"
            self.around = False
            return ""
        self._python_only()
        return rf"\{c}"

    def _reference(self, c: str) -> str:
        found = _BRACED.match(self.pattern, self.at)
        if not found or (c == "k" and found[4]):
            raise self._error(rf"\{c} is not followed by the name or number of a group")
        self.at = found.end()
        group = next(g for g in found.groups() if g)
        if c == "g" and (found[2] or found[3]):  # as Oniguruma writes a call
            self._python_only()
            self.empty = False
            return "(?R)" if group == "0" else f"(?{self._number(group)})"
        return self._back_reference(group)

    def _digits(self) -> str:
        r"""\1 to \9 are references; of longer numbers those that have a group, the others are octal."""
        found = re.compile(r"\d+").match(self.pattern, self.at - 1)
        assert found is not None
        if len(found[0]) == 1 or int(found[0]) <= len(self.known) or self.known is self.names:
            self.at = found.end()
            return self._back_reference(found[0])
        octal = re.compile(r"[0-7]{1,3}").match(self.pattern, self.at - 1)
        if octal is None:
            raise self._error("reference to non-existent subpattern")
        self.at = octal.end()
        return classes.escaped(chr(int(octal[0], 8)))

    def _character(self, c: str) -> str:
        """What an escape stands for that is one character, in or outside of brackets."""
        if c in _CONTROL:
            return _CONTROL[c]
        if c == "x":
            return self._coded(r"\{ *([0-9A-Fa-f]+) *\}|([0-9A-Fa-f]{0,2})", 16)
        if c == "o":
            return self._coded(r"\{ *([0-7]+) *\}", 8)
        if c == "0":
            return self._coded(r"([0-7]{0,2})", 8)
        if c == "c":
            letter = self.pattern[self.at : self.at + 1]
            if not (letter.isascii() and letter.isprintable() and letter):
                raise self._error(r"\c must be followed by a printable ASCII character")
            self.at += 1
            return chr(ord(letter.upper()) ^ 64)
        if c.isascii() and c.isalnum():
            raise self._error("unrecognized character follows \\")
        return c

    def _coded(self, form: str, base: int) -> str:
        found = re.compile(form).match(self.pattern, self.at)
        if not found:
            raise self._error("digits missing after \\")
        self.at = found.end()
        number = int(next((g for g in found.groups() if g), "0"), base)
        if number > 0x10FFFF or 0xD800 <= number < 0xE000:
            raise self._error("character code point value in \\x{} or \\o{} is too large")
        return chr(number)

    def _property(self, c: str) -> str:
        found = re.compile(r"\{ *(\^?)([A-Za-z_ &]+)\}|([A-Z])").match(self.pattern, self.at)
        if not found:
            raise self._error("malformed \\P or \\p sequence")
        self.at, self.unicode = found.end(), True
        name, negated = found[2] or found[3], (c == "P") != bool(found[1])
        if name.strip() == "L&":
            return r"[^\p{Lu}\p{Ll}\p{Lt}]" if negated else r"[\p{Lu}\p{Ll}\p{Lt}]"
        return rf"\{'P' if negated else 'p'}{{{name.strip()}}}"

    # --- brackets ----------------------------------------------------------------------------------------------------

    def _class(self) -> str:
        """A bracket expression, rewritten item by item: the engines know other operators inside."""
        self.at += 1
        negated = self._peek("^")
        self.at += negated
        made = classes.Builder(fold=self._ignore_case)
        first, last, quoted = True, "", False  # `last`: a character that may begin a range
        while self.at < len(self.pattern):
            c = self.pattern[self.at]
            if self._peek(r"\E"):
                self.at, quoted = self.at + 2, False
                continue
            if not quoted:
                if c == "]" and not first:
                    self.at += 1
                    return made.text(negated, self.rust)
                if self._peek(r"\Q"):
                    self.at, quoted = self.at + 2, True
                    continue
                if self._posix(made):
                    first, last = False, ""
                    continue
                if c == "-" and last and (end := self._range_end()):
                    if ord(end) < ord(last):
                        raise self._error("range out of order in character class")
                    made.add(last, end)
                    first, last = False, ""
                    continue
            first, last = False, self._item(made, quoted)
        raise self._error("missing terminating ] for character class")

    def _posix(self, made: classes.Builder) -> bool:
        found = re.compile(r"\[:(\^?)(\w+):\]").match(self.pattern, self.at)
        if not found:
            return False
        if found[2] not in classes.POSIX:
            raise self._error("unknown POSIX class name")
        self.at = found.end()
        made.add_class(classes.POSIX[found[2]], bool(found[1]))
        return True

    def _range_end(self) -> str:
        """The last character of a range whose hyphen stands here, consumed; empty where the hyphen is itself."""
        following = self.pattern[self.at + 1 : self.at + 3]
        if not following or following[0] == "]" or (following[0] == "[" and following[1:] == ":"):
            return ""
        if following[0] != "\\":
            self.at += 2
            return following[0]
        if len(following) < 2 or following[1].lower() in classes.SHORT or following[1] in "pPEQRXNBb":
            return ""
        self.at += 3
        return self._octal(following[1]) or self._character(following[1])

    def _item(self, made: classes.Builder, quoted: bool) -> str:
        """One member. Gives it back when a range may begin with it."""
        c = self.pattern[self.at]
        self.at += 1
        if c != "\\" or quoted or self.at >= len(self.pattern):
            made.add(c, c)
            return c
        c = self.pattern[self.at]
        self.at += 1
        if c.lower() in classes.SHORT:
            made.add_class(classes.SHORT[c.lower()], c.isupper())
            return ""
        if c in "pP":
            made.add_property(self._property(c))
            return ""
        if c in "RXBNGKAzZ":
            raise self._error("escape sequence is invalid in character class")
        one = "\b" if c == "b" else self._octal(c) or self._character(c)
        made.add(one, one)
        return one

    def _octal(self, c: str) -> str:
        if c not in "1234567":
            return ""
        found = re.compile(r"[0-7]{1,3}").match(self.pattern, self.at - 1)
        assert found is not None
        self.at = found.end()
        return chr(int(found[0], 8))


_WORD = r"(?-i:[0-9A-Za-z_])"
_BORDER = {
    "b": rf"(?:(?<={_WORD})(?!{_WORD})|(?<!{_WORD})(?={_WORD}))",
    "B": rf"(?:(?<={_WORD})(?={_WORD})|(?<!{_WORD})(?!{_WORD}))",
}


def _bounds(found: re.Match[str]) -> tuple[int, int | None]:
    text = found[0]
    if text in "*+?":
        return int(text == "+"), 1 if text == "?" else None
    if found[4] is not None:
        return 0, int(found[4])
    least = int(found[1])
    return least, least if found[2] is None else int(found[3]) if found[3] else None
