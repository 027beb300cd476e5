"""The event collector: tokens, events, raw text, channels and acknowledgements."""

from __future__ import annotations

import base64
import uuid
from typing import Any

import pytest

from caltrop.splunkd.inprocess import Answer, Client
from caltrop.splunkd.intake import collector as module

from .conftest import search

TOKENS = {
    "plain": {"token": "aaaa"},
    "acked": {"token": "bbbb", "useACK": "1", "index": "main"},
    "narrow": {"token": "cccc", "indexes": "main,summary", "index": "summary", "sourcetype": "own", "host": "theirs"},
    "off": {"token": "dddd", "disabled": "1"},
    "query": {"token": "eeee", "allowQueryStringAuth": "1"},
}


@pytest.fixture(scope="module", autouse=True)
def tokens(admin: Client) -> None:
    for name, settings in TOKENS.items():
        assert admin.post("data/inputs/http", {"name": name, **settings}).status == 201


@pytest.fixture
def bare(admin: Client) -> Client:
    return Client(admin.daemon)


def code(answer: Answer) -> tuple[int, int]:
    return answer.status, answer.json()["code"]


def test_an_event_and_where_it_goes(admin: Client, bare: Client) -> None:
    event = {
        "event": {"a": "é", "n": [1]}, "time": 1700000000.5, "host": "h", "source": "s1", "sourcetype": "st", "fields": {"one": "1"},
    }  # fmt: skip
    assert bare.collect("collector/event", event, token="aaaa").json() == {"text": "Success", "code": 0}
    (row,) = search(admin, "search index=main source=s1")
    assert (row["_raw"], row["host"], row["sourcetype"], row["one"]) == ('{"a":"é","n":[1]}', "h", "st", "1")
    assert bare.collect("collector", '{"event": "x"}{"event": "y"}', token="cccc").status == 200
    found = search(admin, "search index=summary source=http:narrow")
    assert {(r["_raw"], r["sourcetype"], r["host"]) for r in found} == {("x", "own", "theirs"), ("y", "own", "theirs")}


def test_raw_text(admin: Client, bare: Client) -> None:
    answer = bare.collect(
        "collector/raw", "one line\nanother", token="aaaa", source="rawly", sourcetype="lines", time="1700000001"
    )
    assert answer.status == 200
    assert len(search(admin, "search index=main source=rawly")) >= 1
    assert code(bare.collect("collector/raw/1.0", "\n\n", token="aaaa")) == (400, 5)


def test_raw_text_of_one_request_is_one_segment(admin: Client, bare: Client) -> None:
    lines = "".join(f"2023-11-14T22:13:2{n}Z n={n}\n" for n in range(5))
    before = {segment.id for segment in admin.daemon.state.store.segments(["main"])}
    assert bare.collect("collector/raw", lines, token="aaaa", source="one", index="main").status == 200
    added = [
        s for s in admin.daemon.state.store.segments(["main"]) if s.id not in before and "one" in s.frame["source"]
    ]
    assert len(added) == 1
    assert [row["n"] for row in search(admin, "search index=main source=one | table n")] == ["4", "3", "2", "1", "0"]


@pytest.mark.parametrize(
    ("token", "path", "body", "expected"),
    [
        ("", "collector/event", {"event": "x"}, (401, 2)),
        ("nonsense", "collector/event", {"event": "x"}, (403, 4)),
        ("dddd", "collector/event", {"event": "x"}, (403, 1)),
        ("aaaa", "collector/event", "", (400, 5)),
        ("aaaa", "collector/event", "{", (400, 6)),
        ("aaaa", "collector/event", {"time": 1}, (400, 12)),
        ("aaaa", "collector/event", {"event": ""}, (400, 13)),
        ("cccc", "collector/event", {"event": "x", "index": "_internal"}, (400, 7)),
        ("bbbb", "collector/event", {"event": "x"}, (400, 10)),
        ("aaaa", "collector/ack", {"acks": [0]}, (400, 14)),
        ("aaaa", "collector/nowhere", {"event": "x"}, (404, 404)),
        ("aaaa", "elsewhere", {"event": "x"}, (404, 404)),
    ],
)
def test_refusals(bare: Client, token: str, path: str, body: Any, expected: tuple[int, int]) -> None:
    assert code(bare.collect(path, body, token=token)) == expected


def test_how_a_token_may_come(bare: Client) -> None:
    assert code(bare.collect("collector", {"event": "x"}, token="")) == (401, 2)
    with_query = bare._ask(bare.daemon.collector, "POST", "collector", {"token": "eeee"}, b'{"event": "x"}', "", 0, {})
    assert with_query.status == 200
    not_allowed = bare._ask(bare.daemon.collector, "POST", "collector", {"token": "aaaa"}, b'{"event": "x"}', "", 0, {})
    assert code(not_allowed) == (400, 16)
    basic = base64.b64encode(b"x:aaaa").decode()
    assert bare.bearing(f"Basic {basic}").collect("collector", {"event": "x"}).status == 200
    assert code(bare.bearing("Digest aaaa").collect("collector", {"event": "x"})) == (401, 3)
    assert bare.collect("collector", {"event": "x"}, token="aaaa", method="GET").status == 405
    assert bare.collect("/elsewhere", {"event": "x"}, token="aaaa").status == 404


def test_health(bare: Client) -> None:
    assert code(bare.collect("collector/health", "", method="GET")) == (200, 17)
    assert bare.collect("collector/health", "").status == 405


def test_the_switch_for_all(admin: Client, bare: Client) -> None:
    assert admin.get("data/inputs/http/http").content["disabled"] is False
    assert admin.post("data/inputs/http/http/disable").status == 200
    assert code(bare.collect("collector", {"event": "x"}, token="aaaa")) == (403, 1)
    assert admin.post("data/inputs/http/http/enable").status == 200
    assert bare.collect("collector", {"event": "x"}, token="aaaa").status == 200


# --- acknowledgement ----------------------------------------------------------------------------------------------------


def named(channel: str) -> str:
    """A channel's GUID, made of a name."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, channel))


def sent(bare: Client, channel: str) -> int:
    answer = bare.collect("collector", {"event": "acked"}, token="bbbb", channel=named(channel))
    assert answer.status == 200
    number: int = answer.json()["ackId"]
    return number


def asked(bare: Client, channel: str, *numbers: int) -> dict[str, bool]:
    answer = bare.collect("collector/ack", {"acks": list(numbers)}, token="bbbb", channel=named(channel))
    assert answer.status == 200
    found: dict[str, bool] = answer.json()["acks"]
    return found


def test_an_acknowledgement_is_told_once(bare: Client) -> None:
    first, second = sent(bare, "once"), sent(bare, "once")
    assert (first, second) == (0, 1)
    assert asked(bare, "once", 0, 7) == {"0": True, "7": False}
    assert asked(bare, "once", 0) == {"0": False}, "it was told before"
    assert asked(bare, "once", 0, 1) == {"0": False, "1": True}


def test_channels_know_nothing_of_each_other(bare: Client) -> None:
    sent(bare, "left")
    assert asked(bare, "right", 0) == {"0": False}
    assert asked(bare, "left", 0) == {"0": True}


def test_channels_that_cannot_be(bare: Client) -> None:
    assert code(bare.collect("collector", {"event": "x"}, token="bbbb", channel="a b")) == (400, 11)
    for channel in ("abc", "x" * 129, named("c")[:-1], "{" + named("c") + "}", named("c").replace("-", "")):
        assert code(bare.collect("collector", {"event": "x"}, token="bbbb", channel=channel)) == (400, 11)
    assert code(bare.collect("collector", {"event": "x"}, token="bbbb", channel=named("c").upper())) == (200, 0)
    assert code(bare.collect("collector/ack", "no json", token="bbbb", channel=named("c"))) == (400, 6)


def test_what_is_remembered_is_bounded(bare: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ACKS", 2)
    for _ in range(3):
        sent(bare, "bounded")
    assert asked(bare, "bounded", 0, 1, 2) == {"0": False, "1": True, "2": True}
    monkeypatch.setattr(module, "MAX_CHANNELS", 1)
    sent(bare, "forgotten")
    sent(bare, "newer")
    assert asked(bare, "forgotten", 0) == {"0": False}


# --- tokens as objects --------------------------------------------------------------------------------------------------


def test_tokens_are_objects(admin: Client) -> None:
    found = admin.get("data/inputs/http/narrow").content
    assert found["indexes"] == ["main", "summary"] and found["token"] == "cccc"
    assert admin.get("data/inputs/http/http%3A%252F%252Fnarrow").names == ["http://narrow"]
    made = admin.post("data/inputs/http", name="generated").content
    assert len(made["token"]) == 36
    for arguments, status in [
        ({"name": "twin", "token": "aaaa"}, 409), ({"name": "blank", "token": " "}, 400), ({"name": "plain"}, 409),
        ({"name": "lost", "index": "nowhere"}, 400), ({"name": "lost", "indexes": "main,nowhere"}, 400),
        ({"name": "odd", "useACK": "perhaps"}, 400),
    ]:  # fmt: skip
        assert admin.post("data/inputs/http", arguments).status == status, arguments
    assert admin.delete("data/inputs/http/generated").status == 200
    assert admin.get("data/inputs/http/generated").status == 404


@pytest.mark.parametrize(("path", "number"), [("mint", 5), ("mint/1.0", 5), ("s2s", 6)])
def test_what_is_taken_elsewhere(bare: Client, path: str, number: int) -> None:
    assert code(bare.collect(f"collector/{path}", {"not": "it"}, token="aaaa")) == (400, number)
    assert bare.collect(f"collector/{path}", {"not": "it"}, token="none").status == 403
