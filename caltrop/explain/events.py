"""Why a leading search finds no event: index, source and source type, the time range, words of the text, fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from caltrop.dialect.moments import time_bound
from caltrop.dialect.words import fits
from caltrop.dialect.zones import TimeError
from caltrop.explain.asked import Asked
from caltrop.explain.blame import passing, smallest, without
from caltrop.explain.conditions import Setting, explain
from caltrop.explain.evidence import Kind, Prefix
from caltrop.explain.findings import Finding, Subject, counted
from caltrop.explain.near import likeness, nearest
from caltrop.explain.terms import Term, conjuncts, read
from caltrop.spl.ast import And, Command, Comparison, FieldName, Membership, Node, Word

KINDS = ("index", "source", "sourcetype")
SHOWN = 4
FEW = 10_000  # events that are always read; of more, none that the search itself did not have to read
Bounds = tuple[float | None, float | None]


def explain_events(asked: Asked, stage: int, expression: Node) -> list[Finding]:
    """Findings for a search expression that no event matches."""
    terms = [read(node, search=True) for node in conjuncts(expression)]
    inventory = list(asked.evidence.inventory(internal=_internal(expression)))
    if not inventory:
        return [Finding("data", "there is no event: every index is empty", stage + 1)]
    times = [term for term in terms if term.shape == "time"]
    bounds = bounds_of(asked, times)
    kinds = [term for term in terms if term.shape != "time" and _of_kinds(term)]
    rest = [term for term in terms if term.shape != "time" and not _of_kinds(term)]
    failing, found = _kinds(asked, stage, kinds, bounds, inventory)
    in_time = "time" not in failing
    kept = [term.node for term in kinds if term.text not in failing]
    if "index" in failing or "default" in failing:
        kept.append(Comparison(FieldName("index"), "=", Word("*")))
    kept += [term.node for term in times] if in_time else _always(inventory)
    few = sum(kind[3] for kind in inventory) <= FEW
    if failing and not few:
        return found
    extra, none_in_range = _rest(asked, stage, kept, rest, few)
    if none_in_range and in_time:
        found.append(time_finding(stage, bounds, inventory, kinds))
        if few:
            outside = [node for node in kept if node not in [term.node for term in times]]
            extra, _ = _rest(asked, stage, [*outside, *_always(inventory)], rest, few)
    elif in_time and not found and extra and few and _outside(bounds, inventory):
        found += _missed_by_time(asked, stage, kinds, rest, bounds, inventory)
    return [*found, *extra]


def _internal(expression: Node) -> bool:
    """Whether an index is named whose name begins with _."""
    terms = [read(node, search=True) for node in expression.walk() if isinstance(node, Comparison | Membership)]
    return any(term.field == "index" and text.startswith("_") for term in terms for text in term.wanted)


# --- what is known of every event without reading it


def _of_kinds(term: Term) -> bool:
    if term.shape in ("not", "any"):
        return all(map(_of_kinds, term.inner))
    return term.field in KINDS and term.shape in ("equal", "unequal", "present")


def holds(term: Term, kind: Mapping[str, str]) -> bool:
    """Whether events of a kind meet a condition on index, source and source type."""
    if term.shape == "not":
        return not holds(term.inner[0], kind)
    if term.shape == "any":
        return any(holds(one, kind) for one in term.inner)
    value = kind[term.field].lower()
    if term.shape == "present":
        return bool(value)
    equal = any(fits(wanted.lower(), value) for wanted in term.wanted)
    return equal == (term.shape == "equal")


def _kinds(
    asked: Asked, stage: int, terms: Sequence[Term], bounds: Bounds, inventory: Sequence[Kind]
) -> tuple[set[str], list[Finding]]:
    """The conditions on kinds that are to blame (their texts; `index` where an index is among them, `default` where none is named,
    `time` for the time range) and what to say of them."""
    named = any("index" in _fields(term) for term in terms)
    defaults = set(asked.evidence.default_indexes())
    patterns: dict[str, int] = {}
    for kind in inventory:
        values = dict(zip(KINDS, kind[:3], strict=True))
        held = [holds(term, values) for term in terms]
        held += [named or kind[0] in defaults, _overlaps(kind, bounds)]
        key = "".join("1" if one else "0" for one in held)
        patterns[key] = patterns.get(key, 0) + kind[3]
    if passing(patterns):
        return set(), []
    blame = smallest(patterns)[-1]  # what leaves most: nothing is known of the other conditions yet
    failing: set[str] = set()
    found: list[Finding] = []
    for number in blame.conditions:
        left = without(patterns, blame.conditions)
        if number == len(terms) + 1:
            failing.add("time")
            found.append(
                time_finding(stage, bounds, inventory, [t for n, t in enumerate(terms) if n not in blame.conditions])
            )
        elif number == len(terms):
            failing.add("default")
            text = f"no index is named, and the indexes that are searched then have no such event: {left:,} are in {counted(_counts('index', inventory, terms)[:SHOWN])}"
            found.append(Finding("index", text, stage + 1))
        else:
            term = terms[number]
            failing.add(term.text)
            failing |= {"index"} & set(_fields(term))
            found.append(_kind(asked, stage, term, inventory, terms))
    return failing, found


def _fields(term: Term) -> tuple[str, ...]:
    return tuple(name for one in term.inner for name in _fields(one)) if term.inner else (term.field,)


def _kind(asked: Asked, stage: int, term: Term, inventory: Sequence[Kind], terms: Sequence[Term]) -> Finding:
    """A condition on kinds that is to blame; of an OR the alternative that is most like what there is."""
    others = [one for one in terms if one is not term]
    best = max(_leaves(term), key=lambda leaf: likeness(leaf.wanted, _counts(leaf.field, inventory, others)))
    there = _counts(best.field, inventory, others)
    total = sum(kind[3] for kind in inventory)
    alike = nearest(best.wanted, there)
    text = f"`{best.text}` matches none of {total:,} events"
    if best.shape == "equal" and best.field == "index":
        known = any(fits(wanted, name) for wanted in best.wanted for name in asked.evidence.indexes(internal=True))
        text = f"`{best.text}`: the index has no such event" if known else f"`{best.text}`: there is no such index"
    if best is not term:
        text += ", nor do its alternatives" if term.shape == "any" else f" (`{term.text}`)"
    if alike:
        text += f"; nearest: {counted(alike)}"
    elif there:
        more = f" and {len(there) - SHOWN} more" if len(there) > SHOWN else ""
        text += f"; {best.field} is {counted(there[:SHOWN])}{more}"
    macro = asked.macro(term.node)
    if macro:
        text += f" (from the macro `{macro}`)"
    subject: Subject = "index" if best.field == "index" else ("source" if best.field == "source" else "sourcetype")
    return Finding(subject, text, stage + 1, best.text, macro, 0, total, tuple(alike or there[:SHOWN]))


def _leaves(term: Term) -> list[Term]:
    return [leaf for one in term.inner for leaf in _leaves(one)] if term.inner else [term]


def _counts(field: str, inventory: Sequence[Kind], terms: Sequence[Term]) -> list[tuple[str, int]]:
    """The values of index, source or sourcetype with their events, of the kinds that meet the conditions."""
    place = KINDS.index(field)
    counts: dict[str, int] = {}
    for kind in inventory:
        if all(holds(one, dict(zip(KINDS, kind[:3], strict=True))) for one in terms):
            name = str(kind[place])
            counts[name] = counts.get(name, 0) + kind[3]
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


# --- time


def bounds_of(asked: Asked, times: Sequence[Term]) -> Bounds:
    """The range that the search looks in: its own modifiers replace the one beside it."""
    earliest = latest = None
    own = [t for t in times if isinstance(t.node, Comparison) and t.node.field.name.lower() in ("earliest", "latest")]
    if not own:
        return asked.earliest, asked.latest
    for term in own:
        assert isinstance(term.node, Comparison)
        try:
            moment = time_bound(term.wanted[0] if term.wanted else _word(term.node), asked.now, asked.timezone)
        except TimeError:
            continue
        if term.node.field.name.lower() == "earliest":
            earliest = moment
        else:
            latest = moment
    return earliest, asked.now if latest is None else latest


def _word(node: Comparison) -> str:
    return node.value.text if isinstance(node.value, Word) else ""


def _overlaps(kind: Kind, bounds: Bounds) -> bool:
    earliest, latest = bounds
    return (latest is None or kind[4] < latest) and (earliest is None or kind[5] >= earliest)


def _outside(bounds: Bounds, inventory: Sequence[Kind]) -> bool:
    """Whether there are events outside the range."""
    earliest, latest = bounds
    return any(
        (earliest is not None and kind[4] < earliest) or (latest is not None and kind[5] >= latest)
        for kind in inventory
    )


def _always(inventory: Sequence[Kind]) -> list[Node]:
    """Time modifiers of a range that has every event."""
    first, last = min(kind[4] for kind in inventory), max(kind[5] for kind in inventory)
    bounds = (("earliest", str(int(first) - 1)), ("latest", str(int(last) + 2)))
    return [Comparison(FieldName(name), "=", Word(value)) for name, value in bounds]


def time_finding(stage: int, bounds: Bounds, inventory: Sequence[Kind], terms: Sequence[Term]) -> Finding:
    chosen = [
        k for k in inventory if all(holds(term, dict(zip(KINDS, k[:3], strict=True))) for term in terms)
    ] or inventory
    total = sum(kind[3] for kind in chosen)
    first, last = min(kind[4] for kind in chosen), max(kind[5] for kind in chosen)
    day = f"of {_day(first)}" if _day(first) == _day(last) else f"from {_moment(first)} to {_moment(last)}"
    earliest, latest = bounds
    if earliest is not None and earliest > last:
        text = f"all {total:,} events are {day}, the time range begins {_moment(earliest)}"
    elif latest is not None and latest <= first:
        text = f"all {total:,} events are {day}, the time range ends {_moment(latest)}"
    else:
        text = f"none of {total:,} events ({day}) is in the time range, {_range(bounds)}"
    return Finding("time", text, stage + 1, _range(bounds), matched=0, of=total)


def _missed_by_time(
    asked: Asked, stage: int, kinds: Sequence[Term], rest: Sequence[Term], bounds: Bounds, inventory: Sequence[Kind]
) -> list[Finding]:
    """Events outside the range that match the whole search."""
    nodes = [term.node for term in (*kinds, *rest)]
    rows = asked.evidence.count((Command("search", (And((*nodes, *_always(inventory))),)),))
    if not rows:
        return []
    text = f"{rows:,} events match outside the time range, which is {_range(bounds)}"
    return [Finding("time", text, stage + 1, _range(bounds), matched=0, of=rows)]


def _range(bounds: Bounds) -> str:
    earliest, latest = bounds
    low = _moment(earliest) if earliest else "the beginning"
    return f"{low} to {_moment(latest) if latest is not None else 'now'}"


def _day(epoch: float) -> str:
    return _moment(epoch)[:10]


def _moment(epoch: float) -> str:
    try:
        return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return str(epoch)


# --- text and fields


def _textual(term: Term) -> bool:
    return all(map(_textual, term.inner)) if term.inner else term.shape == "text"


def _rest(
    asked: Asked, stage: int, kept: Sequence[Node], rest: Sequence[Term], few: bool
) -> tuple[list[Finding], bool]:
    """Findings for the conditions that need the events, and whether there is no event to ask.

    Words of the text first: they are found without extraction, and leave few events to ask about fields. Where words are to
    blame, of many events (not `few`) no field is asked: the search did not have to read any either.
    """
    words = [term for term in rest if _textual(term)]
    nodes, kept = [term.node for term in rest], list(kept)
    if words:
        setting = Setting(asked, stage, _search(kept), True, "events")
        patterns = setting.patterns([term.node for term in words])
        if not patterns:
            return [], True
        blamed = smallest(patterns)
        failing = set(blamed[0].conditions) if blamed else set()
        good = [term.node for n, term in enumerate(words) if n not in failing]
        if len(good) == len(nodes):
            return [], False
        if failing and not few:
            return explain(setting, [term.node for term in words]), False
        kept += good
        nodes = [node for node in nodes if node not in good]
    if not nodes:
        return [], not asked.evidence.count(_search(kept))
    setting = Setting(asked, stage, _search(kept), True, "events")
    if not setting.patterns(nodes):
        return [], True
    return explain(setting, nodes), False


def _search(nodes: Sequence[Node]) -> Prefix:
    return (Command("search", (And(tuple(nodes)),)) if nodes else Command("search", (And(()),)),)
