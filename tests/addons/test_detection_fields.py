"""Detections against the examples of their data sources: what a search reads, and whether our add-ons give it."""

from __future__ import annotations

from pathlib import Path

import pytest

from caltrop.content import load
from caltrop.corpus.run import write_app
from caltrop.knowledge import layers
from caltrop.spl import parse
from tools.detection_fields import Bench, Reads, readings, report

EXAMPLES = Path(__file__).with_name("examples")  # whole events, where the published ones are cut off
MOST_LACKING = 12


def read(search: str) -> list[Reads]:
    return list(readings(parse(search)))


def test_what_conditions_need() -> None:
    (found,) = read("search a=1 NOT b=2 (c=3 OR d=4) | where isnull(e) AND f>1 | stats values(g) by h | where i=1")
    assert found.compared == {(frozenset("a"),), (frozenset("c"), frozenset("d")), (frozenset("f"),)}
    assert (found.grouped, found.shown) == ({"h"}, {"g"})


def test_what_a_search_makes_itself_is_not_read() -> None:
    (found,) = read(
        'search a=1 | eval b=c | rex field=d "(?<e>x)" | rename b AS f | where f=1 AND e=2 | stats count by b'
    )
    assert found.compared == {(frozenset("a"),)}
    assert found.grouped == set()
    assert found.shown == {"c", "d"}


def test_datasets() -> None:
    search = "| tstats count from datamodel=Web where Web.url=/a by Web.src | rename Web.* AS * | where src=1"
    (found,) = read(search)
    assert (found.model, found.dataset, found.compared, found.grouped) == (
        "Web",
        "Web",
        {(frozenset(["url"]),)},
        {"src"},
    )


def test_subsearches_are_readings_of_their_own() -> None:
    found = read("search a=1 | join b [| tstats count from datamodel=M.D by D.b]")
    assert {(reads.model, reads.dataset): reads.grouped for reads in found} == {("", ""): {"b"}, ("M", "D"): {"b"}}


@pytest.mark.shared
@pytest.mark.slow
def test_published_detections_have_their_fields(shared: Path, tmp_path: Path) -> None:
    """Of those that decide about rows. What is left reads what an asset list gives, or names too few data sources."""
    folder = shared / "corpus" / "escu"
    catalogue = load(folder)
    app = write_app(catalogue, tmp_path)
    bench = Bench(catalogue, [folder, EXAMPLES], [*layers(), app], app.name)
    verdicts = [v for d in catalogue.detections if (v := bench.judge(d, decisive=True))]
    lacking = [v.detection.name for v in verdicts if not v.given]
    assert len(verdicts) > 800
    assert len(lacking) <= MOST_LACKING, list(report(bench, verdicts, verbose=True))
