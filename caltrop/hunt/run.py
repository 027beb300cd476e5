"""Runs the detections of a repository over an instance's events, each over all time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

import polars as pl

from caltrop.content import Catalogue, Detection
from caltrop.corpus.run import as_command, cause
from caltrop.engine import reading
from caltrop.engine.context import Context
from caltrop.engine.execute import Engine
from caltrop.engine.instance import Instance, SearchResult
from caltrop.engine.questions import reporting_from
from caltrop.engine.reading import Reading
from caltrop.engine.table import render, values_of
from caltrop.errors import CaltropError
from caltrop.hunt import entities
from caltrop.hunt.absence import Absence
from caltrop.hunt.model import Found, Hunt, Outcome
from caltrop.hunt.rowtimes import row_times
from caltrop.spl import unparse
from caltrop.spl.ast import Command, Pipeline

EVENTS_KEPT = 100  # raw events of a hit
_EVENT: dict[str, type[pl.DataType]] = {
    "_time": pl.Float64, "host": pl.String, "source": pl.String, "sourcetype": pl.String, "_raw": pl.String
}  # fmt: skip


def hunt(
    instance: Instance,
    catalogue: Catalogue,
    detections: Iterable[Detection],
    events: int,
    *,
    everything: bool = False,
    left_out: int = 0,
) -> Hunt:
    """All outcomes by severity. `everything` runs those too whose data is not here."""
    began = time.perf_counter()
    outcomes = sorted(outcomes_of(instance, catalogue, detections, everything=everything), key=lambda o: o.severity)
    return Hunt(catalogue.config.label, outcomes, events, time.perf_counter() - began, left_out)


def outcomes_of(
    instance: Instance, catalogue: Catalogue, detections: Iterable[Detection], *, everything: bool = False
) -> Iterator[Outcome]:
    """As they come."""
    app = catalogue.config.id
    absence = None if everything else Absence(instance, app)
    raising = {kind for kind in {d.type for d in catalogue.detections} if (d := catalogue.deployment(kind)) and d.risk}
    for detection in detections:
        yield _one(instance, detection, app, absence, raises_risk=detection.type in raising)


def _one(instance: Instance, detection: Detection, app: str, absence: Absence | None, *, raises_risk: bool) -> Outcome:
    """One detection; an error is an outcome like any other."""
    began = time.perf_counter()

    def spent() -> float:
        return (time.perf_counter() - began) * 1000

    try:
        now = instance.clock()
        context = Context(instance, Engine(), now, app=app)
        read = reading.read(as_command(detection.search), context)
        lacking = absence.of(read) if absence else ""
        if lacking:
            return Outcome(detection, "absent", spent(), absent=lacking)
        result = instance.search(read, app=app, now=now)
        if not len(result.table):
            return Outcome(detection, "none", spent())
        found = _found(detection, result, _behind(instance, read, result, app, now))
        scores = entities.scores(detection, found.rows) if raises_risk else {}
        return Outcome(detection, "hits", spent(), found=found, scores=scores)
    except CaltropError as error:
        return Outcome(detection, "error", spent(), error=" ".join(str(error).split()), cause=cause(error))
    except (RecursionError, MemoryError) as error:
        name = type(error).__name__
        return Outcome(detection, "error", spent(), error=name, cause=name)


def _behind(instance: Instance, read: Reading, result: SearchResult, app: str, now: float) -> pl.DataFrame:
    """The events that went into the results, with all that is known of them: what a search does not ask for it does not keep,
    so that those with results are asked again, without what makes results of events."""
    number = reporting_from(read.pipeline)
    if number is None:
        return result.table.frame
    first = read.pipeline.commands[0]
    if not number or (isinstance(first, Command) and first.name != "search"):
        return pl.DataFrame()  # what generates has no events
    fields = [f'"{name}"' for name in result.table.fields if not name.startswith("_") and '"' not in name]
    text = unparse(Pipeline(read.pipeline.commands[:number]))
    found = instance.search(f"{text} | fields {', '.join([*_EVENT, *fields])}", app=app, now=now)
    return found.table.frame


def _found(detection: Detection, result: SearchResult, behind: pl.DataFrame) -> Found:
    table = result.table.frame
    times = row_times(table)
    rows = table.select(render(table.get_column(n)) for n in table.columns if not n.startswith("_") or n == "_time")
    events = evidence(rows, behind)
    # Rows tell when they happened; where they do not, the events behind them do.
    moments = times if times["first"].count() else row_times(events)
    return Found(
        rows=rows,
        times=times,
        seen=entities.seen(detection, rows, events),
        events=_kept(events),
        event_count=events.height,
        first=_number(moments["first"].min()),
        last=_number(moments["last"].max()),
    )


def evidence(rows: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """The events behind these rows: of those that the search aggregated, the ones whose fields have values of a row.

    A later command may have dropped rows, so that not all events that went in are behind one.
    """
    if "_raw" not in events.columns:
        return pl.DataFrame()
    for name in rows.columns:
        if name not in events.columns or name.startswith("_"):
            continue
        wanted = values_of(rows.get_column(name)).explode().drop_nulls().unique()
        held = values_of(events.get_column(name)).alias("held")
        fits = held.to_frame().select(pl.col("held").list.eval(pl.element().is_in(wanted.implode())).list.any())
        mask = fits.to_series().fill_null(False)
        if mask.any():  # none: the search made other values of the field
            events = events.filter(mask)
    return events


def _kept(events: pl.DataFrame) -> pl.DataFrame:
    """The first few of them, with the fields that say what they are."""
    some = events.head(EVENTS_KEPT)
    columns = [
        some.get_column(name).cast(kind, strict=False)
        if name in some.columns
        else pl.Series(name, [None] * len(some), kind)
        for name, kind in _EVENT.items()
    ]
    return pl.DataFrame(columns)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
