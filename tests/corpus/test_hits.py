"""What ESCU's production detections find in every capture of the shared data sets: speed may not change what is found.

`hits.tsv` has the numbers: capture, detection, hits; a capture in which nothing is found has a line without a detection.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from caltrop.content import Catalogue, load
from caltrop.corpus.run import instance_of
from caltrop.hunt.run import outcomes_of
from caltrop.knowledge import layers

pytestmark = [pytest.mark.shared, pytest.mark.slow]


def _known() -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    with Path(__file__).with_name("hits.tsv").open(encoding="utf-8", newline="") as file:
        for capture, detection, hits in csv.reader(file, delimiter="\t"):
            found.setdefault(capture, {}).update({detection: int(hits)} if detection else {})
    return found


KNOWN = _known()


@pytest.fixture(scope="module")
def escu(shared: Path) -> Catalogue:
    return load(shared / "corpus" / "escu", checks=False)


def found(catalogue: Catalogue, capture: Path) -> Iterator[tuple[str, int]]:
    """Detections of the catalogue that find something in the capture, and how many rows; -1 for one that fails."""
    production = [detection for detection in catalogue.detections if detection.status == "production"]
    with instance_of(catalogue, [str(capture)], layers()) as (instance, _):
        for outcome in outcomes_of(instance, catalogue, production):
            if outcome.hits or outcome.error:
                yield outcome.name, -1 if outcome.error else outcome.hits


@pytest.mark.parametrize("capture", KNOWN)
def test_what_is_found_in_a_capture(shared: Path, escu: Catalogue, capture: str) -> None:
    assert dict(found(escu, shared / "datasets" / capture)) == KNOWN[capture]
