"""Objects of the configuration over REST, as the SDK uses them: saved searches, macros, confs, inputs, credentials, documents."""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import splunklib.client as client
from splunklib.binding import HTTPError

from caltrop.splunkd.server import Server

from .conftest import PASSWORD, Raw


def unique(prefix: str = "obj") -> str:
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def connect(server: Server, **more: str) -> client.Service:
    return client.connect(host="127.0.0.1", port=server.port, username="admin", password=PASSWORD, **more)


# --- every collection -------------------------------------------------------------------------------------------------

COLLECTIONS = [
    "apps",
    "event_types",
    "indexes",
    "jobs",
    "loggers",
    "messages",
    "roles",
    "users",
    "saved_searches",
    "macros",
]


@pytest.mark.parametrize("name", COLLECTIONS)
def test_a_collection_is_listed_paged_and_sorted(service: client.Service, name: str) -> None:
    collection = getattr(service, name)
    key = {"sort_key": "sid"} if name == "jobs" else {}
    everything = [e.name for e in collection.list(sort_dir="asc", **key)]
    assert [e.name for e in collection.list(sort_dir="desc", **key)] == everything[::-1]
    assert [e.name for e in collection.list(count=3, sort_dir="asc", **key)] == everything[:3]
    assert [e.name for e in collection.list(search="*", sort_dir="asc", **key)] == everything
    alpha = [e.name for e in collection.list(sort_mode="alpha", sort_dir="asc", count=0, **key)]
    assert alpha == sorted(alpha, key=str.lower)
    case = [e.name for e in collection.list(sort_mode="alpha_case", sort_dir="asc", count=0, **key)]
    assert case == sorted(case)
    missing = unique("delete-me")
    assert missing not in collection
    with pytest.raises(KeyError):
        collection[missing]


@pytest.mark.parametrize("name", [n for n in COLLECTIONS if n not in {"jobs", "loggers"}])
def test_a_collection_has_a_template(service: client.Service, name: str) -> None:
    metadata = getattr(service, name).itemmeta()
    assert {"sharing", "app", "owner"} <= set(metadata.access)
    assert {"required", "optional", "wildcard"} <= set(metadata.fields)


@pytest.mark.parametrize("name", [n for n in COLLECTIONS if n != "jobs"])
def test_required_fields_are_in_the_content(service: client.Service, name: str) -> None:
    for entity in getattr(service, name).list(count=5):
        entity.refresh()
        assert set(entity.fields.required) <= set(entity.content)


# --- saved searches ---------------------------------------------------------------------------------------------------


@pytest.fixture
def saved(service: client.Service) -> Iterator[client.SavedSearch]:
    name = unique("delete-me")
    yield service.saved_searches.create(name, "search index=_internal | head 3")
    if name in service.saved_searches:
        service.saved_searches.delete(name)


def test_a_saved_search_shows_its_defaults(saved: client.SavedSearch) -> None:
    for field in [
        "alert.expires",
        "alert.severity",
        "alert.track",
        "alert_type",
        "dispatch.buckets",
        "dispatch.lookups",
        "dispatch.max_count",
        "dispatch.max_time",
        "dispatch.reduce_freq",
        "dispatch.spawn_process",
        "dispatch.time_format",
        "dispatch.ttl",
        "max_concurrent",
        "realtime_schedule",
        "restart_on_searchpeer_add",
        "run_on_startup",
        "search",
        "action.email",
        "action.populate_lookup",
        "action.rss",
        "action.script",
        "action.summary_index",
    ]:
        assert field in saved.content, field
    assert (saved["is_scheduled"], saved["is_visible"], saved["disabled"]) == ("0", "1", "0")
    assert (saved.access["owner"], saved.access["app"], saved.access["sharing"], saved.access["perms"]) == (
        "admin", "search", "user", None,
    )  # fmt: skip


def test_a_saved_search_changes(saved: client.SavedSearch) -> None:
    saved.update(
        is_visible=False,
        cron_schedule="*/5 * * * *",
        is_scheduled=True,
        **{"action.email": "1", "action.email.to": "a@b"},
    )
    saved.refresh()
    assert (saved["is_visible"], saved["is_scheduled"], saved["action.email"]) == ("0", "1", "1")
    assert saved["actions"] == "email"
    assert saved["next_scheduled_time"]
    times = saved.scheduled_times()
    assert len(times) == 12
    assert {(b - a).total_seconds() for a, b in itertools.pairwise(times)} == {300.0}
    saved.disable()
    assert saved.refresh()["disabled"] == "1"
    saved.enable()
    assert saved.refresh()["disabled"] == "0"


@pytest.mark.parametrize(
    "bad",
    [
        {"cron_schedule": "every day"},
        {"is_scheduled": "1"},
        {"search": " "},
        {"is_visible": "perhaps"},
        {"alert.severity": "9"},
    ],
)
def test_a_saved_search_refuses(saved: client.SavedSearch, bad: dict[str, str]) -> None:
    with pytest.raises(HTTPError) as caught:
        saved.post(**bad)
    assert caught.value.status == 400


def test_sharing_moves_an_object(service: client.Service, saved: client.SavedSearch) -> None:
    saved.acl_update(sharing="app", owner="admin", **{"perms.read": "admin, nobody"})
    assert saved.access["sharing"] == "app"
    assert saved.access["owner"] == "admin"
    assert saved.access["perms"]["read"] == ["admin", "nobody"]
    assert service.saved_searches[saved.name].access["sharing"] == "app"
    saved.post("acl", body={"sharing": "user", "owner": "admin"})
    assert service.saved_searches[saved.name].access["perms"] is None


def test_two_objects_of_one_name(server: Server) -> None:
    everywhere = connect(server, owner="-", app="-")
    shared, private = (
        client.namespace(app="search", sharing="app"),
        client.namespace(owner="admin", app="search", sharing="user"),
    )
    name = unique("delete-me")
    searches = everywhere.saved_searches
    searches.create(name, "* | head 1", namespace=shared)
    searches.create(name, "* | head 2", namespace=private)
    with pytest.raises(client.AmbiguousReferenceException):
        searches[name]
    assert searches[name, shared]["search"] == "* | head 1"
    assert searches[name, private]["search"] == "* | head 2"
    plain = connect(server)
    assert [s["search"] for s in plain.saved_searches.list(count=-1) if s.name == name] == ["* | head 2"]
    plain.saved_searches.delete(name)
    assert plain.saved_searches[name]["search"] == "* | head 1"
    plain.saved_searches.delete(name)
    assert name not in plain.saved_searches


def test_dispatch_and_history(service: client.Service, saved: client.SavedSearch) -> None:
    assert saved.history() == []
    jobs = [saved.dispatch() for _ in range(3)]
    assert {j.sid for j in saved.history()} == {j.sid for j in jobs}
    assert len(saved.history(count=2)) == 2
    assert all(job.sid in service.jobs for job in jobs)
    for job in saved.history():
        job.cancel()
    assert saved.history() == []


def test_suppress(saved: client.SavedSearch) -> None:
    assert saved.suppressed == 0
    saved.suppress(100)
    assert 0 < saved.suppressed <= 100
    saved.unsuppress()
    assert saved.suppressed == 0


def test_the_saved_search_of_the_search_app(service: client.Service) -> None:
    entity = service.saved_searches["Errors in the last 24 hours", client.namespace(owner="nobody", app="search")]
    with pytest.raises(HTTPError) as caught:
        entity.delete()
    assert caught.value.status == 403  # shipped, so it can only be disabled


# --- macros and confs -------------------------------------------------------------------------------------------------


def test_macros(service: client.Service) -> None:
    name = f"{unique('m')}(1)"
    macro = service.macros.create(
        name, 'eval test="$value$"', args="value", validation="value > 10", errormsg="too small"
    )
    assert (macro.args, macro.iseval, macro.errormsg) == ("value", "0", "too small")
    call = name.replace("(1)", "(%d)")
    rows = service.jobs.oneshot(f"| makeresults | `{call % 12}`", output_mode="json").read()
    assert json.loads(rows)["results"][0]["test"] == "12"
    with pytest.raises(HTTPError, match="too small"):
        service.jobs.oneshot(f"| makeresults | `{call % 2}`", output_mode="json")
    macro.update(iseval=True)
    assert macro.refresh()["iseval"] == "1"
    service.macros.delete(name)
    assert name not in service.macros


def test_conf_files(server: Server, service: client.Service) -> None:
    app = unique("app")
    service.apps.create(app)
    confs = connect(server, app=app, owner="nobody", sharing="app").confs
    for known in ("eventtypes", "indexes", "inputs", "props", "transforms", "savedsearches"):
        assert known in confs
    name, stanza_name = unique("conf"), 'a stanza/with "odd" [name]'
    assert name not in confs
    conf = confs.create(name)
    assert confs.create(name).name == name  # 303: there already
    assert name in confs
    assert conf.list() == []
    stanza = conf.create(stanza_name)
    assert len(stanza) == 0
    stanza.update(key="value = with # signs")
    stanza.submit({"other key": "x"})
    assert (stanza.refresh()["key"], stanza["other key"], len(stanza)) == ("value = with # signs", "x", 2)
    conf.delete(stanza_name)
    assert conf.list() == []
    service.apps.delete(app)
    service.delete("messages/restart_required")


def test_properties(raw: Raw) -> None:
    base = "/servicesNS/nobody/Splunk_SA_CIM/properties/datamodels"
    assert raw("POST", f"{base}/Some_Model/acceleration.earliest_time", {"value": "-1d"}).status == 200
    answer = raw("GET", f"{base}/Some_Model/acceleration.earliest_time")
    assert (answer.status, answer.text) == (200, "-1d")
    listing = raw("GET", f"{base}/Some_Model")
    assert '<content type="text">-1d</content>' in listing.text
    assert raw("GET", f"{base}/Some_Model/no_such_key").status == 404
    assert raw("GET", "/services/properties/no_such_conf").status == 404
    assert raw("POST", "/services/properties/authorize/default/deleteIndexesAllowed", {"value": "a;b"}).status == 200
    assert raw("POST", f"{base}/x", {"a": "1"}).status == 200


# --- apps -------------------------------------------------------------------------------------------------------------


def test_apps(service: client.Service) -> None:
    name = unique("app")
    app = service.apps.create(name)
    app.update(author="Me", label="A Label", version="1.2", visible=False)
    app.refresh()
    assert (app["author"], app["label"], app["version"], app["visible"]) == ("Me", "A Label", "1.2", "0")
    app.disable()
    assert app.refresh()["disabled"] == "1"
    app.enable()
    assert app.refresh()["disabled"] == "0"
    package = app.package()
    assert package.path.endswith(f"{name}.spl") and Path(package.path).is_file()
    assert app.updateInfo() is not None
    assert not service.restart_required
    service.apps.delete(name)
    assert name not in service.apps
    assert service.restart_required
    service.delete("messages/restart_required")
    service.post("apps/local", name=package.path, filename=True, update=True)
    assert service.apps[name]["label"] == "A Label"
    assert not service.restart_required
    with pytest.raises(HTTPError) as caught:
        service.post("apps/local", name=package.path, filename=True)
    assert caught.value.status == 409
    service.apps.delete(name)
    service.delete("messages/restart_required")


# --- inputs -----------------------------------------------------------------------------------------------------------


def test_the_tree_of_inputs(service: client.Service) -> None:
    kinds = service.inputs.kinds
    assert {"monitor", "udp", "tcp/raw", "tcp/cooked", "http", "script", "oneshot"} <= set(kinds)
    for kind in kinds:
        for item in service.inputs.list(kind, count=3):
            assert item.kind == kind
    with pytest.raises(HTTPError) as caught:
        service.inputs.get(unique())
    assert caught.value.status == 404


@pytest.mark.parametrize(("kind", "port"), [("tcp", "20001"), ("splunktcp", "20002"), ("udp", "20003")])
def test_port_inputs(service: client.Service, kind: str, port: str) -> None:
    item = service.inputs.create(port, kind, host="sdk-test")
    assert item["host"] == "sdk-test"
    assert port in service.inputs
    with pytest.raises(HTTPError):
        service.inputs.create(port, kind, restrictToHost="boris")
    item.update(host="foo")
    assert item.refresh()["host"] == "foo"
    service.inputs.delete(port, kind)
    if kind != "udp":
        first = service.inputs.create(port, kind, restrictToHost="boris")
        second = service.inputs.create(port, kind, restrictToHost="natasha")
        assert (first.name, second.name) == (f"boris:{port}", f"natasha:{port}")
        first.update(host="bar")
        assert service.inputs[f"boris:{port}", item.kind]["host"] == "bar"
        first.delete()
        second.delete()
    with pytest.raises(HTTPError):
        service.inputs.create(f"boris:{port}", kind)


def test_monitor_inputs_have_slashes(service: client.Service) -> None:
    item = service.inputs.create("/var/log/some file.log", "monitor", index="main")
    assert service.inputs["/var/log/some file.log", "monitor"]["index"] == "main"
    item.refresh()
    item.delete()
    assert ("/var/log/some file.log", "monitor") not in service.inputs


def test_oneshot(service: client.Service, tmp_path: Path) -> None:
    log = tmp_path / "some.log"
    log.write_text("".join(f"2024-01-0{n}T00:00:00Z line {n}\n" for n in range(1, 5)))
    index = service.indexes.create(unique("i").lower())
    index.upload(str(log), sourcetype="lines")
    assert index.refresh()["totalEventCount"] == "4"
    with pytest.raises(HTTPError):
        service.inputs.oneshot(str(tmp_path / "missing"))
    service.indexes.delete(index.name)


def test_collector_tokens_answer_to_both_names(service: client.Service, raw: Raw) -> None:
    name = unique("tok")
    service.post("data/inputs/http", name=name, index="main", indexes="main,risk", useACK=True)
    for path in (
        f"/services/data/inputs/http/{name}",
        f"/servicesNS/nobody/splunk_httpinput/data/inputs/http/http%3A%252F%252F{name}",
    ):
        content = raw("GET", f"{path}?output_mode=json").json()["entry"][0]["content"]
        assert content["token"] and content["indexes"] == ["main", "risk"] and content["useACK"] is True
    assert raw("POST", "/services/data/inputs/http", {"name": name}).status == 409
    assert raw("POST", "/services/data/inputs/http", {"name": unique(), "index": "no_such"}).status == 400


# --- the rest ---------------------------------------------------------------------------------------------------------

CREDENTIALS = [
    ("user", "realm", "realm:user:"),
    ("user", None, ":user:"),
    ("\\user", "\\realm", "\\\\realm:\\\\user:"),
    ("/user", "/realm", "/realm:/user:"),
    (":u:s:", "r:e:", "r\\:e\\::\\:u\\:s\\::"),
    ("e!@#$%^&*()_+{}:|<>?", ":s!@#$%^&*()_+{}:|<>?", "\\:s!@#$%^&*()_+{}\\:|<>?:e!@#$%^&*()_+{}\\:|<>?:"),
    ("  user1  ", "realm", "realm:  user1  :"),
]


@pytest.mark.parametrize(("username", "realm", "name"), CREDENTIALS)
def test_credentials(service: client.Service, username: str, realm: str | None, name: str) -> None:
    passwords = service.storage_passwords
    before = len(passwords)
    password = passwords.create("changeme", username, realm)
    assert (password.name, password.username, password.realm) == (name, username, realm)
    assert len(passwords) == before + 1
    assert name in passwords and name.removesuffix(":") in passwords
    password.update(password="Splunkeroo!")
    assert password.refresh().clear_password == "Splunkeroo!"
    password.delete()
    assert len(passwords) == before


def test_a_credential_is_deleted_by_parts(service: client.Service, server: Server) -> None:
    service.storage_passwords.create("hidden text", "me/foo", "/here")
    stored = (server.daemon.state.etc / "apps" / "search" / "local" / "passwords.conf").read_text()
    assert "hidden text" not in stored
    service.storage_passwords.delete("me/foo", "/here")
    service.storage_passwords.create("x", "alone")
    service.storage_passwords.delete("alone")


def test_event_types(service: client.Service) -> None:
    name = unique("et")
    entity = service.event_types.create(name, search="index=_internal *", description="d", priority=2, disabled=1)
    assert (entity["disabled"], entity["priority"]) == ("1", "2")
    entity.update(search="index=_audit *", priority="3")
    assert (entity.refresh()["search"], entity["priority"]) == ("index=_audit *", "3")
    service.event_types.delete(name)


def test_loggers(service: client.Service) -> None:
    logger = service.loggers["AuditLogger"]
    for level in ("DEBUG", "CRIT", "INFO"):
        logger.update(level=level)
        assert service.loggers["AuditLogger"]["level"] == level
    with pytest.raises(HTTPError):
        logger.update(level="LOUD")


def test_outputs_keep_a_type(service: client.Service) -> None:
    name = unique("out")
    service.post("data/outputs/tcp/syslog", name=name, type="tcp")
    entity = client.Entity(service, f"data/outputs/tcp/syslog/{name}")
    assert entity.content.type == "tcp"
    entity.delete()


def test_collections_of_documents(server: Server) -> None:
    service = connect(server)
    service.namespace["app"] = "search"
    confs = service.kvstore
    name = unique("c")
    confs.create(name, accelerated_fields={"i": {"a": 1}}, fields={"data": "number"})
    assert confs[name]["field.data"] == "number"
    assert confs[name]["accelerated_fields.i"] == {"a": 1}
    with pytest.raises(HTTPError):
        confs.create(name)
    data = confs[name].data
    for n in range(20):
        data.insert(json.dumps({"_key": str(n), "data": str(n), "tag": f"#{n}"}))
    assert len(data.query()) == 20
    assert data.query(query=json.dumps({"data": 10}))[0]["tag"] == "#10"
    assert [d["data"] for d in data.query(sort="data:-1", limit=3, skip=2)] == [17, 16, 15]
    assert data.query(fields="data,_id:0", limit=1, sort="data") == [{"data": 0}]
    data.delete(json.dumps({"data": {"$gt": 14}}))
    assert len(data.query()) == 15
    data.update("3", {"data": 33})
    assert data.query_by_id("3")["data"] == 33
    data.delete_by_id(3)
    with pytest.raises(HTTPError) as caught:
        data.query_by_id("3")
    assert caught.value.status == 404
    with pytest.raises(HTTPError):
        data.insert("NOT JSON")
    data.batch_save(*[{"_key": str(n), "data": n + 100} for n in range(5)])
    found = data.batch_find(*[{"query": {"data": n + 100}} for n in range(5)])
    assert [[d["_key"] for d in part] for part in found] == [["0"], ["1"], ["2"], ["3"], ["4"]]
    data.delete()
    assert data.query() == []
    confs[name].delete()
    assert name not in confs
    service.kvstore_owner = "admin"
    with pytest.raises(HTTPError):
        confs.list()


def test_lookup_files(server: Server, service: client.Service, raw: Raw) -> None:
    name = f"{unique('table')}.csv"
    staging = server.daemon.state.data_dir / "var" / "run" / "splunk" / "lookup_tmp"
    staging.mkdir(parents=True, exist_ok=True)
    staged = staging / "upload.csv"
    staged.write_text("user,team\nbob,blue\n")
    path = "/servicesNS/nobody/search/data/lookup-table-files"
    outside = server.daemon.state.data_dir / "auth" / "accounts.json"
    for source in (str(outside), f"{staging}/../../../../auth/accounts.json", str(staging / "missing"), "upload.csv"):
        assert raw("POST", path, {"name": name, "eai:data": source}).status == 400
    assert raw("POST", path, {"name": "../x.csv", "eai:data": str(staged)}).status == 400
    assert raw("POST", path, {"name": name, "eai:data": str(staged)}).status == 201
    assert not staged.exists()
    rows = service.jobs.oneshot(f'| inputlookup "{name}"', output_mode="json").read()
    assert json.loads(rows)["results"] == [{"user": "bob", "team": "blue"}]
    listed = [e["name"] for e in raw("GET", f"{path}?output_mode=json&count=0").json()["entry"]]
    assert name in listed
    staged.write_text("user,team\n")
    assert raw("POST", path, {"name": name, "eai:data": str(staged)}).status == 409
    assert raw("POST", f"{path}/{name}", {"eai:data": str(staged)}).status == 200
    assert raw("DELETE", f"{path}/{name}").status == 200
    assert raw("GET", f"{path}/{name}").status == 404
