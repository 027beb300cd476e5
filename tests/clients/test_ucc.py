"""splunktaucclib, unmodified: the REST handlers of an add-on as its generator makes them, over `[admin_external:…]` of restmap.conf."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from caltrop.splunkd.inprocess import Client
from caltrop.splunkd.server import Server
from caltrop.splunkd.state.settings import Settings
from tests.clients.venv import python_with

PASSWORD = "correct horse"
APP = "TA_acme_tower"
RESTMAP = """[admin:acme]
match = /
members = acme_account, acme_settings
[admin_external:acme_account]
handlertype = python
handlerfile = acme_rh_account.py
handleractions = edit, list, remove, create
handlerpersistentmode = true
[admin_external:acme_settings]
handlertype = python
handlerfile = acme_rh_settings.py
handleractions = edit, list
handlerpersistentmode = true
"""
HEAD = """
import sys
sys.path.insert(0, {library!r})
from splunktaucclib.rest_handler import admin_external, util
from splunktaucclib.rest_handler.admin_external import AdminExternalHandler
from splunktaucclib.rest_handler.endpoint import MultipleModel, RestModel, SingleModel, field, validator

util.remove_http_proxy_env_vars()
"""
ACCOUNT = """
fields = [
    field.RestField("url", required=True, encrypted=False, default=None, validator=validator.Pattern(regex=r"^https://")),
    field.RestField("token", required=True, encrypted=True, default=None, validator=validator.String(max_len=100, min_len=1)),
]
endpoint = SingleModel("acme_account", RestModel(fields, name=None))
if __name__ == "__main__":
    admin_external.handle(endpoint, handler=AdminExternalHandler)
"""
SETTINGS = """
model = RestModel([field.RestField("loglevel", required=True, encrypted=False, default="INFO", validator=None)], name="logging")
endpoint = MultipleModel("acme_settings", models=[model])
if __name__ == "__main__":
    admin_external.handle(endpoint, handler=AdminExternalHandler)
"""

pytestmark = [pytest.mark.slow, pytest.mark.client]


@pytest.mark.parametrize("version", ["8.2.0"])
def test_accounts_and_settings_of_a_generated_add_on(tmp_path: Path, version: str) -> None:
    python = python_with([f"splunktaucclib=={version}", "requests==2.32.5"])
    asked = [str(python), "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"]
    library = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    app = tmp_path / APP
    for name, text in {
        "default/app.conf": "[launcher]\nversion = 1.0.0\n",
        "default/restmap.conf": RESTMAP,
        "default/acme_account.conf": "",
        "default/acme_settings.conf": "[logging]\n",
        "bin/acme_rh_account.py": HEAD.format(library=library) + ACCOUNT,
        "bin/acme_rh_settings.py": HEAD.format(library=library) + SETTINGS,
        "metadata/default.meta": "[]\nexport = system\n",
    }.items():
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).write_text(text)
    with Server(tmp_path / "splunkd", password=PASSWORD, settings=Settings(scripts=True)) as server:
        admin = Client(server.daemon).basic("admin", PASSWORD)
        assert admin.post("apps/local", name=str(app), filename="1").status == 201
        base = f"/servicesNS/nobody/{APP}/acme_account"
        made = admin.post(base, name="one", url="https://acme.example", token="s3cret")
        assert made.status == 201, made.text
        assert made.json()["entry"][0]["content"]["url"] == "https://acme.example"
        listed = admin.get(base).json()["entry"]
        assert [e["name"] for e in listed] == ["one"] and listed[0]["content"]["token"] == "******"
        clear = admin.get(f"{base}/one", {"--cred--": "1"}).json()["entry"][0]["content"]
        assert clear["token"] == "s3cret"
        edited = admin.post(f"{base}/one", url="https://other.example", token="******")
        assert edited.status == 200, edited.text
        assert admin.get(f"{base}/one", {"--cred--": "1"}).json()["entry"][0]["content"]["token"] == "s3cret"
        wrong = admin.post(base, name="two", url="ftp://x", token="t")
        assert wrong.status == 500 and "REST Error [400]: Bad Request" in wrong.text
        lacking = admin.post(base, name="two", url="https://x")
        assert lacking.status == 400 and "required arguments are missing: token" in lacking.text
        assert admin.post(f"/servicesNS/nobody/{APP}/acme_settings/logging", loglevel="DEBUG").status == 200
        settings = admin.get(f"/servicesNS/nobody/{APP}/acme_settings/logging").json()
        assert settings["entry"][0]["content"]["loglevel"] == "DEBUG"
        assert admin.delete(f"{base}/one").status == 200
        assert admin.get(base).json()["entry"] == []
