"""Index-time changes of events: sed scripts and transforms."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from caltrop.dialect.conf import Placed
from caltrop.dialect.patterns import RegexError, sed_script
from caltrop.engine.instance import Instance
from caltrop.index import transforms
from caltrop.index.importers import ImportOptions, Problem, read
from caltrop.splunkd.intake.ingest import Ingest
from caltrop.splunkd.intake.origin import Origin


def applied(raws: list[str], props: dict[str, str], **stanzas: dict[str, str]) -> tuple[pl.DataFrame, list[str]]:
    frame = pl.DataFrame({"_time": 1e9, "_raw": raws, "host": "h", "source": "s", "sourcetype": "t", "index": "main"})
    problems: list[str] = []
    settings = {("s", "t", "h"): props}
    evaluate = Instance(now=1e9).evaluate
    return transforms.apply(
        frame, lambda *kind: settings.get(kind, {}), stanzas.get, problems.append, evaluate
    ), problems


@pytest.mark.parametrize(
    ("script", "text", "expected"),
    [
        ("s/a/b/", "aaa", "baa"),
        ("s/a/b/g", "aaa", "bbb"),
        ("s/a/b/2", "aaa", "aba"),
        ("s/a/b/2g", "aaa", "abb"),
        ("s/A/b/gi", "aaa", "bbb"),
        (r"s/(\d)(\d)/\2-\1/g", "12 34", "2-1 4-3"),
        (r"s/\d{4}(?=-\d{4}$)/XXXX/", "1111-2222", "XXXX-2222"),
        (r"s|/|\||g", "a/b", "a|b"),
        ("s/a/b/ s/b/c/g", "ab", "cc"),
        ("y/abc/xyz/", "cab", "zxy"),
        (r"s/a/\&\9/", "a", "&"),
    ],
)
def test_sed(script: str, text: str, expected: str) -> None:
    frame, problems = applied([text, "other"], {"SEDCMD-x": script})
    assert frame.get_column("_raw").to_list()[0] == expected
    assert not problems


@pytest.mark.parametrize("script", ["x", "s/a/b", "s/a/b/z", "y/ab/c/", "s/(/b/", "s a b "])
def test_bad_sed(script: str) -> None:
    with pytest.raises(RegexError):
        sed_script(script)
    frame, problems = applied(["a"], {"SEDCMD-x": script})
    assert frame.get_column("_raw").to_list() == ["a"]
    assert problems and problems[0].startswith("SEDCMD-x")


def test_metadata_by_pattern_in_order_of_class() -> None:
    frame, problems = applied(
        ["1,THREAT,x", "1,TRAFFIC,y from web1", "nothing"],
        {"TRANSFORMS-b": "host, index", "TRANSFORMS-a": "type"},
        type={"REGEX": r"^\d+,(TRAFFIC|THREAT),", "FORMAT": "sourcetype::pan:$1", "DEST_KEY": "MetaData:Sourcetype"},
        host={"REGEX": r"from (\S+)", "FORMAT": "host::$1", "DEST_KEY": "MetaData:Host"},
        index={
            "SOURCE_KEY": "MetaData:Sourcetype",
            "REGEX": "^sourcetype::pan:THREAT",
            "FORMAT": "security",
            "DEST_KEY": "_MetaData:Index",
        },
    )
    assert frame.select("sourcetype", "host", "index").rows() == [
        ("pan:THREAT", "h", "security"),
        ("pan:TRAFFIC", "web1", "main"),
        ("t", "h", "main"),
    ]
    assert not problems


def test_null_queue_and_exceptions_to_it() -> None:
    frame, _ = applied(
        ["debug a", "info b"],
        {"TRANSFORMS": "drop"},
        drop={"REGEX": "^debug", "DEST_KEY": "queue", "FORMAT": "nullQueue"},
    )
    assert frame.get_column("_raw").to_list() == ["info b"]


def test_discard_all_and_keep_some() -> None:
    """The documented recipe: all transforms run, the last queue counts, and only then events are dropped."""
    frame, problems = applied(
        ["keep a", "drop b", "keep c"],
        {"TRANSFORMS-set": "setnull, setparsing"},
        setnull={"REGEX": ".", "DEST_KEY": "queue", "FORMAT": "nullQueue"},
        setparsing={"REGEX": "^keep", "DEST_KEY": "queue", "FORMAT": "indexQueue"},
    )
    assert frame.get_column("_raw").to_list() == ["keep a", "keep c"]
    assert "destination queue" not in frame.columns
    assert not problems


def test_routing_to_other_servers_changes_nothing_and_is_no_problem() -> None:
    frame, problems = applied(
        ["a"], {"TRANSFORMS-r": "r"}, r={"REGEX": ".", "DEST_KEY": "_TCP_ROUTING", "FORMAT": "group1"}
    )
    assert (frame.height, problems) == (1, [])


def test_time_by_transform_is_whole_seconds() -> None:
    frame, _ = applied(
        ["at 1700000000.75", "at noon", "none"],
        {"TRANSFORMS-t": "t"},
        t={"REGEX": r"at (\S+)", "DEST_KEY": "_time", "FORMAT": "$1"},
    )
    assert frame.get_column("_time").to_list() == [1700000000.0, 1e9, 1e9]


def test_a_copy_under_another_source_type_is_changed_and_starts_again() -> None:
    frame = pl.DataFrame(
        {"_raw": ["card 1234", "plain"], "host": "h", "source": "s", "sourcetype": "t", "index": "main"}
    )
    settings = {
        "t": {"TRANSFORMS-c": "copy", "SEDCMD-a": "s/a/A/"},
        "masked": {"TRANSFORMS-m": "away", "SEDCMD-b": "s/d/D/"},
    }
    stanzas = {
        "copy": {"REGEX": r"(.*)\d{4}", "DEST_KEY": "_raw", "FORMAT": "$1XXXX", "CLONE_SOURCETYPE": "masked"},
        "away": {"REGEX": ".", "DEST_KEY": "_MetaData:Index", "FORMAT": "public"},
    }
    found = transforms.apply(frame, lambda _, kind, host: settings[kind], stanzas.get, pytest.fail)
    assert found.select("_raw", "sourcetype", "index").rows() == [
        ("cArd 1234", "t", "main"), ("cArD XXXX", "masked", "public"), ("plAin", "t", "main")
    ]  # fmt: skip


def test_a_copy_into_its_own_source_type_is_no_copy() -> None:
    frame, _ = applied(
        ["a1", "b"],
        {"TRANSFORMS-c": "c"},
        c={"REGEX": r"\d", "DEST_KEY": "MetaData:Host", "FORMAT": "host::x", "CLONE_SOURCETYPE": "t"},
    )
    assert frame.select("_raw", "host").rows() == [("a1", "x"), ("b", "h")]


def test_copies_that_copy_each_other_end() -> None:
    frame = pl.DataFrame({"_raw": ["a"], "host": "h", "source": "s", "sourcetype": "t0", "index": "main"})
    problems: list[str] = []
    stanzas = {
        f"to{n}": {"REGEX": ".", "WRITE_META": "true", "FORMAT": "n::1", "CLONE_SOURCETYPE": f"t{n}"} for n in (0, 1)
    }
    settings = {"t0": {"TRANSFORMS-c": "to1"}, "t1": {"TRANSFORMS-c": "to0"}}
    found = transforms.apply(frame, lambda _, kind, host: settings[kind], stanzas.get, problems.append)
    assert found.height == transforms.MOST_COPIES
    assert "generations" in problems[0]


def test_settings_of_a_host_apply() -> None:
    frame = pl.DataFrame({"_raw": ["a", "a"], "host": ["h1", "h2"], "source": "s", "sourcetype": "t", "index": "main"})
    found = transforms.apply(
        frame, lambda source, kind, host: {"SEDCMD-x": f"s/a/{host}/"} if host == "h2" else {}, None, pytest.fail
    )
    assert found.get_column("_raw").to_list() == ["a", "h2"]


@pytest.mark.parametrize(
    ("expressions", "columns"),
    [
        ('len=len(_raw), big=if(len>3, "yes", null())', {"len": ["2", "5"], "big": [None, "yes"]}),
        ("a=5, a=a+2", {"a": [["5", "7"], ["5", "7"]]}),
        ("a=5, a:=a+2", {"a": ["7", "7"]}),
        ("a=1, a:=null()", {}),
        ('x=mvappend("p","q"), first=x, all=mvjoin($mv:x$, "+")', {"first": ["p", "p"], "all": ["p+q", "p+q"]}),
        ('index=if(_raw="ab", "other", index)', {"index": ["other", "main"]}),
        ('$pd:MetaData:Host$="host::".upper(host)', {"host": ["H", "H"]}),
        ('n[int]=7.9, s[string]="$pd:host$"', {"n": ["7", "7"], "s": ["$pd:host$", "$pd:host$"]}),
        ('_time=strptime("2026-01-01", "%Y-%m-%d")', {"_time": [1767225600.0, 1767225600.0]}),
        ('text="a, b = (c"', {"text": ["a, b = (c", "a, b = (c"]}),
    ],
)
def test_ingest_eval(expressions: str, columns: dict[str, list[object]]) -> None:
    frame, problems = applied(["ab", "abcde"], {"TRANSFORMS-e": "e"}, e={"INGEST_EVAL": expressions})
    assert not problems
    assert {name: frame.get_column(name).to_list() for name in columns} == columns
    assert "a" not in frame.columns or "a" in columns


def test_ingest_eval_may_drop_and_overrides_the_rest_of_its_stanza() -> None:
    frame, _ = applied(
        ["ab", "abcde"],
        {"TRANSFORMS-e": "e"},
        e={
            "INGEST_EVAL": 'queue=if(len(_raw)>3, "nullQueue", queue)', "REGEX": ".", "DEST_KEY": "queue",
            "FORMAT": "nullQueue",
        },
    )  # fmt: skip
    assert frame.get_column("_raw").to_list() == ["ab"]


def test_events_that_stop_take_no_part_in_what_follows() -> None:
    frame, _ = applied(
        ["a1", "b1"],
        {"TRANSFORMS-s": "mark, stop, later"},
        mark={"INGEST_EVAL": "kind=substr(_raw,1,1)", "STOP_PROCESSING_IF": 'kind=="a"'},
        stop={"INGEST_EVAL": "seen=1"},
        later={"REGEX": "1", "WRITE_META": "true", "FORMAT": "later::yes"},
    )
    assert frame.select("_raw", "kind", "seen", "later").rows() == [("a1", "a", None, None), ("b1", "b", "1", "yes")]


def test_meta_without_its_old_value_drops_what_was_indexed() -> None:
    frame, _ = applied(
        ["a=1 b=2", "b=2"],
        {"TRANSFORMS-m": "first, second"},
        first={"REGEX": r"b=(\d)", "WRITE_META": "true", "FORMAT": "b::$1"},
        second={"REGEX": r"a=(\d)", "DEST_KEY": "_meta", "FORMAT": "a::$1"},
    )
    assert frame.select("a", "b").rows() == [("1", None), (None, "2")]


def test_raw_is_rewritten() -> None:
    frame, _ = applied(
        ["id=12 secret"],
        {"TRANSFORMS-m": "mask"},
        mask={"REGEX": r"^(.*)secret", "DEST_KEY": "_raw", "FORMAT": "$1*** [$0]"},
    )
    assert frame.get_column("_raw").to_list() == ["id=12 *** [id=12 secret]"]


def test_indexed_fields() -> None:
    frame, _ = applied(
        ["user=ann user=bob code=5", "code=6", "x"],
        {"TRANSFORMS-f": "users, code, more"},
        users={"REGEX": r"user=(\w+)", "FORMAT": "user::$1", "WRITE_META": "true", "REPEAT_MATCH": "true"},
        code={"REGEX": r"code=(\d)", "FORMAT": '$0 code::$1 text::"no $1"', "DEST_KEY": "_meta"},
        more={"REGEX": r"user=(\w+)", "FORMAT": "code::$1", "WRITE_META": "1"},
    )
    assert frame.get_column("user").to_list() == [["ann", "bob"], None, None]
    assert frame.get_column("code").to_list() == [["5", "ann"], ["6"], None]
    assert frame.get_column("text").to_list() == ["no 5", "no 6", None]


def test_default_value_lookahead_and_look_around() -> None:
    frame, _ = applied(
        ["aaaa b", "b"],
        {"TRANSFORMS-x": "h"},
        h={
            "REGEX": r"(?<=\b)b",
            "FORMAT": "host::found",
            "DEST_KEY": "MetaData:Host",
            "LOOKAHEAD": "3",
            "DEFAULT_VALUE": "host::none",
        },
    )
    assert frame.get_column("host").to_list() == ["none", "found"]


@pytest.mark.parametrize(
    ("stanza", "message"),
    [
        (None, "no transform named 'x'"),
        ({"INGEST_EVAL": "1=="}, "'1==' is no assignment"),
        ({"INGEST_EVAL": "a[money]=1"}, "unknown type [money]"),
        ({"INGEST_EVAL": "a=nofunction(1)"}, "nofunction"),
        ({"INGEST_EVAL": '$field:source$="mine"'}, "source is the event's own"),
        ({"REGEX": "a", "FORMAT": "x::1"}, "neither DEST_KEY nor WRITE_META"),
        ({"DEST_KEY": "_raw"}, "no REGEX"),
        ({"REGEX": "(", "DEST_KEY": "_raw"}, "transform 'x': REGEX = ("),
        ({"REGEX": "a", "DEST_KEY": "MetaData:Nothing"}, "MetaData:Nothing"),
        ({"REGEX": "a", "DEST_KEY": "_raw", "SOURCE_KEY": "_path"}, "_path"),
    ],
)
def test_what_is_not_supported_says_so(stanza: dict[str, str] | None, message: str) -> None:
    frame, problems = applied(["a"], {"TRANSFORMS-x": "x"}, **({"x": stanza} if stanza else {}))
    assert frame.height == 1
    assert message in problems[0]


def test_the_importers_apply_them() -> None:
    problems: list[Problem] = []
    options = ImportOptions(
        now=1e9,
        sourcetype="raw",
        props={"TRANSFORMS-a": "t, absent", "SHOULD_LINEMERGE": "false"},
        transforms={"t": {"REGEX": "^b", "FORMAT": "sourcetype::other", "DEST_KEY": "MetaData:Sourcetype"}}.get,
        on_problem=problems.append,
    )
    (frame,) = read(b"a\nb\nc\n", options, name="f")
    assert frame.select("_raw", "sourcetype").rows() == [("a", "raw"), ("b", "other"), ("c", "raw")]
    assert [str(p) for p in problems] == ["f: TRANSFORMS-a: no transform named 'absent'"]


def test_an_apps_transforms_apply_to_files_and_to_what_a_server_receives(tmp_path: Path) -> None:
    app = tmp_path / "app" / "default"
    app.mkdir(parents=True)
    (app / "app.conf").write_text("[launcher]\nversion = 1.0.0\n")
    (app / "props.conf").write_text(
        "[in]\nSHOULD_LINEMERGE = false\nSEDCMD-m = s/pin=\\d+/pin=x/\nTRANSFORMS-t = kind, away\n"
    )
    (app / "transforms.conf").write_text(
        "[kind]\nREGEX = ^b\nDEST_KEY = MetaData:Sourcetype\nFORMAT = sourcetype::other\n"
        "[away]\nREGEX = ^c\nDEST_KEY = _MetaData:Index\nFORMAT = nowhere\n"
    )
    instance = Instance(None, [app.parent])
    instance.store.create_index("main")
    told: list[str] = []
    ingest = Ingest(instance, lambda: 1e9, told.append)
    assert ingest.raw(b"a pin=12\nb\nc\n", Origin(sourcetype="in")) == 3
    assert told == ["transforms sent events to index 'nowhere', which does not exist"]
    (segment,) = instance.store.segments()
    assert sorted(segment.frame.select("_raw", "sourcetype").rows()) == [("a pin=x", "in"), ("b", "other")]


def test_rulesets_come_after_transforms() -> None:
    stanzas = {
        "drop": {"REGEX": "a", "DEST_KEY": "queue", "FORMAT": "nullQueue"},
        "mask": {"INGEST_EVAL": '_raw:=replace(_raw, "b", "x")'},
        "back": {"REGEX": "x", "DEST_KEY": "queue", "FORMAT": "indexQueue"},
    }
    frame, problems = applied(
        ["ab", "a", "b"], {"RULESET-a": "mask, back", "RULESET_DESC-a": "masks", "TRANSFORMS-z": "drop"}, **stanzas
    )
    assert frame.get_column("_raw").to_list() == ["ax", "x"] and not problems


def test_fields_and_times_are_sources_too() -> None:
    stanzas = {
        "first": {"REGEX": "(\\w+)", "FORMAT": "word::$1", "WRITE_META": "true", "REPEAT_MATCH": "true"},
        "meta": {"SOURCE_KEY": "_meta", "REGEX": "word::b", "DEST_KEY": "MetaData:Host", "FORMAT": "host::found"},
        "time": {"SOURCE_KEY": "_time", "REGEX": "^(\\d{4})", "FORMAT": "start::$1", "WRITE_META": "true"},
    }
    frame, problems = applied(["a b", "c"], {"TRANSFORMS-a": "first, meta, time"}, **stanzas)
    assert frame.select("host", "start").rows() == [("found", "1000"), ("h", "1000")] and not problems


@pytest.mark.parametrize("key", ["LOOKAHEAD", "REPEAT_MATCH", "WRITE_META"])
def test_values_of_a_transform_that_cannot_be_meant_are_told(key: str) -> None:
    stanza = {"REGEX": "a", "DEST_KEY": "MetaData:Host", "FORMAT": "host::x"}
    value = Placed("some", "app/default/transforms.conf:4")
    frame, problems = applied(["a"], {"TRANSFORMS-a": "t"}, t=stanza | {key: value})
    assert frame.get_column("host").to_list() == ["x"]
    (told,) = problems
    assert told.startswith(f"app/default/transforms.conf:4: transform 't': {key} = some: ")


@pytest.mark.parametrize("key", ["MetaData:Host", "MetaData:Sourcetype", "_raw", "_time"])
@pytest.mark.parametrize(
    "form", ["host::$1", "host::$1-$2", "x$0y", "$3", "host::a$1b$1", "$0", "1$2", "sourcetype::$2"]
)
@pytest.mark.parametrize("default", ["", "none"])
def test_whole_columns_are_written_as_single_events_are(key: str, form: str, default: str) -> None:
    raws = ["a=1 b", "a=22", "no", "a= é", "a=3 $1"]
    fast, slow = (
        applied(
            raws,
            {"TRANSFORMS-x": "t"},
            t={"REGEX": start + r"a=(\d+)?( .)?", "FORMAT": form, "DEST_KEY": key, "DEFAULT_VALUE": default},
        )
        for start in ("", "(?=a)")  # looking ahead is what the fast engine cannot do
    )
    assert (
        fast[0]
        .select("_raw", "_time", "host", "sourcetype")
        .equals(slow[0].select("_raw", "_time", "host", "sourcetype"))
    )
    assert fast[1] == slow[1]
