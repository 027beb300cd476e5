"""An instance whose app is written by the test."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from caltrop.conformance import Row, event_frame, rows_of
from caltrop.engine.instance import Instance, SearchResult

NOW = 1_700_000_000.0
MODEL = {
    "modelName": "Shop",
    "objects": [
        {
            "objectName": "Sales",
            "parentName": "BaseEvent",
            "constraints": [{"search": "kind=sale"}],
            "fields": [{"fieldName": n, "type": "string"} for n in ("_time", "item", "shop", "price", "paid")],
            "calculations": [
                {
                    "calculationType": "Eval",
                    "expression": "upper(item)",
                    "outputFields": [{"fieldName": "label", "type": "string"}],
                }
            ],
        },
        {
            "objectName": "Totals",
            "parentName": "BaseSearch",
            "baseSearch": "index=main kind=sale | stats sum(price) AS total by shop",
            "fields": [{"fieldName": n, "type": "string"} for n in ("shop", "total")],
        },
        {"objectName": "Large", "parentName": "Totals", "constraints": [{"search": "total>10"}], "fields": []},
        {
            "objectName": "Fruit",
            "parentName": "Sales",
            "constraints": [{"search": "item IN (apple, pear)"}],
            # A file lists inherited fields too, and says whose they are.
            "fields": [{"fieldName": "shop", "owner": "Sales", "type": "string"}],
            "calculations": [
                {
                    "calculationType": "Eval",
                    "expression": 'if(price>4, "dear", "cheap")',
                    "outputFields": [{"fieldName": "worth", "owner": "Sales.Fruit", "type": "string"}],
                }
            ],
        },
    ],
}
SALES = [
    {"kind": "sale", "item": "apple", "shop": "north", "price": 3, "paid": "true"},
    {"kind": "sale", "item": "apple", "shop": "south", "price": 5, "paid": "false"},
    {"kind": "sale", "item": "pear", "shop": "north", "price": 7, "paid": "true"},
    {"kind": "sale", "item": "soap", "shop": "north", "price": 11, "paid": "true"},
    {"kind": "refund", "item": "soap", "shop": "north", "price": 13, "paid": "true"},
]

Make = Callable[..., Instance]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """make(files, events=…): an instance in memory with an app of these files, the index main and these events."""

    def build(files: Mapping[str, str] | None = None, events: Iterable[Mapping[str, Any]] = ()) -> Instance:
        app = tmp_path / "apps" / "search"
        for name, text in {"metadata/default.meta": "[]\nexport = system\n", **(files or {})}.items():
            path = app / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        instance = Instance(None, [app], now=NOW)
        for name in ("main", "summary"):
            instance.store.create_index(name)
        if rows := list(events):
            instance.store.append(event_frame(rows))
        return instance

    return build


@pytest.fixture
def shop(make: Make) -> Instance:
    """The data model Shop over some sales."""
    return make({"default/data/models/Shop.json": json.dumps(MODEL), "default/datamodels.conf": "[Shop]\n"}, SALES)


@pytest.fixture
def visible() -> Callable[[SearchResult], list[Row]]:
    """Rows of a result: visible fields that have a value."""

    def rows(result: SearchResult) -> list[Row]:
        return [
            {n: v for n, v in row.items() if v is not None and not n.startswith("_")} for row in rows_of(result.table)
        ]

    return rows
