"""Searching: jobs in every mode, results in every format, control."""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest
import splunklib.client as client
import splunklib.results as results
from splunklib.binding import HTTPError

from caltrop.splunkd.server import Server
from tests.patience import until

from .conftest import Raw

EVENTS = [f"2024-01-01T00:00:0{n}Z user=u{n % 2} n={n} text=\"<a & 'b'>\"" for n in range(6)]
KEYS = [
    "cursorTime",
    "delegate",
    "diskUsage",
    "dispatchState",
    "doneProgress",
    "dropCount",
    "earliestTime",
    "eventAvailableCount",
    "eventCount",
    "eventFieldCount",
    "eventIsStreaming",
    "eventIsTruncated",
    "eventSearch",
    "eventSorting",
    "isDone",
    "isFailed",
    "isFinalized",
    "isPaused",
    "isPreviewEnabled",
    "isRealTimeSearch",
    "isRemoteTimeline",
    "isSaved",
    "isSavedSearch",
    "isZombie",
    "keywords",
    "label",
    "messages",
    "numPreviews",
    "priority",
    "remoteSearch",
    "reportSearch",
    "resultCount",
    "resultIsStreaming",
    "resultPreviewCount",
    "runDuration",
    "scanCount",
    "searchProviders",
    "sid",
    "statusBuckets",
    "ttl",
]


@pytest.fixture(scope="module")
def index(service: client.Service) -> Iterator[str]:
    name = f"search_{uuid.uuid4().hex[:8]}"
    entity = service.indexes.create(name)
    for event in EVENTS:
        entity.submit(event, host="h", source="s", sourcetype="st")
    yield name
    service.indexes.delete(name)


def rows(stream: object) -> list[dict[str, object]]:
    return [r for r in results.JSONResultsReader(stream) if isinstance(r, dict)]


def test_oneshot(service: client.Service, index: str) -> None:
    found = rows(service.jobs.oneshot(f"search index={index} | stats count by user | sort user", output_mode="json"))
    assert found == [{"user": "u0", "count": "3"}, {"user": "u1", "count": "3"}]


def test_a_blocking_job_shows_its_facts(service: client.Service, index: str) -> None:
    job = service.jobs.create(f"search index={index} | head 4", exec_mode="blocking")
    for key in KEYS:
        assert key in job.refresh().content, key
    assert (job["isDone"], job["dispatchState"], job["eventCount"], job["resultCount"]) == ("1", "DONE", "4", "4")
    assert (job["isFailed"], job["isSavedSearch"], job["label"]) == ("0", "0", None)
    assert job.sid in service.jobs
    transformed = service.jobs.create(f"search index={index} | stats count by user", exec_mode="blocking")
    assert (transformed["eventCount"], transformed["resultCount"], transformed["reportSearch"]) == (
        "6",
        "2",
        "stats count by user",
    )


def test_a_normal_job_becomes_done(service: client.Service, index: str) -> None:
    job = service.jobs.create(
        f"search index={index}", earliest_time="2024-01-01T00:00:02Z", latest_time="2024-01-01T00:00:04Z"
    )
    until(job.is_done, "the end of the job")
    assert [r["n"] for r in rows(job.results(output_mode="json"))] == ["3", "2"]
    assert [r["n"] for r in rows(job.events(output_mode="json"))] == ["3", "2"]
    assert [r["n"] for r in rows(job.preview(output_mode="json"))] == ["3", "2"]
    assert [r["n"] for r in rows(job.results(output_mode="json", search="| head 1"))] == ["3"]
    assert [r["n"] for r in rows(job.results(output_mode="json", count=1, offset=1))] == ["2"]


def test_export(service: client.Service, index: str) -> None:
    reader = results.JSONResultsReader(service.jobs.export(f"search index={index} | table n", output_mode="json"))
    assert [r["n"] for r in reader if isinstance(r, dict)] == ["5", "4", "3", "2", "1", "0"]
    assert reader.is_preview is False
    body = service.jobs.export(f"search index={index} | table n", output_mode="json").read().decode()
    lines = [json.loads(line) for line in body.splitlines()]
    assert [line.get("lastrow", False) for line in lines] == [False] * 5 + [True]
    empty = service.jobs.export(f"search index={index} nothing_like_it", output_mode="json").read()
    assert json.loads(empty) == {"preview": False, "lastrow": True}


def test_formats(service: client.Service, raw: Raw, index: str) -> None:
    job = service.jobs.create(
        f'search index={index} n<2 | eval m=split("a b", " ") | table _time n text m _raw', exec_mode="blocking"
    )
    base = f"/services/search/v2/jobs/{job.sid}/results"
    as_json = raw("POST", base, {"output_mode": "json"})
    assert as_json.text.count("\n") == 0
    document = as_json.json()
    assert [f["name"] for f in document["fields"]] == ["_time", "n", "text", "m", "_raw"]
    assert document["results"][0] == {
        "_time": "2024-01-01T00:00:01.000+00:00", "n": "1", "text": "<a & 'b'>", "m": ["a", "b"], "_raw": EVENTS[1],
    }  # fmt: skip
    table = list(csv.DictReader(io.StringIO(raw("POST", base, {"output_mode": "csv"}).text)))
    assert (table[1]["n"], table[1]["text"], table[1]["m"]) == ("0", "<a & 'b'>", "a\nb")
    xml = ElementTree.fromstring(raw("GET", base).body)
    assert [f.text for f in xml.findall("./meta/fieldOrder/field")] == ["_time", "n", "text", "m", "_raw"]
    first = {f.get("k"): ["".join(v.itertext()) for v in f] for f in xml.find("result") or []}
    assert first["m"] == ["a", "b"] and first["_raw"] == [EVENTS[1]]
    by_rows = raw("GET", f"{base}?output_mode=json_rows&f=n").json()
    assert (by_rows["fields"], by_rows["rows"]) == (["n"], [["1"], ["0"]])
    assert raw("GET", f"{base}?output_mode=json_cols&f=n").json()["columns"] == [["1", "0"]]
    assert raw("GET", f"{base}?output_mode=raw").text == f"{EVENTS[1]}\n{EVENTS[0]}\n"
    assert raw("GET", f"{base}?output_mode=sculpture").status == 400


def test_control_characters_do_not_break_xml(service: client.Service, raw: Raw, index: str) -> None:
    job = service.jobs.create('| makeresults | eval x="a".urldecode("%01%02<")."b"', exec_mode="blocking")
    for path in (f"/services/search/jobs/{job.sid}/results", f"/services/search/jobs/{job.sid}"):
        ElementTree.fromstring(raw("GET", path).body)


BAD = [
    ("xyzzy", "xyzzy"),
    ("abcd|asfwqqq", "abcd"),
    ("search (a", "parenthesis"),
    ("", "search"),
    ("| makeresults | eval x=", "expression"),
    ("search `no_such_macro`", "no_such_macro"),
]


@pytest.mark.parametrize(("search", "text"), BAD)
@pytest.mark.parametrize("mode", ["normal", "blocking", "oneshot", "json"])
def test_searches_that_cannot_run(service: client.Service, search: str, text: str, mode: str) -> None:
    arguments = {"output_mode": "json"} if mode == "json" else {"exec_mode": mode}
    with pytest.raises(HTTPError) as caught:
        service.post("search/jobs", search=search, **arguments)
    assert caught.value.status == 400
    assert text in caught.value.body.decode()


def test_a_missing_index_is_silent(service: client.Service) -> None:
    job = service.jobs.create("search index=no_such_index_anywhere", exec_mode="blocking")
    document = json.loads(job.results(output_mode="json").read())
    assert (document["results"], document["messages"]) == ([], [])


def test_bad_times(service: client.Service) -> None:
    with pytest.raises(HTTPError) as caught:
        service.jobs.create("search index=main", earliest_time="soonish")
    assert caught.value.status == 400


def test_control(service: client.Service, index: str) -> None:
    job = service.jobs.create(f"search index={index} | head 3", exec_mode="blocking")
    assert job.pause().refresh()["isPaused"] == "1"
    assert job.unpause().refresh()["isPaused"] == "0"
    assert job.finalize().refresh()["isFinalized"] == "1"
    assert job.enable_preview().refresh()["isPreviewEnabled"] == "1"
    assert job.disable_preview().refresh()["isPreviewEnabled"] == "0"
    assert job.set_priority(3).refresh()["priority"] == "3"
    before = int(job["ttl"])
    job.set_ttl(before + 1000)
    assert before < int(job.refresh()["ttl"]) <= before + 1000
    job.touch()
    with pytest.raises(HTTPError):
        job.post("control", action="dance")
    job.cancel()
    job.cancel()
    assert job.sid not in service.jobs


def test_a_running_job_can_be_paused_and_cancelled(service: client.Service) -> None:
    slow = "| makeresults count=200000 | streamstats count | eval a=count | sort -a | eval b=a | sort b | stats sum(b) as s"
    job = service.jobs.create(slow)
    job.pause()
    assert job.refresh()["isPaused"] == "1"
    job.cancel()
    assert job.sid not in service.jobs


def test_paths_with_and_without_namespace(raw: Raw, service: client.Service, index: str) -> None:
    sid = service.jobs.create(f"search index={index}", exec_mode="blocking").sid
    for prefix in ("/services", "/servicesNS/nobody/search", "/servicesNS/admin/search", "/servicesNS/-/-"):
        for version in ("", "/v2"):
            base = f"{prefix}/search{version}/jobs/{sid}"
            assert raw("GET", f"{base}/").status == 200
            for method in ("GET", "POST"):
                assert len(raw(method, f"{base}/results?output_mode=json").json()["results"]) == 6
    assert raw("GET", "/services/search/jobs/1.2/results").status == 404
    entry = ElementTree.fromstring(raw("GET", f"/services/search/v2/jobs/{sid}/").body)
    assert entry.tag == "{http://www.w3.org/2005/Atom}entry"
    assert raw("GET", f"/services/search/jobs/{sid}?output_mode=json").json()["entry"][0]["content"]["isDone"] is True


def test_the_first_word_is_a_command(service: client.Service) -> None:
    found = rows(service.jobs.oneshot("makeresults count=2 | eval x=1 | table x", output_mode="json"))
    assert found == [{"x": "1"}, {"x": "1"}]


def test_delete_makes_events_unsearchable(service: client.Service) -> None:
    name = f"del_{uuid.uuid4().hex[:8]}"
    entity = service.indexes.create(name)
    for n in range(3):
        entity.submit(f"2024-01-01T00:00:0{n}Z n={n}", host=f"h{n}")
    found = rows(service.jobs.oneshot(f'search index="{name}" host="h1" | delete', output_mode="json"))
    assert [(r["index"], r["deleted"], r["errors"]) for r in found if r["index"] == name] == [(name, "1", "0")]
    assert len(rows(service.jobs.oneshot(f"search index={name}", output_mode="json"))) == 2
    service.indexes.delete(name)


def test_parser(service: client.Service) -> None:
    assert service.parse('search * abc="def" | dedup abc').status == 200
    with pytest.raises(HTTPError) as caught:
        service.parse("xyzzy")
    assert caught.value.status == 400


def test_the_server_logs_itself(service: client.Service) -> None:
    for _ in range(10):
        service.get("messages")
    found = rows(
        service.jobs.oneshot(
            "search index=_internal sourcetype=splunkd_access earliest=-1m | head 10", output_mode="json"
        )
    )
    assert len(found) == 10
    audit = rows(service.jobs.oneshot("search index=_audit action=search | head 1", output_mode="json"))
    assert len(audit) == 1


def test_typeahead_timeparser_summary_timeline_log(service: client.Service, raw: Raw, index: str) -> None:
    suggestions = raw("GET", f"/services/search/typeahead?output_mode=json&count=5&prefix=index%3D{index[:9]}").json()[
        "results"
    ]
    assert suggestions[0] == {"content": f'index="{index}"', "count": 6, "operator": True}
    parsed = raw("GET", "/services/search/timeparser?output_mode=json&time=86400").json()
    assert parsed == {"86400": "1970-01-02T00:00:00+00:00"}
    job = service.jobs.create(f"search index={index}", exec_mode="blocking", status_buckets=300)
    summary = ElementTree.fromstring(job.summary().read())
    users = next(f for f in summary.iter("field") if f.get("k") == "user")
    assert (users.get("c"), users.get("dc")) == ("6", "2")
    timeline = ElementTree.fromstring(job.timeline().read())
    assert sum(int(b.get("c") or 0) for b in timeline) == 6
    assert index in job.searchlog().read().decode()


def test_rest_and_loadjob_commands(service: client.Service, index: str) -> None:
    found = rows(
        service.jobs.oneshot(
            "| rest /services/data/indexes | search title=main | table title disabled", output_mode="json"
        )
    )
    assert found == [{"title": "main", "disabled": "0"}]
    job = service.jobs.create(f"search index={index} | stats count", exec_mode="blocking")
    assert rows(service.jobs.oneshot(f"| loadjob {job.sid}", output_mode="json")) == [{"count": "6"}]


def test_which_indexes_a_search_looks_into(service: client.Service, server: Server, index: str) -> None:
    mark = f"mark{uuid.uuid4().hex[:8]}"
    for name in (index, "main", "risk", "summary", "_audit"):
        service.indexes[name].submit(f"2024-01-01T00:00:00Z {mark}", host="h")

    def found(who: client.Service, search: str) -> list[object]:
        return sorted(r["index"] for r in rows(who.jobs.oneshot(search, output_mode="json")))  # type: ignore[type-var]

    assert found(service, f"search {mark} earliest=1") == sorted([index, "main"])
    assert found(service, f"search {mark} index=*") == sorted([index, "main", "risk", "summary"])
    assert found(
        service, f"search {mark} (index=* OR index=_*) earliest=1 NOT sourcetype=audittrail NOT sourcetype=splunkd*"
    ) == sorted([index, "main", "risk", "summary", "_audit"])
    service.roles.create("narrow", capabilities="search", srchIndexesAllowed=f"{index};risk", srchIndexesDefault="risk")
    service.users.create("narrow", "a password", roles=["narrow"])
    narrow = client.connect(host="127.0.0.1", port=server.port, username="narrow", password="a password")
    assert found(narrow, f"search {mark}") == sorted([index, "risk"])
    assert found(narrow, f"search {mark} (index=main OR index=_* OR index={index})") == [index]
    refused = narrow.jobs.oneshot(f"search {mark} index={index} | delete", output_mode="json").read()
    assert b'"FATAL"' in refused and b"may not delete" in refused  # it failed while it ran: 200, as splunkd answers
    assert found(narrow, f"search {mark} index={index}") == [index]
    assert [
        r["title"]
        for r in rows(
            narrow.jobs.oneshot("| eventcount summarize=false index=* | rename index as title", output_mode="json")
        )
    ] == sorted([index, "risk"])
    service.users.delete("narrow")
    service.roles.delete("narrow")
