"""Who a request is from: session cookie, session key, Basic password or bearer token."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from caltrop.splunkd.access.accounts import Accounts, User
from caltrop.splunkd.wire.http import ApiError, Request

CHALLENGE = ("WWW-Authenticate", 'Basic realm="/splunk"')


def session_cookie(port: int, key: str) -> tuple[str, str]:
    return ("Set-Cookie", f"splunkd_{port}={key}; Path=/; Secure; HttpOnly; Max-Age=3600; SameSite=Strict")


def session_cookies(headers: Mapping[str, str]) -> list[str]:
    """The values of session cookies; others may ride along."""
    found = []
    for part in headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name.startswith("splunkd_") and value:
            found.append(value.strip('"'))
    return found


def authenticate(accounts: Accounts, request: Request) -> tuple[User, str]:
    """The user behind a session cookie, session key, Basic password or bearer token, and the session key; else 401.

    A key or token that nobody holds is told apart from no credentials and a wrong password: those are asked for again.
    """
    for key in session_cookies(request.headers):
        user = accounts.session_user(key)
        if user is not None:
            return user, key
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    secret = secret.strip()
    user = None
    if scheme.lower() == "splunk" and secret:
        user = accounts.session_user(secret)
    elif scheme.lower() == "bearer" and secret:
        user = accounts.session_user(secret) or accounts.token_user(secret)
    elif scheme.lower() == "basic":
        name, password = basic_credentials(secret)
        user = accounts.check_password(name, password)
    if user is None:
        if scheme.lower() in {"splunk", "bearer"}:
            raise ApiError(401, "call not properly authenticated", "WARN")
        raise ApiError(401, "Unauthorized", "ERROR", [CHALLENGE])
    return user, secret if accounts.session_user(secret) else ""


def basic_credentials(secret: str) -> tuple[str, str]:
    """Name and password of a Basic header; empty ones where it cannot be read."""
    try:
        name, _, password = base64.b64decode(secret, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return "", ""
    return name, password
