"""What Splunk's REST API does not have: what is known of a search before it runs, and the rows after each of its stages."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from caltrop.errors import CaltropError
from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.inprocess import Client
from caltrop.splunkd.rest.edited import Run, Told


@pytest.fixture(scope="module", autouse=True)
def events(admin: Client) -> None:
    admin.post("data/indexes", name="staged")
    lines = "\n".join(f"2023-11-14T22:00:{n:02d}Z n={n} kind={'odd' if n % 2 else 'even'}" for n in range(40))
    admin.request("POST", "receivers/simple", {"index": "staged", "sourcetype": "plain", "source": "s"}, lines.encode())
    made = admin.post("/servicesNS/nobody/search/admin/macros", name="odd_ones", definition="kind=odd")
    assert made.status == 201


def remarks(admin: Client, text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = admin.post("caltrop/analysis", q=text).json()["remarks"]
    return found


def test_a_clean_search_has_stages_with_their_places(admin: Client) -> None:
    text = "search index=staged `odd_ones`\n| stats count by kind\n| where count > 3"
    told = admin.post("caltrop/analysis", q=text).json()
    assert [one for one in told["remarks"] if one["severity"] == "error"] == []
    assert [stage["name"] for stage in told["stages"]] == ["search", "stats", "where"]
    assert text[told["stages"][2]["start"] : told["stages"][2]["end"]].strip("| ") == "where count > 3"
    assert told["stages"][0]["command"] == "search index=staged kind=odd"
    assert told["macros"] == [{"call": "odd_ones", "text": "kind=odd"}]
    assert told["expanded"].startswith("search index=staged kind=odd")


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("search index=staged | sttas count", "sttas", "sttas"),
        ("search index=staged | eval x=nosuch(1)", "nosuch", "nosuch"),
        ("search index=staged | where (a=1", "(", ""),
        ("search index=staged `no_such_macro`", "`no_such_macro`", "no_such_macro"),
    ],
)
def test_what_does_not_run_is_an_error_at_its_place(admin: Client, text: str, at: str, says: str) -> None:
    errors = [one for one in remarks(admin, text) if one["severity"] == "error"]
    assert errors, "it is refused"
    first = errors[0]
    assert says in first["message"]
    assert text.index(at) <= first["start"] <= len(text) and first["end"] >= first["start"]


def test_what_runs_and_surprises_is_told_too(admin: Client) -> None:
    found = remarks(admin, 'search index=staged source="*tail" | stats count')
    assert any(one["severity"] == "info" and one["code"] and one["hint"] for one in found)


def test_an_analysis_needs_a_search_and_a_login(admin: Client) -> None:
    assert admin.post("caltrop/analysis").status == 400
    assert Client(admin.daemon).post("caltrop/analysis", q="search x").status == 401


def test_the_vocabulary_names_commands_with_their_options(admin: Client) -> None:
    told = admin.get("caltrop/vocabulary").json()
    commands = {one["name"]: one for one in told["commands"]}
    assert {"delim", "allowempty"} <= set(commands["makemv"]["options"])
    assert "by" in commands["stats"]["clauses"]
    assert {"name": "cidrmatch", "least": 2, "most": 2} in told["functions"]
    assert "dc" in told["aggregations"]


def job(admin: Client, text: str, **more: Any) -> str:
    answer = admin.post("search/jobs", search=text, exec_mode="blocking", **more)
    assert answer.status == 201, answer.text
    return str(answer.json()["sid"])


def test_every_stage_tells_its_rows_and_shows_the_first_of_them(admin: Client) -> None:
    sid = job(admin, "search index=staged `odd_ones` | stats count by kind n | where n < 10 | fields n", stage_rows=7)
    told = admin.get(f"search/v2/jobs/{sid}/stages").json()
    assert told["isDone"]
    assert [(s["number"], s["name"], s["rows"], s["kept"]) for s in told["stages"]] == [
        (1, "search", 20, 7),
        (2, "stats", 20, 7),
        (3, "where", 5, 5),
        (4, "fields", 5, 5),
    ]
    assert all(s["seconds"] >= 0 for s in told["stages"])
    assert told["stages"][1]["fields"] == ["kind", "n", "count"]
    rows = admin.get(f"search/v2/jobs/{sid}/stages", stage=3).json()
    assert [row["n"] for row in rows["results"]] == ["1", "3", "5", "7", "9"]
    assert [
        r["n"] for r in admin.get(f"search/v2/jobs/{sid}/stages", stage=3, offset=3, count=1).json()["results"]
    ] == ["7"]


def test_rows_of_stages_are_kept_only_where_they_were_asked_for(admin: Client) -> None:
    sid = job(admin, "search index=staged | stats count")
    assert [s["rows"] for s in admin.get(f"search/v2/jobs/{sid}/stages").json()["stages"]] == [40, 1]
    assert admin.get(f"search/v2/jobs/{sid}/stages", stage=1).status == 404
    assert admin.get(f"search/v2/jobs/{sid}/stages", stage=9).status == 404


def test_a_search_that_fails_shows_how_far_it_came(admin: Client) -> None:
    sid = job(admin, "search index=staged | head 3 | lookup no_such_table n | stats count", stage_rows=5)
    told = admin.get(f"search/v2/jobs/{sid}/stages").json()["stages"]
    assert [s["rows"] for s in told] == [40, 3, None, None]
    assert len(admin.get(f"search/v2/jobs/{sid}/stages", stage=2).json()["results"]) == 3


def test_stages_are_of_those_who_may_see_the_job(admin: Client) -> None:
    admin.post("authentication/users", name="curious", password="curious1!", roles="user")
    sid = job(admin, "search index=staged | head 1", stage_rows=1)
    assert Client(admin.daemon).basic("curious", "curious1!").get(f"search/v2/jobs/{sid}/stages").status == 404


CSV = b"_time,user,action\n2026-01-02T03:04:05Z,ann,login\n2026-01-02T03:05:05Z,bob,logout\n"


def test_a_file_is_shown_as_it_would_be_then_indexed(admin: Client) -> None:
    shown = admin.request("POST", "caltrop/upload", {"name": "audit.csv", "preview": 1}, CSV).json()
    assert [row["time"] for row in shown["rows"]] == ["2026-01-02T03:04:05.000+00:00", "2026-01-02T03:05:05.000+00:00"]
    assert not shown["more"] and {row["sourcetype"] for row in shown["rows"]} == {"csv"}
    admin.post("data/indexes", name="dropped")
    told = admin.request("POST", "caltrop/upload", {"name": "audit.csv", "index": "dropped"}, CSV).json()
    assert (told["events"], told["index"], told["problems"]) == (2, "dropped", [])
    found = admin.post("search/jobs", search="search index=dropped | table user source", exec_mode="oneshot").json()
    assert {row["user"] for row in found["results"]} == {"ann", "bob"}


def test_a_preview_follows_the_source_type_and_is_bounded(admin: Client) -> None:
    lines = "\n".join(f"2026-01-02 03:04:{n % 60:02d} line {n}" for n in range(500)).encode()
    shown = admin.request("POST", "caltrop/upload", {"name": "a.log", "preview": 1, "sourcetype": "mine"}, lines).json()
    assert len(shown["rows"]) == 200 and shown["more"]
    assert {row["sourcetype"] for row in shown["rows"]} == {"mine"}


@pytest.mark.parametrize(
    ("query", "body", "status"),
    [
        ({"preview": 1}, CSV, 400),
        ({"name": "a.csv", "preview": 1}, b"", 400),
        ({"name": "a.csv"}, CSV, 400),
        ({"name": "a.csv", "index": "nosuch"}, CSV, 400),
    ],
)
def test_what_cannot_be_taken_is_refused(admin: Client, query: dict[str, Any], body: bytes, status: int) -> None:
    assert admin.request("POST", "caltrop/upload", query, body).status == status


def test_files_come_from_those_who_may_send_events(admin: Client) -> None:
    admin.post("authentication/users", name="onlooker", password="onlooker1!", roles="user")
    onlooker = Client(admin.daemon).basic("onlooker", "onlooker1!")
    assert onlooker.request("POST", "caltrop/upload", {"name": "a.csv", "preview": 1}, CSV).status == 403


def packaged(files: dict[str, bytes], kind: str = "tar") -> bytes:
    made = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(made, "w") as zipped:
            for name, data in files.items():
                zipped.writestr(name, data)
        return made.getvalue()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return made.getvalue()


APP_CONF = b"[ui]\nlabel = Sent\n[launcher]\nversion = 1.2.0\n"


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_a_package_that_is_sent_is_installed_and_only_upgraded_when_asked(admin: Client, kind: str) -> None:
    name = f"sent_as_{kind}"
    body = packaged({f"{name}/default/app.conf": APP_CONF}, kind)
    answer = admin.request("POST", "caltrop/apps", {}, body)
    assert answer.status == 201
    assert (
        answer.json()["entry"][0]["content"] | {"label": "Sent", "version": "1.2.0"}
        == answer.json()["entry"][0]["content"]
    )
    again = admin.request("POST", "caltrop/apps", {}, body)
    assert again.status == 409 and "update it instead" in again.text
    newer = packaged({f"{name}/default/app.conf": APP_CONF.replace(b"1.2.0", b"1.3.0")}, kind)
    assert (
        admin.request("POST", "caltrop/apps", {"update": 1}, newer).json()["entry"][0]["content"]["version"] == "1.3.0"
    )
    assert not list(admin.daemon.state.scratch().glob("package-*"))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "The package is empty"),
        (b"neither tar nor zip", "cannot unpack"),
        (packaged({"a/default/app.conf": APP_CONF})[:60], "cannot unpack"),
        (packaged({"../../../etc/apps/evil/default/app.conf": APP_CONF}), "unsafe path"),
        (packaged({"/tmp/evil/default/app.conf": APP_CONF}), "unsafe path"),
        (packaged({"a/x": b"", "b/x": b""}), "holds one app folder"),
        (packaged({".hidden/default/app.conf": APP_CONF}), "not the name of an app"),
    ],
    # A package has the time in it: as an id it would be another in each process.
    ids=["empty", "no archive", "cut off", "above its folder", "an absolute path", "two apps", "a hidden app"],
)
def test_a_package_that_cannot_be_trusted_leaves_nothing(admin: Client, body: bytes, said: str) -> None:
    before = sorted(path.name for path in (admin.daemon.state.etc / "apps").iterdir())
    answer = admin.request("POST", "caltrop/apps", {"update": 1}, body)
    assert answer.status == 400 and said in answer.text
    assert str(admin.daemon.state.data_dir) not in answer.text, "where it lay is nobody's business"
    assert sorted(path.name for path in (admin.daemon.state.etc / "apps").iterdir()) == before
    assert not list(admin.daemon.state.scratch().glob("package-*"))


def test_packages_come_from_those_who_may_install_apps(admin: Client) -> None:
    admin.post("authentication/users", name="installer", password="installer1!", roles="power")
    power = Client(admin.daemon).basic("installer", "installer1!")
    body = packaged({"no_right/default/app.conf": APP_CONF})
    assert power.request("POST", "caltrop/apps", {}, body).status == 403
    assert Client(admin.daemon).request("POST", "caltrop/apps", {}, body).status == 401
    assert not (admin.daemon.state.etc / "apps" / "no_right").exists()


# -- the repository that is being edited


class Edited:
    """One that somebody handed in: what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.busy = False

    def told(self, file: str = "") -> Told:
        return Told("/content", [], ["app.yml:1:1: <b>wrong</b>", file], Run("", 1.0, 0, "") if self.busy else None, "")

    def run(self, file: str) -> bool:
        if file == "missing":
            raise CaltropError("missing is no detection", hint="give a file")
        if self.busy:
            return False
        self.asked.append(file)
        self.busy = True
        return True

    def stop(self) -> bool:
        was, self.busy = self.busy, False
        return was


def test_without_content_there_is_none(admin: Client) -> None:
    answer = admin.get("caltrop/content")
    assert answer.status == 200 and answer.json() is None
    assert admin.post("caltrop/content").status == 404
    assert "--content" in admin.request("DELETE", "caltrop/content", {}).text


def test_content_is_told_run_once_at_a_time_and_stopped(tmp_path: Path) -> None:
    edited = Edited()
    daemon = Daemon(tmp_path, password="secret", addons=(), content=edited)
    try:
        admin = Client(daemon).basic("admin", "secret")
        told = admin.get("caltrop/content").json()
        assert told["root"] == "/content" and told["running"] is None and told["problems"][1] == ""
        assert admin.get("caltrop/content", file="one.yml").json()["problems"][1] == "one.yml"
        assert admin.post("caltrop/content", file="missing").status == 400
        assert admin.post("caltrop/content", file="one.yml").json()["running"]["since"] == 1.0
        assert admin.post("caltrop/content").status == 409
        assert edited.asked == ["one.yml"]
        assert admin.request("DELETE", "caltrop/content", {}).json()["running"] is None
        assert admin.request("DELETE", "caltrop/content", {}).status == 404
        daemon.state.accounts.set_user("reader", password="reading", roles=["user", "power"])
        reader = Client(daemon).basic("reader", "reading")
        statuses = [reader.request(method, "caltrop/content", {}).status for method in ("GET", "POST", "DELETE")]
        assert statuses == [403, 403, 403]
    finally:
        daemon.stop()
