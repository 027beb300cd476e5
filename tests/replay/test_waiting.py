"""What the remote target waits for, and what it takes for a failure: with jobs and answers made up."""

from __future__ import annotations

import io
import json
import ssl
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from splunklib.binding import HTTPError

from caltrop.replay import remote
from caltrop.replay.remote import RemoteTarget
from caltrop.replay.target import TargetError

CONTEXT = ssl.create_default_context()
ROWS = [{"a": "1"}, {"a": ["2", "3"]}]


@pytest.fixture(autouse=True)
def in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "POLL_SECONDS", 0.0)


class Job:
    """A job that is accepted, then known, then done, after so many questions; and the target that is asked."""

    sid = "admin__search a/b"

    def __init__(self, *, ready: int = 0, done: int = 0, failed: object = False, messages: object = None) -> None:
        self.ready, self.done, self.failed, self.messages = ready, done, failed, messages
        self.cancelled = False

    def get(self, path: str, **arguments: object) -> SimpleNamespace:
        assert (path, arguments) == ("search/jobs/admin__search%20a%2Fb", {"output_mode": "json"})
        self.ready -= 1
        if self.ready >= 0:
            return SimpleNamespace(status=204, body=io.BytesIO())
        self.done -= 1
        content = {"isDone": self.done < 0, "isFailed": self.failed, "messages": self.messages}
        return SimpleNamespace(status=200, body=io.BytesIO(json.dumps({"entry": [{"content": content}]}).encode()))

    def results(self, **arguments: object) -> io.BytesIO:
        assert arguments == {"output_mode": "json", "count": 0}, "all rows, not the first hundred"
        notes = [{"type": "INFO", "text": "a note"}]
        return io.BytesIO(json.dumps({"preview": False, "messages": notes, "results": ROWS}).encode())

    def cancel(self) -> None:
        self.cancelled = True


def target(job: Job) -> RemoteTarget:
    return RemoteTarget(job, "https://h:8089", context=CONTEXT, hec_url="https://h:8088")


def said(kind: str, text: str) -> dict[str, str]:
    return {"type": kind, "text": text}


@pytest.mark.parametrize("job", [Job(), Job(ready=2), Job(done=2), Job(messages=[said("WARN", "slow")])])
def test_a_job_is_waited_for_and_all_its_rows_are_read(job: Job) -> None:
    assert target(job).finish(job, what="x") == ROWS
    assert job.ready < 0 and job.done < 0


@pytest.mark.parametrize(
    ("job", "message"),
    [
        (Job(failed="1"), "the search failed: x y"),
        (Job(messages=[said("ERROR", "no such lookup")]), "no such lookup"),
        (Job(messages=[said("error", "and more"), said("FATAL", "out of memory")]), "out of memory; and more"),
        (Job(failed=True, messages=[said("FATAL", "broken"), said("INFO", "")]), "broken"),
        (Job(messages={"info": ["at 1:2"], "error": ["late", ""], "fatal": ["by kind"]}), "by kind; late"),
    ],
)
def test_a_job_that_failed_or_says_so_is_an_error(job: Job, message: str) -> None:
    with pytest.raises(TargetError) as caught:
        target(job).finish(job, what="x y")
    assert str(caught.value) == message


def test_a_job_that_does_not_end_is_cancelled() -> None:
    job = Job(done=10**9)
    with pytest.raises(TargetError, match="not finished after 0 s: x"):
        target(job).finish(job, what="x", seconds=0.01)
    assert job.cancelled


@pytest.mark.parametrize(
    ("url", "setting", "expected"),
    [
        ("https://h:8089", {"port": 8288, "enableSSL": "1", "disabled": False}, "https://h:8288"),
        ("https://h:8089", {"port": "8088", "enableSSL": False}, "http://h:8088"),
        ("https://[::1]:8089", {"port": "8088"}, "https://[::1]:8088"),
        ("https://h:8089", {"disabled": "1"}, None),
    ],
)
def test_where_the_collector_is(url: str, setting: dict[str, object], expected: str | None) -> None:
    body = json.dumps({"entry": [{"content": setting}]}).encode()
    service = SimpleNamespace(get=lambda path, **_: SimpleNamespace(status=200, body=io.BytesIO(body)))
    asked = RemoteTarget(service, url, context=CONTEXT)
    if expected is None:
        with pytest.raises(TargetError, match="switched off") as caught:
            asked.hec_url()
        assert "Global Settings" in (caught.value.hint or "")
    else:
        assert asked.hec_url() == expected


class Roles(dict[str, SimpleNamespace]):
    """Roles that a user may see, with what their searches look into; no role may be changed."""

    def __init__(self, **indexes: list[str]) -> None:
        def refuse(**_: object) -> None:
            reply = {"status": 403, "reason": "Forbidden", "headers": [], "body": io.BytesIO(b"")}
            raise HTTPError(SimpleNamespace(**reply))

        for name, found in indexes.items():
            self[name] = SimpleNamespace(content={"srchIndexesDefault": found}, update=refuse)


@pytest.mark.parametrize(
    ("roles", "searched", "refused"),
    [
        (Roles(analyst=["main"]), True, True),
        (Roles(analyst=["main"]), False, False),
        (Roles(analyst=["ca*", "main"]), True, False),
        (Roles(another=["main"]), True, False),  # none of the user's may be seen: taken to be right
    ],
)
def test_whether_searches_look_into_an_index(roles: Roles, searched: bool, refused: bool) -> None:
    context = {"entry": [{"content": {"username": "ann", "roles": ["analyst"], "capabilities": []}}]}
    service = SimpleNamespace(
        roles=roles,
        indexes=SimpleNamespace(list=lambda **_: [SimpleNamespace(name="caltrop_test")]),
        get=lambda path, **_: SimpleNamespace(status=200, body=io.BytesIO(json.dumps(context).encode())),
    )
    asked = RemoteTarget(service, "https://h:8089", context=CONTEXT)
    if refused:
        with pytest.raises(TargetError, match="searches of 'ann' do not look into index 'caltrop_test'") as caught:
            asked.ensure_index("caltrop_test", searched=searched)
        assert "(analyst)" in (caught.value.hint or "")
    else:
        asked.ensure_index("caltrop_test", searched=searched)


class Collector(RemoteTarget):
    """A target whose collector gives these answers, one after the other."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        super().__init__(None, "https://h:8089", context=CONTEXT, hec_url="https://h:8088")
        self._token = "t"
        self.answers: Iterator[dict[str, Any]] = iter(answers)
        self.paths: list[str] = []

    def _hec_request(self, path: str, parameters: Mapping[str, str], body: bytes) -> dict[str, Any]:
        self.paths.append(path)
        return next(self.answers)


def test_data_is_sent_when_it_is_acknowledged() -> None:
    waits = Collector({"ackId": 7}, {"acks": {"7": False}}, {"acks": {"6": True}}, {"acks": {"7": True}})
    waits._collect("/services/collector/raw", {}, b"x")
    assert waits.paths == ["/services/collector/raw", *["/services/collector/ack"] * 3]
    Collector({"code": 0})._collect("/services/collector/raw", {}, b"x")  # a token without acknowledgement


def test_data_that_is_never_acknowledged_is_an_error() -> None:
    never = Collector(*[{"acks": {"7": False}}] * 1_000_000)
    with pytest.raises(TargetError, match="did not acknowledge the data within 0 s"):
        never._wait_acknowledged(7, seconds=0.01)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"messages":[{"type":"FATAL","text":"Unknown search command \'stast\'."},{"type":"INFO","text":"at 1:3"}]}', "Unknown search command 'stast'."),
        (b"<response><messages><msg type=\"FATAL\">Unknown search command</msg></messages></response>", "HTTP 400 Bad Request -- Unknown search command"),
        (b'{"messages":[]}', "HTTP 400 Bad Request"),
        (b"not XML, not JSON", "HTTP 400 Bad Request"),
    ],
)  # fmt: skip
def test_what_a_target_refuses_is_said_in_its_own_words(body: bytes, said: str) -> None:
    class Refuses:
        def create(self, spl: str, **arguments: object) -> object:
            raise HTTPError(SimpleNamespace(status=400, reason="Bad Request", headers=[], body=io.BytesIO(body)))

    asked = RemoteTarget(SimpleNamespace(jobs=Refuses()), "https://h:8089", context=CONTEXT)
    with pytest.raises(TargetError) as caught:
        asked.search("| stast")
    assert str(caught.value).startswith(f"https://h:8089: {said}")
