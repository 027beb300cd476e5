"""A hunt as one self-contained HTML page: no script, nothing from a network, text of logs always escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from caltrop.hunt.model import Hunt, Outcome
from caltrop.hunt.summary import by_entity, by_tactic, errors_by_cause
from caltrop.hunt.texts import attack, moment

ROWS_SHOWN = 50
EVENTS_SHOWN = 20
CELL = 1200  # characters of a value
BINS = 60
MARKS = 200  # places on one lane


@dataclass(frozen=True, slots=True)
class Lane:
    """One detection on the timeline: where it has hits, in percent of its length."""

    outcome: Outcome
    number: int
    places: list[float]


@dataclass(frozen=True, slots=True)
class Timeline:
    first: float
    last: float
    bins: list[float]  # 0 to 100
    most: int  # rows in the fullest bin
    lanes: list[Lane]


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("caltrop.hunt", ""), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"cell": cell, "moment": moment, "attack": attack}
    return environment.get_template("page.html.j2")


def page(hunt: Hunt) -> str:
    tactics = by_tactic(hunt)
    return _template().render(
        hunt=hunt,
        hits=hunt.hits,
        tactics=tactics,
        most=max(chain.from_iterable(t.techniques.values() for t in tactics), default=1),
        subjects=by_entity(hunt),
        errors=errors_by_cause(hunt.outcomes),
        timeline=timeline(hunt),
        rows_shown=ROWS_SHOWN,
        events_shown=EVENTS_SHOWN,
        rows=_rows,
        names={technique.id: technique.name for one in hunt.hits for technique in one.techniques},
    )


def cell(value: object) -> str:
    """A value; several one a line, long text cut with a mark."""
    text = "\n".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= CELL else f"{text[:CELL]}… ({len(text):,} characters)"


def _rows(outcome: Outcome) -> list[dict[str, object]]:
    """The first rows, without what they lack."""
    assert outcome.found is not None
    some = outcome.found.rows.head(ROWS_SHOWN).iter_rows(named=True)
    return [{k: v for k, v in row.items() if v is not None} for row in some]


def timeline(hunt: Hunt) -> Timeline | None:
    """None where nothing tells a time."""
    first, last = hunt.first, hunt.last
    if first is None or last is None:
        return None
    length = max(last - first, 1.0)
    bins = [0] * BINS
    lanes = []
    for number, outcome in enumerate(hunt.hits, 1):
        times = list(_times(outcome))
        for time in times:
            bins[min(int((time - first) / length * BINS), BINS - 1)] += 1
        places = sorted({round(max(0.0, min((time - first) / length, 1.0)) * MARKS) / MARKS * 100 for time in times})
        if places:
            lanes.append(Lane(outcome, number, places))
    most = max(bins)
    return Timeline(first, last, [_height(count, most) for count in bins], most, lanes)


def _height(count: int, most: int) -> float:
    return round(100 * count / most, 1) if count else 0.0


def _times(outcome: Outcome) -> Iterator[float]:
    """Where each row begins; where rows tell nothing, when the events behind them were."""
    assert outcome.found is not None
    told: Sequence[float | None] = outcome.found.times["first"].to_list()
    if not any(time is not None for time in told):
        told = outcome.found.events["_time"].to_list() or [outcome.found.first]
    return (time for time in told if time is not None)
