"""The harness' side of the wire, against a running embedded server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from caltrop.replay.remote import Credentials, RemoteTarget
from caltrop.replay.target import Source, TargetError, wait_until
from caltrop.splunkd.inprocess import Wire
from caltrop.splunkd.server import Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture(params=["sockets", "in process"])
def target(server: Server, request: pytest.FixtureRequest) -> RemoteTarget:
    wire = Wire(server.daemon) if request.param == "in process" else None
    credentials = Credentials(server.username, server.password)
    found = RemoteTarget.connect(server.url, credentials, hec_url=server.hec_url, wire=wire)
    assert found.prompt == (wire is not None)
    return found


def test_a_wrong_password_and_a_wrong_address_say_so(server: Server) -> None:
    with pytest.raises(TargetError, match="refused the login of 'admin'"):
        RemoteTarget.connect(server.url, Credentials("admin", "wrong"), wire=Wire(server.daemon))
    with pytest.raises(TargetError, match="refused the login of 'admin'"):
        RemoteTarget.connect(server.url, Credentials("admin", "wrong"))
    with pytest.raises(TargetError, match="not a target URL"):
        RemoteTarget.connect("ftp://somewhere", Credentials())
    with pytest.raises(TargetError, match="cannot reach"):
        RemoteTarget.connect("https://127.0.0.1:1", Credentials("admin", "x"))


def test_the_collector_is_found_by_the_targets_own_settings(server: Server) -> None:
    found = RemoteTarget.connect(server.url, Credentials(server.username, server.password))
    assert found.hec_url() == server.hec_url


def test_the_token_learns_every_index_it_is_asked_for(target: RemoteTarget) -> None:
    host = f"prompt-{target.prompt}"
    for name in ("one", "two", "one"):
        target.ensure_index(name)
        target.allow(name)
        assert target.send(Source(name, host, "s", "st"), [{"event": f"to {name}", "time": 1}]) == 1
    marked = f'search (index=one OR index=two) source=s host="{host}" | stats count by index'
    rows = target.search(marked, earliest_time="0")
    assert rows == [{"index": "one", "count": "2"}, {"index": "two", "count": "1"}]


def test_what_a_prompt_target_acknowledged_is_searchable(server: Server) -> None:
    near = RemoteTarget.connect(
        server.url, Credentials(server.username, server.password), hec_url=server.hec_url, wire=Wire(server.daemon)
    )
    near.allow("main")
    near.send_raw(Source("main", "raw-host", "s", "st"), b"first line\nsecond line\n")
    assert near.search("search index=main host=raw-host | stats count", earliest_time="0") == [{"count": "2"}]


def test_sending_without_a_token_is_a_mistake_of_ours(target: RemoteTarget) -> None:
    with pytest.raises(TargetError, match="no HEC token yet"):
        target.send_raw(Source("main", "h", "s", "st"), b"x")


def test_an_index_that_does_not_exist_is_named_by_the_target(target: RemoteTarget) -> None:
    target.allow("main")
    with pytest.raises(TargetError, match="Incorrect index"):
        target.send(Source("nowhere", "h", "s", "st"), [{"event": "x"}])


def test_a_search_that_cannot_run_is_an_error(target: RemoteTarget) -> None:
    with pytest.raises(TargetError, match="stast"):
        target.search("search index=main | stast count")


def test_saved_searches_and_macros_that_are_not_there(target: RemoteTarget) -> None:
    with pytest.raises(TargetError, match="no saved search 'nope'"):
        target.saved_search("nope", "search")
    with pytest.raises(TargetError, match="no macro 'nope'"):
        target.macro("nope", "search")
    assert not target.has_app("nope") and target.has_app("search")


def test_waiting_in_vain_says_for_what() -> None:
    with pytest.raises(TargetError, match="in vain until the moon is blue"):
        wait_until(lambda: False, seconds=0.2, what="the moon is blue")
