"""Custom REST endpoints of apps, and the modules of splunkd's Python that scripts import: run against this very server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from caltrop.splunkd.server import Server

from .conftest import Raw

pytestmark = pytest.mark.slow

RESTMAP = """[script:echo]
match = /own/echo
script = echo.py
scripttype = persist
handler = echo.Echo
passPayload = true
passHttpHeaders = true
output_modes = json
[script:open]
match = /own/open
scripttype = persist
handler = echo.Open
requireAuthentication = false
[script:strict]
match = /own/echo/strict
scripttype = persist
handler = echo.Echo
capability.get = nobody_has_it
capability.post = admin_all_objects
[script:old]
match = /own/old
scripttype = python
handler = old.Old
[script:broken]
match = /own/broken
scripttype = persist
handler = echo.Broken
[script:nowhere]
match = /own/nowhere
scripttype = persist
handler = missing.Missing
"""
ECHO = """
import json
from splunk.persistconn.application import PersistentServerConnectionApplication


class Echo(PersistentServerConnectionApplication):
    def __init__(self, command_line, command_arg):
        super().__init__()

    def handle(self, in_string):
        print("to nobody")
        return {"payload": json.loads(in_string), "status": 201, "headers": {"X-Own": "yes", "Content-Length": "1"}}


class Open(Echo):
    def handle(self, in_string):
        return "session" in json.loads(in_string) and "a session" or "no session"


class Broken(Echo):
    def handle(self, in_string):
        raise ValueError("not today")
"""
OLD = """
import json
import splunk
import splunk.auth
import splunk.entity as entity
import splunk.rest as rest
import splunk.util
from splunk.appserver.mrsparkle.lib.util import make_splunkhome_path
from splunk.clilib import cli_common as cli
from splunk.clilib.bundle_paths import make_splunkhome_path as again
from splunk.mining.dcutils import getLogger
from splunk.version import __version__


class Old(rest.BaseRestHandler):
    def handle_GET(self):
        splunk.setDefault("sessionKey", self.sessionKey)
        head, body = rest.simpleRequest("/services/server/info", getargs={"output_mode": "json"})
        found = {"status": head.status, "version": json.loads(body)["entry"][0]["content"]["version"] == __version__}
        head, body = rest.simpleRequest("/services/nowhere", sessionKey=self.sessionKey)
        found["missing"] = [head.status, head.messages[0]["text"]]
        for name, path, key in (("refused", "/services/nowhere", self.sessionKey), ("unknown", "/services/server/info", "x")):
            try:
                rest.simpleRequest(path, sessionKey=key, raiseAllErrors=True)
            except splunk.RESTException as error:
                found[name] = [type(error).__name__, error.statusCode]
        new = entity.getEntity("data/ui/views", "_new", namespace="own_app", owner="nobody")
        found["new"] = new.name
        macro = entity.Entity("configs/conf-macros", "_new", {"name": "made", "definition": "x=1"}, "own_app", "nobody")
        found["set"] = entity.setEntity(macro)
        read = entity.getEntity("configs/conf-macros", "made", namespace="own_app", owner="nobody")
        read["definition"] = "x=2"
        entity.setEntity(read)
        listed = entity.getEntities("configs/conf-macros", namespace="own_app", owner="nobody", search="name=made", count=5)
        found["entities"] = {name: one["definition"] for name, one in listed.items()}
        found["deleted"] = entity.deleteEntity("configs/conf-macros", "made", "own_app", "nobody")
        found["conf"] = [cli.getConfKeyValue("own", "s", "a"), cli.getConfStanza("own", "s"), sorted(cli.getMergedConf("own"))]
        found["app"] = cli.getAppConf("own", "own_app")["s"]
        found["uri"] = cli.getMgmtUri() == rest.makeSplunkdUri().rstrip("/") == splunk.mergeHostPath()
        found["home"] = make_splunkhome_path(["etc", "apps"]) == again(["etc/apps"])
        found["user"] = splunk.auth.getCurrentUser()["name"]
        found["users"] = "admin" in splunk.auth.listUsers()
        found["ping"] = [splunk.auth.ping(), splunk.auth.ping(sessionKey="x")]
        found["login"] = len(splunk.auth.getSessionKey("admin", self.args["password"])) > 10
        found["util"] = [splunk.util.normalizeBoolean("Yes"), splunk.util.stringToFieldList('a "b c",d')]
        getLogger().warning("said")
        self.writeJson(found)
"""


@pytest.fixture(scope="module", autouse=True)
def installed(server: Server, raw: Raw, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    app = tmp_path_factory.mktemp("apps") / "own_app"
    for name, text in {
        "default/app.conf": "[launcher]\nversion = 1.0.0\n",
        "default/restmap.conf": RESTMAP,
        "default/own.conf": "[default]\nb = 2\n[s]\na = one \\\ntwo\n",
        "local/own.conf": "[s]\nc = 3\n",
        "bin/echo.py": ECHO,
        "bin/old.py": OLD,
        "metadata/default.meta": "[]\nexport = system\n",
    }.items():
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).write_text(text)
    assert raw("POST", "/services/apps/local", {"name": str(app), "filename": "1"}).status == 201
    yield
    raw("DELETE", "/services/apps/local/own_app")


def test_a_persistent_handler_is_told_the_request(raw: Raw) -> None:
    answer = raw("POST", "/servicesNS/nobody/own_app/own/echo/a/b?x=1&x=2", {"k": "v w"})
    told: dict[str, Any] = answer.json()
    assert (answer.status, answer.headers["x-own"]) == (201, "yes")
    assert answer.headers["content-type"].startswith("application/json")
    assert (told["method"], told["rest_path"], told["path_info"]) == ("POST", "/own/echo", "a/b")
    assert told["query"] == [["x", "1"], ["x", "2"]] and told["form"] == [["k", "v w"]] and told["payload"] == "k=v+w"
    assert told["ns"] == {"user": "nobody", "app": "own_app"} and told["output_mode"] == "json"
    assert told["session"]["user"] == "admin" and told["session"]["authtoken"]
    assert ["content-type", "application/x-www-form-urlencoded"] in told["headers"] or told["headers"]
    assert told["restmap"]["conf"]["handler"] == "echo.Echo" and told["server"]["rest_uri"].startswith("https://127.")
    for verb in ("GET", "PUT", "DELETE"):
        assert raw(verb, "/services/own/echo").json()["method"] == verb


def test_who_may_ask(server: Server, raw: Raw) -> None:
    nobody = Raw(server.port, {})
    assert nobody("GET", "/services/own/echo").status == 401
    assert nobody("GET", "/services/own/open").text == "no session"
    assert raw("GET", "/services/own/echo/strict").status == 201  # administrators may
    made = raw(
        "POST", "/services/authentication/users", {"name": "plain", "password": "Long-enough-1", "roles": "user"}
    )
    assert made.status == 201
    login = nobody("POST", "/services/auth/login?output_mode=json", {"username": "plain", "password": "Long-enough-1"})
    plain = Raw(server.port, {"Authorization": f"Splunk {login.json()['sessionKey']}"})
    assert plain("GET", "/services/own/echo").status == 201
    for verb in ("GET", "POST"):
        answer = plain(verb, "/services/own/echo/strict")
        assert answer.status == 403 and "requires capability" in answer.text


def test_handlers_that_fail(raw: Raw) -> None:
    answer = raw("GET", "/services/own/broken")
    assert answer.status == 500
    assert answer.json()["messages"][0]["text"].startswith(
        'Unexpected error "<class \'builtins.ValueError\'>" from python handler: "not today".'
    )
    answer = raw("GET", "/services/own/nowhere")
    assert answer.status == 500 and "restmap.conf" in answer.text and "missing.Missing" in answer.text
    assert raw("GET", "/services/own/other").status == 404


def test_modules_that_old_scripts_import(raw: Raw) -> None:
    answer = raw("GET", "/services/own/old?password=correct+horse")
    assert answer.status == 200, answer.text
    found = json.loads(answer.text)
    assert found["status"] == 200 and found["version"] is True
    assert found["missing"] == [404, "Not Found"]
    assert found["refused"] == ["ResourceNotFound", 404] and found["unknown"] == ["AuthenticationFailed", 401]
    assert found["set"] is True and found["entities"] == {"made": "x=2"} and found["deleted"] is True
    assert found["conf"] == ["one \ntwo", {"a": "one \ntwo", "b": "2", "c": "3"}, ["default", "s"]]
    assert found["app"] == {"a": "one \ntwo", "c": "3"}
    assert found["uri"] is True and found["home"] is True and found["user"] == "admin" and found["users"] is True
    assert found["ping"] == [True, False] and found["login"] is True
    assert found["util"] == [True, ["a", "b c", "d"]]


def test_scripts_run_only_where_they_may(tmp_path: Path) -> None:
    with Server(tmp_path / "data", password="correct horse", addons=()) as server:
        app = tmp_path / "own_app"
        (app / "default").mkdir(parents=True)
        (app / "default" / "restmap.conf").write_text(RESTMAP)
        login = Raw(server.port, {})(
            "POST", "/services/auth/login?output_mode=json", {"username": "admin", "password": "correct horse"}
        )
        admin = Raw(server.port, {"Authorization": f"Splunk {login.json()['sessionKey']}"})
        assert admin("POST", "/services/apps/local", {"name": str(app), "filename": "1"}).status == 201
        answer = admin("GET", "/services/own/echo")
        assert answer.status == 403 and "--allow-scripts" in answer.text
