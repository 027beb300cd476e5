"""Search-time fields, in the order of "The sequence of search-time operations" of the Knowledge Manager Manual:

inline extractions, transforms, automatic extraction, aliases, calculated fields, lookups; then event types and tags.

Only what `wanted` needs is computed: a calculated field pulls in what its expression reads, an alias its source, a
lookup its inputs. Over-approximation costs time, never correctness.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial

import polars as pl

from caltrop.dialect.patterns import Regex
from caltrop.errors import CaltropError
from caltrop.knowledge import automatic, jsonfields, texttables
from caltrop.knowledge.asking import Evaluate, Fault
from caltrop.knowledge.columns import Columns, as_field, as_list, from_pairs, stack, trimmed, unify
from caltrop.knowledge.dynamic import KEY_VALUE, naming
from caltrop.knowledge.limits import KV_CHARACTERS, KV_COLUMNS, KV_FIELDS
from caltrop.knowledge.lookups import Lookup
from caltrop.knowledge.multikv import Description
from caltrop.knowledge.props import AutoLookup, Plan, Report
from caltrop.knowledge.transforms import Transform

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_NAME = re.compile(r"'((?:[^'\\]|\\.)+)'|([A-Za-z_][\w.:{}@]*)(\s*\()?")
_OPERATORS = frozenset({"AND", "OR", "NOT", "XOR", "IN", "LIKE"})


def names_in_eval(expression: str) -> set[str]:
    """Every name an eval expression could read (too many is fine)."""
    found: set[str] = set()
    for quoted, bare, called in _NAME.findall(_STRING.sub(" ", expression)):
        joined = bare.split(".")  # a dot also joins strings
        found.update([quoted] if quoted else joined[:-1] if called else [bare, *joined])
    return found - _OPERATORS


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of automatic extraction, by limits.conf: characters of an event, its fields (0: all), columns of a table."""

    characters: int = KV_CHARACTERS.default
    fields: int = KV_FIELDS.default
    columns: int = KV_COLUMNS.default


@dataclass(frozen=True, slots=True)
class Tools:
    """What extraction needs from outside: the evaluator of expressions, transforms and lookups by name, who hears of faults."""

    evaluate: Evaluate | None
    transform: Callable[[Report], Transform | Fault]
    lookup: Callable[[AutoLookup], Lookup | Fault]
    meet: Callable[[Fault], None]
    table: Callable[[str, str], Description | Fault]  # of multikv.conf by name, asked for at a place
    tokenizers: Mapping[str, Regex] = field(default_factory=dict)  # of fields.conf, by field
    bounds: Bounds = Bounds()


UNFOUND = "timestamp"
_EVENTS_OWN = frozenset({"host", "source", "sourcetype", "index"})


def closure(plan: Plan, wanted: set[str], tools: Tools, *, by_data: bool = True) -> set[str]:
    """`wanted` and everything that has to be there to compute it; `by_data` False: where no name is taken from the data."""
    needed = set(wanted)
    for auto in reversed(plan.lookups):
        targets = {target for _, target in lookup_outputs(auto, tools)}
        if targets & needed:
            needed.update(source for _, source in auto.inputs)
    for item in plan.evals:
        if item.name in needed:
            needed |= names_in_eval(item.expression)
    for alias in reversed(plan.aliases):
        if alias.target in needed:
            needed.add(alias.source)
    for report in reversed(plan.reports):
        found = tools.transform(report)
        if isinstance(found, Transform) and found.gives(needed, by_data=by_data):
            needed.update(found.sources)
    for extract in reversed(plan.extracts):
        if set(extract.outputs) & needed:
            needed.add(extract.field)
    return needed


def dependents(plan: Plan, fields: frozenset[str], *, calculated: bool = False) -> frozenset[str] | None:
    """`fields` and everything that is computed from them; None where that cannot be told.

    `calculated`: they are calculated fields, which other calculated fields and aliases do not see.
    """
    known = set(fields)
    if not calculated:
        for extract in plan.extracts:
            if extract.field in known:
                known.update(extract.outputs)
        known.update(alias.target for alias in plan.aliases if alias.source in known)
        known.update([item.name for item in plan.evals if names_in_eval(item.expression) & known])
    for auto in plan.lookups:
        if any(source in known for _, source in auto.inputs):
            if auto.targets is None:
                return None
            known |= auto.targets
    return frozenset(known)


def lookup_outputs(auto: AutoLookup, tools: Tools) -> tuple[tuple[str, str], ...]:
    if auto.outputs:
        return auto.outputs
    table = tools.lookup(auto)
    return () if isinstance(table, Fault) else tuple((f, f) for f in table.outputs([field for field, _ in auto.inputs]))


def extract(frame: pl.DataFrame, plan: Plan, wanted: set[str] | None, tools: Tools) -> pl.DataFrame:
    """Events of one kind -> their fields up to lookups. Fields the frame brings along are not extracted again.

    Events that cannot have a wanted field by a name of their own are not searched for names.
    """
    if wanted is None:
        return _extract(frame, plan, None, tools).frame()
    transforms = [tools.transform(report) for report in plan.reports]
    rows = naming(frame.drop(UNFOUND, strict=False), plan, transforms, closure(plan, wanted, tools, by_data=False))
    if rows is None or rows.all():
        return _extract(frame, plan, wanted, tools).frame()
    if not rows.any():
        return _extract(frame, plan, wanted, tools, by_data=False).frame()
    parts = [
        _extract(frame.filter(chosen), plan, wanted, tools, by_data=data).frame()
        for chosen, data in ((rows, True), (~rows, False))
    ]
    return stack(parts)[pl.concat([rows.arg_true(), (~rows).arg_true()]).arg_sort()]


def _extract(
    frame: pl.DataFrame, plan: Plan, wanted: set[str] | None, tools: Tools, *, by_data: bool = True
) -> Columns:
    needed = None if wanted is None else closure(plan, wanted, tools, by_data=by_data)
    # `timestamp=none`, which is indexed where no time was found, gives way to a field of the event's own.
    untimed = frame.get_column(UNFOUND) if UNFOUND in frame.columns else None
    columns = Columns(frame if untimed is None else frame.drop(UNFOUND))
    indexed = {name for name in frame.columns if not name.startswith("_") and name not in _EVENTS_OWN}
    for fault in plan.faults:
        tools.meet(fault)
    for item in plan.extracts:
        if needed is None or needed & set(item.outputs):
            text = columns.text(item.field)
            for name, group in zip(item.regex.names, item.regex.first(text), strict=True):
                if name and (needed is None or name in needed):
                    group = trimmed(group)
                    columns.fill(name, group.set(group == "", None))
    for report in plan.reports:
        found = tools.transform(report)
        if isinstance(found, Fault):
            tools.meet(found)
        elif found.gives(needed, by_data=by_data):
            found.run(columns, needed)
    if by_data or plan.auto_json or plan.kv_mode not in KEY_VALUE:
        _automatic(columns, plan, needed, tools, indexed, by_data=by_data)
    if untimed is not None:
        columns.fill(UNFOUND, untimed)
    _aliases(columns, plan, needed)
    _calculated(columns, plan, needed, tools)
    for auto in plan.lookups:
        _lookup(columns, auto, needed, tools)
    for name, regex in tools.tokenizers.items():
        if name in columns and (needed is None or name in needed):
            columns.put(name, tokens(columns[name], regex))
    return columns


def tokens(column: pl.Series, regex: Regex) -> pl.Series:
    """TOKENIZER of fields.conf: the first group of every match is a value. A value without any match stays as it is."""
    values = as_field(column)
    lists = as_list(values).to_frame("value").with_row_index("row").explode("value").with_row_index("number")
    rows, groups = regex.every(lists["value"])
    found = pl.DataFrame({"number": rows, "token": groups[0]}).drop_nulls().filter(pl.col("token") != "")
    joined = lists.join(found, on="number", how="left", maintain_order="left")
    each = joined.select("row", pl.coalesce("token", "value").alias("value"))
    return each.group_by("row", maintain_order=True).agg(pl.col("value").drop_nulls())["value"].alias(column.name)


def _automatic(
    columns: Columns, plan: Plan, needed: set[str] | None, tools: Tools, indexed: set[str], *, by_data: bool
) -> None:
    """KV_MODE; `by_data` False: without key=value. JSON that was indexed with INDEXED_EXTRACTIONS as well gives its values twice, as on Splunk (measured), unless
    KV_MODE is none."""
    mode = plan.kv_mode
    twice = indexed if plan.indexed_json and mode != "none" else set()
    if needed is not None and all(name not in twice and columns.full(name) for name in needed):
        return  # a field that some event lacks may still be found in its text
    raw = columns.text("_raw")
    if mode == "multi" or mode.startswith("multi:"):
        most = tools.bounds.columns
        table = tools.table(plan.kv_table, plan.kv_place) if mode != "multi" else None
        if isinstance(table, Fault):
            tools.meet(table)
        known = table.rows if isinstance(table, Description) else texttables.recognised
        _fill(columns, texttables.fields(raw, lambda text: known(text, most)), needed, True)
        return
    if mode == "xml":
        _fill(columns, automatic.xml(raw), needed, True)
        return
    if mode == "json":
        _fill_json(columns, raw, needed, twice)
        return
    as_json = jsonfields.looks_json(raw) if plan.auto_json else None
    if as_json is not None and as_json.any():
        _fill_json(columns, raw.set(~as_json, None), needed, twice)
    if by_data and mode in KEY_VALUE:
        rest = raw if as_json is None else raw.set(as_json, None)
        if rest.null_count() < len(rest):
            rest = rest.str.head(tools.bounds.characters)
            found = automatic.pairs(rest, escaped=mode == "auto_escaped", trim=plan.trim_spaces)
            found = automatic.first_fields(found, tools.bounds.fields)
            _fill(columns, found, needed, False)


def _fill(
    columns: Columns,
    triples: automatic.Triples,
    needed: set[str] | None,
    multivalue: bool,
) -> None:
    for column in from_pairs(columns.height, *triples, wanted=needed, multivalue=multivalue):
        columns.fill(column.name, column)


def _fill_json(columns: Columns, raw: pl.Series, needed: set[str] | None, twice: Collection[str]) -> None:
    for column in jsonfields.fields(raw, needed):
        (columns.add if column.name in twice else columns.fill)(column.name, column)


def _aliases(columns: Columns, plan: Plan, needed: set[str] | None) -> None:
    """AS overwrites the alias and removes it where its source is missing (since 7.2.4); ASNEW only fills."""
    for alias in plan.aliases:
        if needed is not None and alias.target not in needed:
            continue
        if alias.source not in columns and alias.target not in columns:
            continue
        if alias.keep:
            columns.fill(alias.target, columns[alias.source])
        else:
            columns.put(alias.target, columns[alias.source])


def _calculated(columns: Columns, plan: Plan, needed: set[str] | None, tools: Tools) -> None:
    """All expressions see the fields as they were before any of them. One that fails changes nothing."""
    chosen = [item for item in plan.evals if needed is None or item.name in needed]
    if not chosen:
        return
    frame = columns.frame()
    for item in chosen:
        fault = partial(Fault, item.place, fields=frozenset({item.name}))
        if tools.evaluate is None:
            tools.meet(fault(f"EVAL-{item.name} is left out: nothing evaluates expressions here"))
            continue
        try:
            columns.put(item.name, tools.evaluate(item.expression, frame))
        except CaltropError as error:
            tools.meet(fault(f"EVAL-{item.name}: {error.message}"))


def _lookup(columns: Columns, auto: AutoLookup, needed: set[str] | None, tools: Tools) -> None:
    if needed is not None and auto.targets is not None and not needed & auto.targets:
        return
    table = tools.lookup(auto)
    if isinstance(table, Fault):
        tools.meet(table)
        return
    outputs = lookup_outputs(auto, tools)
    if needed is not None:
        outputs = tuple((f, t) for f, t in outputs if t in needed)
    if not outputs or any(source not in columns for _, source in auto.inputs):
        return
    inputs = dict(auto.inputs)
    names = dict.fromkeys([*inputs.values(), *(["_time"] if "_time" in columns else [])])
    events = columns.frame(names)
    try:
        found = table.match(events, inputs, list(dict.fromkeys(field for field, _ in outputs)))
    except CaltropError as error:
        tools.meet(Fault(auto.place, f"{auto.name}: {error.message}", auto.targets))
        return
    complete = events.select(pl.all_horizontal(pl.col(list(inputs.values())).is_not_null())).to_series()
    for source, target in outputs:
        if not auto.keep and target in columns:  # OUTPUT replaces, with nothing where the table has no such entry
            columns.put(target, _where(complete, found[source], columns[target]))
        else:
            columns.fill(target, found[source])


def _where(condition: pl.Series, new: pl.Series, old: pl.Series) -> pl.Series:
    new, old = unify(new, old)
    return new.zip_with(condition, old)
