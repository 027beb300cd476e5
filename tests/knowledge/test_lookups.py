"""Lookups: matching rules, files, collections, writing."""

from __future__ import annotations

import fnmatch
import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.knowledge import Configuration, Knowledge, KVStore, KVStoreError, Lookup, LookupFailure
from caltrop.knowledge.asking import Asker
from caltrop.knowledge.lookups import Options, read_csv, write_csv
from tests.examples import examples

from .conftest import MakeApp


def table(text: str, options: Options | None = None) -> Lookup:
    return Lookup("t", "test", lambda: read_csv(text.encode()), options or Options())


HOSTS = "host,ip\nweb,10.0.0.2\ndb,10.0.0.9\nweb,10.0.0.1\n"


def find(
    lookup: Lookup, inputs: Mapping[str, Sequence[object]], outputs: list[str], **times: list[float]
) -> list[object]:
    """The first output for each row."""
    frame = pl.DataFrame({**{f"e_{k}": v for k, v in inputs.items()}, **times})
    found = lookup.match(frame, {k: f"e_{k}" for k in inputs}, outputs)
    assert found.columns == outputs and found.height == frame.height
    return found[outputs[0]].to_list()


def test_exact_and_several_matches_in_table_order() -> None:
    assert find(table(HOSTS), {"host": ["web", "db", "no", None]}, ["ip"]) == [
        ["10.0.0.2", "10.0.0.1"],
        ["10.0.0.9"],
        None,
        None,
    ]


def test_max_matches() -> None:
    assert find(table(HOSTS, Options(max_matches=1)), {"host": ["web", "db"]}, ["ip"]) == ["10.0.0.2", "10.0.0.9"]


def test_all_outputs_by_default() -> None:
    found = table("k,a,b\n1,x,y\n").match(pl.DataFrame({"k": ["1"]}), {"k": "k"})
    assert found.to_dicts() == [{"a": "x", "b": "y"}]


@pytest.mark.parametrize(("sensitive", "expected"), [(True, None), (False, "10.0.0.9")])
def test_case(sensitive: bool, expected: str | None) -> None:
    assert find(table(HOSTS, Options(case_sensitive=sensitive)), {"host": ["DB"]}, ["ip"]) == [expected]


def test_default_match_fills_up_to_min_matches() -> None:
    options = Options(min_matches=1, default_match="unknown")
    assert find(table(HOSTS, options), {"host": ["no", "db"]}, ["ip"]) == ["unknown", "10.0.0.9"]
    assert find(table(HOSTS, Options(default_match="unknown")), {"host": ["no"]}, ["ip"]) == [None]


def test_default_match_comes_until_there_are_enough() -> None:
    options = Options(min_matches=2, default_match="unknown")
    found = find(table(HOSTS, options), {"host": ["no", "db", "web"]}, ["ip"])
    assert found == [["unknown", "unknown"], ["10.0.0.9", "unknown"], ["10.0.0.2", "10.0.0.1"]]


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["", "x", "y"])), max_size=6),
    st.lists(st.sampled_from("abcd"), min_size=1, max_size=5),
    st.integers(0, 3),
)
@examples(200)
def test_a_default_stands_for_each_match_that_is_missing(
    rows: list[tuple[str, str]], asked: list[str], least: int
) -> None:
    text = "k,v\n" + "".join(f"{key},{value}\n" for key, value in rows)
    found = find(table(text, Options(min_matches=least, default_match="?")), {"k": asked}, ["v"])
    for key, value in zip(asked, found, strict=True):
        held = [cell for name, cell in rows if name == key]
        wanted = [cell for cell in held if cell] + ["?"] * (least - len(held))
        assert (value if isinstance(value, list) else [value] if value is not None else []) == wanted


def test_at_most_a_hundred_matches_unless_asked() -> None:
    rows = "k,v\n" + "".join(f"a,{i}\n" for i in range(150))
    assert [len(x) for x in find(table(rows), {"k": ["a"]}, ["v"])] == [100]  # type: ignore[arg-type]
    assert [len(x) for x in find(table(rows, Options(max_matches=120)), {"k": ["a"]}, ["v"])] == [120]  # type: ignore[arg-type]


def test_collections_without_case_match_lower_case_rows_only() -> None:
    options = Options(case_sensitive=False, fold_rows=False)
    assert find(table("k,v\nab,1\nCD,2\n", options), {"k": ["AB", "CD", "cd"]}, ["v"]) == ["1", None, None]


def test_multivalue_input_looks_each_value_up() -> None:
    assert find(table(HOSTS), {"host": [["db", "web"], ["no"]]}, ["ip"]) == [["10.0.0.9", "10.0.0.2", "10.0.0.1"], None]


def test_numbers_match_their_text() -> None:
    assert find(table("code,t\n404,nf\n"), {"code": [404.0, 200.0]}, ["t"]) == ["nf", None]


def test_two_inputs() -> None:
    lookup = table("a,b,v\n1,*x,hit\n1,y,other\n2,y,two\n", Options(match_types={"b": "WILDCARD"}))
    assert find(lookup, {"a": ["1", "1", "2", "2"], "b": ["ax", "y", "y", "x"]}, ["v"]) == ["hit", "other", "two", None]


def test_cidr() -> None:
    lookup = table(
        "net,zone\n10.0.0.0/8,inner\n10.1.0.0/16,lab\n2001:db8::/32,six\nbad,none\n",
        Options(match_types={"net": "CIDR"}),
    )
    values = ["10.1.2.3", "10.2.0.1", "8.8.8.8", "2001:db8::1", "text"]
    assert find(lookup, {"net": values}, ["zone"]) == [["inner", "lab"], ["inner"], None, ["six"], None]


def test_temporal_takes_the_latest_before_the_event() -> None:
    lookup = table("ip,user,t\n1,old,100\n1,new,200\n1,future,900\n", Options(time_field="t", max_offset=500))
    assert find(lookup, {"ip": ["1", "1", "1", "1"]}, ["user"], _time=[250.0, 150.0, 50.0, 800.0]) == [
        "new",
        "old",
        None,
        None,
    ]


def test_the_time_of_an_entry_is_no_output() -> None:
    assert table("ip,user,t\n1,a,100\n", Options(time_field="t")).outputs(["ip"]) == ["user"]


def test_temporal_format() -> None:
    lookup = table(
        "ip,user,t\n1,a,2024-01-01 00:00:00\n", Options(time_field="t", time_format="%Y-%m-%d %H:%M:%S", min_offset=10)
    )
    assert find(lookup, {"ip": ["1", "1"]}, ["user"], _time=[1704067205.0, 1704067210.0]) == [None, "a"]


def test_unknown_fields_are_named() -> None:
    with pytest.raises(LookupFailure, match="no field 'nope'") as caught:
        table(HOSTS).match(pl.DataFrame({"a": ["x"]}), {"host": "a"}, ["nope"])
    assert caught.value.hint == "its fields: host, ip"


PATTERNS = st.lists(st.text("ab*", min_size=1, max_size=4), min_size=1, max_size=6)
WORDS = st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=6)


@examples(80)
@given(PATTERNS, WORDS)
def test_wildcards_equal_fnmatch(patterns: list[str], words: list[str]) -> None:
    rows = "p,n\n" + "".join(f"{p},{i}\n" for i, p in enumerate(patterns))
    found = find(table(rows, Options(match_types={"p": "WILDCARD"})), {"p": list(words)}, ["n"])
    for word, cell in zip(words, found, strict=True):
        expected = [str(i) for i, p in enumerate(patterns) if fnmatch.fnmatchcase(word, p)]
        assert ([] if cell is None else [cell] if isinstance(cell, str) else cell) == expected


def test_csv_is_read_and_written_back() -> None:
    text = b'\xef\xbb\xbfa,b\n"x ""y""\nz",\nshort\n1,2,3\n'
    frame = read_csv(text)
    assert frame.to_dicts() == [{"a": 'x "y"\nz', "b": None}, {"a": "short", "b": None}, {"a": "1", "b": "2"}]
    assert read_csv(write_csv(frame)).equals(frame)
    assert write_csv(pl.DataFrame({"a": [["x", "y"], None], "n": [1.0, 2.5]})) == b'a,n\n"x\ny",1\n,2.5\n'
    assert read_csv(b"").width == 0


TRANSFORMS = """
[codes]
filename = codes.csv
case_sensitive_match = false
match_type = WILDCARD(code)
[people]
external_type = kvstore
collection = people
fields_list = _key, name, age
[script]
external_cmd = run.py a b
fields_list = a, b
[places]
external_type = geo
filename =
[gone]
filename = gone.csv
[outside]
filename = ../../secret.csv
"""


@pytest.fixture
def knowledge(make_app: MakeApp, tmp_path: Path) -> Knowledge:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    app = make_app(
        "app",
        {
            "default/transforms.conf": TRANSFORMS,
            "default/collections.conf": "[people]\n",
            "lookups/codes.csv": "code,text\nA*,one\n",
        },
    )
    return Knowledge(Configuration([app]), "app", kvstore=KVStore(tmp_path / "kv"))


def test_definitions(knowledge: Knowledge) -> None:
    codes = knowledge.lookup("codes", Asker())
    assert codes is not None and find(codes, {"code": ["abc"]}, ["text"]) == ["one"]
    file = knowledge.lookup("codes.csv", Asker())
    assert file is not None and find(file, {"code": ["abc"]}, ["text"]) == [None]
    assert knowledge.lookup("nothing", Asker()) is None and knowledge.lookup("nothing.csv", Asker()) is None
    assert knowledge.lookup("../app/lookups/codes.csv", Asker()) is None
    assert knowledge.lookups() == ["codes", "codes.csv", "gone", "outside", "people", "places", "script"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("script", "script is missing"),
        ("places", "external_type = geo"),
        ("gone", "gone.csv"),
        ("outside", "secret.csv"),
    ],
)
def test_definitions_that_cannot_work(knowledge: Knowledge, name: str, message: str) -> None:
    with pytest.raises(LookupFailure, match=message):
        knowledge.lookup(name, Asker())


def test_write_lookup(knowledge: Knowledge) -> None:
    knowledge.write_lookup("codes", pl.DataFrame({"code": ["b"], "text": ["two"]}))
    codes = knowledge.lookup("codes", Asker())
    assert codes is not None and find(codes, {"code": ["B", "abc"]}, ["text"]) == ["two", None]
    knowledge.write_lookup("new.csv", pl.DataFrame({"a": ["1"]}))
    new = knowledge.lookup("new.csv", Asker())
    assert new is not None and new.rows().to_dicts() == [{"a": "1"}]
    for name in ("no_such_definition", "../x.csv", "x.csv.gz"):
        with pytest.raises(LookupFailure):
            knowledge.write_lookup(name, pl.DataFrame({"a": ["1"]}))


def test_rows_are_read_again_when_the_file_changes(knowledge: Knowledge) -> None:
    other = Knowledge(knowledge.configuration, "app", kvstore=knowledge.kvstore)
    held = other.lookup("codes.csv", Asker())
    assert held is not None and held.rows().height == 1
    knowledge.write_lookup("codes.csv", pl.DataFrame({"code": ["x", "y"], "text": ["1", "2"]}))
    again = other.lookup("codes.csv", Asker())
    assert again is not None and again.rows().height == 2


def test_writing_what_an_automatic_lookup_shows_changes_the_configuration(make_app: MakeApp) -> None:
    files = {
        "default/props.conf": "[st]\nLOOKUP-a = shown code OUTPUT text\n",
        "default/transforms.conf": "[shown]\nfilename = shown.csv\n[other]\nfilename = other.csv\n",
        "lookups/shown.csv": "code,text\n",
        "lookups/other.csv": "code,text\n",
    }
    knowledge = Knowledge(Configuration([make_app("a", files)]), "a")
    rows = pl.DataFrame({"code": ["1"], "text": ["one"]})
    before, extracted = knowledge.configuration.generation, knowledge.fingerprint
    knowledge.write_lookup("other", rows)
    assert (knowledge.configuration.generation, knowledge.fingerprint) == (before, extracted)
    knowledge.write_lookup("shown.csv", rows)
    assert knowledge.configuration.generation > before
    assert knowledge.fingerprint != extracted


def test_packed_lookup_files(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app("a", {"lookups/.keep": ""})
    (app / "lookups" / "t.csv.gz").write_bytes(gzip.compress(b"a\n1\n"))
    knowledge = Knowledge(Configuration([app]), "a")
    found = knowledge.lookup("t.csv.gz", Asker())
    assert found is not None and found.rows().to_dicts() == [{"a": "1"}]
    monkeypatch.setattr("caltrop.knowledge.tables.MAX_UNPACKED", 2)
    again = Knowledge(Configuration([app]), "a").lookup("t.csv.gz", Asker())
    assert again is not None
    with pytest.raises(LookupFailure, match="unpacks to more"):
        again.rows()


def test_collections(knowledge: Knowledge, tmp_path: Path) -> None:
    knowledge.write_lookup("people", pl.DataFrame({"_key": ["k1", "k2"], "name": ["Ann", "Bob"], "age": [30, None]}))
    people = knowledge.lookup("people", Asker())
    assert people is not None and people.rows().to_dicts() == [
        {"_key": "k1", "name": "Ann", "age": "30"},
        {"_key": "k2", "name": "Bob", "age": None},
    ]
    assert KVStore(tmp_path / "kv").get("app", "people", "k1") == {"_key": "k1", "name": "Ann", "age": 30}


def test_filter_needs_an_evaluator(make_app: MakeApp) -> None:
    app = make_app(
        "a", {"default/transforms.conf": "[t]\nfilename = t.csv\nfilter = a=1\n", "lookups/t.csv": "a\n1\n2\n"}
    )
    config = Configuration([app])
    asker = Asker(matches=lambda text, frame: frame["a"] == text.partition("=")[2])
    found = Knowledge(config, "a").lookup("t", asker)
    assert found is not None and found.rows()["a"].to_list() == ["1"]
    with pytest.raises(LookupFailure, match="filter"):
        Knowledge(config, "a").lookup("t", Asker())


def test_kvstore() -> None:
    store = KVStore()
    key = store.put("app", "c", {"a": [1, "x"], "b": {"c": True}})
    assert store.documents("app", "c") == [{"a": [1, "x"], "b": {"c": True}, "_key": key}]
    assert store.table("app", "c", ["a", "b"]).to_dicts() == [{"a": ["1", "x"], "b": '{"c": true}'}]
    store.put("app", "c", {"_key": key, "a": 2})
    assert store.get("app", "c", key) == {"_key": key, "a": 2}
    assert store.delete("app", "c", "none") == 0 and store.delete("app", "c") == 1 and store.documents("app", "c") == []
    with pytest.raises(KVStoreError):
        store.put("..", "c", {})
