"""Handlers of EAI that apps bring: an old setup page, and accounts and settings as generated add-ons have them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from caltrop.splunkd.server import Server

from .conftest import Raw

pytestmark = pytest.mark.slow

RESTMAP = """[admin:tower]
match = /
members = tower_account, tower_settings, tower_absent

[admin:tower_setup]
match = /tower
members = setup
capability.post = edit_local_apps or (edit_tcp and admin_all_objects)

[admin_external:tower_account]
handlertype = python
python.version = python3
handlerfile = tower_rh_account.py
handleractions = edit, list, remove, create
handlerpersistentmode = true

[admin_external:tower_settings]
handlertype = python
handlerfile = tower_rh_settings.py
handleractions = edit, list

[admin_external:setup]
handlertype = python
handlerfile = setup_page.py
handleractions = list, edit, _reload

[admin_external:silent]
handlertype = python
handlerfile = silent.py
handleractions = list

[admin_external:gone]
handlertype = python
handlerfile = ../setup_page.py
handleractions = list
"""
# As libraries of generated add-ons are made: what a model has, turned into calls of the REST API with the caller's session.
LIBRARY = """
import splunk.rest as rest
import json
from splunk import admin


class Field:
    def __init__(self, name, required=False, valid=lambda value: True, default=""):
        self.name, self.required, self.valid, self.default = name, required, valid, default


class ModelHandler(admin.MConfigHandler):
    conf, fields = "", ()

    def __init__(self, *args, **kwargs):
        admin.MConfigHandler.__init__(self, *args, **kwargs)
        self.payload = {name: values[0] if values and values[0] else "" for name, values in self.callerArgs.data.items()}

    def setup(self):
        if self.requestedAction == admin.ACTION_LIST:
            self.supportedArgs.addOptArg("--cred--")
        if self.requestedAction in (admin.ACTION_LIST, admin.ACTION_REMOVE):
            return
        for field in self.fields:
            if field.required and self.requestedAction == admin.ACTION_CREATE:
                self.supportedArgs.addReqArg(field.name)
            else:
                self.supportedArgs.addOptArg(field.name)

    def _call(self, path, **kwargs):
        head, body = rest.simpleRequest(
            "/servicesNS/nobody/%s/configs/conf-%s%s" % (self.appName, self.conf, path), sessionKey=self.getSessionKey(),
            getargs={"output_mode": "json", "count": "0"}, raiseAllErrors=True, **kwargs)
        return json.loads(body)["entry"]

    def _tell(self, info, entries):
        for entry in entries:
            item = info[entry["name"]]
            for field in self.fields:
                item[field.name] = entry["content"].get(field.name, field.default)
            item.setMetadata("eai:acl", {"app": self.appName, "owner": "nobody", "sharing": "global",
                                         "perms": {"read": ["*"], "write": ["admin", "power"]}})
            item.setMetadata("eai:attributes", {"requiredFields": [f.name for f in self.fields if f.required],
                                                "optionalFields": [f.name for f in self.fields if not f.required],
                                                "wildcardFields": []})
            item.setMetadata("eai:userName", "nobody")
            item.setMetadata("eai:appName", self.appName)

    def _checked(self):
        for field in self.fields:
            if field.name in self.payload and not field.valid(self.payload[field.name]):
                raise RestError(400, "%s is invalid" % field.name)
        return self.payload

    def handleList(self, confInfo):
        name = self.callerArgs.id
        self._tell(confInfo, self._call("/" + name if name else ""))
        if self.callerArgs.data.get("--cred--", ["0"])[0] == "1":
            confInfo.addWarnMsg("credentials are shown")

    def handleCreate(self, confInfo):
        self._tell(confInfo, self._call("", postargs={"name": self.callerArgs.id, **self._checked()}))

    def handleEdit(self, confInfo):
        self._tell(confInfo, self._call("/" + self.callerArgs.id, postargs=self._checked()))

    def handleRemove(self, confInfo):
        self._call("/" + self.callerArgs.id, method="DELETE")


class RestError(Exception):
    def __init__(self, status, message):
        Exception.__init__(self, "REST Error [%s]: %s" % (status, message))
"""
ACCOUNT = """
import sys
from tower_library import Field, ModelHandler
from splunk import admin


class Accounts(ModelHandler):
    conf = "tower_account"
    fields = [Field("url", True, lambda v: v.startswith("https://")), Field("interval", default="300"), Field("disabled")]


if __name__ == "__main__":
    print("to nobody", sys.argv)
    admin.init(Accounts, admin.CONTEXT_APP_ONLY)
"""
SETTINGS = ACCOUNT.replace("tower_account", "tower_settings").replace(
    'Field("url", True, lambda v: v.startswith("https://")), ', ""
)
SETUP = """
import splunk.admin as admin


class ConfigApp(admin.MConfigHandler):
    def setup(self):
        self.setWriteCapability("edit_tcp")
        if self.requestedAction == admin.ACTION_EDIT:
            for arg in ["key", "hosts", "option.*"]:
                self.supportedArgs.addOptArg(arg)

    def handleList(self, confInfo):
        conf = self.readConf("towersetup")
        if conf is not None:
            for stanza, settings in conf.items():
                for key, val in settings.items():
                    confInfo[stanza].append(key, val)
            confInfo["many"].append("n", 1)
            confInfo["many"].append("n", None)

    def handleEdit(self, confInfo):
        data = self.callerArgs.data
        if data.get("key", [""])[0] == "taken":
            raise admin.ArgValidationException("the key is taken")
        if data.get("key", [""])[0] == "crash":
            raise ValueError("no such luck")
        if data.get("key", [None])[0] in [None, ""]:
            data["key"] = [""]
        self.writeConf("towersetup", "main", data)

    def handleReload(self, confInfo):
        confInfo["reloaded"]["yes"] = True


admin.init(ConfigApp, admin.CONTEXT_NONE)
"""
FILES = {
    "default/app.conf": "[launcher]\nversion = 1.0.0\n",
    "default/restmap.conf": RESTMAP,
    "default/tower_account.conf": "[first]\nurl = https://one\n",
    "default/tower_settings.conf": "[proxy]\ninterval = 5\n[logging]\n",
    "default/towersetup.conf": "[main]\nkey = k\nhosts =\n",
    "bin/tower_library.py": LIBRARY,
    "bin/tower_rh_account.py": ACCOUNT,
    "bin/tower_rh_settings.py": SETTINGS,
    "bin/setup_page.py": SETUP,
    "bin/silent.py": "print('nothing')\n",
    "metadata/default.meta": "[]\nexport = system\n",
}
BASE = "/servicesNS/nobody/tower_app"


@pytest.fixture(scope="module", autouse=True)
def installed(raw: Raw, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    app = tmp_path_factory.mktemp("apps") / "tower_app"
    for name, text in FILES.items():
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).write_text(text)
    assert raw("POST", "/services/apps/local", {"name": str(app), "filename": "1"}).status == 201
    yield
    raw("DELETE", "/services/apps/local/tower_app")


@pytest.fixture(scope="module")
def plain(server: Server, raw: Raw) -> Raw:
    """A user without the capabilities."""
    body = {"name": "towerless", "password": "Long-enough-1", "roles": "user"}
    assert raw("POST", "/services/authentication/users", body).status == 201
    login = Raw(server.port, {})(
        "POST", "/services/auth/login?output_mode=json", {"username": "towerless", "password": "Long-enough-1"}
    )
    return Raw(server.port, {"Authorization": f"Splunk {login.json()['sessionKey']}"})


def test_an_account_from_its_making_to_its_end(raw: Raw) -> None:
    path = f"{BASE}/tower_account"
    made = raw("POST", f"{path}?output_mode=json", {"name": "second", "url": "https://two", "interval": "60"})
    assert made.status == 201, made.text
    (entry,) = made.json()["entry"]
    assert entry["name"] == "second" and entry["content"]["url"] == "https://two"
    assert entry["acl"]["sharing"] == "global" and entry["acl"]["perms"]["write"] == ["admin", "power"]
    assert entry["content"]["eai:appName"] == "tower_app" and entry["content"]["eai:userName"] == "nobody"
    assert entry["fields"] == {"required": ["url"], "optional": ["interval", "disabled"], "wildcard": []}
    listed = raw("GET", f"{path}?output_mode=json").json()
    assert [(e["name"], e["content"]["interval"]) for e in listed["entry"]] == [("first", "300"), ("second", "60")]
    assert listed["entry"][0]["links"]["remove"].endswith("/tower_account/first")
    paged = raw("GET", f"{path}?output_mode=json&count=1&offset=1&sort_dir=desc").json()
    assert [e["name"] for e in paged["entry"]] == ["first"] and paged["paging"]["total"] == 2
    assert [e["name"] for e in raw("GET", f"{path}?output_mode=json&search=url%3D*two").json()["entry"]] == ["second"]
    changed = raw("POST", f"{path}/second?output_mode=json", {"interval": "61"})
    assert changed.status == 200 and changed.json()["entry"][0]["content"]["interval"] == "61"
    one = raw("GET", f"{path}/second?output_mode=json&--cred--=1").json()
    assert [m["text"] for m in one["messages"]] == ["credentials are shown"]
    gone = raw("DELETE", f"{path}/second?output_mode=json")
    assert gone.status == 200 and [e["name"] for e in gone.json()["entry"]] == ["first"]
    assert raw("GET", f"{path}/second").status == 404
    assert "<title>first</title>" in raw("GET", path).text  # Atom as everywhere


def test_what_an_account_may_not_be(raw: Raw) -> None:
    path = f"{BASE}/tower_account?output_mode=json"
    missing = raw("POST", path, {"name": "third"})
    assert missing.status == 400 and "required arguments are missing: url" in missing.text
    unknown = raw("POST", path, {"name": "third", "url": "https://x", "colour": "red"})
    assert unknown.status == 400 and 'Argument \\"colour\\" is not supported' in unknown.text
    assert raw("GET", f"{path}&colour=red").status == 400
    nameless = raw("POST", path, {"url": "https://x"})
    assert nameless.status == 400 and "without a target name" in nameless.text
    wrong = raw("POST", path, {"name": "third", "url": "http://x"})
    assert wrong.status == 500
    assert wrong.json()["messages"][0]["text"].startswith(
        "In handler 'tower_account': Unexpected error \"<class 'tower_library.RestError'>\" from python handler: \"REST Error [400]:"
    )
    again = raw("POST", path, {"name": "first", "url": "https://x"})
    assert again.status in {400, 409}


def test_only_what_the_stanza_lists_is_done(raw: Raw) -> None:
    path = f"{BASE}/tower_settings"
    refused = raw("POST", path, {"name": "new"})
    assert refused.status == 405 and "supported: edit|list, wanted: create" in refused.text
    assert raw("DELETE", f"{path}/proxy").status == 405
    links = raw("GET", f"{path}/proxy?output_mode=json").json()["entry"][0]["links"]
    assert "edit" in links and "remove" not in links
    assert raw("GET", f"{BASE}/tower_absent").status == 404


def test_a_setup_page_reads_and_writes_its_conf_file(raw: Raw) -> None:
    for path in (f"{BASE}/tower/setup", f"{BASE}/admin/setup"):
        read = raw("GET", f"{path}?output_mode=json").json()["entry"]
        contents = {e["name"]: e["content"] for e in read}
        assert contents["main"]["key"] in {"k", "new"} and contents["many"]["n"] == ["1", ""]
        written = raw("POST", f"{path}/main?output_mode=json", {"key": "new", "hosts": "a", "option.x": "1"})
        assert written.status == 200, written.text
        assert {e["name"] for e in written.json()["entry"]} == {"main", "many"}  # listed where the handler gave nothing
    held = raw("GET", f"{BASE}/configs/conf-towersetup/main?output_mode=json").json()["entry"][0]["content"]
    assert (held["key"], held["hosts"], held["option.x"]) == ("new", "a", "1")
    assert raw("GET", f"{BASE}/tower/setup/_reload?output_mode=json").json()["entry"][0]["content"]["yes"] is True


def test_what_a_handler_raises(raw: Raw) -> None:
    taken = raw("POST", f"{BASE}/tower/setup/main?output_mode=json", {"key": "taken"})
    assert taken.status == 400 and taken.json()["messages"][0]["text"] == "In handler 'setup': the key is taken"
    crash = raw("POST", f"{BASE}/tower/setup/main?output_mode=json", {"key": "crash"})
    assert crash.status == 500 and "ValueError" in crash.text and "no such luck" in crash.text
    assert "never called admin.init" in raw("GET", "/services/admin/silent").text
    gone = raw("GET", "/services/admin/gone")
    assert gone.status == 500 and "restmap.conf" in gone.text


def test_who_may_ask(server: Server, plain: Raw) -> None:
    assert Raw(server.port, {})("GET", f"{BASE}/tower/setup").status == 401
    assert plain("GET", f"{BASE}/tower/setup").status == 200
    for path in (f"{BASE}/tower/setup/main", "/services/admin/setup/main"):  # the expression of [admin:…] holds on both
        refused = plain("POST", path, {"key": "x"})
        assert refused.status == 403 and "requires capability" in refused.text
    assert plain("POST", f"{BASE}/tower_account", {"name": "mine", "url": "https://x"}).status in {403, 500}
    assert "mine" not in plain("GET", f"{BASE}/tower_account").text
