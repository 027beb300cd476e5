"""Event types and tags: the last of the search-time operations. Follows eventtypes.conf.spec and tags.conf.spec."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

import polars as pl

from caltrop.dialect.conf import DEFAULT
from caltrop.dialect.words import truth
from caltrop.errors import CaltropError
from caltrop.knowledge.asking import Asker, Fault
from caltrop.knowledge.columns import MULTIVALUE, as_field, shrink
from caltrop.knowledge.configuration import MergedStanza, disabled
from caltrop.knowledge.extraction import names_in_eval

_COMPARED = re.compile(r"""(?:"([^"]+)"|'([^']+)'|([\w.:{}@\-]+))\s*(?:!?=|[<>]|\bIN\b)""")
_BITS = 62  # masks in one code
LABELS = frozenset({"eventtype", "tag", "tag::eventtype"})  # what event types give


@dataclass(frozen=True, slots=True)
class Aside:
    """Where stand-ins step aside: in these rows, none of these event types and tags (field, value, tag) holds."""

    rows: pl.Series  # Boolean
    eventtypes: frozenset[str]
    tags: frozenset[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class EventType:
    """An enabled event type and the tags it carries. `priority` 1 is the highest; `place` is where its search stands."""

    name: str
    search: str
    priority: int
    tags: tuple[str, ...]
    place: str = ""


def read_tags(stanzas: Mapping[str, MergedStanza], meet: Callable[[Fault], None]) -> dict[str, dict[str, list[str]]]:
    """field -> value -> enabled tags, sorted."""
    tags: dict[str, dict[str, list[str]]] = {}
    for name, stanza in stanzas.items():
        if name == DEFAULT:
            continue
        field, equals, value = name.partition("=")
        if not equals or not field.strip():
            meet(Fault(stanza.place(), f"[{name}] gives tags to nothing: expected [field=value]", frozenset({"tag"})))
            continue
        for tag, setting in stanza.settings.items():
            if truth(setting.value, True) and not truth(setting.value):  # neither of the two words
                what = f"[{name}] {tag} = {setting.value}: expected enabled or disabled"
                meet(Fault(setting.place, what, frozenset({"tag", f"tag::{field.strip()}"})))
        names = sorted(tag for tag, setting in stanza.settings.items() if truth(setting.value))
        if names:
            tags.setdefault(field.strip(), {})[unquote(value.strip())] = names
    return tags


def read_eventtypes(
    stanzas: Mapping[str, MergedStanza], tags: Mapping[str, Mapping[str, list[str]]]
) -> dict[str, EventType]:
    """Enabled event types by priority, then name."""
    found = []
    for name, stanza in stanzas.items():
        if stanza.get("search") and not disabled(stanza):
            priority = stanza.get("priority", "1")
            own = tuple(tags.get("eventtype", {}).get(name, ()))
            found.append(
                EventType(
                    name, stanza.get("search"), int(priority) if priority.isdigit() else 1, own, stanza.place("search")
                )
            )
    return {e.name: e for e in sorted(found, key=lambda e: (e.priority, e.name))}


def names_in_search(text: str, macro: Callable[[str], str | None]) -> set[str]:
    """Every field a search expression compares; macros (`name(arguments)`, as written) are looked into."""
    found: set[str] = set()
    seen: set[str] = set()
    queue = [text]
    while queue:
        part = queue.pop()
        found.update(a or b or c for a, b, c in _COMPARED.findall(part))
        for call in re.findall(r"`([^`]+)`", part):
            if call not in seen:
                seen.add(call)
                found |= names_in_eval(call)
                queue.append(macro(call) or "")
    return found


def asked(wanted: Collection[str] | None) -> bool:
    """Whether the wanted fields (None: all) include event types or tags."""
    return wanted is None or any(w in ("eventtype", "tag") or w.startswith("tag::") for w in wanted)


def tagged(wanted: set[str], tags: Mapping[str, Mapping[str, list[str]]]) -> set[str]:
    """The fields that the wanted ones of `tag` and `tag::<field>` read."""
    return {f for f in tags if f != "eventtype" and {"tag", f"tag::{f}"} & wanted}


def add(
    frame: pl.DataFrame,
    wanted: set[str] | None,
    eventtypes: Mapping[str, EventType],
    tags: Mapping[str, Mapping[str, list[str]]],
    asker: Asker,
    aside: Aside | None = None,
) -> pl.DataFrame:
    """Add `eventtype`, `tag` and `tag::<field>` where an event has any."""
    masks: dict[str, pl.Series] = {}
    if eventtypes and (wanted is None or LABELS & wanted):
        masks = eventtype_masks(frame, eventtypes, asker, aside)
    added = [labels("eventtype", masks, frame.height)]
    everywhere: dict[str, list[pl.Series]] = {}  # tag -> where it holds
    for field, by_value in sorted(tags.items()):
        if wanted is not None and not {"tag", f"tag::{field}"} & wanted:
            continue
        if field == "eventtype":
            where = {v: m for v, m in masks.items() if v in by_value}
        else:
            where = _where(frame[field], set(by_value)) if field in frame.columns else {}
        own: dict[str, list[pl.Series]] = {}
        for value, mask in where.items():
            for tag in by_value[value]:
                off = aside is not None and field != "eventtype" and (field, value, tag) in aside.tags
                own.setdefault(tag, []).append(mask & ~aside.rows if aside is not None and off else mask)
        own = {tag: held for tag, held in own.items() if aside is None or any(mask.any() for mask in held)}
        united = {tag: _any_of(own[tag], frame.height) for tag in sorted(own)}
        added.append(labels(f"tag::{field}", united, frame.height))
        for tag, mask in united.items():
            everywhere.setdefault(tag, []).append(mask)
    added.append(labels("tag", {t: _any_of(everywhere[t], frame.height) for t in sorted(everywhere)}, frame.height))
    return frame.with_columns([c for c in added if c.null_count() < len(c)])


def eventtype_masks(
    frame: pl.DataFrame, eventtypes: Mapping[str, EventType], asker: Asker, aside: Aside | None = None
) -> dict[str, pl.Series]:
    """Which event type holds where, of those that hold anywhere, in the order given.

    A search may name another event type; those run first. One that fails holds nowhere.
    """
    running = _Masks(frame, eventtypes, asker, aside)
    for name in eventtypes:
        running.run(name, ())
    masks = running.masks
    return {name: masks[name] for name in eventtypes if name in masks and masks[name].any()}


class _Masks:
    """Event types on their way. (A function inside of another that calls itself would hold the frame until garbage is collected.)"""

    def __init__(
        self, frame: pl.DataFrame, eventtypes: Mapping[str, EventType], asker: Asker, aside: Aside | None
    ) -> None:
        self.masks: dict[str, pl.Series] = {}
        self._frame, self._eventtypes, self._asker, self._aside = frame, eventtypes, asker, aside
        self._failed: set[str] = set()

    def run(self, name: str, path: tuple[str, ...]) -> None:
        if name in self.masks or name in self._failed:
            return
        if name in path:
            self._fail(name, f"event types refer to each other: {' -> '.join((*path, name))}")
            return
        search, scope = self._eventtypes[name].search, self._frame
        used = [u for u in re.findall(r'\beventtype\s*=\s*"?([\w\-.:]+)"?', search) if u in self._eventtypes]
        for other in used:
            self.run(other, (*path, name))
        if used:
            known = {u: self.masks[u] for u in used if u in self.masks}
            scope = scope.with_columns(labels("eventtype", known, scope.height))
        if self._asker.matches is None:
            self._fail(name, "is left out: nothing evaluates searches here")
            return
        try:
            found = self._asker.matches(search, scope)
        except CaltropError as error:
            self._fail(name, f"search: {error.message}")
            return
        aside = self._aside
        self.masks[name] = found & ~aside.rows if aside is not None and name in aside.eventtypes else found

    def _fail(self, name: str, what: str) -> None:
        self._failed.add(name)
        self._asker.meet(Fault(self._eventtypes[name].place, f"[{name}] {what}", LABELS))


def labels(name: str, masks: Mapping[str, pl.Series], height: int) -> pl.Series:
    """A multivalue column: the names whose mask holds, in order; null where none does.

    Few combinations of masks occur: each row gets the number of its combination, each combination its list once.
    """
    if not masks:
        return pl.Series(name, [None], dtype=pl.String).new_from_index(0, height)
    names = list(masks)
    bits = [mask.fill_null(False).cast(pl.Int64) for mask in masks.values()]
    codes = []
    for start in range(0, len(bits), _BITS):
        code = pl.Series([0], dtype=pl.Int64).new_from_index(0, height)
        for place, bit in enumerate(bits[start : start + _BITS]):
            code = code + bit * (1 << place)
        codes.append(code.alias(f"code{start}"))
    rows = pl.DataFrame(codes)
    combinations = rows.unique()
    lists = [
        [n for i, n in enumerate(names) if combination[i // _BITS] >> (i % _BITS) & 1] or None
        for combination in combinations.iter_rows()
    ]
    table = combinations.with_columns(pl.Series(name, lists, dtype=MULTIVALUE))
    return shrink(rows.join(table, on=rows.columns, how="left", maintain_order="left")[name])


def _any_of(masks: Iterable[pl.Series], height: int) -> pl.Series:
    result = pl.Series([False], dtype=pl.Boolean).new_from_index(0, height)
    for mask in masks:
        result = result | mask.fill_null(False)
    return result


def _where(column: pl.Series, values: set[str]) -> dict[str, pl.Series]:
    """value -> the rows whose field has it."""
    column = as_field(column)
    if column.dtype == MULTIVALUE:
        present = set(column.explode().unique().drop_nulls()) & values
        return {v: column.list.contains(v).fill_null(False) for v in sorted(present)}
    present = set(column.unique().drop_nulls()) & values
    return {v: (column == v).fill_null(False) for v in sorted(present)}
