"""Why conditions hold for no row: which of them are to blame, and what there is instead."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from caltrop.dialect.words import fits
from caltrop.dialect.words import nearest as nearest_name
from caltrop.explain.asked import Asked, narrowed
from caltrop.explain.blame import alone, passing, smallest
from caltrop.explain.evidence import Prefix, Sample
from caltrop.explain.findings import Finding, Subject, counted
from caltrop.explain.near import likeness, nearest
from caltrop.explain.origins import assigned, whence
from caltrop.explain.terms import Term, conjuncts, cut, read
from caltrop.spl import unparse
from caltrop.spl.ast import Call, Command, Comparison, FieldName, Keyword, Literal, Node, Pipeline, Subsearch, Word

LOOKED_AT = 50  # rows that are looked at whole
VALUES_SHOWN = 3
NAMES_SHOWN = 10
DEFAULTS = frozenset(
    {"host", "source", "sourcetype", "index", "punct", "linecount", "splunk_server", "eventtype", "tag"}
)
ALL_BUT = 0.8  # likeness of a value that was all but asked for
LETTERS = 2  # that a misspelt value lacks at most
ALTERNATIVES = 25  # of an OR that are asked about


@dataclass(frozen=True, slots=True)
class Setting:
    """Where conditions are asked: the rows of `prefix`, before the stage of this number (from 0), `noun` being their name.

    `search`: the conditions are those of a search expression, else of eval.
    """

    asked: Asked
    stage: int
    prefix: Prefix
    search: bool
    noun: str = "rows"

    def many(self, number: int) -> str:
        """`14 events`, `1 row of Endpoint.Processes`."""
        first, _, rest = self.noun.partition(" ")
        one = f"{first.removesuffix('s')} {rest}".strip()
        return f"{number:,} {self.noun if number != 1 else one}"

    def patterns(self, nodes: Sequence[Node], prefix: Prefix | None = None) -> Mapping[str, int]:
        return self.asked.evidence.patterns(prefix or self.prefix, nodes, search=self.search)


def explain(setting: Setting, nodes: Sequence[Node]) -> list[Finding]:
    """Findings for conditions of which no row meets all; none where there is no row, or where rows meet all."""
    terms = [read(node, search=setting.search) for node in nodes]
    patterns = setting.patterns(nodes)
    total = sum(patterns.values())
    if not total or passing(patterns):
        return []
    found: dict[int, tuple[Finding, float]] = {}
    together: list[Finding] = []
    for blame in smallest(patterns):
        hopeless = [i for i in blame.conditions if not alone(patterns, i)]
        chosen = hopeless or (blame.conditions if len(blame.conditions) == 1 else ())
        for i in chosen:
            if i not in found:
                others = [node for n, node in enumerate(nodes) if n not in blame.conditions]
                counts = Counts(alone(patterns, i), total, blame.rows, len(others), len(blame.conditions) > 1)
                found[i] = describe(setting, terms[i], others, counts)
        if not chosen:
            together.append(
                _together(setting, [terms[i] for i in blame.conditions], blame.conditions, patterns, blame.rows)
            )
    first = sorted(found.values(), key=lambda one: -one[1])
    return [*(finding for finding, _ in first), *together]


def idle(setting: Setting, nodes: Sequence[Node]) -> list[Finding]:
    """Alternatives that hold for no row although others do, where a value that is all but the one they ask for is there: what is
    misspelt leaves rows to a later stage, and may be why that leaves none."""
    found = []
    for number, node in enumerate(nodes):
        term = read(node, search=setting.search)
        if term.shape != "any" or len(term.inner) > ALTERNATIVES:
            continue
        near = narrowed(setting.prefix, [other for n, other in enumerate(nodes) if n != number], search=setting.search)
        patterns = setting.patterns([one.node for one in term.inner], near)
        total = sum(patterns.values())
        for position, one in enumerate(term.inner):
            if one.shape != "equal" or alone(patterns, position) or not total:
                continue
            values = setting.asked.evidence.values(near, one.field)
            if likeness(one.wanted, values) >= ALL_BUT:
                there = nearest(one.wanted, values, 1)
                text = (
                    f"stage {setting.stage + 1}: `{one.text}` matches none of {setting.many(total)}, other alternatives do; "
                    f"nearest: {counted(there)}"
                )
                found.append(Finding("value", text, setting.stage + 1, one.text, "", 0, total, tuple(there)))
    return found


@dataclass(frozen=True, slots=True)
class Counts:
    """`alone` of `total` rows meet a condition; `rescued` meet the `others` that are not to blame, which may not be all others."""

    alone: int
    total: int
    rescued: int
    others: int = 0
    several: bool = False


def _together(
    setting: Setting, terms: Sequence[Term], numbers: Sequence[int], patterns: Mapping[str, int], rescued: int
) -> Finding:
    total = sum(patterns.values())
    parts = [f"`{term.text}` ({alone(patterns, n):,})" for term, n in zip(terms, numbers, strict=True)]
    text = f"{' and '.join(parts)} hold together in none of {setting.many(total)}; {passes(rescued, 'everything else')}"
    return Finding("condition", text, setting.stage + 1, " ".join(term.text for term in terms), of=total)


def describe(setting: Setting, term: Term, others: Sequence[Node], counts: Counts) -> tuple[Finding, float]:
    """One finding for a condition that is to blame, and how sure it is; `others` are those that rows meet without it."""
    near = narrowed(setting.prefix, others, search=setting.search)
    told = _told(setting, term, near, counts)
    text = told.text
    macro = setting.asked.macro(term.node)
    if macro:
        text += f" (from the macro `{macro}`)"
    found = Finding(
        told.subject, text, setting.stage + 1, term.text, macro, counts.alone, counts.total, tuple(told.values)
    )
    return found, told.sure


@dataclass(frozen=True, slots=True)
class Told:
    """What to say of a condition. `sure`, 0 to 1: how like it is what is there instead, or how plain the mistake."""

    subject: Subject
    text: str
    values: Sequence[tuple[str, int]] = ()
    sure: float = 0.0


def _told(setting: Setting, term: Term, near: Prefix, counts: Counts) -> Told:
    if term.shape == "not":
        return _excluded(setting, term, near, counts)
    if term.shape == "any":
        return _none_of(setting, term, near, counts)
    if term.shape == "subsearch":
        return _subsearch(setting, term, counts)
    if term.shape == "text":
        return _text(setting, term, near, counts)
    missing = [name for name in term.fields if not setting.asked.evidence.values(near, name)]
    if term.shape == "absent":
        values = setting.asked.evidence.values(near, term.field)
        text = f"{_matches(setting, term, counts)}: {term.field} has a value in all of them, {_some(values)}"
        return Told("condition", text)
    if missing:
        return _missing(setting, term, missing[0], near, counts)
    if term.shape == "other" and not term.field:
        each = [f"{name}: {_some(setting.asked.evidence.values(near, name))}" for name in term.fields[:2]]
        return Told("condition", "; ".join([_matches(setting, term, counts), *each]))
    values = setting.asked.evidence.values(near, term.field)
    lead = _matches(setting, term, counts)
    told = _shown(setting, term, near, values, lead)
    made = assigned(setting.asked, setting.stage, term.field)
    return replace(told, text=f"{told.text}; {term.field} is from {made}") if made else told


def _shown(setting: Setting, term: Term, near: Prefix, values: Sequence[tuple[str, int]], lead: str) -> Told:
    """What there is of a field that has values."""
    if term.shape == "order":
        return Told("value", f"{lead}; {_extreme(term, values)}", values[:VALUES_SHOWN])
    if term.shape == "equal":
        return _unequal(setting, term, near, values, lead)
    if term.shape == "unequal":
        return Told("value", f"{lead}: {term.field} is {_some(values)} in all of them", values[:VALUES_SHOWN])
    if term.shape == "pattern":
        hint = _case_of_pattern(setting, term, near)
        return Told("value", f"{lead}; {hint or f'its values: {_some(values)}'}", values[:VALUES_SHOWN])
    return Told("condition", f"{lead}; {term.field}: {_some(values)}", values[:VALUES_SHOWN])


def _those(setting: Setting, counts: Counts, chosen: bool) -> str:
    """`any of the 14 events that pass everything else`, for a sentence that holds of all of them."""
    number = counts.rescued if chosen else counts.total
    lead = f"all {setting.many(number)}" if number != 1 else f"the {setting.many(1)}"
    return f"{lead} that {'pass' if number != 1 else 'passes'} everything else" if chosen else lead


def _matches(setting: Setting, term: Term, counts: Counts) -> str:
    number = f"{counts.alone:,} of" if counts.alone else "none of"
    return f"`{term.text}` matches {number} {setting.many(counts.total)}{_rescued(counts)}"


def _rescued(counts: Counts) -> str:
    if not counts.others or (counts.rescued == counts.total and not counts.alone):
        return ""
    return "; " + passes(counts.rescued, "the conditions that can hold" if counts.several else "everything else")


def passes(number: int, what: str) -> str:
    return f"{number:,} {'pass' if number != 1 else 'passes'} {what}"


def _some(values: Sequence[tuple[str, int]]) -> str:
    shown = counted(values[:VALUES_SHOWN])
    left = len(values) - VALUES_SHOWN
    return f"{shown} and {left:,} more" if left > 0 else shown


# --- values


def _unequal(setting: Setting, term: Term, near: Prefix, values: Sequence[tuple[str, int]], lead: str) -> Told:
    hint = _mistake(setting, term, near, values)
    if hint:
        return Told("value", f"{lead}; {hint}", _alike(term, values), sure=1.0)
    alike = _alike(term, values)
    if alike:
        return Told("value", f"{lead}; nearest: {counted(alike)}", alike, likeness(term.wanted, alike))
    held = _held_elsewhere(setting, term, near)
    other = f"; {held}" if held else ""
    return Told(
        "value", f"{lead}; {term.field} has {_some(values)}{other}", values[:VALUES_SHOWN], sure=0.5 if held else 0.0
    )


def _alike(term: Term, values: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    return nearest(term.wanted, values)


def _mistake(setting: Setting, term: Term, near: Prefix, values: Sequence[tuple[str, int]]) -> str:
    """What is wrong with the way the value is written, where the same value written otherwise is there."""
    exact = not term.search and term.op != "LIKE"  # * is a character
    for wanted in term.wanted:
        if exact and "*" in wanted:
            node = Comparison(FieldName(term.field), "=", Word(wanted, quoted=True))
            matched = passing(setting.asked.evidence.patterns(near, [node], search=True))
            like = wanted.replace("*", "%")
            instead = f'like({term.field}, "{like}")'
            return f"* is a plain character in where: {instead}, or `search {unparse(node)}`, matches {matched:,}"
        if (rows := _having(values, wanted, exact, lower=True)) and not term.search:
            return f"case counts here: {counted(rows)}"
        for kind, other in _otherwise(wanted):
            if rows := _having(values, other, exact, lower=True):
                return f"{kind}: {counted(rows)}"
        longer = [
            (value, n) for value, n in values if len(value) > len(wanted) + LETTERS
        ]  # a shorter one is a misspelling
        if "*" not in wanted and len(wanted) >= 3 and (rows := _having(longer, f"*{wanted}*", False, lower=True)):
            total = sum(n for _, n in _having(values, f"*{wanted}*", False, lower=True, most=None))
            pattern = f"*{wanted}" if all(v.lower().endswith(wanted.lower()) for v, _ in rows) else f"*{wanted}*"
            how = f"`{pattern}` matches {total:,}" if term.search else f"{total:,} have it inside"
            return f"{term.field} holds more than that: {how}: {counted(rows)}"
    return ""


def _otherwise(wanted: str) -> list[tuple[str, str]]:
    """The value as it may have been meant, with what is wrong with it as it is written."""
    found = []
    single = re.sub(r"\\{2,}", r"\\", wanted)
    if single != wanted:
        found.append(("backslashes are doubled once too often", single))
    if wanted.strip("\"'") != wanted:
        found.append(("the quotes are part of the value that is looked for", wanted.strip("\"'")))
    if wanted.strip() != wanted:
        found.append(("space around the value counts", wanted.strip()))
    if "%" in wanted:
        found.append(("% is a plain character in a search, * the wildcard", wanted.replace("%", "*")))
    if wanted.isdigit():
        found.append(("leading zeros count in a comparison of text", wanted.lstrip("0") or "0"))
    return found


def _having(
    values: Sequence[tuple[str, int]], wanted: str, exact: bool, *, lower: bool, most: int | None = VALUES_SHOWN
) -> list[tuple[str, int]]:
    text = wanted.lower()
    found = [(v, n) for v, n in values if (v.lower() == text if exact else fits(text, v.lower()))]
    return found[:most]


def _extreme(term: Term, values: Sequence[tuple[str, int]]) -> str:
    numbers = []
    for value, _ in values:
        try:
            numbers.append((float(value), value))
        except ValueError:
            continue
    if not numbers:
        return f"{term.field} holds no number: {_some(values)}"
    greatest = term.op in (">", ">=")
    _, value = max(numbers) if greatest else min(numbers)
    return f"the {'highest' if greatest else 'lowest'} {term.field} is {value}"


def _case_of_pattern(setting: Setting, term: Term, near: Prefix) -> str:
    node = Call("match", (FieldName(term.field), Literal(f"(?i){term.wanted[0]}")))
    rows = passing(setting.asked.evidence.patterns(near, [node], search=False))
    return f"with (?i), whatever the case, it matches {rows:,}" if rows else ""


def _held_elsewhere(setting: Setting, term: Term, near: Prefix) -> str:
    """The other field that has a wanted value, among the rows that are looked at whole."""
    sample = setting.asked.evidence.sample(near, LOOKED_AT)
    counts: dict[str, int] = {}
    for row in sample:
        for name, value in row.items():
            texts = value if isinstance(value, list) else [value]
            if not name.startswith("_") and name != term.field and any(_holds(term, text) for text in texts):
                counts[name] = counts.get(name, 0) + 1
    if not counts:
        return ""
    name, rows = max(counts.items(), key=lambda item: (item[1], item[0]))
    return f"`{name}` has that value, in {rows:,} of {len(sample):,} {setting.noun} looked at"


def _holds(term: Term, text: str) -> bool:
    return any(wanted.strip("*") and fits(wanted.lower(), text.lower()) for wanted in term.wanted)


# --- fields


def _missing(setting: Setting, term: Term, field: str, near: Prefix, counts: Counts) -> Told:
    """The field has no value in the rows that meet everything else: is it in any, is it called otherwise, where does it come from?"""
    evidence = setting.asked.evidence
    elsewhere = evidence.values(setting.prefix, field) if near != setting.prefix else []
    where = _those(setting, counts, bool(elsewhere))
    text = f"`{field}` is missing in {where}" + (f" (`{term.text}`)" if term.text != field else "")
    origin = whence(setting.asked, setting.stage, field)
    if origin:
        return Told(origin[0], f"{text}; {origin[1]}", sure=1.0)
    if elsewhere:
        return Told("field", f"{text}; others have {_some(elsewhere)}", elsewhere[:VALUES_SHOWN])
    sample = evidence.sample(near, LOOKED_AT)
    names = sorted({name for row in sample for name in row if not name.startswith("_")})
    like = nearest_field(field, names)
    if like:
        values = tally(sample, like)
        return Told("field", f"{text}; did you mean `{like}`? it has {_some(values)}", values[:VALUES_SHOWN], sure=1.0)
    held = _held_elsewhere(setting, term, near) if term.shape == "equal" else ""
    if held:
        return Told("field", f"{text}; {held}", sure=1.0)
    return Told("field", f"{text}; fields there: {listed(names)}" if names else text)


def listed(names: Sequence[str]) -> str:
    """Names of fields for a sentence, those that every event has last."""
    ordered = sorted(names, key=lambda name: (name in DEFAULTS, name))
    more = f" and {len(names) - NAMES_SHOWN:,} more" if len(names) > NAMES_SHOWN else ""
    return ", ".join(ordered[:NAMES_SHOWN]) + more


def tally(sample: Sequence[Sample], field: str) -> list[tuple[str, int]]:
    """The values of a field in the rows that were looked at, most frequent first."""
    counts: dict[str, int] = {}
    for row in sample:
        value = row.get(field, [])
        for text in [value] if isinstance(value, str) else value:
            counts[text] = counts.get(text, 0) + 1
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def nearest_field(field: str, names: Sequence[str]) -> str | None:
    """The name that was meant: the nearest one, else one that differs in the dataset before its dot."""
    bare = field.rpartition(".")[2]
    same = [name for name in names if name.rpartition(".")[2] == bare]
    usual = DEFAULTS - {field.lower()}  # every event has them: they are like many a name and seldom meant
    folded = {name.lower(): name for name in reversed(names) if name not in usual}
    near = nearest_name(field.lower(), folded)
    return same[0] if same else folded[near] if near is not None else None


# --- compound conditions


def _excluded(setting: Setting, term: Term, near: Prefix, counts: Counts) -> Told:
    inner = term.inner[0]
    text = f"`{term.text}` excludes {_those(setting, counts, counts.others > 0)}"
    values = setting.asked.evidence.values(near, inner.field) if inner.field else []
    return Told("condition", f"{text}: {inner.field} is {_some(values)}" if values else text, values[:VALUES_SHOWN])


def _none_of(setting: Setting, term: Term, near: Prefix, counts: Counts) -> Told:
    """An OR: the alternative that is nearest to a match, explained."""
    best: tuple[tuple[int, float, int], Told] | None = None
    for number, one in enumerate(term.inner[:ALTERNATIVES]):
        nodes = list(conjuncts(one.node))
        patterns = setting.patterns(nodes, near)
        blames = smallest(patterns)
        if not blames:
            continue
        blame = blames[0]
        chosen = read(nodes[blame.conditions[0]], search=setting.search)
        others = [node for n, node in enumerate(nodes) if n not in blame.conditions]
        inside = Counts(alone(patterns, blame.conditions[0]), sum(patterns.values()), blame.rows, len(others))
        told = _told(setting, chosen, narrowed(near, others, search=setting.search), inside)
        rank = (len(blame.conditions), -told.sure, number)
        if best is None or rank < best[0]:
            best = rank, told
    lead = f"none of {len(term.inner)} alternatives matches{_rescued(counts)}"
    if best is None:
        return Told("condition", f"{lead}: `{term.text}`")
    told = best[1]
    return Told(told.subject, f"{lead}; the nearest: {told.text}", told.values, told.sure)


def _text(setting: Setting, term: Term, near: Prefix, counts: Counts) -> Told:
    number = f"{counts.alone:,} of" if counts.alone else "none of"
    lead = f"`{term.text}` is in the text of {number} {setting.many(counts.total)}"
    lead += _rescued(counts)
    word = term.wanted[0].strip("*")
    if setting.search and term.op == "CASE" and (rows := passing(setting.patterns([Keyword(word)], near))):
        return Told("text", f"{lead}; whatever the case in {rows:,}", sure=1.0)
    if setting.search and word and term.op != "TERM":
        inside = passing(setting.patterns([Keyword(f"*{word}*")], near))
        if inside:
            return Told("text", f"{lead}; as part of a longer word (`*{cut(word, 60)}*`) in {inside:,}", sure=1.0)
    pieces = [piece for piece in re.split(r"[\s*]+", word) if len(piece) > 2]
    if setting.search and len(pieces) > 1:
        found = [(p, passing(setting.patterns([Keyword(p, quoted=True)], near))) for p in pieces[:4]]
        return Told("text", f"{lead}; its words: {counted(found)}", found)
    return Told("text", lead)


def _subsearch(setting: Setting, term: Term, counts: Counts) -> Told:
    for part in term.node.walk():
        if isinstance(part, Subsearch):
            pipeline: Pipeline = part.pipeline
            commands = tuple(command for command in pipeline.commands if isinstance(command, Command))
            rows = setting.asked.evidence.count(commands)
            if not rows:
                return Told("subsearch", f"the subsearch gave no row, so nothing can match it: `{term.text}`", sure=1.0)
            shown = setting.asked.evidence.sample(commands, 2)
            rows_shown = "; ".join(
                ", ".join(f"{k}={v}" for k, v in row.items() if not k.startswith("_")) for row in shown
            )
            text = f"{_matches(setting, term, counts)}; the subsearch gave {rows:,} rows: {cut(rows_shown, 120)}"
            return Told("subsearch", text)
    return Told("condition", _matches(setting, term, counts))
