"""What props.conf does to events between breaking and storing: `SEDCMD-…`, then `TRANSFORMS-…` of transforms.conf.

Follows the pages "props.conf" and "transforms.conf" of Splunk's Admin Manual: a transform rewrites `_raw`, host, source,
sourcetype, index or time of the events that its `REGEX` matches, adds indexed fields, sends events to another queue, or
copies them under another source type; `INGEST_EVAL` evaluates expressions. Classes run in the order of their names, the
transforms of one class as listed; rulesets of ingest actions (`RULESET-…`) come after them. Events keep the settings of the
source type with which they arrived, whatever a transform calls them; only copies start again, with the settings of their own. All transforms run on an event whatever queue it is
bound for: the last one to say so decides, and only then what is bound for `nullQueue` is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

from caltrop.dialect import patterns
from caltrop.dialect.conf import place_of
from caltrop.dialect.patterns import SedScript, sed_script
from caltrop.errors import CaltropError
from caltrop.index import frames, ingesteval
from caltrop.index.ingesteval import Evaluate
from caltrop.index.rewriting import QUEUE, ROW, Rewriting, rewriting

# Settings of a source, source type and host; a transforms.conf stanza by name, None when there is none.
Settings = Callable[[str, str, str], Mapping[str, str]]
Lookup = Callable[[str], Mapping[str, str] | None]

INDEX_QUEUE, NULL_QUEUE = "indexQueue", "nullQueue"
MOST_COPIES = 8  # generations: source types that copy into each other never end


@dataclass(slots=True)
class Batch:
    """Events on their way: those that go on, those that are done early, and copies that start again."""

    frame: pl.DataFrame
    done: list[pl.DataFrame] = field(default_factory=list)
    copies: list[pl.DataFrame] = field(default_factory=list)


Step = Callable[[Batch], None]


def apply(
    frame: pl.DataFrame,
    settings: Settings,
    lookup: Lookup | None,
    problem: Callable[[str], None],
    evaluate: Evaluate | None = None,
) -> pl.DataFrame:
    """The events as they are stored. Order is kept, a copy comes behind its original; `problem` hears what is not supported
    or not valid: the events come in all the same.

    Without `lookup` only `SEDCMD` applies; `evaluate` runs the expressions of `INGEST_EVAL`.
    """
    kinds = frame.select("source", "sourcetype", "host").unique(maintain_order=True).rows()
    plans = {kind: _plan(settings(*(name or "" for name in kind)), lookup, problem, evaluate) for kind in kinds}
    if not any(plans.values()):
        return frame
    waiting = [frame.with_row_index(ROW).with_columns(pl.lit(INDEX_QUEUE).alias(QUEUE))]
    parts: list[pl.DataFrame] = []
    for _ in range(MOST_COPIES):
        copies: list[pl.DataFrame] = []
        for whole in waiting:
            groups = whole.partition_by("source", "sourcetype", "host", as_dict=True, maintain_order=True)
            for (source, sourcetype, host), part in groups.items():
                kind = (source, sourcetype, host)
                if kind not in plans:
                    names = (str(name or "") for name in kind)
                    plans[kind] = _plan(settings(*names), lookup, problem, evaluate)
                batch = Batch(part)
                with patterns.budget(lenient=True) as budget:
                    for step in plans[kind]:
                        step(batch)
                for pattern in budget.exceeded:
                    problem(f"{sourcetype}: {pattern!r} exceeds the match limit: some events stay as they are")
                parts += [batch.frame, *batch.done]
                copies += [copy for copy in batch.copies if copy.height]
        if not copies:
            break
        waiting = copies
    else:
        problem(f"CLONE_SOURCETYPE: copies of copies are given up after {MOST_COPIES} generations")
    stored = frames.concat(parts).filter(pl.col(QUEUE).fill_null(INDEX_QUEUE) != NULL_QUEUE)
    return stored.sort(ROW, maintain_order=True).drop(ROW, QUEUE)


def _plan(
    settings: Mapping[str, str], lookup: Lookup | None, problem: Callable[[str], None], evaluate: Evaluate | None
) -> list[Step]:
    steps: list[Step] = []
    for key in sorted(settings):
        if key.startswith("SEDCMD"):
            place = place_of(settings[key]) + key
            steps += _checked(lambda key=key: [_sed(sed_script(settings[key]))], place, problem)  # type: ignore[misc]
    listing = [key for kind in ("TRANSFORMS", "RULESET-") for key in sorted(settings) if key.startswith(kind)]
    for key in listing:
        if lookup is not None:
            for name in filter(None, (part.strip() for part in settings[key].split(","))):
                place = place_of(settings[key]) + key
                steps += _checked(lambda name=name: _named(name, lookup, problem, evaluate), place, problem)  # type: ignore[misc]
    return steps


def _checked(make: Callable[[], list[Step]], key: str, problem: Callable[[str], None]) -> list[Step]:
    try:
        return make()
    except CaltropError as error:
        problem(f"{key}: {error.message}")
        return []


# SEDCMD


def _sed(script: SedScript) -> Step:
    def run(batch: Batch) -> None:
        batch.frame = batch.frame.with_columns(script(batch.frame.get_column("_raw")).alias("_raw"))

    return run


# TRANSFORMS


def _named(name: str, lookup: Lookup, problem: Callable[[str], None], evaluate: Evaluate | None) -> list[Step]:
    """The steps of a transforms.conf stanza. Raises CaltropError for one that can do nothing."""
    stanza = lookup(name)
    if stanza is None:
        raise CaltropError(f"no transform named {name!r}")
    expressions, stop = stanza.get("INGEST_EVAL", "").strip(), stanza.get("STOP_PROCESSING_IF", "").strip()
    if expressions or stop:
        if evaluate is None:
            raise CaltropError(f"transform {name!r}: nothing evaluates expressions here")
        try:
            place = place_of(stanza.get("INGEST_EVAL", ""))
            steps = (
                [
                    _evaluated(
                        place + f"transform {name!r}: INGEST_EVAL",
                        ingesteval.assignments(expressions),
                        evaluate,
                        problem,
                    )
                ]
                if expressions
                else []
            )
        except CaltropError as error:
            raise CaltropError(f"transform {name!r}: {error.message}", hint=error.hint) from error
        at = place_of(stanza.get("STOP_PROCESSING_IF", "")) + f"transform {name!r}: STOP_PROCESSING_IF"
        return [*steps, _stopping(at, stop, evaluate, problem)] if stop else steps
    change = rewriting(name, stanza, problem)
    if change is None:
        return []
    clone = stanza.get("CLONE_SOURCETYPE", "").strip()
    return [_copying(clone, change) if clone else _whole(change)]


def _whole(change: Rewriting) -> Step:
    def run(batch: Batch) -> None:
        batch.frame = change(batch.frame)

    return run


def _copying(sourcetype: str, change: Rewriting) -> Step:
    """The transform works on a copy under another source type. Where events have that already, it works on themselves."""

    def run(batch: Batch) -> None:
        same = batch.frame.get_column("sourcetype") == sourcetype
        if same.any():
            batch.frame = frames.concat([batch.frame.filter(~same), change(batch.frame.filter(same))])
            return
        chosen = batch.frame.filter(change.hits(batch.frame))
        batch.copies.append(change(chosen.with_columns(pl.lit(sourcetype).alias("sourcetype"))))

    return run


def _evaluated(
    place: str, steps: list[ingesteval.Assignment], evaluate: Evaluate, problem: Callable[[str], None]
) -> Step:
    def run(batch: Batch) -> None:
        try:
            batch.frame = ingesteval.run(batch.frame, steps, evaluate)
        except CaltropError as error:
            problem(f"{place}: {error.message}")

    return run


def _stopping(place: str, condition: str, evaluate: Evaluate, problem: Callable[[str], None]) -> Step:
    """Events for which the condition is true take no part in what follows."""

    def run(batch: Batch) -> None:
        try:
            stopped = ingesteval.holds(batch.frame, condition, evaluate)
        except CaltropError as error:
            problem(f"{place}: {error.message}")
            return
        batch.done.append(batch.frame.filter(stopped))
        batch.frame = batch.frame.filter(~stopped)

    return run
