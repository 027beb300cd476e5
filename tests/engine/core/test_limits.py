"""limits.conf: every number changes what it says that it bounds, and one that cannot be meant is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from caltrop.engine.errors import SearchError
from caltrop.engine.instance import Instance, SearchResult
from caltrop.knowledge import SYSTEM_LAYER, limits
from caltrop.knowledge.limits import Limit

TABLE = "k,v\n" + "".join(f"a,{n}\n" for n in range(9))
PAIRS, PS = "a=1 b=2 c=3 a=4", "A B C\n1 2 3\n4 5 6"
ROWS = "| makeresults count=5 | streamstats count AS n"


def run(tmp_path: Path, conf: str, search: str, event: str = PAIRS) -> SearchResult:
    """A search where an app's limits.conf says this, over one event."""
    app = tmp_path / "app"
    files = {
        "default/limits.conf": conf,
        "default/transforms.conf": "[table]\nfilename = table.csv\nmax_matches = 1000\n",
        "lookups/table.csv": TABLE,
        "default/eventtypes.conf": "[early]\nsearch = a\n[late]\nsearch = c\n",
        "metadata/default.meta": "[]\nexport = system\n",
    }
    for name, text in files.items():
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).write_text(text)
    instance = Instance(None, [app], now=1.7e9)
    instance.store.create_index("main")
    frame = pl.DataFrame({"_raw": [event], "source": ["s"], "sourcetype": ["st"], "host": ["h"], "index": ["main"]})
    instance.store.append(frame.with_columns(_time=1.7e9, _indextime=1.7e9))
    return instance.search(search)


def row(result: SearchResult) -> dict[str, Any]:
    """The fields of the first row that have a value."""
    return {name: value for name, value in result.table.frame.row(0, named=True).items() if value is not None}


# Limit, what it is set to, a search, what its first row is then.
BOUNDED: list[tuple[Limit, int, str, dict[str, Any]]] = [
    (limits.SUBSEARCH_MAXOUT, 2, f"{ROWS} | search [{ROWS} | fields n] | stats count AS x", {"x": 2}),
    (limits.JOIN_MAXOUT, 2, f"{ROWS} | join n [{ROWS}] | stats count AS x", {"x": 2}),
    (limits.LIST_MAXSIZE, 2, f"{ROWS} | stats list(n) AS x", {"x": ["1", "2"]}),
    (limits.LIST_MAXSIZE, 2, f"{ROWS} | streamstats list(n) AS x | tail 1 | table x", {"x": ["1", "2"]}),
    (limits.LIST_MAXSIZE, 2, f"{ROWS} | sistats list(n) AS x | stats list(n) AS x", {"x": ["1", "2"]}),
    (
        limits.SPARKLINE_MAXSIZE,
        3,
        f"{ROWS} | eval _time=_time+n*60 | stats sparkline AS s | eval x=mvcount(s) | table x",
        {"x": 3},  # its mark is the first
    ),
    (limits.TOP_ROWS, 3, f"{ROWS} | top limit=0 n | stats count AS x", {"x": 3}),
    (limits.RARE_ROWS, 3, f"{ROWS} | rare limit=0 n | stats count AS x", {"x": 3}),
    (limits.KV_FIELDS, 2, "search index=main | table a b c", {"a": "1", "b": "2"}),
    (limits.KV_CHARACTERS, 7, "search index=main | table a b c", {"a": "1", "b": "2"}),
    (limits.KV_CHARACTERS, 7, "search index=main | fields _raw | extract | table a b c", {"a": "1", "b": "2"}),
    (limits.KV_COLUMNS, 2, f'| makeresults | eval _raw="{PS}" | multikv | table A B C', {"A": "1", "B": "2"}),
    (limits.SPATH_CUTOFF, 9, '| makeresults | eval _raw="{\\"a\\":\\"1\\",\\"b\\":\\"2\\"}" | spath | table a b', {"a": "1"}),
    (limits.OPEN_TRANSACTIONS, 1, f"{ROWS} | eval k=n%2 | transaction k keepevicted=t | stats count AS x", {"x": 5}),
    (limits.OPEN_EVENTS, 2, f"{ROWS} | eval k=1 | transaction k keepevicted=t | stats count AS x", {"x": 2}),
    (limits.TIME_BINS, 2, f"{ROWS} | eval _time=_time+n*60 | bin _time | stats dc(_time) AS x", {"x": 2}),
    (limits.LOOKUP_MATCHES, 3, '| makeresults | eval k="a" | lookup table k | eval x=mvcount(v) | table x', {"x": 3}),
    (limits.CONTINGENCY, 2, f"{ROWS} | eval m=n | contingency n m usetotal=f | stats count AS x", {"x": 2}),
    (limits.ASSOCIATE_FIELDS, 2, f"{ROWS} | eval a=n%2, b=a, c=a | associate supcnt=1 | stats count AS x", {"x": 7}),
    (limits.CORRELATE_FIELDS, 2, f"{ROWS} | eval a=1, b=2 | correlate | stats count AS x", {"x": 2}),
    (limits.SET_ROWS, 2, f"| set union [{ROWS} | fields n] [{ROWS} | eval n=n+10 | fields n] | stats count AS x", {"x": 4}),
    (limits.TYPEAHEAD_ROWS, 1, "| typeahead prefix=s index=main | stats count AS x", {"x": 1}),
    (limits.TYPER_LENGTH, 5, "search index=main | fields _raw | typer | table eventtype", {"eventtype": "early"}),
    (limits.MVEXPAND_MEMORY, 1, '| makeresults | eval x=mvrange(0,299999) | mvexpand x | stats count AS n | eval x=if(n<299999,"t","f") | table x', {"x": "t"}),
]  # fmt: skip
# Those that refuse, or say something.
REFUSING: list[tuple[Limit, int, str, str]] = [
    (limits.SUBSEARCH_DEPTH, 1, f"{ROWS} | append [{ROWS} | append [{ROWS}]]", "deeper than 1"),
    (limits.STREAM_WINDOW, 2, f"{ROWS} | streamstats window=3 count AS x", "more than 2 rows"),
    (limits.AUTOREGRESS_STEP, 2, f"{ROWS} | autoregress n p=3", "more than 2 rows"),
    (limits.AUTOREGRESS_STEPS, 2, f"{ROWS} | autoregress n p=1-3", "more than 2 steps"),
    (limits.KMEANS_CLUSTERS, 2, f"{ROWS} | kmeans k=3 n", "more than 2 clusters"),
    (limits.KMEANS_RANGE, 2, f"{ROWS} | kmeans k=1-3 n", "more than 2 numbers"),
    (limits.BINS, 3, f"{ROWS} | bin bins=4 n", "from 2 to 3"),
]
TESTED_ELSEWHERE = {limits.MAXRESULTROWS, limits.SUBSEARCH_MAXTIME, limits.JOIN_MAXTIME, limits.METADATA_ROWS}


@pytest.mark.parametrize(("limit", "value", "search", "expected"), BOUNDED, ids=[f"{b[0].stanza}-{b[0].name}-{i}" for i, b in enumerate(BOUNDED)])  # fmt: skip
def test_a_number_bounds_what_it_says(
    limit: Limit, value: int, search: str, expected: dict[str, Any], tmp_path: Path
) -> None:
    assert row(run(tmp_path / "set", f"[{limit.stanza}]\n{limit.name} = {value}\n", search)) == expected
    assert row(run(tmp_path / "not", "", search)) != expected


@pytest.mark.parametrize(("limit", "value", "search", "says"), REFUSING, ids=[r[0].name for r in REFUSING])
def test_numbers_that_refuse(limit: Limit, value: int, search: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(SearchError, match=says):
        run(tmp_path / "set", f"[{limit.stanza}]\n{limit.name} = {value}\n", search)
    run(tmp_path / "not", "", search)


def test_every_limit_is_tested() -> None:
    assert {*limits.ALL} == {b[0] for b in BOUNDED} | {r[0] for r in REFUSING} | TESTED_ELSEWHERE


def test_a_subsearch_that_splunk_would_end_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(range(0, 10_000, 30))
    monkeypatch.setattr("caltrop.engine.subsearches.time.monotonic", lambda: next(moments))
    conf = "[subsearch]\nmaxtime = 20\n[join]\nsubsearch_maxtime = 20\n"
    for number, search in enumerate((f"{ROWS} | search [{ROWS} | fields n]", f"{ROWS} | join n [{ROWS}]")):
        told = [m.text for m in run(tmp_path / str(number), conf, search).messages]
        assert any("longer than 20 s" in text for text in told), told
    assert not run(tmp_path / "default", "", f"{ROWS} | search [{ROWS} | fields n]").messages


@pytest.mark.parametrize("value", ["many", "-1", "1.5", "0"])
def test_a_number_that_cannot_be_meant_is_told_and_the_default_holds(value: str, tmp_path: Path) -> None:
    result = run(tmp_path, f"# first\n[stats]\nlist_maxsize = {value}\n", f"{ROWS} | stats list(n) AS x")
    assert row(result) == {"x": ["1", "2", "3", "4", "5"]}
    (message,) = result.messages
    assert message.text == (
        f"app/default/limits.conf:3: [stats] list_maxsize = {value}: expected a whole number from 1 up; 100 is used"
    )


def test_extraction_tells_of_its_limits(tmp_path: Path) -> None:
    result = run(tmp_path, "[kv]\nmaxchars = x\n", "search index=main | table a")
    assert row(result) == {"a": "1"}
    assert [m.text for m in result.messages] == [
        "app/default/limits.conf:2: [kv] maxchars = x: expected a whole number from 0 up; 10240 is used"
    ]


def test_fields_of_an_event_that_come_again_count_once(tmp_path: Path) -> None:
    result = run(tmp_path, "[kv]\nlimit = 2\n", "search index=main | table a b c", "a=1 a=2 b=3 c=4")
    assert row(result) == {"a": "1", "b": "3"}


def test_the_system_layer_shows_what_is_declared() -> None:
    assert (SYSTEM_LAYER / "default" / "limits.conf").read_text() == limits.shown()


def test_metadata_gives_so_many_results_and_says_so(tmp_path: Path) -> None:
    app = tmp_path / "app" / "default"
    app.mkdir(parents=True)
    (app / "limits.conf").write_text("[metadata]\nmaxcount = 2\n")
    instance = Instance(None, [tmp_path / "app"], now=1.7e9)
    instance.store.create_index("main")
    frame = pl.DataFrame({"_raw": ["x"] * 3, "host": ["a", "b", "c"]}).with_columns(
        source=pl.lit("s"), sourcetype=pl.lit("st"), index=pl.lit("main"), _time=1.7e9, _indextime=1.7e9
    )
    instance.store.append(frame)
    result = instance.search("| metadata type=hosts index=main | table host")
    assert result.table.frame.get_column("host").to_list() == ["a", "b"]
    assert [m.text for m in result.messages] == ["metadata: the first 2 of 3 hosts ([metadata] maxcount)"]


def test_a_subsearch_of_set_that_is_cut_is_told(tmp_path: Path) -> None:
    result = run(tmp_path, "[set]\nmaxresultrows = 4\n", f"| set diff [{ROWS} | fields n] [{ROWS} | fields n]")
    assert "only the first 4 results" in result.messages[0].text and not len(result.table)


def test_typer_looks_as_far_as_it_is_told(tmp_path: Path) -> None:
    search = "search index=main | fields _raw | typer maxlen=100 | table eventtype"
    assert row(run(tmp_path, "[typer]\nmaxlen = 5\n", search)) == {"eventtype": ["early", "late"]}


@pytest.mark.parametrize(("said", "expected"), [("", {"u": "ANN"}), (" keepresults=f", {"count": "1"})])
def test_what_tscollect_does_unless_it_is_told(said: str, expected: dict[str, str], tmp_path: Path) -> None:
    conf = "[tscollect]\nsquashcase = true\nkeepresults = 1\n"
    assert row(run(tmp_path, conf, f'| makeresults | eval u="ANN" | table u | tscollect namespace=x{said}')) == expected
    app = tmp_path / "app"
    instance = Instance(None, [app], now=1.7e9)
    instance.search(f'| makeresults | eval u="ANN" | tscollect namespace=x{said}')
    assert row(instance.search("| tstats count FROM x BY u")) == {"u": "ann", "count": 1}
