"""What the settings of installed apps do to data that comes in by the server's receivers, as they do to imported files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.inprocess import Client

from .conftest import search

Package = Callable[[str, dict[str, str]], Path]
PROPS = r"""
[source::...named.log]
sourcetype = by_source
[rule::by_rule]
sourcetype = by_rule
MORE_THAN_50 = ^RULE
[delayedrule::by_late]
sourcetype = by_late
MORE_THAN_50 = ^LATE
[broken]
MAX_TIMESTAMP_LOOKAHEAD = 19  # of them
LINE_BREAKER = [\r\n]+
TIME_FORMAT = %Y-%m-%d %H:%M:%S%
SEDCMD-a = s/foo
TRANSFORMS-x = nowhere, bad, keepall
[keep_some]
TRANSFORMS-set = discard, keep
[all_of_it]
TRANSFORMS-a = ingest, dated, clone, meta
[copied]
EVAL-copy = "yes"
[table]
INDEXED_EXTRACTIONS = csv
MISSING_VALUE_REGEX = -
KV_MODE = none
[twice]
INDEXED_EXTRACTIONS = json
[once]
INDEXED_EXTRACTIONS = json
KV_MODE = none
[pointless]
ANNOTATE_PUNCT = false
ADD_EXTRA_TIME_FIELDS = none
[modular]
TRANSFORMS-m = modular
[headed]
HEADER_MODE = always
[headed_once]
HEADER_MODE = firstline
[recent]
ROUTE_EVENTS_OLDER_THAN = 2d
[alias]
SHOULD_LINEMERGE = false
TZ_ALIAS = EST=GMT+10:00, X = GMT-1
TIME_FORMAT = %Y-%m-%d %H:%M:%S %Z
[untimed]
SHOULD_LINEMERGE = false
DATETIME_CONFIG = CURRENT
[untimed_json]
SHOULD_LINEMERGE = false
"""
TRANSFORMS = r"""
[discard]
REGEX = .
DEST_KEY = queue
FORMAT = nullQueue
[keep]
REGEX = keep
DEST_KEY = queue
FORMAT = indexQueue
[keepall]
REGEX = .
DEST_KEY = queue
FORMAT = indexQueue
[bad]
REGEX = (
DEST_KEY = queue
FORMAT = nullQueue
[ingest]
INGEST_EVAL = size:=len(_raw), kind="made"
[dated]
REGEX = at=(\d+)
DEST_KEY = _time
FORMAT = $1
[clone]
REGEX = user=(\w+)
CLONE_SOURCETYPE = copied
DEST_KEY = _raw
FORMAT = copy of $1
[meta]
REGEX = user=(\w+)
WRITE_META = true
FORMAT = who::$1
[word]
REGEX = \w+
[modular]
REGEX = name=([[word]])
WRITE_META = true
FORMAT = named::$1
"""


@pytest.fixture(scope="module", autouse=True)
def installed(admin: Client, package: Package) -> None:
    files = {
        "default/props.conf": PROPS, "default/transforms.conf": TRANSFORMS, "metadata/default.meta": "[]\nexport = system\n",
    }  # fmt: skip
    assert admin.post("apps/local", name=str(package("TA_index_time", files)), filename=1).status == 201


@pytest.fixture(scope="module")
def token(admin: Client) -> str:
    made = admin.post("data/inputs/http", name="index_time")
    return str(made.content["token"])


def test_what_cannot_be_used_is_told_once_and_the_events_come_in(admin: Client, token: str) -> None:
    body = "2023-11-14 10:00:00 foo\n2023-11-14 10:00:01 bar\n"
    for _ in range(2):
        assert admin.collect("collector/raw", body, token=token, sourcetype="broken", source="b").status == 200
    for word in ("one", "two"):
        event = {"event": f"2023-11-14 11:00:00 {word}", "sourcetype": "broken", "source": "b"}
        assert admin.collect("collector/event", event, token=token).status == 200
    assert len(search(admin, "search index=main sourcetype=broken")) == 6
    told = [row["_raw"] for row in search(admin, "search index=_internal IndexProcessor WARN TA_index_time")]
    assert len(told) == 6, told
    for setting in ("MAX_TIMESTAMP_LOOKAHEAD", "LINE_BREAKER", "TIME_FORMAT", "SEDCMD-a", "'nowhere'", "'bad'"):
        (line,) = [text for text in told if setting in text]
        assert "TA_index_time/default/props.conf:" in line


@pytest.mark.parametrize("way", ["collector/raw", "collector/event", "receivers/simple"])
def test_discard_all_and_keep_some(admin: Client, token: str, way: str) -> None:
    for text in ("to keep", "to lose"):
        if way == "collector/event":
            admin.collect(way, {"event": text, "sourcetype": "keep_some", "source": way}, token=token)
        elif way == "collector/raw":
            admin.collect(way, text, token=token, sourcetype="keep_some", source=way)
        else:
            admin.send(way, text, sourcetype="keep_some", source=way)
    assert [row["_raw"] for row in search(admin, f'search index=main source="{way}"')] == ["to keep"]


@pytest.mark.parametrize("way", ["collector/raw", "collector/event", "receivers/simple"])
def test_what_transforms_write(admin: Client, token: str, way: str) -> None:
    text, source = "user=ann at=1600000000", f"all:{way}"
    if way == "collector/event":
        admin.collect(way, {"event": text, "sourcetype": "all_of_it", "source": source}, token=token)
    elif way == "collector/raw":
        admin.collect(way, text, token=token, sourcetype="all_of_it", source=source)
    else:
        admin.send(way, text, sourcetype="all_of_it", source=source)
    rows = {
        row["sourcetype"]: row
        for row in search(
            admin, f'search index=main source="{source}" | table sourcetype _raw _time size kind who copy'
        )
    }
    whole, copy = rows["all_of_it"], rows["copied"]
    assert (whole["size"], whole["kind"], whole["who"]) == ("22", "made", "ann")
    assert whole["_time"].startswith("2020-09-13T12:26:40")
    assert (copy["_raw"], copy["copy"]) == ("copy of ann", "yes")
    (counted,) = search(admin, f'| tstats count where index=main source="{source}" by who')
    assert (counted["who"], counted["count"]) == ("ann", "1")


def test_files_without_a_source_type_get_one(admin: Client, tmp_path: Path) -> None:
    for name, text in {
        "a.named.log": "x",
        "r.txt": "RULE 1\nRULE 2",
        "l.txt": "LATE 1\nLATE 2",
        "other.txt": "x",
    }.items():
        (tmp_path / name).write_text(text + "\n")
        assert admin.post("data/inputs/oneshot", name=str(tmp_path / name)).status == 201
    rows = search(admin, f'search index=main source="{tmp_path}/*" | stats count by source sourcetype')
    named = {row["source"].rpartition("/")[2]: row["sourcetype"] for row in rows}
    assert named == {"a.named.log": "by_source", "r.txt": "by_rule", "l.txt": "by_late", "other.txt": "other"}


def test_tables_are_fields(admin: Client, token: str) -> None:
    body = "time,user,n\n2023-11-14 10:00:00,ann,-\n2023-11-14 10:00:01,bob,2\n"
    assert admin.collect("collector/raw", body, token=token, sourcetype="table", source="t").status == 200
    rows = search(admin, "search index=main source=t | sort _time | table user n _time")
    assert [(row["user"], row.get("n")) for row in rows] == [("ann", None), ("bob", "2")]
    assert rows[0]["_time"].startswith("2023-11-14T10:00:00")


def test_json_that_was_indexed_has_its_values_twice_unless_search_time_is_told_not_to(
    admin: Client, token: str
) -> None:
    for sourcetype in ("twice", "once"):
        assert (
            admin.collect("collector/raw", '{"user": "ann",\n "n": 1}\n{"user": "bob"}', token=token, sourcetype=sourcetype,
                          source="j").status == 200
        )  # fmt: skip
        rows = search(admin, f"search index=main source=j sourcetype={sourcetype} | table user n")
        values = [["ann", "ann"], ["bob", "bob"]] if sourcetype == "twice" else ["ann", "bob"]
        assert sorted(map(str, (row["user"] for row in rows))) == sorted(map(str, values))


def test_punct_and_the_place_of_the_time_stamp(admin: Client, token: str) -> None:
    asked = "| table punct timestartpos timeendpos date_hour"
    for sourcetype in ("ordinary", "pointless"):
        text = "<1> 2023-11-14 10:00:00 x=y"
        assert admin.collect("collector/raw", text, token=token, sourcetype=sourcetype, source="p").status == 200
    (row,) = search(admin, f"search index=main source=p sourcetype=ordinary {asked}")
    assert row == {"punct": "<>_--_::_=", "timestartpos": "4", "timeendpos": "23", "date_hour": "10"}
    (row,) = search(admin, f"search index=main source=p sourcetype=pointless {asked} _raw")
    assert {name: value for name, value in row.items() if value} == {"_raw": text}
    admin.collect("collector/event", {"event": "2023-11-14 10:00:00", "time": 1600000000, "source": "q"}, token=token)
    (row,) = search(admin, f"search index=main source=q {asked}")
    assert not row.get("timestartpos") and row["punct"] == "--_::", "its time is not the one in its text"
    assert len(search(admin, "search index=main source=p timestartpos=4")) == 1


def test_modular_patterns(admin: Client, token: str, daemon: Daemon) -> None:
    admin.collect("collector/raw", "name=ann-x", token=token, sourcetype="modular", source="m")
    (row,) = search(admin, "search index=main source=m | table named")
    assert row["named"] == "ann"


def test_headers_say_where_data_is_from(admin: Client) -> None:
    body = (
        '***SPLUNK*** host=h1 source="a b" sourcetype=headed_to\n2023-11-14 10:00:00 one\n'
        "***SPLUNK*** host=h2 index=nowhere\n2023-11-14 10:00:01 two\n"
    )
    assert admin.send("receivers/simple", body, sourcetype="headed", source="headers").status == 200
    rows = search(
        admin, 'search index=main (host=h1 OR host=h2) source="a b" | sort _time | table _raw host source sourcetype'
    )
    assert [tuple(row.values()) for row in rows] == [
        ("2023-11-14 10:00:00 one", "h1", "a b", "headed_to"),
        ("2023-11-14 10:00:01 two", "h2", "a b", "headed_to"),
    ]
    assert search(admin, "search index=_internal IndexProcessor nowhere SPLUNK")
    assert admin.send("receivers/simple", body, sourcetype="headed_once", source="once").status == 200
    rows = search(admin, 'search index=main host=h1 "***SPLUNK*** host=h2"')
    assert len(rows) == 1
    assert admin.send("receivers/simple", body, sourcetype="unheaded", source="unheaded").status == 200
    assert len(search(admin, "search index=main source=unheaded SPLUNK")) == 2


def test_events_that_are_too_old_are_thrown_away(admin: Client) -> None:
    body = "2001-01-01 10:00:00 old\nno time at all\n2099-01-01 10:00:00 new\n"
    assert admin.send("receivers/simple", body, sourcetype="recent", source="aged").status == 200
    assert [row["_raw"] for row in search(admin, "search index=main source=aged latest=+100y")] == [
        "2099-01-01 10:00:00 new"
    ]


def test_abbreviations_of_zones(admin: Client) -> None:
    body = "2023-11-14 10:00:00 EST a\n2023-11-14 10:00:00 X b\n2023-11-14 10:00:00 CET c\n"
    assert admin.send("receivers/simple", body, sourcetype="alias", source="zones").status == 200
    rows = search(admin, "search index=main source=zones | sort _raw | eval t=_time-1699956000 | table t")
    assert [row["t"] for row in rows] == ["-3600", "-36000", "3600"]


def test_events_without_a_time_of_their_own_say_so(admin: Client) -> None:
    assert admin.send("receivers/simple", "one\ntwo\n", sourcetype="untimed", source="none").status == 200
    found = "search index=main source=none timestamp::none | stats count values(timestamp) as t"
    assert search(admin, found)[0] == {"count": "2", "t": "none"}
    body = '{"timestamp": "soon"}\n{"a": 1}\n{"timestamp": "2023-11-14 10:00:00"}\n'
    assert admin.send("receivers/simple", body, sourcetype="untimed_json", source="own").status == 200
    rows = search(admin, "search index=main source=own | stats count by timestamp")
    assert {row["timestamp"] for row in rows} == {
        "soon",
        "none",
        "2023-11-14 10:00:00",
    }  # a field of its own comes first
    assert len(search(admin, "search index=main source=own timestamp::none")) == 2
