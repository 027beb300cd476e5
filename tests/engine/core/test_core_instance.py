"""Instance.search: time ranges, errors with places, what is kept of events, caching, scans; and the command line."""

from __future__ import annotations

import gc
import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.cli import main
from caltrop.conformance import read_cases, rows_of, run_case
from caltrop.engine import extractions, registry
from caltrop.engine.budget import Stop
from caltrop.engine.errors import Cancelled, SearchError
from caltrop.engine.extractions import FIELDS
from caltrop.engine.instance import Instance
from caltrop.engine.needed import extractable, keep, needed_fields
from caltrop.errors import CaltropError
from caltrop.index.kept import ENTRY, Kept
from caltrop.index.segment import Segment, Summary
from caltrop.spl import SplError, known_commands, parse
from caltrop.spl.facts import SUMMARY
from tests.examples import examples

NOW = 1_700_000_000.0
registry.load()
LEFT_OUT = min(set(known_commands()) - registry.commands.keys())  # a documented command that is not implemented


@pytest.fixture
def instance() -> Instance:
    built = Instance(now=NOW)
    for name in ("main", "web", "_internal"):
        built.store.create_index(name)
    built.store.append(
        pl.DataFrame(
            {
                "_time": [NOW - 10, NOW - 20, NOW - 30, NOW - 40],
                "_raw": ['status=200 user="ann"', "status=404 user=bob", "status=500 user=cid", "internal noise"],
                "index": ["main", "web", "main", "_internal"],
                "sourcetype": ["st"] * 4,
                "host": ["h1", "h2", "h1", "h1"],
            }
        )
    )
    return built


def test_newest_first_over_indexes(instance: Instance) -> None:
    assert [row["user"] for row in rows_of(instance.search("status=* | table user").table)] == ["ann", "bob", "cid"]


def test_job_range_and_modifiers(instance: Instance) -> None:
    assert len(instance.search("status=*", earliest=NOW - 20, latest=NOW - 10).table) == 1
    assert len(instance.search("status=* earliest=-25s", earliest=NOW - 5).table) == 2
    assert instance.search("status=*", earliest="-1h", latest="now").earliest == NOW - 3600


def test_result_tells_events_from_tables(instance: Instance) -> None:
    plain = instance.search("status=* | eval x=1")
    assert not plain.is_transforming
    assert plain.events.fields == plain.table.fields
    table = instance.search("status=* | eval x=1 | stats count by user | head 1")
    assert table.is_transforming
    assert len(table.events) == 3
    assert "x" in table.events


@pytest.mark.parametrize(
    ("spl", "error", "where"),
    [
        ("status=* | eval a=nosuch(1)", SearchError, (1, 19)),
        ("status=*\n| nosuchcommand", SearchError, (2, 3)),
        ("status=* | eval a=(1+", SplError, (1, 22)),
        ("| stats count | makeresults", SearchError, (1, 17)),
        (f"status=* | {LEFT_OUT}", SearchError, (1, 12)),
    ],
)
def test_errors_have_a_place(instance: Instance, spl: str, error: type[CaltropError], where: tuple[int, int]) -> None:
    with pytest.raises(error) as caught:
        instance.search(spl)
    assert caught.value.location is not None
    assert (caught.value.location.line, caught.value.location.column) == where
    assert f"{where[0]}:{where[1]}" in str(caught.value)


def test_unsupported_differs_from_unknown(instance: Instance) -> None:
    with pytest.raises(SearchError, match=f"unsupported command '{LEFT_OUT}'"):
        instance.search(f"| {LEFT_OUT}")
    with pytest.raises(SearchError, match="unknown command 'evall'") as caught:
        instance.search("| evall a=1")
    assert caught.value.hint == "did you mean 'eval'?"


def test_errors_inside_macros_point_at_the_call(tmp_path: Path) -> None:
    app = tmp_path / "search"
    (app / "default").mkdir(parents=True)
    (app / "default" / "macros.conf").write_text("[bad]\ndefinition = eval a=nosuch(1)\n")
    with pytest.raises(SearchError) as caught:
        Instance(apps=[app], now=NOW).search("| makeresults | `bad` | stats count")
    assert caught.value.location is not None
    assert caught.value.location.column == 17


def test_cancelling_and_progress(instance: Instance) -> None:
    stages: list[tuple[int, int, int]] = []
    instance.search("status=* | head 2 | stats count", on_progress=lambda *stage: stages.append(stage))
    assert stages == [(1, 3, 3), (2, 3, 2), (3, 3, 1)]
    with pytest.raises(Cancelled):
        instance.search("status=* | head 2", stop=Stop(-1))


def test_deep_subsearches_are_refused(instance: Instance) -> None:
    spl = "search a=1 " + "[search b=1 " * 30 + "]" * 30
    with pytest.raises(CaltropError, match="deep"):
        instance.search(spl)


def test_configuration_changes_are_seen(tmp_path: Path) -> None:
    app = tmp_path / "search"
    (app / "default").mkdir(parents=True)
    (app / "default" / "props.conf").write_text("[st]\nEVAL-double = status*2\n")
    built = Instance(apps=[app], now=NOW)
    built.store.create_index("main")
    built.store.append(
        pl.DataFrame({"_time": [NOW - 1], "_raw": ["status=21"], "index": ["main"], "sourcetype": ["st"]})
    )
    assert rows_of(built.search("* | table double").table) == [{"double": "42"}]
    built.config.set("props", "st", {"EVAL-double": "status*3"}, app="search")
    assert rows_of(built.search("* | table double").table) == [{"double": "63"}]


def test_selective_and_full_extraction_agree(instance: Instance) -> None:
    spl = "bob OR cid | table user status"
    first = rows_of(instance.search(spl).table)
    instance.search("*")  # extracts and keeps the whole segments
    assert (
        rows_of(instance.search(spl).table)
        == first
        == [{"user": "bob", "status": "404"}, {"user": "cid", "status": "500"}]
    )


@pytest.mark.parametrize(
    ("spl", "fields"),
    [
        ("x | stats count by user", {"_time", "user"}),
        ("x | where a>b | table c d*", {"_time", "a", "b", "c", "d*"}),
        ('x | rex field=msg "(?<y>z)" | stats values(y) by host', {"_time", "_raw", "msg", "y", "host", "(?<y>z)"}),
        ("x | fields a", {"_time", "_raw", "_indextime", "_cd", "a"}),
        (
            'x | rex field=msg "a*(?<y>z)" | table y',
            {"_time", "_raw", "msg", "y"},
        ),  # a pattern of values, not of fields
        ('x | search a="*b*" c IN ("*d", e) | table f', {"_time", "_raw", "a", "c", "e", "f"}),
        ('x | makemv delim="*" a | table a', {"_time", "a"}),
        ("x | eval a=b", None),
        ("x | eval a=b, c=a | table a c", {"_time", "b"}),
        ("x | eval c=a, a=b | table a c", {"_time", "a", "b"}),
        ("x | eval a=a+1 | table a", {"_time", "a"}),
        ("x | where a>1 | eval a=b | where a>2 | table a", {"_time", "a", "b"}),
        ("x | eval a=b | table a*", {"_time", "b", "a*"}),
        ("x | fieldformat a=b | table a", {"_time", "a", "b"}),
        ("x | eval _raw=b | table _raw", {"_time", "_raw", "b"}),
        ("x | eval {a}=b | table c", {"_time", "a", "b", "c"}),
        ('x | where searchmatch("d=1") | table c', None),
        ("x | stats avg", None),
        ("x | eval [search y | return $z] | table c", None),
        ("x | foreach * [eval a=1] | table a", None),
        ("x | nosuch | table a", None),
        ("x", None),
    ],
)
def test_needed_fields(spl: str, fields: set[str] | None) -> None:
    found = needed_fields(parse(spl).commands[1:])
    assert (None if found is None else set(found) - {SUMMARY}) == fields


@examples(20)
@given(
    st.lists(
        st.sampled_from(
            [
                "eval user=status",
                "eval user=if(status>300, user, null())",
                'eval status=user."x", user=status',
                "where status!=404",
                'search user="*b*"',
                'rex field=status "(?<user>4.*)"',
                "eval host=user",
                "fillnull value=- user",
            ]
        ),
        max_size=4,
    )
)
def test_what_is_not_read_of_the_events_changes_nothing(commands: list[str]) -> None:
    """The rows are those of a search that has every field extracted, which `fields *` asks for."""
    built = Instance(now=NOW)
    built.store.create_index("main")
    built.store.append(
        pl.DataFrame(
            {
                "_time": [NOW - 10, NOW - 20, NOW - 30],
                "_raw": ["status=200 user=ann", "status=404 user=bob", "user=cid"],
                "index": ["main"] * 3,
                "host": ["h1", "h2", "h1"],
            }
        )
    )
    behind = " | ".join([*commands, "stats values(status) AS s values(user) AS u values(host) AS h count"])
    assert rows_of(built.search(f"* | {behind}").table) == rows_of(built.search(f"* | fields * | {behind}").table)


@pytest.mark.parametrize(
    "behind", ["table a b c", "stats count by a b", "search *", "fields b | head 2", "where isnull(a)"]
)
@examples(10)
@given(
    raw=st.lists(st.text(st.sampled_from("abc=12 "), max_size=14), min_size=1, max_size=8),
    search=st.sampled_from(
        [
            "a=1",
            "a=1 OR b=2",
            "NOT a=1",
            "1",
            "2 a=*",
            "a=1 host=h1",
            "host=h2",
            "*",
            "a>1",
            "linecount=1 a=1",
            "NOT 1 OR c=*",
        ]
    ),
)
def test_fields_of_events_that_match_alone_are_the_same(behind: str, raw: list[str], search: str) -> None:
    """What the condition reads is extracted first, and the rest of those events that meet it: the rows are those of an instance
    that has extracted everything."""

    def instance_of() -> Instance:
        built = Instance(now=NOW)
        built.store.create_index("main")
        hosts = [f"h{number % 2 + 1}" for number in range(len(raw))]
        times = [NOW - number for number in range(len(raw))]
        index = ["main"] * len(raw)
        built.store.append(
            pl.DataFrame({"_time": times, "_indextime": times, "_raw": raw, "index": index, "host": hosts})
        )
        return built

    with pytest.MonkeyPatch.context() as patch:
        whole = instance_of()
        whole.search("* | table *")
        whole.search("* | table *")
        expected = rows_of(whole.search(f"{search} | {behind}").table)
        patch.setattr(extractions, "SIFTED", 1)
        sifted = instance_of()
        assert [rows_of(sifted.search(f"{search} | {behind}").table) for _ in range(3)] == [expected] * 3


def test_what_is_wrong_is_told_of_events_that_do_not_match(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extractions, "SIFTED", 1)
    (tmp_path / "search" / "default").mkdir(parents=True)
    (tmp_path / "search" / "default" / "props.conf").write_text("[st]\nEXTRACT-b = (?<b>[\n")
    built = Instance(apps=[tmp_path / "search"], now=NOW)
    built.store.create_index("main")
    built.store.append(
        pl.DataFrame(
            {"_time": [NOW, NOW], "_raw": ["a=1", "a=2"], "index": ["main"] * 2, "sourcetype": ["st", "other"]}
        )
    )
    for search in ("a=1 | table b", "a=2 | table b", "a=3 | table b"):
        assert any("EXTRACT-b" in message.text for message in built.search(search).messages), search


def test_patterns_extract_everything() -> None:
    def events_of(raw: str) -> Segment:
        return Segment("s", "main", Summary(1, 0.0, 0.0, 1, {}), _frame=pl.DataFrame({"_raw": [raw]}))

    events = events_of("a=1")
    assert extractable(frozenset({"a", SUMMARY}), events) == {"a"}
    assert extractable(frozenset({"a*"}), events) is None
    assert extractable(frozenset({SUMMARY}), events_of("psrsvd_v=1")) is None


def test_keep_understands_patterns() -> None:
    assert keep(["a", "src_ip", "src", "dst"], frozenset({"src*", "a"})) == ["a", "src_ip", "src"]


# --- command line -----------------------------------------------------------------------------------------------------


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_text("2023-11-14 10:00:00 level=info user=ann\n2023-11-14 10:00:05 level=error user=bob\n")
    return path


def test_search_json(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "--data", str(log), "--format", "json", "level=error | table _time user"]) == 0
    assert json.loads(capsys.readouterr().out) == {"_time": "2023-11-14T10:00:05.000+00:00", "user": "bob"}


def test_search_csv_and_table(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "--data", str(log), "--format", "csv", "* | sort user | table user level"]) == 0
    assert capsys.readouterr().out == "user,level\nann,info\nbob,error\n"
    assert main(["search", "--data", str(log), "* | stats count by level"]) == 0
    assert capsys.readouterr().out == "level  count\nerror      1\ninfo       1\n"


def test_search_overrides_and_range(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = [
        "search",
        "--data",
        str(log),
        "--index",
        "web",
        "--sourcetype",
        "mine",
        "--latest",
        "1699956003",
        "--format",
        "csv",
    ]
    assert main([*args, "index=web sourcetype=mine | table user"]) == 0
    assert capsys.readouterr().out == "user\nann\n"


def test_search_error_goes_to_stderr(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "--data", str(log), "level=error | evall x=1"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "Unknown search command 'evall'. (at 1:15: unknown command 'evall')",
        "  hint: did you mean 'eval'?",
    ]


# --- conformance ------------------------------------------------------------------------------------------------------


def test_own_cases(root: Path) -> None:
    cases = [case for file in sorted((root / "tests" / "conformance").glob("core_*.yaml")) for case in read_cases(file)]
    assert len(cases) > 80
    assert [f"{o.case.id}: {o.difference}" for o in map(run_case, cases) if o.difference] == []


@pytest.mark.shared
def test_shared_cases(shared: Path) -> None:
    outcomes = [run_case(case) for case in read_cases(shared / "conformance")]
    assert [f"{o.case.id}: {o.difference}" for o in outcomes if o.difference] == []


BROKEN = """
- id: wrong-rows
  search: "| makeresults | eval a=1 | table a"
  expect:
  - {a: "2"}
- id: wrong-columns
  search: "| makeresults | eval a=1 | table a"
  expect_fields: [b]
  expect:
  - {b: null}
- id: no-error
  search: "| makeresults"
  expect_error: x
- id: other-error
  search: "| nosuch"
  expect_error: "unknown color"
- id: fine
  search: "| makeresults count=2 | streamstats count AS a | table a"
  unordered: true
  expect:
  - {a: "2"}
  - {a: "1"}
"""


def test_conformance_command_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.yaml").write_text(BROKEN)
    assert main(["conformance", str(tmp_path)]) == 1
    captured = capsys.readouterr()
    assert captured.out == "1 passed, 4 failed\n"
    for text in (
        "x.yaml:2: wrong-rows",
        "expected {'a': '2'}",
        "columns ['a'], expected ['b']",
        "no error",
        "does not match",
    ):
        assert text in captured.err


def test_broken_case_files_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.yaml").write_text("- id: a\n  search: '*'\n")
    assert main(["conformance", str(tmp_path)]) == 2
    assert "x.yaml:1" in capsys.readouterr().err
    (tmp_path / "x.yaml").write_text("- id: [\n")
    assert main(["conformance", str(tmp_path)]) == 2


def test_extractions_are_bounded_and_forgotten(instance: Instance) -> None:
    instance.search("index=* status=*")
    assert instance.kept.count(FIELDS) == 2
    small = replace(instance, keep=1)
    small.store, small.config = instance.store, instance.config
    assert len(small.search("index=* status=*").table) == len(instance.search("index=* status=*").table)
    assert small.kept.count(FIELDS) == 0 and small.kept.size == 0
    instance.config.reload()  # nothing has changed, nothing is forgotten
    instance.search("index=* status=*")
    assert instance.kept.count(FIELDS) == 2
    instance.kept.clear()
    assert instance.kept.size == 0


def test_what_is_kept_of_a_segment_goes_with_it(instance: Instance) -> None:
    instance.search("index=* status=*")
    held = instance.kept.count(FIELDS)
    instance.store.delete_index("main")
    gc.collect()
    assert instance.kept.count(FIELDS) == held - 1


def test_kept_values_go_when_their_bytes_are_too_many_the_one_asked_for_longest_ago_first() -> None:
    owner, kept = Owner(), Kept(10_000 + 3 * ENTRY)
    for name in "abc":
        kept.put(("x", name), name, 3_000, owner)
    assert kept.get(("x", "a")) == "a"
    kept.put(("x", "d"), "d", 3_000, owner)
    assert [kept.get(("x", name)) for name in "abcd"] == ["a", None, "c", "d"]
    kept.put(("x", "d"), "e", 1, owner)
    kept.put(("x", "f"), "f", 20_000, owner)
    assert kept.get(("x", "d")) == "e" and kept.get(("x", "f")) is None
    assert kept.size == 6_001 + 3 * ENTRY
    del owner
    assert kept.count("x") == 0 and kept.size == 0


class Owner:
    """Something that what is kept belongs to."""


def test_searches_of_stored_fields_extract_nothing(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("extracted")

    monkeypatch.setattr("caltrop.knowledge.Knowledge.extract", refuse)
    assert rows_of(instance.search("index=main | stats count by index").table) == [{"index": "main", "count": "2"}]
    assert rows_of(instance.search("bob | stats count").table) == [{"count": "1"}]
    with pytest.raises(AssertionError, match="extracted"):
        instance.search("bob | stats count by user")
