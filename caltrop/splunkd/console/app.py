"""What listens on the web port. It knows no state of the server: whatever the console shows or changes is a request to the
management API in the name of the session's user, by the path that Splunk Web has for this (`/en-US/splunkd/__raw/…`).

The session is a cookie that scripts cannot read and no other site sends. What changes anything also carries a token in a header,
which a page gets from an answer that no other origin can read; a form of another page on this machine cannot set a header.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

from caltrop.splunkd.console import files
from caltrop.splunkd.wire.http import JSON, TEXT, ApiError, Application, NotFound, Request, Response, parse_args

ROOT = "/en-US"
RAW = f"{ROOT}/splunkd/__raw"
HTML = "text/html; charset=UTF-8"
FORM = "application/x-www-form-urlencoded"
SAFE = frozenset({"GET", "HEAD"})
MAX_FORM = 16 << 10  # bytes of a login
KEY_HEADER = "x-splunk-form-key"
MARK_HEADER = "x-requested-with"  # of the login, which has no session yet: a cross-origin form cannot set it
HEAD = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "SAMEORIGIN"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Server", "Splunkd"),
)
FRESH = ("Cache-Control", "no-store")
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"  # an answer of the API is never a page
FORWARDED = ("content-type", "accept", "host", "user-agent")


class PageRequest(Request):
    """A request to the web port: any path."""

    __slots__ = ()

    def __post_init__(self) -> None:
        self.segments = [part for part in self.target.split("/") if part]


class ConsoleApp:
    """`management` answers what the console asks, `management_port` is where it listens."""

    receives: type[Request] = PageRequest

    def __init__(self, management: Application, management_port: int) -> None:
        self._management = management
        self._management_port = management_port
        self._secret = secrets.token_bytes(32)  # form keys end with the process, as sessions do

    # -- the application -----------------------------------------------------------------------------------------------

    def admit(self, request: Request) -> int | Response:
        """A large body goes to the API alone, and to whom the API lets send it."""

        def ask() -> int | Response:
            if not request.target.startswith(f"{RAW}/"):
                raise ApiError(413, "The body is too large")
            return self._management.admit(self._inner(request))

        allowed = _guarded(ask)
        return _dressed(allowed) if isinstance(allowed, Response) else allowed

    def handle(self, request: Request) -> Response:
        answer = _guarded(lambda: self._answer(request))
        assert isinstance(answer, Response)
        return _dressed(answer)

    def refuse(self, error: ApiError) -> Response:
        return _dressed(_said(error))

    # -- paths ---------------------------------------------------------------------------------------------------------

    def _answer(self, request: Request) -> Response:
        target = request.target
        if target.startswith(f"{RAW}/"):
            return self._raw(request)
        if target == f"{ROOT}/account/login" and request.method == "POST":
            return self._login(request)
        if target == f"{ROOT}/account/logout" and request.method == "POST":
            return self._logout(request)
        if request.method not in SAFE:
            raise ApiError(405, "Method Not Allowed", headers=[("Allow", "GET, HEAD")])
        if target == f"{ROOT}/account/session":
            return self._session(request)
        if target.startswith(f"{ROOT}/static/console/"):
            return files.built(target.removeprefix(f"{ROOT}/static/console/"), request.headers)
        if target == ROOT or target.startswith(f"{ROOT}/"):
            return self._page()
        if target in {"", "/"} or target.startswith("/app/"):
            query = f"?{request.query}" if request.query else ""
            return Response(303, b"", TEXT, [("Location", f"{ROOT}{target}{query}"), FRESH])
        raise NotFound()

    def _page(self) -> Response:
        nonce = secrets.token_urlsafe(16)
        policy = (
            f"default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; "
            "font-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
        )
        return Response(200, files.page(nonce), HTML, [("Content-Security-Policy", policy), FRESH])

    # -- the session ---------------------------------------------------------------------------------------------------

    def _login(self, request: Request) -> Response:
        """The server's own login; its session key becomes the cookie."""
        if request.headers.get(MARK_HEADER, "").lower() != "xmlhttprequest":
            raise ApiError(403, "The login needs the header X-Requested-With: XMLHttpRequest")
        if len(request.body) > MAX_FORM:
            raise ApiError(413, "The body is too large")
        given = parse_args(request.body.decode("utf-8", "replace"))
        body = urlencode({name: given.get(name) for name in ("username", "password")}).encode()
        headers = {"content-type": FORM, "host": request.headers.get("host", "")}
        asked = Request("POST", "/services/auth/login", "output_mode=json", headers, body, self._management_port)
        answer = self._management.handle(asked)
        if answer.status != 200:
            return Response(answer.status, answer.read(), JSON, [FRESH])
        key = str(json.loads(answer.read())["sessionKey"])
        response = self._told(request, key)
        response.headers.append(_cookie(request.port, key))
        return response

    def _session(self, request: Request) -> Response:
        """The session; 204 where there is none, which is no fault."""
        try:
            response = self._told(request, self._key(request))
        except ApiError:
            return Response(204, b"", TEXT, [FRESH])
        return response if response.status == 200 else Response(204, b"", TEXT, [_ended(request.port), FRESH])

    def _told(self, request: Request, key: str) -> Response:
        """Who the session's user is, as the API says it, and the token that changes need."""
        answer = self._ask(request, key, "/services/authentication/current-context")
        if answer.status != 200:
            return Response(answer.status, answer.read(), JSON, [FRESH])
        content = json.loads(answer.read())["entry"][0]["content"]
        told = {"user": content, "formKey": self._form_key(key), "management": self._management_port}
        return Response(200, json.dumps(told).encode(), JSON, [FRESH])

    def _logout(self, request: Request) -> Response:
        key = self._changing(request)
        self._ask(request, key, f"/services/authentication/httpauth-tokens/{quote(key, safe='')}", "DELETE")
        return Response(204, b"", TEXT, [_ended(request.port), FRESH])

    def _ask(self, request: Request, key: str, path: str, method: str = "GET") -> Response:
        headers = {"authorization": f"Splunk {key}", "host": request.headers.get("host", "")}
        return self._management.handle(
            Request(method, path, "output_mode=json", headers, port=self._management_port, gone=request.gone)
        )

    def _key(self, request: Request) -> str:
        """The session key; 401 without one. The cookie is this port's: the management port does not take it."""
        name = _cookie_name(request.port)
        for part in request.headers.get("cookie", "").split(";"):
            found, _, value = part.strip().partition("=")
            if found == name and value:
                return value
        raise ApiError(401, "call not properly authenticated", "WARN")

    def _changing(self, request: Request) -> str:
        """The session key of a request that may change something; 403 without the session's form key."""
        key = self._key(request)
        if not hmac.compare_digest(request.headers.get(KEY_HEADER, "").encode(), self._form_key(key).encode()):
            raise ApiError(403, "The form key is missing or not this session's: load the page again")
        return key

    def _form_key(self, key: str) -> str:
        return hmac.new(self._secret, key.encode(), hashlib.sha256).hexdigest()

    # -- the way to the API --------------------------------------------------------------------------------------------

    def _inner(self, request: Request) -> Request:
        """What the API is asked: the same request by the session's user, without the cookie."""
        if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            raise ApiError(403, "Only the console's own pages may ask here")
        key = self._key(request) if request.method in SAFE else self._changing(request)
        headers = {name: request.headers[name] for name in FORWARDED if name in request.headers}
        headers["authorization"] = f"Splunk {key}"
        return Request(
            request.method, request.target.removeprefix(RAW), request.query, headers, request.body,
            self._management_port, gone=request.gone,
        )  # fmt: skip

    def _raw(self, request: Request) -> Response:
        response = self._management.handle(self._inner(request))
        response.headers = [(n, v) for n, v in response.headers if n.lower() not in _OWN]
        response.headers += [("Content-Security-Policy", DATA_POLICY), FRESH]
        return response


_OWN = frozenset({name.lower() for name, _ in HEAD} | {"set-cookie", "cache-control", "expires", "www-authenticate"})


def _cookie_name(port: int) -> str:
    return f"splunkweb_session_{port}"


def _cookie(port: int, key: str) -> tuple[str, str]:
    return "Set-Cookie", f"{_cookie_name(port)}={key}; Path={ROOT}; HttpOnly; SameSite=Strict"


def _ended(port: int) -> tuple[str, str]:
    return "Set-Cookie", f"{_cookie_name(port)}=; Path={ROOT}; HttpOnly; SameSite=Strict; Max-Age=0"


def _guarded(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except ApiError as error:
        return _said(error)


def _said(error: ApiError) -> Response:
    told = [(error.kind, error.text), *error.more]
    body = json.dumps({"messages": [{"type": kind, "text": text} for kind, text in told]}).encode()
    return Response(error.status, body, JSON, [*error.headers, FRESH])


def _dressed(response: Response) -> Response:
    response.headers[:0] = HEAD
    return response
