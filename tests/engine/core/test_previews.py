"""What a running search shows: a part of what it will give, at a bounded cost, and the search is none the wiser."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.engine import extractions, previews, registry
from caltrop.engine.budget import Stop
from caltrop.engine.errors import Cancelled, SearchError
from caltrop.engine.instance import Instance
from caltrop.engine.previews import Preview, Previews, plan
from caltrop.engine.table import Table
from caltrop.spl import parse
from tests.examples import examples
from tests.patience import PATIENCE

NOW = 1_700_000_000.0


def look_at_everything(patch: pytest.MonkeyPatch) -> None:
    """Every look that can be taken is taken, from the first moment on, and segments are extracted a few events at a time."""
    patch.setattr(previews, "QUIET", 0.0)
    patch.setattr(previews, "INTERVAL", 0.0)
    patch.setattr(previews, "SHARE", 1e9)
    patch.setattr(previews, "FIRST", 3)
    patch.setattr(extractions, "SLICE", 4)


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    look_at_everything(monkeypatch)


def stored(batches: list[list[tuple[int, int, int]]], *, every: int = 4) -> Instance:
    """Events (second, user, whether of another index), in so many appends; each `every` batches make a segment."""
    instance = Instance(now=NOW)
    for index in ("main", "side"):
        instance.store.create_index(index)
    for number, batch in enumerate(batches):
        rows = [
            {
                "_time": NOW - 1000 + second,
                "_raw": f"n={number}.{n} user=u{user} size={second * user}" + (f" extra{user}=1" if user > 2 else ""),
                "host": f"h{user % 2}", "source": "s", "sourcetype": "k", "index": "side" if side else "main", "_indextime": NOW,
            }
            for n, (second, user, side) in enumerate(batch)
        ]  # fmt: skip
        instance.store.append(pl.DataFrame(rows))
        if number % every == every - 1:
            instance.store.flush()
    return instance


def watched(instance: Instance, search: str, wanted: bool = True) -> tuple[Table, list[str], list[Preview]]:
    seen: list[Preview] = []
    result = instance.search(search, previews=Previews(seen.append, lambda: wanted))
    return result.table, [str(message) for message in result.messages], seen


EVENTS = [
    "index=*",
    "index=main user=u1",
    "index=main u2 OR size>20",
    "index=* | eval half=size/2 | where half>3",
    "index=* NOT user=u1 | fields user",
    "index=* sourcetype::k u1",
    "index=* user::u1 OR host::h0",
]
RESULTS = [
    "index=* | table _time user size", "index=* | stats count sum(size) by user", "index=main | eval a=user | timechart span=10s count by a",
    "index=* | dedup user", "index=* | head 3", "index=* | streamstats count by user | where count<3", "index=* | sort size | head 2",
    "index=* | append [search index=side] | stats count", "index=* | fieldformat size=size.\"!\" | table user size",
    "index=* | eval bad=nosuch(user)", "index=* | lookup nosuch user",
    "| tstats count where index=* by host index", "| tstats count where index=main host=h1 by _time span=10s | where count>1",
    "| tstats prestats=t count where index=* by host | stats count by host", "| tstats count where index=* by PREFIX(user=) | sort count",
    "| tstats sum(user) where index=nosuch", "| tstats count where index=* by sourcetype | append [search index=side | stats count]", "index=* | top user | rename user AS who", "index=* | rex \"extra(?<e>.)\" | stats values(e)",
]  # fmt: skip
batches = st.lists(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 5), st.integers(0, 1)), min_size=1, max_size=12),
    min_size=1,
    max_size=9,
)


def outcome(instance: Instance, search: str, look: bool) -> tuple[object, ...]:
    """The result, with types and order of columns, and what was said; or the failure."""
    seen: list[Preview] = []
    try:
        result = instance.search(search, previews=Previews(seen.append, lambda: True) if look else None)
    except Exception as error:
        return type(error), str(error)
    table, events = result.table.frame, result.events.frame
    said = [(message.severity, message.text) for message in result.messages]
    return table.schema, table.rows(), events.schema, events.rows(), said, result.events_scanned, result.is_transforming


@given(batches, st.sampled_from(EVENTS + RESULTS))
@examples(25)
def test_the_search_gives_what_it_gives_without(some: list[list[tuple[int, int, int]]], search: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        look_at_everything(patch)
        assert outcome(stored(some), search, True) == outcome(stored(some), search, False)


@given(batches, st.sampled_from(EVENTS))
@examples(20)
def test_a_preview_of_events_is_a_part_of_the_result_in_its_order(
    some: list[list[tuple[int, int, int]]], search: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        look_at_everything(patch)
        table, _, seen = watched(stored(some), search)
        final = table.frame.get_column("_cd").to_list() if "_cd" in table.fields else table.frame.rows()
        for preview in seen:
            assert preview.table is None or preview.table.frame.equals(preview.events.frame)
            shown = preview.events.frame
            rows = shown.get_column("_cd").to_list() if "_cd" in shown.columns else shown.rows()
            if shown.columns == table.fields or "_cd" in shown.columns:
                assert_subsequence(rows, final)


def assert_subsequence(part: Sequence[object], whole: Sequence[object]) -> None:
    left = iter(whole)
    assert all(any(row == other for other in left) for row in part)


def in_order(count: int, size: int) -> list[list[tuple[int, int, int]]]:
    """Events as a log has them: each batch follows the one before it."""
    seconds = itertools.count()
    return [[(next(seconds), n % 3, 0) for n in range(size)] for _ in range(count)]


@pytest.mark.parametrize(
    "search", ["index=main", "index=main user=u1", "index=main | eval twice=size*2 | where twice>9"]
)
def test_where_segments_follow_one_another_a_preview_is_how_the_result_begins(eager: None, search: str) -> None:
    table, _, seen = watched(stored(in_order(8, 10)), search)
    assert len(seen) > 8 and 0 < len(seen[0].events) < len(table)
    for preview in seen:
        begun = table.frame.head(len(preview.events)).select(preview.events.fields)
        assert preview.events.frame.equals(begun)
    lengths = [len(preview.events) for preview in seen]
    assert lengths == sorted(lengths) and seen[-1].scanned == seen[-1].total == 80


def test_results_are_those_of_the_events_so_far(eager: None) -> None:
    table, _, seen = watched(stored(in_order(8, 10)), "index=main | stats count by user")
    assert sum(map(int, table.frame["count"])) == 80
    for preview in seen:
        assert preview.table is not None
        assert sum(map(int, preview.table.frame["count"])) <= len(preview.events)
    assert len(seen[-1].events) == 80, "all events are there before they are counted"


def counted(preview: Preview) -> int:
    assert preview.table is not None
    return sum(map(int, preview.table.frame.get_column("count"))) if len(preview.table) else 0


@pytest.mark.parametrize(
    "search",
    [
        "| tstats count where index=main by host",
        "| tstats count where index=main by host | sort count | eval twice=count*2",
        "| tstats count from datamodel=Users by Users.user",
    ],
)
def test_a_report_from_the_first_command_on_grows(eager: None, search: str, tmp_path: Path) -> None:
    table, _, seen = watched(with_model(tmp_path, in_order(8, 10)), search)
    shown = [counted(preview) for preview in seen if preview.table is not None]
    assert sum(map(int, table.frame["count"])) == 80
    assert len(set(shown)) > 1 and shown == sorted(shown) and shown[-1] <= 80
    assert all(not len(preview.events) for preview in seen) and seen[-1].scanned == seen[-1].total


@pytest.mark.parametrize("search", ["| from datamodel:Users.Users", "| datamodel Users Users search"])
def test_events_of_a_dataset_are_previewed(eager: None, search: str, tmp_path: Path) -> None:
    table, _, seen = watched(with_model(tmp_path, in_order(8, 10)), f"{search} | stats count")
    assert table.frame["count"].to_list() == [80]
    shown = [len(preview.events) for preview in seen]
    assert len(set(shown)) > 2 and shown == sorted(shown)
    assert next(counted(preview) for preview in seen if preview.table is not None) < 80


def test_a_tstats_within_a_search_tells_nothing_of_its_own(eager: None) -> None:
    _, _, seen = watched(stored(in_order(8, 10)), "| makeresults | append [| tstats count where index=main]")
    assert not seen


def test_looks_say_nothing(eager: None) -> None:
    """What a report would say of the rows so far is said of all rows alone."""
    search = "| tstats count where index=main by _time span=1s | bin bins=1000000 _time"
    alone = stored(in_order(2, 5))
    assert outcome(alone, search, True) == outcome(alone, search, False)


def with_model(tmp_path: Path, some: list[list[tuple[int, int, int]]]) -> Instance:
    """Events of one index, and a data model over them."""
    fields = [{"fieldName": "user", "type": "string"}]
    users = {
        "objectName": "Users",
        "parentName": "BaseEvent",
        "constraints": [{"search": "index=main"}],
        "fields": fields,
    }
    folder = tmp_path / "search" / "default" / "data" / "models"
    folder.mkdir(parents=True)
    (folder / "Users.json").write_text(json.dumps({"modelName": "Users", "objects": [users]}))
    (tmp_path / "search" / "default" / "datamodels.conf").write_text("[Users]\n")
    instance = Instance(apps=[tmp_path / "search"], now=NOW)
    instance.store = stored(some).store
    return instance


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("search a", (0, True)),
        ("search a | eval b=1 | where b>0 | table b", (2, True)),
        ("search a | stats count | outputlookup x.csv", (0, False)),
        ("search a | lookup x y | stats count | join y [search b]", (1, False)),
        ("search a | join y [search b] | stats count", None),
        ("search a | nosuchcommand | stats count", None),
        ("search a | collect index=b", None),
        ("search a | append [search b]", None),
        ("search a | stats count | append [search b]", (0, False)),
        ("search a | stats count | inputlookup append=t x.csv", (0, False)),
    ],
)
def test_what_is_previewed(search: str, expected: tuple[int, bool] | None) -> None:
    registry.load()  # as an instance does: the test runs alone, too
    assert plan(parse(search).commands[1:]) == expected


def test_a_search_that_ends_soon_is_not_looked_at(eager: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "QUIET", PATIENCE)
    assert watched(stored(in_order(8, 10)), "index=main | stats count by user")[2] == []


def test_nobody_looks_where_none_is_wanted(eager: None) -> None:
    table, _, seen = watched(stored(in_order(8, 10)), "index=main", wanted=False)
    assert (len(table), seen) == (80, [])


def test_what_is_not_previewed_tells_its_progress(eager: None) -> None:
    _, _, seen = watched(stored(in_order(8, 10)), "index=main | append [search index=side] | stats count")
    scanned = [preview.scanned for preview in seen]
    assert scanned == sorted(scanned) and 0 < scanned[0] < scanned[-1] == seen[-1].total
    assert all(preview.table is None for preview in seen)
    assert [len(preview.events) for preview in seen[:-1]] == [0] * (len(seen) - 1)


def test_looks_take_no_more_than_their_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock of our own: a second for every batch that the search reads, and one for every event that a look is made of."""
    now = 0.0
    monkeypatch.setattr("caltrop.engine.previews.time.perf_counter", lambda: now)
    seen: list[Preview] = []
    sizes: list[int] = []

    def rest(events: Table) -> tuple[Table, Table | None]:
        nonlocal now
        now += len(events) / 100
        sizes.append(len(events))
        return events, events

    watching = Previews(seen.append, lambda: True)
    watching.begins(rest, plain=False)
    watching.reads(1_000_000)
    for n in range(1_000):
        watching.segment(1_000)
        now += 1.0
        watching.found(pl.DataFrame({"_time": [float(-n)] * 1_000, "_raw": ["x"] * 1_000}))
    assert sum(sizes) / 100 < 0.25 * 1_000 and 5 < len(sizes) < 60
    assert sizes[0] == previews.FIRST and sizes == sorted(sizes)


def test_a_look_that_fails_is_the_last_one(eager: None) -> None:
    seen: list[Preview] = []
    taken: list[int] = []

    def rest(events: Table) -> tuple[Table, Table | None]:
        taken.append(len(events))
        if len(taken) == 2:
            raise SearchError("of these events nothing can be made")
        return events, events

    watching = Previews(seen.append, lambda: True)
    watching.begins(rest, plain=True)
    watching.reads(40)
    for n in range(4):
        watching.segment(10)
        watching.found(pl.DataFrame({"_time": [float(-n)] * 10, "_raw": ["x"] * 10}))
    assert taken == [10, 20]
    assert [(len(preview.events), preview.scanned) for preview in seen] == [(10, 10), (10, 20), (10, 30), (10, 40)]


def test_who_stops_a_search_keeps_what_there_was(eager: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the first segment was not read to its end."""
    monkeypatch.setattr("caltrop.engine.budget.GRACE", 0.0)
    stop = Stop()
    seen: list[Preview] = []

    def look(preview: Preview) -> None:
        seen.append(preview)
        if len(preview.events) >= 8:
            stop.finalize()

    instance = stored(in_order(1, 60), every=1)
    result = instance.search("index=main | stats count by user", previews=Previews(look, lambda: True), stop=stop)
    assert seen[-1].table is not None and 0 < len(seen[-1].events) < 60
    assert result.table.frame.equals(seen[-1].table.frame) and len(result.events) == len(seen[-1].events)
    assert result.is_transforming


def test_a_search_that_is_cancelled_in_a_look_is_cancelled(eager: None) -> None:
    stop = Stop()
    with pytest.raises(Cancelled):
        stored(in_order(8, 10)).search(
            "index=main | stats count", previews=Previews(lambda _: stop.end(), lambda: True), stop=stop
        )
