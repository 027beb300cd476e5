"""Which detections of a repository a hunt runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase

from caltrop.content import Catalogue, Detection
from caltrop.content.model import snake
from caltrop.dialect.words import did_you_mean
from caltrop.errors import CaltropError
from caltrop.hunt.model import risk_of


def chosen(
    catalogue: Catalogue,
    *,
    detections: Sequence[str] = (),
    stories: Sequence[str] = (),
    techniques: Sequence[str] = (),
    types: Sequence[str] = (),
    min_risk: int = 0,
    everything: bool = False,
) -> tuple[list[Detection], int]:
    """Those that fit every kind of wish, and how many of them are left out since they are not in production.

    A detection that is named runs whatever its status. Raises `CaltropError` for a name that nothing has: of a detection
    (name, id or file, `*` allowed), a story, or a technique (which includes its sub-techniques).
    """
    fitting = list(catalogue.detections)
    fitting = _by(fitting, "detection", detections, lambda d: (d.name, d.id, snake(d.name)))
    fitting = _by(fitting, "story", stories, lambda d: d.analytic_story)
    fitting = _by(fitting, "technique", techniques, lambda d: (*d.mitre_attack_id, *_parents(d)))
    kinds = {kind.lower() for kind in types}
    fitting = [d for d in fitting if (not kinds or d.type.lower() in kinds) and risk_of(d) >= min_risk]
    if everything or detections:
        return fitting, 0
    production = [d for d in fitting if d.status == "production"]
    return production, len(fitting) - len(production)


def _parents(detection: Detection) -> list[str]:
    return [technique.partition(".")[0] for technique in detection.mitre_attack_id]


def _by(
    detections: list[Detection], what: str, wishes: Sequence[str], names: Callable[[Detection], Iterable[str]]
) -> list[Detection]:
    """Those with one of these names, in any case."""
    if not wishes:
        return detections
    wanted = [wish.lower().removesuffix(".yml") for wish in wishes]
    found: set[int] = set()
    for wish, written in zip(wanted, wishes, strict=True):
        fits = {n for n, d in enumerate(detections) if any(fnmatchcase(name.lower(), wish) for name in names(d))}
        if not fits:
            known = sorted({name for d in detections for name in names(d)})
            raise CaltropError(
                f"no {what} {written!r}", hint=did_you_mean(written, known) or f"give a {what} of a detection"
            )
        found |= fits
    return [d for n, d in enumerate(detections) if n in found]
