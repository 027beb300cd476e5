"""pivot, datamodel, from and tstats over the data model of conftest."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from caltrop.engine.datasetrows import ROWS
from caltrop.engine.errors import SearchError
from caltrop.engine.instance import Instance

Visible = Callable[[Any], list[dict[str, Any]]]
NORTH_SOUTH = [
    {"item": "apple", "north": "3", "south": "5"},
    {"item": "pear", "north": "7"},
    {"item": "soap", "north": "11"},
]


@pytest.mark.parametrize(
    ("elements", "rows"),
    [
        ('count(Sales) AS "How many"', [{"How many": "4"}]),
        ("sum(price)", [{"sum(price)": "26"}]),
        (
            'count(Sales) AS n SPLITROW item AS "Item" SORT 100 item',
            [{"Item": "apple", "n": "2"}, {"Item": "pear", "n": "1"}, {"Item": "soap", "n": "1"}],
        ),
        ("count(Sales) AS n SPLITROW item SORT 1 -n", [{"item": "apple", "n": "2"}]),
        ("sum(price) AS total SPLITROW item SPLITCOL shop", NORTH_SOUTH),
        ("sum(price) AS total SPLITCOL shop", [{"north": "21", "south": "5"}]),
        (
            "sum(price) AS t count(Sales) AS n SPLITROW shop SPLITCOL paid",
            [
                {"shop": "north", "t: true": "21", "n: true": "3"},
                {"shop": "south", "t: false": "5", "n: false": "1"},
            ],
        ),
        (
            "count(Sales) AS n SPLITROW shop ROWSUMMARY 0 COLSUMMARY 1",
            [{"shop": "north", "n": "3"}, {"shop": "south", "n": "1"}, {"shop": "ALL", "n": "4"}],
        ),
        (
            "sum(price) AS t SPLITROW item SPLITCOL shop ROWSUMMARY 1",
            [{**row, "ALL": total} for row, total in zip(NORTH_SOUTH, ("8", "7", "11"), strict=True)],
        ),
        (
            "count(Sales) AS n SPLITROW paid TRUELABEL yes FALSELABEL no",
            [{"paid": "no", "n": "1"}, {"paid": "yes", "n": "3"}],
        ),
        ("count(Sales) AS n SPLITROW _time AS _time PERIOD day", [{"n": "4"}]),
        (
            "count(Sales) AS n SPLITROW price RANGE start=0 end=20 size=10",
            [{"price": "0-10", "n": "3"}, {"price": "10-20", "n": "1"}],
        ),
        (
            "count(Sales) AS n SPLITROW shop SPLITCOL item NUMCOLS 1",
            [{"shop": "north", "apple": "1", "other": "2"}, {"shop": "south", "apple": "1"}],
        ),
        (
            "count(Sales) AS n SPLITROW shop SPLITCOL item NUMCOLS 1 SHOWOTHER 0",
            [{"shop": "north", "apple": "1"}, {"shop": "south", "apple": "1"}],
        ),
        ("count(Sales) AS n SPLITROW item LIMIT item BY TOP 1 sum(price)", [{"item": "soap", "n": "1"}]),
        ("count(Sales) AS n SPLITROW item LIMIT item BY BOTTOM 1 sum(price)", [{"item": "pear", "n": "1"}]),
    ],
)
def test_pivot_elements(shop: Instance, visible: Visible, elements: str, rows: list[dict[str, str]]) -> None:
    assert visible(shop.search(f"| pivot Shop Sales {elements}")) == rows


@pytest.mark.parametrize(
    ("condition", "items"),
    [
        ("item is apple", {"apple"}),
        ('item is "*a*"', {"apple", "pear", "soap"}),
        ("item isNot apple", {"pear", "soap"}),
        ("item contains EA", {"pear"}),
        ("item doesNotContain p", set()),
        ("item startsWith so", {"soap"}),
        ("item endsWith r", {"pear"}),
        ("item in (pear, soap)", {"pear", "soap"}),
        ("price >= 7", {"pear", "soap"}),
        ("price != 7", {"apple", "soap"}),
        ("price < 4", {"apple"}),
        ("item isNull", set()),
        ("Sales.item isNotNull", {"apple", "pear", "soap"}),
    ],
)
def test_pivot_filters(shop: Instance, visible: Visible, condition: str, items: set[str]) -> None:
    rows = visible(shop.search(f"| pivot Shop Sales count(Sales) AS n SPLITROW item FILTER {condition}"))
    assert {row["item"] for row in rows} == items


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ("| pivot Shop Sales", "cell value"),
        ("| pivot Shop Nope count(Nope)", "no dataset 'Nope'"),
        ("| pivot Nope Sales count(Sales)", "no data model named 'Nope'"),
        ("| pivot Shop Sales count(Sales) FILTER item smells good", "smells"),
        ("| pivot Shop Sales count(Sales) FILTER item", "FILTER"),
        ("| pivot Shop Sales count(Sales) LIMIT item TOP 3", "LIMIT"),
        ("| pivot Shop Sales 5", "cell value"),
    ],
)
def test_pivot_errors(shop: Instance, search: str, said: str) -> None:
    with pytest.raises(SearchError, match=said):
        shop.search(search)


def test_a_child_dataset_inherits(shop: Instance, visible: Visible) -> None:
    rows = visible(shop.search("| pivot Shop Fruit count(Fruit) AS n SPLITROW label"))
    assert rows == [{"label": "APPLE", "n": "2"}, {"label": "PEAR", "n": "1"}]


@pytest.mark.parametrize(
    ("search", "rows"),
    [
        ("| datamodel Shop Fruit flat | stats count by label", [("APPLE", 2), ("PEAR", 1)]),
        ("| datamodel Shop Fruit search | stats count by Sales.label", [("APPLE", 2), ("PEAR", 1)]),
        ("| datamodel Shop Fruit search strict_fields=f | stats count by Sales.label", [("APPLE", 2), ("PEAR", 1)]),
        ("| from datamodel:Shop.Fruit | stats count by label", [("APPLE", 2), ("PEAR", 1)]),
        ("| from datamodel Shop.Fruit | stats count by label", [("APPLE", 2), ("PEAR", 1)]),
        ("| tstats count from datamodel=Shop.Fruit by Sales.label", [("APPLE", 2), ("PEAR", 1)]),
        ("| tstats count from datamodel=Shop where nodename=Sales.Fruit by Sales.label", [("APPLE", 2), ("PEAR", 1)]),
        ("| tstats count from datamodel=Shop.Sales by nodename", [("Sales", 4), ("Sales.Fruit", 3)]),
        ("| datamodel Shop Fruit search | stats count by Sales.Fruit.worth", [("cheap", 1), ("dear", 2)]),
        ("| datamodel Shop Fruit search | stats count by Sales.shop", [("north", 2), ("south", 1)]),
        ("| tstats count from datamodel=Shop.Fruit by Sales.Fruit.worth", [("cheap", 1), ("dear", 2)]),
        ("| tstats count from datamodel=Shop.Fruit by Fruit.worth", [("cheap", 1), ("dear", 2)]),
        ("| tstats count from datamodel=Shop.Sales by Sales.Fruit.worth", [("cheap", 1), ("dear", 2)]),
        (
            "| tstats count from datamodel=Shop where nodename=Sales.Fruit Sales.Fruit.worth=dear by Sales.shop",
            [("north", 1), ("south", 1)],
        ),
        ("| tstats count from datamodel=Shop.Sales where Sales.Fruit.worth=free", [(0,)]),
        ("| tstats count from datamodel=Shop.Sales where NOT Sales.Fruit.worth=* by Sales.item", [("soap", 1)]),
        (
            "| tstats values(Sales.Fruit.*) AS * from datamodel=Shop.Fruit where Sales.price<4 | stats count by worth",
            [("cheap", 1)],
        ),
        ("| tstats count from datamodel=Shop.Totals", [(2,)]),
        ("| tstats count from datamodel=Shop", [(6,)]),
        ("| tstats count from datamodel=Shop by _time span=1d", [(1_699_920_000.0, 4)]),
        ("| from datamodel:Shop.Totals | table shop total", [("north", 21.0), ("south", 5.0)]),
        ("| tstats sum(Totals.total) AS n from datamodel=Shop.Large by Totals.shop", [("north", 21.0)]),
        ("| pivot Shop Totals max(total) AS t SPLITROW shop SORT 1 -t", [("north", 21.0)]),
        ("| tstats count from datamodel=Shop.Sales where Sales.price>=7 by Sales.shop", [("north", 2)]),
    ],
)
def test_rows_of_a_dataset(shop: Instance, search: str, rows: list[tuple[object, ...]]) -> None:
    assert shop.search(search).table.frame.rows() == rows


def test_datamodel_describes(shop: Instance) -> None:
    def text(search: str) -> Any:
        return json.loads(shop.search(search).table.frame["_raw"][0])

    assert text("| datamodel")["modelName"] == "Shop"
    assert [o["objectName"] for o in text("| datamodel Shop")["objects"]] == ["Sales", "Totals", "Large", "Fruit"]
    assert text("| datamodel Shop Fruit")["parentName"] == "Sales"


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ("| datamodel Shop Fruit sideways", "modes"),
        ("| from lookup:nosuch", "nosuch"),
        ("| from somewhere:x", "somewhere"),
        ("| tstats count from sid=5", "there is no job"),
        ("| tstats count from one two", "cannot read from one, two"),
        ("| tstats count from datamodel=Shop by PREFIX(x=)", "PREFIX"),
    ],
)
def test_dataset_errors(shop: Instance, search: str, said: str) -> None:
    with pytest.raises(SearchError, match=said):
        shop.search(search)


def test_rows_of_a_dataset_are_kept_until_events_come(shop: Instance) -> None:
    search = "| tstats count from datamodel=Shop.Sales"
    assert shop.search(search).table.frame["count"].to_list() == [4]
    kept = shop.kept.count(ROWS)
    shop.search(search)
    assert shop.kept.count(ROWS) == kept
    shop.search('| makeresults | eval kind="sale", item="plum" | collect index=main')
    assert shop.search(search).table.frame["count"].to_list() == [5]
