"""A running server, and ways to speak to it: the unmodified splunk-sdk, and bare HTTP."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
import splunklib.client as client

from caltrop.splunkd.server import Server
from caltrop.splunkd.state.settings import Settings

PASSWORD = "correct horse"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Raw:
    """Plain requests on one port, as clients other than the SDK make them."""

    port: int
    headers: dict[str, str]

    def __call__(
        self, method: str, path: str, body: bytes | str | dict[str, Any] | None = None, **headers: str
    ) -> Answer:
        data = urlencode(body, doseq=True) if isinstance(body, dict) else body
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=60)
        try:
            sent = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, data, sent)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(
        tmp_path_factory.mktemp("splunkd"), password=PASSWORD, settings=Settings(file_inputs=True, scripts=True)
    ) as running:
        yield running


@pytest.fixture(scope="session")
def service(server: Server) -> client.Service:
    return client.connect(host="127.0.0.1", port=server.port, username="admin", password=PASSWORD)


@pytest.fixture(scope="session")
def raw(server: Server, service: client.Service) -> Raw:
    """Bare requests of the administrator."""
    answer = Raw(server.port, {})(
        "POST", "/services/auth/login?output_mode=json", {"username": "admin", "password": PASSWORD}
    )
    return Raw(server.port, {"Authorization": f"Splunk {answer.json()['sessionKey']}"})
