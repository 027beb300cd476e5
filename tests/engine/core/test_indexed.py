"""`name::value` and fields.conf: what is asked of the index before fields are compared."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.engine.instance import Instance
from caltrop.knowledge.wording import groups, within_words
from caltrop.spl import parse_search
from caltrop.spl.ast import STORED, Comparison, Word
from caltrop.spl.printer import unparse

NOW = 1_700_000_000.0
PROPS = r"""[st]
EXTRACT-code = E(?<code>\d+)
EXTRACT-user = user=(?<user>\S+)
EXTRACT-part = part:(?<part>[a-z]{3})
FIELDALIAS-same = code AS same
EVAL-twice = code.code
[old]
rename = new
"""
MODEL = {
    "modelName": "M",
    "objects": [
        {
            "objectName": "Root",
            "parentName": "BaseEvent",
            "constraints": [{"search": "user=*"}],
            "fields": [{"fieldName": "user"}],
            "calculations": [
                {
                    "calculationType": "Eval",
                    "expression": 'if(user="ann","known","other")',
                    "outputFields": [{"fieldName": "who"}],
                }
            ],
        },
        {
            "objectName": "Known",
            "parentName": "Root",
            "constraints": [{"search": "who=known"}],
            "calculations": [
                {
                    "calculationType": "Eval",
                    "expression": 'who."!"',
                    "outputFields": [{"fieldName": "loud"}],
                }
            ],
        },
        {"objectName": "Louder", "parentName": "Known", "constraints": [{"search": 'loud="known!" user=ann'}]},
        {"objectName": "Never", "parentName": "Known", "constraints": [{"search": "loud=none"}]},
        {"objectName": "Stored", "parentName": "Root", "constraints": [{"search": "zone::eu*"}]},
    ],
}


def build(tmp_path: Path, fields: str = "") -> Instance:
    files = {
        "default/props.conf": PROPS,
        "default/fields.conf": fields,
        "default/data/models/M.json": json.dumps(MODEL),
        "metadata/default.meta": "[]\nexport = system\n",
    }
    for name, text in files.items():
        path = tmp_path / "a" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    built = Instance(apps=[tmp_path / "a"], now=NOW)
    built.store.create_index("main")
    raw = ["1 E42 user=ann part:abc", "2 E42x user=bob part:abcd", "3 user=Ann zone"]
    built.store.append(
        pl.DataFrame(
            {
                "_time": [NOW - n for n in (1, 2, 3)],
                "_raw": raw,
                "index": "main",
                "sourcetype": ["st", "st", "old"],
                "zone": ["EU-1", None, "us"],
                "user": [None, None, "ann"],
            }
        )
    )
    return built


def found(instance: Instance, search: str) -> str:
    """The first character of each event's text."""
    rows = instance.search(f"search index=main {search} | table _raw").table.frame
    return "".join(sorted(text[0] for text in rows.get_column("_raw"))) if "_raw" in rows.columns else ""


@pytest.mark.parametrize(
    ("search", "events"),
    [
        ("user::ann", "3"),  # of event 1 only search time gives it
        ("user=ann", "13"),
        ("zone::eu-1", "1"),
        ("zone::EU*", "1"),
        ("zone::*", "13"),
        ('zone::"eu-1"', "1"),
        ('"zone::eu-1"', ""),  # a phrase
        ("NOT zone::eu-1", "23"),
        ("zone::us OR E42", "13"),
        ("NOT (zone::us OR zone::eu*)", "2"),
        ("sourcetype::old", "3"),  # as it was indexed
        ("sourcetype=new", "3"),
        ("sourcetype::new", ""),
        ("index::main linecount::1 zone=us", "3"),
        ("nothing::x", ""),
        ("twice::*", ""),
    ],
)
def test_what_was_indexed(tmp_path: Path, search: str, events: str) -> None:
    instance = build(tmp_path)
    assert found(instance, search) == events
    assert found(instance, search) == events  # and of what was kept


@pytest.mark.parametrize(
    ("fields", "search", "events"),
    [
        ("", "code=42", ""),  # the index has the words E42 and E42x
        ("[code]\nINDEXED_VALUE = false\n", "code=42", "12"),
        ("[code]\nINDEXED_VALUE = true\n", "code=42", ""),
        ("[code]\nINDEXED_VALUE = E<VALUE>\n", "code=42", "1"),
        ("[code]\nINDEXED_VALUE = E<VALUE>*\n", "code=42", "12"),
        ("[code]\nINDEXED_VALUE = s/^/E/\n", "code=42", "1"),
        ("[code]\nINDEXED_VALUE = [OR <VALUE> zone::*<VALUE>]\n", "code=42", "12"),  # not followed: nothing is asked
        ("[code]\nINDEXED_VALUE = zone::eu*\n", "code=42", "1"),
        ("[code]\nINDEXED = true\n", "code=42", ""),
        ("[user]\nINDEXED = true\n", "user=ann", "3"),
        ("", "code=*42", "12"),  # any part of a word
        ("", "code=*", "12"),
        ("", "NOT code=42", "3"),
        ("", "code!=42", ""),
        ("", "code IN (42, 43)", ""),
        ("", "code=42 OR user=bob", "2"),
        ("", "same=42", "12"),  # an alias, and what is calculated, is not asked for by its words
        ("", "twice=4242", "12"),
        ("", "part=abc", "1"),
        ("", "part=ab*", "12"),
        ("", "zone=us", "3"),
        ("", "user=ann", "13"),
    ],
)
def test_words_of_values(tmp_path: Path, fields: str, search: str, events: str) -> None:
    assert found(build(tmp_path, fields), search) == events


def test_a_wrong_substitution_is_told(tmp_path: Path) -> None:
    instance = build(tmp_path, "[code]\nINDEXED_VALUE = s/(/x/\n")
    (fault,) = instance.knowledge("search", "nobody")._worded[1]
    assert "default/fields.conf:2" in str(fault) and "INDEXED_VALUE" in str(fault)
    assert found(instance, "code=42") == ""


@pytest.mark.parametrize(
    ("dataset", "count"), [("Root", "3"), ("Known", "2"), ("Louder", "2"), ("Never", "0"), ("Stored", "1")]
)
def test_constraints_of_children_read_what_their_parents_calculate(tmp_path: Path, dataset: str, count: str) -> None:
    instance = build(tmp_path)
    for search in (f"| tstats count from datamodel=M.{dataset}", f"| datamodel M {dataset} search | stats count"):
        assert instance.search(search).table.frame.get_column("count").cast(pl.String).to_list() == [count]


def test_a_model_counts_its_children(tmp_path: Path) -> None:
    rows = build(tmp_path).search("| tstats count from datamodel=M.Root by nodename | sort nodename").table.frame
    assert dict(zip(rows["nodename"], rows["count"].cast(pl.Int64), strict=True)) == {
        "Root": 3,
        "Root.Known": 2,
        "Root.Known.Louder": 2,
        "Root.Stored": 1,
    }


@pytest.mark.parametrize(
    ("regex", "loose"),
    [
        (r"E(?<code>\d+)", {"code"}),
        (r"user=(?<user>\w+)", set()),
        (r"^(?<first>\S+)\s(?P<second>[^,]+),", set()),
        (r"(?<ms>\d+)ms", {"ms"}),
        (r"id=\"(?<id>[^\"]*)\"", set()),
        (r"(?:^|,)(?<a>[^,]*)(?:,|$)", {"a"}),  # nothing certain is said of it, so its values are looked at
        (r"code (?<three>\d{3})", {"three"}),
        (r"code (?<three>\d{3})\s", set()),
        (r"[(](?<in>x)[)]", set()),
        (r"\((?<in>x)\)", set()),
        (r"<id[^<>]*>\s*(?<id>\d+)\s*<", set()),
        (r"x[\t,](?<cell>\d+)[\t,]", set()),
        (r"a{0,2} {0,2}(?<spaced>\w+)", {"spaced"}),
        (r"(?<", set()),
    ],
)
def test_groups_inside_words(regex: str, loose: set[str]) -> None:
    assert within_words(regex) == loose


@given(st.text(alphabet="()[]\\?<>ab:=^$+*{}1 ", max_size=30))
def test_groups_of_any_text(regex: str) -> None:
    assert all(isinstance(name, str) for name, _ in groups(regex))


@pytest.mark.parametrize("text", ["a::b", 'source::"C:\\\\a b"', "source::/var/*", "a.b::c::d"])
def test_stored_terms_are_printed_as_they_are_read(text: str) -> None:
    node = parse_search(text)
    assert isinstance(node, Comparison) and node.op == STORED and isinstance(node.value, Word)
    assert parse_search(unparse(node)) == node
