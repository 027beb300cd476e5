"""Which props.conf stanzas apply to an event, and what they ask for at search time.

Follows props.conf.spec: source stanzas override host stanzas, these the sourcetype's, these `[default]`; inside one kind
the higher `priority` wins (100 for names without wildcards, 0 for patterns), then the name that sorts first.

Source types and hosts are compared without regard to case, sources with it. Of source type stanzas of one priority the one
written as the event has it is the strongest.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import polars as pl

from caltrop.dialect import patterns
from caltrop.dialect.conf import DEFAULT
from caltrop.dialect.words import truth
from caltrop.knowledge.asking import Fault
from caltrop.knowledge.configuration import MergedStanza, Setting

# How add-ons write a source type stanza with wildcards: what has a `::` in it is read as a pattern, and a group of colons
# that is there no times matches nothing.
_ANY_SOURCETYPE = re.compile(r"\((?:\?:)?:+\)\{0\}")
# What `re` and PCRE2 read alike in the name of a stanza, and what of it repeats.
_PLAIN = re.compile(r"(?:[\w:/ \-|]|\(|\)\??|\.{3}|\.|\*|\\d\+?|\\\.|\[(?!([:.])[\w:/ .]*\1\])[\w:/ .]+\])*", re.ASCII)
_REPEATS = re.compile(r"\.{3}|\*|\+")
_FLAGS = re.compile(r"\(\?(-?i)\)")
KV_MODES = frozenset({"none", "auto", "auto_escaped", "json", "xml", "multi"})
_KINDS = ("sourcetype", "host", "source")  # from weak to strong
# How closely a stanza names an event: by its source type, host or source (0 to 2), and whether by that very name.
Closeness = tuple[int, bool]
_WILD = 2  # repetitions behind one another, at most: a name is tried in no more than the square of its length
_NO_NAME = "\x00"  # only a pattern of any value matches it


@lru_cache(maxsize=4096)
def name_pattern(spec: str, ignore_case: bool = False) -> patterns.Regex:
    """A stanza name pattern as an anchored regex: `...` any text, `*` any text without a separator, `.` itself."""
    spec, ignore_case = _flags(spec, ignore_case)
    return patterns.compile(f"(?s{'i' if ignore_case else ''})^(?:{_body(spec)})$")


def _body(spec: str) -> str:
    return "".join(
        {"...": ".*", "*": r"[^/\\]*", ".": r"\."}.get(part, part) for part in re.split(r"(\\.|\.\.\.|\*|\.)", spec)
    )


@lru_cache(maxsize=4096)
def _quick(spec: str, ignore_case: bool) -> re.Pattern[str] | None:
    """A pattern of words, alternatives, numbers and choices of characters, for names in ASCII: without anything that could backtrack
    without end or be read in two ways, it is the same to `re`, which is ready in a fifth of the time. None for any other."""
    spec, ignore_case = _flags(spec, ignore_case)
    if not _PLAIN.fullmatch(spec) or len(_REPEATS.findall(spec)) > _WILD:
        return None
    try:
        return re.compile(f"^(?:{_body(spec)})$", re.DOTALL | (re.IGNORECASE if ignore_case else 0))
    except re.error:
        return None


def _flags(spec: str, ignore_case: bool) -> tuple[str, bool]:
    """A pattern without the flags in front of it, and whether they, or what holds without them, ignore case."""
    flags = _FLAGS.match(spec)
    return (spec[flags.end() :], flags.group(1) == "i") if flags else (spec, ignore_case)


def _is_pattern(spec: str) -> bool:
    return bool(re.search(r"[*|()\[\]?+\\]|\.\.\.", spec))


@dataclass(frozen=True, slots=True)
class _Rule:
    """One stanza: what it matches and how strong it is."""

    kind: int
    spec: str
    priority: int
    stanza: MergedStanza
    wild: bool
    ignore_case: bool
    start: str  # what every name that matches starts with (in lower case where that does not count)

    def matches(self, value: str) -> bool:
        """Raises `RegexError` where the name of the stanza is no pattern."""
        if value == self.spec:  # also a path whose backslashes are not escaped
            return True
        text = value.lower() if self.ignore_case else value
        if not self.wild or not text.startswith(self.start):
            return text == self.start and not self.wild
        # A name that makes the pattern backtrack without end is no match: no app stops the import of another's data.
        quick = _quick(self.spec, self.ignore_case) if value.isascii() else None
        if quick is not None:
            return quick.search(value) is not None
        with patterns.budget(lenient=True):
            return name_pattern(self.spec, _KINDS[self.kind] != "source").bounded.search(value) is not None


def starting(spec: str, ignore_case: bool) -> str:
    """The text in front of what is special in a pattern; nothing where it has alternatives, or may do without its last letter."""
    spec, ignore_case = _flags(spec, ignore_case)
    found = re.match(r"[\w:/ \-]*(?![?{\w:/ \-])", spec)
    start = found.group() if found and "|" not in spec and not _closes_more(spec) else ""
    return start.lower() if ignore_case else start


def _closes_more(spec: str) -> bool:
    """Whether a parenthesis closes that none opened: the group around the pattern, which may then be repeated, or left out."""
    depth = 0
    for character in spec:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return True
    return False


class Props:
    """The merged props.conf of one context, matched against (sourcetype, source, host)."""

    def __init__(self, stanzas: Mapping[str, MergedStanza]) -> None:
        self._default = stanzas.get(DEFAULT)
        self._broken: dict[str, Fault] = {}  # stanzas whose name is no pattern, as far as events came near them
        self._rules: tuple[list[_Rule], list[_Rule], list[_Rule]] = ([], [], [])
        self._cache: dict[tuple[str, str, str], dict[str, Setting]] = {}
        for name, stanza in stanzas.items():
            rule = self._rule(name, stanza) if name != DEFAULT else None
            if rule is not None:
                self._rules[rule.kind].append(rule)
        for rules in self._rules:  # weak first, so that later updates win
            rules.sort(key=lambda r: r.spec, reverse=True)
            rules.sort(key=lambda r: r.priority)
        self.renames = {r.spec: name for r in self._rules[0] if not r.wild and (name := r.stanza.get("rename"))}
        self._folded = {name.lower(): renamed for name, renamed in self.renames.items()}

    def _rule(self, name: str, stanza: MergedStanza) -> _Rule | None:
        kind, spec = 0, name
        if name.startswith(("rule::", "delayedrule::")):
            return None  # they classify files of unknown sourcetype at index time
        if name.startswith("host::"):
            kind, spec = 1, name.removeprefix("host::")
        elif name.startswith("source::"):
            kind, spec = 2, name.removeprefix("source::")
        wild = _is_pattern(spec) if kind else name.startswith("(")
        if kind == 0 and (group := _ANY_SOURCETYPE.match(name)):
            spec = name[group.end() :]
        text = stanza.get("priority").strip()
        known = re.fullmatch(r"[+-]?\d{1,9}", text) is not None
        if text and not known:
            what = f"[{name}] priority = {text}: expected a whole number; the default is used"
            self._broken[f"{name} priority"] = Fault(stanza.place("priority"), what)
        priority = int(text) if known else (0 if wild else 100)
        ignore_case = _KINDS[kind] != "source"
        start = starting(spec, ignore_case) if wild else spec.lower() if ignore_case else spec
        return _Rule(kind, spec, priority, stanza, wild, _flags(spec, ignore_case)[1] if wild else ignore_case, start)

    def _matching(self, rules: list[_Rule], value: str) -> list[_Rule]:
        """Weak first. A stanza whose name is no pattern matches nothing."""
        found = []
        for rule in rules:
            try:
                if rule.matches(value):
                    found.append(rule)
            except patterns.RegexError as error:
                what = f"[{rule.stanza.name}] is no pattern: {error.message}"
                self._broken[rule.stanza.name] = Fault(rule.stanza.place(), what)
        return sorted(found, key=lambda rule: (rule.priority, rule.spec == value))

    @property
    def faults(self) -> list[Fault]:
        return list(self._broken.values())

    def check(self) -> None:
        """Find the stanzas whose names are no patterns, also where no event comes near them."""
        for rules in self._rules:
            for rule in rules:
                if rule.wild:
                    self._matching([replace(rule, start="")], "")

    def naming(self, source: str, sourcetype: str, host: str) -> list[tuple[MergedStanza, Closeness]]:
        """The stanzas that name an event with these three fields, and how closely: not `[default]`, and no pattern that any
        value matches."""
        return [
            (rule.stanza, (rule.kind, not rule.wild))
            for rules, value in zip(self._rules, (sourcetype, host, source), strict=True)
            for rule in self._matching(rules, value)
            if not (rule.wild and rule.matches(_NO_NAME))
        ]

    def rename(self, sourcetype: str) -> str:
        """What the sourcetype is called at search time (`rename =`)."""
        return self.renames.get(sourcetype) or self._folded.get(sourcetype.lower(), sourcetype)

    def renamed(self, sourcetypes: pl.Series) -> pl.Series:
        """A column of source types under their names of search time."""
        return sourcetypes.replace({name: self.rename(name) for name in sourcetypes.unique().drop_nulls()})

    def settings(self, source: str, sourcetype: str, host: str) -> dict[str, Setting]:
        """The settings that apply to an event with these three fields."""
        key = (sourcetype, host, source)
        if key not in self._cache:
            merged = dict(self._default.settings) if self._default else {}
            for rules, value in zip(self._rules, key, strict=True):
                for rule in self._matching(rules, value):
                    merged.update(rule.stanza.settings)
            self._cache[key] = merged
        return self._cache[key]

    def readings(self, source: str, sourcetype: str, host: str) -> tuple[dict[str, Setting], ...]:
        """The settings by which the fields of such an event are extracted. Of several, those behind give what those before
        them did not."""
        return (self.settings(source, sourcetype, host),)


# --- what the settings of one kind of event ask for ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Extract:
    """EXTRACT-<name>: named groups of a regex over `field`."""

    name: str
    regex: patterns.Regex
    field: str

    @property
    def outputs(self) -> list[str]:
        return [n for n in self.regex.names if n]


@dataclass(frozen=True, slots=True)
class Alias:
    """One pair of a FIELDALIAS; `keep` is ASNEW: what the event already calls `target` stays."""

    source: str
    target: str
    keep: bool


@dataclass(frozen=True, slots=True)
class AutoLookup:
    """LOOKUP-<class> (`name` is the whole key): (lookup field, event field) pairs in and out; no outputs means every other field of the table."""

    name: str
    table: str
    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str], ...]
    keep: bool  # OUTPUTNEW
    place: str

    @property
    def targets(self) -> frozenset[str] | None:
        """The fields that it gives; None where the table says."""
        return frozenset(target for _, target in self.outputs) or None


@dataclass(frozen=True, slots=True)
class Report:
    """A transform that a REPORT-<class> names."""

    name: str
    setting: str
    place: str


@dataclass(frozen=True, slots=True)
class Calculated:
    """EVAL-<name>: the expression of a calculated field."""

    name: str
    expression: str
    place: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The search-time settings of one kind of event, parsed; `faults` are those that cannot be."""

    extracts: tuple[Extract, ...] = ()
    reports: tuple[Report, ...] = ()
    kv_mode: str = "auto"
    kv_place: str = ""
    kv_table: str = ""  # the stanza of multikv.conf
    auto_json: bool = True
    trim_spaces: bool = True
    indexed_json: bool = False  # the same values were indexed with the event
    aliases: tuple[Alias, ...] = ()
    evals: tuple[Calculated, ...] = ()
    lookups: tuple[AutoLookup, ...] = ()
    faults: tuple[Fault, ...] = ()

    def replaces(self, names: Collection[str]) -> bool:
        """Whether one of these fields may get another value in an event that has it. Indexed JSON gives its values twice."""
        given = {alias.target for alias in self.aliases if not alias.keep} | {item.name for item in self.evals}
        if any(name in given for name in names):
            return True
        outputs = [lookup.targets for lookup in self.lookups if not lookup.keep]
        return (
            any(targets is None or any(name in targets for name in names) for targets in outputs) or self.indexed_json
        )


# LOOKUP may stand without its hyphen, or with an underscore.
_CLASS = re.compile(r"(?i)(EXTRACT(?=-)|REPORT(?=-)|FIELDALIAS(?=-)|EVAL(?=-)|LOOKUP)[-_]?(.+)")


def plan(settings: Mapping[str, Setting]) -> Plan:
    """Read search-time settings; what cannot be read is left out and among the faults."""
    extracts: list[Extract] = []
    reports: dict[str, Report] = {}
    aliases: list[Alias] = []
    evals: list[Calculated] = []
    lookups: list[AutoLookup] = []
    faults: list[Fault] = []
    for key in sorted(settings):
        value, place = settings[key].value, settings[key].place
        found = _CLASS.fullmatch(key)
        if not found or not value:
            continue
        kind, name = found.group(1).upper(), found.group(2)
        try:
            if kind == "EXTRACT":
                extracts.append(_extract(name, value))
            elif kind == "REPORT":
                for part in (part.strip() for part in value.split(",")):
                    if part:
                        reports.setdefault(part, Report(part, key, place))
            elif kind == "FIELDALIAS":
                aliases.extend(_aliases(value))
            elif kind == "EVAL":
                evals.append(Calculated(name.strip().strip('"'), value, place))
            elif kind == "LOOKUP":
                lookups.append(_lookup(key, value, place))
        except (patterns.RegexError, ValueError) as error:
            named = groups(value) if kind == "EXTRACT" else set()
            faults.append(Fault(place, f"{key}: {error}", frozenset(named) or None))
    texts = {key: setting.value for key, setting in settings.items()}
    mode = texts.get("KV_MODE", "").strip().lower() or "auto"
    if mode not in KV_MODES and not mode.startswith("multi:"):
        what = f"KV_MODE = {mode}: expected none, auto, auto_escaped, json, xml or multi; auto is used"
        faults.append(Fault(settings["KV_MODE"].place, what))
        mode = "auto"
    return Plan(
        extracts=tuple(extracts),
        reports=tuple(reports.values()),
        kv_mode=mode,
        kv_table=texts.get("KV_MODE", "").strip().partition(":")[2].strip() if mode.startswith("multi:") else "",
        kv_place=settings["KV_MODE"].place if "KV_MODE" in settings else "",
        auto_json=truth(texts.get("AUTO_KV_JSON"), True),
        trim_spaces=truth(texts.get("KV_TRIM_SPACES"), True),
        indexed_json=texts.get("INDEXED_EXTRACTIONS", "").strip().lower() == "json",
        aliases=tuple(aliases),
        evals=tuple(evals),
        lookups=tuple(lookups),
        faults=tuple(faults),
    )


def groups(pattern: str) -> set[str]:
    """The named groups of a pattern that may be broken."""
    return set(re.findall(r"\(\?P?<([A-Za-z_]\w*)>", pattern))


def _extract(name: str, value: str) -> Extract:
    """`regex` or `regex in field`. Splunk puts (?ms) in front of the pattern."""
    found = re.fullmatch(r"(?s)(.*?)\s+in\s+([A-Za-z0-9_]+)", value)
    pattern, field = (found.group(1), found.group(2)) if found else (value, "_raw")
    return Extract(name, patterns.compile(f"(?ms){pattern}"), field)


def words(text: str) -> list[str]:
    """Words between white space; `"…"` makes one word of several, commas between words are white space."""
    return [quoted or bare for quoted, bare in re.findall(r'"((?:[^"\\]|\\.)*)"|([^\s,"]+)', text)]


def _aliases(value: str) -> list[Alias]:
    tokens = words(value)
    found = []
    at = 0
    while at + 2 < len(tokens):
        if tokens[at + 1].upper() not in {"AS", "ASNEW"}:
            raise ValueError(f"expected 'field AS alias', found {value!r}")
        found.append(Alias(tokens[at], tokens[at + 2], tokens[at + 1].upper() == "ASNEW"))
        at += 3
    if at != len(tokens):
        raise ValueError(f"expected 'field AS alias', found {value!r}")
    return found


def pairs(tokens: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """`a AS b c` -> ((a, b), (c, c))."""
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(tokens):
        if at + 2 < len(tokens) and tokens[at + 1].upper() == "AS":
            found.append((tokens[at], tokens[at + 2]))
            at += 3
        else:
            found.append((tokens[at], tokens[at]))
            at += 1
    return tuple(found)


def _lookup(key: str, value: str, place: str) -> AutoLookup:
    tokens = words(value)
    upper = [t.upper() for t in tokens]
    split = next((i for i, t in enumerate(upper) if t in {"OUTPUT", "OUTPUTNEW"}), len(tokens))
    if not tokens or split < 2:
        raise ValueError(f"expected 'lookup field … OUTPUT field …', found {value!r}")
    keep = split < len(tokens) and upper[split] == "OUTPUTNEW"
    return AutoLookup(key, tokens[0], pairs(tokens[1:split]), pairs(tokens[split + 1 :]), keep, place)


def index_time(settings: Mapping[str, str]) -> dict[str, str]:
    """The settings that the index room reads: everything but the search-time classes."""
    search_time: Iterable[str] = ("EXTRACT-", "REPORT-", "FIELDALIAS-", "EVAL-", "LOOKUP-", "KV_MODE", "AUTO_KV_JSON")
    return {k: v for k, v in settings.items() if not k.upper().startswith(tuple(search_time))}
