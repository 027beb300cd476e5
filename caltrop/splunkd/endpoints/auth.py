"""Logging in and out: `auth/login`, `authentication/current-context`, session and bearer tokens."""

from __future__ import annotations

from collections.abc import Iterable

from caltrop.dialect.moments import time_bound
from caltrop.dialect.zones import TimeError
from caltrop.splunkd.access.authentication import session_cookie
from caltrop.splunkd.access.capabilities import needed
from caltrop.splunkd.endpoints.users import user_content
from caltrop.splunkd.rest.collection import Collection, register, route
from caltrop.splunkd.rest.wings import Wings
from caltrop.splunkd.wire.atom import Acl, Entry, render_fields, render_messages
from caltrop.splunkd.wire.http import XML, ApiError, Request, Response


@route("auth/login", "POST", "GET", open=True)
def login(wings: Wings, request: Request) -> Response:
    """A session key for a name and a password; with `cookie=1` also as a cookie."""
    name, password = request.args.get("username"), request.args.get("password")
    try:
        if request.method != "POST":
            raise ApiError(401, "Login failed", "WARN")
        if "username" not in request.args or "password" not in request.args:
            raise ApiError(400, "Login failed", "WARN")
        key = wings.state.accounts.login(name, password)
    except ApiError as error:
        wings.state.logs.audit(name or "-", "login attempt", info="failed")
        return render_messages([(error.kind, error.text), *error.more], as_json=request.json, status=error.status)
    wings.state.logs.audit(name, "login attempt", info="succeeded")
    if request.json:
        response = render_fields({"sessionKey": key, "message": "", "code": ""}, as_json=True)
    else:
        text = (
            f'<response>\n<sessionKey>{key}</sessionKey>\n<messages>\n<msg code=""></msg>\n</messages>\n</response>\n'
        )
        response = Response(200, text.encode(), XML)
    if request.args.flag("cookie"):
        response.headers.append(session_cookie(request.port, key))
    return response


@register
class CurrentContext(Collection):
    path = "authentication/current-context"
    title = "current-context"

    def entries(self, request: Request) -> Iterable[Entry]:
        user = self.state.accounts.find(request.account.name)
        assert user is not None, "who asks has an account"
        content = user_content(self.state, user) | {"username": user.name}
        yield Entry("context", self.path, content, Acl(app="", owner="system", read=("*",), write=("*",)))


@register
class SessionTokens(Collection):
    """The open sessions: one's own, or all for who may change users."""

    path = "authentication/httpauth-tokens"
    title = "httpauth-tokens"

    def entries(self, request: Request) -> Iterable[Entry]:
        everyone = self.state.permissions.is_admin(request.account)
        for key, name in self.state.accounts.sessions().items():
            if everyone or name == request.account.name:
                content = {"authString": key, "userName": name, "searchId": "", "timeAccessed": ""}
                yield Entry(key, self.path, content, Acl(owner=name), self.state.now())

    def delete(self, request: Request, entry: Entry) -> None:
        self.state.accounts.close_session(entry.name)


@register
class BearerTokens(Collection):
    path = "authorization/tokens"
    title = "tokens"

    def entries(self, request: Request) -> Iterable[Entry]:
        everyone = self.state.permissions.is_admin(request.account)
        for token in list(self.state.accounts.tokens.values()):
            if everyone or token.user == request.account.name:
                content = {
                    "claims": {
                        "sub": token.user,
                        "aud": token.audience,
                        "exp": int(token.expires),
                        "iat": int(token.created),
                    },
                    "status": "enabled" if token.enabled else "disabled",
                }
                yield Entry(token.id, self.path, content, Acl(owner=token.user), token.created)

    def create(self, request: Request, name: str) -> Entry:
        """`name` is the user the token speaks for, `audience` its purpose; `expires_on` is epoch seconds or `+<n>d`."""
        user = self.state.accounts.users.get(name)
        if user is None:
            raise ApiError(400, f"User {name!r} does not exist")
        if name != request.account.name:
            self.state.permissions.require(request.account, *needed("authorization/tokens?name", "POST"))
        expires = _expiry(request.args.get("expires_on"), self.state.now())
        token, secret = self.state.accounts.create_token(name, request.args.required("audience"), expires)
        return Entry(token.id, self.path, {"id": token.id, "token": secret}, Acl(owner=name), token.created)

    def delete(self, request: Request, entry: Entry) -> None:
        self.state.accounts.remove_token(entry.name)


def _expiry(text: str, now: float) -> float:
    if not text or text == "never":
        return 0.0
    try:
        return time_bound(text, now)
    except TimeError as error:
        raise ApiError(400, f"Cannot read expires_on={text!r}") from error
