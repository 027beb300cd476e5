"""The time range of a search: it ends now unless it says otherwise, and what runs inside it gives it back."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.execute import Engine
from caltrop.engine.instance import Instance
from caltrop.engine.scan import Bounds, search_expression, time_range
from caltrop.spl import parse
from caltrop.spl.ast import Command

NOW = 1_700_000_000.0
HOUR = 3600.0
# An event in each of the hours around now, the middle of it: -2 is between two and three hours ago, 0 is to come.
HOURS = range(-3, 3)


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    saved = "[recent]\nsearch = index=main | stats count\ndispatch.earliest_time = -1h\ndispatch.latest_time = now\n"
    saved += "[broken]\nsearch = index=main | nosuchcommand\ndispatch.earliest_time = -1h\n"
    (tmp_path / "a" / "default").mkdir(parents=True)
    (tmp_path / "a" / "default" / "savedsearches.conf").write_text(saved)
    built = Instance(apps=[tmp_path / "a"], now=NOW)
    built.store.create_index("main")
    rows = [{"_time": NOW + (hour + 0.5) * HOUR, "_raw": f"hour={hour}", "index": "main"} for hour in HOURS]
    built.store.append(pl.DataFrame(rows))
    return built


def hours(instance: Instance, search: str, **facts: str | float) -> list[int]:
    frame = instance.search(search, app="a", **facts).table.frame  # type: ignore[arg-type]
    return sorted(int(value) for value in frame["hour"].to_list())


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("index=main", [-3, -2, -1, 0, 1, 2]),  # no bound at all is all time
        ("index=main earliest=-2h", [-2, -1]),  # an earliest alone ends now
        ("index=main latest=now", [-3, -2, -1]),
        ("index=main latest=+1h", [-3, -2, -1, 0]),
        ("index=main earliest=-1h latest=+2h", [-1, 0, 1]),
        ("index=main starthoursago=2", [-2, -1]),
        ("index=main (earliest=-1h OR (earliest=-3h latest=-2h))", [-3, -1]),
        ("index=main (earliest=-1h OR latest=+1h)", [-3, -2, -1, 0]),  # some branch asks for later
        ("index=main NOT earliest=-1h", [-3, -2]),
    ],
)
def test_a_search_ends_now_unless_it_says_otherwise(instance: Instance, search: str, expected: list[int]) -> None:
    assert hours(instance, f"{search} | table hour") == expected


def test_now_is_that_of_the_search(instance: Instance) -> None:
    assert hours(instance, "index=main earliest=-1h | table hour", now=NOW + HOUR) == [0]
    assert hours(instance, "index=main | table hour", earliest="-1h", latest="now", now=NOW + 2 * HOUR) == [1]


def bounds(text: str, *, earliest: float | None = None, latest: float | None = None) -> Bounds:
    command = parse(text).commands[0]
    assert isinstance(command, Command)
    return time_range(search_expression(command), Context(Instance(), Engine(), NOW, earliest=earliest, latest=latest))


def test_what_the_text_says_goes_before_the_job(instance: Instance) -> None:
    def job(text: str) -> Bounds:
        return bounds(text, earliest=NOW - 9 * HOUR, latest=NOW + 9 * HOUR)

    assert job("index=main") == Bounds(NOW - 9 * HOUR, NOW + 9 * HOUR)
    assert job("index=main earliest=-1h") == Bounds(NOW - HOUR, NOW)
    assert job("index=main latest=-1h") == Bounds(None, NOW - HOUR)
    assert job("index=main _index_earliest=-1h") == Bounds(NOW - 9 * HOUR, NOW + 9 * HOUR)


# --- a search inside a search gives its range back ----------------------------------------------------------------------

INNER = {
    "savedsearch": "| savedsearch recent",
    "map": '| makeresults | map search="search index=main earliest=-1h | stats count"',
    "append": "| makeresults | append [search index=main earliest=-1h | stats count]",
    "appendcols": "| makeresults | appendcols [search index=main earliest=-1h | stats count]",
    "join": "| makeresults | eval k=1 | join k [search index=main earliest=-1h | stats count | eval k=1]",
    "a filter": "search index=main [search index=main earliest=-1h | return 1 index] | head 1",
    "eval": "| makeresults | eval x=[search index=main earliest=-1h | stats count | return $count]",
}


@pytest.mark.parametrize("name", INNER)
def test_a_search_after_it_looks_into_the_outer_range(instance: Instance, name: str) -> None:
    earliest, latest = NOW - 3 * HOUR, NOW + 2 * HOUR
    search = f"{INNER[name]} | append [search index=main | stats count as outer]"
    frame = instance.search(search, app="a", earliest=earliest, latest=latest).table.frame
    assert frame["outer"].drop_nulls().to_list() == [5]


@pytest.mark.parametrize("name", INNER)
def test_addinfo_after_it_tells_the_outer_range(instance: Instance, name: str) -> None:
    earliest, latest = NOW - 3 * HOUR, NOW + 2 * HOUR
    frame = instance.search(
        f"{INNER[name]} | append [| makeresults | addinfo]", app="a", earliest=earliest, latest=latest
    ).table.frame
    found = frame.filter(pl.col("info_min_time").is_not_null()).row(0, named=True)
    assert (float(found["info_min_time"]), float(found["info_max_time"])) == (earliest, latest)


def test_a_saved_search_has_its_own_range_where_the_job_has_none_and_leaves_none(instance: Instance) -> None:
    search = (
        "| savedsearch recent | append [search index=main | stats count as outer] | append [| makeresults | addinfo]"
    )
    frame = instance.search(search, app="a").table.frame
    assert frame["count"].drop_nulls().to_list() == [1]
    assert frame["outer"].drop_nulls().to_list() == [len(HOURS)]
    assert frame["info_max_time"].drop_nulls().to_list() == ["+Infinity"]


def test_the_end_is_exclusive(instance: Instance) -> None:
    instance.store.append(pl.DataFrame({"_time": [NOW - HOUR, NOW], "_raw": ["hour=70", "hour=71"], "index": "main"}))
    assert hours(instance, "index=main earliest=-1h | table hour") == [-1, 70]
    assert hours(instance, "index=main | table hour", earliest="-1h", latest="now") == [-1, 70]
    assert hours(instance, "index=main | table hour", earliest=NOW, latest=NOW + 1) == [71]


def test_one_that_fails_gives_it_back_too(instance: Instance) -> None:
    ctx = Context(instance, Engine(), NOW, app="a", earliest=1.0, latest=2.0)
    for text in ("| savedsearch broken", "| makeresults | append [search index=main earliest=-1h | nosuchcommand]"):
        with pytest.raises(SearchError, match="nosuchcommand"):
            ctx.engine.run_text(text, ctx)
        assert (ctx.earliest, ctx.latest, ctx.depth, ctx.time_range) == (1.0, 2.0, 0, (1.0, 2.0))
