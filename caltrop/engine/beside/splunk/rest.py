"""Requests to splunkd: `simpleRequest` and what handlers of custom endpoints are made of."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from xml.etree import ElementTree

from . import (
    AuthenticationFailed,
    AuthorizationFailed,
    BadRequest,
    InternalServerError,
    LicenseRestriction,
    ResourceNotFound,
    RESTException,
    SplunkdConnectionException,
    getDefault,
)
from .clilib.cli_common import getMgmtUri

SPLUNKD_CONNECTION_TIMEOUT = 30
_HERE = ("127.0.0.1", "localhost", "::1")
_REFUSALS = {
    400: BadRequest,
    402: LicenseRestriction,
    403: AuthorizationFailed,
    404: ResourceNotFound,
    500: InternalServerError,
}


class Response(dict[str, str]):
    """The head of an answer: its fields in lower case and as attributes `status` (a number) and `reason`, as httplib2 gives it."""

    def __init__(self, status: int, reason: str, fields: Iterable[tuple[str, str]]) -> None:
        super().__init__({name.lower(): value for name, value in fields})
        self["status"] = str(status)
        self.status = status
        self.reason = reason
        self.messages: list[dict[str, str]] = []


def makeSplunkdUri() -> str:
    """`https://host:port/` of the server that started the script."""
    return getMgmtUri().rstrip("/") + "/"


def simpleRequest(
    path: str,
    sessionKey: str | None = None,
    getargs: Any = None,
    postargs: Any = None,
    method: str = "GET",
    raiseAllErrors: bool = False,
    proxyMode: bool = False,
    rawResult: bool = False,
    timeout: float | None = None,
    jsonargs: Any = None,
    token: bool = False,
) -> tuple[Response, bytes]:
    """The head of the answer and its body.

    `path` is a whole address, or begins with `/services` or `/servicesNS`, or is put below `/services/`. Arguments are mappings or pairs; `postargs`
    make a GET a POST, `jsonargs` (text or something for it) is sent as JSON. A 401 raises `AuthenticationFailed` unless
    `proxyMode` or `rawResult` is set; other refusals raise only where `raiseAllErrors` asks for it. No answer is
    `SplunkdConnectionException`.
    """
    address = _address(path)
    if getargs:
        address += ("&" if "?" in address else "?") + urlencode(_pairs(getargs))
    head: dict[str, str] = {}
    body: bytes | None = None
    key = sessionKey or getDefault("sessionKey")
    if key:
        head["Authorization"] = f"{'Bearer' if token else 'Splunk'} {key}"
    if jsonargs:
        body = (jsonargs if isinstance(jsonargs, str) else json.dumps(jsonargs)).encode()
        head["Content-Type"] = "application/json"
        method = "POST" if method == "GET" else method
    elif postargs is not None or method in ("POST", "PUT"):
        body = urlencode(_pairs(postargs or {})).encode() if not isinstance(postargs, str | bytes) else _bytes(postargs)
        head["Content-Type"] = "application/x-www-form-urlencoded"
        method = "POST" if method == "GET" else method
    request = urllib.request.Request(address, data=body, headers=head, method=method)
    response, content = _answer(request, timeout or SPLUNKD_CONNECTION_TIMEOUT)
    if rawResult or proxyMode:
        return response, content
    response.messages = _messages(content) if response.status >= 400 else []
    if response.status == 401:
        raise AuthenticationFailed(response.messages)
    if response.status >= 400 and raiseAllErrors:
        refusal = _REFUSALS.get(response.status)
        raise refusal(response.messages) if refusal else RESTException(response.status, response.messages)
    return response, content


def _address(path: str) -> str:
    if path.startswith(("http://", "https://")):
        return path
    path = path if path.startswith("/services") else f"/services/{path.lstrip('/')}"
    return makeSplunkdUri().rstrip("/") + quote(path, safe="/%?=&:+,;@~!$'()*")


def _pairs(arguments: Any) -> list[tuple[str, str]]:
    """Pairs of texts; a list of values is that many pairs, what is None is left out."""
    items = arguments.items() if isinstance(arguments, Mapping) else arguments
    found: list[tuple[str, str]] = []
    for name, value in items:
        values = value if isinstance(value, list | tuple) else [value]
        found += [(str(name), _text(each)) for each in values if each is not None]
    return found


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _answer(request: urllib.request.Request, timeout: float) -> tuple[Response, bytes]:
    context = ssl.create_default_context()
    if urlsplit(request.full_url).hostname in _HERE:  # the server's certificate is of its own making
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(request, timeout=timeout) as answer:
            return Response(answer.status, answer.reason, answer.headers.items()), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return Response(error.code, str(error.reason), error.headers.items()), error.read()
    except OSError as error:
        raise SplunkdConnectionException(f"Splunkd daemon is not responding: {error}") from error


def _messages(content: bytes) -> list[dict[str, str]]:
    """The messages of an error: its kind, code and text."""
    try:
        if content.lstrip().startswith(b"{"):
            return [
                {"type": str(m.get("type", "")).lower(), "code": str(m.get("code", "")), "text": str(m.get("text", ""))}
                for m in json.loads(content).get("messages", [])
            ]
        return [
            {"type": m.get("type", "").lower(), "code": m.get("code", ""), "text": (m.text or "").strip()}
            for m in ElementTree.fromstring(content).iter("msg")
        ]
    except (ValueError, AttributeError, ElementTree.ParseError):
        return []


class _Written:
    """What a handler answers."""

    def __init__(self) -> None:
        self.status = 200
        self.headers: dict[str, str] = {}
        self.parts: list[str] = []

    def setStatus(self, status: int) -> None:
        self.status = status

    def setHeader(self, name: str, value: str) -> None:
        self.headers[name] = value

    def write(self, text: Any) -> None:
        self.parts.append(_text(text))


class BaseRestHandler:
    """What a handler of `scripttype = python` is made of: `handle_GET` and the like, with `request`, `response`, `args`,
    `sessionKey`, `pathParts`."""

    def __init__(self, method: str, requestInfo: dict[str, Any], responseInfo: dict[str, Any], sessionKey: str) -> None:
        self.method = method
        self.request = requestInfo
        self.response = _Written()
        self.sessionKey = sessionKey
        self.args: dict[str, str] = dict(requestInfo.get("query", {}))
        self.pathParts: list[str] = [part for part in str(requestInfo.get("path", "")).split("/") if part]
        self.userName = str(requestInfo.get("userName", ""))
        self.responseInfo = responseInfo

    def writeJson(self, data: Any) -> None:
        self.response.setHeader("content-type", "application/json")
        self.response.write(json.dumps(data))
