"""Index-time changes of events: sed scripts and transforms."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from caltrop.dialect.patterns import RegexError, sed_script
from caltrop.index import Store, transforms
from caltrop.index.importers import ImportOptions, Problem, read
from caltrop.knowledge.configuration import Configuration
from caltrop.splunkd.intake.ingest import Ingest, Origin


def applied(raws: list[str], props: dict[str, str], **stanzas: dict[str, str]) -> tuple[pl.DataFrame, list[str]]:
    frame = pl.DataFrame({"_raw": raws, "host": "h", "source": "s", "sourcetype": "t", "index": "main"})
    problems: list[str] = []
    settings = {("s", "t"): props}
    return transforms.apply(frame, lambda *kind: settings.get(kind, {}), stanzas.get, problems.append), problems


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
        ({"REGEX": "a", "INGEST_EVAL": "a=1"}, "INGEST_EVAL is not supported"),
        ({"DEST_KEY": "_raw"}, "no REGEX"),
        ({"REGEX": "(", "DEST_KEY": "_raw"}, "transform 'x': REGEX = ("),
        ({"REGEX": "a", "DEST_KEY": "_TCP_ROUTING"}, "_TCP_ROUTING"),
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
    config = Configuration([app.parent])
    store = Store(None)
    store.create_index("main")
    ingest = Ingest(store, config, clock=lambda: 1e9)
    assert ingest.raw(b"a pin=12\nb\nc\n", Origin(sourcetype="in")) == 3
    (segment,) = store.segments()
    assert sorted(segment.frame.select("_raw", "sourcetype").rows()) == [("a pin=x", "in"), ("b", "other")]
