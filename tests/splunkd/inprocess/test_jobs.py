"""The life of a job: made, watched, paused, read in every layout, kept for a while."""

from __future__ import annotations

import json
import threading
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.inprocess import Client
from caltrop.splunkd.searching import jobs as jobs_module
from caltrop.splunkd.searching import overview
from caltrop.splunkd.searching.jobs import Job
from tests.patience import PATIENCE

from .conftest import Clock, search

THREE = '| makeresults count=3 | streamstats count as n | eval many=split("a,b", ",") | table n many'


def made(client: Client, text: str, **arguments: str) -> str:
    answer = client.post("search/jobs", {"search": text, "exec_mode": "blocking", **arguments})
    assert answer.status == 201, answer.text
    sid: str = answer.json()["sid"]
    return sid


def test_a_job_from_beginning_to_end(admin: Client) -> None:
    sid = made(admin, THREE, **{"custom.note": "mine", "id": "own_sid", "timeout": "60"})
    assert sid == "own_sid"
    content = admin.get(f"search/jobs/{sid}").content
    assert (content["dispatchState"], content["isDone"], content["resultCount"], content["ttl"]) == (
        "DONE",
        True,
        3,
        60,
    )
    assert content["custom"] == {"note": "mine"} and content["reportSearch"]
    assert sid in [e["content"]["sid"] for e in admin.get("search/jobs", count=0).entries]
    again = admin.post("search/jobs", search=THREE, id=sid)
    assert (again.status, "already exists" in again.messages[0]) == (409, True)
    assert admin.post(f"search/jobs/{sid}", {"custom.note": "changed"}).content["custom"] == {"note": "changed"}
    assert admin.post(f"search/jobs/{sid}", label="x").status == 400
    assert admin.delete(f"search/jobs/{sid}").status == 200
    gone = admin.get(f"search/jobs/{sid}")
    assert (gone.status, gone.messages) == (404, ["Unknown sid."])


def test_results_page_by_page_and_field_by_field(admin: Client) -> None:
    results = f"search/jobs/{made(admin, THREE)}/results"
    assert admin.get(results).json()["results"][0] == {"n": "1", "many": ["a", "b"]}
    assert [r["n"] for r in admin.get(results, offset=1, count=1).json()["results"]] == ["2"]
    assert [r["n"] for r in admin.get(results, offset=-1).json()["results"]] == ["3"]
    assert admin.get(results, f="n").json()["fields"] == [{"name": "n"}]
    assert admin.get(results, field_list="many, n", count=1).json()["results"] == [{"n": "1", "many": ["a", "b"]}]
    assert [r["n"] for r in admin.get(results, search="search n>1").json()["results"]] == ["2", "3"]
    assert admin.get(results, search="stats count").json()["results"] == [{"count": "3"}]
    assert admin.get(results, search="xyzzy").json()["results"] == []
    assert admin.get(results, search="| nonsense").status == 400
    wrong = admin.get(results, count="many")
    assert (wrong.status, wrong.messages) == (400, ["Argument 'count' must be an integer, not 'many'"])


def test_results_in_every_layout(admin: Client) -> None:
    sid = made(admin, THREE + ' | eval _raw="raw ".n, odd="<&>"')
    results = f"search/jobs/{sid}/results"
    rows = admin.get(results, output_mode="json_rows").json()
    assert rows["fields"][:2] == ["n", "many"] and rows["rows"][0][:2] == ["1", ["a", "b"]]
    assert admin.get(results, output_mode="json_cols").json()["columns"][0] == ["1", "2", "3"]
    csv = admin.get(results, output_mode="csv")
    assert csv.text.splitlines()[0] == 'n,many,"_raw",odd' and csv.headers["content-type"].startswith("text/csv")
    assert admin.get(results, output_mode="raw").text == "raw 1\nraw 2\nraw 3\n"
    document = ElementTree.fromstring(admin.get(results, output_mode="xml").body)
    assert [f.text for f in document.findall("meta/fieldOrder/field")] == ["n", "many", "_raw", "odd"]
    assert document.findtext("result[@offset='2']/field[@k='odd']/value/text") == "<&>"
    assert document.findtext("result[@offset='2']/field[@k='_raw']/v") == "raw 3"
    assert admin.get(results, output_mode="yaml").status == 400
    exported = [json.loads(line) for line in admin.post("search/jobs/export", search=THREE).text.splitlines()]
    assert [(line["offset"], line["result"]["n"], line.get("lastrow", False)) for line in exported] == [
        (0, "1", False), (1, "2", False), (2, "3", True),
    ]  # fmt: skip
    for mode, begins in (("csv", "n,many"), ("raw", "\n"), ("xml", "<?xml")):
        assert admin.post("search/jobs/export", search=THREE, output_mode=mode).text.startswith(begins)
    nothing = admin.post("search/jobs/export", search="| makeresults | where 1=2")
    assert json.loads(nothing.body)["lastrow"] is True
    assert admin.post("search/jobs/export", search=THREE, output_mode="yaml").status == 400


def test_the_path_of_a_search_that_runs_at_once(admin: Client) -> None:
    for path in ("search/jobs/oneshot", "search/v2/jobs/oneshot"):
        assert admin.post(path, search=THREE).json()["results"] == admin.post("search/jobs", search=THREE, exec_mode="oneshot").json()["results"]  # fmt: skip
        assert admin.post(path, search="| nonsense").status == 400 and admin.get(path).status == 405
    assert "oneshot" not in admin.get("search/jobs", count=0).names


def test_a_job_in_xml_is_a_bare_entry(admin: Client) -> None:
    sid = made(admin, "search index=main | head 1")
    entry = ElementTree.fromstring(admin.get(f"search/jobs/{sid}", output_mode="xml").body)
    atom = "{http://www.w3.org/2005/Atom}"
    assert (entry.tag, entry.findtext(f"{atom}title")) == (f"{atom}entry", "search index=main | head 1")
    assert {link.get("rel") for link in entry.findall(f"{atom}link")} >= {"results", "events", "control", "alternate"}
    log = admin.get(f"search/jobs/{sid}/search.log").text
    assert "PARSING: search index=" in log


def test_what_the_events_hold(admin: Client) -> None:
    for number in range(3):
        admin.send("receivers/simple", f"size={number * 10} word=x", source="overview", sourcetype="words", host="h")
    sid = made(admin, "search index=main source=overview", status_buckets="300")
    fields = {
        field.get("k"): field
        for field in ElementTree.fromstring(admin.get(f"search/jobs/{sid}/summary", output_mode="xml").body).findall(
            "summary/field"
        )
    }
    assert (fields["size"].get("c"), fields["size"].get("dc"), fields["size"].findtext("max")) == ("3", "3", "20")
    assert fields["word"].findtext("modes/value/text") == "x"
    timeline = ElementTree.fromstring(admin.get(f"search/jobs/{sid}/timeline", output_mode="xml").body)
    assert sum(int(bucket.get("c", "0")) for bucket in timeline) == 3
    events = f"search/jobs/{sid}/events"
    assert len(admin.get(events).json()["results"]) == 3
    after = admin.get(events, search="| head 2", count=1).json()
    assert (len(after["results"]), after["post_process_count"]) == (1, 2)
    assert "post_process_count" not in admin.get(events).json()
    none = admin.get(events, search="| search size=1000", output_mode="json_rows").json()
    assert (none["fields"], none["rows"], none["post_process_count"]) == ([], [], 0)
    empty = made(admin, "search index=main source=nothing")
    assert ElementTree.fromstring(admin.get(f"search/jobs/{empty}/timeline", output_mode="xml").body).get("c") == "0"


@pytest.fixture(scope="module")
def bucketed(admin: Client) -> None:
    """Ten events, ten minutes apart."""
    rows = "".join(
        f'{{"time": {1_699_990_000 + n * 600}, "event": "n={n} odd={n % 2}", "source": "bucketed"}}' for n in range(10)
    )
    token = admin.post("data/inputs/http", name="bucketed", index="main").content["token"]
    assert admin.collect("collector", rows, token=token).status == 200


def test_a_job_keeps_what_its_status_buckets_ask_for(admin: Client, bucketed: None) -> None:
    plain = made(admin, "search index=main source=bucketed")
    assert len(admin.get(f"search/jobs/{plain}/events").json()["results"]) == 10
    assert admin.get(f"search/jobs/{plain}/timeline").json()["buckets"] == []
    assert admin.get(f"search/jobs/{plain}/summary").json() == {"event_count": 0, "fields": {}}
    reports = made(admin, "search index=main source=bucketed | stats count")
    assert admin.get(f"search/jobs/{reports}/events").json()["results"] == []
    assert admin.get(f"search/jobs/{reports}").content["eventAvailableCount"] == 0
    kept = made(admin, "search index=main source=bucketed | stats count", status_buckets="4")
    assert len(admin.get(f"search/jobs/{kept}/events").json()["results"]) == 10
    assert admin.get(f"search/jobs/{kept}").content["eventAvailableCount"] == 10
    line = admin.get(f"search/jobs/{kept}/timeline", output_time_format="%H:%M").json()
    assert [(b["earliest_strftime"], b["total_count"], b["duration"]) for b in line["buckets"]] == [
        ("19:00", 1, 1800.0), ("19:30", 3, 1800.0), ("20:00", 3, 1800.0), ("20:30", 3, 1800.0)
    ]  # fmt: skip


def test_what_a_summary_is_asked_for(admin: Client, bucketed: None) -> None:
    sid = made(admin, "search index=main source=bucketed", status_buckets="300")

    def fields(**asked: str) -> dict[str, int]:
        told = admin.get(f"search/jobs/{sid}/summary", asked).json()
        return {name: field["count"] for name, field in told["fields"].items()}

    assert fields(f="n,odd,none") == {"n": 10, "odd": 10}
    assert fields(f="n", earliest_time="1699992400", latest_time="1699993600") == {"n": 2}
    assert fields(f="n", search="search odd=1") == {"n": 5}
    assert fields(f="n", min_freq="0.5", search="eval n=if(odd=1,n,null())") == {"n": 5}
    assert fields(f="n", min_freq="0.6", search="eval n=if(odd=1,n,null())") == {}
    modes = admin.get(f"search/jobs/{sid}/summary", f="n", top_count=3).json()["fields"]["n"]["modes"]
    assert len(modes) == 3
    assert admin.get(f"search/jobs/{sid}/summary", min_freq="often").status == 400
    for below in ("summary", "timeline"):
        refused = admin.get(f"search/jobs/{sid}/{below}", output_mode="nonsense")
        assert (refused.status, b"Invalid output_mode." in refused.body) == (400, True)


DAY = 86_400_000


@pytest.mark.parametrize(
    ("low", "high", "most", "span"),
    [(0, 0, 1, 1), (0, 59_000, 60, 1000), (0, 60_000, 60, 5000), (0, 9 * DAY, 3, 4 * DAY), (5000, 10_000, 1, 30_000)],
)
def test_the_length_of_a_bucket(low: int, high: int, most: int, span: int) -> None:
    assert overview.len_of_bucket(low, high, most) == span


@given(st.integers(0, 2 * 10**12), st.integers(0, 10**12), st.integers(1, 1000))
def test_no_more_buckets_than_asked_for(low: int, width: int, most: int) -> None:
    span = overview.len_of_bucket(low, low + width, most)
    assert (low + width) // span - low // span + 1 <= most


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "The required 'search' parameter"),
        ("| nonsense", "Unknown search command 'nonsense'."),
        ("| eval x=", "Error in 'EvalCommand': The expression is malformed."),
        ("| `missing`", "missing"),
    ],
)
def test_searches_that_cannot_run(admin: Client, text: str, said: str) -> None:
    answer = admin.post("search/jobs", search=text)
    assert answer.status == 400 and said in answer.messages[0]


def test_splunkds_words_come_first_and_ours_behind_them(admin: Client) -> None:
    """Clients match the first message; the place, our account and the hint are one of their own."""
    text = "| makeresults | eval x=lenn(1)"
    answer = admin.post("search/jobs", search=text, exec_mode="oneshot", output_mode="json")
    words = "Error in 'EvalCommand': The 'lenn' function is unsupported or undefined."
    ours = "at 1:24: unknown eval function 'lenn' (did you mean 'len'?)"
    assert answer.status == 200 and answer.json()["results"] == []
    assert answer.json()["messages"] == [{"type": "FATAL", "text": words}, {"type": "INFO", "text": ours}]
    answer = admin.post("search/jobs", search="| makeresult", output_mode="json")
    assert answer.status == 400
    assert answer.messages == [
        "Unknown search command 'makeresult'.",
        "at 1:3: unknown command 'makeresult' (did you mean 'makeresults'?)",
    ]


@pytest.mark.parametrize(
    ("times", "status", "said"),
    [
        ({"earliest_time": "-30x"}, 400, "Invalid earliest_time."),
        ({"latest_time": "nope"}, 400, "Invalid latest_time: latest_time must be after earliest_time."),
        (
            {"earliest_time": "-5m", "latest_time": "-5m"},
            400,
            "Invalid latest_time: latest_time must be after earliest_time.",
        ),
        (
            {"earliest_time": "-5m", "latest_time": "-1h"},
            400,
            "Invalid latest_time: latest_time must be after earliest_time.",
        ),
        ({"latest_time": "-1d"}, 200, ""),
    ],
)
def test_times_beside_a_search(admin: Client, times: dict[str, str], status: int, said: str) -> None:
    spec: dict[str, Any] = {"search": "search index=main", "exec_mode": "oneshot", **times}
    answer = admin.post("search/jobs", **spec)
    assert answer.status == status and (not said or answer.messages[0] == said)


@pytest.mark.parametrize(
    ("terms", "severity", "said"),
    [
        ("earliest=-30x", "FATAL", "Invalid value \"-30x\" for time term 'earliest'"),
        (
            "earliest=1700000000 latest=1600000000",
            "FATAL",
            "Error in 'search' command: Unable to parse the search: "
            "Invalid time bounds in search: start=1700000000 > end=1600000000.",
        ),
        ("earliest=-5m latest=-5m", "INFO", "Your timerange was substituted based on your search string"),
    ],
)
def test_times_in_a_search(admin: Client, terms: str, severity: str, said: str) -> None:
    answer = admin.post("search/jobs", search=f"search index=main {terms}", exec_mode="oneshot", output_mode="json")
    assert answer.status == 200
    assert answer.json()["messages"][0] == {"type": severity, "text": said}


@pytest.mark.parametrize(
    "arguments",
    [
        {"exec_mode": "later"},
        {"now": "tomorrow"},
        {"id": "a/b"},
        {"earliest_time": "yesterdayish"},
        {"timeout": "long"},
    ],
)
def test_arguments_that_cannot_be(admin: Client, arguments: dict[str, str]) -> None:
    assert admin.post("search/jobs", {"search": "| makeresults", **arguments}).status == 400


def test_a_search_that_fails_while_it_runs(admin: Client) -> None:
    text = "| loadjob no_such_sid"
    answer = admin.post("search/jobs", search=text, exec_mode="oneshot", output_mode="json")
    said = {"type": "FATAL", "text": "Error in 'loadjob' command: there is no finished job 'no_such_sid'"}
    assert (answer.status, answer.json()["messages"][0]) == (200, said)
    assert admin.post("search/jobs", search=text, exec_mode="blocking").status == 201
    sid = admin.post("search/jobs", search=text).json()["sid"]
    job = admin.daemon.searching.jobs.get(sid)
    assert job is not None and job.done.wait(PATIENCE)
    content = admin.get(f"search/jobs/{sid}").content
    assert (content["dispatchState"], content["isFailed"], "fatal" in content["messages"]) == ("FAILED", True, True)
    assert admin.get(f"search/jobs/{sid}/results").json()["results"] == []


def test_control(admin: Client, clock: Clock) -> None:
    sid = made(admin, THREE)
    control = f"search/jobs/{sid}/control"
    for action, key, value in [
        ("finalize", "isFinalized", True), ("save", "isSaved", True), ("unsave", "isSaved", False),
        ("enablepreview", "isPreviewEnabled", True), ("disablepreview", "isPreviewEnabled", False),
    ]:  # fmt: skip
        assert admin.post(control, action=action).status == 200
        assert admin.get(f"search/jobs/{sid}").content[key] is value
    assert admin.post(control, action="setttl", ttl=77).status == 200
    assert admin.post(control, action="setpriority", priority=9).status == 200
    content = admin.get(f"search/jobs/{sid}").content
    assert (content["ttl"], content["priority"]) == (77, 9)
    clock.now += 70
    assert admin.post(control, action="touch").status == 200
    assert admin.get(f"search/jobs/{sid}").content["ttl"] == 77
    assert admin.post(control, action="dance").status == 400
    assert admin.post(control).status == 400
    said = admin.request("POST", control, {"output_mode": "xml", "action": "cancel"})
    assert said.status == 200 and b"cancelled" in said.body
    assert admin.get(f"search/jobs/{sid}").status == 404


def test_a_paused_job_waits_and_a_cancelled_one_ends(daemon: Daemon, admin: Client) -> None:
    gate, jobs = threading.Event(), daemon.searching.jobs
    spec = jobs_module.SearchSpec("| makeresults", "admin")

    def hold(job: Job) -> None:
        assert gate.wait(PATIENCE)

    blocker = [jobs.start(spec, then=hold) for _ in range(jobs_module.WORKERS)]
    waiting = jobs.start(spec)
    try:
        assert admin.get(f"search/jobs/{waiting.sid}").content["dispatchState"] == "QUEUED"
        assert admin.get(f"search/jobs/{waiting.sid}/results").status == 204
        assert admin.post(f"search/jobs/{waiting.sid}/control", action="pause").status == 200
        assert admin.get(f"search/jobs/{waiting.sid}").content["dispatchState"] == "PAUSED"
        assert admin.get(f"search/jobs/{waiting.sid}/results_preview").json()["preview"] is True
    finally:
        gate.set()
    assert all(job.done.wait(PATIENCE) for job in blocker) and not waiting.done.is_set()
    assert admin.post(f"search/jobs/{waiting.sid}/control", action="unpause").status == 200
    assert waiting.done.wait(PATIENCE) and waiting.state == "DONE"
    cancelled = jobs.start(spec)
    jobs.remove(cancelled)
    assert cancelled.done.wait(PATIENCE) and jobs.get(cancelled.sid) is None


# --- keeping ------------------------------------------------------------------------------------------------------------


def kept(daemon: Daemon, wanted: list[Job]) -> list[bool]:
    return [daemon.searching.jobs.get(job.sid) is not None for job in wanted]


@pytest.fixture
def four(daemon: Daemon) -> list[Job]:
    """Four finished jobs, oldest first, each of 100 bytes; nothing else is there."""
    jobs = daemon.searching.jobs
    for job in jobs.all():
        job.saved = False
        jobs.remove(job)
    made = [jobs.start(jobs_module.SearchSpec("| makeresults", "admin")) for _ in range(4)]
    for job in made:
        assert job.done.wait(PATIENCE)
        job.size = 100
    return made


def test_results_beyond_the_bound_of_memory_go_oldest_first(
    daemon: Daemon, four: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_module, "MAX_BYTES", 250)
    daemon.searching.jobs.reap()
    assert kept(daemon, four) == [False, False, True, True]
    monkeypatch.setattr(jobs_module, "MAX_BYTES", 200)
    daemon.searching.jobs.reap()
    assert kept(daemon, four) == [False, False, True, True], "what just fits stays"
    monkeypatch.setattr(jobs_module, "MAX_BYTES", 1)
    daemon.searching.jobs.reap()
    assert kept(daemon, four) == [False, False, False, True], "the newest stays, however large"


def test_a_job_weighs_what_its_results_and_events_weigh(daemon: Daemon, admin: Client) -> None:
    small = daemon.searching.jobs.get(made(admin, "| makeresults"))
    large = daemon.searching.jobs.get(made(admin, "| makeresults count=10000"))
    assert small is not None and large is not None
    assert large.size > 50 * small.size > 0
    assert large.size >= large.table.frame.estimated_size()
    assert admin.get(f"search/jobs/{large.sid}").content["diskUsage"] == large.size


def test_too_many_jobs_go_oldest_first(daemon: Daemon, four: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "MAX_KEPT", 3)
    daemon.searching.jobs.reap()
    assert kept(daemon, four) == [False, True, True, True]


def test_what_is_over_goes_and_what_is_saved_stays(daemon: Daemon, four: list[Job], clock: Clock) -> None:
    four[0].saved = True
    four[1].ttl = 10_000
    clock.now += 600
    daemon.searching.jobs.reap()
    assert kept(daemon, four) == [True] * 4, "the last second counts"
    clock.now += 1
    daemon.searching.jobs.reap()
    assert kept(daemon, four) == [True, True, False, False]


# --- about searches -----------------------------------------------------------------------------------------------------


def test_the_parser(admin: Client) -> None:
    found = admin.get("search/v2/parser", q="search index=main error | eval a=1 | stats count by a").json()
    assert [c["command"] for c in found["commands"]] == ["search", "eval", "stats"]
    assert [c["isGenerating"] for c in found["commands"]] == [True, False, False]
    assert found["canSummarize"] is True and found["isStreamingSearch"] is False
    assert (found["eventsSearch"], found["reportsSearch"]) == ("search index=main error | eval a=1", "stats count by a")
    asked = admin.get(
        "search/parser", q="search a | sort 5 -n, num(m) | top limit=3 x by y | table x | inputlookup append=t l.csv"
    ).json()
    _, sort, top, table, lookup = asked["commands"]
    assert (sort["pipeline"], sort["preStreamingOp"]) == ("events", "presort 5 -auto(n) +num(m)")
    assert (top["args"]["limit"], top["args"]["fields"], top["args"]["groupby-fields"]) == (3, ["x"], ["y"])
    assert (top["streamType"], table["streamType"], lookup["streamType"]) == (
        "SP_STREAMREPORT",
        "SP_STREAM",
        "SP_REPORT",
    )
    chart = admin.get("search/parser", q="search a | timechart span=1h dc(u) AS users by h").json()["commands"][1][
        "args"
    ]
    assert chart == {
        "stat-specifiers": [{"function": "dc", "field": "u", "rename": "users"}], "xfield": "_time",
        "xfieldopts": ["span=1h"], "seriesfield": "h",
    }  # fmt: skip
    assert ElementTree.fromstring(admin.get("search/parser", q="makeresults", output_mode="xml").body).tag == "response"
    assert admin.get("search/parser", q="| nonsense").status == 400
    assert admin.get("search/parser").status == 400


def test_typeahead(admin: Client) -> None:
    admin.send("receivers/simple", "text", source="typed", sourcetype="typing")
    assert "stats" in [r["content"] for r in admin.get("search/typeahead", prefix="sta").json()["results"]]
    found = admin.get("search/typeahead", prefix="sourcetype=typ").json()["results"]
    assert [(r["content"], r["count"] >= 1) for r in found] == [('sourcetype="typing"', True)]
    assert 'index="main"' in [r["content"] for r in admin.get("search/typeahead", prefix="index=").json()["results"]]
    nothing = admin.get("search/typeahead", prefix="colour=")
    assert (nothing.status, nothing.body) == (204, b"")
    bare = admin.request("GET", "search/typeahead", {"prefix": "index=mai", "output_mode": "csv"})
    assert bare.text.startswith('content,count,operator\n"index=""main""",') and bare.text.endswith(",true\n")
    assert admin.get("search/typeahead", prefix="index=", output_mode="atom").status == 400
    document = ElementTree.fromstring(admin.get("search/typeahead", prefix="index=ma", output_mode="xml").body)
    assert document.findtext("result/field/value/text") == 'index="main"'


def test_the_time_parser(admin: Client, clock: Clock) -> None:
    assert admin.get("search/timeparser", time="0").json() == {"0": "1970-01-01T00:00:00+00:00"}
    for wrong in ({"time": ["now", "0"]}, {}, {"time": "-1x"}):
        refused = admin.get("search/timeparser", wrong)
        assert (refused.status, refused.json()["messages"]) == (400, [{"type": "FATAL", "text": "Invalid time."}])
    assert admin.get("search/timeparser", time="now", output_time_format="%s").json() == {"now": str(int(clock.now))}
    assert admin.get("search/timeparser", time="whenever").status == 400
    assert b"<s:key name=" in admin.get("search/timeparser", time="now", output_mode="xml").body


def failure(admin: Client, text: str) -> str:
    """What a search that fails while it runs says first."""
    message = admin.post("search/jobs", search=text, exec_mode="oneshot", output_mode="json").json()["messages"][0]
    assert message["type"] == "FATAL"
    return str(message["text"])


def test_searches_ask_the_server(admin: Client) -> None:
    found = search(admin, "| rest /services/apps/local count=0 | table title disabled eai:acl.sharing")
    assert {"search", "launcher"} <= {row["title"] for row in found} and found[0]["disabled"] == "0"
    assert failure(admin, "| rest /services/nowhere").startswith("Error in 'rest' command: ")
    sid = made(admin, THREE)
    assert [row["n"] for row in search(admin, f"| loadjob {sid}")] == ["1", "2", "3"]
    admin.post("saved/searches", name="loaded", search=THREE)
    assert "no finished run" in failure(admin, '| loadjob savedsearch="admin:search:loaded"')
    sid = admin.post("saved/searches/loaded/dispatch").json()["sid"]
    job = admin.daemon.searching.jobs.get(sid)
    assert job is not None and job.done.wait(PATIENCE)
    assert len(search(admin, '| loadjob savedsearch="admin:search:loaded"')) == 3


def test_a_search_of_internal_indexes_sees_what_was_just_logged(admin: Client) -> None:
    admin.get("server/info", mark="a_mark_of_ours")
    text = "search index=_internal sourcetype=splunkd_access | stats count"
    assert int(search(admin, text)[0]["count"]) > 0
    assert int(search(admin, "search index=_audit action=search | stats count")[0]["count"]) > 0


def test_rows_of_events_say_where_they_are_kept_and_other_rows_do_not(admin: Client) -> None:
    for text in ("one", "[01/Jan/2026 10:00:00] two"):
        admin.send("receivers/simple", text, source="s", sourcetype="t", host="h", index="main")
    for path in ("results", "events"):
        sid = made(admin, "search index=main sourcetype=t")
        rows = admin.get(f"search/jobs/{sid}/{path}").json()["results"]
        assert [row["_serial"] for row in rows] == ["0", "1"]
        for row in rows:
            server, index = row["_si"]
            bucket, _, _ = row["_cd"].partition(":")
            assert index == "main" and server == row["splunk_server"]
            assert row["_bkt"].startswith(f"main~{bucket}~") and row["_sourcetype"] == "t"
            assert row["linecount"] == str(row["_raw"].count("\n") + 1)
    second = admin.get(f"search/jobs/{sid}/results", offset=1, count=1).json()["results"]
    assert [row["_serial"] for row in second] == ["1"]
    for text in ("search index=main | stats count", "search index=main | table host _raw", "| makeresults"):
        (row, *_) = admin.get(f"search/jobs/{made(admin, text)}/results").json()["results"]
        assert not {"_bkt", "_si", "_serial", "splunk_server"} & set(row)
