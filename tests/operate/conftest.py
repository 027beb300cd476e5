"""An app with four detections on a server in this process, and the command line before it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from caltrop.cli import main
from caltrop.cli.options import Login
from caltrop.replay.remote import Credentials, RemoteTarget
from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.inprocess import Client, Wire

APP, NOW = "watch", 1_700_000_000.0  # 2023-11-14T22:13:20Z
URL = "https://127.0.0.1:8089"
Run = Callable[..., tuple[int, str, str]]


def stanza(name: str, stem: str, story: str, spl: str, **more: str) -> str:
    annotations = {"type": "TTP", "analytic_story": [story]}
    settings = {
        "action.escu.search_type": "detection",
        "action.escu.analytic_story": json.dumps([story]),
        "action.escu.mappings": json.dumps({"mitre_attack": ["T1110"]}),
        "action.correlationsearch.metadata": json.dumps({"detection_id": f"id-of-{stem}", "detection_version": "1"}),
        "action.correlationsearch.annotations": json.dumps(annotations),
        "action.risk.param._risk": json.dumps(
            [{"risk_object_field": "user", "risk_object_type": "user", "risk_score": 30}]
        ),
        "cron_schedule": "0 * * * *",
        "dispatch.earliest_time": "-70m@m",
        "dispatch.latest_time": "-10m@m",
        "disabled": "1",
        "enableSched": "1",
        "search": spl,
        **more,
    }
    return f"[Watch - {name} - Rule]\n" + "".join(f"{key} = {value}\n" for key, value in settings.items()) + "\n"


FOUND = "index=main sourcetype=login outcome=failure | stats count max(_time) AS lastTime BY user src risk_score"
SAVED = "".join(
    [
        stanza("Odd Login", "odd_login", "Logins", f"{FOUND} | `odd_login_filter`"),
        stanza("Odd Logout", "odd_logout", "Logins", f"{FOUND} | `odd_logout_filter` | eval after=1"),
        stanza(
            "Raw - and Early",
            "raw_early",
            "Raw",
            "index=main sourcetype=login `raw_early_filter` | table _time user src",
        ),
        stanza("Untunable", "untunable", "Raw", "index=main sourcetype=login", cron_schedule=""),
        "[Watch - A Baseline]\nsearch = index=main\ncron_schedule = 0 1 * * *\n",
    ]
)
MACROS = "".join(
    f"[{name}]\ndefinition = {text}\n\n"
    for name, text in {
        "odd_login_filter": "search *", "odd_logout_filter": "where src!=\"10.0.0.9\"", "raw_early_filter": "*",
        "quiet(1)": 'search NOT user="$who$"\nargs = who',
    }.items()
)  # fmt: skip
FILES = {
    "default/app.conf": "[launcher]\nversion = 1.0.0\n",
    "default/savedsearches.conf": SAVED,
    "default/macros.conf": MACROS,
    "metadata/default.meta": "[]\naccess = read : [ * ], write : [ admin, sc_admin, power ]\nexport = system\n",
}
EVENTS = [("ann", "10.0.0.1", "20"), ("bob", "10.0.0.2", "90"), ("cyd", "10.0.0.9", "20"), ("ann", "10.0.0.3", "61")]


def write(folder: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


@contextmanager
def serving(folder: Path) -> Iterator[Daemon]:
    """A server with the app and its four events."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        made = Daemon(folder / "server", password="secret", addons=(), clock=lambda: NOW)
        made.state.install(write(folder / "packages" / APP, FILES), update=True)
        client = Client(made).basic("admin", "secret")
        for n, (user, src, score) in enumerate(EVENTS):
            line = f"time={NOW - 60 * (n + 1):.0f} user={user} src={src} risk_score={score} outcome=failure"
            sent = client.send("receivers/simple", line, index="main", sourcetype="login", source="s", host=f"h{n}")
            assert sent.status == 200, sent.text
        yield made
        made.stop()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with serving(tmp_path_factory.mktemp("shared")) as made:
        yield made


@pytest.fixture
def daemon(shared: Daemon, tmp_path: Path) -> Daemon:
    """The module's server, with nothing that another test set or installed."""
    state = shared.state
    for name in set(state.config.apps()) & {APP, "other", "test_app"}:
        state.uninstall(name)
    state.install(write(tmp_path / "packages" / APP, FILES), update=True)
    return shared


@pytest.fixture
def admin(daemon: Daemon) -> Client:
    return Client(daemon).basic("admin", "secret")


@pytest.fixture
def target(daemon: Daemon) -> RemoteTarget:
    return RemoteTarget.connect(URL, Credentials("admin", "secret"), wire=Wire(daemon))


@pytest.fixture
def run(daemon: Daemon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """A command on the server, as `user` (admin): exit code, stdout, stderr."""

    def connect(login: Login, url: str, **_: object) -> RemoteTarget:
        return RemoteTarget.connect(url, Credentials(login.username, login.password), wire=Wire(daemon))

    monkeypatch.setattr(Login, "connect", connect)
    monkeypatch.chdir(tmp_path)

    def call(*words: str, user: str = "admin") -> tuple[int, str, str]:
        code = main([*words, "--target", URL, "--username", user, "--password", "secret"])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call
