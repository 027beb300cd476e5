"""A search stays within its limits, which are checked before memory is made, and stops when it is told to."""

from __future__ import annotations

import threading
import time

import polars as pl
import pytest

from caltrop.engine import budget
from caltrop.engine.budget import Limits, Stop
from caltrop.engine.errors import Cancelled, Finalized, SearchError
from caltrop.engine.instance import Instance
from tests.patience import PATIENCE

SMALL = Limits(rows=20_000, memory=8 << 20, value=100_000)
BASE = '| makeresults | eval x="0123456789", '
NINE = "\\1" * 12
TEN = "".join(f"x=x.x.x.x, y{i}=len(x), " for i in range(12))


@pytest.fixture(scope="module")
def small() -> Instance:
    built = Instance(limits=SMALL, now=1_700_000_000.0)
    built.store.create_index("main")
    rows = {
        "_time": [1_700_000_000.0 - i for i in range(3_000)],
        "_raw": [f"n={i} user=u{i % 7}" for i in range(3_000)],
    }
    built.store.append(pl.DataFrame({**rows, "index": "main", "sourcetype": "st"}))
    return built


@pytest.mark.parametrize(
    ("search", "said"),
    [
        (f"{BASE}{TEN} z=1", "a value would have"),
        (f'{BASE}x=mvjoin(split(x,""), mvjoin(mvrange(0,9000), "{"-" * 90}"))', "a value would have"),
        (f'{BASE}x=mvjoin(mvrange(0,9000), "{"-" * 90}"), y=replace(x, "", x)', "a value would have"),
        (f'{BASE}x=mvjoin(mvrange(0,9000), "-"), y=replace(x, "\\d", "{"z" * 900}")', "the replacement makes a text of"),
        (f'{BASE}x=mvjoin(mvrange(0,9000), "-"), y=replace(x, "(?=-)", x)', "the replacement makes a text of"),
        (f'{BASE}x=mvjoin(mvrange(0,9000), "-"), y=replace(x, "(.+)", "{NINE}")', "the replacement makes a text of"),
        (f'{BASE}x=mvjoin(mvrange(0,9000), "-") | rex field=x mode=sed "s/-/{"z" * 900}/g"', "the replacement makes a text"),
        ('| makeresults count=9000 | eval x=mvjoin(mvrange(0,9000), "-")', "needs"),
        ('| makeresults count=9000 | eval x="-" | eval x=replace(x, "-", "' + "z" * 2_000 + '")', "needs"),
        ("| makeresults count=20001", "makes 20,001 rows"),
        ('| makeresults | eval x=split("' + "a," * 30_000 + '", ",") | mvexpand x', "rows"),
        ("| makeresults count=9000 | append [| makeresults count=9000] | appendpipe [| eval a=1]", "rows"),
        ("| makeresults count=200 | eval k=1 | join max=0 k [| makeresults count=200 | eval k=1]", "makes 40,000 rows"),
        ("| makeresults count=300 | eval k=1 | selfjoin max=0 k", "rows"),
        ('| makeresults count=50 | map maxsearches=99 search="| makeresults count=500"', "rows"),
        ("index=main | stats list(_raw) as l values(n) as v | eventstats values(v) as w | append [| makeresults]", ""),
        ("index=main | eventstats values(n) as v", "needs"),
        ("index=main | eventstats values(n) as v by user", "needs"),
        ("index=main | streamstats values(n) as v", "needs"),
        ("index=main | streamstats window=3000 time_window=1d sum(n) as v", "rows"),
        ("index=main | xyseries n _raw user", "needs"),
        ("| makeresults count=19999 | eval x=mvrange(0,200) | eval y=mvmap(x, x+1)", "needs"),
    ],
)  # fmt: skip
def test_what_takes_too_much_is_refused_before_it_is_made(small: Instance, search: str, said: str) -> None:
    """The limits are 8 MB here: what they let pass is a few times that, never what the search would have made."""
    if not said:
        assert len(small.search(search).table) == 2
        return
    with pytest.raises(SearchError, match=said):
        small.search(search)


def test_within_the_limits_nothing_changes(small: Instance) -> None:
    table = small.search('| makeresults count=9 | eval x=mvjoin(mvrange(0,90), "-"), y=replace(x, "-", "zzzz")').table
    assert len(table) == 9
    assert small.search("| makeresults count=20000 | stats count").table.frame["count"].to_list() == [20_000]


@pytest.mark.parametrize(
    "search", ["| makeresults | eval k=1 | join max=99999999999999999999 k [| makeresults | eval k=1]"]
)
def test_finds_of_make_fuzz(small: Instance, search: str) -> None:
    assert len(small.search(search).table) == 1


def test_outside_a_search_nothing_is_in_the_way() -> None:
    budget.check()
    budget.rows(Limits().rows)
    assert list(budget.steps(range(3))) == [0, 1, 2] and budget.reads_on()
    with pytest.raises(SearchError, match="MB"):
        budget.size(Limits().memory + 1)


LONG = [
    '| makeresults count=5000 | streamstats count as i | map maxsearches=9999 search="| makeresults count=9 | eval a=$i$"',
    "index=main | streamstats count as i | cluster field=i t=0.99",
    "| makeresults count=19000 | eval " + ", ".join(f"a{i}=sha512(tostring(random()))" for i in range(60)),
]


@pytest.mark.parametrize("search", LONG)
@pytest.mark.parametrize("paused", [False, True])
def test_a_search_stops_when_it_is_told_to(small: Instance, search: str, paused: bool) -> None:
    """Long before it would have a result: that would come in the place of `Cancelled`. The seconds: benchmarks/ending.py."""
    stop, said = Stop(), list[object]()

    def run() -> None:
        try:
            said.append(small.search(search, stop=stop))
        except Cancelled as cancelled:
            said.append(cancelled)

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(0.1)
    if paused:
        stop.pause()
        thread.join(0.3)
        assert thread.is_alive(), "a paused search waits"
    stop.end()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert isinstance(said[0], Cancelled)


def test_a_finalized_search_gives_what_it_has_come_to(small: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "GRACE", 0.01)
    stop = Stop()
    stop.finalize()
    time.sleep(0.02)
    result = small.search("| makeresults count=3 | stats count", stop=stop)
    assert stop.finalized and len(result.table) == 0
    with pytest.raises(Finalized):
        stop.check()


def test_time_that_is_up_ends_a_search(small: Instance) -> None:
    with pytest.raises(Cancelled):
        small.search(LONG[0], stop=Stop(0.2))
