"""Any file to events: formats by content, what overrides what, problems that are reported and lose nothing."""

from __future__ import annotations

import io
import json
import random
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.errors import CaltropError
from caltrop.index import frames
from caltrop.index.importers import FORMATS, ImportOptions, Problem, detect, read
from tests.examples import examples

NOW = 1_795_000_000.0


def load(data: bytes | str | Path, name: str = "file.log", **options: Any) -> pl.DataFrame:
    if isinstance(data, str):
        data = data.encode()
    parts = list(read(data, ImportOptions(now=NOW, **options), name=name))
    return frames.concat(parts) if parts else frames.empty()


def raws(frame: pl.DataFrame) -> list[str]:
    return frame.get_column("_raw").to_list()


XML = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><EventID>1</EventID>"
    "<TimeCreated SystemTime='2020-01-01T00:00:00.5Z'/><Channel>Security</Channel><Computer>pc</Computer></System></Event>"
)
CLASSIC = "01/02/2020 03:04:05 PM\nLogName=Security\nEventCode=1\nComputerName=pc\nMessage=a\n\n\tb"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{"a":1}\n', "json"),
        ('[{"a":1}]', "json"),
        ("[1/2/2020] x", "raw"),
        ("[]", "json"),
        (XML, "xml"),
        ("<?xml version='1.0'?>\n<Events>" + XML, "xml"),
        ("<EventLog>", "raw"),
        (CLASSIC, "classic"),
        ("type=SYSCALL msg=audit(1.2:3): a=1", "audit"),
        ("#Software: x\n#Fields: date time\n2020-01-01 00:00:00\n", "w3c"),
        ("a,b\n1,2\n3,4\n5,6\n", "csv"),
        ('a,b\n1,"2,3"\n3,4\n5,6\n', "csv"),
        ("a,b\n1,2,3\n3,4\n5,6\n", "raw"),
        ("a\tb\n1\t2\n3\t4\n5", "tsv"),
        ("Nov 24 03:00:00 host a, b\nNov 24 03:00:00 host a, b\n", "raw"),
        ("ElfFile\x00", "evtx"),
        ("", "raw"),
    ],
)
def test_format_by_content(text: str, kind: str) -> None:
    assert detect.format_of(text.encode()) == kind


def test_a_table_by_name() -> None:
    assert detect.format_of(b"a,b\n", "x.csv") == "csv"
    assert detect.format_of(b"name\nx\n", "x.csv") == "csv"


def test_raw_text_and_overrides() -> None:
    frame = load("2020-01-01 00:00:00 a\n\tmore\n2020-01-01 00:00:01 b\n", name="app/web.log")
    assert frame.select("_time", "_raw", "host", "source", "sourcetype", "index", "_indextime").rows() == [
        (1577836800.0, "2020-01-01 00:00:00 a\n\tmore", "localhost", "app/web.log", "web", "main", NOW),
        (1577836801.0, "2020-01-01 00:00:01 b", "localhost", "app/web.log", "web", "main", NOW),
    ]
    given_ = load("x\n", host="h", source="s", sourcetype="t", index="i")
    assert given_.select("host", "source", "sourcetype", "index").row(0) == ("h", "s", "t", "i")


def test_props_by_source_and_sourcetype() -> None:
    asked: list[tuple[str, str, str]] = []

    def props(source: str, sourcetype: str, host: str) -> dict[str, str]:
        asked.append((source, sourcetype, host))
        return {"SHOULD_LINEMERGE": "false", "LINE_BREAKER": "(;)"}

    assert raws(load("a;b", sourcetype="semi", props=props)) == ["a", "b"]
    assert ("file.log", "semi", "") in asked


def test_truncation_is_reported() -> None:
    problems: list[Problem] = []
    load("abcdef\n", props={"TRUNCATE": "3"}, on_problem=problems.append)
    assert "TRUNCATE" in str(problems[0])


def test_json_lines_keep_their_text_and_order() -> None:
    problems: list[Problem] = []
    text = '{"time": "2020-01-01T00:00:00Z", "b":1}\n\nnot json\n{"x":2}\r\n'
    frame = load(text, on_problem=problems.append)
    assert raws(frame) == ['{"time": "2020-01-01T00:00:00Z", "b":1}', "not json", '{"x":2}']
    assert frame.get_column("_time").to_list() == [1577836800.0] * 3
    assert str(problems[0]).startswith("file.log:3:")
    assert frame.get_column("sourcetype").unique().to_list() == ["_json"]


@pytest.mark.parametrize(
    "text",
    [
        '[{"a":1}, {"a": 2}]',
        '[\n  {"a":1},\n  {"a": 2}\n]\n',
        '{"a":1}{"a": 2}',
        '{"Records":[{"a":1},{"a": 2}]}',
        '{"Records":[{"a":1},{"a": 2}]}\n',
        '\n\n{"a":1}\n{"a": 2}',
    ],
)
def test_shapes_of_json(text: str) -> None:
    assert raws(load(text)) == ['{"a":1}', '{"a": 2}']


def test_pretty_printed_values_and_what_is_between() -> None:
    problems: list[Problem] = []
    frame = load('{\n "a": 1\n}\noops {\n{\n "b": 2\n}', on_problem=problems.append)
    assert raws(frame) == ['{\n "a": 1\n}', "oops {", '{\n "b": 2\n}']
    assert [p.location.line for p in problems] == [4]


@pytest.mark.parametrize(
    ("event", "time"),
    [
        ({"timestamp": 1577836800}, 1577836800),
        ({"timestamp": 1577836800123}, 1577836800.123),
        ({"eventTime": "2020-01-01T00:00:00Z", "id": 1600000000}, 1577836800),
        ({"x": {"y": "2020-01-01T00:00:00Z"}}, 1577836800),
        ({"timestamp": True, "t": "2020-01-01 00:00:00"}, 1577836800),
        ({"a": 1}, NOW),
    ],
)
def test_times_of_json(event: dict[str, Any], time: float) -> None:
    assert load(json.dumps(event)).get_column("_time")[0] == pytest.approx(time)


def test_timestamp_fields_and_indexed_extractions() -> None:
    config = {"INDEXED_EXTRACTIONS": "json", "TIMESTAMP_FIELDS": "meta.at"}
    text = '{"meta":{"at":"2020-01-01T00:00:00Z"},"l":[{"n":"a"},{"n":"b"}],"ok":true,"none":null}\n{"l":[{"n":"c"}]}'
    frame = load(text, props=config)
    assert frame.get_column("_time")[0] == 1577836800
    assert frame.get_column("l{}.n").to_list() == [["a", "b"], ["c"]]
    assert frame.select("ok", "none", "meta.at").row(0) == ("true", "null", "2020-01-01T00:00:00Z")
    trimmed = load(text, props=config | {"JSON_TRIM_BRACES_IN_ARRAY_NAMES": "true"})
    assert trimmed.get_column("l.n").to_list() == [["a", "b"], ["c"]]


def test_cloudtrail() -> None:
    record = {
        "eventVersion": "1",
        "eventSource": "s3",
        "eventName": "Get",
        "awsRegion": "x",
        "eventTime": "2020-01-01T00:00:00Z",
    }
    frame = load(json.dumps({"Records": [record]}))
    assert frame.select("_time", "sourcetype").row(0) == (1577836800, "aws:cloudtrail")


def test_hec_file_mixed_with_a_bad_event() -> None:
    problems: list[Problem] = []
    text = (
        '{"time": 5.5, "host":"h", "sourcetype":"st", "index":"i", "event":{"b": 1, "a":[2, "é"]}, "fields":{"k":"v","m":["x","y"]}}\n'
        '{"time": "6", "event":"text"}\n{"time":1,"event":""}\n'
    )
    frame = load(text, on_problem=problems.append)
    assert raws(frame) == ['{"b":1,"a":[2,"é"]}', "text", '{"time":1,"event":""}']
    assert frame.get_column("_time").to_list()[:2] == [5.5, 6.0]
    assert frame.select("host", "sourcetype", "index", "k", "m").row(0) == ("h", "st", "i", "v", ["x", "y"])
    assert frame.select("host", "index", "k", "m").row(1) == ("localhost", "main", None, None)
    assert "blank" in str(problems[0]) and problems[0].location.line == 3
    assert load(text, index="other", on_problem=problems.append).get_column("index").unique().to_list() == ["other"]


def test_hec_by_name_takes_every_object() -> None:
    problems: list[Problem] = []
    frame = load('{"event":{"a":1}}\n{"EventID":1}', format="hec", on_problem=problems.append)
    assert raws(frame) == ['{"a":1}', '{"EventID":1}']
    assert "required" in str(problems[0])
    assert raws(load('{"event":{"a":1}}')) == ['{"event":{"a":1}}']


def test_xml_events_one_a_line_or_wrapped() -> None:
    broken = XML.replace("</Event>", "<EventData><Data>a\nb</Data></EventData></Event>")
    frame = load(f"<?xml version='1.0'?>\n<Events>{XML}\n{broken}{XML}\n</Events>\n")
    assert raws(frame) == [XML, broken, XML]
    assert frame.select("_time", "host", "source", "sourcetype").row(0) == (
        1577836800.5,
        "pc",
        "XmlWinEventLog:Security",
        "XmlWinEventLog",
    )


def test_xml_as_classic_text() -> None:
    frame = load(XML + "\nno event", windows="classic")
    assert raws(frame)[0].startswith("01/01/2020 12:00:00 AM\nLogName=Security\nEventCode=1\n")
    assert frame.select("_time", "source", "sourcetype").row(0) == (1577836800.5, "WinEventLog:Security", "WinEventLog")


@pytest.mark.parametrize("wrap", [lambda row: row, lambda row: {"preview": False, "result": row}])
def test_exported_results_give_their_events(wrap: Any) -> None:
    row = {
        "_raw": "text",
        "_time": "2020-01-01T00:00:00.500+00:00",
        "host": "h",
        "sourcetype": "st",
        "index": "web",
        "x": "1",
    }
    frame = load(json.dumps(wrap(row)) + "\n" + json.dumps(wrap({"_raw": "more", "_time": "1577836801"})))
    assert frame.select("_time", "_raw", "host", "sourcetype", "index").rows() == [
        (1577836800.5, "text", "h", "st", "web"),
        (1577836801.0, "more", "localhost", "_json", "main"),
    ]


def test_binary_files_are_left_out_aloud() -> None:
    problems: list[Problem] = []
    assert load(b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00", on_problem=problems.append).height == 0
    assert "binary" in str(problems[0])
    assert load("a\n".encode("utf-16")).height == 1
    assert load("a\n".encode("utf-16-le"), props={"CHARSET": "utf-16-le"}).height == 1


def test_classic_events_end_where_the_next_begins() -> None:
    frame = load(f"{CLASSIC}\n{CLASSIC.replace('05 PM', '06 PM')}\n")
    assert raws(frame)[0] == CLASSIC
    assert frame.select("_time", "host", "source", "sourcetype").row(1) == (
        1577977446.0,
        "pc",
        "WinEventLog:Security",
        "WinEventLog",
    )


def test_audit_lines() -> None:
    frame = load("type=A msg=audit(1604994496.155:1): x\ntype=B msg=audit(1604994497.000:2): y\n")
    assert frame.get_column("_time").to_list() == [1604994496.155, 1604994497.0]
    assert frame.get_column("sourcetype")[0] == "linux:audit"


def test_csv_rows() -> None:
    frame = load('time,user name,n\n2020-01-01 00:00:00,"a ""b""",\n2020-01-01 00:00:01,"x\ny",2,3\n', name="t.csv")
    assert raws(frame) == ['2020-01-01 00:00:00,"a ""b""",', '2020-01-01 00:00:01,"x\ny",2,3']
    assert frame.select("_time", "user_name", "n", "EXTRA_FIELD_4").rows() == [
        (1577836800, 'a "b"', None, None),
        (1577836801, "x\ny", "2", "3"),
    ]


def test_csv_repeated_names_are_multivalue_and_field_names_replace_a_header() -> None:
    assert load("u,u\na,b\nc,\n", name="t.csv").get_column("u").to_list() == [["a", "b"], ["c"]]
    config = {"INDEXED_EXTRACTIONS": "csv", "FIELD_NAMES": "p, q", "FIELD_DELIMITER": ";"}
    assert load("1;2\n", sourcetype="x", props=config).select("p", "q").row(0) == ("1", "2")


def test_csv_headers_with_marks_of_their_own() -> None:
    config = {
        "INDEXED_EXTRACTIONS": "csv", "FIELD_DELIMITER": ";", "FIELD_QUOTE": "'", "HEADER_FIELD_DELIMITER": "|",
        "FIELD_HEADER_REGEX": "^Columns:", "HEADER_FIELD_ACCEPTABLE_SPECIAL_CHARACTERS": ".",
    }  # fmt: skip
    frame = load("made by x\nColumns: a.b|c-d\n1;'2;3'\n", sourcetype="x", props=config)
    assert frame.select("a.b", "c_d").rows() == [("1", "2;3")]
    plain = load("a.b,c\n1,2\n", sourcetype="x", props={"INDEXED_EXTRACTIONS": "csv"})
    assert plain.select("a_b", "c").rows() == [("1", "2")]


def test_a_cell_that_stands_for_no_value() -> None:
    config = {"INDEXED_EXTRACTIONS": "csv", "MISSING_VALUE_REGEX": "-|N/A"}
    frame = load("a,b\n-,x-y\nN/A,z\nw,-\n", sourcetype="x", props=config)
    assert frame.select("a", "b").rows() == [(None, "x-y"), (None, "z"), ("w", None)]
    assert raws(frame)[0] == "-,x-y", "the text stays"


def test_exported_table_gives_its_events() -> None:
    frame = load('_time,_raw,host,index,sourcetype,foo,_cd\n1577836800.5,"a,""b""",h,web,st,z,0:1\n', name="e.csv")
    assert frame.select("_time", "_raw", "host", "index", "sourcetype", "foo").row(0) == (
        1577836800.5,
        'a,"b"',
        "h",
        "web",
        "st",
        "z",
    )
    assert "_cd" not in frame.columns


def test_csv_with_a_quote_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    import csv

    before = csv.field_size_limit(50)
    problems: list[Problem] = []
    try:
        frame = load('a,b\n1,"' + "x" * 60 + "\n3,4\n5,6\n", name="t.csv", on_problem=problems.append)
    finally:
        csv.field_size_limit(before)
    assert problems
    assert raws(frame) == ['1,"' + "x" * 60, "3,4", "5,6"]


def test_w3c_header_may_change() -> None:
    frame = load(
        "#Fields: date time cs(User-Agent)\n2020-01-01 00:00:01 M\n#Fields: date time c-ip\n2020-01-01 00:00:02 1.1.1.1\n"
    )
    assert frame.select("_time", "cs_User_Agent", "c_ip").rows() == [
        (1577836801, "M", None),
        (1577836802, None, "1.1.1.1"),
    ]
    assert frame.get_column("sourcetype")[0] == "iis"


def test_batches_are_bounded_and_add_up() -> None:
    lines = [f'{{"n":{n}}}' for n in range(100)]
    parts = list(read("\n".join(lines).encode(), ImportOptions(now=NOW, batch_rows=30)))
    assert [part.height for part in parts] == [30, 30, 30, 10]
    assert [raw for part in parts for raw in raws(part)] == lines


def test_a_stream_without_seek() -> None:
    class Pipe(io.RawIOBase):
        def __init__(self, data: bytes) -> None:
            self._data = io.BytesIO(data)

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            return self._data.readinto(buffer)

    stream = io.BufferedReader(Pipe(b'{"a":1}\n{"a":2}\n'))
    assert sum(part.height for part in read(stream, ImportOptions(now=NOW), name="pipe")) == 2


def test_unknown_format_and_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CaltropError, match="format"):
        read(b"", ImportOptions(format="word"))
    with pytest.raises(CaltropError, match=r"absent\.log"):
        list(read(tmp_path / "absent.log"))


HEADS = [
    b"",
    b"{",
    b'{"EventID":1,"Channel":"x","EventTime":',
    b"[",
    b"a,b\n",
    b"#Fields: a\n",
    b"<Event ",
    b"ElfFile\x00",
    b"01/02/2020 03:04:05 PM\nLogName=",
    b"\x1f\x8b",
    b"PK\x03\x04",
]


@given(head=st.sampled_from(HEADS), tail=st.binary(max_size=200), kind=st.sampled_from(FORMATS))
@examples(300)
def test_no_bytes_crash_an_importer(head: bytes, tail: bytes, kind: str) -> None:
    options = ImportOptions(now=NOW, format=kind, on_problem=lambda problem: None)
    try:
        for frame in read(head + tail, options):
            assert {name: frame.schema[name] for name in frames.SCHEMA} == frames.SCHEMA
            assert not frame.get_column("_time").null_count()
    except CaltropError as error:
        assert re.search(r"\w", str(error))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = (
    "EventID",
    "Channel",
    "EventTime",
    "TimeCreated",
    "@timestamp",
    "Hostname",
    "SourceName",
    "Keywords",
    "winlog",
    "Event",
    "event_id",
    "log_name",
    "result",
    "_raw",
    "EventType",
    "AccountName",
    "Level",
    "UtcTime",
    "event",
    "fields",
    "time",
    "Message",
)


@given(
    records=st.lists(st.dictionaries(st.sampled_from(KEYS), JSON, max_size=8) | JSON, max_size=6),
    windows=st.sampled_from(["xml", "classic"]),
)
@examples(100)
def test_no_json_crashes_an_importer_or_is_lost(records: list[Any], windows: Any) -> None:
    text = "\n".join(json.dumps(record) for record in records)
    frame = load(text, format="json", windows=windows, on_problem=lambda problem: None)
    flat = [item for record in records for item in (record if isinstance(record, list) else [record])]
    assert frame.height == len(flat)


@given(st.integers(0, 2**32), st.sampled_from([200, 4000, 65536]))
def test_what_is_encrypted_or_packed_is_binary(seed: int, size: int) -> None:
    assert detect.is_binary(random.Random(seed).randbytes(size))


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("Ошибка входа пользователя ann", "cp1251"), ("Ошибка входа", "koi8-r"), ("ログイン失敗 user=ann", "shift_jis"),
        ("登录失败 user=ann", "gb18030"), ("größe=5 é", "latin-1"), ("登录失败 Ошибка", "utf-8"), ("a\x1b[31mred\x1b[0m", "ascii"),
    ],
)  # fmt: skip
def test_text_is_no_binary_in_any_encoding(text: str, charset: str) -> None:
    assert not detect.is_binary(f"{text}\n".encode(charset) * 50)
