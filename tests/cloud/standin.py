"""Splunk.com, AppInspect and ACS in one small server on loopback, which checks every request as it is documented.

A request that is not as it should be is answered with 400 and kept in `wrong`, so that a test fails on it whatever the client
makes of the answer. `answers` puts an answer before the next request of a path.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STACK, STACK_TOKEN = "acme", "stack.jwt.token"
ACCOUNT, SPLUNK_TOKEN = ("ann@example.org", "pä:ss"), "splunk.com.token"
SUMMARY = {"error": 0, "failure": 0, "skipped": 0, "manual_check": 0, "not_applicable": 9, "warning": 1, "success": 40}
Answer = tuple[int, dict[str, str], Any]


@dataclass
class Standin:
    """What the services know, and what they were asked."""

    package: bytes
    app: str
    version: str
    experience: str = "victoria"
    before: str = ""  # the version that is installed before
    upload_status: str = "uploaded"
    polls: int = 2  # how often an app is asked for before it is installed
    inspection: list[str] = field(default_factory=lambda: ["PREPARING", "PROCESSING", "SUCCESS"])
    report: dict[str, Any] = field(default_factory=lambda: {"summary": dict(SUMMARY), "reports": []})
    answers: dict[str, list[Answer | None]] = field(default_factory=dict)  # None hangs up
    asked: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    url: str = ""
    taken: bool = False

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer | None:
        self.asked.append(f"{method} {path}")
        waiting = self.answers.get(path)
        if waiting:
            return waiting.pop(0)
        found = self._answer(method, path, headers, body)
        if found is None:
            self.wrong.append(f"{method} {path}")
            return 400, {}, {"code": "400-bad-request", "message": self.wrong[-1]}
        return found

    def _answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer | None:
        acs = f"/{STACK}/adminconfig/v2"
        apps = f"{acs}/apps/victoria" if self.experience == "victoria" else f"{acs}/apps"
        match method, path:
            case "GET", "/2.0/rest/login/splunk":
                pair = base64.b64encode(":".join(ACCOUNT).encode()).decode()
                if headers.get("authorization") != f"Basic {pair}":
                    return 401, {}, {"status_code": 401, "status": "error", "msg": "Failed to authenticate user"}
                return 200, {}, {"status_code": 200, "status": "success", "data": {"token": SPLUNK_TOKEN}}
            case _, _ if path.startswith("/v1/app/"):
                if headers.get("authorization") != f"bearer {SPLUNK_TOKEN}":
                    return 401, {}, {"msg": "Token has expired"}
                return self._inspect(method, path, headers, body)
            case _, _ if path.startswith(acs) and headers.get("authorization") != f"Bearer {STACK_TOKEN}":
                return 401, {}, {"code": "401-unauthorized", "message": "Token is invalid"}
            case "GET", _ if path == f"{acs}/status":
                kind = {"stackType": self.experience, "stackVersion": "10.1.2507", "status": "Ready"}
                return 200, {}, {"infrastructure": kind, "messages": {"restartRequired": True}}
            case "GET", _ if path == f"{apps}/{self.app}":
                return self._described()
            case "POST", _ if path == apps:
                return self._install(headers, body)
        return None

    def _inspect(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer | None:
        match method, path:
            case "POST", "/v1/app/validate":
                fields = form(headers, body)
                if fields.get("included_tags") != f"private_{self.experience}".encode():
                    return None
                if fields.get("app_package") != self.package:
                    return None
                return 200, {}, {"request_id": "req/1", "message": "Validation request submitted.", "links": []}
            case "GET", "/v1/app/validate/status/req%2F1":
                status = self.inspection.pop(0) if len(self.inspection) > 1 else self.inspection[0]
                return 200, {}, {"request_id": "req/1", "status": status, "info": {}}
            case "GET", "/v1/app/report/req%2F1":
                return 200, {}, self.report
        return None

    def _described(self) -> Answer:
        if self.taken:
            self.polls -= 1
            status = "installed" if self.polls <= 0 else "uploaded"
            version = self.version if self.polls <= 1 else self.before
            return 200, {}, {"name": self.app, "version": version, "status": status, "label": "x", "package": "x"}
        if self.before:
            return 200, {}, {"name": self.app, "version": self.before, "status": "installed"}
        return 404, {}, {"code": "404-app-not-found", "message": f"App {self.app} not found"}

    def _install(self, headers: dict[str, str], body: bytes) -> Answer | None:
        if headers.get("acs-legal-ack") != "Y":
            return None
        if self.experience == "victoria":
            if headers.get("x-splunk-authorization") != SPLUNK_TOKEN or body != self.package:
                return None
        else:
            fields = form(headers, body)
            if "x-splunk-authorization" in headers or fields.get("token") != SPLUNK_TOKEN.encode():
                return None
            if fields.get("package") != self.package:
                return None
        self.taken = True
        if self.upload_status == "installed":
            self.polls = 0
        version = self.version if self.upload_status == "installed" else ""
        return 202, {}, {"appID": self.app, "label": "x", "status": self.upload_status, "version": version}


def form(headers: dict[str, str], body: bytes) -> dict[str, bytes]:
    """The fields of a multipart body, files by their content; nothing of any other body."""
    kind = headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        return {}
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    found = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        assert isinstance(name, str) and isinstance(content, bytes)
        found[name] = content
    return found


@contextmanager
def serving(standin: Standin) -> Iterator[Standin]:
    """The stand-in at `standin.url`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply()

        def do_POST(self) -> None:
            self._reply()

        def _reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            found = standin.answer(self.command, self.path, headers, body)
            if found is None:
                self.close_connection = True
                self.connection.close()
                return
            status, more, content = found
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(data)), **more}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet: `asked` has it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    standin.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield standin
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
