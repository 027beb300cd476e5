"""What a role may see and do holds on every way to it: REST, commands of searches, jobs of others, schedules, the machine's files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from caltrop.splunkd.access.accounts import Lockout
from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.inprocess import Client

from .conftest import Clock, search

MODEL = {
    "modelName": "Seen",
    "objects": [
        {
            "objectName": "All", "parentName": "BaseEvent", "constraints": [{"search": "index=seen"}],
            "fields": [{"fieldName": "who"}], "calculations": [],
        }
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def data(daemon: Daemon, admin: Client, clock: Clock) -> None:
    for index in ("seen", "unseen"):
        assert admin.post("data/indexes", name=index).status == 201
    for index, host, who in (
        ("seen", "open", "ann"), ("seen", "open", "bob"), ("seen", "closed", "eve"), ("unseen", "open", "ann"),
    ):  # fmt: skip
        answer = admin.request(
            "POST", "receivers/simple", {"index": index, "host": host, "sourcetype": f"st_{host}", "source": host},
            f"2023-11-14T22:00:00Z who={who}".encode(),
        )  # fmt: skip
        assert answer.status == 200
    for host in ("open", "closed"):
        search(admin, f'| makeresults | eval metric_name="cpu", _value=1 | mcollect index=seen host={host}')
    assert admin.post(
        "authorization/roles", name="parent", srchFilter="host=open", srchIndexesAllowed="*", srchIndexesDisallowed="unseen",
        srchIndexesDefault="seen", capabilities=["search", "get_typeahead", "get_metadata", "rest_properties_get"],
    ).status == 201  # fmt: skip
    assert admin.post("authorization/roles", name="child", imported_roles="parent").status == 201
    for app in ("search",):
        folder = daemon.state.config.app_path(app) / "local" / "data" / "models"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "Seen.json").write_text(json.dumps(MODEL))
    daemon.state.config.reload()


@pytest.fixture(scope="module", params=["own", "inherited"])
def restricted(request: pytest.FixtureRequest, daemon: Daemon, data: None) -> Client:
    """Someone whose role has a filter, or inherits it."""
    role = "parent" if request.param == "own" else "child"
    daemon.state.accounts.set_user(f"r-{role}", password="secret", roles=[role])
    return Client(daemon).basic(f"r-{role}", "secret")


# Of the five events of `seen` (two, and a metric, are of the open host) and the one of `unseen`.
COUNTS = [
    ("search index=seen | stats count", 3),
    ("search index=seen OR host=closed | stats count", 3),
    ("search index=unseen | stats count", 0),
    ("search index=* host=* | stats count", 3),
    ("| makeresults | append [search index=seen] | where isnotnull(who) | stats count", 2),
    ("| tstats count where index=seen", 3),
    ("| tstats count where index=* OR index=unseen by host | stats sum(count) as count", 3),
    ("| tstats count from datamodel=Seen.All", 3),
    ("| datamodel Seen All search | stats count", 3),
    ("| from datamodel:Seen.All | stats count", 3),
    ("| mstats count(_value) as count where index=seen metric_name=cpu", 1),
    ("| metadata type=hosts index=seen | stats sum(totalCount) as count", 3),
    ("| metadata type=sourcetypes index=* | search sourcetype=st_closed | stats count", 0),
    ("| eventcount index=seen", 3),
    ("| eventcount index=unseen", 0),
    ("| metasearch index=seen | search host=closed | stats count", 0),
    ('| typeahead prefix="host=" index=seen | search content="host=closed" | stats count', 0),
    ("| loadjob of_the_admin | stats count", -1),
    ("| dbinspect index=seen | stats count", -1),
    ("| walklex index=seen type=fieldvalue | stats count", -1),
    ('| map search="search index=seen | stats count" maxsearches=1', -1),
    ('| makeresults | map search="search index=seen who=* | stats count"', 2),
    ("search index=_internal OR index=_audit | stats count", 0),
]


@pytest.mark.parametrize(("text", "count"), COUNTS)
def test_a_search_filter_and_forbidden_indexes_hold(admin: Client, restricted: Client, text: str, count: int) -> None:
    if "of_the_admin" in text:
        admin.post("search/jobs", search="search index=seen", id="of_the_admin", exec_mode="blocking")
    rows = search(restricted, text)
    assert [row["count"] for row in rows] == ([] if count < 0 else [str(count)])


def test_the_administrator_sees_everything(admin: Client, data: None) -> None:
    assert search(admin, "search index=seen who=* | stats count") == [{"count": "3"}]
    assert search(admin, "| eventcount index=seen") == [{"count": "5"}]


def test_typeahead_of_the_api_counts_what_may_be_seen(restricted: Client) -> None:
    assert "closed" not in restricted.get("search/typeahead", prefix="host=", count=50).text
    assert "unseen" not in restricted.get("search/typeahead", prefix="index=", count=50).text


def test_a_saved_search_runs_as_who_dispatches_it(admin: Client, restricted: Client) -> None:
    admin.post("/servicesNS/nobody/search/saved/searches", name="for all", search="search index=seen | stats count")
    assert search(restricted, '| savedsearch "for all"') == [{"count": "3"}]


def test_a_filter_that_cannot_be_read_shows_nothing(daemon: Daemon, admin: Client, data: None) -> None:
    admin.post(
        "authorization/roles", name="broken", srchFilter="host=(", srchIndexesAllowed="*", capabilities=["search"]
    )
    daemon.state.accounts.set_user("r-broken", password="secret", roles=["broken"])
    someone = Client(daemon).basic("r-broken", "secret")
    for text in ("search index=seen", "| tstats count where index=seen", "| metadata type=hosts index=seen"):
        assert search(someone, text) == []


def test_nobody_sees_anybody_elses_jobs(admin: Client, restricted: Client) -> None:
    sid = admin.post("search/jobs", search="| makeresults", exec_mode="blocking").json()["sid"]
    for below in ("", "/results", "/events", "/summary", "/timeline", "/search.log"):
        assert restricted.get(f"search/jobs/{sid}{below}").status == 404
    assert restricted.delete(f"search/jobs/{sid}").status == 404


# --- what makes the server do something ---------------------------------------------------------------------------------


@pytest.fixture
def user(daemon: Daemon) -> Client:
    daemon.state.accounts.set_user("plain", password="secret", roles=["user"])
    return Client(daemon).basic("plain", "secret")


@pytest.mark.parametrize(
    "path", ["configs/conf-passwords", "properties/passwords", "storage/passwords", "admin/conf-passwords"]
)
@pytest.mark.parametrize(
    "prefix", ["/services", "/servicesNS/nobody/search", "/servicesNS/-/-", "/servicesNS/plain/search"]
)
def test_stored_passwords_are_not_for_users(admin: Client, user: Client, path: str, prefix: str) -> None:
    admin.post("storage/passwords", name="kept", password="TOP SECRET")
    answer = user.get(f"{prefix}/{path}")
    assert answer.status == 403 and "kept" not in answer.text
    assert search(user, f"| rest {prefix}/{path}") == []


@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        ("/servicesNS/plain/search/configs/conf-commands", {"name": "evil", "filename": "x.py"}),
        ("/servicesNS/plain/search/properties/commands", {"__stanza": "evil"}),
        ("/servicesNS/plain/search/configs/conf-transforms", {"name": "evil", "external_cmd": "x.py a"}),
        ("/servicesNS/plain/search/properties/transforms/evil", {"external_cmd": "x.py a"}),
        ("/servicesNS/plain/search/configs/conf-alert_actions", {"name": "evil"}),
        ("saved/searches", {"name": "s", "search": "| makeresults", "is_scheduled": 1, "cron_schedule": "* * * * *"}),
        ("/servicesNS/plain/search/configs/conf-savedsearches", {"name": "s", "search": "x", "enableSched": 1}),
        ("/servicesNS/plain/search/properties/savedsearches/s", {"enableSched": 1}),
        ("saved/searches", {"name": "s", "search": "| makeresults", "actions": "email, script"}),
        ("saved/searches", {"name": "s", "search": "| makeresults", "action.script": 1}),
        ("receivers/simple", {"index": "main"}),
        ("authorization/grantable_capabilities", {}),
    ],
)  # fmt: skip
def test_what_a_user_may_not_have_done(user: Client, path: str, arguments: dict[str, str | int]) -> None:
    assert user.post(path, arguments).status == 403


def test_objects_are_shared_by_those_who_may_write_in_the_app(daemon: Daemon, admin: Client, user: Client) -> None:
    assert user.post("/servicesNS/plain/search/admin/macros", name="mine", definition="x").status == 201
    acl = "/servicesNS/plain/search/admin/macros/mine/acl"
    for sharing, owner in (("app", "plain"), ("global", "nobody"), ("system", "plain"), ("user", "admin")):
        assert user.post(acl, sharing=sharing, owner=owner).status == 403
    assert user.post(acl, sharing="user", owner="plain").status == 200
    assert admin.post(acl, sharing="app", owner="plain").status == 200


def test_nobody_writes_into_internal_indexes_by_a_search(user: Client, admin: Client) -> None:
    for command in ("collect index=_audit", "mcollect index=_internal", "collect index=_internal output_format=hec"):
        answer = user.post(
            "search/jobs", search=f"| makeresults | eval metric_name=1, _value=1 | {command}", exec_mode="oneshot"
        )
        assert "may not write" in answer.text
    assert search(user, "| makeresults | collect index=main testmode=t")


def test_a_search_of_somebody_who_may_schedule_no_more_is_skipped(daemon: Daemon, admin: Client, clock: Clock) -> None:
    daemon.state.accounts.set_user("was-power", password="secret", roles=["power"])
    power = Client(daemon).basic("was-power", "secret")
    made = {"name": "due", "search": "| makeresults", "is_scheduled": 1, "cron_schedule": "* * * * *"}
    assert power.post("saved/searches", made).status == 201
    clock.now += 60
    assert [job.spec.owner for job in daemon.searching.scheduler.run_due(clock.now)] == ["was-power"]
    daemon.state.accounts.set_user("was-power", roles=["user"])
    clock.now += 60
    assert daemon.searching.scheduler.run_due(clock.now) == []


# --- files of the machine -----------------------------------------------------------------------------------------------


@pytest.fixture
def careful(tmp_path: Path, clock: Clock) -> Iterator[Client]:
    """The administrator of a server as it is without further flags."""
    made = Daemon(tmp_path / "careful", password="secret", addons=(), clock=clock)
    yield Client(made).basic("admin", "secret")
    made.stop()


def test_files_outside_the_data_directory_need_the_operators_word(careful: Client) -> None:
    own = careful.daemon.state.data_dir / "own.log"
    own.write_text("an event\n")
    link = careful.daemon.state.data_dir / "link.log"
    link.symlink_to("/etc/hosts")
    for path in ("/etc/hosts", f"{careful.daemon.state.data_dir}/../../../etc/hosts", str(link)):
        answer = careful.post("data/inputs/oneshot", name=path)
        assert answer.status == 403 and "--allow-file-inputs" in answer.messages[0]
        assert careful.post("data/inputs/monitor", name=path).status == 403
    assert careful.post("data/inputs/oneshot", name=str(own)).status == 201
    assert careful.post("data/inputs/script", name="$SPLUNK_HOME/bin/x.py", interval=60).status == 403


@pytest.mark.parametrize(
    "path", ["/tmp/elsewhere", "../../elsewhere", "$SPLUNK_DB/../../../elsewhere", "$SPLUNK_HOME/../x"]
)
@pytest.mark.parametrize("key", ["homePath", "coldPath", "thawedPath", "coldToFrozenDir"])
def test_an_index_lies_inside_the_data_directory(careful: Client, key: str, path: str) -> None:
    assert careful.post("data/indexes", {"name": "x", key: path}).status == 400
    assert careful.post("data/indexes", {"name": "x", key: f"$SPLUNK_DB/x/{key}"}).status == 201


def test_what_is_kept_is_for_its_user_alone(careful: Client) -> None:
    data = careful.daemon.state.data_dir
    assert data.stat().st_mode & 0o077 == 0
    careful.post("storage/passwords", name="kept", password="TOP SECRET")
    for name in ("accounts.json", "secret.key"):
        assert (data / "auth" / name).stat().st_mode & 0o077 == 0


# --- passwords ----------------------------------------------------------------------------------------------------------


def test_an_account_is_locked_after_wrong_passwords_and_opens_again(
    daemon: Daemon, admin: Client, clock: Clock
) -> None:
    daemon.state.accounts.set_user("locked", password="secret", roles=["user"])
    right, wrong = Client(daemon).basic("locked", "secret"), Client(daemon).basic("locked", "wrong")
    session = Client(daemon).login("locked", "secret")
    for _ in range(Lockout().attempts - 1):
        assert wrong.get("server/info").status == 401
    assert right.get("server/info").status == 200, "a right one in between counts them anew"
    for _ in range(Lockout().attempts):
        assert wrong.get("server/info").status == 401
    assert right.get("server/info").status == 401
    assert Client(daemon).post("auth/login", username="locked", password="secret").status == 401
    assert session.get("server/info").status == 200
    assert admin.get("authentication/users/locked").content["locked-out"] is True
    clock.now += Lockout().seconds
    assert right.get("server/info").status == 200
    for _ in range(Lockout().attempts):
        wrong.get("server/info")
    assert admin.post("authentication/users/locked", {"locked-out": 0}).status == 200
    assert right.get("server/info").status == 200


def test_passwords_have_a_least_length(admin: Client) -> None:
    assert (
        "8 characters" in admin.post("authentication/users", name="short", password="1234567", roles="user").messages[0]
    )
    assert admin.post("authentication/users", name="short", password="12345678", roles="user").status == 201
