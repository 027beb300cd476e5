"""Character classes of PCRE, spelled so that both engines read them alike."""

from __future__ import annotations

from dataclasses import dataclass, field

POSIX = {
    "alpha": "A-Za-z",
    "digit": "0-9",
    "alnum": "0-9A-Za-z",
    "ascii": r"\x00-\x7f",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\t-\r\x20",
    "blank": r"\t\x20",
    "punct": r"!-/:-@\[-`{-~",
    "xdigit": "0-9A-Fa-f",
    "word": "0-9A-Za-z_",
    "cntrl": r"\x00-\x1f\x7f",
    "print": r"\x20-\x7e",
    "graph": r"\x21-\x7e",
}
# Without UCP \d, \w and \s are ASCII; white space across and down is Unicode's all the same.
SHORT = {
    "d": "0-9",
    "w": "0-9A-Za-z_",
    "s": r"\t-\r\x20",
    "h": r"\t\x20\xa0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000",
    "v": r"\n-\r\x85\u2028\u2029",
}
_FOLD_LIMIT = 1024  # characters of a range whose other cases are looked up one by one
_SAME = ("kK\u212a", "sS\u017f", "\xe5\xc5\u212b")  # letters with more than two forms


@dataclass
class Builder:
    """The items of one bracket expression. With `fold`, characters stand for both of their cases, classes do not."""

    fold: bool
    _items: list[str] = field(default_factory=list)
    _excluded: list[str] = field(default_factory=list)  # \S, \D, \W inside: not every engine nests classes
    _wide: bool = False  # a range too wide to fold by hand: the engine does it

    def add(self, first: str, last: str) -> None:
        """A character, or a range of them."""
        self._items.append(escaped(first) if first == last else f"{escaped(first)}-{escaped(last)}")
        if self.fold and ord(last) - ord(first) >= _FOLD_LIMIT:
            self._wide = True
        elif self.fold:
            for code in range(ord(first), ord(last) + 1):
                self._items += [escaped(other) for other in _cases(chr(code))]

    def add_class(self, inside: str, negated: bool) -> None:
        (self._excluded if negated else self._items).append(inside)

    def add_property(self, text: str) -> None:
        self._items.append(text)

    def text(self, negated: bool, rust: bool) -> str:
        """The expression for one of the engines."""
        made = self._text(negated, rust)
        return f"(?-i:{made})" if self.fold and not self._wide else made

    def _text(self, negated: bool, rust: bool) -> str:
        inside = "".join(dict.fromkeys(self._items))
        sign = "^" if negated else ""
        if not self._excluded:
            return f"[{sign}{inside}]"
        if rust:
            return f"[{sign}{inside}{''.join(f'[^{e}]' for e in self._excluded)}]"
        if negated:  # not inside, and in every excluded set
            ahead = "".join(f"(?=[{e}])" for e in self._excluded)
            return f"(?:{ahead}" + (f"[^{inside}])" if inside else r"[\x00-\U0010ffff])")
        return "(?:" + "|".join(([f"[{inside}]"] if inside else []) + [f"[^{e}]" for e in self._excluded]) + ")"


def _cases(c: str) -> set[str]:
    """The other cases of a character (simple folding)."""
    forms = {x for x in (c.lower(), c.upper()) if len(x) == 1}
    for same in _SAME:
        if c in same:
            forms |= set(same)
    return {x for x in forms if x != c and (x.lower() == c.lower() or x.upper() == c.upper())}


def escaped(c: str) -> str:
    """A character, inside or outside of brackets, as both engines read it."""
    if c.isascii() and c.isalnum():
        return c
    code = ord(c)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65_536 else f"\\U{code:08x}"
