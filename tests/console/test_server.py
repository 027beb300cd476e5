"""The Server page: what an administrator adds and takes away, by the API, and what only they are offered."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from caltrop.splunkd.inprocess import Client
from caltrop.splunkd.server import Server
from tests.console.conftest import Console, Opened


def test_users_are_added_given_roles_and_deleted(console: Console, admin: Client) -> None:
    page = console.page
    console.open("/en-US/console/server?part=users")
    users = page.get_by_role("region", name="Users", exact=True)
    page.get_by_label("Name of a new user").fill("newcomer")
    page.get_by_label("Password of the new user").fill("short")
    page.get_by_role("button", name="Add", exact=True).first.click()
    page.get_by_role("alert").filter(has_text="at least 8 characters").wait_for()
    page.get_by_label("Password of the new user").fill("long enough")
    page.get_by_label("Role of the new user").select_option("power")
    page.get_by_role("button", name="Add", exact=True).first.click()
    users.get_by_role("cell", name="newcomer", exact=True).wait_for()
    page.get_by_role("button", name="Roles newcomer").click()
    dialog = page.get_by_role("dialog", name="Roles of newcomer")
    dialog.get_by_label("admin", exact=True).check()
    dialog.get_by_label("power", exact=True).uncheck()
    console.accessible()
    dialog.get_by_role("button", name="Save").click()
    users.get_by_role("row").filter(has_text="newcomer").get_by_role("cell", name="admin", exact=True).wait_for()
    assert admin.get("authentication/users/newcomer").content["roles"] == ["admin"]
    assert page.get_by_role("button", name="Delete admin", exact=True).count() == 0, "nobody deletes themselves"
    page.get_by_role("button", name="Delete newcomer").click()
    assert admin.get("authentication/users/newcomer").status == 200, "it is asked for twice"
    page.get_by_role("button", name="Really delete? newcomer").click()
    users.get_by_role("cell", name="newcomer", exact=True).wait_for(state="detached")
    assert admin.get("authentication/users/newcomer").status == 404


def test_tokens_are_added_disabled_and_deleted(console: Console, admin: Client) -> None:
    page = console.page
    console.open("/en-US/console/server?part=tokens")
    page.get_by_label("Name of a new token").fill("sensor")
    page.get_by_label("Index of the new token").fill("shop")
    page.get_by_role("button", name="Add", exact=True).last.click()
    row = page.get_by_role("region", name="Tokens of the event collector").get_by_role("row").filter(has_text="sensor")
    row.get_by_role("cell", name="enabled", exact=True).wait_for()
    row.get_by_role("button", name="Disable").click()
    row.get_by_role("cell", name="disabled", exact=True).wait_for()
    assert admin.get("data/inputs/http/sensor").content["disabled"] is True
    row.get_by_role("button", name="Enable").click()
    row.get_by_role("cell", name="enabled", exact=True).wait_for()
    row.get_by_role("button", name="Delete").click()
    row.get_by_role("button", name="Really delete?").click()
    row.wait_for(state="detached")
    assert admin.get("data/inputs/http/sensor").status == 404


def test_an_app_is_installed_by_its_path(console: Console, server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "brought_along"
    (folder / "default").mkdir(parents=True)
    (folder / "default" / "app.conf").write_text("[ui]\nlabel = Brought along\n[launcher]\nversion = 1.2.3\n")
    page = console.page
    console.open("/en-US/console/server")
    page.get_by_role("link", name="Apps", exact=True).click()
    page.get_by_text("A package on the server's disk").click()
    path = page.get_by_label("Path of a package on the server")
    path.fill(str(tmp_path / "never there"))
    page.get_by_role("button", name="Install", exact=True).click()
    page.get_by_role("alert").filter(has_text="does not exist").wait_for()
    path.fill(str(folder))
    page.get_by_role("button", name="Install", exact=True).click()
    page.get_by_role("region", name="Apps", exact=True).get_by_role("cell", name="Brought along").wait_for()
    assert "brought_along" in server.daemon.state.config.apps()


def test_runs_of_the_scheduler_and_source_types(console: Console, server: Server) -> None:
    server.daemon.state.logs.scheduler('user="admin", app="search", savedsearch_name="Every hour <b>", status=success')
    server.daemon.state.logs.flush()
    page = console.page
    console.open("/en-US/console/server?part=scheduler")
    runs = page.get_by_role("region", name="Runs of the scheduler")
    runs.get_by_role("cell", name="Every hour <b>").wait_for()
    page.get_by_role("link", name="Source types").click()
    page.get_by_role("region", name="Source types").get_by_role("cell", name="access_combined", exact=True).wait_for()


def test_who_may_only_look_is_offered_nothing_to_change(fresh: Opened, server: Server, admin: Client) -> None:
    made = admin.post("authorization/roles", name="looker", imported_roles="user", capabilities="list_settings")
    assert made.status == 201
    server.daemon.state.accounts.set_user("looker", password="a looker's", roles=["looker"])
    console = fresh()
    console.open("/en-US/console/server?part=users")
    console.sign_in("looker", "a looker's")
    page = console.page
    page.get_by_role("region", name="Users", exact=True).get_by_role("cell", name="looker", exact=True).first.wait_for()
    for part in ("Users", "Tokens", "Apps", "Indexes"):
        page.get_by_role("navigation", name="Parts of the server").get_by_role("link", name=part).click()
        page.locator("main h2").get_by_text(part, exact=part != "Tokens").wait_for()
        page.wait_for_load_state("networkidle")
        assert page.get_by_role("main").locator("button, input, select").all_inner_texts() == [], part


BROUGHT = {
    "default/app.conf": "[ui]\nlabel = Sent along\n[launcher]\nversion = 2.0.0\n",
    "default/macros.conf": "[kept]\ndefinition = one\n",
}


def package_of(files: dict[str, str], top: str = "sent_along") -> bytes:
    """An app's package in memory."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(f"{top}/{name}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return made.getvalue()


def test_an_app_is_sent_upgraded_and_refused(console: Console, server: Server, tmp_path: Path) -> None:
    page = console.page
    console.open("/en-US/console/server?part=apps")
    sent, broken, sneaky = tmp_path / "sent_along.spl", tmp_path / "broken.tgz", tmp_path / "sneaky.tar.gz"
    sent.write_bytes(package_of(BROUGHT))
    broken.write_bytes(b"no archive at all")
    sneaky.write_bytes(package_of({"../../../outside.conf": "[x]"}))
    chosen = page.get_by_label("Package", exact=True)
    chosen.set_input_files(sent)
    page.get_by_text("Sent along 2.0.0 is installed.").wait_for()
    page.get_by_role("region", name="Apps", exact=True).get_by_role("cell", name="Sent along").wait_for()
    chosen.set_input_files(sent)
    page.get_by_role("alert").filter(has_text="installed already: update it instead").wait_for()
    console.accessible()

    server.daemon.state.config.set("macros", "kept", {"definition": "two"}, app="sent_along")
    sent.write_bytes(package_of({**BROUGHT, "default/app.conf": BROUGHT["default/app.conf"].replace("2.0.0", "2.1.0")}))
    page.get_by_label("Upgrade the app").check()
    chosen.set_input_files(sent)
    page.get_by_text("Sent along 2.1.0 is installed.").wait_for()
    assert server.daemon.state.config.get("macros", "kept", "definition", app="sent_along") == "two"

    for file, said in ((broken, "cannot unpack"), (sneaky, "unsafe path in the package")):
        chosen.set_input_files(file)
        told = page.get_by_role("alert").filter(has_text=said)
        told.wait_for()
        assert str(server.daemon.state.data_dir) not in told.inner_text()
    assert not list(server.daemon.state.etc.parent.rglob("outside.conf"))
    (tmp_path / "nothing.spl").touch()
    chosen.set_input_files(tmp_path / "nothing.spl")
    page.get_by_text("nothing.spl is empty.").wait_for()
