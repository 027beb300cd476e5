"""Extracted segments and dataset rows are reused until something that they depend on changes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from caltrop.conformance import Row, rows_of
from caltrop.engine import narrowing
from caltrop.engine.extractions import Extractions
from caltrop.engine.instance import Instance
from caltrop.engine.matching import Known
from caltrop.index.kept import Kept
from caltrop.knowledge import Knowledge
from caltrop.knowledge.asking import Asker
from caltrop.spl.ast import Node

NOW = 1_700_000_000.0
MODEL = {
    "modelName": "Shop",
    "objects": [
        {
            "objectName": "Sales",
            "parentName": "BaseEvent",
            "constraints": [{"search": "`sales`"}],
            "fields": [{"fieldName": "user"}],
            "calculations": [
                {
                    "calculationType": "Lookup",
                    "lookupName": "names",
                    "lookupInputs": [{"inputField": "user", "lookupField": "user"}],
                    "outputFields": [{"fieldName": "name", "lookupOutputFieldName": "name"}],
                }
            ],
        }
    ],
}
FILES = {
    "default/props.conf": "[st]\nEVAL-double = n*2\n",
    "default/transforms.conf": "[names]\nfilename = names.csv\n",
    "default/eventtypes.conf": "[big]\nsearch = `big`\n",
    "default/macros.conf": "[big]\ndefinition = n>15\n[sales]\ndefinition = n>0\n[filter]\ndefinition = search *\n",
    "default/data/models/Shop.json": json.dumps(MODEL),
    "lookups/names.csv": "user,name\nann,Ann\n",
    "metadata/default.meta": "[]\nexport = system\n",
}


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    for name, text in FILES.items():
        path = tmp_path / "a" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    built = Instance(apps=[tmp_path / "a"], now=NOW)
    built.store.create_index("main")
    raw = ["n=10 user=ann", "n=20 user=bob"]
    built.store.append(pl.DataFrame({"_time": [NOW, NOW - 1], "_raw": raw, "index": "main", "sourcetype": "st"}))
    return built


ROWS = "| tstats values(Sales.name) as name count from datamodel=Shop.Sales"


def results(instance: Instance, search: str, **context: str) -> list[Row]:
    return rows_of(instance.search(search, app=context.get("app", "a"), user=context.get("user", "admin")).table)


def test_edits_of_other_things_extract_nothing_again(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    events, rows = results(instance, "index=main | table double eventtype"), results(instance, ROWS)

    def refuse(*_: object) -> None:
        raise AssertionError("extracted again")

    for step in ("extract", "fields", "labelled"):
        monkeypatch.setattr(Knowledge, step, refuse)
    instance.config.set("macros", "filter", {"definition": "search NOT n=1"}, app="a")
    instance.config.set("savedsearches", "s", {"search": "*"}, app="a")
    instance.config.reload()
    for user, app in (("admin", "a"), ("ann", "a"), ("admin", "search")):
        assert results(instance, "index=main | table double eventtype", user=user, app=app) == events
        assert results(instance, ROWS, user=user, app=app) == rows
    instance.config.set("props", "st", {"EVAL-double": "n*3"}, app="a")
    with pytest.raises(AssertionError, match="extracted again"):
        results(instance, "index=main | table double eventtype")


def test_the_same_question_is_answered_once(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    rows = narrowing.rows

    def counted(frame: pl.DataFrame, nodes: Sequence[Node], known: Known) -> pl.Series:
        asked.append(nodes)
        return rows(frame, nodes, known)

    monkeypatch.setattr(narrowing, "rows", counted)

    def users(search: str, earliest: float | None = None, latest: float | None = None) -> list[object]:
        return [row["user"] for row in rows_of(instance.search(search, earliest=earliest, latest=latest).table)]

    for _ in range(3):
        assert users("search double>15") == ["ann", "bob"]
        assert users("search double>15 | search user=bob") == ["bob"]
    before = len(asked)
    assert users("search double>15") == ["ann", "bob"]
    assert len(asked) == before
    assert users("search double>15", latest=NOW) == ["bob"]
    assert users("search double>15", earliest=NOW) == ["ann"]
    assert users("search double>25") == ["bob"]
    assert len(asked) == before + 3
    instance.store.append(
        pl.DataFrame({"_time": [NOW - 2], "_raw": ["n=30 user=cid"], "index": "main", "sourcetype": "st"})
    )
    assert users("search double>15") == ["ann", "bob", "cid"]
    instance.config.set("props", "st", {"EVAL-double": "n*1"}, app="a")
    assert users("search double>15") == ["bob", "cid"]


def test_what_changes_shows_at_once(instance: Instance) -> None:
    def doubles() -> list[object]:
        return [
            (row.get("double"), row.get("eventtype"))
            for row in results(instance, "index=main | table double eventtype")
        ]

    assert doubles() == [("20", None), ("40", "big")]
    instance.config.set("macros", "big", {"definition": "n<15"}, app="a")
    assert doubles() == [("20", "big"), ("40", None)]
    instance.config.set("props", "st", {"EVAL-double": "n*3"}, app="a")
    assert doubles() == [("30", "big"), ("60", None)]


def test_dataset_rows_follow_macros_and_lookups(instance: Instance) -> None:
    assert results(instance, ROWS) == [{"name": "Ann", "count": "2"}]
    instance.config.set("macros", "sales", {"definition": "n=10"}, app="a")
    assert results(instance, ROWS) == [{"name": "Ann", "count": "1"}]
    search = '| makeresults | eval user="ann", name="Anna" | table user name | outputlookup names'
    instance.search(search, app="a")
    assert results(instance, ROWS) == [{"name": "Anna", "count": "1"}]


@pytest.mark.parametrize(
    ("search", "users"),
    [
        ("(index=main n=10) OR (index=web n=30)", ["ann", "cid"]),
        ("index=* NOT index=main", ["cid"]),
        ("index=* (index!=web OR user IN (cid, x*))", ["ann", "bob", "cid"]),
        ("index=w* OR (index IN (main, web) user=b*)", ["bob", "cid"]),
        ("index=* NOT (index=main NOT user=ann) missing!=1", []),
        ("index=* NOT (missing=1 OR user IN (BOB, 17*))", ["ann", "cid"]),
    ],
)
def test_what_is_asked_of_the_index_is_decided_by_segment(instance: Instance, search: str, users: list[str]) -> None:
    instance.store.create_index("web")
    event = {"_time": [NOW - 2], "_raw": ["n=30 user=cid"], "index": "web", "sourcetype": "st"}
    instance.store.append(pl.DataFrame(event))
    assert [row["user"] for row in results(instance, f"{search} | table user")] == users


@pytest.mark.parametrize(
    ("search", "rows"),
    [
        ("index=main sourcetype::st | stats count", [{"count": "2"}]),
        ("| tstats count where index=main by sourcetype", [{"sourcetype": "st", "count": "2"}]),
        ("| tstats count where sourcetype::st ann", [{"count": "1"}]),
        (
            "| tstats count where index=main by PREFIX(user=)",
            [{"user=": "ann", "count": "1"}, {"user=": "bob", "count": "1"}],
        ),
        (
            "| tstats latest(sourcet*) where index=main by splunk_server",
            [{"splunk_server": "caltrop", "latest(sourcetype)": "st"}],
        ),
    ],
)
def test_columns_that_are_read(instance: Instance, search: str, rows: list[dict[str, str]]) -> None:
    assert results(instance, search) == rows


def test_slices_do_not_change_what_is_extracted(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = ["n=30 user=cid", "free text", '{"user": ["x", "y"], "n": 1}', "n=1"]
    times = [NOW - 2 - i for i in range(4)]
    instance.store.append(pl.DataFrame({"_time": times, "_raw": raw, "index": "main", "sourcetype": "st"}))
    search = "index=main | table n user double eventtype"
    whole = results(instance, search)
    monkeypatch.setattr("caltrop.engine.extractions.SLICE", 1)
    instance._extractions = Extractions(instance._fingerprints, Kept())
    assert results(instance, search) == whole


def test_each_search_has_extracted_what_is_not_there_yet(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first search what it reads, the second one every field; event types and tags for who asks for them."""
    asked: list[tuple[str, frozenset[str] | None]] = []
    for step in ("fields", "labelled"):
        plain = getattr(Knowledge, step)

        def noted(self: Knowledge, frame: pl.DataFrame, wanted: set[str] | None, asker: Asker, *, do: Any = plain, name: str = step) -> pl.DataFrame:  # fmt: skip
            asked.append((name, None if wanted is None else frozenset(wanted)))
            return do(self, frame, wanted, asker)  # type: ignore[no-any-return]

        monkeypatch.setattr(Knowledge, step, noted)

    def steps(search: str) -> list[tuple[str, frozenset[str] | None]]:
        asked.clear()
        results(instance, search)
        return list(asked)

    assert steps("index=main bob | stats count by user") == [("fields", frozenset({"_time", "_raw", "index", "user"}))]
    assert steps("index=main | stats count by user") == [], (
        "a small segment is extracted whole, whatever may match of it"
    )
    assert steps("index=main | stats count by double") == [("fields", None)]
    assert steps("index=main | stats count by n, user") == []
    assert steps("index=main eventtype=big | stats count") == [("labelled", None)]
    assert steps("index=main") == []


@pytest.mark.parametrize("first", ["user", "double", "eventtype", "n, eventtype", "*"])
def test_what_was_extracted_before_changes_nothing(instance: Instance, first: str) -> None:
    whole = results(instance, "index=main | table n user double eventtype")
    instance._extractions = Extractions(instance._fingerprints, Kept())
    results(instance, f"index=main | table {first}")
    for second in (
        "index=main | table n user double eventtype",
        "index=main | fields n user double eventtype | table *",
    ):
        assert [
            {k: v for k, v in row.items() if k in whole[0] | whole[1]} for row in results(instance, second)
        ] == whole
