"""Requests to the two services: JSON answers, patience where they ask for it, and no secret over a plain connection.

What is asked again: a GET whenever nothing or a passing fault came back; anything else only after 429 and 503, which say that
the request was not taken. How long until then is what `Retry-After` says, else twice as long each time.
"""

from __future__ import annotations

import http.client
import json
import secrets
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from caltrop import __version__
from caltrop.errors import CaltropError

TRIES = 5
FIRST_WAIT, LONGEST_WAIT = 2.0, 120.0  # seconds between tries
TIMEOUT = 120.0  # seconds for one answer; an upload of 128 MB is one
NOT_TAKEN = frozenset({429, 503})
PASSING = frozenset({429, 500, 502, 503, 504})
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class CloudError(CaltropError):
    """A service of Splunk Cloud refused, or could not be asked."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Status and body of an answer."""

    status: int
    body: bytes

    def json(self, what: str) -> dict[str, Any]:
        """The object that it is. Raises CloudError naming `what` was asked."""
        try:
            found = json.loads(self.body or b"{}")
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise CloudError(f"{what}: the answer is no JSON object: {self.body[:200].decode(errors='replace')!r}")
        return found

    @property
    def said(self) -> str:
        """What an error says: `code: message` of ACS, `message` or `msg` of the others, else the text."""
        try:
            found = json.loads(self.body)
        except ValueError:
            found = None
        if isinstance(found, dict):
            parts = [str(found[key]) for key in ("code", "message", "msg", "description") if found.get(key)]
            if parts:
                return ": ".join(parts)
        return self.body[:300].decode(errors="replace").strip()


@dataclass(slots=True)
class Wire:
    """Makes requests. `sleep` and `tell` are handed in by who runs it; `context` is how certificates are checked."""

    tell: Callable[[str], object] = lambda _: None
    sleep: Callable[[float], object] = time.sleep
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def get(self, url: str, headers: Mapping[str, str]) -> Reply:
        return self._asked("GET", url, headers, None)

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        return self._asked("POST", url, headers, body)

    def _asked(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Reply:
        wait, again = FIRST_WAIT, PASSING if method == "GET" else NOT_TAKEN
        for left in reversed(range(TRIES)):
            asked_for: float | None = None
            try:
                reply, asked_for = self._once(method, url, headers, body)
                if reply.status not in again or not left:
                    return reply
                why = f"{reply.status} {http.client.responses.get(reply.status, '')}".strip()
            except (OSError, http.client.HTTPException) as error:
                # A refused connection took nothing; one that broke later may have taken a POST.
                if not left or isinstance(error, ssl.SSLError) or not (method == "GET" or _never_sent(error)):
                    raise CloudError(f"cannot reach {_shown(url)}: {error}", hint=_hint(error)) from error
                why = str(error) or type(error).__name__
            pause = min(asked_for if asked_for is not None else wait, LONGEST_WAIT)
            self.tell(f"{_shown(url)}: {why}; asking again in {pause:.0f} s")
            self.sleep(pause)
            wait *= 2
        raise AssertionError("the last try returns or raises")

    def _once(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[Reply, float | None]:
        """The answer, and after how many seconds to come back where it says so."""
        parts = checked(url)
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            connection = http.client.HTTPSConnection(parts.netloc, timeout=TIMEOUT, context=self.context)
        else:
            connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request(
                method, target, body, {"User-Agent": f"caltrop/{__version__}", "Accept": "application/json", **headers}
            )
            answer = connection.getresponse()
            return Reply(answer.status, answer.read()), _seconds(answer.getheader("Retry-After"))
        finally:
            connection.close()


def checked(url: str) -> Any:
    """The parts of an address that secrets may be sent to: https, or a stand-in on this machine. Raises CloudError."""
    parts = urlsplit(url)
    try:
        right = bool(parts.hostname) and parts.port != 0
    except ValueError:
        right = False
    if not right or parts.scheme not in ("https", "http"):
        raise CloudError(f"not an address of a service: {url!r}", hint="write it like https://admin.splunk.com")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise CloudError(f"{_shown(url)} would get a token over a plain connection", hint="write https://")
    return parts


def form(fields: Mapping[str, str], files: Mapping[str, tuple[str, bytes]]) -> tuple[str, bytes]:
    """Content type and body of multipart/form-data: texts, and files by field as (name, content)."""
    boundary = secrets.token_hex(16)
    parts: list[bytes] = []
    for name, text in fields.items():
        parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode())
    for name, (file, content) in files.items():
        safe = file.replace("\\", "_").replace('"', "_").replace("\r", "_").replace("\n", "_")
        parts.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{safe}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n".encode()
        )
        parts.append(content + b"\r\n")
    parts.append(f"--{boundary}--\r\n".encode())
    return f"multipart/form-data; boundary={boundary}", b"".join(parts)


def _never_sent(error: Exception) -> bool:
    return isinstance(error, ConnectionRefusedError)


def _hint(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate is not one that this machine trusts: a proxy between?"
    return "is the network there, and the address right?"


def _seconds(header: str | None) -> float | None:
    """`Retry-After` as seconds; a date, which RFC 9110 allows too, leaves our own pace."""
    return float(header) if header is not None and header.strip().isdigit() else None


def _shown(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{parts.path}"
