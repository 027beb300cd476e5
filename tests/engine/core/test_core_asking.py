"""Knowledge evaluates as the search that asks: its clock and zone, its messages. What depends on the moment is not kept."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from caltrop.cli import main
from caltrop.engine import registry
from caltrop.engine.context import Context, all_of
from caltrop.engine.datasetrows import ROWS
from caltrop.engine.execute import Engine
from caltrop.engine.instance import Instance
from caltrop.knowledge import Knowledge

NOW = 1_700_000_000.0
Make = Callable[..., Instance]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """An instance over app `a` with these files and ten events of each of two source types."""

    def made(files: dict[str, str], raw: str = "n={} user=ann") -> Instance:
        for name, text in {"metadata/default.meta": "[]\nexport = system\n", **files}.items():
            path = tmp_path / "a" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        built = Instance(apps=[tmp_path / "a"])
        built.store.create_index("main")
        rows = [
            {"_time": NOW - i, "_raw": raw.format(i), "index": "main", "sourcetype": kind, "source": "s", "host": "h"}
            for i in range(10)
            for kind in ("st", "other")
        ]
        built.store.append(pl.DataFrame(rows))
        return built

    return made


def values(instance: Instance, search: str, **facts: Any) -> list[Any]:
    result = instance.search(search, **{"now": NOW, "app": "a", **facts})
    return result.table.frame.to_series().to_list()


def warnings(instance: Instance, search: str, **facts: Any) -> list[str]:
    messages = instance.search(search, **{"now": NOW, "app": "a", **facts}).messages
    return [message.text for message in messages if message.severity == "WARN"]


MOVING = {
    "a calculated field": ({"default/props.conf": "[st]\nEVAL-t = now()\n"}, "t"),
    "one of several functions": ({"default/props.conf": "[st]\nEVAL-t = strftime(relative_time(NOW(), \"-1d\"), \"%s\")\n"}, "t"),
    "a time of day alone": ({"default/props.conf": "[st]\nEVAL-t = strptime(\"01:00\", \"%H:%M\")\n"}, "t"),
    "what a lookup finds by it": (
        {
            "default/props.conf": "[st]\nEVAL-at = now()\nLOOKUP-t = times at OUTPUT t\n",
            "default/transforms.conf": "[times]\nfilename = times.csv\n",
            "lookups/times.csv": f"at,t\n{int(NOW)},one\n{int(NOW) + 86400},two\n",
        },
        "t",
    ),
    "an event type that reads it": (
        {
            "default/props.conf": "[st]\nEVAL-at = now()\n",
            "default/eventtypes.conf": f"[old]\nsearch = at={int(NOW)}\n[new]\nsearch = at={int(NOW) + 86400}\n",
        },
        "eventtype",
    ),
    "an event type with a time modifier": (
        {"default/eventtypes.conf": "[new]\nsearch = earliest=-1h n=*\n[all]\nsearch = n=*\n"},
        "eventtype",
    ),
    "a macro of an event type": (
        {
            "default/eventtypes.conf": "[new]\nsearch = `recent`\n[all]\nsearch = n=*\n",
            "default/macros.conf": '[recent]\niseval = 1\ndefinition = "_time>" . (now()-3600)\n',
        },
        "eventtype",
    ),
    "a tag on it": (
        {
            "default/props.conf": "[st]\nEVAL-at = now()\n",
            "default/tags.conf": f"[at={int(NOW)}]\none = enabled\n[at={int(NOW) + 86400}]\ntwo = enabled\n",
        },
        "tag",
    ),
    "a filter of a lookup": (
        {
            "default/props.conf": "[st]\nLOOKUP-t = times user OUTPUT t\n",
            "default/transforms.conf": "[times]\nfilename = times.csv\nfilter = `due`\n",
            "default/macros.conf": '[due]\niseval = 1\ndefinition = "at=" . now()\n',
            "lookups/times.csv": f"user,at,t\nann,{int(NOW)},one\nann,{int(NOW) + 86400},two\n",
        },
        "t",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MOVING)
def test_what_depends_on_the_moment_is_that_of_each_search(make: Make, name: str) -> None:
    files, field = MOVING[name]
    instance = make(files)
    for search in (f"index=main sourcetype=st | head 1 | table {field}", "index=main sourcetype=st | head 1"):
        seen = []
        for now in (NOW, NOW + 86400, NOW):
            frame = instance.search(search, now=now, app="a").table.frame
            seen.append(frame[field].to_list() if field in frame.columns else [None])
        assert seen[0] == seen[2] != seen[1]


def test_what_does_not_is_extracted_once(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = make({"default/props.conf": "[st]\nEVAL-t = now()\nEVAL-double = n*2\n"})
    search = "index=main | table double user n"
    kept = values(instance, search)

    def refuse(*_: object) -> None:
        raise AssertionError("extracted again")

    for step in ("extract", "fields", "labelled"):
        monkeypatch.setattr(Knowledge, step, refuse)
    assert values(instance, search, now=NOW + 5) == kept
    with pytest.raises(AssertionError, match="again"):
        values(instance, "index=main | table t")


def test_kept_events_hold_nothing_that_depends_on_the_moment(make: Make) -> None:
    instance = make({"default/props.conf": "[st]\nEVAL-t = now()\n"})
    (segment,) = instance.store.segments(["main"])
    ctx = Context(instance, Engine(), NOW, app="a")
    found = instance.extracted(segment, ctx, all_of, frozenset({"user"}))
    assert found.lasting and "user" in found.frame.columns and "t" not in found.frame.columns
    assert not instance.extracted(segment, ctx, all_of, None).lasting


def test_an_overwritten_field_keeps_no_value_of_another_moment(make: Make) -> None:
    instance = make({"default/props.conf": '[st]\nEVAL-n = if(n="3", now(), n)\n'})
    values(instance, "index=main | table user")  # the whole segment is kept, without n
    assert values(instance, "index=main sourcetype=st user=ann n>100 | table n") == [str(int(NOW))]


def test_the_time_zone_is_that_of_the_search(make: Make) -> None:
    instance = make({"default/props.conf": '[st]\nEVAL-hour = strftime(_time, "%H")\n'})
    hours = [
        values(instance, "index=main sourcetype=st | head 1 | table hour", timezone=zone)
        for zone in ("UTC", "Asia/Tokyo", "UTC")
    ]
    assert hours == [["22"], ["07"], ["22"]]


def test_functions_declare_what_they_read_besides_their_arguments() -> None:
    """By their source: what is declared decides which fields are kept between searches."""
    registry.load()
    signs = {"clock": ("ctx.now", "clock.time", "getrandbits"), "zone": ("ctx.timezone",)}
    for sign, texts in signs.items():
        reading = {
            name
            for name, entry in registry.functions.items()
            if any(text in inspect.getsource(entry.run) for text in texts)
        }
        assert reading == {
            n for n, e in registry.functions.items() if getattr(e, sign) or (sign == "clock" and e.today)
        }


def model(expression: str) -> str:
    calculation = {
        "calculationType": "Eval", "expression": expression, "outputFields": [{"fieldName": "late"}],
    }  # fmt: skip
    root = {
        "objectName": "Sales", "parentName": "BaseEvent", "constraints": [{"search": "index=main sourcetype=st"}],
        "fields": [{"fieldName": "n"}, {"fieldName": "t"}], "calculations": [calculation],
    }  # fmt: skip
    return json.dumps({"modelName": "Shop", "objects": [root]})


@pytest.mark.parametrize(("expression", "field", "kept"), [("now()-_time", "late", 0), ("n", "t", 0), ("n", "n", 1)])
def test_rows_of_data_models_that_depend_on_the_moment_are_not_kept(
    make: Make, expression: str, field: str, kept: int
) -> None:
    props = "[st]\nEVAL-t = now()\n" if field == "t" else ""
    instance = make({"default/data/models/Shop.json": model(expression), "default/props.conf": props})
    search = f"| tstats max(Sales.{field}) as x from datamodel=Shop.Sales"
    first, second, third = (values(instance, search, now=now) for now in (NOW, NOW + 60, NOW))
    assert first == third and (first == second) is bool(kept)
    assert instance.kept.count(ROWS) == kept


# --- faults --------------------------------------------------------------------------------------------------------------

# name: files, a search that touches it, one that does not, the warning
ELSEWHERE = "index=main sourcetype=other | table foo user eventtype_"
STORED = "index=main sourcetype=st | stats count by sourcetype index"
FAULTS: dict[str, tuple[dict[str, str], str, str, str]] = {
    "EXTRACT": ({"default/props.conf": "[st]\n\nEXTRACT-x = (?<foo>\n"}, "foo", "user", "a/default/props.conf:3: EXTRACT-x: "),
    "a missing transform": ({"default/props.conf": "[st]\nREPORT-x = gone\n"}, "foo", "", "a/default/props.conf:2: REPORT-x: no transform named 'gone'"),
    "a broken transform": (
        {"default/props.conf": "[st]\nREPORT-x = bad\n[other2]\nREPORT-y = bad\n", "default/transforms.conf": "[bad]\nREGEX = (?<foo>\n"},
        "foo", "user", "a/default/transforms.conf:2: [bad] REGEX: ",
    ),
    "an empty transform": ({"default/props.conf": "[st]\nREPORT-x = bad\n", "default/transforms.conf": "[bad]\nFORMAT = foo::$1\n"}, "foo", "user", "a/default/transforms.conf:2: [bad] has neither REGEX nor DELIMS"),
    "a missing lookup": ({"default/props.conf": "[st]\nLOOKUP-x = gone user OUTPUT foo\n"}, "foo", "n", "a/default/props.conf:2: LOOKUP-x: no lookup named 'gone'"),
    "a lookup without its file": (
        {"default/props.conf": "[st]\nLOOKUP-x = t user OUTPUT foo\n", "default/transforms.conf": "[t]\nfilename = gone.csv\n"},
        "foo", "n", "a/default/transforms.conf:2: lookup 't': no lookup file named 'gone.csv'",
    ),
    "a lookup that cannot be read": (
        {"default/props.conf": "[st]\nLOOKUP-x = t user OUTPUT foo\n", "default/transforms.conf": "[t]\nfilename = t.csv.gz\n", "lookups/t.csv.gz": "no gzip"},
        "foo", "n", "a/default/transforms.conf:2: the lookup file cannot be read: ",
    ),
    "a lookup whose filter does not parse": (
        {"default/props.conf": "[st]\nLOOKUP-x = t user OUTPUT foo\n", "default/transforms.conf": "[t]\nfilename = t.csv\nfilter = (a\n", "lookups/t.csv": "user,foo\n"},
        "foo", "n", "a/default/transforms.conf:2: lookup 't': its filter fails: ",
    ),
    "a lookup without the field": (
        {"default/props.conf": "[st]\nLOOKUP-x = t.csv user OUTPUT foo\n", "lookups/t.csv": "user,bar\nann,1\n"},
        "foo", "n", "a/default/props.conf:2: LOOKUP-x: lookup 't.csv' has no field 'foo'",
    ),
    "an EVAL that does not parse": ({"default/props.conf": "[st]\nEVAL-foo = 1 +\n"}, "foo", "user", "a/default/props.conf:2: EVAL-foo: "),
    "an EVAL that fails": ({"default/props.conf": "[st]\nEVAL-foo = nosuch(n)\n"}, "foo", "user", "a/default/props.conf:2: EVAL-foo: unknown eval function 'nosuch'"),
    "what depends on it": ({"default/props.conf": "[st]\nEXTRACT-x = (?<bar>\nEVAL-foo = bar.\"x\"\n"}, "foo", "user", "a/default/props.conf:2: EXTRACT-x: "),
    "KV_MODE": ({"default/props.conf": "[st]\nKV_MODE = nosuch\n"}, "foo", "", "a/default/props.conf:2: KV_MODE = nosuch: expected none"),
    "FIELDALIAS": ({"default/props.conf": "[st]\nFIELDALIAS-x = a b c\n"}, "foo", "", "a/default/props.conf:2: FIELDALIAS-x: expected 'field AS alias'"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_one_warning_of_each_search_that_it_concerns(make: Make, name: str) -> None:
    files, touching, beside, expected = FAULTS[name]
    instance = make(files)
    for search in (f"index=main sourcetype=st | table {touching}", "index=main sourcetype=st", "index=main"):
        for _ in range(2):  # extracted, and from what was kept
            found = warnings(instance, search)
            assert len(found) == 1 and found[0].startswith(expected), search
    assert warnings(instance, ELSEWHERE) == []
    assert warnings(instance, STORED) == []
    if beside:
        assert warnings(instance, f"index=main sourcetype=st | table {beside}") == []


def test_the_rest_is_extracted_and_the_search_goes_on(make: Make) -> None:
    instance = make(
        {"default/props.conf": "[st]\nEVAL-user = nosuch(n)\nEVAL-twice = n*2\nLOOKUP-x = gone n OUTPUT m\n"}
    )
    frame = instance.search("index=main sourcetype=st n=3 | table user twice", now=NOW).table.frame
    assert frame.rows() == [("ann", 6)] or frame.rows() == [("ann", "6")]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"default/eventtypes.conf": "[bad]\nsearch = (n=1\n[good]\nsearch = n=*\n"}, "a/default/eventtypes.conf:2: [bad] search: "),
        ({"default/eventtypes.conf": "[bad]\nsearch = `gone`\n[good]\nsearch = n=*\n"}, "a/default/eventtypes.conf:2: [bad] search: "),
        ({"default/eventtypes.conf": "[good]\nsearch = n=*\n", "default/tags.conf": "[nothing]\nx = enabled\n"}, "a/default/tags.conf:2: [nothing] gives tags to nothing"),
        ({"default/eventtypes.conf": "[good]\nsearch = n=*\n", "default/tags.conf": "[eventtype=good]\nx = perhaps\n"}, "a/default/tags.conf:2: [eventtype=good] x = perhaps: "),
    ],
)  # fmt: skip
def test_faults_of_event_types_and_tags_concern_those_who_ask_for_them(
    make: Make, files: dict[str, str], expected: str
) -> None:
    instance = make(files)
    for search in ("index=main | stats count by eventtype tag", "index=main tag=x eventtype=good", "index=main"):
        found = warnings(instance, search)
        assert len(found) == 1 and found[0].startswith(expected), search
    assert warnings(instance, "index=main | table user") == []
    assert values(instance, "index=main eventtype=good | stats count") == [20]


def test_a_calculation_of_a_data_model_that_fails_is_one_warning(make: Make) -> None:
    instance = make({"default/data/models/Shop.json": model("nosuch(1)")})
    for _ in range(2):
        result = instance.search("| tstats count from datamodel=Shop.Sales", now=NOW, app="a")
        assert result.table.frame["count"].to_list() == [10]
        assert [m.text for m in result.messages] == [
            "a/default/data/models/Shop.json: data model field late: unknown eval function 'nosuch'"
        ]


def test_a_user_s_own_setting_is_shown_as_such(tmp_path: Path) -> None:
    etc = tmp_path / "etc"
    (etc / "apps" / "a" / "default").mkdir(parents=True)
    own = etc / "users" / "ann" / "a" / "local"
    own.mkdir(parents=True)
    (own / "props.conf").write_text("[st]\nEVAL-foo = 1 +\n")
    instance = Instance(apps=etc)
    instance.store.create_index("main")
    instance.store.append(pl.DataFrame({"_time": [NOW], "_raw": ["x"], "index": ["main"], "sourcetype": ["st"]}))
    assert warnings(instance, "index=main | table foo") == []
    (found,) = warnings(instance, "index=main | table foo", user="ann")
    assert found.startswith("users/ann/a/local/props.conf:2: EVAL-foo: ")


def test_the_command_line_tells_them_on_stderr(make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make({"default/props.conf": "[st]\nEVAL-foo = 1 +\n"})
    (tmp_path / "x.log").write_text("n=1\n")
    line = ["search", "--app", str(tmp_path / "a"), "--data", str(tmp_path / "x.log"), "--sourcetype", "st"]
    assert main([*line, "index=main | table n foo"]) == 0
    shown = capsys.readouterr()
    assert shown.out.split()[-1] == "1"
    assert shown.err.startswith("WARN: a/default/props.conf:2: EVAL-foo: ") and len(shown.err.splitlines()) == 1
    assert main([*line, "index=main | eval x=foo | nosuch"]) == 2  # nothing ran
    assert "WARN" not in capsys.readouterr().err
    assert main([*line, "index=main | eval x=foo, y=nosuch(x)"]) == 2
    assert capsys.readouterr().err.startswith("WARN: a/default/props.conf:2: EVAL-foo: ")
