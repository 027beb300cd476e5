"""A server without sockets: one a module, and callers who speak to it in process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.inprocess import Client
from caltrop.splunkd.state.settings import Settings

START = 1_700_000_000.0  # 2023-11-14T22:13:20Z


class Clock:
    """Stands still until it is moved."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def search(client: Client, text: str, **arguments: Any) -> list[dict[str, Any]]:
    """Rows of a search."""
    answer = client.post("search/jobs", search=text, exec_mode="oneshot", count=0, **arguments)
    assert answer.status == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock(START)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[Daemon]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)  # no power fails here, and it is half of the time
        made = Daemon(
            tmp_path_factory.mktemp("server"),
            password="secret",
            addons=(),
            clock=clock,
            settings=Settings(file_inputs=True, scripts=True),
        )
        yield made
        made.stop()


@pytest.fixture(scope="module")
def admin(daemon: Daemon) -> Client:
    return Client(daemon).basic("admin", "secret")


@pytest.fixture(scope="module")
def someone(daemon: Daemon) -> Callable[[str], Client]:
    """A caller who holds this role and nothing else, called after it."""

    def make(role: str) -> Client:
        daemon.state.accounts.set_user(f"a-{role}", password="secret", roles=[role])
        return Client(daemon).basic(f"a-{role}", "secret")

    return make


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, dict[str, str]], Path]:
    """An app as a folder to install: its files by path."""

    def make(name: str, files: dict[str, str]) -> Path:
        folder = tmp_path_factory.mktemp("packages") / name
        for path, text in {"default/app.conf": "[launcher]\nversion = 1.0.0\n", **files}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        return folder

    return make
