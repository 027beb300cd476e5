"""Which words an index must hold for `field=value` to find an event: fields.conf, and what regular expressions take out of words.

A search for `field=value` looks for the words of the value in the index first, then compares the field (fields.conf.spec,
INDEXED_VALUE). Where a regular expression takes a field out of the middle of a word, the index has no such word and the search
finds nothing, until `INDEXED_VALUE = false` says so: a field whose groups always stand between breakers needs no such question.
Fields that are calculated, looked up or aliased are not asked for by their words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import polars as pl

from caltrop.dialect import patterns
from caltrop.dialect.conf import DEFAULT
from caltrop.dialect.words import known_truth, truth
from caltrop.knowledge.asking import Fault
from caltrop.knowledge.configuration import MergedStanza, disabled
from caltrop.knowledge.props import words

VALUE = "<VALUE>"
# What every event is indexed with: a search for them needs no second look.
_ALWAYS = frozenset({"host", "source", "sourcetype", "index", "linecount", "punct", "timestartpos", "timeendpos"})
_OUTPUT = re.compile(r"(?i)\bOUTPUT(?:NEW)?\b")
_NAMED = re.compile(r"\(\?P?<([A-Za-z_]\w*)>")
_SED = re.compile(r"[sy][^\w\s]")
# What a group may be to be whole words however it stands: as many characters as there are until one that ends words.
_GREEDY = re.compile(r"""(?:\\[wS]|\.|\[\^(?:\\[srnt\[\]/\\."'|]|[^\w\\\]])+\]|\[[^\]^]*\\[wS][^\]]*\])[+*]$""")
# What ends words, as an expression writes it: white space, an anchor, a punctuation mark.
_ENDS = r"""(?:\\[sbnrt\[\](){}.|?+*$\\/"'-]|\\x2[0-9A-F]|[\s/:=@#%_<>!;,'"&-]|\[(?:\\[srnt\[\]/."'|-]|[\s,:;=|"'/<>()])+\])"""
_BEFORE = re.compile(rf"(?:\^|{_ENDS}(?:\+|\{{[1-9]\d*(?:,\d*)?\}})?(?:\\s[*?])?)$")
_BEHIND = re.compile(rf"(?:\\s[*?])?\$|(?:\\s[*?])?{_ENDS}(?![*?]|\{{0)")


@dataclass(frozen=True, slots=True)
class Wording:
    """`stored` fields are indexed ones (INDEXED = true); of those in `told` it is said how the words of a value are in the index: as
    they are (True), not at all (False), or as the value is after `told` changed it. Fields that are `held` are found whatever the
    text of an event."""

    stored: frozenset[str]
    told: Mapping[str, bool | Substitution]
    sources: Sources
    held: frozenset[str] = frozenset()

    def is_loose(self, name: str) -> bool:
        """Whether the words of a value of the field may not be words of the event."""
        return name not in self.held and name not in _ALWAYS and not self.is_computed(name) and self.sources.cuts(name)

    def is_computed(self, name: str) -> bool:
        """Whether the field comes from elsewhere: of its values the text of an event may have no word."""
        return name in self.sources.computed


@dataclass(frozen=True, eq=False)
class Sources:
    """Where fields come from, as props.conf and transforms.conf say: read when a search first asks for a field by its value, and
    of a field that is asked for only the expressions that may give it."""

    props: Iterable[MergedStanza]
    transforms: Mapping[str, MergedStanza]
    _known: dict[str, bool] = field(default_factory=dict)

    def cuts(self, name: str) -> bool:
        """Whether some regular expression may take the field out of a word."""
        known = self._known.get(name)
        if known is None:
            found = self._read[0]
            known = self._known[name] = any(name in regex + form and name in _cut(regex, form) for regex, form in found)
        return known

    @property
    def computed(self) -> frozenset[str]:
        """The fields that something else than an expression gives."""
        return self._read[1]

    @cached_property
    def _read(self) -> tuple[list[tuple[str, str]], frozenset[str]]:
        """Each expression with its FORMAT, and the computed fields."""
        expressions: dict[tuple[str, str], None] = {}
        computed: set[str] = set()
        for stanza in self.props:
            for key, setting in stanza.settings.items():
                kind, _, name = key.partition("-")
                kind = kind.upper()
                if kind == "EXTRACT":
                    expressions[setting.value, ""] = None
                elif kind == "REPORT":
                    for one in setting.value.split(","):
                        found = self.transforms.get(one.strip())
                        if found is not None and found.get("SOURCE_KEY", "_raw").strip() in ("", "_raw"):
                            expressions[found.get("REGEX"), found.get("FORMAT")] = None
                elif kind == "EVAL":
                    computed.add(name.strip().strip('"'))
                elif kind == "FIELDALIAS":
                    computed.update(words(setting.value)[2::3])
                elif kind.startswith("LOOKUP"):
                    computed.update(words(_OUTPUT.split(setting.value)[-1]))
        return list(expressions), frozenset(computed)


@dataclass(frozen=True, slots=True)
class Substitution:
    """INDEXED_VALUE as a template with `<VALUE>`, or as a script of sed."""

    text: str
    script: patterns.SedScript | None = None

    def of(self, value: str) -> str | None:
        """What to look for in the index; None for an expression of its own, which is not followed."""
        found = self.text.replace(VALUE, value) if self.script is None else self.script(pl.Series([value]))[0]
        return None if found.startswith("[") else found


def read(
    fields: Mapping[str, MergedStanza], props: Iterable[MergedStanza], transforms: Mapping[str, MergedStanza]
) -> tuple[Wording, list[Fault]]:
    """What fields.conf, and the extractions of props.conf and transforms.conf, say of fields; and what is wrong in fields.conf."""
    told: dict[str, bool | Substitution] = {}
    faults: list[Fault] = []
    stored = set()
    for name, stanza in fields.items():
        if name == DEFAULT or name in _ALWAYS or disabled(stanza):
            continue
        if truth(stanza.get("INDEXED")):
            stored.add(name)
        text = stanza.get("INDEXED_VALUE").strip()
        try:
            if text:
                told[name] = _told(text)
        except patterns.RegexError as error:
            faults.append(Fault(stanza.place("INDEXED_VALUE"), f"[{name}] INDEXED_VALUE: {error.message}", frozenset()))
    return Wording(frozenset(stored), told, Sources(props, transforms)), faults


def _told(text: str) -> bool | Substitution:
    known = known_truth(text)
    if known is not None:
        return known
    return Substitution(text, patterns.sed_script(text) if _SED.match(text) else None)


def _cut(regex: str, form: str) -> set[str]:
    """The fields that an expression, by its named groups or by FORMAT, may take out of a word."""
    found = within_words(regex)
    numbered = [number for number, (_, safe) in enumerate(groups(regex), 1) if not safe]
    for name, value in re.findall(r"([\w.:]+)::\"?([^\s\"]*)", form):
        if any(value == f"${number}" for number in numbered):
            found.add(name)
    return found


def within_words(regex: str) -> set[str]:
    """The named groups that may begin or end inside a word."""
    return {name for name, whole in groups(regex) if name and not whole}


@lru_cache(8192)
def groups(regex: str) -> tuple[tuple[str, bool], ...]:
    """The capturing groups in their order: name, and whether it is certain that each match is whole words.

    Remembered, since most expressions are those of the add-ons, which every instance of a process reads anew.
    """
    found: list[tuple[str, bool]] = []
    opened: list[tuple[int, int, int] | None] = []  # (begin of the group, begin of its body, place in `found`)
    at, in_class = 0, False
    while at < len(regex):
        mark = regex[at]
        if mark == "\\":
            at += 2
            continue
        if in_class:
            in_class = mark != "]"
        elif mark == "[":
            in_class = True
            at += 1 + (regex[at + 1 : at + 2] == "^")
            at += regex[at : at + 1] == "]"
            continue
        elif mark == "(":
            named = _NAMED.match(regex, at)
            if named or regex[at + 1 : at + 2] != "?":
                found.append((named[1] if named else "", False))
                opened.append((at, named.end() if named else at + 1, len(found) - 1))
            else:
                opened.append(None)
        elif mark == ")" and opened:
            group = opened.pop()
            if group is not None:
                start, body, place = group
                found[place] = found[place][0], _whole(regex[:start], regex[body:at], regex[at + 1 :])
        at += 1
    return tuple(found)


def _whole(before: str, body: str, behind: str) -> bool:
    greedy = _GREEDY.match(body) is not None
    begins = _BEFORE.search(before) is not None or (greedy and not before)
    ends = greedy or _BEHIND.match(behind) is not None
    return begins and ends
