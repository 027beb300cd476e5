"""The harness' side of the wire, against a running embedded server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from caltrop.replay.remote import Credentials, RemoteTarget
from caltrop.replay.target import Source, TargetError, wait_until
from caltrop.splunkd.inprocess import Wire
from caltrop.splunkd.server import Server
from caltrop.splunkd.wire.tls import certificate


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(web_port=0) as running:
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
    with pytest.raises(TargetError, match="refused the token"):
        RemoteTarget.connect(server.url, Credentials(token="wrong"))
    for wrong in ("ftp://somewhere", "https://", "https://host:x", "https://me:secret@host:8089"):
        with pytest.raises(TargetError, match="not a target URL"):
            RemoteTarget.connect(wrong, Credentials())
    with pytest.raises(TargetError, match="cannot reach"):
        RemoteTarget.connect("https://127.0.0.1:1", Credentials("admin", "x"))


@pytest.mark.parametrize(
    ("url", "said", "hint"),
    [
        ("http://127.0.0.1:{management}", "hung up", "https://"),
        ("https://127.0.0.1:{web}", "does not speak TLS", "http://"),
        ("https://127.0.0.1:{hec}", "no management port", "8089"),
    ],
)
def test_a_wrong_scheme_and_another_port_say_what_to_write(server: Server, url: str, said: str, hint: str) -> None:
    address = url.format(management=server.port, web=server.web_port, hec=server.hec_port)
    with pytest.raises(TargetError, match=said) as caught:
        RemoteTarget.connect(address, Credentials(server.username, server.password))
    assert hint in (caught.value.hint or "")


def test_an_address_without_a_scheme_is_https_also_for_the_collector(server: Server) -> None:
    found = RemoteTarget.connect(f"127.0.0.1:{server.port}", Credentials(server.username, server.password))
    assert found.url == server.url and found.hec_url() == server.hec_url


def test_certificates_are_checked_by_the_ones_given(server: Server, tmp_path: Path) -> None:
    credentials = Credentials(server.username, server.password)
    own = server.daemon.state.data_dir / "auth" / "server.pem"
    found = RemoteTarget.connect(server.url, credentials, ca=own)
    found.allow("main")
    assert found.send(Source("main", "ca-host", "s", "st"), [{"event": "x"}]) == 1, (
        "the collector is checked by them too"
    )
    with pytest.raises(TargetError, match="cannot be trusted") as caught:
        RemoteTarget.connect(server.url, credentials, verify=True)
    assert "--ca" in (caught.value.hint or "")
    other, _ = certificate(tmp_path)
    with pytest.raises(TargetError, match="cannot be trusted"):
        RemoteTarget.connect(server.url, credentials, ca=other)
    (tmp_path / "not.pem").write_text("no certificate")
    with pytest.raises(TargetError, match="holds no certificates"):
        RemoteTarget.connect(server.url, credentials, ca=tmp_path / "not.pem")


def test_a_given_collector_token_is_used_as_it_is(server: Server) -> None:
    server.create_hec_token("given", "11111111-2222-3333-4444-555555555555", index="main")
    credentials = Credentials(server.username, server.password)
    found = RemoteTarget.connect(server.url, credentials, hec_token="11111111-2222-3333-4444-555555555555")
    found.allow("main")
    assert found.send(Source("main", "given", "s", "st"), [{"event": "x"}]) == 1
    wrong = RemoteTarget.connect(server.url, credentials, hec_token="no")
    wrong.allow("main")
    with pytest.raises(TargetError, match=r"answered 40[13]"):
        wrong.send(Source("main", "given", "s", "st"), [{"event": "x"}])


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
