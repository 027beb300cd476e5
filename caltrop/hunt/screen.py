"""A hunt as text: hits first, worst on top, then what they add up to."""

from __future__ import annotations

from collections.abc import Iterator

from caltrop.hunt.model import Hunt, Outcome
from caltrop.hunt.summary import by_entity, by_tactic, errors_by_cause
from caltrop.hunt.texts import attack, counted, moment, printable, some

NAMES_SHOWN = 5
SUBJECTS_SHOWN = 15
_INDENT = " " * 22


def lines(hunt: Hunt, *, everything: bool = False) -> Iterator[str]:
    """The whole of it, but for `errors` and the last line, `summary`. `everything`: those without hits too."""
    hits = hunt.hits
    if hits:
        yield f"{'risk':>4}  {'type':<11}  hits  detection"
    for outcome in hits:
        yield from _hit(outcome)
    if not hits:
        yield "no hits"
    if everything:
        yield from _rest(hunt)
    tactics = by_tactic(hunt)
    if tactics:
        yield ""
        yield "by tactic"
        for tactic in tactics:
            names = f"{counted(len(tactic.detections), 'detection')}, {counted(tactic.hits, 'hit')}"
            yield f"  {tactic.name:<22} {names}: {', '.join(tactic.techniques) or 'no technique'}"
    subjects = by_entity(hunt)
    if subjects:
        yield ""
        yield "by entity, risk added up"
        shown = [
            (subject, f"{printable(subject.entity.value)} ({subject.entity.kind})")
            for subject in subjects[:SUBJECTS_SHOWN]
        ]
        width = max(len(what) for _, what in shown)
        for subject, what in shown:
            yield f"  {subject.risk:>6,}  {what:<{width}}  {counted(len(subject.detections), 'detection')}: {some(subject.detections, 2)}"
        if len(subjects) > SUBJECTS_SHOWN:
            yield f"          and {len(subjects) - SUBJECTS_SHOWN:,} more (all of them with -o FILE)"


def _hit(outcome: Outcome) -> Iterator[str]:
    found = outcome.found
    assert found is not None
    yield f"{outcome.risk:>4}  {outcome.detection.type:<11} {outcome.hits:>5,}  {outcome.name}"
    technique = attack(outcome)
    if technique:
        yield f"{_INDENT}  {technique}" + (f" ({', '.join(outcome.tactics)})" if outcome.tactics else "")
    when = moment(found.first)
    if moment(found.last) != when:
        when += f" to {moment(found.last)}"
    who = [f"{what}: {some(names)}" for what, names in (("hosts", found.hosts), ("users", found.users)) if names]
    yield f"{_INDENT}  {'; '.join([when, *who])}"


def _rest(hunt: Hunt) -> Iterator[str]:
    """One line each of what gave no hit."""
    yield ""
    yield "no hits"
    for outcome in sorted(hunt.outcomes, key=lambda o: o.name):
        if outcome.state == "none":
            yield f"  {outcome.milliseconds:>8.1f} ms  {outcome.name}"
        elif outcome.state == "absent":
            yield f"  {'no data':>11}  {outcome.name}: {outcome.absent}"


def errors(hunt: Hunt) -> Iterator[str]:
    for cause, group in errors_by_cause(hunt.outcomes):
        yield f"{len(group)} x {cause}: {some([one.name for one in group], NAMES_SHOWN)}"


def summary(hunt: Hunt) -> str:
    """The last line."""
    ran = hunt.count("hits") + hunt.count("none")
    text = (
        f"{len(hunt.outcomes)} detections over {hunt.events:,} events in {hunt.seconds:.1f} s: {ran} ran, "
        f"{hunt.count('hits')} with hits, {hunt.count('error')} with errors"
    )
    if hunt.count("absent"):
        text += f", {hunt.count('absent')} not run (their data is not here)"
    if hunt.left_out:
        text += f"; {hunt.left_out} left out (not in production: --all)"
    return text
