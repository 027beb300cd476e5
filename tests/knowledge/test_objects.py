"""Macros, saved searches, data models."""

from __future__ import annotations

import json

import pytest

from caltrop.knowledge import Configuration, DataModelError, Knowledge, MacroStanza

from .conftest import MakeApp

MACROS = """
[plain]
definition = index=main
[two(2)]
args = a, b
definition = x=$a$ y=$b$
iseval = 1
validation = isnum(a)
errormsg = a is no number
[off]
definition = x
disabled = 1
"""


def test_macros(make_app: MakeApp) -> None:
    knowledge = Knowledge(Configuration([make_app("a", {"default/macros.conf": MACROS})]), "a")
    assert knowledge.macro("plain") == MacroStanza("plain", (), "index=main")
    assert knowledge.macro("two", 2) == MacroStanza(
        "two", ("a", "b"), "x=$a$ y=$b$", True, "isnum(a)", "a is no number"
    )
    assert knowledge.macro("two") is None and knowledge.macro("two", 1) is None and knowledge.macro("off") is None
    assert knowledge.macros() == ["off", "plain", "two(2)"]


def test_saved_searches_inherit_defaults(make_app: MakeApp) -> None:
    text = "[default]\ncron_schedule = 0 * * * *\n[One]\nsearch = index=main\ndisabled = 1\n"
    knowledge = Knowledge(Configuration([make_app("a", {"default/savedsearches.conf": text})]), "a")
    found = knowledge.saved_search("One")
    assert found is not None and found.values() == {
        "cron_schedule": "0 * * * *",
        "search": "index=main",
        "disabled": "1",
    }
    assert knowledge.saved_searches() == ["One"] and knowledge.saved_search("default") is None


def field(name: str, **more: object) -> dict[str, object]:
    return {"fieldName": name, "owner": "x", "type": "string", "displayName": name, **more}


MODEL = {
    "modelName": "M",
    "displayName": "A model",
    "objects": [
        {
            "objectName": "Root",
            "parentName": "BaseEvent",
            "displayName": "Root dataset",
            "fields": [field("_time", type="timestamp"), field("dest", required=True)],
            "calculations": [
                {"calculationType": "Eval", "expression": "upper(a)", "outputFields": [field("A")]},
                {"calculationType": "Lookup", "lookupName": "t", "lookupInputs": [{"inputField": "dest", "lookupField": "host"}], "outputFields": [{**field("zone"), "lookupOutputFieldName": "z"}]},
                {"calculationType": "Rex", "inputField": "_raw", "expression": "(?<n>\\d)", "outputFields": [field("n", type="number")]},
            ],
            "constraints": [{"search": "tag=one"}],
        },
        {"objectName": "Child", "parentName": "Root", "fields": [field("more")], "calculations": [], "constraints": [{"search": "a=1 OR b=2"}]},
        {"objectName": "Found", "parentName": "BaseSearch", "baseSearch": "| inputlookup x", "fields": [], "calculations": []},
        {"objectName": "Deal", "parentName": "BaseTransaction", "fields": []},
        {"objectName": "Loop", "parentName": "Loop", "fields": []},
    ],
}  # fmt: skip


@pytest.fixture
def knowledge(make_app: MakeApp) -> Knowledge:
    files = {"default/data/models/M.json": json.dumps(MODEL), "default/data/models/Bad.json": "{"}
    hidden = make_app("hidden", {"default/data/models/H.json": json.dumps(MODEL)}, export=False)
    return Knowledge(Configuration([make_app("a", files), hidden]), "search")


def test_dataset_inherits(knowledge: Knowledge) -> None:
    assert knowledge.datamodels() == ["Bad", "M"]
    model = knowledge.datamodel("M")
    child = model.dataset("Child")
    assert child.lineage == ("Root", "Child") and model.children("Root") == ["Child"]
    assert child.search == "(tag=one) (a=1 OR b=2)"
    assert {n: f.owner for n, f in child.fields.items()} == {
        "_time": "Root",
        "dest": "Root",
        "A": "Root",
        "zone": "Root",
        "n": "Root",
        "more": "Child",
    }
    assert (
        child.qualified("dest") == "Root.dest"
        and child.qualified("more") == "Root.Child.more"
        and child.qualified("_time") == "_time"
    )
    assert [child.resolve(n) for n in ("Root.dest", "Child.more", "Root.Child.more", "dest", "other.x")] == [
        "dest",
        "more",
        "more",
        "dest",
        "other.x",
    ]
    kinds = [(c.kind, c.outputs, c.inputs, c.input) for c in child.calculations]
    assert kinds == [
        ("Eval", (("A", "A"),), (), ""),
        ("Lookup", (("z", "zone"),), (("host", "dest"),), ""),
        ("Rex", (("n", "n"),), (), "_raw"),
    ]


def test_search_dataset(knowledge: Knowledge) -> None:
    assert knowledge.datamodel("M").dataset("Found").base_search == "| inputlookup x"


@pytest.mark.parametrize(("model", "dataset", "message"), [
    ("N", "Root", "no data model named 'N'"), ("M", "Nope", "no dataset 'Nope'"), ("M", "Deal", "transaction"),
    ("M", "Loop", "inherits from itself"), ("Bad", "Root", "not a data model"), ("H", "Root", "no data model"),
])  # fmt: skip
def test_errors(knowledge: Knowledge, model: str, dataset: str, message: str) -> None:
    with pytest.raises(DataModelError, match=message):
        knowledge.datamodel(model).dataset(dataset)
