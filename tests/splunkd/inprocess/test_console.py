"""The web port without a browser: who may ask what, and what every answer carries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import pytest

from caltrop.splunkd.console import files
from caltrop.splunkd.console.app import ConsoleApp, PageRequest
from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.wire.http import ApiError, Response

PASSWORD = "correct horse"
RAW = "/en-US/splunkd/__raw/services"
FORM = "application/x-www-form-urlencoded"
MARK = {"x-requested-with": "XMLHttpRequest"}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    made = Daemon(tmp_path_factory.mktemp("splunkd"), password=PASSWORD, addons=())
    made.state.accounts.set_user("reader", password="a reader's", roles=["user"])
    yield made
    made.stop()


@dataclass
class Browser:
    """Keeps the cookie and the form key of one session."""

    console: ConsoleApp
    cookie: str = ""
    key: str = ""
    sent: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, target: str, query: str = "", body: bytes = b"", **headers: str) -> Response:
        given = {"host": "127.0.0.1:8000", "content-type": FORM, **self.sent}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookie:
            given.setdefault("cookie", self.cookie)
        return self.console.handle(PageRequest(method, target, query, given, body, 8000))

    def login(self, name: str, password: str) -> Response:
        body = urlencode({"username": name, "password": password}).encode()
        answer = self.ask("POST", "/en-US/account/login", body=body, x_requested_with="XMLHttpRequest")
        if answer.status == 200:
            self.cookie = dict(answer.headers)["Set-Cookie"].partition(";")[0]
            self.key = json.loads(answer.read())["formKey"]
        return answer

    def post(self, path: str, **form: str) -> Response:
        return self.ask("POST", f"{RAW}/{path}", body=urlencode(form).encode(), x_splunk_form_key=self.key)


@pytest.fixture
def console(daemon: Daemon) -> ConsoleApp:
    return ConsoleApp(daemon.management, 8089)


@pytest.fixture
def admin(console: ConsoleApp) -> Browser:
    browser = Browser(console)
    assert browser.login("admin", PASSWORD).status == 200
    return browser


def test_the_session_is_a_cookie_that_scripts_cannot_read_and_no_other_site_sends(console: ConsoleApp) -> None:
    answer = Browser(console).login("admin", PASSWORD)
    cookie = dict(answer.headers)["Set-Cookie"]
    assert cookie.startswith("splunkweb_session_8000=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/en-US"} <= set(cookie.split("; "))
    told = json.loads(answer.read())
    assert told["user"]["username"] == "admin"
    assert cookie.partition("=")[2].partition(";")[0] not in json.dumps(told), "the key itself is told to no script"


def test_a_wrong_password_opens_nothing(console: ConsoleApp) -> None:
    browser = Browser(console)
    answer = browser.login("admin", "wrong")
    assert answer.status == 401 and "Set-Cookie" not in dict(answer.headers)
    assert browser.ask("GET", f"{RAW}/apps/local").status == 401
    assert browser.ask("GET", "/en-US/account/session").status == 204, "nobody is signed in"
    browser.cookie = "splunkweb_session_8000=nobody-s"
    assert browser.ask("GET", "/en-US/account/session").status == 204


def test_a_form_of_another_page_cannot_log_in(console: ConsoleApp) -> None:
    body = urlencode({"username": "admin", "password": PASSWORD}).encode()
    assert Browser(console).ask("POST", "/en-US/account/login", body=body).status == 403


def test_reading_needs_the_cookie_and_changing_the_form_key_too(admin: Browser) -> None:
    assert admin.ask("GET", f"{RAW}/server/info").status == 200
    changed = urlencode({"name": "mine", "definition": "index=main"}).encode()
    path = "/en-US/splunkd/__raw/servicesNS/nobody/search/admin/macros"
    for method, target in (("POST", path), ("DELETE", f"{path}/mine"), ("PUT", path)):
        assert admin.ask(method, target, body=changed).status == 403
        assert admin.ask(method, target, body=changed, x_splunk_form_key="0" * 64).status == 403
    assert admin.ask("GET", f"{path}/mine").status == 404, "nothing was changed"
    assert admin.ask("POST", path, body=changed, x_splunk_form_key=admin.key).status == 201


def test_a_form_key_is_of_one_session(console: ConsoleApp, admin: Browser) -> None:
    other = Browser(console)
    other.login("reader", "a reader's")
    assert other.key != admin.key
    other.key = admin.key
    assert other.post("messages", name="x", value="y").status == 403


@pytest.mark.parametrize(
    ("site", "status"), [("same-origin", 200), ("none", 200), ("same-site", 403), ("cross-site", 403)]
)
def test_other_pages_do_not_ask_here(admin: Browser, site: str, status: int) -> None:
    assert admin.ask("GET", f"{RAW}/server/info", sec_fetch_site=site).status == status


def test_rights_are_those_of_the_user(console: ConsoleApp) -> None:
    reader = Browser(console)
    reader.login("reader", "a reader's")
    assert reader.ask("GET", f"{RAW}/data/indexes").status == 200
    assert reader.post("data/indexes", name="mine").status == 403
    assert reader.post("authentication/users", name="x", password="yyyyyyyy", roles="admin").status == 403


def test_headers_of_a_request_name_nobody_else(console: ConsoleApp) -> None:
    """Neither another's credentials nor the management port's cookie are passed on."""
    browser = Browser(console)
    assert browser.ask("GET", f"{RAW}/server/info", authorization="Basic YWRtaW46Y29ycmVjdCBob3JzZQ==").status == 401
    assert browser.ask("GET", f"{RAW}/server/info", cookie="splunkd_8089=whatever").status == 401


def test_the_console_s_cookie_is_none_of_the_management_port(daemon: Daemon, admin: Browser) -> None:
    from caltrop.splunkd.wire.http import Request

    asked = Request("GET", "/services/server/info", "", {"cookie": admin.cookie}, port=8089)
    assert daemon.management.handle(asked).status == 401


def test_answers_of_the_api_are_no_pages_and_set_no_cookie(admin: Browser) -> None:
    head = dict(admin.ask("GET", f"{RAW}/server/info").headers)
    assert head["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    assert head["X-Content-Type-Options"] == "nosniff" and head["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in head


def test_signing_out_ends_the_session_of_the_server(admin: Browser) -> None:
    assert admin.ask("POST", "/en-US/account/logout").status == 403
    answer = admin.ask("POST", "/en-US/account/logout", x_splunk_form_key=admin.key)
    assert answer.status == 204 and "Max-Age=0" in dict(answer.headers)["Set-Cookie"]
    assert admin.ask("GET", f"{RAW}/server/info").status == 401


def test_the_page_runs_no_script_but_the_built_one(admin: Browser) -> None:
    first, second = admin.ask("GET", "/en-US/"), admin.ask("GET", "/en-US/app/search/search")
    policy = dict(first.headers)["Content-Security-Policy"]
    assert "script-src 'self';" in policy and "default-src 'none'" in policy and "unsafe" not in policy
    nonce = policy.partition("'nonce-")[2].partition("'")[0]
    assert len(nonce) > 20 and f'content="{nonce}"'.encode() in first.read()
    assert policy != dict(second.headers)["Content-Security-Policy"], "a nonce is used once"
    assert b"<script>" not in first.read() and b"style=" not in first.read()


def test_built_files_are_kept_and_compressed_and_nothing_else_is_served(admin: Browser) -> None:
    (script,) = [path.name for path in files.FOLDER.glob("index-*.js")]
    plain = admin.ask("GET", f"/en-US/static/console/{script}")
    packed = admin.ask("GET", f"/en-US/static/console/{script}", accept_encoding="br, gzip;q=0.8")
    assert plain.read() == (files.FOLDER / script).read_bytes()
    assert len(packed.read()) < len(plain.read()) / 2 and dict(packed.headers)["Content-Encoding"] == "gzip"
    assert "immutable" in dict(plain.headers)["Cache-Control"]
    for name in ("index.html", "nothing.js", "..%2F..%2Fapp.py", "%2e%2e/app.py", "../app.py", ""):
        assert admin.ask("GET", f"/en-US/static/console/{name}").status == 404


def test_the_first_load_is_small() -> None:
    """Under 350 kB compressed: the page and whatever it names; what is loaded later is not counted."""
    page = (files.FOLDER / "index.html").read_text()
    named = [path for path in files.FOLDER.iterdir() if path.name in page]
    assert len(named) >= 2
    assert sum(len(files._read(path.name)[1] or path.read_bytes()) for path in named) < 350_000
    assert all(path.stat().st_size < 1 << 20 for path in files.FOLDER.iterdir())


def test_nothing_is_loaded_from_elsewhere() -> None:
    for path in files.FOLDER.glob("*.html"):
        assert "http" not in path.read_text()
    for path in files.FOLDER.glob("*.css"):
        assert "url(" not in path.read_text() and "@import" not in path.read_text()


@pytest.mark.parametrize(
    ("target", "to"), [("/", "/en-US/"), ("/app/search/search", "/en-US/app/search/search"), ("/en-US/app/a/b", "")]
)
def test_addresses_without_a_locale_lead_to_one_with(admin: Browser, target: str, to: str) -> None:
    answer = admin.ask("GET", target)
    assert (answer.status, dict(answer.headers).get("Location", "")) == ((303, to) if to else (200, ""))


def test_large_bodies_are_the_api_s_to_allow(console: ConsoleApp, admin: Browser, tmp_path: Path) -> None:
    def admitted(target: str, **headers: str) -> int | Response:
        given = {"cookie": admin.cookie, "x-splunk-form-key": admin.key}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        return console.admit(PageRequest("POST", target, "", given, port=8000))

    assert admitted(f"{RAW}/receivers/simple") == 256 << 20
    for refused in (
        admitted("/en-US/account/login"),
        admitted(f"{RAW}/receivers/simple", cookie=""),
        admitted(f"{RAW}/receivers/simple", x_splunk_form_key=""),
    ):
        assert isinstance(refused, Response) and refused.status in {401, 403, 413}
    assert console.refuse(ApiError(413, "too large")).status == 413


def test_other_paths_and_methods_are_refused(admin: Browser) -> None:
    assert admin.ask("GET", "/services/server/info").status == 404
    assert admin.ask("GET", f"{RAW}x/server/info").status == 404
    assert admin.ask("POST", "/en-US/").status == 405
    assert admin.ask("GET", "/en-US/splunkd/__raw/elsewhere").status == 404
