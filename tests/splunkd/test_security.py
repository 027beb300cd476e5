"""Who may ask what, and what hostile packages, names and bodies can do: nothing."""

from __future__ import annotations

import contextlib
import gzip
import io
import socket
import ssl
import tarfile
import uuid
from functools import cache
from pathlib import Path

import pytest
import splunklib.client as client
import splunklib.results as results
from splunklib.binding import HTTPError

from caltrop.splunkd import endpoints
from caltrop.splunkd.app import MAX_BODY
from caltrop.splunkd.rest import collection
from caltrop.splunkd.server import Server
from caltrop.splunkd.state import memory

from .conftest import PASSWORD, Raw

endpoints.load()
OPEN = {path for path, route in collection.routes.items() if route.open}
PATHS = sorted((set(collection.routes) | set(collection.collections)) - OPEN)


@pytest.fixture(scope="module")
def user(server: Server, service: client.Service) -> Raw:
    """An ordinary user, who holds the role `user` and nothing else."""
    service.users.create("ordinary", "a password", roles=["user"])
    answer = Raw(server.port, {})(
        "POST", "/services/auth/login?output_mode=json", {"username": "ordinary", "password": "a password"}
    )
    return Raw(server.port, {"Authorization": f"Splunk {answer.json()['sessionKey']}"})


def test_only_the_login_is_open() -> None:
    assert {"auth/login"} == OPEN


@pytest.mark.parametrize("path", PATHS)
def test_nobody_gets_in_without_a_login(server: Server, path: str) -> None:
    """In process: the path of every registered endpoint, bare, below it, and in a namespace, with every method."""
    from caltrop.splunkd.wire.http import Request

    concrete = path.replace("*", "macros")
    for prefix in ("/services", "/servicesNS/nobody/search"):
        for tail in ("", "/", "/some%20name", "/some%20name/enable", "/_new"):
            for method in ("GET", "POST", "DELETE", "PUT", "HEAD"):
                for header in ({}, {"authorization": "Splunk forged"}, {"cookie": f"splunkd_{server.port}=forged"}):
                    request = Request(method, f"{prefix}/{concrete}{tail}", "name=x", header, b"name=x", server.port)
                    assert server.daemon.management.handle(request).status == 401


ADMIN_ONLY = [
    ("POST", "data/indexes", {"name": "forbidden"}),
    ("DELETE", "data/indexes/main", None),
    ("POST", "authentication/users", {"name": "n", "password": "p", "roles": "admin"}),
    ("POST", "authentication/users/admin", {"password": "p"}),
    ("POST", "authentication/users/ordinary", {"roles": "admin"}),
    ("DELETE", "authentication/users/admin", None),
    ("POST", "authorization/roles", {"name": "n"}),
    ("POST", "authorization/roles/user", {"capabilities": "admin_all_objects"}),
    ("POST", "authorization/tokens", {"name": "admin", "audience": "a"}),
    ("POST", "apps/local", {"name": "/etc", "filename": "1"}),
    ("POST", "apps/local", {"name": "an_app"}),
    ("POST", "apps/local/search/disable", None),
    ("POST", "apps/appinstall", {"name": "/etc"}),
    ("POST", "data/inputs/http", {"name": "t"}),
    ("POST", "data/inputs/monitor", {"name": "/etc"}),
    ("POST", "data/inputs/oneshot", {"name": "/etc/passwd"}),
    ("POST", "data/inputs/tcp/raw", {"name": "9999"}),
    ("POST", "data/inputs/script", {"name": "x", "interval": "1"}),
    ("POST", "storage/passwords", {"name": "n", "password": "p"}),
    ("POST", "server/control/restart", None),
    ("POST", "server/settings/settings", {"sessionTimeout": "9h"}),
    ("POST", "server/logger/AuditLogger", {"level": "CRIT"}),
    ("POST", "configs/conf-authorize", {"name": "role_x"}),
    ("POST", "configs/conf-authorize/role_user", {"admin_all_objects": "enabled"}),
    ("POST", "properties/authorize/role_user/admin_all_objects", {"value": "enabled"}),
    ("POST", "properties/inputs", {"__stanza": "x"}),
    ("POST", "admin/alert_actions", {"name": "x"}),
    ("POST", "data/outputs/tcp/syslog", {"name": "x"}),
]


@pytest.mark.parametrize(("method", "path", "body"), ADMIN_ONLY)
def test_an_ordinary_user_may_not(user: Raw, method: str, path: str, body: dict[str, str] | None) -> None:
    assert user(method, f"/services/{path}", body).status == 403
    assert user(method, f"/servicesNS/nobody/search/{path}", body).status == 403


def test_users_see_their_own_things_only(user: Raw, raw: Raw, service: client.Service) -> None:
    name = f"private-{uuid.uuid4().hex[:8]}"
    service.saved_searches.create(name, "search index=main")
    assert user("GET", f"/servicesNS/admin/search/saved/searches/{name}").status == 404
    assert user("POST", f"/servicesNS/admin/search/saved/searches/{name}", {"search": "x"}).status == 404
    assert user("POST", "/servicesNS/admin/search/saved/searches", {"name": "planted", "search": "x"}).status == 403
    job = service.jobs.create("| makeresults", exec_mode="blocking")
    for tail in ("", "/results"):
        assert user("GET", f"/services/search/jobs/{job.sid}{tail}").status == 404
    assert user("POST", f"/services/search/jobs/{job.sid}/control", {"action": "cancel"}).status == 404
    assert [e["name"] for e in user("GET", "/services/authentication/users?output_mode=json").json()["entry"]] == [
        "ordinary"
    ]
    own = user("POST", "/services/saved/searches", {"name": name, "search": "mine"})
    assert own.status == 201
    assert service.saved_searches[name]["search"] == "search index=main"
    assert user("DELETE", f"/services/saved/searches/{name}").status == 200
    service.saved_searches.delete(name)


def test_shared_objects_need_write_access_to_the_app(user: Raw, service: client.Service, raw: Raw) -> None:
    shared = "/servicesNS/nobody/search"
    for path, body in [
        ("saved/searches", {"name": "n", "search": "x"}),
        ("configs/conf-macros", {"name": "n", "definition": "x"}),
        ("saved/eventtypes", {"name": "n", "search": "x"}),
        ("storage/collections/config", {"name": "n"}),
        ("properties/macros/n", {"definition": "x"}),
        ("properties", {"__conf": "planted"}),
        ("saved/searches/Errors%20in%20the%20last%2024%20hours", {"search": "x"}),
        ("saved/searches/Errors%20in%20the%20last%2024%20hours/acl", {"sharing": "global", "owner": "ordinary"}),
    ]:
        assert user("POST", f"{shared}/{path}", body).status == 403, path
    assert user("POST", "/servicesNS/nobody/no_such_app/saved/searches", {"name": "n", "search": "x"}).status == 404
    service.post(f"{shared}/storage/collections/config", name="readable")
    data = f"{shared}/storage/collections/data/readable"
    assert raw("POST", data, "{}", Content_Type="application/json").status == 201
    assert user("GET", data).status == 200
    assert user("POST", f"{data}/batch_find", "[{}]", Content_Type="application/json").status == 200
    assert user("POST", data, "{}", Content_Type="application/json").status == 403
    assert user("DELETE", data).status == 403
    raw("DELETE", f"{shared}/storage/collections/config/readable")


def test_users_change_their_own_password(user: Raw, server: Server) -> None:
    wrong = user("POST", "/services/authentication/users/ordinary", {"password": "better word", "oldpassword": "nope"})
    assert wrong.status == 400
    right = user(
        "POST", "/services/authentication/users/ordinary", {"password": "a password", "oldpassword": "a password"}
    )
    assert right.status == 200
    assert client.connect(host="127.0.0.1", port=server.port, username="ordinary", password="a password")


# --- names --------------------------------------------------------------------------------------------------------------

HOSTILE = [
    "../../evil",
    "..",
    ".",
    "a/../../b",
    "/etc/passwd",
    "x\ny",
    "x\x00y",
    "a\\..\\b",
    "%2e%2e%2fevil",
    "x" * 5000,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_inside(raw: Raw, server: Server, name: str) -> None:
    """Whatever a name looks like, files appear only where they belong, and nothing answers with a failure of the server."""
    before = _files_outside(server)
    for path, more in [
        ("apps/local", {}),
        ("data/indexes", {}),
        ("saved/searches", {"search": "x"}),
        ("configs/conf-macros", {"definition": "x"}),
        ("properties", {"__conf": name}),
        ("authentication/users", {"password": "p", "roles": "user"}),
        ("authorization/roles", {}),
        ("storage/collections/config", {}),
        ("storage/passwords", {"password": "p"}),
        ("messages", {"value": "x"}),
        ("data/inputs/http", {}),
    ]:
        answer = raw("POST", f"/services/{path}", {"name": name, **more})
        assert answer.status < 500, (path, answer.text)
    for path in (
        f"configs/conf-{name}",
        f"properties/{name}",
        f"apps/local/{name}/package",
        f"storage/collections/data/{name}",
    ):
        from urllib.parse import quote

        assert raw("GET", f"/services/{quote(path, safe='/')}").status < 500
    assert _files_outside(server) == before


def _files_outside(server: Server) -> set[Path]:
    folder = server.daemon.state.data_dir
    known = {"etc", "var", "auth", "share"}
    return {p for p in folder.parent.rglob("*") if p.relative_to(folder.parent).parts[0] != folder.name} | {
        p for p in folder.iterdir() if p.name not in known
    }


@pytest.mark.parametrize("owner", ["../..", "..%2f..", ".."])
def test_hostile_namespaces(raw: Raw, owner: str) -> None:
    for prefix in (f"/servicesNS/{owner}/search", f"/servicesNS/admin/{owner}"):
        assert raw("GET", f"{prefix}/saved/searches").status < 500
        assert 400 <= raw("POST", f"{prefix}/saved/searches", {"name": "n", "search": "x"}).status < 500


# --- packages -----------------------------------------------------------------------------------------------------------


def package(path: Path, members: dict[str, bytes | str]) -> Path:
    """A tar archive; a text value makes a symbolic link to it."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return path


BAD_PACKAGES: list[dict[str, bytes | str]] = [
    {"../evil/default/app.conf": b""},
    {"/evil/default/app.conf": b""},
    {"app/default/../../../evil": b""},
    {"app/link": "/etc/passwd"},
    {"one/default/app.conf": b"", "two/default/app.conf": b""},
    {"..": b""},
    {},
]


@pytest.mark.parametrize("members", BAD_PACKAGES)
def test_hostile_packages(
    service: client.Service, server: Server, tmp_path: Path, members: dict[str, bytes | str]
) -> None:
    before = {p.name for p in (server.daemon.state.etc / "apps").iterdir()}
    with pytest.raises(HTTPError) as caught:
        service.post("apps/local", name=str(package(tmp_path / "p.tar.gz", members)), filename=True)
    assert caught.value.status == 400
    assert {p.name for p in (server.daemon.state.etc / "apps").iterdir()} == before


@pytest.mark.parametrize("name", ["relative.tgz", "/no/such/file.tgz", "/etc/passwd"])
def test_packages_that_are_none(service: client.Service, name: str) -> None:
    with pytest.raises(HTTPError) as caught:
        service.post("apps/local", name=name, filename=True)
    assert caught.value.status == 400


def test_tuned_macros_survive_a_new_package(service: client.Service, tmp_path: Path) -> None:
    name = f"app_{uuid.uuid4().hex[:8]}"

    def build(version: int) -> str:
        members: dict[str, bytes | str] = {
            f"{name}/default/app.conf": f"[launcher]\nversion = {version}\n".encode(),
            f"{name}/default/macros.conf": b"[some_filter]\ndefinition = search *\n",
            f"{name}/default/savedsearches.conf": f"[S]\nsearch = index=main | stats count as v{version} | `some_filter`\n".encode(),
            f"{name}/metadata/default.meta": b"[]\nexport = system\n",
        }
        return str(package(tmp_path / f"{version}.tgz", members))

    service.post("apps/local", name=build(1), filename="true", update="true")
    service.post(f"/servicesNS/nobody/{name}/configs/conf-macros/some_filter", definition="search NOT user=x")
    service.saved_searches["S"].post(cron_schedule="5 * * * *")
    service.post("apps/local", name=build(2), filename="true", update="true")
    assert service.apps[name]["version"] == "2"
    assert service.macros["some_filter"]["definition"] == "search NOT user=x"
    search = service.saved_searches["S"]
    assert "v2" in search["search"] and search["cron_schedule"] == "5 * * * *"
    service.apps.delete(name)
    service.delete("messages/restart_required")


# --- bodies -------------------------------------------------------------------------------------------------------------


def test_a_body_that_says_it_is_too_large(server: Server, service: client.Service) -> None:
    context = ssl._create_unverified_context()
    with socket.create_connection(("127.0.0.1", server.port)) as plain, context.wrap_socket(plain) as sock:
        sock.sendall(
            f"POST /services/messages HTTP/1.1\r\nHost: x\r\nAuthorization: {service.token}\r\nContent-Length: {MAX_BODY + 1}\r\n\r\n".encode()
        )
        answer = b""
        while part := sock.recv(4096):  # to the end: the rest of such a body must not be read as a request
            answer += part
    assert answer.startswith(b"HTTP/1.1 413") and b"connection: close" in answer.lower()


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [("gzip", b"not gzip", 400), ("br", b"{}", 415), ("identity", b"{", 400), ("GZIP", gzip.compress(b"{"), 400)],
    ids=["no gzip", "unknown encoding", "no JSON", "no JSON in gzip"],
)
def test_bodies_that_cannot_be_read(
    server: Server, service: client.Service, encoding: str, body: bytes, status: int
) -> None:
    server.create_hec_token("encodings", "11111111-0000-0000-0000-000000000000")
    collector = Raw(server.hec_port, {"Authorization": "Splunk 11111111-0000-0000-0000-000000000000"})
    answer = collector("POST", "/services/collector/event", body, Content_Encoding=encoding)
    assert (answer.status, answer.json()["code"]) == (status, 6)


def test_half_a_body_is_no_request(server: Server, service: client.Service) -> None:
    """What is acknowledged is stored, so a client sends it again; half of it must not be there before that."""
    server.create_hec_token("halves", "22222222-0000-0000-0000-000000000000")
    context = ssl._create_unverified_context()
    head = "POST /services/collector/event HTTP/1.1\r\nHost: x\r\nAuthorization: Splunk 22222222-0000-0000-0000-000000000000\r\n"
    whole = '{"event": "half", "sourcetype": "halves"}'
    for length, connected in ((len(whole) * 2, False), (len(whole), True)):
        with socket.create_connection(("127.0.0.1", server.hec_port)) as plain, context.wrap_socket(plain) as sock:
            sock.sendall(f"{head}Content-Length: {length}\r\n\r\n{whole}".encode())
            if connected:
                assert sock.recv(100).startswith(b"HTTP/1.1 200")
    found = service.jobs.oneshot("search index=main sourcetype=halves | stats count", output_mode="json")
    assert [row["count"] for row in results.JSONResultsReader(found) if isinstance(row, dict)] == ["1"]


@pytest.mark.parametrize(
    "data", [b"\x00\xff\x00", b"GET\r\n\r\n", b"POST /services/receivers/stream HTTP/1.1\r\n\r\nevents", b"P" * 70_000]
)
def test_broken_requests_do_no_harm(server: Server, service: client.Service, data: bytes) -> None:
    context = ssl._create_unverified_context()
    with socket.create_connection(("127.0.0.1", server.port)) as plain, context.wrap_socket(plain) as sock:
        sock.settimeout(5)
        with contextlib.suppress(OSError):  # the server may hang up before all of it is sent
            sock.sendall(data)
        if not data.startswith(b"PPP"):
            assert b" 40" in sock.recv(100)
    assert service.get("messages").status == 200


def test_too_many_fields(raw: Raw) -> None:
    assert raw("POST", "/services/messages", "&".join(f"a{n}=1" for n in range(20_000))).status == 400


# --- pieces -------------------------------------------------------------------------------------------------------------


def test_the_password_is_not_kept(server: Server) -> None:
    stored = (server.daemon.state.data_dir / "auth" / "accounts.json").read_text()
    assert PASSWORD not in stored
    for name in ("accounts.json", "server.key"):
        assert (server.daemon.state.data_dir / "auth" / name).stat().st_mode & 0o077 == 0


@cache
def _bomb() -> bytes:
    return gzip.compress(bytes(256 << 20), 1)


@pytest.mark.parametrize(
    ("path", "collector"),
    [("/services/search/jobs", False), ("/services/receivers/simple", False), ("/services/auth/login", False),
     ("/services/collector/event", True)],
)  # fmt: skip
@pytest.mark.parametrize("packed", [False, True], ids=["100 MB", "gzip that holds 256 MB"])
def test_a_body_of_nobody_costs_nothing(server: Server, path: str, collector: bool, packed: bool) -> None:
    """Who asks is found out before the body is kept or inflated: the memory that it takes, and the answer."""
    port = server.hec_port if collector else server.port
    piece = _bomb() if packed else bytes(1 << 20)
    size = len(piece) if packed else 100 << 20
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n{'Content-Encoding: gzip' if packed else 'X: y'}\r\n\r\n"
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    before, most = memory.taken(), 0
    with socket.create_connection(("127.0.0.1", port), timeout=60) as bare, context.wrap_socket(bare) as sender:
        sender.sendall(head.encode())
        with contextlib.suppress(OSError):  # it may be refused while it is sent
            for _ in range(size // len(piece)):
                sender.sendall(piece)
                most = max(most, memory.taken())
        answer = sender.recv(1000)
    assert answer.split(b" ")[1] in (b"401", b"413")
    assert most - before < 32 << 20
