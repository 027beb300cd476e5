"""Logging in, the server about itself, indexes and roles, as the SDK and as bare HTTP see them."""

from __future__ import annotations

import base64
import uuid

import pytest
import splunklib.client as client
from splunklib.binding import AuthenticationError, HTTPError

from caltrop.errors import CaltropError
from caltrop.splunkd.server import Server
from tests.patience import until

from .conftest import PASSWORD, Raw


def test_login_gives_a_session_key_and_one_cookie(server: Server) -> None:
    service = client.connect(host="127.0.0.1", port=server.port, username="admin", password=PASSWORD)
    assert list(service.get_cookies()) == [f"splunkd_{server.port}"]
    assert service.info["licenseState"] == "OK"


@pytest.mark.parametrize("password", ["wrong", "", "correct horse "])
def test_wrong_password(server: Server, password: str) -> None:
    with pytest.raises((AuthenticationError, HTTPError)) as caught:
        client.connect(host="127.0.0.1", port=server.port, username="admin", password=password or None)
    assert caught.value.status == 401


def test_every_way_to_authenticate(server: Server, raw: Raw) -> None:
    key = raw.headers["Authorization"].split()[1]
    basic = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
    token = raw("POST", "/services/authorization/tokens?output_mode=json", {"name": "admin", "audience": "tests"})
    secret = token.json()["entry"][0]["content"]["token"]
    plain = Raw(server.port, {})
    for header in (f"Splunk {key}", f"Bearer {key}", f"Basic {basic}", f"Bearer {secret}"):
        assert plain("GET", "/services/apps/local", Authorization=header).status == 200, header
    answer = plain("GET", "/services/apps/local", Cookie=f"other=1; splunkd_8089={key}")
    assert answer.status == 200
    assert answer.headers["set-cookie"].startswith(f"splunkd_{server.port}={key};")
    for header in ("Splunk nonsense", "Bearer nonsense", "Basic nonsense", "Splunk ", "Negotiate x", ""):
        answer = plain("GET", "/services/apps/local", Authorization=header)
        assert answer.status == 401
        if header.startswith(("Splunk", "Bearer")):  # a key that nobody holds: asking again would not help
            assert '<msg type="WARN">call not properly authenticated</msg>' in answer.text
            assert "www-authenticate" not in answer.headers
        else:
            assert '<msg type="ERROR">Unauthorized</msg>' in answer.text
            assert answer.headers["www-authenticate"] == 'Basic realm="/splunk"'


def test_the_framing_that_splunklib_needs(raw: Raw) -> None:
    assert raw("GET", "/services/messages", Connection="Close").headers["connection"] == "close"


def test_errors_in_both_formats(raw: Raw) -> None:
    missing = raw("GET", "/services/data/indexes/no_such_index")
    assert (missing.status, missing.headers["content-type"]) == (404, "text/xml; charset=UTF-8")
    assert missing.text.count('<msg type="ERROR">') == 1
    as_json = raw("GET", "/services/data/indexes/no_such_index?output_mode=json")
    assert as_json.status == 404
    assert as_json.json()["messages"][0]["type"] == "ERROR"
    assert raw("GET", "/nowhere").status == 404
    assert raw("GET", "/services/nowhere").status == 404


@pytest.mark.parametrize(
    "path", ["/services/data/indexes", "/servicesNS/nobody/search/data/indexes/", "/servicesNS/-/-/data/indexes"]
)
def test_every_namespace_and_a_trailing_slash(raw: Raw, path: str) -> None:
    names = [e["name"] for e in raw("GET", f"{path}?output_mode=json&count=0").json()["entry"]]
    assert {"main", "risk", "notable", "_internal", "_audit"} <= set(names)


def test_indexes(service: client.Service) -> None:
    name = f"idx_{uuid.uuid4().hex[:8]}"
    index = service.indexes.create(name, maxTotalDataSizeMB=10)
    assert (index["disabled"], index["totalEventCount"], index["sync"]) == ("0", "0", "0")
    assert index["maxTotalDataSizeMB"] == "10"
    with pytest.raises(HTTPError) as caught:
        service.indexes.create(name)
    assert caught.value.status == 409
    assert b"already exists" in caught.value.body
    index.submit("one event", host="h", sourcetype="s")
    assert index.refresh()["totalEventCount"] == "1"
    index.disable()
    assert index.refresh()["disabled"] == "1"
    index.enable()
    index.clean(timeout=60)
    assert index.refresh()["totalEventCount"] == "0"
    service.indexes.delete(name)
    assert name not in service.indexes


@pytest.mark.parametrize("name", ["Upper", "a/b", "../x", "", "kvstore", "-x"])
def test_index_names_that_cannot_be(raw: Raw, name: str) -> None:
    assert raw("POST", "/services/data/indexes", {"name": name}).status == 400


def test_paging_sorting_filtering(raw: Raw) -> None:
    def names(query: str) -> list[str]:
        return [e["name"] for e in raw("GET", f"/services/data/indexes?output_mode=json&{query}").json()["entry"]]

    everything = names("count=-1&offset=0")
    assert everything == sorted(everything, key=str.lower)
    assert names("count=2&offset=1") == everything[1:3]
    assert names("count=0&sort_dir=desc") == everything[::-1]
    assert names("count=0&search=name%3Dris*") == ["risk"]
    assert names("count=0&search=isInternal%3D1+OR+name%3Dmain") == [
        n for n in everything if n.startswith("_") or n == "main"
    ]
    paging = raw("GET", "/services/data/indexes?output_mode=json&count=2").json()["paging"]
    assert paging == {"total": len(everything), "perPage": 2, "offset": 0}


def test_roles_and_capabilities(service: client.Service) -> None:
    assert "change_own_password" in service.capabilities
    name = f"role{uuid.uuid4().hex[:8]}"
    role = service.roles.create(name, imported_roles=["user", "power"], srchIndexesAllowed="a;b", srchJobsQuota=7)
    assert role["imported_roles"] == ["user", "power"]
    assert role["srchIndexesAllowed"] == ["a", "b"]
    assert role["srchJobsQuota"] == "7"
    role.grant("search")
    assert role.refresh()["capabilities"] == ["search"]
    role.revoke("search")
    assert role.refresh()["capabilities"] == []
    service.roles.delete(name)
    assert name not in service.roles


def test_users(service: client.Service, server: Server, raw: Raw) -> None:
    name = f"U{uuid.uuid4().hex[:8]}"
    user = service.users.create(name, "secret word", roles=["user"], realname="A User")
    assert (user.name, user["email"], user["roles"]) == (name.lower(), None, ["user"])
    other = client.connect(host="127.0.0.1", port=server.port, username=name, password="secret word")
    with pytest.raises(HTTPError) as caught:
        other.indexes.create("not_allowed")
    assert caught.value.status == 403
    assert raw("POST", "/services/authentication/users", {"name": "norole", "password": "x"}).status == 400
    service.users.delete(name)
    assert raw("DELETE", f"/services/authentication/users/{name.lower()}").status == 400
    assert raw("GET", f"/services/authentication/users/{name.lower()}").status == 404


def test_messages_and_restart(service: client.Service) -> None:
    service.messages.create("note", value="something to say")
    assert service.messages["note"].value == "something to say"
    service.messages.delete("note")
    service.settings.update(sessionTimeout="2h")
    assert service.settings["sessionTimeout"] == "2h"
    assert service.restart_required
    service.delete("messages/restart_required")
    assert not service.restart_required


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
def test_loopback_only(host: str, tmp_path: object) -> None:
    with pytest.raises(CaltropError, match="loopback"):
        Server(str(tmp_path), host=host)


@pytest.mark.parametrize("way", ["cookie", "token"])
def test_a_stream_of_events(service: client.Service, server: Server, way: str) -> None:
    """receivers/stream: no length, no chunks, no answer; the client writes and hangs up."""
    name = f"stream_{uuid.uuid4().hex[:8]}"
    service.indexes.create(name)
    if way == "token":
        sender = client.Service(host="127.0.0.1", port=server.port, token=service.token.removeprefix("Splunk "))
        assert not sender.has_cookies()
    else:
        sender = service
    index = sender.indexes[name]
    socket = index.attach(host="h", sourcetype="st")
    for n in range(300):
        socket.send(f"2024-01-01T00:00:00Z n={n} and".encode())
        socket.send(b" a second piece\r\n")
    socket.close()
    with index.attached_socket() as socket:
        socket.send(b"2024-01-01T00:00:01Z one more\r\n")
    until(lambda: index.refresh()["totalEventCount"] == "301", "all that was sent")
    job = service.jobs.create(f"search index={name} n=299", exec_mode="blocking")
    assert b"n=299 and a second piece" in job.results(output_mode="raw").read()
    service.indexes.delete(name)


def test_an_app_is_an_object_of_the_system(service: client.Service) -> None:
    access = service.apps.create("owned_app").access
    assert (access.app, access.owner, access.sharing, access.removable) == ("system", "nobody", "app", "0")
    assert (access.perms.read, access.perms.write) == (["*"], ["admin", "power"])
    service.apps.delete("owned_app")
    service.delete("messages/restart_required")
