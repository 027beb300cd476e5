"""Requests that go to a server's applications without sockets: what tests, tools and pages of documentation speak with.

daemon = Daemon(folder, password="…")
admin = Client(daemon).login("admin", "…")
admin.post("search/jobs", search="| makeresults", exec_mode="oneshot").json()
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.wire.http import FORM, ApiError, Application, Request, Response

Arguments = Mapping[str, Any]  # text, numbers, booleans, or lists of them


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, read to its end."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)  # lower-case names, `content-type` among them

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def entries(self) -> list[dict[str, Any]]:
        """The entries of a feed."""
        found: list[dict[str, Any]] = self.json()["entry"]
        return found

    @property
    def names(self) -> list[str]:
        return [str(entry["name"]) for entry in self.entries]

    @property
    def content(self) -> dict[str, Any]:
        """The content of the only entry."""
        (entry,) = self.entries
        found: dict[str, Any] = entry["content"]
        return found

    @property
    def messages(self) -> list[str]:
        return [str(message["text"]) for message in self.json()["messages"]]


@dataclass(frozen=True, slots=True)
class Client:
    """Speaks as one caller. Paths are below `/services` unless they begin with a slash; answers are JSON unless asked otherwise."""

    daemon: Daemon
    headers: Mapping[str, str] = field(default_factory=dict)

    # -- who asks ------------------------------------------------------------------------------------------------------

    def login(self, name: str, password: str) -> Client:
        """The same server by a session of this user. Raises ApiError 401."""
        answer = self.post("auth/login", username=name, password=password)
        if answer.status != 200:
            raise ApiError(answer.status, answer.messages[0])
        return self.bearing(f"Splunk {answer.json()['sessionKey']}")

    def basic(self, name: str, password: str) -> Client:
        return self.bearing(f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}")

    def bearing(self, authorization: str) -> Client:
        return Client(self.daemon, {**self.headers, "authorization": authorization})

    # -- the management API --------------------------------------------------------------------------------------------

    def get(self, path: str, arguments: Arguments | None = None, **more: Any) -> Answer:
        return self.request("GET", path, {**(arguments or {}), **more})

    def post(self, path: str, arguments: Arguments | None = None, **more: Any) -> Answer:
        """A form."""
        return self.request("POST", path, {}, _encode({**(arguments or {}), **more}).encode(), FORM)

    def delete(self, path: str, arguments: Arguments | None = None, **more: Any) -> Answer:
        return self.request("DELETE", path, {**(arguments or {}), **more})

    def send(self, path: str, body: bytes | str | object, **arguments: Any) -> Answer:
        """POST of bytes or text as they are, or of anything else as JSON."""
        data = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
        return self.request("POST", path, arguments, data, "application/json")

    def request(
        self, method: str, path: str, query: Arguments, body: bytes = b"", content_type: str = "", **headers: str
    ) -> Answer:
        port = self.daemon.state.mgmt_port
        query = {"output_mode": "json", **query}
        return self._ask(self.daemon.management, method, path, query, body, content_type, port, headers)

    def raw(self, method: str, target: str, query: str, body: bytes = b"", **headers: str) -> Answer:
        """A request as it stands: nothing of it is encoded."""
        sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        management = self.daemon.management
        try:
            response = management.handle(Request(method, target, query, sent, body, self.daemon.state.mgmt_port))
        except ApiError as error:
            response = management.refuse(error)
        return _read(response)

    # -- the collector -------------------------------------------------------------------------------------------------

    def collect(
        self, path: str, body: bytes | str | object, *, token: str = "", method: str = "POST", **query: Any
    ) -> Answer:
        """A request to the collector's port: `collector/event`, `collector/raw`, `collector/ack`, `collector/health`."""
        data = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
        headers = {"authorization": f"Splunk {token}"} if token else {}
        port = self.daemon.state.hec_port
        return self._ask(self.daemon.collector, method, path, query, data, "", port, headers)

    def _ask(
        self, application: Application, method: str, path: str, query: Arguments, body: bytes, content_type: str,
        port: int, headers: Mapping[str, str],
    ) -> Answer:  # fmt: skip
        target = path if path.startswith("/") else f"/services/{path}"
        sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if content_type:
            sent["content-type"] = content_type
        return _read(_handed(application, method, target, _encode(query), sent, body, port))


def _encode(arguments: Arguments) -> str:
    plain = {
        key: [_word(v) for v in value] if isinstance(value, (list, tuple)) else _word(value)
        for key, value in arguments.items()
    }
    return urlencode(plain, doseq=True)


def _word(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _read(response: Response) -> Answer:
    headers = {"content-type": response.content_type, **{name.lower(): value for name, value in response.headers}}
    return Answer(response.status, response.read(), headers)


@dataclass(frozen=True, slots=True)
class Wire:
    """The listeners of a server without sockets, for a client that makes its own requests (splunk-sdk).

    `target` is the raw path, `query` what stands behind its question mark, names of `headers` in any case.
    """

    daemon: Daemon

    def manage(self, method: str, target: str, query: str, headers: Mapping[str, str], body: bytes) -> Response:
        return _handed(self.daemon.management, method, target, query, headers, body, self.daemon.state.mgmt_port)

    def collect(self, method: str, target: str, query: str, headers: Mapping[str, str], body: bytes) -> Response:
        return _handed(self.daemon.collector, method, target, query, headers, body, self.daemon.state.hec_port)

    def wait(self, sid: str, seconds: float) -> None:
        """Until the search is done, its alert actions included, or the time is over."""
        job = self.daemon.searching.jobs.get(sid)
        if job is not None:
            job.done.wait(seconds)


def _handed(
    application: Application, method: str, target: str, query: str, headers: Mapping[str, str], body: bytes, port: int
) -> Response:
    lower = {name.lower(): value for name, value in headers.items()}
    try:
        response = application.handle(Request(method, target, query, lower, body, port))
    except ApiError as error:
        response = application.refuse(error)
    response.read()
    return response
