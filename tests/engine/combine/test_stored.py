"""Saved searches, map, collections, files, labels, inventory, locations, deletion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import polars as pl
import pytest

from caltrop.conformance import event_frame
from caltrop.engine.errors import SearchError
from caltrop.engine.instance import Instance
from caltrop.engine.services import Services
from caltrop.engine.table import Table

Make = Callable[..., Instance]
Visible = Callable[[Any], list[dict[str, Any]]]
EVENTS = [
    {"id": 1, "user": "ann", "host": "a", "_time": 1_699_999_000},
    {"id": 2, "user": "bob", "host": "b", "_time": 1_699_000_000},
]

# --- saved searches and jobs --------------------------------------------------------------------------------------------

SAVED = """
[By user]
search = search user=$who$ | table id user
[Recent]
search = index=main | table id
dispatch.earliest_time = -1h
[Loop]
search = | savedsearch Loop
"""


@pytest.mark.parametrize(
    ("search", "ids"),
    [
        ('| savedsearch "By user" who=bob', ["2"]),
        ("| savedsearch Recent", ["1"]),
        ('| savedsearch "By user" who=ann | append [| savedsearch "By user" who=bob]', ["1", "2"]),
        ("| from savedsearch:Recent", ["1"]),
        ("search user=ann | map Recent", ["1", "2"]),  # the range of the search, not of the report
    ],
)
def test_savedsearch(make: Make, visible: Visible, search: str, ids: list[str]) -> None:
    instance = make({"default/savedsearches.conf": SAVED}, EVENTS)
    assert [row["id"] for row in visible(instance.search(search))] == ids


def test_the_range_of_the_job_wins_over_that_of_a_saved_search(make: Make) -> None:
    instance = make({"default/savedsearches.conf": SAVED}, EVENTS)
    assert len(instance.search("| savedsearch Recent", earliest=0).table) == 2


def test_searches_that_call_each_other_end(make: Make) -> None:
    with pytest.raises(SearchError, match="deeper than"):
        make({"default/savedsearches.conf": SAVED}).search("| savedsearch Loop")


def test_a_value_of_a_saved_search_stays_inside_its_string(make: Make, visible: Visible) -> None:
    instance = make({"default/savedsearches.conf": '[S]\nsearch = | makeresults | eval a="$x$"\n'})
    assert visible(instance.search('| savedsearch S x="q\\" | delete"')) == [{"a": 'q" | delete'}]


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ("| loadjob 1234.5", "1234.5"),
        ("| loadjob savedsearch=admin:search:Recent", "server"),
        ("| rest /services/server/info", "server"),
        ("| rest info", "endpoint"),
        ("| makeresults | sendalert email", "needs a server"),
        ("| makeresults | sendalert", "name"),
    ],
)
def test_what_needs_a_server_says_so(make: Make, search: str, said: str) -> None:
    with pytest.raises(SearchError, match=said):
        make().search(search)


def test_a_server_serves(make: Make, visible: Visible) -> None:
    class Server(Services):
        sent: ClassVar[list[tuple[str, dict[str, str], int]]] = []

        def rest(self, path: str, parameters: Mapping[str, str], user: str) -> pl.DataFrame:
            return pl.DataFrame({"title": [path], "count": [parameters["count"]]})

        def job(self, sid: str, user: str, *, events: bool) -> Table:
            return Table(pl.DataFrame({"sid": [sid], "events": [str(events)]}))

        def latest_job(self, saved_search: str, user: str, app: str) -> str:
            return f"{user}/{app}/{saved_search}"

        def send_alert(self, action: str, parameters: Mapping[str, str], table: Table, user: str, app: str) -> None:
            self.sent.append((action, dict(parameters), len(table)))

    instance = make()
    instance.services = Server()
    assert visible(instance.search("| rest /services/x count=5 splunk_server=local")) == [
        {"title": "/services/x", "count": "5"}
    ]
    assert visible(instance.search("| loadjob 7 events=t")) == [{"sid": "7", "events": "True"}]
    assert visible(instance.search('| loadjob savedsearch="admin:search:My report"')) == [
        {"sid": "admin/search/My report", "events": "False"}
    ]
    instance.search("| makeresults count=2 | sendalert webhook param.url=x")
    assert Server.sent == [("webhook", {"param.url": "x"}, 2)]


# --- lookups ------------------------------------------------------------------------------------------------------------

COLLECTION = {
    "default/collections.conf": "[people]\nfield.name = string\n",
    "default/transforms.conf": "[people]\nexternal_type = kvstore\ncollection = people\nfields_list = _key, name, age\n",
}


def test_a_collection_is_written_replaced_and_emptied(make: Make, visible: Visible) -> None:
    instance = make(COLLECTION)

    def rows() -> list[dict[str, Any]]:
        return visible(instance.search("| inputlookup people | sort name | table name age"))

    instance.search('| makeresults | eval name="ann", age=5 | table name age | outputlookup people')
    instance.search('| makeresults | eval name="bob", age=6 | table name age | outputlookup append=t people')
    assert rows() == [{"name": "ann", "age": "5"}, {"name": "bob", "age": "6"}]
    instance.search('| makeresults | eval name="bob", age=7 | table name age | outputlookup key_field=name people')
    assert rows() == [{"name": "ann", "age": "5"}, {"name": "bob", "age": "7"}]
    instance.search("| makeresults | where 1=2 | outputlookup override_if_empty=f people")
    assert len(rows()) == 2
    instance.search("| makeresults | where 1=2 | outputlookup people")
    assert rows() == []


def test_temporal_lookup_takes_the_latest_before_the_event(make: Make, visible: Visible) -> None:
    files = {
        "lookups/leases.csv": "ip,user,at\n10.0.0.1,ann,100\n10.0.0.1,bob,200\n10.0.0.1,eve,900\n",
        "default/transforms.conf": "[leases]\nfilename = leases.csv\ntime_field = at\nmax_offset_secs = 500\n",
    }
    instance = make(files)
    search = '| makeresults | eval _time={time}, ip="10.0.0.1" | lookup leases ip OUTPUT user | table user'
    found = {time: visible(instance.search(search.format(time=time))) for time in (150, 250, 950, 5000)}
    assert found == {
        150: [{"user": "ann"}],
        250: [{"user": "bob"}],
        950: [{"user": "eve"}],
        5000: [{}],
    }
    other = (
        '| makeresults | eval seen=250, ip="10.0.0.1" | lookup event_time_field=seen leases ip OUTPUT user | table user'
    )
    assert visible(instance.search(other)) == [{"user": "bob"}]


def test_csv_files_of_a_data_directory(make: Make, tmp_path: Path, visible: Visible) -> None:
    instance = make()
    with pytest.raises(SearchError, match="data directory"):
        instance.search("| makeresults | outputcsv out")
    instance.data_dir = tmp_path / "data"
    instance.search('| makeresults | eval a=split("x,y",","), b=1 | table a b | outputcsv out')
    instance.search("| makeresults | eval a=3, c=4 | table a c | outputcsv append=t out.csv")
    assert visible(instance.search("| inputcsv out")) == [{"a": "x y", "b": "1"}, {"a": "3"}]
    assert visible(instance.search("| inputcsv out start=1 max=1 where a=3")) == []
    instance.search("| makeresults | where 1=2 | outputcsv override_if_empty=f out")
    assert len(instance.search("| inputcsv out").table) == 2
    instance.search("| makeresults | where 1=2 | outputcsv out")
    assert instance.search("| inputcsv out").messages[0].severity == "WARN"
    with pytest.raises(SearchError, match="does not exist"):
        instance.search("| inputcsv strict=t out")
    instance.search("| makeresults | eval a=1 | outputcsv timed")
    result = instance.search('| inputcsv events=t timed | eval t=strftime(_time, "%H:%M") | table t')
    assert visible(result) == [{"t": "22:13"}]
    assert len(result.events) == 1
    with pytest.raises(SearchError, match="file name"):
        instance.search('| makeresults | outputcsv "../x"')


# --- labels -------------------------------------------------------------------------------------------------------------

LABELS = {
    "default/tags.conf": "[host=a]\nprod = enabled\nold = disabled\n[user=ann]\nadmin = enabled\nprod = enabled\n"
    "[eventtype=of_ann]\nwatched = enabled\n",
    "default/eventtypes.conf": "[of_ann]\nsearch = user=ann\n[first]\nsearch = id=1\n",
}


@pytest.mark.parametrize(
    ("options", "row"),
    [
        ("", {"tag::host": "prod", "tag::user": ["admin", "prod"], "tag": ["prod", "admin"]}),
        ("host", {"tag::host": "prod", "tag": "prod"}),
        ("allowed_tags=admin", {"tag::user": "admin", "tag": "admin"}),
        ("outputfield=t host user", {"t": ["prod", "admin"]}),
        ("outputfield=t inclname=t host", {"t": "host::prod"}),
        ("outputfield=t inclname=t inclvalue=t host", {"t": "host::a::prod"}),
    ],
)
def test_tags(make: Make, visible: Visible, options: str, row: dict[str, Any]) -> None:
    instance = make(LABELS, EVENTS)
    rows = visible(instance.search(f"search id=* | sort id | table host user | tags {options}"))
    assert [{n: v for n, v in r.items() if n not in ("host", "user")} for r in rows] == [row, {}]


def test_typer(make: Make, visible: Visible) -> None:
    instance = make(LABELS, EVENTS)
    rows = visible(instance.search("search id=* | sort id | table id user | typer"))
    assert [row.get("eventtype") for row in rows] == [["first", "of_ann"], None]


# --- inventory ----------------------------------------------------------------------------------------------------------


def test_dbinspect_counts_segments(make: Make, visible: Visible) -> None:
    rows = visible(make(events=EVENTS).search("| dbinspect index=main"))
    assert [(r["index"], r["eventCount"], r["startEpoch"], r["endEpoch"], r["hostCount"]) for r in rows] == [
        ("main", "2", "1699000000", "1699999000", "2")
    ]


def test_typeahead_completes(make: Make, visible: Visible) -> None:
    rows = visible(make(events=EVENTS).search("| typeahead prefix=host= index=main count=1"))
    assert [(row["content"], row["count"]) for row in rows] == [("host=a", "1")]


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ("| metadata type=colours", "colours"),
        ("| dbinspect span=1d", "span="),
        ("| gentimes start=1/1/2021 end=1/2/2021 increment=never", "never"),
        ("| gentimes start=1/1/1990 end=1/1/2021 increment=1s", "50000"),
        ("| walklex type=term", "index="),
        ("| walklex index=main type=odd", "odd"),
        ("| mstats chart=t avg(x) where index=main", "chart=t"),
    ],
)
def test_inventory_errors(make: Make, search: str, said: str) -> None:
    with pytest.raises(SearchError, match=said):
        make().search(search)


# --- iplocation ---------------------------------------------------------------------------------------------------------


def test_iplocation_without_a_database_leaves_the_fields_empty_and_warns(make: Make) -> None:
    result = make().search('| makeresults | eval ip="1.2.3.4" | iplocation prefix=p_ ip')
    assert result.table.fields == ["_time", "ip", "p_City", "p_Country", "p_Region", "p_lat", "p_lon"]
    assert result.table.frame["p_City"].to_list() == [None]
    assert "db_path" in result.messages[0].text


def test_iplocation_with_a_broken_database(make: Make, tmp_path: Path) -> None:
    pytest.importorskip("maxminddb")
    (tmp_path / "broken.mmdb").write_bytes(b"no database")
    instance = make({"default/limits.conf": f"[iplocation]\ndb_path = {tmp_path / 'broken.mmdb'}\n"})
    with pytest.raises(SearchError, match=r"cannot read broken\.mmdb"):
        instance.search('| makeresults | eval ip="1.2.3.4" | iplocation ip')


def test_iplocation_needs_one_field(make: Make) -> None:
    with pytest.raises(SearchError, match="one field"):
        make().search("| makeresults | iplocation")


# --- delete -------------------------------------------------------------------------------------------------------------


def test_delete_removes_the_events_of_the_search(make: Make, visible: Visible) -> None:
    instance = make(events=EVENTS)
    rows = visible(instance.search("search user=ann | delete"))
    assert [(row["index"], row["deleted"]) for row in rows] == [("main", "1"), ("__ALL__", "1")]
    assert [row["user"] for row in visible(instance.search("search id=* | table user"))] == ["bob"]


def test_delete_wants_events(make: Make) -> None:
    with pytest.raises(SearchError, match="events of an index"):
        make(events=EVENTS).search("search id=* | stats count | delete")


# --- collecting ---------------------------------------------------------------------------------------------------------


def test_collect_names_the_saved_search_and_the_range(make: Make) -> None:
    instance = make()
    instance.search(
        "| makeresults | eval a=1 | collect index=summary", saved_search="My report", earliest=100, latest=200
    )
    raw = instance.search("search index=summary").table.frame["_raw"][0]
    assert raw.startswith('11/14/2023 22:13:20 +0000, search_name="My report", search_now=1700000000.000, ')
    assert "info_min_time=100.000, info_max_time=200.000, info_search_time=1700000000.000, a=1" in raw


def test_mcollect_splits_numeric_fields(make: Make, visible: Visible) -> None:
    instance = make()
    instance.search('| makeresults | eval cpu=5, mem=7, core="c1", slot=3 | mcollect index=summary split=t slot')
    rows = visible(instance.search("| mcatalog values(metric_name) AS names where index=summary by core slot"))
    assert rows == [{"core": "c1", "slot": "3", "names": ["cpu", "mem"]}]


def test_many_events_of_one_second_stay_apart(make: Make) -> None:
    instance = make(events=[{"id": n, "_time": 5} for n in range(3)])
    instance.store.append(event_frame([{"id": 9, "_time": 5}]))
    assert len(instance.search("| multisearch [search id=9] [search id=1]").table) == 2


@pytest.mark.parametrize(
    ("search", "events"),
    [
        ("search id=*", 2),
        ("| multisearch [search id=1] [search id=2]", 2),
        ("| metasearch index=main", 2),
        ("| makeresults", None),
        ("| tstats count where index=main", None),
        ("search id=* | stats count", 2),
        ("| metasearch index=main | stats count by host", 2),
    ],
)
def test_whether_a_search_gives_events_or_a_table(make: Make, search: str, events: int | None) -> None:
    result = make(events=EVENTS).search(search)
    assert result.is_transforming == (events is None or "stats" in search)
    assert len(result.events) == (events or 0)
