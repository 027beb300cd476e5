"""The HTTP Event Collector on the wire."""

from __future__ import annotations

import base64
import gzip
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import splunklib.client as client
import splunklib.results as results

from caltrop.splunkd.server import Server

from .conftest import Answer, Raw


@dataclass
class Collector:
    server: Server
    service: client.Service
    index: str
    token: str

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        data = body if isinstance(body, (bytes, str)) else json.dumps(body)
        sent = {"Authorization": f"Splunk {self.token}"} | {k.replace("_", "-"): v for k, v in headers.items()}
        return Raw(self.server.hec_port, {})("POST", f"/services/collector{path}", data, **sent)

    def rows(self) -> list[dict[str, Any]]:
        stream = self.service.jobs.oneshot(f"search index={self.index}", output_mode="json")
        return [r for r in results.JSONResultsReader(stream) if isinstance(r, dict)]


@pytest.fixture
def collector(server: Server, service: client.Service) -> Iterator[Collector]:
    name = f"hec_{uuid.uuid4().hex[:8]}"
    service.indexes.create(name)
    service.post("data/inputs/http", name=name, index=name, indexes=f"{name},main")
    token = client.Entity(service, f"data/inputs/http/{name}")["token"]
    yield Collector(server, service, name, token)
    service.delete(f"data/inputs/http/{name}")
    service.indexes.delete(name)


def test_an_event(collector: Collector) -> None:
    event = {
        "time": 1700000000.5, "host": "h", "source": "s", "sourcetype": "st",
        "event": {"a": "é", "n": [1, {"x": None}]}, "fields": {"one": "1", "many": ["a", "b"], "num": 5},
    }  # fmt: skip
    answer = collector.post("/event", event)
    assert (answer.status, answer.json()) == (200, {"text": "Success", "code": 0})
    row = collector.rows()[0]
    assert row["_raw"] == '{"a":"é","n":[1,{"x":null}]}'
    assert row["_time"] == "2023-11-14T22:13:20.500+00:00"
    assert (row["host"], row["source"], row["sourcetype"]) == ("h", "s", "st")
    assert (row["one"], row["many"], row["num"]) == ("1", ["a", "b"], "5")


def test_stacked_events_arrays_and_content_types(collector: Collector) -> None:
    assert collector.post("", '{"event":"one"}{"event":"two"}\n{"event":"three"}').status == 200
    assert collector.post("/event/1.0", [{"event": "four"}, {"event": "five"}]).status == 200
    body = gzip.compress(b'{"event":"six"}')
    assert (
        collector.post("", body, Content_Encoding="gzip", Content_Type="application/x-www-form-urlencoded").status
        == 200
    )
    assert sorted(r["_raw"] for r in collector.rows()) == ["five", "four", "one", "six", "three", "two"]


def test_raw_is_broken_into_events(collector: Collector) -> None:
    body = "2024-01-01T00:00:00Z first\n2024-01-02T00:00:00Z second\n  its second line\n2024-01-03T00:00:00Z third\n"
    channel = str(uuid.uuid4())
    answer = collector.post("/raw?source=x&sourcetype=y&host=z", body, X_Splunk_Request_Channel=channel)
    assert answer.json() == {"text": "Success", "code": 0}
    rows = collector.rows()
    assert [r["_raw"] for r in rows] == [
        "2024-01-03T00:00:00Z third", "2024-01-02T00:00:00Z second\n  its second line", "2024-01-01T00:00:00Z first",
    ]  # fmt: skip
    assert {(r["host"], r["source"], r["sourcetype"]) for r in rows} == {("z", "x", "y")}
    assert rows[0]["_time"] == "2024-01-03T00:00:00.000+00:00"


def test_acknowledgement(collector: Collector, service: client.Service) -> None:
    service.post(f"data/inputs/http/{collector.index}", useACK="true")
    channel = {"X_Splunk_Request_Channel": str(uuid.uuid4())}
    assert collector.post("", {"event": "x"}).json()["code"] == 10
    assert [collector.post("", {"event": "x"}, **channel).json()["ackId"] for _ in range(2)] == [0, 1]
    assert collector.post("/ack", {"acks": [0, 1, 7]}, **channel).json() == {"acks": {"0": True, "1": True, "7": False}}
    other = {"X_Splunk_Request_Channel": str(uuid.uuid4())}
    assert collector.post("", {"event": "x"}, **other).json()["ackId"] == 0
    assert collector.post("/ack", "nonsense", **other).json()["code"] == 6


REFUSED = [
    ({"event": "x", "index": "no_such"}, 400, 7),
    ({"event": "x", "index": "risk"}, 400, 7),  # exists, but is not the token's
    ({"event": ""}, 400, 13),
    ({"event": None}, 400, 13),
    ({"no_event": 1}, 400, 12),
    ("not json", 400, 6),
    ('{"event":"x"', 400, 6),
    ({"event": "x", "index": "default"}, 400, 7),  # held against the list like any name
    ({"event": "x", "time": "yesterday"}, 400, 15),
    ({"event": "x", "fields": {"a": {"nested": 1}}}, 400, 15),
    ({"event": "x", "fields": "flat"}, 400, 15),
    ("", 400, 5),
    ("[" * 100_000, 400, 6),
]


@pytest.mark.parametrize(("body", "status", "code"), REFUSED)
def test_what_is_refused(collector: Collector, body: Any, status: int, code: int) -> None:
    answer = collector.post("/event", body)
    assert (answer.status, answer.json()["code"]) == (status, code)
    assert collector.rows() == []


def test_the_number_of_the_bad_event(collector: Collector) -> None:
    answer = collector.post("", '{"event":"good"}{"event":"x","index":"no_such"}')
    assert answer.json() == {"text": "Incorrect index", "code": 7, "invalid-event-number": 2}
    assert collector.rows() == []
    assert collector.post("", '{"event":""}{not json').json()["invalid-event-number"] == 0
    assert collector.post("/raw?index=no_such", "x").json() == {
        "text": "Incorrect index", "code": 7, "invalid-event-number": 1,
    }  # fmt: skip


def test_raw_wants_a_channel_of_tokens_that_acknowledge_only(collector: Collector, service: client.Service) -> None:
    assert collector.post("/raw", "one").json() == {"text": "Success", "code": 0}
    assert collector.post("/raw?channel=a%20b", "two").json()["code"] == 11
    service.post(f"data/inputs/http/{collector.index}", useACK="true")
    assert collector.post("/raw", "three").json()["code"] == 10
    assert [row["_raw"] for row in collector.rows()] == ["one"]


def test_raw_at_a_time_in_milliseconds(collector: Collector) -> None:
    assert collector.post("/raw?time=1700000000500", "one").status == 200
    assert collector.post("/raw?time=noon", "two").json()["code"] == 15
    assert [row["_time"] for row in collector.rows()] == ["2023-11-14T22:13:20.500+00:00"]


def test_a_token_without_a_list_takes_any_index_and_the_log_tells_what_was_dropped(
    collector: Collector, service: client.Service
) -> None:
    service.post(f"data/inputs/http/{collector.index}", indexes="")
    missing = f"none_{collector.index}"
    body = json.dumps({"event": "lost", "index": missing}) + json.dumps({"event": "kept"})
    assert collector.post("", body).json() == {"text": "Success", "code": 0}
    assert collector.post(f"/raw?index={missing}", "lost too").json() == {"text": "Success", "code": 0}
    assert [row["_raw"] for row in collector.rows()] == ["kept"]
    stream = service.jobs.oneshot(f'search index=_internal "{missing}" dropped', output_mode="json")
    assert len([row for row in results.JSONResultsReader(stream) if isinstance(row, dict)]) == 2


def test_tokens(collector: Collector, service: client.Service) -> None:
    ask = Raw(collector.server.hec_port, {})
    path, body = "/services/collector/event", '{"event":"x"}'
    basic = base64.b64encode(f"x:{collector.token}".encode()).decode()
    assert ask("POST", path, body, Authorization=f"Basic {basic}").status == 200
    table = [
        (ask("POST", path, body), 401, 2),
        (ask("POST", path, body, Authorization="Splunk wrong"), 403, 4),
        (ask("POST", path, body, Authorization="Nonsense x"), 401, 3),
        (ask("POST", f"{path}?token={collector.token}", body), 400, 16),
    ]
    service.post(f"data/inputs/http/{collector.index}/disable")
    table.append((collector.post("", body), 403, 1))
    for answer, status, code in table:
        assert (answer.status, answer.json()["code"]) == (status, code)


def test_health_and_unknown_paths(collector: Collector) -> None:
    ask = Raw(collector.server.hec_port, {})
    assert ask("GET", "/services/collector/health").json() == {"text": "HEC is healthy", "code": 17}
    assert ask("GET", "/services/collector/health/1.0").status == 200
    assert ask("POST", "/services/collector/nowhere", "x").json()["code"] == 404
    assert ask("POST", "/else", "x").json()["code"] == 404
    refused = ask("GET", "/services/collector/event")
    assert (refused.status, refused.json()["code"], refused.headers["allow"]) == (405, 404, "POST")
    assert ask("POST", "/services/collector/health", "x").headers["allow"] == "GET"
